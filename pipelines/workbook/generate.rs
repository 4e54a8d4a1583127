//! What the machine has to say in the workbook: rows for every council area and theme, from the same sentences and candidates as the sheets.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::book::MEASURES;
use super::carry::{self, Asked, Goal, Measurable, Previous, measurable};
use super::layout::{Layout, TableSpec};
use super::merge::{Group, Made, key_of};
use super::places::Places;
use super::{Generated, place_cells, pointer};
use crate::aggregate::figure::{FigureValue, Indicator};
use crate::draft::Drafter;
use crate::draft::sheet::{Candidate, Part};
use crate::facts::areas::Area;
use crate::facts::council::Council;
use crate::facts::dictionary::{Dictionary, Function, read_csv};
use crate::ground::embedded;
use crate::ground::error::Result;
use crate::ground::numbers::report_year_label;
use crate::ground::spreadsheet::struck;

/// What the rows are made from.
pub struct Source<'a> {
    pub drafter: &'a Drafter<'a>,
    pub areas: &'a [Area],
    /// Indices of areas and functions: one pair for each sheet.
    pub plan: &'a [(usize, usize)],
    pub council: &'a Council,
    pub previous: Option<&'a Previous>,
    pub layout: &'a Layout,
    pub places: &'a Places,
    pub measurables: &'a [Measurable],
    pub date: (i32, u8, u8),
}

/// Everything that the machine has to say now.
pub fn generate<'a>(source: &'a Source<'a>) -> Result<Generated<'a>> {
    let dictionary = source.drafter.dictionary;
    let mut rows: BTreeMap<String, Vec<Made>> = source.layout.tables.iter().map(|t| (t.code.clone(), Vec::new())).collect();
    for &(a, f) in source.plan {
        let (area, function) = (&source.areas[a], &dictionary.functions[f]);
        let parts = source.drafter.written_parts(area, function)?;
        for (sheet, made) in [
            ("entries", source.entries(area, function, &parts)),
            ("measures", source.measures(area, function, &parts)),
            ("meetings", source.meetings(area, function)),
        ] {
            rows.entry(sheet.to_owned()).or_default().extend(made);
        }
    }
    let label = report_year_label(source.drafter.report_year);
    let guide = embedded::text("reports/workbook/guide.txt")
        .replace("{prefecture}", &source.drafter.prefecture().name)
        .replace("{year}", &label)
        .lines()
        .map(str::to_owned)
        .collect();
    let indicators = source.measurables.iter().map(|m| [m.label.clone(), m.key.clone(), m.unit.clone(), m.formula.clone()]).collect();
    Ok(Generated { rows, guide, indicators, derive: Box::new(|spec, group, cells| source.derive(spec, group, cells)), date: source.date })
}

