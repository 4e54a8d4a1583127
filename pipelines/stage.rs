//! One SQL stage: run the folder's models on the tables of earlier stages, write what they make.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::artefact::Table;
use crate::error::{Error, Result};
use crate::sql::{self, Engine, Load};

/// Tables of a stage by name.
pub type Tables = BTreeMap<String, Table>;

/// Folders of `sql/` that run in a batch, in order.
pub const FOLDERS: [&str; 3] = ["determine", "checks", "aggregate"];

/// An engine with those artefacts in `root/<earlier>/` that the models of `folders` need.
pub fn engine(folders: &[&str], earlier: &[&str], root: &Path, report_year: i32, threads: usize) -> Result<Engine> {
    let mut needed: BTreeMap<String, usize> = BTreeMap::new();
    for folder in folders {
        for (name, text) in sql::models(folder, report_year)? {
            let needs = sql::Contract::parse(&name, text)?.needs;
            needs.into_iter().for_each(|n| *needed.entry(n).or_default() += 1);
            needed.entry(name).or_default();
        }
    }
    let mut found: Vec<(String, PathBuf)> = Vec::new();
    for stage in earlier {
        let dir = root.join(stage);
        for entry in fs::read_dir(&dir).map_err(|e| Error::io("前の段階の表を読めません", &dir, &e))?.flatten() {
            let path = entry.path();
            let name = path.file_stem().map_or_else(String::new, |s| s.to_string_lossy().into_owned());
            if path.extension().is_some_and(|e| e == "parquet") && needed.contains_key(&name) {
                found.push((name, path));
            }
        }
    }
    found.sort();
    let loads: Vec<Load<'_>> = found.iter().map(|(name, path)| Load { name, path }).collect();
    Ok(Engine::open(&loads, threads)?.with_uses(needed))
}

/// Runs `sql/<folder>` and writes `root/<folder>/*.parquet`.
pub fn run(engine: &mut Engine, folder: &str, root: &Path, report_year: i32) -> Result<Tables> {
    let mut tables = Tables::new();
    for (name, text) in sql::models(folder, report_year)? {
        let Some(table) = engine.run(&name, text)? else { continue };
        table.write_parquet(&root.join(folder).join(format!("{name}.parquet")))?;
        tables.insert(name, table);
    }
    Ok(tables)
}
