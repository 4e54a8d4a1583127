//! Reading: every sheet as rows of cells with their text as people see it, and what kind of cell it was.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Cursor;
use std::path::Path;

use calamine::{Data, DataRef, Reader, SheetType, SheetVisible, Xlsx, XlsxError};

use super::guard::{COLUMNS, Guard, Limits, ROWS};
use super::looks::{self, Looks};
use super::{Cell, Kind, Row, cell_name, column_name, struck};
use crate::ground::error::{Error, Result};
use crate::ground::text::{NO_VALUE, line_feeds};

/// One sheet. Rows and columns are counted from zero at A1, so a cell's place is its place in Excel.
#[derive(Clone, Debug, Default)]
pub struct Sheet {
    pub name: String,
    pub hidden: bool,
    pub rows: Vec<Row>,
    /// Merged regions: first row, first column, last row, last column.
    pub merged: Vec<(usize, usize, usize, usize)>,
    /// What is struck, hidden, or a formula without a value.
    pub looks: Looks,
}

impl Sheet {
    /// Text of a cell; nothing beyond the used range.
    pub fn text(&self, row: usize, column: usize) -> &str {
        self.cell(row, column).map_or("", |c| c.text.as_str())
    }

    pub fn cell(&self, row: usize, column: usize) -> Option<&Cell> {
        self.rows.get(row).and_then(|r| r.get(column))
    }

    /// Text of a cell with marks around what is struck (`struck`).
    pub fn marked(&self, row: usize, column: usize) -> String {
        self.looks.marked(row, column, self.text(row, column))
    }

    /// `シート「協議シート」の B12`
    pub fn place(&self, row: usize, column: usize) -> String {
        format!("シート「{}」の {}", self.name, cell_name(row, column))
    }

    /// Columns in which a text or a formula stands.
    pub fn used_columns(&self) -> BTreeSet<usize> {
        let filled = self.rows.iter().flat_map(Row::filled).filter(|(_, cell)| !cell.text.trim().is_empty() || cell.formula.is_some());
        filled.map(|(c, _)| c).collect()
    }

    /// `シート「協議シート」の列 B`
    pub fn column_place(&self, column: usize) -> String {
        format!("シート「{}」の列 {}", self.name, column_name(column))
    }
}

/// All sheets of a workbook, hidden ones too, in their order.
pub fn read(path: &Path) -> Result<Vec<Sheet>> {
    let bytes = std::fs::read(path).map_err(|e| Error::io("Excel ファイルを読めません", path, &e))?;
    read_bytes(bytes).map_err(|e| e.file(path))
}

/// All sheets of a workbook that is in memory.
pub fn read_bytes(bytes: Vec<u8>) -> Result<Vec<Sheet>> {
    read_within(bytes, &Limits::PEOPLE)
}

/// The same with other limits.
pub fn read_within(bytes: Vec<u8>, limits: &Limits) -> Result<Vec<Sheet>> {
    guarded(bytes, limits, sheets)
}

/// Rows of every sheet without the kinds and formulas of their cells: a tenth of the memory of `read`, for wide extracts.
/// Blank rows are left out; the numbers of the others are those of Excel. A formula of which the file holds no value stands
/// as `NO_VALUE` and its text.
pub struct Rows {
    pub name: String,
    pub rows: Vec<(u32, csv::StringRecord)>,
    /// Merged regions as in `Sheet`.
    pub merged: Vec<(usize, usize, usize, usize)>,
    pub hidden: bool,
    pub looks: Looks,
}

/// The sheets of a workbook that is in memory, one cell after another.
pub fn rows_of_bytes(bytes: Vec<u8>) -> Result<Vec<Rows>> {
    rows_within(bytes, &Limits::EXTRACT)
}

/// The same with other limits.
pub fn rows_within(bytes: Vec<u8>, limits: &Limits) -> Result<Vec<Rows>> {
    guarded(bytes, limits, streamed)
}

