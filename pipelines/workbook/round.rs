//! One round of the workbook beside a command: read as people left it, merged with what the data say now, put back.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::carry::{self, Goal, Previous};
use super::generate::{self, generate, measurables};
use super::layout::Layout;
use super::places::Places;
use super::settings;
use super::spoken::Speech;
use super::{CouncilBook, Decision};
use crate::draft::Drafter;
use crate::draft::site::Plan;
use crate::facts::basis::Basis;
use crate::facts::council::Council;
use crate::facts::finding::Finding;
use crate::facts::workspace::Workspace;
use crate::ground::artefact::sha256;
use crate::ground::error::Result;
use crate::ground::spreadsheet::{self, renew};
use crate::workbook;

/// The workbook of a work folder while a command runs.
pub struct Round<'a> {
    workspace: &'a Workspace,
    pub layout: Layout,
    old: Option<Vec<u8>>,
    previous: Option<Previous>,
}

impl<'a> Round<'a> {
    /// Reads the workbook and the year before. `writes`: the workbook will be replaced, so it must not be open in Excel.
    pub fn open(workspace: &'a Workspace, writes: bool) -> Result<Self> {
        let path = workspace.root.join(workbook::FILE);
        if writes {
            workbook::refuse_open(&path)?;
        }
        let old = renew::bytes_of(&path)?;
        if let Some(bytes) = &old {
            // said before the long part of a run
            spreadsheet::read_bytes(bytes.clone()).map_err(|e| e.file(&path).at("何も変えていません"))?;
        }
        let previous = &workspace.settings.previous;
        let previous = (!previous.is_empty()).then(|| Previous::read(&workspace.root.join(previous))).transpose()?;
        Ok(Self { workspace, layout: Layout::load()?, old, previous })
    }

    pub fn has_workbook(&self) -> bool {
        self.old.is_some()
    }

    /// The workbook as it stands beside the packet, for its manifest.
    pub fn input(&self, talk: &Talk) -> Option<serde_json::Value> {
        let bytes = talk.new.as_ref().or(self.old.as_ref());
        bytes.map(|bytes| serde_json::json!({ "file_name": workbook::FILE, "sha256": sha256(bytes) }))
    }

    /// Merges the workbook with what the data say now. Without a workbook one is made only where `creates` says so.
    pub fn merge(&self, drafter: &Drafter<'_>, basis: &Basis, plan: &Plan, creates: bool, decisions: &[Decision]) -> Result<Talk> {
        let places = Places::new(&basis.areas, &basis.dictionary)?;
        let measurables = measurables(drafter, &basis.areas)?;
        let source = self.source(drafter, basis, plan, (&places, &measurables));
        let mut talk = Talk { tables: self.carried(&source)?, ..Talk::default() };
        if self.previous.is_some() {
            let planned: BTreeSet<(&str, &str)> =
                plan.iter().map(|&(a, f)| (basis.areas[a].area_code.as_str(), basis.dictionary.functions[f].function_code.as_str())).collect();
            for (area, function) in talk.tables.keys().filter(|(a, f)| !planned.contains(&(a.as_str(), f.as_str()))) {
                let value = format!("区域コード {area}、{}", places.theme(function));
                talk.open.push(Finding::new("workbook_carry_no_area").file(workbook::FILE).value(value));
            }
        }
        if self.old.is_none() && !creates {
            return Ok(talk);
        }
        let mut now = generate(&source)?;
        settings::add(&source, &mut now.rows)?;
        let merged = match &self.old {
            Some(bytes) => workbook::merge_bytes(bytes, &now, &self.layout, &places)?,
            None => workbook::first(&now, decisions, &self.layout, &places)?,
        };
        talk.book = workbook::book::parse(merged.bytes.clone(), &self.layout, &places)?;
        for m in talk.book.measures.iter().filter(|m| !m.indicator.is_empty() && carry::measurable(&measurables, &m.indicator).is_none()) {
            let place = format!("シート「{}」の {} 行目", m.place.sheet, m.place.row);
            talk.open.push(Finding::new("workbook_indicator_unknown").file(workbook::FILE).row(m.place.row).column(place).value(m.indicator.clone()));
        }
        carry::name_indicators(&mut talk.book, &measurables);
        talk.open.append(&mut talk.book.findings);
        talk.findings.extend(merged.findings);
        talk.archived = merged.archived;
        talk.new = Some(merged.bytes);
        Ok(talk)
    }

    fn source<'s>(
        &'s self,
        drafter: &'s Drafter<'s>,
        basis: &'s Basis,
        plan: &'s Plan,
        (places, measurables): (&'s Places, &'s [carry::Measurable]),
    ) -> generate::Source<'s> {
        let (areas, council, previous, layout, date) =
            (&basis.areas[..], &basis.council, self.previous.as_ref(), &self.layout, (basis.year + 1, 4, 1));
        generate::Source { drafter, areas, plan, council, previous, layout, places, measurables, date }
    }

    fn carried(&self, source: &generate::Source<'_>) -> Result<carry::Tables> {
        let carried = |previous| carry::tables(previous, &|m| source.check(&m.area_code, Goal::of(m)));
        self.previous.as_ref().map_or_else(|| Ok(carry::Tables::new()), carried)
    }

    /// The workbook as it stands, without merging anything.
    pub fn read(&self, drafter: &Drafter<'_>, basis: &Basis, plan: &Plan) -> Result<Talk> {
        let (places, measurables) = (Places::new(&basis.areas, &basis.dictionary)?, measurables(drafter, &basis.areas)?);
        let tables = self.carried(&self.source(drafter, basis, plan, (&places, &measurables)))?;
        let mut book = workbook::book::read_file(&self.workspace.root.join(workbook::FILE), &basis.areas, &basis.dictionary)?;
        carry::name_indicators(&mut book, &measurables);
        Ok(Talk { book, tables, ..Talk::default() })
    }

    /// Puts the merged workbook in its place; the copy of what people had, if one was made.
    pub fn put(&self, talk: &Talk) -> Result<Option<PathBuf>> {
        let path = self.workspace.root.join(workbook::FILE);
        talk.new.as_ref().map_or(Ok(None), |new| workbook::put(&path, self.old.as_deref(), new))
    }
}

impl Talk {
    /// What the sheets say of it.
    pub fn speech<'a>(&'a self, council: &'a Council) -> Speech<'a> {
        Speech { book: &self.book, council, carried: &self.tables }
    }
}

/// What the workbook and the year before have to say.
#[derive(Default)]
pub struct Talk {
    /// As merged; its findings name the cells as they are now.
    pub book: CouncilBook,
    /// What was odd in the workbook as people left it, and what was done about it.
    pub findings: Vec<Finding>,
    /// What stays odd in the merged workbook.
    pub open: Vec<Finding>,
    /// Tables that the sheets get from the year before.
    pub tables: carry::Tables,
    pub archived: usize,
    new: Option<Vec<u8>>,
}

/// What was odd, and what stays odd, each once.
pub fn with_open(talk: &Talk) -> Vec<Finding> {
    let said = |f: &&Finding| !talk.findings.iter().any(|o| (&o.code, &o.value) == (&f.code, &f.value));
    talk.findings.iter().chain(talk.open.iter().filter(said)).cloned().collect()
}
