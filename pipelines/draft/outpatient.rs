//! 地域外来医療 (医療法第30条の18の5第1項第1号イ): what is short in an area, for certain or possibly, without a facility's name.
//!
//! Which figures say so are rows of `sql/rules/outpatient_gaps.csv`. What openers of clinics told the prefecture stands beside it
//! with its origin and date, and is never subtracted.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, StringArray};
use serde::Deserialize;

use super::document::{Document, Section};
use super::sheet::{Labelled, TableView};
use super::{Drafter, place_name};
use crate::aggregate::figure::FigureValue;
use crate::facts::areas::Area;
use crate::facts::dictionary::read_csv;
use crate::facts::record::{Record, against_earlier};
use crate::facts::workspace::level_label;
use crate::ground::artefact::{ColumnNote, Table};
use crate::ground::error::Result;
use crate::ground::numbers::{report_year_label, wareki_date};

/// Below this number of facilities an amount would be a single facility's own.
const FEW: i64 = 3;

#[derive(Clone, Debug, Deserialize)]
struct GapRow {
    gap_code: String,
    function_code: String,
    category: String,
    what: String,
    indicator: String,
    /// `excess`: above 0 is short; `below_100`: a share of what is needed.
    reading: String,
    from_year: i32,
    to_year: Option<i32>,
    source: String,
    confidence: String,
}

/// Something short in an area, with the interval that is the evidence.
#[derive(Clone, Debug)]
pub struct Gap {
    pub gap_code: String,
    pub function_code: String,
    pub category: String,
    pub what: String,
    pub is_certain: bool,
    /// `None` where the amount would be one facility's own.
    pub value: Option<FigureValue>,
    pub unit: String,
    pub indicator: String,
    pub source: String,
    pub confidence: String,
}

/// What is short in an area, in the order of the rows.
pub fn gaps(drafter: &Drafter<'_>, area: &Area) -> Result<Vec<Gap>> {
    let year = drafter.report_year;
    let rows: Vec<GapRow> = read_csv("sql/rules/outpatient_gaps.csv")?;
    let answers = drafter.facts.answers(area)?;
    let banded = drafter.facts.summary(area, "g2c")?.rest.get("managed_patients_facilities").and_then(serde_json::Value::as_i64).unwrap_or(0);
    let mut gaps = Vec::new();
    for row in rows.into_iter().filter(|r| r.from_year <= year && r.to_year.is_none_or(|to| year <= to)) {
        let Some(value) = answers.figures.get(&row.indicator) else { continue };
        let (is_certain, is_possible) = match row.reading.as_str() {
            "below_100" => (value.high < 100.0, value.low < 100.0),
            _ => (value.low > 0.0, value.high > 0.0),
        };
        if !is_possible {
            continue;
        }
        let indicator = drafter.names.indicator(&row.indicator)?;
        let is_few = indicator.unit.starts_with('人') && (1..FEW).contains(&banded);
        let shown = if row.reading == "excess" { FigureValue { low: value.low.max(0.0), high: value.high.max(0.0) } } else { *value };
        gaps.push(Gap {
            gap_code: row.gap_code,
            function_code: row.function_code,
            category: row.category,
            what: row.what,
            is_certain,
            value: (!is_few).then_some(shown),
            unit: indicator.unit.clone(),
            indicator: row.indicator,
            source: format!("{}（{}）", indicator.source, row.source),
            confidence: row.confidence,
        });
    }
    Ok(gaps)
}

/// One document for the prefecture and each of its medical areas.
pub fn documents(drafter: &Drafter<'_>, record: &Record, areas: &[Area]) -> Result<Vec<Document>> {
    areas.iter().filter(|a| a.has_parts()).map(|area| document(drafter, record, areas, area)).collect()
}

