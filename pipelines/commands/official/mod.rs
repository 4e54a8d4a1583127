//! `kyogi reference update`: the publishers' own workbooks, recognised by their content, become dated tables of the work folder.
//!
//! Which workbook is which, which editions are known and what is said of skipped rows are rows in `sql/rules/official_*.csv`.

pub mod codes;
pub mod demand;
pub mod parts;
pub mod projection;
pub mod report;
pub mod residents;

use crate::ground::text;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::facts::dictionary::read_csv;
use crate::facts::reference::Reference;
use crate::facts::reference::tables::{self, Entry, LEDGER, Tables};
use crate::facts::workspace::Workspace;
use crate::ground::artefact::sha256;
use crate::ground::error::{Error, Result};
use crate::ground::place;
use crate::ground::spreadsheet::{self, Kind, Sheet};
use crate::render::html::Html;
use codes::Codes;
use parts::Parts;
use report::{FileLine, Notes, Report, TableLine};

/// What to do about a workbook that is not as it was published.
const AS_PUBLISHED: &str = "公表されたままのファイルを指定してください";

/// How a workbook is known: all words stand at the head of one sheet. The first row that fits counts.
#[derive(Clone, Debug, Deserialize)]
pub struct WorkbookKind {
    /// Empty: a workbook that is known but not used.
    pub workbook_code: String,
    pub title_has: String,
    pub refusal: String,
    pub label: String,
    pub publisher: String,
    pub licence: String,
}

/// An edition whose date does not stand in the workbook.
#[derive(Clone, Debug, Deserialize)]
struct Edition {
    workbook_code: String,
    base_year: i32,
    dataset: String,
    as_of: String,
    note: String,
}

/// A workbook that was read and recognised.
struct Input {
    name: String,
    path: PathBuf,
    sha256: String,
    kind: WorkbookKind,
    sheets: Vec<Sheet>,
    /// The sheet that holds the title.
    at: usize,
}

/// A table that was made, with the layout of the built-in one.
pub struct Made {
    pub table_name: &'static str,
    pub text: String,
}

/// What one kind of workbook gave.
struct Update {
    report: Report,
    made: Vec<Made>,
    entry: Entry,
}

/// Reads the workbooks and writes tables, ledger and reports into the work folder; nothing is written unless all of them can be read.
/// `as_of` (ISO) is the date for an edition that the program does not know.
pub fn update(workspace: &Workspace, files: &[PathBuf], as_of: Option<&str>) -> Result<Vec<Report>> {
    let reference = workspace.reference()?;
    let as_of = as_of.map(|text| {
        text::date(text).ok_or_else(|| Error::new(format!("日付「{text}」を読めません")).next("--as-of 2025-10-01 のように指定してください"))
    });
    let as_of = as_of.transpose()?;
    let inputs = files.iter().map(|path| recognise(path)).collect::<Result<Vec<_>>>()?;
    for (i, input) in inputs.iter().enumerate() {
        if let Some(other) = inputs[..i].iter().find(|o| o.kind.workbook_code == input.kind.workbook_code) {
            return Err(Error::new(format!("同じ資料（{}）のファイルが二つあります", input.kind.label))
                .at(format!("{} と {}", other.name, input.name))
                .next("一つだけ指定してください"));
        }
    }
    let codes = Codes::load(&reference.tables)?;
    let find = |code: &str| inputs.iter().find(|i| i.kind.workbook_code == code);
    let mut updates = Vec::new();
    if let Some(input) = find("residents") {
        updates.push(of_residents(input, &reference, &codes)?);
    }
    let parts = ["projection_total", "projection_65", "projection_75"];
    if parts.iter().any(|p| find(p).is_some()) {
        let missing: Vec<&str> = parts
            .iter()
            .zip(["結果表1（総人口）", "結果表3-3（65歳以上の割合）", "結果表3-4（75歳以上の割合）"])
            .filter(|(p, _)| find(p).is_none())
            .map(|(_, l)| l)
            .collect();
        if !missing.is_empty() {
            return Err(Error::new(format!("将来推計人口の{}がありません", missing.join("と"))).next("三つの結果表を一度に指定してください"));
        }
        let parts: Vec<&Input> = parts.iter().filter_map(|p| find(p)).collect();
        updates.push(of_projection(&parts, &reference, &codes, as_of.as_deref())?);
    }
    if let Some(input) = find("demand") {
        updates.push(of_demand(input, &reference, as_of.as_deref())?);
    }
    write(workspace, &reference, updates)
}

