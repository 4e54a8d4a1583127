//! The architecture and the words, kept by a test: each line knows its room.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &str, extensions: &[&str]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut waiting: Vec<PathBuf> = vec![root().join(folder)];
    while let Some(dir) = waiting.pop() {
        for path in fs::read_dir(&dir).expect("folder").flatten().map(|e| e.path()) {
            if path.is_dir() {
                waiting.push(path);
            } else if extensions.iter().any(|e| path.extension().is_some_and(|x| x == *e)) {
                let name = path.strip_prefix(root()).expect("below").to_string_lossy().replace('\\', "/");
                found.push((name, fs::read_to_string(&path).expect("UTF-8 text")));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn files_stay_readable() {
    for (name, text) in files("pipelines", &["rs"]).into_iter().chain(files("tests", &["rs"])) {
        assert!(text.lines().count() <= 500, "{name} has outgrown a reader");
        assert!(text.starts_with("//!"), "{name} does not say what it is for");
    }
}

/// One job for each package: the crate's name appears only where its job is.
#[test]
fn each_package_keeps_its_room() {
    let rooms: &[(&str, &[&str])] = &[
        ("duckdb::", &["pipelines/sql.rs", "pipelines/error.rs", "pipelines/bench"]),
        ("parquet::", &["pipelines/artefact.rs", "pipelines/error.rs"]),
        ("polars::", &["pipelines/ingest/", "pipelines/artefact.rs", "pipelines/error.rs"]),
        ("plotters::", &["pipelines/render/charts/"]),
        ("typst", &["pipelines/render/", "pipelines/printer.rs", "pipelines/run.rs"]),
        (
            "minijinja::",
            &["pipelines/render/html.rs", "pipelines/draft/", "pipelines/workbook/carry.rs", "pipelines/workspace.rs", "pipelines/error.rs"],
        ),
        ("encoding_rs::", &["pipelines/ingest/decode.rs"]),
        ("calamine::", &["pipelines/spreadsheet/"]),
        ("rust_xlsxwriter::", &["pipelines/spreadsheet/", "pipelines/workbook/"]),
        ("zip::", &["pipelines/archive.rs", "pipelines/spreadsheet/", "pipelines/workbook/attached.rs"]),
        ("geojson::", &["pipelines/boundaries/"]),
        ("clap::", &["pipelines/cli.rs"]),
        ("indicatif::", &["pipelines/progress.rs"]),
    ];
    for (name, text) in files("pipelines", &["rs"]) {
        for &(package, places) in rooms {
            let used = text.lines().any(|l| !l.trim_start().starts_with("//") && l.contains(package) && !l.contains("unzip::"));
            assert!(!used || places.iter().any(|p| name.starts_with(p)), "{package} is used in {name}");
        }
    }
}

/// Stages look back, never forward.
#[test]
fn data_flows_one_way() {
    let stages = ["ingest", "determine", "aggregate", "draft", "render", "publish"];
    for (i, stage) in stages.iter().enumerate() {
        let later: Vec<String> = stages[i + 1..].iter().map(|s| format!("crate::{s}")).collect();
        for (name, text) in files("pipelines", &["rs"]) {
            if name.starts_with(&format!("pipelines/{stage}/")) || name == format!("pipelines/{stage}.rs") {
                for l in later.iter().filter(|l| text.contains(l.as_str())) {
                    // a chart is part of a sheet's value
                    assert!(*stage == "draft" && l == "crate::render", "{name} looks forward to {l}");
                }
            }
        }
    }
}

#[test]
fn words_do_not_rank_or_blame() {
    let words = kyogi::wording::words(2025).unwrap_or_else(|e| panic!("{e}"));
    for (name, text) in files("reports", &["j2", "html", "typ", "csv", "txt"]).into_iter().chain(files("sql", &["csv", "sql"])) {
        if name == "sql/rules/wording.csv" {
            continue;
        }
        let found: Vec<&str> = kyogi::wording::found(&words, &text).iter().map(|w| w.word.as_str()).collect();
        assert!(found.is_empty(), "{name} says {found:?}");
    }
}

#[test]
fn nothing_of_a_machine_is_committed() {
    for folder in ["pipelines", "sql", "reports", "tests", ".ci", ".cargo"] {
        for (name, text) in files(folder, &["rs", "csv", "sql", "toml", "md", "html", "typ", "css"]) {
            if name == "tests/tidy.rs" {
                continue;
            }
            for trace in [concat!("/ro", "ot/"), concat!("/ho", "me/"), "C:\\Users"] {
                assert!(!text.contains(trace), "{name} holds {trace}");
            }
        }
    }
}

/// Dictionary, rules and figures speak of the same codes.
#[test]
fn tables_refer_to_each_other() {
    let dictionary = kyogi::dictionary::Dictionary::load(2025).unwrap_or_else(|e| panic!("{e}"));
    for item in &dictionary.items {
        let needs_set = matches!(item.value_type, kyogi::dictionary::ValueType::Choice | kyogi::dictionary::ValueType::Multi);
        assert_eq!(needs_set, dictionary.choices_of(&item.choice_set).next().is_some(), "{}", item.item_code);
        assert!(!item.source.is_empty() && !item.confidence.is_empty(), "{} has no source", item.item_code);
    }
    for row in kyogi::draft::figures::rows().unwrap_or_else(|e| panic!("{e}")) {
        for item in row.items.split(';').filter(|i| !matches!(row.kind.as_str(), "indicators" | "years") && !i.is_empty()) {
            assert!(dictionary.item(item).is_some(), "figures.csv: {item}");
        }
    }
    let rules = kyogi::finding::rules().unwrap_or_else(|e| panic!("{e}"));
    for rule in rules.values() {
        assert!(rule.items.split(';').all(|i| i.is_empty() || dictionary.item(i).is_some()), "findings.csv: {}", rule.items);
        assert!(["must_fix", "confirm", "note"].contains(&rule.severity.as_str()), "findings.csv: {}", rule.severity);
        assert!(!rule.source.is_empty() && !rule.confidence.is_empty(), "{} has no source", rule.finding_code);
    }
    for (name, text) in files("pipelines", &["rs"]) {
        for code in text.split("finding(\"").skip(1).filter_map(|t| t.split('"').next()) {
            assert!(rules.contains_key(code), "{name}: finding {code} has no row in findings.csv");
        }
    }
}
