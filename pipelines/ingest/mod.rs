//! Stage 1, ingest: the extract becomes typed answers in long form; every dirty cell becomes a finding.

mod answers;
pub mod cells;
mod facilities;
pub mod grid;
mod ids;
mod join;
pub mod layout;
pub mod masks;
mod pasted;
pub mod plain;
pub mod propose;
mod source;
mod states;

use std::collections::BTreeSet;
use std::path::Path;

use csv::StringRecord;

use crate::facts::dictionary::Dictionary;
use crate::facts::finding::Finding;
use crate::facts::reference::Reference;
use crate::facts::rules::Rules;
use crate::facts::workspace::StatusLists;
pub use crate::facts::workspace::files;
use crate::ground::artefact::Table;
use crate::ground::error::{Error, Result};
use crate::ground::records;
use layout::Place;
pub use source::ADDITIONS;
use source::Source;

/// Header by which a simulated extract tells what it is.
pub const SIMULATED_HEADER: &str = "模擬データ";

/// What ingest is asked to do.
pub struct Request<'a> {
    /// One file, or a folder with the files that the extract was split into.
    pub extract: &'a Path,
    /// Reports that came later, in any known layout.
    pub late: Option<&'a Path>,
    pub edits: &'a [Edit],
    /// A column-mapping file (or a folder of them) named by the user; else it is recognised by the header.
    pub mapping: Option<&'a Path>,
    pub work_folder: Option<&'a Path>,
    pub report_year: i32,
    pub reference: &'a Reference,
    pub dictionary: &'a Dictionary,
    pub rules: &'a Rules,
    /// Which 報告状況 count as a report.
    pub statuses: &'a StatusLists,
}

/// A cell to be read as if something else stood in it: a scenario, never a correction of the file.
#[derive(Clone, Debug)]
pub struct Edit {
    pub facility_id: String,
    pub item_code: String,
    pub value: String,
    /// Where the wish stands, for errors.
    pub origin: String,
}

/// Facts of one table of the input (a file, or a sheet of a workbook) for the manifest and the quality report.
#[derive(Clone, Debug, serde::Serialize)]
pub struct InputFile {
    pub file_name: String,
    pub sha256: String,
    pub bytes: u64,
    pub encoding: String,
    pub layout: String,
    /// The extract says of itself that it is simulated.
    pub is_simulated: bool,
    /// Late or paper reports, beside the extract.
    pub is_addition: bool,
    /// How the physical lines of a text add up; none of a sheet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lines: Option<records::Lines>,
    pub rows_read: usize,
    pub rows_kept: usize,
    pub rows_superseded: usize,
    pub rows_rejected: usize,
}

/// A row not taken in, verbatim.
#[derive(Clone, Debug)]
pub struct Rejected {
    /// Table of the input that it stands in.
    pub source: usize,
    pub file_name: String,
    pub row_no: u32,
    pub cells: StringRecord,
}

/// The outcome of ingest.
pub struct Ingested {
    /// Grain: `row_no`. One row of the extract, with place, status, date and whether it is the latest of its facility.
    /// In an extract of several tables, the rows of the later ones carry numbers above any row of a sheet; the file and
    /// the row in it are columns of their own.
    pub facilities: Table,
    /// Grain: `row_no, item_code, seq`. One answer: a choice, a number interval, a text, or an explicit blank.
    pub answers: Table,
    /// The same form as `answers`: free texts and lists that no figure is made of.
    pub notes: Table,
    pub findings: Vec<Finding>,
    /// At least one.
    pub inputs: Vec<InputFile>,
    /// Codes of the items that the extract has.
    pub items: BTreeSet<String>,
    pub rejected: Vec<Rejected>,
}

impl Ingested {
    /// Facilities, each counted once.
    pub fn facility_count(&self) -> Result<usize> {
        let mut n = 0;
        for i in 0..self.facilities.len() {
            n += usize::from(self.facilities.flag(i, "is_latest")?);
        }
        Ok(n)
    }

    pub fn is_simulated(&self) -> bool {
        self.inputs.iter().any(|i| i.is_simulated)
    }
}

