//! The workbook as people left it: which sheet is which, which column is which, and every row. What is odd becomes a finding; nothing stops.

use crate::ground::text;
use std::collections::{BTreeMap, BTreeSet};

use super::layout::{Layout, Owner, TableSpec};
use super::merge::{Edited, Group, same};
use super::places::{Places, Said};
use super::state::State;
use crate::facts::finding::Finding;
use crate::ground::spreadsheet::{Kind, Row, Sheet, cell_name, struck};
use crate::render::glyphs::missing_in;

/// Headings this far down are still looked for: people put titles above them.
const HEAD_ROWS: usize = 15;

/// One sheet with rows, found.
#[derive(Clone, Debug, Default)]
pub struct FoundTable {
    pub sheet: String,
    /// Columns of the form → column of the sheet.
    pub columns: Vec<Option<usize>>,
    pub extra_headers: Vec<String>,
    pub extra_columns: Vec<usize>,
    pub rows: Vec<Edited>,
    /// Texts above the headings, and in the place of a heading.
    pub above: Vec<String>,
    /// People hid the sheet: what it says does not count.
    pub is_hidden: bool,
    /// Columns of the form, people's after them, that people hid.
    pub hidden_columns: Vec<usize>,
}

/// A workbook, taken apart.
#[derive(Default)]
pub struct Found {
    pub tables: BTreeMap<String, FoundTable>,
    pub state: Option<State>,
    /// Rows of the archive sheet as they are.
    pub archive: Vec<Vec<String>>,
    /// Texts in the sheets that are only to be read: sheet, text.
    pub guides: Vec<(String, String)>,
    /// Sheets of people.
    pub others: Vec<Sheet>,
    pub findings: Vec<Finding>,
}

impl FoundTable {
    /// Where a column of the sheet stands in the form, columns of people after it.
    pub fn column_now(&self, spec: &TableSpec, column: usize) -> Option<usize> {
        let own = self.extra_columns.iter().position(|c| *c == column).map(|i| spec.columns.len() + i);
        self.columns.iter().position(|c| *c == Some(column)).or(own)
    }

    /// Where a cell is: `シート「方策」の H12（期限）`.
    pub fn place(&self, spec: &TableSpec, row: u32, column: Option<usize>) -> String {
        match column.and_then(|c| self.columns.get(c).copied().flatten().map(|at| (at, &spec.columns[c].header))) {
            Some((at, header)) => format!("シート「{}」の {}（{header}）", self.sheet, cell_name(row.saturating_sub(1) as usize, at)),
            None => format!("シート「{}」", self.sheet),
        }
    }
}

