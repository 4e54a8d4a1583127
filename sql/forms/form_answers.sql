-- 様式に書く回答（求められた医療機関の最新の報告）
-- grain:  facility_id, item_code, seq
-- needs:  asked, ing_facilities, ing_answers, ing_notes, dict_items, dict_choices
-- column: facility_id    text     医療機関ID
-- column: function_code  text     機能コード
-- column: item_code      text     報告事項コード
-- column: seq            integer  連番
-- column: choice_code    text     選択肢コード
-- column: label          text     選択肢
-- column: is_positive    boolean  実施・実績あり
-- column: value_low      number   値の下限
-- column: raw            text     元の値
with answers as (
    select row_no, item_code, seq, choice_code, value_low, state, raw from ing_answers
    union all
    select row_no, item_code, seq, choice_code, value_low, state, raw from ing_notes
)

select
    f.facility_id, i.function_code, a.item_code, a.seq, a.choice_code, c.label,
    coalesce(case when c.polarity is not null then c.polarity = 'positive' when i.value_type = 'names' then true else a.value_low >= 1 end, false)
        as is_positive,
    a.value_low, a.raw
from asked q
join ing_facilities f on f.facility_id = q.facility_id and f.is_latest and f.is_reported
join answers a on a.row_no = f.row_no and a.state <> 'unreadable'
join dict_items i on i.item_code = a.item_code
left join dict_choices c on c.choice_set = i.choice_set and c.choice_code = a.choice_code
