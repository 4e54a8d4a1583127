//! 将来の在宅（訪問診療）需要推計: receipts per month of every 構想区域, today and as projected.

use crate::ground::text;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::codes::padded;
use super::parts::Parts;
use super::report::Notes;
use super::{AS_PUBLISHED, Made, header_row, number};
use crate::facts::reference::systems::SystemArea;
use crate::ground::error::{Error, Result};
use crate::ground::spreadsheet::Sheet;

/// A sheet of the workbook as values.
pub struct Demand {
    /// Year and its label, `2030年度（現状投影）`.
    pub years: Vec<(i32, String)>,
    pub rows: Vec<Row>,
}

pub struct Row {
    pub line: usize,
    /// 4 digits.
    pub area_code: String,
    pub prefecture: String,
    pub name: String,
    /// Receipts per month, by year.
    pub receipts: Vec<f64>,
}

pub fn read(sheet: &Sheet, notes: &mut Notes) -> Result<Demand> {
    let head = header_row(sheet, "構想区域コード")?;
    let column = |name: &str| (0..sheet.rows[head].len()).find(|&c| text::fold(sheet.text(head, c)) == name);
    let place = || format!("シート「{}」の {} 行目", sheet.name, head + 1);
    let code_at = column("構想区域コード").ok_or_else(|| Error::new("列「構想区域コード」がありません").at(place()).next(AS_PUBLISHED))?;
    let name_at = column("構想区域名").ok_or_else(|| Error::new("列「構想区域名」がありません").at(place()).next(AS_PUBLISHED))?;
    let prefecture_at = column("都道府県").ok_or_else(|| Error::new("列「都道府県」がありません").at(place()).next(AS_PUBLISHED))?;
    let parts = Parts::of("demand")?;
    parts.unknown_columns(sheet, [head - 1, head], notes);
    let mut years: Vec<(usize, i32, String)> = Vec::new();
    for c in 0..sheet.rows[head - 1].len() {
        let label = sheet.text(head - 1, c);
        // another scenario would be another figure for the same year
        if let Some(year) = text::fold(label).split_once("年度").and_then(|(y, _)| y.parse().ok()).filter(|_| parts.is_used(label)) {
            parts.refuse_other(sheet, head, c)?;
            years.push((c, year, label.to_owned()));
        }
    }
    if years.is_empty() {
        return Err(Error::new("年度の見出しがありません").at(place()).next(AS_PUBLISHED));
    }
    let (mut rows, mut totals) = (Vec::new(), Vec::new());
    for r in head + 1..sheet.rows.len() {
        let raw = sheet.text(r, code_at);
        if raw.is_empty() {
            if let Ok(said) = number(sheet, r, years[0].0) {
                totals.push((r, said));
            } else if let Some(cell) = sheet.rows[r].iter().find(|c| !c.text.trim().is_empty()) {
                notes.row("note_row", sheet, r, "", &cell.text.chars().take(40).collect::<String>(), "");
            }
            continue;
        }
        let (area_code, lost_zero) = padded(raw, 4)
            .ok_or_else(|| Error::new(format!("構想区域コード「{raw}」を読めません")).at(sheet.place(r, code_at)).next(AS_PUBLISHED))?;
        if lost_zero {
            notes.row("lost_zero", sheet, r, &area_code, sheet.text(r, name_at), raw);
        }
        let receipts = years.iter().map(|(c, ..)| number(sheet, r, *c)).collect::<Result<_>>()?;
        let text = |c: usize| sheet.text(r, c).trim().to_owned();
        rows.push(Row { line: r + 1, area_code, prefecture: text(prefecture_at), name: text(name_at), receipts });
    }
    sums(sheet, &rows, &totals, prefecture_at, notes);
    Ok(Demand { years: years.into_iter().map(|(_, y, l)| (y, l)).collect(), rows })
}

/// A row with figures and without a code is a total: of the prefecture that it names, else of the nation.
fn sums(sheet: &Sheet, rows: &[Row], totals: &[(usize, f64)], prefecture_at: usize, notes: &mut Notes) {
    for &(r, said) in totals {
        let name = sheet.text(r, prefecture_at).trim();
        let of: Vec<&Row> = rows.iter().filter(|row| row.prefecture == name).collect();
        let of = if of.is_empty() { rows.iter().collect() } else { of };
        let sum: f64 = of.iter().map(|row| row.receipts[0]).sum();
        // published to many digits: a difference of a receipt is none of rounding
        let reason = if (sum - said).abs() < 1.0 { "total_row" } else { "sum_differs" };
        notes.row(reason, sheet, r, "", name, &format!("{said}件と{sum:.2}件"));
    }
}

/// The table `home_care_demand` of a prefecture; every area of the system in use must be there.
pub fn tables(sheet: &Sheet, demand: &Demand, areas: &[SystemArea], prefecture_code: &str, notes: &mut Notes) -> Result<Vec<Made>> {
    let mut text = String::from("area_339_code,year,receipts_per_month\n");
    let mut by_code: BTreeMap<&str, &Row> = BTreeMap::new();
    for row in &demand.rows {
        if !row.area_code.starts_with(prefecture_code) {
            notes.row("other_prefecture", sheet, row.line - 1, &row.area_code, &row.name, "");
        } else if areas.iter().any(|a| a.area_code == row.area_code) {
            if by_code.insert(&row.area_code, row).is_some() {
                return Err(Error::new(format!("構想区域 {} の行が二つあります", row.area_code))
                    .at(format!("シート「{}」の {} 行目", sheet.name, row.line))
                    .next(AS_PUBLISHED));
            }
        } else {
            notes.row("unknown_code", sheet, row.line - 1, &row.area_code, &row.name, "");
        }
    }
    let missing: Vec<String> =
        areas.iter().filter(|a| !by_code.contains_key(a.area_code.as_str())).map(|a| format!("{} {}", a.area_code, a.name)).collect();
    super::refuse_missing(&missing)?;
    for (code, row) in by_code {
        for ((year, _), receipts) in demand.years.iter().zip(&row.receipts) {
            writeln!(text, "{code},{year},{receipts:.2}").ok();
        }
    }
    Ok(vec![Made { table_name: "home_care_demand", text }])
}
