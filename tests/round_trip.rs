//! The round trip as a law: whatever people do to the workbook, no character of theirs is lost.

use std::collections::{BTreeMap, BTreeSet};

use kyogi::ground::spreadsheet::{Cell, Row, Sheet, read_bytes};
use rayon::prelude::*;

use crate::workbook::{first, merge, put, save, text_cell, world};

/// Texts of people in a workbook, with how often each stands there. People's texts carry 「¶」; the program's own record does not count.
fn human(sheets: &[Sheet]) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    for cell in sheets.iter().filter(|s| s.name != "_kyogi").flat_map(|s| s.rows.iter().flatten()) {
        if cell.text.contains('¶') {
            *found.entry(cell.text.clone()).or_default() += 1;
        }
    }
    found
}

/// A small generator of numbers, so that a seed tells the whole story.
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % n as u64) as usize
    }
}

/// What one hand does to the workbook; says what it did.
pub fn edit(sheets: &mut Vec<Sheet>, dice: &mut Dice, serial: &mut usize) -> String {
    let tables: Vec<usize> = (0..sheets.len()).filter(|&i| sheets[i].name != "_kyogi" && sheets[i].rows.len() > 2).collect();
    let Some(&at) = tables.get(dice.below(tables.len().max(1))) else { return "nothing".into() };
    *serial += 1;
    let token = format!("{}¶{serial}", ["案", "文\n二行目", "長い文。".repeat(20).as_str(), "=1+1", "㈱𠮷野家①"][dice.below(5)]);
    let count = sheets.len();
    let s = &mut sheets[at];
    let (height, width) = (s.rows.len(), s.rows.iter().map(Row::len).max().unwrap_or(1));
    let (r, c) = (1 + dice.below(height - 1), dice.below(width));
    let other = 1 + dice.below(height - 1);
    let name = s.name.clone();
    let said = match dice.below(19) {
        0 => {
            let key = |row: &Row| row.get(c).map_or(String::new(), |x| x.text.clone());
            s.rows[1..].sort_by_key(key);
            format!("sort by {c}")
        }
        1 => {
            s.rows.remove(r);
            format!("delete row {r}")
        }
        2 => {
            let mut row = vec![Cell::default(); width];
            row[c] = text_cell(&token);
            s.rows.insert(r, row.into());
            format!("insert row {r} with {token} in {c}")
        }
        3 => {
            let row = s.rows[r].clone();
            s.rows[other] = row;
            format!("paste row {r} over {other}")
        }
        4 => {
            let mut row = s.rows[r].clone();
            row.put(0, s.rows[other][0].clone());
            s.rows[other] = row;
            format!("paste row {r} over {other} but its key")
        }
        5..=8 => {
            put(s, r, c, &token);
            format!("write {token} to {r},{c}")
        }
        9 => {
            put(s, r, c, "");
            format!("clear {r},{c}")
        }
        10 => {
            let row = s.rows[r].clone();
            s.rows.insert(other, row);
            format!("copy row {r} to {other}")
        }
        11 => {
            s.name = format!("別名{serial}");
            "rename".into()
        }
        12 => {
            let text = s.rows[r].get(c).map_or(String::new(), |x| x.text.clone());
            put(s, r, c, &format!("{text}\n{token}"));
            format!("append {token} to {r},{c}")
        }
        13 => {
            s.rows.remove(0);
            "delete first row".into()
        }
        14 => {
            put(s, 0, width, &format!("列{token}"));
            put(s, r, width, &token);
            format!("add column {width} with {token}")
        }
        15 => {
            let copy = Sheet { name: format!("写し{serial}"), ..s.clone() };
            sheets.push(copy);
            "copy sheet".into()
        }
        16 => {
            let column = dice.below(width);
            for row in &mut s.rows {
                let (one, two) = (row[c].clone(), row[column].clone());
                row.put(c, two);
                row.put(column, one);
            }
            format!("swap columns {c} and {column}")
        }
        17 if count > 3 && dice.below(6) == 0 => {
            sheets.remove(at);
            "delete sheet".into()
        }
        18 if dice.below(6) == 0 => {
            sheets.retain(|s| s.name != "_kyogi");
            "delete the record".into()
        }
        _ => {
            put(s, 0, c, &format!("見出し{token}"));
            format!("change heading {c}")
        }
    };
    format!("{name}: {said}")
}

