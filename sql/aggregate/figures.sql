-- すべての数値を一つの長い表に（data/figures）
-- grain:  report_year, level, area_code, indicator_code, breakdown
-- needs:  agg_status, agg_home_care, agg_home_care_need, agg_duty_slots, agg_after_hours, agg_item_positive, rules, run
-- check:  value_low <= value_high
-- column: report_year     integer  報告年度
-- column: level           text     区域の段階
-- column: area_code       text     区域コード
-- column: indicator_code  text     指標
-- column: breakdown       text     内訳
-- column: value_low       number   下限
-- column: value_high      number   上限
-- column: unit            text     単位
-- column: reported        integer  報告した医療機関  施設
-- column: expected        integer  報告の対象        施設
-- column: n_banded        integer  階級で答えた数    施設
-- column: n_open_top      integer  上限なしの階級    施設
-- column: n_masked        integer  秘匿              施設
-- column: source          text     出典
with rate as (select value as visits from rules where rule_code = 'visits_per_patient_month'),

need as (
    select n.*, coalesce(n.basis = 'expected' or n.year = min(n.year) over (partition by n.level, n.area_code, n.basis), false) as is_today
    from agg_home_care_need n
),

gaps as (
    select h.level, h.area_code, n.basis, n.patients - h.patients_high as low, n.patients - h.patients_low as high, h.banded, h.open_top
    from agg_home_care h
    join need n on n.level = h.level and n.area_code = h.area_code and n.is_today
),

lines as (
    select level, area_code, 'function_positive' as indicator_code, 'function=' || function_code as breakdown,
        positive_literal as low, positive_literal + silent as high,
        '施設' as unit, 0 as banded, 0 as open_top, 0 as masked, 'report' as source
    from agg_status
    union all
    select level, area_code, 'home_care_managed_patients', '', patients_low, patients_high, '人', banded, open_top, 0, 'report' from agg_home_care
    union all
    select level, area_code, 'home_care_claims_patients', '', visits_low / 12 / visits, visits_high / 12 / visits, '人/月', 0, 0, visits_masked, 'report'
    from agg_home_care, rate
    union all
    select level, area_code, 'home_care_24h_facilities', '', round_the_clock, round_the_clock, '施設', 0, 0, 0, 'report' from agg_home_care
    union all
    select level, area_code, 'backup_unbacked_patients', '', unbacked_low, unbacked_high, '人', banded, open_top, 0, 'report' from agg_home_care
    union all
    select level, area_code, 'home_care_expected_need', '', patients, patients, '人/月', 0, 0, 0, 'population × national use' from need where basis = 'expected'
    union all
    select level, area_code, 'home_care_projected_demand', case when is_today then '' else 'year=' || year end, patients, patients, '人/月', 0, 0, 0,
        'MHLW demand forecast' from need where basis = 'projected'
    union all
    select level, area_code, 'home_care_gap', case basis when 'expected' then '' else 'basis=projected_demand' end, low, high, '人/月', banded, open_top, 0,
        'need − report' from gaps
    union all
    select level, area_code, 'after_hours_duty_slots', '', slots_low, slots_high, '枠/月', facilities, open_top, 0, 'report' from agg_duty_slots
    union all
    select level, area_code, 'after_hours_duty_slots_needed', '', slots_needed, slots_needed, '枠/月', 0, 0, 0, 'calendar' from agg_duty_slots
    union all
    select level, area_code, 'after_hours_facilities', breakdown, facilities, facilities_high, '施設', 0, 0, 0, 'report' from agg_after_hours
    union all
    select level, area_code, indicator_code, breakdown, facilities, facilities_high, '施設', 0, 0, 0, 'report' from agg_item_positive
)

select y.report_year, l.level, l.area_code, l.indicator_code, l.breakdown, l.low as value_low, l.high as value_high, l.unit,
    s.facilities_reported as reported, s.facilities_expected as expected, l.banded as n_banded, l.open_top as n_open_top, l.masked as n_masked, l.source
from lines l
cross join run y
join agg_status s on s.level = l.level and s.area_code = l.area_code and s.function_code = 'g1'
