//! What people record of areas beside the report: 入退院支援ルール, designated areas, 事前届出 and 意向確認書, and the shortages that
//! an earlier plan named. One workbook of the work folder; its sheets and columns are rows of `reports/record/*.csv`.
//!
//! Nothing of it is ever counted as supply. A row that cannot be placed stops the run: half a record would mislead a council.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use regex::Regex;
use serde::{Deserialize, Serialize};

use crate::facts::areas::Area;
use crate::facts::dictionary::read_csv;
use crate::facts::reference::Reference;
use crate::ground::error::{Error, Result};
use crate::ground::spreadsheet::{self, Book, Column, Sheet, Value, Width};
use crate::ground::text::{self, fold};

/// Name of the workbook, in the work folder.
pub const FILE: &str = "区域の記録.xlsx";

/// Whether an area has a rule for admissions and discharges, as people wrote it.
#[derive(Clone, Debug, Serialize)]
pub struct DischargeRule {
    pub area_code: String,
    pub has_rule: bool,
    pub made_by: String,
    pub year: String,
    pub source: String,
}

/// An area of another system than those of the packet, or the part of one.
#[derive(Clone, Debug, Serialize)]
pub struct Designated {
    pub kind: String,
    pub name: String,
    /// Smallest units that it lies in.
    #[serde(skip)]
    pub units: BTreeSet<String>,
    /// Name of the part, where it is less than its units.
    pub part: String,
    /// ISO dates; the second is empty while it holds.
    pub since: String,
    pub until: String,
    pub source: String,
    /// Both published measures, in words; empty where there are none.
    pub measures: String,
}

/// An intention told outside the report, with where and when it was told. Never counted as supply.
#[derive(Clone, Debug, Serialize)]
pub struct Notice {
    pub origin: String,
    pub date: String,
    pub area_code: String,
    /// For the meeting only.
    #[serde(skip)]
    pub facility: String,
    pub care: String,
    pub willing: bool,
    pub often: String,
}

/// A function that an earlier plan called short in an area.
#[derive(Clone, Debug, Serialize)]
pub struct Earlier {
    pub area_code: String,
    pub shortage: String,
    pub year: String,
    pub source: String,
}

/// The record of a work folder, with the candidates that the ministry published.
#[derive(Clone, Debug, Default)]
pub struct Record {
    pub rules: Vec<DischargeRule>,
    pub designated: Vec<Designated>,
    pub notices: Vec<Notice>,
    pub earlier: Vec<Earlier>,
    kinds: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct ColumnRow {
    sheet: String,
    field: String,
    header: String,
    width: f64,
    required: String,
    words: String,
}

#[derive(Deserialize)]
struct SheetRow {
    sheet: String,
    name: String,
}

#[derive(Deserialize)]
struct KindRow {
    kind: String,
    label: String,
}

#[derive(Deserialize)]
struct CandidateRow {
    prefecture_code: String,
    medical_area_code: String,
    name: String,
    deviation_sigma: f64,
    clinic_density_ratio: f64,
    published_on: String,
    from_year: i32,
    to_year: Option<i32>,
    source: String,
}

/// What a page says of a designated area.
#[derive(Clone, Debug, Serialize)]
pub struct Flag {
    pub label: String,
    pub name: String,
    pub part: String,
    /// The page's area lies in it as a whole.
    pub whole: bool,
    pub since: String,
    pub source: String,
    pub measures: String,
}

/// One row of a sheet by field, and where it stands.
struct Line {
    cells: BTreeMap<String, String>,
    place: String,
}

impl Line {
    fn text(&self, field: &str) -> String {
        self.cells.get(field).cloned().unwrap_or_default()
    }

    fn date(&self, field: &str) -> Result<String> {
        let text = self.text(field);
        if text.is_empty() {
            return Ok(text);
        }
        text::date(&text).ok_or_else(|| self.refuse(format!("日付「{text}」が読めません"), "2026-08-01 や 令和8年8月1日 のように書いてください"))
    }

