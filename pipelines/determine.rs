//! Stage 3, determine: each facility's status per function, with rule and cells. Logic and texts: `sql/determine`, `sql/rules`.

use std::path::Path;

use crate::facts::finding::Finding;
use crate::ground::error::{Error, Result};
use crate::ground::sql::Engine;
use crate::ground::stage::{self, Tables};
use crate::ingest::{self, InputFile};

pub fn run(engine: &mut Engine, root: &Path, report_year: i32) -> Result<Tables> {
    stage::run(engine, "determine", root, report_year)
}

/// Contradictions between answers (`sql/checks`), as findings of the input.
pub fn checks(engine: &mut Engine, root: &Path, report_year: i32, inputs: &[InputFile]) -> Result<Vec<Finding>> {
    let tables = stage::run(engine, "checks", root, report_year)?;
    let table = tables.get("chk_findings").ok_or_else(|| Error::new("検査の表がありません"))?;
    (0..table.len())
        .map(|i| {
            let number = |name: &str| table.int(i, name).map(|n| n.and_then(|n| u32::try_from(n).ok()));
            // of a facility in several files, the file of the cell and its row there
            let (file, row) = match (number("column_no")?, number("source_row")?) {
                (Some(column), Some(row)) => (ingest::place_of(column, inputs).0, row),
                _ => ingest::place_of(number("row_no")?.unwrap_or(0), inputs),
            };
            Ok(Finding::new(table.text(i, "finding_code")?)
                .file(file)
                .row(row)
                .facility(table.text(i, "facility_id")?)
                .column(table.text(i, "column_name")?)
                .item(table.text(i, "item_code")?)
                .value(table.text(i, "value")?))
        })
        .collect()
}
