//! 院内掲示様式（例） and the function part of 患者説明様式（例） of single facilities, from their reports, on demand.
//!
//! Reads the packet's tables, never the extract again. What a form shows is rows of `reports/sheets/posting_form.csv` and
//! `patient_form.csv`; name and date are left for the facility to write, because the extract is anonymised.

use crate::ground::folder;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray};
use rayon::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::check::master;
use crate::facts::areas::Area;
use crate::facts::dictionary::{Dictionary, is_catch_all, read_csv};
use crate::facts::overrides::Overrides;
use crate::facts::reference::Reference;
use crate::facts::workspace::{Known, Workspace};
use crate::ground::artefact::{self, ColumnNote, Table};
use crate::ground::error::{Error, Result};
use crate::ground::numbers::{report_year_label, wareki_date};
use crate::ground::place::{self, Ready};
use crate::ground::progress::Progress;
use crate::ground::scratch::Scratch;
use crate::ground::sql::{self, Engine, Load};
use crate::packet::Manifest;
use crate::pages::printer::{CHUNK, Printer, template};
use crate::render::{html, pdf};
use crate::workbook::places::Places;

/// Which facilities.
#[derive(Clone, Debug)]
pub enum Wanted {
    Facilities(Vec<String>),
    /// All facilities of an area that reported.
    Area(String),
}

impl Wanted {
    /// Facilities that are named by their name in the facility master, by their ID.
    fn by_id(&self, workspace: &Workspace, reference: &Reference, areas: &[Area], all: &BTreeMap<String, Facility>) -> Result<Self> {
        let Self::Facilities(said) = self else { return Ok(self.clone()) };
        let ids: BTreeSet<String> = all.keys().cloned().collect();
        let master = workspace.master().map(|path| master::read(&path, reference, areas, &ids)).transpose()?;
        let id =
            |text: &String| if ids.contains(text) { Ok(text.clone()) } else { master.as_ref().map_or_else(|| Ok(text.clone()), |m| m.id_of(text)) };
        said.iter().map(id).collect::<Result<_>>().map(Self::Facilities)
    }
}

/// What came out.
pub struct Forms {
    pub place: PathBuf,
    pub facilities: usize,
    /// Facilities of the area without a report: they have no form.
    pub not_reported: usize,
}

/// A line of the posting form: an item, how its choices stand, and what is written behind the one that holds.
#[derive(Deserialize)]
struct PostingLine {
    section: String,
    label: String,
    item_code: String,
    extra_item: String,
    extra_unit: String,
    columns: usize,
    /// `positive` where the form names 可 first and 「該当無し」 last, `negative` where it names 無 first.
    first: String,
}

/// What an answer offers to a patient, in plain words.
#[derive(Deserialize)]
struct PatientLine {
    item_code: String,
    /// Codes for which the text holds; empty: any positive answer.
    choices: String,
    text: String,
}

/// A facility as the packet knows it.
struct Facility {
    facility_id: String,
    municipality_code: String,
    unit_code: String,
    is_reported: bool,
    report_date: String,
    confirmation: String,
    statuses: BTreeMap<String, String>,
    /// Functions whose status the prefecture decided against the answers.
    overridden: BTreeSet<String>,
    answers: Vec<Answer>,
}

struct Answer {
    item_code: String,
    choice_code: String,
    label: String,
    is_positive: bool,
    number: Option<f64>,
    raw: String,
}

/// Everything that all forms share.
struct Basis {
    dictionary: Dictionary,
    prefecture: Value,
    simulated: bool,
    year: i32,
    posting: Vec<PostingLine>,
    patient: Vec<PatientLine>,
}

/// Makes the forms below `out`: all of them, or none. Forms of other facilities that are there stay.
///
/// # Errors
/// No packet yet, an unknown or unreported facility, an unknown area, an area without a report.
pub fn run(workspace: &Workspace, packet: &Path, wanted: &Wanted, out: &Path, threads: usize, progress: &Progress) -> Result<Forms> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(|e| Error::new(format!("並列処理を始められません：{e}")))?;
    pool.install(|| run_in_pool(workspace, packet, wanted, out, progress))
}

