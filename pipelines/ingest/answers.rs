//! Wide rows to long answers: each item's column (or one-hot columns) is read once per distinct text, in parallel.

use crate::ground::text;
use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayBuilder, ArrayRef, DictionaryArray, Float64Builder, Int32Array, Int32Builder, Int64Array, StringBuilder};
use arrow::datatypes::Int32Type;
use csv::StringRecord;
use rayon::prelude::*;

use super::cells::{self, Cell, ChoiceSet};
use super::facilities::{Facilities, FacilityRow};
use super::source::Source;
use super::{Context, Place, masks};
use crate::facts::dictionary::{Item, ValueType};
use crate::facts::finding::Finding;
use crate::ground::artefact::{ColumnNote, Table};
use crate::ground::error::Result;

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

/// Where something was said, and which of the column's sayings and answers it was. Small: an extract of the nation has
/// seven million of them.
struct Row {
    row_no: u32,
    /// Row of Excel in the table that the column is of.
    source_row: u32,
    saying: u32,
    column: u16,
    answer: u16,
    /// Place within the cell, or within the one-hot columns of a row.
    seq: u16,
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
    let columns: Vec<Vec<Vec<&str>>> = context.sources.iter().map(by_column).collect();
    let longs: Vec<Long> = items.par_iter().map(|&(item, number)| Reader::new(context, item, number, &columns[number]).read(facilities)).collect();
    drop(columns);
    let told = longs.iter().zip(&items).flat_map(|(long, (_, number))| long.findings.iter().map(|f| (*number, f)));
    masks::refuse_undecided(context, told)?;
    let rows = |notes: bool| longs.iter().zip(&items).filter(|(_, (i, _))| is_note(i) == notes).map(|(l, _)| l.rows.len()).sum();
    let (mut answers, mut notes) = (Columns::with_capacity(rows(false)), Columns::with_capacity(rows(true)));
    for (long, (item, number)) in longs.into_iter().zip(items) {
        let columns = if is_note(item) { &mut notes } else { &mut answers };
        findings.extend(columns.add(long, item, &context.sources[number]));
    }
    let (answers, notes) = rayon::join(|| answers.table("ing_answers"), || notes.table("ing_notes"));
    Ok((answers?, notes?))
}

/// The cells of a table by column: rows lie far apart in memory, and every item goes through all of them.
fn by_column(source: &Source) -> Vec<Vec<&str>> {
    let mut columns: Vec<Vec<&str>> = (0..source.headers.len()).map(|_| Vec::with_capacity(source.rows.len())).collect();
    for (_, record) in &source.rows {
        let cells = record.iter().chain(std::iter::repeat(""));
        columns.iter_mut().zip(cells).for_each(|(column, cell)| column.push(cell));
    }
    columns
}

/// Reads one item in one table.
struct Reader<'a> {
    context: &'a Context<'a>,
    source: &'a Source,
    number: usize,
    item: &'a Item,
    glyphs: cells::Glyphs,
    columns: &'a [Vec<&'a str>],
}

impl<'a> Reader<'a> {
    fn new(context: &'a Context<'a>, item: &'a Item, number: usize, columns: &'a [Vec<&'a str>]) -> Self {
        let source = &context.sources[number];
        Self { context, source, number, item, columns, glyphs: source.glyphs(&item.item_code, &item.function_code, context.masked) }
    }

    /// Reported facilities with a row in this table, and its place there.
    fn rows<'f>(&self, facilities: &'f Facilities) -> impl Iterator<Item = (&'f FacilityRow, usize)> {
        let number = self.number;
        facilities.rows.iter().filter(|f| f.is_reported).filter_map(move |f| Some((f, f.part_of(number)?)))
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
        // each distinct text is understood once, and long lists of them in parallel
        let (mut known, mut distinct) = (HashMap::<&str, u32>::new(), Vec::new());
        let said: Vec<(&FacilityRow, u32, u32)> = self
            .rows(facilities)
            .map(|(facility, index)| {
                let (raw, source_row) = (self.columns[column][index], self.source.rows[index].0);
                let saying = *known.entry(raw).or_insert_with(|| {
                    distinct.push(raw);
                    distinct.len() as u32 - 1
                });
                (facility, source_row, saying)
            })
            .collect();
        drop(known);
        let understand = |raw: &&str| {
            let cell = match item.value_type {
                ValueType::Choice => set.single(raw, glyphs),
                ValueType::Multi => set.multi(raw, glyphs),
                ValueType::Count => cells::count(raw, glyphs),
                ValueType::Number => cells::number(raw, glyphs),
                _ => cells::text(raw),
            };
            let trouble = match cell {
                Cell::Unreadable(code) => Some(code),
                Cell::Guessed(_) => Some("new_choice"),
                _ => None,
            };
            (Saying { raw: raw.trim_start_matches(text::NO_VALUE).trim().to_owned(), answers: answers_of(item, &cell) }, trouble)
        };
        let troubles: Vec<Option<&'static str>>;
        (long.sayings, troubles) = distinct.par_iter().map(understand).unzip();
        for (facility, source_row, saying) in said {
            for answer in 0..long.sayings[saying as usize].answers.len() as u16 {
                long.rows.push(Row { row_no: facility.row_no, source_row, column: column as u16, saying, answer, seq: answer });
            }
            if let Some(code) = troubles[saying as usize] {
                long.findings.push(self.finding(code, facility, source_row, column, distinct[saying as usize]));
            }
        }
    }

