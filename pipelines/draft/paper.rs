//! The data book on paper: the figures of an area page in few pieces, so that a page of many numbers is set quickly.
//!
//! Each table row whose cells fit their columns is marked, and needs no measuring; numbers by breakdown are one run of text.

use serde::Serialize;

use super::book::{FigureGroup, FigureLine};
use super::sheet::{AreaLabel, Chart, Named, TableView};
use super::site::AreaPage;

/// Size of the letters in pt; the face is the one of fixed widths, so that the lines of a cell can be counted.
const EM: f64 = 7.0;
/// Height of a row of one line, and what each further line adds, in pt.
const ROW: f64 = 10.2;
const LINE: f64 = 8.9;
/// Empty space at both sides of a cell in pt.
const INSETS: f64 = 6.0;
/// Width of the page's text and of one of its two columns in pt.
const PAGE: f64 = 487.0;
const COLUMN: f64 = 236.0;
/// A table of more rows is set as one run of text, unless it has so many columns that only a table can be read.
const ROWS: usize = 8;
const COLUMNS: usize = 4;

/// One area; `kind` tells it from the other materials of a meeting.
#[derive(Serialize)]
pub struct PaperPage<'a> {
    kind: &'static str,
    title: &'a str,
    prefecture: &'a Named,
    report_year_label: &'a str,
    simulated: bool,
    area: &'a AreaLabel,
    coverage: &'a str,
    /// What every function has one of, a row for each function.
    overview: Option<PaperTable<'a>>,
    overview_chart: Picture<'a>,
    blocks: Vec<Block<'a>>,
    /// Pictures too wide for a column, with their numbers.
    maps: Vec<Picture<'a>>,
    map_lines: Vec<Line>,
    notes: &'a [String],
    sources: &'a [String],
}

#[derive(Serialize)]
struct Picture<'a> {
    id: &'a str,
    title: &'a str,
    alt: &'a str,
    svg: &'a str,
    /// How to read it, where no table beside it says so.
    note: &'a str,
}

/// A part under its heading.
#[derive(Serialize)]
struct Block<'a> {
    label: &'a str,
    charts: Vec<Picture<'a>>,
    tables: Vec<PaperTable<'a>>,
    /// Long tables, without their lines.
    runs: Vec<Line>,
    /// The figures.
    lines: Vec<Line>,
    /// What the stars of the lines stand for; empty without lines.
    sources: String,
}

/// A run of text: a heading, what follows it, and the numbers by breakdown on a line of their own.
#[derive(Serialize)]
struct Line {
    head: String,
    text: String,
    items: String,
}

#[derive(Serialize)]
struct PaperTable<'a> {
    caption: &'a str,
    head: Vec<String>,
    align: Vec<&'static str>,
    /// In pt.
    widths: Vec<f64>,
    rows: Vec<Vec<String>>,
    /// Of the head and each row in pt, where it is known beforehand.
    heights: Vec<Option<f64>>,
    note: &'a str,
}

impl<'a> PaperPage<'a> {
    pub fn new(page: &'a AreaPage) -> Self {
        let functions = page.functions.iter().map(|f| Block {
            label: &f.label,
            charts: f.charts.iter().filter(|c| c.is_narrow()).map(Picture::of).collect(),
            ..Block::of_figures(f.figures.iter().filter(|g| !is_shared(g))).with_tables(f.tables.iter())
        });
        let future = (!page.future.is_empty()).then(|| Block { label: "将来の見込み", ..Block::of_figures(page.future.iter()) });
        let population = Block {
            label: "人口",
            charts: page.population_charts.iter().map(Picture::of).collect(),
            ..Block::of_figures(std::iter::empty()).with_tables(std::iter::once(&page.population).chain(&page.population_tables))
        };
        let wide = || page.functions.iter().flat_map(|f| &f.charts).filter(|c| !c.is_narrow());
        Self {
            kind: "area",
            title: &page.title,
            prefecture: &page.prefecture,
            report_year_label: &page.report_year_label,
            simulated: page.simulated,
            area: &page.area,
            coverage: &page.coverage,
            overview: overview(page),
            overview_chart: Picture::of(&page.overview),
            blocks: functions.chain(future).chain([population]).collect(),
            maps: wide().map(Picture::of).collect(),
            map_lines: wide().map(Line::of_map).collect(),
            notes: &page.notes,
            sources: &page.sources,
        }
    }
}

