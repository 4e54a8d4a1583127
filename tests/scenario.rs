//! Scenarios and the change from year to year.

use std::fs;

use kyogi::aggregate::figure::FigureValue;
use kyogi::commands::whatif::{self, Scenario};
use kyogi::draft::change::{self, Change};

use crate::support::{columns, folder, plain_facility, rows, sample_rows, sample_workspace, two_years, write_extract};

fn whole(before: (f64, f64), after: (f64, f64)) -> Change {
    let value = |(low, high)| FigureValue { low, high };
    Change {
        key: Default::default(),
        unit: String::new(),
        before: value(before),
        after: value(after),
        is_partial: false,
        alike: None,
        break_note: String::new(),
        is_redefined: false,
    }
}

fn change(before: (f64, f64), after: (f64, f64)) -> &'static str {
    whole(before, after).verdict()
}

#[test]
fn a_change_says_why_it_cannot_be_told() {
    assert_eq!(change((10.0, 20.0), (10.0, 20.0)), "same");
    assert_eq!(change((10.0, 20.0), (21.0, 30.0)), "higher");
    assert_eq!(change((10.0, 20.0), (1.0, 9.0)), "lower");
    assert_eq!(change((10.0, 20.0), (20.0, 30.0)), "overlapping");
    assert_eq!(change((10.0, 20.0), (12.0, 18.0)), "overlapping");
    // a count of those who reported says nothing of those who did not
    let partial = Change { is_partial: true, ..whole((10.0, 10.0), (30.0, 30.0)) };
    assert_eq!(partial.verdict(), "partial");
}

#[test]
fn three_facilities_start_home_visits_and_a_late_report_arrives() {
    let dir = folder();
    let workspace = sample_workspace(&dir.path().join("work"));
    let ids = ["3100000000001", "3100000000002", "3100000000003"];
    let extract = dir.path().join("extract.csv");
    write_extract(&extract, &ids.map(plain_facility));
    let answers = dir.path().join("answers.csv");
    let lines: String = ids.iter().map(|id| format!("{id},g2c_home_visit,2:有り\n{id},g2c_managed_patients,2:11～30人\n")).collect();
    fs::write(&answers, format!("facility_id,item_code,value\n{lines}")).expect("writable");
    let late = dir.path().join("late.csv");
    write_extract(&late, &[plain_facility("3100000000009")]);

    let before = fs::read(&extract).expect("extract");
    let changes =
        whatif::run(&workspace, &extract, &Scenario { answers: Some(answers), late: Some(late) }, 2).unwrap_or_else(|e| panic!("{e}")).changes;
    assert_eq!(fs::read(&extract).expect("extract"), before, "a scenario changes nothing");
    let of = |indicator: &str, breakdown: &str| {
        let c = changes.iter().find(|c| c.key == ["municipality", "31201", indicator, breakdown]).unwrap_or_else(|| panic!("{indicator} changes"));
        ((c.before.low, c.before.high), (c.after.low, c.after.high))
    };
    assert_eq!(of("home_care_managed_patients", ""), ((0.0, 0.0), (33.0, 90.0)));
    assert_eq!(of("function_positive", "function=g2c"), ((0.0, 0.0), (3.0, 3.0)));
    assert_eq!(of("function_positive", "function=g1"), ((3.0, 3.0), (4.0, 4.0)));
    let (before, after) = of("home_care_gap", "");
    assert!((before.0 - 90.0 - after.0).abs() < 1e-6 && (before.1 - 33.0 - after.1).abs() < 1e-6);
    assert!(changes.iter().all(|c| c.key[2] != "home_care_expected_need"), "need does not depend on supply");

    let unknown = dir.path().join("unknown.csv");
    fs::write(&unknown, "facility_id,item_code,value\n999,g2c_home_visit,2:有り\n").expect("writable");
    let error = whatif::run(&workspace, &extract, &Scenario { answers: Some(unknown), late: None }, 1).err().expect("refused").to_string();
    assert!(error.contains("999") && error.contains("2 行目"), "{error}");
}

