-- 区域ごとの年齢5歳階級別の人口
-- grain:  level, area_code, age_from
-- needs:  ref_population_by_age, ref_units, ref_area_members
-- check:  people >= 0
-- column: level      text     区域の段階
-- column: area_code  text     区域コード
-- column: age_from   integer  年齢階級のはじめ  歳
-- column: people     integer  人口              人
with people as (
    unpivot ref_population_by_age on columns(* exclude municipality_code) into name age_band value people
)

select m.level, m.area_code, cast(substr(p.age_band, 5, 2) as integer) as age_from, sum(p.people) as people
from people p
-- wards, or municipalities without wards, so that nobody is counted twice
join ref_units u on u.unit_code = p.municipality_code
join ref_area_members m on m.place_code = u.unit_code
group by m.level, m.area_code, p.age_band
