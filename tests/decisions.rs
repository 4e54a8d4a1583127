//! People's work in `確認一覧.xlsx`: read back, merged, kept — through real workbooks, however they were edited.

use std::collections::BTreeSet;
use std::path::Path;

use kyogi::check::listing::{Listing, STAMP};
use kyogi::check::{lists, merge, people, workbook};
use kyogi::ground::spreadsheet::{self, Cell, Kind, Row, Sheet, Value};
use proptest::prelude::*;
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};

use crate::support::{folder, plain_facility, rows, run_packet, write_extract};

/// Writes sheets as a person's Excel would save them: values, dates, formulas and merged cells.
pub fn save(sheets: &[Sheet]) -> Vec<u8> {
    let mut book = Workbook::new();
    let day = Format::new().set_num_format("yyyy-mm-dd");
    for sheet in sheets {
        let out = book.add_worksheet();
        out.set_name(&sheet.name).expect("name");
        for (r, row) in sheet.rows.iter().enumerate() {
            for (c, cell) in row.iter().enumerate() {
                let at = (r as u32, c as u16);
                match (&cell.formula, cell.kind) {
                    (Some(formula), _) => {
                        let formula = rust_xlsxwriter::Formula::new(format!("={formula}")).set_result(&cell.text);
                        out.write_formula(at.0, at.1, formula).expect("formula");
                    }
                    (None, Kind::Empty) => {}
                    (None, Kind::Number) => {
                        out.write_number(at.0, at.1, cell.text.parse::<f64>().expect("number")).expect("number");
                    }
                    (None, Kind::Date) => {
                        let date = ExcelDateTime::parse_from_str(&cell.text).expect("date");
                        out.write_datetime_with_format(at.0, at.1, &date, &day).expect("date");
                    }
                    (None, _) => drop(out.write_string(at.0, at.1, &cell.text).expect("text")),
                }
            }
        }
        for &(top, left, bottom, right) in &sheet.merged {
            let text = sheet.text(top, left).to_owned();
            out.merge_range(top as u32, left as u16, bottom as u32, right as u16, &text, &Format::new()).expect("merge");
        }
    }
    book.save_to_buffer().expect("saved")
}

fn edit(path: &Path, change: impl FnOnce(&mut Vec<Sheet>)) {
    let mut sheets = spreadsheet::read(path).unwrap_or_else(|e| panic!("{e}"));
    change(&mut sheets);
    std::fs::write(path, save(&sheets)).expect("writable");
}

fn set(sheet: &mut Sheet, row: usize, column: usize, cell: Cell) {
    if sheet.rows.len() <= row {
        sheet.rows.resize(row + 1, Row::default());
    }
    sheet.rows[row].put(column, cell);
}

fn text(text: &str) -> Cell {
    Cell { text: text.into(), kind: if text.is_empty() { Kind::Empty } else { Kind::Text }, formula: None }
}

fn column(sheet: &Sheet, title: &str) -> usize {
    sheet.rows[0].iter().position(|c| c.text == title).unwrap_or_else(|| panic!("{title} in {}", sheet.name))
}

fn sheet<'a>(sheets: &'a mut [Sheet], name: &str) -> &'a mut Sheet {
    sheets.iter_mut().find(|s| s.name == name).unwrap_or_else(|| panic!("{name}"))
}

/// Text of a cell of the row of a facility.
fn told(sheets: &mut [Sheet], name: &str, id: &str, title: &str) -> String {
    let sheet = sheet(sheets, name);
    let (at, id_at) = (column(sheet, title), column(sheet, "医療機関ID"));
    let row = (1..sheet.rows.len()).find(|&r| sheet.text(r, id_at) == id).unwrap_or_else(|| panic!("{id} in {name}"));
    sheet.text(row, at).to_owned()
}

