//! 日医の研修 (MAMIS): from a list of units, who has completed the course and who is short of what.
//!
//! The list has one row per person (座学, 実地) or one row per entry (区分, 単位); columns are found by the words in
//! `sql/rules/training_columns.csv`, the thresholds are the rows `training_*` of `sql/rules/rules.csv`. Units are whole
//! hundredths. What cannot be read is a range, never 0, so a person whom it could complete stays undetermined.

mod list;

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

pub use list::read;

use crate::facts::finding::{self, Finding, FindingRule, severity_label};
use crate::facts::rules::{Rule, Rules};
use crate::ground::artefact;
use crate::ground::error::{Error, Result};
use crate::ground::place;
use crate::ground::spreadsheet::{Book, Column, Value, Width};

/// Lines of a list on the screen; the rest is in the files.
const SHOWN: usize = 20;

/// The rule of completion, in hundredths of a 単位.
#[derive(Clone, Debug)]
pub struct Criteria {
    /// 座学 and 実地 must be more than this.
    pub lecture_min: i64,
    pub practice_min: i64,
    /// 座学 + 実地 must reach this.
    pub total_min: i64,
    pub per_activity: i64,
    pub per_lecture: i64,
    pub rows: Vec<Rule>,
}

impl Criteria {
    /// The rules of a report year; without one, the newest.
    pub fn load(report_year: Option<i32>) -> Result<Self> {
        let rules = Rules::load(report_year.unwrap_or(i32::MAX))?;
        let units = |code: &str| rules.value(code).map(|v| (v * 100.0).round() as i64);
        let step = |code: &str| match units(code)? {
            n if n > 0 => Ok(n),
            _ => Err(Error::new(format!("規則の行 {code} は0より大きい数でなければなりません")).at("sql/rules/rules.csv")),
        };
        Ok(Self {
            lecture_min: units("training_lecture_min")?,
            practice_min: units("training_practice_min")?,
            total_min: units("training_total_min")?,
            per_activity: step("training_units_per_activity")?,
            per_lecture: step("training_units_per_lecture")?,
            rows: rules.rows.iter().filter(|r| r.rule_code.starts_with("training_")).cloned().collect(),
        })
    }

    fn met(&self, lecture: i64, practice: i64) -> bool {
        lecture > self.lecture_min && practice > self.practice_min && lecture.saturating_add(practice) >= self.total_min
    }

    fn year(&self) -> i32 {
        self.rows.iter().map(|r| r.from_year).max().unwrap_or(2025)
    }
}

/// Units that lie in `low..=high`; `None`: nobody knows how many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Units {
    pub low: i64,
    pub high: Option<i64>,
}

impl Units {
    const UNKNOWN: Self = Self { low: 0, high: None };

    fn exact(n: i64) -> Self {
        Self { low: n, high: Some(n) }
    }
    fn add(self, other: Self) -> Self {
        Self { low: self.low + other.low, high: self.high.zip(other.high).map(|(a, b)| a + b) }
    }
    fn hull(self, other: Self) -> Self {
        Self { low: self.low.min(other.low), high: self.high.zip(other.high).map(|(a, b)| a.max(b)) }
    }
    fn value(self) -> Value {
        match self.high {
            Some(high) if high == self.low => Value::Number(high as f64 / 100.0),
            Some(high) => Value::Text(format!("{}〜{}", shown(self.low), shown(high))),
            None => Value::Text(format!("{}以上（分からない）", shown(self.low))),
        }
    }
}

fn shown(hundredths: i64) -> String {
    (hundredths as f64 / 100.0).to_string()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Completed,
    Short,
    /// The unreadable or contradicting cells decide.
    Undetermined,
}

impl Outcome {
    pub fn label(self) -> &'static str {
        match self {
            Self::Completed => "要件を満たす",
            Self::Short => "足りない",
            Self::Undetermined => "判定できない",
        }
    }
}