    fn refuse(&self, what: String, next: &str) -> Error {
        Error::new(what).at(self.place.clone()).next(next)
    }

    /// The code of an area that the packet has.
    fn area(&self, areas: &[Area]) -> Result<String> {
        let said = fold(&self.text("area_code"));
        let found = areas.iter().find(|a| a.area_code == said || fold(&a.name) == said);
        found
            .map(|a| a.area_code.clone())
            .ok_or_else(|| self.refuse(format!("区域「{said}」が分かりません"), "区域コードは data/area_summary.csv にあります"))
    }
}

impl Record {
    /// The record of a work folder; without its workbook, the published candidates alone.
    pub fn load(work_folder: Option<&Path>, reference: &Reference, areas: &[Area], report_year: i32) -> Result<Self> {
        let kinds: Vec<KindRow> = read_csv("sql/rules/area_kinds.csv")?;
        let mut record = Self { kinds: kinds.into_iter().map(|k| (k.kind, k.label)).collect(), ..Self::default() };
        record.designated = candidates(reference, report_year)?;
        let Some(path) = work_folder.map(|root| root.join(FILE)).filter(|p| p.exists()) else { return Ok(record) };
        record.read(&path, reference, areas).map_err(|e| e.file(&path))?;
        Ok(record)
    }

    fn read(&mut self, path: &Path, reference: &Reference, areas: &[Area]) -> Result<()> {
        let sheets = spreadsheet::read(path)?;
        for line in lines(&sheets, "rules")?.iter().filter(|l| !l.text("has_rule").is_empty()) {
            let area_code = line.area(areas)?;
            if self.rules.iter().any(|r| r.area_code == area_code) {
                return Err(line.refuse(format!("区域「{area_code}」のルールが二度書かれています"), "一度だけ書いてください"));
            }
            let has_rule = line.text("has_rule") == "有";
            self.rules.push(DischargeRule {
                area_code,
                has_rule,
                made_by: line.text("made_by"),
                year: line.text("year"),
                source: line.text("source"),
            });
        }
        for line in &lines(&sheets, "designated")? {
            let kind = line.text("kind");
            if !self.kinds.contains_key(&kind) {
                let known = self.kinds.keys().cloned().collect::<Vec<_>>().join("、");
                return Err(line.refuse(format!("体系「{kind}」が分かりません"), &format!("{known} のどれかにしてください")));
            }
            let units = units(line, reference, areas)?;
            let (since, until) = (line.date("since")?, line.date("until")?);
            let text = |field: &str| line.text(field);
            let (name, part, source) = (text("name"), text("part"), text("source"));
            self.designated.push(Designated { kind, name, units, part, since, until, source, measures: String::new() });
        }
        for line in &lines(&sheets, "notices")? {
            self.notices.push(Notice {
                origin: line.text("origin"),
                date: line.date("date")?,
                area_code: line.area(areas)?,
                facility: line.text("facility"),
                care: line.text("care"),
                willing: line.text("willing") == "有",
                often: line.text("often"),
            });
        }
        for line in &lines(&sheets, "earlier")? {
            let (shortage, year, source) = (line.text("shortage"), line.text("year"), line.text("source"));
            self.earlier.push(Earlier { area_code: line.area(areas)?, shortage, year, source });
        }
        Ok(())
    }

    pub fn rule_of(&self, area: &Area) -> Option<&DischargeRule> {
        self.rules.iter().find(|r| r.area_code == area.area_code)
    }

    /// The designated areas that an area lies in or holds, as of the end of the report year's council (31 March).
    pub fn flags(&self, area: &Area, report_year: i32) -> Vec<Flag> {
        let until = format!("{}-03-31", report_year + 2);
        let own: BTreeSet<&String> = area.units.iter().collect();
        let touches = |d: &&Designated| {
            let ended = !d.until.is_empty() && d.until.as_str() < format!("{}-04-01", report_year + 1).as_str();
            area.level != "prefecture" && !ended && d.since.as_str() <= until.as_str() && d.units.iter().any(|u| own.contains(u))
        };
        self.designated
            .iter()
            .filter(touches)
            .map(|d| Flag {
                label: self.kinds.get(&d.kind).cloned().unwrap_or_else(|| d.kind.clone()),
                name: d.name.clone(),
                part: d.part.clone(),
                whole: d.part.is_empty() && own.iter().all(|u| d.units.contains(*u)),
                since: d.since.clone(),
                source: d.source.clone(),
                measures: d.measures.clone(),
            })
            .collect()
    }

