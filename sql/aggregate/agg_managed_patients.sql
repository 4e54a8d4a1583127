-- 在宅患者数（主治医として管理）の下限と上限、上限のない階級の数
-- grain:  level, area_code
-- needs:  ing_answers, det_functions, agg_facility_areas, ref_areas, dict_items, dict_choices, rules
-- check:  patients_low <= patients_high
-- column: level            text     区域の段階
-- column: area_code        text     区域コード
-- column: facilities       integer  患者数を答えた医療機関数    施設
-- column: open_top         integer  上限のない階級の医療機関数  施設
-- column: patients_low     integer  在宅患者数の下限            人
-- column: patients_high    integer  在宅患者数の上限            人
with cap as (select value from rules where rule_code = 'managed_patients_open_top_cap'),

banded as (
    select f.facility_id, c.value_low, coalesce(c.value_high, cap.value) as value_high, c.open_top = 1 as is_open_top
    from ing_answers a
    join dict_items i on i.item_code = a.item_code
    join dict_choices c on c.choice_set = i.choice_set and c.choice_code = a.choice_code
    join det_functions f on f.row_no = a.row_no and f.function_code = 'g1' and f.status_literal = 'yes'
    cross join cap
    where a.item_code = 'g2c_managed_patients'
)

select
    r.level, r.area_code,
    count(b.facility_id) as facilities,
    count(*) filter (where b.is_open_top) as open_top,
    coalesce(sum(cast(b.value_low as bigint)), 0) as patients_low,
    coalesce(sum(cast(b.value_high as bigint)), 0) as patients_high
from ref_areas r
left join agg_facility_areas m on m.level = r.level and m.area_code = r.area_code
left join banded b on b.facility_id = m.facility_id
group by r.level, r.area_code
