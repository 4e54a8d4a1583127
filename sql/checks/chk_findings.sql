-- 回答の検査で見つかったこと（疑義照会の候補）
-- grain:  row_no, finding_code, item_code
-- needs:  chk_contradictions, chk_claims, chk_status, finding_rules, ing_answers, dict_items
-- column: row_no        integer  行番号
-- column: facility_id   text     医療機関ID
-- column: finding_code  text     種類
-- column: item_code     text     報告事項コード
-- column: column_name   text     列
-- column: value         text     値
-- column: column_no     integer  列番号
-- column: source_row    integer  ファイルの行番号
with found as (
    from chk_contradictions
    union all from chk_claims
    union all from chk_status
),

-- where an item stands, also for rows that left it blank
columns as (
    select item_code, arg_min(column_name, column_no) as column_name, min(column_no) as column_no
    from ing_answers
    group by item_code
),

placed as (
    select
        f.row_no, f.facility_id, f.finding_code, f.item_code,
        coalesce(min(a.column_name), min(c.column_name)) || '（' || min(i.short_label) || '）' as column_name,
        f.value,
        coalesce(min(a.column_no), min(c.column_no)) as column_no,
        min(a.source_row) as source_row
    from found f
    -- a rule that is not valid in the year finds nothing
    join finding_rules r on r.finding_code = f.finding_code
    left join ing_answers a on a.row_no = f.row_no and a.item_code = f.item_code and a.seq = 0
    left join dict_items i on i.item_code = f.item_code
    left join columns c on c.item_code = f.item_code
    group by f.row_no, f.facility_id, f.finding_code, f.item_code, f.value
),

-- a facility has a row of its own in each file: a blank cell stands in the row of its file's other answers
rows as (
    select p.row_no, a.column_no // 10000000 as part, min(a.source_row) as source_row
    from ing_answers a
    join (select distinct row_no from placed where source_row is null) p on p.row_no = a.row_no
    group by p.row_no, part
)

select p.* replace (coalesce(p.source_row, r.source_row) as source_row)
from placed p
left join rows r on r.row_no = p.row_no and r.part = p.column_no // 10000000
