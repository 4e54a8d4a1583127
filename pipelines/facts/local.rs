//! What a prefecture sets itself for the figures: duty slots by area, and its own rates of home visits by age.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;

use crate::facts::council::Council;
use crate::facts::dictionary::{read_csv, word};
use crate::facts::reference::Reference;
use crate::facts::rules::Rules;
use crate::ground::artefact::Table;
use crate::ground::error::{Error, Result};
use crate::ground::own_text;

/// The table `ref_duty_slots`: slots needed on each holiday, for areas that the council setting names.
pub fn duty_slots(council: &Council) -> Result<Table> {
    let rows: String = council.duty_slots.iter().map(|(area, slots)| format!("{area},{slots}\n")).collect();
    Table::from_csv("ref_duty_slots", &format!("area_code,slots_per_day\n{rows}"))
}

/// Own rates, below the work folder.
pub const RATES: &str = "reference/home_visit_rates.csv";

#[derive(Deserialize)]
struct RateRow {
    age_band: String,
    patients_per_1000: f64,
    source: String,
}

#[derive(Deserialize)]
struct AgeBand {
    age_band: String,
}

/// The table `ref_home_visit_rates`: patients a month per 1,000 people of an age band, where the work folder says so; else national use counts.
pub fn home_visit_rates(work_folder: Option<&Path>) -> Result<Table> {
    let header = "age_band,patients_per_1000,source\n";
    let path = work_folder.map(|root| root.join(RATES)).filter(|p| p.exists());
    let Some(path) = path else { return Table::from_csv("ref_home_visit_rates", header) };
    let text = own_text::read(&path, "在宅医療の率の表")?;
    let rows = rates(&text).map_err(|e| e.file(&path))?;
    let mut writer = csv::Writer::from_writer(Vec::new());
    let failed = |e: csv::Error| Error::new(format!("在宅医療の率の表を写せません：{e}"));
    writer.write_record(header.trim().split(',')).map_err(failed)?;
    for row in &rows {
        writer.write_record([&row.age_band, &row.patients_per_1000.to_string(), &row.source]).map_err(failed)?;
    }
    let bytes = writer.into_inner().map_err(|e| Error::new(format!("在宅医療の率の表を写せません：{e}")))?;
    Table::from_csv("ref_home_visit_rates", &String::from_utf8_lossy(&bytes))
}

fn rates(text: &str) -> Result<Vec<RateRow>> {
    let known: Vec<AgeBand> = read_csv("sql/reference/home_visits_by_age.csv")?;
    let next = "1行目は age_band,patients_per_1000,source、2行目からは age_75_79,14.1,県の調査（2025年） のように書いてください";
    let mut rows: Vec<RateRow> = Vec::new();
    for (line, row) in own_text::csv(text)?.typed::<RateRow>().map_err(|e| e.next(next))? {
        let at = |e: Error| e.at(format!("{line} 行目")).next(next);
        if !known.iter().any(|k| k.age_band == row.age_band) {
            let codes: Vec<&str> = known.iter().map(|k| k.age_band.as_str()).collect();
            return Err(at(Error::new(format!("年齢階級「{}」が分かりません（{} のどれか）", row.age_band, codes.join("、")))));
        }
        if rows.iter().any(|r| r.age_band == row.age_band) {
            return Err(at(Error::new(format!("年齢階級「{}」が二度書かれています", row.age_band))));
        }
        if !(0.0..=1000.0).contains(&row.patients_per_1000) {
            return Err(at(Error::new(format!("率 {} は使えません（人口1,000人あたり、1か月の患者数）", row.patients_per_1000))));
        }
        if row.source.is_empty() {
            return Err(at(Error::new("率の出典（source）が空です")));
        }
        rows.push(row);
    }
    Ok(rows)
}

#[derive(Deserialize)]
struct DemandYear {
    year: i32,
}

/// What phrases say of it, the same wherever a figure rests on it.
#[derive(Clone, Debug)]
pub struct Terms {
    /// How often home care is taken to be used: 「全国と同じ割合」 or 「設定した割合」.
    pub rates: &'static str,
    /// First year of the official forecast of demand.
    pub demand_year: i32,
    /// Rule rows that are numbers.
    pub rule: BTreeMap<String, f64>,
}

impl Terms {
    pub fn of(rules: &Rules, reference: &Reference, work_folder: Option<&Path>) -> Result<Self> {
        let demand: Vec<DemandYear> = reference.tables.read("home_care_demand")?;
        let demand_year = demand.iter().map(|d| d.year).min().unwrap_or_default();
        Ok(Self {
            rates: rates_word(work_folder)?,
            demand_year,
            rule: rules.rows.iter().filter_map(|r| r.value.map(|v| (r.rule_code.clone(), v))).collect(),
        })
    }
}

/// 「全国と同じ割合」, or 「設定した割合」 where the work folder has rates of its own.
pub fn rates_word(work_folder: Option<&Path>) -> Result<&'static str> {
    named(if home_visit_rates(work_folder)?.is_empty() { "national" } else { "own" })
}

fn named(rates: &str) -> Result<&'static str> {
    word("home_visit_rates", rates).ok_or_else(|| Error::new(format!("率の名前 {rates} がありません")).at("sql/dictionary/words.csv"))
}

/// A label as it is with national rates: people's workbooks keep the label of the day that they were written.
pub fn with_national_rates(label: &str) -> String {
    match (named("own"), named("national")) {
        (Ok(own), Ok(national)) => label.replace(own, national),
        _ => label.to_owned(),
    }
}

/// What of it a prefecture has set, in words: it stands with the sources of every page.
pub fn in_words(council: &Council, work_folder: Option<&Path>) -> Result<Vec<String>> {
    let mut said = Vec::new();
    let rates = home_visit_rates(work_folder)?;
    if !rates.is_empty() {
        let sources: BTreeSet<&str> = (0..rates.len()).map(|i| rates.text(i, "source")).collect::<Result<_>>()?;
        let sources = sources.into_iter().collect::<Vec<_>>().join("、");
        said.push(format!("在宅医療の率：年齢階級 {} つは、全国の率ではなく、作業フォルダーの {RATES}（{sources}）", rates.len()));
    }
    if !council.duty_slots.is_empty() {
        let slots: Vec<String> = council.duty_slots.iter().map(|(area, slots)| format!("{area} {slots}枠")).collect();
        said.push(format!("1日に要る当番の枠：協議の設定 council.toml（{}。ほかの区域は要る枠を出しません）", slots.join("、")));
    }
    Ok(said)
}

/// The files behind it.
pub const FILES: [&str; 2] = [RATES, crate::facts::council::FILE];
