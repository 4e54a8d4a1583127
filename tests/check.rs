//! The checks: every rule with hits and near misses (`cases/checks`), the report, people's decisions and overrides.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use kyogi::commands::run::{self, Checked, Options};
use kyogi::facts::workspace::Workspace;
use kyogi::ground::progress::Progress;
use kyogi::ground::spreadsheet;

use crate::determine::given;
use crate::support::{YEAR, folder, plain_facility, rows, statuses, tests_path, write_extract};

/// Each check at least one hit and one near miss, as a table that a planner can read.
#[test]
fn every_check_finds_its_cases_and_only_them() {
    let cases = rows(&tests_path("cases/checks/rules.csv"));
    let mut facilities = Vec::new();
    for (i, case) in cases.iter().enumerate() {
        let mut facility = plain_facility(&format!("31{i:011}"));
        facility.extend(given(&case["given"]));
        facilities.push(facility);
    }
    let dir = folder();
    let extract = dir.path().join("cases.csv");
    write_extract(&extract, &facilities);
    let (_, findings) = statuses(&extract);
    let (mut wrong, mut hit) = (Vec::new(), BTreeSet::new());
    for (i, case) in cases.iter().enumerate() {
        let id = format!("31{i:011}");
        let found: BTreeSet<&str> = findings.iter().filter(|f| f.facility_id == id).map(|f| f.code.as_str()).collect();
        let expected: BTreeSet<&str> = case["findings"].split(';').filter(|c| !c.is_empty()).collect();
        hit.extend(expected.iter().copied());
        if found != expected {
            wrong.push(format!("{}：{found:?}、期待は {expected:?}", case["case"]));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    // a check model may not name a finding that no case shows
    for (_, sql) in kyogi::ground::sql::models("checks", YEAR).unwrap_or_else(|e| panic!("{e}")) {
        for code in kyogi::facts::finding::rules().unwrap_or_else(|e| panic!("{e}")).keys() {
            assert!(!sql.contains(&format!("'{code}'")) || hit.contains(code.as_str()), "no case for {code}");
        }
    }
}

fn with(id: &str, cells: &[(&str, &str)]) -> BTreeMap<String, String> {
    let mut f = plain_facility(id);
    f.extend(cells.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())));
    f
}

/// A work folder with an extract; `settings` replaces lines of its kyogi.toml.
fn work(dir: &Path, facilities: &[BTreeMap<String, String>], settings: &[(&str, &str)]) -> Workspace {
    let root = dir.join("work");
    kyogi::facts::workspace::init("31", YEAR, &root).unwrap_or_else(|e| panic!("{e}"));
    write_extract(&root.join("input/extract.csv"), facilities);
    let path = root.join("kyogi.toml");
    let mut text = std::fs::read_to_string(&path).expect("settings");
    for (from, to) in settings {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    std::fs::write(&path, text).expect("writable");
    Workspace::open(&root).unwrap_or_else(|e| panic!("{e}"))
}

fn check(workspace: &Workspace) -> Checked {
    let progress = Progress::silent();
    let options = Options { workspace, extract: None, mapping: None, out: None, threads: 2, progress: &progress };
    run::check(&options).unwrap_or_else(|e| panic!("{e}"))
}

/// Rows of a sheet of the workbook, as heading → text.
fn listed(workspace: &Workspace, sheet: &str) -> Vec<BTreeMap<String, String>> {
    let sheets = spreadsheet::read(&workspace.root.join("確認一覧.xlsx")).unwrap_or_else(|e| panic!("{e}"));
    let sheet = sheets.iter().find(|s| s.name == sheet).unwrap_or_else(|| panic!("{sheet}"));
    let head: Vec<&str> = sheet.rows[0].iter().map(|c| c.text.as_str()).collect();
    let row = |r: &spreadsheet::Row| head.iter().zip(r).map(|(h, c)| ((*h).to_owned(), c.text.clone())).collect();
    sheet.rows.iter().skip(1).map(row).collect()
}

fn cells<'a>(rows: &'a [BTreeMap<String, String>], titles: &[&str]) -> Vec<Vec<&'a str>> {
    rows.iter().map(|r| titles.iter().map(|t| r.get(*t).map_or("", String::as_str)).collect()).collect()
}

const A: &str = "3100000000001";
const B: &str = "3100000000002";
const C: &str = "3100000000003";
const D: &str = "3100000000004";

