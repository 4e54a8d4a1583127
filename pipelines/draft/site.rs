//! Values of the packet's pages: the overview of the prefecture and one page per area.

use serde::Serialize;

use super::book::{DataBook, FUTURE, FigureGroup};
use super::figures::interval_table;
use super::sheet::{AreaLabel, Chart, KeyFigure, Named, TableView};
use super::words::Sentence;
use super::{Drafter, Summary, area_label, range, sheet_id};
use crate::aggregate::figure::Indicator;
use crate::facts::areas::Area;
use crate::facts::finding::{self, Finding, FindingRule, severity_label};
use crate::ground::error::Result;
use crate::ground::numbers::{percent, percent_or_dash, report_year_label, share_range, thousands};
use crate::render::charts;
use std::collections::{BTreeMap, HashMap};

/// Findings shown on the overview; all of them are in `data/findings.csv`.
const FINDINGS_SHOWN: usize = 30;

#[derive(Clone, Debug, Serialize)]
pub struct IndexPage {
    pub page: &'static str,
    pub root: &'static str,
    pub title: String,
    pub prefecture: Named,
    pub report_year: i32,
    pub report_year_label: String,
    pub simulated: bool,
    pub key_figures: Vec<KeyFigure>,
    pub sentences: Vec<String>,
    pub maps: Vec<Chart>,
    pub charts: Vec<Chart>,
    pub areas: Vec<AreaLine>,
    pub areas_head: Vec<&'static str>,
    pub sheets: SheetMatrix,
    pub results: Vec<ResultLink>,
    pub data: Vec<DataLink>,
    pub findings: FindingList,
    /// Files of the work folder that take the place of built-in ones.
    pub own_files: Vec<String>,
    pub sources: Vec<String>,
    pub generated: String,
}

/// What a run made beside the sheets, for the overview.
pub struct Made<'a> {
    pub results: Vec<ResultLink>,
    pub data: Vec<DataLink>,
    pub findings: FindingList,
    pub own_files: &'a [crate::facts::overrides::Replaced],
}

#[derive(Clone, Debug, Serialize)]
pub struct AreaLine {
    pub code: String,
    pub name: String,
    pub level_label: String,
    pub href: String,
    pub cells: Vec<String>,
    pub municipalities: Vec<AreaLine>,
}

#[derive(Clone, Debug, Serialize)]
pub struct SheetMatrix {
    pub functions: Vec<FunctionHead>,
    pub rows: Vec<SheetRow>,
}