fn document(drafter: &Drafter<'_>, record: &Record, areas: &[Area], area: &Area) -> Result<Document> {
    let now = gaps(drafter, area)?;
    let line = |label: &str, value: String| Labelled { label: label.into(), value };
    let mut overview =
        vec![line("協議事項", "医療法第30条の18の5第1項第1号イ（地域において特に必要とされる外来医療）".into()), line("区域", area.name.clone())];
    let flags: Vec<String> = record.flags(area, drafter.report_year).iter().map(flag_words).collect();
    if !flags.is_empty() {
        overview.push(line("区域の指定", flags.join("。")));
    }
    let table = |title: &str, certain: bool| {
        let rows: Vec<Vec<String>> = now.iter().filter(|g| g.is_certain == certain).map(|g| row_of(g, drafter)).collect();
        Section { title: title.into(), lines: Vec::new(), tables: if rows.is_empty() { Vec::new() } else { vec![gap_table(title, rows)] } }
    };
    let mut sections = vec![table("1. 足りないことが確かなもの", true), table("2. 足りないかもしれないもの（幅の中に入る）", false)];
    sections.extend(earlier_section(record, area, &now));
    sections.extend(notices_section(record, area, areas));
    let notes = vec![
        "「確か」は、未報告の医療機関がすべて機能をもっていても足りないもの、「かもしれない」は、未報告や階級の幅の中で足りる場合も足りない場合もあるものです。".to_owned(),
        "医療機関の名前は載せていません。届出と意向は、供給に数えていません。".to_owned(),
        "公衆衛生（学校医・予防接種など）の不足は、報告の項目が有無だけのため、この表では求めていません。".to_owned(),
    ];
    Ok(Document {
        document_id: format!("outpatient_{}", area.area_code),
        root: "../",
        kind: "地域外来医療".into(),
        title: format!("{}において特に必要とされる外来医療（地域外来医療）", place_name(area)),
        prefecture: drafter.prefecture(),
        simulated: drafter.simulated,
        report_year_label: report_year_label(drafter.report_year),
        overview,
        sections,
        notes,
        sources: drafter.sources(&["g2a", "g2c", "g2d"]),
    })
}

/// 「外来医師過多区域の候補 神戸（全域、…）」
pub fn flag_words(flag: &crate::facts::record::Flag) -> String {
    let part = if flag.part.is_empty() { if flag.whole { "全域" } else { "一部" }.to_owned() } else { flag.part.clone() };
    let measures = if flag.measures.is_empty() { String::new() } else { format!("、{}", flag.measures) };
    format!("{} {}（{part}、{}から{measures}。{}）", flag.label, flag.name, wareki_date(&flag.since), flag.source)
}

fn row_of(gap: &Gap, drafter: &Drafter<'_>) -> Vec<String> {
    let function = drafter.dictionary.function(&gap.function_code).map_or("", |f| f.short_label.as_str());
    let amount = gap.value.map_or_else(|| "―（1〜2施設の値のため出しません）".to_owned(), |v| format!("{}{}", v.text(&gap.unit), gap.unit));
    vec![gap.category.clone(), function.to_owned(), gap.what.clone(), amount, gap.source.clone()]
}

fn gap_table(title: &str, rows: Vec<Vec<String>>) -> TableView {
    let head = ["区分", "機能", "何が", "根拠（少なくとも〜多くとも）", "出典"].map(str::to_owned).to_vec();
    let mut table = TableView::new(title.split_once(' ').map_or(title, |(_, t)| t), head, rows);
    table.align = vec!["left"; 5];
    table
}

/// The difference from the shortages that an earlier plan named; none where nobody recorded one.
fn earlier_section(record: &Record, area: &Area, now: &[Gap]) -> Option<Section> {
    let earlier: Vec<_> = record.earlier.iter().filter(|e| e.area_code == area.area_code).collect();
    let first = earlier.first()?;
    let found = against_earlier(&now.iter().map(|g| (g.category.clone(), g.is_certain)).collect::<Vec<_>>(), &earlier);
    let words = |what: &str| match what {
        "both" => "前も今も不足",
        "new" => "今だけ（前の計画にはない）",
        _ => "前だけ（今の報告からは言えない）",
    };
    let rows = found.iter().map(|(category, what)| vec![category.clone(), words(what).to_owned()]).collect();
    let mut table = TableView::new("前の外来医療計画との差", vec!["区分".into(), "前と今".into()], rows);
    table.align = vec!["left"; 2];
    table.note = format!("前の計画：{}（{}）", first.source, first.year);
    Some(Section { title: "3. 前の外来医療計画との差".into(), lines: Vec::new(), tables: vec![table] })
}

