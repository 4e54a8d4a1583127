//! Dated tables (`sql/dictionary`, `sql/rules`): the rows valid in a report year, with the work folder's own rows.
//!
//! One rule for all of them: of the rows with the same key, the newest that is not after the report year counts, and it
//! counts until its `to_year`. So next year's wording is one more row, and an older packet can still be made again.
//! A work folder adds or changes rows in a file of the same path: it holds the key, the columns that differ, and a source;
//! an empty cell there leaves a value as it was, 「-」 empties it.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use csv::StringRecord;
use serde::de::DeserializeOwned;

use crate::ground::embedded;
use crate::ground::error::{Error, Result};
use crate::ground::own_text;

/// Tables that a work folder may add to, and the columns that name a row.
pub const KEYS: [(&str, &[&str]); 10] = [
    ("sql/dictionary/items.csv", &["item_code"]),
    ("sql/dictionary/choices.csv", &["choice_set", "choice_code"]),
    ("sql/dictionary/functions.csv", &["function_code"]),
    ("sql/dictionary/label_words.csv", &["meaning", "pattern"]),
    ("sql/dictionary/renames.csv", &["scope", "old_name"]),
    ("sql/dictionary/fee_items.csv", &["item_code", "fee_code", "fee_name"]),
    ("sql/rules/note_words.csv", &["word_code"]),
    ("sql/rules/rules.csv", &["rule_code"]),
    ("sql/rules/findings.csv", &["finding_code"]),
    ("sql/rules/determination.csv", &["rule_code"]),
];

/// The rows of a table that count in one report year, in the order in which their keys first appear.
pub struct Rows {
    path: &'static str,
    headers: StringRecord,
    rows: Vec<Row>,
}

struct Row {
    place: String,
    record: StringRecord,
}

/// A row before it is known whether it counts.
struct Candidate {
    from: i32,
    to: Option<i32>,
    is_own: bool,
    row: Row,
}

/// The rows of the built-in table `path` for `year`, with those of the work folder.
///
/// # Errors
/// Two rows of one file with the same key and year, a year that is none, and an own row that cannot be placed.
pub fn rows(path: &'static str, year: i32, work_folder: Option<&Path>) -> Result<Rows> {
    let key = KEYS.iter().find(|(p, _)| *p == path).map_or(&[][..], |(_, k)| *k);
    let (headers, records) = read(embedded::text(path), path)?;
    let position = |name: &str| headers.iter().position(|h| h == name);
    let columns: Vec<usize> = key.iter().filter_map(|k| position(k)).collect();
    let (from, to) = (position("from_year"), position("to_year"));
    let mut order: Vec<Vec<String>> = Vec::new();
    let mut by_key: HashMap<Vec<String>, Vec<Candidate>> = HashMap::new();
    let add = |row: Row, is_own: bool, order: &mut Vec<Vec<String>>, by_key: &mut HashMap<Vec<String>, Vec<Candidate>>| -> Result<()> {
        let cell = |i: Option<usize>| i.and_then(|i| row.record.get(i)).unwrap_or("").trim();
        let year_of = |i: Option<usize>| match cell(i) {
            "" => Ok(None),
            text => text.parse::<i32>().map(Some).map_err(|_| Error::new(format!("年度「{text}」が読めません")).at(row.place.clone())),
        };
        let (from, to) = (year_of(from)?.unwrap_or(i32::MIN), year_of(to)?);
        let name: Vec<String> = columns.iter().map(|&i| row.record.get(i).unwrap_or("").to_owned()).collect();
        let known = by_key.entry(name.clone()).or_insert_with(|| {
            order.push(name.clone());
            Vec::new()
        });
        if known.iter().any(|c| c.from == from && c.is_own == is_own) {
            return Err(Error::new(format!("「{}」の行が同じ年度に二つあります", name.join("・")))
                .at(row.place.clone())
                .next("片方を消すか、from_year を変えてください"));
        }
        known.push(Candidate { from, to, is_own, row });
        Ok(())
    };
    for row in records {
        add(row, false, &mut order, &mut by_key)?;
    }
    for own in own_rows(path, key, &headers, work_folder, &by_key)? {
        add(own, true, &mut order, &mut by_key)?;
    }
    let mut rows = Vec::new();
    for name in order {
        let newest = by_key.remove(&name).into_iter().flatten().filter(|c| c.from <= year).max_by_key(|c| (c.from, c.is_own));
        rows.extend(newest.filter(|c| c.to.is_none_or(|to| year <= to)).map(|c| c.row));
    }
    Ok(Rows { path, headers, rows })
}

/// The work folder's file for a built-in table, where there is one.
pub fn own_file(path: &str, work_folder: Option<&Path>) -> Option<PathBuf> {
    work_folder.map(|dir| dir.join(path)).filter(|p| p.exists())
}

/// Tables that a work folder may have own rows of.
pub fn own_files() -> impl Iterator<Item = &'static str> {
    KEYS.iter().map(|(path, _)| *path)
}

