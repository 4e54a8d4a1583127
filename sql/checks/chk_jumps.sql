-- 前の年度からの、ありそうにない大きな変化（区域・報告事項の合計と、IDが続く医療機関）
-- grain:  level, code, item_code, measure
-- needs:  chk_totals, ing_facilities, ing_answers, prev_facilities, prev_answers, dict_items, rules
-- column: level        text     段階
-- column: code         text     区域コード又は医療機関ID
-- column: item_code    text     報告事項コード
-- column: label        text     報告事項
-- column: measure      text     何の数か
-- column: before_low   integer  前の年度の下限
-- column: before_high  integer  前の年度の上限
-- column: after_low    integer  この年度の下限
-- column: after_high   integer  この年度の上限
-- column: reported_before  integer  前の年度に報告した医療機関  施設
-- column: reported_after   integer  この年度に報告した医療機関  施設
with limits as (select max(value) filter (where rule_code = 'jump_area_ratio') as area_ratio,
    max(value) filter (where rule_code = 'jump_facility_ratio') as facility_ratio,
    max(value) filter (where rule_code = 'jump_min_facilities') as min_facilities,
    max(value) filter (where rule_code = 'jump_min_count') as min_count,
    max(value) filter (where rule_code = 'stable_id_share') as stable_share from rules),

areas as (
    select n.level, n.area_code as code, n.item_code, 'facilities' as measure, p.facilities as before_low, p.facilities as before_high,
        n.facilities as after_low, n.facilities as after_high, p.reported as reported_before, n.reported as reported_after
    from chk_totals n
    join chk_totals p on not p.this_year and p.level = n.level and p.area_code = n.area_code and p.item_code = n.item_code
    where n.this_year
    union all
    select n.level, n.area_code, n.item_code, 'count', p.low, p.high, n.low, n.high, p.reported, n.reported
    from chk_totals n
    join chk_totals p on not p.this_year and p.level = n.level and p.area_code = n.area_code and p.item_code = n.item_code
    where n.this_year and n.low is not null and p.low is not null
),

-- IDs are compared only where most of them go on from year to year
same_ids as (
    select n.row_no as row_after, p.row_no as row_before, n.facility_id
    from ing_facilities n
    join prev_facilities p on p.facility_id = n.facility_id and p.is_latest and p.is_reported
    where n.is_latest and n.is_reported
),

stable as (
    select (select count(*) from same_ids) >= stable_share * (select count(*) from ing_facilities where is_latest and is_reported) as yes from limits
),

facilities as (
    select 'facility' as level, s.facility_id as code, a.item_code, 'count' as measure, cast(b.value_low as bigint) as before_low,
        cast(b.value_high as bigint) as before_high, cast(a.value_low as bigint) as after_low, cast(a.value_high as bigint) as after_high,
        null as reported_before, null as reported_after
    from same_ids s
    join ing_answers a on a.row_no = s.row_after and a.value_low is not null
    join prev_answers b on b.row_no = s.row_before and b.item_code = a.item_code and b.value_low is not null
    join dict_items i on i.item_code = a.item_code and i.value_type = 'count'
    where (select yes from stable)
),

weighed as (
    select *, case level when 'facility' then facility_ratio else area_ratio end as ratio,
        case measure when 'facilities' then min_facilities else min_count end as least
    from (from areas union all from facilities)
    cross join limits
)

-- only what is certain whatever the masked counts are
select w.level, w.code, w.item_code, i.short_label as label, w.measure, w.before_low, w.before_high, w.after_low, w.after_high,
    w.reported_before, w.reported_after
from weighed w
join dict_items i on i.item_code = w.item_code
where (after_low >= ratio * before_high and after_low - before_high >= least) or (before_low >= ratio * after_high and before_low - after_high >= least)
