-- 該当まであと一歩の医療機関と、今後担う意向のある医療機関
-- grain:  facility_id, function_code
-- needs:  det_functions, det_answers, ing_answers, dict_items, dict_choices
-- column: facility_id        text     医療機関ID
-- column: municipality_code  text     市区町村コード
-- column: function_code      text     機能コード
-- column: status             text     状態
-- column: step               text     あと一歩の種類
-- column: short_items        text     足りない報告事項と回答
-- column: intention          boolean  今後担う意向
-- column: intention_origin   text     意向の出どころ
-- column: row_no             integer  行番号
with stars as (
    select
        d.row_no, i.item_code, i.item_no, coalesce(bool_or(a.is_positive), false) as met,
        any_value(i.short_label) || '＝' || coalesce(string_agg(coalesce(c.label, s.raw), '・' order by s.seq), '無回答') as said
    from det_functions d
    join dict_items i on i.requirement = 'star'
    left join det_answers a on a.row_no = d.row_no and a.item_code = i.item_code
    left join ing_answers s on s.row_no = a.row_no and s.item_code = a.item_code and s.seq = a.seq
    left join dict_choices c on c.choice_set = i.choice_set and c.choice_code = s.choice_code
    where d.function_code = 'g1' and d.status_literal in ('no', 'undetermined')
    group by d.row_no, i.item_code, i.item_no
),

short as (
    select row_no, count(*) filter (where not met) as lacking, string_agg(said, '、' order by item_no) filter (where not met) as short_items
    from stars
    group by row_no
),

-- 2号 answers that would count if 1号 were there, and the items that say an intention
waiting as (
    select
        a.row_no, a.function_code, count(*) filter (where a.is_positive and a.counts) as positives,
        string_agg(distinct i.short_label, '、' order by i.short_label) filter (where a.is_intention) as wished
    from det_answers a
    join dict_items i on i.item_code = a.item_code
    where a.function_code <> 'g1'
    group by a.row_no, a.function_code
),

stepped as (
    select
        d.*, s.short_items, w.wished,
        case
            when d.function_code = 'g1' and s.lacking = 1 then 'one_requirement'
            when d.function_code <> 'g1' and d.status_literal in ('not_applicable', 'undetermined') and s.lacking = 1 and w.positives > 0
                then 'behind_g1'
            when d.function_code <> 'g1' and d.status_literal = 'no' then 'any_item'
            when d.intention then 'intention'
        end as step
    from det_functions d
    left join short s on s.row_no = d.row_no
    left join waiting w on w.row_no = d.row_no and w.function_code = d.function_code
    where d.status_literal in ('no', 'not_applicable', 'undetermined')
)

select
    facility_id, municipality_code, function_code, status_literal as status, step,
    case when step in ('one_requirement', 'behind_g1') then short_items else wished end as short_items,
    intention, intention_origin, row_no
from stepped
where step is not null
