//! Extracts in layouts that were not made here, when they lie beside the project (`../shared/extracts`).

use std::collections::BTreeMap;

use crate::support::{YEAR, folder, rows, shared_extract};

fn count(statuses: &[BTreeMap<String, String>], function: &str, status: &str) -> usize {
    statuses.iter().filter(|s| s["function_code"] == function && s["status_literal"] == status).count()
}

#[test]
fn tottori_utf8() {
    let Some(extract) = shared_extract("r7_tottori_utf8.csv", "the UTF-8 extract of 鳥取県") else { return };
    let out = folder();
    let findings = kyogi::commands::run::figures_only("31", YEAR, &extract, out.path(), 2).unwrap_or_else(|e| panic!("{e}"));
    let statuses = rows(&out.path().join("data/facility_status.csv"));
    assert_eq!(statuses.len(), 444 * 5);
    assert_eq!(count(&statuses, "g1", "not_reported"), 52);
    assert_eq!(findings.iter().filter(|f| f.code == "superseded").count(), 2);
    // the few rows where G-MIS judged otherwise than the answers say
    assert!(statuses.iter().filter(|s| s["auto_differs"] == "true").count() < 10);
}

#[test]
fn toyama_workbook_as_it_is() {
    let Some(extract) = shared_extract("r7_toyama.xlsx", "the workbook of 富山県") else { return };
    let out = folder();
    let findings = kyogi::commands::run::figures_only("16", YEAR, &extract, out.path(), 2).unwrap_or_else(|e| panic!("{e}"));
    let statuses = rows(&out.path().join("data/facility_status.csv"));
    assert_eq!(statuses.len(), 701 * 5);
    assert_eq!(findings.iter().filter(|f| f.code == "superseded").count(), 4);
    assert!(findings.iter().all(|f| !["unknown_choice", "not_a_count", "not_a_date", "unknown_municipality"].contains(&f.code.as_str())));
    assert!(statuses.iter().filter(|s| s["auto_differs"] == "true").count() < 10);
}

#[test]
fn kanagawa_cp932_wards_roll_up() {
    let Some(extract) = shared_extract("r7_kanagawa_cp932.csv", "the CP932 extract of 神奈川県") else { return };
    let out = folder();
    let findings = kyogi::commands::run::figures_only("14", YEAR, &extract, out.path(), 2).unwrap_or_else(|e| panic!("{e}"));
    assert!(findings.iter().all(|f| !["undecodable", "unknown_choice", "not_a_count", "unknown_municipality"].contains(&f.code.as_str())));
    let statuses = rows(&out.path().join("data/facility_status.csv"));
    assert_eq!(statuses.len(), 6790 * 5);
    assert!(statuses.iter().all(|s| !s["municipality_code"].starts_with("1410") || s["municipality_code"] == "14100"));
    // 川崎市 spans two areas: its wards decide
    let areas = |code: &str| -> std::collections::BTreeSet<&str> {
        statuses.iter().filter(|s| s["municipality_code"] == code).map(|s| s["medical_area_code"].as_str()).collect()
    };
    assert_eq!(areas("14130").into_iter().collect::<Vec<_>>(), ["1404", "1405"]);
    let summary = rows(&out.path().join("data/area_summary.csv"));
    let expected = |level: &str| -> u32 {
        summary
            .iter()
            .filter(|r| r["level"] == level && r["function_code"] == "g1")
            .map(|r| r["facilities_expected"].parse::<u32>().expect("count"))
            .sum()
    };
    assert_eq!((expected("municipality"), expected("medical_area")), (6790, 6790));
}

#[test]
fn the_other_year_is_refused_in_this_work_folder() {
    let Some(extract) = shared_extract("r8_tottori_utf8.csv", "the second year of 鳥取県") else { return };
    let error = kyogi::commands::run::figures_only("31", YEAR, &extract, folder().path(), 1).expect_err("refused").to_string();
    assert!(error.contains("報告年度が 2026"), "{error}");
    kyogi::commands::run::figures_only("31", 2026, &extract, folder().path(), 1).unwrap_or_else(|e| panic!("{e}"));
}
