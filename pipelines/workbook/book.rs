//! What people wrote in the workbook, as typed values: meetings, texts per part, measures. Nothing is judged here but dates and places.

use crate::ground::text;
use std::path::Path;

use serde::Serialize;

use super::FILE;
use super::layout::{Layout, Owner, TableSpec};
use super::merge::{Edited, Group, same};
use super::places::Places;
use super::pointer::{self, Agreement, Pointers};
use super::read::{FoundTable, is_formula, take_apart};
use crate::facts::areas::Area;
use crate::facts::dictionary::Dictionary;
use crate::facts::finding::Finding;
use crate::facts::workspace::Workspace;
use crate::ground::error::Result;
use crate::ground::spreadsheet::{self, renew, struck};

/// What the workbook of a work folder says.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CouncilBook {
    /// False: there is no workbook yet.
    pub exists: bool,
    /// In the order of the sheet; only rows in which people wrote.
    pub meetings: Vec<Meeting>,
    /// Rows of 協議シート in which people wrote, in the order of the sheet.
    pub entries: Vec<Entry>,
    /// Measures of their own sheet, then what people wrote for part (4) beside the other parts.
    pub measures: Vec<MeasureRow>,
    /// Proposals and agreements in rows whose area or theme is not understood.
    pub unplaced: Vec<Unplaced>,
    #[serde(skip)]
    pub findings: Vec<Finding>,
}

/// Where a row stands: sheet, row as Excel numbers it, its key.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Place {
    pub sheet: String,
    pub row: u32,
    pub key: String,
}

/// A cell that says nothing as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unfit {
    /// Name of the column in `columns.csv`.
    pub column: String,
    /// 「シート「協議シート」の L12（合意した文）」
    pub place: String,
    pub why: &'static str,
    /// What stands in the cell, with words for the line through it.
    pub said: String,
}

impl Unfit {
    /// What keeps a text from being published.
    pub fn reason(&self) -> String {
        format!("{}{}", self.place, self.why)
    }
}

/// A text without a place.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Unplaced {
    pub place: Place,
    /// Area and theme as people wrote them.
    pub area: String,
    pub theme: String,
    pub text: String,
}

/// One meeting of a council area on a theme. Dates are ISO, empty where not given or not readable.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Meeting {
    pub place: Place,
    pub area_code: String,
    pub function_code: String,
    pub held_on: String,
    pub agenda: String,
    /// Items of the statute that the meeting was about (一イ, 四 …); empty: the usual one.
    pub statute: String,
    pub participants: Vec<String>,
    /// Name of the existing meeting that was used.
    pub venue: String,
    pub memo: String,
    /// Cells of the row that say nothing as they are: struck, hidden, or the text of a formula.
    #[serde(skip)]
    pub unfit: Vec<Unfit>,
}

/// One text of one part.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Entry {
    pub place: Place,
    pub area_code: String,
    pub function_code: String,
    /// 1 to 5.
    pub part: u32,
    /// 医療側, 介護側, 住民側 …
    pub view: String,
    /// What people wrote before the meeting.
    pub proposal: String,
    /// What the meeting agreed on; 「案のとおり」 is resolved.
    pub agreed: String,
    /// Why the agreed text cannot be told; empty where it can.
    pub unresolved: String,
    /// The proposal is that of the year before, as it was.
    pub is_inherited: bool,
    pub status: String,
    pub agreed_on: String,
    pub published_on: String,
    pub memo: String,
    /// What became of it in earlier years, a line each.
    pub history: String,
    /// Cells of the row that say nothing as they are: struck, hidden, or the text of a formula.
    #[serde(skip)]
    pub unfit: Vec<Unfit>,
}

/// One measure.
#[derive(Clone, Debug, Default, Serialize)]
pub struct MeasureRow {
    pub place: Place,
    pub area_code: String,
    pub function_code: String,
    /// What people wrote before the meeting.
    pub proposal: String,
    /// What was agreed; 「案のとおり」 is resolved.
    pub measure: String,
    /// Why the agreed text cannot be told; empty where it can.
    pub unresolved: String,
    /// The measure is that of the year before, as it was.
    pub is_inherited: bool,
    pub role: String,
    /// ISO, or what people wrote where it is no date.
    pub deadline: String,
    /// 1 comes first; empty where nothing was said.
    pub priority: String,
    pub indicator: String,
    /// What people wrote, else the value when the measure was agreed.
    pub baseline: String,
    pub target: String,
    pub target_date: String,
    pub status: String,
    pub agreed_on: String,
    pub published_on: String,
    pub memo: String,
    pub history: String,
    /// Cells of the row that say nothing as they are: struck, hidden, or the text of a formula.
    #[serde(skip)]
    pub unfit: Vec<Unfit>,
}

/// The workbook of a work folder; an empty book when there is none.
pub fn read(dir: &Path) -> Result<CouncilBook> {
    let workspace = Workspace::open(dir)?;
    let known = workspace.known()?;
    read_file(&dir.join(FILE), &known.areas, &known.dictionary)
}

