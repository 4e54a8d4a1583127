//! People's text put into the new listings: by key and reported value. What has no line any more goes to the archive.

use crate::ground::text;
use std::collections::{BTreeMap, BTreeSet};

use super::listing::{Field, Key, Listing, Role, fitting, shown};
use super::people::{OldLine, OldSheet, People, Scrap};
use crate::facts::finding::Finding;
use crate::ground::spreadsheet::{Value, struck};

pub const ARCHIVE: &str = "保管した判断";
pub const SCRAPS: &str = "手直しの控え";
pub const DECISION: &str = "判断";
pub const DATE: &str = "日付";
pub const INITIALS: &str = "担当";
pub const REASON: &str = "理由";
pub const MEMO: &str = "メモ";
/// What became of a decision since it was written.
pub const PROGRESS: &str = "経過";
/// Words of a decision.
pub const DECISIONS: &[&str] = &["問題なし", "照会中", "修正済"];

const GONE: &str = "指摘がなくなりました";
const CHANGED: &str = "報告が変わりました";
const KEPT: [&str; 5] = [DECISION, DATE, INITIALS, REASON, MEMO];

pub fn archive_fields() -> Vec<Field> {
    let wide = [("シート", 16.0), ("対象", 34.0), ("報告された値", 24.0)];
    let kept = KEPT.map(|title| (title, 14.0));
    let rest = [("そのほか", 24.0), ("保管した理由", 20.0), ("もとの控え", 14.0)];
    wide.into_iter().chain(kept).chain(rest).map(|(title, width)| Field::new(title, width, Role::Machine)).collect()
}

pub fn scrap_fields() -> Vec<Field> {
    [("シート", 16.0), ("セル", 8.0), ("見出し", 16.0), ("対象", 34.0), ("書かれていた内容", 60.0)]
        .map(|(t, w)| Field::new(t, w, Role::Machine))
        .into()
}

/// A decision without its finding. Append-only: the history of what people decided.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Archived {
    sheet: String,
    about: String,
    value: String,
    kept: BTreeMap<String, String>,
    others: String,
    why: String,
    key: Key,
}

impl Archived {
    fn of_old(line: &OldLine) -> Self {
        let text = |title: &str| line.machine.get(title).cloned().unwrap_or_default();
        let stamp = text("もとの控え");
        let (key, value) = stamp.split_once('-').unwrap_or((stamp.as_str(), ""));
        Self {
            sheet: text("シート"),
            about: text("対象"),
            value: text("報告された値"),
            kept: KEPT.iter().map(|t| ((*t).to_owned(), text(t))).filter(|(_, v)| !v.is_empty()).collect(),
            others: text("そのほか"),
            why: text("保管した理由"),
            key: Key { key: key.to_owned(), value: value.to_owned() },
        }
    }

    fn of_line(sheet: &str, fields: &[Field], line: &OldLine, why: &str) -> Self {
        let machine = |role: Role| {
            let texts = fields.iter().filter(|f| f.role == role).filter_map(|f| line.machine.get(f.title)).filter(|t| !t.is_empty()).cloned();
            texts.collect::<Vec<_>>().join("／")
        };
        let (kept, others): (Vec<_>, Vec<_>) = line.people.iter().map(|(t, v)| (t.clone(), shown(v))).partition(|(t, _)| KEPT.contains(&t.as_str()));
        Self {
            sheet: sheet.to_owned(),
            about: machine(Role::Key),
            value: machine(Role::Value),
            kept: kept.into_iter().collect(),
            others: others.into_iter().map(|(t, v)| format!("{t}：{v}")).collect::<Vec<_>>().join("\n"),
            why: why.to_owned(),
            key: line.key.clone(),
        }
    }

    fn cells(&self) -> Vec<Value> {
        let mut cells: Vec<Value> = [&self.sheet, &self.about, &self.value].map(|t| fitting(t)).into();
        cells.extend(KEPT.iter().map(|t| self.kept.get(*t).map_or(Value::Blank, |v| fitting(v))));
        let stamp = if self.key == Key::default() { Value::Blank } else { Value::Text(format!("{}-{}", self.key.key, self.key.value)) };
        cells.extend([fitting(&self.others), fitting(&self.why), stamp]);
        cells
    }

    fn is_empty(&self) -> bool {
        self.cells().iter().all(|c| *c == Value::Blank)
    }

    /// The decision in one phrase.
    fn told(&self) -> String {
        let words: Vec<&str> = [DECISION, DATE, INITIALS, REASON, MEMO].iter().filter_map(|t| self.kept.get(*t)).map(String::as_str).collect();
        if words.is_empty() { self.others.replace('\n', "、") } else { words.join("、") }
    }
}