/// What a workbook is, by what stands at the head of its sheets.
fn recognise(path: &Path) -> Result<Input> {
    let bytes = fs::read(path).map_err(|e| Error::io("ファイルを読めません", path, &e))?;
    let sha256 = sha256(&bytes);
    let sheets = spreadsheet::read_bytes(bytes).map_err(|e| e.file(path))?;
    let kinds: Vec<WorkbookKind> = read_csv("sql/rules/official_workbooks.csv")?;
    let titles: Vec<String> =
        sheets.iter().map(|s| s.rows.iter().take(3).flatten().map(|c| text::fold(&c.text)).collect::<Vec<_>>().join("|")).collect();
    let name = path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    for kind in &kinds {
        let is_kind = |t: &String| kind.title_has.split(';').all(|word| t.contains(word));
        // what is hidden is read only where nothing else has the title, to say so
        let seen = (0..sheets.len()).find(|i| !sheets[*i].hidden && is_kind(&titles[*i]));
        let Some(at) = seen.or_else(|| titles.iter().position(is_kind)) else { continue };
        if kind.workbook_code.is_empty() {
            let (what, next) = kind.refusal.split_once('。').unwrap_or((&kind.refusal, AS_PUBLISHED));
            return Err(Error::new(what).next(next).at(format!("シート「{}」", sheets[at].name)).file(path));
        }
        refuse_looks(&sheets[at]).map_err(|e| e.file(path).next(AS_PUBLISHED))?;
        return Ok(Input { name, path: path.to_path_buf(), sha256, kind: kind.clone(), sheets, at });
    }
    let said: String = titles.first().map_or("", String::as_str).chars().take(40).collect();
    let known: Vec<&str> = kinds.iter().map(|k| k.label.as_str()).filter(|l| !l.is_empty()).collect();
    Err(Error::new(format!("どの公表資料か分かりません（先頭の文字「{said}」）"))
        .file(path)
        .next(format!("読めるのは、{} です。公表されたままの Excel ファイルを指定してください", known.join("、"))))
}

/// Publishers hide and strike nothing: where somebody did, what is data and what is not cannot be told.
fn refuse_looks(sheet: &Sheet) -> Result<()> {
    let width = sheet.rows.iter().map(spreadsheet::Row::len).max().unwrap_or(0);
    let looks = &sheet.looks;
    if sheet.hidden {
        return Err(Error::new("資料のシートが隠れています").at(format!("シート「{}」", sheet.name)));
    }
    if let Some(row) = looks.hidden_rows.iter().find(|r| sheet.rows.get(**r).is_some_and(|cells| cells.filled().any(|(_, c)| !c.text.is_empty()))) {
        return Err(Error::new("隠れている行があります（データとして読むかどうか決められません）").at(format!(
            "シート「{}」の {} 行目",
            sheet.name,
            row + 1
        )));
    }
    if let Some(column) = (0..width).find(|c| looks.hides_column(*c) && sheet.rows.iter().any(|r| r.get(*c).is_some_and(|c| !c.text.is_empty()))) {
        return Err(Error::new("隠れている列があります（データとして読むかどうか決められません）").at(sheet.column_place(column)));
    }
    if let Some((row, column)) = looks.struck_cells().next() {
        return Err(Error::new(format!("見え消し（取り消し線）のある欄です：「{}」", sheet.text(row, column))).at(sheet.place(row, column)));
    }
    match looks.formulas_without_value().next() {
        Some((row, column)) => Err(Error::new("値のない数式です（Excel で開いて保存すると計算されます）").at(sheet.place(row, column))),
        None => Ok(()),
    }
}

impl Input {
    fn sheet(&self) -> &Sheet {
        &self.sheets[self.at]
    }

    fn line(&self) -> FileLine {
        FileLine { name: self.name.clone(), label: self.kind.label.clone(), sha256: self.sha256.clone() }
    }

