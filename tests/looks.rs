//! Looks that carry meaning: what is struck or hidden does not count and is named, survives the rewriting, and a formula without a value
//! is no blank. `tests/cases/workbook/looks.csv` says for each way in which people do it what becomes of the agreed text.

use std::collections::BTreeSet;
use std::io::Write as _;

use kyogi::ground::spreadsheet::{Sheet, read_bytes, struck};
use kyogi::workbook::book::{Entry, parse};
use rust_xlsxwriter::{FilterCondition, Format, Formula, Workbook};

use crate::support::{rows, tests_path};
use crate::workbook::{World, first, merge, world};

const SHEET: &str = "協議シート";
const KEY: &str = "K31201-g2a-1-1";
const AGREED: &str = "月1回、月2回集まる。";

/// A workbook with one agreed text, its meeting and its day of publication.
fn plain(w: &World) -> Vec<u8> {
    let entry = |column, text| ("entries", KEY, column, text);
    let meeting = |column, text| ("meetings", "K31201-g2a-0-1", column, text);
    let mut decisions = vec![entry("proposal", "案の文"), entry("agreed", AGREED), entry("published_on", "2026-12-15")];
    decisions.extend([meeting("held_on", "2026-08-20"), meeting("agenda", "救急"), meeting("participants", "甲､乙")]);
    first(w, &["31201"], &decisions)
}

/// The workbook as people leave it who do `how` to the cell of the agreed text under `header`.
fn dressed(sheets: &[Sheet], header: &str, how: &str) -> Vec<u8> {
    let (line, usual) = (Format::new().set_font_strikethrough(), Format::new());
    let mut book = Workbook::new();
    for s in sheets {
        let sheet = book.add_worksheet();
        sheet.set_name(&s.name).expect("name");
        let is_target = s.name == SHEET;
        let column = s.rows.first().and_then(|r| r.iter().position(|c| c.text == header));
        let row = (0..s.rows.len()).find(|r| s.text(*r, 0) == KEY);
        for (r, cells) in s.rows.iter().enumerate() {
            for (c, cell) in cells.iter().enumerate().filter(|(_, c)| !c.text.is_empty()) {
                let (here, at) = (is_target && Some(r) == row, (r as u32, c as u16));
                let is_cell = here && Some(c) == column;
                let format = if (is_cell && how == "見え消し：欄") || (here && how == "見え消し：行") { &line } else { &usual };
                let part = how.strip_prefix("見え消し：「").and_then(|p| p.strip_suffix('」')).filter(|_| is_cell);
                if let Some((before, after)) = part.and_then(|p| cell.text.split_once(p)) {
                    let all = [(&usual, before), (&line, part.unwrap_or_default()), (&usual, after)];
                    let runs: Vec<(&Format, &str)> = all.into_iter().filter(|(_, t)| !t.is_empty()).collect();
                    sheet.write_rich_string(at.0, at.1, &runs).expect("runs");
                } else if is_cell && how == "値のない数式" {
                    sheet.write_formula(at.0, at.1, Formula::new("=A1&\"の文\"").set_result("")).expect("formula");
                } else if is_cell && how == "数式の文字" {
                    sheet.write_string(at.0, at.1, "=A1&\"の文\"").expect("text");
                } else {
                    sheet.write_string_with_format(at.0, at.1, &cell.text, format).expect("text");
                }
            }
        }
        if !is_target {
            continue;
        }
        let (row, column) = (row.expect("row") as u32, column.expect("column") as u16);
        match how {
            "非表示：行" => {
                sheet.set_row_hidden(row).expect("row");
            }
            "非表示：列" => {
                sheet.set_column_hidden(column).expect("column");
            }
            "非表示：シート" => {
                sheet.set_hidden(true);
            }
            "フィルターで見えない" => {
                sheet.autofilter(0, 0, s.rows.len() as u32 - 1, 4).expect("filter");
                let keys = FilterCondition::new().add_list_filter("K31201-g2a-2-2");
                sheet.filter_column(0, &keys).expect("filter");
            }
            _ => {}
        }
    }
    book.save_to_buffer().expect("bytes")
}

/// The entry of the agreed text, and the codes of what was found in its row, column or sheet.
fn read(w: &World, bytes: &[u8]) -> (Option<Entry>, BTreeSet<String>) {
    let book = parse(bytes.to_vec(), &w.layout, &w.places).unwrap_or_else(|e| panic!("{e}"));
    let of_looks = |c: &String| ["workbook_struck", "workbook_hidden", "workbook_formula"].iter().any(|p| c.starts_with(p));
    let codes = book.findings.iter().map(|f| f.code.clone()).filter(of_looks).collect();
    (book.entries.into_iter().find(|e| e.place.key == KEY), codes)
}

