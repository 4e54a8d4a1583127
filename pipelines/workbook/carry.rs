//! From one year to the next: measures with what became of their indicator, and 課題 that are not settled, with their history.

use std::collections::BTreeMap;
use std::path::Path;

use minijinja::value::{Serde, Value};

use super::book::{self, CouncilBook, Entry, MeasureRow};
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

/// A 課題 of the year before that is not settled.
#[derive(Clone, Debug)]
pub struct CarriedIssue {
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
            let state = if m.status.is_empty() { String::new() } else { format!("（{}）", m.status) };
            CarriedMeasure { row: m.clone(), history: joined(&m.history, &format!("{}：{}{state}", self.label(), m.measure)) }
        })
    }

    pub fn issues(&self) -> impl Iterator<Item = CarriedIssue> {
        let open = |e: &&Entry| e.part == 1 && !SETTLED.contains(&e.status.as_str()) && (!e.agreed.is_empty() || !e.history.is_empty());
        self.book.entries.iter().filter(open).map(|e| {
            let text = if e.agreed.is_empty() { e.proposal.clone() } else { e.agreed.clone() };
            let mut notes: Vec<String> = vec![if e.agreed.is_empty() { "合意なし".into() } else { "合意".into() }];
            notes.extend(Some(wareki_date(&e.agreed_on)).filter(|d| !d.is_empty()));
            notes.extend(Some(e.status.clone()).filter(|s| !s.is_empty() && s != "合意"));
            CarriedIssue { row: e.clone(), history: joined(&e.history, &format!("{}：{text}（{}）", self.label(), notes.join("、"))), text }
        })
    }
}

/// What is asked about a measure.
pub struct Asked<'a> {
    /// What people wrote.
    pub indicator: &'a str,
    pub target: &'a str,
    /// The indicator that they mean, its value in the area this year, and how that stands to the year before.
    pub found: Option<&'a Measurable>,
    pub now: Option<FigureValue>,
    pub change: Option<&'a Change>,
}

/// What became of an indicator in an area, as a sentence: the change, or why nothing can be said.
pub fn check(asked: &Asked<'_>, phrases: &Phrases) -> Result<String> {
    let why = match (asked.indicator.trim().is_empty(), asked.found, asked.now, asked.change) {
        (true, ..) => "no_indicator",
        (_, None, ..) => "unknown_indicator",
        (.., None, _) => "no_after",
        (.., None) => "no_before",
        _ => "",
    };
    let (unit, now) = (asked.found.map_or("", |m| m.unit.as_str()), asked.now.unwrap_or_default());
    let values = serde_json::json!({
        "indicator": asked.indicator.trim(), "unit": unit, "before": asked.change.map(|c| c.before.text(unit)), "after": now.text(unit),
        "verdict": asked.change.map(Change::verdict), "alike": asked.change.and_then(|c| c.alike.as_ref()), "why": why, "target": asked.target.trim(), "reached": reached(asked.target, now).unwrap_or_default(),
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

/// Whether a value reaches a target such as 「30以上」; nothing where the target is no such text.
fn reached(target: &str, value: FigureValue) -> Option<&'static str> {
    let target = crate::ground::text::fold(target).replace(',', "");
    let digits: String = target.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
    let (goal, rest) = (digits.parse::<f64>().ok()?, &target[digits.len()..]);
    let (sure, never) = if rest.contains("以上") {
        (value.low >= goal, value.high < goal)
    } else if rest.contains("以下") {
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
/// 課題 in part (1), measures and what became of them in part (4).
pub type Tables = BTreeMap<(String, String), Vec<(u32, TableView)>>;

/// The tables of all sheets. `check` says what became of a measure's indicator.
pub fn tables(previous: &Previous, check: &dyn Fn(&MeasureRow) -> Result<String>) -> Result<Tables> {
    let mut rows: BTreeMap<(String, String), [Vec<Vec<String>>; 2]> = BTreeMap::new();
    for i in previous.issues() {
        rows.entry((i.row.area_code, i.row.function_code)).or_default()[0].push(vec![i.text, i.history]);
    }
    for m in previous.measures() {
        let r = &m.row;
        let goal =
            if r.baseline.is_empty() && r.target.is_empty() { "―".to_owned() } else { format!("{} → {}", dash(&r.baseline), dash(&r.target)) };
        let by = [r.role.clone(), wareki_date(&r.deadline)].into_iter().filter(|t| !t.is_empty()).collect::<Vec<_>>().join("、");
        let line = vec![r.measure.clone(), dash(&by), dash(&r.indicator), goal, check(r)?];
        rows.entry((m.row.area_code, m.row.function_code)).or_default()[1].push(line);
    }
    let heads = [vec!["課題", "経過"], vec!["方策", "実施者・期限", "指標", "基準値 → 目標値", "前の年度からの変化"]];
    let captions = ["前の年度から引き継いだ課題".to_owned(), format!("{}の方策と、その後", previous.label())];
    let table = |at: usize, rows| left(TableView::new(captions[at].clone(), heads[at].iter().map(|h| (*h).to_owned()).collect(), rows));
    Ok(rows
        .into_iter()
        .map(|(place, [issues, measures])| {
            let all = [(1, table(0, issues)), (4, table(1, measures))];
            (place, all.into_iter().filter(|(_, t)| !t.rows.is_empty()).collect())
        })
        .collect())
}

fn dash(text: &str) -> String {
    if text.is_empty() { "―".into() } else { text.into() }
}

/// Where a carried row belongs.
pub fn group(area_code: &str, function_code: &str, part: u32) -> Group {
    Group { area_code: area_code.to_owned(), function_code: function_code.to_owned(), part }
}
