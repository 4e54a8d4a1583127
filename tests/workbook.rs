//! The coordinators' workbook: whatever people do to it in Excel, no character of theirs is lost, and what is odd is said with its cell.

use std::collections::BTreeMap;
use std::fs;

use kyogi::facts::council::Council;
use kyogi::facts::dictionary::Dictionary;
use kyogi::facts::reference::Reference;
use kyogi::ground::spreadsheet::{Cell, Kind, Row, Sheet, read_bytes};
use kyogi::workbook::layout::Layout;
use kyogi::workbook::merge::{Group, Made, key_of};
use kyogi::workbook::places::Places;
use kyogi::workbook::{self, CouncilBook, Decision, Generated, place_cells};
use rust_xlsxwriter::{ExcelDateTime, Format, Note, Shape, Workbook};

use crate::support::{YEAR, folder};

pub struct World {
    pub layout: Layout,
    pub places: Places,
}

pub fn world() -> World {
    let (reference, dictionary) = (Reference::load("31").expect("reference"), Dictionary::load(YEAR).expect("dictionary"));
    let areas = kyogi::facts::areas::all(&reference, &Council::default());
    World { layout: Layout::load().expect("layout"), places: Places::new(&areas, &dictionary).expect("places") }
}

/// A small workbook's content: a few areas, one theme, two parts. `turn` changes the sentences, as new data would.
pub fn generated<'a>(w: &World, areas: &[&str], turn: u32) -> Generated<'a> {
    let mut rows: BTreeMap<String, Vec<Made>> = BTreeMap::new();
    for spec in &w.layout.tables {
        for area in areas {
            for part in if spec.code == "entries" { vec![1, 2] } else { vec![0] } {
                let group = Group { area_code: (*area).to_owned(), function_code: "g2a".into(), part };
                for n in 1..=2 {
                    let mut cells = place_cells(spec, &w.places, &group);
                    let key = key_of(&group, n);
                    cells[spec.at("key")].clone_from(&key);
                    cells[spec.at("number")] = n.to_string();
                    if let Some(data) = spec.position("data") {
                        cells[data] = format!("・{area}の文\n・{}回目の数値", if n == 1 { turn } else { 1 });
                    }
                    rows.entry(spec.code.clone()).or_default().push(Made { key, group: group.clone(), cells });
                }
            }
        }
    }
    Generated {
        rows,
        guide: vec!["はじめに".into(), "説明".into()],
        indicators: vec![["指標の名前".into(), "code".into(), "人".into(), "式".into()]],
        derive: Box::new(|_, _, _| Ok(Vec::new())),
        date: (2026, 4, 1),
    }
}

pub fn first(w: &World, areas: &[&str], decisions: &[(&str, &str, &str, &str)]) -> Vec<u8> {
    let decisions: Vec<Decision> = decisions
        .iter()
        .map(|(sheet, key, column, text)| Decision { sheet: (*sheet).into(), key: (*key).into(), column: (*column).into(), text: (*text).into() })
        .collect();
    workbook::first(&generated(w, areas, 1), &decisions, &w.layout, &w.places).expect("first").bytes
}

pub fn merge(w: &World, bytes: &[u8], areas: &[&str], turn: u32) -> workbook::Outcome {
    workbook::merge_bytes(bytes, &generated(w, areas, turn), &w.layout, &w.places).expect("merged")
}

/// Sheets as a file, as another program would write them.
pub fn save(sheets: &[Sheet], extra: &dyn Fn(&mut Workbook)) -> Vec<u8> {
    let mut book = Workbook::new();
    let date = Format::new().set_num_format("yyyy-mm-dd");
    for s in sheets {
        let sheet = book.add_worksheet();
        sheet.set_name(&s.name).expect("name");
        for (r, row) in s.rows.iter().enumerate() {
            for (c, cell) in row.iter().enumerate() {
                let (r, c) = (r as u32, c as u16);
                match (cell.kind, &cell.formula) {
                    (_, Some(f)) => sheet.write_formula(r, c, rust_xlsxwriter::Formula::new(f).set_result(&cell.text)).expect("formula"),
                    (Kind::Empty, _) => continue,
                    (Kind::Date, _) => {
                        sheet.write_datetime_with_format(r, c, ExcelDateTime::parse_from_str(&cell.text).expect("date"), &date).expect("date")
                    }
                    (Kind::Number, _) => sheet.write_number(r, c, cell.text.parse::<f64>().expect("number")).expect("number"),
                    _ => sheet.write_string(r, c, &cell.text).expect("text"),
                };
            }
        }
    }
    extra(&mut book);
    book.save_to_buffer().expect("bytes")
}

