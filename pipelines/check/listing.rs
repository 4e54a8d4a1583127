//! Listings of the check report: one value that becomes a sheet of the workbook and a table of the page.
//!
//! Each line carries a hidden stamp with its key and the fingerprint of every cell that the program wrote,
//! so that the next run knows the line wherever people moved it, and sees what they typed over.

use std::collections::BTreeSet;

use crate::ground::artefact::sha256;
use crate::ground::error::Result;
use crate::ground::spreadsheet::{self, Book, Column, Value, Width, struck};

/// Heading of the hidden column with the stamps.
pub const STAMP: &str = "控え（消さないでください）";

/// Who writes in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The program; part of the line's key.
    Key,
    /// The program; the reported value that a decision is about.
    Value,
    /// The program.
    Machine,
    /// The program suggests, people may rewrite.
    Draft,
    /// People.
    People,
}

/// A column of a listing.
#[derive(Clone, Debug)]
pub struct Field {
    pub title: &'static str,
    pub width: Width,
    pub role: Role,
    /// Words to choose from; empty: free text.
    pub words: &'static [&'static str],
}

impl Field {
    pub const fn new(title: &'static str, width: f64, role: Role) -> Self {
        Self { title, width: Width::Characters(width), role, words: &[] }
    }

    pub const fn words(mut self, words: &'static [&'static str]) -> Self {
        self.words = words;
        self
    }

    /// Class of its cells on a page: numbers of facilities are not broken, sentences get room.
    fn class(&self) -> &'static str {
        match self.width {
            _ if self.title == "医療機関ID" => "id",
            Width::Characters(n) if n >= 24.0 => "long",
            _ => "",
        }
    }

    pub fn is_people(&self) -> bool {
        self.role == Role::People
    }
}

/// A sheet with its lines. Grain: the key columns (and the value column, where there is one).
#[derive(Clone, Debug)]
pub struct Listing {
    pub sheet: &'static str,
    /// What the listing says, for people who read it; part of the page, not of the sheet.
    pub about: String,
    pub fields: Vec<Field>,
    pub lines: Vec<Line>,
    /// Headings of columns that people added.
    pub extra: Vec<String>,
    /// What people hid stays hidden: the sheet, and columns by their headings.
    pub is_hidden: bool,
    pub hidden_columns: BTreeSet<String>,
}

/// One line: a value per field, then per added column.
#[derive(Clone, Debug, Default)]
pub struct Line {
    pub cells: Vec<Value>,
    pub extra: Vec<Value>,
    /// Fingerprints of what the program suggested where people rewrote it; else those of the cells count.
    pub drafts: Vec<(usize, String)>,
    /// People hid the row: what they wrote there does not count.
    pub is_hidden: bool,
}

impl Listing {
    pub fn new(sheet: &'static str, fields: Vec<Field>, about: impl Into<String>) -> Self {
        let (lines, extra, hidden_columns) = (Vec::new(), Vec::new(), BTreeSet::new());
        Self { sheet, about: about.into(), fields, lines, extra, is_hidden: false, hidden_columns }
    }

    /// Adds a line; cells of people are filled with blanks.
    pub fn push(&mut self, values: Vec<Value>) {
        let mut values = values.into_iter();
        let cells = self.fields.iter().map(|f| if f.is_people() { Value::Blank } else { values.next().unwrap_or(Value::Blank) }).collect();
        self.lines.push(Line { cells, ..Line::default() });
    }

    pub fn position(&self, title: &str) -> Option<usize> {
        self.fields.iter().position(|f| f.title == title)
    }

    /// Text of a line's cell under a heading: what holds of it, without what is struck.
    pub fn text(&self, line: usize, title: &str) -> String {
        let text = self.position(title).and_then(|c| self.lines[line].cells.get(c)).map_or_else(String::new, shown);
        struck::live(&text).into_owned()
    }

    pub fn key(&self, line: &Line) -> Key {
        key_of(&self.fields, &|c| line.cells.get(c).map_or_else(String::new, |v| struck::plain(&shown(v)).into_owned()))
    }

    fn stamp(&self, line: &Line) -> String {
        let key = self.key(line);
        let mut stamp = format!("{}-{}-", key.key, key.value);
        for (c, field) in self.fields.iter().enumerate().filter(|(_, f)| !f.is_people()) {
            let suggested = line.drafts.iter().find(|(at, _)| *at == c).map(|(_, print)| print.clone());
            stamp += &short(field.title, 3);
            stamp += &suggested.unwrap_or_else(|| short(&struck::plain(&shown(&line.cells[c])), 5));
        }
        stamp
    }

