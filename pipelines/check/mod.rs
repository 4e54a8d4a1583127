//! The check report: who has not reported, what to ask whom, where judgements differ, how good the data is, and who is nearly there.
//!
//! `Desk` is what people wrote so far; it is opened before determination, because an override acts there. The report
//! puts people's text back into the new listings. People edit one workbook, in the work folder; the packet holds a copy.

mod expected;
pub mod listing;
pub mod lists;
pub mod master;
pub mod merge;
pub mod outpatients;
pub mod outside;
pub mod overrides;
pub mod people;
pub mod previous;
pub mod unread;
pub mod workbook;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::facts::dictionary::Dictionary;
use crate::facts::finding::status_label;
use crate::facts::finding::{self, Finding, FindingRule};
use crate::ground::artefact::Table;
use crate::ground::error::Result;
use listing::{Field, Listing, shown};
use lists::{Source, fields};
use merge::{DECISION, decision_of};
use overrides::{Effect, Override};
use people::{OldSheet, People};

/// What people wrote, and the overrides that it asks for.
#[derive(Default)]
pub struct Desk {
    work_folder: Option<PathBuf>,
    people: People,
    override_sheet: OldSheet,
    pub overrides: Vec<Override>,
    refused: BTreeMap<usize, String>,
    /// Facility → whether it sees general outpatients, as people confirmed it.
    outpatients: BTreeMap<String, bool>,
}

/// All sheets that the program writes.
pub fn known() -> Vec<(&'static str, Vec<Field>)> {
    let mut known: Vec<(&'static str, Vec<Field>)> = [
        lists::ABOUT,
        lists::UNREPORTED,
        lists::RATES,
        lists::INQUIRIES,
        lists::DIFFERENCES,
        lists::QUALITY,
        lists::ITEMS,
        lists::ROWS,
        lists::JUMPS,
        lists::NEARLY,
        lists::ADDED,
        lists::NOT_LISTED,
        outpatients::SHEET,
    ]
    .map(|sheet| (sheet, fields(sheet)))
    .into();
    known.push((overrides::SHEET, overrides::fields()));
    known.push((unread::SHEET, unread::fields()));
    known.push((merge::ARCHIVE, merge::archive_fields()));
    known.push((merge::SCRAPS, merge::scrap_fields()));
    known
}

impl Desk {
    /// Reads the workbook of a work folder; without a work folder nobody decides anything.
    pub fn open(work_folder: Option<&Path>, dictionary: &Dictionary) -> Result<Self> {
        let Some(folder) = work_folder else { return Ok(Self::default()) };
        let mut people = workbook::read(folder, &known())?;
        let override_sheet = people.sheets.remove(overrides::SHEET).unwrap_or_default();
        let (overrides, refused) = overrides::read(&override_sheet, dictionary, workbook::WORKBOOK, &mut people.findings);
        let outpatients = people.sheets.get(outpatients::SHEET).map(outpatients::read).unwrap_or_default();
        Ok(Self { work_folder: Some(folder.to_path_buf()), people, override_sheet, overrides, refused, outpatients })
    }

    /// The artefact `ing_outpatients`: what people confirmed of general outpatients.
    pub fn outpatients(&self) -> Result<Table> {
        outpatients::table(&self.outpatients)
    }

    /// The artefact that determination needs.
    pub fn table(&self) -> Result<Table> {
        overrides::table(&self.overrides)
    }
}

/// The finished report.
pub struct Report {
    listings: Vec<Listing>,
    people: People,
    /// Findings about the workbook itself.
    pub findings: Vec<Finding>,
    /// Overrides that acted.
    pub acting: Vec<Override>,
    /// Lines of overrides that did not act.
    unused: usize,
    work_folder: Option<PathBuf>,
    summary: Vec<(String, String)>,
}