#[derive(Clone, Debug, Serialize)]
pub struct FunctionHead {
    pub code: String,
    pub short: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct SheetRow {
    pub area: AreaLabel,
    pub cells: Vec<Option<SheetLink>>,
}

#[derive(Clone, Debug, Serialize)]
pub struct SheetLink {
    pub html: String,
    pub pdf: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct ResultLink {
    pub title: String,
    pub href_html: String,
    pub href_pdf: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct DataLink {
    pub href: String,
    pub label: String,
    pub note: String,
    pub size: String,
}

#[derive(Clone, Debug, Default, Serialize)]
pub struct FindingList {
    pub counts: Vec<FindingCount>,
    pub rows: Vec<FindingLine>,
    pub more: usize,
}

#[derive(Clone, Debug, Serialize)]
pub struct FindingCount {
    pub severity: String,
    pub n: usize,
}

#[derive(Clone, Debug, Serialize)]
pub struct FindingLine {
    pub severity: String,
    pub what: String,
    #[serde(rename = "where")]
    pub place: String,
    pub next: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct AreaPage {
    pub page: &'static str,
    pub root: &'static str,
    pub title: String,
    pub prefecture: Named,
    pub report_year_label: String,
    pub simulated: bool,
    pub breadcrumb: Vec<Crumb>,
    pub area: AreaLabel,
    pub key_figures: Vec<KeyFigure>,
    /// All functions at a glance.
    pub overview: Chart,
    pub population: TableView,
    /// Tables and charts that stand in the part on residents.
    pub population_tables: Vec<TableView>,
    pub population_charts: Vec<Chart>,
    pub functions: Vec<FunctionBlock>,
    /// Figures about years to come.
    pub future: Vec<FigureGroup>,
    /// Whether the figures stand beside those of the previous report year.
    pub has_previous: bool,
    pub coverage: String,
    pub notes: Vec<String>,
    pub sources: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Crumb {
    pub name: String,
    pub href: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct FunctionBlock {
    pub code: String,
    pub label: String,
    pub sentences: Vec<Sentence>,
    pub tables: Vec<TableView>,
    pub charts: Vec<Chart>,
    /// Every figure of the theme.
    pub figures: Vec<FigureGroup>,
    pub sheet_html: Option<String>,
    pub sheet_pdf: Option<String>,
}

/// Which sheets a run makes: area index and function index, in order of area and function.
pub type Plan = Vec<(usize, usize)>;

impl Drafter<'_> {
    /// The overview of the prefecture.
    pub fn index_page(&self, areas: &[Area], plan: &Plan, made: Made<'_>) -> Result<IndexPage> {
        let Made { results, data, findings, own_files } = made;
        let prefecture = &areas[0];
        let area_values = self.area_values(prefecture)?;
        let (mut sentences, mut maps) = (Vec::new(), vec![self.report_map(areas)?]);
        for function in &self.dictionary.functions {
            let summary = self.facts.summary(prefecture, &function.function_code)?;
            maps.extend(self.function_maps(areas, &function.function_code)?);
            sentences.extend(self.phrases.lines("headline", &Self::values(&area_values, function, summary))?);
        }
        Ok(IndexPage {
            page: "index",
            root: "",
            title: format!("{} かかりつけ医機能報告 協議資料", prefecture.name),
            prefecture: self.prefecture(),
            report_year: self.report_year,
            report_year_label: report_year_label(self.report_year),
            simulated: self.simulated,
            key_figures: self.overview_figures(prefecture)?,
            sentences,
            maps,
            charts: vec![self.functions_chart(prefecture)?],
            areas: self.area_lines(areas)?,
            areas_head: vec!["区域", "対象", "報告", "1号あり", "イ", "ロ", "ハ", "ニ"],
            sheets: self.matrix(areas, plan),
            results,
            data,
            findings,
            own_files: own_files.iter().map(|r| r.path.clone()).collect(),
            sources: self.sources(&["area", "g2a", "g2c"]).into_iter().chain(self.map_credit()).collect(),
            generated: format!("kyogi {}", env!("CARGO_PKG_VERSION")),
        })
    }

    /// The data book of one area.
    pub fn area_page(&self, areas: &[Area], index: usize, plan: &Plan, book: &DataBook) -> Result<AreaPage> {
        let area = &areas[index];
        let area_values = self.area_values(area)?;
        let (mut functions, mut overridden) = (Vec::new(), Vec::new());
        for (f, function) in self.dictionary.functions.iter().enumerate() {
            let summary = self.facts.summary(area, &function.function_code)?;
            let values = Self::values(&area_values, function, summary);
            let mut sentences = self.phrases.sentences("headline", &values)?;
            sentences.extend(self.sentences(area, function, &values)?);
            if let Some(n) = summary.rest.get("overridden").and_then(serde_json::Value::as_i64).filter(|n| *n > 0) {
                overridden.push(minijinja::context! { label => &function.label, n => n });
            }
            let (mut charts, mut tables) = (Vec::new(), Vec::new());
            // one point is no funnel: the overview has the area beside the limits
            for figure in self.figures(area, &function.function_code, 1, |r| r.kind != "funnel" || area.has_parts())? {
                // what only repeats figures, or the values at the bars of its chart
                let repeats = matches!(figure.kind.as_str(), "indicators" | "choices" | "week");
                let id = |c: &Chart| format!("{}_{}", function.function_code, c.id);
                charts.extend(figure.chart.map(|c| Chart { id: id(&c), data_beside: c.data_beside && !repeats, ..c }));
                if !repeats {
                    tables.push(figure.table);
                }
            }
            if area.level == "prefecture" {
                charts.extend(self.function_maps(areas, &function.function_code)?);
            }
            let sheet = plan.contains(&(index, f)).then(|| format!("../sheets/{}", sheet_id(area, function)));
            functions.push(FunctionBlock {
                code: function.function_code.clone(),
                label: function.title(),
                sentences,
                tables,
                charts,
                figures: book.groups(area, &function.function_code)?,
                sheet_html: sheet.as_ref().map(|s| format!("{s}.html")),
                sheet_pdf: sheet.map(|s| format!("{s}.pdf")),
            });
        }
        let mut breadcrumb = vec![Crumb { name: areas[0].name.clone(), href: "../index.html".into() }];
        for code in &area.medical_areas {
            if let Some(parent) = areas.iter().find(|a| a.level == "medical_area" && a.area_code == *code) {
                breadcrumb.push(Crumb { name: parent.name.clone(), href: format!("{code}.html") });
            }
        }
        let (population_tables, population_charts) =
            self.figures(area, "population", 1, |_| true)?.into_iter().map(|f| (f.table, f.chart)).unzip::<_, _, Vec<_>, Vec<_>>();
        let population_charts = population_charts.into_iter().flatten().map(|c| Chart { id: format!("population_{}", c.id), ..c }).collect();
        let mut notes = self.notes_of(book)?;
        notes.extend(self.phrases.lines("overridden", &minijinja::context! { overridden => overridden })?);
        Ok(AreaPage {
            page: "area",
            root: "../",
            title: area.name.clone(),
            prefecture: self.prefecture(),
            report_year_label: report_year_label(self.report_year),
            simulated: self.simulated,
            breadcrumb,
            area: area_label(area),
            key_figures: self.overview_figures(area)?,
            overview: self.functions_chart(area)?,
            population: population_table(area),
            population_tables,
            population_charts,
            functions,
            future: book.groups(area, FUTURE)?,
            has_previous: book.has_previous,
            coverage: book.coverage(area),
            notes,
            sources: self.sources(&["area", "g2a", "g2b", "g2c", "g2d"]),
        })
    }

    /// How to read the figures of the data book.
    pub fn notes_of(&self, book: &DataBook) -> Result<Vec<String>> {
        self.phrases.lines("book", &minijinja::context! { has_previous => book.has_previous })
    }

    fn overview_figures(&self, area: &Area) -> Result<Vec<KeyFigure>> {
        let g1 = self.facts.summary(area, "g1")?;
        let rate = g1.share_low.map(|_| g1.facilities_reported as f64 / g1.facilities_expected as f64);
        let mut list = vec![KeyFigure {
            label: "報告した医療機関".into(),
            value: thousands(g1.facilities_reported),
            unit: format!("／{}施設", thousands(g1.facilities_expected)),
            note: rate.map_or_else(String::new, |r| format!("報告率 {}", percent(r))),
            of: "m-area_summary",
        }];
        for function in &self.dictionary.functions {
            let s = self.facts.summary(area, &function.function_code)?;
            list.push(KeyFigure {
                label: format!("{}あり", function.label),
                value: range(s.positive_literal, s.positive_high()),
                unit: "施設".into(),
                note: s.share_low.zip(s.share_high).map_or_else(String::new, |(low, high)| share_range(low * 100.0, high * 100.0)),
                of: "function_positive",
            });
        }
        Ok(list)
    }

    /// The share of each function, and where it can be compared, what cannot be told from the prefecture.
    fn functions_chart(&self, area: &Area) -> Result<Chart> {
        let mut rows = Vec::new();
        let figures = &self.facts.answers(area)?.figures;
        for function in &self.dictionary.functions {
            let s = self.facts.summary(area, &function.function_code)?;
            let text = match (s.share_low, s.share_high) {
                (Some(low), Some(high)) => share_range(low * 100.0, high * 100.0),
                _ => "―".into(),
            };
            let value = |v: Option<f64>| v.map_or(f64::NAN, |v| v * 100.0);
            let label = function.title();
            let (low, high) = (value(s.share_low), value(s.share_high));
            rows.push(charts::Interval { label, low, high, text, ..charts::Interval::default() });
            if let Some(limits) = figures.get(&Indicator::key("function_share", &format!("function={};compare=funnel95", function.function_code))) {
                rows.push(charts::Interval {
                    label: "　県全体との違いが偶然の範囲（95%）".into(),
                    low: limits.low,
                    high: limits.high,
                    text: share_range(limits.low, limits.high),
                    role: charts::Role::Need,
                    beneath: true,
                    ..charts::Interval::default()
                });
            }
        }
        let limits = if rows.iter().any(|r| r.beneath) { "。枠は県全体との違いが偶然の範囲（95%）" } else { "" };
        let title = format!("機能ごとの「あり」の割合の下限と上限（{}、報告の対象に対する割合{limits}）", area.name);
        let said: Vec<String> = rows.iter().map(|r| format!("{} {}", r.label.trim_start(), r.text)).collect();
        let (svg, width, height) = charts::intervals(&title, "%", Some(100.0), &rows);
        let (alt, data) = (format!("{title}：{}", said.join("、")), interval_table(&title, "割合", &rows).made_by(vec!["function_share".into()]));
        Ok(Chart { id: "functions".into(), alt, title, svg, width, height, data, data_beside: false })
    }

    fn area_lines(&self, areas: &[Area]) -> Result<Vec<AreaLine>> {
        let mut lines = vec![self.area_line(&areas[0])?];
        for area in areas.iter().filter(|a| a.level == "medical_area") {
            let mut line = self.area_line(area)?;
            // a city that spans areas is listed under each of them, with the figures of the whole city
            for m in areas.iter().filter(|m| m.level == "municipality" && m.medical_areas.contains(&area.area_code)) {
                let mut inner = self.area_line(m)?;
                if m.medical_areas.len() > 1 {
                    inner.name.push_str("（市全体）");
                }
                line.municipalities.push(inner);
            }
            lines.push(line);
        }
        for area in areas.iter().filter(|a| a.level == "council_area") {
            lines.push(self.area_line(area)?);
        }
        Ok(lines)
    }

    fn area_line(&self, area: &Area) -> Result<AreaLine> {
        let g1 = self.facts.summary(area, "g1")?;
        let mut cells = vec![thousands(g1.facilities_expected), thousands(g1.facilities_reported)];
        for function in &self.dictionary.functions {
            let s: &Summary = self.facts.summary(area, &function.function_code)?;
            cells.push(range(s.positive_literal, s.positive_high()));
        }
        Ok(AreaLine {
            code: area.area_code.clone(),
            name: area.name.clone(),
            level_label: area_label(area).level_label,
            href: format!("areas/{}.html", area.area_code),
            cells,
            municipalities: Vec::new(),
        })
    }

    fn matrix(&self, areas: &[Area], plan: &Plan) -> SheetMatrix {
        let functions = &self.dictionary.functions;
        let mut rows: BTreeMap<usize, Vec<Option<SheetLink>>> = BTreeMap::new();
        for &(a, f) in plan {
            let id = sheet_id(&areas[a], &functions[f]);
            let link = SheetLink { html: format!("sheets/{id}.html"), pdf: format!("sheets/{id}.pdf") };
            rows.entry(a).or_insert_with(|| vec![None; functions.len()])[f] = Some(link);
        }
        SheetMatrix {
            functions: functions.iter().map(|f| FunctionHead { code: f.function_code.clone(), short: f.label.clone() }).collect(),
            rows: rows.into_iter().map(|(a, cells)| SheetRow { area: area_label(&areas[a]), cells }).collect(),
        }
    }
}

/// The first findings with their texts; notes that need nothing are counted, not listed.
pub fn finding_list(findings: &[Finding], rules: &HashMap<String, FindingRule>) -> FindingList {
    let severity = |f: &Finding| finding::severity(f, rules);
    let mut counts = Vec::new();
    for level in ["must_fix", "confirm", "note"] {
        let n = findings.iter().filter(|f| severity(f) == level).count();
        if n > 0 {
            counts.push(FindingCount { severity: severity_label(level).into(), n });
        }
    }
    let shown: Vec<FindingLine> = findings
        .iter()
        .filter(|f| severity(f) != "note")
        .take(FINDINGS_SHOWN)
        .map(|f| {
            let rule = rules.get(&f.code);
            let mut place = Vec::new();
            if f.row > 0 {
                place.push(format!("行 {}", f.row));
            }
            if !f.column.is_empty() {
                place.push(format!("列 {}", f.column));
            }
            if !f.value.is_empty() {
                place.push(format!("「{}」", f.value));
            }
            FindingLine {
                severity: severity_label(severity(f)).into(),
                what: rule.map_or_else(|| f.code.clone(), |r| r.what.clone()),
                place: place.join("、"),
                next: rule.map_or_else(String::new, |r| r.next.clone()),
            }
        })
        .collect();
    let more = findings.len() - shown.len();
    FindingList { counts, rows: shown, more }
}

fn population_table(area: &Area) -> TableView {
    let p = area.population;
    let share = |n: u32| percent_or_dash((p.total > 0).then(|| f64::from(n) / f64::from(p.total)));
    let row = |label: &str, n: u32| vec![label.to_owned(), thousands(i64::from(n)), share(n)];
    let rows = vec![row("総数", p.total), row("65歳以上", p.over_65), row("75歳以上", p.over_75), row("85歳以上", p.over_85)];
    let of = vec!["m-agg_population".to_owned()];
    let mut table = TableView::new("人口", vec!["区分".into(), "人口（人）".into(), "総数に対する割合".into()], rows).made_by(of);
    table.note = "住民基本台帳に基づく人口（総務省）。年齢が非公表の人がいる市区町村では、年齢階級の合計が総数と一致しません。".into();
    table
}
