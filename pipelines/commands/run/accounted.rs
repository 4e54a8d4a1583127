//! Every file of a work folder is accounted for: what lies where inputs, tables, layouts and own rows are looked for is read,
//! or named with the reason.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use crate::check::workbook::WORKBOOK;
use crate::facts::dictionary::dated;
use crate::facts::finding::{Finding, FindingRule};
use crate::facts::inputs::{NOTE, is_table, of_program, tables_of};
use crate::facts::reference::tables::{self, LEDGER};
use crate::facts::workspace::{BUILT_IN, SETTINGS};
use crate::facts::{boundaries, council, local};
use crate::ground::error::{Error, Result};
use crate::ground::folder::files_below;
use crate::ground::scratch;
use crate::ground::{embedded, filekind, own_text};
use crate::ingest::ADDITIONS;
use crate::packet::NotRead;
use crate::workbook;

/// Findings that say that a file was not read.
const CODES: [&str; 7] =
    ["file_not_read", "file_not_chosen", "file_of_program", "copy_of_workbook", "built_in_copy_changed", "reference_not_listed", "override_unknown"];
/// Files of the work folder that a run of `extract` does not read, as findings.
///
/// # Errors
/// Only where a folder or a file cannot be read.
pub fn not_read(root: &Path, extract: &Path) -> Result<Vec<Finding>> {
    let mut found = Vec::new();
    let mut read: BTreeSet<PathBuf> = BTreeSet::new();
    let folder = root.join("input");
    if extract.is_dir() {
        read.extend(tables_of(extract)?);
    } else {
        read.insert(extract.to_path_buf());
    }
    if root.join(ADDITIONS).is_dir() {
        read.extend(tables_of(&root.join(ADDITIONS))?);
    }
    for name in below(&folder)? {
        let path = folder.join(&name);
        if !read.contains(&path) {
            found.extend(input_finding(&format!("input/{name}"), &path)?);
        }
    }
    found.extend(reference_findings(root)?);
    for name in below(&root.join("layouts"))? {
        if name.contains('/') || !name.ends_with(".toml") {
            found.extend(named(&format!("layouts/{name}"), "列対応表は、layouts の直下の .toml だけを読みます"));
        }
    }
    for name in below(&root.join("sql"))? {
        let path = format!("sql/{name}");
        if !dated::own_files().any(|own| own == path) {
            found.extend(named(&path, "足すことのできる表の名前ではありません"));
        }
    }
    found.extend(copies(root)?);
    Ok(found)
}

/// The findings about files that were not read (`reference_not_listed` among them), for manifest and screen.
pub fn told(findings: &[Finding], rules: &HashMap<String, FindingRule>) -> Vec<NotRead> {
    let of_files = |f: &&Finding| CODES.contains(&f.code.as_str());
    let reason = |f: &Finding| match (f.value.as_str(), rules.get(&f.code)) {
        ("", Some(rule)) => rule.what.clone(),
        (value, _) => value.to_owned(),
    };
    findings.iter().filter(of_files).map(|f| NotRead { path: f.file.clone(), reason: reason(f) }).collect()
}

fn below(folder: &Path) -> Result<Vec<String>> {
    if folder.is_dir() { files_below(folder) } else { Ok(Vec::new()) }
}

/// The finding for a file that is not read; `None` for the notes that `init` writes.
fn named(path: &str, reason: &str) -> Option<Finding> {
    let name = path.rsplit('/').next().unwrap_or(path);
    if name == NOTE {
        return None;
    }
    let code = if of_program(name) { "file_of_program" } else { "file_not_read" };
    Some(Finding::new(code).file(path).value(if code == "file_not_read" { reason } else { "" }))
}

