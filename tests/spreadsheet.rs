//! What is written to a workbook is what is read from it.

use std::io::Write as _;

use kyogi::ground::spreadsheet::{Book, Column, Kind, Limits, Value, Width, cell_name, read_bytes, read_within, rows_of_bytes, rows_within};

fn book(rows: &[Vec<Value>]) -> Vec<u8> {
    let columns = [Column::new("コード", Width::Narrow), Column::new("文", Width::Wide).by_people(), Column::new("日付", Width::Narrow)];
    let mut book = Book::new("試し", (2026, 4, 1)).expect("book");
    book.table("一覧", &columns, rows).expect("sheet");
    book.text("読み方", &["読み方".into(), "二行目\n三行目".into()]).expect("sheet");
    book.finish().expect("bytes")
}

#[test]
fn cells_come_back_as_they_were_written() {
    let rows = vec![
        vec![Value::from("01202"), Value::from("=1+1 から始まる文\n二行目　全角"), Value::Date("2026-02-01".into())],
        vec![Value::Number(0.1), Value::Blank, Value::Date("二月".into())],
        vec![Value::Number(31201.0), Value::from("𠮷野家①㈱"), Value::Blank],
    ];
    let sheets = read_bytes(book(&rows)).expect("read");
    assert_eq!(sheets.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(), ["一覧", "読み方"]);
    let s = &sheets[0];
    assert_eq!((s.text(1, 0), s.text(1, 1), s.text(1, 2)), ("01202", "=1+1 から始まる文\n二行目　全角", "2026-02-01"));
    assert_eq!(s.cell(1, 2).map(|c| c.kind), Some(Kind::Date));
    assert_eq!((s.text(2, 0), s.text(2, 1), s.text(2, 2)), ("0.1", "", "二月"));
    assert_eq!((s.text(3, 0), s.text(3, 1)), ("31201", "𠮷野家①㈱"));
    assert!(s.rows.iter().flatten().all(|c| c.formula.is_none()), "text never becomes a formula");
    assert_eq!(s.place(3, 1), "シート「一覧」の B4");
    assert_eq!(cell_name(0, 27), "AB1");
}

#[test]
fn the_same_values_give_the_same_bytes() {
    let rows = vec![vec![Value::from("a"), Value::from("b"), Value::Blank]];
    assert_eq!(book(&rows), book(&rows));
}

#[test]
fn what_is_no_workbook_says_so() {
    let whole = book(&[]);
    let old = [&[0xD0, 0xCF, 0x11, 0xE0][..], &[0; 600]].concat();
    for (bytes, word) in [
        (b"text".to_vec(), "Excel ファイルとして読めません"),
        (whole[..whole.len() / 2].to_vec(), "Excel ファイルとして読めません"),
        (old, "古い形式"),
    ] {
        let error = read_bytes(bytes).expect_err("no workbook").to_string();
        assert!(error.contains(word) && error.contains("次にすること"), "{error}");
    }
}

/// A workbook of one sheet with these cells, as another program may write it.
fn raw(cells: &[(&str, &str)]) -> Vec<u8> {
    let cells: String = cells.iter().map(|(place, text)| format!("<c r=\"{place}\" t=\"inlineStr\"><is><t>{text}</t></is></c>")).collect();
    let parts = [
        ("[Content_Types].xml", r#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>"#.to_owned()),
        (
            "_rels/.rels",
            r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#.to_owned(),
        ),
        (
            "xl/workbook.xml",
            r#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="一覧" sheetId="1" r:id="r1"/></sheets></workbook>"#.to_owned(),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#.to_owned(),
        ),
        (
            "xl/worksheets/sheet1.xml",
            format!(r#"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row>{cells}</row></sheetData></worksheet>"#),
        ),
    ];
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text) in parts {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).expect("entry");
        zip.write_all(text.as_bytes()).expect("bytes");
    }
    zip.finish().expect("zip").into_inner()
}

#[test]
fn a_slip_of_the_hand_far_out_costs_its_own_text_and_keeps_its_place() {
    let bytes = raw(&[("A1", "コード"), ("B2", "値"), ("XFD1048576", "手がすべった字"), ("XFD3", "もう一つ")]);
    let sheets = read_bytes(bytes.clone()).unwrap_or_else(|e| panic!("{e}"));
    let sheet = &sheets[0];
    assert_eq!(
        (sheet.text(0, 0), sheet.text(1, 1), sheet.text(1_048_575, 16_383), sheet.text(2, 16_383)),
        ("コード", "値", "手がすべった字", "もう一つ")
    );
    assert_eq!(sheet.used_columns().into_iter().collect::<Vec<_>>(), [0, 1, 16_383]);
    // cells in memory: those that were written, not the box of 17 thousand million around them
    assert_eq!(sheet.rows.iter().map(|r| r.filled().count()).sum::<usize>(), 4);
    let rows = rows_of_bytes(bytes).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(rows[0].rows.iter().map(|(row, record)| (*row, record.len())).collect::<Vec<_>>(), [(1, 1), (2, 2), (3, 16_384), (1_048_576, 16_384)]);
}

/// Cells, and what is said of them within limits; nothing where they are read.
struct Case<'a> {
    name: &'a str,
    cells: &'a [(&'a str, &'a str)],
    limits: Limits,
    refused: &'a str,
}

/// Each limit, made small: a refusal that names what, where and what to do; one less is read.
#[test]
fn what_is_more_than_a_limit_is_refused_with_its_place() {
    const WIDE: Limits = Limits { sheets: 1, cells: 3, characters: 5, text: 12, unpacked: 1 << 20, gaps: 4 };
    let cells = [("A1", "あいう"), ("C1", "a"), ("E2", "")];
    let case = |name, cells, limits, refused| Case { name, cells, limits, refused };
    let cases = [
        case("as much as allowed", &cells[..], WIDE, ""),
        case("one sheet too many", &cells, Limits { sheets: 0, ..WIDE }, "シートが多すぎます"),
        case("one cell too many", &[("A1", "a"), ("B1", "b"), ("C1", "c"), ("D1", "d")], WIDE, "シート「一覧」の D1"),
        case("one character too many", &[("B7", "123456")], WIDE, "シート「一覧」の B7"),
        case("too much text", &[("A1", "あい"), ("B1", "うえ"), ("C1", "お")], WIDE, "シート「一覧」の C1"),
        case("too much when unpacked", &cells, Limits { unpacked: 700, ..WIDE }, "大きすぎます"),
        case("too many gaps", &[("F1", "a")], WIDE, "シート「一覧」の F1"),
        case("beyond the format", &[("XFE1", "a")], WIDE, "Excel にない場所"),
    ];
    for Case { name, cells, limits, refused } in cases {
        let bytes = raw(cells);
        let both = [read_within(bytes.clone(), &limits).map(|_| ()), rows_within(bytes, &limits).map(|_| ())];
        for outcome in both {
            let said = outcome.map_or_else(|e| e.to_string(), |()| String::new());
            assert!(said.is_empty() == refused.is_empty() && said.contains(refused), "{name}: {said}");
            assert!(refused.is_empty() || said.contains("次にすること"), "{name}: {said}");
        }
    }
    for place in ["A1048577", "ZZZ1", "XFE1048577", "A4294967295"] {
        assert!(read_bytes(raw(&[(place, "a")])).is_err(), "{place}");
    }
}
