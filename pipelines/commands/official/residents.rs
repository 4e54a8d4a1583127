//! 住民基本台帳年齢階級別人口（市区町村別・総計）: people by sex and five-year age of every municipality on 1 January.

use crate::ground::text;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::codes::Codes;
use super::parts::Parts;
use super::report::Notes;
use super::{AS_PUBLISHED, Made, header_row, number};
use crate::ground::error::{Error, Result};
use crate::ground::spreadsheet::Sheet;

/// Ages at which a band begins: 0, 5, … 100.
pub const BANDS: usize = 21;

/// What a row of the workbook is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A municipality or a ward.
    Unit,
    Nation,
    Prefecture,
    /// 郡, 島しょ.
    Subtotal,
    NoPeople,
    Unknown,
}

/// One row of people.
#[derive(Clone, Debug)]
pub struct Row {
    /// As Excel counts.
    pub line: usize,
    /// 5 digits; "" for the nation.
    pub code: String,
    pub name: String,
    /// `total`, `male` or `female`.
    pub sex: &'static str,
    pub kind: Kind,
    pub total: u64,
    /// People by five-year band; those whose age is withheld are in none.
    pub ages: [u64; BANDS],
}

impl Row {
    /// People at least this old whose age is published.
    pub fn over(&self, age: usize) -> u64 {
        self.ages[age / 5..].iter().sum()
    }

    /// People whose age is withheld.
    pub fn withheld(&self) -> u64 {
        self.total.saturating_sub(self.ages.iter().sum())
    }
}

/// The workbook as values; what was passed over goes to `notes`.
pub struct Residents {
    /// ISO date.
    pub as_of: String,
    pub rows: Vec<Row>,
}

pub fn read(sheet: &Sheet, codes: &Codes, notes: &mut Notes) -> Result<Residents> {
    let as_of = date_in_title(sheet)?;
    let head = header_row(sheet, "団体コード")?;
    let column = |name: &str| {
        let found = (0..sheet.rows[head].len()).find(|&c| text::fold(sheet.text(head, c)) == name);
        found.ok_or_else(|| {
            Error::new(format!("列「{name}」がありません")).at(format!("シート「{}」の {} 行目", sheet.name, head + 1)).next(AS_PUBLISHED)
        })
    };
    let (code_at, name_at, sex_at) = (column("団体コード")?, column("市区町村名")?, column("性別")?);
    let (total_at, bands_at) = age_columns(sheet, head)?;
    Parts::of("residents")?.unknown_columns(sheet, [head.saturating_sub(1), head], notes);
    let mut rows = Vec::new();
    for r in head + 1..sheet.rows.len() {
        let (raw, name) = (sheet.text(r, code_at), sheet.text(r, name_at).trim());
        if sheet.rows[r].iter().all(|c| c.text.trim().is_empty()) {
            continue;
        }
        if sheet.text(r, total_at).is_empty() && codes.with_check_digit(raw).is_none() {
            notes.row("note_row", sheet, r, "", &raw.chars().take(40).collect::<String>(), "");
            continue;
        }
        let sex = match text::fold(sheet.text(r, sex_at)).as_str() {
            "計" | "総数" => "total",
            "男" => "male",
            "女" => "female",
            other => {
                return Err(Error::new(format!("性別「{other}」が分かりません")).at(sheet.place(r, sex_at)).next(AS_PUBLISHED));
            }
        };
        let total = number(sheet, r, total_at)? as u64;
        let mut ages = [0; BANDS];
        for (age, &c) in ages.iter_mut().zip(&bands_at) {
            *age = number(sheet, r, c)? as u64;
        }
        let (code, kind) = place(sheet, r, code_at, name, total, codes, sex, notes)?;
        rows.push(Row { line: r + 1, code, name: name.to_owned(), sex, kind, total, ages });
    }
    skipped(sheet, &rows, notes);
    sums(sheet, &rows, codes, notes);
    Ok(Residents { as_of, rows })
}

