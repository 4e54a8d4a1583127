//! Stage 7, publish: what the workbook says was agreed becomes 協議結果公表シート, a summary of the prefecture and the table of measures.
//!
//! Only agreed text with a day of publication appears; what lacks something is listed with what it lacks.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, StringArray};

use crate::draft::Drafter;
use crate::draft::sheet::{Labelled, ResultItem, ResultPart, ResultSheet, TableView};
use crate::facts::areas::Area;
use crate::facts::dictionary::{Dictionary, Function};
use crate::facts::statute;
use crate::ground::artefact::{ColumnNote, Table};
use crate::ground::error::{Error, Result};
use crate::ground::numbers::{circled, percent, report_year_label, thousands, wareki_date};
use crate::render::glyphs;
use crate::workbook::book::Unfit;
use crate::workbook::layout::Layout;
use crate::workbook::{CouncilBook, Entry, MeasureRow, Meeting, Place};

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
}

/// A measure as published, with its meeting.
#[derive(Clone, Debug)]
pub struct PublishedMeasure {
    pub row: MeasureRow,
    pub area_name: String,
    pub theme: String,
    pub held_on: String,
}

/// Something agreed that is not published, and what it lacks.
#[derive(Clone, Debug)]
pub struct HeldBack {
    pub place: Place,
    pub area_name: String,
    pub theme: String,
    pub text: String,
    pub lacks: String,
}

/// What the results are made from.
pub struct Source<'a> {
    pub book: &'a CouncilBook,
    pub layout: &'a Layout,
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
    let mut work = Work { source, out: Published::default(), entries: BTreeMap::new(), measures: BTreeMap::new() };
    for (m, meeting) in source.book.meetings.iter().enumerate() {
        let same = |other: &Meeting| {
            (&other.area_code, &other.function_code, &other.held_on) == (&meeting.area_code, &meeting.function_code, &meeting.held_on)
        };
        if !meeting.held_on.is_empty() && source.book.meetings[..m].iter().any(same) {
            work.hold(&meeting.place, &meeting.area_code, &meeting.function_code, &meeting.held_on, "同じ区域・テーマ・開催日の行が二つあります");
        }
    }
    for entry in &source.book.entries {
        let Some(text) = agreed(&entry.agreed, &entry.unfit, &["agreed", "proposal"]) else { continue };
        let mut lacks = work.lacks("entries", &[("agreed", &entry.agreed), ("published_on", &entry.published_on)]);
        lacks.extend(unfit(&entry.unfit, &["agreed", "proposal", "view", "agreed_on", "published_on"]));
        let asked = (&entry.place, entry.area_code.as_str(), entry.function_code.as_str(), text.as_str());
        if entry.part == 4 {
            work.hold(asked.0, asked.1, asked.2, asked.3, "方策は、シート「方策」に実施者・期限・指標と一緒に書いてください");
        } else if let Some(at) = work.meeting(asked, &entry.agreed_on, &entry.published_on, &lacks) {
            work.entries.entry(at).or_default().push(entry);
        }
    }
    for m in source.book.measures.iter().filter(|m| m.history.is_empty() || !m.published_on.is_empty()) {
        let Some(text) = agreed(&m.measure, &m.unfit, &["measure"]) else { continue };
        let fields =
            [("measure", &m.measure), ("role", &m.role), ("deadline", &m.deadline), ("indicator", &m.indicator), ("published_on", &m.published_on)];
        let mut lacks = work.lacks("measures", &fields);
        lacks.extend(unfit(&m.unfit, MEASURE_COLUMNS));
        if let Some(at) = work.meeting((&m.place, &m.area_code, &m.function_code, &text), &m.agreed_on, &m.published_on, &lacks) {
            work.measures.entry(at).or_default().push(m);
        }
    }
    work.finish()
}

/// Columns of a measure that are published.
const MEASURE_COLUMNS: &[&str] = &["measure", "role", "deadline", "indicator", "baseline", "target", "target_date", "agreed_on", "published_on"];

/// The text of a row that asks to be published: what holds, else what stands in its cell and does not hold.
fn agreed(holds: &str, unfit: &[Unfit], columns: &[&str]) -> Option<String> {
    let said = || unfit.iter().find(|u| columns.contains(&u.column.as_str())).map(|u| u.said.clone());
    Some(holds.to_owned()).filter(|t| !t.is_empty()).or_else(said)
}

