//! The identity of each row: facility, place, report status, which row of a facility is the latest, and which rows of
//! tables that lie side by side are the same facility's.

use crate::ground::text;
use std::collections::HashMap;
use std::sync::Arc;

use csv::StringRecord;
use polars::prelude as pl;
use polars::prelude::NamedFrom;

use super::source::Source;
use super::states;
use super::{Context, Place, Rejected, cells};
use crate::facts::finding::Finding;
use crate::facts::reference::Reference;
use crate::ground::artefact::{ColumnNote, Table};
use crate::ground::error::{Error, Result};
use crate::ground::records::usual_width;

/// One kept row of the extract; of several tables side by side, the joined row.
pub struct FacilityRow {
    /// Table, and index into its rows; one for each block of tables that has the facility.
    pub parts: Vec<(usize, usize)>,
    /// Unlike that of every other row; in the first table the row of Excel.
    pub row_no: u32,
    pub report_year: i32,
    pub facility_id: String,
    /// 5-digit code of the whole municipality; empty when unknown.
    pub municipality_code: String,
    /// Code of the ward where the extract has one, else that of the municipality.
    pub unit_code: String,
    pub medical_area_code: String,
    /// Mode or code of the choice, in the order of `CHOICE_ITEMS`.
    pub modes: [Option<Arc<str>>; CHOICE_ITEMS.len()],
    pub report_date: String,
    pub is_reported: bool,
    pub is_latest: bool,
}

impl FacilityRow {
    /// Index of this facility's row in a table.
    pub fn part_of(&self, source: usize) -> Option<usize> {
        self.parts.iter().find(|(s, _)| *s == source).map(|(_, index)| *index)
    }
}

pub struct Facilities {
    pub rows: Vec<FacilityRow>,
}

/// Choice items of the identity block and the column that holds their mode (or label code) in the artefact.
pub const CHOICE_ITEMS: [&str; 9] =
    ["facility_type", "report_status", "report_method", "confirmation", "auto_g1", "auto_g2a", "auto_g2b", "auto_g2c", "auto_g2d"];

/// Place of the report status among them.
pub const STATUS: usize = 1;

pub(super) fn read(context: &Context<'_>, findings: &mut Vec<Finding>) -> Result<(Facilities, Vec<Rejected>)> {
    let (mut rows, mut rejected) = (Vec::new(), Vec::new());
    let blocks = context.sources.iter().map(|s| s.block).max().unwrap_or(0) + 1;
    for block in 0..blocks {
        let mut of_block = Vec::new();
        for (s, source) in context.sources.iter().enumerate().filter(|(_, s)| s.block == block) {
            refuse_damaged_ids(source).map_err(|e| e.file(&source.path))?;
            let mut reader = RowReader::new(context, s);
            for (index, (row_no, record)) in source.rows.iter().enumerate() {
                match reader.row(index, *row_no, record, findings) {
                    Some(row) => of_block.push(row),
                    None => rejected.push(Rejected { source: s, file_name: source.name.clone(), row_no: *row_no, cells: record.clone() }),
                }
            }
            reader.finish(findings).map_err(|e| e.file(&source.path))?;
        }
        mark_latest(context, &mut of_block, findings);
        rows.push(of_block);
    }
    let rows = super::join::join(context, rows, &mut rejected, findings);
    if rows.is_empty() {
        return Err(Error::new(format!("取り込める行が一つもありません（{} 行すべてに問題があります）", rejected.len()))
            .file(&context.sources[0].path)
            .next("抽出ファイルの列のずれがないか、列対応表が合っているかを確かめてください"));
    }
    Ok((Facilities { rows }, rejected))
}

/// The meaning of a choice cell's text, or the finding that it gives.
type Understood = std::result::Result<Option<Arc<str>>, &'static str>;

