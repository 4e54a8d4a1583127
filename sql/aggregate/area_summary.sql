-- 区域・機能ごとのまとめ（data/area_summary）
-- grain:  report_year, level, area_code, function_code
-- needs:  agg_status, agg_item_choices, agg_home_care, ref_areas, run
-- column: report_year          integer  報告年度
-- column: level                text     区域の段階
-- column: area_code            text     区域コード
-- column: area_name            text     区域名
-- column: function_code        text     機能コード
-- column: facilities_expected  integer  報告の対象             施設
-- column: facilities_reported  integer  報告した医療機関       施設
-- column: positive_literal     integer  機能あり（報告どおり） 施設
-- column: positive_core        integer  機能あり（実質）       施設
-- column: negative             integer  機能なし               施設
-- column: not_applicable       integer  対象外（1号なし）      施設
-- column: undetermined         integer  判定できない           施設
-- column: intending            integer  意向あり               施設
-- column: overridden           integer  うち判定の上書き         施設
-- column: share_low            number   機能ありの割合の下限   割合
-- column: share_high           number   機能ありの割合の上限   割合
-- column: core_share_low       number   実質の割合の下限       割合
-- column: core_share_high      number   実質の割合の上限       割合
-- column: managed_patients_facilities  integer  患者数を答えた医療機関       施設
-- column: managed_patients_open_top    integer  上限のない階級の医療機関     施設
-- column: managed_patients_low         integer  在宅患者数の下限             人
-- column: managed_patients_high        integer  在宅患者数の上限             人
-- column: weekday_evening_own_visit  integer  平日準夜・自院の診療  施設
-- column: weekday_evening_linked_visit  integer  平日準夜・連携の診療  施設
-- column: weekday_evening_phone_only  integer  平日準夜・電話のみ  施設
-- column: weekday_evening_none  integer  平日準夜・なし  施設
-- column: weekday_evening_intention  integer  平日準夜・意向  施設
-- column: weekday_night_own_visit  integer  平日深夜・自院の診療  施設
-- column: weekday_night_linked_visit  integer  平日深夜・連携の診療  施設
-- column: weekday_night_phone_only  integer  平日深夜・電話のみ  施設
-- column: weekday_night_none  integer  平日深夜・なし  施設
-- column: weekday_night_intention  integer  平日深夜・意向  施設
-- column: holiday_own_visit  integer  休日・自院の診療  施設
-- column: holiday_linked_visit  integer  休日・連携の診療  施設
-- column: holiday_phone_only  integer  休日・電話のみ  施設
-- column: holiday_none  integer  休日・なし  施設
-- column: holiday_intention  integer  休日・意向  施設
-- column: backup_own     integer  後方支援病床・自院       施設
-- column: backup_linked  integer  後方支援病床・連携       施設
-- column: backup_both    integer  後方支援病床・自院と連携 施設
with choices as (
    select
        level, area_code, function_code,
        sum(facilities) filter (where item_code = 'g2a_weekday_evening' and mode = 'own_visit') as weekday_evening_own_visit,
        sum(facilities) filter (where item_code = 'g2a_weekday_evening' and mode = 'linked_visit') as weekday_evening_linked_visit,
        sum(facilities) filter (where item_code = 'g2a_weekday_evening' and mode in ('own_phone', 'linked_phone')) as weekday_evening_phone_only,
        sum(facilities) filter (where item_code = 'g2a_weekday_evening' and mode = 'none' and not is_intention) as weekday_evening_none,
        sum(facilities) filter (where item_code = 'g2a_weekday_evening' and mode = 'none' and is_intention) as weekday_evening_intention,
        sum(facilities) filter (where item_code = 'g2a_weekday_night' and mode = 'own_visit') as weekday_night_own_visit,
        sum(facilities) filter (where item_code = 'g2a_weekday_night' and mode = 'linked_visit') as weekday_night_linked_visit,
        sum(facilities) filter (where item_code = 'g2a_weekday_night' and mode in ('own_phone', 'linked_phone')) as weekday_night_phone_only,
        sum(facilities) filter (where item_code = 'g2a_weekday_night' and mode = 'none' and not is_intention) as weekday_night_none,
        sum(facilities) filter (where item_code = 'g2a_weekday_night' and mode = 'none' and is_intention) as weekday_night_intention,
        sum(facilities) filter (where item_code = 'g2a_holiday' and mode = 'own_visit') as holiday_own_visit,
        sum(facilities) filter (where item_code = 'g2a_holiday' and mode = 'linked_visit') as holiday_linked_visit,
        sum(facilities) filter (where item_code = 'g2a_holiday' and mode in ('own_phone', 'linked_phone')) as holiday_phone_only,
        sum(facilities) filter (where item_code = 'g2a_holiday' and mode = 'none' and not is_intention) as holiday_none,
        sum(facilities) filter (where item_code = 'g2a_holiday' and mode = 'none' and is_intention) as holiday_intention,
        sum(facilities) filter (where item_code = 'g2b_backup_bed' and polarity = 'positive' and mode = 'own') as backup_own,
        sum(facilities) filter (where item_code = 'g2b_backup_bed' and polarity = 'positive' and mode = 'linked') as backup_linked,
        sum(facilities) filter (where item_code = 'g2b_backup_bed' and polarity = 'positive' and mode = 'both') as backup_both
    from agg_item_choices
    group by level, area_code, function_code
)

select
    y.report_year, s.level, s.area_code, a.name as area_name, s.function_code,
    s.facilities_expected, s.facilities_reported, s.positive_literal, s.positive_core, s.negative, s.not_applicable,
    s.undetermined, s.intending, s.overridden, s.share_low, s.share_high, s.core_share_low, s.core_share_high,
    p.banded as managed_patients_facilities, p.open_top as managed_patients_open_top,
    p.patients_low as managed_patients_low, p.patients_high as managed_patients_high,
    t.weekday_evening_own_visit,
    t.weekday_evening_linked_visit,
    t.weekday_evening_phone_only,
    t.weekday_evening_none,
    t.weekday_evening_intention,
    t.weekday_night_own_visit,
    t.weekday_night_linked_visit,
    t.weekday_night_phone_only,
    t.weekday_night_none,
    t.weekday_night_intention,
    t.holiday_own_visit,
    t.holiday_linked_visit,
    t.holiday_phone_only,
    t.holiday_none,
    t.holiday_intention,
    t.backup_own, t.backup_linked, t.backup_both
from agg_status s
cross join run y
join ref_areas a on a.level = s.level and a.area_code = s.area_code
left join choices t on t.level = s.level and t.area_code = s.area_code and t.function_code = s.function_code
-- columns that belong to one function are empty for the others
left join agg_home_care p on p.level = s.level and p.area_code = s.area_code and s.function_code = 'g2c'
