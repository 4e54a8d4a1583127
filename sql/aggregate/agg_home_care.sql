-- 在宅医療の供給：階級による患者数、算定回数からの見積り、24時間、看取り、後方支援病床のない患者、意向
-- grain:  level, area_code
-- needs:  agg_home_care_facilities, agg_facility_areas, agg_status, rules
-- check:  patients_low <= patients_high
-- check:  unbacked_low <= unbacked_high and unbacked_high <= patients_high
-- check:  visiting <= visiting_high and round_the_clock <= round_the_clock_high and dying <= dying_high
-- column: level                 text     区域の段階
-- column: area_code             text     区域コード
-- column: banded                integer  患者数を答えた医療機関数        施設
-- column: open_top              integer  上限のない階級の医療機関数      施設
-- column: patients_low          integer  在宅患者数の下限                人
-- column: patients_high         integer  在宅患者数の上限                人
-- column: unbacked_low          integer  後方支援病床のない患者の下限    人
-- column: unbacked_high         integer  後方支援病床のない患者の上限    人
-- column: visiting              integer  訪問診療を行う医療機関          施設
-- column: visiting_high         integer  訪問診療を行う医療機関の上限    施設
-- column: round_the_clock       integer  24時間対応の医療機関数          施設
-- column: round_the_clock_high  integer  24時間対応の医療機関数の上限    施設
-- column: visiting_24h          integer  訪問診療を行い24時間対応        施設
-- column: visiting_24h_unknown  integer  訪問診療を行い体制が無回答      施設
-- column: visited               integer  訪問診療の算定がある医療機関    施設
-- column: visited_few           boolean  訪問診療の算定がある医療機関が少ない（値を出さない）
-- column: visits_masked         integer  訪問診療が秘匿の医療機関数      施設
-- column: visits_low            integer  訪問診療の算定回数の下限        回/年
-- column: visits_high           integer  訪問診療の算定回数の上限        回/年
-- column: dying                 integer  看取りの実績がある医療機関      施設
-- column: dying_few             boolean  看取りの実績がある医療機関が少ない（値を出さない）
-- column: dying_high            integer  看取りの実績がある医療機関の上限  施設
-- column: deaths_masked         integer  看取りが秘匿の医療機関数        施設
-- column: deaths_low            integer  看取りの算定回数の下限          回/年
-- column: deaths_high           integer  看取りの算定回数の上限          回/年
-- column: intending             integer  訪問診療の意向がある医療機関    施設
-- column: brings_low            integer  意向が実現したときの下限        人
-- column: brings_high           integer  意向が実現したときの上限        人
with few as (select value from rules where rule_code = 'few_facilities')

select
    s.level, s.area_code,
    count(b.patients_low) as banded,
    count(*) filter (where b.is_open_top) as open_top,
    coalesce(sum(b.patients_low), 0) as patients_low,
    coalesce(sum(b.patients_high), 0) as patients_high,
    -- without an answer on beds the patients may or may not be backed
    coalesce(sum(b.patients_low) filter (where not b.is_backed), 0) as unbacked_low,
    coalesce(sum(b.patients_high) filter (where b.is_backed is not true), 0) as unbacked_high,
    count(*) filter (where b.visits_home) as visiting,
    count(*) filter (where b.visits_home or b.visits_unknown) + any_value(s.silent) as visiting_high,
    count(*) filter (where b.is_24h) as round_the_clock,
    -- who makes no home visits is not asked for the way of covering the day
    count(*) filter (where b.is_24h or (b.is_24h_unknown and (b.visits_home or b.visits_unknown))) + any_value(s.silent) as round_the_clock_high,
    count(*) filter (where b.visits_home and b.is_24h) as visiting_24h,
    count(*) filter (where b.visits_home and b.is_24h_unknown) as visiting_24h_unknown,
    count(*) filter (where b.visits_low >= 1) as visited,
    visited > 0 and visited < any_value(few.value) as visited_few,
    count(*) filter (where b.visits_masked) as visits_masked,
    coalesce(sum(b.visits_low), 0) as visits_low,
    coalesce(sum(b.visits_high), 0) as visits_high,
    count(*) filter (where b.deaths_low >= 1) as dying,
    dying > 0 and dying < any_value(few.value) as dying_few,
    count(*) filter (where b.deaths_low >= 1 or (b.facility_id is not null and b.deaths_low is null)) + any_value(s.silent) as dying_high,
    count(*) filter (where b.deaths_masked) as deaths_masked,
    coalesce(sum(b.deaths_low), 0) as deaths_low,
    coalesce(sum(b.deaths_high), 0) as deaths_high,
    count(*) filter (where b.intends) as intending,
    coalesce(sum(b.brings_low), 0) as brings_low,
    coalesce(sum(b.brings_high), 0) as brings_high
from agg_status s
cross join few
left join agg_facility_areas m on m.level = s.level and m.area_code = s.area_code
left join agg_home_care_facilities b on b.facility_id = m.facility_id
where s.function_code = 'g1'
group by s.level, s.area_code
