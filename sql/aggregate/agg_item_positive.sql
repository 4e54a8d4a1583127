-- 領域ごと・報告事項ごとの「あり」の医療機関数（上限は未報告・判定できない医療機関がすべて当てはまる場合）
-- grain:  level, area_code, indicator_code, breakdown
-- needs:  agg_item_choices, agg_status
-- check:  facilities <= facilities_high
-- column: level            text     区域の段階
-- column: area_code        text     区域コード
-- column: indicator_code   text     指標
-- column: breakdown        text     内訳
-- column: facilities       integer  医療機関数        施設
-- column: facilities_high  integer  医療機関数の上限  施設
with silent as (
    select level, area_code, silent as n from agg_status where function_code = 'g1'
),

positive as (
    select
        level, area_code, facilities,
        case item_code when 'g1_domains' then 'g1_domain_facilities' else 'item_positive_facilities' end as indicator_code,
        case item_code when 'g1_domains' then 'domain=' || choice_code else 'item=' || item_code end as breakdown
    from agg_item_choices
    where polarity = 'positive'
)

select p.level, p.area_code, p.indicator_code, p.breakdown, sum(p.facilities) as facilities, sum(p.facilities) + any_value(s.n) as facilities_high
from positive p
join silent s on s.level = p.level and s.area_code = p.area_code
group by p.level, p.area_code, p.indicator_code, p.breakdown