    fn read_one_hot(&self, columns: &[(usize, String)], facilities: &Facilities, long: &mut Long) {
        let values = &self.source.layout.values;
        let folded = |list: &[String]| list.iter().map(|s| text::fold(s)).collect::<Vec<_>>();
        let (selected, unselected) = (folded(&values.selected), folded(&values.unselected));
        // saying 0 means the choice of a column; its answers stand in the order of the columns, then 「選択なし」
        let choice = |code: &String| Answer { choice_code: Some(code.clone()), state: "answered", ..Answer::default() };
        let mut answers: Vec<Answer> = columns.iter().map(|(_, code)| choice(code)).collect();
        let none = values.none_selected.get(&self.item.item_code).filter(|code| !code.is_empty());
        answers.extend(none.map(|code| Answer { name: Some("（選択なし）".into()), ..choice(code) }));
        // a mark that nobody knows may be a choice or none
        let unknown = answers.len() as u16;
        answers.push(Answer { state: "unreadable", ..Answer::default() });
        long.sayings.push(Saying { raw: values.selected.first().cloned().unwrap_or_default(), answers });
        // cells after the last filled one are not kept of a sheet, in text they are missing
        let is_whole = |record: &StringRecord| self.source.is_workbook || columns.iter().all(|(c, _)| *c < record.len());
        for (facility, index) in self.rows(facilities) {
            let (source_row, record) = (self.source.rows[index].0, &self.source.rows[index].1);
            let (mut seq, mut unread) = (0, None);
            for (answer, (column, _)) in columns.iter().enumerate() {
                let raw = record.get(*column).unwrap_or("");
                if raw.is_empty() {
                    continue;
                }
                let key = text::fold(raw);
                if selected.contains(&key) {
                    let (column, answer) = (*column as u16, answer as u16);
                    long.rows.push(Row { row_no: facility.row_no, source_row, column, saying: 0, answer, seq });
                    seq += 1;
                } else if !key.is_empty() && !unselected.contains(&key) {
                    let code = if raw.starts_with(text::NO_VALUE) { "formula_without_value" } else { "unknown_mark" };
                    long.findings.push(self.finding(code, facility, source_row, *column, raw));
                    unread = unread.or(Some(*column as u16));
                }
            }
            if let Some(column) = unread {
                long.rows.push(Row { row_no: facility.row_no, source_row, column, saying: 0, answer: unknown, seq });
                seq += 1;
            }
            // A layout says what an empty group means; a row cut short says nothing.
            if seq == 0 && none.is_some() && is_whole(record) {
                let (column, answer) = (columns[0].0 as u16, columns.len() as u16);
                long.rows.push(Row { row_no: facility.row_no, source_row, column, saying: 0, answer, seq: 0 });
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
            text::names(text).into_iter().map(|n| Answer { name: Some(n), state: "answered", ..Answer::default() }).collect()
        }
        Cell::Text(_) => vec![answered],
        Cell::Unreadable(_) => vec![Answer { state: "unreadable", ..Answer::default() }],
    }
}

/// Texts that stand in many rows, each kept once.
#[derive(Default)]
struct Words {
    texts: StringBuilder,
    known: HashMap<String, i32>,
}

impl Words {
    fn add(&mut self, text: &str) -> i32 {
        self.texts.append_value(text);
        self.texts.len() as i32 - 1
    }

