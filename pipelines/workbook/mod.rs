//! The coordinators' workbook 協議シート.xlsx: written from data, edited by people in Excel, merged three ways, read for what was agreed.

pub mod attached;
pub mod book;
pub mod carry;
pub mod generate;
pub mod layout;
pub mod merge;
pub mod places;
pub mod pointer;
pub mod read;
pub mod round;
pub mod rows;
mod settings;
pub mod spoken;
pub mod state;
pub mod wording;
pub mod write;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::facts::finding::Finding;
use crate::ground::error::{Error, Result};
use crate::ground::spreadsheet;
use crate::ground::spreadsheet::renew::{self, Renewed};
use attached::{Attached, Comment};
pub use book::{CouncilBook, Entry, MeasureRow, Meeting, Place, Unplaced, read};
use layout::{Layout, TableSpec};
use merge::{Archived, Edited, Group, Input, Made, Merged, Notices};
use places::Places;
use read::{Found, FoundTable};
use write::{Content, Table};

/// Name of the workbook in the work folder.
pub const FILE: &str = crate::facts::council::WORKBOOK;

/// Finding of a cell with characters that the faces lack.
pub const NO_GLYPH: &str = "workbook_no_glyph";

/// Machine cells that depend on what people wrote in a row of a sheet: position and text.
pub type Derive<'a> = dyn Fn(&TableSpec, &Group, &[String]) -> Result<Vec<(usize, String)>> + Sync + 'a;

/// What the machine has to say now.
pub struct Generated<'a> {
    /// Sheet code → rows.
    pub rows: BTreeMap<String, Vec<Made>>,
    pub guide: Vec<String>,
    pub indicators: Vec<[String; 4]>,
    pub derive: Box<Derive<'a>>,
    pub date: (i32, u8, u8),
}

/// A merged workbook.
#[derive(Debug)]
pub struct Outcome {
    pub bytes: Vec<u8>,
    pub findings: Vec<Finding>,
    /// Texts that went to the archive sheet this time.
    pub archived: usize,
}

fn notices(layout: &Layout) -> Notices {
    let of = |name: &str| layout.word(name).to_owned();
    Notices { changed: of("changed"), overwritten: of("overwritten"), unplaced: of("unplaced") }
}

/// A text as people would write it, for a first workbook: sheet, key of the row, column, text.
#[derive(Clone, Debug, Deserialize)]
pub struct Decision {
    pub sheet: String,
    pub key: String,
    pub column: String,
    pub text: String,
}

/// Merges what people have with what the machine has to say now.
pub fn merge_bytes(old: &[u8], now: &Generated<'_>, layout: &Layout, places: &Places) -> Result<Outcome> {
    let found = read::take_apart(spreadsheet::read_bytes(old.to_vec())?, layout, places, FILE);
    merge_found(found, attached::read(old), now, layout, places)
}

/// A first workbook, with the texts of `decisions` in the places of people.
pub fn first(now: &Generated<'_>, decisions: &[Decision], layout: &Layout, places: &Places) -> Result<Outcome> {
    let mut found = Found { state: Some(state::State::default()), ..Found::default() };
    for spec in &layout.tables {
        let mut rows: Vec<Edited> = Vec::new();
        for made in now.rows.get(&spec.code).into_iter().flatten() {
            let mine: Vec<&Decision> = decisions.iter().filter(|d| d.sheet == spec.code && d.key == made.key).collect();
            if mine.is_empty() {
                continue;
            }
            let mut cells = made.cells.clone();
            for d in mine {
                let at = spec.position(&d.column).ok_or_else(|| Error::new(format!("列 {} がシート {} にありません", d.column, spec.name)))?;
                cells[at].clone_from(&d.text);
            }
            rows.push(Edited { cells, group: Some(made.group.clone()), ..Edited::default() });
        }
        found.tables.insert(spec.code.clone(), FoundTable { sheet: spec.name.clone(), rows, ..FoundTable::default() });
    }
    if let Some(stray) = decisions.iter().find(|d| !now.rows.get(&d.sheet).is_some_and(|rows| rows.iter().any(|r| r.key == d.key))) {
        return Err(Error::new(format!("記入の行 {} が協議シートにありません", stray.key)));
    }
    merge_found(found, HashMap::new(), now, layout, places)
}

