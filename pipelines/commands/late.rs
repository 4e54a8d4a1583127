//! Late and paper reports before they are taken in: which statuses and which area figures would change.
//!
//! The extract with the additions goes the whole road again (`whatif`); here the two outcomes are only laid side by side.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray};

use crate::aggregate::figure::Indicator;
use crate::commands::whatif::{self, Scenario, Tried};
use crate::draft::change::{self, Change};
use crate::draft::sentence::Labels;
use crate::facts::dictionary::Dictionary;
use crate::facts::finding::status_label;
use crate::facts::finding::{self, Finding, FindingRule, severity_label};
use crate::facts::local;
use crate::facts::workspace::{Workspace, level_label};
use crate::ground::artefact::{self, ColumnNote, Table};
use crate::ground::error::Result;
use crate::ground::numbers::report_year_label;
use crate::ground::scratch::Scratch;
use crate::packet::{Manifest, Packet};
use crate::render::html::{self, Html};

/// Folder of the preview, below the work folder.
pub const FOLDER: &str = "追加の見込み";
/// Full lists in that folder.
const STATUSES: &str = "statuses.csv";
const FIGURES: &str = "追加で変わる数値.csv";
const FINDINGS: &str = "findings.csv";

/// A status that the additions would change. An empty `before` means: the facility is not in the extract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusChange {
    pub facility_id: String,
    pub municipality: String,
    pub function: String,
    pub before: String,
    pub after: String,
    pub reason: String,
}

/// What the additions would change.
pub struct Late {
    pub statuses: Vec<StatusChange>,
    pub figures: Vec<Change>,
    /// Reports that move less than was perhaps meant, in words.
    pub unmoved: Vec<String>,
    /// Findings about the added rows.
    pub findings: Vec<Finding>,
}

/// Compares without taking anything in; writes nothing.
pub fn compare(workspace: &Workspace, extract: &Path, late: &Path, threads: usize) -> Result<Late> {
    let scratch = Scratch::within(&workspace.root)?;
    let scenario = Scenario { answers: None, late: Some(late.to_path_buf()) };
    let Tried { changes: figures, unmoved, findings } = whatif::both(workspace, extract, &scenario, scratch.path(), threads)?;
    let names: BTreeMap<String, String> = workspace.areas()?.into_iter().map(|a| (a.area_code, a.name)).collect();
    let dictionary = Dictionary::load_in(workspace.settings.report_year, Some(&workspace.root))?;
    let side = |name: &str| Table::read_parquet("det_functions", &scratch.path().join(format!("{name}/stages/determine/det_functions.parquet")));
    let (before, after) = (side("before")?, side("after")?);
    let mut earlier = BTreeMap::new();
    for i in 0..before.len() {
        earlier.insert((before.text(i, "facility_id")?, before.text(i, "function_code")?), before.text(i, "status_literal")?);
    }
    let mut statuses = Vec::new();
    for i in 0..after.len() {
        let (id, code, status) = (after.text(i, "facility_id")?, after.text(i, "function_code")?, after.text(i, "status_literal")?);
        let was = earlier.get(&(id, code)).copied();
        if was == Some(status) {
            continue;
        }
        statuses.push(StatusChange {
            facility_id: id.to_owned(),
            municipality: names.get(after.text(i, "municipality_code")?).cloned().unwrap_or_default(),
            function: dictionary.function(code).map_or_else(|| code.to_owned(), |f| f.label.clone()),
            before: was.map_or("抽出ファイルにない", status_label).to_owned(),
            after: status_label(status).to_owned(),
            reason: after.text(i, "reason")?.to_owned(),
        });
    }
    let file = late.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    let about = |f: &Finding| f.file.starts_with(&file) || f.value.starts_with(&file);
    Ok(Late { statuses, figures, unmoved, findings: findings.into_iter().filter(about).collect() })
}

/// Compares, writes the preview folder whole or not at all, and returns the text for the screen.
pub fn run(workspace: &Workspace, extract: &Path, late: &Path, threads: usize) -> Result<String> {
    let outcome = compare(workspace, extract, late, threads)?;
    let place = write(workspace, late, &outcome)?;
    text(workspace, late, &outcome, &place)
}

/// Lines of each part on the screen; the rest is in the preview folder.
const SHOWN: usize = 30;

