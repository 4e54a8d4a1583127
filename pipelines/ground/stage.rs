//! One SQL stage: run the folder's models on the tables of earlier stages, write what they make.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::ground::artefact::Table;
use crate::ground::error::{Error, Result};
use crate::ground::scratch::Scratch;
use crate::ground::sql::{self, Engine, Load};

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
    Ok(Engine::open(&loads, threads, Some(&root.with_file_name("spill")))?.with_uses(needed))
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

/// Runs one model of `folder` on the tables of a finished packet and on those `given`; of the models that it rests on, only
/// the steps, which leave no artefact, are taken again.
pub fn again(stages: &Path, (folder, wanted): (&str, &str), given: &[Table], report_year: i32) -> Result<Table> {
    let mut models = Vec::new();
    for folder in FOLDERS.into_iter().chain([folder]) {
        models.extend(sql::models(folder, report_year)?);
    }
    // beside the packet, whose rows these are
    let scratch = Scratch::beside(stages.parent().unwrap_or(stages))?;
    let mut paths: BTreeMap<String, PathBuf> = BTreeMap::new();
    for table in given {
        let path = scratch.path().join(format!("{}.parquet", table.name));
        table.write_parquet(&path)?;
        paths.insert(table.name.clone(), path);
    }
    let (mut waiting, mut to_run) = (vec![wanted.to_owned()], BTreeSet::new());
    while let Some(name) = waiting.pop() {
        if paths.contains_key(&name) || to_run.contains(&name) {
            continue;
        }
        let kept = ["ingest", "reference"].iter().chain(&FOLDERS).map(|stage| stages.join(stage).join(format!("{name}.parquet")));
        if let Some(path) = kept.into_iter().find(|p| p.exists()) {
            paths.insert(name, path);
        } else if let Some((_, text)) = models.iter().find(|(model, _)| *model == name) {
            waiting.extend(sql::Contract::parse(&name, text)?.needs);
            to_run.insert(name);
        } else {
            return Err(Error::new(format!("前の段階の表 {name} がありません")).file(stages).next("kyogi run で資料を作り直してください"));
        }
    }
    let loads: Vec<Load<'_>> = paths.iter().map(|(name, path)| Load { name, path }).collect();
    let mut engine = Engine::open(&loads, 1, Some(&scratch.path().join("spill")))?;
    let mut made = None;
    for (name, text) in models.iter().filter(|(name, _)| to_run.contains(name)) {
        let table = engine.run(name, text)?;
        if name == wanted {
            made = table;
        }
    }
    made.ok_or_else(|| Error::new(format!("SQL モデル {wanted} がありません")))
}
