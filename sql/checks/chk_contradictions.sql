-- 回答どうしの矛盾
-- grain:  row_no, finding_code, item_code
-- step:   for chk_findings
-- needs:  chk_said, rules
-- column: row_no        integer  行番号
-- column: facility_id   text     医療機関ID
-- column: finding_code  text     種類
-- column: item_code     text     報告事項コード
-- column: value         text     値
with none_and_others as (
    select
        row_no, facility_id, case item_code when 'g1_domains' then 'domains_contradiction' else 'diseases_contradiction' end as finding_code,
        item_code, string_agg(said, '・' order by seq) as value
    from chk_said
    where item_code in ('g1_domains', 'g1_diseases')
    group by row_no, facility_id, item_code
    -- of a list chk_said has only those with 「該当無し」
    having bool_or(polarity = 'positive')
),

linked as (
    select
        s.row_no, s.facility_id, s.item_code, s.said,
        case left(s.item_code, 3) when 'g2a' then 'after_hours_without_partner'
            when 'g2b' then 'linked_without_partner' else 'home_care_without_partner' end as finding_code,
        case left(s.item_code, 3) when 'g2a' then 'g2a_partner_names'
            when 'g2b' then 'g2b_backup_bed_partners' else 'g2c_partner_names' end as names_item
    from chk_said s
    where s.item_code in ('g2a_weekday_evening', 'g2a_weekday_night', 'g2a_holiday', 'g2b_backup_bed', 'g2c_coverage_system')
        and s.polarity = 'positive' and s.mode in ('linked', 'both', 'linked_visit', 'linked_phone', 'linked_24h')
),

partners as (
    -- one question for each missing list of names
    select l.row_no, l.facility_id, l.finding_code, min(l.item_code) as item_code, string_agg(distinct l.said, '・' order by l.said) as value
    from linked l
    where not exists (select 1 from chk_said p where p.row_no = l.row_no and p.item_code = l.names_item)
    group by l.row_no, l.facility_id, l.finding_code
),

too_many as (
    select row_no, facility_id, 'too_many_partners' as finding_code, item_code, count(*) || 'か所' as value
    from chk_said
    where item_code = 'g2b_backup_bed_partners'
    group by row_no, facility_id, item_code
    having count(*) > (select value from rules where rule_code = 'backup_partners_max')
),

patients as (
    select p.row_no, p.facility_id, 'patients_without_home_visit' as finding_code, p.item_code, p.said as value
    from chk_said p
    join chk_said v on v.row_no = p.row_no and v.item_code = 'g2c_home_visit' and v.polarity = 'negative'
    where p.item_code = 'g2c_managed_patients' and p.polarity = 'positive'
),

numbers as (
    -- a number of people that the answer before it asks for, or excludes
    select
        y.row_no, y.facility_id, n.said as number_said, y.item_code as asked_item, y.polarity, n.item_code,
        coalesce(n.value_high, 0) as people
    from chk_said y
    left join chk_said n on n.row_no = y.row_no and n.state <> 'unreadable'
        and n.item_code = case y.item_code when 'g1_gp_specialist' then 'g1_gp_specialist_fte' else 'g1_training_completed_n' end
    where y.item_code in ('g1_gp_specialist', 'g1_training_completed') and y.seq = 0
),

people as (
    select
        row_no, facility_id,
        case when polarity = 'negative' then 'fte_without_specialist'
            when asked_item = 'g1_gp_specialist' then 'specialist_without_fte' else 'training_without_number' end as finding_code,
        case when polarity = 'negative' then item_code else asked_item end as item_code,
        coalesce(number_said, '人数は空欄') as value
    from numbers
    where polarity = 'positive' and people = 0 or polarity = 'negative' and people > 0 and asked_item = 'g1_gp_specialist'
)

select row_no, facility_id, finding_code, item_code, value
from (
    from none_and_others
    union all from partners
    union all from too_many
    union all from patients
    union all from people
)
