//! Tables and charts of one area and function, as listed in `reports/sheets/figures.csv`.
//!
//! Labels come from the dictionary through the aggregate tables; a chart gets this area's rows and nothing else.

use crate::aggregate::figure::{FigureValue, Indicator};
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::sheet::{Chart, TableView};
use crate::facts::dictionary::{Dictionary, read_csv};
use crate::facts::rules::Rules;
use crate::ground::error::{Error, Result};
use crate::ground::numbers::{percent_or_dash, thousands};
use crate::render::charts;

/// One row of `figures.csv`.
#[derive(Clone, Debug, Deserialize)]
pub struct FigureRow {
    pub function_code: String,
    /// `yes_no`, `choices`, `modes`, `counts` or `indicators`, or a picture of `pictures.rs`.
    pub kind: String,
    /// Report items or indicators, separated by `;`; `need:` before an indicator marks what is needed.
    pub items: String,
    pub caption: String,
    /// `bars`, `stacked`, `intervals` or empty; a picture has its own, `years` has none.
    pub chart: String,
    pub chart_title: String,
    /// What of it stands on the sheet: `both`, `table`, `chart` or `none`; the area page has all.
    pub on_sheet: String,
}

impl FigureRow {
    /// Whether the table or the chart stands on the sheet.
    pub fn shows(&self, what: &str) -> bool {
        self.on_sheet == "both" || self.on_sheet == what
    }

    /// Whether the picture shows how much there is, so that the share of facilities needs no picture of its own.
    pub fn shows_amounts(&self) -> bool {
        !matches!(self.chart.as_str(), "" | "bars" | "stacked")
    }
}

pub fn rows() -> Result<Vec<FigureRow>> {
    read_csv("reports/sheets/figures.csv")
}

/// Facilities that chose one choice of an item, in one area.
#[derive(Clone, Debug, Serialize)]
pub struct ChoiceCount {
    pub label: String,
    pub mode: String,
    pub polarity: String,
    pub is_intention: bool,
    pub facilities: i64,
}

/// Claims of one item in one area.
#[derive(Clone, Debug, Serialize)]
pub struct ClaimCount {
    pub label: String,
    pub facilities_positive: i64,
    pub facilities_masked: i64,
    pub count_low: i64,
    pub count_high: i64,
}

/// Everything the figures of one area need.
#[derive(Clone, Debug, Default)]
pub struct AreaAnswers {
    pub choices: BTreeMap<String, Vec<ChoiceCount>>,
    pub counts: BTreeMap<String, ClaimCount>,
    /// `indicator_code` or `indicator_code|breakdown` → figure.
    pub figures: BTreeMap<String, FigureValue>,
}

/// A table and, where the list asks for one, its chart.
pub struct Figure {
    /// As in `figures.csv`.
    pub kind: String,
    pub table: TableView,
    pub chart: Option<Chart>,
    pub table_on_sheet: bool,
    pub chart_on_sheet: bool,
}

/// What modes and indicators are called; read once for all sheets.
pub struct Names {
    /// In the order in which they are shown.
    modes: Vec<ModeRow>,
    indicators: Vec<Indicator>,
}

#[derive(Deserialize)]
struct ModeRow {
    mode: String,
    label: String,
    short: String,
}

/// Facilities that chose a mode, with what the mode is called.
pub struct ModeCount {
    pub label: String,
    /// Shorter name, shared by modes that pictures do not tell apart.
    pub short: String,
    /// Whether the mode is one of having the function.
    pub answers: bool,
    pub facilities: i64,
}

impl Names {
    pub fn load(rates: &str) -> Result<Self> {
        Ok(Self { modes: read_csv("sql/dictionary/modes.csv")?, indicators: Indicator::all(rates)? })
    }

    /// Facilities by mode, in the order of `modes.csv`; modes that the item does not offer are left out.
    pub fn count_by_mode(&self, choices: &[ChoiceCount]) -> Vec<ModeCount> {
        let mut counts = BTreeMap::new();
        for choice in choices {
            let (place, label) = self.mode(choice);
            let short = self.modes.get(place).map_or_else(|| label.clone(), |m| m.short.clone());
            let count =
                counts.entry((place, label.clone())).or_insert(ModeCount { label, short, answers: choice.polarity == "positive", facilities: 0 });
            count.facilities += choice.facilities;
        }
        counts.into_values().collect()
    }

    pub fn indicator(&self, key: &str) -> Result<&Indicator> {
        Indicator::find(&self.indicators, key)
    }

    /// The mode's place in the order and its label.
    fn mode(&self, choice: &ChoiceCount) -> (usize, String) {
        let key = match choice.polarity.as_str() {
            "positive" => choice.mode.as_str(),
            _ if choice.is_intention => "intention",
            _ => "none",
        };
        let found = self.modes.iter().enumerate().find(|(_, m)| m.mode == key);
        found.map_or_else(|| (self.modes.len(), choice.label.clone()), |(i, m)| (i, m.label.clone()))
    }
}

