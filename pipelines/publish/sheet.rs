//! 協議結果公表シート and the summary of the prefecture as finished values.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::{Published, Source};
use crate::draft::Drafter;
use crate::draft::sheet::{Labelled, ResultItem, ResultPart, ResultSheet, TableView};
use crate::facts::areas::Area;
use crate::facts::dictionary::{Function, read_csv};
use crate::facts::statute;
use crate::ground::error::Result;
use crate::ground::numbers::{circled, percent, report_year_label, thousands, wareki_date};
use crate::workbook::book::MEASURES;
use crate::workbook::{Entry, MeasureRow, Meeting};

fn line(label: &str, value: String) -> Labelled {
    Labelled { label: label.into(), value }
}

/// The latest day on which something of it is published.
pub(super) fn published_on<'a>(days: impl Iterator<Item = &'a String>) -> String {
    days.max().cloned().unwrap_or_default()
}

/// What a meeting agreed on and may be published.
pub(super) struct Agreements<'a> {
    pub meeting: &'a Meeting,
    pub area: &'a Area,
    pub function: &'a Function,
    pub entries: &'a [&'a Entry],
    pub measures: &'a [&'a MeasureRow],
    /// Whether something agreed in a part is held back.
    pub waiting: &'a dyn Fn(u32) -> bool,
}

/// A term and what it means for residents; without a function it belongs to all (`reports/sheets/result_words.csv`).
#[derive(Deserialize)]
struct WordRow {
    function_code: String,
    term: String,
    words: String,
}

fn words(function_code: &str) -> Result<Vec<Labelled>> {
    let rows: Vec<WordRow> = read_csv("reports/sheets/result_words.csv")?;
    let mine = rows.into_iter().filter(|r| r.function_code.is_empty() || r.function_code == function_code);
    Ok(mine.map(|r| line(&r.term, r.words)).collect())
}

/// A figure of the result sheets and how it is counted (`reports/sheets/result_method.csv`).
#[derive(Deserialize)]
struct MethodRow {
    figure: String,
    how: String,
}

/// How the published figures are counted, for residents: the page that every result leads to.
pub fn method_page(drafter: &Drafter<'_>) -> Result<serde_json::Value> {
    let rows: Vec<MethodRow> = read_csv("reports/sheets/result_method.csv")?;
    let mut table = TableView::new(
        "公表した数の数え方",
        ["区分", "数え方"].map(str::to_owned).to_vec(),
        rows.into_iter().map(|r| vec![r.figure, r.how]).collect(),
    );
    table.align.fill("left");
    Ok(serde_json::json!({
        "root": "", "title": "計算の方法", "prefecture": drafter.prefecture(), "simulated": drafter.simulated,
        "report_year_label": report_year_label(drafter.report_year), "table_value": table, "words": words("*")?, "sources": drafter.sources(&[]),
    }))
}

pub(super) fn result_sheet(source: &Source<'_>, agreed: &Agreements<'_>) -> Result<ResultSheet> {
    let (drafter, &Agreements { meeting, area, function, entries, measures, .. }) = (source.drafter, agreed);
    let days: BTreeSet<&String> = entries.iter().map(|e| &e.published_on).chain(measures.iter().map(|m| &m.published_on)).collect();
    let parts = parts(agreed)?;
    let mut notes = Vec::new();
    let waiting: Vec<String> = parts.iter().filter(|p| p.items.is_empty()).map(|p| format!("({}) {}", p.no, p.title)).collect();
    if !waiting.is_empty() {
        notes.push(format!("{}は、まとまったものから順に公表します。", waiting.join("、")));
    }
    if days.len() > 1 {
        let said: Vec<String> = days.iter().map(|d| wareki_date(d)).collect();
        notes.push(format!("この結果は、{}に分けて公表しました。", said.join("、")));
    }
    let mut overview = vec![
        line("開催日", wareki_date(&meeting.held_on)),
        line("協議事項", meeting.agenda.clone()),
        line("医療法の協議事項", statute::items(&meeting.statute, &meeting.held_on)?),
        line("協議区域", area.name.clone()),
        line("関係者・参加者", meeting.participants.join("、")),
    ];
    if !meeting.venue.is_empty() {
        overview.push(line("会議の名称", meeting.venue.clone()));
    }
    Ok(ResultSheet {
        result_id: format!("{}_{}_{}_{}", area.area_code, area.name, function.short_label, meeting.held_on),
        root: "../",
        title: format!("かかりつけ医機能報告を踏まえた協議結果について（{}、{}）", area.name, function.title()),
        date_label: wareki_date(&published_on(days.into_iter())),
        prefecture: drafter.prefecture(),
        simulated: drafter.simulated,
        report_year: drafter.report_year,
        report_year_label: report_year_label(drafter.report_year),
        overview,
        parts,
        figures_title: "3. 参考となるデータ".into(),
        figures: vec![figures(area, function, drafter)?],
        links: Vec::new(),
        words: words(&function.function_code)?,
        notes,
        sources: drafter.sources(&[]),
    })
}