/// Why cells of these columns keep their row from being published.
fn unfit<'a>(unfit: &'a [Unfit], columns: &'a [&str]) -> impl Iterator<Item = String> + 'a {
    unfit.iter().filter(|u| columns.contains(&u.column.as_str())).map(Unfit::reason)
}

struct Work<'a> {
    source: &'a Source<'a>,
    out: Published,
    /// Index of the meeting → what it agreed.
    entries: BTreeMap<usize, Vec<&'a Entry>>,
    measures: BTreeMap<usize, Vec<&'a MeasureRow>>,
}

impl<'a> Work<'a> {
    fn area(&self, code: &str) -> Option<&'a Area> {
        self.source.areas.iter().find(|a| a.area_code == code)
    }

    fn area_name(&self, code: &str) -> String {
        self.area(code).map_or_else(|| code.to_owned(), |a| a.name.clone())
    }

    fn theme(&self, code: &str) -> String {
        self.source.dictionary.function(code).map_or_else(|| code.to_owned(), theme)
    }

    fn hold(&mut self, place: &Place, area: &str, function: &str, text: &str, lacks: &str) {
        let (area_name, theme) = (self.area_name(area), self.theme(function));
        self.out.held_back.push(HeldBack { place: place.clone(), area_name, theme, text: text.to_owned(), lacks: lacks.to_owned() });
    }

    /// Headings of required columns that are empty.
    fn lacks(&self, sheet: &str, fields: &[(&str, &String)]) -> Vec<String> {
        let spec = self.source.layout.table(sheet);
        let empty = fields.iter().filter(|(column, text)| spec.columns[spec.at(column)].required == "yes" && text.trim().is_empty());
        empty.map(|(column, _)| format!("「{}」が空です", spec.columns[spec.at(column)].header)).collect()
    }

    /// The meeting that agreed on a text, when the text may be published with it.
    fn meeting(&mut self, asked: (&Place, &str, &str, &str), agreed_on: &str, published_on: &str, lacks: &[String]) -> Option<usize> {
        let (place, area, function, text) = asked;
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
        let mut why: Vec<String> = lacks.to_vec();
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
            let sheet = result_sheet(source, meeting, area, function, &entries, &measures)?;
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
            lines.push(vec![wareki_date(&meeting.held_on), area.name.clone(), theme(function), issues.join("／")]);
            let days = entries.iter().map(|e| &e.published_on).chain(measures.iter().map(|m| &m.published_on));
            self.out.latest = published_on(days.chain([&self.out.latest]));
            self.out.sheets.push(sheet);
            self.out.measures.extend(measures.into_iter().map(|m| PublishedMeasure {
                row: m.clone(),
                area_name: area.name.clone(),
                theme: theme(function),
                held_on: meeting.held_on.clone(),
            }));
        }
        if !lines.is_empty() {
            self.out.summary = Some(summary(source, lines, &self.out));
        }
        self.out.held_back.sort_by(|a, b| (&a.place.sheet, a.place.row).cmp(&(&b.place.sheet, b.place.row)));
        Ok(self.out)
    }
}

fn theme(function: &Function) -> String {
    format!("{} {}", function.label, function.theme)
}

fn line(label: &str, value: String) -> Labelled {
    Labelled { label: label.into(), value }
}

/// The latest day on which something of it is published.
fn published_on<'a>(days: impl Iterator<Item = &'a String>) -> String {
    days.max().cloned().unwrap_or_default()
}

fn result_sheet(
    source: &Source<'_>,
    meeting: &Meeting,
    area: &Area,
    function: &Function,
    entries: &[&Entry],
    measures: &[&MeasureRow],
) -> Result<ResultSheet> {
    let drafter = source.drafter;
    let days: BTreeSet<&String> = entries.iter().map(|e| &e.published_on).chain(measures.iter().map(|m| &m.published_on)).collect();
    let parts = parts(entries, measures)?;
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
        result_id: format!("{}_{}_{}", area.area_code, function.function_code, meeting.held_on),
        root: "../",
        title: "かかりつけ医機能報告を踏まえた協議結果について".into(),
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
        notes,
        sources: drafter.sources(&[]),
    })
}

/// The five parts in their order, with what was agreed.
fn parts(entries: &[&Entry], measures: &[&MeasureRow]) -> Result<Vec<ResultPart>> {
    let mut parts = Vec::new();
    for (no, title) in crate::draft::part_titles()? {
        let items: Vec<ResultItem> = if no == 4 {
            measures.iter().enumerate().map(|(i, m)| measure_item(i, m)).collect()
        } else {
            let mine = entries.iter().filter(|e| e.part == no);
            mine.map(|e| ResultItem { mark: e.view.clone(), text: e.agreed.clone(), ..ResultItem::default() }).collect()
        };
        let table = (no == 4 && !items.is_empty()).then(|| measure_table(&items));
        parts.push(ResultPart { no, title, items, table });
    }
    Ok(parts)
}