impl<'a> Picture<'a> {
    fn of(chart: &'a Chart) -> Self {
        let note = if chart.data_beside { "" } else { chart.data.note.as_str() };
        Self { id: &chart.id, title: &chart.title, alt: &chart.alt, svg: &chart.svg, note }
    }
}

/// Whether every function has one figure of this indicator.
fn is_shared(group: &FigureGroup) -> bool {
    group.by_breakdown && group.lines.len() == 1
}

fn overview(page: &AreaPage) -> Option<PaperTable<'_>> {
    let shared = || page.functions.iter().map(|f| f.figures.iter().filter(|g| is_shared(g)));
    let mut indicators: Vec<(&str, &str)> = Vec::new();
    for group in shared().flatten() {
        let column = (group.label.as_str(), group.lines[0].unit.as_str());
        if !indicators.contains(&column) {
            indicators.push(column);
        }
    }
    let rows: Vec<Vec<String>> = page
        .functions
        .iter()
        .zip(shared())
        .map(|(f, groups)| {
            let groups: Vec<&FigureGroup> = groups.collect();
            let cell = |column: &(&str, &str)| {
                let found = groups.iter().find(|g| (g.label.as_str(), g.lines[0].unit.as_str()) == *column);
                found.map_or_else(|| "―".to_owned(), |g| value(&g.lines[0]) + &before(&g.lines[0]))
            };
            std::iter::once(f.label.clone()).chain(indicators.iter().map(cell)).collect()
        })
        .collect();
    let width = if indicators.len() > 5 { 54.0 } else { 84.0 };
    let head = std::iter::once("機能".to_owned()).chain(indicators.iter().map(|(label, unit)| format!("{label}（{unit}）"))).collect();
    (!indicators.is_empty()).then(|| PaperTable::new("", head, rows, PAGE, width, ""))
}

impl<'a> PaperTable<'a> {
    fn in_column(table: &'a TableView) -> Self {
        let width = [60.0, 54.0, 43.0, 43.0].get(table.head.len().saturating_sub(2)).copied().unwrap_or(34.0);
        Self { align: table.align.clone(), ..Self::new(&table.caption, table.head.clone(), table.rows.clone(), COLUMN, width, &table.note) }
    }

    /// The first column takes what the others leave of `whole`.
    fn new(caption: &'a str, head: Vec<String>, rows: Vec<Vec<String>>, whole: f64, width: f64, note: &'a str) -> Self {
        let others = head.len().saturating_sub(1);
        let widths: Vec<f64> = std::iter::once(whole - width * others as f64).chain(std::iter::repeat_n(width, others)).collect();
        let height = |row: &Vec<String>| {
            let lines = row.iter().zip(&widths).map(|(cell, width)| lines_of(cell, width - INSETS)).collect::<Option<Vec<_>>>()?;
            Some(ROW + LINE * (lines.into_iter().max()?.saturating_sub(1) as f64))
        };
        let heights = std::iter::once(&head).chain(&rows).map(height).collect();
        let align = (0..head.len()).map(|i| if i == 0 { "left" } else { "right" }).collect();
        Self { caption, head, align, widths, rows, heights, note }
    }
}

/// Lines that a cell takes in a column of `width` pt; `None` where the places of its line breaks are not certain.
fn lines_of(cell: &str, width: f64) -> Option<usize> {
    let half = |c: char| c.is_ascii() || ('\u{FF61}'..='\u{FF9F}').contains(&c);
    let length: f64 = cell.chars().map(|c| if half(c) { EM / 2.0 } else { EM }).sum();
    if length <= width {
        return Some(1);
    }
    // marks that may not begin a line take a letter with them
    let lines = |width: f64| (length / ((width / EM).floor() * EM)).ceil();
    (!cell.contains(|c: char| c.is_ascii()) && lines(width) == lines(width - EM)).then(|| lines(width) as usize)
}

impl<'a> Block<'a> {
    /// Figures that stand for themselves with their sentences; those by breakdown as a list, with the sentence of the first as example.
    fn of_figures(groups: impl Iterator<Item = &'a FigureGroup>) -> Self {
        let groups: Vec<&FigureGroup> = groups.collect();
        let mut sources: Vec<&str> = Vec::new();
        let mut lines = Vec::new();
        let mut next = groups.iter().peekable();
        while let Some(group) = next.next() {
            let mark = sources.iter().position(|s| *s == group.source).unwrap_or_else(|| {
                sources.push(&group.source);
                sources.len() - 1
            });
            // two figures of the same things stand side by side
            let beside = next.next_if(|other| group.lines.len() > 1 && has_same_parts(group, other) && other.source == group.source);
            lines.push(Line::of_group(group, beside.copied(), mark + 1));
        }
        let named: Vec<String> = sources.iter().enumerate().map(|(i, source)| format!("*{} {source}", i + 1)).collect();
        let sources = if named.is_empty() { String::new() } else { format!("出典：{}", named.join("　")) };
        Self { label: "", charts: Vec::new(), tables: Vec::new(), runs: Vec::new(), lines, sources }
    }

