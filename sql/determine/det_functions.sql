-- 医療機関ごと・機能ごとの状態（判定規則と根拠のセルつき）
-- grain:  report_year, facility_id, function_code
-- needs:  ing_facilities, ing_answers, det_evidence, dict_items, dict_functions, dict_choices, rules
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
-- column: facility_type      text     医療機関種別
-- column: unit_code          text     抽出の市区町村・区コード
-- column: medical_area_code  text     二次医療圏コード
-- column: report_year        integer  報告年度
-- column: row_no             integer  行番号
with facilities as (select * from ing_facilities where is_latest),

stars as (select count(*) as needed from dict_items where requirement = 'star'),

tally as (
    select
        row_no, function_code,
        count(*) filter (where positive_literal) as positives,
        count(*) filter (where negative) as negatives,
        count(*) filter (where positive_core) as core_positives,
        bool_or(intention) as item_intention,
        string_agg(evidence, '、' order by item_code) filter (where positive_literal) as positive_cells,
        string_agg(evidence, '、' order by item_code) filter (where negative) as negative_cells,
        string_agg(evidence, '、' order by item_code) filter (where not is_answered) as blank_cells
    from det_evidence
    group by row_no, function_code
),

stated_intention as (
    select a.row_no, replace(a.item_code, 'oth_intent_', '') as function_code
    from ing_answers a
    join dict_items i on i.item_code = a.item_code
    join dict_choices c on c.choice_set = i.choice_set and c.choice_code = a.choice_code
    where a.item_code like 'oth_intent_%' and c.polarity = 'positive'
),

g1 as (
    select
        f.row_no,
        case
            when not f.is_reported then 'not_reported'
            when coalesce(t.positives, 0) = s.needed then 'g1_all_requirements'
            when coalesce(t.positives, 0) + coalesce(t.negatives, 0) < s.needed then 'g1_requirement_missing'
            else 'g1_requirement_negative'
        end as rule_code
    from facilities f
    cross join stars s
    left join tally t on t.row_no = f.row_no and t.function_code = 'g1'
),

ruled as (
    select
        f.*, d.function_code, t.core_positives, t.item_intention, t.positive_cells, t.negative_cells, t.blank_cells,
        case
            when d.function_code = 'g1' or g1.rule_code = 'not_reported' then g1.rule_code
            when g1.rule_code = 'g1_requirement_negative' then 'g2_gate'
            when g1.rule_code = 'g1_requirement_missing' then 'g2_gate_undetermined'
            when t.positives > 0 then 'g2_any_positive'
            when t.negatives > 0 then 'g2_all_negative'
            else 'g2_all_blank'
        end as rule_code,
        s.row_no is not null as stated,
        case d.function_code when 'g1' then auto_g1 when 'g2a' then auto_g2a when 'g2b' then auto_g2b
            when 'g2c' then auto_g2c else auto_g2d end as auto_code
    from facilities f
    cross join dict_functions d
    join g1 on g1.row_no = f.row_no
    left join tally t on t.row_no = f.row_no and t.function_code = d.function_code
    left join stated_intention s on s.row_no = f.row_no and s.function_code = d.function_code
),

judged as (
    select
        *,
        case
            when rule_code in ('g1_all_requirements', 'g2_any_positive') then 'yes'
            when rule_code in ('g1_requirement_negative', 'g2_all_negative') then 'no'
            when rule_code = 'g2_gate' then 'not_applicable'
            when rule_code = 'not_reported' then 'not_reported'
            else 'undetermined'
        end as status_literal,
        case auto_code when '1' then 'yes' when '0' then 'no' end as auto_status,
        coalesce(item_intention, false) as from_item
    from ruled
)

select
    facility_id, municipality_code, function_code, status_literal,
    -- the lenient items make a literal yes; without a core item it is no substantial supply
    case when status_literal = 'yes' and function_code <> 'g1' and core_positives = 0 then 'no' else status_literal end as status_core,
    concat_ws('：', r.label, case
        when status_literal = 'yes' then positive_cells
        when j.rule_code = 'g1_requirement_negative' then negative_cells
        when j.rule_code = 'g1_requirement_missing' then blank_cells
    end) as reason,
    j.rule_code,
    status_literal in ('no', 'not_applicable', 'undetermined') and (from_item or stated) as intention,
    case
        when status_literal not in ('no', 'not_applicable', 'undetermined') then null
        when from_item and stated then 'both' when from_item then 'item' when stated then 'other'
    end as intention_origin,
    auto_status,
    -- the system shows nothing for 2号 where 1号 is absent
    coalesce(auto_status <> status_literal and status_literal in ('yes', 'no'), false) as auto_differs,
    facility_type, unit_code, medical_area_code, report_year, row_no
from judged j
join rules r on r.rule_code = j.rule_code
