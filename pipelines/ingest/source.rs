//! The tables that an extract consists of: one file, several files, or several sheets; how they belong together.
//!
//! Tables that answer the same items are stacked (hospitals and clinics apart); tables that answer different items of
//! the same facilities lie side by side (1号 and 2号 apart) and are joined by the facility's ID.

use crate::facts::workspace::files;
use crate::ground::text;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use csv::StringRecord;

use super::cells::Glyphs;
use super::grid::{self, Grid};
use super::layout::{self, Layout, Place, Recognised, column_name};
use super::pasted::{drop_headers, refuse_joined};
use super::{Edit, Request};
use crate::facts::dictionary::Dictionary;
use crate::facts::finding::Finding;
use crate::facts::inputs;
use crate::ground::artefact::sha256;
use crate::ground::decode::Malformed;
use crate::ground::error::{Error, Result};
use crate::ground::records::Lines;

/// One table with a header that a layout explains.
#[derive(Clone)]
pub(crate) struct Source {
    pub path: PathBuf,
    /// Name of the file; with the sheet, where a workbook holds several tables.
    pub name: String,
    pub layout: Layout,
    /// Header text by column, as written in the file.
    pub headers: Vec<String>,
    pub places: BTreeMap<String, Place>,
    pub unnamed: Vec<usize>,
    /// Headers that the layout has and this table does not.
    missing: Vec<String>,
    /// What was odd in the form of the file.
    odd: Vec<Finding>,
    /// How the physical lines of a text add up.
    pub lines: Lines,
    /// The rows below the header, as Excel numbers them.
    pub rows: Vec<(u32, StringRecord)>,
    /// Row and column of the cells with bytes without a meaning, and what each of them is in words.
    pub undecodable: Vec<(u32, usize, Vec<String>)>,
    pub encoding: String,
    pub sha256: String,
    pub bytes: u64,
    pub is_workbook: bool,
    /// Tables of one block are stacked; blocks lie side by side.
    pub block: usize,
    /// Added to a row's number to make it unlike every row of the other tables; 0 for the first.
    pub row_offset: u32,
    /// Came later than the extract: a late or paper report.
    pub is_addition: bool,
}

/// More than a sheet has rows.
pub(crate) const ROWS_PER_SOURCE: u32 = 10_000_000;

impl Source {
    pub fn column(&self, item: &str) -> Option<usize> {
        match self.places.get(item) {
            Some(Place::Column(i)) => Some(*i),
            _ => None,
        }
    }

    pub fn finding(&self, code: &str, row: Option<u32>, column: Option<usize>) -> Finding {
        let mut finding = Finding::new(code).file(&self.name);
        if let Some(row) = row {
            finding = finding.row(row);
        }
        if let Some(column) = column {
            finding = finding.column(format!("{}（{}）", column_name(column), self.headers.get(column).map_or("", String::as_str)));
        }
        finding
    }

    /// What was odd in the form of the file, taken out.
    pub fn take_odd(&mut self) -> Vec<Finding> {
        std::mem::take(&mut self.odd)
    }

    /// One finding for each sequence of bytes that could not be read, with the facility of the row and the item of the column.
    pub fn unread(&self) -> impl Iterator<Item = Finding> {
        self.undecodable.iter().flat_map(|(row, column, found)| {
            let record = self.rows.binary_search_by_key(row, |(r, _)| *r).ok().map(|i| &self.rows[i].1);
            let id = record.zip(self.column("facility_id")).and_then(|(r, c)| r.get(c)).unwrap_or("");
            // an ID that could not be read itself names nobody
            let id = if id.contains(char::REPLACEMENT_CHARACTER) { "" } else { id };
            let stands_in = |place: &Place| match place {
                Place::Column(c) => c == column,
                Place::OneHot(list) => list.iter().any(|(c, _)| c == column),
            };
            let item = record.and_then(|_| self.places.iter().find(|(_, place)| stands_in(place))).map_or("", |(item, _)| item);
            let finding = self.finding("undecodable", Some(*row), Some(*column)).facility(&self.code("facility_id", id).0).item(item);
            found.iter().map(move |what| finding.clone().value(what))
        })
    }

    /// Column letters as evidence names them: with the file, where there are several.
    pub fn cell_column(&self, column: usize) -> String {
        if self.row_offset == 0 { column_name(column) } else { format!("{}〔{}〕", column_name(column), self.name) }
    }

