-- 報告事項ごとの判定の根拠（各医療機関の最新の報告）
-- grain:  row_no, item_code
-- needs:  ing_facilities, ing_answers, dict_items, dict_choices
-- column: row_no            integer  行番号
-- column: function_code     text     機能コード
-- column: item_code         text     報告事項コード
-- column: requirement       text     要件の種類
-- column: is_answered       boolean  回答あり
-- column: positive_literal  boolean  報告どおりの「あり」
-- column: positive_core     boolean  実質の「あり」
-- column: negative          boolean  明示された「なし」
-- column: intention         boolean  意向あり
-- column: evidence          text     根拠のセル
with answers as (
    select
        a.row_no, i.function_code, a.item_code, i.requirement, i.short_label, i.counts_literal, i.counts_core,
        a.seq, a.raw, a.column_no, c.label, c.intention = 1 as intention, coalesce(c.counts_core, 1) = 1 as choice_is_core,
        case
            when a.state in ('blank', 'unreadable') then null
            when c.polarity is not null then c.polarity = 'positive'
            when i.value_type = 'names' then true
            when a.value_low >= 1 then true       -- a masked count of 1 to 9 is a record of service
            when a.value_high = 0 then false
        end as positive
    from ing_answers a
    join ing_facilities f on f.row_no = a.row_no
    join dict_items i on i.item_code = a.item_code
    left join dict_choices c on c.choice_set = i.choice_set and c.choice_code = a.choice_code
    where f.is_latest and f.is_reported and i.requirement is not null
),

items as (
    select
        row_no, function_code, item_code, requirement,
        bool_or(positive is not null) as is_answered,
        coalesce(bool_or(positive and counts_literal = 1), false) as positive_literal,
        coalesce(bool_or(positive and counts_literal = 1 and counts_core = 1 and choice_is_core), false) as positive_core,
        coalesce(bool_and(not positive), false) and bool_and(positive is not null) as negative,
        coalesce(bool_or(intention), false) as intention,
        any_value(short_label) || '＝'
            || coalesce(string_agg(label, '・' order by seq), nullif(string_agg(raw, '・' order by seq), ''), '無回答')
            || '（行' || row_no || '・列' || any_value(column_no) || '）' as evidence
    from answers
    group by row_no, function_code, item_code, requirement
)

select row_no, function_code, item_code, requirement, is_answered, positive_literal, positive_core, negative, intention, evidence
from items
