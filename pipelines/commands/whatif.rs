//! Scenarios: some answers are other than reported, or late reports arrive; which figures would change?
//!
//! The changed extract goes the whole road again, so a scenario can never be computed by other rules than the packet.

use crate::ground::text;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::aggregate::figure::Indicator;
use crate::commands::run;
use crate::draft::change::{self, Change};
use crate::draft::sentence::Labels;
use crate::facts::dictionary::{Dictionary, read_csv};
use crate::facts::finding::Finding;
use crate::facts::local;
use crate::facts::workspace::Workspace;
use crate::ground::error::{Error, Result};
use crate::ground::own_text;
use crate::ground::scratch::Scratch;
use crate::ground::stage;
use crate::ingest::Edit;

/// What to try.
pub struct Scenario {
    /// CSV with `facility_id,item_code,value`: the cell that the facility would have reported.
    pub answers: Option<PathBuf>,
    /// Rows to add, in the layout of the extract.
    pub late: Option<PathBuf>,
}

/// What a scenario would do.
pub struct Tried {
    /// Figures before and after, those that stay the same left out.
    pub changes: Vec<Change>,
    /// Facilities whose new answers move less than was perhaps meant, in words: what is missing, what to write.
    pub unmoved: Vec<String>,
    /// Findings of the changed side.
    pub findings: Vec<Finding>,
}

/// Tries a scenario; what is written on the way is thrown away.
pub fn run(workspace: &Workspace, extract: &Path, scenario: &Scenario, threads: usize) -> Result<Tried> {
    let scratch = Scratch::within(&workspace.root)?;
    both(workspace, extract, scenario, scratch.path(), threads)
}

/// The same, with data and stages of both sides left in `before/` and `after/` of a folder.
pub fn both(workspace: &Workspace, extract: &Path, scenario: &Scenario, scratch: &Path, threads: usize) -> Result<Tried> {
    let edits = scenario.answers.as_deref().map_or_else(|| Ok(Vec::new()), |path| wishes(workspace, path))?;
    let (before, after) = (scratch.join("before"), scratch.join("after"));
    run::scenario_figures(workspace, extract, None, &[], &before, threads)?;
    let findings = run::scenario_figures(workspace, extract, scenario.late.as_deref(), &edits, &after, threads)?;
    let changes = change::changes(&change::figures_of(&before)?, &change::figures_of(&after)?)?;
    let unmoved = unmoved(workspace.settings.report_year, [&before, &after], &edits)?;
    Ok(Tried { changes: changes.into_iter().filter(Change::is_other).collect(), unmoved, findings })
}

/// One row of `sql/explain/unmoved.csv`.
#[derive(Deserialize)]
struct Unmoved {
    reason_code: String,
    /// Items by which a wish can come to nothing for this reason, separated by `;`; empty: any.
    items: String,
    what: String,
    next: String,
}

/// Facilities that a line names.
const NAMED: usize = 5;

/// A line for each reason why wishes, or added reports, do not reach the figures of home care.
fn unmoved(report_year: i32, [before, after]: [&Path; 2], edits: &[Edit]) -> Result<Vec<String>> {
    let stuck = |side: &Path| -> Result<BTreeSet<(String, String)>> {
        let table = stage::again(&side.join("stages"), ("explain", "exp_unmoved"), &[], report_year)?;
        (0..table.len()).map(|i| Ok((table.text(i, "reason_code")?.to_owned(), table.text(i, "facility_id")?.to_owned()))).collect()
    };
    let (was, is) = (stuck(before)?, stuck(after)?);
    let mut lines = Vec::new();
    for row in read_csv::<Unmoved>("sql/explain/unmoved.csv")? {
        let wished = |id: &str| edits.iter().any(|e| e.facility_id == id && (row.items.is_empty() || row.items.split(';').any(|i| i == e.item_code)));
        let here: Vec<&str> = is
            .iter()
            .filter(|pair| pair.0 == row.reason_code && (wished(&pair.1) || !was.contains(pair)))
            .map(|(_, facility)| facility.as_str())
            .collect();
        if here.is_empty() {
            continue;
        }
        let more = if here.len() > NAMED { format!("、ほか {}", here.len() - NAMED) } else { String::new() };
        lines.push(format!("医療機関 {}{more} {}。{}。", here[..here.len().min(NAMED)].join("、"), row.what, row.next));
    }
    Ok(lines)
}

/// Headings of the table of wishes, as codes and in words.
const HEADS: [[&str; 3]; 2] = [["facility_id", "item_code", "value"], ["医療機関ID", "報告事項", "値"]];

/// The wished answers; items by code or name.
fn wishes(workspace: &Workspace, path: &Path) -> Result<Vec<Edit>> {
    let dictionary = Dictionary::load_in(workspace.settings.report_year, Some(&workspace.root))?;
    let table = own_text::csv(&own_text::read(path, "想定の表")?).map_err(|e| e.file(path))?;
    let head: Vec<String> = table.headers.iter().map(text::fold).collect();
    if !HEADS.iter().any(|h| h.iter().eq(head.iter())) {
        return Err(Error::new("想定の表の見出しが違います")
            .file(path)
            .next("見出しを 医療機関ID,報告事項,値（又は facility_id,item_code,value）にしてください"));
    }
    let edit = |(line, record): (u32, csv::StringRecord)| {
        let origin = format!("{line} 行目、ファイル {}", path.display());
        let item_code = item(&dictionary, &record[1]).map_err(|e| e.file(path).at(format!("{line} 行目")))?;
        Ok(Edit { facility_id: text::fold(&record[0]), item_code, value: record[2].to_owned(), origin })
    };
    table.rows.into_iter().map(edit).collect()
}