/// Puts listings and people's text together.
pub fn report(source: &Source<'_>, mut desk: Desk) -> Result<Report> {
    let mut listings = source.listings()?;
    let effects = effects(source.stages)?;
    let effect = |o: &Override| {
        let (before, acts) = effects.get(&(o.facility_id.clone(), o.function_code.clone()))?;
        Some(Effect { before: status_label(before).to_owned(), acts: *acts })
    };
    let people = &mut desk.people;
    let override_list = overrides::listing(
        &desk.override_sheet,
        &desk.overrides,
        &desk.refused,
        &effect,
        &mut people.scraps,
        &mut people.findings,
        workbook::WORKBOOK,
    );
    let mut about = Listing::new(lists::ABOUT, fields(lists::ABOUT), "");
    about.lines.extend(NOTES.iter().map(|t| listing::Line { cells: vec![(*t).into()], ..listing::Line::default() }));
    listings.insert(0, about);
    merge::merge(&mut listings, people, workbook::WORKBOOK, &|findings| Some(unread::listing(findings, source.finding_rules)));
    let at = listings.iter().position(|l| l.sheet == lists::DIFFERENCES).map_or(listings.len(), |i| i + 1);
    listings.insert(at, override_list);
    let acting: Vec<Override> = desk.overrides.iter().filter(|o| effect(o).is_some_and(|e| e.acts)).cloned().collect();
    let unused = desk.overrides.len() - acting.len() + desk.refused.len();
    let findings = std::mem::take(&mut people.findings);
    let mut report = Report { listings, people: desk.people, findings, acting, unused, work_folder: desk.work_folder, summary: Vec::new() };
    report.summary = report.summed();
    if let Some(master) = source.master.filter(|m| m.knows_ids()) {
        let told = format!("名簿だけ {}件、抽出だけ {}件", master.missing.len(), report.len(lists::NOT_LISTED));
        report.summary.insert(1, ("名簿との照合".to_owned(), told));
    }
    Ok(report)
}

/// First sheet of the workbook.
const NOTES: &[&str] = &[
    "確認一覧：督促、疑義照会、体制確認のための一覧です。黄色の欄に書いてください。",
    "書く場所は、作業フォルダーの「確認一覧.xlsx」です（資料の check フォルダーにあるものは写しで、送付に使えます）。kyogi run か kyogi check を実行すると、書いたことを引き継いで、新しい一覧になります。",
    "判断：問題なし、照会中、修正済のどれかを選び、日付、担当（イニシャル）、理由を書きます。照会の文案は書きかえられます。",
    "報告された値が変わった判断は「報告が変わりました」として残し、指摘がなくなった判断は「保管した判断」に移します。",
    "判定の上書き：医療機関ID、機能、判定、理由を書きます。理由のないものは使いません。",
    "列や行、シートを足してもかまいません。次の一覧に引き継ぎます。右の隠れた列「控え」は消さないでください。",
    "確かでないこと：G-MIS の自動判定の論理は公開されていません。規則の出典と確かさは sql/rules/findings.csv にあります。",
];

/// Status before an override and whether it acted, by facility and function.
fn effects(stages: &Path) -> Result<HashMap<(String, String), (String, bool)>> {
    let table = Table::read_parquet("det_functions", &stages.join("determine/det_functions.parquet"))?;
    let mut effects = HashMap::new();
    for i in 0..table.len() {
        let acts = !table.text(i, "override_reason")?.is_empty();
        let before = table.text(i, if acts { "status_before_override" } else { "status_literal" })?;
        effects.insert((table.text(i, "facility_id")?.to_owned(), table.text(i, "function_code")?.to_owned()), (before.to_owned(), acts));
    }
    Ok(effects)
}

impl Report {
    fn list(&self, sheet: &str) -> Option<&Listing> {
        self.listings.iter().find(|l| l.sheet == sheet)
    }

    fn len(&self, sheet: &str) -> usize {
        self.list(sheet).map_or(0, |l| l.lines.len())
    }

