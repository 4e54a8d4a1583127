//! 日本の地域別将来推計人口: three result tables (total, share of 65+, share of 75+) make one table of people by year.

use crate::ground::text;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::codes::Codes;
use super::parts::Parts;
use super::report::{Notes, table_note};
use super::{AS_PUBLISHED, Made, header_row, number};
use crate::facts::reference::CodeChange;
use crate::ground::error::{Error, Result};
use crate::ground::spreadsheet::{self, Sheet};

/// One result table as values.
pub struct Part {
    pub years: Vec<i32>,
    pub rows: Vec<PartRow>,
    /// The notes above the table name the municipalities of a group.
    head_text: String,
}

pub struct PartRow {
    pub line: usize,
    /// 5 digits.
    pub code: String,
    /// `a` prefecture, `0` ward, `1` designated city, `2` city, `3` town or village, `9` group of municipalities.
    pub kind: String,
    pub prefecture: String,
    pub name: String,
    pub values: Vec<f64>,
}

/// People of one place in one year.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct People {
    pub total: f64,
    pub over_65: f64,
    pub over_75: f64,
}

/// The three parts together: by code, people of every year.
pub struct Projection {
    pub years: Vec<i32>,
    pub rows: Vec<Row>,
    head_text: String,
}

pub struct Row {
    pub line: usize,
    pub code: String,
    pub kind: String,
    pub name: String,
    pub people: Vec<People>,
}

pub fn read(sheet: &Sheet, workbook_code: &str, notes: &mut Notes) -> Result<Part> {
    let parts = Parts::of(workbook_code)?;
    let head = header_row(sheet, "コード")?;
    let years_row = head + 1;
    let mut years: Vec<(usize, i32)> = Vec::new();
    for c in 0..sheet.rows.get(years_row).map_or(0, spreadsheet::Row::len) {
        let year = text::fold(sheet.text(years_row, c)).strip_suffix('年').and_then(|y| y.parse::<i32>().ok());
        // a second block (index numbers) begins the years again
        if let Some(year) = year
            && years.iter().all(|(_, y)| *y < year)
        {
            years.push((c, year));
        }
    }
    if years.is_empty() {
        return Err(Error::new("年の見出しがありません").at(format!("シート「{}」の {} 行目", sheet.name, years_row + 1)).next(AS_PUBLISHED));
    }
    parts.unknown_columns(sheet, [head, years_row], notes);
    parts.refuse_other(sheet, head, years[0].0)?;
    let head_text = sheet.rows[..head].iter().flatten().map(|c| text::fold(&c.text)).collect::<Vec<_>>().join("\n");
    let mut rows = Vec::new();
    for r in years_row + 1..sheet.rows.len() {
        let raw = sheet.text(r, 0);
        if sheet.rows[r].iter().all(|c| c.text.trim().is_empty()) {
            continue;
        }
        let Some((code, lost_zero)) = super::codes::padded(raw, 5) else {
            if sheet.text(r, years[0].0).is_empty() {
                notes.row("note_row", sheet, r, "", &raw.chars().take(40).collect::<String>(), "");
                continue;
            }
            return Err(Error::new(format!("コード「{raw}」を読めません")).at(sheet.place(r, 0)).next(AS_PUBLISHED));
        };
        let text = |c: usize| sheet.text(r, c).trim().to_owned();
        if lost_zero {
            notes.row("lost_zero", sheet, r, &code, &text(3), raw);
        }
        let values = years.iter().map(|(c, _)| number(sheet, r, *c)).collect::<Result<_>>()?;
        rows.push(PartRow { line: r + 1, code, kind: text::fold(&text(1)), prefecture: text(2), name: text(3), values });
    }
    Ok(Part { years: years.into_iter().map(|(_, y)| y).collect(), rows, head_text })
}