/// Reads the identity of the rows of one table.
struct RowReader<'a> {
    context: &'a Context<'a>,
    source: &'a Source,
    number: usize,
    glyphs: cells::Glyphs,
    /// What was read in each choice column: few texts in many rows.
    choices: [HashMap<String, Understood>; CHOICE_ITEMS.len()],
    sets: [Option<cells::ChoiceSet>; CHOICE_ITEMS.len()],
    years: HashMap<String, i32>,
    dates: HashMap<String, Option<String>>,
    places: HashMap<String, Option<Located>>,
    other_prefecture: HashMap<String, usize>,
    other_year: HashMap<i32, usize>,
    area_unknown_said: bool,
    /// Columns of the reported items.
    answer_columns: Vec<usize>,
    /// The most frequent number of cells of a row.
    usual: usize,
    unknown_municipality: usize,
    /// States of 報告状況 that no list has: how many rows, and the first of them.
    unknown_states: states::Unknown,
    wards: usize,
    /// How many codes of an item had zeros put back, and the first as written.
    padded: HashMap<&'static str, (usize, String)>,
}

/// A municipality code resolved against the reference.
#[derive(Clone, Default)]
struct Located {
    municipality: String,
    unit: String,
    area: String,
    /// Finding code when the code was one of earlier years.
    change: Option<&'static str>,
}

impl<'a> RowReader<'a> {
    fn new(context: &'a Context<'a>, number: usize) -> Self {
        let source = &context.sources[number];
        let dictionary = context.request.dictionary;
        let sets = CHOICE_ITEMS.map(|item| dictionary.item(item).map(|i| cells::ChoiceSet::new(dictionary, &i.choice_set)));
        let mut answer_columns = Vec::new();
        for (item, place) in &source.places {
            let is_base = dictionary.item(item).is_none_or(|i| i.function_code == "base");
            match place {
                _ if is_base => {}
                Place::Column(c) => answer_columns.push(*c),
                Place::OneHot(list) => answer_columns.extend(list.iter().map(|(c, _)| *c)),
            }
        }
        Self {
            answer_columns,
            usual: usual_width(source.rows.iter().map(|(_, r)| r.len())),
            unknown_municipality: 0,
            unknown_states: states::Unknown::default(),
            wards: 0,
            padded: HashMap::new(),
            context,
            source,
            number,
            glyphs: source.glyphs("", "base", context.masked),
            sets,
            choices: Default::default(),
            years: HashMap::new(),
            dates: HashMap::new(),
            places: HashMap::new(),
            other_prefecture: HashMap::new(),
            other_year: HashMap::new(),
            area_unknown_said: false,
        }
    }

