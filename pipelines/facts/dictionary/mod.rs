//! The report dictionary: items, choices and functions as dated, sourced rows (`sql/dictionary/*.csv`).
//!
//! Adding an item or next year's wording is a row there, never code here: the newest row of a code that is not after
//! the report year counts, and a work folder may bring rows of its own (`dated`).

mod checks;
pub mod condition;
pub mod dated;
pub mod fees;
pub mod labels;

use std::collections::HashMap;
use std::path::Path;
use std::sync::LazyLock;

use serde::{Deserialize, Deserializer, Serialize};

use crate::ground::embedded;
use crate::ground::error::Result;

pub use checks::is_catch_all;
use labels::Labels;

/// The first report year of all (令和7年度報告).
pub const FIRST_YEAR: i32 = 2025;

/// The dated tables as the SQL stages know them.
pub const TABLES: [(&str, &str); 7] = [
    ("dict_items", "sql/dictionary/items.csv"),
    ("dict_choices", "sql/dictionary/choices.csv"),
    ("dict_functions", "sql/dictionary/functions.csv"),
    ("note_words", "sql/rules/note_words.csv"),
    ("rules", "sql/rules/rules.csv"),
    ("finding_rules", "sql/rules/findings.csv"),
    ("rule_statuses", "sql/rules/determination.csv"),
];

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

impl ValueType {
    /// The code that the tables hold.
    pub fn code(self) -> &'static str {
        match self {
            Self::Choice => "choice",
            Self::Multi => "multi",
            Self::Count => "count",
            Self::Number => "number",
            Self::Text => "text",
            Self::Names => "names",
            Self::Year => "year",
            Self::Id => "id",
            Self::Code => "code",
            Self::Date => "date",
        }
    }
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
    /// When the item is asked at all (`condition`); empty: always.
    pub condition: String,
    /// What a 意向 in its choices is about: `function` (to carry the function), `other` (digital equipment, medication), or
    /// empty: `function` where the item decides, else `other`.
    pub intention_scope: String,
    pub from_year: i32,
    pub to_year: Option<i32>,
    pub source: String,
    pub confidence: String,
    /// Fee codes counted in, doubts, limits; printed in the data dictionary.
    pub note: String,
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
    pub from_year: i32,
    pub to_year: Option<i32>,
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

impl Function {
    /// 「2号イ 通常の診療時間外の診療」
    pub fn title(&self) -> String {
        format!("{} {}", self.label, self.theme)
    }
}

/// The dictionary as valid for one report year.
#[derive(Clone, Debug)]
pub struct Dictionary {
    pub items: Vec<Item>,
    pub choices: Vec<Choice>,
    pub functions: Vec<Function>,
    pub labels: Labels,
    item_index: HashMap<String, usize>,
    set_index: HashMap<String, Vec<usize>>,
}

impl Dictionary {
    /// The built-in dictionary of a report year.
    pub fn load(report_year: i32) -> Result<Self> {
        Self::load_in(report_year, None)
    }

    /// The dictionary of a report year with the rows that a work folder adds or changes (`sql/dictionary/*.csv` there).
    ///
    /// # Errors
    /// A row that cannot be read or that contradicts another; the error names file and line.
    pub fn load_in(report_year: i32, work_folder: Option<&Path>) -> Result<Self> {
        let rows = |path| dated::rows(path, report_year, work_folder);
        let (item_rows, choice_rows) = (rows("sql/dictionary/items.csv")?, rows("sql/dictionary/choices.csv")?);
        let items: Vec<Item> = item_rows.typed()?;
        let choices: Vec<Choice> = choice_rows.typed()?;
        let functions = rows("sql/dictionary/functions.csv")?.typed()?;
        let item_index = items.iter().enumerate().map(|(i, x)| (x.item_code.clone(), i)).collect();
        let mut set_index: HashMap<String, Vec<usize>> = HashMap::new();
        for (i, choice) in choices.iter().enumerate() {
            set_index.entry(choice.choice_set.clone()).or_default().push(i);
        }
        let labels = Labels::load_in(report_year, work_folder)?;
        let dictionary = Self { items, choices, functions, labels, item_index, set_index };
        checks::run(&dictionary, &item_rows, &choice_rows)?;
        Ok(dictionary)
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

/// A word for a code that tables hold (`sql/dictionary/words.csv`), such as the label of a period or a status.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Word {
    pub field: String,
    pub code: String,
    pub label: String,
    pub note: String,
}

static WORDS: LazyLock<Vec<Word>> = LazyLock::new(|| read_csv("sql/dictionary/words.csv").unwrap_or_default());

/// All words, by field in file order.
pub fn words() -> &'static [Word] {
    &WORDS
}

/// The word for a code of a field; `None` for a code that no table may hold.
pub fn word(field: &str, code: &str) -> Option<&'static str> {
    WORDS.iter().find(|w| w.field == field && w.code == code).map(|w| w.label.as_str())
}

/// Rows of an embedded CSV table as typed values.
pub fn read_csv<T: for<'de> Deserialize<'de>>(path: &str) -> Result<Vec<T>> {
    embedded::rows(path)
}

pub(crate) fn flag<'de, D: Deserializer<'de>>(d: D) -> std::result::Result<bool, D::Error> {
    Ok(u8::deserialize(d)? != 0)
}
