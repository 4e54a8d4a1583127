//! Wide rows to long answers: each item's column (or one-hot columns) is read once per distinct text, in parallel.

use std::collections::{BTreeSet, HashMap};

use csv::StringRecord;
use polars::prelude as pl;
use polars::prelude::{IntoSeries, NamedFrom};
use rayon::prelude::*;

use super::cells::{self, Cell, ChoiceSet};
use super::facilities::{Facilities, FacilityRow};
use super::layout::column_name;
use super::{Context, Place};
use crate::artefact::{ColumnNote, Table};
use crate::dictionary::{Item, ValueType};
use crate::error::Result;
use crate::finding::Finding;

/// What one distinct text of a column says: the rows that it becomes.
struct Saying {
    raw: String,
    answers: Vec<Answer>,
}

/// One answer without its place.
#[derive(Default)]
struct Answer {
    choice_code: Option<String>,
    range: Option<(f64, f64)>,
    state: &'static str,
    /// Shown instead of the cell's text, where a cell holds several names.
    name: Option<String>,
}

/// Where something was said, and which of the column's sayings and answers it was.
struct Row {
    row_no: u32,
    column: usize,
    saying: usize,
    answer: usize,
    /// Place within the cell, or within the one-hot columns of a row.
    seq: usize,
}

/// Long rows of one item. A column has few distinct texts in many rows, so rows only point at what was said.
#[derive(Default)]
struct Long {
    sayings: Vec<Saying>,
    rows: Vec<Row>,
    findings: Vec<Finding>,
}

/// Texts and lists that no figure is made of; kept apart so that the SQL stages need not carry them.
fn is_note(item: &Item) -> bool {
    item.value_type == ValueType::Text || (item.value_type == ValueType::Multi && item.requirement.is_empty())
}

/// The artefacts `ing_answers` and `ing_notes`, of the same form.
pub(super) fn read(
    context: &Context<'_>,
    data: &[(u32, StringRecord)],
    facilities: &Facilities,
    findings: &mut Vec<Finding>,
) -> Result<(Table, Table)> {
    let dictionary = context.request.dictionary;
    let items: Vec<&Item> = dictionary.items.iter().filter(|i| i.function_code != "base" && context.places.contains_key(&i.item_code)).collect();
    let frames = items
        .par_iter()
        .map(|item| {
            let long = read_item(context, item, data, facilities);
            let (frame, found) = long.frame(&item.item_code)?;
            Ok((is_note(item), frame, found))
        })
        .collect::<Result<Vec<_>>>()?;
    let (mut answers, mut notes) = (Long::default().frame("")?.0, Long::default().frame("")?.0);
    for (is_note, frame, found) in frames {
        findings.extend(found);
        if is_note { &mut notes } else { &mut answers }.vstack_mut_owned(frame)?;
    }
    Ok((table("ing_answers", &answers)?, table("ing_notes", &notes)?))
}

fn table(name: &str, frame: &pl::DataFrame) -> Result<Table> {
    let notes = [
        ("row_no", "行番号"),
        ("item_code", "報告事項コード"),
        ("seq", "連番"),
        ("choice_code", "選択肢コード"),
        ("value_low", "値の下限"),
        ("value_high", "値の上限"),
        ("state", "状態"),
        ("raw", "元の値"),
        ("column_no", "列番号"),
        ("column_name", "列"),
    ];
    Table::from_polars(name, notes.iter().map(|(n, l)| ColumnNote::new(n, l, "")).collect(), frame)
}

fn read_item(context: &Context<'_>, item: &Item, data: &[(u32, StringRecord)], facilities: &Facilities) -> Long {
    let mut long = Long::default();
    match &context.places[&item.item_code] {
        Place::Column(column) => read_column(context, item, *column, data, facilities, &mut long),
        Place::OneHot(columns) => read_one_hot(context, item, columns, data, facilities, &mut long),
    }
    long
}

