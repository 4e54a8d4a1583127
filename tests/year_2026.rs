//! The report of 2026 (R9.1): its new names and 1号 No.8–22, in the simulated layout and in one with three header rows.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use kyogi::facts::dictionary::Dictionary;
use kyogi::facts::workspace::{self, Workspace};
use kyogi::ground::embedded;
use kyogi::ingest::layout::Layout;

use crate::support::{figures_in, folder, plain_facility, rows, two_years};

const LAYOUT: &str = "sql/layouts/code_label_no22.toml";

fn columns() -> Vec<(String, String)> {
    let layout = Layout::parse(embedded::text(LAYOUT), LAYOUT).unwrap_or_else(|e| panic!("{e}"));
    layout.columns.iter().map(|(h, c)| (h.clone(), c.as_str().expect("text").to_owned())).collect()
}

/// A facility of 鳥取県 in the report of 2026 that answers 無し to all of 2号.
fn facility(n: usize, cells: &[(&str, &str)]) -> BTreeMap<String, String> {
    let mut facility = plain_facility(&format!("31{n:011}"));
    facility.insert("report_year".into(), "2026".into());
    facility.extend(cells.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())));
    facility
}

fn write(path: &Path, facilities: &[BTreeMap<String, String>]) {
    let mut writer = csv::Writer::from_path(path).expect("writable");
    let columns = columns();
    writer.write_record(columns.iter().map(|(h, _)| h)).expect("header");
    for f in facilities {
        writer.write_record(columns.iter().map(|(_, item)| f.get(item).map_or("", String::as_str))).expect("row");
    }
    writer.flush().expect("flush");
}

fn workspace(root: &Path) -> Workspace {
    workspace::init("31", 2026, root).unwrap_or_else(|e| panic!("{e}"))
}

fn run(workspace: &Workspace, facilities: &[BTreeMap<String, String>]) -> (PathBuf, tempfile::TempDir) {
    let extract = workspace.root.join("input/extract.csv");
    write(&extract, facilities);
    let out = folder();
    figures_in(workspace, &extract, out.path());
    (out.path().join("data"), out)
}

fn figure(figures: &[BTreeMap<String, String>], indicator: &str, breakdown: &str) -> (f64, f64) {
    let row = figures.iter().find(|r| r["area_code"] == "31" && r["indicator_code"] == indicator && r["breakdown"] == breakdown);
    let row = row.unwrap_or_else(|| panic!("{indicator} {breakdown}"));
    (row["value_low"].parse().expect("number"), row["value_high"].parse().expect("number"))
}

#[test]
fn no_intention_about_equipment_or_medication_is_counted_and_in_house_dispensing_leaves_the_share() {
    let dir = folder();
    let workspace = workspace(dir.path());
    let d = Dictionary::load(2026).unwrap_or_else(|e| panic!("{e}"));
    let dx: Vec<(String, String)> = d
        .items
        .iter()
        .filter(|i| i.intention_scope == "other")
        .map(|i| {
            let wish = d.choices_of(&i.choice_set).find(|c| c.intention && c.choice_code.len() == 1).expect("意向");
            (i.item_code.clone(), format!("{}:{}", wish.choice_code, wish.label))
        })
        .collect();
    assert_eq!(dx.len(), 7, "No.15–21");
    let wishes: Vec<(&str, &str)> = dx.iter().map(|(i, c)| (i.as_str(), c.as_str())).collect();
    let without_g1 = [&wishes[..], &[("g1_consultation", "0:不可")]].concat();
    let facilities = [
        facility(1, &wishes),
        facility(2, &without_g1),
        // No.19: the code 1 is 意向無し, 2 意向有り, and 院内処方のみ is no answer to the share
        facility(3, &[("g1_drug_pharmacy", "1")]),
        facility(4, &[("g1_drug_pharmacy", "3:有り")]),
        facility(5, &[("g1_drug_pharmacy", "0:無し(院内処方のみ)")]),
        facility(6, &[("g1_drug_pharmacy", "0")]),
        facility(7, &[("g1_drug_joint", "2:参加している")]),
        facility(8, &[("g1_drug_joint", "参加していない（意向有り）"), ("g1_drug_pharmacy", "1:無し(意向無し)")]),
    ];
    let (data, _out) = run(&workspace, &facilities);
    let statuses = rows(&data.join("facility_status.csv"));
    assert!(statuses.iter().all(|s| s["intention"] == "false" && s["intention_origin"].is_empty()), "a candidate by equipment");
    assert!(rows(&data.join("area_summary.csv")).iter().all(|r| r["intending"] == "0"));
    let figures = rows(&data.join("figures.csv"));
    assert_eq!(figure(&figures, "item_positive_facilities", "item=g1_drug_pharmacy"), (1.0, 2.0), "facility 7 left it empty");
    // eight facilities, two of them with 院内処方のみ
    let (low, high) = figure(&figures, "item_positive_share", "item=g1_drug_pharmacy");
    assert!((low - 100.0 / 6.0).abs() < 1e-9 && (high - 200.0 / 6.0).abs() < 1e-9, "{low} {high}");
    assert_eq!(figure(&figures, "item_positive_facilities", "item=g1_drug_joint").0, 1.0);
}

