//! The generator: the same seed gives the same file, and its files run for any prefecture.

use kyogi::commands::sample::extract as sample_extract;

use crate::support::{YEAR, folder, rows, sample};

#[test]
fn the_committed_sample_is_what_the_generator_makes() {
    for (year, committed) in [(2025, sample()), (2026, kyogi::ground::embedded::text("data-samples/demo/input/sample_31_2026.csv").as_bytes())] {
        assert!(sample_extract("31", year, 1).expect("sample") == committed, "sample of {year}: run `kyogi sample 31 --year {year} --seed 1` again");
    }
    assert!(sample_extract("31", YEAR, 2).expect("sample") != sample(), "another seed is another file");
}

#[test]
fn samples_of_other_prefectures_run() {
    for prefecture in ["01", "14", "22", "47"] {
        let dir = folder();
        let extract = dir.path().join("extract.csv");
        std::fs::write(&extract, sample_extract(prefecture, YEAR, 1).expect("sample")).expect("writable");
        let findings = kyogi::commands::run::figures_only(prefecture, YEAR, &extract, dir.path(), 2).unwrap_or_else(|e| panic!("{e}"));
        let lost = ["unknown_municipality", "area_unknown", "unknown_choice", "not_a_count", "bad_facility_id", "new_choice"];
        assert!(findings.iter().all(|f| !lost.contains(&f.code.as_str())), "{prefecture}");
        let summary = rows(&dir.path().join("data/area_summary.csv"));
        let whole = summary.iter().find(|r| r["level"] == "prefecture" && r["function_code"] == "g1").expect("prefecture");
        assert!(whole["facilities_expected"].parse::<u32>().expect("count") > 500, "{prefecture}");

        // sharing the official demand out loses nobody
        let official: f64 = kyogi::ground::embedded::text("sql/reference/home_care_demand.csv")
            .lines()
            .filter(|l| l.starts_with(prefecture) && l.split(',').nth(1) == Some("2024"))
            .map(|l| l.rsplit(',').next().and_then(|n| n.parse::<f64>().ok()).expect("receipts"))
            .sum();
        let figures = rows(&dir.path().join("data/figures.csv"));
        for level in ["municipality", "medical_area", "prefecture"] {
            let shared: f64 = figures
                .iter()
                .filter(|r| r["level"] == level && r["indicator_code"] == "home_care_projected_demand" && r["breakdown"].is_empty())
                .map(|r| r["value_low"].parse::<f64>().expect("number"))
                .sum();
            assert!((shared - official).abs() < 1e-3, "{prefecture} {level}: {shared} of {official}");
        }
    }
}