    /// Date, data set and note of the edition that begins with a year.
    fn edition(&self, code: &str, base_year: i32, as_of: Option<&str>) -> Result<(String, String, String)> {
        let editions: Vec<Edition> = read_csv("sql/rules/official_editions.csv")?;
        if let Some(e) = editions.iter().find(|e| e.workbook_code == code && e.base_year == base_year) {
            return Ok((as_of.unwrap_or(&e.as_of).to_owned(), e.dataset.clone(), e.note.clone()));
        }
        let title = self.sheet().rows.iter().flatten().map(|c| c.text.trim()).find(|t| !t.is_empty()).unwrap_or_default();
        match as_of {
            Some(date) => Ok((date.to_owned(), title.replace('\n', " "), String::new())),
            None => {
                let known: Vec<String> = editions.iter().filter(|e| e.workbook_code == code).map(|e| format!("{}年", e.base_year)).collect();
                Err(Error::new(format!("{base_year}年から始まる版です（知っている版は {} から）", known.join("、")))
                    .at(format!("シート「{}」", self.sheet().name))
                    .file(&self.path)
                    .next("版が正しければ、--as-of に資料の日付（例 2025-10-01）を指定してください"))
            }
        }
    }
}

fn of_residents(input: &Input, reference: &Reference, codes: &Codes) -> Result<Update> {
    let mut notes = Notes::default();
    notes.of_file(&input.name);
    let residents = residents::read(input.sheet(), codes, &mut notes).map_err(|e| e.file(&input.path))?;
    let made = residents::tables(&residents, codes, &reference.prefecture.prefecture_code).map_err(|e| e.file(&input.path))?;
    finish(&[input], reference, notes, made, (residents.as_of.clone(), input.kind.label.clone(), String::new()))
}

fn of_projection(parts: &[&Input], reference: &Reference, codes: &Codes, as_of: Option<&str>) -> Result<Update> {
    let mut notes = Notes::default();
    let mut read = Vec::new();
    for part in parts {
        notes.of_file(&part.name);
        read.push(projection::read(part.sheet(), &part.kind.workbook_code, &mut notes).map_err(|e| e.file(&part.path))?);
    }
    let projection = projection::join(&read[0], &read[1], &read[2])?;
    let base_year = projection.years.first().copied().unwrap_or_default();
    let edition = parts[0].edition("projection", base_year, as_of)?;
    notes.of_file(&parts[0].name);
    let made = projection::tables(parts[0].sheet(), &projection, codes, &reference.prefecture.prefecture_code, &mut notes)
        .map_err(|e| e.file(&parts[0].path))?;
    finish(parts, reference, notes, made, edition)
}

fn of_demand(input: &Input, reference: &Reference, as_of: Option<&str>) -> Result<Update> {
    let mut notes = Notes::default();
    notes.of_file(&input.name);
    let sheet = input.sheet();
    let demand = demand::read(sheet, &mut notes).map_err(|e| e.file(&input.path))?;
    let base_year = demand.years.first().map_or(0, |(y, _)| *y);
    let edition = input.edition("demand", base_year, as_of)?;
    let areas: Vec<_> = reference.systems.areas_in_use("demand_area").cloned().collect();
    let made = demand::tables(sheet, &demand, &areas, &reference.prefecture.prefecture_code, &mut notes).map_err(|e| e.file(&input.path))?;
    finish(&[input], reference, notes, made, edition)
}

/// Checks the date against the table in use, and makes report and ledger entry.
fn finish(inputs: &[&Input], reference: &Reference, mut notes: Notes, made: Vec<Made>, edition: (String, String, String)) -> Result<Update> {
    let (as_of, dataset, note) = edition;
    for input in inputs {
        notes.of_file(&input.name);
        for (_, sheet) in input.sheets.iter().enumerate().filter(|(i, s)| *i != input.at && !s.rows.is_empty()) {
            let is_known = Parts::of(&input.kind.workbook_code)?.knows_sheet(&sheet.name);
            notes.row(if is_known { "unused_sheet" } else { "unknown_sheet" }, sheet, 0, "", &sheet.name, "");
        }
    }
    let sources = reference.tables.sources()?;
    let mut lines = Vec::new();
    for table in &made {
        let before = sources.iter().filter(|s| s.table_name == table.table_name).map(|s| s.as_of.clone()).max().unwrap_or_default();
        if as_of < before {
            return Err(Error::new(format!("この資料（{as_of}）は、今使っている表 {}（{before}）より古いものです", table.table_name))
                .file(&inputs[0].path)
                .next(format!("新しい資料を指定してください。古い資料に戻すときは、先に {LEDGER} からこの表の行を消してください")));
        }
        lines.push(TableLine { table_name: table.table_name.into(), rows: table.text.lines().count() - 1, before });
    }
    let kind = inputs[0].kind.workbook_code.split('_').next().unwrap_or_default().to_owned();
    let (reasons, ours) = report::summary(&notes.rows, &reference.prefecture.prefecture_code)?;
    let join = |of: fn(&Input) -> &str| inputs.iter().map(|i| of(i)).collect::<Vec<_>>().join(";");
    let entry = Entry {
        table_name: String::new(),
        publisher: inputs[0].kind.publisher.clone(),
        dataset: dataset.clone(),
        as_of: as_of.clone(),
        licence: inputs[0].kind.licence.clone(),
        source_file: join(|i| &i.name),
        source_sha256: join(|i| &i.sha256),
        table_sha256: String::new(),
        note,
    };
    let report = Report {
        title: format!("公表資料の読み取り：{dataset}"),
        prefecture: reference.prefecture.name.clone(),
        publisher: entry.publisher.clone(),
        dataset,
        as_of,
        files: inputs.iter().map(|i| i.line()).collect(),
        tables: lines,
        reasons,
        ours,
        notes: notes.rows,
        kind,
    };
    Ok(Update { report, made, entry })
}

