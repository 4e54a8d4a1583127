//! Mutation of the checks: every literal and comparison of their models, and every rule row, is changed in turn, and the cases
//! of `cases/checks` must notice. `cargo test check_mutation -- --nocapture` prints the score.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use kyogi::ground::artefact::Table;
use kyogi::ground::sql::{self, Engine, Load};
use rayon::prelude::*;

use crate::determine::given;
use crate::support::{YEAR, folder, plain_facility, rows, tests_path, write_extract};

/// The models that say what is found, in the order in which they need each other.
const MODELS: [&str; 5] = ["chk_said", "chk_claims", "chk_contradictions", "chk_status", "chk_findings"];

/// Facility, finding, item and value of each row, in words.
type Found = Vec<[String; 4]>;

struct Mutant {
    name: String,
    /// Model and its changed text.
    model: Option<(&'static str, String)>,
    /// Table of the reference stage and its changed rows as CSV.
    rows: Option<(&'static str, String)>,
}

/// Comparisons and what each is turned into.
const TURNED: [(&str, &str); 6] = [
    (" = 0", " = 1"),
    (">= 1", ">= 2"),
    (" > 0", " >= 0"),
    ("count(*) > ", "count(*) >= "),
    ("not exists (", "exists ("),
    ("having bool_or(polarity = 'positive')", ""),
];

/// A literal that stands for a code, not for words that people read.
fn is_code(literal: &str) -> bool {
    literal.len() > 1 && literal.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

fn model_mutants(model: &'static str, text: &str) -> Vec<Mutant> {
    let start = text.lines().take_while(|l| l.starts_with("--")).map(|l| l.len() + 1).sum::<usize>();
    let changed = |from: usize, to: usize, new: &str| format!("{}{new}{}", &text[..from], &text[to..]);
    let line = |at: usize| text[..at].lines().count();
    let mut mutants = Vec::new();
    let quotes: Vec<usize> = text.match_indices('\'').map(|(i, _)| i).filter(|i| *i >= start).collect();
    for pair in quotes.chunks_exact(2) {
        let literal = &text[pair[0] + 1..pair[1]];
        if is_code(literal) {
            let name = format!("{model} line {} '{literal}'", line(pair[0]));
            mutants.push(Mutant { name, model: Some((model, changed(pair[0] + 1, pair[1], "never"))), rows: None });
        }
    }
    for (from, to) in TURNED {
        for (at, _) in text.match_indices(from).filter(|(at, _)| *at >= start) {
            let name = format!("{model} line {} {from}→{to}", line(at));
            mutants.push(Mutant { name, model: Some((model, changed(at, at + from.len(), to))), rows: None });
        }
    }
    mutants
}

/// Rows as CSV, each cell after `change`; a row for which `change` gives nothing is left out.
fn csv_of(table: &Table, change: impl Fn(usize, &str, String) -> Option<String>) -> String {
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record(table.columns.iter().map(|c| &c.name)).expect("memory");
    for (i, row) in table.rows_json().iter().enumerate() {
        let text = |name: &str| match &row[name] {
            serde_json::Value::String(s) => s.clone(),
            serde_json::Value::Null => String::new(),
            other => other.to_string(),
        };
        let cells: Option<Vec<String>> = table.columns.iter().map(|c| change(i, &c.name, text(&c.name))).collect();
        cells.iter().for_each(|cells| out.write_record(cells).expect("memory"));
    }
    String::from_utf8(out.into_inner().expect("memory")).expect("UTF-8")
}

fn row_mutants(reference: &Path, codes: &BTreeSet<String>) -> Vec<Mutant> {
    let read = |name: &str| Table::read_parquet(name, &reference.join(format!("{name}.parquet"))).unwrap_or_else(|e| panic!("{e}"));
    let (findings, rules) = (read("finding_rules"), read("rules"));
    let mut mutants = Vec::new();
    let items = |i: usize| findings.text(i, "items").expect("column").split(';').map(str::to_owned).collect::<Vec<_>>();
    for i in (0..findings.len()).filter(|&i| codes.contains(findings.text(i, "finding_code").expect("column"))) {
        let code = findings.text(i, "finding_code").expect("column");
        let gone = csv_of(&findings, |j, _, cell| (i != j).then_some(cell));
        mutants.push(Mutant { name: format!("finding_rules without {code}"), model: None, rows: Some(("finding_rules", gone)) });
        for item in items(i).into_iter().filter(|item| !item.is_empty()) {
            // an item that another rule looks at too is still looked at
            if (0..findings.len()).any(|j| j != i && items(j).contains(&item)) {
                continue;
            }
            let left = items(i).into_iter().filter(|other| *other != item).collect::<Vec<_>>().join(";");
            let fewer = csv_of(&findings, |j, name, cell| Some(if i == j && name == "items" { left.clone() } else { cell }));
            mutants.push(Mutant { name: format!("finding_rules {code} without {item}"), model: None, rows: Some(("finding_rules", fewer)) });
        }
    }
    for step in [-1.0, 1.0] {
        let of = |i: usize| rules.text(i, "rule_code").expect("column") == "backup_partners_max";
        let value = |i: usize| (rules.number(i, "value").expect("column").unwrap_or_default() + step).to_string();
        let moved = csv_of(&rules, |i, name, cell| Some(if of(i) && name == "value" { value(i) } else { cell }));
        mutants.push(Mutant { name: format!("rules backup_partners_max {step:+}"), model: None, rows: Some(("rules", moved)) });
    }
    mutants
}

/// What the models find in artefacts that were read and determined once; `None` when a model refuses its own outcome.
fn found(stages: &Path, models: &BTreeMap<String, &'static str>, mutant: Option<&Mutant>) -> Option<Found> {
    let dir = folder();
    let contract = |model: &str| sql::Contract::parse(model, models[model]).unwrap_or_else(|e| panic!("{e}"));
    let needs: BTreeSet<String> = MODELS.iter().flat_map(|m| contract(m).needs).collect();
    let mut paths: Vec<(String, PathBuf)> = Vec::new();
    for stage in ["reference", "ingest", "determine"] {
        for entry in std::fs::read_dir(stages.join(stage)).expect("stage").flatten() {
            let path = entry.path();
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            if !needs.contains(&name) {
                continue;
            }
            let changed = mutant.and_then(|m| m.rows.as_ref()).filter(|(table, _)| *table == name);
            let path = match changed {
                Some((table, rows)) => {
                    let place = dir.path().join(format!("{table}.parquet"));
                    Table::from_csv(table, rows).and_then(|t| t.write_parquet(&place)).unwrap_or_else(|e| panic!("{e}"));
                    place
                }
                None => path,
            };
            paths.push((name, path));
        }
    }
    let loads: Vec<Load<'_>> = paths.iter().map(|(name, path)| Load { name, path }).collect();
    let mut engine = Engine::open(&loads, 1, None).unwrap_or_else(|e| panic!("{e}"));
    let mut last = None;
    for model in MODELS {
        let text = mutant.and_then(|m| m.model.as_ref()).filter(|(name, _)| *name == model).map_or(models[model], |(_, text)| text);
        last = engine.run(model, text).ok()?;
    }
    let table = last?;
    let text = |i: usize, name: &str| table.text(i, name).expect("column").to_owned();
    Some((0..table.len()).map(|i| ["facility_id", "finding_code", "item_code", "value"].map(|name| text(i, name))).collect())
}

#[test]
fn the_cases_notice_every_changed_check() {
    let models: BTreeMap<String, &'static str> = sql::models("checks", YEAR).unwrap_or_else(|e| panic!("{e}")).into_iter().collect();
    let cases = rows(&tests_path("cases/checks/rules.csv"));
    let id = |i: usize| format!("31{i:011}");
    let facility = |(i, case): (usize, &BTreeMap<String, String>)| {
        let mut facility = plain_facility(&id(i));
        facility.extend(given(&case["given"]));
        facility
    };
    let dir = folder();
    let extract = dir.path().join("cases.csv");
    write_extract(&extract, &cases.iter().enumerate().map(facility).collect::<Vec<_>>());
    kyogi::commands::run::figures_only("31", YEAR, &extract, dir.path(), 2).unwrap_or_else(|e| panic!("{e}"));
    let stages = dir.path().join("stages");
    let expected = found(&stages, &models, None).expect("the models run");
    let (mut said, mut codes) = (String::new(), BTreeSet::new());
    for (i, case) in cases.iter().enumerate() {
        for [_, code, item, value] in expected.iter().filter(|row| row[0] == id(i)) {
            writeln!(said, "{}｜{code}｜{item}｜{value}", case["case"]).expect("memory");
            codes.insert(code.clone());
        }
    }
    // what each case says, in words: the mutants are held against it
    insta::with_settings!({snapshot_path => "golden", prepend_module_to_snapshot => false, omit_expression => true}, {
        insta::assert_snapshot!("check_cases", said);
    });

    let mut mutants = row_mutants(&stages.join("reference"), &codes);
    MODELS.iter().for_each(|m| mutants.extend(model_mutants(m, models[*m])));
    let survived: Vec<&str> =
        mutants.par_iter().filter(|m| found(&stages, &models, Some(m)).as_ref() == Some(&expected)).map(|m| m.name.as_str()).collect();
    let score = 100.0 * (mutants.len() - survived.len()) as f64 / mutants.len() as f64;
    eprintln!("mutation of the checks: {} of {} noticed ({score:.1} %)", mutants.len() - survived.len(), mutants.len());
    survived.iter().for_each(|name| eprintln!("  survived: {name}"));
    assert!(mutants.len() > 150 && score >= 95.0, "{score:.1} %: {survived:?}");
}