    fn cell<'r>(&self, record: &'r StringRecord, item: &str) -> &'r str {
        self.source.column(item).and_then(|c| record.get(c)).unwrap_or("")
    }

    /// A code of the row, with the zeros that its stated width asks for.
    fn code(&mut self, record: &StringRecord, item: &'static str) -> String {
        let raw = self.cell(record, item);
        let (code, was_short) = self.source.code(item, raw);
        if was_short {
            self.padded.entry(item).or_insert_with(|| (0, raw.to_owned())).0 += 1;
        }
        code
    }

    fn row(&mut self, index: usize, row_no: u32, record: &StringRecord, findings: &mut Vec<Finding>) -> Option<FacilityRow> {
        let source = self.source;
        let width = source.headers.len();
        // empty cells behind the last are harmless where all rows have them; else they moved the others
        let filled = record.iter().skip(width).any(|c| !c.trim().is_empty());
        if record.len() > width && (filled || (!source.is_workbook && record.len() > self.usual)) {
            findings.push(source.finding("too_many_cells", Some(row_no), None).value(format!("{} 列（見出しは {width} 列）", record.len())));
            return None;
        }
        let facility_id = self.code(record, "facility_id");
        if facility_id.is_empty() {
            findings.push(source.finding("no_facility_id", Some(row_no), source.column("facility_id")));
            return None;
        }
        if !facility_id.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_') {
            findings.push(source.finding("bad_facility_id", Some(row_no), source.column("facility_id")).value(&facility_id));
            return None;
        }
        // a sheet has no cells after the last filled one: only in text a short row is a broken one
        if record.len() < width && !source.is_workbook {
            let value = format!("{} 列（見出しは {width} 列）", record.len());
            findings.push(source.finding("too_few_cells", Some(row_no), None).facility(&facility_id).value(value));
        }
        let wanted_year = self.context.request.report_year;
        let year_text = self.cell(record, "report_year");
        let report_year = match self.years.get(year_text) {
            Some(year) => *year,
            None => {
                let year = match text::fiscal_year(year_text) {
                    Some(year) => year,
                    None if text::fold(year_text).is_empty() => wanted_year,
                    None => 0,
                };
                self.years.insert(year_text.to_owned(), year);
                year
            }
        };
        if report_year != wanted_year {
            *self.other_year.entry(report_year).or_default() += 1;
            findings.push(source.finding("other_year", Some(row_no), source.column("report_year")).facility(&facility_id).value(year_text));
            return None;
        }
        if let Some(other) = self.foreign(record) {
            findings.push(source.finding("other_prefecture", Some(row_no), source.column("municipality_code")).facility(&facility_id).value(&other));
            *self.other_prefecture.entry(other).or_default() += 1;
            return None;
        }
        let located = self.locate(record, row_no, &facility_id, findings);
        let modes = std::array::from_fn(|i| self.choice(i, record, row_no, &facility_id, findings));
        let raw_date = self.cell(record, "report_date");
        let report_date = match self.dates.get(raw_date) {
            Some(date) => date.clone(),
            None => self.dates.entry(raw_date.to_owned()).or_insert_with(|| text::date(raw_date)).clone(),
        };
        if report_date.is_none() && !raw_date.trim().is_empty() {
            findings.push(source.finding("not_a_date", Some(row_no), source.column("report_date")).facility(&facility_id).value(raw_date));
        }
        let is_reported = self.is_reported(&modes, record, row_no, &facility_id, findings);
        Some(FacilityRow {
            parts: vec![(self.number, index)],
            row_no: source.row_offset + row_no,
            report_year,
            facility_id,
            municipality_code: located.municipality,
            unit_code: located.unit,
            medical_area_code: located.area,
            is_reported,
            modes,
            report_date: report_date.unwrap_or_default(),
            is_latest: true,
        })
    }

    /// Whether a row is a report. Without a readable status its answers tell; a status against the answers is said.
    fn is_reported(&mut self, modes: &[Option<Arc<str>>], record: &StringRecord, row_no: u32, id: &str, findings: &mut Vec<Finding>) -> bool {
        let column = self.source.column("report_status");
        let answered = || self.answer_columns.iter().any(|c| record.get(*c).is_some_and(|cell| !cell.trim().is_empty()));
        let code = match modes[STATUS].as_deref() {
            Some("reported") => return true,
            Some(_) if answered() => "unreported_with_answers",
            Some(_) => return false,
            // beside a table with the status, answers speak for themselves
            None if column.is_none() => return answered(),
            None => {
                let cell = self.cell(record, "report_status");
                self.unknown_states.meet(cell, row_no);
                "unknown_report_status"
            }
        };
        findings.push(self.source.finding(code, Some(row_no), column).facility(id).value(self.cell(record, "report_status")));
        code == "unknown_report_status" && answered()
    }

    /// The prefecture code of a row that belongs elsewhere.
    fn foreign(&mut self, record: &StringRecord) -> Option<String> {
        let ours = &self.context.request.reference.prefecture.prefecture_code;
        if ours == Reference::NATION {
            return None;
        }
        let said = self.code(record, "prefecture_code");
        if !said.is_empty() {
            return (format!("{said:0>2}") != *ours).then_some(said);
        }
        // Without a prefecture column, a municipality code of full length tells.
        let code = text::fold(self.cell(record, "municipality_code"));
        (code.len() >= 5 && code.bytes().all(|b| b.is_ascii_digit()) && !code.starts_with(ours.as_str()) && !ours.starts_with('0')).then_some(code)
    }

    fn locate(&mut self, record: &StringRecord, row_no: u32, facility_id: &str, findings: &mut Vec<Finding>) -> Located {
        let source = self.source;
        let Some(column) = source.column("municipality_code") else { return Located::default() };
        let raw = record.get(column).unwrap_or("");
        let code = self.code(record, "municipality_code");
        let reference = self.context.request.reference;
        let is_first = !self.places.contains_key(&code);
        let located = self.places.entry(code).or_insert_with_key(|code| resolve(reference, code)).clone();
        let Some(located) = located else {
            self.unknown_municipality += 1;
            findings.push(source.finding("unknown_municipality", Some(row_no), Some(column)).facility(facility_id).value(raw));
            return Located::default();
        };
        if let Some(reason) = located.change.filter(|_| is_first) {
            findings.push(source.finding(reason, Some(row_no), Some(column)).value(format!("{raw} → {}", located.unit)));
        }
        if located.area.is_empty() && !self.area_unknown_said {
            self.area_unknown_said = true;
            findings.push(source.finding("area_unknown", Some(row_no), Some(column)).value(raw));
        }
        self.wards += usize::from(located.unit != located.municipality);
        located
    }

    fn choice(&mut self, number: usize, record: &StringRecord, row_no: u32, facility_id: &str, findings: &mut Vec<Finding>) -> Option<Arc<str>> {
        let item = CHOICE_ITEMS[number];
        let column = self.source.column(item)?;
        let raw = record.get(column).unwrap_or("");
        if raw.is_empty() {
            return None;
        }
        let read = match self.choices[number].get(raw) {
            Some(read) => read.clone(),
            None => {
                let read = self.read_choice(number, raw);
                self.choices[number].insert(raw.to_owned(), read.clone());
                read
            }
        };
        match read {
            Ok(mode) => mode,
            Err(code) => {
                findings.push(self.source.finding(code, Some(row_no), Some(column)).facility(facility_id).item(item).value(raw));
                None
            }
        }
    }

    /// The mode of a choice cell, or the code of the finding.
    fn read_choice(&self, number: usize, raw: &str) -> std::result::Result<Option<Arc<str>>, &'static str> {
        let dictionary = self.context.request.dictionary;
        let (Some(set), Some(item)) = (&self.sets[number], dictionary.item(CHOICE_ITEMS[number])) else { return Ok(None) };
        match set.single(raw, &self.glyphs) {
            read if number == STATUS => Ok(states::mode(raw, &read, dictionary, self.context.request.statuses).map(Arc::from)),
            cells::Cell::Choices(codes) => {
                let choice = dictionary.choices_of(&item.choice_set).find(|c| c.choice_code == codes[0]);
                Ok(choice.map(|c| Arc::from(if c.mode.is_empty() { c.choice_code.as_str() } else { c.mode.as_str() })))
            }
            cells::Cell::Unreadable(code) => Err(code),
            // a wording that is only guessed at would pass for a blank here
            cells::Cell::Guessed(_) => Err("unknown_choice"),
            _ => Ok(None),
        }
    }

    /// Findings about the table as a whole. One of another prefecture or year is refused; a few such rows are only left out.
    fn finish(&self, findings: &mut Vec<Finding>) -> Result<()> {
        self.unknown_states.refuse(self.source.column("report_status"))?;
        let rows = self.source.rows.len();
        if self.wards > 0 {
            let value = format!("{} 行", self.wards);
            findings.push(self.source.finding("ward_rolled_up", None, self.source.column("municipality_code")).value(value));
        }
        for (item, (n, first)) in &self.padded {
            let width = self.source.layout.file.widths.get(*item).copied().unwrap_or_default();
            let value = format!("{n} 行（最初は「{first}」、{width} 桁にしました）");
            findings.push(self.source.finding("zeros_put_back", None, self.source.column(item)).item(item).value(value));
        }
        let request = self.context.request;
        let ours = &request.reference.prefecture;
        if let Some((code, n)) = self.other_prefecture.iter().max_by_key(|(_, n)| **n)
            && n * 2 > rows
        {
            return Err(Error::new(format!("別の都道府県（コード {code}）の抽出ファイルです（この作業フォルダーは{}）", ours.name))
                .next(format!("{}の抽出ファイルを指定するか、kyogi init でその都道府県の作業フォルダーを作ってください", ours.name)));
        }
        if let Some((year, n)) = self.other_year.iter().max_by_key(|(_, n)| **n)
            && n * 2 > rows
        {
            return Err(Error::new(format!("報告年度が {year} の抽出ファイルです（この作業フォルダーは {} 年度）", request.report_year))
                .next("kyogi.toml の report_year を直すか、その年度の抽出ファイルを指定してください"));
        }
        if self.unknown_municipality * 2 > rows {
            return Err(Error::new(format!("市区町村コードの半分より多く（{} 行）が{}の一覧にありません", self.unknown_municipality, ours.name))
                .next("別の都道府県の抽出ファイルでないか、列対応表の municipality_code の列が正しいかを確かめてください"));
        }
        Ok(())
    }
}

