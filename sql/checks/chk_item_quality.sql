-- 報告事項ごとの品質：回答、無回答、読めない値、秘匿の数
-- grain:  item_code
-- needs:  ing_facilities, ing_answers, ing_notes, det_functions, dict_items
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

items as (select item_code, short_label, function_code, function_code like 'g2%' as is_gated from dict_items where function_code <> 'base'),

-- 2号 is asked only of those that have 1号
asked as (
    select i.item_code, count(r.row_no) as asked
    from items i
    left join reports r on r.has_g1 or not i.is_gated
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
    join reports r on r.row_no = a.row_no and (r.has_g1 or not i.is_gated)
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
