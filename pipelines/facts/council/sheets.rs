//! What the sheets 設定, 協議区域 and 協議の記録 of the workbook say of the council: it comes before council.toml, and nothing is typed twice.

use std::collections::BTreeMap;
use std::path::Path;

use super::proposal::code_of;
use super::{Council, Meeting, RawArea, RawFile, RawTheme, find, known};
use crate::facts::dictionary::{Dictionary, read_csv};
use crate::facts::reference::Reference;
use crate::ground::error::{Error, Result};
use crate::ground::spreadsheet::{self, Sheet};
use crate::ground::text;

/// The coordinators' workbook in a work folder.
pub const WORKBOOK: &str = "協議シート.xlsx";

/// Names of sheets and headings, as `reports/workbook` has them.
#[derive(serde::Deserialize)]
struct ColumnRow {
    sheet: String,
    column: String,
    header: String,
}

#[derive(serde::Deserialize)]
struct SheetRow {
    sheet: String,
    name: String,
}

/// A sheet's rows by column code, as far as the headings are there.
struct Rows<'a> {
    sheet: &'a Sheet,
    head: usize,
    columns: BTreeMap<String, usize>,
}

/// Rows among which the headings are looked for.
const HEAD_ROWS: usize = 15;

impl<'a> Rows<'a> {
    fn of(sheets: &'a [Sheet], code: &str) -> Result<Option<Self>> {
        let names: Vec<SheetRow> = read_csv("reports/workbook/sheets.csv")?;
        let columns: Vec<ColumnRow> = read_csv("reports/workbook/columns.csv")?;
        let name = names.iter().find(|s| s.sheet == code).map_or("", |s| s.name.as_str());
        let Some(sheet) = sheets.iter().find(|s| s.name == name) else { return Ok(None) };
        let at = |row: usize| -> BTreeMap<String, usize> {
            let place = |c: &ColumnRow| sheet.rows[row].iter().position(|x| text::fold(&x.text) == text::fold(&c.header));
            columns.iter().filter(|c| c.sheet == code).filter_map(|c| place(c).map(|i| (c.column.clone(), i))).collect()
        };
        let head = (0..sheet.rows.len().min(HEAD_ROWS)).max_by_key(|&r| (at(r).len(), std::cmp::Reverse(r)));
        Ok(head.map(|head| Self { sheet, head, columns: at(head) }))
    }

    fn texts(&self) -> impl Iterator<Item = Line<'_>> {
        (self.head + 1..self.sheet.rows.len()).map(|row| Line { rows: self, row })
    }
}

struct Line<'a> {
    rows: &'a Rows<'a>,
    row: usize,
}

impl Line<'_> {
    fn text(&self, column: &str) -> String {
        self.rows.columns.get(column).map_or_else(String::new, |&c| self.rows.sheet.text(self.row, c).trim().to_owned())
    }

    fn at(&self, e: Error) -> Error {
        e.at(format!("シート「{}」の {} 行目", self.rows.sheet.name, self.row + 1))
    }
}

/// The sheets of a work folder's workbook; none when there is no workbook. One that cannot be read is told where it is merged.
pub(super) fn open(root: &Path) -> Vec<Sheet> {
    std::fs::read(root.join(WORKBOOK)).ok().and_then(|bytes| spreadsheet::read_bytes(bytes).ok()).unwrap_or_default()
}

/// Puts what the sheets say in the place of what the file says.
pub(super) fn overlay(raw: &mut RawFile, sheets: &[Sheet], reference: &Reference, dictionary: &Dictionary) -> Result<()> {
    districts(raw, sheets)?;
    let Some(rows) = Rows::of(sheets, "settings")? else { return Ok(()) };
    for line in rows.texts() {
        let (said, item) = (line.text("value"), line.text("number"));
        let theme = text::fold(&line.text("theme"));
        let function = dictionary.functions.iter().find(|f| text::fold(&f.title()) == theme || text::fold(&f.label) == theme);
        let (false, Some(function)) = (said.is_empty(), function) else { continue };
        let areas: Vec<(String, Vec<String>)> = raw.area.iter().map(|a| (a.code.clone(), a.members.clone())).collect();
        let theme = raw.theme.entry(function.function_code.clone()).or_default();
        match item.as_str() {
            "区域の段階" => level(theme, &said, &areas, reference).map_err(|e| line.at(e))?,
            "使う会議" => theme.existing_meeting = said,
            "参加者" => theme.participants = text::names(&said),
            "コーディネーター" => theme.coordinator = said,
            _ => {}
        }
    }
    Ok(())
}

