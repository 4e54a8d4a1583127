//! Stage 7, publish: what the workbook says was agreed becomes 協議結果公表シート, a summary of the prefecture and the table of measures.
//!
//! Only agreed text with a day of publication appears; what lacks something is listed with what it lacks.

pub mod links;
mod lists;
mod sheet;

pub use lists::{held_back_table, measures_table};
pub use sheet::{SUMMARY, method_page};

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::draft::Drafter;
use crate::draft::sheet::ResultSheet;
use crate::draft::site::Plan;
use crate::facts::areas::Area;
use crate::facts::dictionary::{Dictionary, Function};
use crate::ground::error::{Error, Result};
use crate::ground::numbers::wareki_date;
use crate::render::glyphs;
use crate::workbook::book::{MEASURES, Unfit};
use crate::workbook::layout::Layout;
use crate::workbook::{CouncilBook, Entry, MeasureRow, Meeting, Place};
use sheet::{published_on, result_sheet, summary};

/// The list of what is agreed but not published, beside the folder.
pub const HELD_BACK: &str = "not_published.csv";

/// What is published and what is not yet.
#[derive(Debug, Default)]
pub struct Published {
    pub sheets: Vec<ResultSheet>,
    /// Of the whole prefecture; none while nothing is published.
    pub summary: Option<ResultSheet>,
    pub measures: Vec<PublishedMeasure>,
    /// The latest day of publication so far, ISO.
    pub latest: String,
    pub held_back: Vec<HeldBack>,
    /// Parts of the sheets in which nothing stands.
    pub empty: Vec<EmptyParts>,
}

/// A result sheet with the parts in which nothing stands.
#[derive(Clone, Debug)]
pub struct EmptyParts {
    pub result: String,
    pub parts: Vec<String>,
}

/// A measure as published, with its meeting.
#[derive(Clone, Debug)]
pub struct PublishedMeasure {
    pub row: MeasureRow,
    pub area_name: String,
    pub theme: String,
    pub held_on: String,
}

/// Something that people wrote and that is not published, and what it lacks.
#[derive(Clone, Debug)]
pub struct HeldBack {
    pub place: Place,
    pub area_name: String,
    pub theme: String,
    pub text: String,
    pub lacks: String,
    /// Nobody can tell what was agreed: said before everything else.
    pub is_unresolved: bool,
}

/// What the results are made from.
pub struct Source<'a> {
    pub book: &'a CouncilBook,
    pub layout: &'a Layout,
    /// Areas and themes that have a sheet.
    pub plan: &'a Plan,
    pub areas: &'a [Area],
    pub dictionary: &'a Dictionary,
    pub drafter: &'a Drafter<'a>,
    /// ISO date: what is to be published later waits; none publishes all that has a day.
    pub until: Option<&'a str>,
    /// Somebody said yes to 〓 in place of characters that the faces lack; else such a sheet waits.
    pub with_missing_glyphs: bool,
}