/// Every header of the layout over three rows: block, number, name.
fn three_rows(header: &str) -> [String; 3] {
    let parts: Vec<&str> = header.splitn(3, '_').collect();
    match parts[..] {
        [block, no, name] => [block.into(), no.into(), name.into()],
        [block, name] => [block.into(), "―".into(), name.into()],
        _ => ["基本".into(), "―".into(), header.into()],
    }
}

#[test]
fn three_header_rows_with_the_new_names_are_read_whole() {
    let dir = folder();
    let workspace = workspace(dir.path());
    let columns = columns();
    let joined = |h: &str| three_rows(h).join("|");
    let lines: String = columns.iter().map(|(h, item)| format!("\"{}\" = \"{item}\"\n", joined(h))).collect();
    let layout = format!(
        "name = \"three\"\ntitle = \"見出し3行\"\nconfidence = \"試験\"\n[file]\nencoding = \"auto\"\nheader_rows = 3\n[values]\nmasked = [\"10未満\"]\nzero = []\nmissing = []\nseparators = [\";\"]\n[columns]\n{lines}"
    );
    fs::write(workspace.root.join("layouts/three.toml"), layout).expect("writable");
    let sample = kyogi::commands::sample::extract("31", 2026, 1).unwrap_or_else(|e| panic!("{e}"));
    let text = String::from_utf8(sample).expect("UTF-8");
    let mut reader = csv::Reader::from_reader(text.trim_start_matches('\u{FEFF}').as_bytes());
    let headers = reader.headers().expect("header").clone();
    let extract = workspace.root.join("input/extract.csv");
    let mut writer = csv::Writer::from_path(&extract).expect("writable");
    for level in 0..3 {
        writer.write_record(headers.iter().map(|h| three_rows(h)[level].clone())).expect("header");
    }
    let mut n = 0;
    for record in reader.records() {
        writer.write_record(&record.expect("row")).expect("row");
        n += 1;
    }
    writer.flush().expect("flush");
    let out = folder();
    let findings = figures_in(&workspace, &extract, out.path());
    let lost: Vec<_> =
        findings.iter().filter(|f| ["unknown_choice", "new_choice", "not_a_count", "column_missing_in_file"].contains(&f.code.as_str())).collect();
    assert!(lost.is_empty(), "{lost:?}");
    let unnamed: Vec<&str> = findings.iter().filter(|f| f.code == "unnamed_column").map(|f| f.column.as_str()).collect();
    assert!(unnamed.iter().all(|c| c.contains("模擬データ")), "{unnamed:?}");
    assert!(n > 400);
    let figures = rows(&out.path().join("data/figures.csv"));
    for item in ["g1_e_prescription", "g1_chart_sharing", "g1_drug_pharmacy", "g1_drug_carried", "g1_drug_joint", "g2a_fee_ah_system"] {
        assert!(figure(&figures, "item_positive_facilities", &format!("item={item}")).0 > 0.0, "{item}");
    }
}

