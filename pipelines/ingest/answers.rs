//! Wide rows to long answers: each item's column (or one-hot columns) is read once per distinct text, in parallel.

use std::collections::{BTreeSet, HashMap};

use csv::StringRecord;
use polars::prelude as pl;
use polars::prelude::{IntoSeries, NamedFrom};
use rayon::prelude::*;

use super::cells::{self, Cell, ChoiceSet};
use super::facilities::{Facilities, FacilityRow};
use super::source::Source;
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
    /// Row of Excel in the table that the column is of.
    source_row: u32,
    column: usize,
    saying: usize,
    answer: usize,
    /// Place within the cell, or within the one-hot columns of a row.
    seq: usize,
}

/// Long rows of one item from one table. A column has few distinct texts in many rows, so rows only point at what was said.
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
pub(super) fn read(context: &Context<'_>, facilities: &Facilities, findings: &mut Vec<Finding>) -> Result<(Table, Table)> {
    let reported = context.request.dictionary.items.iter().filter(|i| i.function_code != "base");
    let items: Vec<(&Item, usize)> = reported
        .flat_map(|i| (0..context.sources.len()).filter(|&s| context.sources[s].places.contains_key(&i.item_code)).map(move |s| (i, s)))
        .collect();
    let frames = items
        .par_iter()
        .map(|&(item, number)| {
            let reader = Reader::new(context, item, number);
            let (frame, found) = reader.read(facilities).frame(item, &context.sources[number])?;
            Ok((is_note(item), frame, found))
        })
        .collect::<Result<Vec<_>>>()?;
    let (mut answers, mut notes) = (None::<pl::DataFrame>, None::<pl::DataFrame>);
    for (is_note, frame, found) in frames {
        findings.extend(found);
        let all = if is_note { &mut notes } else { &mut answers };
        match all {
            Some(all) => {
                all.vstack_mut_owned(frame)?;
            }
            None => *all = Some(frame),
        }
    }
    Ok((table("ing_answers", answers)?, table("ing_notes", notes)?))
}

fn table(name: &str, frame: Option<pl::DataFrame>) -> Result<Table> {
    let frame = frame.map_or_else(|| Long::default().columns("", &[], 0, |_| String::new()), Ok)?;
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
        ("source_row", "ファイルの行番号"),
    ];
    Table::from_polars(name, notes.iter().map(|(n, l)| ColumnNote::new(n, l, "")).collect(), &frame)
}

/// Reads one item in one table.
struct Reader<'a> {
    context: &'a Context<'a>,
    source: &'a Source,
    number: usize,
    item: &'a Item,
    glyphs: cells::Glyphs,
}

impl<'a> Reader<'a> {
    fn new(context: &'a Context<'a>, item: &'a Item, number: usize) -> Self {
        let source = &context.sources[number];
        Self { context, source, number, item, glyphs: source.glyphs(&item.item_code, &item.function_code, context.masked) }
    }

