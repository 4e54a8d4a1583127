//! What people wrote in the workbook: read back cell by cell, so that nothing of it can be lost.

use std::collections::{BTreeMap, BTreeSet};

use super::listing::{Field, Key, Role, STAMP, key_of, short};
use crate::facts::finding::Finding;
use crate::ground::spreadsheet::{Cell, Kind, Row, Sheet, Value, struck};

/// A sheet of an earlier workbook, by lines.
#[derive(Clone, Debug, Default)]
pub struct OldSheet {
    pub lines: Vec<OldLine>,
    /// Headings of columns that people added, in their order.
    pub extra: Vec<String>,
    /// People hid the sheet, or columns of it.
    pub is_hidden: bool,
    pub hidden_columns: BTreeSet<String>,
}

/// A line of an earlier workbook.
#[derive(Clone, Debug, Default)]
pub struct OldLine {
    pub key: Key,
    /// Where the line was, for messages.
    pub row: usize,
    /// What the program had written, as it stands now.
    pub machine: BTreeMap<String, String>,
    /// What people wrote, by heading: their columns, drafts that they rewrote, and columns that they added.
    pub people: BTreeMap<String, Value>,
    /// Fingerprints of the drafts that people rewrote.
    pub drafts: BTreeMap<String, String>,
    pub places: BTreeMap<String, String>,
    /// Whether the hidden stamp was there.
    pub is_stamped: bool,
    /// The program's cells that people struck, by heading.
    pub struck: BTreeSet<String>,
    /// People hid the row.
    pub is_hidden: bool,
}

/// Text that has no place in the listings any more; kept on its own sheet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Scrap {
    pub sheet: String,
    pub cell: String,
    pub title: String,
    pub about: String,
    pub text: String,
}

impl Scrap {
    pub fn is_empty(&self) -> bool {
        [&self.sheet, &self.cell, &self.title, &self.about, &self.text].iter().all(|t| t.trim().is_empty())
    }
}

/// Everything read from a workbook.
#[derive(Default)]
pub struct People {
    /// The workbook as it was read; none where there was none.
    pub bytes: Option<Vec<u8>>,
    pub sheets: BTreeMap<String, OldSheet>,
    pub scraps: Vec<Scrap>,
    /// Sheets that the program does not know, as they are.
    pub strangers: Vec<Sheet>,
    pub findings: Vec<Finding>,
    /// Every text that people wrote: each must stand in the next workbook too.
    pub must_keep: BTreeSet<String>,
}

