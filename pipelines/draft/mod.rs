//! Stage 5, draft: area figures become sheets. What a machine may say is filled in; the rest is left to people.

pub mod book;
pub mod change;
pub mod document;
mod facts;
pub mod figures;
mod map;
pub mod opened;
pub mod outpatient;
pub mod overview;
pub mod paper;
pub mod picture_facts;
mod pictures;
pub mod sentence;
pub mod sheet;
pub mod site;
pub mod systems;
pub mod words;
mod years;

use std::collections::BTreeSet;

use minijinja::value::{Serde, Value};
use serde::Deserialize;

pub use facts::{Facts, Summary, TABLES};

use crate::aggregate::figure::{FigureValue, Indicator};
use crate::facts::areas::Area;
use crate::facts::basis::Basis;
use crate::facts::dictionary::{Dictionary, Function, read_csv};
use crate::facts::local;
use crate::facts::overrides::Overrides;
use crate::facts::record::Record;
use crate::facts::reference::Reference;
use crate::facts::rules::Rules;
use crate::facts::workspace::level_label;
use crate::ground::error::Result;
use crate::ground::numbers::{percent, thousands};
use figures::{AreaAnswers, Figure, Names};
use pictures::Pictures;
use sheet::{AreaLabel, Candidate, FunctionLabel, KeyFigure, Named, Part, Sheet};
use words::Phrases;
use words::Sentence;

/// What all sheets of a run share.
pub struct Drafter<'a> {
    pub reference: &'a Reference,
    pub dictionary: &'a Dictionary,
    pub rules: &'a Rules,
    pub facts: Facts,
    pub phrases: Phrases,
    pub report_year: i32,
    pub simulated: bool,
    figure_rows: Vec<figures::FigureRow>,
    maps: Vec<map::MapRow>,
    overview: Vec<overview::OverviewRow>,
    names: Names,
    pictures: Pictures,
    key_changes: Vec<KeyChange>,
    parts: Vec<PartRow>,
    candidates: Vec<CandidateRow>,
    /// What the prefecture itself set for the figures, in words.
    pub own_settings: Vec<String>,
    /// What people recorded of the areas, and all areas.
    pub record: Option<(&'a Record, &'a [Area])>,
}

/// A figure whose change is said on the sheets of a function (`reports/sheets/changes.csv`).
#[derive(Clone, Debug, Deserialize)]
struct KeyChange {
    function_code: String,
    indicator: String,
}

#[derive(Clone, Debug, Deserialize)]
struct PartRow {
    no: u32,
    title: String,
    hint: String,
    write_lines: u32,
}

#[derive(Clone, Debug, Deserialize)]
struct CandidateRow {
    function_code: String,
    part: u32,
    mark: String,
    /// 1: the mark is followed by ①, ② …
    numbered: u32,
    text: String,
    source: String,
    /// Condition on the area's figures under which it is shown; empty: always.
    when: String,
}

impl<'a> Drafter<'a> {
    pub fn new(
        reference: &'a Reference,
        dictionary: &'a Dictionary,
        rules: &'a Rules,
        facts: Facts,
        phrases: Phrases,
        report_year: i32,
        simulated: bool,
    ) -> Result<Self> {
        Ok(Self {
            reference,
            dictionary,
            rules,
            facts,
            names: Names::load(phrases.terms.rates)?,
            phrases,
            report_year,
            simulated,
            figure_rows: figures::rows()?,
            maps: read_csv("reports/sheets/maps.csv")?,
            overview: read_csv("reports/sheets/overview.csv")?,
            pictures: Pictures::load()?,
            key_changes: read_csv("reports/sheets/changes.csv")?,
            parts: read_csv("reports/sheets/parts.csv")?,
            candidates: read_csv("sql/draft/candidates.csv")?,
            own_settings: Vec::new(),
            record: None,
        })
    }

    /// What an indicator is called and how it is made.
    pub fn indicator(&self, key: &str) -> Result<&Indicator> {
        self.names.indicator(key)
    }

    pub fn prefecture(&self) -> Named {
        Named { code: self.reference.prefecture.prefecture_code.clone(), name: self.reference.prefecture.name.clone() }
    }

