//! Stage 4, aggregate: supply per municipality, secondary medical area and prefecture, with bounds (`sql/aggregate`).

use std::path::Path;

use crate::determine::Tables;
use crate::error::Result;
use crate::stage;

pub fn run(root: &Path, report_year: i32, threads: usize) -> Result<Tables> {
    stage::run("aggregate", &["reference", "ingest", "determine"], root, report_year, threads)
}