/// Joins the parts; they must speak of the same places and years.
pub fn join(total: &Part, share_65: &Part, share_75: &Part) -> Result<Projection> {
    let mut rows = Vec::with_capacity(total.rows.len());
    let shares = |part: &Part, label: &str| -> Result<BTreeMap<String, Vec<f64>>> {
        if part.years != total.years {
            return Err(Error::new(format!("{label}の年（{}）が、総人口の表の年（{}）と違います", list(&part.years), list(&total.years)))
                .next("同じ年に公表された結果表をそろえてください"));
        }
        Ok(part.rows.iter().map(|r| (r.code.clone(), r.values.clone())).collect())
    };
    let (share_65, share_75) = (shares(share_65, "65歳以上の表")?, shares(share_75, "75歳以上の表")?);
    for row in &total.rows {
        let (Some(a), Some(b)) = (share_65.get(&row.code), share_75.get(&row.code)) else {
            return Err(Error::new(format!("コード {}（{}）の行が、65歳以上又は75歳以上の表にありません", row.code, row.name))
                .next("同じ年に公表された結果表をそろえてください"));
        };
        let people = (0..total.years.len()).map(|i| {
            let of = |share: f64| (row.values[i] * share / 100.0).round();
            People { total: row.values[i], over_65: of(a[i]), over_75: of(b[i]) }
        });
        let name = if row.name.is_empty() { row.prefecture.clone() } else { row.name.clone() };
        rows.push(Row { line: row.line, code: row.code.clone(), kind: row.kind.clone(), name, people: people.collect() });
    }
    Ok(Projection { years: total.years.clone(), rows, head_text: total.head_text.clone() })
}

fn list(years: &[i32]) -> String {
    format!("{}〜{}", years.first().unwrap_or(&0), years.last().unwrap_or(&0))
}

/// The table `population_projection` of a prefecture: every municipality and ward, with figures or blank with the reason, and the groups.
pub fn tables(sheet: &Sheet, projection: &Projection, codes: &Codes, prefecture_code: &str, notes: &mut Notes) -> Result<Vec<Made>> {
    let by_code: BTreeMap<&str, &Row> = projection.rows.iter().map(|r| (r.code.as_str(), r)).collect();
    let old: BTreeSet<&str> = codes.changes.iter().map(|c| c.old_code.as_str()).collect();
    for row in &projection.rows {
        let reason = match row.kind.as_str() {
            "a" => "prefecture_row",
            "9" => "group_row",
            _ if codes.unit(&row.code).is_some() && row.code.starts_with(prefecture_code) => continue,
            _ if codes.unit(&row.code).is_some() => "other_prefecture",
            _ if old.contains(row.code.as_str()) => "old_code",
            _ => "unknown_code",
        };
        notes.row(reason, sheet, row.line - 1, &row.code, &row.name, "");
    }
    let known = Parts::of("projection_total")?;
    for row in projection.rows.iter().filter(|r| !known.knows_kind(&r.kind)) {
        notes.row("unknown_row_kind", sheet, row.line - 1, &row.code, &row.name, &format!("市などの別「{}」", row.kind));
    }
    sums(sheet, projection, codes, notes);
    // (code, people, note), by code
    let mut lines: BTreeMap<String, (Option<Vec<People>>, String)> = BTreeMap::new();
    let groups: Vec<&Row> = projection.rows.iter().filter(|r| r.kind == "9" && r.code.starts_with(prefecture_code)).collect();
    for group in &groups {
        lines.insert(group.code.clone(), (Some(group.people.clone()), table_note("group_row", &[("{name}", &group.name)])?));
    }
    let mut missing = Vec::new();
    for unit in codes.units_of(prefecture_code) {
        let code = unit.municipality_code.as_str();
        let changes: Vec<&CodeChange> = codes.changes.iter().filter(|c| c.new_code == code && by_code.contains_key(c.old_code.as_str())).collect();
        let line = if let Some(row) = by_code.get(code) {
            (Some(row.people.clone()), String::new())
        } else if !changes.is_empty() {
            reformed(sheet, &changes, &by_code, &unit.parent_code, &unit.name, code, notes)?
        } else if let Some(group) = groups.iter().find(|_| names_member(&projection.head_text, &unit.name)) {
            notes.row("in_group", sheet, group.line - 1, code, &unit.name, &group.code);
            (None, table_note("in_group", &[("{group}", &group.code)])?)
        } else {
            missing.push(format!("{code} {}", unit.name));
            continue;
        };
        lines.insert(code.to_owned(), line);
    }
    super::refuse_missing(&missing)?;
    let mut text = String::from("municipality_code,year,population_total,population_65_over,population_75_over,note\n");
    for (code, (people, note)) in &lines {
        for (i, year) in projection.years.iter().enumerate() {
            match people {
                Some(p) => writeln!(text, "{code},{year},{},{},{},{note}", p[i].total, p[i].over_65, p[i].over_75).ok(),
                None => writeln!(text, "{code},{year},,,,{note}").ok(),
            };
        }
    }
    Ok(vec![Made { table_name: "population_projection", text }])
}