impl Source<'_> {
    pub(super) fn row(&self, spec: &TableSpec, group: &Group, key: String, texts: &[(&str, String)]) -> Made {
        let mut cells = place_cells(spec, self.places, group);
        for (column, text) in texts {
            cells[spec.at(column)].clone_from(text);
        }
        cells[spec.at("key")].clone_from(&key);
        Made { key, group: group.clone(), cells }
    }

    /// As many rows in each part as the form has lines or the guideline has candidates; the first of part (1) holds the data.
    /// Measures have a sheet of their own: part (4) has one row that says so.
    fn entries(&self, area: &Area, function: &Function, parts: &[Part]) -> Vec<Made> {
        let spec = self.layout.table("entries");
        let mut made = Vec::new();
        for part in parts {
            let group = carry::group(&area.area_code, &function.function_code, part.no);
            if part.no == MEASURES {
                let texts = [("number", "1".to_owned()), ("data", self.layout.word("elsewhere").to_owned())];
                made.push(self.row(spec, &group, key_of(&group, 1), &texts));
                continue;
            }
            for i in 0..part.candidates.len().max(part.write_lines as usize).max(1) {
                let data =
                    if i == 0 { part.sentences.iter().map(|s| format!("・{}", s.text)).collect::<Vec<_>>().join("\n") } else { String::new() };
                let candidate = part.candidates.get(i).map_or_else(String::new, candidate_text);
                let texts = [("number", (i + 1).to_string()), ("data", data), ("candidate", candidate)];
                made.push(self.row(spec, &group, key_of(&group, i + 1), &texts));
            }
            let mine = self.previous.into_iter().flat_map(|p| p.texts(&area.area_code, &function.function_code, part.no));
            for (n, carried) in mine.enumerate() {
                let key = self.carried_key(&group, &carried.row.place.key);
                let texts =
                    [("number", format!("前{}", n + 1)), ("history", carried.history), ("view", carried.row.view), ("proposal", carried.text)];
                made.push(self.row(spec, &group, key, &texts));
            }
        }
        made
    }

    fn carried_key(&self, group: &Group, old: &str) -> String {
        let year = self.previous.map_or(0, |p| p.report_year);
        format!("{}{}", key_of(group, 0), format_args!("y{year}-{old}"))
    }

    fn measures(&self, area: &Area, function: &Function, parts: &[Part]) -> Vec<Made> {
        let spec = self.layout.table("measures");
        let group = carry::group(&area.area_code, &function.function_code, 0);
        let mut made = Vec::new();
        let mine = self.previous.into_iter().flat_map(Previous::measures);
        for (n, m) in mine.filter(|m| m.row.area_code == area.area_code && m.row.function_code == function.function_code).enumerate() {
            let key = self.carried_key(&group, &m.row.place.key);
            let r = m.row;
            let texts = [
                ("number", format!("前{}", n + 1)),
                ("measure", r.measure),
                ("role", r.role),
                ("deadline", r.deadline),
                ("priority", r.priority),
                ("indicator", r.indicator),
                ("baseline", r.baseline),
                ("target", r.target),
                ("target_date", r.target_date),
                ("history", m.history),
            ];
            made.push(self.row(spec, &group, key, &texts));
        }
        let part = parts.iter().find(|p| p.no == MEASURES);
        let candidates = part.map_or(&[][..], |p| &p.candidates);
        for i in 0..candidates.len().max(part.map_or(1, |p| p.write_lines as usize)).max(1) {
            let candidate = candidates.get(i).map_or_else(String::new, candidate_text);
            made.push(self.row(spec, &group, key_of(&group, i + 1), &[("number", (i + 1).to_string()), ("candidate", candidate)]));
        }
        made
    }

    /// One row for each meeting of the council setting, at least one.
    fn meetings(&self, area: &Area, function: &Function) -> Vec<Made> {
        let spec = self.layout.table("meetings");
        let group = carry::group(&area.area_code, &function.function_code, 0);
        // what was written in the workbook itself is people's
        let theme = self.council.in_file.themes.get(&function.function_code);
        let venue = theme.map_or_else(String::new, |t| t.meeting.clone());
        let planned: Vec<_> = theme
            .into_iter()
            .flat_map(|t| &t.meetings)
            .filter(|m| !m.is_recorded)
            .filter(|m| if m.areas.is_empty() { area.level != "prefecture" } else { m.areas.contains(&area.area_code) })
            .collect();
        let mut made: Vec<Made> = planned
            .iter()
            .enumerate()
            .map(|(i, m)| {
                let texts = [
                    ("number", (i + 1).to_string()),
                    ("held_on", m.date.clone()),
                    ("agenda", m.agenda.clone()),
                    ("participants", m.participants.join("、")),
                    ("venue", venue.clone()),
                    ("start", m.start.clone()),
                    ("minutes", if m.minutes == 0 { String::new() } else { m.minutes.to_string() }),
                    ("hall", m.place.clone()),
                ];
                self.row(spec, &group, key_of(&group, i + 1), &texts)
            })
            .collect();
        if made.is_empty() {
            let participants = theme.map_or_else(String::new, |t| t.participants.join("、"));
            let texts = [("number", "1".to_owned()), ("participants", participants), ("venue", venue)];
            made.push(self.row(spec, &group, key_of(&group, 1), &texts));
        }
        made
    }

    /// The machine's cells that depend on what people wrote: what an agreement points to, and what a measure's indicator says.
    /// `cells` hold what the machine wrote the last time where it may not change any more.
    fn derive(&self, spec: &TableSpec, group: &Group, cells: &[String]) -> Result<Vec<(usize, String)>> {
        let live: Vec<String> = cells.iter().map(|c| struck::live(c).trim().to_owned()).collect();
        let text = |column: &str| live[spec.at(column)].as_str();
        let agreed = match spec.code.as_str() {
            "entries" => "agreed",
            "measures" => "measure",
            _ => return Ok(Vec::new()),
        };
        let [said, proposal, candidate, fixed] = [agreed, "proposal", "candidate", "resolved"].map(text);
        let agreement = self.layout.pointers.resolve(pointer::Row { agreed: said, proposal, candidate, fixed });
        let mut made = vec![(spec.at("resolved"), agreement.shown())];
        if spec.code != "measures" {
            return Ok(made);
        }
        let found = measurable(self.measurables, text("indicator"));
        let now = found.and_then(|m| self.value(&group.area_code, &m.key));
        let mut check = String::new();
        if self.previous.is_some() && !agreement.text.is_empty() {
            let [indicator, baseline, target] = ["indicator", "baseline", "target"].map(text);
            check = self.check(&group.area_code, Goal { indicator, baseline, target })?;
        }
        let code = found.map_or_else(String::new, |m| m.key.clone());
        let mut current = found.zip(now).map_or_else(String::new, |(m, v)| format!("{} {}", v.text(&m.unit), m.unit));
        if now.is_some_and(|v| text("history").is_empty() && carry::reached(text("target"), text("baseline"), v) == Some("yes")) {
            current = format!("{current}。{}", self.layout.word("target_met").replace("{}", text("target")));
        }
        // the value of the day of the agreement stays, whatever the data say later
        let value = match found.zip(now) {
            _ if agreement.text.is_empty() || !text("baseline").is_empty() => String::new(),
            Some(_) if text("indicator_code") == code && !text("agreed_value").is_empty() => text("agreed_value").to_owned(),
            Some((m, v)) => v.text(&m.unit),
            None => String::new(),
        };
        made.extend([(spec.at("indicator_code"), code), (spec.at("current"), current), (spec.at("check"), check), (spec.at("agreed_value"), value)]);
        Ok(made)
    }

    pub fn value(&self, area_code: &str, key: &str) -> Option<FigureValue> {
        let area = self.areas.iter().find(|a| a.area_code == area_code)?;
        self.drafter.facts.answers(area).ok()?.figures.get(key).copied()
    }

    /// What became of the indicator of a measure since the year before.
    pub fn check(&self, area_code: &str, goal: Goal<'_>) -> Result<String> {
        let found = measurable(self.measurables, goal.indicator);
        let now = found.and_then(|m| self.value(area_code, &m.key));
        let area = self.areas.iter().find(|a| a.area_code == area_code);
        let change = area.zip(found).and_then(|(area, m)| self.drafter.facts.change(area, &m.key));
        carry::check(&Asked { goal, found, now, change }, &self.drafter.phrases)
    }
}