/// A person with all units of the list.
#[derive(Clone, Debug, Default)]
pub struct Person {
    pub id: String,
    pub name: String,
    pub facility_id: String,
    pub lecture: Units,
    pub practice: Units,
    pub rows: Vec<u32>,
    /// Activity and date of each entry, and whether it was 実地.
    entries: HashMap<(String, String), bool>,
}

/// What is lacking, in hundredths; 0: nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lack {
    pub lecture: i64,
    pub practice: i64,
    pub total: i64,
}

impl Person {
    pub fn outcome(&self, c: &Criteria) -> Outcome {
        // far more than any rule asks, and no overflow
        let most = |u: Units| u.high.unwrap_or(i64::MAX / 4);
        if c.met(self.lecture.low, self.practice.low) {
            Outcome::Completed
        } else if c.met(most(self.lecture), most(self.practice)) {
            Outcome::Undetermined
        } else {
            Outcome::Short
        }
    }

    /// From the fewest units that the list allows, so that it is enough in any case.
    pub fn lack(&self, c: &Criteria) -> Lack {
        // the fewest whole steps that lead above the threshold
        let above = |have: i64, min: i64, step: i64| if have > min { 0 } else { ((min - have) / step + 1) * step };
        Lack {
            lecture: above(self.lecture.low, c.lecture_min, c.per_lecture),
            practice: above(self.practice.low, c.practice_min, c.per_activity),
            total: (c.total_min - self.lecture.low - self.practice.low).max(0),
        }
    }

    /// 「座学があと1単位、合計があと3単位」; empty where nothing is lacking.
    pub fn lacking(&self, c: &Criteria) -> String {
        let lack = self.lack(c);
        let said = [("座学", lack.lecture), ("実地", lack.practice), ("合計", lack.total)];
        let parts: Vec<String> = said.iter().filter(|(_, n)| *n > 0).map(|(what, n)| format!("{what}があと{}単位", shown(*n))).collect();
        let is_sure = self.lecture.high == Some(self.lecture.low) && self.practice.high == Some(self.practice.low);
        if parts.is_empty() || is_sure { parts.join("、") } else { format!("多くとも、{}", parts.join("、")) }
    }

    fn called(&self) -> String {
        [&self.name, &self.id, &self.facility_id].into_iter().filter(|t| !t.is_empty()).cloned().collect::<Vec<_>>().join(" ")
    }
}

/// What a list says.
#[derive(Debug)]
pub struct Report {
    /// In the order in which they first appear.
    pub persons: Vec<Person>,
    pub findings: Vec<Finding>,
}

/// Reads, writes the CSV and the workbook (both or neither, never over a file that is there), and returns the text for the screen.
pub fn run(path: &Path, out: Option<&Path>, report_year: Option<i32>) -> Result<String> {
    let criteria = Criteria::load(report_year)?;
    let (csv, xlsx) = places(path, out)?;
    let report = read(path, &criteria)?;
    let rules = finding::rules()?;
    let (columns, rows) = (columns(), rows(&report, &criteria));
    let files = [(csv, csv_bytes(&columns, &rows)?), (xlsx, book(&columns, &rows, &report, &criteria, &rules)?)];
    place::create_all(&files)?;
    let [(csv, _), (xlsx, _)] = &files;
    Ok(text(&report, &criteria, &rules, csv, xlsx))
}