/// Makes the figure of one list row.
pub fn figure(
    row: &FigureRow,
    answers: &AreaAnswers,
    (dictionary, rules): (&Dictionary, &Rules),
    names: &Names,
    area_name: &str,
    chart_id: &str,
) -> Result<Figure> {
    let items: Vec<&str> = row.items.split(';').collect();
    let label = |item: &str| {
        dictionary
            .item(item)
            .map(|i| i.short_label.clone())
            .ok_or_else(|| Error::new(format!("figures.csv の報告事項 {item} が項目辞書にありません")))
    };
    let mut note = String::new();
    let mut made_by = vec![if row.kind == "counts" { "m-agg_item_counts" } else { "m-agg_item_choices" }.to_owned()];
    let (head, body, drawing) = match row.kind.as_str() {
        "choices" => {
            let choices: Vec<&ChoiceCount> = of(answers, items[0])?.iter().filter(|c| c.polarity == "positive").collect();
            let bars: Vec<charts::Bar> =
                choices.iter().map(|c| charts::Bar { label: c.label.clone(), value: c.facilities as f64, note: "施設".into() }).collect();
            let body = choices.iter().map(|c| vec![c.label.clone(), thousands(c.facilities)]).collect();
            let head = vec![label(items[0])?, "医療機関数".into()];
            (head, body, (row.chart == "bars").then(|| charts::bars(&row.chart_title, "施設", &bars)))
        }
        "yes_no" | "modes" => {
            let grid = if row.kind == "modes" { by_mode(&items, answers, names, &label)? } else { by_polarity(&items, answers, &label)? };
            let drawing = (row.chart == "stacked").then(|| grid.stacked(&row.chart_title));
            (grid.head(), grid.body(), drawing)
        }
        "counts" => {
            let mut body = Vec::new();
            let mut hidden = false;
            for item in &items {
                let c = answers.counts.get(*item).ok_or_else(|| no_figures(item))?;
                let few = rules.is_few(c.facilities_positive)?;
                hidden |= few;
                // one facility's own figure is not for a sheet
                let count = if few {
                    "―".to_owned()
                } else if c.count_low == c.count_high {
                    thousands(c.count_low)
                } else {
                    format!("{}〜{}", thousands(c.count_low), thousands(c.count_high))
                };
                body.push(vec![label(item)?, thousands(c.facilities_positive), count]);
            }
            if hidden {
                note = format!("実績のある医療機関が{}施設未満の件数は「―」としています。", rules.value("few_facilities")?);
            }
            (vec!["報告事項".into(), "実績のある医療機関数".into(), "件数（回/年）".into()], body, None)
        }
        "indicators" => {
            let all = &names.indicators;
            made_by.clear();
            let mut body = Vec::new();
            let mut intervals = Vec::new();
            for item in &items {
                let (key, role) = item.strip_prefix("need:").map_or((*item, charts::Role::Supply), |key| (key, charts::Role::Need));
                let indicator = Indicator::find(all, key)?;
                // `figures_absent.csv` says why a figure is not there
                let Some(value) = answers.figures.get(key) else { continue };
                let text = value.text(&indicator.unit);
                made_by.push(indicator.indicator_code.clone());
                // one row of the list may stand for several years
                let year = key.rsplit_once("year=").filter(|_| indicator.breakdown.ends_with('*')).map_or("", |(_, year)| year);
                let label = if year.is_empty() { indicator.label.clone() } else { format!("{}{year}年", indicator.label) };
                body.push(vec![label.clone(), text.clone(), indicator.unit.clone()]);
                intervals.push(charts::Interval { label, low: value.low, high: value.high, text, role, ..charts::Interval::default() });
            }
            let unit = Indicator::find(all, items[0].trim_start_matches("need:"))?.unit.clone();
            let drawing = (row.chart == "intervals").then(|| charts::intervals(&row.chart_title, &unit, None, &intervals));
            (vec!["指標".into(), "下限〜上限".into(), "単位".into()], body, drawing)
        }
        other => return Err(Error::new(format!("figures.csv の kind「{other}」が分かりません"))),
    };
    let table = TableView { note, of: made_by, ..TableView::new(row.caption.clone(), head, body) };
    let chart = drawing.map(|(svg, width, height)| Chart {
        id: chart_id.to_owned(),
        title: format!("{}（{area_name}）", row.chart_title),
        alt: alt_text(&row.chart_title, area_name, &table),
        svg,
        width,
        height,
        data: table.clone(),
        data_beside: true,
    });
    Ok(Figure { kind: row.kind.clone(), table, chart, table_on_sheet: row.shows("table"), chart_on_sheet: row.shows("chart") })
}

