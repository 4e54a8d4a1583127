//! The report dictionary: items, choices and functions as dated, sourced rows (`sql/dictionary/*.csv`).
//!
//! Adding an item or next year's wording is a row there, never code here.

use std::collections::HashMap;

use serde::{Deserialize, Deserializer, Serialize};

use crate::embedded;
use crate::error::{Error, Result};

/// How the cells of an item are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueType {
    /// One of a choice set.
    Choice,
    /// Any number of a choice set.
    Multi,
    /// Yearly number of fee claims, can be masked.
    Count,
    /// A plain number (people, full-time equivalents).
    Number,
    /// Free text.
    Text,
    /// Names separated by 、 or ;.
    Names,
    Year,
    Id,
    Code,
    Date,
}

/// One report item. Source and confidence are printed in the data dictionary.
#[derive(Clone, Debug, Deserialize)]
pub struct Item {
    pub item_code: String,
    /// `base`, `g1`, `g2a` … `g2d`, `other`.
    pub function_code: String,
    pub item_no: String,
    pub label: String,
    pub short_label: String,
    pub value_type: ValueType,
    pub choice_set: String,
    /// `star` (all needed for 1号), `any` (one is enough for a 2号 function) or empty.
    pub requirement: String,
    #[serde(deserialize_with = "flag")]
    pub counts_literal: bool,
    #[serde(deserialize_with = "flag")]
    pub counts_core: bool,
    #[serde(deserialize_with = "flag")]
    pub ndb_derived: bool,
    pub period_kind: String,
    pub condition: String,
    pub from_year: i32,
    pub to_year: Option<i32>,
    pub source: String,
    pub confidence: String,
}

/// One choice of a choice set, verbatim, with its meaning.
#[derive(Clone, Debug, Deserialize)]
pub struct Choice {
    pub choice_set: String,
    pub choice_code: String,
    pub label: String,
    /// `positive`, `negative` or `none`.
    pub polarity: String,
    #[serde(deserialize_with = "flag")]
    pub intention: bool,
    #[serde(deserialize_with = "flag")]
    pub counts_core: bool,
    /// own / linked / both, visit / phone, day / 24h … by choice set.
    pub mode: String,
    pub value_low: Option<f64>,
    pub value_high: Option<f64>,
    #[serde(deserialize_with = "flag")]
    pub open_top: bool,
    pub source: String,
    pub confidence: String,
}

/// One of the five functions (1号, 2号イ–ニ).
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Function {
    pub function_code: String,
    pub label: String,
    pub short_label: String,
    pub theme: String,
    /// Area level of its sheets unless the council setting says otherwise.
    pub default_level: String,
    pub legal_basis: String,
    /// Items that make a literal yes but are not counted as substantial.
    pub not_core: String,
}

/// The dictionary as valid for one report year.
#[derive(Clone, Debug)]
pub struct Dictionary {
    pub items: Vec<Item>,
    pub choices: Vec<Choice>,
    pub functions: Vec<Function>,
    item_index: HashMap<String, usize>,
    set_index: HashMap<String, Vec<usize>>,
}

impl Dictionary {
    /// The built-in dictionary, cut to the items valid in `report_year`.
    pub fn load(report_year: i32) -> Result<Self> {
        let mut items: Vec<Item> = read_csv("sql/dictionary/items.csv")?;
        items.retain(|i| i.from_year <= report_year && i.to_year.is_none_or(|to| report_year <= to));
        let choices: Vec<Choice> = read_csv("sql/dictionary/choices.csv")?;
        let functions = read_csv("sql/dictionary/functions.csv")?;
        let item_index = items.iter().enumerate().map(|(i, x)| (x.item_code.clone(), i)).collect();
        let mut set_index: HashMap<String, Vec<usize>> = HashMap::new();
        for (i, choice) in choices.iter().enumerate() {
            set_index.entry(choice.choice_set.clone()).or_default().push(i);
        }
        Ok(Self { items, choices, functions, item_index, set_index })
    }

    pub fn item(&self, code: &str) -> Option<&Item> {
        self.item_index.get(code).map(|&i| &self.items[i])
    }

    /// Choices of a set, in file order.
    pub fn choices_of(&self, set: &str) -> impl Iterator<Item = &Choice> {
        self.set_index.get(set).into_iter().flatten().map(|&i| &self.choices[i])
    }

    pub fn function(&self, code: &str) -> Option<&Function> {
        self.functions.iter().find(|f| f.function_code == code)
    }
}

/// Rows of an embedded CSV table as typed values.
pub fn read_csv<T: for<'de> Deserialize<'de>>(path: &str) -> Result<Vec<T>> {
    csv::Reader::from_reader(embedded::text(path).as_bytes())
        .deserialize()
        .collect::<std::result::Result<_, _>>()
        .map_err(|e| Error::new(format!("内蔵の表を読めません：{e}")).at(path))
}

/// The rows of a dated table that are valid in a year; undated tables stay whole.
pub fn valid_rows(text: &str, year: i32) -> Result<String> {
    let broken = |e: csv::Error| Error::new(format!("内蔵の表を読めません：{e}"));
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let headers = reader.headers().map_err(broken)?.clone();
    let position = |name: &str| headers.iter().position(|h| h == name);
    let (from, to) = (position("from_year"), position("to_year"));
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&headers).map_err(broken)?;
    for row in reader.records() {
        let row = row.map_err(broken)?;
        let bound = |at: Option<usize>| at.and_then(|i| row.get(i)).and_then(|c| c.parse::<i32>().ok());
        if bound(from).is_none_or(|y| y <= year) && bound(to).is_none_or(|y| year <= y) {
            writer.write_record(&row).map_err(broken)?;
        }
    }
    let bytes = writer.into_inner().map_err(|e| Error::new(format!("内蔵の表を写せません：{e}")))?;
    String::from_utf8(bytes).map_err(|e| Error::new(format!("内蔵の表を写せません：{e}")))
}

pub(crate) fn flag<'de, D: Deserializer<'de>>(d: D) -> std::result::Result<bool, D::Error> {
    Ok(u8::deserialize(d)? != 0)
}

/// The rows of a dated table that are valid in a year; undated tables stay whole.
pub fn valid_rows(text: &str, year: i32) -> Result<String> {
    let broken = |e: csv::Error| Error::new(format!("内蔵の表を読めません：{e}"));
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let headers = reader.headers().map_err(broken)?.clone();
    let position = |name: &str| headers.iter().position(|h| h == name);
    let (from, to) = (position("from_year"), position("to_year"));
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&headers).map_err(broken)?;
    for row in reader.records() {
        let row = row.map_err(broken)?;
        let bound = |at: Option<usize>| at.and_then(|i| row.get(i)).and_then(|c| c.parse::<i32>().ok());
        if bound(from).is_none_or(|y| y <= year) && bound(to).is_none_or(|y| year <= y) {
            writer.write_record(&row).map_err(broken)?;
        }
    }
    let bytes = writer.into_inner().map_err(|e| Error::new(format!("内蔵の表を写せません：{e}")))?;
    String::from_utf8(bytes).map_err(|e| Error::new(format!("内蔵の表を写せません：{e}")))
}