    /// The 課題管理シート of one area and function.
    pub fn sheet(&self, area: &Area, function: &Function) -> Result<Sheet> {
        let summary = self.facts.summary(area, &function.function_code)?;
        let values = Self::values(&self.area_values(area)?, function, summary);
        let headline = self.phrases.sentences("headline", &values)?;
        // where a picture of its own is on the paper, the headline says the share and the paper stays at two pages
        let has_picture = self.figure_rows.iter().any(|r| r.function_code == function.function_code && r.shows_amounts() && r.shows("chart"));
        // few facilities have a count and no share
        let mut charts = if has_picture || summary.share_low.is_none() { Vec::new() } else { vec![self.share_chart(summary, area, "c1")] };
        let mut tables = Vec::new();
        for figure in self.figures(area, &function.function_code, charts.len() + 1, |_| true)? {
            charts.extend(figure.chart.filter(|_| figure.chart_on_sheet).map(|c| sheet::Chart { data_beside: figure.table_on_sheet, ..c }));
            if figure.table_on_sheet {
                tables.push(figure.table);
            }
        }
        let mut parts = self.parts_from(area, function, &values)?;
        if let Some(first) = parts.first_mut() {
            first.machine = true;
            first.tables = tables;
            first.charts = charts.iter().map(|c| c.id.clone()).collect();
        }
        Ok(Sheet {
            sheet_id: sheet_id(area, function),
            root: "../",
            report_year: self.report_year,
            report_year_label: crate::ground::numbers::report_year_label(self.report_year),
            title: format!("{}におけるかかりつけ医機能の課題について（{}）", place_name(area), function.theme),
            prefecture: self.prefecture(),
            area: area_label(area),
            function: FunctionLabel { code: function.function_code.clone(), label: function.title(), short: function.short_label.clone() },
            simulated: self.simulated,
            overview: Vec::new(),
            headline_of: headline.iter().flat_map(|s| s.of.clone()).collect(),
            headline: headline.into_iter().map(|s| s.text).collect(),
            key_figures: key_figures(summary, function),
            parts,
            charts,
            notes: self.phrases.lines("notes", &values)?,
            sources: self.sources(&[&function.function_code]),
        })
    }

    /// The five parts in words: sentences from data in the first, candidates that fit the data; no tables, no charts.
    pub fn written_parts(&self, area: &Area, function: &Function) -> Result<Vec<Part>> {
        let summary = self.facts.summary(area, &function.function_code)?;
        self.parts_from(area, function, &Self::values(&self.area_values(area)?, function, summary))
    }

    fn parts_from(&self, area: &Area, function: &Function, values: &Value) -> Result<Vec<Part>> {
        let mut parts = self.parts.iter().map(|row| self.part(row, function, values)).collect::<Result<Vec<_>>>()?;
        if let Some(first) = parts.first_mut() {
            first.sentences = self.facts_in_lines(area, function, values)?;
            // one issue to vote on: the first that the data bear out
            first.candidates.truncate(1);
        }
        Ok(parts)
    }

    fn part(&self, row: &PartRow, function: &Function, values: &Value) -> Result<Part> {
        let mut candidates: Vec<Candidate> = Vec::new();
        for c in self.candidates.iter().filter(|c| c.function_code == function.function_code && c.part == row.no) {
            if c.when.is_empty() || self.phrases.holds(&c.when, values)? {
                let nth = candidates.iter().filter(|o| o.mark.starts_with(c.mark.as_str())).count();
                let mark = if c.numbered == 1 { format!("{}{}", c.mark, crate::ground::numbers::circled(nth)) } else { c.mark.clone() };
                candidates.push(Candidate { mark, text: self.phrases.fill(&c.text, values)?, source: c.source.clone() });
            }
        }
        Ok(Part {
            no: row.no,
            title: row.title.clone(),
            hint: row.hint.clone(),
            machine: false,
            sentences: Vec::new(),
            tables: Vec::new(),
            charts: Vec::new(),
            said: Vec::new(),
            candidates,
            write_lines: row.write_lines,
        })
    }

    /// What the phrases may speak of.
    /// What the phrases of an area may speak of, whatever the function.
    fn area_values(&self, area: &Area) -> Result<Value> {
        let answers = self.facts.answers(area)?;
        let g1_positive = self.facts.summary(area, "g1")?.positive_literal;
        let record = self.record.map_or_else(
            || serde_json::json!({ "flags": [], "rule": null, "notices": 0, "willing": 0 }),
            |(r, areas)| r.values(area, areas, self.report_year),
        );
        let outside = self.facts.outside.get(&(area.level.clone(), area.area_code.clone()));
        let values = serde_json::json!({
            "record": record,
            "outside": outside.map_or(&[][..], Vec::as_slice),
            "area": area,
            "fig": answers.figures,
            "choices": answers.choices,
            "counts": answers.counts,
            "g1_positive": g1_positive,
            "blank_bands": blank_bands(answers),
            "demand_parts": self.demand_parts(area),
            "open_top_cap": self.rules.value("managed_patients_open_top_cap")? as i64,
        });
        Ok(Value::from(Serde(values)))
    }

