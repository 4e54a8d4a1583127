//! The batch: extract in, packet out. Stages follow one another; each reads what the earlier ones wrote.

pub mod accounted;
mod checks;
mod judge;
mod measure;
mod tables;

pub use checks::{Checked, check};
pub use judge::{Input, judged_only};
pub use measure::{draft_sheets, print_documents};

use crate::facts::basis::Basis;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::aggregate;
use crate::check::{Desk, outside};
use crate::draft::Facts;
use crate::draft::book::DataBook;
use crate::draft::change::{self, Change};
use crate::draft::site::{self, DataLink, Made, Plan};
use crate::facts::calendar;
use crate::facts::dictionary::fees::Fees;
use crate::facts::dictionary::{self, dated};
use crate::facts::finding::{self, Finding};
use crate::facts::local;
use crate::facts::overrides;
use crate::facts::record;
use crate::facts::workspace::Workspace;
use crate::ground::artefact::{self, Table};
use crate::ground::error::{Error, Result};
use crate::ground::progress::Progress;
use crate::ground::stage;
use crate::ingest;
use crate::packet::{self, Finished, Manifest, NotRead, Packet};
use crate::pages::catalogue;
use crate::pages::databook;
use crate::pages::plan_chapter;
use crate::pages::printer::Printer;
use crate::publish;
use crate::render::html;
use crate::workbook::round::{self, Round};
use crate::workbook::wording;

use judge::{Judged, judged};

/// What to run. `None` means: as the work folder says.
pub struct Options<'a> {
    pub workspace: &'a Workspace,
    pub extract: Option<PathBuf>,
    pub mapping: Option<PathBuf>,
    pub out: Option<PathBuf>,
    pub threads: usize,
    pub progress: &'a Progress,
}

/// What came out.
pub struct Outcome {
    pub finished: Finished,
    pub sheets: usize,
    pub results: usize,
    /// Agreed texts that are not published because something is lacking.
    pub held_back: usize,
    /// The copy of the workbook as people left it.
    pub copy: Option<PathBuf>,
    /// What was odd in the workbook.
    pub workbook: Vec<Finding>,
    pub must_fix: usize,
    pub findings: usize,
    pub facilities: usize,
    /// Files of the work folder that were not read.
    pub not_read: Vec<NotRead>,
    /// Why the workbook of the work folder was not renewed; empty where it was.
    pub not_replaced: String,
}

/// Folder of the work folder beside the packet.
pub const CHECKS: &str = "check";

/// The figures in `root` against the packet of the previous report year, where the settings name one; what is drafted from the facts
/// speaks of it.
pub fn changes(workspace: &Workspace, basis: &Basis, root: &Path, facts: &mut Facts) -> Result<Option<Vec<Change>>> {
    let Some(previous) = workspace.previous() else { return Ok(None) };
    let before = change::figures_of(&previous)?;
    let mut found = change::changes(&before, &change::figures_of(root)?)?;
    if let Some(earlier) = change::year_of(&before)? {
        change::mark_breaks(&mut found, &basis.dictionary, &Fees::load_in(Some(&workspace.root))?, earlier, basis.year)?;
    }
    let functions = |packet: &Path| Table::read_parquet("det_functions", &packet.join("stages/determine/det_functions.parquet"));
    change::compare_alike(&mut found, &functions(&previous)?, &functions(root)?, &basis.areas, basis.rules.value("stable_id_share")?)?;
    facts.remember(&found);
    Ok(Some(found))
}

pub fn run(options: &Options<'_>) -> Result<Outcome> {
    let pool =
        rayon::ThreadPoolBuilder::new().num_threads(options.threads).build().map_err(|e| Error::new(format!("並列処理を始められません：{e}")))?;
    pool.install(|| run_in_pool(options))
}

