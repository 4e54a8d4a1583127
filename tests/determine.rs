//! The truth table of determination, as given–expect cases that a planner can read (`cases/determine`).

use std::collections::BTreeMap;

use crate::support::{folder, plain_facility, rows, statuses, tests_path, write_extract};

/// `item=cell;item=cell`; a cell may itself contain `;`, so a part without `=` belongs to the part before.
pub fn given(text: &str) -> Vec<(String, String)> {
    let mut parts: Vec<(String, String)> = Vec::new();
    for part in text.split(';').filter(|p| !p.is_empty()) {
        match (part.split_once('='), parts.last_mut()) {
            (Some((item, cell)), _) => parts.push((item.to_owned(), cell.to_owned())),
            (None, Some((_, cell))) => *cell = format!("{cell};{part}"),
            (None, None) => panic!("no item in {text}"),
        }
    }
    parts
}

#[test]
fn truth_table() {
    let cases = rows(&tests_path("cases/determine/truth_table.csv"));
    let mut facilities = Vec::new();
    for (i, case) in cases.iter().enumerate() {
        let mut facility = plain_facility(&format!("31{i:011}"));
        facility.extend(given(&case["given"]));
        if facility["report_status"] == "未報告" {
            facility.retain(|item, _| !item.starts_with('g'));
        }
        facilities.push(facility);
    }
    let dir = folder();
    let extract = dir.path().join("cases.csv");
    write_extract(&extract, &facilities);
    let (statuses, findings) = statuses(&extract);
    let found: BTreeMap<(&str, &str), _> = statuses.iter().map(|s| ((s["facility_id"].as_str(), s["function_code"].as_str()), s)).collect();
    let mut wrong = Vec::new();
    for (i, case) in cases.iter().enumerate() {
        let id = format!("31{i:011}");
        let status = found[&(id.as_str(), case["function"].as_str())];
        for (column, expected) in [("status_literal", "literal"), ("status_core", "core"), ("rule_code", "rule")] {
            if status[column] != case[expected] {
                wrong.push(format!("{}：{column} は {}、期待は {}", case["case"], status[column], case[expected]));
            }
        }
        let mut codes: Vec<&str> = findings.iter().filter(|f| f.facility_id == id).map(|f| f.code.as_str()).collect();
        codes.sort_unstable();
        let expected: Vec<&str> = case["finding"].split(';').filter(|f| !f.is_empty()).collect();
        if codes != expected {
            wrong.push(format!("{}：指摘は {codes:?}、期待は {expected:?}", case["case"]));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_status_names_its_rule_and_cells() {
    let mut facility = plain_facility("3100000000001");
    facility.insert("g2a_duty_rota".into(), "3:有り(月1回)".into());
    let dir = folder();
    let extract = dir.path().join("one.csv");
    write_extract(&extract, &[facility]);
    let (statuses, _) = statuses(&extract);
    let reason = &statuses.iter().find(|s| s["function_code"] == "g2a").expect("g2a")["reason"];
    assert_eq!(reason, "報告事項のいずれかが「実施している」又は「実績がある」：在宅当番医制への参加＝有り(月1回)（行2・列X）");
}

#[test]
fn latest_change_report_counts_and_history_stays() {
    let mut before = plain_facility("3100000000001");
    before.insert("report_date".into(), "2026-01-10".into());
    before.insert("g2d_acp".into(), "2:有り".into());
    let mut after = plain_facility("3100000000001");
    after.insert("report_date".into(), "2026-03-01".into());
    let dir = folder();
    let extract = dir.path().join("two.csv");
    // the later report stands first in the file: the date decides, not the position
    write_extract(&extract, &[after, before]);
    let out = folder();
    let findings = kyogi::commands::run::figures_only("31", 2025, &extract, out.path(), 1).unwrap_or_else(|e| panic!("{e}"));
    let statuses = rows(&out.path().join("data/facility_status.csv"));
    assert_eq!(statuses.len(), 5);
    assert_eq!(statuses.iter().find(|s| s["function_code"] == "g2d").expect("g2d")["status_literal"], "no");
    assert_eq!(findings.iter().map(|f| f.code.as_str()).collect::<Vec<_>>(), ["superseded"]);
    let history = kyogi::ground::artefact::Table::read_parquet("ing_facilities", &out.path().join("stages/ingest/ing_facilities.parquet"));
    assert_eq!(history.expect("artefact").len(), 2);
}

#[test]
fn intention_is_listed_with_its_origin() {
    let with = |cells: &[(&str, &str)], id: &str| {
        let mut f = plain_facility(id);
        f.extend(cells.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())));
        f
    };
    let facilities = [
        with(&[("g2c_home_visit", "1:無し(意向有り)")], "3100000000001"),
        with(&[("oth_intent_g2c", "1:有り")], "3100000000002"),
        with(&[("g2c_home_visit", "1:無し(意向有り)"), ("oth_intent_g2c", "1:有り")], "3100000000003"),
        with(&[("g2c_home_visit", "2:有り"), ("oth_intent_g2c", "1:有り")], "3100000000004"),
    ];
    let dir = folder();
    let extract = dir.path().join("four.csv");
    write_extract(&extract, &facilities);
    let (statuses, _) = statuses(&extract);
    let origins: Vec<&str> = statuses.iter().filter(|s| s["function_code"] == "g2c").map(|s| s["intention_origin"].as_str()).collect();
    assert_eq!(origins, ["item", "other", "both", ""]);
}