/// The five parts in their order, with what was agreed.
fn parts(agreed: &Agreements<'_>) -> Result<Vec<ResultPart>> {
    let mut parts = Vec::new();
    for (no, title) in crate::draft::part_titles()? {
        let items: Vec<ResultItem> = if no == MEASURES {
            agreed.measures.iter().enumerate().map(|(i, m)| measure_item(i, m)).collect()
        } else {
            let mine = agreed.entries.iter().filter(|e| e.part == no);
            mine.map(|e| ResultItem { mark: e.view.clone(), text: e.agreed.clone(), ..ResultItem::default() }).collect()
        };
        let why = if items.is_empty() && (agreed.waiting)(no) {
            "（合意した文があります。公表の準備ができたものから載せます）"
        } else {
            "（記載なし）"
        };
        let table = (no == MEASURES && !items.is_empty()).then(|| measure_table(&items));
        parts.push(ResultPart { no, title, items, why: why.into(), table });
    }
    Ok(parts)
}

/// The measures as print shows them.
fn measure_table(items: &[ResultItem]) -> TableView {
    let row =
        |i: &ResultItem| [&i.mark, &i.text, &i.role, &i.deadline, &i.indicator].map(|t| if t.is_empty() { "—".into() } else { t.clone() }).to_vec();
    let head = ["方策", "内容", "実施者", "期限", "進み具合をみる指標"].map(str::to_owned).to_vec();
    let mut table = TableView::new(String::new(), head, items.iter().map(row).collect());
    table.align.fill("left");
    table
}

fn measure_item(i: usize, m: &MeasureRow) -> ResultItem {
    let goal: Vec<String> = [("基準値", &m.baseline), ("目標値", &m.target), ("時期", &m.target_date)]
        .into_iter()
        .filter(|(_, t)| !t.is_empty())
        .map(|(label, t)| format!("{label} {}", wareki_date(t)))
        .collect();
    let indicator = match (m.indicator.is_empty(), goal.join("、")) {
        (_, goal) if goal.is_empty() => m.indicator.clone(),
        (true, goal) => goal,
        (false, goal) => format!("{}（{goal}）", m.indicator),
    };
    ResultItem { mark: format!("方策{}", circled(i)), text: m.measure.clone(), role: m.role.clone(), deadline: wareki_date(&m.deadline), indicator }
}

/// The figures that the council had before it; counts of facilities only.
fn figures(area: &Area, function: &Function, drafter: &Drafter<'_>) -> Result<TableView> {
    let s = drafter.facts.summary(area, &function.function_code)?;
    let row = |label: &str, value: String| vec![label.to_owned(), value];
    // of few facilities the count, not a share
    let rate = s.share_low.map(|_| format!("（{}）", percent(s.facilities_reported as f64 / s.facilities_expected as f64)));
    Ok(TableView::new(
        format!("参考：{}の{}（{}）", area.name, function.label, function.theme),
        vec!["区分".into(), "医療機関数".into()],
        vec![
            row("報告の対象", thousands(s.facilities_expected)),
            row("報告した医療機関", format!("{}{}", thousands(s.facilities_reported), rate.unwrap_or_default())),
            row("機能あり（少なくとも）", thousands(s.positive_literal)),
            row("機能あり（多くとも）", thousands(s.positive_high())),
            row("意向あり", thousands(s.intending)),
        ],
    ))
}

/// The prefecture's summary: every meeting with its 課題, and every measure.
pub(super) fn summary(source: &Source<'_>, lines: Vec<Vec<String>>, out: &Published) -> Result<ResultSheet> {
    let drafter = source.drafter;
    let areas: BTreeSet<&String> = lines.iter().map(|l| &l[1]).collect();
    let head = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
    let left = |mut t: TableView| {
        t.align.fill("left");
        t
    };
    let overview =
        vec![line("公表した協議", format!("{}件（{}区域）", lines.len(), areas.len())), line("公表した方策", format!("{}件", out.measures.len()))];
    let mut figures = vec![left(TableView::new("協議と、合意した課題", head(&["開催日", "協議区域", "テーマ", "地域の具体的な課題"]), lines))];
    let rows: Vec<Vec<String>> = out
        .measures
        .iter()
        .map(|m| {
            vec![
                m.area_name.clone(),
                m.theme.clone(),
                m.row.measure.clone(),
                m.row.role.clone(),
                wareki_date(&m.row.deadline),
                m.row.indicator.clone(),
            ]
        })
        .collect();
    if !rows.is_empty() {
        figures.push(left(TableView::new("方策の一覧", head(&["協議区域", "テーマ", "方策", "実施者", "期限", "指標"]), rows)));
    }
    let links = out
        .sheets
        .iter()
        .map(|s| {
            let place = |label: &str| s.overview.iter().find(|l| l.label == label).map_or("", |l| l.value.as_str()).to_owned();
            Labelled {
                label: format!("{}　{}（{}）", place("協議区域"), place("協議事項"), place("開催日")),
                value: format!("results/{}.html", s.result_id),
            }
        })
        .collect();
    Ok(ResultSheet {
        result_id: SUMMARY.into(),
        root: "../",
        title: "かかりつけ医機能に関する協議結果の取りまとめ".into(),
        date_label: wareki_date(&out.latest),
        prefecture: drafter.prefecture(),
        simulated: drafter.simulated,
        report_year: drafter.report_year,
        report_year_label: report_year_label(drafter.report_year),
        overview,
        parts: Vec::new(),
        figures_title: "2. 協議の結果".into(),
        figures,
        links,
        words: words("*")?,
        notes: vec!["公表に合意したものだけを載せています。".into()],
        sources: drafter.sources(&[]),
    })
}

/// File name of the prefecture's summary, without extension.
pub const SUMMARY: &str = "summary";