/// The workbook at `path`, with the areas and themes that it may name.
pub fn read_file(path: &Path, areas: &[Area], dictionary: &Dictionary) -> Result<CouncilBook> {
    match renew::bytes_of(path)? {
        Some(bytes) => parse(bytes, &Layout::load()?, &Places::new(areas, dictionary)?).map_err(|e| e.file(path)),
        None => Ok(CouncilBook::default()),
    }
}

/// The workbook's bytes as typed values.
pub fn parse(bytes: Vec<u8>, layout: &Layout, places: &Places) -> Result<CouncilBook> {
    let found = take_apart(spreadsheet::read_bytes(bytes)?, layout, places, FILE);
    let mut book = CouncilBook { exists: true, findings: found.findings, ..CouncilBook::default() };
    let known = |code: &str, key: &str, i: usize| {
        let machine = found.state.as_ref().and_then(|s| s.tables.get(code)).and_then(|t| t.get(key)).map(|k| &k.machine);
        machine.map_or("", |m| m[i].as_str()).to_owned()
    };
    // what the setting says is read with the setting
    for spec in layout.tables.iter().filter(|t| ["entries", "measures", "meetings"].contains(&t.code.as_str())) {
        let Some(table) = found.tables.get(&spec.code) else { continue };
        for edited in &table.rows {
            let row = RowOf { spec, table, edited, pointers: &layout.pointers };
            let Some(group) = row.group() else {
                book.unplaced.extend(row.texts().into_iter().map(|text| row.unplaced(text)));
                continue;
            };
            // a row in which only the machine wrote says nothing of people
            let key = row.text("key");
            let wrote = (0..spec.columns.len()).any(|i| {
                let text = edited.cells[i].trim();
                spec.owner(i) == Owner::People && !text.is_empty() && (spec.code == "meetings" || text != known(&spec.code, &key, i).trim())
            });
            let carried = spec.code != "meetings" && !row.text("history").is_empty();
            if !wrote && !carried {
                continue;
            }
            match spec.code.as_str() {
                "meetings" => book.meetings.push(meeting(&row, group)),
                "entries" => {
                    let before = known(&spec.code, &key, spec.at("proposal"));
                    let entry = entry(&row, group, &before);
                    // measures have one home, wherever they were written
                    if entry.part == MEASURES { book.measures.push(entry.into()) } else { book.entries.push(entry) }
                }
                _ => book.measures.push(measure(&row, group, &known(&spec.code, &key, spec.at("measure")))),
            }
        }
    }
    Ok(book)
}

const HIDDEN: &str = "は隠れています（表示するまで使いません）";
const FORMULA: &str = "は値のない数式です";
const STRUCK: &str = "に見え消し（取り消し線）があります";

/// The part of the official form that holds the measures.
pub const MEASURES: u32 = 4;

impl CouncilBook {
    /// The day on which something of an area and theme was agreed: as written, else that of its only meeting; empty where unknown.
    pub fn agreed_day(&self, area_code: &str, function_code: &str, written: &str) -> String {
        if !written.is_empty() {
            return written.to_owned();
        }
        let held = |m: &&Meeting| m.area_code == area_code && m.function_code == function_code && !m.held_on.is_empty();
        let mut days = self.meetings.iter().filter(held).map(|m| m.held_on.as_str());
        days.next().filter(|_| days.next().is_none()).unwrap_or_default().to_owned()
    }
}

impl From<Entry> for MeasureRow {
    fn from(e: Entry) -> Self {
        let measure = if e.agreed.is_empty() && e.is_inherited { e.proposal.clone() } else { e.agreed };
        Self {
            place: e.place,
            area_code: e.area_code,
            function_code: e.function_code,
            proposal: if e.is_inherited { String::new() } else { e.proposal },
            measure,
            unresolved: e.unresolved,
            is_inherited: e.is_inherited,
            role: e.view,
            status: e.status,
            agreed_on: e.agreed_on,
            published_on: e.published_on,
            memo: e.memo,
            history: e.history,
            unfit: e.unfit,
            ..Self::default()
        }
    }
}

struct RowOf<'a> {
    spec: &'a TableSpec,
    table: &'a FoundTable,
    edited: &'a Edited,
    pointers: &'a Pointers,
}