/// Intentions told outside the report, counted by origin and content.
fn notices_section(record: &Record, area: &Area, areas: &[Area]) -> Option<Section> {
    let mut groups: BTreeMap<(String, String, bool), Vec<String>> = BTreeMap::new();
    for n in record.notices_in(area, areas) {
        groups.entry((n.origin.clone(), n.care.clone(), n.willing)).or_default().push(n.date.clone());
    }
    if groups.is_empty() {
        return None;
    }
    let row = |((origin, care, willing), dates): ((String, String, bool), Vec<String>)| {
        let (first, last) = (dates.iter().min().cloned().unwrap_or_default(), dates.iter().max().cloned().unwrap_or_default());
        let when = if first == last { wareki_date(&first) } else { format!("{}〜{}", wareki_date(&first), wareki_date(&last)) };
        vec![origin, care, if willing { "有" } else { "無" }.to_owned(), dates.len().to_string(), when]
    };
    let head = ["出どころ", "地域外来医療の内容", "意向", "件数", "受理日"].map(str::to_owned).to_vec();
    let mut table = TableView::new("事前届出と意向確認書による意向", head, groups.into_iter().map(row).collect());
    table.align = vec!["left", "left", "left", "right", "left"];
    table.note = "意向であり、供給には数えていません。頻度と時期は文章のため、数えません。".into();
    Some(Section { title: "4. 届出と意向確認書による意向".into(), lines: Vec::new(), tables: vec![table] })
}

/// The open table `local_outpatient`. Grain: level, area_code, gap_code.
pub fn table(drafter: &Drafter<'_>, record: &Record, areas: &[Area]) -> Result<Table> {
    let mut rows: Vec<(&Area, Gap, String)> = Vec::new();
    for area in areas {
        let flags = record.flags(area, drafter.report_year).iter().map(|f| format!("{} {}", f.label, f.name)).collect::<Vec<_>>().join("、");
        rows.extend(gaps(drafter, area)?.into_iter().map(|g| (area, g, flags.clone())));
    }
    let text = |of: &dyn Fn(&(&Area, Gap, String)) -> String| -> ArrayRef {
        Arc::new(rows.iter().map(|r| Some(of(r)).filter(|t| !t.is_empty())).collect::<StringArray>())
    };
    let number =
        |of: &dyn Fn(&FigureValue) -> f64| -> ArrayRef { Arc::new(rows.iter().map(|r| r.1.value.as_ref().map(of)).collect::<Float64Array>()) };
    let note = |name: &str, label: &str| ColumnNote::new(name, label, "");
    let function = |r: &(&Area, Gap, String)| drafter.dictionary.function(&r.1.function_code).map_or_else(String::new, |f| f.short_label.clone());
    Table::new(
        "local_outpatient",
        vec![
            (note("report_year", "報告年度"), Arc::new(rows.iter().map(|_| Some(i64::from(drafter.report_year))).collect::<Int64Array>())),
            (note("level", "区域の段階"), text(&|r| level_label(&r.0.level).to_owned())),
            (note("area_code", "区域コード"), text(&|r| r.0.area_code.clone())),
            (note("area_name", "区域名"), text(&|r| r.0.name.clone())),
            (note("function", "機能"), text(&function)),
            (note("category", "区分"), text(&|r| r.1.category.clone())),
            (note("what", "何が"), text(&|r| r.1.what.clone())),
            (note("certainty", "確かさ"), text(&|r| if r.1.is_certain { "足りないことが確か" } else { "足りないかもしれない" }.to_owned())),
            (note("evidence_low", "根拠の下限"), number(&|v| v.low)),
            (note("evidence_high", "根拠の上限"), number(&|v| v.high)),
            (note("unit", "単位"), text(&|r| r.1.unit.clone())),
            (note("indicator", "指標"), text(&|r| r.1.indicator.clone())),
            (note("source", "出典"), text(&|r| r.1.source.clone())),
            (note("confidence", "確かさ（V・P・I・PROP）"), text(&|r| r.1.confidence.clone())),
            (note("designated", "区域の指定"), text(&|r| r.2.clone())),
        ],
    )
}