/// New listings with people's text in its places, and the two listings of what has no place.
/// `of_findings` makes one more listing of what the others showed about the workbook.
pub fn merge(listings: &mut Vec<Listing>, people: &mut People, file: &str, of_findings: &dyn Fn(&[Finding]) -> Option<Listing>) {
    let archive_before = people.sheets.remove(ARCHIVE).unwrap_or_default();
    let mut archive: Vec<Archived> = archive_before.lines.iter().map(Archived::of_old).filter(|a| !a.is_empty()).collect();
    let scraps_before = people.sheets.remove(SCRAPS).unwrap_or_default();
    let mut scraps: Vec<Scrap> = scraps_before.lines.iter().map(scrap_of).filter(|s| !s.is_empty()).collect();
    scraps.append(&mut people.scraps);
    for (name, sheet) in [(ARCHIVE, &archive_before), (SCRAPS, &scraps_before)] {
        // notes that people put beside kept rows, and the headings that they gave them
        let headings = sheet.extra.iter().map(|t| Scrap {
            sheet: name.into(),
            cell: String::new(),
            title: "見出し".into(),
            about: String::new(),
            text: t.clone(),
        });
        scraps.extend(headings);
        for line in &sheet.lines {
            scraps.extend(line.people.iter().map(|(title, value)| loose(line, name, title, &shown(value))));
        }
    }
    for listing in listings.iter_mut() {
        let old = people.sheets.remove(listing.sheet).unwrap_or_default();
        Settling { listing, old: &old, archive: &mut archive, scraps: &mut scraps, findings: &mut people.findings, file }.run();
    }
    if let Some(mut listing) = of_findings(&people.findings) {
        let old = people.sheets.remove(listing.sheet).unwrap_or_default();
        Settling { listing: &mut listing, old: &old, archive: &mut archive, scraps: &mut scraps, findings: &mut people.findings, file }.run();
        listings.push(listing);
    }
    // a sheet that this version does not write any more
    for (name, old) in std::mem::take(&mut people.sheets) {
        for line in old.lines.iter().filter(|l| !l.people.is_empty()) {
            keep(&mut archive, Archived::of_line(&name, &[], line, GONE));
        }
    }
    let mut kept = Listing::new(ARCHIVE, archive_fields(), "指摘がなくなった判断と、報告が変わる前の判断です。消えることはありません。");
    push_distinct(&mut kept, archive.iter().map(Archived::cells));
    let mut notes = Listing::new(SCRAPS, scrap_fields(), "一覧の欄の外や、kyogi が書く欄に人が書いた内容の控えです。");
    push_distinct(&mut notes, scraps.iter().map(|s| [&s.sheet, &s.cell, &s.title, &s.about, &s.text].map(|t| fitting(t)).into()));
    listings.extend([kept, notes]);
}

/// Adds a decision; the same one once more only moves to the end, where the latest are looked for.
fn keep(archive: &mut Vec<Archived>, new: Archived) {
    archive.retain(|a| *a != new);
    archive.push(new);
}

fn push_distinct(listing: &mut Listing, rows: impl Iterator<Item = Vec<Value>>) {
    let mut seen = BTreeSet::new();
    for row in rows {
        if seen.insert(row.iter().map(shown).collect::<Vec<_>>()) {
            listing.push(row);
        }
    }
}

fn scrap_of(line: &OldLine) -> Scrap {
    let text = |title: &str| line.machine.get(title).cloned().unwrap_or_default();
    Scrap { sheet: text("シート"), cell: text("セル"), title: text("見出し"), about: text("対象"), text: text("書かれていた内容") }
}

fn loose(line: &OldLine, sheet: &str, title: &str, text: &str) -> Scrap {
    let about = line.machine.get("医療機関ID").cloned().unwrap_or_default();
    Scrap { sheet: sheet.to_owned(), cell: format!("行 {}", line.row + 1), title: title.to_owned(), about, text: text.to_owned() }
}

struct Settling<'a> {
    listing: &'a mut Listing,
    old: &'a OldSheet,
    archive: &'a mut Vec<Archived>,
    scraps: &'a mut Vec<Scrap>,
    findings: &'a mut Vec<Finding>,
    file: &'a str,
}

