//! Figures once more by another road: polars columns of the artefacts, no SQL; every level, every area.

use std::collections::{BTreeMap, BTreeSet};

use kyogi::areas::Area;
use kyogi::artefact::Table;
use kyogi::council::Council;
use kyogi::dictionary::{Choice, Dictionary};
use kyogi::reference::Reference;
use kyogi::rules::Rules;
use polars::prelude::{self as pl, ChunkAgg, NamedFrom};

use crate::support::{YEAR, folder, sample};

type Figures = BTreeMap<(String, String, String, String), (f64, f64)>;

/// A run with the council setting of the sample, and everything that a second count needs.
struct Run {
    functions: pl::DataFrame,
    answers: pl::DataFrame,
    figures: Figures,
    areas: Vec<Area>,
    dictionary: Dictionary,
    cap: i64,
}

fn frame(table: &Table, texts: &[&str], ints: &[&str]) -> pl::DataFrame {
    let mut columns: Vec<pl::Column> = Vec::new();
    for name in texts {
        let values: Vec<String> = (0..table.len()).map(|i| table.text(i, name).expect("text").to_owned()).collect();
        columns.push(pl::Series::new((*name).into(), values).into());
    }
    for name in ints {
        let values: Vec<Option<i64>> = (0..table.len()).map(|i| table.number(i, name).expect("a number").map(|n| n as i64)).collect();
        columns.push(pl::Series::new((*name).into(), values).into());
    }
    pl::DataFrame::new(table.len(), columns).expect("a frame")
}

fn run() -> Run {
    let dir = folder();
    let root = dir.path();
    std::fs::write(root.join("council.toml"), kyogi::embedded::text("data-samples/demo/council.toml")).expect("writable");
    let extract = root.join("extract.csv");
    std::fs::write(&extract, sample()).expect("writable");
    let out = root.join("out");
    kyogi::run::figures_in("31", YEAR, Some(root), &extract, &out, 2).unwrap_or_else(|e| panic!("{e}"));
    let read =
        |stage: &str, name: &str| Table::read_parquet(name, &out.join(format!("stages/{stage}/{name}.parquet"))).unwrap_or_else(|e| panic!("{e}"));
    let functions = read("determine", "det_functions");
    let table = read("aggregate", "figures");
    let mut figures = Figures::new();
    for i in 0..table.len() {
        let text = |name: &str| table.text(i, name).expect("text").to_owned();
        let ends = (table.number(i, "value_low").expect("number").expect("filled"), table.number(i, "value_high").expect("number").expect("filled"));
        figures.insert((text("level"), text("area_code"), text("indicator_code"), text("breakdown")), ends);
    }
    let (reference, dictionary) = (Reference::load("31").expect("reference"), Dictionary::load(YEAR).expect("dictionary"));
    let council = Council::load(root, &reference, &dictionary).unwrap_or_else(|e| panic!("{e}"));
    Run {
        functions: frame(
            &functions,
            &["facility_id", "function_code", "status_literal", "municipality_code", "medical_area_code", "unit_code"],
            &["row_no"],
        ),
        answers: frame(&read("ingest", "ing_answers"), &["item_code", "choice_code", "state"], &["row_no", "value_low", "value_high"]),
        figures,
        areas: kyogi::areas::all(&reference, &council),
        dictionary,
        cap: Rules::load(YEAR).and_then(|r| r.value("managed_patients_open_top_cap")).expect("rule") as i64,
    }
}

fn texts<'a>(frame: &'a pl::DataFrame, name: &str) -> Vec<&'a str> {
    frame.column(name).expect("a column").str().expect("text").iter().map(|t| t.unwrap_or("")).collect()
}

fn keep(frame: &pl::DataFrame, mask: Vec<bool>) -> pl::DataFrame {
    frame.filter(&pl::BooleanChunked::from_iter(mask.into_iter().map(Some))).expect("a mask of the same length")
}

fn rows_of(frame: &pl::DataFrame) -> Vec<i64> {
    frame.column("row_no").expect("row_no").i64().expect("integer").iter().flatten().collect()
}

fn sum(values: impl Iterator<Item = i64>) -> f64 {
    let series = pl::Series::new("n".into(), values.collect::<Vec<i64>>());
    series.i64().expect("integer").sum().unwrap_or(0) as f64
}

