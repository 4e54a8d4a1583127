//! Findings: what is doubtful in the input, where, and what to do. Texts and severities are rows of `sql/rules/findings.csv`.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, StringArray};
use serde::{Deserialize, Serialize};

use crate::facts::dictionary::read_csv;
use crate::ground::artefact::{ColumnNote, Table};
use crate::ground::error::Result;
use crate::ground::spreadsheet::struck;
use crate::ground::text::NO_VALUE;

/// One finding. Empty text means "does not apply".
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Finding {
    pub code: String,
    pub file: String,
    /// Row as Excel numbers it; 0 when the finding is about the file.
    pub row: u32,
    pub column: String,
    pub facility_id: String,
    pub item_code: String,
    pub value: String,
}

/// Texts of one kind of finding.
#[derive(Clone, Debug, Deserialize)]
pub struct FindingRule {
    pub finding_code: String,
    /// `must_fix`, `confirm` or `note`.
    pub severity: String,
    pub what: String,
    pub next: String,
    /// Item codes that the rule looks at, separated by `;`; empty: any.
    pub items: String,
    /// Suggested question to the facility, with `{item}` and `{value}`; empty: nothing to ask the facility.
    pub question: String,
    pub from_year: i32,
    pub to_year: Option<i32>,
    pub source: String,
    pub confidence: String,
}

impl Finding {
    pub fn new(code: &str) -> Self {
        Self { code: code.into(), ..Self::default() }
    }
    #[must_use]
    pub fn file(mut self, file: &str) -> Self {
        self.file = file.into();
        self
    }
    #[must_use]
    pub fn row(mut self, row: u32) -> Self {
        self.row = row;
        self
    }
    #[must_use]
    pub fn column(mut self, column: impl Into<String>) -> Self {
        self.column = column.into();
        self
    }
    #[must_use]
    pub fn facility(mut self, id: &str) -> Self {
        self.facility_id = id.into();
        self
    }
    #[must_use]
    pub fn item(mut self, code: &str) -> Self {
        self.item_code = code.into();
        self
    }
    #[must_use]
    pub fn value(mut self, value: impl Into<String>) -> Self {
        // what stands before a formula without a value is for the readers alone, as are the marks of what is struck
        self.value = struck::said(value.into().trim_start_matches(NO_VALUE)).into_owned();
        self
    }
}

/// The rules by code.
pub fn rules() -> Result<HashMap<String, FindingRule>> {
    let rows: Vec<FindingRule> = read_csv("sql/rules/findings.csv")?;
    Ok(rows.into_iter().map(|r| (r.finding_code.clone(), r)).collect())
}

pub fn severity_label(severity: &str) -> &'static str {
    match severity {
        "must_fix" => "訂正が必要",
        "confirm" => "確認が必要",
        _ => "参考",
    }
}

/// How serious a finding is: `must_fix`, `confirm` or `note`.
pub fn severity<'a>(finding: &Finding, rules: &'a HashMap<String, FindingRule>) -> &'a str {
    rules.get(&finding.code).map_or("note", |r| r.severity.as_str())
}

/// Order of listing: what must be fixed first, then by place.
pub fn sort(findings: &mut [Finding], rules: &HashMap<String, FindingRule>) {
    let rank = |f: &Finding| match severity(f, rules) {
        "must_fix" => 0,
        "confirm" => 1,
        _ => 2,
    };
    findings.sort_by(|a, b| (rank(a), a.row, &a.column, &a.code, &a.value).cmp(&(rank(b), b.row, &b.column, &b.code, &b.value)));
}

/// The table of findings: `data/findings.csv`.
pub fn table(findings: &[Finding], rules: &HashMap<String, FindingRule>) -> Result<Table> {
    let text = |name: &str, label: &str, of: &dyn Fn(&Finding) -> String| -> (ColumnNote, ArrayRef) {
        let column = findings.iter().map(|f| Some(of(f)).filter(|s| !s.is_empty())).collect::<StringArray>();
        (ColumnNote::new(name, label, ""), Arc::new(column))
    };
    let rule = |f: &Finding, of: fn(&FindingRule) -> &str| rules.get(&f.code).map_or("", of).to_owned();
    let rows = findings.iter().map(|f| (f.row > 0).then_some(i64::from(f.row))).collect::<Int64Array>();
    Table::new(
        "findings",
        vec![
            text("severity", "重要度", &|f| severity_label(&rule(f, |r| &r.severity)).to_owned()),
            text("finding_code", "種類", &|f| f.code.clone()),
            text("file", "ファイル", &|f| f.file.clone()),
            (ColumnNote::new("row_no", "行", ""), Arc::new(rows)),
            text("column", "列", &|f| f.column.clone()),
            text("facility_id", "医療機関ID", &|f| f.facility_id.clone()),
            text("item_code", "報告事項コード", &|f| f.item_code.clone()),
            text("value", "値", &|f| f.value.clone()),
            text("what", "内容", &|f| rule(f, |r| &r.what)),
            text("next", "次にすること", &|f| rule(f, |r| &r.next)),
        ],
    )
}

/// Status words as people say them.
pub fn status_label(status: &str) -> &'static str {
    match status {
        "yes" => "あり",
        "no" => "なし",
        "not_applicable" => "対象外（1号機能なし）",
        "undetermined" => "判定できない",
        "not_reported" => "未報告",
        _ => "",
    }
}
