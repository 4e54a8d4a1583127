//! Figures once more by another road: polars columns of the artefacts, no SQL; every level, every area.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use kyogi::facts::areas::Area;
use kyogi::facts::council::Council;
use kyogi::facts::dictionary::{Choice, Dictionary};
use kyogi::facts::reference::Reference;
use kyogi::facts::rules::Rules;
use kyogi::ground::artefact::Table;
use polars::prelude::{self as pl, ChunkAgg, NamedFrom};

use crate::recount_rest::{after_hours, care_links, domains, every_formula_is_counted_again, gaps, homes, outpatients, slots, towns_without_answers};
use crate::support::{YEAR, folder, sample};

type Figures = BTreeMap<(String, String, String, String), (f64, f64)>;

/// A run with the council setting of the sample, and everything that a second count needs.
pub struct Run {
    pub functions: pl::DataFrame,
    pub answers: pl::DataFrame,
    figures: Figures,
    pub areas: Vec<Area>,
    pub dictionary: Dictionary,
    cap: i64,
    visits_per_month: f64,
    /// Figures that were counted again: indicator and breakdown.
    pub counted: RefCell<BTreeSet<(String, String)>>,
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
    let setting = kyogi::ground::embedded::text("data-samples/demo/council.toml");
    std::fs::write(root.join("council.toml"), format!("{setting}\n[duty_slots]\n31201 = 2\n3101 = 0.5\n")).expect("writable");
    let extract = root.join("extract.csv");
    std::fs::write(&extract, sample()).expect("writable");
    let out = root.join("out");
    kyogi::commands::run::figures_in("31", YEAR, Some(root), &extract, &out, 2).unwrap_or_else(|e| panic!("{e}"));
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
    let rule = |code: &str| Rules::load(YEAR).and_then(|r| r.value(code)).expect("rule");
    Run {
        functions: frame(
            &functions,
            &["facility_id", "function_code", "status_literal", "municipality_code", "medical_area_code", "unit_code"],
            &["row_no"],
        ),
        answers: frame(&read("ingest", "ing_answers"), &["item_code", "choice_code", "state", "raw"], &["row_no", "value_low", "value_high"]),
        figures,
        areas: kyogi::facts::areas::all(&reference, &council),
        dictionary,
        cap: rule("managed_patients_open_top_cap") as i64,
        visits_per_month: rule("visits_per_patient_month"),
        counted: RefCell::default(),
    }
}

pub fn texts<'a>(frame: &'a pl::DataFrame, name: &str) -> Vec<&'a str> {
    frame.column(name).expect("a column").str().expect("text").iter().map(|t| t.unwrap_or("")).collect()
}

fn keep(frame: &pl::DataFrame, mask: Vec<bool>) -> pl::DataFrame {
    frame.filter(&pl::BooleanChunked::from_iter(mask.into_iter().map(Some))).expect("a mask of the same length")
}

pub fn rows_of(frame: &pl::DataFrame) -> Vec<i64> {
    frame.column("row_no").expect("row_no").i64().expect("integer").iter().flatten().collect()
}

fn sum(values: impl Iterator<Item = i64>) -> f64 {
    let series = pl::Series::new("n".into(), values.collect::<Vec<i64>>());
    series.i64().expect("integer").sum().unwrap_or(0) as f64
}

