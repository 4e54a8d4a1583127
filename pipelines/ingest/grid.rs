//! A file as rows of text: CSV in either encoding, or the sheets of a workbook. What the rows mean is said elsewhere.

use crate::ground::text;
use csv::StringRecord;
use rayon::prelude::*;

use crate::facts::finding::Finding;
use crate::ground::decode::{self, Malformed, TextEncoding};
use crate::ground::error::{Error, Result};
use crate::ground::filekind;
use crate::ground::records::{self, Lines, Odd};
use crate::ground::spreadsheet::{self, column_name};

/// The rows of a CSV file or of one sheet as Excel numbers them, header rows included, blank rows left out.
#[derive(Clone, Debug, Default)]
pub struct Grid {
    pub rows: Vec<(u32, StringRecord)>,
    /// How the text was read, for people.
    pub encoding: String,
    /// Row and column of every cell with bytes that have no meaning.
    pub undecodable: Vec<(u32, usize)>,
    /// What it was, cell by cell in the same order.
    pub malformed: Vec<Vec<Malformed>>,
    /// Name of the sheet; empty for CSV.
    pub sheet: String,
    /// How the physical lines of a text add up; zeros for a sheet.
    pub lines: Lines,
    /// What was odd in the form of the text, and read all the same.
    odd: Vec<Odd>,
    /// Merged regions, from zero: first row, first column, last row, last column.
    merged: Vec<(usize, usize, usize, usize)>,
}

/// The tables in the bytes of a file: one of a text, one for each sheet with content of a workbook. The content tells what a
/// file is, not its name.
///
/// # Errors
/// What is no table, or has none that can be read; a text whose lines do not add up.
pub fn read_all(bytes: Vec<u8>, encoding: Option<TextEncoding>) -> Result<Vec<Grid>> {
    let kind = match filekind::of(&bytes)? {
        None => return read(&bytes, encoding).map(|grid| vec![grid]),
        Some(kind) => kind,
    };
    let (sheets, encoding) = match kind.kind.as_str() {
        "xlsx" => (spreadsheet::rows_of_bytes(bytes)?, "Excel ブック"),
        "xls" => (spreadsheet::rows_of_old_bytes(bytes)?, "Excel の古い形式（.xls）"),
        _ => return Err(kind.refused()),
    };
    let grids: Vec<Grid> = sheets
        .into_iter()
        .filter(|s| !s.rows.is_empty())
        .map(|s| Grid { rows: s.rows, encoding: encoding.into(), sheet: s.name, merged: s.merged, ..Grid::default() })
        .collect();
    if grids.is_empty() { Err(empty()) } else { Ok(grids) }
}

fn empty() -> Error {
    Error::new("中身のないファイルです").next("抽出をやり直すか、別のファイルを指定してください")
}

/// Cuts the bytes of a text into rows and cells, then decodes cell by cell. Rows without any content are dropped.
///
/// # Errors
/// See [`records::read`]; text that is in another encoding almost everywhere.
pub fn read(bytes: &[u8], encoding: Option<TextEncoding>) -> Result<Grid> {
    let content = decode::open(bytes);
    let is_recoded = matches!(content.bytes, std::borrow::Cow::Owned(_));
    let encoding = encoding.filter(|_| !is_recoded).unwrap_or(content.encoding);
    let label = if encoding == content.encoding { content.label } else { encoding.label() };
    let cut = records::read(&content.bytes)?;
    let (rows, broken): (Vec<_>, Vec<_>) = cut.records.into_par_iter().map(|r| decode_row(r.row, &r.cells, encoding)).unzip();
    let (undecodable, malformed): (Vec<(u32, usize)>, Vec<_>) = broken.into_iter().flatten().unzip();
    if rows.is_empty() {
        return Err(empty());
    }
    // Text in another encoding reads as broken almost everywhere: stop before a thousand findings say the same.
    if undecodable.len() > rows.len().max(20) {
        return Err(Error::new(format!("文字コードが {label} ではないようです（読めない欄 {} か所）", undecodable.len()))
            .at(format!("最初は行 {}・列 {}", undecodable[0].0, column_name(undecodable[0].1)))
            .next("CSV UTF-8 か Shift_JIS（CP932）で保存し直してください"));
    }
    let form = if cut.form.is_empty() { String::new() } else { format!("、{}", cut.form) };
    Ok(Grid { rows, encoding: format!("{label}{form}"), undecodable, malformed, lines: cut.lines, odd: cut.odd, ..Grid::default() })
}