    /// Writes the sheet: people's columns in yellow with their words to choose, the stamp hidden, added columns last.
    pub fn write(&self, book: &mut Book) -> Result<()> {
        let mut columns: Vec<Column> = self
            .fields
            .iter()
            .map(|f| if f.is_people() { Column::new(f.title, f.width).by_people() } else { Column::new(f.title, f.width) })
            .collect();
        columns.push(Column::new(STAMP, Width::Narrow));
        columns.extend(self.extra.iter().map(|title| Column::new(title, Width::Middle).by_people()));
        let rows = self.lines.iter().map(|line| {
            let mut cells = line.cells.clone();
            cells.push(Value::Text(self.stamp(line)));
            cells.extend(line.extra.iter().cloned());
            cells
        });
        let sheet = book.table(self.sheet, &columns, rows)?;
        spreadsheet::hide_column(sheet, self.fields.len())?;
        for (c, field) in self.fields.iter().enumerate().filter(|(_, f)| !f.words.is_empty()) {
            spreadsheet::offer_words(sheet, c, self.lines.len() + SPARE, field.words)?;
        }
        let stamp_and_added = std::iter::once(STAMP).chain(self.extra.iter().map(String::as_str));
        for (c, title) in self.fields.iter().map(|f| f.title).chain(stamp_and_added).enumerate() {
            if self.hidden_columns.contains(title) {
                spreadsheet::hide_column(sheet, c)?;
            }
        }
        for (r, _) in self.lines.iter().enumerate().filter(|(_, l)| l.is_hidden) {
            spreadsheet::hide_row(sheet, r + 1)?;
        }
        sheet.set_hidden(self.is_hidden);
        Ok(())
    }

    /// The listing as a table of a page, without the columns in `without`, at most `limit` lines.
    pub fn table(&self, without: &[&str], limit: usize) -> serde_json::Value {
        // a column without any entry says nothing on a page
        let filled = |c: usize| self.lines.iter().any(|l| l.cells[c] != Value::Blank);
        let shown_fields: Vec<usize> = (0..self.fields.len()).filter(|&c| !without.contains(&self.fields[c].title) && filled(c)).collect();
        let is_number = |c: usize| !self.lines.is_empty() && self.lines.iter().all(|l| matches!(l.cells[c], Value::Number(_) | Value::Blank));
        let rows: Vec<Vec<String>> =
            self.lines.iter().take(limit).map(|l| shown_fields.iter().map(|&c| struck::said(&shown(&l.cells[c])).into_owned()).collect()).collect();
        let more = self.lines.len().saturating_sub(limit);
        serde_json::json!({
            "caption": self.sheet,
            "head": shown_fields.iter().map(|&c| self.fields[c].title).collect::<Vec<_>>(),
            "align": shown_fields.iter().map(|&c| if is_number(c) { "right" } else { self.fields[c].class() }).collect::<Vec<_>>(),
            "rows": rows,
            "note": if more > 0 { format!("ほかに{more}件あります。すべては Excel の「{}」にあります。", self.sheet) } else { String::new() },
        })
    }
}

/// Lines below the last one that offer the words too.
const SPARE: usize = 300;

/// Hashes of a line's key and of the reported value.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    pub key: String,
    pub value: String,
}

pub fn key_of(fields: &[Field], text: &dyn Fn(usize) -> String) -> Key {
    let join = |role: Role| {
        let parts: Vec<String> = fields.iter().enumerate().filter(|(_, f)| f.role == role).map(|(c, _)| text(c)).collect();
        short(&parts.join("\u{1f}"), 12)
    };
    Key { key: join(Role::Key), value: join(Role::Value) }
}

/// The first `n` hexadecimal digits of a fingerprint.
pub fn short(text: &str, n: usize) -> String {
    sha256(text.trim().as_bytes()).chars().take(n).collect()
}

/// A value as the reader of the workbook will give it back.
pub fn shown(value: &Value) -> String {
    match value {
        Value::Blank => String::new(),
        Value::Text(text) | Value::Date(text) => text.clone(),
        Value::Number(n) => n.to_string(),
    }
}

/// Text that fits a cell: without control characters, cut where Excel would refuse it.
pub fn fitting(text: &str) -> Value {
    const LIMIT: usize = 30_000;
    let clean: String = text.chars().map(|c| if c == '\r' { '\n' } else { c }).filter(|c| !c.is_control() || *c == '\n').collect();
    let cut: String = if clean.chars().count() > LIMIT { clean.chars().take(LIMIT).chain("…".chars()).collect() } else { clean };
    Value::from(cut)
}