fn read_column(context: &Context<'_>, item: &Item, column: usize, data: &[(u32, StringRecord)], facilities: &Facilities, long: &mut Long) {
    let set = ChoiceSet::new(context.request.dictionary, &item.choice_set);
    let glyphs = &context.glyphs;
    let mut known: HashMap<&str, (usize, Option<&'static str>)> = HashMap::new();
    for facility in facilities.rows.iter().filter(|f| f.is_reported) {
        let raw = data[facility.index].1.get(column).unwrap_or("");
        let (saying, trouble) = *known.entry(raw).or_insert_with(|| {
            let cell = match item.value_type {
                ValueType::Choice => set.single(raw, glyphs),
                ValueType::Multi => set.multi(raw, glyphs),
                ValueType::Count => cells::count(raw, glyphs),
                ValueType::Number => cells::number(raw, glyphs),
                _ => cells::text(raw),
            };
            long.sayings.push(Saying { raw: raw.trim().to_owned(), answers: answers_of(item, &cell) });
            let trouble = match cell {
                Cell::Unreadable(code) => Some(code),
                Cell::Guessed(_) => Some("new_choice"),
                _ => None,
            };
            (long.sayings.len() - 1, trouble)
        });
        for answer in 0..long.sayings[saying].answers.len() {
            long.rows.push(Row { row_no: facility.row_no, column, saying, answer, seq: answer });
        }
        if let Some(code) = trouble {
            long.findings.push(finding(context, code, item, facility, column, raw));
        }
    }
}

/// The rows that a cell becomes. Not answered is the absence of a row; it is evidence of nothing.
fn answers_of(item: &Item, cell: &Cell) -> Vec<Answer> {
    let answered = Answer { state: "answered", ..Answer::default() };
    match cell {
        Cell::Blank => Vec::new(),
        Cell::Choices(codes) => codes.iter().map(|c| Answer { choice_code: Some(c.clone()), state: "answered", ..Answer::default() }).collect(),
        Cell::Guessed(code) => vec![Answer { choice_code: Some(code.clone()), state: "answered", ..Answer::default() }],
        Cell::Number { low, high, masked } => {
            vec![Answer { range: Some((*low, *high)), state: if *masked { "masked" } else { "answered" }, ..Answer::default() }]
        }
        Cell::Text(text) if item.value_type == ValueType::Names => {
            let names = text.split(['、', ';', '；', '，', ',', '\n']).map(str::trim).filter(|n| !n.is_empty());
            names.map(|n| Answer { name: Some(n.to_owned()), state: "answered", ..Answer::default() }).collect()
        }
        Cell::Text(_) => vec![answered],
        Cell::Unreadable(_) => vec![Answer { state: "unreadable", ..Answer::default() }],
    }
}

fn read_one_hot(
    context: &Context<'_>,
    item: &Item,
    columns: &[(usize, String)],
    data: &[(u32, StringRecord)],
    facilities: &Facilities,
    long: &mut Long,
) {
    let selected: Vec<String> = context.layout.values.selected.iter().map(|s| cells::fold(s)).collect();
    // saying 0 means the choice of a column; its answers stand in the order of the columns, then 「選択なし」
    let choice = |code: &String| Answer { choice_code: Some(code.clone()), state: "answered", ..Answer::default() };
    let mut answers: Vec<Answer> = columns.iter().map(|(_, code)| choice(code)).collect();
    let none = context.layout.values.none_selected.get(&item.item_code);
    answers.extend(none.map(|code| Answer { name: Some("（選択なし）".into()), ..choice(code) }));
    long.sayings.push(Saying { raw: context.layout.values.selected.first().cloned().unwrap_or_default(), answers });
    for facility in facilities.rows.iter().filter(|f| f.is_reported) {
        let record = &data[facility.index].1;
        let mut seq = 0;
        for (answer, (column, _)) in columns.iter().enumerate() {
            let raw = record.get(*column).unwrap_or("");
            if raw.is_empty() {
                continue;
            }
            let key = cells::fold(raw);
            if selected.contains(&key) {
                long.rows.push(Row { row_no: facility.row_no, column: *column, saying: 0, answer, seq });
                seq += 1;
            } else if !key.is_empty() {
                long.findings.push(finding(context, "unknown_mark", item, facility, *column, raw));
            }
        }
        // A layout says what an empty group means; a row cut short says nothing.
        if seq == 0 && none.is_some() && columns.iter().all(|(c, _)| *c < record.len()) {
            long.rows.push(Row { row_no: facility.row_no, column: columns[0].0, saying: 0, answer: columns.len(), seq: 0 });
        }
    }
}

fn finding(context: &Context<'_>, code: &str, item: &Item, facility: &FacilityRow, column: usize, raw: &str) -> Finding {
    context.finding(code, Some(facility.row_no), Some(column)).facility(&facility.facility_id).item(&item.item_code).value(raw)
}

impl Long {
    fn frame(self, item_code: &str) -> Result<(pl::DataFrame, Vec<Finding>)> {
        let n = self.rows.len();
        let answer = |row: &Row| &self.sayings[row.saying].answers[row.answer];
        // the text of a cell with several choices stands once, with the first
        let raw = |row: &Row| match &answer(row).name {
            Some(name) => Some(name.as_str()),
            None if row.seq == 0 => Some(self.sayings[row.saying].raw.as_str()),
            None => None,
        };
        let names: HashMap<usize, String> =
            self.rows.iter().map(|r| r.column).collect::<BTreeSet<_>>().into_iter().map(|c| (c, column_name(c))).collect();
        let texts = |name: &str, values: pl::StringChunked| pl::Column::from(values.with_name(name.into()).into_series());
        let ints =
            |name: &str, of: &dyn Fn(&Row) -> i64| pl::Column::from(pl::Series::new(name.into(), self.rows.iter().map(of).collect::<Vec<_>>()));
        let numbers = |name: &str, of: fn((f64, f64)) -> f64| {
            pl::Column::from(pl::Series::new(name.into(), self.rows.iter().map(|r| answer(r).range.map(of)).collect::<Vec<_>>()))
        };
        let columns = vec![
            ints("row_no", &|r| i64::from(r.row_no)),
            pl::Column::new_scalar("item_code".into(), pl::Scalar::from(pl::PlSmallStr::from(item_code)), n),
            ints("seq", &|r| r.seq as i64),
            texts("choice_code", self.rows.iter().map(|r| answer(r).choice_code.as_deref()).collect()),
            numbers("value_low", |r| r.0),
            numbers("value_high", |r| r.1),
            texts("state", self.rows.iter().map(|r| Some(answer(r).state)).collect()),
            texts("raw", self.rows.iter().map(raw).collect()),
            ints("column_no", &|r| r.column as i64 + 1),
            texts("column_name", self.rows.iter().map(|r| names.get(&r.column).map(String::as_str)).collect()),
        ];
        Ok((pl::DataFrame::new(n, columns)?, self.findings))
    }
}