fn read(text: &str, place: &str) -> Result<(StringRecord, Vec<Row>)> {
    let broken = |e: csv::Error| Error::new(format!("表を読めません：{e}")).at(place.to_owned()).next("列の数と引用符を確かめてください");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let headers = reader.headers().map_err(broken)?.clone();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(broken)?;
        let line = record.position().map_or(0, csv::Position::line);
        rows.push(Row { place: format!("{place} の {line} 行目"), record });
    }
    Ok((headers, rows))
}

/// The own rows, filled up from the built-in row that they change.
fn own_rows(
    path: &str,
    key: &[&str],
    headers: &StringRecord,
    work_folder: Option<&Path>,
    built_in: &HashMap<Vec<String>, Vec<Candidate>>,
) -> Result<Vec<Row>> {
    let Some(file) = own_file(path, work_folder) else { return Ok(Vec::new()) };
    let own = own_text::csv(&own_text::read(&file, "表")?).map_err(|e| e.file(&file))?;
    let place = file.display().to_string();
    let rows: Vec<Row> = own.rows.into_iter().map(|(line, record)| Row { place: format!("{place} の {line} 行目"), record }).collect();
    let own_headers = own.headers;
    if let Some(unknown) = own_headers.iter().find(|h| !headers.iter().any(|k| k == *h)) {
        let known: Vec<&str> = headers.iter().collect();
        return Err(Error::new(format!("列「{unknown}」が分かりません")).file(&file).next(format!("使える列は {} です", known.join("、"))));
    }
    for needed in key.iter().chain(headers.iter().any(|h| h == "source").then_some(&"source")) {
        if !own_headers.iter().any(|h| h == *needed) {
            return Err(Error::new(format!("列「{needed}」がありません")).file(&file).next("見出しに足し、すべての行に書いてください"));
        }
    }
    rows.into_iter().map(|row| fill(row, key, headers, &own_headers, built_in)).collect()
}

fn fill(row: Row, key: &[&str], headers: &StringRecord, own_headers: &StringRecord, built_in: &HashMap<Vec<String>, Vec<Candidate>>) -> Result<Row> {
    let own: BTreeMap<&str, &str> = own_headers.iter().zip(row.record.iter().map(str::trim)).collect();
    let name: Vec<String> = key.iter().map(|k| own.get(k).unwrap_or(&"").to_string()).collect();
    for needed in key.iter().filter(|k| **k != "choice_code").chain(&["source"]) {
        if own.get(needed).is_some_and(|c| c.is_empty()) {
            return Err(Error::new(format!("「{needed}」が空です")).at(row.place).next("コードと出典は、すべての行に書いてください"));
        }
    }
    let from = own.get("from_year").and_then(|y| y.parse::<i32>().ok());
    let before = built_in.get(&name).into_iter().flatten().filter(|c| from.is_none_or(|y| c.from <= y)).max_by_key(|c| c.from);
    let record = headers
        .iter()
        .enumerate()
        .map(|(i, header)| match (own.get(header).copied().unwrap_or(""), before) {
            // what is not said stays as it was; 「-」 empties a cell
            ("-", _) if !key.contains(&header) => "",
            // a row of a new year does not end when the old one did
            ("", Some(_)) if header == "to_year" && from.is_some() => "",
            ("", Some(before)) => before.row.record.get(i).unwrap_or(""),
            (cell, _) => cell,
        })
        .collect();
    Ok(Row { place: row.place, record })
}

impl Rows {
    /// As typed values; `T` is checked column by column.
    pub fn typed<T: DeserializeOwned>(&self) -> Result<Vec<T>> {
        let broken = |row: &Row, e: &csv::Error| {
            Error::new(format!("表の行を読めません：{}", own_text::cell_error(e, &self.headers, &row.record)))
                .at(row.place.clone())
                .next("値の書き方を、ほかの行にならってください")
        };
        self.rows.iter().map(|r| r.record.deserialize(Some(&self.headers)).map_err(|e| broken(r, &e))).collect()
    }

    /// As CSV text, for the tables of the SQL stages.
    pub fn csv(&self) -> Result<String> {
        self.csv_where(|_| true)
    }

    /// The rows whose first key column is wanted, as CSV text.
    pub fn csv_where(&self, wanted: impl Fn(&str) -> bool) -> Result<String> {
        let key = KEYS.iter().find(|(p, _)| *p == self.path).and_then(|(_, k)| k.first()).copied().unwrap_or("");
        let column = self.headers.iter().position(|h| h == key);
        let broken = |e: &dyn std::fmt::Display| Error::new(format!("表を写せません：{e}")).at(self.path);
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(&self.headers).map_err(|e| broken(&e))?;
        for row in &self.rows {
            if column.and_then(|c| row.record.get(c)).is_none_or(&wanted) {
                writer.write_record(&row.record).map_err(|e| broken(&e))?;
            }
        }
        let bytes = writer.into_inner().map_err(|e| broken(&e))?;
        String::from_utf8(bytes).map_err(|e| broken(&e))
    }

    /// Where the `i`-th row stands, for errors about its meaning.
    pub fn place(&self, i: usize) -> String {
        self.rows[i].place.clone()
    }
}
