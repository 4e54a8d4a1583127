-- 報告事項ごとの品質：回答、無回答、読めない値、秘匿の数
-- grain:  item_code
-- needs:  ing_facilities, ing_answers, ing_notes, det_functions, dict_items, dict_conditions
-- check:  answered + unreadable <= asked
-- column: item_code     text     報告事項コード
-- column: label         text     報告事項
-- column: function_code text     機能コード
-- column: asked         integer  回答を求められた医療機関  施設
-- column: answered      integer  回答した医療機関          施設
-- column: masked        integer  うち秘匿                  施設
-- column: unreadable    integer  読めない値の医療機関      施設
-- column: blank         integer  無回答の医療機関          施設
-- column: masked_share  number   秘匿の割合                割合
with reports as (
    select f.row_no, d.status_literal = 'yes' as has_g1
    from ing_facilities f
    join det_functions d on d.row_no = f.row_no and d.function_code = 'g1'
    where f.is_latest and f.is_reported
),

items as (
    select i.item_code, i.short_label, i.function_code, i.function_code like 'g2%' as is_gated, i.condition
    from dict_items i
    where i.function_code <> 'base'
),

-- reports that a condition of entry asks; conditions that many items share are weighed once
met as (
    select distinct c.condition, d.row_no
    from dict_conditions c
    join det_functions d on d.function_code = c.subject and d.status_literal = c.code
    union
    select distinct c.condition, a.row_no
    from dict_conditions c
    join ing_answers a on a.item_code = c.subject and a.choice_code = c.code
),

-- 2号 is asked only of those that have 1号
reached as (
    select null as condition, is_gated, row_no
    from reports cross join (values (true), (false)) g(is_gated)
    where has_g1 or not is_gated
    union all
    select m.condition, g.is_gated, r.row_no
    from met m
    join reports r on r.row_no = m.row_no
    cross join (values (true), (false)) g(is_gated)
    where r.has_g1 or not g.is_gated
),

asked as (
    select i.item_code, coalesce(any_value(n.asked), 0) as asked
    from items i
    left join (select condition, is_gated, count(*) as asked from reached group by condition, is_gated) n
        on n.condition is not distinct from i.condition and n.is_gated = i.is_gated
    group by i.item_code
),

counted as (
    -- all rows of an answer have one state: the first stands for it
    select
        a.item_code,
        count(*) filter (where a.state <> 'unreadable') as answered,
        count(*) filter (where a.state = 'masked') as masked,
        count(*) filter (where a.state = 'unreadable') as unreadable
    from (from ing_answers union all from ing_notes) a
    join items i on i.item_code = a.item_code
    join reached r on r.row_no = a.row_no and r.condition is not distinct from i.condition and r.is_gated = i.is_gated
    where a.seq = 0
    group by a.item_code
)

select
    i.item_code, i.short_label as label, i.function_code, n.asked,
    coalesce(c.answered, 0) as answered,
    coalesce(c.masked, 0) as masked,
    coalesce(c.unreadable, 0) as unreadable,
    n.asked - coalesce(c.answered, 0) - coalesce(c.unreadable, 0) as blank,
    c.masked / nullif(c.answered, 0) as masked_share
from items i
join asked n on n.item_code = i.item_code
left join counted c on c.item_code = i.item_code
