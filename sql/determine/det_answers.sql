-- 判定に関わる回答（各医療機関の最新の報告）
-- grain:  row_no, place
-- step:   for det_rules
-- needs:  ing_facilities, ing_answers, dict_items, dict_choices
-- column: row_no         integer  行番号
-- column: function_code  text     機能コード
-- column: item_code      text     報告事項コード
-- column: place          integer  列と連番の順
-- column: is_star        boolean  1号機能の要件（★）
-- column: is_positive    boolean  実施・実績あり
-- column: counts         boolean  報告どおりの判定に数える
-- column: counts_core    boolean  実質の判定に数える
-- column: is_intention   boolean  意向あり
-- column: evidence       text     根拠のセル
with meanings as (
    -- one row for each way of answering an item that can decide
    select i.item_code, i.function_code, i.requirement = 'star' as is_star, i.short_label, i.value_type,
        i.counts_literal = 1 as counts, i.counts_core = 1 and coalesce(c.counts_core, 1) = 1 as counts_core,
        c.choice_code, c.label,
        -- an item that does not decide can still hold a 意向 to carry the function; nothing else of it is heard
        case when i.requirement is not null then c.polarity else 'none' end as polarity,
        coalesce(c.intention = 1, false) and coalesce(i.intention_scope, 'function') = 'function' as is_intention
    from dict_items i
    left join dict_choices c on c.choice_set = i.choice_set
    where i.requirement is not null or (i.intention_scope = 'function' and i.function_code <> 'other')
)

select
    a.row_no, m.function_code, a.item_code, a.column_no * 1000 + a.seq as place, m.is_star,
    case
        when a.state = 'unreadable' or m.polarity in ('none', 'not_applicable') then null
        when m.polarity is not null then m.polarity = 'positive'
        when m.value_type = 'names' then true
        when a.value_low >= 1 then true       -- a masked count of 1 to 9 is a record of service
        when a.value_high = 0 then false
    end as is_positive,
    m.counts, m.counts_core, m.is_intention,
    case when is_positive or m.is_star then
        m.short_label || '＝' || coalesce(m.label, a.raw) || '（行' || a.source_row || '・列' || a.column_name || '）' end as evidence
from ing_answers a
join ing_facilities f on f.row_no = a.row_no
join meanings m on m.item_code = a.item_code and m.choice_code is not distinct from a.choice_code
where f.is_latest and f.is_reported
