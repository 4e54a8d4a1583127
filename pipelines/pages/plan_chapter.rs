//! Material for the medical plan's chapter 十の二 (医療法第30条の4第2項第10号の2): per area 現状, 課題, 方策, 指標.
//!
//! 課題 and 方策 are agreed text only, 現状 and 指標 are figures. The indicators of the first packet are the baseline that every
//! later packet holds its own against; it travels from packet to packet in `data/plan_baseline.csv`.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, StringArray};
use serde::Deserialize;

use crate::aggregate::figure::FigureValue;
use crate::draft::document::{Document, Section};
use crate::draft::outpatient::flag_words;
use crate::draft::sheet::{Labelled, TableView};
use crate::draft::{Drafter, place_name, range};
use crate::facts::areas::Area;
use crate::facts::dictionary::read_csv;
use crate::facts::record::Record;
use crate::ground::artefact::{ColumnNote, Table};
use crate::ground::error::{Error, Result};
use crate::ground::numbers::{report_year_label, thousands, wareki_date};
use crate::ground::spreadsheet::{Book, Column, Value, Width};
use crate::workbook::CouncilBook;

/// File of the frozen indicators, below a packet.
pub const BASELINE: &str = "data/plan_baseline.csv";

#[derive(Deserialize)]
struct IndicatorRow {
    indicator: String,
    function_code: String,
    from_year: i32,
    to_year: Option<i32>,
}

/// An indicator of an area, frozen in the year in which it was first made.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct Frozen {
    pub level: String,
    pub area_code: String,
    pub indicator: String,
    pub baseline_year: i32,
    pub baseline_low: f64,
    pub baseline_high: f64,
}

/// An indicator now, against its baseline.
pub struct Line {
    pub frozen: Frozen,
    /// `None` where the figure cannot be given this year.
    pub now: Option<FigureValue>,
    pub label: String,
    pub unit: String,
    pub function_code: String,
}

impl Line {
    /// What became of it since the baseline; empty in its own year.
    fn progress(&self, report_year: i32) -> &'static str {
        let (before_low, before_high) = (self.frozen.baseline_low, self.frozen.baseline_high);
        match self.now {
            _ if self.frozen.baseline_year == report_year => "",
            None => "この年度は出せません",
            Some(now) if now.low == before_low && now.high == before_high => "変わらない",
            Some(now) if now.low > before_high => "増えた",
            Some(now) if now.high < before_low => "減った",
            Some(_) => "区別できない",
        }
    }
}

/// What the chapter is made from.
pub struct Source<'a> {
    pub drafter: &'a Drafter<'a>,
    pub record: &'a Record,
    pub areas: &'a [Area],
    pub book: &'a CouncilBook,
    /// Day by which the chapter is due, in words.
    pub due: &'a str,
}

/// The baseline of an earlier packet; none where it has none.
pub fn baseline_of(packet: &Path) -> Result<Vec<Frozen>> {
    let path = packet.join(BASELINE);
    let Ok(text) = std::fs::read_to_string(&path) else { return Ok(Vec::new()) };
    let broken = |e: csv::Error| Error::new(format!("基準値の表を読めません：{e}")).file(&path).next("前の年度の資料を作り直してください");
    csv::Reader::from_reader(text.trim_start_matches('\u{FEFF}').as_bytes()).deserialize().collect::<std::result::Result<_, _>>().map_err(broken)
}