fn run_in_pool(workspace: &Workspace, packet: &Path, wanted: &Wanted, out: &Path, progress: &Progress) -> Result<Forms> {
    let stages = packet.join("stages");
    if !stages.join("determine/det_functions.parquet").exists() {
        return Err(Error::new("資料がまだありません").file(packet).next("先に kyogi run を実行してください"));
    }
    let settings = &workspace.settings;
    let year = settings.report_year;
    let Known { dictionary, reference, areas, .. } = workspace.known()?;
    let all = facilities(&stages)?;
    let wanted = wanted.by_id(workspace, &reference, &areas, &all)?;
    let (chosen, not_reported) = choose(all, &wanted, &areas, &Places::new(&areas, &dictionary)?)?;
    let chosen = with_answers(chosen, workspace, &stages)?;
    let manifest = Manifest::read(packet).ok();
    let basis = Basis {
        prefecture: json!({ "code": reference.prefecture.prefecture_code, "name": reference.prefecture.name }),
        simulated: settings.simulated || manifest.is_some_and(|m| m.simulated),
        year,
        posting: read_csv("reports/sheets/posting_form.csv")?,
        patient: read_csv("reports/sheets/patient_form.csv")?,
        dictionary,
    };

    if out.exists() && !out.is_dir() {
        return Err(Error::new("出力先がフォルダーではありません").file(out).next("--out で別の場所を指定してください"));
    }
    // in the folder itself, which may be another drive's
    let scratch = Scratch::within(out)?;
    let working = scratch.path().join("様式");
    let overrides = |path: &str| workspace.override_of(path);
    print(&basis, &chosen, &overrides, &working, out, progress)?;
    let ready = |file: String| Ready { waiting: working.join(&file), place: out.join(file) };
    place::put_all(&scratch, &folder::files_below(&working)?.into_iter().map(ready).collect::<Vec<_>>())?;
    Ok(Forms { place: out.to_path_buf(), facilities: chosen.len(), not_reported })
}

/// All facilities of the packet with their latest row and their statuses, by code.
fn facilities(stages: &Path) -> Result<BTreeMap<String, Facility>> {
    let mut all = BTreeMap::new();
    let table = Table::read_parquet("ing_facilities", &stages.join("ingest/ing_facilities.parquet"))?;
    for i in 0..table.len() {
        if !table.flag(i, "is_latest")? {
            continue;
        }
        let text = |name: &str| table.text(i, name).map(str::to_owned);
        let facility = Facility {
            facility_id: text("facility_id")?,
            municipality_code: text("municipality_code")?,
            unit_code: text("unit_code")?,
            is_reported: table.flag(i, "is_reported")?,
            report_date: text("report_date")?,
            confirmation: text("confirmation")?,
            statuses: BTreeMap::new(),
            overridden: BTreeSet::new(),
            answers: Vec::new(),
        };
        all.insert(facility.facility_id.clone(), facility);
    }
    let table = Table::read_parquet("det_functions", &stages.join("determine/det_functions.parquet"))?;
    for i in 0..table.len() {
        if let Some(facility) = all.get_mut(table.text(i, "facility_id")?) {
            let function = table.text(i, "function_code")?.to_owned();
            if !table.text(i, "override_reason")?.is_empty() {
                facility.overridden.insert(function.clone());
            }
            facility.statuses.insert(function, table.text(i, "status_literal")?.to_owned());
        }
    }
    Ok(all)
}

/// The facilities asked for, by code, and how many of an area have not reported.
fn choose(mut all: BTreeMap<String, Facility>, wanted: &Wanted, areas: &[Area], places: &Places) -> Result<(Vec<Facility>, usize)> {
    match wanted {
        Wanted::Facilities(ids) => {
            let unknown: Vec<&str> = ids.iter().map(String::as_str).filter(|id| !all.contains_key(*id)).collect();
            if !unknown.is_empty() {
                return Err(Error::new(format!("医療機関ID「{}」がこの資料にありません", unknown.join("」「")))
                    .next("data/facility_status.csv にある facility_id を指定してください"));
            }
            let silent: Vec<&str> = ids.iter().map(String::as_str).filter(|id| !all[*id].is_reported).collect();
            if !silent.is_empty() {
                return Err(Error::new(format!("医療機関「{}」は未報告のため、様式を作れません", silent.join("」「")))
                    .next("報告が届いてから kyogi run を実行し、もう一度作ってください"));
            }
            let ids: BTreeSet<&String> = ids.iter().collect();
            Ok((ids.into_iter().filter_map(|id| all.remove(id)).collect(), 0))
        }
        Wanted::Area(said) => {
            let code = places.area_code(said)?;
            let area = areas.iter().find(|a| a.area_code == code).ok_or_else(|| Error::new(format!("区域「{said}」が分かりません")))?;
            let is_inside = |f: &Facility| area.level == "prefecture" || area.units.contains(&f.unit_code) || area.area_code == f.municipality_code;
            let (reported, silent): (Vec<_>, Vec<_>) = all.into_values().filter(is_inside).partition(|f| f.is_reported);
            if reported.is_empty() {
                return Err(Error::new(format!("{}には、報告した医療機関がありません（未報告 {}）", area.name, silent.len()))
                    .next("別の区域を指定するか、報告が届いてから、もう一度実行してください"));
            }
            Ok((reported, silent.len()))
        }
    }
}

