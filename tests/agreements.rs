//! What people wrote reaches paper: pointing words take their text, and every proposal and agreement is on a sheet or in the list.

use std::collections::BTreeSet;

use kyogi::draft::Drafter;
use kyogi::draft::opened::{Opened, open};
use kyogi::draft::sheet::Sheet as Paper;
use kyogi::facts::basis::Basis;
use kyogi::ground::spreadsheet::{Sheet, read_bytes};
use kyogi::publish;
use kyogi::render::html::Html;
use kyogi::workbook::carry::Tables;
use kyogi::workbook::layout::{Layout, TableSpec};
use kyogi::workbook::spoken::Speech;
use kyogi::workbook::{self, pointer};
use rayon::prelude::*;

use crate::round_trip::{Dice, edit};
use crate::support::{folder, rows, run_packet, sample_workspace, tests_path};
use crate::workbook::{World, first, merge, put, save, world};

#[test]
fn pointing_words_take_the_text_that_they_point_to() {
    let pointers = Layout::load().expect("layout").pointers;
    for case in rows(&tests_path("cases/council/agreements.csv")) {
        let row = pointer::Row { agreed: &case["agreed"], proposal: &case["proposal"], candidate: &case["candidate"], fixed: &case["fixed"] };
        let said = pointers.resolve(row);
        let name = &case["case"];
        assert_eq!(said.text, case["text"], "{name}");
        assert_eq!(said.unresolved.is_empty(), case["why"].is_empty(), "{name}: {}", said.unresolved);
        assert!(said.unresolved.contains(&case["why"]), "{name}: {}", said.unresolved);
        let shown = said.shown();
        assert_eq!(shown.is_empty(), !said.is_pointer, "{name}");
        assert!(!said.is_pointer || shown.contains(if case["why"].is_empty() { &case["text"] } else { &case["why"] }), "{name}: {shown}");
    }
}

/// Areas of the random workbooks; the second is not always in the setting.
const AREAS: [&str; 2] = ["31201", "31202"];
const WORDS: [&str; 8] = ["案のとおり", "候補のとおり。", "別紙のとおり", "案のとおり。ただし", "", "", "", ""];

/// A workbook as people may leave it: texts, pointing words and days anywhere, rows moved, copied, sorted and deleted.
fn random_workbook(w: &World, start: &[u8], seed: u64) -> Vec<u8> {
    let (mut dice, mut serial) = (Dice(seed), 0);
    let mut sheets = read_bytes(start.to_vec()).expect("read");
    for s in sheets.iter_mut().filter(|s| ["協議シート", "方策", "協議の記録"].contains(&s.name.as_str())) {
        for column in ["人の記入（案）", "合意した文", "方策", "合意した日", "公表日", "開催日", "候補（自動）", "状態"]
        {
            let Some(c) = s.rows[0].iter().position(|x| x.text == column) else { continue };
            for r in 1..s.rows.len() {
                serial += 1;
                let text = match (column, dice.below(4)) {
                    (_, 0 | 1) => continue,
                    ("合意した日" | "開催日", _) => ["2026-08-20", "2026-09-03", "未定"][dice.below(3)].to_owned(),
                    ("公表日", _) => "2026-12-15".to_owned(),
                    ("状態", _) => ["検討中", "解決", "継続"][dice.below(3)].to_owned(),
                    ("候補（自動）", _) => format!("【方策①】候補{serial}（出典：例（1号））"),
                    (_, 2) if !WORDS[serial % 8].is_empty() => WORDS[serial % 8].to_owned(),
                    _ => format!("人の文{serial}¶。"),
                };
                put(s, r, c, &text);
            }
        }
    }
    for _ in 0..dice.below(5) {
        edit(&mut sheets, &mut dice, &mut serial);
    }
    let areas = if dice.below(4) == 0 { &AREAS[..1] } else { &AREAS[..] };
    merge(w, &save(&sheets, &|_| {}), areas, 2).bytes
}

/// Proposals and agreements as they stand in the cells: row, and whether nobody can tell what is meant.
fn texts<'a>(w: &'a World, sheets: &'a [Sheet]) -> impl Iterator<Item = (&'a TableSpec, String)> + 'a {
    w.layout.tables.iter().filter(|t| ["entries", "measures"].contains(&t.code.as_str())).flat_map(move |spec| {
        let s = sheets.iter().find(|s| s.name == spec.name).expect("sheet");
        let at = |name: &str| spec.position(name);
        let agreed = if spec.code == "entries" { "agreed" } else { "measure" };
        let cell = move |r: usize, name: &str| at(name).map_or_else(String::new, |c| s.text(r, c).trim().to_owned());
        (1..s.rows.len()).flat_map(move |r| {
            let said = [agreed, "proposal", "candidate", "resolved"].map(|c| cell(r, c));
            let row = pointer::Row { agreed: &said[0], proposal: &said[1], candidate: &said[2], fixed: &said[3] };
            let taken = w.layout.pointers.resolve(row).text;
            [taken, cell(r, "proposal")].into_iter().filter(|t| !t.is_empty()).map(move |t| (spec, t)).collect::<Vec<_>>()
        })
    })
}

