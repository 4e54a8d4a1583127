-- すべての数値を一つの長い表に（data/figures）。区域どうしの比べ（compare=）は agg_comparison から加わる
-- grain:  report_year, level, area_code, indicator_code, breakdown
-- needs:  agg_status, figures_home_care, agg_duty_slots, agg_after_hours, agg_item_positive, agg_care_facilities, agg_patient_flow, agg_denominators, agg_item_counts, run
-- check:  value_low <= value_high
-- column: report_year     integer  報告年度
-- column: level           text     区域の段階
-- column: area_code       text     区域コード
-- column: indicator_code  text     指標
-- column: breakdown       text     内訳
-- column: value_low       number   下限
-- column: value_high      number   上限
-- column: unit            text     単位
-- column: reported        integer  報告した医療機関（公的統計だけによる数値は空）  施設
-- column: expected        integer  報告の対象（公的統計だけによる数値は空）        施設
-- column: n_banded        integer  階級で答えた数    施設
-- column: n_open_top      integer  上限なしの階級    施設
-- column: n_masked        integer  秘匿              施設
-- column: source          text     出典
with lines (level, area_code, indicator_code, breakdown, low, high, unit, banded, open_top, masked, source) as (
    select level, area_code, 'function_positive', 'function=' || function_code, positive_literal, positive_literal + silent, '施設', 0, 0, 0, 'report'
    from agg_status
    union all
    select level, area_code, 'function_share', 'function=' || function_code, share_low * 100, share_high * 100, '%', 0, 0, 0, 'report'
    from agg_status where share_low is not null
    union all
    select level, area_code, 'function_share_reported', 'function=' || function_code, positive_literal * 100 / facilities_reported,
        (positive_literal + undetermined) * 100 / facilities_reported, '%', 0, 0, 0, 'report'
    from agg_status where share_low is not null and facilities_reported >= few
    union all
    select level, area_code, indicator_code, breakdown, low, high, unit, banded, open_top, masked, source from figures_home_care
    union all
    select level, area_code, 'after_hours_duty_slots', '', slots_low, slots_high, '枠/月', facilities, open_top, 0, 'report' from agg_duty_slots
    union all
    select level, area_code, 'after_hours_duty_slots_needed', '', slots_needed, slots_needed, '枠/月', 0, 0, 0, 'calendar'
    from agg_duty_slots where slots_needed is not null
    union all
    -- slots beyond what is needed fill nothing more
    select level, area_code, 'after_hours_duty_ratio', '', least(slots_low * 100 / slots_needed, 100), least(slots_high * 100 / slots_needed, 100), '%',
        facilities, open_top, 0, 'report ÷ calendar'
    from agg_duty_slots where slots_needed > 0
    union all
    select level, area_code, indicator_code, breakdown, low, high, unit, 0, 0, 0, 'report' from agg_after_hours
    union all
    select level, area_code, indicator_code, breakdown, low, high, unit, 0, 0, 0, 'report' from agg_item_positive
    union all
    select level, area_code, indicator_code, breakdown, low, high, '施設', 0, 0, 0, source from agg_care_facilities
    union all
    select level, area_code, 'facilities_general_outpatient', '', general_low, general_high, '施設', 0, 0, 0, 'report' from agg_denominators
    union all
    select level, area_code, 'facilities_without_preprint', '', no_preprint, no_preprint, '施設', 0, 0, 0, 'report' from agg_denominators
    union all
    -- the claims of one or two facilities would be their own
    select level, area_code, 'care_link_claims', '', count_low, count_high, '回/年', 0, 0, facilities_masked, 'report'
    from agg_item_counts where item_code = 'g2d_fee_care_mgr' and facilities_positive not in (1, 2)
    union all
    select level, area_code, 'patient_outflow', '', outflow, outflow, '%', 0, 0, 0, 'MHLW area statistics' from agg_patient_flow
    union all
    select level, area_code, 'patient_inflow', '', inflow, inflow, '%', 0, 0, 0, 'MHLW area statistics' from agg_patient_flow
)

select y.report_year, l.level, l.area_code, l.indicator_code, l.breakdown, l.low as value_low, l.high as value_high, l.unit,
    -- what rests on public statistics alone was reported by nobody
    case when l.source like '%report%' then s.facilities_reported end as reported,
    case when l.source like '%report%' then s.facilities_expected end as expected,
    l.banded as n_banded, l.open_top as n_open_top, l.masked as n_masked, l.source
from lines l
cross join run y
join agg_status s on s.level = l.level and s.area_code = l.area_code and s.function_code = 'g1'
