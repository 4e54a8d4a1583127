//! Completion of the course: tables that a planner can read, the same answer from every encoding, and files whole or not at all.

use std::fs;
use std::path::Path;

use kyogi::commands::training::{self, Criteria, Outcome, Person, Report, Units};
use kyogi::facts::finding::{self, Finding};
use kyogi::ground::spreadsheet::{Book, Column, Value, Width, read as read_workbook};

use crate::support::{YEAR, folder, rows, tests_path};

fn criteria() -> Criteria {
    Criteria::load(Some(YEAR)).unwrap_or_else(|e| panic!("{e}"))
}

/// A list in one cell of a case table: rows end with `/`, cells with `,`.
fn cells(list: &str) -> Vec<Vec<String>> {
    list.split('/').map(|row| row.split(',').map(str::to_owned).collect()).collect()
}

fn csv(rows: &[Vec<String>]) -> String {
    rows.iter().map(|r| r.join(",") + "\r\n").collect()
}

fn workbook(rows: &[Vec<String>]) -> Vec<u8> {
    let columns: Vec<Column> = rows[0].iter().map(|t| Column::new(t.as_str(), Width::Narrow)).collect();
    let value = |t: &String| t.parse::<f64>().map_or_else(|_| Value::from(t.as_str()), Value::Number);
    let body: Vec<Vec<Value>> = rows[1..].iter().map(|r| r.iter().map(value).collect()).collect();
    let mut book = Book::new("一覧", (2026, 4, 1)).expect("book");
    book.text("読み方", &["この一覧の読み方".into()]).expect("sheet");
    book.table("単位", &columns, body).expect("sheet");
    book.finish().expect("bytes")
}

fn report(name: &str, bytes: &[u8]) -> kyogi::ground::error::Result<Report> {
    let dir = folder();
    let path = dir.path().join(name);
    fs::write(&path, bytes).expect("writable");
    training::read(&path, &criteria())
}

fn outcomes(report: &Report) -> Vec<(String, String)> {
    let c = criteria();
    report.persons.iter().map(|p| (format!("{}={}", p.name, p.outcome(&c).label()), p.lacking(&c))).collect()
}

/// `code@row column「value」`
fn said(f: &Finding) -> String {
    let column = if f.column.is_empty() { String::new() } else { format!(" {}", f.column) };
    let value = if f.value.is_empty() { String::new() } else { format!("「{}」", f.value) };
    format!("{}@{}{column}{value}", f.code, f.row)
}

#[test]
fn training_completion_as_the_table_says() {
    let cases = rows(&tests_path("cases/training/completion.csv"));
    let mut list = vec![["氏名", "座学", "実地"].map(str::to_owned).to_vec()];
    list.extend(cases.iter().map(|c| [&c["case"], &c["座学"], &c["実地"]].map(Clone::clone).to_vec()));
    let expected: Vec<(String, String)> = cases.iter().map(|c| (format!("{}={}", c["case"], c["expect"]), c["lacking"].clone())).collect();
    let read = report("list.csv", csv(&list).as_bytes()).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(outcomes(&read), expected);
    // every threshold is held by a case: moved a little, some person is told something else
    let told = |c: &Criteria| read.persons.iter().map(|p| (p.outcome(c), p.lacking(c))).collect::<Vec<(Outcome, String)>>();
    let changes: [fn(&mut Criteria); 8] = [
        |c| c.lecture_min += 50,
        |c| c.lecture_min -= 1,
        |c| c.practice_min += 500,
        |c| c.practice_min -= 1,
        |c| c.total_min += 50,
        |c| c.total_min -= 50,
        |c| c.per_activity += 100,
        |c| c.per_lecture += 50,
    ];
    for (i, change) in changes.iter().enumerate() {
        let mut moved = criteria();
        change(&mut moved);
        assert_ne!(told(&moved), told(&criteria()), "no case notices change {i}");
    }
}

#[test]
fn training_lists_are_the_same_in_every_encoding() {
    let known = finding::rules().unwrap_or_else(|e| panic!("{e}"));
    let cases = rows(&tests_path("cases/training/lists.csv"));
    for case in &cases {
        let list = cells(&case["list"]);
        let text = csv(&list);
        let (cp932, _, unmappable) = encoding_rs::SHIFT_JIS.encode(&text);
        assert!(!unmappable);
        let bytes = [text.as_bytes().to_vec(), format!("\u{FEFF}{text}").into_bytes(), cp932.into_owned(), workbook(&list)];
        for (i, bytes) in bytes.iter().enumerate() {
            let name = if i == 3 { "list.xlsx" } else { "list.csv" };
            let read = report(name, bytes).unwrap_or_else(|e| panic!("{}: {e}", case["case"]));
            let found: Vec<String> = outcomes(&read).into_iter().map(|(o, _)| o).collect();
            assert_eq!(found.join(";"), case["expect"], "{} in form {i}", case["case"]);
            let notes: Vec<String> = read.findings.iter().filter(|f| f.code != "sheet_not_read").map(said).collect();
            assert_eq!(notes.join(";"), case["findings"], "{} in form {i}", case["case"]);
            assert!(read.findings.iter().all(|f| known.contains_key(&f.code) && f.file == name));
        }
    }
    // no finding of the training without a case
    let all: String = cases.iter().map(|c| c["findings"].as_str()).collect();
    for code in known.keys().filter(|c| c.starts_with("training_") && *c != "training_without_number") {
        assert!(all.contains(&format!("{code}@")), "no case for {code}");
    }
}