pub fn text_cell(text: &str) -> Cell {
    Cell { text: text.to_owned(), kind: Kind::Text, formula: None }
}

pub fn put(sheet: &mut Sheet, row: usize, column: usize, text: &str) {
    while sheet.rows.len() <= row {
        sheet.rows.push(Row::default());
    }
    let cells = &mut sheet.rows[row];
    while cells.len() <= column {
        cells.push(Cell::default());
    }
    cells[column] = if text.is_empty() { Cell::default() } else { text_cell(text) };
}

pub fn sheet<'a>(sheets: &'a mut [Sheet], name: &str) -> &'a mut Sheet {
    sheets.iter_mut().find(|s| s.name == name).unwrap_or_else(|| panic!("no sheet {name}"))
}

/// Column of a heading, and row of a key.
fn at(sheet: &Sheet, key: &str, header: &str) -> (usize, usize) {
    let column = sheet.rows[0].iter().position(|c| c.text == header).unwrap_or_else(|| panic!("no column {header}"));
    let row = sheet.rows.iter().position(|r| r.get(0).is_some_and(|c| c.text == key)).unwrap_or_else(|| panic!("no row {key}"));
    (row, column)
}

pub fn write(sheets: &mut [Sheet], name: &str, key: &str, header: &str, text: &str) {
    let s = sheet(sheets, name);
    let (r, c) = at(s, key, header);
    put(s, r, c, text);
}

fn read_at(bytes: &[u8], name: &str, key: &str, header: &str) -> String {
    let mut sheets = read_bytes(bytes.to_vec()).expect("read");
    let s = sheet(&mut sheets, name);
    let (r, c) = at(s, key, header);
    s.text(r, c).to_owned()
}

#[test]
fn data_change_under_a_text_is_marked_and_both_are_kept() {
    let w = world();
    let mut sheets = read_bytes(first(&w, &["31201"], &[])).expect("read");
    write(&mut sheets, "協議シート", "K31201-g2a-1-1", "人の記入（案）", "深夜の相談先がない。");
    write(&mut sheets, "協議シート", "K31201-g2a-2-1", "データから（自動）", "自動の文を直した。");
    let merged = merge(&w, &save(&sheets, &|_| {}), &["31201"], 2);
    let cell = |key, header| read_at(&merged.bytes, "協議シート", key, header);
    assert_eq!(cell("K31201-g2a-1-1", "人の記入（案）"), "深夜の相談先がない。");
    assert!(cell("K31201-g2a-1-1", "データから（自動）").contains("2回目"));
    let notice = cell("K31201-g2a-1-1", "お知らせ（自動）");
    assert!(notice.contains("データからの文が変わりました") && notice.contains("1回目"), "{notice}");
    // the sentence that people rewrote stays, and the machine's stands beside it
    assert_eq!(cell("K31201-g2a-2-1", "データから（自動）"), "自動の文を直した。");
    assert!(cell("K31201-g2a-2-1", "お知らせ（自動）").contains("2回目"));
    // nobody wrote in the other rows: nothing to tell
    assert_eq!(cell("K31201-g2a-1-2", "お知らせ（自動）"), "");
    // the notice stays until people clear it
    let again = merge(&w, &merged.bytes, &["31201"], 2);
    assert_eq!(read_at(&again.bytes, "協議シート", "K31201-g2a-1-1", "お知らせ（自動）"), notice);
    let mut sheets = read_bytes(again.bytes).expect("read");
    write(&mut sheets, "協議シート", "K31201-g2a-1-1", "お知らせ（自動）", "");
    let cleared = merge(&w, &save(&sheets, &|_| {}), &["31201"], 2);
    assert_eq!(read_at(&cleared.bytes, "協議シート", "K31201-g2a-1-1", "お知らせ（自動）"), "");
}