/// Takes a workbook apart.
pub fn take_apart(sheets: Vec<Sheet>, layout: &Layout, places: &Places, file: &str) -> Found {
    let mut found = Found::default();
    let mut rest = Vec::new();
    for sheet in sheets {
        match sheet.name.as_str() {
            n if n == layout.state => found.state = State::read(&sheet, layout),
            n if n == layout.archive => found.archive = archive_rows(&sheet, layout),
            n if n == layout.guide || n == layout.indicators => {
                let texts = sheet.rows.iter().flatten().filter(|c| !c.text.trim().is_empty()).map(|c| (sheet.name.clone(), c.text.clone()));
                found.guides.extend(texts);
            }
            _ => rest.push(sheet),
        }
    }
    let finding = |code: &str| Finding::new(code).file(file);
    if found.state.is_none() {
        found.findings.push(finding("workbook_state_missing"));
    }
    let mut of_table: Vec<Option<usize>> = layout.tables.iter().map(|t| rest.iter().position(|s| s.name == t.name)).collect();
    for (t, spec) in layout.tables.iter().enumerate() {
        if of_table[t].is_some() {
            continue;
        }
        // a renamed sheet is known by its headings
        let taken: BTreeSet<usize> = of_table.iter().flatten().copied().collect();
        let alike = (0..rest.len()).filter(|i| !taken.contains(i)).map(|i| (share(spec, &rest[i]), i)).filter(|(s, _)| *s >= 0.6);
        of_table[t] = alike.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1))).map(|(_, i)| i);
        match of_table[t] {
            Some(i) => found.findings.push(finding("workbook_sheet_renamed").column(format!("シート「{}」", rest[i].name)).value(spec.name.clone())),
            // a workbook from before the sheet was made never had it
            None if found.state.as_ref().is_some_and(|s| s.tables.get(&spec.code).is_none_or(BTreeMap::is_empty)) => {}
            None => found.findings.push(finding("workbook_sheet_missing").value(spec.name.clone())),
        }
    }
    for (t, spec) in layout.tables.iter().enumerate() {
        let Some(i) = of_table[t] else { continue };
        let known = found.state.as_ref().and_then(|s| s.tables.get(&spec.code));
        let mut reader = TableReader { spec, sheet: &rest[i], file, findings: Vec::new(), table: FoundTable::default() };
        reader.read(places, &|key, column| {
            let machine = known.and_then(|k| k.get(key)).map(|k| &k.machine);
            machine.and_then(|m| m.get(column)).cloned()
        });
        found.findings.append(&mut reader.findings);
        found.tables.insert(spec.code.clone(), reader.table);
    }
    let taken: BTreeSet<usize> = of_table.into_iter().flatten().collect();
    for sheet in rest.into_iter().enumerate().filter(|(i, _)| !taken.contains(i)).map(|(_, s)| s) {
        if layout.tables.iter().any(|t| share(t, &sheet) >= 0.6) {
            found.findings.push(finding("workbook_second_sheet").column(format!("シート「{}」", sheet.name)));
        }
        for (r, row) in sheet.rows.iter().enumerate() {
            for (c, cell) in row.filled().filter(|(_, cell)| cell.formula.is_some()) {
                let code = if sheet.looks.without_value(r, c) { "workbook_formula_without_value" } else { "workbook_formula" };
                found.findings.push(finding(code).row(row_no(r)).column(sheet.place(r, c)).value(cell.text.clone()));
            }
        }
        found.others.push(sheet);
    }
    found
}

fn row_no(r: usize) -> u32 {
    u32::try_from(r + 1).unwrap_or(u32::MAX)
}

fn archive_rows(sheet: &Sheet, layout: &Layout) -> Vec<Vec<String>> {
    let texts: Vec<Vec<String>> = (0..sheet.rows.len()).map(|r| (0..sheet.rows[r].len()).map(|c| sheet.marked(r, c)).collect()).collect();
    let heads: Vec<&str> = layout.archive_columns.iter().map(|c| c.header.as_str()).collect();
    let is_head = |r: &Vec<String>| r.iter().map(String::as_str).take(heads.len()).eq(heads.iter().copied());
    let is_blank = |r: &Vec<String>| r.iter().all(|t| t.trim().is_empty());
    let mut rows = texts;
    if let Some(first) = rows.first_mut().filter(|r| is_head(r)) {
        // headings that people added beside ours
        first.iter_mut().take(heads.len()).for_each(String::clear);
    }
    rows.retain(|r| !is_blank(r));
    rows
}

/// The row of a sheet that holds most headings of a form, and how many.
fn head_row(spec: &TableSpec, sheet: &Sheet) -> (usize, usize) {
    let heads: BTreeSet<String> = spec.columns.iter().map(|c| text::fold(&c.header)).collect();
    let hits = |r: usize| {
        let said: BTreeSet<String> = sheet.rows[r].iter().map(|c| text::fold(&c.text)).collect();
        heads.intersection(&said).count()
    };
    (0..sheet.rows.len().min(HEAD_ROWS)).map(|r| (r, hits(r))).max_by_key(|&(r, n)| (n, std::cmp::Reverse(r))).unwrap_or((0, 0))
}

/// How much of a form's headings a sheet has.
fn share(spec: &TableSpec, sheet: &Sheet) -> f64 {
    head_row(spec, sheet).1 as f64 / spec.columns.len() as f64
}

struct TableReader<'a> {
    spec: &'a TableSpec,
    sheet: &'a Sheet,
    file: &'a str,
    findings: Vec<Finding>,
    table: FoundTable,
}

