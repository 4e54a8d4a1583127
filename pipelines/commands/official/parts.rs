//! The parts that a publisher's workbook is known to have (`sql/rules/official_parts.csv`): whatever else stands there is named.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::AS_PUBLISHED;
use super::report::Notes;
use crate::facts::dictionary::read_csv;
use crate::ground::error::{Error, Result};
use crate::ground::spreadsheet::{Sheet, column_name};
use crate::ground::text;

#[derive(Clone, Debug, Deserialize)]
struct Part {
    workbook_code: String,
    /// `column`, `row_kind` or `sheet`.
    part: String,
    /// Folded; `N` stands for digits.
    text: String,
    /// 1: figures are made of it.
    #[serde(rename = "use", deserialize_with = "crate::facts::dictionary::flag")]
    used: bool,
}

/// What one workbook is known to have.
pub struct Parts(Vec<Part>);

/// A heading as the table of parts writes it: digits become `N`.
pub fn pattern(heading: &str) -> String {
    let mut out = String::new();
    for c in text::fold(heading).replace(['〜', '～'], "~").chars() {
        match c {
            c if c.is_ascii_digit() && out.ends_with('N') => {}
            c if c.is_ascii_digit() => out.push('N'),
            c => out.push(c),
        }
    }
    out
}

impl Parts {
    pub fn of(workbook_code: &str) -> Result<Self> {
        let rows: Vec<Part> = read_csv("sql/rules/official_parts.csv")?;
        Ok(Self(rows.into_iter().filter(|p| p.workbook_code == workbook_code).collect()))
    }

    fn find(&self, part: &str, said: &str) -> Option<&Part> {
        let key = pattern(said);
        self.0.iter().find(|p| p.part == part && (p.text == key || p.text == said))
    }

    /// Whether figures are made of a column with this heading.
    pub fn is_used(&self, heading: &str) -> bool {
        self.find("column", heading).is_some_and(|p| p.used)
    }

    pub fn knows_kind(&self, kind: &str) -> bool {
        self.find("row_kind", kind).is_some()
    }

    pub fn knows_sheet(&self, name: &str) -> bool {
        self.find("sheet", name).is_some()
    }

    /// Names every heading of the heading rows that the workbook is not known to have.
    pub fn unknown_columns(&self, sheet: &Sheet, rows: impl IntoIterator<Item = usize>, notes: &mut Notes) {
        let mut said = BTreeSet::new();
        for r in rows {
            for (c, cell) in sheet.rows.get(r).into_iter().flatten().enumerate() {
                let heading = text::fold(&cell.text);
                if !heading.is_empty() && self.find("column", &heading).is_none() && said.insert((c, heading)) {
                    notes.row("unknown_column", sheet, r, "", cell.text.trim(), &format!("列 {}", column_name(c)));
                }
            }
        }
    }

    /// # Errors
    /// When a column from which figures are to be made stands under another heading than is known.
    pub fn refuse_other(&self, sheet: &Sheet, row: usize, column: usize) -> Result<()> {
        // a heading over several columns stands above the first
        let at = (0..=column).rev().find(|&c| !sheet.text(row, c).trim().is_empty()).unwrap_or(column);
        let heading = sheet.text(row, at).trim();
        if self.is_used(heading) {
            return Ok(());
        }
        Err(Error::new(format!("数値の列の見出し「{heading}」が、知っている見出しと違います")).at(sheet.place(row, at)).next(AS_PUBLISHED))
    }
}