/// The indicators of every area of the chapter; those that `earlier` froze keep their baseline.
pub fn lines(source: &Source<'_>, earlier: &[Frozen]) -> Result<Vec<Line>> {
    let year = source.drafter.report_year;
    let rows: Vec<IndicatorRow> = read_csv("sql/rules/plan_indicators.csv")?;
    let mut lines = Vec::new();
    for area in source.areas.iter().filter(|a| a.has_parts()) {
        let answers = source.drafter.facts.answers(area)?;
        for row in &rows {
            let now = answers.figures.get(&row.indicator).copied();
            let known = earlier.iter().find(|f| (&f.level, &f.area_code, &f.indicator) == (&area.level, &area.area_code, &row.indicator));
            let is_valid = row.from_year <= year && row.to_year.is_none_or(|to| year <= to);
            let fresh = now.filter(|_| is_valid).map(|v| Frozen {
                level: area.level.clone(),
                area_code: area.area_code.clone(),
                indicator: row.indicator.clone(),
                baseline_year: year,
                baseline_low: v.low,
                baseline_high: v.high,
            });
            let Some(frozen) = known.cloned().or(fresh) else { continue };
            let indicator = source.drafter.indicator(&row.indicator)?;
            let item = row.indicator.split_once("item=").and_then(|(_, code)| source.drafter.dictionary.item(code));
            let label = item.map_or_else(|| indicator.label.clone(), |i| format!("{}：{}", indicator.label, i.short_label));
            lines.push(Line { frozen, now, label, unit: indicator.unit.clone(), function_code: row.function_code.clone() });
        }
    }
    Ok(lines)
}

/// One document for the prefecture and each of its medical areas.
pub fn documents(source: &Source<'_>, lines: &[Line]) -> Result<Vec<Document>> {
    source.areas.iter().filter(|a| a.has_parts()).map(|area| document(source, area, lines)).collect()
}

fn document(source: &Source<'_>, area: &Area, lines: &[Line]) -> Result<Document> {
    let drafter = source.drafter;
    let line = |label: &str, value: String| Labelled { label: label.into(), value };
    let mut overview = vec![
        line("根拠", "医療法第30条の4第2項第10号の2（かかりつけ医機能の確保に関する事項）".into()),
        line("区域", area.name.clone()),
        line("記載の期限", source.due.to_owned()),
    ];
    let flags: Vec<String> = source.record.flags(area, drafter.report_year).iter().map(flag_words).collect();
    if !flags.is_empty() {
        overview.push(line("区域の指定", flags.join("。")));
    }
    if let Some(rule) = source.record.rule_of(area) {
        let year = if rule.year.is_empty() { String::new() } else { format!("、{}年", rule.year) };
        let made = if rule.has_rule { format!("あり（{}{year}）", rule.made_by) } else { "なし".to_owned() };
        overview.push(line("入退院支援ルール", made));
    }
    let section = |title: &str, table: Option<TableView>| Section { title: title.into(), lines: Vec::new(), tables: table.into_iter().collect() };
    let sections = vec![
        section("1. 現状", Some(state_table(drafter, area)?)),
        section("2. 課題（協議で合意した文）", issue_table(source, area)),
        section("3. 方策（協議で合意した文）", measure_table(source, area)),
        section("4. 指標と基準値", indicator_table(drafter, area, lines)),
    ];
    let notes = vec![
        "課題と方策は、協議シートで合意した文だけです。現状と指標は、かかりつけ医機能報告から求めた幅（少なくとも〜多くとも）です。".to_owned(),
        "基準値は、はじめにこの資料を作った報告年度の値で、後の年度も変えずに引き継ぎます。幅が重なるときは「区別できない」とします。".to_owned(),
        "指標の選び方は kyogi の提案です（国の指標例は公表されていません）。sql/rules/plan_indicators.csv の行で変えられます。".to_owned(),
    ];
    Ok(Document {
        document_id: format!("plan_{}", area.area_code),
        root: "../",
        kind: "医療計画 十の二 素材".into(),
        title: format!("{}におけるかかりつけ医機能の確保（医療計画 十の二の素材）", place_name(area)),
        prefecture: drafter.prefecture(),
        simulated: drafter.simulated,
        report_year_label: report_year_label(drafter.report_year),
        overview,
        sections,
        notes,
        sources: drafter.sources(&["g2a", "g2c", "g2d"]),
    })
}

fn left(mut table: TableView) -> TableView {
    table.align.fill("left");
    table
}

