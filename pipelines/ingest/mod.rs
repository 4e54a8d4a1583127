//! Stage 1, ingest: the extract becomes typed answers in long form; every dirty cell becomes a finding.

mod answers;
pub mod cells;
pub mod decode;
mod facilities;
pub mod layout;

use std::path::{Path, PathBuf};

use csv::StringRecord;
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::artefact::Table;
use crate::dictionary::Dictionary;
use crate::error::{Error, Result};
use crate::finding::Finding;
use crate::reference::Reference;
use crate::rules::Rules;
use decode::TextEncoding;
use layout::{Layout, Place, column_name};

/// Header by which a simulated extract tells what it is.
pub const SIMULATED_HEADER: &str = "模擬データ";

/// What ingest is asked to do.
pub struct Request<'a> {
    pub extract: &'a Path,
    /// A column-mapping file named by the user; else it is recognised by the header.
    pub mapping: Option<&'a Path>,
    pub work_folder: Option<&'a Path>,
    pub report_year: i32,
    pub reference: &'a Reference,
    pub dictionary: &'a Dictionary,
    pub rules: &'a Rules,
}

/// Facts of the input file for the manifest and the quality report.
#[derive(Clone, Debug, serde::Serialize)]
pub struct InputFile {
    pub file_name: String,
    pub sha256: String,
    pub bytes: u64,
    pub encoding: String,
    pub layout: String,
    /// The extract says of itself that it is simulated.
    pub is_simulated: bool,
    pub rows_read: usize,
    pub rows_kept: usize,
    pub rows_superseded: usize,
    pub rows_rejected: usize,
}

/// The outcome of ingest.
pub struct Ingested {
    /// Grain: `row_no`. One row of the extract, with place, status, date and whether it is the latest of its facility.
    pub facilities: Table,
    /// Grain: `row_no, item_code, seq`. One answer: a choice, a number interval, a text, or an explicit blank.
    pub answers: Table,
    /// The same form as `answers`: free texts and lists that no figure is made of.
    pub notes: Table,
    pub findings: Vec<Finding>,
    pub input: InputFile,
    /// Rows not taken in, verbatim, with their row number.
    pub rejected: Vec<(u32, StringRecord)>,
}

/// The rows of a file as Excel numbers them, header rows included.
pub struct Grid {
    pub rows: Vec<(u32, StringRecord)>,
    pub encoding: TextEncoding,
    /// Row and column of every cell with bytes that have no meaning.
    pub undecodable: Vec<(u32, usize)>,
}

/// Everything the readers of cells need.
pub(crate) struct Context<'a> {
    pub request: &'a Request<'a>,
    pub layout: &'a Layout,
    pub glyphs: cells::Glyphs,
    pub places: std::collections::BTreeMap<String, Place>,
    /// Header text by column, as written in the file.
    pub headers: Vec<String>,
    pub file_name: String,
}

impl Context<'_> {
    pub fn column(&self, item: &str) -> Option<usize> {
        match self.places.get(item) {
            Some(Place::Column(i)) => Some(*i),
            _ => None,
        }
    }

    pub fn finding(&self, code: &str, row: Option<u32>, column: Option<usize>) -> Finding {
        let mut finding = Finding::new(code).file(&self.file_name);
        if let Some(row) = row {
            finding = finding.row(row);
        }
        if let Some(column) = column {
            finding = finding.column(format!("{}（{}）", column_name(column), self.headers.get(column).map_or("", String::as_str)));
        }
        finding
    }
}

/// Reads the extract.
pub fn run(request: &Request<'_>) -> Result<Ingested> {
    let path = request.extract;
    let bytes = std::fs::read(path).map_err(|e| Error::io("抽出ファイルを読めません", path, &e))?;
    let layouts = match request.mapping {
        Some(mapping) => vec![layout::from_file(mapping)?],
        None => layout::known(request.work_folder)?,
    };
    let named = if request.mapping.is_some() { layouts[0].encoding()? } else { None };
    let grid = read_grid(&bytes, named).map_err(|e| e.file(path))?;
    let layout = match request.mapping {
        Some(_) => layouts.into_iter().next().ok_or_else(|| Error::new("列対応表がありません"))?,
        None => layout::recognise(layouts, |n| headers(&grid, n)).map_err(|e| e.file(path))?,
    };
    let folded = headers(&grid, layout.file.header_rows);
    let (places, unnamed) = layout.places(&folded, request.dictionary).map_err(|e| e.file(path))?;
    let (low, high) = (request.rules.value("masked_low")?, request.rules.value("masked_high")?);
    let context = Context {
        request,
        glyphs: layout.glyphs(low, high),
        layout: &layout,
        places,
        headers: folded,
        file_name: path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned()),
    };
    let data = &grid.rows[layout.file.header_rows.min(grid.rows.len())..];
    if data.is_empty() {
        return Err(Error::new("データの行がありません（見出しだけのファイルです）")
            .file(path)
            .next("抽出の条件を確かめて、もう一度取り出してください"));
    }

    let mut findings = Vec::new();
    for &(row, column) in &grid.undecodable {
        findings.push(context.finding("undecodable", Some(row), Some(column)));
    }
    let is_simulated = context.headers.iter().any(|h| h.contains(SIMULATED_HEADER));
    for &column in unnamed.iter().filter(|&&c| !context.headers[c].is_empty() && !context.headers[c].contains(SIMULATED_HEADER)) {
        findings.push(context.finding("unnamed_column", None, Some(column)));
    }
    let (facilities, rejected) = facilities::read(&context, data, &mut findings).map_err(|e| e.file(path))?;
    let (answers, notes) = answers::read(&context, data, &facilities, &mut findings)?;
    let input = InputFile {
        file_name: context.file_name.clone(),
        sha256: sha256(&bytes),
        bytes: bytes.len() as u64,
        encoding: grid.encoding.label().to_owned(),
        layout: layout.name.clone(),
        is_simulated,
        rows_read: data.len(),
        rows_kept: facilities.rows.iter().filter(|f| f.is_latest).count(),
        rows_superseded: facilities.rows.iter().filter(|f| !f.is_latest).count(),
        rows_rejected: rejected.len(),
    };
    let facilities = facilities.table()?;
    Ok(Ingested { facilities, answers, notes, findings, input, rejected })
}

pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

/// Cuts the bytes into rows and cells, then decodes cell by cell. Rows without any content are dropped.
pub fn read_grid(bytes: &[u8], encoding: Option<TextEncoding>) -> Result<Grid> {
    let (content, detected) =
        decode::detect(bytes).map_err(|what| Error::new(what).next("Excel で開き、「CSV UTF-8（コンマ区切り）」で保存し直してください"))?;
    let encoding = encoding.unwrap_or(detected);
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(content);
    let mut records = Vec::new();
    for (i, record) in reader.byte_records().enumerate() {
        let record = record.map_err(|e| Error::new(format!("CSV として読めません：{e}")))?;
        if !record.iter().all(|cell| cell.iter().all(u8::is_ascii_whitespace)) {
            records.push((i as u32 + 1, record));
        }
    }
    let (rows, broken): (Vec<_>, Vec<_>) = records.par_iter().map(|(row_no, record)| decode_row(*row_no, record, encoding)).unzip();
    let undecodable: Vec<(u32, usize)> = broken.into_iter().flatten().collect();
    if rows.is_empty() {
        return Err(Error::new("中身のないファイルです").next("抽出をやり直すか、別のファイルを指定してください"));
    }
    // Text in another encoding reads as broken almost everywhere: stop before a thousand findings say the same.
    if undecodable.len() > rows.len().max(20) {
        return Err(Error::new(format!("文字コードが {} ではないようです（読めない欄 {} か所）", encoding.label(), undecodable.len()))
            .at(format!("最初は行 {}・列 {}", undecodable[0].0, column_name(undecodable[0].1)))
            .next("CSV UTF-8 か Shift_JIS（CP932）で保存し直してください"));
    }
    Ok(Grid { rows, encoding, undecodable })
}

/// One row as text, and the cells of it that hold bytes without a meaning.
fn decode_row(row_no: u32, record: &csv::ByteRecord, encoding: TextEncoding) -> ((u32, StringRecord), Vec<(u32, usize)>) {
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
            undecodable.push((row_no, column));
        }
    }
    ((row_no, row), undecodable)
}

/// Header texts of the first `n` rows, folded and joined by `|`.
pub fn headers(grid: &Grid, n: usize) -> Vec<String> {
    let rows = &grid.rows[..n.min(grid.rows.len())];
    let width = rows.iter().map(|(_, r)| r.len()).max().unwrap_or(0);
    (0..width).map(|i| rows.iter().map(|(_, r)| cells::fold(r.get(i).unwrap_or(""))).collect::<Vec<_>>().join("|")).collect()
}

/// Writes the rows that were not taken in, verbatim, for the planner.
pub fn rejected_table(rejected: &[(u32, StringRecord)]) -> Result<Table> {
    use crate::artefact::ColumnNote;
    use std::sync::Arc;
    let rows = rejected.iter().map(|(n, _)| i64::from(*n)).collect::<arrow::array::Int64Array>();
    let cells = rejected.iter().map(|(_, r)| serde_json::to_string(&r.iter().collect::<Vec<_>>()).ok()).collect::<arrow::array::StringArray>();
    Table::new(
        "rejected_rows",
        vec![(ColumnNote::new("row_no", "行番号", ""), Arc::new(rows)), (ColumnNote::new("cells", "行の内容（JSON）", ""), Arc::new(cells))],
    )
}

/// The only extract in a folder, when the settings name none.
pub fn only_extract(folder: &Path) -> Result<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .map_err(|e| Error::io("入力フォルダーを読めません", folder, &e))?
        .flatten()
        .map(|e| e.path())
        .filter(|p| p.extension().is_some_and(|e| e.eq_ignore_ascii_case("csv")))
        // lock files of Excel and hidden files are no extracts
        .filter(|p| p.file_name().is_some_and(|n| !n.to_string_lossy().starts_with(['~', '.'])))
        .collect();
    found.sort();
    match found.len() {
        1 => Ok(found.remove(0)),
        0 => Err(Error::new("抽出ファイルがありません")
            .file(folder)
            .next("G-MIS の抽出ファイル（CSV）をこのフォルダーに置くか、--extract で指定してください")),
        n => Err(Error::new(format!("抽出ファイルが {n} 個あります"))
            .file(folder)
            .next("一つだけにするか、kyogi.toml の extract か --extract で指定してください")),
    }
}
