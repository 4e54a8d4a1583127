-- 判定差分：回答からの判定と、G-MIS の自動判定・確認状況との違い
-- grain:  facility_id, function_code, against
-- needs:  ing_facilities, det_functions, chk_findings, finding_rules, dict_items
-- column: facility_id        text     医療機関ID
-- column: municipality_code  text     市区町村コード
-- column: function_code      text     機能コード
-- column: against            text     比べる相手
-- column: ours               text     回答からの判定
-- column: theirs             text     相手の判定
-- column: reason             text     回答からの判定の理由
-- column: doubts             text     指摘
-- column: row_no             integer  行番号
with doubts as (
    -- what the checks say about the items of a function
    select
        c.row_no, coalesce(nullif(i.function_code, 'base'), 'g1') as function_code,
        string_agg(distinct r.what, '／' order by r.what) as doubts,
        bool_or(r.severity = 'must_fix') as must_fix
    from chk_findings c
    join finding_rules r on r.finding_code = c.finding_code and r.question is not null
    left join dict_items i on i.item_code = c.item_code
    group by c.row_no, coalesce(nullif(i.function_code, 'base'), 'g1')
),

compared as (
    select d.*, f.confirmation, n.doubts, coalesce(n.must_fix, false) as must_fix
    from det_functions d
    join ing_facilities f on f.row_no = d.row_no
    left join doubts n on n.row_no = d.row_no and n.function_code = d.function_code
)

select facility_id, municipality_code, function_code, against, ours, theirs, reason, doubts, row_no
from (
    select *, 'auto' as against, status_literal as ours, auto_status as theirs
    from compared
    where auto_differs
    union all
    -- confirmed, although a function cannot be judged or an answer of it must be mended
    select *, 'confirmation', status_literal, confirmation
    from compared
    where confirmation = 'confirmed' and (status_literal = 'undetermined' or must_fix and status_literal in ('yes', 'no'))
    union all
    -- queried in the system: our doubts, or none
    select *, 'confirmation', status_literal, confirmation
    from compared
    where confirmation = 'queried' and (doubts is not null or auto_differs or function_code = 'g1')
)
