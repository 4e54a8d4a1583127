//! A delimited text as records, with every physical line accounted for.
//!
//! The csv crate cuts the cells; it never says that a quote was left open or closed by chance in a later cell. So the raw
//! text of every record with a quote is looked at again, and at the end the lines must add up: each is the line of a
//! record, a line feed inside a cell, or blank.

mod quotes;

use csv::ByteRecord;

use crate::ground::error::{Error, Result};
use quotes::{check_record, refuse_open_quote, scan, swallowed};

/// Separators that are told apart, the usual one first: it wins a tie.
const SEPARATORS: [(u8, &str); 4] = [(b',', "コンマ"), (b'\t', "タブ"), (b';', "セミコロン"), (b'|', "縦線")];
/// Records that tell the separator.
const SAMPLE: usize = 20;
/// The mark with which DOS ended a text.
const END_MARK: u8 = 0x1A;
/// Columns from which on a short last line is no footnote.
const LEAST_CUT: usize = 4;

/// One record.
#[derive(Debug)]
pub struct Record {
    /// Row as a spreadsheet numbers it: line feeds inside cells begin none.
    pub row: u32,
    /// Physical line on which it begins, from 1.
    pub line: u32,
    pub cells: ByteRecord,
}

/// Something odd that was read all the same: the code of a finding, with its place and the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Odd {
    pub code: &'static str,
    pub row: u32,
    pub column: Option<usize>,
    pub value: Vec<u8>,
}

/// How the physical lines of a text add up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Lines {
    /// Physical lines, counted by themselves.
    pub lines: u32,
    /// Records with content, header and title rows included.
    pub records: u32,
    /// Line feeds inside cells.
    pub inside_cells: u32,
    /// Empty lines, and rows of separators alone.
    pub blank: u32,
}

impl Lines {
    /// # Errors
    /// When a line is in none of the counts, or in two.
    pub fn check(&self) -> Result<()> {
        if self.lines == self.records + self.inside_cells + self.blank {
            return Ok(());
        }
        Err(Error::new(format!(
            "行の数が合いません（ファイルの行 {}、データと見出しの行 {}、セルの中の改行 {}、空の行 {}）",
            self.lines, self.records, self.inside_cells, self.blank
        ))
        .next("引用符（\"）の閉じ忘れや、こわれた行がないかを確かめ、抽出をやり直してください"))
    }
}

/// A text cut into records.
pub struct Records {
    pub records: Vec<Record>,
    /// The separator in words, with what else was unusual in the form of the file.
    pub form: String,
    pub lines: Lines,
    pub odd: Vec<Odd>,
}

/// Cuts a text without byte order mark, in an encoding in which separators and quotes are single bytes.
///
/// # Errors
/// A quote that is never closed, that swallows rows, or that stands in a broken row; bytes that are no text; lines that do not add up.
pub fn read(content: &[u8]) -> Result<Records> {
    refuse_nul(content)?;
    let mut odd = Vec::new();
    let (content, ended) = without_end_mark(content);
    let (separator, label) = separator(content);
    let mut cut = cut(content, separator);
    let is_quoted = separator == b',' && are_rows_quoted(&cut.records);
    let mut form = if label == SEPARATORS[0].1 { String::new() } else { format!("区切りは{label}") };
    if is_quoted {
        form = unquote(&mut cut, content, &mut odd)?;
    } else {
        check_quotes(&cut, content, separator, &mut odd)?;
    }
    if let Some(last) = cut.records.last().filter(|_| ended) {
        odd.push(Odd { code: "end_mark", row: last.0.row, column: None, value: Vec::new() });
    }
    let mut lines = Lines { lines: line_count(content), blank: cut.blank, ..Lines::default() };
    let mut records = Vec::with_capacity(cut.records.len());
    for (mut record, ..) in cut.records {
        lines.inside_cells += record.cells.iter().map(line_feeds).sum::<u32>();
        drop_end_marks(&mut record, &mut odd);
        if record.cells.iter().all(|cell| cell.iter().all(u8::is_ascii_whitespace)) {
            lines.blank += 1;
        } else {
            lines.records += 1;
            records.push(record);
        }
    }
    lines.check()?;
    refuse_cut_off(&records, content)?;
    Ok(Records { records, form, lines, odd })
}