/// A wish that says too little to move a figure is answered with what is missing.
#[test]
fn a_scenario_says_what_it_lacks() {
    let dir = folder();
    let workspace = sample_workspace(&dir.path().join("work"));
    let [whole, bandless, without_g1, silent] = ["3100000000001", "3100000000002", "3100000000003", "3100000000004"];
    let mut facilities = [whole, bandless, without_g1, silent].map(plain_facility);
    facilities[2].insert("g1_consultation".into(), "0:不可".into());
    facilities[3].insert("report_status".into(), "未報告".into());
    let extract = dir.path().join("extract.csv");
    write_extract(&extract, &facilities);
    let answers = dir.path().join("answers.csv");
    let lines: String = [whole, bandless, without_g1, silent].iter().map(|id| format!("{id},g2c_home_visit,2:有り\n")).collect();
    fs::write(&answers, format!("facility_id,item_code,value\n{lines}{whole},g2c_managed_patients,2:11～30人\n")).expect("writable");
    let tried = whatif::run(&workspace, &extract, &Scenario { answers: Some(answers), late: None }, 2).unwrap_or_else(|e| panic!("{e}"));
    let said = whatif::text(&workspace, &tried).unwrap_or_else(|e| panic!("{e}"));
    let notes: Vec<&str> = said.lines().filter(|l| l.starts_with("注意：")).collect();
    assert_eq!(notes.len(), 3, "{said}");
    for (note, (id, missing)) in notes.iter().zip([(bandless, "g2c_managed_patients"), (without_g1, "g1_consultation"), (silent, "report_status")]) {
        assert!(note.contains(id) && note.contains(missing) && !note.contains(whole), "{note}");
    }
}

/// What does not change is not listed, also where many have not reported.
#[test]
fn a_scenario_lists_only_what_changes() {
    let dir = folder();
    let workspace = sample_workspace(&dir.path().join("work"));
    let column = |item: &str| columns().iter().position(|(_, i)| i == item).expect("a column");
    let (id, place, status) = (column("facility_id"), column("municipality_code"), column("report_status"));
    let (_, rows) = sample_rows();
    let one = rows.iter().find(|r| r[place].starts_with("31201") && r[status].contains("報告済")).expect("a report");
    let answers = dir.path().join("answers.csv");
    fs::write(&answers, format!("facility_id,item_code,value\n{},g2c_home_visit,2:有り\n{},g2c_managed_patients,2:11～30人\n", &one[id], &one[id]))
        .expect("writable");
    let extract = workspace.root.join("input/extract.csv");
    let changes = whatif::run(&workspace, &extract, &Scenario { answers: Some(answers), late: None }, 2).unwrap_or_else(|e| panic!("{e}")).changes;
    assert!(!changes.is_empty());
    for change in &changes {
        assert!(["31201", "3101", "31"].contains(&change.key[1].as_str()), "{:?}", change.key);
        assert_ne!((change.before.low, change.before.high), (change.after.low, change.after.high), "{:?}", change.key);
    }
}

#[test]
fn next_year_is_compared_with_this_year() {
    let dir = folder();
    let [_, out] = two_years(dir.path());
    let changes = rows(&out.join("data/changes.csv"));
    let keys = |packet: &str| -> std::collections::BTreeSet<[String; 4]> {
        let key = |f: &std::collections::BTreeMap<String, String>| ["level", "area_code", "indicator_code", "breakdown"].map(|k| f[k].clone());
        rows(&dir.path().join(packet).join("data/figures.csv")).iter().map(key).filter(|k| !k[3].contains("compare=")).collect()
    };
    assert_eq!(changes.len(), keys("first").intersection(&keys("second")).count(), "what both years have, and no limits of comparison");
    let page = fs::read_to_string(out.join("areas/31201.html")).expect("a page");
    assert!(page.contains("前の年度からの変化（供給：管理している在宅患者（階級の合計））："), "the data book says what became of its key figures");
    // like with like on the sheet, however wide the ranges are
    let sheet = fs::read_to_string(out.join("sheets/31201_g2c.html")).expect("a sheet");
    assert!(sheet.contains("前の年度と両方に報告した") || sheet.contains("前の年度は報告した"), "{sheet}");
    let verdicts: std::collections::BTreeSet<&str> = changes.iter().map(|c| c["verdict"].as_str()).collect();
    assert!(verdicts.contains("same") && verdicts.contains("overlapping"), "{verdicts:?}");
    assert!(change::figures_of(dir.path()).is_err());
}
