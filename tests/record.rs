//! What people record of areas and what others publish: flags, notices, the list of 地域外来医療, the baseline of the plan, filings and
//! the bed report, general outpatients. None of it may move a figure of supply.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use kyogi::facts::areas;
use kyogi::facts::calendar;
use kyogi::facts::council::Council;
use kyogi::facts::record::{self, Record};
use kyogi::facts::reference::Reference;
use kyogi::facts::workspace::{self, Workspace};
use kyogi::ground::spreadsheet::{Book, Column, Value, Width};

use crate::support::{YEAR, folder, plain_facility, rows, run_packet, sample_workspace, two_years, write_extract};

/// Name of a sheet, heading row, rows.
type Filled<'a> = (&'a str, &'a [&'a str], &'a [&'a [&'a str]]);

/// A workbook of the record with some sheets filled.
fn write_record(root: &Path, sheets: &[Filled<'_>]) {
    let mut book = Book::new("区域の記録", (2026, 4, 1)).expect("book");
    for (name, head, rows) in sheets {
        let columns: Vec<Column> = head.iter().map(|h| Column::new(*h, Width::Middle)).collect();
        let rows = rows.iter().map(|r| r.iter().map(|c| Value::from(*c)).collect::<Vec<_>>());
        book.table(name, &columns, rows).expect("sheet");
    }
    fs::write(root.join(record::FILE), book.finish().expect("bytes")).expect("writable");
}

const RULES: &[&str] = &["区域コード", "区域", "ルールの有無", "策定した者", "策定の年", "出典", "メモ"];
const DESIGNATED: &[&str] = &["体系", "名前", "市区町村・区", "部分の名前", "始まりの日", "終わりの日", "積極的役割を担う医療機関", "出典"];
const NOTICES: &[&str] =
    &["出どころ", "受理日", "区域コード", "医療機関名", "診療科目", "地域外来医療の内容", "意向", "頻度・時期", "意向がない理由", "メモ"];
const EARLIER: &[&str] = &["区域コード", "不足する外来医療機能", "年", "出典"];

fn load(prefecture: &str, root: Option<&Path>, year: i32) -> kyogi::ground::error::Result<(Record, Vec<areas::Area>)> {
    let reference = Reference::load(prefecture)?;
    let areas = areas::all(&reference, &Council::default());
    Ok((Record::load(root, &reference, &areas, year)?, areas))
}

#[test]
fn the_nine_published_candidates_are_flagged_with_both_measures() {
    let published = [
        ("13", "1301", "7.22", "52.90"),
        ("13", "1304", "4.28", "28.20"),
        ("13", "1303", "3.56", "26.98"),
        ("26", "2604", "2.54", "8.52"),
        ("27", "2708", "1.94", "19.42"),
        ("40", "4001", "1.86", "5.95"),
        ("13", "1302", "1.82", "15.37"),
        ("13", "1305", "1.74", "18.47"),
        ("28", "2801", "1.58", "5.73"),
    ];
    for (prefecture, area, sigma, ratio) in published {
        let (record, areas) = load(prefecture, None, YEAR).unwrap_or_else(|e| panic!("{e}"));
        let area = areas.iter().find(|a| a.level == "medical_area" && a.area_code == area).unwrap_or_else(|| panic!("{area}"));
        let flags = record.flags(area, YEAR);
        assert_eq!(flags.len(), 1, "{}", area.name);
        assert!(flags[0].whole && flags[0].measures.contains(sigma) && flags[0].measures.contains(ratio), "{:?}", flags[0]);
        assert!(flags[0].label.contains("候補") && flags[0].source.contains("第9回"));
    }
    let (record, areas) = load("31", None, YEAR).unwrap_or_else(|e| panic!("{e}"));
    assert!(areas.iter().all(|a| record.flags(a, YEAR).is_empty()), "鳥取県 has no candidate");
    // every area of the list is one of the secondary medical areas, with its members
    let text = kyogi::ground::embedded::text("sql/rules/excess_candidates.csv");
    assert_eq!(text.lines().count(), published.len() + 1);
}

#[test]
fn a_designated_area_may_be_a_ward_or_a_named_part_and_is_dated() {
    let dir = folder();
    let row = |part: &'static str, since: &'static str, until: &'static str| {
        ["外来医師過多区域", "都心部", "神戸市中央区", part, since, until, "", "県公示"]
    };
    let at = |part: &'static str, since: &'static str, until: &'static str| {
        write_record(dir.path(), &[("区域の指定", DESIGNATED, &[&row(part, since, until)])]);
        let (record, areas) = load("28", Some(dir.path()), YEAR).unwrap_or_else(|e| panic!("{e}"));
        let kobe = areas.iter().find(|a| a.area_code == "28100").expect("神戸市");
        record.flags(kobe, YEAR).into_iter().filter(|f| f.source == "県公示").collect::<Vec<_>>()
    };
    let flags = at("", "2026-10-01", "");
    assert!(flags.len() == 1 && !flags[0].whole && flags[0].part.is_empty(), "a ward is a part of its city: {flags:?}");
    assert_eq!(at("三宮地区", "2026-10-01", "")[0].part, "三宮地区");
    assert!(at("", "2027-04-01", "").is_empty(), "not yet");
    assert!(at("", "2020-04-01", "2026-03-31").is_empty(), "no more");
}