/// The code of an item that people named by its code or its name; another text stays as it is, to be told with its row.
fn item(dictionary: &Dictionary, said: &str) -> Result<String> {
    let wanted = text::fold(said);
    if dictionary.item(&wanted).is_some() {
        return Ok(wanted);
    }
    let named: Vec<&str> = dictionary
        .items
        .iter()
        .filter(|i| [&i.short_label, &i.label].into_iter().any(|l| text::fold(l) == wanted))
        .map(|i| i.item_code.as_str())
        .collect();
    match named[..] {
        [one] => Ok(one.to_owned()),
        [] => Ok(wanted),
        _ => Err(Error::new(format!("「{said}」という報告事項が二つ以上あります")).next(format!("コードで書いてください：{}", named.join("、")))),
    }
}

/// What a changed figure is called, with its breakdown.
pub fn change_label(change: &Change, indicators: &[Indicator], labels: &Labels) -> Result<String> {
    let [_, _, indicator, breakdown] = &change.key;
    let found = Indicator::find(indicators, &Indicator::key(indicator, breakdown))?;
    // a row of its own for this breakdown says it in its label
    let part = if found.breakdown.contains('*') { labels.breakdown(breakdown)? } else { String::new() };
    Ok(if part.is_empty() { found.label.clone() } else { format!("{}：{part}", found.label) })
}

/// A row of `sql/explain/changes_first.csv`: what people ask first of a change.
#[derive(Deserialize)]
struct FirstRow {
    label: String,
    indicator_code: String,
}

/// Areas that the last of the first lines names.
const AREAS: usize = 6;

/// Five lines ahead of all figures: functions, shortage, 24 hours and after hours in the prefecture, and which areas change.
pub fn first_lines(workspace: &Workspace, changes: &[Change]) -> Result<Vec<String>> {
    let areas = workspace.areas()?;
    let dictionary = Dictionary::load_in(workspace.settings.report_year, Some(&workspace.root))?;
    let labels = Labels::load(&dictionary)?;
    let mut lines = Vec::new();
    for row in read_csv::<FirstRow>("sql/explain/changes_first.csv")? {
        let plain = |breakdown: &str| breakdown.is_empty() || (breakdown.starts_with("function=") && !breakdown.contains(';'));
        let mine = changes.iter().filter(|c| c.key[0] == "prefecture" && c.key[2] == row.indicator_code && plain(&c.key[3]));
        let told = mine.map(|c| {
            let part = if c.key[3].is_empty() { String::new() } else { format!("{} ", labels.breakdown(&c.key[3])?) };
            Ok(format!("{part}{} → {}{}", c.before.text(&c.unit), c.after.text(&c.unit), c.unit))
        });
        let told = told.collect::<Result<Vec<String>>>()?;
        lines.push(format!("{}（県全体）：{}", row.label, if told.is_empty() { "変わりません".to_owned() } else { told.join("、") }));
    }
    let codes: BTreeSet<&str> = changes.iter().filter(|c| c.key[0] != "prefecture").map(|c| c.key[1].as_str()).collect();
    let names: Vec<&str> = areas.iter().filter(|a| codes.contains(a.area_code.as_str())).map(|a| a.name.as_str()).collect();
    let more = if names.len() > AREAS { format!(" ほか {}", names.len() - AREAS) } else { String::new() };
    let named = if names.is_empty() { "ありません".to_owned() } else { format!("{}{more}", names[..names.len().min(AREAS)].join("、")) };
    lines.push(format!("数値の変わる区域：{named}（変わる数値 {} 件）", changes.len()));
    Ok(lines)
}

/// The changed figures as people read them, area by area, and what does not reach them.
pub fn text(workspace: &Workspace, tried: &Tried) -> Result<String> {
    let areas = workspace.areas()?;
    let name = |code: &str| areas.iter().find(|a| a.area_code == code).map_or("", |a| a.name.as_str());
    let dictionary = &Dictionary::load_in(workspace.settings.report_year, Some(&workspace.root))?;
    let (indicators, labels) = (Indicator::all(local::rates_word(Some(&workspace.root))?)?, Labels::load(dictionary)?);
    let mut out = String::new();
    for line in first_lines(workspace, &tried.changes)? {
        writeln!(out, "{line}").ok();
    }
    for line in &tried.unmoved {
        writeln!(out, "注意：{line}").ok();
    }
    if tried.changes.is_empty() {
        return Ok(out + "変わる数値はありません。\n");
    }
    let mut area = "";
    for c in &tried.changes {
        if area != c.key[1] {
            area = &c.key[1];
            writeln!(out, "\n■ {}（{area}）", name(area)).ok();
        }
        let label = change_label(c, &indicators, &labels)?;
        writeln!(out, "  {label}：{} → {}{}", c.before.text(&c.unit), c.after.text(&c.unit), c.unit).ok();
    }
    Ok(out)
}
