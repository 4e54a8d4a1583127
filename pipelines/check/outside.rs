//! Lists of others held against the report: the 届出受理名簿 of the 厚生局 and the published 医療機関機能等報告.
//!
//! What is asked of whom are rows of `sql/rules/outside_checks.csv`, columns are mapping files (`sql/outside/*.toml`). A filing
//! never decides a status: it is a reason to ask, and a line on the sheet of the function.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use regex::Regex;
use serde::{Deserialize, Serialize};

use crate::check::master;
use crate::facts::areas::Area;
use crate::facts::dictionary::labels::Labels;
use crate::facts::dictionary::{Dictionary, read_csv};
use crate::facts::finding::Finding;
use crate::facts::reference::Reference;
use crate::facts::workspace::Workspace;
use crate::ground::artefact::Table;
use crate::ground::embedded;
use crate::ground::error::{Error, Result};
use crate::ground::text::{fold, label_key};
use crate::ingest::grid;

/// Columns of a list, as its mapping file says.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mapping {
    name: String,
    #[serde(rename = "confidence")]
    _confidence: String,
    columns: toml::Table,
    values: Marks,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Marks {
    selected: Vec<String>,
    separators: Vec<String>,
}

/// One facility of a list, its rows put together.
#[derive(Clone, Debug, Default)]
struct Entry {
    says: BTreeSet<String>,
    beds: BTreeMap<String, f64>,
    units: Vec<String>,
    row: u32,
}

/// A list as read.
struct List {
    code: &'static str,
    file_name: String,
    entries: BTreeMap<String, Entry>,
}

#[derive(Clone, Debug, Deserialize)]
struct CheckRow {
    list: String,
    pattern: String,
    /// 1: asked where the list says so; 0: where the facility stands in the list without it.
    is_declared: u8,
    item_code: String,
    /// `negative`, `blank`, or `mode:x` (several separated by `;`).
    answer: String,
    finding_code: String,
    said_on: String,
    from_year: i32,
    to_year: Option<i32>,
}

/// What a sheet says of a list: how many of its area declare something, and how many of those answer otherwise.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    pub list: String,
    pub label: String,
    pub said_on: String,
    pub declared: usize,
    /// `None` where the facilities of the list could not be found in the extract.
    pub differing: Option<usize>,
    pub item: String,
    /// Beds by 病床機能 under today's names, in words; empty where the list has none.
    pub beds: String,
}

/// Findings to ask about, and the lines of every area by level and code.
#[derive(Default)]
pub struct Outside {
    pub findings: Vec<Finding>,
    pub lines: BTreeMap<(String, String), Vec<Line>>,
}

/// Answers of the facilities of a run by facility and item, for the items that the checks look at.
struct Answers {
    ids: BTreeSet<String>,
    /// Facilities that were asked 2号.
    asked: BTreeSet<String>,
    given: HashMap<(String, String), Vec<String>>,
}

/// Reads the lists that the settings name and holds them against the answers in `stages`.
pub fn check(workspace: &Workspace, reference: &Reference, dictionary: &Dictionary, areas: &[Area], stages: &Path) -> Result<Outside> {
    let lists = lists(workspace, reference, dictionary, areas)?;
    if lists.is_empty() {
        return Ok(Outside::default());
    }
    let year = workspace.settings.report_year;
    let rows: Vec<CheckRow> = read_csv("sql/rules/outside_checks.csv")?;
    let rows: Vec<CheckRow> = rows.into_iter().filter(|r| r.from_year <= year && r.to_year.is_none_or(|to| year <= to)).collect();
    let answers = Answers::read(stages, &rows)?;
    let mut outside = Outside::default();
    for list in &lists {
        let matched = list.matched(&answers.ids);
        if matched.is_empty() {
            let value = format!("{}件", list.entries.len());
            outside.findings.push(Finding::new("outside_not_matched").file(&list.file_name).value(value));
        }
        for row in rows.iter().filter(|r| r.list == list.code) {
            list.hold(row, &matched, &answers, dictionary, areas, &mut outside)?;
        }
    }
    Ok(outside)
}