#[test]
fn a_deleted_row_comes_back_and_its_text_is_in_the_archive() {
    let w = world();
    let bytes = first(
        &w,
        &["31201", "31202"],
        &[("entries", "K31201-g2a-1-1", "proposal", "消される案"), ("entries", "K31202-g2a-2-1", "proposal", "なくなる区域の案")],
    );
    let mut sheets = read_bytes(bytes).expect("read");
    let s = sheet(&mut sheets, "協議シート");
    let (row, _) = at(s, "K31201-g2a-1-1", "キー");
    s.rows.remove(row);
    let merged = merge(&w, &save(&sheets, &|_| {}), &["31201"], 1);
    assert_eq!(merged.archived, 2);
    assert_eq!(read_at(&merged.bytes, "協議シート", "K31201-g2a-1-1", "人の記入（案）"), "");
    let mut sheets = read_bytes(merged.bytes).expect("read");
    let kept: Vec<String> =
        sheet(&mut sheets, "保管").rows.iter().skip(1).map(|r| r.iter().map(|c| c.text.as_str()).collect::<Vec<_>>().join("|")).collect();
    assert_eq!(
        kept,
        [
            "協議シート|K31202-g2a-2-1|米子市|2号イ 通常の診療時間外の診療|人の記入（案）|なくなる区域の案|この区域・テーマのシートがなくなりました",
            "協議シート|K31201-g2a-1-1|鳥取市|2号イ 通常の診療時間外の診療|人の記入（案）|消される案|行がなくなっていました",
        ]
    );
}