#[test]
fn what_cannot_be_placed_stops_with_sheet_and_row() {
    let cases: [(&str, &[&str], &[&str], &str); 5] = [
        ("区域の指定", DESIGNATED, &["新しい体系", "甲", "鳥取市", "", "2026-04-01", "", "", "県"], "「新しい体系」が分かりません"),
        ("区域の指定", DESIGNATED, &["在宅医療圏", "甲", "大阪市", "", "2026-04-01", "", "", "県"], "「大阪市」が分かりません"),
        ("入退院支援ルール", RULES, &["99999", "", "有", "県", "2020", "", ""], "区域「99999」が分かりません"),
        ("事前届出・意向確認書", NOTICES, &["事前届出", "四月", "31201", "", "", "初期救急", "有", "", "", ""], "日付「四月」が読めません"),
        ("前の不足機能", EARLIER, &["31201", "", "2024", "計画"], "「不足する外来医療機能」が空です"),
    ];
    for (sheet, head, row, expected) in cases {
        let dir = folder();
        write_record(dir.path(), &[(sheet, head, &[row])]);
        let error = load("31", Some(dir.path()), YEAR).expect_err(expected).to_string();
        assert!(error.contains(expected) && error.contains(sheet) && error.contains("2 行目"), "{error}");
    }
}