/// A reader of a whole workbook.
type Reading<T> = fn(Cursor<Vec<u8>>, HashMap<String, Looks>, &mut Guard<'_>) -> Result<T>;

fn guarded<T>(bytes: Vec<u8>, limits: &Limits, read: Reading<T>) -> Result<T> {
    if bytes.starts_with(&[0xD0, 0xCF, 0x11, 0xE0]) {
        // an OLE container: the old format, or a new one under a password
        return Err(Error::new("Excel の古い形式（.xls）か、パスワードつきのファイルです")
            .next("Excel で開き、パスワードを外して、「Excel ブック（.xlsx）」で保存し直してください"));
    }
    let mut guard = Guard::new(limits);
    guard.unpacked(&bytes)?;
    // a damaged file must never stop the program with the library's own panic
    let read = || {
        let looks = looks::read(&bytes);
        read(Cursor::new(bytes), looks, &mut guard)
    };
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(read)).unwrap_or_else(|_| Err(broken("中身がこわれています")))
}

fn streamed(source: Cursor<Vec<u8>>, mut looks: HashMap<String, Looks>, guard: &mut Guard<'_>) -> Result<Vec<Rows>> {
    let mut book = Xlsx::new(source).map_err(|e| explain(&e))?;
    let listed: Vec<(String, bool)> = book.sheets_metadata().iter().map(|s| (s.name.clone(), s.visible != SheetVisible::Visible)).collect();
    guard.sheets(listed.len())?;
    let mut found = Vec::with_capacity(listed.len());
    for (name, hidden) in listed {
        let merged = merged(&mut book, &name);
        let mut reader = match book.worksheet_cells_reader(&name) {
            Ok(reader) => reader,
            // a chart sheet has no cells
            Err(XlsxError::NotAWorksheet(_)) => continue,
            Err(e) => return Err(explain(&e)),
        };
        let looks = looks.remove(&name).unwrap_or_default();
        let mut rows: BTreeMap<u32, Vec<(u32, String)>> = BTreeMap::new();
        let mut done: Vec<(u32, csv::StringRecord)> = Vec::new();
        while let Some(next) = reader.next_cell_with_formula().map_err(|e| explain(&e))? {
            let (row, column) = next.pos;
            let text = match (&next.value, &next.formula) {
                // written by a program that computes nothing: to leave it out would make it a blank
                (DataRef::Empty, Some(formula)) => format!("{NO_VALUE}={formula}"),
                (_, Some(formula)) if looks.without_value(row as usize, column as usize) => format!("{NO_VALUE}={formula}"),
                (value, _) => cell(&Data::from(value.clone())).text,
            };
            if text.is_empty() {
                continue;
            }
            guard.cell(&name, (row, column), &text, None)?;
            // rows come in order; a file that jumps back is put in order by the map
            if rows.len() > 1 && rows.last_key_value().is_some_and(|(last, _)| row > *last) {
                flush(&name, &mut rows, &mut done, guard)?;
            }
            rows.entry(row).or_default().push((column, text));
        }
        flush(&name, &mut rows, &mut done, guard)?;
        done.sort_by_key(|(row, _)| *row);
        found.push(Rows { name, rows: done, merged, hidden, looks });
    }
    Ok(found)
}

/// Moves the gathered cells over as records, gaps filled with empty cells.
fn flush(sheet: &str, rows: &mut BTreeMap<u32, Vec<(u32, String)>>, done: &mut Vec<(u32, csv::StringRecord)>, guard: &mut Guard<'_>) -> Result<()> {
    for (row, mut cells) in std::mem::take(rows) {
        cells.sort_by_key(|(column, _)| *column);
        let width = cells.last().map_or(0, |(column, _)| *column as usize + 1);
        guard.gaps(sheet, (row as usize, width), width.saturating_sub(cells.len()))?;
        let mut record = csv::StringRecord::with_capacity(cells.iter().map(|(_, t)| t.len()).sum(), cells.len());
        for (column, text) in cells {
            while record.len() < column as usize {
                record.push_field("");
            }
            record.push_field(&text);
        }
        done.push((row + 1, record));
    }
    Ok(())
}