fn write(sheet: &mut Sheet, id: &str, cells: &[(&str, Cell)]) {
    let id_at = column(sheet, "医療機関ID");
    let row = (1..sheet.rows.len()).find(|&r| sheet.text(r, id_at) == id).unwrap_or_else(|| panic!("{id}"));
    for (title, cell) in cells {
        let at = column(sheet, title);
        set(sheet, row, at, cell.clone());
    }
}

/// A work folder whose extract holds the given facilities.
struct Desk {
    dir: tempfile::TempDir,
    workspace: kyogi::facts::workspace::Workspace,
}

impl Desk {
    fn new(facilities: &[std::collections::BTreeMap<String, String>]) -> Self {
        let dir = folder();
        let workspace = kyogi::facts::workspace::init("31", 2025, &dir.path().join("work")).unwrap_or_else(|e| panic!("{e}"));
        let desk = Self { dir, workspace };
        desk.extract(facilities);
        desk
    }

    fn extract(&self, facilities: &[std::collections::BTreeMap<String, String>]) {
        write_extract(&self.workspace.root.join("input/extract.csv"), facilities);
    }

    fn check(&self) -> kyogi::ground::error::Result<kyogi::commands::run::Checked> {
        let (workspace, progress) = (&self.workspace, &kyogi::ground::progress::Progress::silent());
        kyogi::commands::run::check(&kyogi::commands::run::Options { workspace, extract: None, mapping: None, out: None, threads: 2, progress })
    }

    fn path(&self) -> std::path::PathBuf {
        self.workspace.root.join("確認一覧.xlsx")
    }

    fn sheets(&self) -> Vec<Sheet> {
        spreadsheet::read(&self.path()).unwrap_or_else(|e| panic!("{e}"))
    }
}

fn contradiction(id: &str, domains: &str) -> std::collections::BTreeMap<String, String> {
    let mut f = plain_facility(id);
    f.insert("g1_domains".into(), domains.into());
    f
}

fn silent(id: &str) -> std::collections::BTreeMap<String, String> {
    let mut f = plain_facility(id);
    f.retain(|item, _| !item.starts_with('g'));
    f.insert("report_status".into(), "未報告".into());
    f
}

const A: &str = "3100000000001";
const B: &str = "3100000000002";
const C: &str = "3100000000003";