/// Each oddity of the issue: a finding with sheet and cell, and the rest still works.
#[test]
fn odd_workbooks_are_told_with_their_cell() {
    let w = world();
    let start = read_bytes(first(&w, &["31201"], &[])).expect("read");
    let run = |change: &dyn Fn(&mut Vec<Sheet>), extra: &dyn Fn(&mut Workbook)| {
        let mut sheets = start.clone();
        write(&mut sheets, "協議シート", "K31201-g2a-2-2", "人の記入（案）", "残る文");
        change(&mut sheets);
        let merged = merge(&w, &save(&sheets, extra), &["31201"], 2);
        assert_eq!(read_at(&merged.bytes, "協議シート", "K31201-g2a-2-2", "人の記入（案）"), "残る文", "the rest works");
        let mut said: Vec<String> = merged.findings.iter().map(|f| format!("{} {} {}", f.code, f.column, f.value).trim_end().to_owned()).collect();
        let rules = kyogi::facts::finding::rules().expect("rules");
        assert!(merged.findings.iter().all(|f| rules.contains_key(&f.code)), "{said:?}");
        said.sort();
        (said, merged.bytes)
    };
    let none = |_: &mut Workbook| {};
    let (said, _) = run(&|_| {}, &none);
    assert_eq!(said, Vec::<String>::new(), "nothing odd, nothing said");

    let (said, bytes) = run(
        &|sheets| {
            let s = sheet(sheets, "協議シート");
            s.rows.insert(2, ["", "", "鳥取巿", "2号イ", "(1)"].map(text_cell).to_vec().into());
            put(s, 2, 10, "区域の名前を書きまちがえた文");
        },
        &none,
    );
    assert_eq!(said, ["workbook_unknown_area シート「協議シート」の C3 鳥取巿（近い名前：鳥取市、鳥取県）"]);
    let mut sheets = read_bytes(bytes).expect("read");
    let s = sheet(&mut sheets, "協議シート");
    assert_eq!((s.text(1, 2), s.text(1, 10)), ("鳥取巿", "区域の名前を書きまちがえた文"), "the row stands first until it is mended");
    // mended, it goes to its place
    put(s, 1, 2, "鳥取市");
    let mended = merge(&w, &save(&sheets, &none), &["31201"], 2);
    let mut sheets = read_bytes(mended.bytes).expect("read");
    let s = sheet(&mut sheets, "協議シート");
    assert_eq!((s.text(3, 1), s.text(3, 4), s.text(3, 10), s.text(3, 17)), ("31201", "(1)", "区域の名前を書きまちがえた文", ""));

    let (said, _) = run(&|sheets| drop(sheet(sheets, "方策").rows.remove(0)), &none);
    assert_eq!(said, ["workbook_header_missing シート「方策」の A1"]);

    let date = |text: &'static str| move |sheets: &mut Vec<Sheet>| write(sheets, "協議の記録", "K31201-g2a-0-1", "開催日", text);
    assert_eq!(run(&date("令和8年8月20日"), &none).0, ["workbook_date_as_text シート「協議の記録」の F2 令和8年8月20日 → 2026-08-20"]);
    assert_eq!(run(&date("８月ごろ"), &none).0, ["workbook_not_a_date シート「協議の記録」の F2 ８月ごろ"]);

    let (said, bytes) = run(
        &|sheets| {
            let s = sheet(sheets, "協議シート");
            let (r, c) = at(s, "K31201-g2a-1-1", "人の記入（案）");
            put(s, r, c, "12");
            s.rows[r][c].formula = Some("6*2".into());
        },
        &none,
    );
    assert_eq!(said, ["workbook_formula シート「協議シート」の K2 12"]);
    assert_eq!(read_at(&bytes, "協議シート", "K31201-g2a-1-1", "人の記入（案）"), "12");

    // a picture, a comment and a text box
    let (said, bytes) = run(&|_| {}, &|book| {
        let s = book.worksheet_from_name("協議シート").expect("sheet");
        s.insert_note(1, 10, &Note::new("会長に確認する").set_author("県").add_author_prefix(false)).expect("note");
        s.insert_shape(4, 11, &Shape::textbox().set_text("あとで話す\n二行目")).expect("text box");
        s.insert_image(6, 3, &rust_xlsxwriter::Image::new_from_buffer(PNG).expect("image")).expect("image");
    });
    assert_eq!(said, ["workbook_picture シート「協議シート」の D7", "workbook_text_box シート「協議シート」の L5 あとで話す\n二行目"]);
    let attached = workbook::attached::read(&bytes);
    let comment = &attached["協議シート"].comments[0];
    assert_eq!((comment.row, comment.column, comment.text.as_str()), (1, 10, "会長に確認する"), "a comment follows its row");
    let mut sheets = read_bytes(bytes).expect("read");
    assert_eq!(sheet(&mut sheets, "保管").text(1, 5), "あとで話す\n二行目");

    // two workbooks put together by hand: a second sheet, and rows with the same keys
    let (said, bytes) = run(
        &|sheets| {
            let mut copy = sheet(sheets, "方策").clone();
            copy.name = "方策 (2)".into();
            put(&mut copy, 1, 5, "別のファイルの方策");
            sheets.push(copy);
            let s = sheet(sheets, "協議シート");
            let (r, c) = at(s, "K31201-g2a-2-2", "人の記入（案）");
            let mut row = s.rows[r].clone();
            row[c] = text_cell("別の人の文");
            s.rows.push(row);
        },
        &none,
    );
    assert_eq!(said, ["workbook_same_key シート「協議シート」の A6（キー） K31201-g2a-2-2", "workbook_second_sheet シート「方策 (2)」"]);
    assert_eq!(read_at(&bytes, "協議シート", "人0001", "人の記入（案）"), "別の人の文");
    let mut sheets = read_bytes(bytes).expect("read");
    assert_eq!(sheet(&mut sheets, "方策 (2)").text(1, 5), "別のファイルの方策");
}

/// One grey pixel.
const PNG: &[u8] = &[
    0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 0x0D, 0x49, 0x48, 0x44, 0x52, 0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0, 0x3A, 0x7E, 0x9B,
    0x55, 0, 0, 0, 0x0A, 0x49, 0x44, 0x41, 0x54, 0x78, 0x9C, 0x63, 0x68, 0, 0, 0, 0x82, 0, 0x81, 0xDD, 0x43, 0x6A, 0xF4, 0, 0, 0, 0, 0x49, 0x45,
    0x4E, 0x44, 0xAE, 0x42, 0x60, 0x82,
];

