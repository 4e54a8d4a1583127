//! The built-in reference tables: what they hold, and what they say about figures that do not exist.

use std::collections::{BTreeMap, BTreeSet};

use kyogi::embedded;
use kyogi::reference::Reference;

use crate::support::{YEAR, folder, plain_facility, rows, write_extract};

type Row = BTreeMap<String, String>;

fn table(name: &str) -> Vec<Row> {
    let text = embedded::text(&format!("sql/reference/{name}.csv"));
    csv::Reader::from_reader(text.as_bytes()).deserialize().map(|r| r.expect("a row")).collect()
}

/// Municipalities without wards, and the group of 浜通り, add up to the nation; what was not published stays blank, with the reason.
#[test]
fn projection_covers_the_nation_and_says_what_was_not_published() {
    let municipalities = table("municipalities");
    let wards: BTreeSet<&str> = municipalities.iter().filter(|m| !m["parent_code"].is_empty()).map(|m| m["municipality_code"].as_str()).collect();
    let projection = table("population_projection");
    let sum = |year: &str, column: &str| -> u64 {
        let whole = projection.iter().filter(|r| r["year"] == year && !wards.contains(r["municipality_code"].as_str()));
        whole.filter_map(|r| r[column].parse::<u64>().ok()).sum()
    };
    // the census of 2020 and the national figure of the same projection
    assert_eq!(sum("2020", "population_total"), 126_146_099);
    assert_eq!(sum("2050", "population_total"), 104_686_386);
    for year in ["2020", "2025", "2030", "2035", "2040", "2045", "2050"] {
        let codes: BTreeSet<&str> = projection.iter().filter(|r| r["year"] == year).map(|r| r["municipality_code"].as_str()).collect();
        let expected: BTreeSet<&str> = municipalities.iter().map(|m| m["municipality_code"].as_str()).chain(["07999"]).collect();
        assert_eq!(codes, expected, "{year}");
    }
    let blank: BTreeSet<&str> = projection.iter().filter(|r| r["population_total"].is_empty()).map(|r| r["municipality_code"].as_str()).collect();
    assert_eq!(blank.len(), 13 + 2, "浜通り and the two wards that 浜松市北区 was split into");
    for row in &projection {
        let count = |column: &str| row[column].parse::<u64>().ok();
        let (total, over_65, over_75) = (count("population_total"), count("population_65_over"), count("population_75_over"));
        assert_eq!(total.is_none(), over_65.is_none() && over_75.is_none());
        assert!(total.is_some() || !row["note"].is_empty(), "{row:?} is blank without a reason");
        assert!(total >= over_65 && over_65 >= over_75, "{row:?}");
    }
}

/// 浜松市 had seven wards until 2023: their codes are today's wards, and the split one is the city.
#[test]
fn codes_of_earlier_years_are_read_and_said() {
    let dir = folder();
    let facilities: Vec<Row> = ["22131", "221368", "22137", "22135", "22139"]
        .iter()
        .enumerate()
        .map(|(i, code)| {
            let mut facility = plain_facility(&format!("F{i}"));
            facility.insert("prefecture_code".into(), "22".into());
            facility.insert("municipality_code".into(), (*code).to_owned());
            facility
        })
        .collect();
    let extract = dir.path().join("extract.csv");
    write_extract(&extract, &facilities);
    let findings = kyogi::run::figures_only("22", YEAR, &extract, dir.path(), 1).unwrap_or_else(|e| panic!("{e}"));
    let said: Vec<(&str, &str)> = findings.iter().filter(|f| f.code.starts_with("old_code")).map(|f| (f.code.as_str(), f.value.as_str())).collect();
    let mapped = "old_code_mapped";
    assert_eq!(said, [(mapped, "22131 → 22138"), (mapped, "221368 → 22139"), (mapped, "22137 → 22140"), ("old_code_split", "22135 → 22130")]);
    let statuses = rows(&dir.path().join("data/facility_status.csv"));
    assert!(statuses.iter().all(|s| s["municipality_code"] == "22130" && s["medical_area_code"] == "2208"));
}

/// The nation is its 47 prefectures, each unit once and in the area it has there; nobody can have it as a work folder.
#[test]
fn the_nation_is_all_prefectures() {
    let areas = |r: &Reference| -> Vec<(String, String, String)> {
        r.smallest_units().map(|m| (m.municipality_code.clone(), m.secondary_medical_area_code.clone(), m.area_339_code.clone())).collect()
    };
    let people =
        |r: &Reference| r.smallest_units().map(|m| u64::from(r.population.get(&m.municipality_code).map_or(0, |p| p.population_total))).sum::<u64>();
    let nation = Reference::load("all").expect("nation");
    let parts: Vec<Reference> = (1..=47).map(|n| Reference::load(&format!("{n:02}")).expect("prefecture")).collect();
    assert_eq!(areas(&nation), parts.iter().flat_map(areas).collect::<Vec<_>>());
    assert_eq!(nation.medical_areas.len(), parts.iter().map(|p| p.medical_areas.len()).sum::<usize>());
    assert_eq!(people(&nation), parts.iter().map(people).sum::<u64>());
    assert!(people(&nation) > 120_000_000);
    let dir = folder();
    assert!(kyogi::workspace::init("all", 2025, dir.path()).is_err());
    assert!(Reference::of_work_folder("00", 2025, dir.path()).is_err());
}
