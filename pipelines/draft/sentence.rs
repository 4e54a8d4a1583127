//! One sentence to read aloud for any row of the table `figures` (`reports/phrases/figures.csv`), and what widened it.

use std::collections::BTreeMap;

use minijinja::value::{Serde, Value};
use serde::{Deserialize, Serialize};

use super::words::Phrases;
use crate::aggregate::figure::{FigureValue, covers};
use crate::facts::dictionary::{Dictionary, read_csv};
use crate::facts::local::Terms;
use crate::ground::artefact::Table;
use crate::ground::embedded;
use crate::ground::error::{Error, Result};

/// One row of the table `figures`: a value with both ends, in its unit, and what made it wide.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Measure {
    pub level: String,
    pub area_code: String,
    pub indicator_code: String,
    /// `key=value` pairs joined by `;`; empty: the whole of today.
    pub breakdown: String,
    pub value_low: f64,
    pub value_high: f64,
    pub unit: String,
    /// Facilities; `None` where the figure rests on public statistics alone.
    pub reported: Option<i64>,
    pub expected: Option<i64>,
    pub n_banded: i64,
    pub n_open_top: i64,
    pub n_masked: i64,
    pub source: String,
}

impl Measure {
    /// A row of the table `figures`.
    pub fn read(figures: &Table, row: usize) -> Result<Self> {
        let text = |name: &str| figures.text(row, name).map(str::to_owned);
        let int = |name: &str| figures.int(row, name).map(Option::unwrap_or_default);
        let FigureValue { low, high } = FigureValue::read(figures, row)?;
        Ok(Self {
            level: text("level")?,
            area_code: text("area_code")?,
            indicator_code: text("indicator_code")?,
            breakdown: text("breakdown")?,
            value_low: low,
            value_high: high,
            unit: text("unit")?,
            reported: figures.int(row, "reported")?,
            expected: figures.int(row, "expected")?,
            n_banded: int("n_banded")?,
            n_open_top: int("n_open_top")?,
            n_masked: int("n_masked")?,
            source: text("source")?,
        })
    }

    /// Facilities that have not reported; none where no report is used.
    pub fn unreported(&self) -> i64 {
        self.expected.zip(self.reported).map_or(0, |(expected, reported)| expected - reported)
    }
}

/// What the parts of a breakdown are called.
pub struct Labels {
    /// (key, value) → place in the order of the lists, and label.
    known: BTreeMap<(String, String), (usize, String)>,
}

#[derive(Deserialize)]
struct LabelRow {
    key: String,
    value: String,
    label: String,
}

#[derive(Deserialize)]
struct ModeRow {
    mode: String,
    label: String,
}

impl Labels {
    pub fn load(dictionary: &Dictionary) -> Result<Self> {
        let mut known = BTreeMap::new();
        let mut add = |key: &str, value: &str, label: &str| {
            let place = known.len();
            known.insert((key.to_owned(), value.to_owned()), (place, label.to_owned()))
        };
        for row in read_csv::<LabelRow>("sql/dictionary/breakdowns.csv")? {
            add(&row.key, &row.value, &row.label);
        }
        for row in read_csv::<ModeRow>("sql/dictionary/modes.csv")? {
            add("mode", &row.mode, &row.label);
        }
        for f in &dictionary.functions {
            add("function", &f.function_code, &format!("{}（{}）", f.label, f.theme));
        }
        for i in &dictionary.items {
            add("item", &i.item_code, &i.short_label);
        }
        for c in dictionary.choices_of("domains") {
            add("domain", &c.choice_code, &c.label);
        }
        Ok(Self { known })
    }

    /// The label of one part, for example (`band`, `holiday`) → 休日; a year says itself.
    pub fn part(&self, key: &str, value: &str) -> Result<String> {
        if key == "year" {
            return Ok(format!("{value}年"));
        }
        self.known
            .get(&(key.to_owned(), value.to_owned()))
            .map(|(_, label)| label.clone())
            .ok_or_else(|| Error::new(format!("内訳 {key}={value} の名前がありません")).at("sql/dictionary/breakdowns.csv"))
    }

    /// What breakdowns are sorted by: their parts as the lists have them, years by themselves.
    pub fn order(&self, breakdown: &str) -> Vec<usize> {
        let place = |(key, value): (&str, &str)| match self.known.get(&(key.to_owned(), value.to_owned())) {
            Some((place, _)) => *place,
            None => value.parse().unwrap_or_default(),
        };
        parts(breakdown).map(place).collect()
    }

    /// A whole breakdown: 「平日の深夜（22〜翌6時）・自院で診療」; empty for the whole.
    pub fn breakdown(&self, breakdown: &str) -> Result<String> {
        let parts = parts(breakdown).map(|(k, v)| self.part(k, v)).collect::<Result<Vec<_>>>()?;
        Ok(parts.join("・"))
    }
}

