-- 区域ごとの将来推計人口（推計の公表されていない市区町村を含む区域は空欄）
-- grain:  level, area_code, year
-- needs:  ref_population_projection, ref_units, ref_area_members
-- check:  people_75_over <= people_65_over and people_65_over <= people_total
-- column: level           text     区域の段階
-- column: area_code       text     区域コード
-- column: year            integer  年
-- column: people_total    integer  総数      人
-- column: people_65_over  integer  65歳以上  人
-- column: people_75_over  integer  75歳以上  人
with places as (
    -- a city that lies wholly in the area is taken as a whole: not every ward has a projection
    select distinct m.level, m.area_code, coalesce(c.place_code, u.unit_code) as place_code
    from ref_area_members m
    join ref_units u on u.unit_code = m.place_code
    left join ref_area_members c on c.level = m.level and c.area_code = m.area_code and c.place_code = u.municipality_code
),

projection as (
    -- some municipalities are published as one group only
    select *, nullif(regexp_extract(coalesce(note, ''), '（([0-9]{5})に含む', 1), '') as group_code
    from ref_population_projection
),

members as (select group_code, count(distinct municipality_code) as n from projection where group_code is not null group by group_code),

whole_groups as (
    select p.level, p.area_code, j.group_code
    from places p
    join projection j on j.municipality_code = p.place_code
    join members g on g.group_code = j.group_code
    group by p.level, p.area_code, j.group_code, g.n
    having count(distinct p.place_code) = g.n
),

parts as (
    select p.level, p.area_code, j.year, j.population_total, j.population_65_over, j.population_75_over
    from places p
    join projection j on j.municipality_code = p.place_code
    left join whole_groups g on g.level = p.level and g.area_code = p.area_code and g.group_code = j.group_code
    where g.group_code is null
    union all
    select g.level, g.area_code, j.year, j.population_total, j.population_65_over, j.population_75_over
    from whole_groups g
    join projection j on j.municipality_code = g.group_code
)

select level, area_code, year,
    case when count(population_total) = count(*) then sum(population_total) end as people_total,
    case when count(population_total) = count(*) then sum(population_65_over) end as people_65_over,
    case when count(population_total) = count(*) then sum(population_75_over) end as people_75_over
from parts
group by level, area_code, year
