-- 該当まであと一歩の医療機関と、今後担う意向のある医療機関
-- grain:  facility_id, function_code
-- needs:  det_functions, det_rules, det_near
-- column: facility_id        text     医療機関ID
-- column: municipality_code  text     市区町村コード
-- column: function_code      text     機能コード
-- column: status             text     状態
-- column: step               text     あと一歩の種類
-- column: short_items        text     足りない報告事項と回答
-- column: intention          boolean  今後担う意向
-- column: intention_origin   text     意向の出どころ
-- column: row_no             integer  行番号
with stepped as (
    select
        d.*, s.short_items, n.wished,
        case
            when d.function_code = 'g1' and s.lacking = 1 then 'one_requirement'
            when d.function_code <> 'g1' and d.status_literal in ('not_applicable', 'undetermined') and s.lacking = 1 and r.positives > 0
                then 'behind_g1'
            when d.function_code <> 'g1' and d.status_literal = 'no' then 'any_item'
            when d.intention then 'intention'
        end as step
    from det_functions d
    left join det_near s on s.row_no = d.row_no and s.function_code = 'g1'
    -- 2号 answers that would count if 1号 were there
    join det_rules r on r.row_no = d.row_no and r.function_code = d.function_code
    left join det_near n on n.row_no = d.row_no and n.function_code = d.function_code
    where d.status_literal in ('no', 'not_applicable', 'undetermined')
)

select
    facility_id, municipality_code, function_code, status_literal as status, step,
    case when step in ('one_requirement', 'behind_g1') then short_items else wished end as short_items,
    intention, intention_origin, row_no
from stepped
where step is not null