/// Where the results go: `--out` names a folder, or a file whose name both share.
fn places(path: &Path, out: Option<&Path>) -> Result<(PathBuf, PathBuf)> {
    let stem = format!("{}_修了状況", path.file_stem().map_or_else(String::new, |s| s.to_string_lossy().into_owned()));
    let base = match out {
        None => path.with_file_name(stem),
        Some(out) if out.is_dir() || out.extension().is_none() => out.join(stem),
        Some(out) if out.extension().is_some_and(|e| e.eq_ignore_ascii_case("csv") || e.eq_ignore_ascii_case("xlsx")) => out.with_extension(""),
        Some(out) => {
            return Err(Error::new("--out の名前の終わりが .csv でも .xlsx でもありません")
                .file(out)
                .next("フォルダーか、.csv か .xlsx の名前を指定してください"));
        }
    };
    let with = |end: &str| {
        let mut name = base.clone().into_os_string();
        name.push(format!(".{end}"));
        PathBuf::from(name)
    };
    for place in [with("csv"), with("xlsx")] {
        if place.exists() {
            return Err(Error::new("同じ名前のファイルがすでにあります")
                .file(&place)
                .next("そのファイルを移すか、--out で別の場所を指定してください"));
        }
    }
    Ok((with("csv"), with("xlsx")))
}

fn columns() -> Vec<Column> {
    let narrow = ["座学（単位）", "実地（単位）", "合計（単位）", "修了の要件", "座学があと", "実地があと", "合計があと"];
    let mut all = vec![Column::new("登録番号", Width::Middle), Column::new("氏名", Width::Middle), Column::new("医療機関ID", Width::Middle)];
    all.extend(narrow.map(|t| Column::new(t, Width::Characters(14.0))));
    all.extend([Column::new("足りないもの", Width::Wide), Column::new("元の行", Width::Narrow)]);
    all
}

fn rows(report: &Report, criteria: &Criteria) -> Vec<Vec<Value>> {
    let row = |p: &Person| {
        let lack = p.lack(criteria);
        let mut cells: Vec<Value> = [&p.id, &p.name, &p.facility_id].map(|t| Value::from(t.as_str())).into();
        cells.extend([p.lecture, p.practice, p.lecture.add(p.practice)].map(Units::value));
        cells.push(p.outcome(criteria).label().into());
        cells.extend([lack.lecture, lack.practice, lack.total].map(|n| Value::Number(n as f64 / 100.0)));
        cells.push(p.lacking(criteria).into());
        cells.push(p.rows.iter().map(u32::to_string).collect::<Vec<_>>().join("、").into());
        cells
    };
    report.persons.iter().map(row).collect()
}

/// UTF-8 with BOM and CRLF, as Excel opens it; the same headings and values as the sheet.
fn csv_bytes(columns: &[Column], rows: &[Vec<Value>]) -> Result<Vec<u8>> {
    let broken = |e: csv::Error| Error::new(format!("CSV を書けません：{e}"));
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer("\u{FEFF}".as_bytes().to_vec());
    writer.write_record(columns.iter().map(|c| c.title.as_str())).map_err(broken)?;
    for row in rows {
        let cell = |v: &Value| match v {
            Value::Blank => String::new(),
            Value::Text(text) | Value::Date(text) => artefact::guarded(text).into_owned(),
            Value::Number(n) => n.to_string(),
        };
        writer.write_record(row.iter().map(cell)).map_err(broken)?;
    }
    writer.into_inner().map_err(|e| Error::new(format!("CSV を書けません：{e}")))
}