#[test]
fn decisions_survive_change_and_come_back() {
    let (a, b) = (contradiction(A, "0:該当無し;6:呼吸器領域"), contradiction(B, "0:該当無し;9:循環器系領域"));
    let silent = silent(C);
    let desk = Desk::new(&[a.clone(), b.clone(), silent.clone()]);
    desk.check().unwrap_or_else(|e| panic!("{e}"));
    let once = std::fs::read(desk.path()).expect("workbook");
    desk.check().unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(std::fs::read(desk.path()).expect("workbook"), once, "nothing changed: the same bytes");

    let date = Cell { text: "2026-02-10".into(), kind: Kind::Date, formula: None };
    edit(&desk.path(), |sheets| {
        let list = sheet(sheets, "疑義照会一覧");
        write(
            list,
            A,
            &[
                ("判断", text("問題なし")),
                ("日付", date.clone()),
                ("担当", text("KT")),
                ("理由", text("電話で確認")),
                ("照会の文案", text("お電話の件です。")),
            ],
        );
        write(list, B, &[("判断", text("照会中")), ("日付", text("R8.2.12")), ("担当", text("KT")), ("理由", text("文書で照会"))]);
        write(sheet(sheets, "未報告一覧"), C, &[("日付", date.clone()), ("担当", text("MS")), ("メモ", text("院長不在"))]);
    });
    let checked = desk.check().unwrap_or_else(|e| panic!("{e}"));
    assert!(checked.workbook.is_empty(), "{}", checked.workbook);
    let codes: Vec<&str> = checked.report.findings.iter().map(|f| f.code.as_str()).collect();
    assert_eq!(codes, ["decision_date_text"], "a date as text is read, and said");
    let mut sheets = desk.sheets();
    for (id, title, expected) in [(A, "判断", "問題なし"), (A, "日付", "2026-02-10"), (A, "照会の文案", "お電話の件です。"), (B, "日付", "R8.2.12")]
    {
        assert_eq!(told(&mut sheets, "疑義照会一覧", id, title), expected);
    }

    // A mends its report, B reports another value, C reports
    desk.extract(&[plain_facility(A), contradiction(B, "0:該当無し;7:消化器系領域"), plain_facility(C)]);
    desk.check().unwrap_or_else(|e| panic!("{e}"));
    let mut sheets = desk.sheets();
    assert_eq!(told(&mut sheets, "疑義照会一覧", B, "判断"), "", "the decision was about another value");
    let progress = told(&mut sheets, "疑義照会一覧", B, "経過");
    assert!(progress.starts_with("報告が変わりました（前の値：該当無し・循環器系領域／前の判断：照会中"), "{progress}");
    let archive = sheet(&mut sheets, "保管した判断");
    let kept: Vec<String> = archive.rows.iter().skip(1).map(|r| r.iter().map(|c| c.text.as_str()).collect::<Vec<_>>().join("|")).collect();
    assert_eq!(kept.len(), 3, "{kept:?}");
    for (id, said) in [(A, "電話で確認"), (B, "文書で照会"), (C, "院長不在")] {
        assert!(kept.iter().any(|row| row.contains(id) && row.contains(said)), "{id}: {kept:?}");
    }

    // the old report is back: so is the decision about it
    desk.extract(&[a, b, silent]);
    desk.check().unwrap_or_else(|e| panic!("{e}"));
    let mut sheets = desk.sheets();
    assert_eq!(told(&mut sheets, "疑義照会一覧", A, "判断"), "問題なし");
    assert_eq!(told(&mut sheets, "疑義照会一覧", A, "日付"), "2026-02-10");
    assert_eq!(told(&mut sheets, "疑義照会一覧", B, "理由"), "文書で照会");
    assert_eq!(told(&mut sheets, "未報告一覧", C, "メモ"), "院長不在");
}

