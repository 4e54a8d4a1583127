-- 区・市区町村ごとの、期待される在宅医療の必要量（全国の率、又は作業フォルダーの率で使うとしたとき）
-- step:   for agg_home_care_need and agg_future_need
-- grain:  unit_code
-- needs:  ref_units, ref_population_by_age, ref_home_visits_by_age, ref_home_visit_rates, rules
-- check:  expected_need >= 0
-- column: unit_code      text     区・市区町村コード
-- column: area_339_code  text     構想区域コード
-- column: need_under_65  decimal  65歳未満の必要量    人/月
-- column: need_65_74     decimal  65〜74歳の必要量    人/月
-- column: need_75_over   decimal  75歳以上の必要量    人/月
-- column: expected_need  decimal  期待される必要量    人/月
with rates as (
    -- national visits a year by age ÷ people ÷ 12 months ÷ visits per patient and month, unless the work folder has its own
    select v.age_band, v.age_from,
        coalesce(cast(o.patients_per_1000 as double) / 1000, v.visits / v.national_population / 12 / r.value) as patients_per_person
    from ref_home_visits_by_age v
    left join ref_home_visit_rates o on o.age_band = v.age_band
    cross join rules r
    where r.rule_code = 'visits_per_patient_month'
),

people as (
    unpivot ref_population_by_age on columns(* exclude municipality_code) into name age_band value people
),

needs as (
    select u.unit_code, u.area_339_code, r.age_from, cast(p.people * r.patients_per_person as decimal(24, 9)) as need
    from ref_units u
    join people p on p.municipality_code = u.unit_code
    join rates r on r.age_band = p.age_band
)

select
    unit_code, area_339_code,
    sum(need) filter (where age_from < 65) as need_under_65,
    sum(need) filter (where age_from between 65 and 74) as need_65_74,
    sum(need) filter (where age_from >= 75) as need_75_over,
    sum(need) as expected_need
from needs
group by unit_code, area_339_code
