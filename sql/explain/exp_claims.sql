-- 件数の合計に入る、抽出の行
-- grain:  facility_id
-- needs:  asked_items, exp_facilities, ing_answers
-- column: facility_id  text     医療機関ID
-- column: source_file  text     ファイル
-- column: source_row   integer  行
-- column: low          integer  下限に入る数
-- column: high         integer  上限に入る数
-- column: said         text     もとの回答
select f.facility_id, f.source_file, f.source_row, cast(a.value_low as bigint) as low, cast(a.value_high as bigint) as high, f.said
from exp_facilities f
join asked_items q on true
join ing_answers a on a.row_no = f.row_no and a.item_code = q.item_code
where f.has_g1 and a.value_high > 0
