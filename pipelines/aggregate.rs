//! Stage 4, aggregate: supply per municipality, secondary medical area and prefecture, with bounds (`sql/aggregate`).

use std::path::Path;

use crate::error::Result;
use crate::sql::Engine;
use crate::stage::{self, Tables};

pub fn run(engine: &mut Engine, root: &Path, report_year: i32) -> Result<Tables> {
    stage::run(engine, "aggregate", root, report_year)
}
