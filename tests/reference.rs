//! The built-in reference tables: what they hold, and what they say about figures that do not exist.

use std::collections::{BTreeMap, BTreeSet};

use kyogi::facts::reference::Reference;
use kyogi::ground::embedded;

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
    let findings = kyogi::commands::run::figures_only("22", YEAR, &extract, dir.path(), 1).unwrap_or_else(|e| panic!("{e}"));
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
    assert!(kyogi::facts::workspace::init("all", 2025, dir.path()).is_err());
    assert!(Reference::of_work_folder("00", 2025, dir.path()).is_err());
}

fn digits(text: &str) -> i64 {
    text.chars().filter(char::is_ascii_digit).collect::<String>().parse().expect("a number")
}

/// Cells of the table on a page whose caption begins so.
fn page_table(page: &str, caption: &str) -> Vec<Vec<String>> {
    let from = page.find(&format!("<caption>{caption}")).unwrap_or_else(|| panic!("no table {caption}"));
    let body = page[from..].split("<tbody>").nth(1).and_then(|t| t.split("</tbody>").next()).expect("a body");
    let strip = |cell: &str| cell.split('>').nth(1).unwrap_or_default().to_owned();
    body.split("<tr>")
        .skip(1)
        .map(|row| {
            row.replace("</td>", "")
                .replace("</th>", "")
                .split("<t")
                .skip(1)
                .map(|c| strip(c.split('<').next().unwrap_or_default()).trim().to_owned())
                .collect()
        })
        .collect()
}

/// 秋田 (other areas under the same codes), 三重 (other codes), 川崎 (a city in two areas), 鳥取 (no difference):
/// the page says how the systems lie to each other, and what was allocated adds up to the official figures.
#[test]
fn area_systems_stand_side_by_side_and_the_allocation_adds_up() {
    let said = [
        ("05", vec!["大館・鹿角（0501）", "0501、0502、0503は、同じコードが別の範囲を指す", "335区域）（8区域）は、この資料の二次医療圏と違います"]),
        ("14", vec!["川崎市は複数の二次医療圏にまたがる", "同じ範囲、同じコード、同じ名前です"]),
        ("24", vec!["桑員（2405）", "東紀州（2412）", "335区域）（4区域）は、この資料の二次医療圏と同じ範囲"]),
        ("31", vec!["339区域）（3区域）は、この資料の二次医療圏と同じ範囲、同じコード、同じ名前です"]),
    ];
    for (prefecture, expected) in said {
        let dir = folder();
        let extract = dir.path().join("extract.csv");
        std::fs::write(&extract, kyogi::commands::sample::extract(prefecture, YEAR, 1).unwrap_or_else(|e| panic!("{e}"))).expect("written");
        let page = kyogi::commands::run::systems_page(prefecture, YEAR, &extract, dir.path()).unwrap_or_else(|e| panic!("{e}"));
        for text in expected {
            assert!(page.contains(text), "{prefecture}: {text}");
        }
        // every figure of the file
        let official: BTreeMap<(String, String), f64> = table("home_care_demand")
            .into_iter()
            .filter(|r| r["area_339_code"].starts_with(prefecture))
            .map(|r| ((r["area_339_code"].clone(), r["year"].clone()), r["receipts_per_month"].parse().expect("number")))
            .collect();
        let mut sums: BTreeMap<(String, String), (f64, f64)> = BTreeMap::new();
        for row in rows(&dir.path().join("data/area_allocation.csv")) {
            let sum = sums.entry((row["area_339_code"].clone(), row["year"].clone())).or_default();
            sum.0 += row["patients"].parse::<f64>().expect("number");
            sum.1 += row["share_of_area"].parse::<f64>().expect("number");
        }
        assert_eq!(sums.keys().collect::<Vec<_>>(), official.keys().collect::<Vec<_>>(), "{prefecture}");
        for (key, (patients, share)) in &sums {
            assert!((patients - official[key]).abs() < 1e-6 && (share - 1.0).abs() < 1e-9, "{key:?}: {patients} {share}");
        }
        // the printed digits add up too
        let areas = page_table(&page, "構想区域の公式の見込みを割り当てた二次医療圏（2024年度）");
        let total = digits(&areas.last().expect("a sum")[5]);
        assert_eq!(areas[..areas.len() - 1].iter().map(|r| digits(&r[5])).sum::<i64>(), total, "{prefecture}");
        let hundredths = |v: f64| (v * 100.0).round() as i64;
        assert_eq!(official.iter().filter(|((_, year), _)| year == "2024").map(|(_, v)| hundredths(*v)).sum::<i64>(), total, "{prefecture}");
        let by_medical = page_table(&page, "二次医療圏ごとの合計（2024年度）");
        assert_eq!(by_medical[..by_medical.len() - 1].iter().map(|r| digits(&r[2])).sum::<i64>(), total, "{prefecture}");
        let mut open: BTreeMap<String, (i64, i64)> = BTreeMap::new();
        for row in page_table(&page, "市区町村・区への割り当て（2024年度）") {
            let sum = open.entry(row[0].clone()).or_default();
            if row[1] == "計" {
                assert_eq!((sum.0, sum.1), (10_000, digits(&row[4])), "{row:?}");
            } else {
                *sum = (sum.0 + digits(&row[3]), sum.1 + digits(&row[4]));
            }
        }
    }
}

/// The two tables of areas say the same of the 330, and every area has members.
#[test]
fn area_tables_agree() {
    let names = |rows: Vec<Row>, code: &str| rows.into_iter().map(|r| (r[code].clone(), r["name"].clone())).collect::<BTreeMap<_, _>>();
    let systems = table("area_systems");
    let of = |system: &str| names(systems.iter().filter(|r| r["system_code"] == system).cloned().collect(), "area_code");
    assert_eq!(of("330"), names(table("secondary_medical_areas"), "secondary_medical_area_code"));
    assert_eq!((of("330").len(), of("335").len(), of("339").len()), (330, 335, 339));
    let members: BTreeSet<(String, String)> =
        table("area_membership").into_iter().map(|r| (r["system_code"].clone(), r["area_code"].clone())).collect();
    assert_eq!(members.len(), 330 + 335 + 339);
}