#[test]
fn what_people_add_stays() {
    let w = world();
    let mut sheets = read_bytes(first(&w, &["31201"], &[])).expect("read");
    let s = sheet(&mut sheets, "協議シート");
    let width = s.rows[0].len();
    put(s, 0, width, "担当");
    put(s, 2, width, "佐治");
    let mut own = Sheet { name: "予算".into(), ..Sheet::default() };
    put(&mut own, 0, 0, "合計");
    put(&mut own, 1, 1, "30");
    own.rows[1][1] = Cell { text: "30".into(), kind: Kind::Number, formula: Some("10+20".into()) };
    sheets.push(own);
    let merged = merge(&w, &save(&sheets, &|_| {}), &["31201"], 2);
    let mut after = read_bytes(merged.bytes).expect("read");
    let s = sheet(&mut after, "協議シート");
    assert_eq!((s.text(0, width), s.text(2, width)), ("担当", "佐治"));
    let own = sheet(&mut after, "予算");
    assert_eq!((own.text(0, 0), own.text(1, 1), own.rows[1][1].formula.as_deref()), ("合計", "30", Some("10+20")));
    assert_eq!(merged.findings.iter().map(|f| f.code.as_str()).collect::<Vec<_>>(), ["workbook_formula"]);
}

#[test]
fn the_file_is_replaced_whole_or_not_at_all() {
    let w = world();
    let dir = folder();
    let path = dir.path().join(workbook::FILE);
    let old = first(&w, &["31201"], &[]);
    assert_eq!(workbook::put(&path, None, &old).expect("put"), None);
    // the same bytes are left alone; other bytes are kept as a copy
    assert_eq!(workbook::put(&path, Some(&old), &old).expect("put"), None);
    let new = merge(&w, &old, &["31201"], 2).bytes;
    let copy = workbook::put(&path, Some(&old), &new).expect("put").expect("a copy");
    assert_eq!(fs::read(copy).expect("copy"), old);
    assert_eq!(fs::read(&path).expect("file"), new);
    // saved by someone meanwhile: nothing is replaced
    let error = workbook::put(&path, Some(&old), &new).expect_err("changed meanwhile").to_string();
    assert!(error.contains("読んだあとで保存されました"), "{error}");
    assert_eq!(fs::read(&path).expect("file"), new);
    // open in Excel
    fs::write(dir.path().join("~$協議シート.xlsx"), "").expect("lock");
    let error = workbook::refuse_open(&path).expect_err("open").to_string();
    assert!(error.contains("開かれています") && error.contains("次にすること"), "{error}");
    let left: Vec<_> = fs::read_dir(dir.path()).expect("folder").flatten().filter(|e| e.file_name().to_string_lossy().starts_with('.')).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn the_book_is_read_as_typed_values() {
    let w = world();
    let bytes = first(
        &w,
        &["31201"],
        &[
            ("meetings", "K31201-g2a-0-1", "held_on", "令和8年8月20日"),
            ("meetings", "K31201-g2a-0-1", "participants", "市、医師会\n病院"),
            ("entries", "K31201-g2a-2-1", "proposal", "医師の高齢化"),
            ("entries", "K31201-g2a-2-1", "agreed", "案のとおり。"),
            ("measures", "K31201-g2a-0-2", "measure", "輪番を話し合う"),
            ("measures", "K31201-g2a-0-2", "deadline", "令和8年度末"),
        ],
    );
    let book: CouncilBook = workbook::book::parse(bytes, &w.layout, &w.places).expect("book");
    assert!(book.exists);
    let m = &book.meetings[0];
    assert_eq!((book.meetings.len(), m.held_on.as_str(), m.participants.len(), m.area_code.as_str()), (1, "2026-08-20", 3, "31201"));
    let e = &book.entries[0];
    assert_eq!((book.entries.len(), e.part, e.agreed.as_str(), e.place.row), (1, 2, "医師の高齢化", 4));
    assert_eq!((book.measures.len(), book.measures[0].deadline.as_str()), (1, "令和8年度末"));
}