/// A cell with bytes without a meaning, by row and column, and what they are.
type Broken = ((u32, usize), Vec<Malformed>);

/// One row as text, and the broken cells of it.
fn decode_row(row_no: u32, record: &csv::ByteRecord, encoding: TextEncoding) -> ((u32, StringRecord), Vec<Broken>) {
    let mut row = StringRecord::with_capacity(record.as_slice().len() * 3 / 2, record.len());
    let mut undecodable = Vec::new();
    for (column, cell) in record.iter().enumerate() {
        // most cells are empty or plain numbers: the same bytes in either encoding
        if let (true, Ok(text)) = (cell.is_ascii(), std::str::from_utf8(cell)) {
            row.push_field(text);
            continue;
        }
        let (text, broken) = encoding.decode(cell);
        row.push_field(&text);
        if broken {
            undecodable.push(((row_no, column), encoding.malformed(cell)));
        }
    }
    ((row_no, row), undecodable)
}

impl Grid {
    /// A finding for each thing that was odd in the form of the text; `place` names a column.
    pub fn oddities(&self, file: &str, place: impl Fn(usize) -> String) -> Vec<Finding> {
        let finding = |o: &Odd| {
            let value = decode::open(&o.value);
            let column = o.column.map_or_else(String::new, &place);
            Finding::new(o.code).file(file).row(o.row).column(column).value(value.encoding.decode(&value.bytes).0)
        };
        self.odd.iter().map(finding).collect()
    }

    /// Place in `rows` of the first row below `title_rows` rows of the file.
    pub fn below(&self, title_rows: usize) -> usize {
        self.rows.partition_point(|(row, _)| (*row as usize) <= title_rows)
    }

    /// Header texts of the `n` rows from `start` on, folded and joined by `|`.
    ///
    /// A merged cell, or a group name that stands only above its first column, holds for all the columns below it, up to
    /// where a level above begins another group; what stands twice above one column (a cell merged downwards) is said once.
    pub fn headers(&self, start: usize, n: usize) -> Vec<String> {
        let rows = &self.rows[start.min(self.rows.len())..(start + n).min(self.rows.len())];
        let width = rows.iter().map(|(_, r)| r.len()).max().unwrap_or(0);
        let mut joined = vec![Vec::<String>::new(); width];
        // columns at which a level above begins a group
        let mut begins = vec![false; width];
        for (level, (row_no, record)) in rows.iter().enumerate() {
            let is_group = level + 1 < rows.len();
            let mut left = String::new();
            for (column, parts) in joined.iter_mut().enumerate() {
                let mut text = text::fold(self.origin(*row_no as usize - 1, column, record));
                if text.is_empty() && is_group && !begins[column] {
                    text.clone_from(&left);
                }
                begins[column] |= text != left;
                left.clone_from(&text);
                // a merged cell says itself how far it goes
                if self.region(*row_no as usize - 1, column).is_some_and(|m| m.3 == column) {
                    left.clear();
                }
                if !text.is_empty() && parts.last() != Some(&text) {
                    parts.push(text);
                }
            }
        }
        joined.into_iter().map(|parts| parts.join("|")).collect()
    }

    /// The merged region that a cell lies in.
    fn region(&self, row: usize, column: usize) -> Option<&(usize, usize, usize, usize)> {
        self.merged.iter().find(|m| m.0 <= row && row <= m.2 && m.1 <= column && column <= m.3)
    }

    /// Text of a cell, or of the first cell of the merged region that it lies in.
    fn origin<'a>(&'a self, row: usize, column: usize, record: &'a StringRecord) -> &'a str {
        let own = record.get(column).unwrap_or("");
        match self.region(row, column).filter(|_| own.is_empty()) {
            Some(m) => self.rows.iter().find(|(r, _)| *r as usize == m.0 + 1).and_then(|(_, r)| r.get(m.1)).unwrap_or(""),
            None => own,
        }
    }
}