#[test]
fn late_reports_are_shown_before_and_traced_after() {
    let dir = folder();
    let workspace = work(dir.path(), &[with(A, &[]), with(B, &[("report_date", "2026-03-20")])], &[]);
    let late = dir.path().join("紙の報告.csv");
    let later = with(A, &[("report_date", "2026-03-31"), ("g2d_acp", "2:有り"), ("report_method", "紙")]);
    let earlier = with(B, &[("report_date", "2026-02-01"), ("g2d_acp", "2:有り")]);
    write_extract(&late, &[later, earlier, with(C, &[("report_date", "2026-03-31"), ("g2d_acp", "たぶん")])]);
    let extract = workspace.extract().unwrap_or_else(|e| panic!("{e}"));
    let outcome = kyogi::commands::late::compare(&workspace, &extract, &late, 2).unwrap_or_else(|e| panic!("{e}"));
    let changed: Vec<(&str, &str, &str, &str)> =
        outcome.statuses.iter().map(|s| (s.facility_id.as_str(), s.function.as_str(), s.before.as_str(), s.after.as_str())).collect();
    assert!(changed.contains(&(A, "2号ニ", "なし", "あり")), "{changed:?}");
    assert_eq!(changed.iter().filter(|c| c.0 == A).count(), 1);
    assert_eq!(changed.iter().filter(|c| c.0 == B).count(), 0, "the later report date wins, wherever the row lies");
    assert_eq!(changed.iter().filter(|c| c.0 == C && c.2 == "抽出ファイルにない").count(), 5);
    assert!(outcome.figures.iter().any(|c| c.key[1] == "31201"), "figures of 鳥取市 change");
    let text = kyogi::commands::late::run(&workspace, &extract, &late, 2).unwrap_or_else(|e| panic!("{e}"));
    assert!(text.contains(&format!("{A} 鳥取市 2号ニ：なし → あり")) && text.contains("まだ取り込んでいません"), "{text}");
    assert!(workspace.root.join("追加の見込み/statuses.csv").exists());
    // statuses first, then figures in words, never more of them than a screen can take
    let at = |title: &str| text.find(title).unwrap_or_else(|| panic!("{title} in {text}"));
    assert!(at("● 判定") < at("● 数値") && at("● 数値") < at("● 追加の報告についての指摘"), "{text}");
    assert!(text.lines().count() < 110 && text.contains("追加で変わる数値.csv）"), "{text}");
    let all = std::fs::read_to_string(workspace.root.join("追加の見込み/追加で変わる数値.csv")).expect("figures");
    let page = std::fs::read_to_string(workspace.root.join("追加の見込み/index.html")).expect("page");
    for said in [&text, &all, &page] {
        assert!(said.contains("報告事項が「あり」の医療機関") && !said.contains("item=") && !said.contains("mode="), "{said}");
    }
    assert!(text.contains("訂正が必要：紙の報告.csv の行 4") && text.contains("「たぶん」：選択肢にない回答です"), "{text}");
    assert!(!workspace.root.join("check").exists(), "nothing else is made");

    // taken in: the same rows count, and the report says which
    let folder = workspace.root.join("input/追加");
    std::fs::create_dir_all(&folder).expect("folder");
    std::fs::copy(&late, folder.join("紙の報告.csv")).expect("copied");
    check(&workspace);
    let added = listed(&workspace, "追加の報告");
    assert_eq!(
        cells(&added, &["医療機関ID", "使った報告", "置きかえた報告"]),
        [
            [A, "紙の報告.csv の行 2（報告日 2026-03-31）", "extract.csv の行 2（報告日 2026-02-01）"],
            [B, "extract.csv の行 3（報告日 2026-03-20）", "紙の報告.csv の行 3（報告日 2026-02-01）"],
            [C, "紙の報告.csv の行 4（報告日 2026-03-31）", "（抽出ファイルにない医療機関）"],
        ]
    );
}

