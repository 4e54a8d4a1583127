//! The contract of SQL models is enforced, and the figures obey their laws.

use std::collections::{BTreeMap, BTreeSet};

use kyogi::ground::artefact::Table;
use kyogi::ground::sql::{Contract, Engine, Load};

use crate::support::{YEAR, folder, plain_facility, rows, sample, write_extract};

/// An engine with one table `numbers(a, b)` of three rows.
fn engine(dir: &std::path::Path) -> Engine {
    let path = dir.join("numbers.parquet");
    Table::from_csv("numbers", "a,b\n1,10\n2,20\n3,30\n").and_then(|t| t.write_parquet(&path)).expect("written");
    Engine::open(&[Load { name: "numbers", path: &path }], 1, None).unwrap_or_else(|e| panic!("{e}"))
}

const GOOD: &str =
    "-- 数\n-- grain: a\n-- needs: numbers\n-- check: b > a\n-- column: a integer 番号\n-- column: b number 値 件\nselect a, b from numbers";

#[test]
fn a_model_keeps_its_contract() {
    let dir = folder();
    let table = engine(dir.path()).run("m", GOOD).unwrap_or_else(|e| panic!("{e}")).expect("a table");
    assert_eq!(table.len(), 3);
    assert_eq!(table.columns[1].unit, "件");
    assert_eq!(table.number(2, "b").expect("column"), Some(30.0));
    let cases = [
        ("undeclared table", GOOD.replace("-- needs: numbers\n", ""), "numbers"),
        ("missing table", GOOD.replace("needs: numbers", "needs: numbers, letters"), "letters がありません"),
        ("other columns", GOOD.replace("select a, b", "select a, b, a + b as c"), "列が見出しの宣言と違います"),
        ("grain not unique", GOOD.replace("select a, b", "select 1 as a, b"), "同じ grain"),
        ("grain null", GOOD.replace("select a, b", "select null as a, b"), "空の値"),
        ("check fails", GOOD.replace("b > a", "b > 15"), "合わない行が 1 行"),
        ("the store itself", GOOD.replace("from numbers", "from kept.numbers"), "宣言していない表"),
        ("a file", GOOD.replace("from numbers", "from numbers, read_csv('Cargo.toml')"), ""),
        ("no title", GOOD.replace("-- 数\n", ""), "題名"),
        ("unknown type", GOOD.replace("a integer", "a money"), "見出しが正しくありません"),
    ];
    for (what, sql, expected) in cases {
        let error = engine(dir.path()).run("m", &sql).err().unwrap_or_else(|| panic!("{what} was let through")).to_string();
        assert!(error.contains(expected), "{what}: {error}");
    }
}

#[test]
fn every_model_is_short_and_says_what_it_is() {
    for folder in ["determine", "checks", "aggregate", "explain"] {
        let models = kyogi::ground::sql::models(folder, YEAR).unwrap_or_else(|e| panic!("{e}"));
        assert!(!models.is_empty(), "{folder}");
        for (name, sql) in models {
            let contract = Contract::parse(&name, sql).unwrap_or_else(|e| panic!("{e}"));
            let logic = sql.lines().filter(|l| !l.starts_with("--")).count();
            assert!(logic <= 80, "{name} has {logic} lines of logic");
            assert!(contract.grain.iter().all(|g| contract.columns.iter().any(|(c, _)| c.name == *g)), "{name}: grain is not among its columns");
        }
    }
}

fn figures(extract: &std::path::Path) -> tempfile::TempDir {
    let out = folder();
    kyogi::commands::run::figures_only("31", YEAR, extract, out.path(), 2).unwrap_or_else(|e| panic!("{e}"));
    out
}

