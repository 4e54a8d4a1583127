//! XLSX files: the one place that reads them (`read`) and writes them (`Book`). Meaning is the business of the callers.

mod book;
mod guard;
mod looks;
mod old;
pub(crate) mod parts;
mod read;
pub mod renew;
mod row;
pub mod struck;

use std::io::Read as _;

pub use book::{Book, Column, Value, Width, hide_column, hide_row, offer_words, same_system, write_marked};
pub use guard::Limits;
pub use looks::{Looks, place};
pub use old::rows_of_old_bytes;
pub use read::{Rows, Sheet, read, read_bytes, read_within, rows_of_bytes, rows_within};
pub use row::{Cell, Kind, Row};

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

/// A part of a workbook that is more than cells and that `Book` would not write again: notes, pictures, charts.
pub fn part_beyond_cells(bytes: &[u8]) -> Option<String> {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).ok()?;
    let foreign = ["comments", "threadedComments", "drawings/", "media/", "embeddings/", "pivotTables/", "charts/"];
    for i in 0..archive.len() {
        let mut file = archive.by_index(i).ok()?;
        let name = file.name().ok()?.into_owned();
        if foreign.iter().any(|f| name.contains(f)) {
            // an empty drawing holds nothing
            let mut text = String::new();
            if file.read_to_string(&mut text).is_ok() && text.len() < 200 && name.contains("drawings/") {
                continue;
            }
            return Some(name);
        }
    }
    None
}

/// Bytes of a part that are read to tell what a ZIP is.
const TYPES: u64 = 256 << 10;

/// The names of the parts of a ZIP, and what it says of their types; `None` for what is no ZIP.
pub fn parts_and_types(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).ok()?;
    let mut said: Vec<u8> = archive.file_names().flatten().collect::<Vec<_>>().join("\n").into_bytes();
    for part in ["[Content_Types].xml", "mimetype"] {
        if let Ok(file) = archive.by_name(part) {
            // a part that cannot be unpacked says nothing
            let _ = file.take(TYPES).read_to_end(&mut said);
        }
    }
    Some(said)
}
