//! Cells, encodings and layouts: the same answers give the same statuses, however they are written.

use kyogi::ground::text;
use std::collections::BTreeMap;
use std::path::Path;

use kyogi::facts::dictionary::Dictionary;
use kyogi::ingest::cells::{self, Cell, ChoiceSet, Glyphs};
use proptest::prelude::*;

use crate::support::{YEAR, columns, folder, plain, rows, sample, sample_rows, statuses, tests_path};

fn glyphs() -> Glyphs {
    Glyphs { masked: vec!["10未満".into()], separators: vec![";".into(), "、".into()], masked_low: 1.0, masked_high: 9.0, ..Glyphs::default() }
}

fn said(cell: &Cell) -> String {
    match cell {
        Cell::Blank => "blank".into(),
        Cell::Choices(codes) => codes.join(" "),
        Cell::Number { low, high, masked } => format!("{}{low}..{high}", if *masked { "masked " } else { "" }),
        Cell::Text(text) => text.clone(),
        Cell::Guessed(code) => format!("guessed {code}"),
        Cell::Unreadable(_) => "unreadable".into(),
    }
}

#[test]
fn cell_grammar() {
    let dictionary = Dictionary::load(YEAR).expect("dictionary");
    let mut wrong = Vec::new();
    for case in rows(&tests_path("cases/ingest/cells.csv")) {
        let (reader, set) = case["reader"].split_once(' ').unwrap_or((&case["reader"], ""));
        let set = ChoiceSet::new(&dictionary, set);
        let raw = &case["raw"];
        let none = || "none".to_owned();
        let got = match reader {
            "count" => said(&cells::count(raw, &glyphs())),
            "number" => said(&cells::number(raw, &glyphs())),
            "choice" => said(&set.single(raw, &glyphs())),
            "multi" => said(&set.multi(raw, &glyphs())),
            "year" => text::fiscal_year(raw).map_or_else(none, |y| y.to_string()),
            "date" => text::date(raw).unwrap_or_else(none),
            other => panic!("unknown reader {other}"),
        };
        if got != case["expect"] {
            wrong.push(format!("{} {raw:?}：{got}、期待は {}", case["reader"], case["expect"]));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn an_empty_header_cell_takes_the_group_of_its_own_block() {
    let text = "1号,,,その他,\n06,,07,,\n疾患,その他の疾患,相談,健診,予防接種\n1,2,3,4,5\n";
    let grid = kyogi::ingest::grid::read(text.as_bytes(), None).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(grid.headers(0, 3), ["1号|06|疾患", "1号|06|その他の疾患", "1号|07|相談", "その他|健診", "その他|予防接種"]);
}

fn write(path: &Path, rows: impl Iterator<Item = csv::StringRecord>) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    rows.for_each(|r| writer.write_record(&r).expect("row"));
    let bytes = writer.into_inner().expect("bytes");
    std::fs::write(path, &bytes).expect("writable");
    bytes
}

#[test]
fn rows_columns_encoding_and_layout_do_not_matter() {
    let dir = folder();
    let original = dir.path().join("original.csv");
    std::fs::write(&original, sample()).expect("writable");
    let expected = plain(&statuses(&original).0);
    assert!(expected.len() > 2000);
    let (header, records) = sample_rows();

    let reversed = dir.path().join("reversed.csv");
    let turn = |r: &csv::StringRecord| r.iter().rev().collect::<csv::StringRecord>();
    // change reports carry later dates, so reversing the rows must not change which counts
    write(&reversed, std::iter::once(turn(&header)).chain(records.iter().rev().map(turn)));
    assert_eq!(plain(&statuses(&reversed).0), expected, "rows and columns reversed");

    let cp932 = dir.path().join("cp932.csv");
    let bytes = write(&cp932, std::iter::once(header.clone()).chain(records.iter().cloned()));
    let (encoded, _, lossy) = encoding_rs::SHIFT_JIS.encode(std::str::from_utf8(&bytes).expect("UTF-8"));
    assert!(!lossy);
    std::fs::write(&cp932, encoded).expect("writable");
    assert_eq!(plain(&statuses(&cp932).0), expected, "CP932");

    let labels = dir.path().join("labels.csv");
    write_one_hot(&labels, &records);
    assert_eq!(plain(&statuses(&labels).0), expected, "two header rows, labels only, one-hot");
}

/// The same answers in the other built-in layout.
fn write_one_hot(path: &Path, records: &[csv::StringRecord]) {
    const OTHER: &str = "sql/layouts/label_two_headers_one_hot.toml";
    let layout = kyogi::ingest::layout::Layout::parse(kyogi::ground::embedded::text(OTHER), OTHER).expect("layout");
    let dictionary = Dictionary::load(YEAR).expect("dictionary");
    let position: BTreeMap<String, usize> = columns().into_iter().enumerate().map(|(i, (_, item))| (item, i)).collect();
    let headers: Vec<(&str, &str)> = layout.columns.keys().map(|h| h.split_once('|').expect("two rows")).collect();
    let mut out = vec![headers.iter().map(|h| h.0).collect::<csv::StringRecord>(), headers.iter().map(|h| h.1).collect()];
    let choices = Dictionary::load(YEAR).expect("dictionary");
    for record in records {
        let row = layout.columns.values().map(|to| {
            let to = to.as_str().expect("text");
            let (item, choice) = to.split_once('=').map_or((to, None), |(i, c)| (i, Some(c)));
            let cell = &record[position[item]];
            let item = dictionary.item(item).expect("item");
            match choice {
                Some(code) => {
                    if cell.split(';').any(|c| c.split(':').next() == Some(code)) {
                        "○".to_owned()
                    } else {
                        String::new()
                    }
                }
                // codes go, labels stay
                None if !item.choice_set.is_empty() => {
                    let labels: Vec<&str> = match ChoiceSet::new(&choices, &item.choice_set).multi(cell, &glyphs()) {
                        Cell::Choices(codes) => codes
                            .iter()
                            .map(|code| choices.choices_of(&item.choice_set).find(|c| c.choice_code == *code).expect("choice").label.as_str())
                            .collect(),
                        _ => vec![cell],
                    };
                    labels.join("、")
                }
                None if cell == "10未満" => "-".to_owned(),
                None => cell.to_owned(),
            }
        });
        out.push(row.collect());
    }
    write(path, out.into_iter());
}

static SETS: std::sync::LazyLock<Vec<ChoiceSet>> = std::sync::LazyLock::new(|| {
    let dictionary = Dictionary::load(YEAR).expect("dictionary");
    ["freq8", "domains", "diseases"].iter().map(|set| ChoiceSet::new(&dictionary, set)).collect()
});

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn no_cell_panics_and_numbers_keep_their_order(raw in "\\PC{0,24}") {
        for set in SETS.iter() {
            let _ = (set.single(&raw, &glyphs()), set.multi(&raw, &glyphs()));
        }
        for cell in [cells::count(&raw, &glyphs()), cells::number(&raw, &glyphs())] {
            if let Cell::Number { low, high, .. } = cell {
                prop_assert!(0.0 <= low && low <= high);
            }
        }
        let _ = (text::date(&raw), text::fiscal_year(&raw));
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        if let Ok(grid) = kyogi::ingest::grid::read(&bytes, None) {
            prop_assert!(!grid.rows.is_empty());
        }
    }

    #[test]
    fn counts_survive_their_spellings(n in 0u32..2_000_000, wide in any::<bool>(), comma in any::<bool>()) {
        let mut text = if comma { kyogi::ground::numbers::thousands(i64::from(n)) } else { n.to_string() };
        if wide {
            text = text.chars().map(|c| if c.is_ascii_digit() { char::from_u32(c as u32 + 0xFEE0).unwrap_or(c) } else { c }).collect();
        }
        prop_assert_eq!(cells::count(&text, &glyphs()), Cell::Number { low: f64::from(n), high: f64::from(n), masked: false });
    }
}
