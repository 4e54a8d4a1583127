//! Need and gap of home care: the arithmetic in the open, from the public figures of 鳥取県.

use std::collections::BTreeMap;

use kyogi::aggregate::figure::Indicator;
use kyogi::ground::embedded;

use crate::support::{YEAR, folder, plain_facility, rows, sample, write_extract};

type Row = BTreeMap<String, String>;

fn table(path: &str) -> Vec<Row> {
    csv::Reader::from_reader(embedded::text(path).as_bytes()).deserialize().map(|r| r.expect("a row")).collect()
}

fn number(row: &Row, column: &str) -> f64 {
    row[column].parse().unwrap_or_else(|_| panic!("{column} of {row:?}"))
}

fn figures_of(extract: &std::path::Path, prefecture: &str) -> Vec<Row> {
    let out = folder();
    kyogi::commands::run::figures_only(prefecture, YEAR, extract, out.path(), 2).unwrap_or_else(|e| panic!("{e}"));
    rows(&out.path().join("data/figures.csv"))
}

fn sample_figures() -> Vec<Row> {
    let dir = folder();
    let path = dir.path().join("extract.csv");
    std::fs::write(&path, sample()).expect("writable");
    figures_of(&path, "31")
}

fn figure(figures: &[Row], area: &str, indicator: &str, breakdown: &str) -> (f64, f64) {
    let row = figures.iter().find(|r| r["area_code"] == area && r["indicator_code"] == indicator && r["breakdown"] == breakdown);
    let row = row.unwrap_or_else(|| panic!("{area} {indicator} {breakdown}"));
    (number(row, "value_low"), number(row, "value_high"))
}

/// People × national visits by age ÷ national people ÷ 12 ÷ 1.88, added up here in Rust and not in SQL.
fn expected_need(municipalities: &[&str]) -> f64 {
    let people = table("sql/reference/population_by_age.csv");
    let visits = table("sql/reference/home_visits_by_age.csv");
    let mut need = 0.0;
    for row in people.iter().filter(|r| municipalities.contains(&r["municipality_code"].as_str())) {
        for v in &visits {
            need += number(row, &v["age_band"]) * number(v, "visits") / number(v, "national_population") / 12.0 / 1.88;
        }
    }
    need
}

#[test]
fn need_of_tottori_by_two_roads_and_as_published() {
    let figures = sample_figures();
    let areas: [(&str, &[&str], f64, f64); 3] = [
        ("3101", &["31201", "31302", "31325", "31328", "31329"], 2016.0, 2017.0),
        ("3102", &["31203", "31364", "31370", "31371", "31372"], 1034.0, 857.0),
        ("3103", &["31202", "31204", "31384", "31386", "31389", "31390", "31401", "31402", "31403"], 2182.0, 3087.0),
    ];
    for (area, municipalities, expected, projected) in areas {
        let (low, high) = figure(&figures, area, "home_care_expected_need", "");
        assert_eq!(low, high);
        assert!((low - expected_need(municipalities)).abs() < 1e-6, "{area}: SQL and Rust differ");
        assert_eq!(low.round(), expected, "{area} expected");
        assert_eq!(figure(&figures, area, "home_care_projected_demand", "").0.round(), projected, "{area} projected");
    }
}

#[test]
fn municipalities_add_up_to_their_area() {
    let figures = sample_figures();
    for (indicator, breakdown) in [
        ("home_care_expected_need", ""),
        ("home_care_expected_need", "year=2040"),
        ("home_care_projected_demand", ""),
        ("home_care_managed_patients", ""),
        ("home_care_intention_patients", ""),
        ("home_care_facilities", ""),
        ("end_of_life_facilities", ""),
        ("backup_unbacked_patients", ""),
        ("backup_facilities", "way=linked"),
        ("after_hours_duty_slots", ""),
        ("after_hours_band_facilities", "band=holiday;answer=visit"),
        ("item_positive_facilities", "item=g1_training_completed"),
        ("care_facilities", ""),
        ("care_facilities", "kind=health_facility"),
    ] {
        let sum = |level: &str, column: &str| -> f64 {
            figures
                .iter()
                .filter(|r| r["level"] == level && r["indicator_code"] == indicator && r["breakdown"] == breakdown)
                .map(|r| number(r, column))
                .sum()
        };
        for column in ["value_low", "value_high"] {
            let whole = sum("prefecture", column);
            assert!(whole != 0.0, "{indicator} {breakdown} {column}");
            for level in ["municipality", "medical_area"] {
                assert!((sum(level, column) - whole).abs() < 1e-6 * whole.abs().max(1.0), "{indicator} {breakdown} {column} of {level}");
            }
        }
    }
}