fn input_finding(shown: &str, path: &Path) -> Result<Option<Finding>> {
    let place = Path::new(shown).parent().map(|p| p.to_string_lossy().into_owned()).unwrap_or_default();
    if place != "input" && place != ADDITIONS {
        return Ok(named(shown, &format!("サブフォルダーのファイルは読みません（{} の直下に移すと読みます）", top(shown))));
    }
    if is_table(path)? {
        return Ok(Some(Finding::new("file_not_chosen").file(shown)));
    }
    let bytes = std::fs::read(path).map_err(|e| Error::io("入力のファイルを読めません", path, &e))?;
    let kind = filekind::of(&bytes)?;
    let reason = match kind {
        Some(kind) => format!("中身は{}です。名前の終わりが抽出ファイルのもの（.csv、.xlsx など）ではありません", kind.label),
        None => "名前の終わりが抽出ファイルのもの（.csv、.xlsx など）ではないか、表ではありません".to_owned(),
    };
    Ok(named(shown, &reason))
}

/// The folder in which a file below `input` would be read.
fn top(shown: &str) -> &'static str {
    if shown.starts_with(&format!("{ADDITIONS}/")) { ADDITIONS } else { "input" }
}

/// What lies in `reference/` beside the tables, boundaries and rates that a run reads.
fn reference_findings(root: &Path) -> Result<Vec<Finding>> {
    let mut known: BTreeSet<String> = [LEDGER, local::RATES].map(str::to_owned).into();
    known.extend(boundaries::FILES.iter().map(|f| format!("reference/{f}")));
    known.extend(tables::ledger(root)?.iter().map(|e| format!("reference/{}.csv", e.table_name)));
    let unlisted: BTreeSet<String> = tables::names().map(|n| format!("reference/{n}.csv")).collect();
    let mut found = Vec::new();
    for name in below(&root.join("reference"))? {
        let path = format!("reference/{name}");
        if let Some(copy) = path.strip_prefix(&format!("{BUILT_IN}/")) {
            found.extend(changed_copy(root, &path, copy)?);
        } else if known.contains(&path) || unlisted.contains(&path) || name.starts_with("update_report_") {
            // an unlisted table has a finding of its own
        } else {
            found.extend(named(&path, "読む名前ではありません（表は tables.csv に行のあるもの、境界は boundaries.geojson など）"));
        }
    }
    Ok(found)
}

/// A copy of a built-in table in which people wrote; it is there to be looked at.
fn changed_copy(root: &Path, path: &str, copy: &str) -> Result<Option<Finding>> {
    let built_in = embedded::find(&format!("sql/reference/{copy}"));
    let Some(built_in) = built_in else { return Ok(named(path, "内蔵の表の写しの場所です（ここの表は使いません）")) };
    let rows: BTreeSet<&str> = built_in.lines().collect();
    let text = own_text::read(&root.join(path), "内蔵の表の写し")?;
    let is_changed = text.lines().any(|line| !line.is_empty() && !rows.contains(line));
    Ok(is_changed.then(|| Finding::new("built_in_copy_changed").file(path)))
}

/// Copies of the files that people work on: 「協議シート (1).xlsx」, 「kyogi - コピー.toml」, 「確認一覧（競合…）.xlsx」, and locks on them.
fn copies(root: &Path) -> Result<Vec<Finding>> {
    let worked_on = [workbook::FILE, WORKBOOK, SETTINGS, council::FILE];
    let stems = [workbook::FILE, WORKBOOK, SETTINGS, council::FILE].map(|f| f.rsplit_once('.').map_or(f, |(stem, _)| stem));
    let mut names: Vec<String> = std::fs::read_dir(root)
        .map_err(|e| Error::io("作業フォルダーを読めません", root, &e))?
        .flatten()
        .filter(|e| e.path().is_file())
        .map(|e| e.file_name().to_string_lossy().into_owned())
        .filter(|name| !worked_on.contains(&name.as_str()))
        // neither what this run works with, nor an archive of the work folder
        .filter(|name| !name.starts_with(scratch::PREFIX) && !name.ends_with(".zip"))
        .collect();
    names.sort();
    let about = |name: &str| stems.iter().any(|stem| name.trim_start_matches(['~', '$', '.']).trim_start_matches("lock.").contains(stem));
    let finding = |name: String| match of_program(&name) {
        true => Finding::new("file_of_program").file(&name),
        false => Finding::new("copy_of_workbook").file(&name),
    };
    Ok(names.into_iter().filter(|name| about(name)).map(finding).collect())
}
