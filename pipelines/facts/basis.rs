//! Everything a stage of a run may need to know: the tables of `sql/` and the work folder as typed rows, opened once.

use std::path::{Path, PathBuf};

use crate::facts::areas::Area;
use crate::facts::boundaries::{self, Boundaries};
use crate::facts::council::Council;
use crate::facts::dictionary::Dictionary;
use crate::facts::local::Terms;
use crate::facts::record::Record;
use crate::facts::reference::Reference;
use crate::facts::rules::Rules;
use crate::facts::workspace::Known;
use crate::ground::error::Result;

/// Everything a stage of this run may need to know.
pub struct Basis {
    pub reference: Reference,
    pub dictionary: Dictionary,
    pub rules: Rules,
    pub council: Council,
    pub areas: Vec<Area>,
    pub boundaries: Option<Boundaries>,
    /// What the prefecture set itself, for the phrases.
    pub terms: Terms,
    /// What people recorded of the areas beside the report.
    pub record: Record,
    pub year: i32,
    pub threads: usize,
    /// Where a work folder's own rows of the dictionary and the rules are looked for.
    pub work_folder: Option<PathBuf>,
    /// Packet of the previous year.
    pub previous: Option<PathBuf>,
}

impl Basis {
    /// `work_folder` brings the council setting, reference tables and its own rows; without it all are built in.
    pub fn load(prefecture: &str, year: i32, work_folder: Option<&Path>, threads: usize) -> Result<Self> {
        let Known { reference, dictionary, rules, council, areas } = Known::load(prefecture, year, work_folder)?;
        let boundaries = work_folder.map_or_else(|| Ok(None), |root| boundaries::read(root, &reference))?;
        let record = Record::load(work_folder, &reference, &areas, year)?;
        let (terms, work_folder) = (Terms::of(&rules, &reference, work_folder)?, work_folder.map(Path::to_path_buf));
        Ok(Self { areas, boundaries, council, reference, dictionary, rules, terms, record, year, threads, work_folder, previous: None })
    }
}
