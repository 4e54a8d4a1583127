-- 後方支援病床の連携先ごとの、頼っている医療機関と在宅患者（連携先の名称は表記をそろえて数える）
-- grain:  partner_name
-- needs:  ing_answers, det_functions, agg_managed_patients
-- check:  patients_low <= patients_high
-- column: partner_name   text     連携先の名称
-- column: facilities     integer  頼っている医療機関          施設
-- column: only_partner   integer  ほかに連携先のない医療機関  施設
-- column: patients_low   integer  頼っている在宅患者の下限    人
-- column: patients_high  integer  頼っている在宅患者の上限    人
with facilities as (select row_no, facility_id from det_functions where function_code = 'g1' and status_literal = 'yes'),

links as (
    select distinct f.facility_id, f.row_no, regexp_replace(nfc_normalize(a.raw), '[\s　]', '', 'g') as partner_name
    from ing_answers a
    join facilities f on f.row_no = a.row_no
    where a.item_code = 'g2b_backup_bed_partners'
),

partners as (select facility_id, count(*) as n from links group by facility_id)

select
    l.partner_name,
    count(*) as facilities,
    count(*) filter (where n.n = 1) as only_partner,
    coalesce(sum(p.patients_low), 0) as patients_low,
    coalesce(sum(p.patients_high), 0) as patients_high
from links l
join partners n on n.facility_id = l.facility_id
left join agg_managed_patients p on p.facility_id = l.facility_id
group by l.partner_name
