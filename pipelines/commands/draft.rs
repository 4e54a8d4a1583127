//! `kyogi draft`: the workbook before and after the meetings, written from data or merged with what people wrote.

use std::path::PathBuf;

use crate::commands::run::{self, Options};
use crate::facts::basis::Basis;
use crate::facts::finding::Finding;
use crate::ground::error::Result;
use crate::ground::scratch::Scratch;
use crate::workbook::round::{Round, with_open};
use crate::workbook::{self, Decision};

/// What became of the workbook.
pub struct Drafted {
    pub path: PathBuf,
    pub is_new: bool,
    pub copy: Option<PathBuf>,
    pub archived: usize,
    pub findings: Vec<Finding>,
}

/// Writes the workbook of a work folder, or merges the one that is there. `decisions` fill a new one as people would.
pub fn draft(options: &Options<'_>, decisions: &[Decision]) -> Result<Drafted> {
    let settings = &options.workspace.settings;
    let round = Round::open(options.workspace, true)?;
    let basis = Basis::load(&settings.prefecture, settings.report_year, Some(&options.workspace.root), options.threads)?;
    let scratch = Scratch::within(&options.workspace.root)?;
    let extract = options.extract.clone().map_or_else(|| options.workspace.extract(), Ok)?;
    let mapping = options.mapping.clone().or_else(|| options.workspace.mapping());
    let input = run::Input { mapping: mapping.as_deref(), work_folder: Some(&options.workspace.root), ..run::Input::default() };
    let mut figures = run::figures(&basis, &extract, input, scratch.path(), options.progress)?;
    run::changes(options.workspace, &basis, scratch.path(), &mut figures.facts)?;
    options.progress.stage("協議シートを合わせています");
    let simulated = settings.simulated || figures.inputs.iter().any(|i| i.is_simulated);
    let drafter = basis.drafter(figures.facts, &|path| options.workspace.override_of(path), simulated)?;
    let talk = round.merge(&drafter, &basis, &run::plan(&basis), true, decisions)?;
    let copy = round.put(&talk)?;
    options.progress.done();
    let path = options.workspace.root.join(workbook::FILE);
    Ok(Drafted { path, is_new: !round.has_workbook(), copy, archived: talk.archived, findings: with_open(&talk) })
}