#[test]
fn overrides_act_with_a_reason_and_only_then() {
    let mut no_consultation = plain_facility(B);
    no_consultation.insert("g1_consultation".into(), "0:不可".into());
    no_consultation.insert("g2a_duty_rota".into(), "3:有り(月1回)".into());
    let silent = silent(C);
    let desk = Desk::new(&[plain_facility(A), no_consultation, silent]);
    desk.check().unwrap_or_else(|e| panic!("{e}"));
    edit(&desk.path(), |sheets| {
        let list = sheet(sheets, "判定の上書き");
        for (r, (id, function, status, reason)) in [
            (A, "2号ハ", "あり", "往診の記録を確認した"),
            (A, "2号ニ", "あり", ""),
            (B, "1号機能", "あり", "相談に応じていることを聞き取った"),
            (C, "2号イ", "あり", "未報告だが当番表にある"),
            (A, "2号ホ", "あり", "機能の書きまちがい"),
            ("3199999999999", "2号イ", "なし", "IDの書きまちがい"),
        ]
        .into_iter()
        .enumerate()
        {
            for (title, said) in [("医療機関ID", id), ("機能", function), ("判定", status), ("理由", reason), ("担当", "KT")] {
                let at = column(list, title);
                set(list, r + 1, at, text(said));
            }
        }
    });
    let out = desk.dir.path().join("packet");
    let outcome = run_packet(&desk.workspace, None, &out, 2).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(outcome.not_replaced, "");
    let statuses = rows(&out.join("data/facility_status.csv"));
    let status = |id: &str, function: &str| statuses.iter().find(|s| s["facility_id"] == id && s["function_code"] == function).expect("status");
    assert_eq!((status(A, "g2c")["status_literal"].as_str(), status(A, "g2c")["status_before_override"].as_str()), ("yes", "no"));
    assert_eq!(status(A, "g2c")["rule_code"], "override");
    assert_eq!(status(A, "g2d")["status_literal"], "no", "without a reason nothing is overridden");
    assert_eq!((status(B, "g1")["status_literal"].as_str(), status(B, "g2a")["status_literal"].as_str()), ("yes", "yes"), "the gate of 2号 opens");
    assert_eq!(status(C, "g2a")["status_literal"], "not_reported");
    let found: BTreeSet<String> = rows(&out.join("data/findings.csv"))
        .iter()
        .filter(|f| f["file"] == "確認一覧.xlsx")
        .map(|f| format!("{} {}", f["finding_code"], f["column"]))
        .collect();
    let expected = [
        "override_unreadable シート「判定の上書き」の B6",
        "override_unreadable シート「判定の上書き」の C7",
        "override_without_effect シート「判定の上書き」の C5",
        "override_without_reason シート「判定の上書き」の D3",
    ];
    assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), expected);

    // shown wherever it acts: explanation, manifest, area figures, the sheet itself
    let explained = kyogi::commands::explain::facility(&desk.workspace, &out, A).unwrap_or_else(|e| panic!("{e}"));
    assert!(explained.contains("判定の上書き：往診の記録を確認した（KT）。もとの判定：なし"), "{explained}");
    let manifest = std::fs::read_to_string(out.join("manifest.json")).expect("manifest");
    assert!(manifest.contains("往診の記録を確認した") && !manifest.contains("機能の書きまちがい"));
    let summary = rows(&out.join("data/area_summary.csv"));
    let area = |function: &str| summary.iter().find(|r| r["area_code"] == "31201" && r["function_code"] == function).expect("鳥取市");
    assert_eq!(area("g2c")["positive_literal"], "1");
    let mut sheets = desk.sheets();
    let list = sheet(&mut sheets, "判定の上書き");
    let outcome_at = column(list, "結果");
    let outcomes: Vec<&str> = (1..list.rows.len()).map(|r| list.text(r, outcome_at)).collect();
    assert_eq!(outcomes[..3], ["使いました", "理由が空のため、使っていません", "使いました"]);
    // said where people write, and on the screen apart from what acts
    let unread = sheet(&mut sheets, "書きこみで読めなかったもの");
    let places: BTreeSet<&str> = (1..unread.rows.len()).map(|r| unread.text(r, 0)).collect();
    assert_eq!(places, expected.iter().filter_map(|e| e.split_once(' ')).map(|(_, place)| place).collect());
    let page = std::fs::read_to_string(out.join("check/index.html")).expect("page");
    assert!(page.contains("書きこみで読めなかったもの") && page.contains("2件（ほかに、使っていないもの 4件）"));
    // run again on the rewritten workbook: the same statuses
    let again = desk.dir.path().join("again");
    run_packet(&desk.workspace, None, &again, 1).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(std::fs::read(again.join("data/facility_status.csv")).ok(), std::fs::read(out.join("data/facility_status.csv")).ok());
    assert_eq!(std::fs::read(again.join("check/確認一覧.xlsx")).ok(), std::fs::read(desk.path()).ok());
}

#[test]
fn a_broken_or_open_workbook_stops_or_stays() {
    let desk = Desk::new(&[contradiction(A, "0:該当無し;6:呼吸器領域")]);
    desk.check().unwrap_or_else(|e| panic!("{e}"));
    let before = std::fs::read(desk.workspace.root.join("check/manifest.json")).expect("manifest");
    let good = std::fs::read(desk.path()).expect("workbook");
    for broken in [&good[..good.len() / 2], b"PK\x03\x04 not a workbook", b"", &[0xD0, 0xCF, 0x11, 0xE0, 1, 2]] {
        std::fs::write(desk.path(), broken).expect("writable");
        let error = desk.check().map(|_| ()).expect_err("stopped").to_string();
        assert!(error.contains("確認一覧.xlsx") && error.contains("次にすること"), "{error}");
        assert_eq!(std::fs::read(desk.path()).expect("workbook"), broken, "left as it was");
        assert_eq!(std::fs::read(desk.workspace.root.join("check/manifest.json")).expect("manifest"), before);
    }
    // Excel has it open: read, not replaced
    std::fs::write(desk.path(), &good).expect("writable");
    std::fs::write(desk.workspace.root.join("~$確認一覧.xlsx"), b"x").expect("writable");
    desk.extract(&[contradiction(A, "0:該当無し;9:循環器系領域")]);
    let checked = desk.check().unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(checked.workbook, "Excel などで開かれています（しるしのファイル ~$確認一覧.xlsx）");
    assert_eq!(std::fs::read(desk.path()).expect("workbook"), good);
}

