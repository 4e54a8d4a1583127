-- 判定に残る疑い：無回答、1号なしの2号の回答、自動判定・確認状況・意向との違い
-- grain:  row_no, finding_code, item_code
-- step:   for chk_findings
-- needs:  ing_facilities, ing_answers, chk_said, det_functions, dict_items, dict_functions
-- column: row_no        integer  行番号
-- column: facility_id   text     医療機関ID
-- column: finding_code  text     種類
-- column: item_code     text     報告事項コード
-- column: value         text     値
with stars as (
    select f.row_no, f.facility_id, 'star_unanswered' as finding_code, i.item_code, '無回答' as value
    from ing_facilities f
    join dict_items i on i.requirement = 'star'
    where f.is_latest and f.is_reported
        and not exists (select 1 from ing_answers a where a.row_no = f.row_no and a.item_code = i.item_code)
),

silent as (
    select row_no, facility_id, 'function_unanswered' as finding_code, function_code as item_code, '無回答' as value
    from det_functions
    where rule_code = 'g2_all_blank'
),

gated as (
    select a.row_no, d.facility_id, 'gated_answers' as finding_code, min(a.item_code) as item_code, count(*) || '項目' as value
    from ing_answers a
    join det_functions d on d.row_no = a.row_no and d.function_code = 'g1' and d.status_literal = 'no'
    join dict_items i on i.item_code = a.item_code and i.function_code in ('g2a', 'g2b', 'g2c', 'g2d')
    where a.state in ('answered', 'masked')
    group by a.row_no, d.facility_id
),

auto as (
    select
        row_no, facility_id, 'auto_differs' as finding_code, 'auto_' || function_code as item_code,
        '自動判定 ' || case auto_status when 'yes' then '有' else '無' end
            || '／回答からの判定 ' || case status_literal when 'yes' then '有' when 'no' then '無' else '判定できない' end as value
    from det_functions
    where auto_differs
),

intentions as (
    select s.row_no, s.facility_id, 'intention_though_held' as finding_code, s.item_code, s.said as value
    from chk_said s
    join det_functions d on d.row_no = s.row_no and s.item_code = 'oth_intent_' || d.function_code and d.status_literal = 'yes'
    where s.polarity = 'positive'
),

confirmations as (
    select
        f.row_no, f.facility_id, case f.confirmation when 'queried' then 'queried' else 'confirmed_not_determined' end as finding_code,
        'confirmation' as item_code,
        case f.confirmation when 'queried' then '照会中'
            else '確認済／判定できない：' || string_agg(n.short_label, '・' order by n.function_code)
                filter (where d.status_literal = 'undetermined') end as value
    from ing_facilities f
    join det_functions d on d.row_no = f.row_no
    join dict_functions n on n.function_code = d.function_code
    where f.is_latest and f.is_reported
    group by f.row_no, f.facility_id, f.confirmation
    having f.confirmation = 'queried' or f.confirmation = 'confirmed' and bool_or(d.status_literal = 'undetermined')
)

select row_no, facility_id, finding_code, item_code, value
from (
    from stars
    union all from silent
    union all from gated
    union all from auto
    union all from intentions
    union all from confirmations
)
