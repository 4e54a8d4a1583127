//! A file as rows of text: CSV in either encoding, or the sheets of a workbook. What the rows mean is said elsewhere.

use crate::ground::text;
use csv::StringRecord;
use rayon::prelude::*;

use crate::ground::decode::{self, Malformed, TextEncoding};
use crate::ground::error::{Error, Result};
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
    /// Merged regions, from zero: first row, first column, last row, last column.
    merged: Vec<(usize, usize, usize, usize)>,
}

/// The tables in the bytes of a file: one of a CSV, one for each sheet with content of a workbook.
pub fn read_all(bytes: Vec<u8>, encoding: Option<TextEncoding>) -> Result<Vec<Grid>> {
    if !decode::is_workbook(&bytes) {
        return read(&bytes, encoding).map(|grid| vec![grid]);
    }
    let sheets = spreadsheet::rows_of_bytes(bytes)?;
    let grids: Vec<Grid> = sheets
        .into_iter()
        .filter(|s| !s.rows.is_empty())
        .map(|s| Grid { rows: s.rows, encoding: "Excel ブック".into(), sheet: s.name, merged: s.merged, ..Grid::default() })
        .collect();
    if grids.is_empty() { Err(empty()) } else { Ok(grids) }
}

fn empty() -> Error {
    Error::new("中身のないファイルです").next("抽出をやり直すか、別のファイルを指定してください")
}

/// Cuts the bytes of a CSV file into rows and cells, then decodes cell by cell. Rows without any content are dropped.
pub fn read(bytes: &[u8], encoding: Option<TextEncoding>) -> Result<Grid> {
    let (content, detected) =
        decode::detect(bytes).map_err(|what| Error::new(what).next("Excel で開き、「CSV UTF-8（コンマ区切り）」で保存し直してください"))?;
    let encoding = encoding.unwrap_or(detected);
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(content);
    let (mut records, mut row_no) = (Vec::new(), 0);
    for record in reader.byte_records() {
        let record = record.map_err(|e| Error::new(format!("CSV として読めません：{e}")))?;
        row_no += 1 + record.position().map_or(0, |p| blank_lines(content, p.byte() as usize));
        if !record.iter().all(|cell| cell.iter().all(u8::is_ascii_whitespace)) {
            records.push((row_no, record));
        }
    }
    let (rows, broken): (Vec<_>, Vec<_>) = records.into_par_iter().map(|(row_no, record)| decode_row(row_no, &record, encoding)).unzip();
    let (undecodable, malformed): (Vec<(u32, usize)>, Vec<_>) = broken.into_iter().flatten().unzip();
    if rows.is_empty() {
        return Err(empty());
    }
    // Text in another encoding reads as broken almost everywhere: stop before a thousand findings say the same.
    if undecodable.len() > rows.len().max(20) {
        return Err(Error::new(format!("文字コードが {} ではないようです（読めない欄 {} か所）", encoding.label(), undecodable.len()))
            .at(format!("最初は行 {}・列 {}", undecodable[0].0, column_name(undecodable[0].1)))
            .next("CSV UTF-8 か Shift_JIS（CP932）で保存し直してください"));
    }
    Ok(Grid { rows, encoding: encoding.label().into(), undecodable, malformed, ..Grid::default() })
}

/// Lines without a character before the record that begins at `start`: the reader passes over them, Excel counts them.
fn blank_lines(content: &[u8], start: usize) -> u32 {
    let mut rest = &content[start.min(content.len())..];
    // the line feed that ends the record before
    if start > 0 && content[start - 1] == b'\r' {
        rest = rest.strip_prefix(b"\n").unwrap_or(rest);
    }
    let mut lines = 0;
    while let Some(after) = rest.strip_prefix(b"\r\n").or_else(|| rest.strip_prefix(b"\n")).or_else(|| rest.strip_prefix(b"\r")) {
        rest = after;
        lines += 1;
    }
    lines
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
    /// Place in `rows` of the first row below `title_rows` rows of the file.
    pub fn below(&self, title_rows: usize) -> usize {
        self.rows.partition_point(|(row, _)| (*row as usize) <= title_rows)
    }

    /// Header texts of the `n` rows from `start` on, folded and joined by `|`.
    ///
    /// A merged cell, or a group name that stands only above its first column, holds for all the columns below it;
    /// what stands twice above one column (a cell merged downwards) is said once.
    pub fn headers(&self, start: usize, n: usize) -> Vec<String> {
        let rows = &self.rows[start.min(self.rows.len())..(start + n).min(self.rows.len())];
        let width = rows.iter().map(|(_, r)| r.len()).max().unwrap_or(0);
        let mut joined = vec![Vec::<String>::new(); width];
        for (level, (row_no, record)) in rows.iter().enumerate() {
            let is_group = level + 1 < rows.len();
            let mut left = String::new();
            for (column, parts) in joined.iter_mut().enumerate() {
                let mut text = text::fold(self.origin(*row_no as usize - 1, column, record));
                if text.is_empty() && is_group {
                    text.clone_from(&left);
                }
                left.clone_from(&text);
                if !text.is_empty() && parts.last() != Some(&text) {
                    parts.push(text);
                }
            }
        }
        joined.into_iter().map(|parts| parts.join("|")).collect()
    }

    /// Text of a cell, or of the first cell of the merged region that it lies in.
    fn origin<'a>(&'a self, row: usize, column: usize, record: &'a StringRecord) -> &'a str {
        let own = record.get(column).unwrap_or("");
        let inside = |m: &&(usize, usize, usize, usize)| m.0 <= row && row <= m.2 && m.1 <= column && column <= m.3;
        match self.merged.iter().find(inside).filter(|_| own.is_empty()) {
            Some(m) => self.rows.iter().find(|(r, _)| *r as usize == m.0 + 1).and_then(|(_, r)| r.get(m.1)).unwrap_or(""),
            None => own,
        }
    }
}