fn run_in_pool(options: &Options<'_>) -> Result<Outcome> {
    let settings = &options.workspace.settings;
    let year = settings.report_year;
    let mut basis = Basis::load(&settings.prefecture, year, Some(&options.workspace.root), options.threads)?;
    basis.previous = options.workspace.previous();
    let extract = match &options.extract {
        Some(path) => path.clone(),
        None => options.workspace.extract()?,
    };
    let mapping = options.mapping.clone().or_else(|| options.workspace.mapping());
    // a packet for another place looks at the workbook and leaves it alone
    let round = Round::open(options.workspace, options.out.is_none())?;
    let packet = Packet::begin(
        options.out.as_deref().unwrap_or(&options.workspace.output()),
        &basis.reference.prefecture.prefecture_code,
        settings.simulated,
    )?;
    let root = packet.path().to_path_buf();

    let mut figures = {
        let input = Input { mapping: mapping.as_deref(), work_folder: Some(&options.workspace.root), ..Input::default() };
        figures(&basis, &extract, input, &root, options.progress)?
    };
    hold_against_others(&basis, options.workspace, &mut figures, &root.join("stages"))?;
    let report = checks::report(&basis, options.workspace, &mut figures, &root.join("stages"))?;
    let mut findings = std::mem::take(&mut figures.findings);
    findings.extend(report.findings.iter().cloned());
    let unlisted = crate::facts::reference::tables::unlisted(&options.workspace.root)?;
    findings.extend(unlisted.iter().map(|file| Finding::new("reference_not_listed").file(file)));
    let all_figures = change::figures_of(&root)?;
    let changes = changes(options.workspace, &basis, &root, &mut figures.facts)?;

    options.progress.stage("シートの下書きを作っています");
    let texts = |path: &str| options.workspace.override_of(path);
    let simulated = settings.simulated || figures.inputs.iter().any(|i| i.is_simulated);
    let drafter = basis.drafter(figures.facts, &texts, simulated)?;
    let printer = Printer::new(&texts, root.clone(), (year + 1, 4, 1))?;
    let plan = plan(&basis);
    let talk = round.merge(&drafter, &basis, &plan, false, &[])?;
    findings.extend(talk.open.iter().cloned());
    findings.extend(wording::check(&options.workspace.root, &talk.book, year)?);
    findings.extend(overrides::without_effect(&options.workspace.root)?);
    let own_files = overrides::list(&options.workspace.root)?;
    let mut replaced = printer.sheets(&drafter, &basis, &plan, &talk.speech(&basis.council), options.progress)?;
    let (layout, book, areas, dictionary) = (&round.layout, &talk.book, &basis.areas[..], &basis.dictionary);
    let published = publish::results(&publish::Source {
        book,
        layout,
        plan: &plan,
        areas,
        dictionary,
        drafter: &drafter,
        until: None,
        with_missing_glyphs: true,
    })?;
    let result_links = printer.results(&published, &mut replaced)?;
    publish::write_lists(&published, &root)?;
    let earlier = basis.previous.as_deref().map_or_else(|| Ok(Vec::new()), plan_chapter::baseline_of)?;
    replaced.extend(printer.record_documents(&drafter, &basis, &talk.book, (&earlier, &calendar::plan_due(year)?))?);
    for (place, character) in &replaced {
        let value = format!("{place}：U+{:04X} {character}", *character as u32);
        findings.push(Finding::new("glyph_replaced").file(&figures.inputs[0].file_name).value(value));
    }

    options.progress.stage("一覧とデータを書いています");
    let finding_rules = finding::rules()?;
    finding::sort(&mut findings, &finding_rules);
    finding::table(&findings, &finding_rules)?.write_csv(&root.join("data/findings.csv"))?;
    if let Some(rejected) = &figures.rejected {
        rejected.write_csv(&root.join("data/rejected_rows.csv"))?;
    }
    if let Some(changes) = &changes {
        change::table(changes)?.write_csv(&root.join("data/changes.csv"))?;
    }
    let book = DataBook::new(&basis.dictionary, &texts, &basis.terms, &all_figures, changes.as_deref())?;
    artefact::write_bytes(
        &root.join("data/figures.xlsx"),
        &databook::workbook(&databook::Request {
            book: &book,
            areas: &basis.areas,
            sources: &basis.reference.sources,
            notes: drafter.notes_of(&book)?,
            prefecture: &basis.reference.prefecture.name,
            report_year: year,
            simulated,
        })?,
    )?;
    printer.data_book(&drafter, &basis, &plan, &book, options.progress)?;
    catalogue::table(&basis.dictionary, &figures.items)?.write_csv(&root.join("data/dictionary.csv"))?;
    printer.page("data/backup_network.html", "network", &drafter.network_page(&basis.areas, &plan)?)?;
    let mut links = data_links(&root)?;
    links.extend(document_links(&basis));
    let made = Made { results: result_links, data: links, findings: site::finding_list(&findings, &finding_rules), own_files: &own_files };
    printer.pages(&drafter, &basis, &plan, &figures.inputs, &figures.items, made)?;
    let place = checks::Place { root: "../", folder: &root.join("check"), simulated, rejected: figures.rejected.as_ref() };
    let workbook = checks::pages(&report, &printer.html, &basis, &place)?;
    artefact::write_bytes(&root.join("assets/kyogi.css"), html::stylesheet(&texts).as_bytes())?;

    let mut manifest = Manifest::new(&basis.reference.prefecture.prefecture_code, year, simulated, &figures.inputs, &basis.rules.rows)?;
    manifest.inputs.extend(round.input(&talk));
    let copy = if options.out.is_none() { round.put(&talk)? } else { None };
    manifest.reference = basis.reference.tables.used()?;
    manifest.inputs.extend(packet::inputs(&options.workspace.root, dated::own_files())?);
    let boundaries = basis.boundaries.iter().map(|b| serde_json::json!({ "file_name": format!("reference/{}", b.file_name), "sha256": b.sha256 }));
    manifest.inputs.extend(boundaries);
    manifest.inputs.extend(packet::inputs(&options.workspace.root, local::FILES)?);
    let outside = &settings.outside;
    let lists = [record::FILE, &outside.filings, &outside.bed_report, &outside.bed_mapping];
    manifest.inputs.extend(packet::inputs(&options.workspace.root, lists.into_iter().filter(|f| !f.is_empty()))?);
    manifest.own_files = own_files;
    manifest.not_read = accounted::told(&findings, &finding_rules);
    let not_read = manifest.not_read.clone();
    manifest.overrides = report.acting.iter().map(serde_json::to_value).collect::<std::result::Result<_, _>>()?;
    let finished = packet.finish(manifest)?;
    let not_replaced = report.hand_over(&workbook)?;
    options.progress.done();
    let severity = |f: &Finding| finding::severity(f, &finding_rules);
    let must_fix = findings.iter().filter(|f| severity(f) == "must_fix").count();
    Ok(Outcome {
        finished,
        sheets: plan.len(),
        results: published.sheets.len(),
        held_back: published.held_back.len(),
        copy,
        workbook: round::with_open(&talk),
        must_fix,
        findings: findings.iter().filter(|f| severity(f) != "note").count(),
        facilities: figures.facilities,
        not_read,
        not_replaced: not_replaced.map_or_else(String::new, |f| f.value),
    })
}