    fn with_tables(self, tables: impl Iterator<Item = &'a TableView>) -> Self {
        let (short, long): (Vec<&TableView>, Vec<&TableView>) = tables.partition(|t| t.rows.len() <= ROWS || t.head.len() > COLUMNS);
        Self { tables: short.into_iter().map(PaperTable::in_column).collect(), runs: long.into_iter().map(Line::of_table).collect(), ..self }
    }
}

fn has_same_parts(a: &FigureGroup, b: &FigureGroup) -> bool {
    a.lines.len() == b.lines.len() && a.lines.iter().zip(&b.lines).all(|(a, b)| a.label == b.label)
}

impl Line {
    fn of_group(group: &FigureGroup, beside: Option<&FigureGroup>, mark: usize) -> Self {
        let first = &group.lines[0];
        if group.lines.len() == 1 {
            let widened = if first.widened == "なし" { String::new() } else { format!("（{}）", first.widened) };
            return Self {
                head: format!("{}　{}{}", first.label, value(first), first.unit),
                text: format!(" *{mark}　{}{widened}{}", first.sentence, before(first)),
                items: String::new(),
            };
        }
        let name = |g: &FigureGroup| format!("{}（{}）", g.label, g.lines[0].unit);
        let mut items = String::new();
        let mut under = None;
        for (i, l) in group.lines.iter().enumerate() {
            // of two parts the first is said once for the lines that share it
            let (upper, label) = l.label.split_once('・').filter(|_| l.breakdown.contains(';')).unwrap_or(("", &l.label));
            if under != Some(upper) {
                let bracket = if upper.is_empty() { String::new() } else { format!("【{upper}】") };
                items += &format!("{}{bracket}", if i > 0 { "　" } else { "" });
                under = Some(upper);
            } else {
                items += "　";
            }
            let also = if l.also.is_empty() { String::new() } else { format!("（{}）", l.also) };
            let other = beside.and_then(|g| g.lines.get(i)).map_or_else(String::new, |l| format!("［{}{}］", value(l), before(l)));
            items += &format!("{label}：{}{also}{}{other}", value(l), before(l));
        }
        Self {
            head: beside.map_or_else(|| name(group), |other| format!("{}［{}］", name(group), name(other))),
            text: format!(" *{mark}　例：{}", first.sentence),
            items,
        }
    }

    /// The places of a map with their numbers, because not every circle has room for its own; the classes are drawn.
    fn of_map(map: &Chart) -> Self {
        let place = |row: &Vec<String>| match row.as_slice() {
            [name, number, value, ..] => format!("{number} {name}：{value}"),
            other => other.join("："),
        };
        Self { head: "数値".into(), text: String::new(), items: map.data.rows.iter().map(place).collect::<Vec<_>>().join("　") }
    }

    /// A table row by row, in the order of its columns.
    fn of_table(table: &TableView) -> Self {
        let item = |row: &Vec<String>| {
            let numbers: Vec<&str> = row.iter().skip(1).map(String::as_str).filter(|cell| !matches!(*cell, "―" | "")).collect();
            format!("{}：{}", row.first().map_or("", String::as_str), numbers.join("／"))
        };
        Self {
            head: table.caption.clone(),
            text: format!("　{}。{}", table.head[1..].join("／"), table.note),
            items: table.rows.iter().map(item).collect::<Vec<_>>().join("　"),
        }
    }
}

fn value(line: &FigureLine) -> String {
    if line.low == line.high { line.low.clone() } else { format!("{}〜{}", line.low, line.high) }
}

/// The figure of the year before, and whether it rose or fell where that can be told.
fn before(line: &FigureLine) -> String {
    match (line.before.as_str(), line.moved) {
        ("", _) => String::new(),
        (before, false) => format!("（前 {before}）"),
        (before, true) => format!("（前 {before}、{}）", line.verdict),
    }
}
