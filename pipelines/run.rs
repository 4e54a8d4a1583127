//! The batch: extract in, packet out. Stages follow one another; each reads what the earlier ones wrote.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::areas::{self, Area};
use crate::artefact::{self, Table};
use crate::council::Council;
use crate::dictionary::Dictionary;
use crate::draft::book::DataBook;
use crate::draft::sheet::ResultSheet;
use crate::draft::site::{self, DataLink, Plan, ResultLink};
use crate::draft::words::Phrases;
use crate::draft::{Drafter, Facts, sheet_id};
use crate::embedded;
use crate::error::{Error, Result};
use crate::finding::{self, Finding};
use crate::packet::{Finished, Manifest, Packet};
use crate::progress::Progress;
use crate::reference::Reference;
use crate::render::html::{self, Html};
use crate::render::{glyphs, pdf};
use crate::rules::Rules;
use crate::workspace::Workspace;
use crate::{aggregate, compare, databook, determine, ingest, method, publish, stage};

mod measure;
pub use measure::{draft_sheets, print_documents};

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
    pub must_fix: usize,
    pub findings: usize,
    pub facilities: usize,
}

/// Sheets between two clearings of typst's caches: more would only cost memory.
const CHUNK: usize = 16;

/// Everything a stage of this run may need to know.
struct Basis {
    reference: Reference,
    dictionary: Dictionary,
    rules: Rules,
    council: Council,
    areas: Vec<Area>,
    year: i32,
    threads: usize,
}

impl Basis {
    /// `work_folder` brings the council setting; without it the areas are the built-in ones.
    fn load(prefecture: &str, year: i32, work_folder: Option<&Path>, threads: usize) -> Result<Self> {
        let (reference, dictionary) = (Reference::load(prefecture)?, Dictionary::load(year)?);
        let council = work_folder.map_or_else(|| Ok(Council::default()), |root| Council::load(root, &reference, &dictionary))?;
        Ok(Self { areas: areas::all(&reference, &council), council, reference, dictionary, rules: Rules::load(year)?, year, threads })
    }

