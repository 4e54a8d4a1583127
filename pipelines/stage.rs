//! One SQL stage: load the artefacts of earlier stages, run the folder's models, write their tables.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::artefact::Table;
use crate::error::{Error, Result};
use crate::sql::{self, Engine, Load};

/// Runs `sql/<folder>` on the Parquet artefacts in `root/<earlier>/` and writes `root/<folder>/*.parquet`.
pub fn run(folder: &str, earlier: &[&str], root: &Path, report_year: i32, threads: usize) -> Result<BTreeMap<String, Table>> {
    let models = sql::models(folder, report_year)?;
    let mut needed: Vec<String> = Vec::new();
    for (name, text) in &models {
        needed.extend(sql::Contract::parse(name, text)?.needs);
    }
    let mut found: Vec<(String, PathBuf)> = Vec::new();
    for stage in earlier {
        let dir = root.join(stage);
        for entry in fs::read_dir(&dir).map_err(|e| Error::io("前の段階の表を読めません", &dir, &e))?.flatten() {
            let path = entry.path();
            let name = path.file_stem().map_or_else(String::new, |s| s.to_string_lossy().into_owned());
            if path.extension().is_some_and(|e| e == "parquet") && needed.contains(&name) {
                found.push((name, path));
            }
        }
    }
    found.sort();
    let loads: Vec<Load<'_>> = found.iter().map(|(name, path)| Load { name, path }).collect();
    let mut engine = Engine::open(&loads, threads)?;
    let mut tables = BTreeMap::new();
    for (name, text) in &models {
        let table = engine.run(name, text)?;
        table.write_parquet(&root.join(folder).join(format!("{name}.parquet")))?;
        tables.insert(name.clone(), table);
    }
    Ok(tables)
}
