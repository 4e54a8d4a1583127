-- 時間外の対応：時間帯と対応のしかたごとの医療機関、市区町村の対応のある時間の割合と空白の時間帯、上の区域では報告のない市区町村の数
-- grain:  level, area_code, indicator_code, breakdown
-- needs:  agg_band_answers, agg_item_choices, agg_facility_areas, agg_status, ref_areas, ref_area_members, rules
-- check:  low <= high
-- column: level           text    区域の段階
-- column: area_code       text    区域コード
-- column: indicator_code  text    指標
-- column: breakdown       text    内訳
-- column: low             number  下限
-- column: high            number  上限
-- column: unit            text    単位
with hours as (
    select replace(rule_code, 'after_hours_hours_', '') as band, value as hours
    from rules
    where rule_code in ('after_hours_hours_weekday_evening', 'after_hours_hours_weekday_night', 'after_hours_hours_holiday')
),

tallies as (
    select m.level, m.area_code, b.band, b.answer,
        count(*) filter (where b.is_sure) as sure,
        count(*) filter (where b.is_possible) as possible
    from agg_band_answers b
    join agg_facility_areas m on m.facility_id = b.facility_id
    group by m.level, m.area_code, b.band, b.answer
),

bands as (
    -- every area and band, also where nobody has 1号; the silent may answer in any of them
    select s.level, s.area_code, h.band, h.hours, k.answer,
        coalesce(t.sure, 0) as low, coalesce(t.sure + t.possible, 0) + s.silent as high, coalesce(t.possible, 0) + s.silent as unknown
    from agg_status s
    cross join hours h
    cross join (values ('visit'), ('any')) as k(answer)
    left join tallies t on t.level = s.level and t.area_code = s.area_code and t.band = h.band and t.answer = k.answer
    where s.function_code = 'g1'
),

towns as (
    -- municipalities that lie wholly inside a larger area
    select m.level, m.area_code, a.area_code as municipality_code
    from ref_area_members m
    join ref_areas a on a.level = 'municipality' and a.area_code = m.place_code
    where m.level <> 'municipality'
),

facilities as (
    -- facilities that answer in at least one band, by visit or by phone
    select m.level, m.area_code, count(*) filter (where b.is_sure) as sure, count(*) filter (where not b.is_sure and b.is_possible) as possible
    from (
        select facility_id, bool_or(is_sure) as is_sure, bool_or(is_possible) as is_possible
        from agg_band_answers where answer = 'any' group by facility_id
    ) b
    join agg_facility_areas m on m.facility_id = b.facility_id
    group by m.level, m.area_code
),

modes as (
    select level, area_code, replace(item_code, 'g2a_', '') as band, sum(facilities) as n,
        case when polarity = 'positive' then coalesce(mode, 'other') when is_intention then 'intention' else 'none' end as mode
    from agg_item_choices
    where item_code in ('g2a_weekday_evening', 'g2a_weekday_night', 'g2a_holiday')
    group by all
)

select s.level, s.area_code, 'after_hours_facilities' as indicator_code, '' as breakdown,
    coalesce(f.sure, 0) as low, coalesce(f.sure + f.possible, 0) + s.silent as high, '施設' as unit
from agg_status s
left join facilities f on f.level = s.level and f.area_code = s.area_code
where s.function_code = 'g1'
union all
select m.level, m.area_code, 'after_hours_facilities', 'band=' || m.band || ';mode=' || m.mode, m.n, m.n + b.unknown, '施設'
from modes m
join bands b on b.level = m.level and b.area_code = m.area_code and b.band = m.band and b.answer = 'any'
union all
select level, area_code, 'after_hours_band_facilities', 'band=' || band || ';answer=' || answer, low, high, '施設' from bands
union all
select level, area_code, 'after_hours_hours_share', 'answer=' || answer,
    coalesce(sum(cast(hours as bigint)) filter (where low > 0), 0) * 100 / sum(cast(hours as bigint)),
    coalesce(sum(cast(hours as bigint)) filter (where high > 0), 0) * 100 / sum(cast(hours as bigint)), '%'
from bands where level = 'municipality' group by level, area_code, answer
union all
select level, area_code, 'after_hours_blank_bands', 'answer=' || answer, count(*) filter (where high = 0), count(*) filter (where low = 0), '帯'
from bands where level = 'municipality' group by level, area_code, answer
union all
-- who answers in one town is no help in another: above a municipality the towns without an answer are counted
select t.level, t.area_code, 'after_hours_blank_municipalities', 'band=' || b.band || ';answer=' || b.answer,
    count(*) filter (where b.high = 0), count(*) filter (where b.low = 0), '市区町村'
from towns t
join bands b on b.level = 'municipality' and b.area_code = t.municipality_code
group by t.level, t.area_code, b.band, b.answer
