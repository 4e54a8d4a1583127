-- 在宅医療の数値に入る、抽出の行（足しかたは agg_home_care と同じ）
-- grain:  facility_id
-- needs:  asked, exp_facilities, agg_home_care_facilities
-- column: facility_id  text     医療機関ID
-- column: source_file  text     ファイル
-- column: source_row   integer  行
-- column: low          integer  下限に入る数
-- column: high         integer  上限に入る数
-- column: said         text     もとの回答
with care as (select f.is_silent, f.facility_id, c.* exclude (facility_id) from exp_facilities f left join agg_home_care_facilities c on c.facility_id = f.facility_id),

lines (facility_id, measure, low, high) as (
    select facility_id, 'managed_patients', patients_low, patients_high from care
    union all
    select facility_id, 'unbacked_patients', case when not is_backed then patients_low end, case when is_backed is not true then patients_high end from care
    union all
    select facility_id, 'visits', visits_low, visits_high from care
    union all
    select facility_id, 'visiting', cast(visits_home as integer), cast(visits_home or visits_unknown or is_silent as integer) from care
    union all
    -- who makes no home visits is not asked for the way of covering the day
    select facility_id, 'round_the_clock', cast(is_24h as integer),
        cast(is_24h or (is_24h_unknown and (visits_home or visits_unknown)) or is_silent as integer) from care
    union all
    select facility_id, 'visiting_24h', cast(visits_home and is_24h as integer),
        cast((visits_home and (is_24h or is_24h_unknown)) or visits_unknown or is_silent as integer) from care
    union all
    select facility_id, 'attending_deaths', cast(deaths_low >= 1 as integer),
        cast(deaths_low >= 1 or (visits_home is not null and deaths_low is null) or is_silent as integer) from care
    union all
    select facility_id, 'deaths', deaths_low, deaths_high from care
    union all
    select facility_id, 'intending', cast(intends as integer), cast(intends as integer) from care
    union all
    select facility_id, 'brings', brings_low, brings_high from care
    union all
    select facility_id, 'managed_or_brings', coalesce(patients_low, 0) + coalesce(brings_low, 0), coalesce(patients_high, 0) + coalesce(brings_high, 0) from care
)

select f.facility_id, f.source_file, f.source_row, coalesce(l.low, 0) as low, coalesce(l.high, 0) as high, f.said
from lines l
join exp_facilities f on f.facility_id = l.facility_id
join asked q on q.key = 'measure' and q.value = l.measure
where l.low <> 0 or l.high <> 0
