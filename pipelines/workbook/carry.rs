//! From one year to the next: measures with what became of their indicator, and 課題 that are not settled, with their history.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use minijinja::value::{Serde, Value};

use super::book::{self, CouncilBook, Entry, MEASURES, MeasureRow};
use super::merge::Group;
use crate::aggregate::figure::FigureValue;
use crate::draft::change::Change;
use crate::draft::sheet::TableView;
use crate::draft::words::Phrases;
use crate::facts::local;
use crate::facts::workspace::SETTINGS;
use crate::ground::error::Result;
use crate::ground::numbers::{wareki_date, wareki_year};
use crate::packet::Manifest;

/// The year before and its workbook.
pub struct Previous {
    pub report_year: i32,
    pub book: CouncilBook,
}

/// A measure of the year before that goes on.
#[derive(Clone, Debug)]
pub struct CarriedMeasure {
    pub row: MeasureRow,
    pub history: String,
}

/// A text of the parts (1), (2), (3) and (5) of the year before that is not settled.
#[derive(Clone, Debug)]
pub struct CarriedText {
    pub row: Entry,
    pub text: String,
    pub history: String,
}

/// What people call the end of a matter.
const SETTLED: [&str; 3] = ["解決", "終了", "見送り"];

/// Key of a figure in its area: `indicator_code` or `indicator_code|breakdown`, and what it is called.
#[derive(Clone, Debug)]
pub struct Measurable {
    pub key: String,
    pub label: String,
    pub unit: String,
    pub formula: String,
}

impl Previous {
    /// The packet of the year before, and the workbook of the work folder that it lies in.
    pub fn read(packet: &Path) -> Result<Self> {
        let manifest = Manifest::read(packet)?;
        let folder = dunce::canonicalize(packet).unwrap_or_else(|_| packet.to_path_buf());
        let folder = folder.ancestors().skip(1).take(3).find(|f| f.join(SETTINGS).exists());
        let book = folder.map(book::read).transpose()?.unwrap_or_default();
        Ok(Self { report_year: manifest.report_year, book })
    }

    /// 「令和7年度」
    pub fn label(&self) -> String {
        format!("{}度", wareki_year(self.report_year))
    }

    pub fn measures(&self) -> impl Iterator<Item = CarriedMeasure> {
        let going_on = self.book.measures.iter().filter(|m| !m.measure.is_empty() && !SETTLED.contains(&m.status.as_str()));
        going_on.map(|m| {
            let day = if m.is_inherited { m.agreed_on.clone() } else { self.book.agreed_day(&m.area_code, &m.function_code, &m.agreed_on) };
            let notes: Vec<String> = [wareki_date(&day), m.status.clone()].into_iter().filter(|t| !t.is_empty()).collect();
            let state = if notes.is_empty() { String::new() } else { format!("（{}）", notes.join("、")) };
            CarriedMeasure { row: m.clone(), history: joined(&m.history, &format!("{}：{}{state}", self.label(), m.measure)) }
        })
    }

    /// What goes on of a part. Where every 課題 of the area and theme is settled, its causes and aims end with it.
    pub fn texts(&self, area_code: &str, function_code: &str, part: u32) -> impl Iterator<Item = CarriedText> {
        let mine: Vec<&Entry> = self.book.entries.iter().filter(|e| e.area_code == area_code && e.function_code == function_code).collect();
        let said = |e: &&Entry| !e.agreed.is_empty() || !e.history.is_empty();
        let open = |e: &&Entry| !SETTLED.contains(&e.status.as_str()) && said(e);
        let issues: Vec<&&Entry> = mine.iter().filter(|e| e.part == 1 && said(e)).collect();
        let goes_on = part == 1 || issues.is_empty() || issues.iter().any(|e| open(e));
        let going: Vec<Entry> = mine.iter().filter(|e| e.part == part && goes_on && open(e)).map(|e| (*e).clone()).collect();
        going.into_iter().map(|e| {
            let text = if e.agreed.is_empty() || !e.unresolved.is_empty() { e.proposal.clone() } else { e.agreed.clone() };
            let mut notes: Vec<String> = vec![if e.agreed.is_empty() { "合意なし".into() } else { "合意".into() }];
            let day = if e.agreed.is_empty() { String::new() } else { self.book.agreed_day(area_code, function_code, &e.agreed_on) };
            notes.extend(Some(wareki_date(&day)).filter(|d| !d.is_empty()));
            notes.extend(Some(e.status.clone()).filter(|s| !s.is_empty() && s != "合意"));
            CarriedText { history: joined(&e.history, &format!("{}：{text}（{}）", self.label(), notes.join("、"))), text, row: e }
        })
    }

    /// Areas and themes of which the workbook says something.
    fn groups(&self) -> BTreeSet<(String, String)> {
        let entries = self.book.entries.iter().map(|e| (e.area_code.clone(), e.function_code.clone()));
        entries.chain(self.book.measures.iter().map(|m| (m.area_code.clone(), m.function_code.clone()))).collect()
    }
}

/// How people want to see whether a measure works, as they wrote it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Goal<'a> {
    pub indicator: &'a str,
    pub baseline: &'a str,
    pub target: &'a str,
}

impl<'a> Goal<'a> {
    pub fn of(m: &'a MeasureRow) -> Self {
        Self { indicator: &m.indicator, baseline: &m.baseline, target: &m.target }
    }
}

/// What is asked about a measure.
pub struct Asked<'a> {
    pub goal: Goal<'a>,
    /// The indicator that they mean, its value in the area this year, and how that stands to the year before.
    pub found: Option<&'a Measurable>,
    pub now: Option<FigureValue>,
    pub change: Option<&'a Change>,
}