/// The lists of others that the settings name, held against the answers: questions to ask, and lines of the sheets.
fn hold_against_others(basis: &Basis, workspace: &Workspace, figures: &mut Figures, stages: &Path) -> Result<()> {
    let found = outside::check(workspace, &basis.reference, &basis.dictionary, &basis.areas, stages)?;
    figures.findings.extend(found.findings);
    figures.facts.outside = found.lines;
    Ok(())
}

/// Links to the documents of the prefecture beside the data.
fn document_links(basis: &Basis) -> Vec<DataLink> {
    let code = &basis.reference.prefecture.prefecture_code;
    let link = |href: String, label: &str, note: &str| DataLink { href, label: label.into(), note: note.into(), size: String::new() };
    vec![
        link(format!("outpatient/outpatient_{code}.html"), "地域外来医療（県）", "区域ごとの文書は outpatient フォルダー（HTML・PDF）"),
        link(format!("plan/plan_{code}.html"), "医療計画 十の二 の素材（県）", "二次医療圏ごとの文書は plan フォルダー（HTML・PDF・Excel）"),
    ]
}

/// From the extract to the figures of all areas.
pub struct Figures {
    pub facts: Facts,
    findings: Vec<Finding>,
    pub inputs: Vec<ingest::InputFile>,
    facilities: usize,
    rejected: Option<Table>,
    /// Codes of the items that the extract has.
    items: BTreeSet<String>,
    /// What people wrote in the workbook, with the overrides that acted.
    desk: Desk,
}

