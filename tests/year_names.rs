//! Names that change from year to year: fees by the period in which they were counted, labels by their words, headers under
//! the old name and the new. The tables of cases are `cases/dictionary`.

use std::fs;
use std::path::Path;

use kyogi::draft::change::break_words;
use kyogi::facts::dictionary::Dictionary;
use kyogi::facts::dictionary::fees::Fees;
use kyogi::facts::dictionary::labels::Labels;
use kyogi::ground::embedded;
use rayon::prelude::*;

use crate::support::{YEAR, folder, rows, tests_path};

/// What the cases of the fees say otherwise than `fees`.
fn wrong_fees(fees: &Fees, dictionary: &Dictionary) -> Vec<String> {
    let mut wrong = Vec::new();
    for case in rows(&tests_path("cases/dictionary/fees.csv")) {
        let kind = &dictionary.item(&case["item"]).expect("item").period_kind;
        let year = case["report_year"].parse().expect("year");
        let counted = fees.counted(&case["item"], kind, year).unwrap_or_else(|e| panic!("{e}"));
        let said = counted.iter().map(|c| format!("{} {} {}", c.code, c.name, c.months)).collect::<Vec<_>>().join("；");
        if said != case["counted"] {
            wrong.push(format!("{} {year}：{said}", case["item"]));
        }
    }
    for case in rows(&tests_path("cases/dictionary/breaks.csv")) {
        let kind = &dictionary.item(&case["item"]).expect("item").period_kind;
        let year = |column: &str| case[column].parse::<i32>().expect("year");
        let found = fees.break_of(&case["item"], kind, year("before"), year("after")).unwrap_or_else(|e| panic!("{e}"));
        let redefined = found.as_ref().map_or("", |b| if b.redefined { "yes" } else { "no" });
        let words = found.map_or_else(String::new, |b| break_words(&b).unwrap_or_else(|e| panic!("{e}")));
        if redefined != case["redefined"] || (case["says"].is_empty() != words.is_empty()) || !words.contains(&case["says"]) {
            wrong.push(format!("{} {}→{}：{words}", case["item"], case["before"], case["after"]));
        }
    }
    wrong
}

#[test]
fn fees_are_counted_by_the_period_of_their_report() {
    let dictionary = Dictionary::load(YEAR).unwrap_or_else(|e| panic!("{e}"));
    let fees = Fees::load_in(None).unwrap_or_else(|e| panic!("{e}"));
    let wrong = wrong_fees(&fees, &dictionary);
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    // the fee tables behind a count: R9.1 counts two months of none but the old, R10.1 mixes
    let editions =
        |year| fees.editions("fiscal_prev_year", year).expect("rows").iter().map(|e| format!("{}×{}", e.code, e.months)).collect::<Vec<_>>();
    assert_eq!([2025, 2026, 2027, 2028].map(editions), [vec!["R4×2", "R6×10"], vec!["R6×12"], vec!["R6×2", "R8×10"], vec!["R8×12"]]);
    let unknown: Vec<&str> = fees.items.iter().map(|f| f.item_code.as_str()).filter(|i| dictionary.item(i).is_none()).collect();
    assert!(unknown.is_empty(), "fees of no item: {unknown:?}");
    // every count of the report has its fees
    let bare = dictionary.items.iter().filter(|i| i.ndb_derived && !fees.items.iter().any(|f| f.item_code == i.item_code));
    assert_eq!(bare.map(|i| i.item_code.as_str()).collect::<Vec<_>>(), ["g2b_fee_admission_info"], "only the group whose fees nobody has seen");
}

/// An own row of a work folder with one cell changed, written where the loader looks for it.
fn own(root: &Path, table: &str, columns: &[&str], cells: &[&str]) {
    let path = root.join(table);
    fs::create_dir_all(path.parent().expect("folder")).expect("folder");
    let mut writer = csv::WriterBuilder::new().quote_style(csv::QuoteStyle::Always).from_path(path).expect("writable");
    writer.write_record(columns.iter().chain(&["source"])).expect("header");
    writer.write_record(cells.iter().chain(&["変異"])).expect("row");
    writer.flush().expect("flush");
}

