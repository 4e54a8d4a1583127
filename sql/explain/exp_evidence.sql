-- 一つの医療機関の、判定に関わる報告事項と回答
-- grain:  function_code, item_code
-- needs:  det_answers, ing_answers, dict_items, dict_choices, asked
-- column: function_code  text     機能コード
-- column: item_code      text     報告事項コード
-- column: is_positive    boolean  「あり」に数える回答
-- column: evidence       text     根拠のセル
with cells as (
    -- what an answer counts for is decided in det_answers alone
    select
        d.item_code,
        coalesce(bool_or(d.is_positive and d.counts), false) as is_positive,
        coalesce(string_agg(c.label, '・' order by a.seq), string_agg(a.raw, '・' order by a.seq))
            || '（行' || any_value(a.source_row) || '・列' || any_value(a.column_name) || '）' as said
    from det_answers d
    join asked q on q.row_no = d.row_no
    join ing_answers a on a.row_no = d.row_no and a.item_code = d.item_code and a.column_no * 1000 + a.seq = d.place
    join dict_items i on i.item_code = a.item_code
    left join dict_choices c on c.choice_set = i.choice_set and c.choice_code = a.choice_code
    group by d.item_code
)

select i.function_code, i.item_code, coalesce(c.is_positive, false) as is_positive, i.short_label || '＝' || coalesce(c.said, '無回答') as evidence
from dict_items i
left join cells c on c.item_code = i.item_code
where i.requirement is not null
