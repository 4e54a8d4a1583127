//! Files of `sql/`, `reports/` and the fonts, compiled into the program, so that one file works offline.

use serde::Deserialize;

use crate::ground::error::{Error, Result};

/// `(path below sql/ or reports/, content)` in path order; written by the build script.
pub static FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// The embedded text of `path`, for example `sql/rules/rules.csv`.
///
/// # Panics
/// When no such file was compiled in: the name is a constant of the program.
pub fn text(path: &str) -> &'static str {
    find(path).unwrap_or_else(|| panic!("not embedded: {path}"))
}

pub fn find(path: &str) -> Option<&'static str> {
    FILES.binary_search_by(|(p, _)| (*p).cmp(path)).ok().map(|i| FILES[i].1)
}

/// Rows of an embedded CSV table as typed values.
///
/// # Errors
/// A row that is not of the type: a defect of the table.
pub fn rows<T: for<'de> Deserialize<'de>>(path: &str) -> Result<Vec<T>> {
    let rows = csv::Reader::from_reader(text(path).as_bytes()).deserialize().collect::<std::result::Result<_, _>>();
    rows.map_err(|e| Error::new(format!("内蔵の表を読めません：{e}")).at(path))
}

/// All embedded files below a folder, in path order.
pub fn under(folder: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    FILES.iter().filter(move |(p, _)| p.starts_with(folder)).copied()
}

pub static FONT_UDP_REGULAR: &[u8] = include_bytes!(env!("KYOGI_FONT_UDP_REGULAR"));
pub static FONT_UDP_BOLD: &[u8] = include_bytes!(env!("KYOGI_FONT_UDP_BOLD"));
pub static FONT_UD_REGULAR: &[u8] = include_bytes!(env!("KYOGI_FONT_UD_REGULAR"));
pub static FONT_UD_BOLD: &[u8] = include_bytes!(env!("KYOGI_FONT_UD_BOLD"));
