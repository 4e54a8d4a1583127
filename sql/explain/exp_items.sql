-- 報告事項が「あり」の数に入る、抽出の行（内訳が選択肢を言えば、それだけ）
-- grain:  facility_id
-- needs:  asked, asked_items, exp_facilities, ing_answers, dict_items, dict_choices
-- column: facility_id  text     医療機関ID
-- column: source_file  text     ファイル
-- column: source_row   integer  行
-- column: low          integer  下限に入る数
-- column: high         integer  上限に入る数
-- column: said         text     もとの回答
with term as (select max(value) filter (where key = 'domain') as domain, max(value) filter (where key = 'way') as way from asked),

item as (
    select i.item_code, i.function_code = 'g1' as asks_all, i.choice_set, case when i.condition like '%=%' then split_part(i.condition, '=', 1) end as asked_after
    from dict_items i
    join asked_items q on q.item_code = i.item_code
),

answers as (
    select a.row_no, a.item_code, bool_or(c.polarity = 'positive') as is_positive,
        bool_or(c.polarity = 'positive' and (t.domain is null or c.choice_code = t.domain) and (t.way is null or c.mode is not distinct from t.way)) as counts
    from ing_answers a
    join dict_items i on i.item_code = a.item_code
    join dict_choices c on c.choice_set = i.choice_set and c.choice_code = a.choice_code
    cross join term t
    where a.item_code in (select item_code from item union select asked_after from item)
    group by a.row_no, a.item_code
),

counted as (
    select f.*,
        coalesce(a.counts, false) and f.is_reported and (i.asks_all or f.has_g1) as is_sure,
        -- who did not report, is undecided on 1号, or was asked and left it empty may or may not have it
        case when i.asks_all then not f.is_reported or a.row_no is null
            else f.is_silent or (f.has_g1 and a.row_no is null and (e.row_no is null or e.is_positive)) end as is_possible
    from exp_facilities f
    cross join item i
    left join answers a on a.row_no = f.row_no and a.item_code = i.item_code
    left join answers e on e.row_no = f.row_no and e.item_code = i.asked_after
)

select facility_id, source_file, source_row, cast(is_sure as integer) as low, 1 as high, said
from counted where is_sure or is_possible