    /// Notices of an area and of the areas within it.
    pub fn notices_in<'a>(&'a self, area: &'a Area, areas: &'a [Area]) -> impl Iterator<Item = &'a Notice> {
        let inside = move |code: &str| {
            code == area.area_code
                || areas.iter().any(|a| a.area_code == code && !a.units.is_empty() && a.units.iter().all(|u| area.units.contains(u)))
        };
        self.notices.iter().filter(move |n| area.level == "prefecture" || inside(&n.area_code))
    }

    /// What the phrases of an area may speak of.
    pub fn values(&self, area: &Area, areas: &[Area], report_year: i32) -> serde_json::Value {
        let notices: Vec<&Notice> = self.notices_in(area, areas).collect();
        let willing = notices.iter().filter(|n| n.willing).count();
        serde_json::json!({ "flags": self.flags(area, report_year), "rule": self.rule_of(area), "notices": notices.len(), "willing": willing })
    }
}

/// The areas that the ministry published as candidates for 外来医師過多区域, of one prefecture.
fn candidates(reference: &Reference, report_year: i32) -> Result<Vec<Designated>> {
    let rows: Vec<CandidateRow> = read_csv("sql/rules/excess_candidates.csv")?;
    let valid = |r: &CandidateRow| {
        r.prefecture_code == reference.prefecture.prefecture_code && r.from_year <= report_year && r.to_year.is_none_or(|to| report_year <= to)
    };
    let units =
        |code: &str| reference.smallest_units().filter(|m| m.secondary_medical_area_code == code).map(|m| m.municipality_code.clone()).collect();
    let one = |r: CandidateRow| Designated {
        kind: "外来医師過多区域の候補".into(),
        units: units(&r.medical_area_code),
        name: r.name,
        part: String::new(),
        since: r.published_on,
        until: String::new(),
        source: r.source,
        measures: format!("外来医師偏在指標の偏差 {:.2}σ、可住地あたりの診療所数は全国の {:.2} 倍", r.deviation_sigma, r.clinic_density_ratio),
    };
    Ok(rows.into_iter().filter(valid).map(one).collect())
}

/// Smallest units behind the names or codes of municipalities, wards or medical areas.
fn units(line: &Line, reference: &Reference, areas: &[Area]) -> Result<BTreeSet<String>> {
    let mut units = BTreeSet::new();
    for name in line.text("members").split(['、', ',', '，', ';', '\n', '・']).map(fold).filter(|n| !n.is_empty()) {
        let by_area = areas.iter().find(|a| a.level != "prefecture" && (a.area_code == name || fold(&a.name) == name)).map(|a| a.units.clone());
        let by_ward = || {
            let ward = reference.smallest_units().find(|m| m.municipality_code == name || fold(&m.name) == name);
            ward.map(|m| vec![m.municipality_code.clone()])
        };
        let found = by_area.or_else(by_ward).ok_or_else(|| {
            line.refuse(
                format!("市区町村・区「{name}」が分かりません"),
                "この都道府県の市区町村・区・二次医療圏のコードか名前を「、」で区切って書いてください",
            )
        })?;
        units.extend(found);
    }
    Ok(units)
}

fn columns_of(sheet: &str) -> Result<Vec<ColumnRow>> {
    Ok(read_csv::<ColumnRow>("reports/record/columns.csv")?.into_iter().filter(|c| c.sheet == sheet).collect())
}

fn names() -> Result<Vec<SheetRow>> {
    read_csv("reports/record/sheets.csv")
}