/// Merged regions of a sheet, as far as the format knows such cells.
fn merged(book: &mut Xlsx<Cursor<Vec<u8>>>, name: &str) -> Vec<(usize, usize, usize, usize)> {
    let regions = book.merge_cells_by_sheet_name(name).unwrap_or_default();
    let inside = regions.iter().filter(|d| d.end.0 < ROWS && d.end.1 < COLUMNS);
    inside.map(|d| (d.start.0 as usize, d.start.1 as usize, d.end.0 as usize, d.end.1 as usize)).collect()
}

fn sheets(source: Cursor<Vec<u8>>, mut looks: HashMap<String, Looks>, guard: &mut Guard<'_>) -> Result<Vec<Sheet>> {
    let mut book = Xlsx::new(source).map_err(|e| explain(&e))?;
    // a chart sheet has no cells
    let cells = book.sheets_metadata().iter().filter(|s| s.typ == SheetType::WorkSheet);
    let listed: Vec<(String, bool)> = cells.map(|s| (s.name.clone(), s.visible != SheetVisible::Visible)).collect();
    guard.sheets(listed.len())?;
    let mut found = Vec::with_capacity(listed.len());
    for (name, hidden) in listed {
        let merged = merged(&mut book, &name);
        let mut rows: Vec<Row> = Vec::new();
        // a sheet that cannot be read must not pass for an empty one
        let mut reader = book.worksheet_cells_reader(&name).map_err(|e| explain(&e))?;
        while let Some(next) = reader.next_cell_with_formula().map_err(|e| explain(&e))? {
            let mut read = cell(&Data::from(next.value));
            read.formula = next.formula.filter(|f| !f.is_empty());
            if read == Cell::default() {
                continue;
            }
            guard.cell(&name, next.pos, &read.text, read.formula.as_deref())?;
            let (row, column) = (next.pos.0 as usize, next.pos.1 as usize);
            if rows.len() <= row {
                rows.resize_with(row + 1, Row::default);
            }
            rows[row].put(column, read);
        }
        for (r, row) in rows.iter().enumerate() {
            guard.gaps(&name, (r, row.len()), row.len() - row.filled().count())?;
        }
        let looks = looks.remove(&name).unwrap_or_default();
        found.push(Sheet { name, hidden, rows, merged, looks });
    }
    Ok(found)
}

fn cell(data: &Data) -> Cell {
    let (text, kind) = match data {
        Data::Empty => (String::new(), Kind::Empty),
        Data::String(s) if s.is_empty() => (String::new(), Kind::Empty),
        Data::String(s) => (struck::without_marks(line_feeds(s)), Kind::Text),
        Data::Int(n) => (n.to_string(), Kind::Number),
        Data::Float(n) => (n.to_string(), Kind::Number),
        Data::Bool(b) => ((if *b { "TRUE" } else { "FALSE" }).to_owned(), Kind::Flag),
        Data::DateTime(date) if date.is_datetime() => {
            let (year, month, day, hour, minute, second, _) = date.to_ymd_hms_milli();
            let day = format!("{year:04}-{month:02}-{day:02}");
            (if (hour, minute, second) == (0, 0, 0) { day } else { format!("{day}T{hour:02}:{minute:02}:{second:02}") }, Kind::Date)
        }
        Data::DateTime(duration) => (duration.as_f64().to_string(), Kind::Number),
        Data::DateTimeIso(s) | Data::DurationIso(s) => (s.clone(), Kind::Date),
        Data::Error(e) => (e.to_string(), Kind::Error),
    };
    Cell { text, kind, formula: None }
}

/// Text of a cell as people see it.
pub(super) fn text_of(data: &Data) -> String {
    cell(data).text
}

pub(super) fn broken(why: &str) -> Error {
    Error::new(format!("Excel ファイルとして読めません：{why}"))
        .next("Excel で開けるかを確かめ、「Excel ブック（.xlsx）」で保存し直してください。開けないときは控えから戻してください")
}

fn explain(error: &XlsxError) -> Error {
    match error {
        XlsxError::Password => Error::new("パスワードつきの Excel ファイルです").next("Excel でパスワードを外して保存し直してください"),
        other => broken(&other.to_string()),
    }
}
