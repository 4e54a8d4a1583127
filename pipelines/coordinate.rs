//! The coordinator's commands: the workbook before and after the meetings (`draft`), and what is published of it (`publish`).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::artefact::{self, Table};
use crate::draft::site::Plan;
use crate::draft::{self, Drafter, Facts};
use crate::error::{Error, Result};
use crate::finding::Finding;
use crate::ingest::sha256;
use crate::packet::{Finished, Manifest, Packet};
use crate::printer::Printer;
use crate::publish::{self, HeldBack, Published};
use crate::render::html;
use crate::run::{self, Basis, Options};
use crate::spreadsheet;
use crate::workbook::carry::{self, Previous};
use crate::workbook::generate::{self, generate, measurables};
use crate::workbook::layout::Layout;
use crate::workbook::places::Places;
use crate::workbook::{self, CouncilBook, Decision};
use crate::workspace::Workspace;

/// The workbook of a work folder while a command runs.
pub struct Round<'a> {
    workspace: &'a Workspace,
    pub layout: Layout,
    old: Option<Vec<u8>>,
    previous: Option<Previous>,
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

impl<'a> Round<'a> {
    /// Reads the workbook and the year before. `writes`: the workbook will be replaced, so it must not be open in Excel.
    pub fn open(workspace: &'a Workspace, writes: bool) -> Result<Self> {
        let path = workspace.root.join(workbook::FILE);
        if writes {
            workbook::refuse_open(&path)?;
        }
        let old = workbook::bytes_of(&path)?;
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
        let source = generate::Source {
            drafter,
            areas: &basis.areas,
            plan,
            council: &basis.council,
            previous: self.previous.as_ref(),
            layout: &self.layout,
            places: &places,
            measurables: &measurables,
            date: (basis.year + 1, 4, 1),
        };
        let mut talk = Talk::default();
        if let Some(previous) = &self.previous {
            talk.tables = carry::tables(previous, &|m| source.check(&m.area_code, &m.indicator, &m.target))?;
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
        let now = generate(&source)?;
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

    /// Puts the merged workbook in its place; the copy of what people had, if one was made.
    pub fn put(&self, talk: &Talk) -> Result<Option<PathBuf>> {
        let path = self.workspace.root.join(workbook::FILE);
        talk.new.as_ref().map_or(Ok(None), |new| workbook::put(&path, self.old.as_deref(), new))
    }
}

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
    let scratch = tempfile::tempdir().map_err(|e| Error::new(format!("一時フォルダーを作れません：{e}")))?;
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

/// What was odd, and what stays odd, each once.
pub fn with_open(talk: &Talk) -> Vec<Finding> {
    let said = |f: &&Finding| !talk.findings.iter().any(|o| (&o.code, &o.value) == (&f.code, &f.value));
    talk.findings.iter().chain(talk.open.iter().filter(said)).cloned().collect()
}

/// What was published.
pub struct PublishOutcome {
    pub finished: Finished,
    pub results: usize,
    pub measures: usize,
    pub held_back: Vec<HeldBack>,
    /// The list of what was held back.
    pub list: PathBuf,
}

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

/// Folder in the work folder that holds what may be published, and nothing else.
pub const FOLDER: &str = "published";
/// The list of what is agreed but not published, beside the folder.
const HELD_BACK: &str = "not_published.csv";

/// Makes the result sheets, the summary and the table of measures from the workbook and the packet's figures.
pub fn publish(workspace: &Workspace, out: Option<&Path>, until: Option<&str>, threads: usize) -> Result<PublishOutcome> {
    let until = until.map(publish::day).transpose()?;
    let settings = &workspace.settings;
    let Opened { made, basis, facts } = open(workspace, threads)?;
    if made.report_year != settings.report_year {
        return Err(Error::new(format!("資料の報告年度（{}）が、設定の報告年度（{}）と違います", made.report_year, settings.report_year))
            .file(&workspace.output())
            .next("kyogi run で資料を作り直してください"));
    }
    let round = Round::open(workspace, false)?;
    let Some(input) = round.input(&Talk::default()) else {
        return Err(Error::new("協議シートがありません")
            .file(&workspace.root.join(workbook::FILE))
            .next("kyogi draft で協議シートを作り、協議の記録と合意した文を書いてください"));
    };
    let overrides = |path: &str| workspace.override_of(path);
    let drafter = basis.drafter(facts, &overrides, made.simulated)?;
    let mut book = workbook::book::read_file(&workspace.root.join(workbook::FILE), &basis.areas, &basis.dictionary)?;
    carry::name_indicators(&mut book, &measurables(&drafter, &basis.areas)?);
    let source = publish::Source {
        book: &book,
        layout: &round.layout,
        areas: &basis.areas,
        dictionary: &basis.dictionary,
        drafter: &drafter,
        until: until.as_deref(),
    };
    let published = publish::results(&source)?;
    let list = workspace.root.join(HELD_BACK);
    publish::held_back_table(&published.held_back)?.write_csv(&list)?;
    if published.sheets.is_empty() {
        return Err(Error::new(format!("公表できる協議の結果がありません（公表しない理由のある文 {} 件）", published.held_back.len()))
            .file(&list)
            .next("協議シートに、開催日・合意した文・公表日を書いてください"));
    }
    let place = out.map_or_else(|| workspace.root.join(FOLDER), Path::to_path_buf);
    let target = Packet::begin(&place, &basis.reference.prefecture.prefecture_code, made.simulated)?;
    let root = target.path().to_path_buf();
    let printer = Printer::new(&overrides, root.clone(), (settings.report_year + 1, 4, 1))?;
    printer.results(&published, &mut BTreeSet::new())?;
    if let Some(summary) = &published.summary {
        let id = format!("results/{}", summary.result_id);
        printer.page("index.html", "result", &draft::sheet::ResultSheet { root: "", result_id: id, ..summary.clone() })?;
    }
    write_measures(&published, &root)?;
    artefact::write_bytes(&root.join("assets/kyogi.css"), html::stylesheet(&overrides).as_bytes())?;
    let mut manifest = Manifest::new(&made.prefecture_code, made.report_year, made.simulated, &[], &[])?;
    manifest.inputs = made.inputs.into_iter().chain([input]).collect();
    manifest.rules = made.rules;
    Ok(PublishOutcome {
        finished: target.finish(manifest)?,
        results: published.sheets.len(),
        measures: published.measures.len(),
        held_back: published.held_back,
        list,
    })
}

/// `data/measures.csv` of what is published.
pub fn write_measures(published: &Published, root: &Path) -> Result<()> {
    if published.measures.is_empty() { Ok(()) } else { publish::measures_table(&published.measures)?.write_csv(&root.join("data/measures.csv")) }
}

/// Both lists of a packet: what is published, and what is not.
pub fn write_lists(published: &Published, root: &Path) -> Result<()> {
    write_measures(published, root)?;
    if published.held_back.is_empty() {
        return Ok(());
    }
    publish::held_back_table(&published.held_back)?.write_csv(&root.join("data").join(HELD_BACK))
}
