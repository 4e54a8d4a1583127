-- 在宅医療の供給：階級による患者数、算定回数からの見積り、24時間、後方支援病床のない患者
-- grain:  level, area_code
-- needs:  ing_answers, det_functions, agg_facility_areas, agg_managed_patients, ref_areas, dict_items, dict_choices
-- check:  patients_low <= patients_high
-- check:  unbacked_low <= unbacked_high and unbacked_high <= patients_high
-- column: level           text     区域の段階
-- column: area_code       text     区域コード
-- column: banded          integer  患者数を答えた医療機関数        施設
-- column: open_top        integer  上限のない階級の医療機関数      施設
-- column: patients_low    integer  在宅患者数の下限                人
-- column: patients_high   integer  在宅患者数の上限                人
-- column: unbacked_low    integer  後方支援病床のない患者の下限    人
-- column: unbacked_high   integer  後方支援病床のない患者の上限    人
-- column: round_the_clock integer  24時間対応の医療機関数          施設
-- column: visits_masked   integer  訪問診療が秘匿の医療機関数      施設
-- column: visits_low      integer  訪問診療の算定回数の下限        回/年
-- column: visits_high     integer  訪問診療の算定回数の上限        回/年
with facilities as (select row_no, facility_id from det_functions where function_code = 'g1' and status_literal = 'yes'),

answers as (
    select f.facility_id, a.item_code, a.state, a.value_low, a.value_high, c.polarity, c.mode
    from ing_answers a
    join facilities f on f.row_no = a.row_no
    join dict_items i on i.item_code = a.item_code
    left join dict_choices c on c.choice_set = i.choice_set and c.choice_code = a.choice_code
    where a.item_code in ('g2c_coverage_system', 'g2c_fee_home_visit', 'g2b_backup_bed')
),

by_facility as (
    select
        facility_id,
        bool_or(polarity = 'positive') filter (where item_code = 'g2b_backup_bed') as is_backed,
        bool_or(mode in ('own_24h', 'linked_24h')) filter (where item_code = 'g2c_coverage_system') as is_24h,
        bool_or(state = 'masked') filter (where item_code = 'g2c_fee_home_visit') as is_masked,
        sum(cast(value_low as bigint)) filter (where item_code = 'g2c_fee_home_visit') as visits_low,
        sum(cast(value_high as bigint)) filter (where item_code = 'g2c_fee_home_visit') as visits_high
    from answers
    group by facility_id
)

select
    r.level, r.area_code,
    count(p.facility_id) as banded,
    count(*) filter (where p.is_open_top) as open_top,
    coalesce(sum(p.patients_low), 0) as patients_low,
    coalesce(sum(p.patients_high), 0) as patients_high,
    -- without an answer on beds the patients may or may not be backed
    coalesce(sum(p.patients_low) filter (where not b.is_backed), 0) as unbacked_low,
    coalesce(sum(p.patients_high) filter (where b.is_backed is not true), 0) as unbacked_high,
    count(*) filter (where b.is_24h) as round_the_clock,
    count(*) filter (where b.is_masked) as visits_masked,
    coalesce(sum(b.visits_low), 0) as visits_low,
    coalesce(sum(b.visits_high), 0) as visits_high
from ref_areas r
left join agg_facility_areas m on m.level = r.level and m.area_code = r.area_code
left join by_facility b on b.facility_id = m.facility_id
left join agg_managed_patients p on p.facility_id = m.facility_id
group by r.level, r.area_code