/// The chart that every sheet has: the share of facilities with the function, as intervals.
pub fn share_chart(literal: (Option<f64>, Option<f64>), core: Option<(Option<f64>, Option<f64>)>, area_name: &str, chart_id: &str) -> Chart {
    let row = |label: &str, (low, high): (Option<f64>, Option<f64>), emphasis| {
        let text = match (low, high) {
            (Some(l), Some(h)) if (h - l).abs() < 0.0005 => percent_or_dash(Some(l)),
            _ => format!("{}〜{}", percent_or_dash(low), percent_or_dash(high)),
        };
        let value = |v: Option<f64>| v.map_or(f64::NAN, |v| v * 100.0);
        charts::Interval { label: label.into(), low: value(low), high: value(high), emphasis, text, ..charts::Interval::default() }
    };
    let mut rows = vec![row("機能あり（報告どおり）", literal, true)];
    if let Some(core) = core {
        rows.push(row("機能あり（実質）", core, false));
    }
    let said: Vec<String> = rows.iter().map(|r| format!("{} {}", r.label, r.text)).collect();
    let (svg, width, height) = charts::intervals("機能のある医療機関の割合", "%", Some(100.0), &rows);
    let title = format!("機能のある医療機関の割合の下限と上限（{area_name}、報告の対象に対する割合）");
    let alt = format!("{title}：{}。幅は未報告と判定できない医療機関による。", said.join("、"));
    let data = interval_table(&title, "割合", &rows).made_by(vec!["function_share".into()]);
    Chart { id: chart_id.into(), alt, title, svg, width, height, data, data_beside: false }
}

/// The rows of an interval chart as a table.
pub fn interval_table(caption: &str, value: &str, rows: &[charts::Interval]) -> TableView {
    let body = rows.iter().map(|r| vec![r.label.clone(), r.text.clone()]).collect();
    TableView::new(caption, vec!["区分".into(), format!("{value}（少なくとも〜多くとも）")], body)
}

fn of<'a>(answers: &'a AreaAnswers, item: &str) -> Result<&'a Vec<ChoiceCount>> {
    answers.choices.get(item).ok_or_else(|| no_figures(item))
}

fn no_figures(item: &str) -> Error {
    Error::new(format!("報告事項 {item} の集計がありません")).next("reports/sheets/figures.csv の items を確かめてください")
}

/// Rows of items × columns of classes, in facilities.
struct Grid {
    classes: Vec<String>,
    rows: Vec<(String, Vec<i64>)>,
}

impl Grid {
    fn head(&self) -> Vec<String> {
        std::iter::once("区分".to_owned()).chain(self.classes.iter().cloned()).collect()
    }

    fn body(&self) -> Vec<Vec<String>> {
        self.rows.iter().map(|(label, counts)| std::iter::once(label.clone()).chain(counts.iter().map(|n| thousands(*n))).collect()).collect()
    }

    fn stacked(&self, title: &str) -> charts::Drawing {
        let series: Vec<&str> = self.classes.iter().map(String::as_str).collect();
        let rows: Vec<charts::StackedRow> = self
            .rows
            .iter()
            .map(|(label, counts)| charts::StackedRow { label: label.clone(), parts: counts.iter().map(|n| *n as f64).collect() })
            .collect();
        charts::stacked(title, "施設", &series, &rows)
    }
}

type Label<'a> = dyn Fn(&str) -> Result<String> + 'a;

fn by_polarity(items: &[&str], answers: &AreaAnswers, label: &Label<'_>) -> Result<Grid> {
    let mut rows = Vec::new();
    let mut any_intention = false;
    for item in items {
        let choices = of(answers, item)?;
        let sum = |test: &dyn Fn(&ChoiceCount) -> bool| choices.iter().filter(|c| test(c)).map(|c| c.facilities).sum::<i64>();
        any_intention |= choices.iter().any(|c| c.is_intention);
        let counts = vec![
            sum(&|c| c.polarity == "positive"),
            sum(&|c| c.polarity == "negative" && c.is_intention),
            sum(&|c| c.polarity == "negative" && !c.is_intention),
        ];
        rows.push((label(item)?, counts));
    }
    let mut classes = vec!["あり".to_owned(), "なし（意向あり）".to_owned(), "なし".to_owned()];
    if !any_intention {
        classes.remove(1);
        rows.iter_mut().for_each(|(_, counts)| {
            counts.remove(1);
        });
    }
    Ok(Grid { classes, rows })
}

/// Columns are the modes of the items' choice set, in the order of `modes.csv`.
fn by_mode(items: &[&str], answers: &AreaAnswers, names: &Names, label: &Label<'_>) -> Result<Grid> {
    let classes: BTreeSet<(usize, String)> = of(answers, items[0])?.iter().map(|c| names.mode(c)).collect();
    let mut rows = Vec::new();
    for item in items {
        let choices = of(answers, item)?;
        let counts = classes.iter().map(|class| choices.iter().filter(|c| names.mode(c) == *class).map(|c| c.facilities).sum()).collect();
        rows.push((label(item)?, counts));
    }
    Ok(Grid { classes: classes.into_iter().map(|(_, label)| label).collect(), rows })
}

/// A text alternative that says what the picture shows.
fn alt_text(title: &str, area_name: &str, table: &TableView) -> String {
    let rows: Vec<String> = table
        .rows
        .iter()
        .map(|row| {
            let cells: Vec<String> = row.iter().skip(1).zip(table.head.iter().skip(1)).map(|(cell, head)| format!("{head} {cell}")).collect();
            format!("{}は{}", row.first().map_or("", String::as_str), cells.join("、"))
        })
        .collect();
    format!("{area_name}の{title}。{}。", rows.join("。"))
}
