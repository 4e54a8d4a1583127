-- 協力医療機関の報告に施設の名称を書いた、抽出の行
-- grain:  facility_id
-- needs:  exp_facilities, ing_answers
-- column: facility_id  text     医療機関ID
-- column: source_file  text     ファイル
-- column: source_row   integer  行
-- column: low          integer  下限に入る数
-- column: high         integer  上限に入る数
-- column: said         text     もとの回答
select f.facility_id, any_value(f.source_file) as source_file, any_value(f.source_row) as source_row,
    count(distinct regexp_replace(nfc_normalize(a.raw), '[\s　]', '', 'g')) as low, low as high, any_value(f.said) as said
from exp_facilities f
join ing_answers a on a.row_no = f.row_no
where f.has_g1 and a.item_code = 'g2d_facility_names'
group by f.facility_id