/// Expected facilities from a list: matched by ID where that is possible, else by number alone — and the report says which.
#[test]
fn a_master_tells_who_is_missing_or_how_many() {
    let facilities = [with(A, &[]), with(B, &[("municipality_code", "31202")]), with(D, &[("municipality_code", "31202")])];
    let master = [("facility_master = \"\"", "facility_master = \"reference/名簿.csv\"")];
    let dir = folder();
    let workspace = work(dir.path(), &facilities, &master);
    let path = workspace.root.join("reference/名簿.csv");
    std::fs::write(
        &path,
        format!("医療機関ID,医療機関名,住所\n{A},甲医院,鳥取市東町1\n{B},乙医院,鳥取県米子市加茂町1\n{C},丙医院,西伯郡日吉津村1\n"),
    )
    .expect("writable");
    check(&workspace);
    let missing = listed(&workspace, "未報告一覧");
    assert_eq!(
        cells(&missing, &["医療機関ID", "医療機関名", "市区町村", "もと"]),
        [[C, "丙医院", "西伯郡日吉津村", "名簿にあり、抽出ファイルにない"]]
    );
    let rates = listed(&workspace, "報告率");
    let at =
        |code: &str| rates.iter().find(|r| r["区域コード"] == code).map(|r| (r["報告率"].clone(), r["名簿の数"].clone(), r["名簿との差"].clone()));
    assert_eq!(at("31201"), Some(("100.0%".into(), "1".into(), "0".into())));
    assert_eq!(at("31384"), Some(("―".into(), "1".into(), "1".into())));
    // the difference both ways, in the medical area and the prefecture too, and the rate of each list
    let both = |code: &str| {
        let titles = ["報告率", "名簿の数", "名簿との差", "名簿だけ", "抽出だけ", "報告率（名簿）"];
        let row = rates.iter().find(|r| r["区域コード"] == code).unwrap_or_else(|| panic!("{code}"));
        titles.map(|t| row[t].clone())
    };
    assert_eq!(both("31"), ["100.0%", "3", "0", "1", "1", "66.7%"]);
    assert_eq!(both("3103"), ["100.0%", "2", "0", "1", "1", "50.0%"]);
    assert_eq!(both("31202"), ["100.0%", "1", "-1", "0", "1", "100.0%"]);
    assert_eq!(both("31384"), ["―", "1", "1", "1", "0", "0.0%"]);
    let not_listed = listed(&workspace, "名簿にない医療機関");
    assert_eq!(cells(&not_listed, &["医療機関ID", "市区町村", "報告", "もと"]), [[D, "米子市", "報告済", "抽出ファイルにあり、名簿にない"]]);

    // the list of the 厚生局: title rows, one facility on several rows, codes that the anonymised extract does not know
    let text = |row: &[&str]| -> spreadsheet::Row {
        row.iter().map(|t| spreadsheet::Cell { text: (*t).into(), kind: spreadsheet::Kind::Text, formula: None }).collect()
    };
    let rows = vec![
        spreadsheet::Row::default(),
        text(&["[令和 8年 1月 1日 現在　医科]"]),
        spreadsheet::Row::default(),
        text(&["項番", "都道府県コード", "都道府県名", "受理届出名称", "医療機関番号", "医療機関名称", "医療機関所在地（住所）"]),
        text(&["1", "31", "鳥取県", "一般病棟入院基本料", "0110012", "甲病院", "鳥取市江津７３０"]),
        text(&["2", "31", "鳥取県", "入退院支援加算", "0110012", "甲病院", "鳥取市江津７３０"]),
        text(&["3", "31", "鳥取県", "時間外対応加算", "0110020", "乙医院", "日吉津村日吉津"]),
        text(&["4", "33", "岡山県", "時間外対応加算", "0110038", "丙医院", "岡山市北区"]),
    ];
    let sheet = spreadsheet::Sheet { name: "名簿".into(), rows, ..spreadsheet::Sheet::default() };
    std::fs::write(path.with_extension("xlsx"), crate::decisions::save(&[sheet])).expect("writable");
    let toml = workspace.root.join("kyogi.toml");
    let settings = std::fs::read_to_string(&toml).expect("settings").replace("名簿.csv", "名簿.xlsx");
    std::fs::write(&toml, settings).expect("writable");
    let workspace = Workspace::open(&workspace.root).unwrap_or_else(|e| panic!("{e}"));
    check(&workspace);
    let rates = listed(&workspace, "報告率");
    let counts: Vec<(&str, &str)> = rates
        .iter()
        .filter(|r| r["名簿の数"] != "0" && !r["名簿の数"].is_empty())
        .map(|r| (r["区域コード"].as_str(), r["名簿の数"].as_str()))
        .collect();
    assert_eq!(counts, [("31", "2"), ("3101", "1"), ("3103", "1"), ("31201", "1"), ("31384", "1")]);
    assert!(listed(&workspace, "名簿にない医療機関").is_empty());
    // more reports than facilities of the list: no rate
    let rate = |code: &str| rates.iter().find(|r| r["区域コード"] == code).map(|r| (r["名簿だけ"].as_str(), r["報告率（名簿）"].as_str()));
    assert_eq!((rate("31"), rate("31201")), (Some(("", "―")), Some(("", "100.0%"))));
    assert!(cells(&listed(&workspace, "未報告一覧"), &["もと"]).is_empty(), "nobody is called missing on the ground of numbers");
    let page = std::fs::read_to_string(workspace.root.join("check/index.html")).expect("page");
    assert!(page.contains("照合できません（IDで一致したのは0件）"), "the page says how it was matched");
}