/// Excel turns a long number into 3.12318E+12, and then many facilities share one ID.
fn refuse_damaged_ids(source: &Source) -> Result<()> {
    let Some(column) = source.column("facility_id") else { return Ok(()) };
    let damaged = |cell: &str| {
        text::fold(cell).split_once(['E', 'e']).is_some_and(|(n, e)| n.parse::<f64>().is_ok() && e.trim_start_matches('+').parse::<u8>().is_ok())
    };
    match source.rows.iter().find(|(_, record)| record.get(column).is_some_and(damaged)) {
        None => Ok(()),
        Some((row_no, record)) => Err(Error::new(format!("医療機関IDが Excel の指数表記（{}）に変わっています", record.get(column).unwrap_or("")))
            .at(format!("行 {row_no}、列 {}", super::layout::column_name(column)))
            .next("Excel で開いて保存する前の、元の抽出ファイルを使ってください")),
    }
}

/// A code as written: 5 digits, 6 with check digit, with or without the leading zero that Excel drops.
fn resolve(reference: &Reference, code: &str) -> Option<Located> {
    if code.is_empty() || !code.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let padded = format!("0{code}");
    let of = |code: &str| reference.municipalities.iter().find(|m| code == m.municipality_code || code == m.municipality_code6);
    let (found, change) = match of(code).or_else(|| of(&padded)) {
        Some(found) => (found, None),
        None => {
            let (new, reason) = reference.renewed(code).or_else(|| reference.renewed(&padded))?;
            (new, Some(reason))
        }
    };
    let municipality = if found.parent_code.is_empty() { &found.municipality_code } else { &found.parent_code };
    Some(Located {
        municipality: municipality.clone(),
        unit: found.municipality_code.clone(),
        area: found.secondary_medical_area_code.clone(),
        change,
    })
}

