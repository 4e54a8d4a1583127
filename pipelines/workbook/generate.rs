//! What the machine has to say in the workbook: rows for every council area and theme, from the same sentences and candidates as the sheets.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::carry::{self, Asked, Measurable, Previous, measurable};
use super::layout::{Layout, TableSpec};
use super::merge::{Group, Made, key_of};
use super::places::Places;
use super::{Generated, place_cells};
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
    fn row(&self, spec: &TableSpec, group: &Group, key: String, texts: &[(&str, String)]) -> Made {
        let mut cells = place_cells(spec, self.places, group);
        for (column, text) in texts {
            cells[spec.at(column)].clone_from(text);
        }
        cells[spec.at("key")].clone_from(&key);
        Made { key, group: group.clone(), cells }
    }

    /// As many rows in each part as the form has lines or the guideline has candidates; the first of part (1) holds the data.
    fn entries(&self, area: &Area, function: &Function, parts: &[Part]) -> Vec<Made> {
        let spec = self.layout.table("entries");
        let mut made = Vec::new();
        for part in parts {
            let group = carry::group(&area.area_code, &function.function_code, part.no);
            for i in 0..part.candidates.len().max(part.write_lines as usize).max(1) {
                let data =
                    if i == 0 { part.sentences.iter().map(|s| format!("・{}", s.text)).collect::<Vec<_>>().join("\n") } else { String::new() };
                let candidate = part.candidates.get(i).map_or_else(String::new, candidate_text);
                let texts = [("number", (i + 1).to_string()), ("data", data), ("candidate", candidate)];
                made.push(self.row(spec, &group, key_of(&group, i + 1), &texts));
            }
            if part.no == 1 {
                let mine = self.previous.into_iter().flat_map(Previous::issues);
                for (n, issue) in mine.filter(|i| i.row.area_code == area.area_code && i.row.function_code == function.function_code).enumerate() {
                    let key = self.carried_key(&group, &issue.row.place.key);
                    let texts = [("number", format!("前{}", n + 1)), ("history", issue.history), ("proposal", issue.text)];
                    made.push(self.row(spec, &group, key, &texts));
                }
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
                ("indicator", r.indicator),
                ("baseline", r.baseline),
                ("target", r.target),
                ("target_date", r.target_date),
                ("history", m.history),
            ];
            made.push(self.row(spec, &group, key, &texts));
        }
        let lines = parts.iter().find(|p| p.no == 4).map_or(1, |p| p.write_lines.max(1));
        for i in 1..=lines as usize {
            made.push(self.row(spec, &group, key_of(&group, i), &[("number", i.to_string())]));
        }
        made
    }

    /// One row for each meeting of the council setting, at least one.
    fn meetings(&self, area: &Area, function: &Function) -> Vec<Made> {
        let spec = self.layout.table("meetings");
        let group = carry::group(&area.area_code, &function.function_code, 0);
        let theme = self.council.themes.get(&function.function_code);
        let venue = theme.map_or_else(String::new, |t| t.meeting.clone());
        let planned: Vec<_> = theme
            .into_iter()
            .flat_map(|t| &t.meetings)
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

    /// The machine's cells of a measure, from the indicator that people named.
    fn derive(&self, spec: &TableSpec, group: &Group, cells: &[String]) -> Result<Vec<(usize, String)>> {
        if spec.code != "measures" {
            return Ok(Vec::new());
        }
        let text = |column: &str| struck::live(&cells[spec.at(column)]).trim().to_owned();
        let found = measurable(self.measurables, &text("indicator"));
        let now = found.and_then(|m| self.value(&group.area_code, &m.key));
        let mut check = String::new();
        if self.previous.is_some() && !text("measure").is_empty() {
            check = self.check(&group.area_code, &text("indicator"), &text("target"))?;
        }
        Ok(vec![
            (spec.at("indicator_code"), found.map_or_else(String::new, |m| m.key.clone())),
            (spec.at("current"), found.zip(now).map_or_else(String::new, |(m, v)| format!("{} {}", v.text(&m.unit), m.unit))),
            (spec.at("check"), check),
        ])
    }

    pub fn value(&self, area_code: &str, key: &str) -> Option<FigureValue> {
        let area = self.areas.iter().find(|a| a.area_code == area_code)?;
        self.drafter.facts.answers(area).ok()?.figures.get(key).copied()
    }

    /// What became of the indicator of a measure since the year before.
    pub fn check(&self, area_code: &str, indicator: &str, target: &str) -> Result<String> {
        let found = measurable(self.measurables, indicator);
        let now = found.and_then(|m| self.value(area_code, &m.key));
        let area = self.areas.iter().find(|a| a.area_code == area_code);
        let change = area.zip(found).and_then(|(area, m)| self.drafter.facts.change(area, &m.key));
        carry::check(&Asked { indicator, target, found, now, change }, &self.drafter.phrases)
    }
}

fn candidate_text(c: &Candidate) -> String {
    let mark = if c.mark.is_empty() { String::new() } else { format!("【{}】", c.mark) };
    let source = if c.source.is_empty() { String::new() } else { format!("（出典：{}）", c.source) };
    format!("{mark}{}{source}", c.text)
}

#[derive(Deserialize)]
struct ModeRow {
    mode: String,
    label: String,
}

/// Every figure that a measure may be checked by, named in full, in the order of the dictionary.
pub fn measurables(drafter: &Drafter<'_>, areas: &[Area]) -> Result<Vec<Measurable>> {
    let (all, modes) = (Indicator::all(drafter.phrases.terms.rates)?, read_csv::<ModeRow>("sql/dictionary/modes.csv")?);
    let Some(whole) = areas.iter().find(|a| a.level == "prefecture") else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for key in drafter.facts.answers(whole)?.figures.keys() {
        let indicator = Indicator::find(&all, key)?;
        let order = all.iter().position(|i| std::ptr::eq(i, indicator)).unwrap_or(all.len());
        let breakdown = key.split_once('|').map_or("", |(_, b)| b);
        let label = if indicator.breakdown.contains('*') {
            let names: Vec<String> = breakdown.split(';').map(|part| part_name(part, drafter.dictionary, &modes)).collect();
            format!("{}：{}", indicator.label, names.join("・"))
        } else {
            indicator.label.clone()
        };
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
