//! `kyogi letters`: 督促状 and 照会文 for each facility as PDF, and both as one workbook for mail merge.
//!
//! They are made from the lists that people edit (確認一覧.xlsx): a question that they rewrote stands in the letter as they wrote it,
//! and what they settled is not asked any more.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use rayon::prelude::*;
use serde::Serialize;
use serde_json::json;

use crate::check::people::{OldLine, People};
use crate::check::{self, listing, lists, merge};
use crate::commands::next::parse_date;
use crate::draft::words::Phrases;
use crate::facts::basis::Basis;
use crate::facts::workspace::Workspace;
use crate::ground::artefact;
use crate::ground::error::{Error, Result};
use crate::ground::numbers::{report_year_label, wareki_date};
use crate::ground::progress::Progress;
use crate::ground::spreadsheet::{Book, Column, Value as Cell, Width};
use crate::packet::{Manifest, Packet};
use crate::pages::printer::{self, CHUNK};
use crate::render::{glyphs, pdf};

/// Folder of the letters, below the work folder.
pub const FOLDER: &str = "督促・照会";
/// The workbook for mail merge in it.
pub const MERGE: &str = "差し込み印刷.xlsx";

/// What to write.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked<'a> {
    /// 「督促」 or 「照会」; none makes both.
    pub kind: Option<&'a str>,
    /// Day on the letters; none leaves a blank to be filled in.
    pub date: Option<&'a str>,
    /// Day until which an answer is asked for; none as `[letters]` says.
    pub until: Option<&'a str>,
}

/// What was written.
pub struct Made {
    pub place: PathBuf,
    pub reminders: usize,
    pub inquiries: usize,
    /// Facilities whose name no master gives.
    pub nameless: usize,
}

impl Made {
    /// What was written, in words.
    pub fn told(&self) -> String {
        let mut lines = vec![
            format!("文書を作りました：{}（督促状 {}、照会文 {}）", self.place.display(), self.reminders, self.inquiries),
            format!("差し込み印刷用の表：{}", self.place.join(MERGE).display()),
        ];
        if self.nameless > 0 {
            lines.push(format!("名前の分からない医療機関：{}（kyogi.toml の facility_master に名簿を書くと、名前が入ります）", self.nameless));
        }
        lines.join("\n") + "\n"
    }
}

/// One letter.
#[derive(Clone, Debug, Serialize)]
struct Letter {
    kind: &'static str,
    facility_id: String,
    name: String,
    municipality: String,
    questions: Vec<Question>,
}

/// One point that is asked about.
#[derive(Clone, Debug, Serialize)]
struct Question {
    item: String,
    value: String,
    text: String,
}

/// 督促状 and 照会文.
const KINDS: [&str; 2] = ["督促", "照会"];

