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
    let edits = scenario.answers.as_deref().map_or_else(|| Ok(Vec::new()), wishes)?;
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

fn wishes(path: &Path) -> Result<Vec<Edit>> {
    let table = own_text::csv(&own_text::read(path, "想定の表")?).map_err(|e| e.file(path))?;
    if table.headers.iter().collect::<Vec<_>>() != ["facility_id", "item_code", "value"] {
        return Err(Error::new("想定の表の見出しが違います").file(path).next("見出しを facility_id,item_code,value にしてください"));
    }
    let edit = |(line, record): (u32, csv::StringRecord)| {
        let origin = format!("{line} 行目、ファイル {}", path.display());
        Edit { facility_id: text::fold(&record[0]), item_code: record[1].to_owned(), value: record[2].to_owned(), origin }
    };
    Ok(table.rows.into_iter().map(edit).collect())
}

/// What a changed figure is called, with its breakdown.
pub fn change_label(change: &Change, indicators: &[Indicator], labels: &Labels) -> Result<String> {
    let [_, _, indicator, breakdown] = &change.key;
    let found = Indicator::find(indicators, &Indicator::key(indicator, breakdown))?;
    // a row of its own for this breakdown says it in its label
    let part = if found.breakdown.contains('*') { labels.breakdown(breakdown)? } else { String::new() };
    Ok(if part.is_empty() { found.label.clone() } else { format!("{}：{part}", found.label) })
}

/// The changed figures as people read them, area by area, and what does not reach them.
pub fn text(workspace: &Workspace, tried: &Tried) -> Result<String> {
    let areas = workspace.areas()?;
    let name = |code: &str| areas.iter().find(|a| a.area_code == code).map_or("", |a| a.name.as_str());
    let dictionary = &Dictionary::load_in(workspace.settings.report_year, Some(&workspace.root))?;
    let (indicators, labels) = (Indicator::all(local::rates_word(Some(&workspace.root))?)?, Labels::load(dictionary)?);
    let mut out = String::new();
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
