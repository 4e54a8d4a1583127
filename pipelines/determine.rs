//! Stage 3, determine: each facility's status per function, with rule and cells. Logic and texts: `sql/determine`, `sql/rules`.

use std::path::Path;

use crate::error::{Error, Result};
use crate::finding::Finding;
use crate::ingest::{self, InputFile};
use crate::sql::Engine;
use crate::stage::{self, Tables};

pub fn run(engine: &mut Engine, root: &Path, report_year: i32) -> Result<Tables> {
    stage::run(engine, "determine", root, report_year)
}

/// Contradictions between answers (`sql/checks`), as findings of the input.
pub fn checks(engine: &mut Engine, root: &Path, report_year: i32, inputs: &[InputFile]) -> Result<Vec<Finding>> {
    let tables = stage::run(engine, "checks", root, report_year)?;
    let table = tables.get("chk_findings").ok_or_else(|| Error::new("検査の表がありません"))?;
    (0..table.len())
        .map(|i| {
            let row = u32::try_from(table.int(i, "row_no")?.unwrap_or(0)).unwrap_or(0);
            let (file, row) = ingest::place_of(row, inputs);
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
