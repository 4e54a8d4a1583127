-- 回答どうしの矛盾と、自動判定との違い（疑義照会の候補）
-- grain:  row_no, finding_code, item_code
-- needs:  ing_facilities, ing_answers, det_functions, dict_items, dict_choices
-- column: row_no        integer  行番号
-- column: facility_id   text     医療機関ID
-- column: finding_code  text     種類
-- column: item_code     text     報告事項コード
-- column: value         text     値
with latest as (select row_no, facility_id from ing_facilities where is_latest and is_reported),

answers as (
    select a.row_no, f.facility_id, a.item_code, a.choice_code, c.label, c.polarity, c.mode
    from ing_answers a
    join latest f on f.row_no = a.row_no
    join dict_items i on i.item_code = a.item_code
    left join dict_choices c on c.choice_set = i.choice_set and c.choice_code = a.choice_code
    where a.item_code in ('g1_domains', 'g2b_backup_bed', 'g2b_backup_bed_partners', 'g2c_home_visit', 'g2c_managed_patients')
),

domains as (
    select row_no, facility_id, 'domains_contradiction' as finding_code, 'g1_domains' as item_code, string_agg(label, '・') as value
    from answers
    where item_code = 'g1_domains'
    group by row_no, facility_id
    having bool_or(polarity = 'negative') and bool_or(polarity = 'positive')
),

partners as (
    select a.row_no, a.facility_id, 'linked_without_partner', a.item_code, a.label
    from answers a
    where a.item_code = 'g2b_backup_bed' and a.polarity = 'positive' and a.mode in ('linked', 'both')
        and not exists (select 1 from answers p where p.row_no = a.row_no and p.item_code = 'g2b_backup_bed_partners')
),

patients as (
    select p.row_no, p.facility_id, 'patients_without_home_visit', p.item_code, p.label
    from answers p
    join answers v on v.row_no = p.row_no and v.item_code = 'g2c_home_visit' and v.polarity = 'negative'
    where p.item_code = 'g2c_managed_patients' and p.choice_code is not null
),

gated as (
    select a.row_no, d.facility_id, 'gated_answers', min(a.item_code), count(*) || '項目'
    from ing_answers a
    join det_functions d on d.row_no = a.row_no and d.function_code = 'g1' and d.status_literal = 'no'
    join dict_items i on i.item_code = a.item_code and i.function_code in ('g2a', 'g2b', 'g2c', 'g2d')
    where a.state in ('answered', 'masked')
    group by a.row_no, d.facility_id
),

auto as (
    select row_no, facility_id, 'auto_differs', 'auto_' || function_code,
        '自動判定 ' || case auto_status when 'yes' then '有' else '無' end || '／回答からの判定 ' || case status_literal when 'yes' then '有' when 'no' then '無' else '判定できない' end
    from det_functions
    where auto_differs
)

select row_no, facility_id, finding_code, item_code, value
from (
    from domains
    union all from partners
    union all from patients
    union all from gated
    union all from auto
)
