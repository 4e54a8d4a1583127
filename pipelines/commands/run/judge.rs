//! The first stages of a run: the extract read, checked and determined.

use std::collections::BTreeSet;
use std::path::Path;

use rayon::prelude::*;

use super::tables;
use crate::check::{Desk, previous};
use crate::determine;
use crate::facts::basis::Basis;
use crate::facts::finding::Finding;
use crate::facts::reference::Reference;
use crate::facts::workspace::StatusLists;
use crate::ground::error::Result;
use crate::ground::progress::Progress;
use crate::ground::sql::Engine;
use crate::ground::stage;
use crate::ingest;

/// What to read, beside the tables of the basis.
#[derive(Clone, Copy, Default)]
pub struct Input<'a> {
    pub mapping: Option<&'a Path>,
    pub work_folder: Option<&'a Path>,
    pub late: Option<&'a Path>,
    pub edits: &'a [ingest::Edit],
}

/// An extract read, checked and determined.
pub(super) struct Judged {
    pub(super) engine: Engine,
    pub(super) determined: stage::Tables,
    pub(super) findings: Vec<Finding>,
    pub(super) inputs: Vec<ingest::InputFile>,
    pub(super) rejected: Vec<ingest::Rejected>,
    pub(super) items: BTreeSet<String>,
    pub(super) desk: Desk,
    pub(super) facilities: usize,
}

/// Folders whose models will run, where progress shows, and who hears the end of each step.
pub(super) type Course<'a> = (&'a [&'a str], &'a Progress, &'a mut dyn FnMut(&str));

/// The stages up to determination; `folders` are those whose tables the engine must hold, `done` hears the end of each step.
pub(super) fn judged(basis: &Basis, extract: &Path, input: Input<'_>, stages: &Path, (folders, progress, done): Course<'_>) -> Result<Judged> {
    progress.stage("抽出ファイルを読んでいます");
    let statuses = StatusLists::of_work_folder(input.work_folder)?;
    let request = ingest::Request {
        extract,
        late: input.late,
        edits: input.edits,
        mapping: input.mapping,
        work_folder: input.work_folder,
        report_year: basis.year,
        reference: &basis.reference,
        dictionary: &basis.dictionary,
        rules: &basis.rules,
        statuses: &statuses,
    };
    let mut ingested = ingest::run(&request)?;
    if let Some(root) = input.work_folder {
        ingested.findings.extend(super::accounted::not_read(root, extract)?);
    }
    let facilities = ingested.facility_count()?;
    done("読む");
    [&ingested.facilities, &ingested.answers, &ingested.notes]
        .into_par_iter()
        .try_for_each(|table| table.write_parquet(&stages.join(format!("ingest/{}.parquet", table.name))))?;
    tables::write_reference(basis, input.work_folder, stages, &ingested.items)?;
    let desk = Desk::open(input.work_folder, &basis.dictionary)?;
    desk.table()?.write_parquet(&stages.join("ingest/ing_overrides.parquet"))?;
    desk.outpatients()?.write_parquet(&stages.join("ingest/ing_outpatients.parquet"))?;
    previous::write(basis.previous.as_deref(), &ingested, stages)?;
    let ingest::Ingested { facilities: table, answers, notes, mut findings, inputs, items, rejected } = ingested;
    // the tables are on disk now: the engine needs the memory
    drop((table, answers, notes));
    done("書く");

    progress.stage("機能の有無を判定しています");
    let mut engine = stage::engine(folders, &["reference", "ingest"], stages, basis.year, basis.threads)?;
    done("積む");
    let determined = determine::run(&mut engine, stages, basis.year)?;
    done("判定する");
    findings.extend(determine::checks(&mut engine, stages, basis.year, &inputs)?);
    done("検査する");
    Ok(Judged { engine, determined, findings, inputs, rejected, items, desk, facilities })
}

/// What the bench times on an extract of the nation: everything before the areas. Returns facilities and findings.
pub fn judged_only(extract: &Path, year: i32, root: &Path, threads: usize, done: &mut dyn FnMut(&str)) -> Result<(usize, usize)> {
    let basis = Basis::load(Reference::NATION, year, None, threads)?;
    done("表を開く");
    let judged = judged(&basis, extract, Input::default(), &root.join("stages"), (&["determine", "checks"], &Progress::silent(), done))?;
    Ok((judged.facilities, judged.findings.len()))
}
