//! The batch: extract in, packet out. Stages follow one another; each reads what the earlier ones wrote.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::areas::{self, Area};
use crate::artefact::{self, Table};
use crate::council::Council;
use crate::dictionary::{self, Dictionary, dated};
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
use crate::{aggregate, catalogue, compare, determine, ingest, method, publish, stage};

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
pub const CHUNK: usize = 16;

/// Everything a stage of this run may need to know.
struct Basis {
    reference: Reference,
    dictionary: Dictionary,
    rules: Rules,
    council: Council,
    areas: Vec<Area>,
    year: i32,
    threads: usize,
    /// Where a work folder's own rows of the dictionary and the rules are looked for.
    work_folder: Option<PathBuf>,
}

impl Basis {
    /// `work_folder` brings the council setting and its own rows; without it everything is built in.
    fn load(prefecture: &str, year: i32, work_folder: Option<&Path>, threads: usize) -> Result<Self> {
        let (reference, dictionary) = (Reference::load(prefecture)?, Dictionary::load_in(year, work_folder)?);
        let council = work_folder.map_or_else(|| Ok(Council::default()), |root| Council::load(root, &reference, &dictionary))?;
        let areas = areas::all(&reference, &council);
        let (rules, work_folder) = (Rules::load_in(year, work_folder)?, work_folder.map(Path::to_path_buf));
        Ok(Self { areas, council, reference, dictionary, rules, year, threads, work_folder })
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
    printer.data_book(&drafter, &basis, &plan, &book, options.progress)?;
    catalogue::table(&basis.dictionary, &figures.items)?.write_csv(&root.join("data/dictionary.csv"))?;
    let links = data_links(&root)?;
    printer.pages(&drafter, &basis, &plan, &figures.inputs, &figures.items, result_links, links, site::finding_list(&findings, &finding_rules))?;
    artefact::write_bytes(&root.join("assets/kyogi.css"), html::stylesheet(&overrides).as_bytes())?;

    let mut manifest = Manifest::new(&basis.reference.prefecture.prefecture_code, year, simulated, &figures.inputs, &basis.rules.rows)?;
    manifest.inputs.extend(dated::own_files(&options.workspace.root)?);
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
    /// Codes of the items that the extract has.
    items: BTreeSet<String>,
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
    write_reference(basis, &stages, &ingested.items)?;

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
        items: ingested.items,
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

/// The first `n` sheets of a run, drafted but not printed: what the bench prints.
pub fn draft_sheets(options: &Options<'_>, n: usize) -> Result<Vec<crate::draft::sheet::Sheet>> {
    let settings = &options.workspace.settings;
    let basis = Basis::load(&settings.prefecture, settings.report_year, Some(&options.workspace.root), options.threads)?;
    let scratch = tempfile::tempdir().map_err(|e| Error::new(format!("一時フォルダーを作れません：{e}")))?;
    let extract = options.extract.clone().map_or_else(|| options.workspace.extract(), Ok)?;
    let figures = figures(&basis, &extract, Input::default(), scratch.path(), &Progress::silent())?;
    crate::render::charts::register_fonts(embedded::FONT_UDP_REGULAR, embedded::FONT_UDP_BOLD);
    let drafter = basis.drafter(figures.facts, &|_| None, settings.simulated)?;
    let plan = plan(&basis);
    plan.iter().take(n).map(|&(a, f)| drafter.sheet(&basis.areas[a], &basis.dictionary.functions[f])).collect()
}

/// The dictionary, rules and areas as tables for the SQL stages; of the items, those that the extract asks.
fn write_reference(basis: &Basis, stages: &Path, asked: &BTreeSet<String>) -> Result<()> {
    let write = |name: &str, table: Table| table.write_parquet(&stages.join(format!("reference/{name}.parquet")));
    for (name, path) in dictionary::TABLES {
        let rows = dated::rows(path, basis.year, basis.work_folder.as_deref())?;
        // nobody can be silent on an item that the extract does not have
        let text = if name == "dict_items" { rows.csv_where(|item| asked.contains(item))? } else { rows.csv()? };
        write(name, Table::from_csv(name, &text)?)?;
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
pub type Replaced = BTreeSet<(String, char)>;

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
    pub fn document(&self, folder: &str, id: &str, page: &str, template: &pdf::Template, mut value: serde_json::Value) -> Result<Replaced> {
        let mut characters = BTreeSet::new();
        glyphs::clean(&mut value, &mut characters);
        let html = self.html.render(page, &value)?;
        artefact::write_bytes(&self.root.join(format!("{folder}/{id}.html")), html.as_bytes())?;
        artefact::write_bytes(&self.root.join(format!("{folder}/{id}.pdf")), &self.print(id, template, value)?)?;
        Ok(characters.into_iter().map(|c| (format!("{folder}/{id}"), c)).collect())
    }

    fn print(&self, id: &str, template: &pdf::Template, mut value: serde_json::Value) -> Result<Vec<u8>> {
        let mut charts = Vec::new();
        take_charts(&mut value, &mut charts);
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
        asked: &BTreeSet<String>,
        results: Vec<ResultLink>,
        data: Vec<DataLink>,
        findings: site::FindingList,
    ) -> Result<()> {
        let models = method::models(basis.year)?;
        let frame = |page: &str, title: &str, mut value: serde_json::Value| {
            value["root"] = "".into();
            value["page"] = page.into();
            value["title"] = title.into();
            value["prefecture"] = serde_json::json!(drafter.prefecture());
            value["simulated"] = drafter.simulated.into();
            value["report_year_label"] = crate::draft::words::report_year_label(basis.year).into();
            value["sources"] = drafter.sources(&["area", "g2a", "g2c"]).into();
            value["generated"] = format!("kyogi {}", env!("CARGO_PKG_VERSION")).into();
            self.page(&format!("{page}.html"), page, &value)
        };
        let indicators = serde_json::json!(method::indicators(&basis.rules, &models)?);
        let tables = method::input_tables(&self.root)?;
        let page = serde_json::json!({ "indicators": indicators, "rules": basis.rules.rows, "models": models, "inputs": inputs, "tables": tables });
        frame("method", "計算の方法", page)?;
        let mut page = serde_json::to_value(catalogue::catalogue(&basis.dictionary, asked, &models, &self.root)?)?;
        page["indicators"] = indicators;
        frame("dictionary", "データ辞書", page)?;
        self.page("index.html", "index", &drafter.index_page(&basis.areas, plan, results, data, findings)?)
    }

    /// One page of the site at `path` below the packet.
    pub fn page(&self, path: &str, template: &str, value: &impl serde::Serialize) -> Result<()> {
        let mut value = serde_json::to_value(value)?;
        glyphs::clean(&mut value, &mut BTreeSet::new());
        artefact::write_bytes(&self.root.join(path), self.html.render(template, &value)?.as_bytes())
    }
}

/// The pictures of a document travel as files, not inside its data.
fn take_charts(value: &mut serde_json::Value, charts: &mut Vec<(String, String)>) {
    match value {
        serde_json::Value::Object(map) => {
            let id = map.get("id").and_then(|i| i.as_str()).map(str::to_owned);
            match (id, map.get_mut("svg").map(serde_json::Value::take)) {
                (Some(id), Some(serde_json::Value::String(svg))) => charts.push((id, svg)),
                _ => map.values_mut().for_each(|v| take_charts(v, charts)),
            }
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(|v| take_charts(v, charts)),
        _ => {}
    }
}

/// Links to the data files that exist, with what they are.
fn data_links(root: &Path) -> Result<Vec<DataLink>> {
    let known = [
        ("facility_status.csv", "医療機関ごとの機能の状態（CSV）", "1行＝医療機関×機能。判定規則と根拠のセルつき"),
        ("facility_status.parquet", "医療機関ごとの機能の状態（Parquet）", ""),
        ("area_summary.csv", "区域ごとのまとめ（CSV）", "1行＝区域×機能。下限と上限つき"),
        ("area_summary.parquet", "区域ごとのまとめ（Parquet）", ""),
        ("figures.csv", "すべての数値の長い表（CSV）", "1行＝区域×指標×内訳。下限と上限、単位、出典つき"),
        ("figures.parquet", "すべての数値の長い表（Parquet）", ""),
        ("backup_hubs.csv", "後方支援病床の連携先ごとの負担（CSV、会議限り）", "連携先の名称、頼っている医療機関の数と在宅患者の下限・上限"),
        ("changes.csv", "前の年度からの変化（CSV）", "幅が重なる変化は「区別できない」としています"),
        ("dictionary.csv", "データ辞書（CSV）", "1行＝報告事項×選択肢。何を数えるか、年度、出典、確かさ"),
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
