//! Every figure that rests on reports leads back to the rows of the extract, and the rows add up to it.

use std::collections::BTreeMap;
use std::path::Path;

use kyogi::commands::explain::rows::{RowList, lists};
use kyogi::draft::sentence::Measure;
use kyogi::ground::artefact::Table;

use crate::support::{YEAR, figures_in, folder, plain_facility, sample_rows, sample_workspace, write_extract};

/// The figures of a run, and their rows.
struct Run(Vec<Measure>, std::path::PathBuf);

impl Run {
    fn of(out: &Path) -> Self {
        let table = Table::read_parquet("figures", &out.join("data/figures.parquet")).unwrap_or_else(|e| panic!("{e}"));
        let measures = (0..table.len()).map(|i| Measure::read(&table, i).unwrap_or_else(|e| panic!("{e}")));
        Self(measures.collect(), out.join("stages"))
    }

    fn figure(&self, area: &str, indicator: &str, breakdown: &str) -> &Measure {
        let found = self.0.iter().find(|m| m.area_code == area && m.indicator_code == indicator && m.breakdown == breakdown);
        found.unwrap_or_else(|| panic!("{area} has no {indicator} {breakdown}"))
    }

    fn lists(&self, m: &Measure) -> Vec<RowList> {
        lists(&self.1, YEAR, m).unwrap_or_else(|e| panic!("{e}"))
    }
}

/// 医療機関ID → file, row, what it adds to both ends, and the cells.
type Rows = BTreeMap<String, (String, i64, (f64, f64), String)>;

fn rows(list: &RowList) -> Rows {
    let t = &list.table;
    let row = |i: usize| -> kyogi::ground::error::Result<_> {
        let text = |name: &str| t.text(i, name).map(str::to_owned);
        let number = |name: &str| t.number(i, name).map(Option::unwrap_or_default);
        Ok((text("facility_id")?, (text("source_file")?, number("source_row")? as i64, (number("low")?, number("high")?), text("said")?)))
    };
    (0..t.len()).map(|i| row(i).unwrap_or_else(|e| panic!("{e}"))).collect()
}

#[test]
fn the_rows_behind_a_figure_add_up_to_it() {
    let dir = folder();
    let workspace = sample_workspace(&dir.path().join("work"));
    std::fs::write(workspace.root.join("council.toml"), kyogi::ground::embedded::text("data-samples/demo/council.toml")).expect("writable");
    let out = dir.path().join("out");
    figures_in(&workspace, &workspace.root.join("input/extract.csv"), &out);
    let run = Run::of(&out);
    let sums = [
        ("home_care_managed_patients", ""),
        ("backup_unbacked_patients", ""),
        ("home_care_facilities", ""),
        ("home_care_24h_facilities", ""),
        ("end_of_life_facilities", ""),
        ("home_care_intention_patients", ""),
        ("home_care_expected_need", ""),
        ("function_positive", "function=g1"),
        ("function_positive", "function=g2a"),
        ("after_hours_facilities", ""),
        ("after_hours_facilities", "band=holiday;mode=own_visit"),
        ("after_hours_facilities", "band=weekday_night;mode=intention"),
        ("after_hours_band_facilities", "band=weekday_evening;answer=visit"),
        ("after_hours_duty_slots", ""),
        ("g1_domain_facilities", "domain=6"),
        ("backup_facilities", "way=linked"),
        ("item_positive_facilities", "item=g1_training_completed"),
        ("item_positive_facilities", "item=g2b_discharge_rule"),
    ];
    let (header, cells) = sample_rows();
    let id_column = header.iter().position(|h| h.contains("医療機関ID")).expect("an ID");
    for area in ["31201", "K01", "3101", "31"] {
        for (indicator, breakdown) in sums {
            let m = run.figure(area, indicator, breakdown);
            let found = run.lists(m);
            assert!(found.len() == 1 && found[0].is_whole(), "{indicator}");
            let total = found[0].total().unwrap_or_else(|e| panic!("{e}"));
            assert!(found[0].agrees(m).unwrap_or_else(|e| panic!("{e}")), "{area} {indicator} {breakdown}: {total:?}, not {m:?}");
            for (id, (_, row, (low, high), said)) in found.iter().filter(|l| l.of_reports()).flat_map(rows) {
                // the row is the one that people see in the file, and an answer stands there as it is told
                let record = &cells[row as usize - 2];
                assert_eq!(&record[id_column], id);
                assert!(low <= high && (low > 0.0 || high > 0.0) && !said.is_empty(), "{id} {indicator}");
                if indicator == "home_care_managed_patients" {
                    let answer = said.split(['＝', '（']).nth(1).expect("an answer");
                    assert!(record.iter().any(|cell| cell.ends_with(answer)), "{id}: {answer}");
                }
            }
        }
        // what is missing is what is needed without the rows
        let gap = run.figure(area, "home_care_gap", "");
        let found = run.lists(gap);
        let [supply, need] = &found[..] else { panic!("supply and need") };
        assert!(supply.of_reports() && !need.of_reports() && !supply.is_whole());
        let (supply, need) = (supply.total().unwrap_or_else(|e| panic!("{e}")), need.total().unwrap_or_else(|e| panic!("{e}")));
        assert!((need.low - supply.high - gap.value_low).abs() < 1e-6 && (need.low - supply.low - gap.value_high).abs() < 1e-6, "{area}");
        let patients = run.figure(area, "home_care_managed_patients", "");
        assert_eq!((supply.low, supply.high), (patients.value_low, patients.value_high));
    }
    // the unreported are in the upper end, by name
    let g2a = run.figure("31201", "function_positive", "function=g2a");
    let silent = rows(&run.lists(g2a)[0]).values().filter(|r| r.2 == (0.0, 1.0) && r.3.contains("報告がない")).count();
    assert_eq!(silent as i64, g2a.unreported());
}