fn text_of(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

#[test]
fn the_list_of_local_outpatient_care_names_nobody_and_counts_no_intention() {
    let dir = folder();
    let plain = sample_workspace(&dir.path().join("plain"));
    let with = sample_workspace(&dir.path().join("with"));
    let notice = ["事前届出", "2026-05-01", "31201", "秘密クリニック", "内科", "在宅医療", "有", "週3回、夜間", "", ""];
    let refusal = ["意向確認書", "2026-06-01", "31201", "断り医院", "外科", "初期救急", "無", "", "人手", ""];
    write_record(
        &with.root,
        &[
            ("事前届出・意向確認書", NOTICES, &[&notice, &refusal]),
            ("前の不足機能", EARLIER, &[&["3101", "公衆衛生", "2024", "外来医療計画"], &["3101", "在宅医療", "2024", "外来医療計画"]]),
            ("入退院支援ルール", RULES, &[&["3101", "", "無", "", "", "", ""]]),
        ],
    );
    let [a, b] = [("a", &plain), ("b", &with)].map(|(name, w)| {
        let out = dir.path().join(name);
        run_packet(w, None, &out, 2).unwrap_or_else(|e| panic!("{e}"));
        out
    });
    // an intention told outside the report moves no figure
    assert_eq!(text_of(&a.join("data/figures.csv")), text_of(&b.join("data/figures.csv")));
    assert_eq!(text_of(&a.join("data/area_summary.csv")), text_of(&b.join("data/area_summary.csv")));
    let open = rows(&b.join("data/local_outpatient.csv"));
    assert!(!open.is_empty());
    for row in &open {
        let (low, high) = (row["evidence_low"].parse::<f64>(), row["evidence_high"].parse::<f64>());
        let is_certain = row["certainty"] == "足りないことが確か";
        if let (Ok(low), Ok(high)) = (low, high) {
            let short = if row["indicator"] == "after_hours_duty_ratio" { high < 100.0 } else { low > 0.0 };
            assert_eq!(short, is_certain, "{row:?}");
        }
        assert!(!row["source"].is_empty() && !row["confidence"].is_empty());
    }
    let ids: Vec<String> = rows(&b.join("data/facility_status.csv")).iter().map(|r| r["facility_id"].clone()).collect();
    for file in ["data/local_outpatient.csv", "outpatient/outpatient_31.html", "outpatient/outpatient_3101.html", "plan/plan_31.html"] {
        let text = text_of(&b.join(file));
        assert!(!text.contains("秘密クリニック") && !text.contains("断り医院") && !text.contains("施設1"), "{file} names a facility");
        assert!(ids.iter().all(|id| !text.contains(id.as_str())), "{file} has an ID");
    }
    let page = text_of(&b.join("outpatient/outpatient_3101.html"));
    for said in ["事前届出", "意向確認書", "令和8年5月1日", "供給には数えていません", "前だけ（今の報告からは言えない）", "第30条の18の5第1項第1号イ"]
    {
        assert!(page.contains(said), "{said}");
    }
    assert!(b.join("outpatient/outpatient_3101.pdf").exists() && b.join("outpatient/地域外来医療.xlsx").exists());
    // the rule of the area stands on the sheet of ロ, with a measure that has both seven-day rules
    let sheet = text_of(&b.join("sheets/3101_g2b.html"));
    assert!(sheet.contains("入退院支援ルールは、まだありません") && sheet.contains("入院から7日以内") && sheet.contains("7日前まで"), "rule");
}

#[test]
fn the_plan_chapter_freezes_its_baseline_and_later_years_are_held_against_it() {
    let dir = folder();
    let [first, second] = two_years(dir.path());
    let [one, two] = [&first, &second].map(|p| rows(&p.join("data/plan_baseline.csv")));
    let key = |r: &BTreeMap<String, String>| (r["level"].clone(), r["area_code"].clone(), r["indicator"].clone());
    assert!(one.iter().all(|r| r["baseline_year"] == "2025" && r["progress"].is_empty() && r["baseline_low"] == r["value_low"]));
    let later: BTreeMap<_, _> = two.iter().map(|r| (key(r), r)).collect();
    for row in &one {
        let now = later.get(&key(row)).unwrap_or_else(|| panic!("{:?} is gone", key(row)));
        assert_eq!(
            (&now["baseline_year"], &now["baseline_low"], &now["baseline_high"]),
            (&row["baseline_year"], &row["baseline_low"], &row["baseline_high"])
        );
    }
    assert!(two.iter().any(|r| !r["progress"].is_empty()));
    let page = text_of(&second.join("plan/plan_31.html"));
    for said in ["第30条の4第2項第10号の2", "1. 現状", "2. 課題", "3. 方策", "4. 指標と基準値", "令和7年度"] {
        assert!(page.contains(said), "{said}");
    }
    assert_eq!(calendar::due("plan_chapter", 2025).unwrap_or_else(|e| panic!("{e}")).as_deref(), Some("2027-03-31"));
    assert_eq!(calendar::due("plan_chapter", 2026).unwrap_or_else(|e| panic!("{e}")), None);
    assert!(first.join("plan/医療計画_十の二.xlsx").exists() && first.join("plan/plan_3101.pdf").exists());
}

fn small(root: &Path, cells: &[&[(&str, &str)]]) -> Workspace {
    let workspace = workspace::init("31", YEAR, root).unwrap_or_else(|e| panic!("{e}"));
    let facilities: Vec<BTreeMap<String, String>> = cells
        .iter()
        .enumerate()
        .map(|(i, cells)| {
            let mut f = plain_facility(&format!("31{i:011}"));
            f.extend(cells.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())));
            f
        })
        .collect();
    write_extract(&workspace.root.join("input/extract.csv"), &facilities);
    workspace
}