/// What a template's escaping makes of a text.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#x27;").replace('/', "&#x2f;")
}

/// Everything that the program says of a workbook: its sheets, and the list of what is not published.
fn said(
    w: &World,
    bytes: Vec<u8>,
    drafter: &Drafter<'_>,
    basis: &Basis,
    papers: &[(usize, usize, Paper)],
    html: &Html,
) -> (String, String, Vec<String>) {
    let book = workbook::book::parse(bytes, &w.layout, &w.places).expect("book");
    let none = Tables::new();
    let speech = Speech { book: &book, council: &basis.council, carried: &none };
    let mut pages = String::new();
    for (a, f, paper) in papers {
        let mut paper = paper.clone();
        speech.of(&basis.areas[*a], &basis.dictionary.functions[*f]).put(&mut paper);
        pages += &html.render("sheet", &serde_json::to_value(paper).expect("value")).unwrap_or_else(|e| panic!("{e}"));
    }
    let plan: Vec<(usize, usize)> = papers.iter().map(|(a, f, _)| (*a, *f)).collect();
    let (layout, areas, dictionary) = (&w.layout, &basis.areas[..], &basis.dictionary);
    let published =
        publish::results(&publish::Source { book: &book, layout, plan: &plan, areas, dictionary, drafter, until: None, with_missing_glyphs: true })
            .unwrap_or_else(|e| panic!("{e}"));
    let listed = published.held_back.iter().map(|h| h.text.clone()).collect::<Vec<_>>();
    let mut faults = Vec::new();
    let mut resolved = false;
    for h in &published.held_back {
        if !h.is_unresolved {
            resolved = true;
        } else if resolved {
            faults.push(format!("{} stands behind what is clear", h.text));
        }
    }
    let shown: String =
        published.sheets.iter().map(|s| html.render("result", &serde_json::to_value(s).expect("value")).unwrap_or_else(|e| panic!("{e}"))).collect();
    for s in &published.sheets {
        for p in s.parts.iter().filter(|p| p.items.iter().any(|i| i.text.trim().is_empty())) {
            faults.push(format!("{}: a part ({}) with an empty text", s.result_id, p.no));
        }
    }
    for word in ["案のとおり", "候補のとおり"] {
        if shown.contains(word) {
            faults.push(format!("{word} is published as such"));
        }
    }
    (pages, listed.join("\n"), faults)
}

/// Random workbooks: every proposal and every agreement is on paper or in the list of what is not published, pointing words are
/// never published as such, and what nobody can tell stands first. 60 here; `KYOGI_WORKBOOKS=1000` for a long run.
#[test]
fn no_text_of_people_is_missing_on_paper() {
    let count = std::env::var("KYOGI_WORKBOOKS").ok().and_then(|n| n.parse().ok()).unwrap_or(60u64);
    let dir = folder();
    let workspace = sample_workspace(dir.path());
    run_packet(&workspace, None, &workspace.output(), 2).unwrap_or_else(|e| panic!("{e}"));
    let Opened { basis, facts, .. } = open(&workspace, 2).unwrap_or_else(|e| panic!("{e}"));
    let drafter = basis.drafter(facts, &|_| None, true).unwrap_or_else(|e| panic!("{e}"));
    let f = basis.dictionary.functions.iter().position(|f| f.function_code == "g2a").expect("a function");
    let papers: Vec<(usize, usize, Paper)> = AREAS
        .iter()
        .map(|code| {
            let a = basis.areas.iter().position(|a| a.area_code == *code).expect("an area");
            let mut paper = drafter.sheet(&basis.areas[a], &basis.dictionary.functions[f]).unwrap_or_else(|e| panic!("{e}"));
            paper.charts.clear();
            paper.parts.iter_mut().for_each(|p| p.charts.clear());
            (a, f, paper)
        })
        .collect();
    let (w, html) = (world(), Html::new(&|_| None).expect("templates"));
    let start = first(&w, &AREAS, &[]);
    let results: Vec<(usize, Option<String>)> = (0..count)
        .into_par_iter()
        .map(|seed| {
            let bytes = random_workbook(&w, &start, seed);
            let sheets = read_bytes(bytes.clone()).expect("read");
            let (pages, listed, faults) = said(&w, bytes, &drafter, &basis, &papers, &html);
            let all: BTreeSet<(&str, String)> = texts(&w, &sheets).map(|(s, t)| (s.name.as_str(), t)).collect();
            let lost = all.iter().find(|(_, t)| !pages.contains(&escaped(t)) && !listed.contains(t.as_str()));
            let fault = lost.map(|(sheet, t)| format!("{sheet}: {t:?} is nowhere")).or_else(|| faults.first().cloned());
            (all.len(), fault.map(|f| format!("seed {seed}: {f}")))
        })
        .collect();
    let failed: Vec<&String> = results.iter().filter_map(|(_, f)| f.as_ref()).collect();
    assert!(failed.is_empty(), "{} of {count} workbooks: {:#?}", failed.len(), &failed[..failed.len().min(8)]);
    assert!(results.iter().map(|(n, _)| n).sum::<usize>() as u64 > count * 4, "the workbooks say something");
}