impl RowOf<'_> {
    /// What a cell says: nothing where people took it back, hid it, or where it is a formula's text.
    fn text(&self, column: &str) -> String {
        let text = &self.edited.cells[self.spec.at(column)];
        if self.unfit_cell(self.spec.at(column)).is_some_and(|why| why != STRUCK) { String::new() } else { struck::live(text).trim().to_owned() }
    }

    /// Why a cell of people does not count as it is.
    fn unfit_cell(&self, i: usize) -> Option<&'static str> {
        let text = &self.edited.cells[i];
        if self.spec.owner(i) != Owner::People || text.trim().is_empty() {
            return None;
        }
        let is_hidden = self.table.is_hidden || self.edited.is_hidden || self.table.hidden_columns.contains(&i);
        [(is_hidden, HIDDEN), (is_formula(text), FORMULA), (struck::is_struck(text), STRUCK)].into_iter().find(|(is, _)| *is).map(|(_, why)| why)
    }

    fn unfit(&self) -> Vec<Unfit> {
        let cells = (0..self.spec.columns.len()).filter_map(|i| Some((i, self.unfit_cell(i)?)));
        cells
            .map(|(i, why)| Unfit {
                column: self.spec.columns[i].column.clone(),
                place: self.table.place(self.spec, self.edited.row, Some(i)),
                why,
                said: struck::said(&self.edited.cells[i]).into_owned(),
            })
            .collect()
    }

    fn date(&self, column: &str) -> String {
        text::date(&self.text(column)).unwrap_or_default()
    }

    /// Proposal and agreement as they stand in their cells.
    fn texts(&self) -> Vec<String> {
        let columns = ["proposal", "agreed", "measure"].into_iter().filter(|c| self.spec.position(c).is_some());
        columns.map(|c| self.text(c)).filter(|t| !t.is_empty()).collect()
    }

    fn unplaced(&self, text: String) -> Unplaced {
        Unplaced { place: self.place(), area: self.text("area"), theme: self.text("theme"), text }
    }

    /// What was agreed, in the words themselves.
    fn agreement(&self, column: &str) -> Agreement {
        let [agreed, proposal, candidate, fixed] = [column, "proposal", "candidate", "resolved"].map(|c| self.text(c));
        self.pointers.resolve(pointer::Row { agreed: &agreed, proposal: &proposal, candidate: &candidate, fixed: &fixed })
    }

    fn place(&self) -> Place {
        Place { sheet: self.table.sheet.clone(), row: self.edited.row, key: self.text("key") }
    }

    /// Where the row belongs: by its place cells, else by its key.
    fn group(&self) -> Option<Group> {
        self.edited.group.clone().or_else(|| {
            let key = self.text("key");
            let mut parts = key.strip_prefix('K')?.split('-');
            let (area_code, function_code) = (parts.next()?.to_owned(), parts.next()?.to_owned());
            Some(Group { area_code, function_code, part: parts.next()?.parse().ok()? })
        })
    }
}

fn meeting(row: &RowOf<'_>, group: Group) -> Meeting {
    let names = row.text("participants");
    Meeting {
        place: row.place(),
        area_code: group.area_code,
        function_code: group.function_code,
        held_on: row.date("held_on"),
        agenda: row.text("agenda"),
        statute: row.text("statute"),
        participants: text::names(&names),
        venue: row.text("venue"),
        memo: row.text("memo"),
        unfit: row.unfit(),
    }
}

/// `before`: the proposal that the machine brought from the year before.
fn entry(row: &RowOf<'_>, group: Group, before: &str) -> Entry {
    let (proposal, agreed) = (row.text("proposal"), row.agreement("agreed"));
    let mut unfit = row.unfit();
    if !agreed.is_pointer {
        // what was proposed matters only where it was agreed as it stands
        unfit.retain(|u| u.column != "proposal");
    }
    Entry {
        place: row.place(),
        area_code: group.area_code,
        function_code: group.function_code,
        part: group.part,
        view: row.text("view"),
        is_inherited: !proposal.is_empty() && same(&proposal, before),
        proposal,
        agreed: agreed.text,
        unresolved: agreed.unresolved,
        status: row.text("status"),
        agreed_on: row.date("agreed_on"),
        published_on: row.date("published_on"),
        memo: row.text("memo"),
        history: row.text("history"),
        unfit,
    }
}

/// `before`: the measure that the machine brought from the year before.
fn measure(row: &RowOf<'_>, group: Group, before: &str) -> MeasureRow {
    let (said, baseline) = (row.agreement("measure"), row.text("baseline"));
    let day_or_text = |column: &str| Some(row.date(column)).filter(|d| !d.is_empty()).unwrap_or_else(|| row.text(column));
    MeasureRow {
        place: row.place(),
        area_code: group.area_code,
        function_code: group.function_code,
        proposal: row.text("proposal"),
        is_inherited: !said.text.is_empty() && same(&said.text, before),
        measure: said.text,
        unresolved: said.unresolved,
        role: row.text("role"),
        deadline: day_or_text("deadline"),
        priority: row.text("priority"),
        indicator: row.text("indicator"),
        baseline: if baseline.is_empty() { row.text("agreed_value") } else { baseline },
        target: row.text("target"),
        target_date: day_or_text("target_date"),
        status: row.text("status"),
        agreed_on: row.date("agreed_on"),
        published_on: row.date("published_on"),
        memo: row.text("memo"),
        history: row.text("history"),
        unfit: row.unfit(),
    }
}