    fn summed(&self) -> Vec<(String, String)> {
        let decisions = |sheet: &str| {
            let all = self.len(sheet);
            let decided = |word: &str| {
                self.list(sheet)
                    .map_or(0, |l| (0..l.lines.len()).filter(|&i| !l.lines[i].is_hidden && decision_of(&l.text(i, DECISION)) == Some(word)).count())
            };
            let (settled, asked) = (decided("問題なし") + decided("修正済"), decided("照会中"));
            format!("{all}件（問題なし・修正済 {settled}、照会中 {asked}、まだ {}）", all - settled - asked)
        };
        let unused = if self.unused > 0 { format!("（ほかに、使っていないもの {}件）", self.unused) } else { String::new() };
        let rows: Vec<(&str, String)> = vec![
            ("未報告", format!("{}件", self.len(lists::UNREPORTED))),
            ("疑義照会", decisions(lists::INQUIRIES)),
            ("判定差分", decisions(lists::DIFFERENCES)),
            ("判定の上書き", format!("{}件{unused}", self.acting.len())),
            ("前の年度との差", format!("{}件", self.len(lists::JUMPS))),
            ("あと一歩・意向", format!("{}件", self.len(lists::NEARLY))),
            ("保管した判断", format!("{}件", self.len(merge::ARCHIVE))),
            (unread::SHEET, format!("{}件", self.len(unread::SHEET))),
        ];
        rows.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()
    }

    /// Lines for the screen.
    pub fn summary(&self) -> &[(String, String)] {
        &self.summary
    }

    /// The value of the page `check`. `common` holds what every page of the site needs.
    pub fn page(&self, common: serde_json::Value) -> serde_json::Value {
        // long on paper and in Excel alike: the page shows what a reader can take in, and says where the rest is
        let hidden = ["種類", "報告事項コード", "市区町村コード", listing::STAMP];
        let limits = [(lists::NEARLY, 200), (lists::ROWS, 200), (lists::UNREPORTED, 1000), (lists::INQUIRIES, 1000)];
        let skip = [lists::ABOUT, merge::SCRAPS];
        let sections: Vec<serde_json::Value> = self
            .listings
            .iter()
            .filter(|l| !skip.contains(&l.sheet))
            .enumerate()
            .map(|(i, l)| {
                let limit = limits.iter().find(|(s, _)| *s == l.sheet).map_or(500, |(_, n)| *n);
                json!({"id": format!("s{}", i + 1), "title": l.sheet, "about": l.about, "count": l.lines.len(), "table": l.table(&hidden, limit)})
            })
            .collect();
        let mut page = common;
        page["sections"] = json!(sections);
        page["summary"] = json!(self.summary.iter().map(|(k, v)| json!({"label": k, "value": v})).collect::<Vec<_>>());
        page["workbook"] = json!(workbook::WORKBOOK);
        page
    }

    pub fn workbook(&self, title: &str, date: (i32, u8, u8)) -> Result<Vec<u8>> {
        workbook::bytes(title, date, &self.listings, &self.people.strangers)
    }

    /// Puts the new workbook in the work folder; a finding where it could not be done without loss.
    pub fn hand_over(&self, bytes: &[u8]) -> Result<Option<Finding>> {
        self.work_folder.as_deref().map_or(Ok(None), |folder| workbook::replace(folder, bytes, &self.people))
    }
}

/// Facility IDs of a run.
pub fn facility_ids(stages: &Path) -> Result<BTreeSet<String>> {
    let table = Table::read_parquet("ing_facilities", &stages.join("ingest/ing_facilities.parquet"))?;
    (0..table.len()).map(|i| table.text(i, "facility_id").map(str::to_owned)).collect()
}

/// Findings of one severity.
pub fn count(findings: &[Finding], rules: &HashMap<String, FindingRule>, severity: &str) -> usize {
    findings.iter().filter(|f| finding::severity(f, rules) == severity).count()
}

/// Text of a cell, for tests and messages.
pub fn cell_text(listing: &Listing, line: usize, title: &str) -> String {
    listing.position(title).and_then(|c| listing.lines[line].cells.get(c)).map_or_else(String::new, shown)
}
