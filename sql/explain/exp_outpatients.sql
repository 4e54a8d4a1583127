-- 一般外来を行う医療機関の数に入る、又は NDB のプレプリントのない、抽出の行
-- grain:  facility_id
-- needs:  asked, exp_facilities, agg_outpatients, ing_answers, dict_items
-- column: facility_id  text     医療機関ID
-- column: source_file  text     ファイル
-- column: source_row   integer  行
-- column: low          integer  下限に入る数
-- column: high         integer  上限に入る数
-- column: said         text     もとの回答
with measure as (select max(value) as name from asked where key = 'measure'),

counted as (
    select distinct a.row_no from ing_answers a join dict_items i on i.item_code = a.item_code where i.ndb_derived = 1
),

lines as (
    select f.facility_id, f.source_file, f.source_row, m.name,
        case m.name when 'general' then cast(coalesce(o.state, 'yes') = 'yes' as integer) else cast(f.has_g1 and c.row_no is null as integer) end as low,
        case m.name when 'general' then cast(coalesce(o.state, 'yes') <> 'no' as integer) else cast(f.has_g1 and c.row_no is null as integer) end as high,
        case m.name when 'general' then coalesce('特記事項＝' || o.note, f.said) else 'NDB の件数がすべて空欄' end as said
    from exp_facilities f
    cross join measure m
    left join agg_outpatients o on o.facility_id = f.facility_id
    left join counted c on c.row_no = f.row_no
)

select facility_id, source_file, source_row, low, high, said from lines where high = 1
