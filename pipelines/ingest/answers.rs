//! Wide rows to long answers: each item's column (or one-hot columns) is read once per distinct text, in parallel.

use std::collections::HashMap;

use csv::StringRecord;
use polars::prelude as pl;
use polars::prelude::NamedFrom;
use rayon::prelude::*;

use super::cells::{self, Cell, ChoiceSet};
use super::facilities::{Facilities, FacilityRow};
use super::{Context, Place};
use crate::artefact::{ColumnNote, Table};
use crate::dictionary::{Item, ValueType};
use crate::error::Result;
use crate::finding::Finding;

/// Long rows of one item, column by column.
#[derive(Default)]
struct Long {
    row_no: Vec<i64>,
    seq: Vec<i64>,
    choice_code: Vec<Option<String>>,
    low: Vec<Option<f64>>,
    high: Vec<Option<f64>>,
    state: Vec<&'static str>,
    raw: Vec<String>,
    column_no: Vec<i64>,
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
    ];
    Table::from_polars(name, notes.iter().map(|(n, l)| ColumnNote::new(n, l, "")).collect(), &frame)
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
    // Most columns hold a few dozen distinct texts in thousands of rows.
    let mut known: HashMap<&str, Cell> = HashMap::new();
    for facility in facilities.rows.iter().filter(|f| f.is_reported) {
        let raw = data[facility.index].1.get(column).unwrap_or("");
        let cell = known.entry(raw).or_insert_with(|| match item.value_type {
            ValueType::Choice => set.single(raw, glyphs),
            ValueType::Multi => set.multi(raw, glyphs),
            ValueType::Count => cells::count(raw, glyphs),
            ValueType::Number => cells::number(raw, glyphs),
            _ => cells::text(raw),
        });
        long.push(context, item, facility, column, raw, cell);
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
    let none = context.layout.values.none_selected.get(&item.item_code);
    for facility in facilities.rows.iter().filter(|f| f.is_reported) {
        let record = &data[facility.index].1;
        let mut seq = 0;
        for (column, code) in columns {
            let raw = record.get(*column).unwrap_or("");
            let key = cells::fold(raw);
            if key.is_empty() {
                continue;
            }
            if selected.contains(&key) {
                long.row(facility, seq, Some(code.clone()), None, "answered", raw, *column);
                seq += 1;
            } else {
                long.findings.push(finding(context, "unknown_mark", item, facility, *column, raw));
            }
        }
        if seq == 0 {
            // A layout says what an empty group means; a row cut short says nothing.
            let complete = columns.iter().all(|(c, _)| *c < record.len());
            if let Some(code) = none.filter(|_| complete) {
                long.row(facility, 0, Some(code.clone()), None, "answered", "（選択なし）", columns[0].0);
            }
        }
    }
}

fn finding(context: &Context<'_>, code: &str, item: &Item, facility: &FacilityRow, column: usize, raw: &str) -> Finding {
    context.finding(code, Some(facility.row_no), Some(column)).facility(&facility.facility_id).item(&item.item_code).value(raw)
}

impl Long {
    fn push(&mut self, context: &Context<'_>, item: &Item, facility: &FacilityRow, column: usize, raw: &str, cell: &Cell) {
        match cell {
            // Not answered is the absence of a row; it is evidence of nothing.
            Cell::Blank => {}
            Cell::Choices(codes) => {
                // the text stands once, with the first choice
                for (seq, code) in codes.iter().enumerate() {
                    self.row(facility, seq, Some(code.clone()), None, "answered", if seq == 0 { raw } else { "" }, column);
                }
            }
            Cell::Number { low, high, masked } => {
                let state = if *masked { "masked" } else { "answered" };
                self.row(facility, 0, None, Some((*low, *high)), state, raw, column);
            }
            Cell::Text(text) if item.value_type == ValueType::Names => {
                let names = text.split(['、', ';', '；', '，', ',', '\n']).map(str::trim).filter(|n| !n.is_empty());
                for (seq, name) in names.enumerate() {
                    self.row(facility, seq, None, None, "answered", name, column);
                }
            }
            Cell::Text(text) => self.row(facility, 0, None, None, "answered", text, column),
            Cell::Unreadable(code) => {
                self.row(facility, 0, None, None, "unreadable", raw, column);
                self.findings.push(finding(context, code, item, facility, column, raw));
            }
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn row(
        &mut self,
        facility: &FacilityRow,
        seq: usize,
        choice: Option<String>,
        range: Option<(f64, f64)>,
        state: &'static str,
        raw: &str,
        column: usize,
    ) {
        self.row_no.push(i64::from(facility.row_no));
        self.seq.push(seq as i64);
        self.choice_code.push(choice);
        self.low.push(range.map(|r| r.0));
        self.high.push(range.map(|r| r.1));
        self.state.push(state);
        self.raw.push(raw.to_owned());
        self.column_no.push(column as i64 + 1);
    }

    fn frame(self, item_code: &str) -> Result<(pl::DataFrame, Vec<Finding>)> {
        let n = self.row_no.len();
        let columns = vec![
            pl::Column::from(pl::Series::new("row_no".into(), self.row_no)),
            pl::Column::new_scalar("item_code".into(), pl::Scalar::from(pl::PlSmallStr::from(item_code)), n),
            pl::Column::from(pl::Series::new("seq".into(), self.seq)),
            pl::Column::from(pl::Series::new("choice_code".into(), self.choice_code)),
            pl::Column::from(pl::Series::new("value_low".into(), self.low)),
            pl::Column::from(pl::Series::new("value_high".into(), self.high)),
            pl::Column::from(pl::Series::new("state".into(), self.state)),
            pl::Column::from(pl::Series::new("raw".into(), self.raw)),
            pl::Column::from(pl::Series::new("column_no".into(), self.column_no)),
        ];
        Ok((pl::DataFrame::new(n, columns)?, self.findings))
    }
}