    fn number(&mut self, text: &str) -> i32 {
        if let Some(&number) = self.known.get(text) {
            return number;
        }
        let number = self.add(text);
        self.known.insert(text.to_owned(), number);
        number
    }
}

/// The long table, column by column; texts as numbers of words.
#[derive(Default)]
struct Columns {
    row_no: Vec<i64>,
    item: Vec<i32>,
    seq: Vec<i32>,
    choice: Int32Builder,
    low: Float64Builder,
    high: Float64Builder,
    state: Vec<i32>,
    raw: Int32Builder,
    column_no: Vec<i64>,
    column: Vec<i32>,
    source_row: Vec<i32>,
    codes: Words,
    names: Words,
    raws: Words,
}

impl Columns {
    fn with_capacity(n: usize) -> Self {
        Self {
            row_no: Vec::with_capacity(n),
            item: Vec::with_capacity(n),
            seq: Vec::with_capacity(n),
            choice: Int32Builder::with_capacity(n),
            low: Float64Builder::with_capacity(n),
            high: Float64Builder::with_capacity(n),
            state: Vec::with_capacity(n),
            raw: Int32Builder::with_capacity(n),
            column_no: Vec::with_capacity(n),
            column: Vec::with_capacity(n),
            source_row: Vec::with_capacity(n),
            ..Self::default()
        }
    }

    /// Adds what was read of an item in a table; columns of a later table stand behind those of the earlier ones.
    fn add(&mut self, long: Long, item: &Item, source: &Source) -> Vec<Finding> {
        let item_number = self.codes.number(&item.item_code);
        // choice, state and name of an answer, as numbers of the dictionaries
        type Numbered = (Option<i32>, i32, Option<i32>);
        let numbers: Vec<(i32, Vec<Numbered>)> = long
            .sayings
            .iter()
            .map(|saying| {
                let answers = saying.answers.iter().map(|a| {
                    let choice = a.choice_code.as_deref().map(|c| self.codes.number(c));
                    (choice, self.codes.number(a.state), a.name.as_deref().map(|n| self.raws.add(n)))
                });
                let answers = answers.collect();
                (self.raws.add(&saying.raw), answers)
            })
            .collect();
        let mut columns: HashMap<u16, i32> = HashMap::new();
        for row in &long.rows {
            let (raw, answers) = &numbers[row.saying as usize];
            let (choice, state, name) = answers[usize::from(row.answer)];
            let range = long.sayings[row.saying as usize].answers[usize::from(row.answer)].range;
            self.row_no.push(i64::from(row.row_no));
            self.item.push(item_number);
            self.seq.push(i32::from(row.seq));
            self.choice.append_option(choice);
            self.low.append_option(range.map(|r| r.0));
            self.high.append_option(range.map(|r| r.1));
            self.state.push(state);
            // the text of a cell with several choices stands once, with the first
            self.raw.append_option(name.or((row.seq == 0).then_some(*raw)));
            self.column_no.push(i64::from(source.row_offset) + i64::from(row.column) + 1);
            let names = &mut self.names;
            self.column.push(*columns.entry(row.column).or_insert_with(|| names.number(&source.cell_column(row.column.into()))));
            self.source_row.push(row.source_row as i32);
        }
        long.findings
    }

    fn table(mut self, name: &str) -> Result<Table> {
        let texts = |words: &mut Words| -> ArrayRef { Arc::new(words.texts.finish()) };
        let (codes, names, raws) = (texts(&mut self.codes), texts(&mut self.names), texts(&mut self.raws));
        let words = |keys: Int32Array, of: &ArrayRef| -> Result<ArrayRef> { Ok(Arc::new(DictionaryArray::<Int32Type>::try_new(keys, of.clone())?)) };
        let note = |name: &str, label: &str| ColumnNote::new(name, label, "");
        Table::new(
            name,
            vec![
                (note("row_no", "行番号"), Arc::new(Int64Array::from(self.row_no))),
                (note("item_code", "報告事項コード"), words(self.item.into(), &codes)?),
                (note("seq", "連番"), Arc::new(Int32Array::from(self.seq))),
                (note("choice_code", "選択肢コード"), words(self.choice.finish(), &codes)?),
                (note("value_low", "値の下限"), Arc::new(self.low.finish())),
                (note("value_high", "値の上限"), Arc::new(self.high.finish())),
                (note("state", "状態"), words(self.state.into(), &codes)?),
                (note("raw", "元の値"), words(self.raw.finish(), &raws)?),
                (note("column_no", "列番号"), Arc::new(Int64Array::from(self.column_no))),
                (note("column_name", "列"), words(self.column.into(), &names)?),
                (note("source_row", "ファイルの行番号"), Arc::new(Int32Array::from(self.source_row))),
            ],
        )
    }
}
