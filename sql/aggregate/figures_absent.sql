-- 出せない数値と、その理由（data/figures_absent）
-- grain:  report_year, level, area_code, indicator_code, breakdown
-- needs:  agg_status, agg_item_counts, agg_home_care, agg_duty_slots, agg_future_need, agg_patient_flow, ref_areas, dict_absences, rules, run
-- column: report_year     integer  報告年度
-- column: level           text     区域の段階
-- column: area_code       text     区域コード
-- column: indicator_code  text     指標
-- column: breakdown       text     内訳
-- column: reason_code     text     理由のコード
-- column: reason          text     理由
with unknown as (
    select level, area_code from agg_status where function_code = 'g1' and facilities_reported = 0 and facilities_expected > 0
),

absent as (
    select s.level, s.area_code, 'function_share' as indicator_code, 'function=' || s.function_code as breakdown, 'no_facilities' as reason_code
    from agg_status s where s.facilities_expected = 0
    union all
    select s.level, s.area_code, 'function_share', 'function=' || s.function_code, 'few_for_share'
    from agg_status s where s.facilities_expected between 1 and s.few - 1
    union all
    select s.level, s.area_code, 'function_share_reported', 'function=' || s.function_code,
        case when s.facilities_expected = 0 then 'no_facilities' else 'few_for_share' end
    from agg_status s where s.facilities_reported < s.few
    union all
    select u.level, u.area_code, i.indicator_code, '', 'no_reports'
    from unknown u
    cross join (values ('home_care_managed_patients'), ('home_care_claims_patients'), ('home_care_gap'), ('home_care_intending_facilities'),
        ('home_care_intention_patients'), ('end_of_life_count'), ('backup_unbacked_patients')) as i(indicator_code)
    union all
    select d.level, d.area_code, i.indicator_code, '', 'own_need_not_set'
    from agg_duty_slots d
    cross join (values ('after_hours_duty_slots_needed'), ('after_hours_duty_ratio')) as i(indicator_code)
    where d.slots_needed is null
    union all
    select level, area_code, 'end_of_life_count', '', 'few_facilities' from agg_home_care where dying_few
    union all
    select level, area_code, 'care_link_claims', '', 'few_facilities' from agg_item_counts
    where item_code = 'g2d_fee_care_mgr' and facilities_positive in (1, 2)
    union all
    select level, area_code, 'home_care_claims_patients', '', 'few_facilities' from agg_home_care where visited_few
    union all
    select level, area_code, 'home_care_claims_ratio', '', 'few_facilities' from agg_home_care where visited_few and patients_low > 0
    union all
    select level, area_code, 'home_care_claims_ratio', '', 'no_patients' from agg_home_care where patients_low = 0
    union all
    select h.level, h.area_code, 'home_care_24h_share', '', case when h.visiting_high = 0 then 'no_home_care' else 'few_for_share' end
    from agg_home_care h join agg_status s on s.level = h.level and s.area_code = h.area_code and s.function_code = 'g1'
    where h.visiting_high < s.few
    union all
    -- what the projection does not know by itself, see ref_projection_groups
    select r.level, r.area_code, i.indicator_code, 'year=' || y.year, 'no_projection'
    from ref_areas r
    cross join (values ('home_care_expected_need'), ('home_care_gap')) as i(indicator_code)
    cross join (values (2030), (2035), (2040), (2045), (2050)) as y(year)
    where not exists (select 1 from agg_future_need f where f.level = r.level and f.area_code = r.area_code and f.year = y.year)
    union all
    select r.level, r.area_code, i.indicator_code, '', case r.level when 'prefecture' then 'flow_of_areas_only' else 'flow_not_published' end
    from ref_areas r
    cross join (values ('patient_outflow'), ('patient_inflow')) as i(indicator_code)
    where not exists (select 1 from agg_patient_flow f where f.level = r.level and f.area_code = r.area_code)
)

select y.report_year, a.level, a.area_code, a.indicator_code, a.breakdown, a.reason_code, replace(d.label, '{few}', few.value::bigint::varchar) as reason
from absent a
cross join run y
join rules few on few.rule_code = 'few_facilities'
join dict_absences d on d.reason_code = a.reason_code
