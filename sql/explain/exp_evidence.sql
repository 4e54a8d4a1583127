-- 一つの医療機関の、判定に関わる報告事項と回答
-- grain:  function_code, item_code
-- needs:  ing_answers, dict_items, dict_choices, asked
-- column: function_code  text     機能コード
-- column: item_code      text     報告事項コード
-- column: is_answered    boolean  回答あり
-- column: is_positive    boolean  「あり」に数える回答
-- column: evidence       text     根拠のセル
with answers as (
    select
        a.item_code, a.seq, a.raw, a.column_name, a.row_no, c.label,
        case
            when a.state = 'unreadable' then null
            when c.polarity is not null then c.polarity = 'positive'
            when i.value_type = 'names' then true
            when a.value_low >= 1 then true
            when a.value_high = 0 then false
        end as positive
    from ing_answers a
    join asked q on q.row_no = a.row_no
    join dict_items i on i.item_code = a.item_code
    left join dict_choices c on c.choice_set = i.choice_set and c.choice_code = a.choice_code
),

cells as (
    select
        item_code,
        bool_or(positive is not null) as is_answered,
        coalesce(bool_or(positive), false) as is_positive,
        coalesce(string_agg(label, '・' order by seq), string_agg(raw, '・' order by seq))
            || '（行' || any_value(row_no) || '・列' || any_value(column_name) || '）' as said
    from answers
    group by item_code
)

select
    i.function_code, i.item_code,
    coalesce(c.is_answered, false) as is_answered,
    coalesce(c.is_positive and i.counts_literal = 1, false) as is_positive,
    i.short_label || '＝' || coalesce(c.said, '無回答') as evidence
from dict_items i
left join cells c on c.item_code = i.item_code
where i.requirement is not null
