-- 介護保険施設の数と、協力医療機関の報告に挙がった施設の名称
-- grain:  level, area_code, indicator_code, breakdown
-- needs:  ing_answers, det_functions, agg_facility_areas, ref_areas, ref_area_members, ref_units, ref_care_facilities
-- check:  low <= high and low >= 0
-- column: level           text    区域の段階
-- column: area_code       text    区域コード
-- column: indicator_code  text    指標
-- column: breakdown       text    内訳
-- column: low             number  下限
-- column: high            number  上限
-- column: source          text    出典
with kinds as (
    unpivot ref_care_facilities on special_nursing_home, health_facility, integrated_facility into name kind value n
),

facilities as (
    select m.level, m.area_code, k.kind, sum(k.n) as n
    from ref_area_members m
    join ref_units u on u.unit_code = m.place_code
    join kinds k on k.municipality_code = u.unit_code
    group by m.level, m.area_code, k.kind
),

whole as (select level, area_code, sum(n) as n from facilities group by level, area_code),

names as (
    select m.level, m.area_code, count(distinct regexp_replace(nfc_normalize(a.raw), '[\s　]', '', 'g')) as n
    from ing_answers a
    join det_functions f on f.row_no = a.row_no and f.function_code = 'g1' and f.status_literal = 'yes'
    join agg_facility_areas m on m.facility_id = f.facility_id
    where a.item_code = 'g2d_facility_names'
    group by m.level, m.area_code
)

select level, area_code, 'care_facilities' as indicator_code, 'kind=' || kind as breakdown, n as low, n as high, 'MHLW care service disclosure' as source
from facilities
union all
select level, area_code, 'care_facilities', '', n, n, 'MHLW care service disclosure' from whole
union all
select r.level, r.area_code, 'care_facilities_named', '', coalesce(n.n, 0), coalesce(n.n, 0), 'report'
from ref_areas r left join names n on n.level = r.level and n.area_code = r.area_code
union all
-- each name stands for one facility of the area at most; it may also be another kind of home, or lie elsewhere
select w.level, w.area_code, 'care_facilities_unnamed', '', greatest(w.n - coalesce(n.n, 0), 0), w.n, 'MHLW care service disclosure − report'
from whole w left join names n on n.level = w.level and n.area_code = w.area_code