#[test]
fn every_case_of_looks_in_the_coordinators_workbook() {
    let w = world();
    for case in rows(&tests_path("cases/workbook/looks.csv")) {
        let bytes = dressed(&read_bytes(plain(&w)).expect("read"), &case["見出し"], &case["したこと"]);
        // twice: as people left it, and after the program wrote it again
        let again = merge(&w, &bytes, &["31201"], 2);
        for (turn, bytes) in [("as left", &bytes), ("rewritten", &again.bytes)] {
            let (entry, codes) = read(&w, bytes);
            let entry = entry.unwrap_or_else(|| panic!("{turn}: {case:?}"));
            assert_eq!(entry.agreed, case["残る文"], "{turn}: {case:?}");
            let why: Vec<String> = entry.unfit.iter().filter(|u| u.column == "agreed").map(|u| u.reason()).collect();
            assert_eq!(why.join("。"), case["公表しない理由"], "{turn}: {case:?}");
            // what a formula without a value was is text after the rewriting, and held back all the same
            assert_eq!(codes.into_iter().collect::<Vec<_>>().join(";"), case["指摘"], "{turn}: {case:?}");
        }
    }
}

#[test]
fn a_struck_text_is_in_the_file_again_with_its_line() {
    let w = world();
    let bytes = dressed(&read_bytes(plain(&w)).expect("read"), "合意した文", "見え消し：「月1回、」");
    let again = merge(&w, &bytes, &["31201"], 2);
    let sheets = read_bytes(again.bytes).expect("read");
    let s = sheets.iter().find(|s| s.name == SHEET).expect("sheet");
    let (row, column) =
        (0..s.rows.len()).flat_map(|r| (0..20).map(move |c| (r, c))).find(|&(r, c)| s.text(r, c) == AGREED).expect("the text is whole");
    let runs: Vec<(String, bool)> = struck::runs(&s.marked(row, column)).into_iter().map(|r| (r.text, r.is_struck)).collect();
    assert_eq!(runs, [("月1回、".into(), true), ("月2回集まる。".into(), false)]);
}

/// A workbook from its raw parts.
fn packed(parts: &[(&str, &str)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let plain = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, content) in parts {
        zip.start_file(*name, plain).expect("entry");
        zip.write_all(content.as_bytes()).expect("content");
    }
    zip.finish().expect("zip").into_inner()
}

const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";

