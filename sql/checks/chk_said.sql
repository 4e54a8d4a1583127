-- 最新の報告の回答を、名称・意味・場所とともに
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
select
    a.row_no, a.item_code, a.seq, f.facility_id, f.facility_type,
    coalesce(c.label, a.raw) as said, c.polarity, c.mode, a.value_low, a.value_high, a.state
from (from ing_answers union all from ing_notes) a
join ing_facilities f on f.row_no = a.row_no
join dict_items i on i.item_code = a.item_code
left join dict_choices c on c.choice_set = i.choice_set and c.choice_code = a.choice_code
where f.is_latest and f.is_reported
    and a.item_code in (select unnest(string_split(items, ';')) from finding_rules)
