//! Stage 3, determine: each facility's status per function, with rule and cells. Logic and texts: `sql/determine`, `sql/rules`.

use std::path::Path;

use crate::artefact::Table;
use crate::error::{Error, Result};
use crate::finding::Finding;
use crate::stage;

/// Tables of one stage by name.
pub type Tables = std::collections::BTreeMap<String, Table>;

pub fn run(root: &Path, report_year: i32, threads: usize) -> Result<Tables> {
    stage::run("determine", &["reference", "ingest"], root, report_year, threads)
}

/// Contradictions between answers, as findings of the extract `file`.
pub fn checks(root: &Path, report_year: i32, threads: usize, file: &str) -> Result<Vec<Finding>> {
    let tables = stage::run("checks", &["reference", "ingest", "determine"], root, report_year, threads)?;
    let table = tables.get("chk_answers").ok_or_else(|| Error::new("検査の表がありません"))?;
    (0..table.len())
        .map(|i| {
            let row = u32::try_from(table.int(i, "row_no")?.unwrap_or(0)).unwrap_or(0);
            Ok(Finding::new(table.text(i, "finding_code")?)
                .file(file)
                .row(row)
                .facility(table.text(i, "facility_id")?)
                .item(table.text(i, "item_code")?)
                .value(table.text(i, "value")?))
        })
        .collect()
}
