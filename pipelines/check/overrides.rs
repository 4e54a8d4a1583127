//! Overrides: a status that the prefecture decides against the answers. Without a reason it is refused; with one it acts in determination.

use crate::ground::text;
use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray};
use serde::Serialize;

use super::listing::{Field, Line, Listing, Role, shown};
use super::merge::{DATE, INITIALS, MEMO, REASON};
use super::people::{OldLine, OldSheet, Scrap};
use crate::facts::dictionary::Dictionary;
use crate::facts::finding::Finding;
use crate::ground::artefact::{ColumnNote, Table};
use crate::ground::error::Result;
use crate::ground::spreadsheet::{Value, struck};

pub const SHEET: &str = "判定の上書き";
const FACILITY: &str = "医療機関ID";
const FUNCTION: &str = "機能";
const STATUS: &str = "判定";
const BEFORE: &str = "もとの判定";
const OUTCOME: &str = "結果";
const STATUSES: &[&str] = &["あり", "なし", "判定できない"];
const CODES: [&str; 3] = ["yes", "no", "undetermined"];
const FUNCTIONS: &[&str] = &["1号機能", "2号イ", "2号ロ", "2号ハ", "2号ニ"];

/// A status decided by people, with its reason.
#[derive(Clone, Debug, Serialize)]
pub struct Override {
    pub facility_id: String,
    pub function_code: String,
    /// `yes`, `no` or `undetermined`.
    pub status: String,
    pub reason: String,
    pub date: String,
    pub initials: String,
    /// Line of the sheet, counted from zero among its lines.
    #[serde(skip)]
    pub line: usize,
    #[serde(skip)]
    pub place: String,
}

pub fn fields() -> Vec<Field> {
    vec![
        Field::new(FACILITY, 18.0, Role::People),
        Field::new(FUNCTION, 12.0, Role::People).words(FUNCTIONS),
        Field::new(STATUS, 14.0, Role::People).words(STATUSES),
        Field::new(REASON, 44.0, Role::People),
        Field::new(DATE, 12.0, Role::People),
        Field::new(INITIALS, 10.0, Role::People),
        Field::new(MEMO, 24.0, Role::People),
        Field::new(BEFORE, 20.0, Role::Machine),
        Field::new(OUTCOME, 40.0, Role::Machine),
    ]
}

/// Reads the sheet's lines: what acts, and why a line does not act (by line).
pub fn read(old: &OldSheet, dictionary: &Dictionary, file: &str, findings: &mut Vec<Finding>) -> (Vec<Override>, BTreeMap<usize, String>) {
    let (mut overrides, mut refused): (Vec<Override>, BTreeMap<usize, String>) = (Vec::new(), BTreeMap::new());
    for (i, line) in old.lines.iter().enumerate().filter(|(_, l)| fields().iter().any(|f| l.people.contains_key(f.title))) {
        match one(old, line, i, dictionary) {
            Ok(new) => {
                if let Some(at) = overrides.iter().position(|o| (&o.facility_id, &o.function_code) == (&new.facility_id, &new.function_code)) {
                    let before = overrides.remove(at);
                    findings.push(
                        Finding::new("override_twice").file(file).facility(&before.facility_id).column(&before.place).value(&before.function_code),
                    );
                    refused.insert(before.line, "同じ医療機関と機能の上書きが下にあるため、使っていません".into());
                }
                overrides.push(new);
            }
            Err((code, title, value)) => {
                let place = line.places.get(title).or_else(|| line.places.values().next()).cloned().unwrap_or_default();
                let id = text(line, FACILITY);
                findings.push(Finding::new(code).file(file).facility(&id).column(place).value(&value));
                let why = match code {
                    "override_without_reason" => "理由が空のため、使っていません".into(),
                    "override_struck" => format!("「{title}」が見え消し（取り消し線）のため、使っていません"),
                    "override_hidden" => "行か列かシートが隠れているため、使っていません".into(),
                    _ => format!("「{title}」が読めないため、使っていません"),
                };
                refused.insert(i, why);
            }
        }
    }
    (overrides, refused)
}

type Refusal = (&'static str, &'static str, String);

fn one(old: &OldSheet, line: &OldLine, i: usize, dictionary: &Dictionary) -> std::result::Result<Override, Refusal> {
    let acting = [FACILITY, FUNCTION, STATUS, REASON];
    // a line that people took back or hid decides nothing
    if let Some((title, text)) = acting.iter().filter_map(|t| Some((*t, shown(line.people.get(*t)?)))).find(|(_, v)| struck::is_struck(v)) {
        return Err(("override_struck", title, struck::said(&text).into_owned()));
    }
    if old.is_hidden || line.is_hidden || acting.iter().any(|t| old.hidden_columns.contains(*t)) {
        return Err(("override_hidden", FACILITY, text(line, FACILITY)));
    }
    let unreadable = |title: &'static str| ("override_unreadable", title, format!("{title}「{}」", text(line, title)));
    let facility_id = text::fold(&text(line, FACILITY));
    if facility_id.is_empty() {
        return Err(unreadable(FACILITY));
    }
    let said = text::fold(&text(line, FUNCTION)).replace(' ', "");
    let function = dictionary.functions.iter().find(|f| [&f.label, &f.short_label, &f.function_code].into_iter().any(|l| text::fold(l) == said));
    let function_code = function.map(|f| f.function_code.clone()).ok_or_else(|| unreadable(FUNCTION))?;
    let word = text::fold(&text(line, STATUS)).replace(' ', "");
    // 「有」「有り」 are 「あり」
    let plain = |word: &str| text::label_key(&word.replace("あり", "有").replace("なし", "無"));
    let status = STATUSES.iter().position(|s| plain(s) == plain(&word)).ok_or_else(|| unreadable(STATUS))?;
    let reason = text(line, REASON);
    if reason.is_empty() {
        return Err(("override_without_reason", REASON, format!("{said}を{word}に")));
    }
    let date = text(line, DATE);
    let place = line.places.get(STATUS).cloned().unwrap_or_default();
    Ok(Override {
        facility_id,
        function_code,
        status: CODES[status].to_owned(),
        reason,
        date: text::date(&date).unwrap_or(date),
        initials: text(line, INITIALS),
        line: i,
        place,
    })
}

