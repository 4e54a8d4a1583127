//! The council setting: what people write, which areas follow, and what is refused with which words.

use std::collections::BTreeMap;

use kyogi::facts::areas;
use kyogi::facts::council::Council;
use kyogi::facts::dictionary::Dictionary;
use kyogi::facts::reference::Reference;

use crate::support::{YEAR, folder, rows, run_packet, sample_workspace, tests_path};

#[test]
fn settings_are_read_or_refused_as_the_table_says() {
    let (reference, dictionary) = (Reference::load("31").expect("reference"), Dictionary::load(YEAR).expect("dictionary"));
    let function = dictionary.function("g2a").expect("g2a");
    for case in rows(&tests_path("cases/council/settings.csv")) {
        let outcome = Council::parse(&case["setting"], &reference, &dictionary);
        match (case["expect"].parse::<usize>(), outcome) {
            (Ok(expected), Ok(council)) => {
                let found = areas::all(&reference, &council).iter().filter(|a| council.consults(function, &a.level, &a.area_code)).count();
                assert_eq!(found, expected, "{}", case["case"]);
            }
            (_, Err(error)) => {
                let said = error.to_string();
                let wanted = if case["case"] == "分からない鍵" { "設定を読めません" } else { &case["expect"] };
                assert!(said.contains(wanted) && said.contains("次にすること"), "{}：{said}", case["case"]);
            }
            (Err(_), Ok(_)) => panic!("{} was not refused", case["case"]),
        }
    }
}

/// A council area's figures are those of its municipalities together, and its sheets are made.
#[test]
fn council_areas_have_figures_and_sheets() {
    let dir = folder();
    let workspace = sample_workspace(dir.path());
    let setting = "[[area]]\ncode = \"K01\"\nname = \"東部と中部の町\"\nmembers = [\"岩美町\", \"智頭町\", \"三朝町\"]\n\
        [theme.g2c]\nareas = [\"K01\", \"31\"]\noverlap = [\"K01\"]\nreason = \"試験\"\n";
    std::fs::write(dir.path().join("council.toml"), setting).expect("writable");
    let out = dir.path().join("packet");
    run_packet(&workspace, None, &out, 2).unwrap_or_else(|e| panic!("{e}"));
    assert!(out.join("sheets/K01_g2c.pdf").exists() && out.join("areas/K01.html").exists());
    assert!(!out.join("sheets/K01_g2a.pdf").exists() && !out.join("sheets/31201_g2c.pdf").exists());

    let figures = rows(&out.join("data/figures.csv"));
    let value = |row: &BTreeMap<String, String>, column: &str| row[column].parse::<f64>().unwrap_or(0.0);
    let of = |area: &str, indicator: &str, breakdown: &str, column: &str| -> f64 {
        figures
            .iter()
            .filter(|r| r["area_code"] == area && r["indicator_code"] == indicator && r["breakdown"] == breakdown)
            .map(|r| value(r, column))
            .sum()
    };
    let mut compared = 0;
    for row in figures.iter().filter(|r| r["level"] == "council_area") {
        let additive =
            ["function_positive", "home_care_managed_patients", "home_care_expected_need", "home_care_projected_demand", "backup_unbacked_patients"];
        if !additive.contains(&row["indicator_code"].as_str()) {
            continue;
        }
        for column in ["value_low", "value_high", "reported", "expected"] {
            let parts: f64 = ["31302", "31328", "31364"].iter().map(|a| of(a, &row["indicator_code"], &row["breakdown"], column)).sum();
            assert!((parts - value(row, column)).abs() < 1e-6, "{} {} {column}", row["indicator_code"], row["breakdown"]);
        }
        compared += 1;
    }
    assert!(compared >= 10, "only {compared} figures");
}
