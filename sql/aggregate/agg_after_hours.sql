-- 時間帯・対応のしかたごとの医療機関数（上限は未報告・判定できない医療機関がすべて当てはまる場合）
-- grain:  level, area_code, breakdown
-- needs:  agg_item_choices, ing_answers, det_functions, agg_facility_areas, agg_status, dict_choices
-- check:  facilities <= facilities_high
-- column: level            text     区域の段階
-- column: area_code        text     区域コード
-- column: breakdown        text     内訳
-- column: facilities       integer  医療機関数        施設
-- column: facilities_high  integer  医療機関数の上限  施設
with silent as (
    select level, area_code, silent as n from agg_status where function_code = 'g1'
),

modes as (
    select level, area_code, 'band=' || replace(item_code, 'g2a_', '') || ';mode='
        || case when polarity = 'positive' then coalesce(mode, 'other') when is_intention then 'intention' else 'none' end as breakdown, facilities
    from agg_item_choices
    where item_code in ('g2a_weekday_evening', 'g2a_weekday_night', 'g2a_holiday')
),

answering as (
    -- facilities that answer in at least one band, by visit or by phone
    select m.level, m.area_code, count(distinct f.facility_id) as facilities
    from ing_answers a
    join det_functions f on f.row_no = a.row_no and f.function_code = 'g1' and f.status_literal = 'yes'
    join dict_choices c on c.choice_set = 'after_hours' and c.choice_code = a.choice_code and c.polarity = 'positive'
    join agg_facility_areas m on m.facility_id = f.facility_id
    where a.item_code in ('g2a_weekday_evening', 'g2a_weekday_night', 'g2a_holiday')
    group by m.level, m.area_code
),

counted as (
    select level, area_code, breakdown, sum(facilities) as facilities from modes group by level, area_code, breakdown
    union all
    select s.level, s.area_code, '', coalesce(a.facilities, 0)
    from silent s left join answering a on a.level = s.level and a.area_code = s.area_code
)

select c.level, c.area_code, c.breakdown, c.facilities, c.facilities + s.n as facilities_high
from counted c
join silent s on s.level = c.level and s.area_code = c.area_code
