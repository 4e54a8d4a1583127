//! The identity of each row: facility, place, report status, and which row of a facility is the latest.

use std::collections::HashMap;

use csv::StringRecord;
use polars::prelude as pl;
use polars::prelude::NamedFrom;

use super::{Context, Place, cells};
use crate::artefact::{ColumnNote, Table};
use crate::error::{Error, Result};
use crate::finding::Finding;
use crate::reference::Reference;

/// One kept row of the extract.
pub struct FacilityRow {
    /// Index into the data rows of the grid.
    pub index: usize,
    pub row_no: u32,
    pub report_year: i32,
    pub facility_id: String,
    /// 5-digit code of the whole municipality; empty when unknown.
    pub municipality_code: String,
    /// Code of the ward where the extract has one, else that of the municipality.
    pub unit_code: String,
    pub medical_area_code: String,
    pub modes: HashMap<&'static str, String>,
    pub report_date: String,
    pub is_reported: bool,
    pub is_latest: bool,
}

pub struct Facilities {
    pub rows: Vec<FacilityRow>,
}

/// Choice items of the identity block and the column that holds their mode (or label code) in the artefact.
const CHOICE_ITEMS: [&str; 9] =
    ["facility_type", "report_status", "report_method", "confirmation", "auto_g1", "auto_g2a", "auto_g2b", "auto_g2c", "auto_g2d"];

type Rejected = Vec<(u32, StringRecord)>;

pub(super) fn read(context: &Context<'_>, data: &[(u32, StringRecord)], findings: &mut Vec<Finding>) -> Result<(Facilities, Rejected)> {
    refuse_damaged_ids(context, data)?;
    let mut reader = RowReader::new(context);
    let (mut rows, mut rejected) = (Vec::with_capacity(data.len()), Vec::new());
    for (index, (row_no, record)) in data.iter().enumerate() {
        match reader.row(index, *row_no, record, findings) {
            Some(row) => rows.push(row),
            None => rejected.push((*row_no, record.clone())),
        }
    }
    reader.refuse_foreign(data.len())?;
    let wards = rows.iter().filter(|r: &&FacilityRow| r.unit_code != r.municipality_code).count();
    if wards > 0 {
        findings.push(context.finding("ward_rolled_up", None, context.column("municipality_code")).value(format!("{wards} 行")));
    }
    if rows.is_empty() {
        return Err(Error::new(format!("取り込める行が一つもありません（{} 行すべてに問題があります）", rejected.len()))
            .next("抽出ファイルの列のずれがないか、列対応表が合っているかを確かめてください"));
    }
    mark_latest(context, &mut rows, findings);
    Ok((Facilities { rows }, rejected))
}

struct RowReader<'a> {
    context: &'a Context<'a>,
    sets: HashMap<&'static str, cells::ChoiceSet>,
    places: HashMap<String, Option<Located>>,
    other_prefecture: HashMap<String, usize>,
    other_year: HashMap<i32, usize>,
    area_unknown_said: bool,
    /// Columns of the reported items.
    answer_columns: Vec<usize>,
    unknown_municipality: usize,
}

/// A municipality code resolved against the reference.
#[derive(Clone)]
struct Located {
    municipality: String,
    unit: String,
    area: String,
}

impl<'a> RowReader<'a> {
    fn new(context: &'a Context<'a>) -> Self {
        let dictionary = context.request.dictionary;
        let sets =
            CHOICE_ITEMS.iter().filter_map(|&item| dictionary.item(item).map(|i| (item, cells::ChoiceSet::new(dictionary, &i.choice_set)))).collect();
        let mut answer_columns = Vec::new();
        for (item, place) in &context.places {
            let is_base = dictionary.item(item).is_none_or(|i| i.function_code == "base");
            match place {
                _ if is_base => {}
                Place::Column(c) => answer_columns.push(*c),
                Place::OneHot(list) => answer_columns.extend(list.iter().map(|(c, _)| *c)),
            }
        }
        Self {
            answer_columns,
            unknown_municipality: 0,
            context,
            sets,
            places: HashMap::new(),
            other_prefecture: HashMap::new(),
            other_year: HashMap::new(),
            area_unknown_said: false,
        }
    }

