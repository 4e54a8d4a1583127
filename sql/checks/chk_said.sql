-- 検査が見る回答（最新の報告）。いくつも選ぶ項目は「該当無し」を含むものだけ
-- grain:  row_no, item_code, seq
-- step:   for the checks
-- needs:  ing_facilities, ing_answers, ing_notes, dict_items, dict_choices, finding_rules
-- column: row_no         integer  行番号
-- column: item_code      text     報告事項コード
-- column: seq            integer  連番
-- column: facility_id    text     医療機関ID
-- column: facility_type  text     医療機関種別
-- column: said           text     回答
-- column: polarity       text     有無
-- column: mode           text     方法
-- column: value_low      number   値の下限
-- column: value_high     number   値の上限
-- column: state          text     状態
with looked_at as not materialized (
    select a.row_no, a.item_code, a.seq, a.choice_code, a.raw, a.value_low, a.value_high, a.state, i.choice_set, i.value_type
    from (from ing_answers union all from ing_notes) a
    join dict_items i on i.item_code = a.item_code
    where a.item_code in (select unnest(string_split(items, ';')) from finding_rules)
),

-- a list of choices contradicts itself only where 「該当無し」 is one of them
with_none as (
    select distinct l.row_no, l.item_code
    from looked_at l
    join dict_choices c on c.choice_set = l.choice_set and c.choice_code = l.choice_code
    where l.value_type = 'multi' and c.polarity = 'negative'
)

select
    a.row_no, a.item_code, a.seq, f.facility_id, f.facility_type,
    coalesce(c.label, a.raw) as said, c.polarity, c.mode, a.value_low, a.value_high, a.state
from (
    from looked_at where value_type <> 'multi'
    union all
    select l.* from looked_at l semi join with_none n on n.row_no = l.row_no and n.item_code = l.item_code where l.value_type = 'multi'
) a
join ing_facilities f on f.row_no = a.row_no
left join dict_choices c on c.choice_set = a.choice_set and c.choice_code = a.choice_code
where f.is_latest and f.is_reported
