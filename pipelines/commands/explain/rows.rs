//! The rows behind a figure: which rows of the extract (or of a public table) count in it, and with how much.
//!
//! `sql/explain/rows.csv` says for each indicator which model of `sql/explain` lists its rows; the models go back to the same
//! facility tables as the figures, so that the sum of the rows can be held against the figure.

use std::fmt::Write as _;
use std::path::Path;

use serde::Deserialize;

use crate::aggregate::figure::{FigureValue, covers};
use crate::draft::sentence::Measure;
use crate::facts::dictionary::read_csv;
use crate::ground::artefact::Table;
use crate::ground::error::Result;
use crate::ground::stage;

const LIST: &str = "sql/explain/rows.csv";

/// Rows of a list on the screen; all of them are in the CSV file.
const SHOWN: usize = 30;

/// One row of `rows.csv`.
#[derive(Clone, Debug, Deserialize)]
struct ListRow {
    indicator_code: String,
    breakdown: String,
    model: String,
    /// Which of the amounts of the model; empty where it has one.
    measure: String,
    /// Report items whose cells are shown, separated by `;`; `{band}` is the value of that part of the breakdown.
    items: String,
    /// What the rows are in the formula; empty: they add up to the figure.
    role: String,
}

/// The rows of one part of a figure.
pub struct RowList {
    pub role: String,
    /// Facilities or places, with what each of them adds to both ends.
    pub table: Table,
}

impl RowList {
    /// Rows of the extract, not of a public table.
    pub fn of_reports(&self) -> bool {
        self.table.columns.iter().any(|c| c.name == "facility_id")
    }

    /// Whether the rows add up to the figure itself.
    pub fn is_whole(&self) -> bool {
        self.role.is_empty()
    }

    /// What the rows add up to.
    pub fn total(&self) -> Result<FigureValue> {
        let mut sum = FigureValue::default();
        for i in 0..self.table.len() {
            sum.low += self.table.number(i, "low")?.unwrap_or_default();
            sum.high += self.table.number(i, "high")?.unwrap_or_default();
        }
        Ok(sum)
    }

    /// Whether both sums are the figure's ends. Only public tables have fractions, whose last digits depend on the order.
    pub fn agrees(&self, m: &Measure) -> Result<bool> {
        let sum = self.total()?;
        let near = |a: f64, b: f64| (a - b).abs() <= 1e-9 * b.abs().max(1.0);
        Ok(near(sum.low, m.value_low) && near(sum.high, m.value_high))
    }
}

/// The lists of rows of a figure, from the stages of its packet; empty for a figure that nobody's row is in.
pub fn lists(stages: &Path, report_year: i32, m: &Measure) -> Result<Vec<RowList>> {
    let rows: Vec<ListRow> = read_csv(LIST)?;
    let parts: Vec<(&str, &str)> = m.breakdown.split(';').filter_map(|p| p.split_once('=')).collect();
    let mut lists = Vec::new();
    for row in rows.into_iter().filter(|r| r.indicator_code == m.indicator_code && covers(&r.breakdown, &m.breakdown)) {
        let mut asked = format!("key,value\nlevel,{}\narea,{}\nmeasure,{}\n", m.level, m.area_code, row.measure);
        let (mut items, mut asked_items) = (row.items.clone(), "item_code,place\n".to_owned());
        for (key, value) in &parts {
            writeln!(asked, "{key},{value}").ok();
            items = items.replace(&format!("{{{key}}}"), value);
        }
        for (place, item) in items.split(';').enumerate() {
            // a table keeps the type of its columns only with a row in it
            writeln!(asked_items, "{},{place}", if item.is_empty() { "-" } else { item }).ok();
        }
        let given = [Table::from_csv("asked", &asked)?, Table::from_csv("asked_items", &asked_items)?];
        lists.push(RowList { role: row.role, table: stage::again(stages, ("explain", &row.model), &given, report_year)? });
    }
    Ok(lists)
}

/// The lists in words: how many rows, what they add up to, and the first of them.
pub fn tell(out: &mut String, lists: &[RowList], m: &Measure) -> Result<()> {
    if !lists.iter().any(RowList::of_reports) {
        writeln!(out, "  報告の行は使っていません").ok();
    }
    for list in lists {
        let what = if list.of_reports() { "報告の行" } else { "公的統計の行" };
        // the parts of a share are no shares
        let total = list.total()?.text(if list.is_whole() { &m.unit } else { "" });
        let said = match (list.is_whole(), list.agrees(m)?) {
            (true, true) => format!("：{} 行、合計 {total}{}（数値と一致）", list.table.len(), m.unit),
            (true, false) => format!(
                "：{} 行、合計 {total}{}（数値と一致しません。kyogi run で資料を作り直し、なお違えば、その行の回答を確かめてください）",
                list.table.len(),
                m.unit
            ),
            (false, _) => format!("〔{}〕：{} 行、足すと {total}", list.role, list.table.len()),
        };
        writeln!(out, "  {what}{said}").ok();
        table(out, &list.table)?;
    }
    Ok(())
}

/// The first rows under the labels of their columns.
fn table(out: &mut String, table: &Table) -> Result<()> {
    if table.is_empty() {
        return Ok(());
    }
    let mut lines: Vec<Vec<String>> = vec![table.columns.iter().map(|c| c.label.clone()).collect()];
    for i in 0..table.len().min(SHOWN) {
        let cell = |value: serde_json::Value| match value {
            serde_json::Value::String(text) => text,
            serde_json::Value::Number(n) => {
                n.as_f64().map_or_else(String::new, |v| if v.fract() == 0.0 { format!("{v:.0}") } else { format!("{v:.1}") })
            }
            _ => String::new(),
        };
        let mut row = table.row_json(i);
        lines.push(table.columns.iter().map(|c| cell(row.remove(&c.name).unwrap_or_default())).collect());
    }
    let widths: Vec<usize> = (0..table.columns.len()).map(|c| lines.iter().map(|l| width(&l[c])).max().unwrap_or_default()).collect();
    for line in &lines {
        let cells: Vec<String> = line.iter().zip(&widths).map(|(cell, w)| format!("{cell}{}", " ".repeat(w - width(cell)))).collect();
        writeln!(out, "    {}", cells.join("  ").trim_end()).ok();
    }
    if table.len() > SHOWN {
        writeln!(out, "    ほか {} 行（--rows ファイル.csv で、すべての行を書けます）", table.len() - SHOWN).ok();
    }
    Ok(())
}

/// Columns of a terminal: a Japanese character takes two.
fn width(text: &str) -> usize {
    text.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum()
}