/// The latest report of a facility counts: by report date, then by position. Reported rows beat unreported ones.
fn mark_latest(context: &Context<'_>, rows: &mut [FacilityRow], findings: &mut Vec<Finding>) {
    let mut latest: HashMap<String, usize> = HashMap::new();
    for i in 0..rows.len() {
        let Some(&before) = latest.get(&rows[i].facility_id) else {
            latest.insert(rows[i].facility_id.clone(), i);
            continue;
        };
        let key = |r: &FacilityRow| (r.is_reported, r.report_date.clone(), r.row_no);
        let (old, new) = if key(&rows[i]) >= key(&rows[before]) { (before, i) } else { (i, before) };
        rows[old].is_latest = false;
        let same_date = rows[old].report_date == rows[new].report_date && rows[old].is_reported == rows[new].is_reported;
        let elsewhere = rows[old].municipality_code != rows[new].municipality_code;
        let code = match (elsewhere, same_date) {
            (true, _) => "superseded_elsewhere",
            (false, true) => "duplicate_same_date",
            (false, false) => "superseded",
        };
        let (source, row) = context.place(&rows[old]);
        let (other, used) = context.place(&rows[new]);
        let elsewhere = if std::ptr::eq(source, other) { String::new() } else { format!("{} の", other.name) };
        findings.push(source.finding(code, Some(row), None).facility(&rows[old].facility_id).value(format!("{elsewhere}行 {used} を使用")));
        latest.insert(rows[new].facility_id.clone(), new);
    }
}