/// A unit that the workbook knows under old codes only.
fn reformed(
    sheet: &Sheet,
    changes: &[&CodeChange],
    by_code: &BTreeMap<&str, &Row>,
    city: &str,
    name: &str,
    code: &str,
    notes: &mut Notes,
) -> Result<(Option<Vec<People>>, String)> {
    let line = by_code[changes[0].old_code.as_str()].line - 1;
    if let Some(split) = changes.iter().find(|c| c.relation == "part") {
        notes.row("split", sheet, line, code, name, &split.old_name);
        return Ok((None, table_note("split", &[("{name}", &split.old_name), ("{city}", city)])?));
    }
    let old: Vec<&str> = changes.iter().map(|c| c.old_code.as_str()).collect();
    let reason = if old.len() == 1 { "renumbered" } else { "merged" };
    notes.row(reason, sheet, line, code, name, &old.join("、"));
    let rows: Vec<&&Row> = old.iter().map(|o| &by_code[o]).collect();
    let people = (0..rows[0].people.len()).map(|i| {
        let sum = |of: fn(&People) -> f64| rows.iter().map(|r| of(&r.people[i])).sum();
        People { total: sum(|p| p.total), over_65: sum(|p| p.over_65), over_75: sum(|p| p.over_75) }
    });
    Ok((Some(people.collect()), table_note(reason, &[("{old}", &old.join("・"))])?))
}

/// Whether the notes above the table list a municipality, without its 郡.
fn names_member(head_text: &str, name: &str) -> bool {
    let short = name.rsplit('郡').next().unwrap_or(name);
    // 「…は、いわき市、…、飯舘村の13市町村を含む地域です。」
    head_text.split(['、', '。', '\n']).any(|part| part == short || part.strip_prefix(short).is_some_and(|rest| rest.starts_with('の')))
}

/// A prefecture must be the sum of its municipalities and groups, wards left out.
fn sums(sheet: &Sheet, projection: &Projection, codes: &Codes, notes: &mut Notes) {
    for row in projection.rows.iter().filter(|r| r.kind == "a") {
        let parts = projection.rows.iter().filter(|r| r.code[..2] == row.code[..2] && ["1", "2", "3", "9"].contains(&r.kind.as_str()));
        // the 23 wards of 東京 are municipalities, those of a designated city are not
        let wards = projection
            .rows
            .iter()
            .filter(|r| r.code[..2] == row.code[..2] && r.kind == "0" && codes.unit(&r.code).is_some_and(|m| m.parent_code.is_empty()));
        let parts: Vec<&Row> = parts.chain(wards).collect();
        for (i, year) in projection.years.iter().enumerate() {
            let (sum, said): (f64, f64) = (parts.iter().map(|r| r.people[i].total).sum(), row.people[i].total);
            if sum != said {
                notes.row("sum_differs", sheet, row.line - 1, &row.code, &row.name, &format!("{year}年：{said}人と{sum}人"));
            }
        }
    }
}