/// Sorts the workbook's texts into what may be published and what may not.
pub fn results(source: &Source<'_>) -> Result<Published> {
    let mut work = Work { source, out: Published::default(), entries: BTreeMap::new(), measures: BTreeMap::new(), waiting: BTreeSet::new() };
    work.without_sheet();
    for (m, meeting) in source.book.meetings.iter().enumerate() {
        let same = |other: &Meeting| {
            (&other.area_code, &other.function_code, &other.held_on) == (&meeting.area_code, &meeting.function_code, &meeting.held_on)
        };
        if !meeting.held_on.is_empty() && source.book.meetings[..m].iter().any(same) {
            work.hold(&meeting.place, &meeting.area_code, &meeting.function_code, &meeting.held_on, "同じ区域・テーマ・開催日の行が二つあります");
        }
    }
    for entry in &source.book.entries {
        let Some(text) = asked(&entry.agreed, &entry.unfit, &["agreed", "proposal"]) else { continue };
        let mut lacks = work.lacks("entries", &[("agreed", &entry.agreed), ("published_on", &entry.published_on)]);
        lacks.extend(unfit(&entry.unfit, &["agreed", "proposal", "view", "agreed_on", "published_on"]));
        let agreed = Agreed {
            place: &entry.place,
            area: &entry.area_code,
            function: &entry.function_code,
            part: entry.part,
            text: &text,
            agreed_on: &entry.agreed_on,
            published_on: &entry.published_on,
            unresolved: &entry.unresolved,
        };
        if let Some(at) = work.meeting(&agreed, &lacks) {
            work.entries.entry(at).or_default().push(entry);
        }
    }
    // a measure of the year before that nobody touched was not agreed this year
    for m in source.book.measures.iter().filter(|m| !(m.is_inherited && m.published_on.is_empty())) {
        let Some(text) = asked(&m.measure, &m.unfit, &["measure", "agreed", "proposal"]) else { continue };
        let mut lacks = work.lacks("measures", &[("measure", &m.measure), ("published_on", &m.published_on)]);
        lacks.extend(unfit(&m.unfit, MEASURE_COLUMNS));
        let agreed = Agreed {
            place: &m.place,
            area: &m.area_code,
            function: &m.function_code,
            part: MEASURES,
            text: &text,
            agreed_on: &m.agreed_on,
            published_on: &m.published_on,
            unresolved: &m.unresolved,
        };
        if let Some(at) = work.meeting(&agreed, &lacks) {
            work.measures.entry(at).or_default().push(m);
        }
    }
    work.finish()
}

/// Columns of a measure that are published.
const MEASURE_COLUMNS: &[&str] = &["measure", "role", "deadline", "indicator", "baseline", "target", "target_date", "agreed_on", "published_on"];

/// The text of a row that asks to be published: what holds, else what stands in its cell and does not hold.
fn asked(holds: &str, unfit: &[Unfit], columns: &[&str]) -> Option<String> {
    let said = || unfit.iter().find(|u| columns.contains(&u.column.as_str())).map(|u| u.said.clone());
    Some(holds.to_owned()).filter(|t| !t.is_empty()).or_else(said)
}

/// Why cells of these columns keep their row from being published.
fn unfit<'a>(unfit: &'a [Unfit], columns: &'a [&str]) -> impl Iterator<Item = String> + 'a {
    unfit.iter().filter(|u| columns.contains(&u.column.as_str())).map(Unfit::reason)
}

/// A text that was agreed on, with what publishing asks of it.
struct Agreed<'a> {
    place: &'a Place,
    area: &'a str,
    function: &'a str,
    part: u32,
    text: &'a str,
    agreed_on: &'a str,
    published_on: &'a str,
    unresolved: &'a str,
}

struct Work<'a> {
    source: &'a Source<'a>,
    out: Published,
    /// Index of the meeting → what it agreed.
    entries: BTreeMap<usize, Vec<&'a Entry>>,
    measures: BTreeMap<usize, Vec<&'a MeasureRow>>,
    /// Area, theme and part of agreed texts that are held back.
    waiting: BTreeSet<(String, String, u32)>,
}