/// A last line without an end and with fewer cells than the others: the rest of the file is missing, and nobody knows how much.
fn refuse_cut_off(records: &[Record], content: &[u8]) -> Result<()> {
    let width = usual_width(records.iter().map(|r| r.cells.len()));
    let is_open = content.last().is_some_and(|b| !matches!(b, b'\n' | b'\r'));
    match records.last() {
        Some(last) if is_open && width >= LEAST_CUT && (2..width).contains(&last.cells.len()) => {
            Err(Error::new(format!("ファイルが行の途中で終わっています（最後の行のセル {} 個、ほかの行 {width} 個）", last.cells.len()))
                .at(format!("ファイルの {} 行目", last.line))
                .next("写しや取り出しが途中で切れたおそれがあります。元のファイルを写し直すか、抽出をやり直してください"))
        }
        _ => Ok(()),
    }
}

/// Records with the place of their raw text, and the empty lines between them.
struct Cut {
    records: Vec<(Record, usize, usize)>,
    blank: u32,
}

fn cut(content: &[u8], separator: u8) -> Cut {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(separator).from_reader(content);
    let mut found: Vec<(Record, usize, usize)> = Vec::new();
    let (mut row, mut blank, mut end) = (0, 0, 0);
    let mut counter = Counter { content, at: 0, lines: 0 };
    let mut cells = ByteRecord::new();
    // reading from memory into bytes cannot fail
    while reader.read_byte_record(&mut cells).unwrap_or(false) {
        let (start, empty) = after_blank_lines(content, cells.position().map_or(0, |p| p.byte() as usize));
        row += 1 + empty;
        blank += empty;
        let line = counter.upto(start) + 1;
        // before the reader looks for the next record: it passes over empty lines
        end = reader.position().byte() as usize;
        found.push((Record { row, line, cells: cells.clone() }, start, end));
    }
    blank += if found.is_empty() { line_count(content) } else { after_blank_lines(content, end).1 };
    Cut { records: found, blank }
}

/// Counts line ends from the front.
struct Counter<'a> {
    content: &'a [u8],
    at: usize,
    lines: u32,
}

impl Counter<'_> {
    fn upto(&mut self, end: usize) -> u32 {
        self.lines += (self.at..end).filter(|&i| ends_line(self.content, i)).count() as u32;
        self.at = end.max(self.at);
        self.lines
    }
}

/// Whether a line ends with the byte at `i`: LF, CRLF (at its LF) or CR alone.
fn ends_line(bytes: &[u8], i: usize) -> bool {
    bytes[i] == b'\n' || (bytes[i] == b'\r' && bytes.get(i + 1) != Some(&b'\n'))
}

pub(super) fn line_feeds(bytes: &[u8]) -> u32 {
    (0..bytes.len()).filter(|&i| ends_line(bytes, i)).count() as u32
}

fn line_count(content: &[u8]) -> u32 {
    let is_open = content.last().is_some_and(|b| !matches!(b, b'\n' | b'\r'));
    line_feeds(content) + u32::from(is_open)
}

/// Where the text after a record's end begins, and the lines without a character before it: the csv crate passes over
/// them, a spreadsheet counts them.
fn after_blank_lines(content: &[u8], start: usize) -> (usize, u32) {
    let mut at = start.min(content.len());
    // the line feed that ends the record before
    if at > 0 && content[at - 1] == b'\r' && content.get(at) == Some(&b'\n') {
        at += 1;
    }
    let mut lines = 0;
    while let Some(b'\r' | b'\n') = content.get(at) {
        at += if content[at..].starts_with(b"\r\n") { 2 } else { 1 };
        lines += 1;
    }
    (at, lines)
}

/// The separator with the most cells in the first records; a first line `sep=;` says it itself.
fn separator(content: &[u8]) -> (u8, &'static str) {
    let first = &content[..content.iter().position(|b| matches!(b, b'\r' | b'\n')).unwrap_or(content.len())];
    if let Some(said) = first.strip_prefix(b"sep=").filter(|s| s.len() == 1)
        && let Some(known) = SEPARATORS.iter().find(|(s, _)| *s == said[0])
    {
        return *known;
    }
    let mut best = (width_with(content, SEPARATORS[0].0), SEPARATORS[0]);
    for &candidate in &SEPARATORS[1..] {
        let found = width_with(content, candidate.0);
        if found > best.0 {
            best = (found, candidate);
        }
    }
    best.1
}

/// Cells of the middle one of the first records.
fn width_with(content: &[u8], separator: u8) -> usize {
    let reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(separator).from_reader(content);
    let mut widths: Vec<usize> = reader.into_byte_records().take(SAMPLE).flatten().map(|r| r.len()).collect();
    widths.sort_unstable();
    widths.get(widths.len() / 2).copied().unwrap_or(0)
}

/// Columns of the first records, whatever separates them.
pub fn width(content: &[u8]) -> usize {
    width_with(content, separator(content).0)
}