/// One more facility never raises the gap; the interval is need minus supply, ends crossed.
#[test]
fn gap_is_need_minus_supply_and_monotone() {
    let with = |id: &str, band: &str, bed: &str| {
        let mut f = plain_facility(id);
        f.extend([("g2c_home_visit", "2:有り"), ("g2c_managed_patients", band), ("g2b_backup_bed", bed)].map(|(k, v)| (k.to_owned(), v.to_owned())));
        f
    };
    let none = "0:無し(意向無し)";
    let all = [
        with("3100000000001", "4:61～100人", none),
        with("3100000000002", "2:11～30人", "4:有り(自院による確保)"),
        with("3100000000003", "8:301人以上", ""),
    ];
    let dir = folder();
    let extract = dir.path().join("gap.csv");
    let mut before = (f64::INFINITY, f64::INFINITY);
    for n in 1..=3 {
        write_extract(&extract, &all[..n]);
        let figures = figures_of(&extract, "31");
        let need = figure(&figures, "31201", "home_care_expected_need", "").0;
        let supply = figure(&figures, "31201", "home_care_managed_patients", "");
        let gap = figure(&figures, "31201", "home_care_gap", "");
        assert!((gap.0 - (need - supply.1)).abs() < 1e-9 && (gap.1 - (need - supply.0)).abs() < 1e-9);
        assert!(gap.0 <= before.0 && gap.1 <= before.1);
        before = gap;
    }
    let figures = figures_of(&extract, "31");
    // the first secures none, the second does, the third did not say
    assert_eq!(figure(&figures, "31201", "backup_unbacked_patients", ""), (61.0, 100.0 + 600.0));
}

#[test]
fn duty_slots_supplied() {
    let mut a = plain_facility("3100000000001");
    a.insert("g2a_duty_rota".into(), "4:有り(月2~3回)".into());
    let mut b = plain_facility("3100000000002");
    b.extend([("g2a_duty_rota", "7:有り(月10回以上)"), ("g2a_emergency_center", "2:有り(月1回未満)")].map(|(k, v)| (k.to_owned(), v.to_owned())));
    let dir = folder();
    let extract = dir.path().join("slots.csv");
    write_extract(&extract, &[a, b]);
    let figures = figures_of(&extract, "31");
    assert_eq!(figure(&figures, "31201", "after_hours_duty_slots", ""), (2.0 + 10.0 + 0.0, 3.0 + 31.0 + 1.0));
    // nobody said how many are needed: the count stands for itself
    assert!(!figures.iter().any(|r| ["after_hours_duty_slots_needed", "after_hours_duty_ratio"].contains(&r["indicator_code"].as_str())));
}

#[test]
fn every_figure_has_a_name_and_a_formula() {
    let indicators = Indicator::all("全国と同じ割合").unwrap_or_else(|e| panic!("{e}"));
    for row in sample_figures() {
        let named = Indicator::find(&indicators, &Indicator::key(&row["indicator_code"], &row["breakdown"])).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(named.unit, row["unit"], "{} {}", row["indicator_code"], row["breakdown"]);
        assert!(number(&row, "value_low") <= number(&row, "value_high"));
    }
}

/// Spellings of one hospital meet; a clinic with a single partner is counted as depending on it.
#[test]
fn hubs_of_backup_beds() {
    let with = |id: &str, partners: &str, band: &str| {
        let mut f = plain_facility(id);
        f.extend(
            [
                ("g2b_backup_bed", "5:有り(連携による確保)"),
                ("g2b_backup_bed_partners", partners),
                ("g2c_home_visit", "2:有り"),
                ("g2c_managed_patients", band),
            ]
            .map(|(k, v)| (k.to_owned(), v.to_owned())),
        );
        f
    };
    let dir = folder();
    let extract = dir.path().join("hubs.csv");
    let facilities = [with("3100000000001", "中央 病院", "1:1～10人"), with("3100000000002", "中央病院、東病院、中央病院", "2:11～30人")];
    write_extract(&extract, &facilities);
    let out = folder();
    kyogi::commands::run::figures_only("31", YEAR, &extract, out.path(), 1).unwrap_or_else(|e| panic!("{e}"));
    let hubs = rows(&out.path().join("data/backup_hubs.csv"));
    let of = |name: &str| {
        hubs.iter().find(|h| h["partner_name"] == name).map(|h| ["facilities", "only_partner", "patients_low", "patients_high"].map(|c| number(h, c)))
    };
    assert_eq!(hubs.len(), 2);
    assert_eq!(of("中央病院"), Some([2.0, 1.0, 12.0, 40.0]));
    assert_eq!(of("東病院"), Some([1.0, 0.0, 11.0, 30.0]));
}