fn candidate_text(c: &Candidate) -> String {
    let mark = if c.mark.is_empty() { String::new() } else { format!("【{}】", c.mark) };
    let source = if c.source.is_empty() { String::new() } else { format!("（出典：{}）", c.source) };
    format!("{mark}{}{source}", c.text)
}

/// A row of `sql/dictionary/modes.csv`.
#[derive(Deserialize)]
pub struct ModeRow {
    mode: String,
    label: String,
}

/// What a figure is called in full: 「機能のある医療機関：2号イ」.
pub fn full_name(indicator: &Indicator, breakdown: &str, dictionary: &Dictionary, modes: &[ModeRow]) -> String {
    if !indicator.breakdown.contains('*') {
        return indicator.label.clone();
    }
    let names: Vec<String> = breakdown.split(';').map(|part| part_name(part, dictionary, modes)).collect();
    format!("{}：{}", indicator.label, names.join("・"))
}

/// Every figure that a measure may be checked by, named in full, in the order of the dictionary.
pub fn measurables(drafter: &Drafter<'_>, areas: &[Area]) -> Result<Vec<Measurable>> {
    let (all, modes) = (Indicator::all(drafter.phrases.terms.rates)?, read_csv::<ModeRow>("sql/dictionary/modes.csv")?);
    let Some(whole) = areas.iter().find(|a| a.level == "prefecture") else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for key in drafter.facts.answers(whole)?.figures.keys() {
        let indicator = Indicator::find(&all, key)?;
        let order = all.iter().position(|i| std::ptr::eq(i, indicator)).unwrap_or(all.len());
        let label = full_name(indicator, key.split_once('|').map_or("", |(_, b)| b), drafter.dictionary, &modes);
        found.push((order, Measurable { key: key.clone(), label, unit: indicator.unit.clone(), formula: indicator.formula.clone() }));
    }
    found.sort_by(|a, b| (a.0, &a.1.key).cmp(&(b.0, &b.1.key)));
    Ok(found.into_iter().map(|(_, m)| m).collect())
}

/// `item=g2a_duty_rota` in words.
fn part_name(part: &str, dictionary: &Dictionary, modes: &[ModeRow]) -> String {
    let (kind, value) = part.split_once('=').unwrap_or(("", part));
    let item = |code: &str| dictionary.item(code).map(|i| i.short_label.clone());
    let name = match kind {
        "function" => dictionary.function(value).map(|f| f.label.clone()),
        "item" => item(value),
        "band" => item(&format!("g2a_{value}")),
        "mode" => modes.iter().find(|m| m.mode == value).map(|m| m.label.clone()),
        "domain" => dictionary.choices_of("domains").find(|c| c.choice_code == value).map(|c| c.label.clone()),
        _ => None,
    };
    name.unwrap_or_else(|| value.to_owned())
}