/// Tables first, the ledger last: until it names them, they are not used.
fn write(workspace: &Workspace, reference: &Reference, updates: Vec<Update>) -> Result<Vec<Report>> {
    let folder = workspace.root.join("reference");
    let mut ledger = tables::ledger(&workspace.root)?;
    let mut files: Vec<(PathBuf, Vec<u8>)> = Vec::new();
    let html = Html::new(&|path| workspace.override_of(path))?;
    for update in &updates {
        for made in &update.made {
            let bytes = format!("\u{FEFF}{}", made.text.replace('\n', "\r\n")).into_bytes();
            let entry = Entry { table_name: made.table_name.into(), table_sha256: sha256(&bytes), ..update.entry.clone() };
            ledger.retain(|e| e.table_name != entry.table_name);
            ledger.push(entry);
            files.push((folder.join(format!("{}.csv", made.table_name)), bytes));
        }
        let name = format!("update_report_{}", update.report.kind);
        files.push((folder.join(format!("{name}.html")), html.render("reference_update", &update.report)?.into_bytes()));
        files.push((folder.join(format!("{name}.csv")), report::table(&update.report)?.csv_bytes()?));
    }
    ledger.sort_by(|a, b| a.table_name.cmp(&b.table_name));
    files.push((workspace.root.join(LEDGER), tables::ledger_text(&ledger)?.into_bytes()));
    place::replace_all(&workspace.root, &files)?;
    // what was written must be what a run accepts
    Tables::open(&workspace.root, &reference.prefecture.prefecture_code)?;
    Ok(updates.into_iter().map(|u| u.report).collect())
}

/// The row of the sheet that has a cell with exactly this heading.
fn header_row(sheet: &Sheet, heading: &str) -> Result<usize> {
    let found = (1..sheet.rows.len().min(30)).find(|&r| sheet.rows[r].iter().any(|c| text::fold(&c.text) == heading));
    found.ok_or_else(|| Error::new(format!("見出し「{heading}」の行がありません")).at(format!("シート「{}」", sheet.name)).next(AS_PUBLISHED))
}

/// A count or a share; blanks, marks and errors of Excel are refused.
fn number(sheet: &Sheet, row: usize, column: usize) -> Result<f64> {
    let cell = sheet.cell(row, column);
    let text = cell.map_or("", |c| c.text.as_str());
    let plain = text::fold(text).replace(',', "");
    match plain.parse::<f64>() {
        Ok(n) if n.is_finite() && n >= 0.0 && cell.is_some_and(|c| c.kind != Kind::Error) => Ok(n),
        _ => Err(Error::new(if text.is_empty() { "数が空欄です".to_owned() } else { format!("「{text}」は数として読めません") })
            .at(sheet.place(row, column))
            .next("公表されたままのファイルを指定してください（手を加えたファイルは読めません）")),
    }
}

/// A municipality without a row would make figures smaller in silence.
fn refuse_missing(missing: &[String]) -> Result<()> {
    if missing.is_empty() {
        return Ok(());
    }
    Err(Error::new(format!("この都道府県の行がありません：{}", missing.join("、")))
        .next("全国のファイルをそのまま指定してください。合併などでコードが変わっていれば、reference フォルダーの municipality_code_changes.csv と tables.csv に行を足してください"))
}
