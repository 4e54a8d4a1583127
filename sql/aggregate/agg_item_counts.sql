-- 区域・報告事項ごとの実績の件数（秘匿は1件以上9件以下の幅で足す）
-- grain:  level, area_code, item_code
-- needs:  ing_answers, det_functions, agg_facility_areas, ref_areas, dict_items
-- check:  count_low <= count_high
-- column: level                text     区域の段階
-- column: area_code            text     区域コード
-- column: function_code        text     機能コード
-- column: item_code            text     報告事項コード
-- column: label                text     報告事項
-- column: facilities_positive  integer  実績のある医療機関数  施設
-- column: facilities_answered  integer  回答した医療機関数    施設
-- column: facilities_masked    integer  秘匿された医療機関数  施設
-- column: count_low            integer  件数の下限            回/年
-- column: count_high           integer  件数の上限            回/年
with counted_in as (
    select row_no, facility_id from det_functions where function_code = 'g1' and status_literal = 'yes'
),

items as (select function_code, item_code, short_label from dict_items where value_type = 'count'),

answered as (
    select
        m.level, m.area_code, a.item_code,
        count(*) filter (where a.value_low >= 1) as positive,
        count(*) filter (where a.value_low is not null) as answered,
        count(*) filter (where a.state = 'masked') as masked,
        sum(cast(a.value_low as bigint)) as low,
        sum(cast(a.value_high as bigint)) as high
    from ing_answers a
    join items i on i.item_code = a.item_code
    join counted_in f on f.row_no = a.row_no
    join agg_facility_areas m on m.facility_id = f.facility_id
    group by m.level, m.area_code, a.item_code
)

select
    r.level, r.area_code, i.function_code, i.item_code, i.short_label as label,
    coalesce(a.positive, 0) as facilities_positive, coalesce(a.answered, 0) as facilities_answered,
    coalesce(a.masked, 0) as facilities_masked, coalesce(a.low, 0) as count_low, coalesce(a.high, 0) as count_high
from ref_areas r
cross join items i
left join answered a on a.level = r.level and a.area_code = r.area_code and a.item_code = i.item_code
