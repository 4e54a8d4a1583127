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

said as (
    select a.row_no, a.item_code, bool_or(a.state in ('answered', 'masked')) as answered, bool_or(a.state = 'masked') as masked
    from (from ing_answers union all from ing_notes) a
    group by a.row_no, a.item_code
),

counted as (
    -- 2号 is asked only of those that have 1号
    select
        i.item_code, any_value(i.short_label) as label, any_value(i.function_code) as function_code,
        count(r.row_no) as asked,
        count(*) filter (where s.answered) as answered,
        count(*) filter (where s.masked) as masked,
        count(*) filter (where not s.answered) as unreadable
    from items i
    left join reports r on r.has_g1 or not i.is_gated
    left join said s on s.row_no = r.row_no and s.item_code = i.item_code
    group by i.item_code
)

select
    item_code, label, function_code, asked, answered, masked, unreadable,
    asked - answered - unreadable as blank,
    masked / nullif(answered, 0) as masked_share
from counted