/// The answers of the facilities: the model of `sql/forms`.
fn with_answers(mut chosen: Vec<Facility>, workspace: &Workspace, stages: &Path) -> Result<Vec<Facility>> {
    let scratch = Scratch::within(&workspace.root)?;
    let asked = scratch.path().join("asked.parquet");
    let ids: ArrayRef = Arc::new(chosen.iter().map(|f| Some(f.facility_id.as_str())).collect::<StringArray>());
    Table::new("asked", vec![(ColumnNote::new("facility_id", "医療機関ID", ""), ids)])?.write_parquet(&asked)?;
    let mut paths = vec![("asked", asked)];
    for (stage, name) in
        [("ingest", "ing_facilities"), ("ingest", "ing_answers"), ("ingest", "ing_notes"), ("reference", "dict_items"), ("reference", "dict_choices")]
    {
        paths.push((name, stages.join(format!("{stage}/{name}.parquet"))));
    }
    let loads: Vec<Load<'_>> = paths.iter().map(|(name, path)| Load { name, path }).collect();
    let mut engine = Engine::open(&loads, rayon::current_num_threads(), Some(&scratch.path().join("spill")))?;
    let mut table = None;
    for (name, text) in sql::models("forms", workspace.settings.report_year)? {
        table = engine.run(&name, text)?;
    }
    let table = table.ok_or_else(|| Error::new("様式の表がありません"))?;
    let index: BTreeMap<String, usize> = chosen.iter().enumerate().map(|(i, f)| (f.facility_id.clone(), i)).collect();
    for i in 0..table.len() {
        let text = |name: &str| table.text(i, name).map(str::to_owned);
        let answer = Answer {
            item_code: text("item_code")?,
            choice_code: text("choice_code")?,
            label: text("label")?,
            is_positive: table.flag(i, "is_positive")?,
            number: table.number(i, "value_low")?,
            raw: text("raw")?,
        };
        if let Some(&at) = index.get(table.text(i, "facility_id")?) {
            chosen[at].answers.push(answer);
        }
    }
    Ok(chosen)
}

impl Facility {
    fn of<'a>(&'a self, item: &'a str) -> impl Iterator<Item = &'a Answer> {
        self.answers.iter().filter(move |a| a.item_code == item)
    }

    /// What stands behind a choice: a number with its unit, or a text.
    fn extra(&self, item: &str, unit: &str) -> String {
        let said = self.of(item).find_map(|a| a.number.map(|n| n.to_string()).or_else(|| Some(a.raw.clone()).filter(|r| !r.is_empty())));
        said.map_or_else(String::new, |s| format!("{s}{unit}"))
    }
}

fn frame(basis: &Basis, facility: &Facility, kind: &str, title: &str) -> Value {
    json!({
        "form_id": format!("{}_{kind}", facility.facility_id), "title": title, "facility_id": facility.facility_id,
        "prefecture": basis.prefecture, "simulated": basis.simulated, "report_year_label": report_year_label(basis.year),
        "note": format!(
            "{}の内容から作成（医療機関ID {}{}）。名称と日付は医療機関が書きます。",
            report_year_label(basis.year),
            facility.facility_id,
            if facility.report_date.is_empty() { String::new() } else { format!("、報告日 {}", wareki_date(&facility.report_date)) },
        ),
    })
}

/// The value of 院内掲示様式（例）.
fn posting(basis: &Basis, facility: &Facility) -> Value {
    let mut sections: Vec<Value> = Vec::new();
    for line in &basis.posting {
        let set = basis.dictionary.item(&line.item_code).map_or("", |i| i.choice_set.as_str());
        let chosen: BTreeSet<&str> = facility.of(&line.item_code).map(|a| a.choice_code.as_str()).collect();
        let extra = if line.extra_item.is_empty() { String::new() } else { facility.extra(&line.extra_item, &line.extra_unit) };
        let mut choices: Vec<_> = basis.dictionary.choices_of(set).filter(|c| !is_catch_all(c)).collect();
        choices.sort_by_key(|c| (c.polarity == "negative") == (line.first == "positive"));
        let last = choices.iter().rposition(|c| c.polarity == "positive");
        let marks: Vec<Value> = choices
            .iter()
            .enumerate()
            .map(|(i, c)| {
                let on = chosen.contains(c.choice_code.as_str())
                    || chosen.contains(if c.polarity == "positive" { "+" } else { "-" }) && choices.len() == 2;
                // a text that the facility wrote belongs to the last choice (その他), a number to 有り
                let written = if Some(i) == last { extra.as_str() } else { "" };
                json!({ "label": c.label, "on": on || (line.columns > 0 && !written.is_empty()), "extra": written })
            })
            .collect();
        let row = json!({ "label": line.label, "marks": marks, "columns": line.columns, "is_blank": chosen.is_empty() && extra.is_empty() });
        match sections.iter_mut().find(|s| s["title"] == line.section.as_str()) {
            Some(section) => section["rows"].as_array_mut().into_iter().for_each(|rows| rows.push(row.clone())),
            None => sections.push(json!({ "title": line.section, "rows": [row] })),
        }
    }
    let mut value = frame(basis, facility, "posting", "かかりつけ医機能に関する院内掲示");
    value["sections"] = sections.into();
    value
}

