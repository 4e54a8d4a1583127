-- 回答と、診療報酬の算定・医療機関の種別との食い違い
-- grain:  row_no, finding_code, item_code
-- step:   for chk_findings
-- needs:  chk_said, det_functions, dict_choices
-- column: row_no        integer  行番号
-- column: facility_id   text     医療機関ID
-- column: finding_code  text     種類
-- column: item_code     text     報告事項コード
-- column: value         text     値
with home_visits as (
    -- a masked count is one or more, never zero
    select
        v.row_no, v.facility_id,
        case v.polarity when 'positive' then 'home_visit_without_claims' else 'claims_without_home_visit' end as finding_code,
        c.item_code, c.said as value
    from chk_said v
    join chk_said c on c.row_no = v.row_no and c.item_code = 'g2c_fee_home_visit'
    where v.item_code = 'g2c_home_visit'
        and (v.polarity = 'positive' and c.value_high = 0 or v.polarity = 'negative' and c.value_low >= 1)
),

types as (
    select
        row_no, facility_id,
        case
            when facility_type in ('hospital', 'special_hospital') and item_code = 'g2a_fee_ah_system' and polarity = 'positive'
                then 'hospital_after_hours_fee'
            when facility_type in ('hospital', 'special_hospital') and item_code = 'g2a_fee_early' and value_low >= 1 then 'hospital_early_fee'
            when facility_type = 'clinic' and item_code = 'g2b_fee_admission_support' and value_low >= 1 then 'bedless_admission_support'
            when facility_type = 'clinic' and item_code = 'g2b_backup_bed' and polarity = 'positive' and mode in ('own', 'both')
                then 'bedless_own_backup'
        end as finding_code,
        item_code, said as value
    from chk_said
    where item_code in ('g2a_fee_ah_system', 'g2a_fee_early', 'g2b_fee_admission_support', 'g2b_backup_bed')
),

scope as (
    select d.row_no, d.facility_id, 'out_of_scope' as finding_code, 'facility_type' as item_code, c.label as value
    from det_functions d
    join dict_choices c on c.choice_set = 'facility_type' and c.mode = d.facility_type
    where d.function_code = 'g1' and d.status_literal = 'yes' and d.facility_type in ('special_hospital', 'dental_clinic')
)

select row_no, facility_id, finding_code, item_code, value
from (
    from home_visits
    union all from (from types where finding_code is not null)
    union all from scope
)
