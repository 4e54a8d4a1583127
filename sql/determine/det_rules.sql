-- 医療機関ごと・機能ごとに当てはまる判定規則
-- grain:  row_no, function_code
-- step:   for det_functions
-- needs:  ing_facilities, ing_overrides, det_answers, det_unread, dict_items, dict_functions
-- column: row_no          integer  行番号
-- column: function_code   text     機能コード
-- column: rule_code       text     判定規則
-- column: positives       integer  報告どおりに数える回答
-- column: core_positives  integer  実質に数える回答
-- column: item_intention  boolean  2号の項目の意向
-- column: evidence        text     根拠のセル
with stars as (select count(*) as needed from dict_items where requirement = 'star'),

tally as (
    select
        row_no, function_code,
        count(*) filter (where is_positive and counts) as positives,
        count(*) filter (where is_positive and counts and counts_core) as core_positives,
        count(*) filter (where not is_positive) as negatives,
        bool_or(is_intention) as item_intention
    from det_answers
    group by row_no, function_code
),

requirements as (
    select
        row_no,
        count(distinct item_code) filter (where is_positive) as met,
        count(distinct item_code) filter (where is_positive is not null) as answered
    from det_answers
    where is_star
    group by row_no
),

g1 as (
    select
        f.row_no,
        case
            when not f.is_reported then 'not_reported'
            when coalesce(r.met, 0) = s.needed then 'g1_all_requirements'
            when coalesce(r.answered, 0) < s.needed then 'g1_requirement_missing'
            else 'g1_requirement_negative'
        end as rule_code
    from ing_facilities f
    cross join stars s
    left join requirements r on r.row_no = f.row_no where f.is_latest
),

-- an override of 1号 opens or shuts the gate of 2号
gate as (
    select
        g1.*,
        coalesce(o.status, case g1.rule_code when 'g1_requirement_negative' then 'no' when 'g1_requirement_missing' then 'undetermined' end) as status
    from g1
    join ing_facilities f on f.row_no = g1.row_no
    left join ing_overrides o on o.facility_id = f.facility_id and o.function_code = 'g1'
),

ruled as (
    select
        g1.row_no, d.function_code, t.positives, t.core_positives, t.item_intention, u.evidence as unread,
        case
            when d.function_code = 'g1' or g1.rule_code = 'not_reported' then g1.rule_code
            when g1.status = 'no' then 'g2_gate'
            when g1.status = 'undetermined' then 'g2_gate_undetermined'
            when t.positives > 0 then 'g2_any_positive'
            when u.row_no is not null then 'g2_unreadable'
            when t.negatives > 0 then 'g2_all_negative'
            else 'g2_all_blank'
        end as rule_code
    from gate as g1
    cross join dict_functions d
    left join tally t on t.row_no = g1.row_no and t.function_code = d.function_code
    left join det_unread u on u.row_no = g1.row_no and u.function_code = d.function_code
),

cells as (
    -- only the cells that decided are put into words, in the order of the columns
    select r.row_no, r.function_code, array_to_string(list_transform(list_sort(list({'place': a.place, 'evidence': a.evidence})), lambda x: x.evidence), '、') as evidence
    from ruled r
    join det_answers a on a.row_no = r.row_no and a.function_code = r.function_code
    where (r.rule_code in ('g1_all_requirements', 'g2_any_positive') and a.is_positive and a.counts)
        or (r.rule_code = 'g1_requirement_negative' and a.is_star and not a.is_positive)
    group by r.row_no, r.function_code
)

select
    r.row_no, r.function_code, r.rule_code, coalesce(r.positives, 0) as positives,
    coalesce(r.core_positives, 0) as core_positives, coalesce(r.item_intention, false) as item_intention,
    case when r.rule_code = 'g2_unreadable' then r.unread else c.evidence end as evidence
from ruled r
left join cells c on c.row_no = r.row_no and c.function_code = r.function_code