impl TableReader<'_> {
    fn find(&mut self, code: &str, row: usize, column: usize, text: impl Into<String>) {
        self.findings.push(Finding::new(code).file(self.file).row(row_no(row)).column(self.sheet.place(row, column)).value(text));
    }

    fn read(&mut self, places: &Places, machine: &dyn Fn(&str, usize) -> Option<String>) {
        self.table.sheet = self.sheet.name.clone();
        let (head, hits) = head_row(self.spec, self.sheet);
        let first = if hits >= 3 {
            self.table.above = self.sheet.rows[..head].iter().flatten().map(|c| c.text.clone()).filter(|t| !t.trim().is_empty()).collect();
            self.columns(head);
            head + 1
        } else {
            self.find("workbook_header_missing", 0, 0, "");
            self.table.columns = (0..self.spec.columns.len()).map(Some).collect();
            self.extra_columns(0, &(0..self.spec.columns.len()).collect());
            0
        };
        for &(top, left, bottom, right) in &self.sheet.merged {
            if bottom > top || right > left {
                self.find("workbook_merged_cells", top, left, cell_name(bottom, right));
            }
        }
        self.hidden(first.saturating_sub(1));
        let mut above: Option<Group> = None;
        for r in first..self.sheet.rows.len() {
            let cells: Vec<String> = (0..self.spec.columns.len()).map(|i| self.text(r, i)).collect();
            let extra: Vec<String> = self.table.extra_columns.iter().map(|&c| own_text(self.sheet, r, c)).collect();
            if cells.iter().chain(&extra).all(|t| t.trim().is_empty()) {
                continue;
            }
            for &c in &self.table.extra_columns.clone() {
                if self.sheet.cell(r, c).is_some_and(|x| x.formula.is_some()) {
                    let code = if self.sheet.looks.without_value(r, c) { "workbook_formula_without_value" } else { "workbook_formula" };
                    self.find(code, r, c, self.sheet.text(r, c));
                }
            }
            let group = self.group(r, &cells, places, above.as_ref(), machine);
            if group.is_some() {
                above.clone_from(&group);
            }
            let struck = self.struck(r);
            let is_hidden = self.sheet.looks.hidden_rows.contains(&r);
            let is_people = |i: usize| self.spec.owner(i) == Owner::People && !cells[i].trim().is_empty();
            if let Some(i) = (0..cells.len()).find(|i| is_hidden && is_people(*i)) {
                self.find("workbook_hidden_row", r, 0, cells[i].clone());
            }
            self.table.rows.push(Edited { cells, extra, group, row: row_no(r), struck, is_hidden });
        }
    }

    /// Says which cells of a row are struck, or that the whole row is; gives the columns of key and place that are.
    fn struck(&mut self, r: usize) -> Vec<usize> {
        let sheet = self.sheet;
        let of_form: Vec<(usize, usize)> = self.table.columns.iter().enumerate().filter_map(|(i, c)| c.map(|c| (i, c))).collect();
        let is_filled = |c: &usize| !sheet.text(r, *c).trim().is_empty();
        let is_struck = |c: &usize| sheet.looks.is_struck(r, *c);
        let all: Vec<usize> = of_form.iter().map(|(_, c)| *c).chain(self.table.extra_columns.iter().copied()).filter(is_filled).collect();
        if !all.is_empty() && all.iter().all(|c| struck::live(&sheet.marked(r, *c)).trim().is_empty()) {
            self.find("workbook_struck_row", r, all[0], "");
        } else {
            for c in all.into_iter().filter(is_struck) {
                let text = sheet.marked(r, c);
                self.find("workbook_struck", r, c, text);
            }
        }
        of_form.into_iter().filter(|(i, c)| matches!(self.spec.owner(*i), Owner::Key | Owner::Place) && is_struck(c)).map(|(i, _)| i).collect()
    }

    /// What people hid: the sheet, and columns in which they write.
    fn hidden(&mut self, head: usize) {
        self.table.is_hidden = self.sheet.hidden;
        if self.sheet.hidden {
            self.find("workbook_hidden_sheet", head, 0, "");
        }
        let of_form = self.table.columns.iter().enumerate().filter_map(|(i, c)| c.map(|c| (i, c)));
        let own = self.table.extra_columns.iter().enumerate().map(|(i, c)| (self.spec.columns.len() + i, *c));
        let hidden: Vec<(usize, usize)> = of_form.chain(own).filter(|(_, c)| self.sheet.looks.hides_column(*c)).collect();
        for &(i, c) in hidden.iter().filter(|(i, _)| *i < self.spec.columns.len() && self.spec.owner(*i) == Owner::People) {
            let is_used = (head + 1..self.sheet.rows.len()).any(|r| !self.sheet.text(r, c).trim().is_empty());
            if is_used {
                self.find("workbook_hidden_column", head, c, self.spec.columns[i].header.clone());
            }
        }
        self.table.hidden_columns = hidden.into_iter().map(|(i, _)| i).collect();
        if self.sheet.looks.strikes_by_rule {
            self.find("workbook_struck_by_rule", head, 0, "");
        }
    }

    /// Which column is which, by the headings; a heading that people changed is known by its neighbours.
    fn columns(&mut self, head: usize) {
        let said: Vec<String> = self.sheet.rows[head].iter().map(|c| text::fold(&c.text)).collect();
        let mut taken = BTreeSet::new();
        let mut columns: Vec<Option<usize>> = self
            .spec
            .columns
            .iter()
            .map(|c| {
                let wanted = text::fold(&c.header);
                (0..said.len()).find(|i| said[*i] == wanted && !taken.contains(i)).inspect(|i| {
                    taken.insert(*i);
                })
            })
            .collect();
        let missing: Vec<usize> = (0..columns.len()).filter(|i| columns[*i].is_none()).collect();
        for i in missing {
            // between the columns left and right of it stands exactly one that nobody else claims
            let left = columns[..i].iter().rev().flatten().next().map_or(0, |c| c + 1);
            let right = columns[i + 1..].iter().flatten().next().copied().unwrap_or(left + 1);
            let between: Vec<usize> = (left..right).filter(|c| !taken.contains(c)).collect();
            let header = self.spec.columns[i].header.clone();
            if let [one] = between[..] {
                columns[i] = Some(one);
                taken.insert(one);
                self.find("workbook_header_changed", head, one, header);
                // what people wrote there is not a heading of the form: it must not be lost with the next writing
                self.table.above.extend(Some(self.sheet.text(head, one).to_owned()).filter(|t| !t.trim().is_empty()));
            } else {
                self.find("workbook_column_missing", head, 0, header);
            }
        }
        self.table.columns = columns;
        self.extra_columns(head, &taken);
    }

    fn extra_columns(&mut self, head: usize, taken: &BTreeSet<usize>) {
        let with_head = !self.table.columns.is_empty() && head_row(self.spec, self.sheet).1 >= 3;
        let below = self.sheet.rows.iter().skip(head).flat_map(Row::filled);
        let used: BTreeSet<usize> = below.filter(|(_, cell)| !cell.text.trim().is_empty()).map(|(c, _)| c).collect();
        for &c in used.difference(taken) {
            let header = if with_head { self.sheet.text(head, c).trim().to_owned() } else { String::new() };
            self.table.extra_columns.push(c);
            self.table.extra_headers.push(header);
        }
    }

    /// Text of a cell of the form. A formula's last value is taken; a date is ISO text.
    fn text(&mut self, r: usize, i: usize) -> String {
        let Some(c) = self.table.columns[i] else { return String::new() };
        let Some(cell) = self.sheet.cell(r, c).cloned() else { return String::new() };
        if let Some(formula) = &cell.formula {
            if self.sheet.looks.without_value(r, c) {
                // kept as the text that it is; `is_formula` keeps it from counting
                self.find("workbook_formula_without_value", r, c, format!("={formula}"));
                return format!("={formula}");
            }
            self.find("workbook_formula", r, c, cell.text.clone());
        } else if self.spec.owner(i) == Owner::People && is_formula(&cell.text) {
            self.find("workbook_formula_without_value", r, c, cell.text.clone());
        }
        if self.spec.owner(i) == Owner::People
            && let Some(missing) = missing_in(&cell.text)
        {
            self.find(super::NO_GLYPH, r, c, missing);
        }
        if self.sheet.looks.is_struck(r, c) {
            // a row keeps its tag and its place under the line
            return if matches!(self.spec.owner(i), Owner::Key | Owner::Place) { cell.text } else { self.sheet.marked(r, c) };
        }
        let spec = &self.spec.columns[i];
        if cell.kind == Kind::Error {
            self.find("workbook_error_value", r, c, cell.text.clone());
        }
        if spec.kind == "date" && spec.owner == Owner::People && !cell.text.trim().is_empty() {
            match (cell.kind, text::date(&cell.text), cell.text.parse::<f64>()) {
                (Kind::Date, ..) => {}
                (_, Some(date), _) => self.find("workbook_date_as_text", r, c, format!("{} → {date}", cell.text)),
                (Kind::Number, None, Ok(days)) if (36_526.0..73_051.0).contains(&days) => {
                    let date = from_serial(days as i64);
                    self.find("workbook_date_as_text", r, c, format!("{} → {date}", cell.text));
                    return date;
                }
                _ => self.find("workbook_not_a_date", r, c, cell.text.clone()),
            }
        }
        cell.text
    }

    fn group(
        &mut self,
        r: usize,
        cells: &[String],
        places: &Places,
        above: Option<&Group>,
        machine: &dyn Fn(&str, usize) -> Option<String>,
    ) -> Option<Group> {
        let of = |name: &str| self.spec.position(name).map_or("", |i| cells[i].as_str());
        let key = of("key").trim().to_owned();
        let changed = |name: &str| {
            let Some(i) = self.spec.position(name) else { return false };
            !cells[i].trim().is_empty() && !machine(&key, i).is_some_and(|m| same(&m, &cells[i]))
        };
        let said = Said { area_code: of("area_code"), area: of("area"), theme: of("theme"), part: of("part") };
        let blank = [said.area_code, said.area, said.theme, said.part].iter().all(|t| t.trim().is_empty());
        match places.group(&said, self.spec.position("part").is_some(), above, &changed) {
            Ok(group) => {
                if blank && key.is_empty() {
                    self.find(
                        "workbook_row_like_above",
                        r,
                        0,
                        format!("{}、{}", places.area_name(&group.area_code), places.theme(&group.function_code)),
                    );
                }
                Some(group)
            }
            Err(unclear) => {
                // a generated row keeps its place by its key
                if !key.starts_with('K') {
                    if unclear.is_empty() {
                        self.find("workbook_place_missing", r, 0, "");
                    }
                    for u in unclear {
                        let column = self.spec.position(u.column).and_then(|i| self.table.columns[i]).unwrap_or(0);
                        let near = if u.near.is_empty() { String::new() } else { format!("（近い名前：{}）", u.near.join("、")) };
                        self.find(&format!("workbook_unknown_{}", u.column), r, column, format!("{}{near}", u.text));
                    }
                }
                None
            }
        }
    }
}

/// The text of a formula, from a cell that had no value of it: nobody wrote it to be read.
pub(super) fn is_formula(text: &str) -> bool {
    text.trim_start().starts_with('=')
}

/// A cell of a column that people added, as it goes on: with its strike, or with the formula where that has no value.
fn own_text(sheet: &Sheet, row: usize, column: usize) -> String {
    match sheet.cell(row, column).and_then(|c| c.formula.as_ref()) {
        Some(formula) if sheet.looks.without_value(row, column) => format!("={formula}"),
        _ => sheet.marked(row, column),
    }
}

/// Excel's day number as ISO text.
fn from_serial(days: i64) -> String {
    let first = jiff::civil::date(1899, 12, 30);
    jiff::Span::new().try_days(days).and_then(|span| first.checked_add(span)).map_or_else(|_| days.to_string(), |d| d.to_string())
}
