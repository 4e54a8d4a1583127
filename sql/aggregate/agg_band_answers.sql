-- 1号機能のある医療機関が、時間帯ごとに診療・電話で対応するか
-- step:   for agg_after_hours
-- grain:  facility_id, band, answer
-- needs:  ing_answers, det_functions, dict_items, dict_choices
-- check:  not (is_sure and is_possible)
-- column: facility_id  text     医療機関ID
-- column: band         text     時間帯
-- column: answer       text     対応（visit＝診療、any＝診療又は電話）
-- column: is_sure      boolean  対応すると報告した
-- column: is_possible  boolean  無回答・区分不明のため対応するかもしれない
with asked as (
    select row_no, facility_id from det_functions where function_code = 'g1' and status_literal = 'yes'
),

answers as (
    select a.row_no, a.item_code,
        bool_or(c.polarity = 'positive') as answers,
        bool_or(c.mode in ('own_visit', 'linked_visit')) as visits,
        -- an answer outside the dictionary does not say whether it is a visit
        bool_or(c.polarity = 'positive' and c.mode is null) as may_visit
    from ing_answers a
    join dict_items i on i.item_code = a.item_code and i.choice_set = 'after_hours'
    join dict_choices c on c.choice_set = i.choice_set and c.choice_code = a.choice_code
    group by a.row_no, a.item_code
),

bands as (
    select f.facility_id, replace(i.item_code, 'g2a_', '') as band, a.answers, a.visits, a.may_visit
    from asked f
    cross join dict_items i
    left join answers a on a.row_no = f.row_no and a.item_code = i.item_code
    where i.choice_set = 'after_hours'
)

select facility_id, band, 'any' as answer, coalesce(answers, false) as is_sure, answers is null as is_possible from bands
union all
select facility_id, band, 'visit', coalesce(visits, false), answers is null or (may_visit and not coalesce(visits, false)) from bands
