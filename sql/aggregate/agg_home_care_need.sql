-- 在宅医療の必要量の二つの見方：期待される必要量と、現状投影の需要
-- grain:  level, area_code, basis, year
-- needs:  agg_unit_need, agg_unit_demand, ref_area_members, run
-- column: level      text     区域の段階
-- column: area_code  text     区域コード
-- column: basis      text     見方
-- column: year       integer  年度
-- column: patients   number   必要量  人/月
with units as (
    select 'projected' as basis, unit_code, year, patients from agg_unit_demand
    union all
    select 'expected', unit_code, run.report_year, expected_need from agg_unit_need, run
)

select m.level, m.area_code, u.basis, u.year, sum(u.patients) as patients
from units u
join ref_area_members m on m.place_code = u.unit_code
group by m.level, m.area_code, u.basis, u.year