/// The sheets that the program writes: name and columns.
pub type Known<'a> = &'a [(&'static str, Vec<Field>)];

/// Reads a workbook. A sheet that cannot be understood is kept as it is and said; the others still count.
pub fn read(sheets: Vec<Sheet>, known: Known<'_>, file: &str) -> People {
    let mut people = People::default();
    for sheet in sheets {
        match known.iter().find(|(name, _)| *name == sheet.name) {
            Some((name, fields)) => {
                let mut reader = Reader { people: &mut people, file, sheet: &sheet };
                let old = reader.read(fields);
                people.sheets.insert((*name).to_owned(), old);
            }
            None => {
                let texts = sheet.rows.iter().flatten().map(|c| c.text.trim().to_owned()).filter(|t| !t.is_empty());
                people.must_keep.extend(texts);
                let mut reader = Reader { people: &mut people, file, sheet: &sheet };
                for (row, column, cell) in sheet.rows.iter().enumerate().flat_map(|(r, cells)| cells.filled().map(move |(c, cell)| (r, c, cell))) {
                    reader.formula(cell, row, column, "", "");
                }
                people.strangers.push(sheet);
            }
        }
    }
    people
}

struct Reader<'a> {
    people: &'a mut People,
    file: &'a str,
    sheet: &'a Sheet,
}

/// Where the columns of a sheet are.
struct Heads {
    /// The heading row.
    row: Option<usize>,
    /// Column of each field.
    fields: Vec<Option<usize>>,
    stamp: Option<usize>,
    /// Columns that people added.
    extra: Vec<(usize, String)>,
}

impl Reader<'_> {
    fn finding(&mut self, code: &str, row: usize, column: usize, value: &str) {
        self.people.findings.push(Finding::new(code).file(self.file).column(self.sheet.place(row, column)).value(value));
    }

    fn read(&mut self, fields: &[Field]) -> OldSheet {
        let sheet = self.sheet;
        let heads = self.heads(fields);
        for &(top, left, bottom, right) in &sheet.merged {
            let touches = (left..=right).any(|c| heads.extra.iter().any(|(e, _)| *e == c) || heads.fields.contains(&Some(c)));
            if touches && bottom > heads.row.unwrap_or(0) {
                self.finding(
                    "workbook_merged",
                    top,
                    left,
                    &format!("{}～{}", crate::ground::spreadsheet::cell_name(top, left), crate::ground::spreadsheet::cell_name(bottom, right)),
                );
            }
        }
        let mut old = OldSheet { extra: heads.extra.iter().map(|(_, t)| t.clone()).collect(), is_hidden: sheet.hidden, ..OldSheet::default() };
        let titles = fields.iter().zip(&heads.fields).filter_map(|(f, c)| c.map(|c| (f.title.to_owned(), c)));
        let titles = titles.chain(heads.extra.iter().map(|(c, t)| (t.clone(), *c)));
        old.hidden_columns = titles.filter(|(_, c)| sheet.looks.hides_column(*c)).map(|(t, _)| t).collect();
        self.hidden(&old, fields, heads.row.unwrap_or(0));
        let texts = |row: usize| sheet.rows[row].iter().map(|c| c.text.trim()).collect::<Vec<_>>();
        for row in (0..sheet.rows.len()).filter(|r| Some(*r) != heads.row) {
            // an empty row, or the heading once more
            if texts(row).iter().all(|t| t.is_empty()) || heads.row.is_some_and(|h| texts(h) == texts(row)) {
                continue;
            }
            match self.line(row, fields, &heads) {
                Some(line) => old.lines.push(line),
                None => self.loose(row, ""),
            }
        }
        old
    }

    /// Says what people hid of a sheet in which they write.
    fn hidden(&mut self, old: &OldSheet, fields: &[Field], head: usize) {
        if old.is_hidden && fields.iter().any(Field::is_people) {
            self.finding("workbook_hidden_sheet", head, 0, &self.sheet.name.clone());
        }
        let used = fields.iter().filter(|f| f.is_people()).map(|f| f.title).filter(|t| old.hidden_columns.contains(*t));
        for title in used.collect::<Vec<_>>() {
            let column = (0..self.sheet.rows.get(head).map_or(0, Row::len)).find(|c| self.sheet.text(head, *c).trim() == title).unwrap_or(0);
            self.finding("workbook_hidden_column", head, column, title);
        }
        if self.sheet.looks.strikes_by_rule {
            self.finding("workbook_struck_by_rule", head, 0, "");
        }
    }

    /// The row that names most of the columns; without one, the columns stand as the program wrote them.
    fn heads(&mut self, fields: &[Field]) -> Heads {
        let sheet = self.sheet;
        let title = |row: usize, column: usize| sheet.text(row, column).trim();
        let width = |row: usize| sheet.rows.get(row).map_or(0, Row::len);
        let score = |row: usize| (0..width(row)).filter(|&c| title(row, c) == STAMP || fields.iter().any(|f| f.title == title(row, c))).count();
        let best = (0..sheet.rows.len().min(20)).max_by_key(|&r| (score(r), std::cmp::Reverse(r)));
        let Some(row) = best.filter(|&r| score(r) * 2 > fields.len()) else {
            if !sheet.rows.iter().flatten().all(|c| c.text.trim().is_empty()) {
                self.finding("check_workbook_header_missing", 0, 0, &sheet.name);
            }
            let used = sheet.used_columns();
            return Heads {
                row: None,
                fields: (0..fields.len()).map(Some).collect(),
                stamp: Some(fields.len()),
                extra: used.range(fields.len() + 1..).map(|&c| (c, added(c))).collect(),
            };
        };
        let find = |name: &str| (0..width(row)).find(|&c| title(row, c) == name);
        let places: Vec<Option<usize>> = fields.iter().map(|f| find(f.title)).collect();
        // a column of the program that an earlier version did not have is nobody's doing; one that was renamed leaves a strange heading
        let renamed = (0..width(row)).map(|c| title(row, c)).any(|t| !t.is_empty() && t != STAMP && fields.iter().all(|f| f.title != t));
        for (field, place) in fields.iter().zip(&places) {
            if place.is_none() && (renamed || field.role != Role::Machine) {
                self.finding("check_workbook_header_changed", row, 0, field.title);
            }
        }
        let stamp = find(STAMP);
        let used = sheet.used_columns();
        let mut extra: Vec<(usize, String)> = Vec::new();
        for c in used.into_iter().filter(|c| Some(*c) != stamp && !places.contains(&Some(*c))) {
            let heading = title(row, c).to_owned();
            let taken = |t: &str| t.is_empty() || t == STAMP || extra.iter().any(|(_, e)| e == t) || fields.iter().any(|f| f.title == t);
            let numbered = (2..1000).map(|n| format!("{}（{n}）", added(c)));
            let name = [heading.clone(), added(c)].into_iter().chain(numbered).find(|t| !taken(t)).unwrap_or(heading);
            self.people.must_keep.insert(title(row, c).to_owned());
            extra.push((c, name));
        }
        self.people.must_keep.remove("");
        Heads { row: Some(row), fields: places, stamp, extra }
    }

    /// A line with its key; `None` where neither stamp nor key columns say which line it is.
    fn line(&mut self, row: usize, fields: &[Field], heads: &Heads) -> Option<OldLine> {
        let sheet = self.sheet;
        let text = |column: Option<usize>| column.map_or("", |c| sheet.text(row, c)).to_owned();
        let stamp = Stamp::parse(&text(heads.stamp));
        if let (Some(column), None) = (heads.stamp, &stamp) {
            // somebody wrote over the stamp
            let said = text(heads.stamp);
            if !said.trim().is_empty() && said.trim() != STAMP {
                self.scrap(row, column, STAMP, "", &said);
            }
        }
        let has_people_only = fields.iter().all(Field::is_people);
        let machine_text = |c: usize| text(heads.fields[c]);
        let keyed = fields.iter().enumerate().any(|(c, f)| f.role == Role::Key && !machine_text(c).trim().is_empty());
        let free = !fields.iter().any(|f| f.role == Role::Key);
        let key = match &stamp {
            Some(stamp) => stamp.key.clone(),
            None if keyed || free || has_people_only => key_of(fields, &|c| machine_text(c).trim().to_owned()),
            None => return None,
        };
        let is_hidden = sheet.looks.hidden_rows.contains(&row);
        let mut line = OldLine { key, row, is_stamped: stamp.is_some(), is_hidden, ..OldLine::default() };
        let about = fields.iter().enumerate().filter(|(_, f)| f.role == Role::Key).map(|(c, _)| machine_text(c)).collect::<Vec<_>>().join("／");
        for (c, field) in fields.iter().enumerate() {
            let Some(column) = heads.fields[c] else { continue };
            let cell = sheet.cell(row, column).cloned().unwrap_or_default();
            self.formula(&cell, row, column, field.title, &about);
            if field.is_people() {
                self.keep(&mut line, field.title, row, column, &cell);
                continue;
            }
            // kept rows are written again as they are read
            let is_kept = [super::merge::ARCHIVE, super::merge::SCRAPS].contains(&sheet.name.as_str());
            line.machine.insert(field.title.to_owned(), if is_kept { sheet.marked(row, column) } else { cell.text.clone() });
            if sheet.looks.is_struck(row, column) {
                line.struck.insert(field.title.to_owned());
                self.finding("workbook_struck", row, column, &sheet.marked(row, column));
            }
            let Some(print) = stamp.as_ref().and_then(|s| s.prints.get(&short(field.title, 3))) else { continue };
            if *print == short(&cell.text, 5) || cell.text.trim().is_empty() {
                continue;
            }
            if field.role == Role::Draft {
                line.drafts.insert(field.title.to_owned(), print.clone());
                self.keep(&mut line, field.title, row, column, &cell);
            } else {
                self.scrap(row, column, field.title, &about, &sheet.marked(row, column));
            }
        }
        for (column, title) in &heads.extra {
            let cell = sheet.cell(row, *column).cloned().unwrap_or_default();
            self.formula(&cell, row, *column, title, &about);
            self.keep(&mut line, title, row, *column, &cell);
        }
        if is_hidden && !line.people.is_empty() {
            self.finding("workbook_hidden_row", row, 0, &about);
        }
        Some(line)
    }

    fn keep(&mut self, line: &mut OldLine, title: &str, row: usize, column: usize, cell: &Cell) {
        line.places.insert(title.to_owned(), self.sheet.place(row, column));
        if cell.text.trim().is_empty() {
            return;
        }
        self.people.must_keep.insert(cell.text.trim().to_owned());
        let is_struck = self.sheet.looks.is_struck(row, column);
        if is_struck {
            self.finding("workbook_struck", row, column, &self.sheet.marked(row, column));
        }
        let value = if is_struck { super::listing::fitting(&self.sheet.marked(row, column)) } else { value_of(cell) };
        line.people.insert(title.to_owned(), value);
    }

    fn formula(&mut self, cell: &Cell, row: usize, column: usize, title: &str, about: &str) {
        if let Some(formula) = &cell.formula {
            let code = if self.sheet.looks.without_value(row, column) { "workbook_formula_without_value" } else { "check_workbook_formula" };
            self.finding(code, row, column, &format!("={formula}"));
            self.scrap(row, column, title, about, &format!("={formula}"));
        }
    }

    fn scrap(&mut self, row: usize, column: usize, title: &str, about: &str, text: &str) {
        let text = text.trim().to_owned();
        self.people.must_keep.insert(struck::plain(&text).into_owned());
        let cell = crate::ground::spreadsheet::cell_name(row, column);
        let scrap = Scrap { sheet: self.sheet.name.clone(), cell, title: title.to_owned(), about: about.to_owned(), text };
        self.people.scraps.push(scrap);
    }

    /// A row outside the listing: every text of it is kept.
    fn loose(&mut self, row: usize, about: &str) {
        for column in self.sheet.rows.get(row).into_iter().flat_map(Row::filled).map(|(c, _)| c) {
            let text = self.sheet.marked(row, column).trim().to_owned();
            if !text.is_empty() {
                self.scrap(row, column, "", about, &text);
            }
        }
    }
}

