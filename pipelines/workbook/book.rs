//! What people wrote in the workbook, as typed values: meetings, texts per part, measures. Nothing is judged here but dates and places.

use crate::ground::text;
use std::path::Path;

use serde::Serialize;

use super::FILE;
use super::layout::{Layout, TableSpec};
use super::merge::{Edited, Group};
use super::places::Places;
use super::read::{FoundTable, take_apart};
use crate::facts::areas::Area;
use crate::facts::dictionary::Dictionary;
use crate::facts::finding::Finding;
use crate::facts::workspace::Workspace;
use crate::ground::error::Result;
use crate::ground::spreadsheet::{self, renew};

/// What the workbook of a work folder says.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CouncilBook {
    /// False: there is no workbook yet.
    pub exists: bool,
    /// In the order of the sheet; only rows in which people wrote.
    pub meetings: Vec<Meeting>,
    /// Rows of 協議シート in which people wrote, in the order of the sheet.
    pub entries: Vec<Entry>,
    pub measures: Vec<MeasureRow>,
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

/// One meeting of a council area on a theme. Dates are ISO, empty where not given or not readable.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Meeting {
    pub place: Place,
    pub area_code: String,
    pub function_code: String,
    pub held_on: String,
    pub agenda: String,
    pub participants: Vec<String>,
    /// Name of the existing meeting that was used.
    pub venue: String,
    pub memo: String,
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
    pub status: String,
    pub agreed_on: String,
    pub published_on: String,
    pub memo: String,
    /// What became of it in earlier years, a line each.
    pub history: String,
}

/// One measure.
#[derive(Clone, Debug, Default, Serialize)]
pub struct MeasureRow {
    pub place: Place,
    pub area_code: String,
    pub function_code: String,
    pub measure: String,
    pub role: String,
    /// ISO, or what people wrote where it is no date.
    pub deadline: String,
    pub indicator: String,
    pub baseline: String,
    pub target: String,
    pub target_date: String,
    pub status: String,
    pub agreed_on: String,
    pub published_on: String,
    pub memo: String,
    pub history: String,
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
    for spec in &layout.tables {
        let Some(table) = found.tables.get(&spec.code) else { continue };
        for edited in &table.rows {
            let row = RowOf { spec, table, edited };
            let Some(group) = row.group() else { continue };
            // a row in which only the machine wrote says nothing of people
            let key = row.text("key");
            let wrote = (0..spec.columns.len()).any(|i| {
                let text = edited.cells[i].trim();
                spec.owner(i) == super::layout::Owner::People
                    && !text.is_empty()
                    && (spec.code == "meetings" || text != known(&spec.code, &key, i).trim())
            });
            let carried = spec.code != "meetings" && !row.text("history").is_empty();
            if !wrote && !carried {
                continue;
            }
            match spec.code.as_str() {
                "meetings" => book.meetings.push(meeting(&row, group)),
                "entries" => book.entries.push(entry(&row, group)),
                _ => book.measures.push(measure(&row, group)),
            }
        }
    }
    Ok(book)
}

struct RowOf<'a> {
    spec: &'a TableSpec,
    table: &'a FoundTable,
    edited: &'a Edited,
}

impl RowOf<'_> {
    fn text(&self, column: &str) -> String {
        self.edited.cells[self.spec.at(column)].trim().to_owned()
    }

    fn date(&self, column: &str) -> String {
        text::date(&self.text(column)).unwrap_or_default()
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
        participants: names.split(['、', '\n', ',', '，', ';', '；']).map(str::trim).filter(|n| !n.is_empty()).map(str::to_owned).collect(),
        venue: row.text("venue"),
        memo: row.text("memo"),
    }
}

fn entry(row: &RowOf<'_>, group: Group) -> Entry {
    let (proposal, mut agreed) = (row.text("proposal"), row.text("agreed"));
    if matches!(text::fold(&agreed).trim_end_matches('。'), "案のとおり" | "案の通り" | "案どおり" | "案通り") {
        agreed.clone_from(&proposal);
    }
    Entry {
        place: row.place(),
        area_code: group.area_code,
        function_code: group.function_code,
        part: group.part,
        view: row.text("view"),
        proposal,
        agreed,
        status: row.text("status"),
        agreed_on: row.date("agreed_on"),
        published_on: row.date("published_on"),
        memo: row.text("memo"),
        history: row.text("history"),
    }
}

fn measure(row: &RowOf<'_>, group: Group) -> MeasureRow {
    let day_or_text = |column: &str| Some(row.date(column)).filter(|d| !d.is_empty()).unwrap_or_else(|| row.text(column));
    MeasureRow {
        place: row.place(),
        area_code: group.area_code,
        function_code: group.function_code,
        measure: row.text("measure"),
        role: row.text("role"),
        deadline: day_or_text("deadline"),
        indicator: row.text("indicator"),
        baseline: row.text("baseline"),
        target: row.text("target"),
        target_date: day_or_text("target_date"),
        status: row.text("status"),
        agreed_on: row.date("agreed_on"),
        published_on: row.date("published_on"),
        memo: row.text("memo"),
        history: row.text("history"),
    }
}