impl Run {
    /// The latest rows of one function in one area.
    fn here(&self, area: &Area, function: &str) -> pl::DataFrame {
        let of = |name: &str| texts(&self.functions, name);
        let (functions, towns, medical, units) = (of("function_code"), of("municipality_code"), of("medical_area_code"), of("unit_code"));
        let mask = (0..functions.len())
            .map(|i| {
                functions[i] == function
                    && match area.level.as_str() {
                        "municipality" => towns[i] == area.area_code,
                        "medical_area" => medical[i] == area.area_code,
                        "council_area" => area.units.iter().any(|u| u == units[i] || u == towns[i]),
                        _ => true,
                    }
            })
            .collect();
        keep(&self.functions, mask)
    }

    fn with_status(frame: &pl::DataFrame, wanted: &[&str]) -> pl::DataFrame {
        keep(frame, texts(frame, "status_literal").into_iter().map(|s| wanted.contains(&s)).collect())
    }

    /// Row number → choices of one item, for rows that gave a choice of the dictionary.
    fn choices(&self, item: &str, rows: &[i64]) -> BTreeMap<i64, Vec<&Choice>> {
        let set = &self.dictionary.item(item).expect("an item").choice_set;
        let mut found: BTreeMap<i64, Vec<&Choice>> = BTreeMap::new();
        let answers = keep(&self.answers, texts(&self.answers, "item_code").into_iter().map(|i| i == item).collect());
        for (row, code) in rows_of(&answers).into_iter().zip(texts(&answers, "choice_code")) {
            if let Some(choice) = self.dictionary.choices_of(set).find(|c| c.choice_code == code).filter(|_| rows.contains(&row)) {
                found.entry(row).or_default().push(choice);
            }
        }
        found
    }

    /// Row number → both ends of a count.
    fn counts(&self, item: &str, rows: &[i64]) -> BTreeMap<i64, (i64, i64)> {
        let answers = keep(&self.answers, texts(&self.answers, "item_code").into_iter().map(|i| i == item).collect());
        let ends = |name: &str| -> Vec<Option<i64>> { answers.column(name).expect("a column").i64().expect("integer").iter().collect() };
        let (lows, highs) = (ends("value_low"), ends("value_high"));
        let rows_here = rows_of(&answers);
        (0..rows_here.len()).filter(|&i| rows.contains(&rows_here[i])).filter_map(|i| Some((rows_here[i], (lows[i]?, highs[i]?)))).collect()
    }

    fn figure(&self, area: &Area, indicator: &str, breakdown: &str) -> Option<(f64, f64)> {
        self.figures.get(&(area.level.clone(), area.area_code.clone(), indicator.into(), breakdown.into())).copied()
    }
}

fn positive(choices: &[&Choice]) -> bool {
    choices.iter().any(|c| c.polarity == "positive")
}

fn close(found: Option<(f64, f64)>, expected: (f64, f64), what: &str) {
    let found = found.unwrap_or_else(|| panic!("{what} is missing"));
    let near = |a: f64, b: f64| (a - b).abs() < 1e-9 * b.abs().max(1.0);
    assert!(near(found.0, expected.0) && near(found.1, expected.1), "{what}: {found:?}, counted again {expected:?}");
}

