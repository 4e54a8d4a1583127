-- 区域・報告事項・選択肢ごとの医療機関数（2号の項目は1号機能のある医療機関だけ）
-- grain:  level, area_code, item_code, choice_order
-- needs:  ing_answers, det_functions, ref_areas, ref_area_members, dict_items, dict_choices
-- column: level          text     区域の段階
-- column: area_code      text     区域コード
-- column: function_code  text     機能コード
-- column: item_code      text     報告事項コード
-- column: choice_code    text     選択肢コード
-- column: choice_order   integer  選択肢の順
-- column: label          text     選択肢
-- column: mode           text     区分
-- column: polarity       text     有無
-- column: is_intention   boolean  意向
-- column: facilities     integer  医療機関数  施設
with counted_in as (
    -- answers of 2号 items without 1号 are kept in the extract, but are no supply
    select row_no, municipality_code, medical_area_code, coalesce(nullif(unit_code, ''), medical_area_code) as place_code, status_literal = 'yes' as has_g1
    from det_functions
    where function_code = 'g1' and status_literal <> 'not_reported'
),

choices as (
    select i.function_code, i.item_code, c.choice_code, c.label, c.mode, c.polarity,
        -- a 意向 about digital equipment or medication is none to carry a function
        c.intention = 1 and coalesce(i.intention_scope, case when i.requirement is not null then 'function' end) = 'function' as is_intention,
        row_number() over (partition by i.item_code order by try_cast(c.choice_code as integer), c.choice_code) as choice_order
    from dict_items i
    join dict_choices c on c.choice_set = i.choice_set
    where i.function_code not in ('base', 'other') and i.choice_set <> 'diseases'
),

by_place as (
    select f.municipality_code, f.medical_area_code, f.place_code, a.item_code, a.choice_code, count(*) as facilities
    from ing_answers a
    join choices c on c.item_code = a.item_code and c.choice_code = a.choice_code
    join counted_in f on f.row_no = a.row_no
    where c.function_code = 'g1' or f.has_g1
    group by f.municipality_code, f.medical_area_code, f.place_code, a.item_code, a.choice_code
),

by_area as (
    select 'municipality' as level, municipality_code as area_code, item_code, choice_code, facilities from by_place
    union all
    select 'medical_area', medical_area_code, item_code, choice_code, facilities from by_place
    union all
    select m.level, m.area_code, p.item_code, p.choice_code, p.facilities
    from by_place p
    join ref_area_members m on m.place_code = p.place_code
    where m.level = 'council_area'
    union all
    select 'prefecture', r.area_code, p.item_code, p.choice_code, p.facilities
    from by_place p
    join ref_areas r on r.level = 'prefecture' and r.area_code = coalesce(left(p.place_code, 2), r.area_code)
),

answered as (
    select level, area_code, item_code, choice_code, sum(facilities) as facilities
    from by_area
    group by level, area_code, item_code, choice_code
)

select
    r.level, r.area_code, c.function_code, c.item_code, c.choice_code, c.choice_order, c.label, c.mode, c.polarity, c.is_intention,
    coalesce(a.facilities, 0) as facilities
from ref_areas r
cross join choices c
left join answered a
    on a.level = r.level and a.area_code = r.area_code and a.item_code = c.item_code and a.choice_code = c.choice_code
-- the catch-all choices show only where somebody gave such an answer
where c.choice_code not in ('+', '-', '-i') or a.facilities > 0
