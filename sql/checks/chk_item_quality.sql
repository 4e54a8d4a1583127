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

-- conditions that many items share are weighed once; 0 is none
conditions as (select condition, row_number() over (order by condition) as no from (select distinct condition from dict_conditions)),

-- the ways of being asked: by condition, and for 2号 only those that have 1号
items as (
    select i.item_code, i.short_label, i.function_code, coalesce(c.no, 0) * 2 + (i.function_code like 'g2%')::integer as way
    from dict_items i
    left join conditions c on c.condition = i.condition
    where i.function_code <> 'base'
),

met as (
    select no, row_no from (
        select 0 as no, row_no from reports
        union all
        select c.no, d.row_no
        from dict_conditions t
        join conditions c on c.condition = t.condition
        join det_functions d on d.function_code = t.subject and d.status_literal = t.code
        union all
        select c.no, a.row_no
        from dict_conditions t
        join conditions c on c.condition = t.condition
        join ing_answers a on a.item_code = t.subject and a.choice_code = t.code
    )
    group by no, row_no
),

reached as (
    select m.no * 2 + g.gated as way, r.row_no
    from met m
    join reports r on r.row_no = m.row_no
    cross join (values (0), (1)) g(gated)
    semi join items i on i.way = m.no * 2 + g.gated
    where r.has_g1 or g.gated = 0
),

asked as (select way, count(*) as asked from reached group by way),

counted as (
    -- all rows of an answer have one state: the first stands for it
    select
        a.item_code,
        count(*) filter (where a.state <> 'unreadable') as answered,
        count(*) filter (where a.state = 'masked') as masked,
        count(*) filter (where a.state = 'unreadable') as unreadable
    from (from ing_answers union all from ing_notes) a
    join items i on i.item_code = a.item_code
    join reached r on r.row_no = a.row_no and r.way = i.way
    where a.seq = 0
    group by a.item_code
)

select
    i.item_code, i.short_label as label, i.function_code, coalesce(n.asked, 0) as asked,
    coalesce(c.answered, 0) as answered,
    coalesce(c.masked, 0) as masked,
    coalesce(c.unreadable, 0) as unreadable,
    coalesce(n.asked, 0) - coalesce(c.answered, 0) - coalesce(c.unreadable, 0) as blank,
    c.masked / nullif(c.answered, 0) as masked_share
from items i
left join asked n on n.way = i.way
left join counted c on c.item_code = i.item_code