pub fn figures(basis: &Basis, extract: &Path, input: Input<'_>, root: &Path, progress: &Progress) -> Result<Figures> {
    let stages = root.join("stages");
    let Judged { mut engine, determined, findings, inputs, rejected, items, desk, facilities } =
        judged(basis, extract, input, &stages, (&stage::FOLDERS, progress, &mut |_| ()))?;

    progress.stage("区域ごとに集計しています");
    let tables = aggregate::run(&mut engine, &stages, basis.year, &basis.areas, &basis.rules)?;
    for (model, file) in [("agg_backup_hubs", "backup_hubs"), ("agg_unit_demand", "area_allocation")] {
        if let Some(table) = tables.get(model) {
            table.write_csv(&root.join(format!("data/{file}.csv")))?;
        }
    }
    if let Some(absent) = tables.get("figures_absent") {
        absent.write_csv(&root.join("data/figures_absent.csv"))?;
    }
    let table = |name: &str| tables.get(name).ok_or_else(|| Error::new(format!("集計表 {name} がありません")));
    let status = determined.get("det_functions").ok_or_else(|| Error::new("判定の表がありません"))?;
    for (table, name, made) in
        [(status, "facility_status", "determine"), (table("area_summary")?, "area_summary", "aggregate"), (table("figures")?, "figures", "aggregate")]
    {
        table.write_csv(&root.join(format!("data/{name}.csv")))?;
        let (from, to) = (stages.join(format!("{made}/{}.parquet", table.name)), root.join(format!("data/{name}.parquet")));
        std::fs::copy(&from, &to).map_err(|e| Error::io("ファイルを写せません", &to, &e))?;
    }
    let facts = Facts::of(&tables, &basis.areas, basis.boundaries.clone())?;
    Ok(Figures {
        facts,
        findings,
        rejected: (!rejected.is_empty()).then(|| ingest::rejected_table(&rejected)).transpose()?,
        inputs,
        facilities,
        items,
        desk,
    })
}

/// From the extract to `data/` and `stages/` in `root`, without sheets; returns the findings.
pub fn figures_only(prefecture: &str, year: i32, extract: &Path, root: &Path, threads: usize) -> Result<Vec<Finding>> {
    figures_in(prefecture, year, None, extract, root, threads)
}

/// The same with the settings of a work folder.
pub fn figures_in(prefecture: &str, year: i32, work_folder: Option<&Path>, extract: &Path, root: &Path, threads: usize) -> Result<Vec<Finding>> {
    let basis = Basis::load(prefecture, year, work_folder, threads)?;
    figures(&basis, extract, Input { work_folder, ..Input::default() }, root, &Progress::silent()).map(|f| f.findings)
}

/// The figures as they would be with late reports and other answers, in `root`.
pub fn scenario_figures(
    workspace: &Workspace,
    extract: &Path,
    late: Option<&Path>,
    edits: &[ingest::Edit],
    root: &Path,
    threads: usize,
) -> Result<Vec<Finding>> {
    let basis = Basis::load(&workspace.settings.prefecture, workspace.settings.report_year, Some(&workspace.root), threads)?;
    let mapping = workspace.mapping();
    let input = Input { mapping: mapping.as_deref(), work_folder: Some(&workspace.root), late, edits };
    figures(&basis, extract, input, root, &Progress::silent()).map(|f| f.findings)
}

/// The page of the area systems alone, with the built-in tables; `data/` and `stages/` are written to `root`.
pub fn systems_page(prefecture: &str, year: i32, extract: &Path, root: &Path) -> Result<String> {
    let basis = Basis::load(prefecture, year, None, 1)?;
    let figures = figures(&basis, extract, Input::default(), root, &Progress::silent())?;
    let page = basis.drafter(figures.facts, &|_| None, true)?.systems_page()?;
    html::Html::new(&|_| None)?.render("systems", &page)
}

/// Which sheets are made: each function in its areas of the council setting, and in the whole prefecture.
pub fn plan(basis: &Basis) -> Plan {
    let mut plan = Plan::new();
    for (a, area) in basis.areas.iter().enumerate() {
        for (f, function) in basis.dictionary.functions.iter().enumerate() {
            if area.level == "prefecture" || basis.council.consults(function, &area.level, &area.area_code) {
                plan.push((a, f));
            }
        }
    }
    plan
}

/// A row of `reports/sheets/data_files.csv`.
#[derive(serde::Deserialize)]
struct DataFile {
    file: String,
    label: String,
    note: String,
}

/// Links to the data files that exist, with what they are.
fn data_links(root: &Path) -> Result<Vec<DataLink>> {
    let mut links = Vec::new();
    for DataFile { file, label, note } in dictionary::read_csv("reports/sheets/data_files.csv")? {
        let path = root.join("data").join(&file);
        let Ok(meta) = std::fs::metadata(&path) else { continue };
        let size = format!("{} KB", meta.len().div_ceil(1024));
        links.push(DataLink { href: format!("data/{file}"), label, note, size });
    }
    Ok(links)
}