fn text(workspace: &Workspace, late: &Path, outcome: &Late, place: &Path) -> Result<String> {
    let mut out = String::new();
    let part = |out: &mut String, title: &str, lines: &[String], file: &str| {
        writeln!(out, "\n● {title}：{} 件", lines.len()).ok();
        for line in lines.iter().take(SHOWN) {
            writeln!(out, "  {line}").ok();
        }
        if lines.len() > SHOWN {
            writeln!(out, "  ほか {} 件（すべては {}）", lines.len() - SHOWN, place.join(file).display()).ok();
        }
    };
    writeln!(out, "{} を取り込むと変わるもの（まだ取り込んでいません）", late.display()).ok();
    for line in whatif::first_lines(workspace, &outcome.figures)? {
        writeln!(out, "  {line}").ok();
    }
    let statuses: Vec<String> =
        outcome.statuses.iter().map(|s| format!("{} {} {}：{} → {}", s.facility_id, s.municipality, s.function, s.before, s.after)).collect();
    part(&mut out, "判定", &statuses, STATUSES);
    let figures: Vec<String> =
        labelled(workspace, &outcome.figures)?.iter().map(|f| format!("{} {}：{} → {}{}", f.area, f.label, f.before, f.after, f.unit)).collect();
    part(&mut out, "数値", &figures, FIGURES);
    for line in &outcome.unmoved {
        writeln!(out, "  注意：{line}").ok();
    }
    let rules = finding::rules()?;
    let findings: Vec<String> = outcome.findings.iter().filter_map(|f| told(f, &rules)).collect();
    part(&mut out, "追加の報告についての指摘", &findings, FINDINGS);
    writeln!(
        out,
        "\nすべては {} にあります。取り込むには、ファイルを {} に置いてください。",
        place.join("index.html").display(),
        crate::ingest::ADDITIONS
    )
    .ok();
    Ok(out)
}

/// `訂正が必要：late.csv の行 3、C（…）「…」：…`
fn told(f: &Finding, rules: &HashMap<String, FindingRule>) -> Option<String> {
    let rule = rules.get(&f.code)?;
    let about = [place_of(f), f.column.clone(), f.facility_id.clone()].into_iter().filter(|t| !t.is_empty()).collect::<Vec<_>>().join("、");
    let value = if f.value.is_empty() { String::new() } else { format!("「{}」", f.value) };
    Some(format!("{}：{about}{value}：{}", severity_label(&rule.severity), rule.what))
}

fn place_of(f: &Finding) -> String {
    if f.row > 0 { format!("{} の行 {}", f.file, f.row) } else { f.file.clone() }
}

/// A changed figure in words.
struct Labelled {
    level: &'static str,
    area: String,
    code: String,
    label: String,
    before: String,
    after: String,
    unit: String,
}

/// The changed figures in words: the prefecture first, then the areas.
fn labelled(workspace: &Workspace, figures: &[Change]) -> Result<Vec<Labelled>> {
    let areas = workspace.areas()?;
    let names: HashMap<&str, (usize, &str)> = areas.iter().enumerate().map(|(i, a)| (a.area_code.as_str(), (i, a.name.as_str()))).collect();
    let labels = Labels::load(&Dictionary::load_in(workspace.settings.report_year, Some(&workspace.root))?)?;
    let indicators = Indicator::all(local::rates_word(Some(&workspace.root))?)?;
    let place = |code: &str| names.get(code).copied().unwrap_or((usize::MAX, ""));
    let mut sorted: Vec<&Change> = figures.iter().collect();
    sorted.sort_by_key(|c| place(&c.key[1]).0);
    let one = |c: &Change| -> Result<Labelled> {
        let [level, code, ..] = &c.key;
        let label = whatif::change_label(c, &indicators, &labels)?;
        let (before, after) = (c.before.text(&c.unit), c.after.text(&c.unit));
        let area = place(code).1.to_owned();
        Ok(Labelled { level: level_label(level), area, code: code.clone(), label, before, after, unit: c.unit.clone() })
    };
    sorted.into_iter().map(one).collect()
}