fn text(line: &OldLine, title: &str) -> String {
    line.people.get(title).map_or_else(String::new, |v| struck::live(&shown(v)).trim().to_owned())
}

/// The artefact `ing_overrides`. Grain: `facility_id, function_code`.
pub fn table(overrides: &[Override]) -> Result<Table> {
    let column = |name: &str, label: &str, of: &dyn Fn(&Override) -> &str| -> (ColumnNote, ArrayRef) {
        let texts = overrides.iter().map(|o| Some(of(o)).filter(|t| !t.is_empty())).collect::<StringArray>();
        (ColumnNote::new(name, label, ""), Arc::new(texts))
    };
    Table::new(
        "ing_overrides",
        vec![
            column("facility_id", "医療機関ID", &|o| &o.facility_id),
            column("function_code", "機能コード", &|o| &o.function_code),
            column("status", "上書き後の状態", &|o| &o.status),
            column("reason", "上書きの理由", &|o| &o.reason),
            column("decided_on", "上書きの日", &|o| &o.date),
            column("initials", "上書きの担当", &|o| &o.initials),
        ],
    )
}

/// What became of each override in determination: label of the earlier status, or why it does not act.
pub struct Effect {
    pub before: String,
    pub acts: bool,
}

/// The sheet again, with what became of each line.
pub fn listing(
    old: &OldSheet,
    overrides: &[Override],
    refused: &BTreeMap<usize, String>,
    effect: &dyn Fn(&Override) -> Option<Effect>,
    scraps: &mut Vec<Scrap>,
    findings: &mut Vec<Finding>,
    file: &str,
) -> Listing {
    let about =
        "回答による判定を、都道府県の判断で改めるときに書きます。理由のない上書きは使いません。上書きは集計の前に働き、働いた所すべてに示します。";
    let mut listing = Listing::new(SHEET, fields(), about);
    listing.extra.clone_from(&old.extra);
    listing.is_hidden = old.is_hidden;
    listing.hidden_columns.clone_from(&old.hidden_columns);
    for (i, line) in old.lines.iter().enumerate() {
        let mut cells: Vec<Value> = listing.fields.iter().map(|f| line.people.get(f.title).cloned().unwrap_or(Value::Blank)).collect();
        let date = text(line, DATE);
        if !date.is_empty() && text::date(&date).is_none() {
            let place = line.places.get(DATE).cloned().unwrap_or_default();
            findings.push(Finding::new("decision_date_unreadable").file(file).facility(&text(line, FACILITY)).column(place).value(&date));
        }
        let acting = overrides.iter().find(|o| o.line == i);
        let (before, outcome) = match (acting, acting.and_then(effect)) {
            (None, _) => (String::new(), refused.get(&i).cloned().unwrap_or_default()),
            (Some(o), None) => {
                findings.push(
                    Finding::new("override_unreadable")
                        .file(file)
                        .facility(&o.facility_id)
                        .column(&o.place)
                        .value("この医療機関IDの報告がありません"),
                );
                (String::new(), "この医療機関IDの報告がないため、使っていません".into())
            }
            (Some(o), Some(effect)) if !effect.acts => {
                findings.push(Finding::new("override_without_effect").file(file).facility(&o.facility_id).column(&o.place).value(&effect.before));
                (effect.before, "未報告、又は1号機能がないため、使っていません".into())
            }
            (Some(_), Some(effect)) => (effect.before, "使いました".into()),
        };
        for (title, value) in [(BEFORE, before), (OUTCOME, outcome)] {
            if let Some(c) = listing.position(title) {
                let typed = line.machine.get(title).filter(|t| !line.is_stamped && !t.trim().is_empty() && **t != value);
                scraps.extend(typed.map(|t| Scrap {
                    sheet: SHEET.into(),
                    cell: format!("行 {}", line.row + 1),
                    title: title.into(),
                    about: String::new(),
                    text: t.clone(),
                }));
                cells[c] = Value::from(value);
            }
        }
        let extra = listing.extra.iter().map(|t| line.people.get(t).cloned().unwrap_or(Value::Blank)).collect();
        listing.lines.push(Line { cells, extra, drafts: Vec::new(), is_hidden: line.is_hidden });
    }
    listing
}
