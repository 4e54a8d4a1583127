//! XLSX files: the one place that reads them (`read`) and writes them (`Book`). Meaning is the business of the callers.

mod book;
mod read;

pub use book::{Book, Column, Value, Width};
pub use read::{Cell, Kind, Rows, Sheet, read, read_bytes, rows_of_bytes};

/// Column letters of a zero-based index: `0` → `A`, `27` → `AB`.
pub fn column_name(index: usize) -> String {
    let mut rest = index + 1;
    let mut letters = Vec::new();
    while rest > 0 {
        letters.push(char::from(b'A' + u8::try_from((rest - 1) % 26).unwrap_or(0)));
        rest = (rest - 1) / 26;
    }
    letters.iter().rev().collect()
}

/// Where a cell is, as Excel says it, from zero-based indices: `B12`.
pub fn cell_name(row: usize, column: usize) -> String {
    format!("{}{}", column_name(column), row + 1)
}