    /// The code of a cell with the zeros that its stated width asks for, and whether any were put back.
    pub fn code(&self, item: &str, raw: &str) -> (String, bool) {
        let text = text::fold(raw);
        match self.layout.file.widths.get(item).and_then(|width| text::padded(&text, *width)) {
            Some(padded) => (padded, true),
            None => (text, false),
        }
    }

    pub fn glyphs(&self, item: &str, function: &str, masked: (f64, f64)) -> Glyphs {
        self.layout.glyphs(item, function, masked)
    }
}

/// All tables of an extract, recognised and put in blocks; findings about whole tables go to `findings`.
pub(crate) fn open(request: &Request<'_>, findings: &mut Vec<Finding>) -> Result<Vec<Source>> {
    let mut paths = files(request.extract)?;
    let extracts = paths.len();
    paths.extend(additions(request.work_folder)?);
    paths.extend(request.late.map(Path::to_path_buf));
    let layouts = match request.mapping {
        Some(mapping) => layout::from_path(mapping)?,
        None => layout::known(request.work_folder)?,
    };
    let mut sources = Vec::new();
    for (i, path) in paths.iter().enumerate() {
        let bytes = std::fs::read(path).map_err(|e| Error::io("抽出ファイルを読めません", path, &e))?;
        let mut opened = open_file(request, path, bytes, &layouts, findings).map_err(|e| e.file(path))?;
        opened.iter_mut().for_each(|s| s.is_addition = i >= extracts);
        sources.extend(opened);
    }
    same_columns(&sources)?;
    let mut sources = beside_each_block(sources, request.dictionary);
    for (i, source) in sources.iter_mut().enumerate() {
        source.row_offset = i as u32 * ROWS_PER_SOURCE;
    }
    into_blocks(&mut sources, request.dictionary);
    required(&sources, request.dictionary)?;
    for edit in request.edits {
        apply(&mut sources, edit).map_err(|e| e.at(edit.origin.clone()))?;
    }
    for source in &sources {
        for header in &source.missing {
            findings.push(source.finding("column_missing_in_file", None, None).value(header));
        }
    }
    Ok(sources)
}

/// Sets the cell in every row of the facility: whichever of them counts.
fn apply(sources: &mut [Source], edit: &Edit) -> Result<()> {
    let (mut has_item, mut found) = (false, false);
    for source in sources {
        let column = match source.places.get(&edit.item_code) {
            Some(Place::Column(column)) => *column,
            Some(Place::OneHot(_)) => {
                return Err(Error::new(format!("報告事項 {} は列が分かれているため、想定の表では変えられません", edit.item_code)));
            }
            None => continue,
        };
        has_item = true;
        let Some(id_column) = source.column("facility_id") else { continue };
        let width = source.headers.len();
        for i in 0..source.rows.len() {
            let record = &source.rows[i].1;
            if source.code("facility_id", record.get(id_column).unwrap_or("")).0 == edit.facility_id {
                found = true;
                let cell = |c: usize| if c == column { edit.value.as_str() } else { record.get(c).unwrap_or("") };
                source.rows[i].1 = (0..record.len().max(width)).map(cell).collect();
            }
        }
    }
    match (has_item, found) {
        (_, true) => Ok(()),
        (true, false) => Err(Error::new(format!("医療機関ID「{}」が抽出ファイルにありません", edit.facility_id))),
        (false, false) => {
            Err(Error::new(format!("報告事項 {} が抽出ファイルにありません", edit.item_code))
                .next("sql/dictionary/items.csv のコードを書いてください"))
        }
    }
}

/// Where late and paper reports are put to be taken in, below the work folder.
pub const ADDITIONS: &str = "input/追加";

fn additions(work_folder: Option<&Path>) -> Result<Vec<PathBuf>> {
    let Some(folder) = work_folder.map(|root| root.join(ADDITIONS)).filter(|f| f.is_dir()) else { return Ok(Vec::new()) };
    inputs::tables_of(&folder)
}