    fn drafter(&self, facts: Facts, overrides: &Overrides<'_>, simulated: bool) -> Result<Drafter<'_>> {
        Drafter::new(&self.reference, &self.dictionary, &self.rules, facts, Phrases::new(overrides)?, self.year, simulated)
    }
}

/// The text that the work folder puts in the place of a built-in file.
pub type Overrides<'a> = dyn Fn(&str) -> Option<String> + 'a;

pub fn run(options: &Options<'_>) -> Result<Outcome> {
    let pool =
        rayon::ThreadPoolBuilder::new().num_threads(options.threads).build().map_err(|e| Error::new(format!("並列処理を始められません：{e}")))?;
    pool.install(|| run_in_pool(options))
}

fn run_in_pool(options: &Options<'_>) -> Result<Outcome> {
    let settings = &options.workspace.settings;
    let year = settings.report_year;
    let basis = Basis::load(&settings.prefecture, year, Some(&options.workspace.root), options.threads)?;
    let extract = match &options.extract {
        Some(path) => path.clone(),
        None => options.workspace.extract()?,
    };
    let mapping = options.mapping.clone().or_else(|| options.workspace.mapping());
    let records = publish::records(&options.workspace.root.join("records"))?;
    let packet = Packet::begin(
        options.out.as_deref().unwrap_or(&options.workspace.output()),
        &basis.reference.prefecture.prefecture_code,
        settings.simulated,
    )?;
    let root = packet.path().to_path_buf();

    let figures = {
        let input = Input { mapping: mapping.as_deref(), work_folder: Some(&options.workspace.root), ..Input::default() };
        figures(&basis, &extract, input, &root, options.progress)?
    };
    let mut findings = figures.findings;

    options.progress.stage("シートの下書きを作っています");
    let overrides = |path: &str| -> Option<String> { std::fs::read_to_string(options.workspace.root.join(path)).ok() };
    let simulated = settings.simulated || figures.inputs.iter().any(|i| i.is_simulated);
    let drafter = basis.drafter(figures.facts, &overrides, simulated)?;
    let printer = Printer::new(&overrides, root.clone(), (year + 1, 4, 1))?;
    let plan = plan(&basis);
    let mut replaced = printer.sheets(&drafter, &basis, &plan, options.progress)?;
    let results = records
        .iter()
        .map(|(name, record)| publish::result_sheet(name, record, &basis.areas, &basis.dictionary, &drafter))
        .collect::<Result<Vec<_>>>()?;
    for (i, result) in results.iter().enumerate() {
        if let Some(first) = results[..i].iter().position(|r| r.result_id == result.result_id) {
            return Err(Error::new("同じ区域・機能・開催日の協議の記録が二つあります")
                .at(format!("records/{} と records/{}", records[first].0, records[i].0))
                .next("一つにまとめるか、どちらかの開催日を直してください"));
        }
    }
    let result_links = printer.results(&results, &mut replaced)?;
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
    let all_figures = compare::figures_of(&root)?;
    let mut changes = None;
    if !settings.previous.is_empty() {
        let previous = compare::figures_of(&options.workspace.root.join(&settings.previous))?;
        let found = compare::changes(&previous, &all_figures)?;
        compare::table(&found)?.write_csv(&root.join("data/changes.csv"))?;
        changes = Some(found);
    }
    let book = DataBook::new(&basis.dictionary, &overrides, &all_figures, changes.as_deref())?;
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
    let links = data_links(&root)?;
    printer.pages(&drafter, &basis, &plan, &figures.inputs, result_links, links, site::finding_list(&findings, &finding_rules))?;
    artefact::write_bytes(&root.join("assets/kyogi.css"), html::stylesheet(&overrides).as_bytes())?;

    let manifest = Manifest::new(&basis.reference.prefecture.prefecture_code, year, simulated, &figures.inputs, &basis.rules.rows)?;
    let finished = packet.finish(manifest)?;
    options.progress.done();
    let severity = |f: &Finding| finding::severity(f, &finding_rules);
    let must_fix = findings.iter().filter(|f| severity(f) == "must_fix").count();
    Ok(Outcome {
        finished,
        sheets: plan.len(),
        results: results.len(),
        must_fix,
        findings: findings.iter().filter(|f| severity(f) != "note").count(),
        facilities: figures.facilities,
    })
}

/// From the extract to the figures of all areas.
struct Figures {
    facts: Facts,
    findings: Vec<Finding>,
    inputs: Vec<ingest::InputFile>,
    facilities: usize,
    rejected: Option<Table>,
}

/// What to read, beside the tables of the basis.
#[derive(Clone, Copy, Default)]
struct Input<'a> {
    mapping: Option<&'a Path>,
    work_folder: Option<&'a Path>,
    late: Option<&'a Path>,
    edits: &'a [ingest::Edit],
}

