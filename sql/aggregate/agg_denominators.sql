-- 二つの分母（報告の対象、一般外来を行う医療機関）と、NDB のプレプリントのない医療機関
-- grain:  level, area_code
-- needs:  det_functions, agg_facility_areas, agg_outpatients, ing_answers, dict_items, ref_areas
-- check:  general_low <= general_high and general_high <= legal
-- column: level         text     区域の段階
-- column: area_code     text     区域コード
-- column: legal         integer  報告の対象                                          施設
-- column: general_low   integer  一般外来を行う医療機関の下限（確認前を除く）        施設
-- column: general_high  integer  一般外来を行う医療機関の上限（確認前を含む）        施設
-- column: asked         integer  2号を聞かれた医療機関（1号機能あり）                施設
-- column: no_preprint   integer  そのうち、NDB の件数がすべて空欄の医療機関          施設
with facilities as (
    select facility_id, row_no, status_literal = 'yes' as has_g1 from det_functions where function_code = 'g1'
),

counted as (
    select distinct a.row_no
    from ing_answers a
    join dict_items i on i.item_code = a.item_code
    where i.ndb_derived = 1
),

-- an extract without such columns says nothing of pre-prints
has_counts as (select count(*) > 0 as is_asked from dict_items where ndb_derived = 1),

sums as (
    select m.level, m.area_code, count(*) as legal,
        count(*) filter (where coalesce(o.state, 'yes') = 'yes') as general_low,
        count(*) filter (where coalesce(o.state, 'yes') <> 'no') as general_high,
        count(*) filter (where f.has_g1) as asked,
        count(*) filter (where f.has_g1 and c.row_no is null and h.is_asked) as no_preprint
    from facilities f
    join agg_facility_areas m on m.facility_id = f.facility_id
    cross join has_counts h
    left join agg_outpatients o on o.facility_id = f.facility_id
    left join counted c on c.row_no = f.row_no
    group by m.level, m.area_code
)

select r.level, r.area_code, coalesce(s.legal, 0) as legal, coalesce(s.general_low, 0) as general_low,
    coalesce(s.general_high, 0) as general_high, coalesce(s.asked, 0) as asked, coalesce(s.no_preprint, 0) as no_preprint
from ref_areas r
left join sums s on s.level = r.level and s.area_code = r.area_code