fn parts(breakdown: &str) -> impl Iterator<Item = (&str, &str)> {
    breakdown.split(';').filter_map(|p| p.split_once('='))
}

/// One row of `reports/phrases/figures.csv`.
#[derive(Clone, Debug, Deserialize)]
struct SentenceRow {
    indicator_code: String,
    breakdown: String,
    /// `in`: the upper end takes who is silent as having it; `out`: the silent are missing from both ends; empty: no report is used.
    silent: String,
    sentence: String,
}

/// Tells by indicator code and breakdown whether the unreported are missing from both ends of a figure.
pub fn leaving_out() -> Result<impl Fn(&str, &str) -> bool> {
    let rows: Vec<SentenceRow> = read_csv(LIST)?;
    Ok(move |code: &str, breakdown: &str| rows.iter().any(|r| r.silent == "out" && r.indicator_code == code && covers(&r.breakdown, breakdown)))
}

/// Sentences for figures, with the words of the work folder where it has its own.
pub struct Sentences {
    phrases: Phrases,
    rows: Vec<SentenceRow>,
    pub labels: Labels,
}

const LIST: &str = "reports/phrases/figures.csv";

impl Sentences {
    /// `overrides` gives the text of a file that the work folder replaces.
    pub fn new(dictionary: &Dictionary, overrides: &dyn Fn(&str) -> Option<String>, terms: &Terms) -> Result<Self> {
        let mut phrases = Phrases::new(overrides, terms)?;
        let text = overrides(LIST).unwrap_or_else(|| embedded::text(LIST).to_owned());
        let broken = |e: csv::Error| Error::new(format!("文の一覧を読めません：{e}")).at(LIST);
        let mut reader = csv::Reader::from_reader(text.trim_start_matches('\u{FEFF}').as_bytes());
        let rows = reader.deserialize().collect::<std::result::Result<Vec<SentenceRow>, _>>().map_err(broken)?;
        for (i, row) in rows.iter().enumerate() {
            phrases.add(
                &name(i),
                &format!("{{%- from \"range\" import counted, said, short -%}}{{%- from \"slots\" import against_need -%}}{}", row.sentence),
            )?;
        }
        Ok(Self { phrases, rows, labels: Labels::load(dictionary)? })
    }

    /// The place of a figure's sentence in the list.
    pub fn row(&self, m: &Measure) -> Result<usize> {
        self.rows
            .iter()
            .position(|r| r.indicator_code == m.indicator_code && covers(&r.breakdown, &m.breakdown))
            .ok_or_else(|| Error::new(format!("指標 {} {} の文がありません", m.indicator_code, m.breakdown)).at(LIST))
    }

    fn values(&self, area_name: &str, m: &Measure, silent: &str) -> Result<Value> {
        let mut labels = serde_json::Map::new();
        for (key, value) in parts(&m.breakdown) {
            labels.insert(key.to_owned(), self.labels.part(key, value)?.into());
        }
        Ok(Value::from(Serde(serde_json::json!({
            "area": area_name, "low": m.value_low, "high": m.value_high, "unit": m.unit, "p": labels, "m": m, "silent": silent,
            "unreported": m.unreported(),
        }))))
    }

    /// Where those stand who did not report: `in` the upper bound, `out` of both bounds, or empty where no report is used.
    pub fn silent(&self, row: usize) -> &str {
        &self.rows[row].silent
    }

    /// 「鳥取市で…は、少なくとも12施設、多くとも15施設です。」 Read aloud alone, it says of whom it does not speak.
    ///
    /// `row` is the place of its sentence, from [`Sentences::row`].
    pub fn figure(&self, row: usize, area_name: &str, m: &Measure) -> Result<String> {
        let said = self.said(row, area_name, m)?;
        if self.silent(row) != "out" || m.unreported() <= 0 || said.contains("未報告") {
            return Ok(said);
        }
        let left_out = format!("（未報告の{}施設の分は入っていません）。", crate::ground::numbers::thousands(m.unreported()));
        Ok(said.strip_suffix('。').unwrap_or(&said).to_owned() + &left_out)
    }

    fn said(&self, row: usize, area_name: &str, m: &Measure) -> Result<String> {
        Ok(self.phrases.lines(&name(row), &self.values(area_name, m, self.silent(row))?)?.join(""))
    }

    /// Sentence, what made the interval wide, and what is missing from it: 「…（未報告の3施設は上限にだけ入れています）」.
    pub fn whole(&self, area_name: &str, m: &Measure) -> Result<String> {
        let row = self.row(m)?;
        let why = self.phrases.lines("widened", &self.values(area_name, m, self.silent(row))?)?;
        let sentence = self.said(row, area_name, m)?;
        Ok(if why.is_empty() { sentence } else { format!("{sentence}（{}）", why.join("。")) })
    }
}

fn name(row: usize) -> String {
    format!("figure {row}")
}