fn measure_item(i: usize, m: &MeasureRow) -> ResultItem {
    let goal: Vec<String> = [("基準値", &m.baseline), ("目標値", &m.target), ("時期", &m.target_date)]
        .into_iter()
        .filter(|(_, t)| !t.is_empty())
        .map(|(label, t)| format!("{label} {}", wareki_date(t)))
        .collect();
    let indicator = if goal.is_empty() { m.indicator.clone() } else { format!("{}（{}）", m.indicator, goal.join("、")) };
    ResultItem { mark: format!("方策{}", circled(i)), text: m.measure.clone(), role: m.role.clone(), deadline: wareki_date(&m.deadline), indicator }
}

fn measure_table(items: &[ResultItem]) -> TableView {
    let row =
        |i: &ResultItem| [&i.mark, &i.text, &i.role, &i.deadline, &i.indicator].map(|t| if t.is_empty() { "—".into() } else { t.clone() }).to_vec();
    let head = ["方策", "内容", "実施者", "期限", "進み具合をみる指標"].map(str::to_owned).to_vec();
    let mut table = TableView::new(String::new(), head, items.iter().map(row).collect());
    table.align.fill("left");
    table
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
fn summary(source: &Source<'_>, lines: Vec<Vec<String>>, out: &Published) -> ResultSheet {
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
    ResultSheet {
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
        notes: vec!["公表に合意したものだけを載せています。".into()],
        sources: drafter.sources(&[]),
    }
}

/// File name of the prefecture's summary, without extension.
pub const SUMMARY: &str = "summary";

fn texts<T>(rows: &[T], of: impl Fn(&T) -> String) -> ArrayRef {
    Arc::new(rows.iter().map(|r| Some(of(r)).filter(|t| !t.is_empty())).collect::<StringArray>())
}

/// `measures.csv`: one row for each published measure.
pub fn measures_table(measures: &[PublishedMeasure]) -> Result<Table> {
    let note = |name: &str, label: &str| ColumnNote::new(name, label, "");
    let of = |f: &dyn Fn(&PublishedMeasure) -> &str| texts(measures, |m| f(m).to_owned());
    Table::new(
        "measures",
        vec![
            (note("area_code", "区域コード"), of(&|m| &m.row.area_code)),
            (note("area_name", "協議区域"), of(&|m| &m.area_name)),
            (note("function_code", "機能コード"), of(&|m| &m.row.function_code)),
            (note("theme", "テーマ"), of(&|m| &m.theme)),
            (note("held_on", "開催日"), of(&|m| &m.held_on)),
            (note("measure", "方策"), of(&|m| &m.row.measure)),
            (note("role", "実施者"), of(&|m| &m.row.role)),
            (note("deadline", "期限"), of(&|m| &m.row.deadline)),
            (note("indicator", "指標"), of(&|m| &m.row.indicator)),
            (note("baseline", "基準値"), of(&|m| &m.row.baseline)),
            (note("target", "目標値"), of(&|m| &m.row.target)),
            (note("target_date", "目標の時期"), of(&|m| &m.row.target_date)),
            (note("status", "状態"), of(&|m| &m.row.status)),
            (note("published_on", "公表日"), of(&|m| &m.row.published_on)),
        ],
    )
}

/// `not_published.csv`: what was agreed but lacks something.
pub fn held_back_table(rows: &[HeldBack]) -> Result<Table> {
    let note = |name: &str, label: &str| ColumnNote::new(name, label, "");
    let numbers = rows.iter().map(|h| Some(i64::from(h.place.row))).collect::<Int64Array>();
    Table::new(
        "not_published",
        vec![
            (note("sheet", "シート"), texts(rows, |h| h.place.sheet.clone())),
            (note("row_no", "行"), Arc::new(numbers) as ArrayRef),
            (note("area_name", "協議区域"), texts(rows, |h| h.area_name.clone())),
            (note("theme", "テーマ"), texts(rows, |h| h.theme.clone())),
            (note("text", "文"), texts(rows, |h| h.text.clone())),
            (note("lacks", "公表しない理由"), texts(rows, |h| h.lacks.clone())),
        ],
    )
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