/// One sheet of these rows, with a struck format 1, and with what stands in front of and behind the cells.
fn sheet(calculation: &str, before: &str, data: &str, after: &str) -> Sheet {
    let book = format!(
        r#"<workbook xmlns="{MAIN}" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="a" sheetId="1" r:id="rId1"/></sheets>{calculation}</workbook>"#
    );
    let relations = r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#;
    let root = r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
    let styles = format!(
        r#"<styleSheet xmlns="{MAIN}"><fonts><font/><font><strike/></font><font><strike val="0"/></font></fonts><cellXfs><xf fontId="0"/><xf fontId="1"/><xf fontId="2"/></cellXfs><dxfs><dxf><font><strike/></font></dxf></dxfs></styleSheet>"#
    );
    let texts = format!(
        r#"<sst xmlns="{MAIN}"><si><t>素の文</t></si><si><r><t>前</t></r><r><rPr><strike/></rPr><t>消</t></r><rPh sb="0" eb="1"><t>マエ</t></rPh></si></sst>"#
    );
    let sheet = format!(r#"<worksheet xmlns="{MAIN}"><dimension ref="A1:D9"/>{before}<sheetData>{data}</sheetData>{after}</worksheet>"#);
    let parts = [
        ("_rels/.rels", root),
        ("xl/workbook.xml", book.as_str()),
        ("xl/_rels/workbook.xml.rels", relations),
        ("xl/styles.xml", styles.as_str()),
        ("xl/sharedStrings.xml", texts.as_str()),
        ("xl/worksheets/sheet1.xml", sheet.as_str()),
    ];
    read_bytes(packed(&parts)).unwrap_or_else(|e| panic!("{e}")).remove(0)
}

/// How programs store it: a cell's XML → its text with 〔見え消し：…〕, or that it has no value.
#[test]
fn looks_as_programs_store_them() {
    let later = r#"<calcPr fullCalcOnLoad="1"/>"#;
    for (calculation, row, cell, said) in [
        ("", "", r#"<c r="A1" t="s"><v>0</v></c>"#, "素の文"),
        ("", "", r#"<c r="A1" t="s" s="1"><v>0</v></c>"#, "〔見え消し：素の文〕"),
        ("", "", r#"<c r="A1" t="s" s="2"><v>0</v></c>"#, "素の文"),
        ("", "", r#"<c r="A1" t="s"><v>1</v></c>"#, "前〔見え消し：消〕"),
        // a run without looks of its own has those of its cell
        ("", "", r#"<c r="A1" t="s" s="1"><v>1</v></c>"#, "〔見え消し：前消〕"),
        ("", "", r#"<c r="A1" t="inlineStr"><is><r><rPr><strike val="1"/></rPr><t>甲</t></r><r><t>乙</t></r></is></c>"#, "〔見え消し：甲〕乙"),
        ("", "", r#"<c r="A1" t="inlineStr" s="1"><is><t>甲</t></is></c>"#, "〔見え消し：甲〕"),
        ("", "", r#"<c r="A1" s="1"><v>12</v></c>"#, "〔見え消し：12〕"),
        ("", "", r#"<c r="A1" s="1"/>"#, ""),
        // a struck row strikes the cells that have no format of their own
        ("", r#" s="1" customFormat="1""#, r#"<c r="A1"><v>12</v></c>"#, "〔見え消し：12〕"),
        ("", r#" s="1" customFormat="1""#, r#"<c r="A1" s="2"><v>12</v></c>"#, "12"),
        ("", "", r#"<c r="A1"><f>B1</f><v>3</v></c>"#, "3"),
        ("", "", r#"<c r="A1"><f>B1</f></c>"#, "値なし"),
        ("", "", r#"<c r="A1"><f>B1</f><v/></c>"#, "値なし"),
        ("", "", r#"<c r="A1"><f>B1</f><v></v></c>"#, "値なし"),
        ("", "", r#"<c r="A1" t="str"><f>B1&amp;""</f><v></v></c>"#, ""),
        ("", "", r#"<c r="A1"><f t="shared" si="0"/></c>"#, "値なし"),
        ("", "", r#"<c r="A1"><f>B1</f><v>0</v></c>"#, "0"),
        // a program that cannot count writes 0 and asks Excel to count
        (later, "", r#"<c r="A1"><f>B1</f><v>0</v></c>"#, "値なし"),
        (later, "", r#"<c r="A1"><f>B1</f><v>3</v></c>"#, "3"),
    ] {
        let s = sheet(calculation, "", &format!(r#"<row r="1"{row}>{cell}</row>"#), "");
        let found = if s.looks.without_value(0, 0) { "値なし".into() } else { struck::said(&s.marked(0, 0)).into_owned() };
        assert_eq!(found, said, "{cell}");
    }
}

#[test]
fn what_people_hid_and_what_a_filter_leaves_out() {
    let line = |r: usize, more: &str| format!(r#"<row r="{r}"{more}><c r="A{r}"><v>{r}</v></c><c r="C{r}"><v>{r}</v></c></row>"#);
    let rows = [line(1, ""), line(2, r#" hidden="1""#), line(3, r#" ht="0" customHeight="1""#), line(4, "")].concat();
    let columns = r#"<cols><col min="2" max="2" width="0"/><col min="3" max="3" hidden="1" width="9"/></cols>"#;
    let s = sheet("", columns, &rows, r#"<autoFilter ref="A1:C4"/>"#);
    assert_eq!(s.looks.hidden_rows, BTreeSet::from([1, 2]), "a filter without criteria leaves nothing out");
    assert_eq!(s.looks.hidden_columns, [(1, 1), (2, 2)]);
    assert!(s.looks.hides(1, 0) && s.looks.hides(0, 2) && !s.looks.hides(0, 0) && !s.looks.strikes_by_rule);
    let filter = r#"<autoFilter ref="A1:C4"><filterColumn colId="0"><filters><filter val="1"/></filters></filterColumn></autoFilter>"#;
    let s = sheet("", "", &rows, filter);
    assert_eq!((s.looks.hidden_rows.len(), s.looks.filtered_rows), (0, BTreeSet::from([1, 2])));
    let rule = r#"<conditionalFormatting sqref="A1"><cfRule type="expression" dxfId="0" priority="1"><formula>TRUE</formula></cfRule></conditionalFormatting>"#;
    assert!(sheet("", "", &rows, rule).looks.strikes_by_rule);
}
