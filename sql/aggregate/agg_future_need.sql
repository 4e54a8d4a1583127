-- 将来の期待される必要量：今の年齢3区分ごとの必要量を、将来推計人口の伸びで動かした粗い見込み
-- grain:  level, area_code, year
-- needs:  agg_unit_need, ref_population_projection, ref_projection_groups, ref_area_members
-- check:  patients >= 0
-- column: level      text     区域の段階
-- column: area_code  text     区域コード
-- column: year       integer  年
-- column: patients   number   期待される必要量  人/月
with places as (
    -- some units are projected only together with others
    select u.*, coalesce(g.projection_code, u.unit_code) as place
    from agg_unit_need u
    left join ref_projection_groups g on g.unit_code = u.unit_code
),

groups as (
    select municipality_code as place, year,
        population_total - population_65_over as under_65, population_65_over - population_75_over as from_65, population_75_over as from_75
    from ref_population_projection
),

growth as (
    select y.place, y.year,
        y.under_65 / nullif(t.under_65, 0) as under_65, y.from_65 / nullif(t.from_65, 0) as from_65, y.from_75 / nullif(t.from_75, 0) as from_75
    from groups y
    join groups t on t.place = y.place and t.year = 2025
    where y.year > 2025
),

needs as (
    select p.place, g.year,
        sum(cast(p.need_under_65 * g.under_65 + p.need_65_74 * g.from_65 + p.need_75_over * g.from_75 as decimal(24, 9))) as patients
    from places p
    join growth g on g.place = p.place
    group by p.place, g.year
),

inside as (
    -- a place counts for an area only where the whole of it lies inside
    select m.level, m.area_code, p.place, count(*) = any_value(w.units) as is_whole
    from ref_area_members m
    join places p on p.unit_code = m.place_code
    join (select place, count(*) as units from places group by place) w on w.place = p.place
    group by m.level, m.area_code, p.place
)

select i.level, i.area_code, n.year, sum(n.patients) as patients
from inside i
join needs n on n.place = i.place
group by i.level, i.area_code, n.year
having bool_and(i.is_whole) and count(*) = (
    select count(*) from inside a where a.level = i.level and a.area_code = i.area_code
)