#[allow(clippy::too_many_arguments)]
fn place(sheet: &Sheet, r: usize, c: usize, name: &str, total: u64, codes: &Codes, sex: &str, notes: &mut Notes) -> Result<(String, Kind)> {
    let raw = text::fold(sheet.text(r, c));
    if raw.is_empty() || raw == "-" {
        return Ok((String::new(), Kind::Nation));
    }
    let found = codes
        .with_check_digit(&raw)
        .ok_or_else(|| Error::new(format!("団体コード「{raw}」の検査数字が合いません")).at(sheet.place(r, c)).next(AS_PUBLISHED))?;
    if found.lost_zero && sex == "total" {
        notes.row("lost_zero", sheet, r, &found.code, name, &raw);
    }
    let kind = if found.known {
        Kind::Unit
    } else if found.code.ends_with("000") {
        Kind::Prefecture
    } else if name.ends_with('郡') || name == "島しょ" {
        Kind::Subtotal
    } else if total == 0 {
        Kind::NoPeople
    } else {
        Kind::Unknown
    };
    Ok((found.code, kind))
}

/// `令和7年1月1日…` at the head of the sheet.
fn date_in_title(sheet: &Sheet) -> Result<String> {
    let head = sheet.rows.iter().take(3).flatten().map(|c| text::fold(&c.text));
    let dates = head.filter_map(|t| {
        let end = t.find('日')? + '日'.len_utf8();
        let begin = t[..end].rfind("令和").or_else(|| t[..end].rfind("平成"))?;
        text::date(&t[begin..end])
    });
    dates.into_iter().next().ok_or_else(|| {
        Error::new("いつの人口かが分かりません（表題に「令和○年1月1日」がありません）")
            .at(format!("シート「{}」の 1 行目", sheet.name))
            .next(AS_PUBLISHED)
    })
}

/// Column of the total, and of every band: headings stand in the heading row or in the one above.
fn age_columns(sheet: &Sheet, head: usize) -> Result<(usize, Vec<usize>)> {
    let mut total = None;
    let mut bands: BTreeMap<usize, usize> = BTreeMap::new();
    for r in [head.saturating_sub(1), head] {
        for c in 0..sheet.rows[r].len() {
            let text = text::fold(sheet.text(r, c)).replace(['〜', '～'], "~");
            if text == "総数" {
                total = Some(c);
            } else if text.contains('歳') && !is_band(&text) {
                // its people would count as people whose age is withheld
                return Err(Error::new(format!("知らない年齢階級の列「{text}」があります")).at(sheet.place(r, c)).next(
                    "5歳ごと（0歳～4歳 から 100歳以上 まで）の表を指定してください。公表の形が変わったときは、この列の扱いを決めてから使います",
                ));
            } else if let Some((from, rest)) = text.split_once('歳')
                && let Ok(from) = from.parse::<usize>()
                && (rest == "以上" && from == 100 || rest == format!("~{}歳", from + 4))
            {
                bands.insert(from, c);
            }
        }
    }
    let place = || format!("シート「{}」の {} 行目", sheet.name, head + 1);
    let total = total.ok_or_else(|| Error::new("列「総数」がありません").at(place()).next(AS_PUBLISHED))?;
    let missing: Vec<String> = (0..BANDS)
        .map(|i| i * 5)
        .filter(|from| !bands.contains_key(from))
        .map(|from| if from == 100 { "100歳以上".to_owned() } else { format!("{from}歳～{}歳", from + 4) })
        .collect();
    if !missing.is_empty() {
        return Err(Error::new(format!("5歳ごとの列がありません：{}", missing.join("、")))
            .at(place())
            .next("「年齢階級別人口（市区町村別）（総計）」の5歳ごとの表を指定してください"));
    }
    Ok((total, (0..BANDS).map(|i| bands[&(i * 5)]).collect()))
}

/// `0歳~4歳` to `95歳~99歳`, and `100歳以上`.
fn is_band(text: &str) -> bool {
    (0..BANDS - 1).any(|i| text == format!("{}歳~{}歳", i * 5, i * 5 + 4)) || text == "100歳以上"
}