/// Everything the readers of cells need.
pub(crate) struct Context<'a> {
    pub request: &'a Request<'a>,
    pub sources: Vec<Source>,
    /// Lowest and highest count behind a mask.
    pub masked: (f64, f64),
}

/// Reads the extract.
pub fn run(request: &Request<'_>) -> Result<Ingested> {
    let mut findings = Vec::new();
    let mut sources = source::open(request, &mut findings)?;
    sources.iter_mut().for_each(|s| findings.extend(s.take_odd()));
    let context = Context { request, sources, masked: (request.rules.value("masked_low")?, request.rules.value("masked_high")?) };
    for source in &context.sources {
        findings.extend(source.unread());
        findings.extend(ids::odd(source));
        let unnamed = source.unnamed.iter().filter(|&&c| !source.headers[c].is_empty() && !source.headers[c].contains(SIMULATED_HEADER));
        for &column in unnamed {
            findings.push(source.finding("unnamed_column", None, Some(column)));
        }
    }
    let (facilities, rejected) = facilities::read(&context, &mut findings)?;
    let (answers, notes) = answers::read(&context, &facilities, &mut findings)?;
    let inputs = context.sources.iter().enumerate().map(|(s, source)| input(source, s, &facilities, &rejected)).collect::<Result<_>>()?;
    let items = context.sources.iter().flat_map(|s| s.places.keys().cloned()).collect();
    Ok(Ingested { facilities: facilities.table(&context)?, answers, notes, findings, inputs, items, rejected })
}

/// What became of the rows of a table.
///
/// # Errors
/// When a row is neither kept, superseded nor told as rejected.
fn input(source: &Source, number: usize, facilities: &facilities::Facilities, rejected: &[Rejected]) -> Result<InputFile> {
    let of_source = |latest: bool| facilities.rows.iter().filter(|f| f.is_latest == latest && f.part_of(number).is_some()).count();
    let input = InputFile {
        file_name: source.name.clone(),
        sha256: source.sha256.clone(),
        bytes: source.bytes,
        encoding: source.encoding.clone(),
        layout: source.layout.name.clone(),
        is_simulated: source.headers.iter().any(|h| h.contains(SIMULATED_HEADER)),
        is_addition: source.is_addition,
        lines: (!source.is_workbook).then_some(source.lines),
        rows_read: source.rows.len(),
        rows_kept: of_source(true),
        rows_superseded: of_source(false),
        rows_rejected: rejected.iter().filter(|r| r.source == number).count(),
    };
    if input.rows_read == input.rows_kept + input.rows_superseded + input.rows_rejected {
        return Ok(input);
    }
    let (read, kept, old, out) = (input.rows_read, input.rows_kept, input.rows_superseded, input.rows_rejected);
    Err(Error::new(format!("行の数が合いません（読んだ行 {read}、使った行 {kept}、前の報告 {old}、取り込まなかった行 {out}）"))
        .file(&source.path)
        .next("抽出ファイルを一つずつ試し、合わないファイルを知らせてください"))
}

/// File and row of Excel behind the number of a row.
pub fn place_of(row_no: u32, inputs: &[InputFile]) -> (&str, u32) {
    let file = inputs.get((row_no / source::ROWS_PER_SOURCE) as usize).map_or("", |i| i.file_name.as_str());
    (file, row_no % source::ROWS_PER_SOURCE)
}

/// The rows that were not taken in, verbatim, for the planner.
pub fn rejected_table(rejected: &[Rejected]) -> Result<Table> {
    use crate::ground::artefact::ColumnNote;
    use std::sync::Arc;
    let files = rejected.iter().map(|r| Some(r.file_name.as_str())).collect::<arrow::array::StringArray>();
    let rows = rejected.iter().map(|r| i64::from(r.row_no)).collect::<arrow::array::Int64Array>();
    let cells = rejected.iter().map(|r| serde_json::to_string(&r.cells.iter().collect::<Vec<_>>()).ok()).collect::<arrow::array::StringArray>();
    Table::new(
        "rejected_rows",
        vec![
            (ColumnNote::new("file", "ファイル", ""), Arc::new(files)),
            (ColumnNote::new("row_no", "行番号", ""), Arc::new(rows)),
            (ColumnNote::new("cells", "行の内容（JSON）", ""), Arc::new(cells)),
        ],
    )
}