/// Findings with their sheet and cell for what people do to workbooks; the rest works.
#[test]
fn what_people_do_to_workbooks_is_said_with_its_cell() {
    let desk = Desk::new(&[contradiction(A, "0:該当無し;6:呼吸器領域"), contradiction(B, "0:該当無し;9:循環器系領域")]);
    desk.check().unwrap_or_else(|e| panic!("{e}"));
    type Damage = fn(&mut Sheet);
    let cases: [(&str, &str, Damage); 5] = [
        ("decision_word_unknown", "「判断」（2 行目）", |s| {
            write(s, A, &[("判断", text("問題無し？")), ("日付", text("2026-02-01")), ("担当", text("K")), ("理由", text("r"))])
        }),
        ("decision_date_unreadable", "「日付」（2 行目）", |s| {
            write(s, A, &[("判断", text("問題なし")), ("日付", text("先週")), ("担当", text("K")), ("理由", text("r"))])
        }),
        ("check_workbook_header_missing", "A1", |s| drop(s.rows.remove(0))),
        ("workbook_merged", "K2", |s| {
            write(s, A, &[("判断", text("修正済"))]);
            s.merged.push((1, 10, 2, 10));
        }),
        ("check_workbook_formula", "L2", |s| {
            let formula = Cell { text: "2026-02-03".into(), kind: Kind::Text, formula: Some("TODAY()".into()) };
            write(s, A, &[("日付", formula)]);
        }),
    ];
    let clean = std::fs::read(desk.path()).expect("workbook");
    for (code, place, change) in cases {
        std::fs::write(desk.path(), &clean).expect("writable");
        edit(&desk.path(), |sheets| {
            let list = sheet(sheets, "疑義照会一覧");
            write(list, B, &[("判断", text("照会中")), ("日付", text("2026-02-01")), ("担当", text("MS")), ("理由", text("二枚目"))]);
            change(list);
        });
        let checked = desk.check().unwrap_or_else(|e| panic!("{e}"));
        let found = checked.report.findings.iter().find(|f| f.code == code).unwrap_or_else(|| panic!("{code}: {:?}", checked.report.findings));
        assert!(found.column.contains("疑義照会一覧") && found.column.ends_with(place), "{code}: {}", found.column);
        assert_eq!(checked.workbook, "", "{code}");
        if code.starts_with("decision_") {
            let mut sheets = desk.sheets();
            let list = sheet(&mut sheets, "書きこみで読めなかったもの");
            let told = |title: &str| list.text(1, column(list, title));
            assert_eq!((told("場所"), told("医療機関ID"), told("書かれていること")), (found.column.as_str(), A, found.value.as_str()));
            let once = std::fs::read(desk.path()).expect("workbook");
            desk.check().unwrap_or_else(|e| panic!("{e}"));
            assert_eq!(std::fs::read(desk.path()).expect("workbook"), once, "{code}: said again, in the same words");
        }
        if code != "workbook_merged" {
            assert_eq!(told(&mut desk.sheets(), "疑義照会一覧", B, "理由"), "二枚目", "{code}: the rest works");
        }
    }
}