/// Who is not asked is not silent: the number of specialists is asked of those that have one.
#[test]
fn only_who_is_asked_can_be_silent() {
    let dir = folder();
    let path = dir.path().join("extract.csv");
    let answers = [("1:有り", "1"), ("1:有り", ""), ("0:無し", ""), ("0:無し", "")];
    let facility = |(i, (has, number)): (usize, &(&str, &str))| {
        let mut f = plain_facility(&format!("31{i:011}"));
        f.extend([("g1_gp_specialist", *has), ("g1_gp_specialist_fte", *number)].map(|(k, v)| (k.to_owned(), v.to_owned())));
        f
    };
    write_extract(&path, &answers.iter().enumerate().map(facility).collect::<Vec<_>>());
    let out = figures(&path);
    let table = Table::read_parquet("q", &out.path().join("stages/checks/chk_item_quality.parquet")).unwrap_or_else(|e| panic!("{e}"));
    let row = (0..table.len()).find(|&i| table.text(i, "item_code").expect("column") == "g1_gp_specialist_fte").expect("the item");
    let count = |name: &str| table.int(row, name).expect("column").unwrap_or(-1);
    assert_eq!((count("asked"), count("answered"), count("blank")), (2, 1, 1));
}

fn sample_figures() -> tempfile::TempDir {
    let dir = folder();
    let path = dir.path().join("extract.csv");
    std::fs::write(&path, sample()).expect("writable");
    figures(&path)
}

fn number(row: &BTreeMap<String, String>, column: &str) -> f64 {
    row[column].parse().unwrap_or(0.0)
}

#[test]
fn municipalities_add_up_and_bounds_hold() {
    let out = sample_figures();
    let summary = rows(&out.path().join("data/area_summary.csv"));
    let counts: Vec<&String> = summary[0]
        .keys()
        .filter(|k| !k.contains("share") && !["report_year", "level", "area_code", "area_name", "function_code"].contains(&k.as_str()))
        .collect();
    for function in ["g1", "g2a", "g2b", "g2c", "g2d"] {
        for column in &counts {
            let sum = |level: &str| {
                summary.iter().filter(|r| r["level"] == level && r["function_code"] == function).map(|r| number(r, column)).sum::<f64>()
            };
            assert_eq!(sum("municipality"), sum("prefecture"), "{function} {column}");
            assert_eq!(sum("medical_area"), sum("prefecture"), "{function} {column}");
        }
    }
    for row in &summary {
        if number(row, "facilities_expected") == 0.0 {
            assert_eq!(row["share_low"], "", "nothing to divide by is no zero");
            continue;
        }
        assert!(number(row, "share_low") <= number(row, "share_high") && number(row, "share_high") <= 1.0);
        assert!(number(row, "core_share_low") <= number(row, "share_low"));
        assert!(number(row, "managed_patients_low") <= number(row, "managed_patients_high"));
        if number(row, "facilities_reported") == number(row, "facilities_expected") && number(row, "undetermined") == 0.0 {
            assert_eq!(row["share_low"], row["share_high"], "without silence there is no doubt");
        }
    }
}

/// The same figures by another road: rows of the status table counted in Rust.
#[test]
fn summary_agrees_with_a_recount() {
    let out = sample_figures();
    let statuses = rows(&out.path().join("data/facility_status.csv"));
    let summary = rows(&out.path().join("data/area_summary.csv"));
    for row in &summary {
        let here = |s: &&BTreeMap<String, String>| {
            s["function_code"] == row["function_code"]
                && match row["level"].as_str() {
                    "municipality" => s["municipality_code"] == row["area_code"],
                    "medical_area" => s["medical_area_code"] == row["area_code"],
                    _ => true,
                }
        };
        let count = |test: &dyn Fn(&BTreeMap<String, String>) -> bool| statuses.iter().filter(here).filter(|s| test(s)).count() as f64;
        assert_eq!(number(row, "facilities_expected"), count(&|_| true));
        assert_eq!(number(row, "positive_literal"), count(&|s| s["status_literal"] == "yes"));
        assert_eq!(number(row, "positive_core"), count(&|s| s["status_core"] == "yes"));
        assert_eq!(number(row, "intending"), count(&|s| s["intention"] == "true"));
        assert_eq!(number(row, "facilities_reported"), count(&|s| s["status_literal"] != "not_reported"));
    }
}

