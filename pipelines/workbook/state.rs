//! The program's own record inside the workbook, on a sheet that people do not see: what was written the last time.

use std::collections::BTreeMap;

use super::layout::{Layout, Owner, TableSpec};
use super::merge::{Known, Row, same};
use crate::ground::spreadsheet::{Sheet, struck};

/// Sheet code → key → row as written.
#[derive(Clone, Debug, Default)]
pub struct State {
    pub tables: BTreeMap<String, BTreeMap<String, Known>>,
    /// Texts of the sheets that are only to be read.
    pub guides: Vec<String>,
}

const MARK: &str = "kyogi 1";

impl State {
    /// The record, or nothing when the sheet is not one.
    pub fn read(sheet: &Sheet, layout: &Layout) -> Option<Self> {
        if sheet.text(0, 0) != MARK {
            return None;
        }
        let mut state = Self { tables: layout.tables.iter().map(|t| (t.code.clone(), BTreeMap::new())).collect(), guides: Vec::new() };
        // columns may have been added to the form since
        let mut forms: BTreeMap<String, Vec<Option<usize>>> = BTreeMap::new();
        let mut extras: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for row in sheet.rows.iter().skip(1) {
            let text = |i: usize| row.get(i).map_or("", |c| c.text.as_str());
            let rest = || row.iter().skip(3).map(|c| c.text.clone());
            let (kind, code, key) = (text(0), text(1).to_owned(), text(2).to_owned());
            if kind == "guide" {
                state.guides.push(code);
                continue;
            }
            let Some(spec) = layout.tables.iter().find(|t| t.code == code) else { continue };
            let place = |forms: &BTreeMap<String, Vec<Option<usize>>>| {
                let mut cells = vec![String::new(); spec.columns.len()];
                for (at, text) in forms.get(&code).into_iter().flatten().zip(rest()) {
                    if let Some(at) = at {
                        cells[*at] = text;
                    }
                }
                cells
            };
            match kind {
                "form" => {
                    forms.insert(code, rest().map(|c| spec.position(&c)).collect());
                }
                "extra" => {
                    extras.insert(code, rest().collect());
                }
                "m" => {
                    let machine = place(&forms);
                    state.tables.entry(code).or_default().insert(key, Known { written: machine.clone(), machine, extra: Vec::new() });
                }
                "w" => {
                    let written = place(&forms);
                    if let Some(known) = state.tables.entry(code).or_default().get_mut(&key) {
                        known.written = written;
                    }
                }
                "x" => {
                    let extra = extras.get(&code).into_iter().flatten().cloned().zip(rest()).collect();
                    if let Some(known) = state.tables.entry(code).or_default().get_mut(&key) {
                        known.extra = extra;
                    }
                }
                _ => {}
            }
        }
        Some(state)
    }

    /// The rows of the record for what is being written.
    pub fn rows<'a>(tables: impl Iterator<Item = (&'a TableSpec, &'a [String], &'a [Row])>, guides: &[String]) -> Vec<Vec<String>> {
        let mut rows = vec![vec![MARK.to_owned()]];
        let line = |kind: &str, spec: &TableSpec, key: &str, rest: &mut dyn Iterator<Item = String>| {
            [kind.to_owned(), spec.code.clone(), key.to_owned()].into_iter().chain(rest).collect::<Vec<_>>()
        };
        for (spec, extra, merged) in tables {
            rows.push(line("form", spec, "", &mut spec.columns.iter().map(|c| c.column.clone())));
            rows.push(line("extra", spec, "", &mut extra.iter().cloned()));
            for row in merged {
                rows.push(line("m", spec, &row.key, &mut row.machine.iter().cloned()));
                // a line through a tag is no other tag
                let tags = |i: usize| matches!(spec.owner(i), Owner::Key | Owner::Place);
                let cells: Vec<String> =
                    row.cells.iter().enumerate().map(|(i, c)| if tags(i) { struck::plain(c).into_owned() } else { c.clone() }).collect();
                if cells.iter().zip(&row.machine).any(|(c, m)| !same(c, m)) {
                    rows.push(line("w", spec, &row.key, &mut cells.into_iter()));
                }
                if row.extra.iter().any(|t| !t.is_empty()) {
                    rows.push(line("x", spec, &row.key, &mut row.extra.iter().cloned()));
                }
            }
        }
        rows.extend(guides.iter().map(|g| vec!["guide".to_owned(), g.clone()]));
        rows
    }
}