/// What became of an indicator in an area, as a sentence: the change, or why nothing can be said.
pub fn check(asked: &Asked<'_>, phrases: &Phrases) -> Result<String> {
    let why = match (asked.goal.indicator.trim().is_empty(), asked.found, asked.now, asked.change) {
        (true, ..) => "no_indicator",
        (_, None, ..) => "unknown_indicator",
        (.., None, _) => "no_after",
        (.., None) => "no_before",
        _ => "",
    };
    let (unit, now) = (asked.found.map_or("", |m| m.unit.as_str()), asked.now.unwrap_or_default());
    let values = serde_json::json!({
        "indicator": asked.goal.indicator.trim(), "unit": unit, "before": asked.change.map(|c| c.before.text(unit)), "after": now.text(unit),
        "verdict": asked.change.map(Change::verdict), "alike": asked.change.and_then(|c| c.alike.as_ref()), "why": why, "target": asked.goal.target.trim(), "reached": reached(asked.goal.target, asked.goal.baseline, now).unwrap_or_default(),
    });
    Ok(phrases.lines("measure_check", &Value::from(Serde(values)))?.join(""))
}

/// The indicator that people named: by its code or its name.
pub fn measurable<'a>(all: &'a [Measurable], said: &str) -> Option<&'a Measurable> {
    let wanted = crate::ground::text::fold(said);
    // own rates may have come or gone since the name was written
    let plain = |label: &str| local::with_national_rates(&crate::ground::text::fold(label));
    all.iter().find(|m| m.key == wanted).or_else(|| all.iter().find(|m| plain(&m.label) == plain(&wanted)))
}

/// Indicators that people named by their code get their name: codes are not for the public.
pub fn name_indicators(book: &mut CouncilBook, all: &[Measurable]) {
    for m in &mut book.measures {
        if let Some(found) = measurable(all, &m.indicator) {
            m.indicator.clone_from(&found.label);
        }
    }
}

/// Whether a value reaches a target such as 「30以上」; a plain number is reached from the side of the baseline. Nothing where neither tells.
pub fn reached(target: &str, baseline: &str, value: FigureValue) -> Option<&'static str> {
    let number = |text: &str| {
        let text = crate::ground::text::fold(text).replace(',', "");
        let digits: String = text.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
        digits.parse::<f64>().ok().map(|n| (n, text[digits.len()..].to_owned()))
    };
    let (goal, rest) = number(target)?;
    let from = number(baseline).map(|(n, _)| n);
    let (sure, never) = if rest.contains("以上") || (!rest.contains("以下") && from.is_some_and(|n| n < goal)) {
        (value.low >= goal, value.high < goal)
    } else if rest.contains("以下") || from.is_some_and(|n| n > goal) {
        (value.high <= goal, value.low > goal)
    } else {
        return None;
    };
    Some(if sure {
        "yes"
    } else if never {
        "no"
    } else {
        "unclear"
    })
}

fn joined(history: &str, line: &str) -> String {
    if history.trim().is_empty() { line.to_owned() } else { format!("{}\n{line}", history.trim()) }
}

fn left(mut table: TableView) -> TableView {
    table.align.fill("left");
    table
}

/// Area and function code → tables that their sheet gets from the year before, with the number of the part:
/// agreed texts with their dates, measures and what became of them.
pub type Tables = BTreeMap<(String, String), Vec<(u32, TableView)>>;

/// The tables of all sheets. `check` says what became of a measure's indicator.
pub fn tables(previous: &Previous, check: &dyn Fn(&MeasureRow) -> Result<String>) -> Result<Tables> {
    let mut tables = Tables::new();
    for (area, function) in previous.groups() {
        for (part, caption) in CAPTIONS {
            let rows: Vec<Vec<String>> = previous.texts(&area, &function, part).map(|t| vec![t.text, t.history]).collect();
            if !rows.is_empty() {
                let head = ["引き継いだ文", "経過"].map(str::to_owned).to_vec();
                tables.entry((area.clone(), function.clone())).or_default().push((part, left(TableView::new(caption, head, rows))));
            }
        }
    }
    let mut rows: BTreeMap<(String, String), Vec<Vec<String>>> = BTreeMap::new();
    for m in previous.measures() {
        let r = &m.row;
        let goal =
            if r.baseline.is_empty() && r.target.is_empty() { "―".to_owned() } else { format!("{} → {}", dash(&r.baseline), dash(&r.target)) };
        let by = [r.role.clone(), wareki_date(&r.deadline)].into_iter().filter(|t| !t.is_empty()).collect::<Vec<_>>().join("、");
        let line = vec![r.measure.clone(), dash(&by), dash(&r.indicator), goal, check(r)?];
        rows.entry((m.row.area_code, m.row.function_code)).or_default().push(line);
    }
    for (place, rows) in rows {
        let head = ["方策", "実施者・期限", "指標", "基準値 → 目標値", "前の年度からの変化"].map(str::to_owned).to_vec();
        let table = left(TableView::new(format!("{}の方策と、その後", previous.label()), head, rows));
        tables.entry(place).or_default().push((MEASURES, table));
    }
    Ok(tables)
}

/// What the parts that are carried on are called.
const CAPTIONS: [(u32, &str); 4] = [
    (1, "前の年度から引き継いだ課題"),
    (2, "前の年度から引き継いだ原因"),
    (3, "前の年度から引き継いだ目指すべき姿"),
    (5, "前の年度から引き継いだ期待できる効果"),
];

fn dash(text: &str) -> String {
    if text.is_empty() { "―".into() } else { text.into() }
}

/// Where a carried row belongs.
pub fn group(area_code: &str, function_code: &str, part: u32) -> Group {
    Group { area_code: area_code.to_owned(), function_code: function_code.to_owned(), part }
}
