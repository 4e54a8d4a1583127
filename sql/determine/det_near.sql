-- 足りない要件（★）と、意向のある項目
-- grain:  row_no, function_code
-- step:   for chk_nearly
-- needs:  ing_facilities, ing_answers, det_answers, dict_items, dict_choices
-- column: row_no         integer  行番号
-- column: function_code  text     機能コード
-- column: lacking        integer  足りない要件の数
-- column: short_items    text     足りない報告事項と回答
-- column: wished         text     意向のある報告事項
with unmet as (
    select f.row_no, i.item_code, i.item_no, i.function_code, i.short_label, i.choice_set
    from ing_facilities f
    join dict_items i on i.requirement = 'star'
    anti join (from det_answers where is_positive) a on a.row_no = f.row_no and a.item_code = i.item_code
    where f.is_latest and f.is_reported
),

said as (
    select
        u.row_no, u.function_code, u.item_no,
        any_value(u.short_label) || '＝' || coalesce(string_agg(coalesce(c.label, a.raw), '・' order by a.seq), '無回答') as short_item
    from unmet u
    left join ing_answers a on a.row_no = u.row_no and a.item_code = u.item_code
    left join dict_choices c on c.choice_set = u.choice_set and c.choice_code = a.choice_code
    group by u.row_no, u.function_code, u.item_no
),

short as (
    select row_no, function_code, count(*) as lacking, string_agg(short_item, '、' order by item_no) as short_items
    from said
    group by row_no, function_code
),

wishes as (
    select a.row_no, a.function_code, string_agg(distinct i.short_label, '、' order by i.short_label) as wished
    from det_answers a
    join dict_items i on i.item_code = a.item_code
    where a.is_intention
    group by a.row_no, a.function_code
)

select row_no, function_code, s.lacking, s.short_items, w.wished
from short s
full join wishes w using (row_no, function_code)