    fn cell<'r>(&self, record: &'r StringRecord, item: &str) -> &'r str {
        self.context.column(item).and_then(|c| record.get(c)).unwrap_or("")
    }

    fn row(&mut self, index: usize, row_no: u32, record: &StringRecord, findings: &mut Vec<Finding>) -> Option<FacilityRow> {
        let context = self.context;
        let width = context.headers.len();
        let extra = record.iter().skip(width).any(|c| !c.trim().is_empty());
        if extra {
            findings.push(context.finding("too_many_cells", Some(row_no), None).value(format!("{} 列（見出しは {width} 列）", record.len())));
            return None;
        }
        let facility_id = cells::fold(self.cell(record, "facility_id"));
        if facility_id.is_empty() {
            findings.push(context.finding("no_facility_id", Some(row_no), context.column("facility_id")));
            return None;
        }
        if !facility_id.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_') {
            findings.push(context.finding("bad_facility_id", Some(row_no), context.column("facility_id")).value(&facility_id));
            return None;
        }
        if record.len() < width {
            let value = format!("{} 列（見出しは {width} 列）", record.len());
            findings.push(context.finding("too_few_cells", Some(row_no), None).facility(&facility_id).value(value));
        }
        let year_text = self.cell(record, "report_year");
        let report_year = match cells::fiscal_year(year_text) {
            Some(year) => year,
            None if cells::fold(year_text).is_empty() => context.request.report_year,
            None => 0,
        };
        if report_year != context.request.report_year {
            *self.other_year.entry(report_year).or_default() += 1;
            findings.push(context.finding("other_year", Some(row_no), context.column("report_year")).facility(&facility_id).value(year_text));
            return None;
        }
        if let Some(other) = self.foreign(record) {
            findings
                .push(context.finding("other_prefecture", Some(row_no), context.column("municipality_code")).facility(&facility_id).value(&other));
            *self.other_prefecture.entry(other).or_default() += 1;
            return None;
        }
        let located = self.locate(record, row_no, &facility_id, findings);
        let mut modes = HashMap::new();
        for item in CHOICE_ITEMS {
            if let Some(mode) = self.choice(item, record, row_no, &facility_id, findings) {
                modes.insert(item, mode);
            }
        }
        let raw_date = self.cell(record, "report_date");
        let report_date = cells::date(raw_date);
        if report_date.is_none() && !raw_date.trim().is_empty() {
            findings.push(context.finding("not_a_date", Some(row_no), context.column("report_date")).facility(&facility_id).value(raw_date));
        }
        let is_reported = self.is_reported(&modes, record, row_no, &facility_id, findings);
        Some(FacilityRow {
            index,
            row_no,
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
    fn is_reported(&self, modes: &HashMap<&'static str, String>, record: &StringRecord, row_no: u32, id: &str, findings: &mut Vec<Finding>) -> bool {
        let column = self.context.column("report_status");
        let answered = || self.answer_columns.iter().any(|c| record.get(*c).is_some_and(|cell| !cell.trim().is_empty()));
        let code = match modes.get("report_status").map(String::as_str) {
            Some("reported") => return true,
            Some(_) if answered() => "unreported_with_answers",
            Some(_) => return false,
            None => "unknown_report_status",
        };
        findings.push(self.context.finding(code, Some(row_no), column).facility(id).value(self.cell(record, "report_status")));
        code == "unknown_report_status" && answered()
    }

    /// The prefecture code of a row that belongs elsewhere.
    fn foreign(&self, record: &StringRecord) -> Option<String> {
        let ours = &self.context.request.reference.prefecture.prefecture_code;
        let said = cells::fold(self.cell(record, "prefecture_code"));
        if !said.is_empty() {
            return (format!("{said:0>2}") != *ours).then_some(said);
        }
        // Without a prefecture column, a municipality code of full length tells.
        let code = cells::fold(self.cell(record, "municipality_code"));
        (code.len() >= 5 && code.bytes().all(|b| b.is_ascii_digit()) && !code.starts_with(ours.as_str()) && !ours.starts_with('0')).then_some(code)
    }

    fn locate(&mut self, record: &StringRecord, row_no: u32, facility_id: &str, findings: &mut Vec<Finding>) -> Located {
        let context = self.context;
        let raw = self.cell(record, "municipality_code");
        let located = self.places.entry(raw.to_owned()).or_insert_with(|| resolve(context.request.reference, raw)).clone();
        let column = context.column("municipality_code");
        let Some(located) = located else {
            self.unknown_municipality += 1;
            findings.push(context.finding("unknown_municipality", Some(row_no), column).facility(facility_id).value(raw));
            return Located { municipality: String::new(), unit: String::new(), area: String::new() };
        };
        if located.area.is_empty() && !self.area_unknown_said {
            self.area_unknown_said = true;
            findings.push(context.finding("area_unknown", Some(row_no), column).value(raw));
        }
        located
    }

    fn choice(&self, item: &'static str, record: &StringRecord, row_no: u32, facility_id: &str, findings: &mut Vec<Finding>) -> Option<String> {
        let column = self.context.column(item)?;
        let raw = record.get(column).unwrap_or("");
        match self.sets.get(item)?.single(raw, &self.context.glyphs) {
            cells::Cell::Choices(codes) => {
                let item = self.context.request.dictionary.item(item)?;
                let choice = self.context.request.dictionary.choices_of(&item.choice_set).find(|c| c.choice_code == codes[0])?;
                Some(if choice.mode.is_empty() { choice.choice_code.clone() } else { choice.mode.clone() })
            }
            // an unreadable status has its own finding
            cells::Cell::Unreadable(_) if item == "report_status" => None,
            cells::Cell::Unreadable(code) => {
                findings.push(self.context.finding(code, Some(row_no), Some(column)).facility(facility_id).item(item).value(raw));
                None
            }
            _ => None,
        }
    }

    /// A file of another prefecture or year is refused as a whole; a few such rows are only left out.
    fn refuse_foreign(&self, rows: usize) -> Result<()> {
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
fn refuse_damaged_ids(context: &Context<'_>, data: &[(u32, StringRecord)]) -> Result<()> {
    let Some(column) = context.column("facility_id") else { return Ok(()) };
    let damaged = |cell: &str| {
        cells::fold(cell).split_once(['E', 'e']).is_some_and(|(n, e)| n.parse::<f64>().is_ok() && e.trim_start_matches('+').parse::<u8>().is_ok())
    };
    match data.iter().find(|(_, record)| record.get(column).is_some_and(damaged)) {
        None => Ok(()),
        Some((row_no, record)) => Err(Error::new(format!("医療機関IDが Excel の指数表記（{}）に変わっています", record.get(column).unwrap_or("")))
            .at(format!("行 {row_no}、列 {}", super::layout::column_name(column)))
            .next("Excel で開いて保存する前の、元の抽出ファイルを使ってください")),
    }
}

/// A code as written: 5 digits, 6 with check digit, with or without the leading zero that Excel drops.
fn resolve(reference: &Reference, raw: &str) -> Option<Located> {
    let code = cells::fold(raw);
    if code.is_empty() || !code.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let padded = format!("0{code}");
    let found =
        reference.municipalities.iter().find(|m| [&code, &padded].into_iter().any(|c| *c == m.municipality_code || *c == m.municipality_code6))?;
    let municipality = if found.parent_code.is_empty() { &found.municipality_code } else { &found.parent_code };
    Some(Located { municipality: municipality.clone(), unit: found.municipality_code.clone(), area: found.secondary_medical_area_code.clone() })
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
        let value = format!("行 {} を使用", rows[new].row_no);
        findings.push(context.finding(code, Some(rows[old].row_no), None).facility(&rows[old].facility_id).value(value));
        latest.insert(rows[new].facility_id.clone(), new);
    }
}

impl Facilities {
    /// The artefact `ing_facilities`.
    pub fn table(&self) -> Result<Table> {
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
        for item in CHOICE_ITEMS {
            columns.push(text(item, &|r| r.modes.get(item).cloned()));
        }
        columns.push(text("report_date", &|r| filled(&r.report_date)));
        for (name, of) in [("is_reported", (|r| r.is_reported) as fn(&FacilityRow) -> bool), ("is_latest", |r| r.is_latest)] {
            columns.push(pl::Column::from(pl::Series::new(name.into(), self.rows.iter().map(of).collect::<Vec<_>>())));
        }
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
        ];
        Table::from_polars("ing_facilities", labels.iter().map(|(n, l)| ColumnNote::new(n, l, "")).collect(), &frame)
    }
}