#[test]
fn figures_counted_again_with_polars() {
    let run = run();
    let mut checked = BTreeSet::new();
    for area in &run.areas {
        let g1 = run.here(area, "g1");
        let rows = |frame: &pl::DataFrame| rows_of(frame);
        let has_g1 = rows(&Run::with_status(&g1, &["yes"]));
        let reported = rows(&Run::with_status(&g1, &["yes", "no", "undetermined"]));
        let silent = Run::with_status(&g1, &["undetermined", "not_reported"]).height() as f64;
        let expected = g1.height() as f64;
        checked.insert(area.level.as_str());

        for f in ["g1", "g2a", "g2b", "g2c", "g2d"] {
            let here = run.here(area, f);
            let low = Run::with_status(&here, &["yes"]).height() as f64;
            let high = low + Run::with_status(&here, &["undetermined", "not_reported"]).height() as f64;
            close(run.figure(area, "function_positive", &format!("function={f}")), (low, high), f);
            if expected > 0.0 {
                let share = (low / expected * 100.0, high / expected * 100.0);
                close(run.figure(area, "function_share", &format!("function={f}")), share, f);
            }
        }

        let bands = run.choices("g2c_managed_patients", &has_g1);
        let ends = |c: &Choice| (c.value_low.unwrap_or(0.0) as i64, c.value_high.map_or(run.cap, |v| v as i64));
        let low = sum(bands.values().map(|c| ends(c[0]).0));
        close(run.figure(area, "home_care_managed_patients", ""), (low, sum(bands.values().map(|c| ends(c[0]).1))), "managed patients");

        let beds = run.choices("g2b_backup_bed", &has_g1);
        let unbacked = (
            sum(bands.iter().filter(|(row, _)| beds.get(row).is_some_and(|b| !positive(b))).map(|(_, c)| ends(c[0]).0)),
            sum(bands.iter().filter(|(row, _)| !beds.get(row).is_some_and(|b| positive(b))).map(|(_, c)| ends(c[0]).1)),
        );
        close(run.figure(area, "backup_unbacked_patients", ""), unbacked, "unbacked patients");

        let mut hours = (0.0, 0.0);
        for (band, length) in [("weekday_evening", 20.0), ("weekday_night", 40.0), ("holiday", 24.0)] {
            let answers = run.choices(&format!("g2a_{band}"), &has_g1);
            let visits = answers.values().filter(|c| c.iter().any(|c| c.mode == "own_visit" || c.mode == "linked_visit")).count() as f64;
            let unclear = answers.values().filter(|c| !c.iter().any(|c| c.mode.ends_with("visit")) && c.iter().any(|c| c.choice_code == "+")).count();
            let high = visits + silent + (has_g1.len() - answers.len() + unclear) as f64;
            close(run.figure(area, "after_hours_band_facilities", &format!("band={band};answer=visit")), (visits, high), band);
            hours.0 += if visits > 0.0 { length } else { 0.0 };
            hours.1 += if high > 0.0 { length } else { 0.0 };
        }
        close(run.figure(area, "after_hours_hours_share", "answer=visit"), (hours.0 / 84.0 * 100.0, hours.1 / 84.0 * 100.0), "hours");

        // asked of all: training; asked where there is 1号: the discharge rule
        let training = run.choices("g1_training_completed", &reported);
        let yes = training.values().filter(|c| positive(c)).count() as f64;
        if expected > 0.0 {
            let high = yes + expected - training.len() as f64;
            close(
                run.figure(area, "item_positive_share", "item=g1_training_completed"),
                (yes / expected * 100.0, high / expected * 100.0),
                "training",
            );
        }
        let discharge = run.choices("g2b_discharge_rule", &has_g1);
        let yes = discharge.values().filter(|c| positive(c)).count() as f64;
        let blank = (has_g1.len() - discharge.len()) as f64;
        close(run.figure(area, "item_positive_facilities", "item=g2b_discharge_rule"), (yes, yes + blank + silent), "discharge rule");

        let visits = run.choices("g2c_home_visit", &has_g1);
        let cover = run.choices("g2c_coverage_system", &has_g1);
        let calls: Vec<i64> = visits.iter().filter(|(_, c)| positive(c)).map(|(row, _)| *row).collect();
        let round = |row: &i64| cover.get(row).is_some_and(|c| c.iter().any(|c| c.mode.ends_with("24h")));
        let day_and_night = calls.iter().filter(|r| round(r)).count() as f64;
        let open = calls.iter().filter(|r| !cover.contains_key(r)).count() as f64;
        let unknown = (has_g1.len() - visits.len()) as f64 + silent;
        let whole = calls.len() as f64 + unknown;
        if whole > 0.0 {
            let share = (day_and_night / whole * 100.0, (day_and_night + open + unknown) / whole * 100.0);
            close(run.figure(area, "home_care_24h_share", ""), share, "24 hours");
        }

        let deaths = run.counts("g2c_fee_end_of_life", &has_g1);
        let attended = deaths.values().filter(|(low, _)| *low >= 1).count();
        let count = (sum(deaths.values().map(|d| d.0)), sum(deaths.values().map(|d| d.1)));
        match attended {
            1 | 2 => assert_eq!(run.figure(area, "end_of_life_count", ""), None, "one or two facilities show no figure of their own"),
            _ => close(run.figure(area, "end_of_life_count", ""), count, "end of life"),
        }
        let high = attended as f64 + (has_g1.len() - deaths.len()) as f64 + silent;
        close(run.figure(area, "end_of_life_facilities", ""), (attended as f64, high), "end of life");
    }
    assert_eq!(checked.into_iter().collect::<Vec<_>>(), ["council_area", "medical_area", "municipality", "prefecture"]);
}