/// Bands add as intervals; the open top is capped by a rule row and counted.
#[test]
fn managed_patients_add_as_intervals() {
    let with = |id: &str, band: &str| {
        let mut f = plain_facility(id);
        f.insert("g2c_home_visit".into(), "2:有り".into());
        f.insert("g2c_managed_patients".into(), band.into());
        f
    };
    let mut gated = with("3100000000004", "3:31～60人");
    gated.insert("g1_consultation".into(), "0:不可".into());
    let facilities = [with("3100000000001", "1:1～10人"), with("3100000000002", "4:61～100人"), with("3100000000003", "8:301人以上"), gated];
    let dir = folder();
    let extract = dir.path().join("bands.csv");
    write_extract(&extract, &facilities);
    let out = figures(&extract);
    let summary = rows(&out.path().join("data/area_summary.csv"));
    let row = summary.iter().find(|r| r["area_code"] == "31201" && r["function_code"] == "g2c").expect("鳥取市");
    let cap = kyogi::facts::rules::Rules::load(YEAR).and_then(|r| r.value("managed_patients_open_top_cap")).expect("rule");
    assert_eq!(number(row, "managed_patients_low"), 1.0 + 61.0 + 301.0);
    assert_eq!(number(row, "managed_patients_high"), 10.0 + 100.0 + cap);
    assert_eq!((number(row, "managed_patients_facilities"), number(row, "managed_patients_open_top")), (3.0, 1.0));
}

/// Time bands by mode and ways of securing beds, from a handful of facilities counted by hand.
#[test]
fn modes_are_counted() {
    let with = |id: &str, cells: &[(&str, &str)]| {
        let mut f = plain_facility(id);
        f.extend(cells.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())));
        f
    };
    let facilities = [
        with("3100000000001", &[("g2a_weekday_night", "2:有り(診療時間外の診療対応)"), ("g2b_backup_bed", "4:有り(自院による確保)")]),
        with("3100000000002", &[("g2a_weekday_night", "5:有り(複数の他医療機関と連携した診療時間外の電話対応)")]),
        with(
            "3100000000003",
            &[
                ("g2a_weekday_night", "1:無し(意向有り)"),
                ("g2b_backup_bed", "6:有り(自院及び連携による確保)"),
                ("g2b_backup_bed_partners", "後方病院1"),
            ],
        ),
        with("3100000000004", &[]),
    ];
    let dir = folder();
    let extract = dir.path().join("modes.csv");
    write_extract(&extract, &facilities);
    let out = figures(&extract);
    let summary = rows(&out.path().join("data/area_summary.csv"));
    let row = |function: &str| summary.iter().find(|r| r["area_code"] == "31201" && r["function_code"] == function).expect("鳥取市");
    let night: Vec<f64> =
        ["own_visit", "linked_visit", "phone_only", "none", "intention"].map(|m| number(row("g2a"), &format!("weekday_night_{m}"))).into();
    assert_eq!(night, [1.0, 0.0, 1.0, 1.0, 1.0]);
    assert_eq!(["backup_own", "backup_linked", "backup_both"].map(|c| number(row("g2b"), c)), [1.0, 0.0, 1.0]);
}

#[test]
fn reference_covers_all_prefectures() {
    let mut seen = BTreeSet::new();
    for code in 1..=47 {
        let reference = kyogi::facts::reference::Reference::load(&format!("{code:02}")).unwrap_or_else(|e| panic!("{e}"));
        let areas = kyogi::facts::areas::all(&reference, &kyogi::facts::council::Council::default());
        assert_eq!(areas[0].level, "prefecture");
        assert!(areas[0].population.total > 500_000);
        let sum: u32 = areas.iter().filter(|a| a.level == "medical_area").map(|a| a.population.total).sum();
        assert_eq!(sum, areas[0].population.total, "areas of {} partition it", areas[0].name);
        seen.extend(areas.iter().filter(|a| a.level == "municipality").map(|a| a.area_code.clone()));
    }
    assert_eq!(seen.len(), 1741);
}
