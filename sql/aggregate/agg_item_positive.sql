-- 領域ごと・報告事項ごとの「あり」の医療機関（上限は未報告・判定できない・その項目が無回答の医療機関がすべて当てはまる場合）
-- grain:  level, area_code, indicator_code, breakdown
-- needs:  ing_answers, det_functions, dict_items, dict_choices, agg_facility_areas, agg_item_choices, agg_status
-- check:  low <= high
-- check:  unit <> '%' or high <= 100
-- column: level           text    区域の段階
-- column: area_code       text    区域コード
-- column: indicator_code  text    指標
-- column: breakdown       text    内訳
-- column: low             number  下限
-- column: high            number  上限
-- column: unit            text    単位
with items as (
    select i.item_code, i.function_code, c.choice_code, c.polarity = 'positive' as is_positive, c.polarity = 'not_applicable' as is_outside,
        -- asked only where another item is answered with yes
        case when i.condition like '%=%' then split_part(i.condition, '=', 1) end as asked_after
    from dict_items i
    join dict_choices c on c.choice_set = i.choice_set
    where i.function_code not in ('base', 'other') and i.choice_set <> 'diseases'
),

facilities as (
    select row_no, facility_id, status_literal = 'yes' as has_g1,
        dense_rank() over (order by municipality_code, medical_area_code, unit_code) as place
    from det_functions
    where function_code = 'g1' and status_literal <> 'not_reported'
),

places as (
    -- facilities of one place lie in the same areas
    select f.place, m.level, m.area_code
    from (select place, min(facility_id) as facility_id from facilities group by place) f join agg_facility_areas m on m.facility_id = f.facility_id
),

answers as (
    select a.row_no, a.item_code, any_value(f.place) as place, bool_or(i.is_positive) as is_positive, bool_and(i.is_outside) as is_outside
    from ing_answers a
    join items i on i.item_code = a.item_code and i.choice_code = a.choice_code
    join facilities f on f.row_no = a.row_no
    where i.function_code = 'g1' or f.has_g1
    group by a.row_no, a.item_code
),

settled as (
    select row_no, item_code, place, is_positive, is_outside from answers
    union all
    -- who says no to the item before need not answer this one
    select b.row_no, i.item_code, b.place, false, false
    from answers b join (select distinct item_code, asked_after from items) i on i.asked_after = b.item_code
    anti join answers a on a.row_no = b.row_no and a.item_code = i.item_code
    where b.is_positive is not true
),

by_place as (
    select place, item_code, count(*) as settled, count(*) filter (where is_positive) as positive, count(*) filter (where is_outside) as outside from settled group by place, item_code
),

tallies as (
    select p.level, p.area_code, b.item_code, sum(b.settled) as settled, sum(b.positive) as positive, sum(b.outside) as outside
    from by_place b join places p on p.place = b.place
    group by p.level, p.area_code, b.item_code
),

bounds as (
    select s.level, s.area_code, s.few, i.item_code, coalesce(t.positive, 0) as low,
        case i.function_code when 'g1' then s.facilities_expected else s.positive_literal + s.silent end as asked,
        -- who did not report, is undecided on 1号, or left it empty may or may not have it; of whom it does not speak (院内処方のみ) is in no share
        asked - coalesce(t.settled, 0) as unknown, asked - coalesce(t.outside, 0) as whole
    from agg_status s
    cross join (select distinct item_code, function_code from items) i
    left join tallies t on t.level = s.level and t.area_code = s.area_code and t.item_code = i.item_code
    where s.function_code = 'g1'
),

choices as (
    select c.level, c.area_code, c.item_code, c.choice_code, c.mode, c.facilities as low, c.facilities + b.unknown as high
    from agg_item_choices c join bounds b on b.level = c.level and b.area_code = c.area_code and b.item_code = c.item_code
    where c.polarity = 'positive'
)

select level, area_code, 'item_positive_facilities' as indicator_code, 'item=' || item_code as breakdown, low, low + unknown as high, '施設' as unit
from bounds where item_code <> 'g1_domains'
union all
select level, area_code, 'item_positive_share', 'item=' || item_code, low * 100 / whole, (low + unknown) * 100 / whole, '%'
from bounds where whole >= few and item_code <> 'g1_domains'
union all
select level, area_code, 'g1_domain_facilities', 'domain=' || choice_code, low, high, '施設' from choices where item_code = 'g1_domains'
union all
select level, area_code, 'g1_blank_domains', '', count(*) filter (where high = 0), count(*) filter (where low = 0), '領域'
from choices where item_code = 'g1_domains' group by level, area_code
union all
select level, area_code, 'backup_facilities', 'way=' || mode, low, high, '施設' from choices where item_code = 'g2b_backup_bed' and mode is not null
