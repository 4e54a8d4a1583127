-- 休日等の当番：1か月あたりの枠の供給（下限と上限）と、都道府県が設定したときの要る枠（県は、すべての二次医療圏に設定があればその合計）
-- grain:  level, area_code
-- needs:  ing_answers, det_functions, agg_facility_areas, ref_areas, ref_duty_slots, ref_holidays, dict_items, dict_choices, rules, run
-- check:  slots_low <= slots_high and coalesce(slots_needed, 0) >= 0
-- column: level         text     区域の段階
-- column: area_code     text     区域コード
-- column: facilities    integer  当番に加わる医療機関数       施設
-- column: open_top      integer  月10回以上の医療機関数       施設
-- column: slots_low     integer  当番の枠の下限               枠/月
-- column: slots_high    integer  当番の枠の上限               枠/月
-- column: slots_needed  number   要る枠（設定がなければ空）     枠/月
with limits as (
    select
        max(value) filter (where rule_code = 'duty_open_top_cap') as cap,
        max(value) filter (where rule_code = 'year_end_first') as year_end_first,
        max(value) filter (where rule_code = 'year_end_last') as year_end_last
    from rules
),

days as (
    select cast(day as date) as day
    from run, generate_series(make_date(run.report_year, 4, 1), make_date(run.report_year + 1, 3, 31), interval 1 day) as t(day)
),

needed as (
    select count(*) as days
    from days d
    cross join limits l
    where dayofweek(d.day) = 0
        or d.day in (select cast(holiday_date as date) from ref_holidays)
        or month(d.day) * 100 + day(d.day) >= l.year_end_first
        or month(d.day) * 100 + day(d.day) <= l.year_end_last
),

settings as (
    select r.level, r.area_code, cast(o.slots_per_day as double) as slots_per_day
    from ref_areas r
    left join ref_duty_slots o on o.area_code = r.area_code
),

per_day as (
    -- what a prefecture needs is known where it was set, or where all of its areas were
    select s.level, s.area_code, coalesce(s.slots_per_day, case when s.level = 'prefecture' then (
        select case when count(*) = count(a.slots_per_day) then sum(cast(a.slots_per_day as decimal(12, 3))) end
        from settings a where a.level = 'medical_area' and a.area_code[:2] = s.area_code
    ) end) as slots
    from settings s
),

slots as (
    select f.facility_id, c.open_top = 1 as is_open_top,
        cast(c.value_low as bigint) as low, cast(coalesce(c.value_high, l.cap) as bigint) as high
    from ing_answers a
    join det_functions f on f.row_no = a.row_no and f.function_code = 'g1' and f.status_literal = 'yes'
    join dict_items i on i.item_code = a.item_code
    join dict_choices c on c.choice_set = i.choice_set and c.choice_code = a.choice_code
    cross join limits l
    where a.item_code in ('g2a_duty_rota', 'g2a_emergency_center') and c.polarity = 'positive'
)

select
    r.level, r.area_code,
    count(distinct s.facility_id) as facilities,
    count(distinct s.facility_id) filter (where s.is_open_top) as open_top,
    coalesce(sum(s.low), 0) as slots_low,
    coalesce(sum(s.high), 0) as slots_high,
    any_value(n.days * p.slots / 12) as slots_needed
from ref_areas r
join per_day p on p.level = r.level and p.area_code = r.area_code
cross join needed n
left join agg_facility_areas m on m.level = r.level and m.area_code = r.area_code
left join slots s on s.facility_id = m.facility_id
group by r.level, r.area_code