fn open_file(request: &Request<'_>, path: &Path, bytes: Vec<u8>, layouts: &[Layout], findings: &mut Vec<Finding>) -> Result<Vec<Source>> {
    let (hash, size) = (sha256(&bytes), bytes.len() as u64);
    // one mapping for all files may say the encoding; several are told apart only after reading
    let named = if request.mapping.is_some() && layouts.len() == 1 { layouts[0].encoding()? } else { None };
    let file_name = path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    let grids = grid::read_all(bytes, named)?;
    let named = request.mapping.is_some();
    let mut seen: Vec<(Grid, Option<Recognised<'_>>)> = Vec::with_capacity(grids.len());
    for grid in grids {
        let recognised = layout::recognise(layouts, &grid, &request.dictionary.labels);
        seen.push((grid, recognised));
    }
    // with a mapping that the user named, even a poor likeness is meant: what is missing can then be told
    let is_table = |r: &Recognised<'_>| r.is_whole() || r.is_part() || (named && r.found > 0);
    let (tables, others): (Vec<_>, Vec<_>) = seen.into_iter().partition(|(_, r)| r.as_ref().is_some_and(is_table));
    if tables.is_empty() {
        return Err(Error::new("見出しがどの列対応表とも合いません")
            .next("別のファイルを選んでいないかを確かめてください。新しいレイアウトなら、kyogi mapping で列対応表の案を作れます"));
    }
    for (grid, _) in others {
        findings.push(Finding::new("sheet_not_read").file(&file_name).value(format!("シート「{}」", grid.sheet)));
    }
    let alone = tables.len() == 1;
    tables
        .into_iter()
        .filter_map(|(grid, recognised)| recognised.map(|r| (grid, r)))
        .map(|(grid, r)| {
            let name = if alone { file_name.clone() } else { format!("{file_name}／{}", grid.sheet) };
            source((path, name), grid, &r, request.dictionary, (hash.clone(), size))
        })
        .collect()
}

fn source(
    (path, name): (&Path, String),
    grid: Grid,
    recognised: &Recognised<'_>,
    dictionary: &Dictionary,
    (sha256, bytes): (String, u64),
) -> Result<Source> {
    let layout = recognised.layout.clone();
    layout.refuse_undecided()?;
    let headers = grid.headers(recognised.start, layout.file.header_rows);
    let places = layout.places(&headers, dictionary)?;
    let is_workbook = !grid.sheet.is_empty();
    let undecodable = undecodable(&grid.rows, &grid.undecodable, &grid.malformed);
    let mut odd = grid.oddities(&name, |c| format!("{}（{}）", column_name(c), headers.get(c).map_or("", String::as_str)));
    let encoding = if !is_workbook { grid.encoding } else { format!("{}（シート「{}」）", grid.encoding, grid.sheet) };
    let mut rows = grid.rows;
    let head: Vec<_> = rows.drain(..(recognised.start + layout.file.header_rows).min(rows.len())).skip(recognised.start).collect();
    let again = drop_headers(&mut rows, &head);
    odd.extend(again.into_iter().map(|row| Finding::new("header_again").file(&name).row(row)));
    if !is_workbook {
        refuse_joined(&rows, &headers, &places.items)?;
    }
    if rows.is_empty() {
        return Err(Error::new("データの行がありません（見出しだけのファイルです）").next("抽出の条件を確かめて、もう一度取り出してください"));
    }
    let (places, unnamed, missing) = (places.items, places.unnamed, places.missing);
    Ok(Source {
        path: path.to_path_buf(),
        name,
        headers,
        places,
        unnamed,
        missing,
        odd,
        lines: grid.lines,
        rows,
        undecodable,
        encoding,
        sha256,
        bytes,
        is_workbook,
        block: 0,
        row_offset: 0,
        is_addition: false,
        layout,
    })
}

/// What could not be read, in words, while the header rows are still among the rows.
fn undecodable(rows: &[(u32, StringRecord)], places: &[(u32, usize)], malformed: &[Vec<Malformed>]) -> Vec<(u32, usize, Vec<String>)> {
    let cell = |row: u32, column: usize| {
        let at = rows.binary_search_by_key(&row, |(r, _)| *r).ok();
        at.and_then(|i| rows[i].1.get(column)).unwrap_or("")
    };
    let told = |(&(row, column), found): (&(u32, usize), &Vec<Malformed>)| (row, column, found.iter().map(|m| m.shown(cell(row, column))).collect());
    places.iter().zip(malformed).map(told).collect()
}

/// Every column of a layout must be in one of its tables. What only some of them lack is left for a finding.
fn same_columns(sources: &[Source]) -> Result<()> {
    for source in sources {
        let alike: Vec<&Source> = sources.iter().filter(|s| s.layout.name == source.layout.name).collect();
        let nowhere: Vec<String> = source.missing.iter().filter(|m| alike.iter().all(|s| s.missing.contains(m))).cloned().collect();
        if !nowhere.is_empty() {
            let left: Vec<String> = alike.iter().flat_map(|s| s.unnamed.iter().map(|&c| s.headers[c].clone())).collect();
            return Err(source.layout.missing_columns(&nowhere, &left).file(&source.path));
        }
    }
    Ok(())
}

/// Codes of the reported items of a table.
fn reported(source: &Source, dictionary: &Dictionary) -> BTreeSet<String> {
    source.places.keys().filter(|i| dictionary.item(i).is_some_and(|i| i.function_code != "base")).cloned().collect()
}

/// A late file may hold in one table what the extract holds in several side by side: it is then read once for each of
/// these blocks, for else it would bind them into one and its rows would stand in the place of whole facilities.
fn beside_each_block(sources: Vec<Source>, dictionary: &Dictionary) -> Vec<Source> {
    let (late, mut sources): (Vec<Source>, Vec<Source>) = sources.into_iter().partition(|s| s.is_addition);
    into_blocks(&mut sources, dictionary);
    let mut blocks: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    sources.iter().for_each(|s| blocks.entry(s.block).or_default().extend(reported(s, dictionary)));
    for source in late {
        let own = reported(&source, dictionary);
        let shared: Vec<&BTreeSet<String>> = blocks.values().filter(|items| !items.is_disjoint(&own)).collect();
        if shared.len() < 2 {
            sources.push(source);
            continue;
        }
        for (i, items) in shared.into_iter().enumerate() {
            // what no table of the extract has stays with the first
            let is_in = |item: &String| !own.contains(item) || items.contains(item) || (i == 0 && blocks.values().all(|b| !b.contains(item)));
            let mut part = Source {
                places: source.places.iter().filter(|(item, _)| is_in(item)).map(|(k, p)| (k.clone(), p.clone())).collect(),
                ..source.clone()
            };
            if i > 0 {
                // told once
                part.unnamed.clear();
                part.undecodable.clear();
                part.odd.clear();
            }
            sources.push(part);
        }
    }
    sources
}

/// Numbers the blocks: tables that share a reported item stand in one, in the order of their first table.
fn into_blocks(sources: &mut [Source], dictionary: &Dictionary) {
    let items: Vec<BTreeSet<String>> = sources.iter().map(|s| reported(s, dictionary)).collect();
    let mut block: Vec<usize> = (0..sources.len()).collect();
    // a table without any reported item belongs to the first: facilities that did not report, for example
    for i in 0..sources.len() {
        for j in 0..i {
            if items[i].is_empty() || items[j].is_empty() || !items[i].is_disjoint(&items[j]) {
                let (from, to) = (block[i].max(block[j]), block[i].min(block[j]));
                block.iter_mut().filter(|b| **b == from).for_each(|b| *b = to);
            }
        }
    }
    let mut order: HashMap<usize, usize> = HashMap::new();
    for (i, source) in sources.iter_mut().enumerate() {
        let next = order.len();
        source.block = *order.entry(block[i]).or_insert(next);
    }
    for source in sources.iter_mut() {
        // what a whole block lacks is no gap of one of its tables
        source.missing.sort();
    }
    let lacking: Vec<(usize, BTreeSet<String>)> = sources.iter().map(|s| (s.block, s.missing.iter().cloned().collect())).collect();
    for source in sources {
        let everywhere = |header: &String| lacking.iter().filter(|(b, _)| *b == source.block).all(|(_, m)| m.contains(header));
        let gaps: Vec<String> = source.missing.iter().filter(|h| !everywhere(h)).cloned().collect();
        source.missing = gaps;
    }
}

/// Items that every table must have, and those that at least one must have.
const REQUIRED: [&str; 2] = ["municipality_code", "report_status"];

fn required(sources: &[Source], dictionary: &Dictionary) -> Result<()> {
    let lacking = |item: &str, source: &Source| {
        Err(Error::new(format!("列対応表に必須の項目「{item}」がありません"))
            .at(source.layout.name.clone())
            .next("[columns] に、その項目の見出しの行を足してください"))
    };
    for source in sources {
        if source.column("facility_id").is_none() {
            return lacking("facility_id", source);
        }
    }
    let stars = dictionary.items.iter().filter(|i| i.requirement == "star").map(|i| i.item_code.as_str());
    for item in REQUIRED.into_iter().chain(stars) {
        if !sources.iter().any(|s| s.places.contains_key(item)) {
            return lacking(item, &sources[0]);
        }
    }
    Ok(())
}