    /// Reported facilities with a row in this table.
    fn rows<'f>(&'f self, facilities: &'f Facilities) -> impl Iterator<Item = (&'f FacilityRow, u32, &'a StringRecord)> {
        facilities.rows.iter().filter(|f| f.is_reported).filter_map(|f| {
            let (row, record) = &self.source.rows[f.part_of(self.number)?];
            Some((f, *row, record))
        })
    }

    fn read(&self, facilities: &Facilities) -> Long {
        let mut long = Long::default();
        match &self.source.places[&self.item.item_code] {
            Place::Column(column) => self.read_column(*column, facilities, &mut long),
            Place::OneHot(columns) => self.read_one_hot(columns, facilities, &mut long),
        }
        long
    }

    fn read_column(&self, column: usize, facilities: &Facilities, long: &mut Long) {
        let (item, glyphs) = (self.item, &self.glyphs);
        let set = ChoiceSet::new(self.context.request.dictionary, &item.choice_set);
        let mut known: HashMap<&str, (usize, Option<&'static str>)> = HashMap::new();
        for (facility, source_row, record) in self.rows(facilities) {
            let raw = record.get(column).unwrap_or("");
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
                long.rows.push(Row { row_no: facility.row_no, source_row, column, saying, answer, seq: answer });
            }
            if let Some(code) = trouble {
                long.findings.push(self.finding(code, facility, source_row, column, raw));
            }
        }
    }

    fn read_one_hot(&self, columns: &[(usize, String)], facilities: &Facilities, long: &mut Long) {
        let values = &self.source.layout.values;
        let folded = |list: &[String]| list.iter().map(|s| cells::fold(s)).collect::<Vec<_>>();
        let (selected, unselected) = (folded(&values.selected), folded(&values.unselected));
        // saying 0 means the choice of a column; its answers stand in the order of the columns, then 「選択なし」
        let choice = |code: &String| Answer { choice_code: Some(code.clone()), state: "answered", ..Answer::default() };
        let mut answers: Vec<Answer> = columns.iter().map(|(_, code)| choice(code)).collect();
        let none = values.none_selected.get(&self.item.item_code).filter(|code| !code.is_empty());
        answers.extend(none.map(|code| Answer { name: Some("（選択なし）".into()), ..choice(code) }));
        long.sayings.push(Saying { raw: values.selected.first().cloned().unwrap_or_default(), answers });
        // cells after the last filled one are not kept of a sheet, in text they are missing
        let is_whole = |record: &StringRecord| self.source.is_workbook || columns.iter().all(|(c, _)| *c < record.len());
        for (facility, source_row, record) in self.rows(facilities) {
            let mut seq = 0;
            for (answer, (column, _)) in columns.iter().enumerate() {
                let raw = record.get(*column).unwrap_or("");
                if raw.is_empty() {
                    continue;
                }
                let key = cells::fold(raw);
                if selected.contains(&key) {
                    long.rows.push(Row { row_no: facility.row_no, source_row, column: *column, saying: 0, answer, seq });
                    seq += 1;
                } else if !key.is_empty() && !unselected.contains(&key) {
                    long.findings.push(self.finding("unknown_mark", facility, source_row, *column, raw));
                }
            }
            // A layout says what an empty group means; a row cut short says nothing.
            if seq == 0 && none.is_some() && is_whole(record) {
                long.rows.push(Row { row_no: facility.row_no, source_row, column: columns[0].0, saying: 0, answer: columns.len(), seq: 0 });
            }
        }
    }

    fn finding(&self, code: &str, facility: &FacilityRow, row: u32, column: usize, raw: &str) -> Finding {
        self.source.finding(code, Some(row), Some(column)).facility(&facility.facility_id).item(&self.item.item_code).value(raw)
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

impl Long {
    fn frame(self, item: &Item, source: &Source) -> Result<(pl::DataFrame, Vec<Finding>)> {
        let used: Vec<usize> = self.rows.iter().map(|r| r.column).collect::<BTreeSet<_>>().into_iter().collect();
        let frame = self.columns(&item.item_code, &used, source.row_offset, |column| source.cell_column(column))?;
        Ok((frame, self.findings))
    }

    /// The rows as columns; `offset` puts the columns of a later table behind those of the earlier ones.
    fn columns(&self, item_code: &str, used: &[usize], offset: u32, name: impl Fn(usize) -> String) -> Result<pl::DataFrame> {
        let n = self.rows.len();
        let answer = |row: &Row| &self.sayings[row.saying].answers[row.answer];
        // the text of a cell with several choices stands once, with the first
        let raw = |row: &Row| match &answer(row).name {
            Some(name) => Some(name.as_str()),
            None if row.seq == 0 => Some(self.sayings[row.saying].raw.as_str()),
            None => None,
        };
        let names: HashMap<usize, String> = used.iter().map(|&c| (c, name(c))).collect();
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
            ints("column_no", &|r| i64::from(offset) + r.column as i64 + 1),
            texts("column_name", self.rows.iter().map(|r| names.get(&r.column).map(String::as_str)).collect()),
            ints("source_row", &|r| i64::from(r.source_row)),
        ];
        Ok(pl::DataFrame::new(n, columns)?)
    }
}