impl Run {
    /// The latest rows of one function in one area.
    pub fn here(&self, area: &Area, function: &str) -> pl::DataFrame {
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

    pub fn with_status(frame: &pl::DataFrame, wanted: &[&str]) -> pl::DataFrame {
        keep(frame, texts(frame, "status_literal").into_iter().map(|s| wanted.contains(&s)).collect())
    }

    /// Row number → choices of one item, for rows that gave a choice of the dictionary.
    pub fn choices(&self, item: &str, rows: &[i64]) -> BTreeMap<i64, Vec<&Choice>> {
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
    pub fn counts(&self, item: &str, rows: &[i64]) -> BTreeMap<i64, (i64, i64)> {
        let answers = keep(&self.answers, texts(&self.answers, "item_code").into_iter().map(|i| i == item).collect());
        let ends = |name: &str| -> Vec<Option<i64>> { answers.column(name).expect("a column").i64().expect("integer").iter().collect() };
        let (lows, highs) = (ends("value_low"), ends("value_high"));
        let rows_here = rows_of(&answers);
        (0..rows_here.len()).filter(|&i| rows.contains(&rows_here[i])).filter_map(|i| Some((rows_here[i], (lows[i]?, highs[i]?)))).collect()
    }

    pub fn figure(&self, area: &Area, indicator: &str, breakdown: &str) -> Option<(f64, f64)> {
        self.counted.borrow_mut().insert((indicator.to_owned(), breakdown.to_owned()));
        self.figures.get(&(area.level.clone(), area.area_code.clone(), indicator.into(), breakdown.into())).copied()
    }
}

pub fn positive(choices: &[&Choice]) -> bool {
    choices.iter().any(|c| c.polarity == "positive")
}

pub fn close(found: Option<(f64, f64)>, expected: (f64, f64), what: &str) {
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
            let share = |part: f64, whole: f64| part / whole * 100.0;
            let key = format!("function={f}");
            // few facilities have a count and no share
            let found = run.figure(area, "function_share", &key);
            if expected < 5.0 {
                assert_eq!(found, None)
            } else {
                close(found, (share(low, expected), share(high, expected)), f)
            }
            let answered = Run::with_status(&here, &["yes", "no", "not_applicable", "undetermined"]).height() as f64;
            let with_doubt = low + Run::with_status(&here, &["undetermined"]).height() as f64;
            let found = run.figure(area, "function_share_reported", &key);
            if answered < 5.0 { assert_eq!(found, None) } else { close(found, (share(low, answered), share(with_doubt, answered)), f) }
        }

        let bands = run.choices("g2c_managed_patients", &has_g1);
        let ends = |c: &Choice| (c.value_low.unwrap_or(0.0) as i64, c.value_high.map_or(run.cap, |v| v as i64));
        let low = sum(bands.values().map(|c| ends(c[0]).0));
        let supply = (low, sum(bands.values().map(|c| ends(c[0]).1)));
        // where nobody reported, nothing is known of the patients
        let is_known = expected == 0.0 || !reported.is_empty();
        let patients = |indicator: &str, breakdown: &str, ends: (f64, f64)| {
            let found = run.figure(area, indicator, breakdown);
            if is_known { close(found, ends, indicator) } else { assert_eq!(found, None, "{indicator} of {}", area.name) }
        };
        patients("home_care_managed_patients", "", supply);

        let beds = run.choices("g2b_backup_bed", &has_g1);
        let unbacked = (
            sum(bands.iter().filter(|(row, _)| beds.get(row).is_some_and(|b| !positive(b))).map(|(_, c)| ends(c[0]).0)),
            sum(bands.iter().filter(|(row, _)| !beds.get(row).is_some_and(|b| positive(b))).map(|(_, c)| ends(c[0]).1)),
        );
        patients("backup_unbacked_patients", "", unbacked);
        for (way, mode) in [("own", "own"), ("linked", "linked"), ("both", "both")] {
            let low = beds.values().filter(|c| c.iter().any(|c| c.polarity == "positive" && c.mode == mode)).count() as f64;
            let high = low + (has_g1.len() - beds.len()) as f64 + silent;
            close(run.figure(area, "backup_facilities", &format!("way={way}")), (low, high), way);
        }
        after_hours(&run, area, &has_g1, silent);
        slots(&run, area, &has_g1);
        outpatients(&run, area, &has_g1, (&reported, expected));
        care_links(&run, area, &has_g1);
        domains(&run, area, &reported, expected);
        homes(&run, area, &has_g1);
        gaps(&run, area, supply, &patients);

        let (mut hours, mut blank) = ((0.0, 0.0), (0.0, 0.0));
        for (band, length) in [("weekday_evening", 20.0), ("weekday_night", 40.0), ("holiday", 24.0)] {
            let answers = run.choices(&format!("g2a_{band}"), &has_g1);
            let visits = answers.values().filter(|c| c.iter().any(|c| c.mode == "own_visit" || c.mode == "linked_visit")).count() as f64;
            let unclear = answers.values().filter(|c| !c.iter().any(|c| c.mode.ends_with("visit")) && c.iter().any(|c| c.choice_code == "+")).count();
            let high = visits + silent + (has_g1.len() - answers.len() + unclear) as f64;
            close(run.figure(area, "after_hours_band_facilities", &format!("band={band};answer=visit")), (visits, high), band);
            blank.0 += f64::from(u8::from(high == 0.0));
            blank.1 += f64::from(u8::from(visits == 0.0));
            hours.0 += if visits > 0.0 { length } else { 0.0 };
            hours.1 += if high > 0.0 { length } else { 0.0 };
        }
        // above a municipality a union over towns would mean nothing
        let of_town = |found: Option<(f64, f64)>, ends: (f64, f64)| {
            if area.level == "municipality" { close(found, ends, "hours") } else { assert_eq!(found, None) }
        };
        of_town(run.figure(area, "after_hours_hours_share", "answer=visit"), (hours.0 / 84.0 * 100.0, hours.1 / 84.0 * 100.0));
        of_town(run.figure(area, "after_hours_blank_bands", "answer=visit"), blank);

        // asked of all: training; asked where there is 1号: the discharge rule
        let training = run.choices("g1_training_completed", &reported);
        let yes = training.values().filter(|c| positive(c)).count() as f64;
        if expected >= 5.0 {
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
        close(run.figure(area, "home_care_facilities", ""), (calls.len() as f64, whole), "home visits");
        let covering = cover.keys().filter(|r| round(r)).count() as f64;
        let maybe = has_g1.iter().filter(|r| !cover.contains_key(r) && visits.get(r).is_none_or(|c| positive(c))).count() as f64;
        close(run.figure(area, "home_care_24h_facilities", ""), (covering, covering + maybe + silent), "24 hours");
        if whole >= 5.0 {
            let share = (day_and_night / whole * 100.0, (day_and_night + open + unknown) / whole * 100.0);
            close(run.figure(area, "home_care_24h_share", ""), share, "24 hours");
        }

        let deaths = run.counts("g2c_fee_end_of_life", &has_g1);
        let attended = deaths.values().filter(|(low, _)| *low >= 1).count();
        let count = (sum(deaths.values().map(|d| d.0)), sum(deaths.values().map(|d| d.1)));
        match attended {
            1 | 2 => assert_eq!(run.figure(area, "end_of_life_count", ""), None, "one or two facilities show no figure of their own"),
            _ => patients("end_of_life_count", "", count),
        }
        let high = attended as f64 + (has_g1.len() - deaths.len()) as f64 + silent;
        close(run.figure(area, "end_of_life_facilities", ""), (attended as f64, high), "end of life");
        let claims = run.counts("g2c_fee_home_visit", &has_g1);
        if !matches!(claims.values().filter(|(low, _)| *low >= 1).count(), 1 | 2) {
            let month = |n: f64| n / 12.0 / run.visits_per_month;
            let ends = (month(sum(claims.values().map(|c| c.0))), month(sum(claims.values().map(|c| c.1))));
            patients("home_care_claims_patients", "", ends);
            if supply.0 > 0.0 {
                close(run.figure(area, "home_care_claims_ratio", ""), (ends.0 / supply.1, ends.1 / supply.0), "claims");
            }
        }
    }
    towns_without_answers(&run);
    every_formula_is_counted_again(&run);
    assert_eq!(checked.into_iter().collect::<Vec<_>>(), ["council_area", "medical_area", "municipality", "prefecture"]);
}
