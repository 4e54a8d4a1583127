-- 当番の枠に入る、抽出の行
-- grain:  facility_id
-- needs:  exp_facilities, ing_answers, dict_items, dict_choices, rules
-- column: facility_id  text     医療機関ID
-- column: source_file  text     ファイル
-- column: source_row   integer  行
-- column: low          integer  下限に入る数
-- column: high         integer  上限に入る数
-- column: said         text     もとの回答
with cap as (select value from rules where rule_code = 'duty_open_top_cap')

select f.facility_id, any_value(f.source_file) as source_file, any_value(f.source_row) as source_row,
    sum(cast(c.value_low as bigint)) as low, sum(cast(coalesce(c.value_high, cap.value) as bigint)) as high, any_value(f.said) as said
from exp_facilities f
join ing_answers a on a.row_no = f.row_no
join dict_items i on i.item_code = a.item_code
join dict_choices c on c.choice_set = i.choice_set and c.choice_code = a.choice_code
cross join cap
where f.has_g1 and a.item_code in ('g2a_duty_rota', 'g2a_emergency_center') and c.polarity = 'positive'
group by f.facility_id
