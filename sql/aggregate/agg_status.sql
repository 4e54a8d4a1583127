-- 区域・機能ごとの医療機関数と、未報告を考えた割合の下限と上限
-- grain:  level, area_code, function_code
-- needs:  det_functions, agg_facility_areas, ref_areas, dict_functions, rules
-- check:  positive_core <= positive_literal
-- check:  positive_literal + negative + not_applicable + undetermined = facilities_reported
-- check:  facilities_reported <= facilities_expected
-- check:  share_low <= share_high and share_high <= 1
-- column: level                text     区域の段階
-- column: area_code            text     区域コード
-- column: function_code        text     機能コード
-- column: facilities_expected  integer  報告の対象           施設
-- column: facilities_reported  integer  報告した医療機関     施設
-- column: positive_literal     integer  機能あり（報告どおり） 施設
-- column: positive_core        integer  機能あり（実質）     施設
-- column: negative             integer  機能なし             施設
-- column: not_applicable       integer  対象外（1号なし）    施設
-- column: undetermined         integer  判定できない         施設
-- column: intending            integer  意向あり             施設
-- column: overridden           integer  うち判定の上書き     施設
-- column: silent               integer  未報告・判定できない 施設
-- column: few                  integer  割合を出す医療機関の最も少ない数 施設
-- column: share_low            number   機能ありの割合の下限（少ない区域は空） 割合
-- column: share_high           number   機能ありの割合の上限 割合
-- column: core_share_low       number   実質の割合の下限     割合
-- column: core_share_high      number   実質の割合の上限     割合
with by_place as (
    -- facilities of one place lie in the same areas
    select
        municipality_code, medical_area_code, unit_code, function_code,
        min(facility_id) as one_of_them,
        count(*) as expected,
        count(*) filter (where status_literal <> 'not_reported') as reported,
        count(*) filter (where status_literal = 'yes') as literal,
        count(*) filter (where status_core = 'yes') as core,
        count(*) filter (where status_literal = 'no') as negative,
        count(*) filter (where status_literal = 'not_applicable') as not_applicable,
        count(*) filter (where status_literal = 'undetermined') as undetermined,
        count(*) filter (where intention) as intending,
        count(*) filter (where override_reason is not null) as overridden,
        -- who did not report, or could not be judged, may or may not have the function
        count(*) filter (where status_literal in ('undetermined', 'not_reported')) as silent
    from det_functions
    group by municipality_code, medical_area_code, unit_code, function_code
),

placed as (
    select m.level, m.area_code, p.*
    from by_place p
    join agg_facility_areas m on m.facility_id = p.one_of_them
),

counted as (
    select a.level, a.area_code, d.function_code,
        coalesce(sum(p.expected), 0) as expected, coalesce(sum(p.reported), 0) as reported,
        coalesce(sum(p.literal), 0) as literal, coalesce(sum(p.core), 0) as core,
        coalesce(sum(p.negative), 0) as negative, coalesce(sum(p.not_applicable), 0) as not_applicable,
        coalesce(sum(p.undetermined), 0) as undetermined, coalesce(sum(p.intending), 0) as intending,
        coalesce(sum(p.overridden), 0) as overridden, coalesce(sum(p.silent), 0) as silent
    from ref_areas a
    cross join dict_functions d
    left join placed p on p.level = a.level and p.area_code = a.area_code and p.function_code = d.function_code
    group by a.level, a.area_code, d.function_code
),

-- a share of fewer facilities says more than the count knows
limits as (select cast(value as bigint) as few from rules where rule_code = 'share_min_facilities')

select
    level, area_code, function_code,
    expected as facilities_expected, reported as facilities_reported,
    literal as positive_literal, core as positive_core, negative, not_applicable, undetermined, intending, overridden, silent, few,
    case when expected >= few then literal / expected end as share_low,
    case when expected >= few then (literal + silent) / expected end as share_high,
    case when expected >= few then core / expected end as core_share_low,
    case when expected >= few then (core + silent) / expected end as core_share_high
from counted
cross join limits