/// Writes the letters, whole or not at all.
pub fn make(workspace: &Workspace, asked: &Asked<'_>, threads: usize, progress: &Progress) -> Result<Made> {
    if let Some(kind) = asked.kind.filter(|k| !KINDS.contains(k)) {
        return Err(Error::new(format!("文書の種類「{kind}」が分かりません")).at("--kind").next("督促 か 照会 を指定してください"));
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(|e| Error::new(format!("並列処理を始められません：{e}")))?;
    pool.install(|| make_in_pool(workspace, asked, threads, progress))
}

fn make_in_pool(workspace: &Workspace, asked: &Asked<'_>, threads: usize, progress: &Progress) -> Result<Made> {
    let settings = &workspace.settings;
    let list = check::workbook::place(&workspace.root);
    if !list.exists() {
        return Err(Error::new("確認一覧がまだありません").file(&list).next("先に kyogi check か kyogi run を実行してください"));
    }
    let people = check::workbook::read(&workspace.root, &check::known())?;
    let wanted = |kind: &str| asked.kind.is_none_or(|k| k == kind);
    let mut letters = if wanted(KINDS[0]) { reminders(&people) } else { Vec::new() };
    let reminders = letters.len();
    if wanted(KINDS[1]) {
        letters.extend(inquiries(&people));
    }
    if letters.is_empty() {
        return Err(Error::new("書く相手がありません（未報告も、まだ済んでいない照会もありません）").file(&list));
    }
    let basis = Basis::load(&settings.prefecture, settings.report_year, Some(&workspace.root), threads)?;
    let overrides = |path: &str| workspace.override_of(path);
    let frame = Frame::new(workspace, asked, &basis)?;
    let phrases = Phrases::new(&overrides, &basis.terms)?;
    let texts = letters.iter().map(|l| frame.paragraphs(l, &phrases)).collect::<Result<Vec<_>>>()?;
    let code = &basis.reference.prefecture.prefecture_code;
    let packet = Packet::begin(&workspace.root.join(FOLDER), code, settings.simulated)?;
    artefact::write_bytes(&packet.path().join(MERGE), &frame.workbook(&letters, &texts)?)?;
    progress.count("文書", letters.len());
    let template = printer::template("letter", &overrides)?;
    let all: Vec<(&Letter, &Vec<String>)> = letters.iter().zip(&texts).collect();
    for chunk in all.chunks(CHUNK) {
        chunk.par_iter().try_for_each(|(letter, paragraphs)| {
            let place = packet.path().join(format!("{}/{}_{}.pdf", letter.title(), letter.municipality, letter.facility_id));
            let mut value = frame.value(letter, paragraphs);
            glyphs::clean(&mut value, &mut BTreeSet::new());
            let (ident, json) = (format!("kyogi/letters/{}/{}", letter.kind, letter.facility_id), serde_json::to_vec(&value)?);
            let bytes = pdf::render(pdf::Document { template: &template, json, charts: Vec::new(), ident, date: frame.made_on })?;
            progress.step();
            artefact::write_bytes(&place, &bytes)
        })?;
        pdf::forget();
    }
    let finished = packet.finish(Manifest::new(code, settings.report_year, settings.simulated, &[], &[])?)?;
    let nameless = letters.iter().filter(|l| l.name.is_empty()).map(|l| &l.facility_id).collect::<BTreeSet<_>>().len();
    Ok(Made { place: finished.place, reminders, inquiries: letters.len() - reminders, nameless })
}

/// What stands in a line: as people rewrote it, else as the program wrote it.
fn told(line: &OldLine, title: &str) -> String {
    line.people.get(title).map(listing::shown).or_else(|| line.machine.get(title).cloned()).unwrap_or_default().trim().to_owned()
}

fn letter(kind: &'static str, line: &OldLine) -> Letter {
    let [facility_id, name, municipality] = ["医療機関ID", "医療機関名", "市区町村"].map(|t| told(line, t));
    Letter { kind, facility_id, name, municipality, questions: Vec::new() }
}

/// Who has not reported, in the order of the list.
fn reminders(people: &People) -> Vec<Letter> {
    let lines = people.sheets.get(lists::UNREPORTED).map_or(&[][..], |s| &s.lines);
    let mut seen = BTreeSet::new();
    lines.iter().map(|l| letter(KINDS[0], l)).filter(|l| !l.facility_id.is_empty() && seen.insert(l.facility_id.clone())).collect()
}

/// What is still to be asked, by facility.
fn inquiries(people: &People) -> Vec<Letter> {
    let lines = people.sheets.get(lists::INQUIRIES).map_or(&[][..], |s| &s.lines);
    let settled = |l: &&OldLine| matches!(merge::decision_of(&told(l, merge::DECISION)), Some("問題なし" | "修正済"));
    let mut order: Vec<String> = Vec::new();
    let mut by_facility: BTreeMap<String, Letter> = BTreeMap::new();
    for line in lines.iter().filter(|l| !settled(l)) {
        let id = told(line, "医療機関ID");
        let text = told(line, "照会の文案");
        if id.is_empty() || text.is_empty() {
            continue;
        }
        let entry = by_facility.entry(id.clone()).or_insert_with(|| {
            order.push(id);
            letter(KINDS[1], line)
        });
        entry.questions.push(Question { item: told(line, "報告事項"), value: told(line, "報告された値"), text });
    }
    order.iter().filter_map(|id| by_facility.remove(id)).collect()
}

impl Letter {
    fn title(&self) -> &'static str {
        if self.kind == KINDS[0] { "督促状" } else { "照会文" }
    }

    fn address(&self) -> String {
        if self.name.is_empty() { format!("医療機関ID {} の管理者", self.facility_id) } else { format!("{}　管理者", self.name) }
    }
}

