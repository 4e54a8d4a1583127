//! What stands on paper: every character by the glyph that the faces have, and no letter beyond its place, read back from the layout.

use std::collections::BTreeSet;

use kyogi::ground::text::names;
use kyogi::pages::printer::template;
use kyogi::render::pdf::{self, Document, Letter};
use kyogi::render::{fit, glyphs};
use serde_json::{Value, json};

use crate::support::{rows, tests_path};

/// `\u{200B}` in a case table as the character.
fn written(text: &str) -> String {
    let mut parts = text.split("\\u{");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (code, rest) = part.split_once('}').unwrap_or_else(|| panic!("{text}"));
        out.extend(u32::from_str_radix(code, 16).ok().and_then(char::from_u32));
        out.push_str(rest);
    }
    out.replace("\\n", "\n").replace("\\r", "\r").replace("\\t", "\t")
}

#[test]
fn characters_as_people_write_them() {
    for case in rows(&tests_path("cases/print/characters.csv")) {
        let (text, mut missing) = (written(&case["書いた文字"]), BTreeSet::new());
        let printed = glyphs::printable(&text, &mut missing).unwrap_or_else(|| text.clone());
        assert_eq!(printed, written(&case["印刷"]), "{case:?}");
        assert_eq!(missing.into_iter().collect::<String>(), written(&case["字形のない文字"]), "{case:?}");
        // the screen shows what was written
        let mut screen = json!({ "text": text.clone() });
        glyphs::clean_screen(&mut screen);
        assert_eq!(screen["text"], written(&case["画面"]).as_str(), "{case:?}");
    }
}

#[test]
fn names_in_a_list_are_told_apart_whatever_separates_them() {
    for case in rows(&tests_path("cases/workbook/names.csv")) {
        assert_eq!(names(&written(&case["書いた文字"])).join("|"), written(&case["名前"]), "{case:?}");
    }
}

const MM: f64 = 72.0 / 25.4;
/// Words that people write and that have no place to break.
const LONG: [&str; 6] = [
    "https://www.pref.example.lg.jp/iryo/kakaritsuke/kyogi/2026/0820/shiryou_no_1_besshi_3.pdf?version=20260820123456789&lang=ja#page=12",
    "Pneumonoultramicroscopicsilicovolcanoconiosis・Hippopotomonstrosesquippedaliophobia",
    "123,456,789,012,345,678,901,234,567,890,123,456,789,012人",
    "――――――――――――――――――――――――――――――――――――――――――――――――――――",
    "ーーーーーーーーーーーーーーーーーーーーーーーーーーーーーーーーーーーーーーーーーーーー",
    "((((((((((((((((((((((((((((((葛\u{E0100}城市))))))))))))))))))))))))))))))……………………………………………………",
];