fn figures(basis: &Basis, extract: &Path, input: Input<'_>, root: &Path, progress: &Progress) -> Result<Figures> {
    let stages = root.join("stages");
    progress.stage("抽出ファイルを読んでいます");
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
    };
    let ingested = ingest::run(&request)?;
    for table in [&ingested.facilities, &ingested.answers, &ingested.notes] {
        table.write_parquet(&stages.join(format!("ingest/{}.parquet", table.name)))?;
    }
    write_reference(basis, &stages)?;

    progress.stage("機能の有無を判定しています");
    let mut engine = stage::engine(&stage::FOLDERS, &["reference", "ingest"], &stages, basis.year, basis.threads)?;
    let determined = determine::run(&mut engine, &stages, basis.year)?;
    let facilities = ingested.facility_count()?;
    let mut findings = ingested.findings;
    findings.extend(determine::checks(&mut engine, &stages, basis.year, &ingested.inputs)?);

    progress.stage("区域ごとに集計しています");
    let tables = aggregate::run(&mut engine, &stages, basis.year)?;
    if let Some(hubs) = tables.get("agg_backup_hubs") {
        hubs.write_csv(&root.join("data/backup_hubs.csv"))?;
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
    Ok(Figures {
        facts: Facts::read(table("area_summary")?, table("figures")?, table("agg_item_choices")?, table("agg_item_counts")?)?,
        findings,
        rejected: (!ingested.rejected.is_empty()).then(|| ingest::rejected_table(&ingested.rejected)).transpose()?,
        inputs: ingested.inputs,
        facilities,
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

/// The dictionary, rules and areas as tables for the SQL stages.
fn write_reference(basis: &Basis, stages: &Path) -> Result<()> {
    let write = |name: &str, table: Table| table.write_parquet(&stages.join(format!("reference/{name}.parquet")));
    for (name, path) in [
        ("dict_items", "sql/dictionary/items.csv"),
        ("dict_choices", "sql/dictionary/choices.csv"),
        ("dict_functions", "sql/dictionary/functions.csv"),
        ("rules", "sql/rules/rules.csv"),
    ] {
        let dated = valid_rows(embedded::text(path), basis.year)?;
        write(name, Table::from_csv(name, &dated)?)?;
    }
    write("ref_areas", areas::table(&basis.areas)?)?;
    write("ref_area_members", areas::members(&basis.areas)?)?;
    write("ref_units", areas::units(&basis.reference)?)?;
    write("ref_home_visits_by_age", Table::from_csv("ref_home_visits_by_age", embedded::text("sql/reference/home_visits_by_age.csv"))?)?;
    write("ref_holidays", Table::from_csv("ref_holidays", embedded::text("sql/reference/holidays.csv"))?)?;
    for name in ["population_by_age", "population_projection", "home_care_demand"] {
        // these tables start with a code that begins with the prefecture's
        let rows = crate::reference::rows_of(&format!("sql/reference/{name}.csv"), &basis.reference.prefecture.prefecture_code);
        let name = format!("ref_{name}");
        write(&name, Table::from_csv(&name, &rows)?)?;
    }
    write("run", Table::from_csv("run", &format!("report_year\n{}\n", basis.year))?)
}

/// The rows of a dated table that are valid in a year; undated tables stay whole.
fn valid_rows(text: &str, year: i32) -> Result<String> {
    let broken = |e: csv::Error| Error::new(format!("内蔵の表を読めません：{e}"));
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let headers = reader.headers().map_err(broken)?.clone();
    let position = |name: &str| headers.iter().position(|h| h == name);
    let (from, to) = (position("from_year"), position("to_year"));
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&headers).map_err(broken)?;
    for row in reader.records() {
        let row = row.map_err(broken)?;
        let bound = |at: Option<usize>| at.and_then(|i| row.get(i)).and_then(|c| c.parse::<i32>().ok());
        if bound(from).is_none_or(|y| y <= year) && bound(to).is_none_or(|y| year <= y) {
            writer.write_record(&row).map_err(broken)?;
        }
    }
    let bytes = writer.into_inner().map_err(|e| Error::new(format!("内蔵の表を写せません：{e}")))?;
    String::from_utf8(bytes).map_err(|e| Error::new(format!("内蔵の表を写せません：{e}")))
}

/// Which sheets are made: each function in its areas of the council setting, and in the whole prefecture.
fn plan(basis: &Basis) -> Plan {
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

/// Places and characters that had to be replaced.
type Replaced = BTreeSet<(String, char)>;

/// Writes values as HTML and PDF below the packet.
pub struct Printer {
    html: Html,
    sheet: pdf::Template,
    result: pdf::Template,
    area: pdf::Template,
    root: PathBuf,
    date: (i32, u8, u8),
}

impl Printer {
    pub fn new(overrides: &Overrides<'_>, root: PathBuf, date: (i32, u8, u8)) -> Result<Self> {
        crate::render::charts::register_fonts(embedded::FONT_UDP_REGULAR, embedded::FONT_UDP_BOLD);
        let text = |path: &str| overrides(path).unwrap_or_else(|| embedded::text(path).to_owned());
        let template =
            |name: &str| pdf::template(name, &text(&format!("reports/sheets/{name}.typ")))?.with("common", &text("reports/parts/common.typ"));
        Ok(Self { html: Html::new(overrides)?, sheet: template("sheet")?, result: template("result")?, area: template("area")?, root, date })
    }

    fn sheets(&self, drafter: &Drafter<'_>, basis: &Basis, plan: &Plan, progress: &Progress) -> Result<Replaced> {
        progress.count("課題管理シート", plan.len());
        let mut replaced = Replaced::new();
        for chunk in plan.chunks(CHUNK) {
            let outcomes = chunk
                .par_iter()
                .map(|&(a, f)| {
                    let (area, function) = (&basis.areas[a], &basis.dictionary.functions[f]);
                    let value = serde_json::to_value(drafter.sheet(area, function)?)?;
                    let outcome = self.document("sheets", &sheet_id(area, function), "sheet", &self.sheet, value);
                    progress.step();
                    outcome
                })
                .collect::<Result<Vec<_>>>()?;
            replaced.extend(outcomes.into_iter().flatten());
            pdf::forget();
        }
        Ok(replaced)
    }

    /// One page of the data book for each area, as HTML and PDF.
    fn data_book(&self, drafter: &Drafter<'_>, basis: &Basis, plan: &Plan, book: &DataBook, progress: &Progress) -> Result<()> {
        progress.count("データブック", basis.areas.len());
        let indices: Vec<usize> = (0..basis.areas.len()).collect();
        for chunk in indices.chunks(CHUNK) {
            chunk.par_iter().try_for_each(|&index| {
                let value = serde_json::to_value(drafter.area_page(&basis.areas, index, plan, book)?)?;
                let outcome = self.document("areas", &basis.areas[index].area_code, "area", &self.area, value);
                progress.step();
                outcome.map(|_| ())
            })?;
            pdf::forget();
        }
        Ok(())
    }

    fn results(&self, results: &[ResultSheet], replaced: &mut Replaced) -> Result<Vec<ResultLink>> {
        let mut links = Vec::new();
        for result in results {
            let id = &result.result_id;
            replaced.extend(self.document("results", id, "result", &self.result, serde_json::to_value(result)?)?);
            let place = |label: &str| result.overview.iter().find(|l| l.label == label).map_or("", |l| l.value.as_str()).to_owned();
            links.push(ResultLink {
                title: format!("{}　{}（{}）", place("協議区域"), place("協議事項"), place("開催日")),
                href_html: format!("results/{id}.html"),
                href_pdf: format!("results/{id}.pdf"),
            });
        }
        pdf::forget();
        Ok(links)
    }

    /// One value as `<folder>/<id>.html` and `.pdf`.
    fn document(&self, folder: &str, id: &str, page: &str, template: &pdf::Template, mut value: serde_json::Value) -> Result<Replaced> {
        let mut characters = BTreeSet::new();
        glyphs::clean(&mut value, &mut characters);
        let html = self.html.render(page, &value)?;
        artefact::write_bytes(&self.root.join(format!("{folder}/{id}.html")), html.as_bytes())?;
        artefact::write_bytes(&self.root.join(format!("{folder}/{id}.pdf")), &self.print(id, template, value)?)?;
        Ok(characters.into_iter().map(|c| (format!("{folder}/{id}"), c)).collect())
    }

    fn print(&self, id: &str, template: &pdf::Template, mut value: serde_json::Value) -> Result<Vec<u8>> {
        let charts = pdf::take_charts(&mut value);
        pdf::render(pdf::Document { template, json: serde_json::to_vec(&value)?, charts, ident: format!("kyogi/{id}"), date: self.date })
    }

    /// The PDF of a sheet that is already drafted; for measuring.
    pub fn sheet_pdf(&self, sheet: &crate::draft::sheet::Sheet) -> Result<Vec<u8>> {
        let mut value = serde_json::to_value(sheet)?;
        glyphs::clean(&mut value, &mut BTreeSet::new());
        self.print(&sheet.sheet_id, &self.sheet, value)
    }

    fn pages(
        &self,
        drafter: &Drafter<'_>,
        basis: &Basis,
        plan: &Plan,
        inputs: &[ingest::InputFile],
        results: Vec<ResultLink>,
        data: Vec<DataLink>,
        findings: site::FindingList,
    ) -> Result<()> {
        let models = method::models(basis.year)?;
        let page = serde_json::json!({
            "root": "", "title": "計算の方法", "prefecture": drafter.prefecture(), "simulated": drafter.simulated,
            "report_year_label": crate::draft::words::report_year_label(basis.year), "sources": drafter.sources(&["area", "g2a", "g2c"]),
            "generated": format!("kyogi {}", env!("CARGO_PKG_VERSION")),
            "indicators": method::indicators(&basis.rules, &models)?, "rules": basis.rules.rows, "models": models,
            "inputs": inputs, "tables": method::input_tables(&self.root)?, "page": "method",
        });
        self.page("method.html", "method", &page)?;
        self.page("index.html", "index", &drafter.index_page(&basis.areas, plan, results, data, findings)?)
    }

    /// One page of the site at `path` below the packet.
    fn page(&self, path: &str, template: &str, value: &impl serde::Serialize) -> Result<()> {
        let mut value = serde_json::to_value(value)?;
        glyphs::clean(&mut value, &mut BTreeSet::new());
        artefact::write_bytes(&self.root.join(path), self.html.render(template, &value)?.as_bytes())
    }
}

/// Links to the data files that exist, with what they are.
fn data_links(root: &Path) -> Result<Vec<DataLink>> {
    let known = [
        ("facility_status.csv", "医療機関ごとの機能の状態（CSV）", "1行＝医療機関×機能。判定規則と根拠のセルつき"),
        ("facility_status.parquet", "医療機関ごとの機能の状態（Parquet）", ""),
        ("area_summary.csv", "区域ごとのまとめ（CSV）", "1行＝区域×機能。下限と上限つき"),
        ("area_summary.parquet", "区域ごとのまとめ（Parquet）", ""),
        ("figures.xlsx", "すべての数値と説明（Excel）", "読み方、数値、指標・列の説明、出典。絞りこみと並べかえができます"),
        ("figures.csv", "すべての数値の長い表（CSV）", "1行＝区域×指標×内訳。下限と上限、単位、出典つき"),
        ("figures.parquet", "すべての数値の長い表（Parquet）", ""),
        ("backup_hubs.csv", "後方支援病床の連携先ごとの負担（CSV、会議限り）", "連携先の名称、頼っている医療機関の数と在宅患者の下限・上限"),
        ("changes.csv", "前の年度からの変化（CSV）", "幅が重なる変化は「区別できない」としています"),
        ("findings.csv", "確認が必要な報告（CSV）", "行・列・値と、次にすること"),
        ("rejected_rows.csv", "取り込まなかった行（CSV）", "元の内容のまま"),
    ];
    let mut links = Vec::new();
    for (file, label, note) in known {
        let path = root.join("data").join(file);
        let Ok(meta) = std::fs::metadata(&path) else { continue };
        let size = format!("{} KB", meta.len().div_ceil(1024));
        links.push(DataLink { href: format!("data/{file}"), label: label.into(), note: note.into(), size });
    }
    Ok(links)
}
