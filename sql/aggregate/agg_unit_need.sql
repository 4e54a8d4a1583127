-- 区・市区町村ごとの、期待される在宅医療の必要量（全国と同じ割合で使うとしたとき）
-- step:   for agg_expected_need and agg_projected_demand
-- grain:  unit_code
-- needs:  ref_units, ref_population_by_age, ref_home_visits_by_age, rules
-- check:  expected_need >= 0
-- column: unit_code          text    区・市区町村コード
-- column: municipality_code  text    市区町村コード
-- column: medical_area_code  text    二次医療圏コード
-- column: area_339_code      text    構想区域コード
-- column: expected_need      decimal  期待される必要量  人/月
with rates as (
    -- national visits a year by age ÷ people ÷ 12 months ÷ visits per patient and month
    select v.age_band, v.visits / v.national_population / 12 / r.value as patients_per_person
    from ref_home_visits_by_age v, rules r
    where r.rule_code = 'visits_per_patient_month'
),

people as (
    unpivot ref_population_by_age on columns(* exclude municipality_code) into name age_band value people
)

select u.unit_code, u.municipality_code, u.medical_area_code, u.area_339_code, sum(cast(p.people * r.patients_per_person as decimal(24, 9))) as expected_need
from ref_units u
join people p on p.municipality_code = u.unit_code
join rates r on r.age_band = p.age_band
group by u.unit_code, u.municipality_code, u.medical_area_code, u.area_339_code
