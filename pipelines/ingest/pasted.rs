//! Files that were pasted into one: their headers met again, their rows run together.

use std::collections::BTreeMap;

use csv::StringRecord;

use super::layout::Place;
use crate::ground::error::{Error, Result};
use crate::ground::text;

/// Takes out rows that repeat a header row, as files that were joined have them, and tells their numbers.
pub(super) fn drop_headers(rows: &mut Vec<(u32, StringRecord)>, head: &[(u32, StringRecord)]) -> Vec<u32> {
    let plain = |r: &StringRecord| -> Vec<String> {
        let mut cells: Vec<String> = r.iter().map(text::fold).collect();
        cells.truncate(cells.iter().rposition(|c| !c.is_empty()).map_or(0, |last| last + 1));
        cells
    };
    let heads: Vec<Vec<String>> = head.iter().map(|(_, r)| plain(r)).collect();
    let mut again = Vec::new();
    rows.retain(|(row, record)| {
        let first = text::fold(record.get(0).unwrap_or(""));
        let is_head = heads.iter().any(|h| h.first() == Some(&first) && *h == plain(record));
        if is_head {
            again.push(*row);
        }
        !is_head
    });
    again
}

/// Files that were joined without a line end, or with other columns: rows of both would be read as what they are not.
pub(super) fn refuse_joined(rows: &[(u32, StringRecord)], headers: &[String], places: &BTreeMap<String, Place>) -> Result<()> {
    let width = headers.len();
    let id = places.get("facility_id");
    for (row, record) in rows {
        let told = |what: &str| Err(Error::new(what).at(format!("行 {row}")).next("つなぐ前のファイルを、一つずつ input に置いてください"));
        if width > 1 && record.len() >= 2 * width - 1 && record.iter().skip(width).any(|c| !c.trim().is_empty()) {
            return told("1行に2行分のセルがあります（ファイルが、改行なしでつながれたおそれがあります）");
        }
        if let Some(Place::Column(c)) = id
            && record.get(*c).is_some_and(|cell| headers.contains(&text::fold(cell)))
        {
            return told("データの途中に、並びの違う見出しがあります（別のファイルがつながれたおそれがあります）");
        }
    }
    Ok(())
}