/// Municipalities with the same name in the column 協議区域 are one area.
fn districts(raw: &mut RawFile, sheets: &[Sheet]) -> Result<()> {
    let Some(rows) = Rows::of(sheets, "districts")? else { return Ok(()) };
    let mut named: Vec<RawArea> = Vec::new();
    for line in rows.texts() {
        let (name, code) = (line.text("district"), line.text("area_code"));
        if name.is_empty() || code.is_empty() {
            continue;
        }
        // Excel drops the zero in front when it takes a code for a number
        let member = if code.len() == 4 { format!("0{code}") } else { code };
        match named.iter_mut().find(|a| a.name == name) {
            Some(area) => area.members.push(member),
            None => named.push(RawArea { code: code_of(&member), name, members: vec![member] }),
        }
    }
    for mut area in named {
        match raw.area.iter_mut().find(|a| a.name.trim() == area.name) {
            Some(old) => old.members = area.members,
            None => {
                area.members.sort();
                raw.area.push(area);
            }
        }
    }
    Ok(())
}

/// The areas of a theme by the word of the sheet.
fn level(theme: &mut RawTheme, said: &str, areas: &[(String, Vec<String>)], reference: &Reference) -> Result<()> {
    let code = match text::fold(said).as_str() {
        "市区町村" | "市町村" => "municipality",
        "二次医療圏" => "medical_area",
        "都道府県" | "県" | "都" | "道" | "府" => "prefecture",
        "協議区域" => "",
        _ => {
            return Err(
                Error::new(format!("区域の段階「{said}」が分かりません")).next("市区町村、二次医療圏、協議区域、都道府県 のどれかを書いてください")
            );
        }
    };
    theme.level = code.to_owned();
    theme.areas.clear();
    if code.is_empty() {
        if areas.is_empty() {
            return Err(
                Error::new("協議区域がまだありません").next("シート「協議区域」の「協議区域の名前」に、まとめる市区町村の区域の名前を書いてください")
            );
        }
        let joined = |m: &str| areas.iter().any(|(_, members)| members.iter().any(|x| x == m));
        theme.areas = areas.iter().map(|(code, _)| code.clone()).collect();
        let alone = reference.whole_municipalities().filter(|m| !joined(&m.municipality_code) && !joined(&m.name));
        theme.areas.extend(alone.map(|m| m.municipality_code.clone()));
    }
    Ok(())
}

/// Meetings that were written only in the record of the workbook: they are meetings of the setting too.
pub(super) fn recorded(council: &mut Council, sheets: &[Sheet], reference: &Reference, dictionary: &Dictionary) -> Result<()> {
    let Some(rows) = Rows::of(sheets, "meetings")? else { return Ok(()) };
    let mut places = known(reference);
    places.extend(council.areas.iter().map(super::Known::of));
    for line in rows.texts() {
        let Some(date) = text::date(&line.text("held_on")) else { continue };
        let Ok(area) = find(&places, &line.text("area_code")).or_else(|_| find(&places, &line.text("area"))) else { continue };
        let theme = text::fold(&line.text("theme"));
        let Some(function) = dictionary.functions.iter().find(|f| text::fold(&f.title()) == theme) else { continue };
        let setting = council.themes.entry(function.function_code.clone()).or_default();
        let holds = |m: &Meeting| m.date == date && (m.areas.is_empty() || m.areas.contains(&area.code));
        if setting.meetings.iter().any(holds) {
            continue;
        }
        let (agenda, place, start) = (line.text("agenda"), line.text("hall"), text::fold(&line.text("start")));
        let participants = Some(text::names(&line.text("participants"))).filter(|p| !p.is_empty()).unwrap_or_else(|| setting.participants.clone());
        let minutes = text::fold(&line.text("minutes")).parse().unwrap_or(0);
        let same = |m: &&mut Meeting| m.is_recorded && (&m.date, &m.agenda, &m.start) == (&date, &agenda, &start);
        match setting.meetings.iter_mut().find(same) {
            Some(meeting) => meeting.areas.push(area.code.clone()),
            None => {
                let areas = vec![area.code.clone()];
                setting.meetings.push(Meeting { areas, date, place, agenda, participants, start, minutes, contents: Vec::new(), is_recorded: true });
            }
        }
    }
    Ok(())
}
