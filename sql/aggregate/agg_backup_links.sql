-- 後方支援病床の連携：どの医療機関がどの連携先に頼っているか（連携先の名称は表記をそろえる）
-- grain:  level, area_code, facility_id, partner_name
-- needs:  ing_answers, det_functions, agg_facility_areas
-- column: level         text  区域の段階
-- column: area_code     text  区域コード
-- column: facility_id   text  医療機関ID
-- column: partner_name  text  連携先の名称
select distinct m.level, m.area_code, f.facility_id, regexp_replace(nfc_normalize(a.raw), '[\s　]', '', 'g') as partner_name
from ing_answers a
join det_functions f on f.row_no = a.row_no and f.function_code = 'g1' and f.status_literal = 'yes'
join agg_facility_areas m on m.facility_id = f.facility_id
where a.item_code = 'g2b_backup_bed_partners'
