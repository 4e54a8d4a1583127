//! Stage 4, aggregate: supply per area with bounds (`sql/aggregate`), then the comparison of shares, which SQL cannot compute.

pub mod comparison;
pub mod figure;

use std::path::Path;

use crate::facts::areas::Area;
use crate::facts::rules::Rules;
use crate::ground::error::{Error, Result};
use crate::ground::sql::Engine;
use crate::ground::stage::{self, Tables};

pub fn run(engine: &mut Engine, root: &Path, report_year: i32, areas: &[Area], rules: &Rules) -> Result<Tables> {
    let mut tables = stage::run(engine, "aggregate", root, report_year)?;
    let table = |name: &str| tables.get(name).ok_or_else(|| Error::new(format!("集計表 {name} がありません")));
    let compared = comparison::compare(table("agg_status")?, areas, &comparison::Levels::of(rules)?)?;
    let figures = comparison::with_figures(table("figures")?, &compared)?;
    for made in [comparison::table(&compared)?, figures] {
        made.write_parquet(&root.join("aggregate").join(format!("{}.parquet", made.name)))?;
        tables.insert(made.name.clone(), made);
    }
    Ok(tables)
}
