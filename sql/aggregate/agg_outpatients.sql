-- 特記事項から一般外来を行っていないと読める医療機関と、人の判断
-- grain:  facility_id
-- needs:  ing_facilities, ing_notes, ing_outpatients, note_words, dict_items
-- check:  state in ('proposed', 'no', 'yes')
-- column: facility_id        text     医療機関ID
-- column: municipality_code  text     市区町村コード
-- column: state              text     状態（proposed＝確認前、no＝行っていない、yes＝行っている）
-- column: note               text     特記事項
-- column: words              text     当たった語の行
with notes as (
    select a.row_no, a.raw, regexp_replace(nfc_normalize(a.raw), '[\s　]', '', 'g') as plain
    from ing_notes a
    join dict_items i on i.item_code = a.item_code
    where i.value_type = 'text' and a.raw is not null
),

said as (
    select n.row_no, string_agg(distinct n.raw, '／' order by n.raw) as note, string_agg(distinct w.word_code, '、' order by w.word_code) as words
    from notes n
    join note_words w on w.proposes = 'no_general_outpatients' and regexp_matches(n.plain, w.pattern)
    group by n.row_no
)

select f.facility_id, f.municipality_code, coalesce(o.decision, 'proposed') as state, s.note, s.words
from ing_facilities f
left join said s on s.row_no = f.row_no
left join ing_outpatients o on o.facility_id = f.facility_id
where f.is_latest and f.is_reported and (s.row_no is not null or o.decision is not null)