impl<'a> Work<'a> {
    fn area(&self, code: &str) -> Option<&'a Area> {
        self.source.areas.iter().find(|a| a.area_code == code)
    }

    fn area_name(&self, code: &str) -> String {
        self.area(code).map_or_else(|| code.to_owned(), |a| a.name.clone())
    }

    fn theme(&self, code: &str) -> String {
        self.source.dictionary.function(code).map_or_else(|| code.to_owned(), Function::title)
    }

    fn hold(&mut self, place: &Place, area: &str, function: &str, text: &str, lacks: &str) {
        let (area_name, theme) = (self.area_name(area), self.theme(function));
        let (text, lacks) = (text.to_owned(), lacks.to_owned());
        self.out.held_back.push(HeldBack { place: place.clone(), area_name, theme, text, lacks, is_unresolved: false });
    }

    /// What stands on no sheet: rows without a place, and texts of areas and themes that are not consulted on.
    fn without_sheet(&mut self) {
        let book = self.source.book;
        for u in &book.unplaced {
            let (area_name, theme, text) = (u.area.clone(), u.theme.clone(), u.text.clone());
            let lacks = "行の区域・テーマ・部のどれかが分かりません".to_owned();
            self.out.held_back.push(HeldBack { place: u.place.clone(), area_name, theme, text, lacks, is_unresolved: true });
        }
        let planned: BTreeSet<(&str, &str)> = self
            .source
            .plan
            .iter()
            .map(|&(a, f)| (self.source.areas[a].area_code.as_str(), self.source.dictionary.functions[f].function_code.as_str()))
            .collect();
        let entries = book.entries.iter().map(|e| (&e.place, &e.area_code, &e.function_code, [&e.proposal, &e.agreed]));
        let measures = book.measures.iter().map(|m| (&m.place, &m.area_code, &m.function_code, [&m.proposal, &m.measure]));
        for (place, area, function, texts) in entries.chain(measures).filter(|(_, a, f, _)| !planned.contains(&(a.as_str(), f.as_str()))) {
            for text in texts.into_iter().filter(|t| !t.is_empty()) {
                self.hold(place, area, function, text, "この区域とテーマの課題管理シートがありません（協議の設定を見てください）");
            }
        }
    }

    /// Headings of required columns that are empty.
    fn lacks(&self, sheet: &str, fields: &[(&str, &String)]) -> Vec<String> {
        let spec = self.source.layout.table(sheet);
        let empty = fields.iter().filter(|(column, text)| spec.columns[spec.at(column)].required == "yes" && text.trim().is_empty());
        empty.map(|(column, _)| format!("「{}」が空です", spec.columns[spec.at(column)].header)).collect()
    }

    /// The meeting that agreed on a text, when the text may be published with it.
    fn meeting(&mut self, agreed: &Agreed<'_>, lacks: &[String]) -> Option<usize> {
        let &Agreed { place, area, function, text, agreed_on, published_on, .. } = agreed;
        let book = self.source.book;
        let held: Vec<usize> = (0..book.meetings.len())
            .filter(|&i| book.meetings[i].area_code == area && book.meetings[i].function_code == function && !book.meetings[i].held_on.is_empty())
            .collect();
        let found = match (agreed_on, held.as_slice()) {
            ("", [one]) => Ok(*one),
            ("", []) => Err("シート「協議の記録」に開催日がありません".to_owned()),
            ("", _) => Err("協議が2回以上あるため、「合意した日」が要ります".to_owned()),
            (day, held) => held
                .iter()
                .copied()
                .find(|&i| book.meetings[i].held_on == day)
                .ok_or_else(|| format!("「合意した日」{day} の協議が、シート「協議の記録」にありません")),
        };
        let mut why: Vec<String> = Some(agreed.unresolved.to_owned()).filter(|w| !w.is_empty()).into_iter().collect();
        why.extend(lacks.iter().cloned());
        match &found {
            Err(reason) => why.push(reason.clone()),
            Ok(i) => {
                let m = &book.meetings[*i];
                let fields = [("agenda", m.agenda.clone()), ("participants", m.participants.join("、"))];
                let fields: Vec<(&str, &String)> = fields.iter().map(|(c, t)| (*c, t)).collect();
                why.extend(self.lacks("meetings", &fields).iter().map(|l| format!("シート「協議の記録」の{} 行目の{l}", m.place.row)));
                why.extend(unfit(&m.unfit, &["held_on", "agenda", "participants", "venue"]));
                if !published_on.is_empty() && *published_on < *m.held_on {
                    why.push("公表日が開催日より前です".to_owned());
                }
            }
        }
        if self.source.until.is_some_and(|until| published_on > until) {
            why.push(format!("公表日（{published_on}）がまだです"));
        }
        if why.is_empty() {
            return found.ok();
        }
        self.hold(place, area, function, text, &why.join("。"));
        if let Some(last) = self.out.held_back.last_mut() {
            last.is_unresolved = !agreed.unresolved.is_empty();
        }
        self.waiting.insert((area.to_owned(), function.to_owned(), agreed.part));
        None
    }

    fn finish(mut self) -> Result<Published> {
        let source = self.source;
        let with_texts: BTreeSet<usize> = self.entries.keys().chain(self.measures.keys()).copied().collect();
        let mut meetings: Vec<usize> = with_texts.into_iter().collect();
        let order = |i: usize| {
            let m = &source.book.meetings[i];
            (source.areas.iter().position(|a| a.area_code == m.area_code), &m.function_code, &m.held_on)
        };
        meetings.sort_by(|a, b| order(*a).cmp(&order(*b)));
        let mut lines = Vec::new();
        for i in meetings {
            let meeting = &source.book.meetings[i];
            let (entries, measures) = (self.entries.remove(&i).unwrap_or_default(), self.measures.remove(&i).unwrap_or_default());
            let issues: Vec<&str> = entries.iter().filter(|e| e.part == 1).map(|e| e.agreed.as_str()).collect();
            if issues.is_empty() {
                let why = "「(1) 地域の具体的な課題」に、公表できる合意した文がありません";
                for (place, text) in entries.iter().map(|e| (&e.place, &e.agreed)).chain(measures.iter().map(|m| (&m.place, &m.measure))) {
                    self.hold(place, &meeting.area_code, &meeting.function_code, text, why);
                }
                continue;
            }
            let (Some(area), Some(function)) = (self.area(&meeting.area_code), source.dictionary.function(&meeting.function_code)) else { continue };
            let waiting = |part: u32| self.waiting.contains(&(area.area_code.clone(), function.function_code.clone(), part));
            let sheet =
                result_sheet(source, &sheet::Agreements { meeting, area, function, entries: &entries, measures: &measures, waiting: &waiting })?;
            let missing = glyphs::missing(&serde_json::to_value(&sheet)?);
            if !missing.is_empty() && !source.with_missing_glyphs {
                let why = format!(
                    "書体に字形のない文字 {} があり、PDF では 〓 になります。直すか、kyogi publish に --with-missing-glyphs をつけて同意してください",
                    glyphs::told(&missing)
                );
                for (place, text) in entries.iter().map(|e| (&e.place, &e.agreed)).chain(measures.iter().map(|m| (&m.place, &m.measure))) {
                    self.hold(place, &meeting.area_code, &meeting.function_code, text, &why);
                }
                continue;
            }
            lines.push(vec![wareki_date(&meeting.held_on), area.name.clone(), function.title(), issues.join("／")]);
            let days = entries.iter().map(|e| &e.published_on).chain(measures.iter().map(|m| &m.published_on));
            self.out.latest = published_on(days.chain([&self.out.latest]));
            let parts: Vec<String> = sheet.parts.iter().filter(|p| p.items.is_empty()).map(|p| format!("({}) {}", p.no, p.title)).collect();
            if !parts.is_empty() {
                self.out
                    .empty
                    .push(EmptyParts { result: format!("{}　{}（{}）", area.name, function.title(), wareki_date(&meeting.held_on)), parts });
            }
            self.out.sheets.push(sheet);
            self.out.measures.extend(measures.into_iter().map(|m| PublishedMeasure {
                row: m.clone(),
                area_name: area.name.clone(),
                theme: function.title(),
                held_on: meeting.held_on.clone(),
            }));
        }
        if !lines.is_empty() {
            self.out.summary = Some(summary(source, lines, &self.out)?);
        }
        self.out.held_back.sort_by(|a, b| (!a.is_unresolved, &a.place.sheet, a.place.row).cmp(&(!b.is_unresolved, &b.place.sheet, b.place.row)));
        Ok(self.out)
    }
}

/// A day that people named on the command line.
pub fn day(text: &str) -> Result<String> {
    crate::ground::text::date(text)
        .ok_or_else(|| Error::new(format!("「{text}」は日付として読めません")).next("2026-12-15 又は 令和8年12月15日 の形で書いてください"))
}

/// `data/measures.csv` of what is published.
pub fn write_measures(published: &Published, root: &Path) -> Result<()> {
    if published.measures.is_empty() { Ok(()) } else { measures_table(&published.measures)?.write_csv(&root.join("data/measures.csv")) }
}

/// Both lists of a packet: what is published, and what is not.
pub fn write_lists(published: &Published, root: &Path) -> Result<()> {
    write_measures(published, root)?;
    if published.held_back.is_empty() {
        return Ok(());
    }
    held_back_table(&published.held_back)?.write_csv(&root.join("data").join(HELD_BACK))
}