    /// The same with what belongs to a function.
    fn values(area_values: &Value, function: &Function, summary: &Summary) -> Value {
        let (s, positive_high) = (Value::from(Serde(summary.clone())), summary.positive_high());
        minijinja::context! { s => s, function => Value::from(Serde(function.clone())), positive_high => positive_high, ..area_values.clone() }
    }

    /// The few facts of a sheet, a line each; the data book says the rest in sentences.
    fn facts_in_lines(&self, area: &Area, function: &Function, values: &Value) -> Result<Vec<Sentence>> {
        let mut lines = self.phrases.sentences(&format!("sheet_{}", function.function_code), values)?;
        let change = self.facts.change(area, &format!("function_positive|function={}", function.function_code));
        let alike = change.map(|c| serde_json::json!({ "alike": c.alike }));
        let context = minijinja::context! { change => Value::from(Serde(alike)), ..values.clone() };
        lines.extend(self.phrases.sentences("sheet_common", &context)?);
        lines.extend(self.phrases.sentences("record", values)?);
        Ok(lines)
    }

    fn sentences(&self, area: &Area, function: &Function, values: &Value) -> Result<Vec<Sentence>> {
        let mut lines = self.phrases.sentences("common", values)?;
        lines.extend(self.phrases.sentences(&function.function_code, values)?);
        lines.extend(self.phrases.sentences("record", values)?);
        for key in self.key_changes.iter().filter(|k| k.function_code == function.function_code) {
            let Some(change) = self.facts.change(area, &key.indicator) else { continue };
            let label = &self.names.indicator(&key.indicator)?.label;
            let said = serde_json::json!({
                "label": label, "unit": change.unit, "before": change.before, "after": change.after, "verdict": change.verdict(), "alike": change.alike, "break": change.break_note, "redefined": change.is_redefined, "of": key.indicator.split('|').next(),
            });
            lines.extend(self.phrases.sentences("change", &Value::from(Serde(said)))?);
        }
        Ok(lines)
    }

    /// Tables and charts of a function (or of `population`), with chart ids from `c<first>` on.
    fn figures(&self, area: &Area, function: &str, first: usize, wanted: impl Fn(&figures::FigureRow) -> bool) -> Result<Vec<Figure>> {
        let answers = self.facts.answers(area)?;
        let mut next = first;
        let mut all = Vec::new();
        for row in self.figure_rows.iter().filter(|r| r.function_code == function && wanted(r)) {
            let id = format!("c{next}");
            let figure = if pictures::KINDS.contains(&row.kind.as_str()) {
                let Some(picture) = self.picture(row, area, &id)? else { continue };
                picture
            } else {
                figures::figure(row, answers, (self.dictionary, self.rules), &self.names, &area.name, &id)?
            };
            next += usize::from(figure.chart.is_some());
            all.push(figure);
        }
        Ok(all)
    }

    fn share_chart(&self, s: &Summary, area: &Area, id: &str) -> sheet::Chart {
        let core = (s.function_code != "g1").then_some((s.core_share_low, s.core_share_high));
        figures::share_chart((s.share_low, s.share_high), core, &area.name, id)
    }

    /// What a page cites: the report, and the tables whose figures it shows.
    pub fn sources(&self, shown_on: &[&str]) -> Vec<String> {
        let mut sources = vec![format!(
            "出典：かかりつけ医機能報告 {}（{}）",
            crate::ground::numbers::report_year_label(self.report_year),
            if self.simulated { "模擬データ" } else { "G-MIS 抽出" }
        )];
        for s in self.reference.sources.iter().filter(|s| s.shown_on == "all" || shown_on.contains(&s.shown_on.as_str())) {
            let place = if s.place.is_empty() { String::new() } else { format!("、{}", s.place) };
            sources.push(format!("{}「{}」（{}{place}）", s.publisher, s.dataset, crate::ground::numbers::wareki_date(&s.as_of)));
        }
        sources.extend(self.own_settings.iter().cloned());
        sources
    }
}