fn lists(workspace: &Workspace, reference: &Reference, dictionary: &Dictionary, areas: &[Area]) -> Result<Vec<List>> {
    let named = &workspace.settings.outside;
    let built_in = |name: &str| (format!("sql/outside/{name}.toml"), embedded::text(&format!("sql/outside/{name}.toml")).to_owned());
    let mut lists = Vec::new();
    for (code, file, mapping) in [("filings", &named.filings, ""), ("bed_report", &named.bed_report, named.bed_mapping.as_str())] {
        if file.is_empty() {
            continue;
        }
        let (origin, text) = if mapping.is_empty() {
            built_in(code)
        } else {
            let path = workspace.root.join(mapping);
            let text = std::fs::read_to_string(&path).map_err(|e| Error::io("列対応表を読めません", &path, &e))?;
            (path.display().to_string(), text)
        };
        let mapping: Mapping = toml::from_str(&text).map_err(|e| {
            Error::new(format!("列対応表を読めません：{}", e.message()))
                .at(origin.clone())
                .next("書き方は sql/outside/bed_report.toml にならってください")
        })?;
        let path = workspace.root.join(file);
        let list = List::read(code, &path, &mapping, (reference, &dictionary.labels, areas)).map_err(|e| e.file(&path))?;
        lists.push(list);
    }
    Ok(lists)
}

impl List {
    fn read(code: &'static str, path: &Path, mapping: &Mapping, (reference, labels, areas): (&Reference, &Labels, &[Area])) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(|e| Error::io("外部の名簿を読めません", path, &e))?;
        let grids = grid::read_all(bytes, None)?;
        let wanted: Vec<(String, &str)> = mapping.columns.iter().map(|(h, to)| (fold(h), to.as_str().unwrap_or_default())).collect();
        let heads = |row: &csv::StringRecord| -> Vec<(usize, &str)> {
            let found = |(c, cell): (usize, &str)| wanted.iter().find(|(h, _)| *h == fold(cell)).map(|(_, to)| (c, *to));
            row.iter().enumerate().filter_map(found).collect()
        };
        let is_head = |found: &[(usize, &str)]| found.iter().any(|(_, to)| *to == "id") && found.iter().any(|(_, to)| to.starts_with("says"));
        let table = grids.iter().find_map(|g| {
            let at = g.rows.iter().take(20).position(|(_, row)| is_head(&heads(row)))?;
            Some((g, at))
        });
        let Some((grid, at)) = table else {
            let headers: Vec<&str> = mapping.columns.keys().map(String::as_str).collect();
            return Err(Error::new("外部の名簿の見出しが分かりません（医療機関の番号と、届出か機能の列が要ります）")
                .at(format!("列対応表 {}", mapping.name))
                .next(format!("見出し（{}）を、名簿のとおりに直してください", headers.join("、"))));
        };
        let columns = heads(&grid.rows[at].1);
        let mut list = Self { code, file_name: path.file_name().unwrap_or_default().to_string_lossy().into_owned(), entries: BTreeMap::new() };
        for (row_no, record) in &grid.rows[at + 1..] {
            let cell = |field: &str| columns.iter().find(|(_, to)| *to == field).and_then(|(c, _)| record.get(*c)).unwrap_or("").trim();
            let id = fold(cell("id"));
            if id.is_empty() || is_elsewhere(cell("prefecture_code"), reference) {
                continue;
            }
            let entry = list.entries.entry(id).or_default();
            if entry.row == 0 {
                entry.row = *row_no;
                let place = master::place_of(&fold(cell("municipality_code")), &fold(cell("address")), reference);
                entry.units = place.map(|m| master::units_of(&m.municipality_code, areas)).unwrap_or_default();
            }
            for (column, to) in &columns {
                let text = record.get(*column).unwrap_or("").trim();
                entry.take(to, text, mapping, labels);
            }
        }
        if list.entries.is_empty() {
            return Err(
                Error::new(format!("外部の名簿に{}の医療機関がありません", reference.prefecture.name)).next("この都道府県の名簿を指定してください")
            );
        }
        Ok(list)
    }

