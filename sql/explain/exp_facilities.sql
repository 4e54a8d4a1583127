-- 聞かれた区域の医療機関：抽出のどの行か、1号機能があるか、聞かれた報告事項のセル
-- step:   for the lists of rows behind a figure
-- grain:  facility_id
-- needs:  asked, asked_items, agg_facility_areas, det_functions, ing_facilities, ing_answers, dict_items, dict_choices
-- column: facility_id  text     医療機関ID
-- column: row_no       integer  行番号
-- column: source_file  text     ファイル
-- column: source_row   integer  ファイルの行番号
-- column: has_g1       boolean  1号機能あり
-- column: is_reported  boolean  報告あり
-- column: is_silent    boolean  未報告・判定できない
-- column: said         text     もとの回答
with facilities as (
    select d.facility_id, d.row_no, d.status_literal
    from det_functions d
    join agg_facility_areas m on m.facility_id = d.facility_id
    join asked l on l.key = 'level' and l.value = m.level
    join asked a on a.key = 'area' and a.value = m.area_code
    where d.function_code = 'g1'
),

cells as (
    select f.row_no, q.item_code, string_agg(coalesce(c.label, a.raw), '・' order by a.seq) filter (where a.raw is not null)
        || '（行' || any_value(a.source_row) || '・列' || any_value(a.column_name) || '）' as said
    from facilities f
    join ing_answers a on a.row_no = f.row_no
    join asked_items q on q.item_code = a.item_code
    join dict_items i on i.item_code = a.item_code
    left join dict_choices c on c.choice_set = i.choice_set and c.choice_code = a.choice_code
    group by f.row_no, q.item_code
),

told as (
    select f.row_no, string_agg(i.short_label || '＝' || coalesce(c.said, '無回答'), '、' order by q.place) as said
    from facilities f
    cross join asked_items q
    join dict_items i on i.item_code = q.item_code
    left join cells c on c.row_no = f.row_no and c.item_code = q.item_code
    group by f.row_no
)

select f.facility_id, f.row_no, r.source_file, r.source_row,
    f.status_literal = 'yes' as has_g1,
    f.status_literal <> 'not_reported' as is_reported,
    f.status_literal in ('undetermined', 'not_reported') as is_silent,
    case f.status_literal when 'not_reported' then '未報告' when 'undetermined' then '1号機能を判定できない。' || coalesce(t.said, '') else t.said end as said
from facilities f
join ing_facilities r on r.row_no = f.row_no
left join told t on t.row_no = f.row_no