fn skipped(sheet: &Sheet, rows: &[Row], notes: &mut Notes) {
    for row in rows {
        if row.sex != "total" {
            notes.row("sex_row", sheet, row.line - 1, &row.code, &row.name, "");
            continue;
        }
        let reason = match row.kind {
            Kind::Unit if row.withheld() > 0 => "ages_withheld",
            Kind::Unit => continue,
            Kind::Nation => "nation_row",
            Kind::Prefecture => "prefecture_row",
            Kind::Subtotal => "subtotal_row",
            Kind::NoPeople => "no_people",
            Kind::Unknown => "unknown_code",
        };
        let detail = if reason == "ages_withheld" { format!("{}人", row.withheld()) } else { String::new() };
        notes.row(reason, sheet, row.line - 1, &row.code, &row.name, &detail);
    }
}

/// The row of a prefecture must be the sum of its municipalities, wards left out.
fn sums(sheet: &Sheet, rows: &[Row], codes: &Codes, notes: &mut Notes) {
    let mut sums: BTreeMap<&str, u64> = BTreeMap::new();
    let whole = |r: &&Row| r.kind == Kind::Unit && r.sex == "total" && codes.unit(&r.code).is_some_and(|m| m.parent_code.is_empty());
    for row in rows.iter().filter(whole) {
        *sums.entry(&row.code[..2]).or_default() += row.total;
    }
    let mut differ = |row: &Row, reason: &'static str, sum: u64| {
        if sum != row.total {
            notes.row(reason, sheet, row.line - 1, &row.code, &row.name, &format!("{}人と{sum}人", row.total));
        }
    };
    let mut nation = 0;
    for row in rows.iter().filter(|r| r.kind == Kind::Prefecture && r.sex == "total") {
        nation += row.total;
        differ(row, "sum_differs", sums.get(&row.code[..2]).copied().unwrap_or(0));
    }
    if let Some(row) = rows.iter().find(|r| r.kind == Kind::Nation && r.sex == "total") {
        differ(row, "nation_sum_differs", nation);
    }
    // men and women stand below the total of their place
    for three in rows.windows(3) {
        if let [all, one, other] = three
            && (all.sex, one.sex, other.sex) == ("total", "male", "female")
            && all.code == one.code
            && all.code == other.code
        {
            differ(all, "sex_sum_differs", one.total + other.total);
        }
    }
    for row in rows.iter().filter(|r| r.ages.iter().sum::<u64>() > r.total) {
        differ(row, "age_sum_differs", row.ages.iter().sum());
    }
}

/// The tables `population` and `population_by_age` of a prefecture, in the layout of the built-in ones.
pub fn tables(residents: &Residents, codes: &Codes, prefecture_code: &str) -> Result<Vec<Made>> {
    let by_code: BTreeMap<&str, &Row> =
        residents.rows.iter().filter(|r| r.kind == Kind::Unit && r.sex == "total").map(|r| (r.code.as_str(), r)).collect();
    let mut people =
        String::from("municipality_code,as_of,population_total,population_65_over,population_75_over,population_85_over,ages_withheld\n");
    let mut ages = String::from("municipality_code");
    for from in (0..90).step_by(5) {
        write!(ages, ",age_{from:02}_{:02}", from + 4).ok();
    }
    ages.push_str(",age_90_over\n");
    let mut missing = Vec::new();
    for unit in codes.units_of(prefecture_code) {
        let Some(row) = by_code.get(unit.municipality_code.as_str()) else {
            missing.push(format!("{} {}", unit.municipality_code, unit.name));
            continue;
        };
        let (code, date) = (&row.code, &residents.as_of);
        writeln!(people, "{code},{date},{},{},{},{},{}", row.total, row.over(65), row.over(75), row.over(85), row.withheld()).ok();
        write!(ages, "{code}").ok();
        for band in &row.ages[..18] {
            write!(ages, ",{band}").ok();
        }
        writeln!(ages, ",{}", row.over(90)).ok();
    }
    super::refuse_missing(&missing)?;
    Ok(vec![Made { table_name: "population", text: people }, Made { table_name: "population_by_age", text: ages }])
}
