-- 1号機能のある医療機関ごとの在宅医療：患者数、24時間対応、後方支援病床、看取り、意向
-- step:   for agg_home_care
-- grain:  facility_id
-- needs:  ing_answers, det_functions, dict_items, dict_choices, agg_managed_patients, rules
-- check:  not (visits_home and intends)
-- column: facility_id      text     医療機関ID
-- column: visits_home      boolean  訪問診療を行う
-- column: visits_unknown   boolean  訪問診療が無回答
-- column: intends          boolean  訪問診療の意向
-- column: is_24h           boolean  24時間対応
-- column: is_24h_unknown   boolean  体制が無回答
-- column: is_backed        boolean  後方支援病床を確保（無回答は空）
-- column: patients_low     integer  在宅患者数の下限              人
-- column: patients_high    integer  在宅患者数の上限              人
-- column: is_open_top      boolean  上限のない階級
-- column: visits_masked    boolean  訪問診療の算定回数が秘匿
-- column: visits_low       integer  訪問診療の算定回数の下限      回/年
-- column: visits_high      integer  訪問診療の算定回数の上限      回/年
-- column: deaths_masked    boolean  看取りの算定回数が秘匿
-- column: deaths_low       integer  看取りの算定回数の下限        回/年
-- column: deaths_high      integer  看取りの算定回数の上限        回/年
-- column: brings_low       integer  意向が実現したときの下限      人
-- column: brings_high      integer  意向が実現したときの上限      人
with facilities as (
    select g.row_no, g.facility_id, g.medical_area_code, left(coalesce(g.municipality_code, g.medical_area_code, ''), 2) as prefecture_code,
        -- among the functions to be taken up, which is asked where 2号ハ is not there
        coalesce(c.intention and c.intention_origin in ('other', 'both'), false) as intends_function
    from det_functions g
    left join det_functions c on c.facility_id = g.facility_id and c.function_code = 'g2c'
    where g.function_code = 'g1' and g.status_literal = 'yes'
),

answers as (
    select a.row_no,
        bool_or(c.polarity = 'positive') filter (where a.item_code = 'g2c_home_visit') as visits_home,
        bool_or(c.intention = 1) filter (where a.item_code = 'g2c_home_visit') as intends_item,
        bool_or(c.mode in ('own_24h', 'linked_24h')) filter (where a.item_code = 'g2c_coverage_system' and c.mode is not null) as is_24h,
        bool_or(c.polarity = 'positive') filter (where a.item_code = 'g2b_backup_bed') as is_backed,
        bool_or(a.state = 'masked') filter (where a.item_code = 'g2c_fee_home_visit') as visits_masked,
        sum(cast(a.value_low as bigint)) filter (where a.item_code = 'g2c_fee_home_visit') as visits_low,
        sum(cast(a.value_high as bigint)) filter (where a.item_code = 'g2c_fee_home_visit') as visits_high,
        bool_or(a.state = 'masked') filter (where a.item_code = 'g2c_fee_end_of_life') as deaths_masked,
        sum(cast(a.value_low as bigint)) filter (where a.item_code = 'g2c_fee_end_of_life') as deaths_low,
        sum(cast(a.value_high as bigint)) filter (where a.item_code = 'g2c_fee_end_of_life') as deaths_high
    from ing_answers a
    join dict_items i on i.item_code = a.item_code
    left join dict_choices c on c.choice_set = i.choice_set and c.choice_code = a.choice_code
    where a.item_code in ('g2c_home_visit', 'g2c_coverage_system', 'g2c_fee_home_visit', 'g2c_fee_end_of_life', 'g2b_backup_bed')
    group by a.row_no
),

middle as (
    -- the upper end of the band in the middle: of the area, else of the prefecture
    select f.prefecture_code, f.medical_area_code, grouping(f.medical_area_code) = 1 as is_whole, quantile_disc(p.patients_high, 0.5) as patients_high
    from facilities f
    join agg_managed_patients p on p.facility_id = f.facility_id
    group by grouping sets ((f.prefecture_code, f.medical_area_code), (f.prefecture_code))
),

least_band as (select value from rules where rule_code = 'intention_patients_low')

select
    f.facility_id,
    coalesce(a.visits_home, false) as visits_home,
    a.visits_home is null as visits_unknown,
    -- an intention stands in the item itself, or among the functions to be taken up
    not coalesce(a.visits_home, false) and (coalesce(a.intends_item, false) or f.intends_function) as intends,
    coalesce(a.is_24h, false) as is_24h,
    a.is_24h is null as is_24h_unknown,
    a.is_backed,
    p.patients_low, p.patients_high, p.is_open_top,
    coalesce(a.visits_masked, false) as visits_masked, a.visits_low, a.visits_high,
    coalesce(a.deaths_masked, false) as deaths_masked, a.deaths_low, a.deaths_high,
    case when intends then cast(l.value as bigint) end as brings_low,
    case when intends then coalesce(area.patients_high, whole.patients_high, cast(l.value as bigint)) end as brings_high
from facilities f
cross join least_band l
left join answers a on a.row_no = f.row_no
left join agg_managed_patients p on p.facility_id = f.facility_id
left join middle area on not area.is_whole and area.medical_area_code = f.medical_area_code
left join middle whole on whole.is_whole and whole.prefecture_code = f.prefecture_code
