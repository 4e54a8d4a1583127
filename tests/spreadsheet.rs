//! What is written to a workbook is what is read from it.

use kyogi::ground::spreadsheet::{Book, Column, Kind, Value, Width, cell_name, read_bytes};

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
