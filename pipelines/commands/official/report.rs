//! What was not taken from a workbook, or taken otherwise than it stands, and why. Texts are rows of `sql/rules/official_reasons.csv`.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, StringArray};
use serde::{Deserialize, Serialize};

use crate::facts::dictionary::read_csv;
use crate::facts::finding::severity_label;
use crate::ground::artefact::{ColumnNote, Table};
use crate::ground::error::{Error, Result};
use crate::ground::spreadsheet::Sheet;

#[derive(Clone, Debug, Deserialize)]
struct Reason {
    reason_code: String,
    /// `note` or `confirm`.
    severity: String,
    label: String,
    done: String,
    next: String,
    /// Text for the column `note` of a table, with places in braces.
    table_note: String,
}

/// One row of a workbook.
#[derive(Clone, Debug, Serialize)]
pub struct Note {
    pub reason: &'static str,
    pub file: String,
    pub sheet: String,
    /// As Excel counts.
    pub row: usize,
    pub code: String,
    pub name: String,
    pub detail: String,
}

/// Notes of the workbook that is being read.
#[derive(Default)]
pub struct Notes {
    file: String,
    pub rows: Vec<Note>,
}

impl Notes {
    pub fn of_file(&mut self, file: &str) {
        self.file = file.to_owned();
    }

    pub(super) fn row(&mut self, reason: &'static str, sheet: &Sheet, row: usize, code: &str, name: &str, detail: &str) {
        let text = |s: &str| s.replace('\n', " ");
        self.rows.push(Note {
            reason,
            file: self.file.clone(),
            sheet: sheet.name.clone(),
            row: row + 1,
            code: code.to_owned(),
            name: text(name),
            detail: text(detail),
        });
    }
}

/// The note that a table row carries for a reason.
pub(super) fn table_note(reason: &str, places: &[(&str, &str)]) -> Result<String> {
    let reasons: Vec<Reason> = read_csv("sql/rules/official_reasons.csv")?;
    let row = reasons.into_iter().find(|r| r.reason_code == reason).ok_or_else(|| Error::new(format!("理由の行 {reason} がありません")))?;
    Ok(places.iter().fold(row.table_note, |text, (place, value)| text.replace(place, value)))
}

/// How often a reason occurred.
#[derive(Clone, Debug, Serialize)]
pub struct ReasonLine {
    pub reason: String,
    pub severity: String,
    pub label: String,
    pub done: String,
    pub next: String,
    pub all: usize,
    pub ours: usize,
}

/// What `reference update` did with the workbooks of one kind; the value of its page.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub kind: String,
    pub title: String,
    pub prefecture: String,
    pub publisher: String,
    pub dataset: String,
    pub as_of: String,
    pub files: Vec<FileLine>,
    pub tables: Vec<TableLine>,
    pub reasons: Vec<ReasonLine>,
    /// Rows of this prefecture, without those that only repeat a pattern.
    pub ours: Vec<Note>,
    #[serde(skip)]
    pub notes: Vec<Note>,
}

#[derive(Clone, Debug, Serialize)]
pub struct FileLine {
    pub name: String,
    pub label: String,
    pub sha256: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct TableLine {
    pub table_name: String,
    pub rows: usize,
    /// Date of the table that it takes the place of.
    pub before: String,
}

/// Reasons that hold for many rows alike: counted on the page, listed only in the CSV file.
const MANY: [&str; 3] = ["sex_row", "lost_zero", "other_prefecture"];

/// Counts by reason, in the order of the reason rows, and the rows of the prefecture.
pub fn summary(notes: &[Note], prefecture_code: &str) -> Result<(Vec<ReasonLine>, Vec<Note>)> {
    let reasons: Vec<Reason> = read_csv("sql/rules/official_reasons.csv")?;
    // what is unknown in a whole workbook is everybody's
    let ours = |n: &&Note| n.code.starts_with(prefecture_code) || (n.code.is_empty() && n.reason.starts_with("unknown_"));
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for note in notes {
        let count = counts.entry(note.reason).or_default();
        count.0 += 1;
        count.1 += usize::from(ours(&note));
    }
    let lines = reasons.into_iter().filter_map(|r| {
        let &(all, ours) = counts.get(r.reason_code.as_str())?;
        Some(ReasonLine {
            reason: r.reason_code,
            severity: severity_label(&r.severity).into(),
            label: r.label,
            done: r.done,
            next: r.next,
            all,
            ours,
        })
    });
    let rows = notes.iter().filter(ours).filter(|n| !MANY.contains(&n.reason)).cloned().collect();
    Ok((lines.collect(), rows))
}

/// All notes as a table: `reference/update_report_*.csv`.
pub fn table(report: &Report) -> Result<Table> {
    let labels: BTreeMap<&str, &ReasonLine> = report.reasons.iter().map(|r| (r.reason.as_str(), r)).collect();
    let text = |name: &str, label: &str, of: &dyn Fn(&Note) -> String| -> (ColumnNote, ArrayRef) {
        let column = report.notes.iter().map(|n| Some(of(n)).filter(|s| !s.is_empty())).collect::<StringArray>();
        (ColumnNote::new(name, label, ""), Arc::new(column))
    };
    let reason = |n: &Note, of: fn(&ReasonLine) -> &str| labels.get(n.reason).map_or("", |r| of(r)).to_owned();
    let rows = report.notes.iter().map(|n| i64::try_from(n.row).ok()).collect::<Int64Array>();
    Table::new(
        "update_report",
        vec![
            text("severity", "重要度", &|n| reason(n, |r| &r.severity)),
            text("reason_code", "理由のコード", &|n| n.reason.to_owned()),
            text("reason", "理由", &|n| reason(n, |r| &r.label)),
            text("file", "ファイル", &|n| n.file.clone()),
            text("sheet", "シート", &|n| n.sheet.clone()),
            (ColumnNote::new("row_no", "行", ""), Arc::new(rows)),
            text("code", "コード", &|n| n.code.clone()),
            text("name", "名前", &|n| n.name.clone()),
            text("detail", "内容", &|n| n.detail.clone()),
            text("done", "したこと", &|n| reason(n, |r| &r.done)),
            text("next", "次にすること", &|n| reason(n, |r| &r.next)),
        ],
    )
}