    /// Facility of the extract → ID in the list: the same ID, or the last seven digits where that is unique on both sides.
    fn matched(&self, ids: &BTreeSet<String>) -> BTreeMap<String, String> {
        let mut by_end: HashMap<&str, Vec<&String>> = HashMap::new();
        for id in ids.iter().filter(|id| id.is_ascii() && id.len() >= 7) {
            by_end.entry(&id[id.len() - 7..]).or_default().push(id);
        }
        let whole: BTreeMap<String, String> = self.entries.keys().filter(|id| ids.contains(*id)).map(|id| (id.clone(), id.clone())).collect();
        if whole.len() * 2 > self.entries.len() {
            return whole;
        }
        let end = |id: &String| {
            let tail = id.is_ascii().then(|| id.len().checked_sub(7).map(|at| &id[at..])).flatten()?;
            by_end.get(tail).filter(|v| v.len() == 1).map(|v| (v[0].clone(), id.clone()))
        };
        let by_end: BTreeMap<String, String> = self.entries.keys().filter_map(end).collect();
        // a chance agreement of a few numbers is no match
        if by_end.len() * 2 > self.entries.len() { by_end } else { whole }
    }

    fn hold(
        &self,
        row: &CheckRow,
        matched: &BTreeMap<String, String>,
        answers: &Answers,
        dictionary: &Dictionary,
        areas: &[Area],
        outside: &mut Outside,
    ) -> Result<()> {
        let broken = |e: regex::Error| Error::new(format!("正規表現「{}」が読めません：{e}", row.pattern)).at("sql/rules/outside_checks.csv");
        let pattern = Regex::new(&row.pattern).map_err(broken)?;
        let said = |entry: &Entry| entry.says.iter().filter(|s| pattern.is_match(s)).cloned().collect::<Vec<_>>();
        let mut differing: BTreeSet<&String> = BTreeSet::new();
        for (facility, id) in matched {
            let entry = &self.entries[id];
            let found = said(entry);
            if found.is_empty() == (row.is_declared == 1) || !answers.fits(facility, row, dictionary) {
                continue;
            }
            differing.insert(id);
            let told = if row.is_declared == 1 { found } else { entry.says.iter().cloned().collect() };
            let value = told.into_iter().collect::<Vec<_>>().join("・");
            let finding = Finding::new(&row.finding_code).file(&self.file_name).row(entry.row).facility(facility).item(&row.item_code);
            outside.findings.push(finding.value(if value.is_empty() { "報告なし".to_owned() } else { value }));
        }
        if self.code != "bed_report" || row.is_declared == 0 {
            return Ok(());
        }
        let item = dictionary.item(&row.item_code).map_or_else(String::new, |i| i.short_label.clone());
        for area in areas {
            let inside: Vec<(&String, &Entry)> = self.entries.iter().filter(|(_, e)| master::is_inside(area, &e.units)).collect();
            let declared = inside.iter().filter(|(_, e)| !said(e).is_empty()).count();
            if declared == 0 {
                continue;
            }
            let differ = inside.iter().filter(|(id, _)| differing.contains(*id)).count();
            let line = Line {
                list: self.code.to_owned(),
                label: row.pattern.clone(),
                said_on: row.said_on.clone(),
                declared,
                differing: (!matched.is_empty()).then_some(differ),
                item: item.clone(),
                beds: beds(&inside),
            };
            outside.lines.entry((area.level.clone(), area.area_code.clone())).or_default().push(line);
        }
        Ok(())
    }
}

