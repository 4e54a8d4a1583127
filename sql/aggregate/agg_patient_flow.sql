-- 区域の患者の流出率・流入率（厚生労働省。構想区域と同じ範囲の二次医療圏と、その中の区域だけ）
-- grain:  level, area_code, medical_area_code
-- needs:  ref_units, ref_patient_flow, ref_area_members
-- column: level              text    区域の段階
-- column: area_code          text    区域コード
-- column: medical_area_code  text    公表された値の二次医療圏
-- column: outflow            number  流出率  %
-- column: inflow             number  流入率  %
with pairs as (select distinct medical_area_code, area_339_code from ref_units),

shared as (
    -- the three area systems reuse codes: an area is the same only where each is all of the other
    select medical_area_code, area_339_code
    from pairs
    where medical_area_code in (select medical_area_code from pairs group by medical_area_code having count(*) = 1)
        and area_339_code in (select area_339_code from pairs group by area_339_code having count(*) = 1)
),

inside as (
    select distinct m.level, m.area_code, u.medical_area_code
    from ref_area_members m
    join ref_units u on u.unit_code = m.place_code
    where m.level <> 'prefecture'
)

select i.level, i.area_code, i.medical_area_code, cast(f.outflow as double) * 100 as outflow, cast(f.inflow as double) * 100 as inflow
from inside i
join shared s on s.medical_area_code = i.medical_area_code
join ref_patient_flow f on f.area_339_code = s.area_339_code
where f.outflow is not null
    -- one area, one published figure: who spans several has none of their own
    and (select count(*) from inside o where o.level = i.level and o.area_code = i.area_code) = 1
