-- 各医療機関が属する区域（市区町村・協議区域・二次医療圏・都道府県）
-- grain:  facility_id, level, area_code
-- needs:  det_functions, ref_areas, ref_area_members
-- column: facility_id  text  医療機関ID
-- column: level        text  区域の段階
-- column: area_code    text  区域コード
with facilities as (
    select distinct facility_id, municipality_code, medical_area_code,
        -- the smallest place that the report names
        coalesce(nullif(unit_code, ''), nullif(municipality_code, ''), medical_area_code) as place_code
    from det_functions
),

placed as (
    select facility_id, 'municipality' as level, municipality_code as area_code from facilities
    union all
    select facility_id, 'medical_area', medical_area_code from facilities
    union all
    select f.facility_id, m.level, m.area_code
    from facilities f
    join ref_area_members m on m.place_code = f.place_code
    where m.level = 'council_area'
    union all
    -- a facility whose place is unknown still lies in the prefecture
    select f.facility_id, 'prefecture', a.area_code
    from facilities f
    join ref_areas a on a.level = 'prefecture' and a.area_code = coalesce(left(f.place_code, 2), a.area_code)
)

select p.facility_id, p.level, p.area_code
from placed p
join ref_areas a on a.level = p.level and a.area_code = p.area_code