/// A date that cannot be read is said on every sheet with dates.
#[test]
fn an_unreadable_date_of_a_reminder_is_said() {
    let silent = silent(C);
    let desk = Desk::new(&[silent]);
    desk.check().unwrap_or_else(|e| panic!("{e}"));
    edit(&desk.path(), |sheets| write(sheet(sheets, "未報告一覧"), C, &[("日付", text("あした"))]));
    let checked = desk.check().unwrap_or_else(|e| panic!("{e}"));
    let found: Vec<(&str, &str)> = checked.report.findings.iter().map(|f| (f.code.as_str(), f.value.as_str())).collect();
    assert_eq!(found, [("decision_date_unreadable", "あした")]);
}

/// A listing of inquiries as a run makes it.
fn inquiries(values: &[(u8, u8)]) -> Vec<Listing> {
    let mut list = Listing::new(lists::INQUIRIES, lists::fields(lists::INQUIRIES), "");
    for (facility, value) in values.iter().collect::<BTreeSet<_>>() {
        let (id, value) = (format!("31000000000{facility:02}"), format!("値{value}"));
        let cells =
            ["訂正が必要", &id, "", "鳥取市", "領域", &value, "合いません", "どちらですか。", "行 5", "", "domains_contradiction", "g1_domains"];
        list.push(cells.iter().map(|t| Value::from(*t)).collect());
    }
    vec![list]
}

#[derive(Clone, Debug)]
enum Edit {
    Cell(usize, usize),
    Blank(usize, usize),
    RemoveRow(usize),
    CopyRow(usize, usize),
    Swap(usize, usize),
    Insert(usize),
    RemoveColumn(usize),
    NewSheet,
    Rename(usize),
    Formula(usize, usize),
}

fn edits() -> impl Strategy<Value = Vec<(usize, Edit)>> {
    let (r, c) = (0..9_usize, 0..21_usize);
    let one = prop_oneof![
        6 => (r.clone(), c.clone()).prop_map(|(r, c)| Edit::Cell(r, c)),
        1 => (r.clone(), c.clone()).prop_map(|(r, c)| Edit::Blank(r, c)),
        1 => r.clone().prop_map(Edit::RemoveRow),
        1 => (r.clone(), r.clone()).prop_map(|(a, b)| Edit::CopyRow(a, b)),
        2 => (r.clone(), r.clone()).prop_map(|(a, b)| Edit::Swap(a, b)),
        1 => r.clone().prop_map(Edit::Insert),
        1 => c.clone().prop_map(Edit::RemoveColumn),
        1 => Just(Edit::NewSheet),
        1 => c.clone().prop_map(Edit::Rename),
        1 => (r, c).prop_map(|(r, c)| Edit::Formula(r, c)),
    ];
    proptest::collection::vec((0..3_usize, one), 0..10)
}

/// Applies the edits; every text that a person types is new, so that it can be looked for.
fn apply(sheets: &mut Vec<Sheet>, edits: &[(usize, Edit)], typed: &mut usize) {
    for (at, edit) in edits {
        let mut fresh = || {
            *typed += 1;
            text(&format!("人の文{typed:05}"))
        };
        // the inquiries most of the time, else the archive or the scraps
        let n = at % sheets.len();
        let sheet = &mut sheets[n];
        let height = sheet.rows.len().max(1);
        match edit {
            Edit::Cell(r, c) => set(sheet, *r, *c, fresh()),
            Edit::Blank(r, c) => set(sheet, *r, *c, Cell::default()),
            Edit::RemoveRow(r) if *r < sheet.rows.len() => drop(sheet.rows.remove(*r)),
            Edit::CopyRow(a, b) => {
                let copy = sheet.rows.get(a % height).cloned().unwrap_or_default();
                sheet.rows.insert((b % height).min(sheet.rows.len()), copy);
            }
            Edit::Swap(a, b) if height > 1 && sheet.rows.len() == height => sheet.rows.swap(a % height, b % height),
            Edit::Insert(r) => sheet.rows.insert((*r).min(sheet.rows.len()), vec![fresh()].into()),
            Edit::RemoveColumn(c) => {
                for row in &mut sheet.rows {
                    *row = row.iter().enumerate().filter(|(column, _)| column != c).map(|(_, cell)| cell.clone()).collect();
                }
            }
            Edit::NewSheet => {
                let cell = fresh();
                sheets.push(Sheet { name: format!("追加{typed}"), rows: vec![vec![cell].into()], ..Sheet::default() });
            }
            Edit::Rename(c) => set(sheet, 0, *c, fresh()),
            Edit::Formula(r, c) => {
                let cell = fresh();
                set(sheet, *r, *c, Cell { formula: Some("1+1".into()), ..cell });
            }
            _ => {}
        }
    }
}