fn head(names: &[&str]) -> Vec<String> {
    names.iter().map(|n| (*n).to_owned()).collect()
}

/// The functions of an area: how many have them at least and at most, and how many want to.
fn state_table(drafter: &Drafter<'_>, area: &Area) -> Result<TableView> {
    let mut rows = Vec::new();
    for function in &drafter.dictionary.functions {
        let s = drafter.facts.summary(area, &function.function_code)?;
        let reported = format!("{}／{}", thousands(s.facilities_reported), thousands(s.facilities_expected));
        let (literal, core) =
            (range(s.positive_literal, s.positive_high()), range(s.positive_core, s.positive_core + s.positive_high() - s.positive_literal));
        let core = if function.function_code == "g1" { "―".to_owned() } else { core };
        rows.push(vec![function.title(), reported, literal, core, thousands(s.intending)]);
    }
    Ok(TableView::new("機能のある医療機関", head(&["機能", "報告／対象", "あり（報告どおり）", "あり（実質）", "意向あり"]), rows))
}

/// Whether an area of the workbook lies in the area of the chapter.
fn lies_in(source: &Source<'_>, code: &str, area: &Area) -> bool {
    let units = source.areas.iter().find(|a| a.area_code == code).map(|a| &a.units);
    area.area_code == code || area.level == "prefecture" || units.is_some_and(|u| !u.is_empty() && u.iter().all(|x| area.units.contains(x)))
}

fn name_of(source: &Source<'_>, code: &str) -> String {
    source.areas.iter().find(|a| a.area_code == code).map_or_else(|| code.to_owned(), |a| a.name.clone())
}

fn theme_of(source: &Source<'_>, code: &str) -> String {
    source.drafter.dictionary.function(code).map_or_else(|| code.to_owned(), |f| f.label.clone())
}

fn issue_table(source: &Source<'_>, area: &Area) -> Option<TableView> {
    let agreed = source.book.entries.iter().filter(|e| e.part == 1 && !e.agreed.is_empty() && lies_in(source, &e.area_code, area));
    let rows: Vec<Vec<String>> =
        agreed.map(|e| vec![name_of(source, &e.area_code), theme_of(source, &e.function_code), e.agreed.clone(), e.view.clone()]).collect();
    (!rows.is_empty()).then(|| left(TableView::new("地域の具体的な課題", head(&["区域", "テーマ", "課題", "立場"]), rows)))
}

/// Measures that were agreed: with a day of agreement or publication, or the status of one.
fn measure_table(source: &Source<'_>, area: &Area) -> Option<TableView> {
    let is_agreed = |m: &&crate::workbook::MeasureRow| {
        !m.measure.is_empty() && (!m.agreed_on.is_empty() || !m.published_on.is_empty() || ["合意", "継続"].contains(&m.status.as_str()))
    };
    let rows: Vec<Vec<String>> = source
        .book
        .measures
        .iter()
        .filter(is_agreed)
        .filter(|m| lies_in(source, &m.area_code, area))
        .map(|m| {
            let goal = [("基準値", &m.baseline), ("目標値", &m.target)]
                .iter()
                .filter(|(_, t)| !t.is_empty())
                .map(|(l, t)| format!("{l} {t}"))
                .collect::<Vec<_>>();
            let indicator = if goal.is_empty() { m.indicator.clone() } else { format!("{}（{}）", m.indicator, goal.join("、")) };
            vec![
                name_of(source, &m.area_code),
                theme_of(source, &m.function_code),
                m.measure.clone(),
                m.role.clone(),
                wareki_date(&m.deadline),
                indicator,
            ]
        })
        .collect();
    (!rows.is_empty()).then(|| left(TableView::new("方策", head(&["区域", "テーマ", "方策", "実施者", "期限", "指標"]), rows)))
}