#[test]
fn jumps_differences_and_near_misses_are_listed() {
    let dir = folder();
    let before: Vec<_> = (0..8).map(|i| with(&format!("31{i:011}"), &[("g2c_home_visit", "2:有り"), ("g2c_fee_home_visit", "30")])).collect();
    let extract = dir.path().join("before.csv");
    write_extract(&extract, &before);
    run::figures_only("31", YEAR, &extract, &dir.path().join("prev"), 2).unwrap_or_else(|e| panic!("{e}"));
    // seven stop their home visits, one counts a hundred times as many
    let mut after: Vec<_> = (0..7).map(|i| with(&format!("31{i:011}"), &[])).collect();
    after.push(with("3100000000007", &[("g2c_home_visit", "2:有り"), ("g2c_fee_home_visit", "3000")]));
    after.push(with("3100000000090", &[("g1_consultation", "0:不可"), ("g2d_acp", "2:有り"), ("oth_intent_g1", "1:有り")]));
    after.push(with("3100000000091", &[("g2c_home_visit", "1:無し(意向有り)"), ("oth_intent_g2c", "1:有り"), ("auto_g1", "無")]));
    let workspace = work(dir.path(), &after, &[("previous = \"\"", "previous = \"../prev\"")]);
    check(&workspace);
    let jumps = listed(&workspace, "前の年度との差");
    let found = cells(&jumps, &["段階", "報告事項", "何の数か", "前の年度", "この年度"]);
    assert!(found.contains(&vec!["医療機関", "在宅患者訪問診療料の算定回数", "件数（回/年）", "30", "3000"]), "{found:?}");
    assert!(found.contains(&vec!["市区町村", "訪問診療の実施", "ありの医療機関数", "8", "1"]), "{found:?}");
    assert!(found.iter().all(|r| !r[1].contains("ACP")), "one facility more is no jump: {found:?}");

    let nearly = listed(&workspace, "あと一歩");
    let of = |id: &str, function: &str| {
        nearly.iter().find(|r| r["医療機関ID"] == id && r["機能"] == function).unwrap_or_else(|| panic!("{id} {function}"))
    };
    let g1 = of("3100000000090", "1号機能");
    assert_eq!((g1["あと一歩"].as_str(), g1["報告事項"].as_str()), ("1号の要件（★）があと一つ", "患者からの相談への対応＝不可"));
    assert_eq!((g1["意向"].as_str(), g1["意向の出どころ"].as_str()), ("あり", "その他の「今後担う意向」"));
    assert_eq!(of("3100000000090", "2号ニ")["あと一歩"], "1号の要件があと一つ整えば、2号の回答により「あり」");
    assert_eq!(of("3100000000091", "2号ハ")["意向の出どころ"], "2号の項目と「今後担う意向」の両方");
    assert!(!nearly.iter().any(|r| r["医療機関ID"] == "3100000000007" && r["機能"] == "2号ハ"), "who has it is not near it");

    let differences = listed(&workspace, "判定差分");
    assert_eq!(
        cells(&differences, &["医療機関ID", "機能", "比べる相手", "回答からの判定", "相手の判定"]),
        [["3100000000091", "1号機能", "G-MIS 自動判定", "あり", "無"]]
    );
    let counted = listed(&workspace, "品質報告");
    let rejected = counted.iter().find(|r| r["項目"].ends_with("取り込まなかった行")).expect("line");
    assert_eq!((rejected["数"].as_str(), rejected["説明"].as_str()), ("0", "ありません"), "no file is named that is not there");
    let quality = listed(&workspace, "項目別の品質");
    let visits = quality.iter().find(|r| r["報告事項コード"] == "g2c_fee_home_visit").expect("item");
    assert_eq!((visits["求めた"].as_str(), visits["回答"].as_str(), visits["秘匿の割合"].as_str()), ("9", "9", "0.0%"));
}
