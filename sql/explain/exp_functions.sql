-- 機能のある医療機関の数に入る、抽出の行
-- grain:  facility_id
-- needs:  asked, exp_facilities, det_functions
-- column: facility_id  text     医療機関ID
-- column: source_file  text     ファイル
-- column: source_row   integer  行
-- column: low          integer  下限に入る数
-- column: high         integer  上限に入る数
-- column: said         text     もとの回答
select f.facility_id, f.source_file, f.source_row,
    cast(d.status_literal = 'yes' as integer) as low, 1 as high, d.reason as said
from exp_facilities f
join det_functions d on d.facility_id = f.facility_id
join asked q on q.key = 'function' and q.value = d.function_code
where d.status_literal in ('yes', 'undetermined', 'not_reported')
