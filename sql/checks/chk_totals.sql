-- 区域・報告事項ごとの合計：この年度と前の年度（大きな変化をさがすもと）
-- grain:  this_year, level, area_code, item_code
-- step:   for chk_jumps
-- needs:  ing_facilities, ing_answers, prev_facilities, prev_answers, dict_items, dict_choices, ref_areas
-- column: this_year   boolean  この年度
-- column: level       text     区域の段階
-- column: area_code   text     区域コード
-- column: item_code   text     報告事項コード
-- column: facilities  integer  実施・実績のある医療機関  施設
-- column: reported    integer  報告した医療機関          施設
-- column: low         integer  件数の下限                回
-- column: high        integer  件数の上限                回
with reports as (
    select true as this_year, row_no, municipality_code from ing_facilities where is_latest and is_reported
    union all
    select false, row_no, municipality_code from prev_facilities where is_latest and is_reported
),

answers as (
    -- a jump needs both years
    select true as this_year, row_no, item_code, choice_code, value_low, value_high
    from ing_answers
    semi join prev_answers using (item_code)
    union all
    select false, row_no, item_code, choice_code, value_low, value_high from prev_answers
),

counted as (
    -- by municipality: each report is in one, or in none that is known
    select
        p.this_year, p.municipality_code, a.item_code,
        count(distinct p.row_no) filter (where c.polarity = 'positive' or a.value_low >= 1) as facilities,
        sum(cast(a.value_low as bigint)) as low, sum(cast(a.value_high as bigint)) as high
    from reports p
    join answers a on a.this_year = p.this_year and a.row_no = p.row_no
    join dict_items i on i.item_code = a.item_code and i.requirement is not null
    left join dict_choices c on c.choice_set = i.choice_set and c.choice_code = a.choice_code
    group by p.this_year, p.municipality_code, a.item_code
),

prefecture as (select area_code from ref_areas where level = 'prefecture'),

summed as (
    select this_year, 'municipality' as level, municipality_code as area_code, item_code, facilities, low, high
    from counted
    where municipality_code is not null
    union all
    select this_year, 'prefecture', (from prefecture), item_code, sum(facilities), sum(low), sum(high)
    from counted
    group by this_year, item_code
),

reported as (
    select this_year, 'municipality' as level, municipality_code as area_code, count(*) as reported
    from reports
    where municipality_code is not null
    group by this_year, municipality_code
    union all
    select this_year, 'prefecture', (from prefecture), count(*)
    from reports
    group by this_year
)

select s.this_year, s.level, s.area_code, s.item_code, s.facilities, r.reported, s.low, s.high
from summed s
join reported r on r.this_year = s.this_year and r.level = s.level and r.area_code = s.area_code
