//! Scenarios: some answers are other than reported, or late reports arrive; which figures would change?
//!
//! The changed extract goes the whole road again, so a scenario can never be computed by other rules than the packet.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::compare::{self, Change};
use crate::dictionary::Dictionary;
use crate::draft::figures::Indicator;
use crate::draft::sentence::Labels;
use crate::error::{Error, Result};
use crate::finding::Finding;
use crate::ingest::{Edit, cells};
use crate::local;
use crate::run;
use crate::workspace::Workspace;

/// What to try.
pub struct Scenario {
    /// CSV with `facility_id,item_code,value`: the cell that the facility would have reported.
    pub answers: Option<PathBuf>,
    /// Rows to add, in the layout of the extract.
    pub late: Option<PathBuf>,
}

/// Figures before and after, those that stay the same left out.
pub fn run(workspace: &Workspace, extract: &Path, scenario: &Scenario, threads: usize) -> Result<Vec<Change>> {
    let scratch = tempfile::tempdir().map_err(|e| Error::new(format!("一時フォルダーを作れません：{e}")))?;
    both(workspace, extract, scenario, scratch.path(), threads).map(|(changes, _)| changes)
}

/// The same, with data and stages of both sides left in `before/` and `after/` of a folder; also the findings of the changed side.
pub fn both(workspace: &Workspace, extract: &Path, scenario: &Scenario, scratch: &Path, threads: usize) -> Result<(Vec<Change>, Vec<Finding>)> {
    let edits = scenario.answers.as_deref().map_or_else(|| Ok(Vec::new()), wishes)?;
    let (before, after) = (scratch.join("before"), scratch.join("after"));
    run::scenario_figures(workspace, extract, None, &[], &before, threads)?;
    let findings = run::scenario_figures(workspace, extract, scenario.late.as_deref(), &edits, &after, threads)?;
    let changes = compare::changes(&compare::figures_of(&before)?, &compare::figures_of(&after)?)?;
    Ok((changes.into_iter().filter(Change::is_other).collect(), findings))
}

fn wishes(path: &Path) -> Result<Vec<Edit>> {
    let text = std::fs::read_to_string(path).map_err(|e| Error::io("想定の表を読めません", path, &e))?;
    let bad = |e: csv::Error| Error::new(format!("想定の表を読めません：{e}")).file(path).next("見出しを facility_id,item_code,value にしてください");
    let mut reader = csv::Reader::from_reader(text.trim_start_matches('\u{FEFF}').as_bytes());
    let header = reader.headers().map_err(bad)?.clone();
    if header.iter().collect::<Vec<_>>() != ["facility_id", "item_code", "value"] {
        return Err(Error::new("想定の表の見出しが違います").file(path).next("見出しを facility_id,item_code,value にしてください"));
    }
    let edit = |(i, record): (usize, std::result::Result<csv::StringRecord, csv::Error>)| {
        let record = record.map_err(bad)?;
        let origin = format!("{} 行目、ファイル {}", i + 2, path.display());
        Ok(Edit { facility_id: cells::fold(&record[0]), item_code: record[1].trim().to_owned(), value: record[2].to_owned(), origin })
    };
    reader.records().enumerate().map(edit).collect()
}

/// What a changed figure is called, with its breakdown.
pub fn change_label(change: &Change, indicators: &[Indicator], labels: &Labels) -> Result<String> {
    let [_, _, indicator, breakdown] = &change.key;
    let found = Indicator::find(indicators, &Indicator::key(indicator, breakdown))?;
    // a row of its own for this breakdown says it in its label
    let part = if found.breakdown.contains('*') { labels.breakdown(breakdown)? } else { String::new() };
    Ok(if part.is_empty() { found.label.clone() } else { format!("{}：{part}", found.label) })
}

/// The changed figures as people read them, area by area.
pub fn text(workspace: &Workspace, changes: &[Change]) -> Result<String> {
    let areas = workspace.areas()?;
    let name = |code: &str| areas.iter().find(|a| a.area_code == code).map_or("", |a| a.name.as_str());
    let dictionary = &Dictionary::load_in(workspace.settings.report_year, Some(&workspace.root))?;
    let (indicators, labels) = (Indicator::all(local::rates_word(Some(&workspace.root))?)?, Labels::load(dictionary)?);
    let mut out = String::new();
    if changes.is_empty() {
        return Ok("変わる数値はありません。\n".into());
    }
    let mut area = "";
    for c in changes {
        if area != c.key[1] {
            area = &c.key[1];
            writeln!(out, "\n■ {}（{area}）", name(area)).ok();
        }
        let label = change_label(c, &indicators, &labels)?;
        writeln!(out, "  {label}：{} → {}{}", c.before.text(), c.after.text(), c.unit).ok();
    }
    Ok(out)
}