/// What all letters share.
struct Frame {
    prefecture: serde_json::Value,
    simulated: bool,
    year_label: String,
    /// Day in the files themselves: the same on every run.
    made_on: (i32, u8, u8),
    date: String,
    until: String,
    sender: String,
    contact: String,
}

impl Frame {
    fn new(workspace: &Workspace, asked: &Asked<'_>, basis: &Basis) -> Result<Self> {
        let settings = &workspace.settings;
        let day = |text: &str| parse_date(text).map(|d| wareki_date(&d.to_string()));
        let until = asked.until.or(Some(settings.letters.reply_by.as_str()).filter(|t| !t.is_empty()));
        let p = &basis.reference.prefecture;
        Ok(Self {
            prefecture: json!({ "code": p.prefecture_code, "name": p.name }),
            simulated: settings.simulated || Manifest::read(&workspace.output()).is_ok_and(|m| m.simulated),
            year_label: report_year_label(basis.year),
            made_on: (basis.year + 1, 4, 1),
            date: asked.date.map(day).transpose()?.unwrap_or_default(),
            until: until.map(day).transpose().map_err(|e| e.at("回答の期限"))?.unwrap_or_default(),
            sender: if settings.letters.sender.is_empty() { p.name.clone() } else { settings.letters.sender.clone() },
            contact: settings.letters.contact.clone(),
        })
    }

    fn paragraphs(&self, letter: &Letter, phrases: &Phrases) -> Result<Vec<String>> {
        let values =
            json!({ "year": self.year_label, "until": self.until, "questions": letter.questions.len(), "prefecture": self.prefecture["name"] });
        phrases.told(if letter.kind == KINDS[0] { "letter_reminder" } else { "letter_inquiry" }, values)
    }

    fn value(&self, letter: &Letter, paragraphs: &[String]) -> serde_json::Value {
        json!({
            "title": format!("かかりつけ医機能報告について（{}）", if letter.kind == KINDS[0] { "報告のお願い" } else { "照会" }),
            "kind": letter.title(), "prefecture": self.prefecture, "simulated": self.simulated, "report_year_label": self.year_label,
            "date": self.date, "to": letter.address(), "id": letter.facility_id, "sender": self.sender, "contact": self.contact,
            "paragraphs": paragraphs, "questions": letter.questions,
        })
    }

    /// One row for each facility and kind: what Word's mail merge reads.
    fn workbook(&self, letters: &[Letter], texts: &[Vec<String>]) -> Result<Vec<u8>> {
        let mut book = Book::new(&format!("督促・照会　{}", self.year_label), self.made_on)?;
        let heads = ["医療機関ID", "医療機関名", "市区町村", "宛名", "日付", "回答期限", "発信者", "連絡先", "本文", "照会の数", "照会事項"];
        let columns: Vec<Column> =
            heads.iter().map(|h| Column::new(*h, if ["本文", "照会事項"].contains(h) { Width::Wide } else { Width::Middle })).collect();
        for kind in KINDS {
            let rows: Vec<Vec<Cell>> = letters
                .iter()
                .zip(texts)
                .filter(|(l, _)| l.kind == kind)
                .map(|(l, paragraphs)| {
                    let questions: Vec<String> = l.questions.iter().enumerate().map(|(i, q)| q.line(i)).collect();
                    let count = Cell::Number(l.questions.len() as f64);
                    let texts = [&l.facility_id, &l.name, &l.municipality, &l.address(), &self.date, &self.until, &self.sender, &self.contact];
                    let mut row: Vec<Cell> = texts.into_iter().map(|t| listing::fitting(t)).collect();
                    row.extend([listing::fitting(&paragraphs.join("\n")), count, listing::fitting(&questions.join("\n"))]);
                    row
                })
                .collect();
            book.table(kind, &columns, rows)?;
        }
        book.finish()
    }
}

impl Question {
    fn line(&self, i: usize) -> String {
        let about = [&self.item, &self.value].into_iter().filter(|t| !t.is_empty()).cloned().collect::<Vec<_>>().join("：");
        if about.is_empty() { format!("{}. {}", i + 1, self.text) } else { format!("{}. {about}　{}", i + 1, self.text) }
    }
}
