-- 区域・機能ごとの医療機関数と、未報告を考えた割合の下限と上限
-- grain:  level, area_code, function_code
-- needs:  det_functions, agg_facility_areas, ref_areas, dict_functions
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
-- column: silent               integer  未報告・判定できない 施設
-- column: share_low            number   機能ありの割合の下限 割合
-- column: share_high           number   機能ありの割合の上限 割合
-- column: core_share_low       number   実質の割合の下限     割合
-- column: core_share_high      number   実質の割合の上限     割合
with counted as (
    select
        a.level, a.area_code, d.function_code,
        count(f.facility_id) as expected,
        count(*) filter (where f.status_literal <> 'not_reported') as reported,
        count(*) filter (where f.status_literal = 'yes') as literal,
        count(*) filter (where f.status_core = 'yes') as core,
        count(*) filter (where f.status_literal = 'no') as negative,
        count(*) filter (where f.status_literal = 'not_applicable') as not_applicable,
        count(*) filter (where f.status_literal = 'undetermined') as undetermined,
        count(*) filter (where f.intention) as intending,
        -- who did not report, or could not be judged, may or may not have the function
        count(*) filter (where f.status_literal in ('undetermined', 'not_reported')) as silent
    from ref_areas a
    cross join dict_functions d
    left join agg_facility_areas m on m.level = a.level and m.area_code = a.area_code
    left join det_functions f on f.facility_id = m.facility_id and f.function_code = d.function_code
    group by a.level, a.area_code, d.function_code
)

select
    level, area_code, function_code,
    expected as facilities_expected, reported as facilities_reported,
    literal as positive_literal, core as positive_core, negative, not_applicable, undetermined, intending, silent,
    literal / nullif(expected, 0) as share_low,
    (literal + silent) / nullif(expected, 0) as share_high,
    core / nullif(expected, 0) as core_share_low,
    (core + silent) / nullif(expected, 0) as core_share_high
from counted
