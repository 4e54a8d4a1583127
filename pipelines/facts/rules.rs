//! Rule rows (`sql/rules/rules.csv`): thresholds and decisions, dated and sourced. Rules are rows, not code.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::facts::dictionary::dated;
use crate::ground::error::{Error, Result};

#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Rule {
    pub rule_code: String,
    pub from_year: i32,
    pub to_year: Option<i32>,
    pub value: Option<f64>,
    pub unit: String,
    pub label: String,
    pub source: String,
    pub source_url: String,
    pub confidence: String,
    pub still_valid_on: String,
}

/// The rules valid for one report year.
#[derive(Clone, Debug)]
pub struct Rules {
    pub rows: Vec<Rule>,
}

impl Rules {
    pub fn load(report_year: i32) -> Result<Self> {
        Self::load_in(report_year, None)
    }

    /// With the rows that a work folder adds or changes (`sql/rules/rules.csv` there).
    pub fn load_in(report_year: i32, work_folder: Option<&Path>) -> Result<Self> {
        Ok(Self { rows: dated::rows("sql/rules/rules.csv", report_year, work_folder)?.typed()? })
    }

    pub fn get(&self, code: &str) -> Option<&Rule> {
        self.rows.iter().find(|r| r.rule_code == code)
    }

    /// Whether so few facilities stand behind a figure that it would show those of single ones.
    pub fn is_few(&self, facilities: i64) -> Result<bool> {
        Ok(facilities > 0 && (facilities as f64) < self.value("few_facilities")?)
    }

    pub fn value(&self, code: &str) -> Result<f64> {
        self.get(code).and_then(|r| r.value).ok_or_else(|| Error::new(format!("規則の行 {code} がありません")).at("sql/rules/rules.csv"))
    }
}
