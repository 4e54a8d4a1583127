//! Reading the old format (.xls, BIFF8) as rows: cell by cell the same texts as of the .xlsx with the same content.
//!
//! A formula of this format always carries its last value, so none is without one.

use std::io::Cursor;

use calamine::{Reader, Xls, XlsError};

use super::looks::Looks;
use super::read::{Rows, broken, text_of};
use crate::ground::error::{Error, Result};

/// The sheets of an old workbook that is in memory.
///
/// # Errors
/// A password, or a damaged file.
pub fn rows_of_old_bytes(bytes: Vec<u8>) -> Result<Vec<Rows>> {
    // a damaged file must never stop the program with the library's own panic
    std::panic::catch_unwind(|| rows(bytes)).unwrap_or_else(|_| Err(broken("中身がこわれています")))
}

fn rows(bytes: Vec<u8>) -> Result<Vec<Rows>> {
    let mut book: Xls<_> = Xls::new(Cursor::new(bytes)).map_err(|e| explain(&e))?;
    let mut found = Vec::new();
    for name in book.sheet_names() {
        let range = book.worksheet_range(&name).map_err(|e| explain(&e))?;
        let (top, left) = range.start().map_or((0, 0), |(row, column)| (row, column as usize));
        let mut rows = Vec::new();
        for (row, cells) in (top + 1..).zip(range.rows()) {
            let mut record: csv::StringRecord = std::iter::repeat_n(String::new(), left).chain(cells.iter().map(text_of)).collect();
            let filled = (0..record.len()).rev().find(|&i| !record[i].is_empty()).map_or(0, |last| last + 1);
            record.truncate(filled);
            if filled > 0 {
                rows.push((row, record));
            }
        }
        let merged = book.merge_cells_by_sheet_name(&name).unwrap_or_default();
        let merged = merged.iter().map(|d| (d.start.0 as usize, d.start.1 as usize, d.end.0 as usize, d.end.1 as usize)).collect();
        found.push(Rows { name, rows, merged, hidden: false, looks: Looks::default() });
    }
    Ok(found)
}

fn explain(error: &XlsError) -> Error {
    match error {
        XlsError::Password => Error::new("パスワードつきの Excel ファイルです").next("Excel でパスワードを外して保存し直してください"),
        other => broken(&other.to_string()),
    }
}