/// The filled rows of a sheet; none where the workbook does not have it.
fn lines(sheets: &[Sheet], code: &str) -> Result<Vec<Line>> {
    let name = names()?.into_iter().find(|s| s.sheet == code).map(|s| s.name).unwrap_or_default();
    let Some(sheet) = sheets.iter().find(|s| fold(&s.name) == fold(&name)) else { return Ok(Vec::new()) };
    let columns = columns_of(code)?;
    let width = sheet.used_columns().last().map_or(0, |last| last + 1);
    let at = |header: &str| (0..width).find(|&c| fold(sheet.text(0, c)) == fold(header));
    let mut lines = Vec::new();
    for column in &columns {
        if at(&column.header).is_none() {
            return Err(Error::new(format!("列「{}」がありません", column.header))
                .at(format!("シート「{}」", sheet.name))
                .next("見出しの行（1行目）を元に戻してください"));
        }
    }
    for row in 1..sheet.rows.len() {
        let cells: BTreeMap<String, String> =
            columns.iter().map(|c| (c.field.clone(), at(&c.header).map_or("", |i| sheet.text(row, i)).trim().to_owned())).collect();
        // what the form itself wrote says nothing
        let by_people = columns.iter().any(|c| !["area_code", "area"].contains(&c.field.as_str()) && !cells[&c.field].is_empty());
        if !by_people {
            continue;
        }
        let line = Line { cells, place: format!("シート「{}」の {} 行目", sheet.name, row + 1) };
        for column in &columns {
            let text = line.text(&column.field);
            if column.required == "yes" && text.is_empty() {
                return Err(line.refuse(format!("「{}」が空です", column.header), "書き足すか、その行のほかの欄を空にしてください"));
            }
            let words: Vec<&str> = column.words.split(';').filter(|w| !w.is_empty()).collect();
            if !text.is_empty() && !words.is_empty() && !words.contains(&text.as_str()) {
                return Err(
                    line.refuse(format!("「{}」の「{text}」が分かりません", column.header), &format!("{} のどれかにしてください", words.join("、")))
                );
            }
        }
        lines.push(line);
    }
    Ok(lines)
}

/// The empty form; rules have a line for every area below the prefecture.
pub fn form(areas: &[Area], date: (i32, u8, u8)) -> Result<Vec<u8>> {
    let mut book = Book::new("区域の記録", date)?;
    for SheetRow { sheet, name } in names()? {
        let columns = columns_of(&sheet)?;
        let head: Vec<Column> = columns
            .iter()
            .map(|c| {
                let column = Column::new(c.header.clone(), Width::Characters(c.width));
                if ["area_code", "area"].contains(&c.field.as_str()) && sheet == "rules" { column } else { column.by_people() }
            })
            .collect();
        let listed = areas.iter().filter(|a| sheet == "rules" && a.level != "prefecture");
        let rows: Vec<Vec<Value>> = listed
            .map(|a| {
                let mut row = vec![Value::Blank; columns.len()];
                row[0] = a.area_code.as_str().into();
                row[1] = a.name.as_str().into();
                row
            })
            .collect();
        book.table(&name, &head, rows)?;
    }
    book.finish()
}

/// What is short now against what an earlier plan named: `both`, `new` (only now), `gone` (only then).
pub fn against_earlier(now: &[(String, bool)], earlier: &[&Earlier]) -> Vec<(String, &'static str)> {
    let plain = Regex::new("[（(].*").ok();
    let key = |t: &str| plain.as_ref().map_or_else(|| fold(t), |p| fold(&p.replace(t, "")));
    let mut found: Vec<(String, &'static str)> = Vec::new();
    for (category, _) in now {
        let before = earlier.iter().any(|e| key(&e.shortage).contains(&key(category)) || key(category).contains(&key(&e.shortage)));
        if !found.iter().any(|(c, _)| c == category) {
            found.push((category.clone(), if before { "both" } else { "new" }));
        }
    }
    for e in earlier {
        if !now.iter().any(|(c, _)| key(&e.shortage).contains(&key(c)) || key(c).contains(&key(&e.shortage))) {
            found.push((e.shortage.clone(), "gone"));
        }
    }
    found
}