fn write(workspace: &Workspace, late: &Path, outcome: &Late) -> Result<PathBuf> {
    let settings = &workspace.settings;
    let known = workspace.known()?;
    let prefecture = &known.reference.prefecture;
    let packet = Packet::begin(&workspace.root.join(FOLDER), &prefecture.prefecture_code, settings.simulated)?;
    let root = packet.path();
    status_table(&outcome.statuses)?.write_csv(&root.join(STATUSES))?;
    change::table(&outcome.figures)?.write_csv(&root.join("figures.csv"))?;
    let figures = labelled(workspace, &outcome.figures)?;
    figure_table(&figures)?.write_csv(&root.join(FIGURES))?;
    let rules = finding::rules()?;
    finding::table(&outcome.findings, &rules)?.write_csv(&root.join(FINDINGS))?;
    let file = late.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    let sections = [status_section(outcome), figure_section(&figures), finding_section(outcome, &rules)];
    let overrides = |path: &str| workspace.override_of(path);
    let page = serde_json::json!({
        "root": "", "title": format!("{file} を取り込むと変わるもの"), "simulated": settings.simulated, "sources": [],
        "prefecture": {"code": prefecture.prefecture_code, "name": prefecture.name}, "report_year_label": report_year_label(settings.report_year),
        "sections": sections, "summary": sections.iter().map(|s| serde_json::json!({"label": s["title"], "value": format!("{}件", s["count"])})).collect::<Vec<_>>(),
        "workbook": "", "rejected": "",
    });
    artefact::write_bytes(&root.join("index.html"), Html::new(&overrides)?.render("check", &page)?.as_bytes())?;
    artefact::write_bytes(&root.join("assets/kyogi.css"), html::stylesheet(&overrides).as_bytes())?;
    let manifest = Manifest::new(&prefecture.prefecture_code, settings.report_year, settings.simulated, &[], &known.rules.rows)?;
    packet.finish(manifest).map(|f| f.place)
}

fn section(id: &str, title: &str, about: &str, head: &[&str], rows: Vec<Vec<String>>) -> serde_json::Value {
    serde_json::json!({
        "id": id, "title": title, "about": about, "count": rows.len(),
        "table": {"caption": title, "head": head, "align": vec![""; head.len()], "rows": rows, "note": ""},
    })
}

fn status_section(outcome: &Late) -> serde_json::Value {
    let row = |s: &StatusChange| [&s.facility_id, &s.municipality, &s.function, &s.before, &s.after, &s.reason].map(Clone::clone).into();
    let rows = outcome.statuses.iter().map(row).collect();
    let about = "取り込むと変わる判定です。まだ取り込んでいません。";
    section("statuses", "変わる判定", about, &["医療機関ID", "市区町村", "機能", "今", "取り込むと", "理由"], rows)
}

fn figure_section(figures: &[Labelled]) -> serde_json::Value {
    let row = |f: &Labelled| [f.level, &f.area, &f.code, &f.label, &f.before, &f.after, &f.unit].map(str::to_owned).into();
    let about = "取り込むと変わる区域の数値です（下限～上限）。";
    let head = ["段階", "区域", "区域コード", "数値", "今", "取り込むと", "単位"];
    section("figures", "変わる数値", about, &head, figures.iter().map(row).collect())
}

fn finding_section(outcome: &Late, rules: &HashMap<String, FindingRule>) -> serde_json::Value {
    let row = |f: &Finding| {
        let rule = rules.get(&f.code)?;
        Some(vec![
            severity_label(&rule.severity).to_owned(),
            place_of(f),
            f.column.clone(),
            f.facility_id.clone(),
            f.value.clone(),
            rule.what.clone(),
        ])
    };
    let rows = outcome.findings.iter().filter_map(row).collect();
    section("findings", "追加の報告についての指摘", "", &["重要度", "場所", "列", "医療機関ID", "値", "内容"], rows)
}

/// The table `statuses`. Grain: facility, function.
fn status_table(statuses: &[StatusChange]) -> Result<Table> {
    let column = |name: &str, label: &str, of: fn(&StatusChange) -> &String| -> (ColumnNote, ArrayRef) {
        let texts = statuses.iter().map(|s| Some(of(s).as_str())).collect::<StringArray>();
        (ColumnNote::new(name, label, ""), Arc::new(texts))
    };
    Table::new(
        "statuses",
        vec![
            column("facility_id", "医療機関ID", |s| &s.facility_id),
            column("municipality", "市区町村", |s| &s.municipality),
            column("function", "機能", |s| &s.function),
            column("before", "今の判定", |s| &s.before),
            column("after", "取り込むと", |s| &s.after),
            column("reason", "理由", |s| &s.reason),
        ],
    )
}

/// The table of changed figures in words. Grain: area, figure.
fn figure_table(figures: &[Labelled]) -> Result<Table> {
    let column = |title: &str, of: fn(&Labelled) -> &str| -> (ColumnNote, ArrayRef) {
        (ColumnNote::new(title, title, ""), Arc::new(figures.iter().map(|f| Some(of(f))).collect::<StringArray>()))
    };
    Table::new(
        "late_figures",
        vec![
            column("段階", |f| f.level),
            column("区域", |f| &f.area),
            column("区域コード", |f| &f.code),
            column("数値", |f| &f.label),
            column("今", |f| &f.before),
            column("取り込むと", |f| &f.after),
            column("単位", |f| &f.unit),
        ],
    )
}