impl Entry {
    fn take(&mut self, to: &str, text: &str, mapping: &Mapping, labels: &Labels) {
        if text.is_empty() {
            return;
        }
        let newest = |t: &str| labels.newest(t, "bed_function");
        match to.split_once('=') {
            None if to == "says" => {
                let mut parts = vec![text.to_owned()];
                for separator in &mapping.values.separators {
                    parts = parts.iter().flat_map(|p| p.split(separator.as_str()).map(|s| s.trim().to_owned()).collect::<Vec<_>>()).collect();
                }
                self.says.extend(parts.into_iter().filter(|p| !p.is_empty()).map(|p| newest(&p)));
            }
            Some(("says", label)) if mapping.values.selected.iter().any(|s| label_key(s) == label_key(text)) => {
                self.says.insert(newest(label));
            }
            Some(("beds", label)) => {
                if let Ok(n) = fold(text).replace(',', "").trim_end_matches('床').parse::<f64>() {
                    *self.beds.entry(newest(label)).or_default() += n;
                }
            }
            _ => {}
        }
    }
}

fn beds(inside: &[(&String, &Entry)]) -> String {
    let mut sums: BTreeMap<&str, f64> = BTreeMap::new();
    for (name, n) in inside.iter().flat_map(|(_, e)| &e.beds) {
        *sums.entry(name).or_default() += n;
    }
    sums.into_iter().filter(|(_, n)| *n > 0.0).map(|(name, n)| format!("{name} {n:.0}床")).collect::<Vec<_>>().join("、")
}

fn is_elsewhere(code: &str, reference: &Reference) -> bool {
    let code = fold(code);
    !code.is_empty() && format!("{code:0>2}") != reference.prefecture.prefecture_code
}

impl Answers {
    fn read(stages: &Path, rows: &[CheckRow]) -> Result<Self> {
        let read = |table: &str, folder: &str| Table::read_parquet(table, &stages.join(format!("{folder}/{table}.parquet")));
        let functions = read("det_functions", "determine")?;
        let (mut ids, mut asked, mut by_row) = (BTreeSet::new(), BTreeSet::new(), HashMap::new());
        for i in 0..functions.len() {
            let id = functions.text(i, "facility_id")?.to_owned();
            if functions.text(i, "function_code")? == "g1" {
                if functions.text(i, "status_literal")? == "yes" {
                    asked.insert(id.clone());
                }
                by_row.insert(functions.int(i, "row_no")?, id.clone());
                ids.insert(id);
            }
        }
        let wanted: BTreeSet<&str> = rows.iter().map(|r| r.item_code.as_str()).collect();
        let mut given: HashMap<(String, String), Vec<String>> = HashMap::new();
        for table in [read("ing_answers", "ingest")?, read("ing_notes", "ingest")?] {
            for i in 0..table.len() {
                let item = table.text(i, "item_code")?;
                let Some(id) = by_row.get(&table.int(i, "row_no")?).filter(|_| wanted.contains(item)) else { continue };
                given.entry((id.clone(), item.to_owned())).or_default().push(table.text(i, "choice_code")?.to_owned());
            }
        }
        Ok(Self { ids, asked, given })
    }

    /// Whether a facility that was asked answers an item as a check looks for.
    fn fits(&self, facility: &str, row: &CheckRow, dictionary: &Dictionary) -> bool {
        let given = self.given.get(&(facility.to_owned(), row.item_code.clone()));
        if !self.asked.contains(facility) {
            return false;
        }
        let Some(codes) = given else { return row.answer == "blank" };
        let set = dictionary.item(&row.item_code).map_or("", |i| i.choice_set.as_str());
        let choices: Vec<_> = codes.iter().filter_map(|code| dictionary.choices_of(set).find(|c| c.choice_code == *code)).collect();
        match row.answer.as_str() {
            "negative" => !choices.is_empty() && choices.iter().all(|c| c.polarity == "negative"),
            "blank" => false,
            modes => choices.iter().any(|c| modes.split(';').any(|m| m.strip_prefix("mode:") == Some(c.mode.as_str()))),
        }
    }
}
