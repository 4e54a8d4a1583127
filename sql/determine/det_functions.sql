-- 医療機関ごと・機能ごとの状態（判定規則と根拠のセルつき）
-- grain:  report_year, facility_id, function_code
-- needs:  ing_facilities, ing_answers, ing_overrides, det_rules, dict_items, dict_choices, rules, rule_statuses
-- check:  status_literal is not null and reason <> ''
-- check:  status_literal in ('yes', 'no', 'not_applicable', 'undetermined', 'not_reported')
-- check:  status_core <> 'yes' or status_literal = 'yes'
-- column: facility_id        text     医療機関ID
-- column: municipality_code  text     市区町村コード
-- column: function_code      text     機能コード
-- column: status_literal     text     状態（報告どおり）
-- column: status_core        text     状態（実質）
-- column: reason             text     判定の理由
-- column: rule_code          text     判定規則
-- column: intention          boolean  今後担う意向
-- column: intention_origin   text     意向の出どころ
-- column: auto_status        text     G-MIS自動判定
-- column: auto_differs       boolean  自動判定との違い
-- column: status_before_override  text  上書きの前の状態
-- column: override_reason    text     上書きの理由
-- column: override_date      text     上書きの日
-- column: override_by        text     上書きの担当
-- column: facility_type      text     医療機関種別
-- column: unit_code          text     抽出の市区町村・区コード
-- column: medical_area_code  text     二次医療圏コード
-- column: report_year        integer  報告年度
-- column: row_no             integer  行番号
with stated_intention as (
    select distinct a.row_no, replace(a.item_code, 'oth_intent_', '') as function_code
    from ing_answers a
    join dict_items i on i.item_code = a.item_code and i.function_code = 'other' and i.intention_scope = 'function'
    join dict_choices c on c.choice_set = i.choice_set and c.choice_code = a.choice_code
    where c.polarity = 'positive'
),

judged as (
    select
        f.*, r.function_code, r.rule_code, r.core_positives, r.item_intention, r.evidence,
        t.status_literal as status_by_rule,
        -- no override without a report, nor past the gate
        r.rule_code not in ('not_reported', 'g2_gate', 'g2_gate_undetermined') and o.status is not null as is_overridden,
        o.reason as override_reason, o.decided_on, o.initials,
        case when is_overridden then o.status else status_by_rule end as status_literal,
        status_literal not in ('yes', 'not_reported') as may_intend,
        s.row_no is not null as stated,
        case r.function_code when 'g1' then auto_g1 when 'g2a' then auto_g2a when 'g2b' then auto_g2b
            when 'g2c' then auto_g2c else auto_g2d end as auto_code
    from ing_facilities f
    join det_rules r on r.row_no = f.row_no
    -- a rule without its row is an error (see the check), never a facility less
    left join rule_statuses t on t.rule_code = r.rule_code
    left join stated_intention s on s.row_no = f.row_no and s.function_code = r.function_code
    left join ing_overrides o on o.facility_id = f.facility_id and o.function_code = r.function_code
)

select
    facility_id, municipality_code, function_code, status_literal,
    -- the lenient items make a literal yes; without a core item it is no substantial supply
    case when status_literal = 'yes' and function_code <> 'g1' and core_positives = 0 and not is_overridden then 'no'
        else status_literal end as status_core,
    coalesce(r.label || coalesce('：' || case when is_overridden then override_reason else evidence end, ''), '') as reason,
    coalesce(r.rule_code, j.rule_code) as rule_code,
    may_intend and (item_intention or stated) as intention,
    case when not may_intend then null
        when item_intention and stated then 'both' when item_intention then 'item' when stated then 'other' end as intention_origin,
    case auto_code when '1' then 'yes' when '0' then 'no' end as auto_status,
    -- the system shows nothing for 2号 where 1号 is absent
    coalesce(auto_status <> status_literal and status_literal in ('yes', 'no', 'undetermined'), false) as auto_differs,
    case when is_overridden then status_by_rule end as status_before_override,
    case when is_overridden then override_reason end as override_reason,
    case when is_overridden then decided_on end as override_date,
    case when is_overridden then initials end as override_by,
    facility_type, unit_code, medical_area_code, report_year, row_no
from judged j
left join rules r on r.rule_code = case when is_overridden then 'override' else j.rule_code end