#[test]
fn every_fee_row_decides_a_case() {
    let dictionary = Dictionary::load(YEAR).unwrap_or_else(|e| panic!("{e}"));
    let table = "sql/dictionary/fee_items.csv";
    let fees = Fees::load_in(None).unwrap_or_else(|e| panic!("{e}"));
    let changes = [("valid_to", "2020-03-31"), ("valid_from", "2027-02-01"), ("valid_from", "2031-04-01")];
    let survived: Vec<String> = fees
        .items
        .par_iter()
        .flat_map_iter(|fee| changes.iter().map(move |change| (fee, change)))
        .filter_map(|(fee, (column, value))| {
            let dir = folder();
            let key = ["item_code", "fee_code", "fee_name", column];
            own(dir.path(), table, &key, &[&fee.item_code, &fee.fee_code, &fee.fee_name, value]);
            // what the loader refuses (an end before the beginning) nobody can be misled by
            let changed = Fees::load_in(Some(dir.path())).ok()?;
            wrong_fees(&changed, &dictionary).is_empty().then(|| format!("{} {} {column}→{value}", fee.item_code, fee.fee_name))
        })
        .collect();
    assert!(survived.is_empty(), "{survived:?}");
}

fn wrong_labels(labels: &Labels) -> Vec<String> {
    let said = |label: &str| match labels.said(label) {
        None => (String::new(), ""),
        Some(s) => (s.polarity.to_owned(), s.intention.map_or("", |i| if i { "yes" } else { "no" })),
    };
    let strip = |label: &str| label.split_once(':').map_or(label, |(_, l)| l).to_owned();
    let wrong = rows(&tests_path("cases/dictionary/labels.csv"))
        .into_iter()
        .filter(|c| said(&strip(&c["label"])) != (c["polarity"].clone(), c["intention"].as_str()));
    wrong.map(|c| c["label"].clone()).collect()
}

#[test]
fn yes_no_and_intention_follow_the_words() {
    assert_eq!(wrong_labels(&Labels::load_in(YEAR, None).unwrap_or_else(|e| panic!("{e}"))), Vec::<String>::new());
    let table = "sql/dictionary/label_words.csv";
    for line in embedded::text(table).lines().skip(1) {
        let mut cells = line.split(',');
        let (meaning, pattern) = (cells.next().expect("meaning"), cells.next().expect("pattern"));
        let dir = folder();
        own(dir.path(), table, &["meaning", "pattern", "to_year"], &[meaning, pattern, "2024"]);
        let without = Labels::load_in(YEAR, Some(dir.path())).unwrap_or_else(|e| panic!("{e}"));
        assert!(!wrong_labels(&without).is_empty(), "no case needs {meaning} {pattern}");
    }
    // a row whose columns say otherwise than its words is refused, whoever wrote it
    let dir = folder();
    own(dir.path(), "sql/dictionary/choices.csv", &["choice_set", "choice_code", "intention"], &["drug4", "1", "1"]);
    let error = Dictionary::load_in(YEAR, Some(dir.path())).expect_err("contradiction").to_string();
    assert!(error.contains("意向なしを言いますが") && error.contains("choices.csv"), "{error}");
}

#[test]
fn headers_and_choices_meet_under_both_names() {
    let labels = Labels::load_in(2026, None).unwrap_or_else(|e| panic!("{e}"));
    for rename in &labels.renames {
        assert_ne!(rename.old_name, rename.new_name);
        let [old, new] =
            [&rename.old_name, &rename.new_name].map(|n| labels.canonical(&kyogi::ground::text::fold(&format!("2号イ_{n}の届出")), &rename.scope));
        assert_eq!(old, new, "{}", rename.new_name);
        assert!(!rename.source.is_empty() && !rename.confidence.is_empty() && rename.changed_on.len() == 10);
    }
    // the split of 介護支援等連携指導料 and the deleted 認知症地域包括診療料 are fees of their own, not other names
    assert_eq!(labels.canonical("認知症地域包括診療料", "fee"), "認知症地域包括診療料");
}