fn book(columns: &[Column], rows: &[Vec<Value>], report: &Report, criteria: &Criteria, rules: &HashMap<String, FindingRule>) -> Result<Vec<u8>> {
    let mut book = Book::new("研修の修了状況", (criteria.year(), 4, 1))?;
    book.table("修了状況", columns, rows)?;
    let heads = [("重要度", 14.0), ("ファイル", 28.0), ("行", 8.0), ("列", 22.0), ("値", 22.0), ("内容", 48.0), ("次にすること", 48.0)];
    let heads = heads.map(|(title, width)| Column::new(title, Width::Characters(width)));
    let found = report.findings.iter().map(|f| {
        let rule = |of: fn(&FindingRule) -> &str| Value::from(rules.get(&f.code).map_or("", of));
        let row = (f.row > 0).then_some(i64::from(f.row));
        let severity = severity_label(finding::severity(f, rules));
        vec![
            severity.into(),
            f.file.as_str().into(),
            row.into(),
            f.column.as_str().into(),
            f.value.as_str().into(),
            rule(|r| &r.what),
            rule(|r| &r.next),
        ]
    });
    book.table("確かめること", &heads, found)?;
    let heads = [("規則", 48.0), ("値", 10.0), ("単位", 14.0), ("年度から", 10.0), ("出典", 48.0), ("確かさ", 10.0)];
    let heads = heads.map(|(title, width)| Column::new(title, Width::Characters(width)));
    let row = |r: &Rule| {
        let year = i64::from(r.from_year);
        vec![r.label.as_str().into(), r.value.into(), r.unit.as_str().into(), year.into(), r.source.as_str().into(), r.confidence.as_str().into()]
    };
    book.table("規則", &heads, criteria.rows.iter().map(row))?;
    book.finish()
}

fn text(report: &Report, criteria: &Criteria, rules: &HashMap<String, FindingRule>, csv: &Path, xlsx: &Path) -> String {
    let of = |o: Outcome| report.persons.iter().filter(|p| p.outcome(criteria) == o).collect::<Vec<_>>();
    let (done, short, open) = (of(Outcome::Completed), of(Outcome::Short), of(Outcome::Undetermined));
    let lacks = |of: fn(&Lack) -> i64| short.iter().filter(|p| of(&p.lack(criteria)) > 0).count();
    let [lecture, practice, total] = [lacks(|l| l.lecture), lacks(|l| l.practice), lacks(|l| l.total)];
    let facilities: BTreeSet<&str> = done.iter().map(|p| p.facility_id.as_str()).filter(|f| !f.is_empty()).collect();
    let mut out = format!("研修の修了の要件：{} 人（{}年度からの規則）\n", report.persons.len(), criteria.year());
    writeln!(out, "  要件を満たす：{} 人", done.len()).ok();
    writeln!(out, "  足りない：{} 人（座学 {lecture} 人、実地 {practice} 人、合計 {total} 人。重なりあり）", short.len()).ok();
    writeln!(out, "  判定できない：{} 人", open.len()).ok();
    if !facilities.is_empty() {
        writeln!(out, "  要件を満たす人のいる医療機関：{}", facilities.len()).ok();
    }
    for (title, people) in [("足りない人", &short), ("判定できない人", &open)] {
        if !people.is_empty() {
            writeln!(out, "\n● {title}").ok();
        }
        for p in people.iter().take(SHOWN) {
            writeln!(out, "  {}：{}", p.called(), p.lacking(criteria)).ok();
        }
        if people.len() > SHOWN {
            writeln!(out, "  ほか {} 人", people.len() - SHOWN).ok();
        }
    }
    if !report.findings.is_empty() {
        writeln!(out, "\n● 確かめること：{} 件", report.findings.len()).ok();
    }
    for f in report.findings.iter().take(SHOWN) {
        let (what, next) = rules.get(&f.code).map_or(("", ""), |r| (r.what.as_str(), r.next.as_str()));
        let row = if f.row > 0 { format!(" 行 {}", f.row) } else { String::new() };
        let column = if f.column.is_empty() { String::new() } else { format!(" 列 {}", f.column) };
        let value = if f.value.is_empty() { String::new() } else { format!("「{}」", f.value) };
        writeln!(out, "  {}：{}{row}{column}{value}：{what}。{next}。", severity_label(finding::severity(f, rules)), f.file).ok();
    }
    if report.findings.len() > SHOWN {
        writeln!(out, "  ほか {} 件", report.findings.len() - SHOWN).ok();
    }
    for r in criteria.rows.iter().filter(|r| r.value.is_none()) {
        writeln!(out, "\n※ {}", r.label).ok();
    }
    writeln!(out, "\nすべての人の一覧：{}、{}", csv.display(), xlsx.display()).ok();
    out
}