/// Rows of the last writing whose key and place are nowhere any more: their texts must be in the archive.
fn deleted(before: &[Sheet], after: &[Sheet]) -> Vec<String> {
    let there: BTreeSet<&str> = after.iter().filter(|s| s.name != "_kyogi").flat_map(|s| s.rows.iter().flatten()).map(|c| c.text.trim()).collect();
    let places: BTreeSet<Vec<&str>> =
        after.iter().flat_map(|s| &s.rows).flat_map(|r| (3..6).map(|n| r.iter().take(n).map(|c| c.text.trim()).skip(1).collect())).collect();
    let mut texts = Vec::new();
    for row in before.iter().filter(|s| ["協議シート", "方策", "協議の記録"].contains(&s.name.as_str())).flat_map(|s| s.rows.iter().skip(1))
    {
        let key = row.get(0).map_or("", |c| c.text.as_str());
        let place: Vec<&str> = row.iter().take(5).map(|c| c.text.trim()).skip(1).collect();
        if !there.contains(key) && !places.contains(&place) {
            texts.extend(row.iter().filter(|c| c.text.contains('¶')).map(|c| c.text.clone()));
        }
    }
    texts
}

/// At least 1,000 sequences of edits in real files, each merged twice with changed data: every text of people is in the new file as
/// often as it was in theirs, and the texts of deleted rows are in the archive.
#[test]
fn no_character_of_people_is_lost() {
    let w = world();
    let start = first(
        &w,
        &["31201", "31202"],
        &[("entries", "K31201-g2a-1-1", "proposal", "はじめの案¶0"), ("measures", "K31202-g2a-0-1", "measure", "方策¶0")],
    );
    let failed: Vec<String> = (0..1_000u64)
        .into_par_iter()
        .filter_map(|seed| {
            let (mut dice, mut serial, mut log) = (Dice(seed), 0, Vec::new());
            let mut bytes = start.clone();
            for turn in 2..4 {
                let before = read_bytes(bytes.clone()).expect("read");
                let mut sheets = before.clone();
                for _ in 0..1 + dice.below(6) {
                    log.push(edit(&mut sheets, &mut dice, &mut serial));
                }
                let edited = save(&sheets, &|_| {});
                // the second area may go from the setting meanwhile
                let areas: &[&str] = if dice.below(4) == 0 { &["31201"] } else { &["31201", "31202"] };
                let merged = merge(&w, &edited, areas, turn);
                let after = read_bytes(merged.bytes.clone()).expect("read");
                let (had, has) = (human(&sheets), human(&after));
                for (text, n) in &had {
                    let now = has.get(text).copied().unwrap_or(0);
                    if now < *n {
                        return Some(format!("seed {seed}, turn {turn}: {text:?} {n} → {now}\n  {}", log.join("\n  ")));
                    }
                }
                if sheets.iter().any(|s| s.name == "_kyogi") {
                    for text in deleted(&before, &sheets) {
                        if !has.contains_key(&text) {
                            return Some(format!("seed {seed}, turn {turn}: deleted {text:?} is gone\n  {}", log.join("\n  ")));
                        }
                    }
                }
                bytes.clone_from(&merged.bytes);
                if seed % 4 > 0 {
                    continue;
                }
                // the same data once more change nothing
                let again = merge(&w, &merged.bytes, areas, turn);
                if read_bytes(again.bytes.clone()).expect("read").iter().map(|s| &s.rows).ne(after.iter().map(|s| &s.rows)) {
                    return Some(format!("seed {seed}, turn {turn}: a second merge differs\n  {}", log.join("\n  ")));
                }
            }
            None
        })
        .collect();
    assert!(failed.is_empty(), "{} sequences lose text, the first:\n{}", failed.len(), failed.iter().take(8).cloned().collect::<Vec<_>>().join("\n"));
}