#[test]
fn the_old_layout_reads_a_report_with_the_new_name_and_the_new_one_the_old() {
    let dir = folder();
    let workspace = workspace(dir.path());
    let extract = workspace.root.join("input/extract.csv");
    write(&extract, &[facility(1, &[("g2a_fee_ah_system", "2:時間外対応加算2")]), facility(2, &[("g2a_fee_ah_system", "時間外対応体制加算3")])]);
    let text = fs::read_to_string(&extract).expect("text").replace("時間外対応体制加算の届出", "時間外対応加算の届出");
    fs::write(&extract, text).expect("writable");
    let out = folder();
    let findings = figures_in(&workspace, &extract, out.path());
    assert!(findings.iter().all(|f| f.code != "unknown_choice" && f.code != "new_choice"), "{findings:?}");
    let figures = rows(&out.path().join("data/figures.csv"));
    assert_eq!(figure(&figures, "item_positive_facilities", "item=g2a_fee_ah_system"), (2.0, 2.0));
}

#[test]
fn both_years_compare_and_say_where_an_item_broke() {
    let dir = folder();
    let [_, second] = two_years(dir.path());
    let changes = rows(&second.join("data/changes.csv"));
    let of = |breakdown: &str| {
        changes.iter().filter(|r| r["indicator_code"] == "item_positive_facilities" && r["breakdown"] == breakdown).collect::<Vec<_>>()
    };
    let broken = of("item=g2a_fee_ah_system");
    assert!(!broken.is_empty());
    for row in broken {
        assert!(row["break"].contains("時間外対応加算1") && row["break"].contains("時間外対応体制加算1"), "{}", row["break"]);
        assert_eq!(row["verdict"], "redefined");
    }
    // the counts of both reports were measured under the same fees
    assert!(changes.iter().filter(|r| r["indicator_code"] == "end_of_life_count").all(|r| r["break"].is_empty()));
    assert!(of("item=g2a_duty_rota").iter().all(|r| r["break"].is_empty()));
}

#[test]
fn a_state_of_the_report_that_nobody_listed_stops_and_the_settings_decide() {
    let dir = folder();
    let workspace = workspace(dir.path());
    let facilities = ["報告済", "確認済", "入力中", "引き戻し", "未報告"].iter().enumerate().map(|(i, s)| facility(i, &[("report_status", s)]));
    let facilities: Vec<_> = facilities.collect();
    let (data, _out) = run(&workspace, &facilities);
    let reported = |data: &Path| {
        let summary = rows(&data.join("area_summary.csv"));
        let row = summary.iter().find(|r| r["area_code"] == "31" && r["function_code"] == "g1").expect("prefecture");
        (row["facilities_reported"].clone(), row["facilities_expected"].clone())
    };
    assert_eq!(reported(&data), ("2".to_owned(), "5".to_owned()));

    let mut more = facilities.clone();
    more.push(facility(9, &[("report_status", "審査待ち")]));
    let extract = workspace.root.join("input/extract.csv");
    write(&extract, &more);
    let out = folder();
    let refused = kyogi::commands::run::figures_in("31", 2026, Some(&workspace.root), &extract, out.path(), 1).expect_err("refused").to_string();
    assert!(refused.contains("「審査待ち」1行") && refused.contains("[report_status]") && refused.contains("行 7"), "{refused}");

    let settings = workspace.root.join("kyogi.toml");
    let text = fs::read_to_string(&settings).expect("settings");
    let lists =
        "\n[report_status]\nreported = [\"報告済\", \"審査待ち\"]\nnot_reported = [\"未報告\", \"入力中\", \"引き戻し\", \"差し戻し\", \"確認済\"]\n";
    fs::write(&settings, text + lists).expect("writable");
    let (data, _out) = run(&workspace, &more);
    assert_eq!(reported(&data), ("2".to_owned(), "6".to_owned()), "確認済 is not a report where the settings say so");
}