fn indicator_table(drafter: &Drafter<'_>, area: &Area, lines: &[Line]) -> Option<TableView> {
    let year = drafter.report_year;
    let mine = lines.iter().filter(|l| (&l.frozen.level, &l.frozen.area_code) == (&area.level, &area.area_code));
    let rows: Vec<Vec<String>> = mine
        .map(|l| {
            let base = FigureValue { low: l.frozen.baseline_low, high: l.frozen.baseline_high };
            let theme = drafter.dictionary.function(&l.function_code).map_or("", |f| f.short_label.as_str());
            let now = l.now.map_or_else(|| "―".to_owned(), |v| v.text(&l.unit));
            let label = format!("{theme} {}", l.label);
            vec![
                label,
                format!("{}（{}）", base.text(&l.unit), report_year_label(l.frozen.baseline_year)),
                now,
                l.unit.clone(),
                l.progress(year).to_owned(),
            ]
        })
        .collect();
    (!rows.is_empty()).then(|| left(TableView::new("指標", head(&["指標", "基準値", "この年度", "単位", "基準値から"]), rows)))
}

/// The frozen indicators with today's values. Grain: level, area_code, indicator.
pub fn baseline_table(lines: &[Line], report_year: i32) -> Result<Table> {
    let text =
        |of: &dyn Fn(&Line) -> &str| -> ArrayRef { Arc::new(lines.iter().map(|l| Some(of(l)).filter(|t| !t.is_empty())).collect::<StringArray>()) };
    let number = |of: &dyn Fn(&Line) -> Option<f64>| -> ArrayRef { Arc::new(lines.iter().map(of).collect::<Float64Array>()) };
    let note = |name: &str, label: &str| ColumnNote::new(name, label, "");
    Table::new(
        "plan_baseline",
        vec![
            (note("level", "区域の段階"), text(&|l| &l.frozen.level)),
            (note("area_code", "区域コード"), text(&|l| &l.frozen.area_code)),
            (note("indicator", "指標"), text(&|l| &l.frozen.indicator)),
            (
                note("baseline_year", "基準の報告年度"),
                Arc::new(lines.iter().map(|l| Some(i64::from(l.frozen.baseline_year))).collect::<Int64Array>()),
            ),
            (note("baseline_low", "基準値の下限"), number(&|l| Some(l.frozen.baseline_low))),
            (note("baseline_high", "基準値の上限"), number(&|l| Some(l.frozen.baseline_high))),
            (note("value_low", "この年度の下限"), number(&|l| l.now.map(|v| v.low))),
            (note("value_high", "この年度の上限"), number(&|l| l.now.map(|v| v.high))),
            (note("unit", "単位"), text(&|l| &l.unit)),
            (note("progress", "基準値から"), text(&|l| l.progress(report_year))),
        ],
    )
}

/// All documents as one workbook: a sheet for each section, with the area in front.
pub fn workbook(title: &str, documents: &[Document], date: (i32, u8, u8)) -> Result<Vec<u8>> {
    let mut sheets: BTreeMap<String, (Vec<String>, Vec<Vec<Value>>)> = BTreeMap::new();
    for document in documents {
        let area = document.overview.iter().find(|o| o.label == "区域").map_or("", |o| o.value.as_str());
        for table in document.sections.iter().flat_map(|s| &s.tables) {
            let (_, rows) = sheets.entry(table.caption.clone()).or_insert_with(|| (table.head.clone(), Vec::new()));
            rows.extend(table.rows.iter().map(|r| std::iter::once(area).chain(r.iter().map(String::as_str)).map(Value::from).collect::<Vec<_>>()));
        }
    }
    let mut book = Book::new(title, date)?;
    for (name, (head, rows)) in sheets {
        let first = Column::new("対象の区域", Width::Narrow);
        let columns: Vec<Column> = std::iter::once(first).chain(head.iter().map(|h| Column::new(h.clone(), Width::Middle))).collect();
        book.table(&name.chars().take(31).collect::<String>(), &columns, rows)?;
    }
    book.finish()
}