/// Number and title of the five parts of the official form.
pub fn part_titles() -> Result<Vec<(u32, String)>> {
    Ok(read_csv::<PartRow>("reports/sheets/parts.csv")?.into_iter().map(|p| (p.no, p.title)).collect())
}

/// An area as titles name it: 「鳥取市地域」「日南町地域」「東部地域」「鳥取県」.
pub fn place_name(area: &Area) -> String {
    if area.level == "prefecture" {
        return area.name.clone();
    }
    let is_town = area.level == "municipality" && area.name.ends_with(['町', '村']);
    let short = area.name.split_once('郡').filter(|_| is_town).map_or(area.name.as_str(), |(_, town)| town);
    format!("{short}地域")
}

/// File name of a sheet without extension: `31201_g2a`.
pub fn sheet_id(area: &Area, function: &Function) -> String {
    format!("{}_{}", area.area_code, function.function_code)
}

pub fn area_label(area: &Area) -> AreaLabel {
    AreaLabel { level: area.level.clone(), level_label: level_label(&area.level).into(), code: area.area_code.clone(), name: area.name.clone() }
}

/// Time bands of which some municipality has no report that its own patients are seen.
fn blank_bands(answers: &AreaAnswers) -> Vec<String> {
    let blank = |(key, value): (&String, &FigureValue)| {
        let (code, parts) = key.split_once("|band=")?;
        let band = parts.strip_suffix(";answer=visit")?;
        let is_blank = match code {
            "after_hours_band_facilities" => value.low == 0.0,
            "after_hours_blank_municipalities" => value.high > 0.0,
            _ => false,
        };
        is_blank.then(|| band.to_owned())
    };
    answers.figures.iter().filter_map(blank).collect::<BTreeSet<_>>().into_iter().collect()
}

/// The figures at the head of a sheet: what those who reported say leads, the whole stands beside it.
fn key_figures(s: &Summary, function: &Function) -> Vec<KeyFigure> {
    let figure = |label: &str, value: String, unit: &str, note: String, of: &'static str| KeyFigure {
        label: label.into(),
        value,
        unit: unit.into(),
        note,
        of,
    };
    let has_share = s.share_low.is_some();
    let of_reports = |n: i64, high: i64| {
        let share = (has_share && s.facilities_reported > 0).then(|| format!("報告のうち {}", percent(n as f64 / s.facilities_reported as f64)));
        let whole = (high > n).then(|| format!("全体では {}施設", range(n, high)));
        share.into_iter().chain(whole).collect::<Vec<_>>().join("、")
    };
    let mut list = vec![
        figure(
            "報告した医療機関",
            thousands(s.facilities_reported),
            &format!("／{}施設", thousands(s.facilities_expected)),
            if has_share { format!("報告率 {}", percent(s.facilities_reported as f64 / s.facilities_expected as f64)) } else { String::new() },
            "m-area_summary",
        ),
        figure(
            "機能あり（報告どおり）",
            thousands(s.positive_literal),
            "施設",
            of_reports(s.positive_literal, s.positive_high()),
            "function_positive",
        ),
    ];
    if function.function_code != "g1" {
        let high = s.positive_core + s.positive_high() - s.positive_literal;
        list.push(figure("機能あり（実質）", thousands(s.positive_core), "施設", of_reports(s.positive_core, high), "m-area_summary"));
    }
    if let (Some(low), Some(high), true) = (s.managed_patients_low, s.managed_patients_high, s.facilities_reported > 0) {
        list.push(figure("管理している在宅患者", range(low, high), "人", "報告した医療機関の合計".into(), "home_care_managed_patients"));
    }
    list.push(figure("意向あり", thousands(s.intending), "施設", "今は機能がない施設".into(), "m-area_summary"));
    list
}

/// `12` or `12〜34`
pub fn range(low: i64, high: i64) -> String {
    if low == high { thousands(low) } else { format!("{}〜{}", thousands(low), thousands(high)) }
}

impl Basis {
    /// What drafts sheets and pages from the facts, with the phrases and settings of the prefecture.
    pub fn drafter(&self, facts: Facts, overrides: &Overrides<'_>, simulated: bool) -> Result<Drafter<'_>> {
        let phrases = Phrases::new(overrides, &self.terms)?;
        let mut drafter = Drafter::new(&self.reference, &self.dictionary, &self.rules, facts, phrases, self.year, simulated)?;
        drafter.record = Some((&self.record, &self.areas));
        drafter.own_settings = local::in_words(&self.council, self.work_folder.as_deref())?;
        Ok(drafter)
    }
}
