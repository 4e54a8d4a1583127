-- 公的統計の数値に入る、区・市区町村の行
-- grain:  unit_code
-- needs:  asked, agg_unit_need, agg_unit_demand, ref_care_facilities, ref_area_members, ref_units
-- column: unit_code  text    区・市区町村コード
-- column: low        number  下限に入る数
-- column: high       number  上限に入る数
-- column: said       text    もとの値
with terms as (
    select max(value) filter (where key = 'level') as level, max(value) filter (where key = 'area') as area_code, max(value) filter (where key = 'measure') as measure,
        max(value) filter (where key = 'kind') as kind, max(value) filter (where key = 'year') as year
    from asked
),

units as (
    select u.unit_code from ref_units u
    join ref_area_members m on m.place_code = u.unit_code
    join terms t on t.level = m.level and t.area_code = m.area_code
),

lines (unit_code, measure, amount, said) as (
    select unit_code, 'expected', expected_need,
        printf('65歳未満 %.1f、65〜74歳 %.1f、75歳以上 %.1f', cast(need_under_65 as double), cast(need_65_74 as double), cast(need_75_over as double))
    from agg_unit_need
    union all
    select d.unit_code, 'projected', d.patients,
        printf('構想区域 %s の公式の見込み 月%.1f件 × %.4f', d.area_339_code, cast(d.receipts_per_month as double), cast(d.share_of_area as double))
    from agg_unit_demand d
    cross join terms t
    where d.year = coalesce(cast(t.year as integer), (select min(year) from agg_unit_demand))
    union all
    select c.municipality_code, 'care_facilities',
        case t.kind when 'special_nursing_home' then c.special_nursing_home when 'health_facility' then c.health_facility
            when 'integrated_facility' then c.integrated_facility else c.special_nursing_home + c.health_facility + c.integrated_facility end,
        printf('特養 %d、老健 %d、介護医療院 %d', c.special_nursing_home, c.health_facility, c.integrated_facility)
    from ref_care_facilities c
    cross join terms t
)

select l.unit_code, l.amount as low, l.amount as high, l.said
from lines l
join units u on u.unit_code = l.unit_code
join terms t on t.measure = l.measure
where l.amount <> 0