/// Every row was saved as one quoted cell: nine of ten records are one cell that holds separators.
fn are_rows_quoted(records: &[(Record, usize, usize)]) -> bool {
    let holds = |r: &Record| r.cells.len() == 1 && SEPARATORS.iter().any(|(s, _)| r.cells[0].contains(s));
    let n = records.iter().filter(|(r, ..)| holds(r)).count();
    n > 0 && n * 10 >= records.len() * 9
}

/// Takes the quotes off rows that are one cell each, and cuts them.
fn unquote(cut: &mut Cut, content: &[u8], odd: &mut Vec<Odd>) -> Result<String> {
    for (record, start, end) in &cut.records {
        refuse_open_quote(&scan(&content[*start..*end], b','), &content[*start..*end], record.line)?;
    }
    let inner: Vec<Vec<u8>> = cut.records.iter().map(|(r, ..)| if r.cells.len() == 1 { r.cells[0].to_vec() } else { Vec::new() }).collect();
    let (separator, label) = separator(&inner.iter().take(SAMPLE).flat_map(|cell| [cell.as_slice(), b"\n"].concat()).collect::<Vec<_>>());
    let mut parts = Vec::with_capacity(inner.len());
    for (cell, (outer, ..)) in inner.iter().zip(&cut.records) {
        let rows = self::cut(cell, separator);
        let mut rows = rows.records.into_iter();
        let cells = match (rows.next(), rows.next()) {
            (Some((one, start, end)), None) => {
                let record = Record { row: outer.row, line: outer.line, cells: one.cells };
                parts.push((record, start, end));
                continue;
            }
            (None, _) => outer.cells.clone(),
            _ => return Err(swallowed(outer.line, 0, "行の全体が引用符に入っているファイルで、一つの引用符が2行以上を含んでいます")),
        };
        parts.push((Record { row: outer.row, line: outer.line, cells }, 0, cell.len()));
    }
    let width = usual_width(parts.iter().map(|(r, ..)| r.cells.len()));
    for ((record, start, end), cell) in parts.iter().zip(&inner).filter(|(_, cell)| cell.contains(&b'"')) {
        check_record(record, &cell[*start..*end], separator, width, odd)?;
    }
    cut.records = parts;
    Ok(format!("行の全体が引用符の中、区切りは{label}"))
}

/// The most frequent number of cells.
pub fn usual_width(widths: impl Iterator<Item = usize>) -> usize {
    let mut counts = std::collections::BTreeMap::<usize, usize>::new();
    widths.for_each(|w| *counts.entry(w).or_default() += 1);
    counts.into_iter().max_by_key(|(width, n)| (*n, *width)).map_or(0, |(width, _)| width)
}

fn check_quotes(cut: &Cut, content: &[u8], separator: u8, odd: &mut Vec<Odd>) -> Result<()> {
    let width = usual_width(cut.records.iter().map(|(r, ..)| r.cells.len()));
    for (record, start, end) in &cut.records {
        let raw = &content[*start..*end];
        if raw.contains(&b'"') {
            check_record(record, raw, separator, width, odd)?;
        }
    }
    Ok(())
}

fn refuse_nul(content: &[u8]) -> Result<()> {
    let Some(at) = content.iter().position(|b| *b == 0) else { return Ok(()) };
    let what = if content[at..].iter().all(|b| *b == 0) {
        "ファイルの終わりに空のバイト（NUL）が続いています（写しが途中で切れたおそれがあります）"
    } else {
        "文字の表ではないデータ（NUL）が入っています"
    };
    Err(Error::new(what).at(format!("ファイルの {} 行目", line_feeds(&content[..at]) + 1)).next("元のファイルを写し直すか、抽出をやり直してください"))
}

/// The text without the end mark of DOS behind it.
fn without_end_mark(content: &[u8]) -> (&[u8], bool) {
    let mut end = content.len();
    while end > 0 && matches!(content[end - 1], END_MARK | b'\r' | b'\n') {
        end -= 1;
    }
    match content[end..].iter().position(|b| *b == END_MARK) {
        Some(at) => (&content[..end + at], true),
        None => (content, false),
    }
}

/// End marks before a row stand where files were joined.
fn drop_end_marks(record: &mut Record, odd: &mut Vec<Odd>) {
    let is_marked = |cell: &[u8]| cell.first() == Some(&END_MARK);
    if !record.cells.iter().next().is_some_and(is_marked) {
        return;
    }
    let first: Vec<u8> = record.cells[0].iter().copied().skip_while(|b| *b == END_MARK).collect();
    record.cells = std::iter::once(first.as_slice()).chain(record.cells.iter().skip(1)).collect();
    odd.push(Odd { code: "end_mark", row: record.row, column: None, value: Vec::new() });
}