impl Facilities {
    /// The artefact `ing_facilities`.
    pub fn table(&self, context: &Context<'_>) -> Result<Table> {
        let text = |name: &str, of: &dyn Fn(&FacilityRow) -> Option<String>| {
            pl::Column::from(pl::Series::new(name.into(), self.rows.iter().map(of).collect::<Vec<_>>()))
        };
        let filled = |s: &str| (!s.is_empty()).then(|| s.to_owned());
        let mut columns = vec![
            pl::Column::from(pl::Series::new("row_no".into(), self.rows.iter().map(|r| i64::from(r.row_no)).collect::<Vec<_>>())),
            pl::Column::from(pl::Series::new("report_year".into(), self.rows.iter().map(|r| i64::from(r.report_year)).collect::<Vec<_>>())),
            text("facility_id", &|r| Some(r.facility_id.clone())),
            text("municipality_code", &|r| filled(&r.municipality_code)),
            text("unit_code", &|r| filled(&r.unit_code)),
            text("medical_area_code", &|r| filled(&r.medical_area_code)),
        ];
        for (i, item) in CHOICE_ITEMS.into_iter().enumerate() {
            columns.push(text(item, &|r| r.modes[i].as_deref().map(str::to_owned)));
        }
        columns.push(text("report_date", &|r| filled(&r.report_date)));
        for (name, of) in [("is_reported", (|r| r.is_reported) as fn(&FacilityRow) -> bool), ("is_latest", |r| r.is_latest)] {
            columns.push(pl::Column::from(pl::Series::new(name.into(), self.rows.iter().map(of).collect::<Vec<_>>())));
        }
        columns.push(text("source_file", &|r| Some(context.place(r).0.name.clone())));
        let source_rows = self.rows.iter().map(|r| i64::from(context.place(r).1)).collect::<Vec<_>>();
        columns.push(pl::Column::from(pl::Series::new("source_row".into(), source_rows)));
        let frame = pl::DataFrame::new(self.rows.len(), columns)?;
        let labels = [
            ("row_no", "行番号"),
            ("report_year", "報告年度"),
            ("facility_id", "医療機関ID"),
            ("municipality_code", "市区町村コード"),
            ("unit_code", "抽出の市区町村・区コード"),
            ("medical_area_code", "二次医療圏コード"),
            ("facility_type", "医療機関種別"),
            ("report_status", "報告状況"),
            ("report_method", "報告方法"),
            ("confirmation", "確認状況"),
            ("auto_g1", "1号自動判定"),
            ("auto_g2a", "イ自動判定"),
            ("auto_g2b", "ロ自動判定"),
            ("auto_g2c", "ハ自動判定"),
            ("auto_g2d", "ニ自動判定"),
            ("report_date", "最終報告日"),
            ("is_reported", "報告あり"),
            ("is_latest", "最新の報告"),
            ("source_file", "ファイル"),
            ("source_row", "ファイルの行番号"),
        ];
        Table::from_polars("ing_facilities", labels.iter().map(|(n, l)| ColumnNote::new(n, l, "")).collect(), &frame)
    }
}
