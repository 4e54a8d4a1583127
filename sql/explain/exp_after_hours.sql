-- 時間外の対応の数値に入る、抽出の行（内訳が時間帯・対応のしかたを言えば、それだけ）
-- grain:  facility_id
-- needs:  asked, exp_facilities, agg_band_answers, ing_answers, dict_items, dict_choices
-- column: facility_id  text     医療機関ID
-- column: source_file  text     ファイル
-- column: source_row   integer  行
-- column: low          integer  下限に入る数
-- column: high         integer  上限に入る数
-- column: said         text     もとの回答
with term as (
    select max(value) filter (where key = 'band') as band, max(value) filter (where key = 'mode') as mode,
        coalesce(max(value) filter (where key = 'answer'), 'any') as answer
    from asked
),

bands as (
    select b.facility_id, bool_or(b.is_sure) as is_sure, bool_or(b.is_possible) as is_possible
    from agg_band_answers b
    join term t on t.answer = b.answer and (t.band is null or t.band = b.band)
    group by b.facility_id
),

chosen as (
    select distinct a.row_no
    from ing_answers a
    join term t on a.item_code = 'g2a_' || t.band
    join dict_items i on i.item_code = a.item_code
    join dict_choices c on c.choice_set = i.choice_set and c.choice_code = a.choice_code
    where t.mode = case when c.polarity = 'positive' then coalesce(c.mode, 'other') when c.intention = 1 then 'intention' else 'none' end
),

counted as (
    select f.*, coalesce(case when t.mode is null then b.is_sure else f.has_g1 and c.row_no is not null end, false) as is_sure,
        coalesce(b.is_possible, false) or f.is_silent as is_possible
    from exp_facilities f
    cross join term t
    left join bands b on b.facility_id = f.facility_id
    left join chosen c on c.row_no = f.row_no
)

select facility_id, source_file, source_row, cast(is_sure as integer) as low, 1 as high, said
from counted where is_sure or is_possible