/// The value of the function part of 患者説明様式（例）: what the facility has, with what it offers.
fn patient(basis: &Basis, facility: &Facility) -> Value {
    let mut functions = Vec::new();
    for function in &basis.dictionary.functions {
        let code = function.function_code.as_str();
        if facility.statuses.get(code).map(String::as_str) != Some("yes") {
            continue;
        }
        let mut offers: Vec<String> = Vec::new();
        for line in basis.patient.iter().filter(|l| basis.dictionary.item(&l.item_code).is_some_and(|i| i.function_code == code)) {
            let hits: Vec<&Answer> = facility
                .of(&line.item_code)
                .filter(|a| a.is_positive && (line.choices.is_empty() || line.choices.split(';').any(|c| c == a.choice_code)))
                .collect();
            let join = |of: fn(&Answer) -> &str| hits.iter().map(|a| of(a)).filter(|s| !s.is_empty()).collect::<Vec<_>>().join("、");
            let text = line.text.replace("{labels}", &join(|a| &a.label)).replace("{names}", &join(|a| &a.raw));
            if !hits.is_empty() && !offers.contains(&text) {
                offers.push(text);
            }
        }
        if offers.is_empty() {
            offers.push("くわしいことは、この医療機関におたずねください".into());
        }
        // the prefecture confirms イ to ニ only
        let status = match (code, facility.confirmation.as_str()) {
            // the facility did not report it so
            _ if facility.overridden.contains(code) => "都道府県が医療機関に確かめ、あると判断した機能です",
            ("g1", _) => "医療機関が都道府県に報告した機能です",
            (_, "confirmed") => "医療機関が報告し、都道府県が確認した機能です",
            (_, "queried") => "医療機関が報告した機能です（都道府県が内容を確かめています）",
            _ => "医療機関が報告した機能です（都道府県の確認はまだです）",
        };
        functions.push(json!({ "title": format!("{}（{}）", function.theme, function.label), "status": status, "offers": offers }));
    }
    let mut value = frame(basis, facility, "patient", "かかりつけ医機能についてのご説明");
    value["lead"] = match functions.is_empty() {
        false => "この医療機関には、次のかかりつけ医機能があります。ご不明なことは、医師やスタッフにおたずねください。",
        true => "この医療機関の報告には、いま「あり」となっているかかりつけ医機能がありません。できることは、医師やスタッフにおたずねください。",
    }
    .into();
    value["functions"] = functions.into();
    value
}

/// HTML and PDF of both forms of every facility, and the list of all forms in `out`.
fn print(basis: &Basis, chosen: &[Facility], overrides: &Overrides<'_>, working: &Path, out: &Path, progress: &Progress) -> Result<()> {
    let printer = Printer::new(overrides, working.to_path_buf(), (basis.year + 1, 4, 1))?;
    let (posting_form, patient_form) = (template("posting_form", overrides)?, template("patient_form", overrides)?);
    progress.count("様式", chosen.len());
    for chunk in chosen.chunks(CHUNK) {
        chunk.par_iter().try_for_each(|facility| {
            let id = &facility.facility_id;
            printer.document(".", &format!("{id}_posting"), "posting_form", &posting_form, posting(basis, facility))?;
            printer.document(".", &format!("{id}_patient"), "patient_form", &patient_form, patient(basis, facility))?;
            progress.step();
            Ok::<(), Error>(())
        })?;
        pdf::forget();
    }
    artefact::write_bytes(&working.join("assets/kyogi.css"), html::stylesheet(overrides).as_bytes())?;
    let mut ids: BTreeSet<String> = chosen.iter().map(|f| f.facility_id.clone()).collect();
    if out.is_dir() {
        let lies = folder::files_below(out)?;
        ids.extend(lies.iter().filter(|f| !f.contains('/')).filter_map(|f| f.strip_suffix("_posting.html").map(str::to_owned)));
    }
    printer.page(
        "index.html",
        "forms_index",
        &json!({ "title": format!("{}　かかりつけ医機能の様式", basis.prefecture["name"].as_str().unwrap_or("")), "facilities": ids }),
    )
}
