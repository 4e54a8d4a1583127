-- 医療機関ごとの在宅患者数（主治医として管理）の下限と上限
-- step:   for agg_home_care and agg_backup_hubs
-- grain:  facility_id
-- needs:  ing_answers, det_functions, dict_items, dict_choices, rules
-- check:  patients_low <= patients_high
-- column: facility_id    text     医療機関ID
-- column: patients_low   integer  在宅患者数の下限  人
-- column: patients_high  integer  在宅患者数の上限  人
-- column: is_open_top    boolean  上限のない階級
with cap as (select value from rules where rule_code = 'managed_patients_open_top_cap')

select
    f.facility_id,
    max(cast(c.value_low as bigint)) as patients_low,
    max(cast(coalesce(c.value_high, cap.value) as bigint)) as patients_high,
    bool_or(c.open_top = 1) as is_open_top
from ing_answers a
join det_functions f on f.row_no = a.row_no and f.function_code = 'g1' and f.status_literal = 'yes'
join dict_items i on i.item_code = a.item_code
join dict_choices c on c.choice_set = i.choice_set and c.choice_code = a.choice_code
cross join cap
where a.item_code = 'g2c_managed_patients'
group by f.facility_id
