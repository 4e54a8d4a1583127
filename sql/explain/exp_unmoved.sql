-- 訪問診療を行うと答えても数値が動かない医療機関と、その理由（unmoved.csv）
-- grain:  facility_id, reason_code
-- needs:  det_functions, ing_answers, dict_items, dict_choices, agg_managed_patients
-- column: facility_id  text  医療機関ID
-- column: reason_code  text  理由
with visiting as (
    select distinct a.row_no
    from ing_answers a
    join dict_items i on i.item_code = a.item_code
    join dict_choices c on c.choice_set = i.choice_set and c.choice_code = a.choice_code
    where a.item_code = 'g2c_home_visit' and c.polarity = 'positive'
)

select d.facility_id,
    case when d.status_literal = 'not_reported' then 'not_reported' when d.status_literal <> 'yes' then 'no_g1' else 'no_patients' end as reason_code
from det_functions d
left join visiting v on v.row_no = d.row_no
left join agg_managed_patients p on p.facility_id = d.facility_id
where d.function_code = 'g1'
    and (d.status_literal = 'not_reported' or v.row_no is not null and (d.status_literal <> 'yes' or p.facility_id is null))