fn added(column: usize) -> String {
    format!("列 {}", crate::ground::spreadsheet::column_name(column))
}

/// A cell of people as it is written again.
pub fn value_of(cell: &Cell) -> Value {
    match cell.kind {
        Kind::Date if cell.text.len() == 10 => Value::Date(cell.text.clone()),
        Kind::Number => cell.text.parse().map_or_else(|_| Value::Text(cell.text.clone()), Value::Number),
        _ => super::listing::fitting(&cell.text),
    }
}

/// A hidden stamp: key and value of the line, fingerprints of its cells by heading.
struct Stamp {
    key: Key,
    prints: BTreeMap<String, String>,
}

impl Stamp {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.trim().splitn(3, '-');
        let (key, value, prints) = (parts.next()?, parts.next()?, parts.next()?);
        let hex = |s: &str| s.bytes().all(|b| b.is_ascii_hexdigit());
        if key.len() != 12 || value.len() != 12 || !hex(key) || !hex(value) || !hex(prints) {
            return None;
        }
        let prints =
            prints.as_bytes().chunks_exact(8).map(|c| String::from_utf8_lossy(c).into_owned()).map(|c| (c[..3].to_owned(), c[3..].to_owned()));
        Some(Self { key: Key { key: key.to_owned(), value: value.to_owned() }, prints: prints.collect() })
    }
}
