-- 在宅医療の数値を、長い表の形に
-- step:   for figures
-- grain:  level, area_code, indicator_code, breakdown
-- needs:  agg_home_care, agg_home_care_need, agg_future_need, agg_status, ref_home_visit_rates, rules
-- check:  low <= high
-- column: level           text     区域の段階
-- column: area_code       text     区域コード
-- column: indicator_code  text     指標
-- column: breakdown       text     内訳
-- column: low             number   下限
-- column: high            number   上限
-- column: unit            text     単位
-- column: banded          integer  階級で答えた数
-- column: open_top        integer  上限なしの階級
-- column: masked          integer  秘匿
-- column: source          text     出典
with rate as (
    select value as visits, case when exists (select 1 from ref_home_visit_rates) then 'own rates' else 'national use' end as uses
    from rules where rule_code = 'visits_per_patient_month'
),

need as (
    select level, area_code, basis, year, patients,
        coalesce(basis = 'expected' or year = min(year) over (partition by level, area_code, basis), false) as is_today
    from agg_home_care_need
    union all
    select level, area_code, 'expected', year, patients, false from agg_future_need
),

needs as (
    select *, concat_ws(';', case basis when 'projected' then 'basis=projected_demand' end, case when not is_today then 'year=' || year end) as parts from need
),

care as (
    select h.*, s.silent, s.few, visits_low / 12 / r.visits as claims_low, visits_high / 12 / r.visits as claims_high,
        -- where nobody reported nothing is known of the supply; where there is nobody to report there is none
        s.facilities_reported > 0 or s.facilities_expected = 0 as is_known
    from agg_home_care h
    join agg_status s on s.level = h.level and s.area_code = h.area_code and s.function_code = 'g1'
    cross join rate r
),

gaps as (
    select h.*, n.basis, n.parts, n.is_today, n.patients as need
    from care h join needs n on n.level = h.level and n.area_code = h.area_code
    where (n.basis = 'expected' or n.is_today) and h.is_known
),

lines (level, area_code, indicator_code, breakdown, low, high, unit, banded, open_top, masked, source) as (
    select level, area_code, 'home_care_managed_patients', '', patients_low, patients_high, '人', banded, open_top, 0, 'report' from care where is_known
    union all
    -- few facilities would show their own figure
    select level, area_code, 'home_care_claims_patients', '', claims_low, claims_high, '人/月', 0, 0, visits_masked, 'report' from care
    where is_known and not visited_few
    union all
    select level, area_code, 'home_care_claims_ratio', '', claims_low / patients_high, claims_high / patients_low, '倍',
        banded, open_top, visits_masked, 'report' from care where patients_low > 0 and not visited_few
    union all
    select level, area_code, 'home_care_facilities', '', visiting, visiting_high, '施設', 0, 0, 0, 'report' from care
    union all
    select level, area_code, 'home_care_24h_facilities', '', round_the_clock, round_the_clock_high, '施設', 0, 0, 0, 'report' from care
    union all
    -- the silent may make home visits, by day only or round the clock
    select level, area_code, 'home_care_24h_share', '', visiting_24h * 100 / visiting_high,
        (visiting_24h + visiting_24h_unknown + visiting_high - visiting) * 100 / visiting_high, '%', 0, 0, 0, 'report'
    from care where visiting_high >= few
    union all
    select level, area_code, 'end_of_life_facilities', '', dying, dying_high, '施設', 0, 0, deaths_masked, 'report' from care
    union all
    select level, area_code, 'end_of_life_count', '', deaths_low, deaths_high, '回/年', 0, 0, deaths_masked, 'report' from care where is_known and not dying_few
    union all
    select level, area_code, 'backup_unbacked_patients', '', unbacked_low, unbacked_high, '人', banded, open_top, 0, 'report' from care where is_known
    union all
    select level, area_code, 'home_care_intending_facilities', '', intending, intending, '施設', 0, 0, 0, 'report' from care where is_known
    union all
    select level, area_code, 'home_care_intention_patients', '', brings_low, brings_high, '人', 0, 0, 0, 'report, assumption' from care where is_known
    union all
    select level, area_code, case basis when 'expected' then 'home_care_expected_need' else 'home_care_projected_demand' end,
        replace(replace(parts, 'basis=projected_demand;', ''), 'basis=projected_demand', ''), patients, patients, '人/月', 0, 0, 0,
        case when basis = 'projected' then 'MHLW demand forecast' when is_today then 'population × ' || uses
            else 'population projection × ' || uses || ' (3 age groups, coarse)' end
    from needs cross join rate
    union all
    select e.level, e.area_code, 'home_care_need_ratio', '', p.patients / e.patients, p.patients / e.patients, '倍', 0, 0, 0, 'projected ÷ expected'
    from needs e join needs p on p.level = e.level and p.area_code = e.area_code and p.basis = 'projected' and p.is_today
    where e.basis = 'expected' and e.is_today and e.patients > 0
    union all
    select level, area_code, 'home_care_gap', parts, need - patients_high, need - patients_low, '人/月', banded, open_top, 0, 'need − report' from gaps
    union all
    select level, area_code, 'home_care_gap', concat_ws(';', nullif(parts, ''), 'intention=all'), need - patients_high - brings_high, need - patients_low - brings_low,
        '人/月', banded, open_top, 0, 'need − report − assumption'
    from gaps where is_today
)

select * from lines
