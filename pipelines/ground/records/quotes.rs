//! What the quotes of a record do that the csv crate does not tell: stay open, close by chance in a later cell, take in rows.

use super::{Odd, Record, line_feeds};
use crate::ground::error::{Error, Result};
use crate::ground::spreadsheet::column_name;

/// A line feed in a quoted cell with at least this many separators is no text of people, however narrow the table is.
const LEAST_SWALLOWED: usize = 2;

/// What the quotes of a record do.
#[derive(Default)]
pub(super) struct Quotes {
    /// Cell, and offset of a quote that is never closed.
    open: Option<(usize, usize)>,
    /// Cell, offset of its opening quote and end of the cell, where text follows the closing quote.
    torn: Option<(usize, std::ops::Range<usize>)>,
    /// Cell, offset and separators of the quoted cell with line feeds that has most separators.
    widest: Option<(usize, usize, usize)>,
}

/// Goes through the raw text of one record as the csv crate does, and notes what it does not tell.
pub(super) fn scan(raw: &[u8], separator: u8) -> Quotes {
    let mut quotes = Quotes::default();
    let (mut at, mut cell) = (0, 0);
    loop {
        let start = at;
        let mut is_torn = false;
        if raw.get(at) == Some(&b'"') {
            let (end, feeds, separators) = quoted(raw, at, separator);
            let Some(end) = end else {
                quotes.open = Some((cell, start));
                return quotes;
            };
            if feeds && quotes.widest.is_none_or(|(.., most)| separators > most) {
                quotes.widest = Some((cell, start, separators));
            }
            at = end;
            is_torn = raw.get(at).is_some_and(|b| *b != separator && !matches!(b, b'\r' | b'\n'));
        }
        at += raw[at..].iter().position(|b| *b == separator || matches!(b, b'\r' | b'\n')).unwrap_or(raw.len() - at);
        if is_torn && quotes.torn.is_none() {
            quotes.torn = Some((cell, start..at));
        }
        if raw.get(at) != Some(&separator) {
            return quotes;
        }
        (at, cell) = (at + 1, cell + 1);
    }
}

/// The end of a quoted cell that begins at `start` (behind its closing quote), whether line feeds stand in it, and its separators.
fn quoted(raw: &[u8], start: usize, separator: u8) -> (Option<usize>, bool, usize) {
    let (mut at, mut feeds, mut separators) = (start + 1, false, 0);
    loop {
        match raw.get(at) {
            None => return (None, feeds, separators),
            Some(b'"') if raw.get(at + 1) == Some(&b'"') => at += 1,
            Some(b'"') => return (Some(at + 1), feeds, separators),
            Some(b'\r' | b'\n') => feeds = true,
            Some(b) if *b == separator => separators += 1,
            Some(_) => {}
        }
        at += 1;
    }
}

/// # Errors
/// A quote that stays open, or that took in more than its own cell; what is harmless goes to `odd`.
pub(super) fn check_record(record: &Record, raw: &[u8], separator: u8, width: usize, odd: &mut Vec<Odd>) -> Result<()> {
    let quotes = scan(raw, separator);
    refuse_open_quote(&quotes, raw, record.line)?;
    let line = |offset: usize| record.line + line_feeds(&raw[..offset]);
    if let Some((cell, offset, separators)) = quotes.widest
        && separators >= LEAST_SWALLOWED.max(width.saturating_sub(1))
    {
        let what = format!("引用符（\"）で始まるセルの中に、改行と、1行分の区切り（{separators} 個）が入っています");
        return Err(swallowed(line(offset), cell, &what));
    }
    if let Some((cell, place)) = quotes.torn {
        if quotes.widest.is_some() || record.cells.len() != width {
            return Err(swallowed(line(place.start), cell, "引用符（\"）が、セルの途中で閉じています"));
        }
        odd.push(Odd { code: "odd_quotes", row: record.row, column: Some(cell), value: raw[place].to_vec() });
    }
    Ok(())
}

pub(super) fn refuse_open_quote(quotes: &Quotes, raw: &[u8], line: u32) -> Result<()> {
    let Some((cell, offset)) = quotes.open else { return Ok(()) };
    let line = line + line_feeds(&raw[..offset]);
    Err(Error::new("引用符（\"）が開いたまま、ファイルの終わりまで閉じていません")
        .at(format!("ファイルの {line} 行目、列 {}", column_name(cell)))
        .next("メモ帳などでその行を開き、引用符を閉じるか消してください。ファイルが途中で切れていれば、抽出をやり直してください"))
}

/// The refusal of a quote that takes more than its own cell.
pub(super) fn swallowed(line: u32, cell: usize, what: &str) -> Error {
    Error::new(format!("{what}（ほかの行や列を含んでいるおそれがあります）"))
        .at(format!("ファイルの {line} 行目、列 {}", column_name(cell)))
        .next("メモ帳などでその行を開き、引用符を直してください（文の中の引用符は \"\" と二つ重ねます）。直せなければ、抽出をやり直してください")
}