fn merge_found(mut found: Found, mut attached: HashMap<String, Attached>, now: &Generated<'_>, layout: &Layout, places: &Places) -> Result<Outcome> {
    let notices = notices(layout);
    let mut findings = std::mem::take(&mut found.findings);
    let mut archived: Vec<Archived> = Vec::new();
    let mut tables = Vec::new();
    for spec in &layout.tables {
        let empty = FoundTable::default();
        let from = found.tables.get(&spec.code).unwrap_or(&empty);
        let none = BTreeMap::new();
        let known = found.state.as_ref().map(|s| s.tables.get(&spec.code).unwrap_or(&none));
        let merged = merge::merge(&Input {
            spec,
            made: now.rows.get(&spec.code).map_or(&[], Vec::as_slice),
            known,
            edited: &from.rows,
            extra_headers: &from.extra_headers,
            notices: &notices,
            derive: &|group, cells| (now.derive)(spec, group, cells),
            place: &|group| place_cells(spec, places, group),
        })?;
        for d in &merged.doubts {
            findings.push(Finding::new(d.code).file(FILE).row(d.row).column(from.place(spec, d.row, d.column)).value(d.text.clone()));
        }
        archived.extend(from.above.iter().map(|t| loose(&spec.name, t, "見出しのところに書かれていました")));
        let comments = comments(from, spec, &merged, attached.remove(&from.sheet).unwrap_or_default(), &mut archived, &mut findings);
        archived.extend(merged.archived);
        tables.push(Table {
            spec,
            extra_headers: from.extra_headers.clone(),
            rows: merged.rows,
            comments,
            is_hidden: from.is_hidden,
            hidden_columns: from.hidden_columns.clone(),
        });
    }
    let mut content = Content {
        layout,
        tables,
        archive: std::mem::take(&mut found.archive),
        guide: now.guide.clone(),
        indicators: now.indicators.clone(),
        others: Vec::new(),
        date: now.date,
    };
    let before: Vec<String> = found.state.as_ref().map_or_else(Vec::new, |s| s.guides.clone());
    let written = write::guide_texts(&content);
    let ours = |text: &str| before.iter().chain(&written).any(|w| merge::same(w, text));
    archived.extend(found.guides.iter().filter(|(_, t)| !ours(t)).map(|(sheet, t)| loose(sheet, t, "読むだけのシートに書かれていました")));
    for other in std::mem::take(&mut found.others) {
        let lies = attached.remove(&other.name).unwrap_or_default();
        drawn(&other.name, &lies, &mut archived, &mut findings);
        content.others.push((other, lies.comments));
    }
    let mut left: Vec<(String, Attached)> = attached.into_iter().collect();
    left.sort_by(|a, b| a.0.cmp(&b.0));
    for (sheet, lies) in left {
        drawn(&sheet, &lies, &mut archived, &mut findings);
        archived.extend(lies.comments.iter().map(|c| loose(&sheet, &c.text, "コメントでした")));
    }
    content.archive.extend(
        archived
            .iter()
            .map(|a| [&a.sheet, &a.key, &a.area, &a.theme, &a.column, &a.text].map(Clone::clone).into_iter().chain([a.why.to_owned()]).collect()),
    );
    Ok(Outcome { bytes: write::write(&content)?, findings, archived: archived.len() })
}

/// The place cells of a group: code, name, theme, part; empty elsewhere.
pub fn place_cells(spec: &TableSpec, places: &Places, group: &Group) -> Vec<String> {
    let mut cells = vec![String::new(); spec.columns.len()];
    let mut put = |name: &str, text: String| {
        if let Some(i) = spec.position(name) {
            cells[i] = text;
        }
    };
    put("area_code", group.area_code.clone());
    put("area", places.area_name(&group.area_code).to_owned());
    put("theme", places.theme(&group.function_code));
    if group.part > 0 {
        put("part", places.part(group.part));
    }
    cells
}

fn loose(sheet: &str, text: &str, why: &'static str) -> Archived {
    Archived {
        sheet: sheet.to_owned(),
        key: String::new(),
        area: String::new(),
        theme: String::new(),
        column: String::new(),
        text: text.to_owned(),
        why,
    }
}

/// Comments follow their rows; those without a row go to the archive.
fn comments(
    from: &FoundTable,
    spec: &TableSpec,
    merged: &Merged,
    lies: Attached,
    archived: &mut Vec<Archived>,
    findings: &mut Vec<Finding>,
) -> Vec<(usize, usize, Comment)> {
    drawn(&from.sheet, &lies, archived, findings);
    let rows: HashMap<u32, usize> = merged.rows.iter().enumerate().filter_map(|(i, r)| r.source.map(|s| (s, i))).collect();
    let mut placed = Vec::new();
    for comment in lies.comments {
        let row = u32::try_from(comment.row + 1).ok().and_then(|r| rows.get(&r));
        match (row, from.column_now(spec, comment.column)) {
            (Some(row), Some(column)) => placed.push((row + 1, column, comment)),
            _ => archived.push(loose(&spec.name, &comment.text, "コメントでした")),
        }
    }
    placed
}

/// Text boxes and pictures cannot be carried on: words are kept, and both are told of.
fn drawn(sheet: &str, lies: &Attached, archived: &mut Vec<Archived>, findings: &mut Vec<Finding>) {
    for d in &lies.drawings {
        let code = if d.is_picture { "workbook_picture" } else { "workbook_text_box" };
        if !d.is_picture && d.text.is_empty() {
            continue;
        }
        let place = format!("シート「{sheet}」の {}", spreadsheet::cell_name(d.row, d.column));
        findings.push(Finding::new(code).file(FILE).row(u32::try_from(d.row + 1).unwrap_or(0)).column(place).value(d.text.clone()));
        if !d.text.is_empty() {
            archived.push(loose(sheet, &d.text, "テキストボックスでした"));
        }
    }
}

/// Says early and clearly that a workbook cannot be replaced now.
pub fn refuse_open(path: &Path) -> Result<()> {
    renew::open_mark(path).map_or(Ok(()), |mark| Err(is_open(path, &mark)))
}

fn is_open(path: &Path, mark: &Path) -> Error {
    let name = mark.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    Error::new("協議シートが Excel などで開かれています（何も変えていません）").file(path).next(format!(
        "保存して閉じてから、もう一度実行してください。閉じているのに出るときは、同じフォルダーの見えないファイル「{name}」を消してください"
    ))
}

/// Replaces a workbook; a copy of what people had is kept first. The same bytes are left alone.
pub fn put(path: &Path, old: Option<&[u8]>, new: &[u8]) -> Result<Option<PathBuf>> {
    match renew::renew(path, old, new)? {
        Renewed::Same => Ok(None),
        Renewed::Done(copy) => Ok(copy),
        Renewed::Open(mark) => Err(is_open(path, &mark)),
        Renewed::SavedSince => {
            Err(Error::new("協議シートが、読んだあとで保存されました（何も変えていません）").file(path).next("もう一度実行してください"))
        }
    }
}
