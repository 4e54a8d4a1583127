//! A figure: both ends of one indicator in one area, and what the indicator is called and how it is made.

use serde::{Deserialize, Serialize};

use crate::facts::dictionary::read_csv;
use crate::ground::artefact::Table;
use crate::ground::error::{Error, Result};
use crate::ground::numbers::ends_in;

/// Both ends of a figure, in its unit.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct FigureValue {
    pub low: f64,
    pub high: f64,
}

impl FigureValue {
    /// Both ends in a row of the table `figures`.
    pub fn read(figures: &Table, row: usize) -> Result<Self> {
        let number = |name: &str| figures.number(row, name).map(Option::unwrap_or_default);
        Ok(Self { low: number("value_low")?, high: number("value_high")? })
    }

    /// 「766〜1,370」, 「6.1」: as the unit is printed.
    pub fn text(&self, unit: &str) -> String {
        let (low, high) = ends_in(unit, self.low, self.high);
        if low == high { low } else { format!("{low}〜{high}") }
    }
}

/// What an indicator is called and how it is made (`sql/dictionary/indicators.csv`).
#[derive(Clone, Debug, Deserialize)]
pub struct Indicator {
    pub indicator_code: String,
    pub breakdown: String,
    pub label: String,
    pub unit: String,
    pub formula: String,
    pub source: String,
    /// Models of `sql/aggregate` that make it, separated by `;`.
    pub model: String,
    /// Function code or `future`; empty where the breakdown names the function or the report item.
    pub theme: String,
    /// What is taken to be so without being known.
    pub assumption: String,
    /// What would make it another figure.
    pub what_changes: String,
}

impl Indicator {
    /// What a figure is found by within its area.
    pub fn key(indicator_code: &str, breakdown: &str) -> String {
        if breakdown.is_empty() { indicator_code.to_owned() } else { format!("{indicator_code}|{breakdown}") }
    }

    /// `rates` is what [`crate::facts::local::rates_word`] says; the list has a place for it.
    pub fn all(rates: &str) -> Result<Vec<Self>> {
        let mut all: Vec<Self> = read_csv("sql/dictionary/indicators.csv")?;
        for i in &mut all {
            for text in [&mut i.label, &mut i.formula, &mut i.assumption, &mut i.what_changes] {
                *text = text.replace("{{ rates }}", rates);
            }
        }
        Ok(all)
    }

    /// The row of `indicator_code` or `indicator_code|breakdown`; `*` in a breakdown stands for any value.
    pub fn find<'a>(all: &'a [Self], key: &str) -> Result<&'a Self> {
        let (code, breakdown) = key.split_once('|').unwrap_or((key, ""));
        Self::position(all, code, breakdown).map(|i| &all[i])
    }

    /// The place of a figure's row in the list.
    pub fn position(all: &[Self], code: &str, breakdown: &str) -> Result<usize> {
        all.iter()
            .position(|i| i.indicator_code == code && covers(&i.breakdown, breakdown))
            .ok_or_else(|| Error::new(format!("指標 {} が indicators.csv にありません", Self::key(code, breakdown))))
    }
}

/// Whether a pattern such as `band=*;mode=*` stands for a breakdown; `*` is any value.
pub fn covers(pattern: &str, breakdown: &str) -> bool {
    let same = |(m, t): (&str, &str)| m == t || m.strip_suffix('*').is_some_and(|head| t.starts_with(head));
    pattern.split(';').count() == breakdown.split(';').count() && pattern.split(';').zip(breakdown.split(';')).all(same)
}
