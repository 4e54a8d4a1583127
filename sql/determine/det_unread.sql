-- 読めなかった回答（判定に数える報告事項）：実績かもしれないので、ほかに実績がなければ「なし」とはしない
-- grain:  row_no, function_code
-- step:   for det_rules
-- needs:  ing_answers, dict_items
-- column: row_no         integer  行番号
-- column: function_code  text     機能コード
-- column: evidence       text     読めなかったセル
select
    a.row_no, i.function_code,
    string_agg(i.short_label || '＝「' || coalesce(a.raw, '') || '」（行' || a.source_row || '・列' || a.column_name || '）', '、' order by a.column_no) as evidence
from ing_answers a
join dict_items i on i.item_code = a.item_code and i.requirement is not null and i.counts_literal = 1
where a.state = 'unreadable'
group by a.row_no, i.function_code