/// The letters of a document as it is printed.
fn letters(name: &str, mut value: Value) -> Vec<Letter> {
    let template = template(name, &|_| None).unwrap_or_else(|e| panic!("{e}"));
    glyphs::clean(&mut value, &mut BTreeSet::new());
    let charts = pdf::take_charts(&mut value);
    fit::fit(&mut value);
    let json = serde_json::to_vec(&value).expect("json");
    pdf::letters(&Document { template: &template, json, charts, ident: "test".into(), date: (2026, 4, 1) }).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// Letters beyond the margins of an A4 page, and letters over other letters.
fn misplaced(letters: &[Letter], margin: f64) -> Vec<String> {
    let mut found = Vec::new();
    let seen: Vec<&Letter> = letters.iter().filter(|l| l.right - l.left > 0.05 && !l.text.trim().is_empty()).collect();
    for l in &seen {
        // marks at the end of a line of running text hang into the margin
        let hangs = if l.text.contains(['.', ',', ':', ';', '、', '。']) { l.size } else { 0.5 };
        if l.left < margin * MM - 0.5 || l.right > (210.0 - margin) * MM + hangs || l.baseline > 297.0 * MM || l.baseline < 0.0 {
            found.push(format!("off the page: {l:?}"));
        }
    }
    let over = |a: f64, b: f64, c: f64, d: f64| b.min(d) - a.max(c);
    for (i, a) in seen.iter().enumerate() {
        for b in seen[i + 1..].iter().filter(|b| b.page == a.page) {
            let across = over(a.left, a.right, b.left, b.right);
            let down = over(a.baseline - 0.7 * a.size, a.baseline, b.baseline - 0.7 * b.size, b.baseline);
            if across > 0.3 && down > 0.3 {
                found.push(format!("over each other: {a:?} {b:?}"));
            }
        }
    }
    found
}

fn table(text: &str, columns: usize) -> Value {
    let cells: Vec<&str> = vec![text; columns];
    let align: Vec<&str> = vec!["left"; columns];
    json!({"caption": text, "head": cells, "align": align, "rows": [cells, cells], "note": text, "of": []})
}

fn frame(text: &str, more: Value) -> Value {
    let name = "HippopotomonstrosesquippedaliophobiaCity";
    let mut value = json!({"root": "../", "report_year": 2025, "report_year_label": "令和7年度報告", "title": "課題について（機能）",
        "prefecture": {"code": "31", "name": "鳥取県"}, "area": {"level": "municipality", "level_label": "市区町村", "code": "31201", "name": name},
        "function": {"code": "g2a", "label": "2号イ", "short": "イ"}, "simulated": true, "notes": [text], "sources": [text]});
    for (key, inner) in more.as_object().expect("object") {
        value[key] = inner.clone();
    }
    value
}

fn sheet(text: &str, columns: usize) -> Value {
    let short: String = text.chars().take(40).collect();
    let key_figure = json!({"label": short, "value": short, "unit": "施設", "note": short, "of": ""});
    let part = |no: u32| {
        json!({"no": no, "title": "部", "hint": "", "machine": no == 1, "sentences": [{"text": text, "of": []}], "tables": [table(text, columns)],
            "charts": [], "candidates": [{"mark": "例", "text": text, "source": text}], "write_lines": 2,
            "said": [{"mark": "事務局案", "is_agreed": true, "view": text, "text": text, "before": text, "note": text, "role": text, "deadline": text, "priority": text}]})
    };
    let key_figures: Vec<Value> = vec![key_figure; 5];
    frame(
        text,
        json!({"sheet_id": "x", "overview": [{"label": "参加者", "value": text}], "headline": text, "headline_of": [], "key_figures": key_figures, "parts": [part(1), part(4)], "charts": []}),
    )
}

fn result(text: &str, columns: usize) -> Value {
    let measure = json!({"mark": "方策①", "text": text, "role": text, "deadline": text, "indicator": text});
    let parts = json!([{"no": 1, "title": "課題", "items": [{"mark": "医療側", "text": text}], "table": null, "why": ""},
        {"no": 2, "title": "原因", "items": [], "table": null, "why": text},
        {"no": 4, "title": "方策", "items": [measure], "table": table(text, 5), "why": ""}]);
    let overview = json!([{"label": "関係者・参加者", "value": text}]);
    frame(
        text,
        json!({"date_label": "令和8年", "overview": overview, "parts": parts, "figures_title": "データ", "figures": [table(text, columns)],
        "words": [{"label": "意向", "value": text}]}),
    )
}

fn agenda(text: &str, columns: usize) -> Value {
    let order = json!({"kind": "order", "title": text, "facts": [{"label": "会場", "value": text}], "lines": [text], "materials": [text]});
    let list = json!({"kind": "table", "title": text, "secret": true, "lead": text, "table": table(text, columns)});
    let mut one = sheet(text, columns);
    one["kind"] = "sheet".into();
    frame(text, json!({"kind": "会議資料", "items": [order, list, one]}))
}

/// Long words in every field of every document, in tables of one to nine columns.
#[test]
fn no_letter_stands_beyond_its_place_or_over_another() {
    let mut all: Vec<String> = Vec::new();
    for (i, long) in LONG.iter().enumerate() {
        let text = format!("{long}と、{long}。");
        for columns in if i == 0 { 1..=9 } else { 4..=4 } {
            for (name, value) in [("sheet", sheet(&text, columns)), ("result", result(&text, columns)), ("agenda", agenda(&text, columns))] {
                let found = misplaced(&letters(name, value), 19.0);
                all.extend(found.into_iter().map(|f| format!("{name}, {columns} columns, {}: {f}", long.chars().take(4).collect::<String>())));
            }
        }
    }
    assert!(all.is_empty(), "{} letters: {:#?}", all.len(), all.iter().step_by(all.len() / 30 + 1).collect::<Vec<_>>());
}

/// What fits is left alone: no break inside a word that has room.
#[test]
fn words_with_room_are_not_touched() {
    let mut value = json!({"text": "https://www.mhlw.go.jp/ の資料", "table": {"caption": "", "head": ["区分", "数"], "rows": [["鳥取市", "1,234〜5,678施設"]], "align": ["left", "right"]}});
    let before = value.to_string();
    fit::fit(&mut value);
    value["table"].as_object_mut().expect("table").retain(|k, _| k != "widths" && k != "half");
    assert_eq!(value.to_string(), before);
}
