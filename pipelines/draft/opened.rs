//! A packet on disk, opened again: meetings and the publication start from it, not from the extract.

use crate::draft::{self, Facts};
use crate::facts::basis::Basis;
use crate::facts::workspace::Workspace;
use crate::ground::artefact::Table;
use crate::ground::error::Result;
use crate::packet::Manifest;

/// A packet on disk: what it was made from, and its figures. Meetings and the publication start from it, not from the extract.
pub struct Opened {
    pub made: Manifest,
    pub basis: Basis,
    pub facts: Facts,
}

/// Opens the packet of the work folder.
pub fn open(workspace: &Workspace, threads: usize) -> Result<Opened> {
    let (settings, packet) = (&workspace.settings, workspace.output());
    let made = Manifest::read(&packet)?;
    let basis = Basis::load(&settings.prefecture, settings.report_year, Some(&workspace.root), threads)?;
    let table = |name: &str| Ok((name.to_owned(), Table::read_parquet(name, &packet.join(format!("stages/aggregate/{name}.parquet")))?));
    let tables = draft::TABLES.into_iter().map(table).collect::<Result<_>>()?;
    let facts = Facts::of(&tables, &basis.areas, basis.boundaries.clone())?;
    Ok(Opened { made, basis, facts })
}