fn setting(workspace: &Workspace, text: &str) -> Workspace {
    let path = workspace.root.join("kyogi.toml");
    fs::write(&path, text_of(&path) + text).expect("writable");
    Workspace::open(&workspace.root).unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn filings_and_the_bed_report_ask_and_never_decide() {
    let dir = folder();
    let cells: [&[(&str, &str)]; 5] = [
        &[],
        &[("g2c_home_visit", "2:有り"), ("g2c_coverage_system", "1:自院で日中のみ対応"), ("g2d_acp", "2:有り")],
        &[("g2b_backup_bed", "4:有り(自院による確保)"), ("facility_type", "病院")],
        &[("facility_type", "病院")],
        &[("g1_consultation", "0:不可")],
    ];
    let workspace = small(&dir.path().join("w"), &cells);
    let id = |i: usize| format!("{:07}", i);
    let filings = format!(
        "題\r\n項番,都道府県コード,受理届出名称,医療機関番号,医療機関所在地（住所）\r\n1,31,在宅療養支援診療所（３）,{0},鳥取市\r\n2,31,地域包括診療加算,{0},鳥取市\r\n3,31,在宅療養支援診療所（１）,{1},鳥取市\r\n4,31,介護保険施設等連携往診加算,{1},鳥取市\r\n5,31,機能強化加算,{4},鳥取市\r\n6,31,時間外対応体制加算２,{2},鳥取市\r\n7,13,在宅療養支援診療所（１）,{3},千代田区\r\n",
        id(0),
        id(1),
        id(2),
        id(3),
        id(4)
    );
    fs::write(workspace.root.join("reference/名簿.csv"), filings).expect("writable");
    let beds = format!(
        "施設番号,住所,機能,回復期\r\n{},鳥取市,在宅医療等連携機能、高齢者救急・地域急性期機能,40\r\n{},鳥取市,専門等機能,20\r\n",
        id(3),
        id(2)
    );
    fs::write(workspace.root.join("reference/病床.csv"), beds).expect("writable");
    let mapping = "name = \"own\"\nconfidence = \"試験\"\n[columns]\n\"施設番号\" = \"id\"\n\"住所\" = \"address\"\n\"機能\" = \"says\"\n\"回復期\" = \"beds=回復期\"\n[values]\nselected = []\nseparators = [\"、\"]\n";
    fs::write(workspace.root.join("layouts/beds.txt"), mapping).expect("writable");
    let before = dir.path().join("before");
    run_packet(&workspace, None, &before, 1).unwrap_or_else(|e| panic!("{e}"));
    // the rows of the bed report hold from 2026 on: their year is said in the settings of the checks
    let workspace = setting(
        &workspace,
        "\n[outside]\nfilings = \"reference/名簿.csv\"\nbed_report = \"reference/病床.csv\"\nbed_mapping = \"layouts/beds.txt\"\n",
    );
    let after = dir.path().join("after");
    run_packet(&workspace, None, &after, 1).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(text_of(&before.join("data/facility_status.csv")), text_of(&after.join("data/facility_status.csv")), "a list decides nothing");
    let findings = rows(&after.join("data/findings.csv"));
    let mut asked: Vec<(String, String)> =
        findings.iter().filter(|f| f["finding_code"].starts_with("filing_")).map(|f| (f["finding_code"].clone(), f["facility_id"].clone())).collect();
    asked.sort();
    let full = |i: usize| format!("31{i:011}");
    let expected = [("filing_24h", 1), ("filing_acp", 0), ("filing_after_hours", 2), ("filing_care_facility", 1), ("filing_home_visit", 0)];
    assert_eq!(asked, expected.map(|(code, i)| (code.to_owned(), full(i))));
    assert!(
        text_of(&after.join("check/index.html")).contains("在宅療養支援診療所（3）の届出があります")
            || text_of(&after.join("check/index.html")).contains("在宅療養支援診療所（３）の届出があります")
    );

    // the same in the first year of the bed report
    let text = text_of(&workspace.root.join("input/extract.csv")).replace("2025,31", "2026,31");
    fs::write(workspace.root.join("input/extract.csv"), text).expect("writable");
    let mut next = Workspace { settings: workspace.settings.clone(), ..workspace };
    next.settings.report_year = 2026;
    let out = dir.path().join("beds");
    run_packet(&next, None, &out, 1).unwrap_or_else(|e| panic!("{e}"));
    let mut asked: Vec<(String, String)> = rows(&out.join("data/findings.csv"))
        .iter()
        .filter(|f| f["finding_code"].starts_with("bed"))
        .map(|f| (f["finding_code"].clone(), f["facility_id"].clone()))
        .collect();
    asked.sort();
    let expected = [("bed_elderly_without_beds", 3), ("bed_hub_without_beds", 3), ("bed_hub_without_visits", 3), ("beds_without_bed_function", 2)];
    assert_eq!(asked, expected.map(|(code, i)| (code.to_owned(), full(i))));
    let sheet = text_of(&out.join("sheets/31_g2b.html"));
    assert!(sheet.contains("「在宅医療等連携機能」を報告した医療機関は1施設") && sheet.contains("包括期 60床"), "the line on the sheet of ロ");
    assert!(text_of(&out.join("sheets/31_g2c.html")).contains("「在宅医療等連携機能」を報告した医療機関は1施設"));
}

#[test]
fn notes_propose_and_people_confirm_who_sees_no_general_outpatients() {
    let dir = folder();
    let cells: [&[(&str, &str)]; 5] = [
        &[("g2a_note", "一般外来を行っていない（企業内診療所）")],
        &[("g2a_note", "従業員のみを対象としています")],
        &[("g2a_note", "夜間は輪番の医療機関を案内")],
        &[("g2a_note", "一般の外来は行っていません。")],
        // paper: nothing was pre-printed, and an empty count is no 0
        &[
            ("g2a_fee_overtime", ""),
            ("g2a_fee_midnight", ""),
            ("g2a_fee_holiday", ""),
            ("g2a_fee_early", ""),
            ("g2b_fee_admission_support", ""),
            ("g2b_fee_discharge_joint", ""),
            ("g2c_fee_house_call", ""),
            ("g2c_fee_home_visit", ""),
            ("g2c_fee_visit_nursing", ""),
            ("g2c_fee_nursing_order", ""),
            ("g2c_fee_end_of_life", ""),
            ("g2d_fee_care_mgr", ""),
        ],
    ];
    let workspace = small(&dir.path().join("w"), &cells);
    let run = |name: &str| {
        let out = dir.path().join(name);
        run_packet(&workspace, None, &out, 1).unwrap_or_else(|e| panic!("{e}"));
        out
    };
    let figure = |out: &Path, indicator: &str| {
        let figures = rows(&out.join("data/figures.csv"));
        let row =
            figures.iter().find(|r| r["area_code"] == "31" && r["indicator_code"] == indicator).unwrap_or_else(|| panic!("{indicator}")).clone();
        (row["value_low"].parse::<f64>().expect("number"), row["value_high"].parse::<f64>().expect("number"))
    };
    let out = run("one");
    assert_eq!(figure(&out, "facilities_general_outpatient"), (2.0, 5.0));
    assert_eq!(figure(&out, "facilities_without_preprint"), (1.0, 1.0));
    assert!(text_of(&out.join("sheets/31_g2a.html")).contains("一般外来を行う医療機関は2〜5施設"));
    // people decide in the workbook of the work folder
    run_packet(&workspace, None, &workspace.output(), 1).unwrap_or_else(|e| panic!("{e}"));
    let book = workspace.root.join("確認一覧.xlsx");
    let sheets = kyogi::ground::spreadsheet::read(&book).unwrap_or_else(|e| panic!("{e}"));
    let sheet = sheets.iter().find(|s| s.name == "一般外来の確認").expect("the list to confirm");
    let ids: Vec<String> = (1..sheet.rows.len()).map(|r| sheet.text(r, 0).to_owned()).filter(|t| !t.is_empty()).collect();
    assert_eq!(ids, [0, 1, 3].map(|i| format!("31{i:011}")), "with the words that matched");
}