impl Settling<'_> {
    fn run(mut self) {
        self.listing.extra.clone_from(&self.old.extra);
        self.listing.is_hidden = self.old.is_hidden;
        self.listing.hidden_columns.clone_from(&self.old.hidden_columns);
        let keys: Vec<Key> = self.listing.lines.iter().map(|l| self.listing.key(l)).collect();
        let current: BTreeSet<&Key> = keys.iter().collect();
        let names: BTreeSet<&str> = keys.iter().map(|k| k.key.as_str()).collect();
        let mut lines_of: BTreeMap<&Key, Vec<&OldLine>> = BTreeMap::new();
        for line in &self.old.lines {
            lines_of.entry(&line.key).or_default().push(line);
        }
        for line in self.old.lines.iter().filter(|l| !current.contains(&l.key)) {
            if !line.people.is_empty() {
                let why = if names.contains(line.key.key.as_str()) { CHANGED } else { GONE };
                keep(self.archive, Archived::of_line(self.listing.sheet, &self.listing.fields, line, why));
            }
            if !line.is_stamped {
                self.unstamped(line, None);
            }
        }
        for (i, key) in keys.iter().enumerate() {
            match lines_of.get(key) {
                Some(olds) => self.carry(i, olds),
                None => self.restore(i, key),
            }
            self.progress(i, key, &current);
            self.judge(i);
        }
    }

    /// People's text from the old lines of the same key. The first that says something counts; others are kept aside.
    fn carry(&mut self, i: usize, olds: &[&OldLine]) {
        let first = olds.iter().find(|l| !l.people.is_empty()).unwrap_or(&olds[0]);
        for old in olds.iter().filter(|l| l.row != first.row && !l.people.is_empty()) {
            if old.people == first.people {
                continue;
            }
            let place = old.places.values().next().cloned().unwrap_or_default();
            self.findings.push(Finding::new("decision_twice").file(self.file).column(place));
            let said = old
                .people
                .iter()
                .filter(|(title, value)| first.people.get(*title) != Some(*value))
                .map(|(title, value)| loose(old, self.listing.sheet, title, &shown(value)));
            self.scraps.extend(said.collect::<Vec<_>>());
        }
        for (title, value) in &first.people {
            if let Some(c) = self.listing.position(title) {
                if let Some(print) = first.drafts.get(title) {
                    self.listing.lines[i].drafts.push((c, print.clone()));
                }
                self.listing.lines[i].cells[c] = value.clone();
            } else if let Some(e) = self.listing.extra.iter().position(|t| t == title) {
                let extra = &mut self.listing.lines[i].extra;
                extra.resize(extra.len().max(e + 1), Value::Blank);
                extra[e] = value.clone();
            }
        }
        self.listing.lines[i].is_hidden = first.is_hidden;
        for title in &first.struck {
            let Some(c) = self.listing.position(title) else { continue };
            let text = shown(&self.listing.lines[i].cells[c]);
            if first.machine.get(title).is_some_and(|t| t.trim() == text.trim()) {
                self.listing.lines[i].cells[c] = fitting(&struck::whole(&text));
            }
        }
        for old in olds.iter().filter(|l| !l.is_stamped) {
            self.unstamped(old, Some(i));
        }
    }

    /// Without its stamp nobody knows who wrote a cell: what differs from the new line is kept aside.
    fn unstamped(&mut self, old: &OldLine, line: Option<usize>) {
        for (title, text) in old.machine.iter().filter(|(_, t)| !t.trim().is_empty()) {
            if line.is_none_or(|i| self.listing.text(i, title).trim() != text.trim()) {
                self.scraps.push(loose(old, self.listing.sheet, title, text));
            }
        }
    }

    /// A finding that is back gets its decision back.
    fn restore(&mut self, i: usize, key: &Key) {
        let sheet = self.listing.sheet;
        let Some(found) = self.archive.iter().rev().find(|a| a.sheet == sheet && a.key == *key) else { return };
        for (title, text) in &found.kept {
            if let Some(c) = self.listing.position(title) {
                let is_date = title == DATE && text.len() == 10 && text::date(text).as_deref() == Some(text);
                self.listing.lines[i].cells[c] = if is_date { Value::Date(text.clone()) } else { fitting(text) };
            }
        }
    }

    /// Says where an earlier decision was about another reported value.
    fn progress(&mut self, i: usize, key: &Key, current: &BTreeSet<&Key>) {
        let Some(c) = self.listing.position(PROGRESS) else { return };
        let sheet = self.listing.sheet;
        let earlier = self.archive.iter().rev().find(|a| a.sheet == sheet && a.key.key == key.key && a.key != *key && !current.contains(&a.key));
        if let Some(earlier) = earlier {
            self.listing.lines[i].cells[c] = fitting(&format!("{CHANGED}（前の値：{}／前の判断：{}）", earlier.value, earlier.told()));
        }
    }

    /// Looks at what people wrote in the columns of decisions and dates: unknown words, dates as text, what is missing.
    fn judge(&mut self, i: usize) {
        let text = |title: &str| self.listing.text(i, title).trim().to_owned();
        let about = text("医療機関ID");
        let mut say = |code: &str, column: &str, value: &str| {
            self.findings.push(
                Finding::new(code)
                    .file(self.file)
                    .facility(&about)
                    .column(format!("シート「{}」の「{column}」（{} 行目）", self.listing.sheet, i + 2))
                    .value(value),
            );
        };
        let word = text(DECISION);
        if !word.is_empty() && decision_of(&word).is_none() {
            say("decision_word_unknown", DECISION, &word);
        }
        let date = self.listing.position(DATE).map(|c| &self.listing.lines[i].cells[c]);
        match date {
            Some(Value::Text(t)) if text::date(t).is_none() => say("decision_date_unreadable", DATE, t),
            Some(Value::Number(n)) => say("decision_date_unreadable", DATE, &n.to_string()),
            Some(Value::Text(t)) => say("decision_date_text", DATE, t),
            _ => {}
        }
        let missing: Vec<&str> = [DATE, INITIALS, REASON].into_iter().filter(|t| text(t).is_empty()).collect();
        if !word.is_empty() && !missing.is_empty() {
            say("decision_incomplete", DECISION, &missing.join("・"));
        }
    }
}

/// The decision that a word means, whatever its width and spaces.
pub fn decision_of(word: &str) -> Option<&'static str> {
    let folded = text::fold(word).replace(' ', "");
    DECISIONS.iter().find(|d| **d == folded).copied()
}