/// A city's wards lie in it, a late report says its own file, and an answer that was not asked for does not hide a blank.
#[test]
fn rows_of_wards_and_of_late_reports() {
    let dir = folder();
    let workspace = kyogi::facts::workspace::init("33", YEAR, &dir.path().join("work")).unwrap_or_else(|e| panic!("{e}"));
    let facility = |id: &str, place: &str, cells: &[(&str, &str)]| {
        let mut f = plain_facility(id);
        f.extend([("prefecture_code", "33"), ("municipality_code", place)].iter().chain(cells).map(|(k, v)| ((*k).to_owned(), (*v).to_owned())));
        f
    };
    let (patients, visits) = (("g2c_managed_patients", "2:11～30人"), ("g2c_home_visit", "2:有り"));
    let [a, b, late] = ["3300000000001", "3300000000002", "3300000000003"];
    let extract = workspace.root.join("input/extract.csv");
    // the first says how many patients it has without home visits; the second leaves out how many
    write_extract(&extract, &[facility(a, "33101", &[patients]), facility(b, "33102", &[visits])]);
    std::fs::create_dir_all(workspace.root.join("input/追加")).expect("a folder");
    write_extract(&workspace.root.join("input/追加/late.csv"), &[facility(late, "33101", &[visits, patients])]);
    let out = dir.path().join("out");
    figures_in(&workspace, &extract, &out);
    let run = Run::of(&out);

    let m = run.figure("33100", "home_care_managed_patients", "");
    let found = rows(&run.lists(m)[0]);
    assert_eq!((m.value_low, m.value_high), (22.0, 60.0));
    let places: Vec<(&str, &str, i64)> = found.iter().map(|(id, r)| (id.as_str(), r.0.as_str(), r.1)).collect();
    assert_eq!(places, [(a, "extract.csv", 2), (late, "late.csv", 2)]);

    let m = run.figure("33100", "item_positive_facilities", "item=g2c_managed_patients");
    let list = &run.lists(m)[0];
    assert_eq!((m.value_low, m.value_high), (2.0, 3.0), "the blank of the second may be a yes");
    assert!(list.agrees(m).unwrap_or_else(|e| panic!("{e}")));
    assert!(rows(list)[b].3.ends_with("＝無回答"), "{:?}", rows(list)[b]);
}