fn typed_texts(sheets: &[Sheet]) -> BTreeSet<String> {
    let texts = sheets.iter().flat_map(|s| s.rows.iter().flatten()).map(|c| c.text.clone());
    let mut found = BTreeSet::new();
    for text in texts {
        let marks: Vec<usize> = text.match_indices("人の文").map(|(i, _)| i).collect();
        found.extend(marks.into_iter().filter_map(|i| text.get(i.."人の文".len() + i + 5)).map(str::to_owned));
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// However people edit, and however the reports change in between: no text of theirs is lost, and a rewrite of a rewrite changes nothing.
    #[test]
    fn no_text_of_people_is_ever_lost(rounds in proptest::collection::vec((proptest::collection::vec((0..6_u8, 0..3_u8), 0..7), edits()), 1..4)) {
        let known = kyogi::check::known();
        let (mut sheets, mut typed): (Vec<Sheet>, usize) = (Vec::new(), 0);
        for (values, edits) in rounds {
            let write = |sheets: Vec<Sheet>| {
                let mut old = people::read(sheets, &known, "確認一覧.xlsx");
                let mut new = inquiries(&values);
                merge::merge(&mut new, &mut old, "確認一覧.xlsx", &|_| None);
                let bytes = workbook::bytes("確認一覧", (2026, 4, 1), &new, &old.strangers).unwrap_or_else(|e| panic!("{e}"));
                (workbook::lost(&old, &bytes).unwrap_or_else(|e| panic!("{e}")), bytes)
            };
            let before = typed_texts(&sheets);
            let (lost, bytes) = write(sheets);
            prop_assert_eq!(lost, Vec::<String>::new());
            let written = spreadsheet::read_bytes(bytes.clone()).unwrap_or_else(|e| panic!("{e}"));
            let after = typed_texts(&written);
            prop_assert!(before.is_subset(&after), "lost: {:?}", before.difference(&after).collect::<Vec<_>>());
            let (_, again) = write(written.clone());
            prop_assert!(again == bytes, "a rewrite of a rewrite differs");
            sheets = written;
            apply(&mut sheets, &edits, &mut typed);
            sheets = spreadsheet::read_bytes(save(&sheets)).unwrap_or_else(|e| panic!("{e}"));
        }
    }
}

#[test]
fn stamps_are_hidden_and_people_are_offered_words() {
    let desk = Desk::new(&[contradiction(A, "0:該当無し;6:呼吸器領域")]);
    desk.check().unwrap_or_else(|e| panic!("{e}"));
    let mut archive = zip::ZipArchive::new(std::fs::File::open(desk.path()).expect("file")).expect("zip");
    let mut xml = String::new();
    std::io::Read::read_to_string(&mut archive.by_name("xl/worksheets/sheet4.xml").expect("sheet"), &mut xml).expect("text");
    assert!(xml.contains("hidden=\"1\"") && xml.contains("問題なし,照会中,修正済") && xml.contains("state=\"frozen\""));
    let mut sheets = desk.sheets();
    assert_eq!(sheet(&mut sheets, "疑義照会一覧").rows[0].iter().last().map(|c| c.text.as_str()), Some(STAMP));
}