#[test]
fn training_refuses_what_is_no_list_of_units() {
    for case in rows(&tests_path("cases/training/refused.csv")) {
        let list = cells(&case["list"]);
        for (name, bytes) in [("list.csv", csv(&list).into_bytes()), ("list.xlsx", workbook(&list))] {
            let error = report(name, &bytes).expect_err(&case["case"]).to_string();
            assert!(error.contains(&case["says"]) && error.contains("次にすること") && error.contains(name), "{}: {error}", case["case"]);
        }
    }
    for (name, bytes) in
        [("list.pdf", b"%PDF-1.7\n\0\x01\xFF\xFE\x80\x81".to_vec()), ("list.csv", Vec::new()), ("list.xlsx", b"PK\x03\x04broken".to_vec())]
    {
        let error = report(name, &bytes).expect_err(name).to_string();
        assert!(error.contains("エラー：") && error.contains("次にすること"), "{error}");
    }
    let dir = folder();
    for path in [dir.path().to_path_buf(), dir.path().join("no.csv")] {
        let error = training::read(&path, &criteria()).expect_err("no file").to_string();
        assert!(error.contains("次にすること"), "{error}");
    }
}

#[test]
fn training_undecodable_names_keep_their_place() {
    let mut bytes = encoding_rs::SHIFT_JIS.encode("氏名,座学,実地\r\n甲,5,5\r\n").0.into_owned();
    bytes.extend(b"\x81\xFF,5,5\r\n");
    let read = report("list.csv", &bytes).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(read.findings.iter().map(said).collect::<Vec<_>>(), ["undecodable@3 A（氏名）"]);
    assert_eq!(read.persons.len(), 2);
}

#[test]
fn training_shortage_taken_up_completes() {
    let c = criteria();
    for lecture in (0..1200).step_by(50) {
        for practice in (0..1500).step_by(500) {
            let person = |lecture, practice| {
                let mut p = Person::default();
                (p.lecture, p.practice) = (Units { low: lecture, high: Some(lecture) }, Units { low: practice, high: Some(practice) });
                p
            };
            let now = person(lecture, practice);
            let lack = now.lack(&c);
            assert_eq!(now.outcome(&c) == Outcome::Completed, now.lacking(&c).is_empty());
            // what is lacking in all beyond the two kinds may be heard as 座学
            let rest = (lack.total - lack.lecture - lack.practice).max(0);
            let then = person(lecture + lack.lecture + rest, practice + lack.practice);
            assert_eq!(then.outcome(&c), Outcome::Completed, "{lecture} and {practice}");
        }
    }
}

fn names(dir: &Path) -> Vec<String> {
    let mut all: Vec<String> = fs::read_dir(dir).expect("folder").flatten().map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    all.sort();
    all
}

#[test]
fn training_writes_both_files_or_none() {
    let dir = folder();
    let list = dir.path().join("一覧.csv");
    let people: String = (0..30).map(|i| format!("人{i},F{},{},5\r\n", i % 4, i % 7)).collect();
    fs::write(&list, format!("氏名,医療機関ID,座学,実地\r\n{people}人x,F9,-1,5\r\n")).expect("writable");
    let text = training::run(&list, None, None).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(names(dir.path()), ["一覧.csv", "一覧_修了状況.csv", "一覧_修了状況.xlsx"]);
    assert!(
        text.contains("31 人") && text.contains("要件を満たす：8 人") && text.contains("足りない：22 人（座学 5 人、実地 0 人、合計 22 人"),
        "{text}"
    );
    assert!(text.contains("ほか 2 人") && text.contains("判定できない：1 人") && text.contains("列 C（座学）「-1」"), "{text}");
    assert_eq!(text.lines().filter(|l| l.starts_with("  人")).count(), 21, "twenty of those short, one undetermined");
    // the CSV and the sheet say the same
    let sheets = read_workbook(&dir.path().join("一覧_修了状況.xlsx")).expect("workbook");
    assert_eq!(sheets.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(), ["修了状況", "確かめること", "規則"]);
    let text = fs::read_to_string(dir.path().join("一覧_修了状況.csv")).expect("csv");
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.trim_start_matches('\u{FEFF}').as_bytes());
    let lines: Vec<csv::StringRecord> = reader.records().map(|r| r.expect("row")).collect();
    assert_eq!(lines.len(), 32);
    for (r, line) in lines.iter().enumerate() {
        for (c, cell) in line.iter().enumerate() {
            assert_eq!(sheets[0].text(r, c), cell, "row {r}, column {c}");
        }
    }
    // a second run changes nothing that is there; elsewhere it gives the same bytes
    let error = training::run(&list, None, None).expect_err("there already").to_string();
    assert!(error.contains("すでにあります") && error.contains("次にすること"), "{error}");
    training::run(&list, Some(&dir.path().join("別/結果.xlsx")), None).unwrap_or_else(|e| panic!("{e}"));
    for (one, two) in [("一覧_修了状況.csv", "別/結果.csv"), ("一覧_修了状況.xlsx", "別/結果.xlsx")] {
        assert_eq!(fs::read(dir.path().join(one)).expect("one"), fs::read(dir.path().join(two)).expect("two"));
    }
    // one of the two in the way: neither is written
    fs::create_dir(dir.path().join("三")).expect("folder");
    fs::write(dir.path().join("三/一覧_修了状況.xlsx"), b"of people").expect("writable");
    assert!(training::run(&list, Some(&dir.path().join("三")), None).is_err());
    assert_eq!(names(&dir.path().join("三")), ["一覧_修了状況.xlsx"]);
    // a list that is refused leaves nothing behind
    fs::write(&list, "氏名,座学\r\n甲,5\r\n").expect("writable");
    assert!(training::run(&list, Some(&dir.path().join("四")), None).is_err());
    assert!(!dir.path().join("四").exists());
}
