//! The architecture and the words, kept by a test: each line knows its room.

use std::collections::{BTreeMap, BTreeSet};
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
        ("duckdb::", &["pipelines/ground/sql.rs", "pipelines/ground/error.rs", "pipelines/commands/bench"]),
        ("parquet::", &["pipelines/ground/artefact.rs", "pipelines/ground/error.rs"]),
        ("polars::", &["pipelines/ingest/", "pipelines/ground/artefact.rs", "pipelines/ground/error.rs"]),
        ("plotters::", &["pipelines/render/charts/"]),
        ("typst", &["pipelines/render/", "pipelines/pages/printer.rs", "pipelines/commands/run/"]),
        (
            "minijinja::",
            &[
                "pipelines/render/html.rs",
                "pipelines/draft/",
                "pipelines/workbook/carry.rs",
                "pipelines/facts/workspace.rs",
                "pipelines/ground/error.rs",
            ],
        ),
        ("encoding_rs::", &["pipelines/ground/decode.rs"]),
        ("calamine::", &["pipelines/ground/spreadsheet/"]),
        ("rust_xlsxwriter::", &["pipelines/ground/spreadsheet/", "pipelines/workbook/"]),
        ("zip::", &["pipelines/commands/archive.rs", "pipelines/ground/spreadsheet/", "pipelines/workbook/attached.rs"]),
        ("docx_rs::", &["pipelines/pages/docx.rs"]),
        ("geojson::", &["pipelines/facts/boundaries/"]),
        ("clap::", &["pipelines/commands/cli/"]),
        ("indicatif::", &["pipelines/ground/progress.rs"]),
    ];
    for (name, text) in files("pipelines", &["rs"]) {
        for &(package, places) in rooms {
            let used = text.lines().any(|l| !l.trim_start().starts_with("//") && l.contains(package) && !l.contains("unzip::"));
            assert!(!used || places.iter().any(|p| name.starts_with(p)), "{package} is used in {name}");
        }
    }
}

/// The rooms of `pipelines/`, from the ground up: a file imports from its own room and from those before it.
const ROOMS: [&str; 13] =
    ["ground", "facts", "ingest", "determine", "check", "aggregate", "packet", "render", "draft", "workbook", "publish", "pages", "commands"];

/// Modules of `pipelines/` (`draft::words`) with the modules that each one names, in `use` lines (grouped ones too) and in paths.
fn imports() -> BTreeMap<String, BTreeSet<String>> {
    let name = |file: &str| file.trim_start_matches("pipelines/").trim_end_matches(".rs").trim_end_matches("/mod").replace('/', "::");
    let sources = files("pipelines", &["rs"]);
    let modules: BTreeSet<String> = sources.iter().map(|(file, _)| name(file)).collect();
    let known = |path: &str| {
        let parts: Vec<&str> = path.split("::").collect();
        (1..=parts.len()).rev().map(|n| parts[..n].join("::")).find(|m| modules.contains(m))
    };
    let mut found = BTreeMap::new();
    for (file, text) in &sources {
        let here = name(file);
        let code: String = text.lines().filter(|l| !l.trim_start().starts_with("//")).flat_map(|l| [l, "\n"]).collect();
        let mut paths: Vec<String> = code.split("use ").skip(1).filter_map(|t| t.split(';').next()).flat_map(|u| leaves(u.trim())).collect();
        paths.extend(code.split("crate::").skip(1).map(|t| {
            let end = t.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).unwrap_or(t.len());
            format!("crate::{}", &t[..end])
        }));
        let whole = |path: &String| {
            let mut base: Vec<&str> = here.split("::").collect();
            let mut rest = path.as_str();
            match rest.split("::").next() {
                Some("crate") => (base, rest) = (Vec::new(), rest.trim_start_matches("crate::")),
                Some("super") => {
                    while let Some(up) = rest.strip_prefix("super::") {
                        base.pop();
                        rest = up;
                    }
                }
                _ => {}
            }
            base.push(rest);
            known(&base.join("::")).filter(|m| *m != here)
        };
        found.insert(here.clone(), paths.iter().filter_map(whole).collect());
    }
    found
}

/// `a::{b, c::d}` → `a::b`, `a::c::d`.
fn leaves(import: &str) -> Vec<String> {
    let Some((head, body)) = import.split_once('{') else { return vec![import.split(" as ").next().unwrap_or(import).trim().to_owned()] };
    let body = body.rsplit_once('}').map_or(body, |(b, _)| b);
    let (mut depth, mut part, mut parts) = (0, String::new(), Vec::new());
    for c in body.chars() {
        depth += i32::from(c == '{') - i32::from(c == '}');
        if c == ',' && depth == 0 { parts.push(std::mem::take(&mut part)) } else { part.push(c) }
    }
    parts.push(part);
    parts.iter().map(|p| p.trim()).filter(|p| !p.is_empty()).flat_map(leaves).map(|p| format!("{head}{p}").replace("::self", "")).collect()
}

/// Each room stands on those below it, and no two files import each other, in one step or in several; a folder's `mod.rs` and the
/// files in the folder are one thing.
#[test]
fn imports_run_downwards_and_in_no_circle() {
    let imports = imports();
    let level = |module: &str| ROOMS.iter().position(|r| module.split("::").next() == Some(r));
    for (module, used) in &imports {
        let Some(own) = level(module) else { continue };
        let upward: Vec<_> = used.iter().filter(|u| level(u).is_some_and(|l| l > own)).collect();
        assert!(upward.is_empty(), "{module} reaches up to {upward:?}");
    }
    let family = |a: &str, b: &str| a.starts_with(&format!("{b}::")) || b.starts_with(&format!("{a}::"));
    let reached = |from: &str| {
        let (mut seen, mut waiting) = (BTreeSet::new(), vec![from.to_owned()]);
        while let Some(module) = waiting.pop() {
            for next in imports[&module].iter().filter(|n| !family(&module, n)) {
                if seen.insert(next.clone()) {
                    waiting.push(next.clone());
                }
            }
        }
        seen
    };
    let circles: Vec<&String> = imports.keys().filter(|m| reached(m).contains(*m)).collect();
    assert!(circles.is_empty(), "these files import themselves over others: {circles:?}");
    assert!(imports.values().map(BTreeSet::len).sum::<usize>() > 300, "the imports were not read");
}

/// The map names every room, in twelve lines at most.
#[test]
fn the_map_names_every_room() {
    let map = fs::read_to_string(root().join("pipelines/README.md")).expect("the map");
    let rows: Vec<&str> = map.lines().filter(|l| l.starts_with("| `")).collect();
    assert!(rows.len() <= 12, "{} lines", rows.len());
    for entry in fs::read_dir(root().join("pipelines")).expect("folder").flatten() {
        let name = entry.file_name().to_string_lossy().trim_end_matches(".rs").to_owned();
        if !["README.md", "lib", "main"].contains(&name.as_str()) {
            assert!(rows.iter().any(|r| r.split('|').nth(1).is_some_and(|c| c.contains(&format!("`{name}`")))), "{name} is not on the map");
            assert!(ROOMS.contains(&name.as_str()), "{name} is no room");
        }
    }
}

#[test]
fn words_do_not_rank_or_blame() {
    let words = kyogi::workbook::wording::words(2025).unwrap_or_else(|e| panic!("{e}"));
    for (name, text) in files("reports", &["j2", "html", "typ", "csv", "txt"]).into_iter().chain(files("sql", &["csv", "sql"])) {
        if name == "sql/rules/wording.csv" {
            continue;
        }
        let found: Vec<&str> = kyogi::workbook::wording::found(&words, &text).iter().map(|w| w.word.as_str()).collect();
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
    let dictionary = kyogi::facts::dictionary::Dictionary::load(2025).unwrap_or_else(|e| panic!("{e}"));
    for item in &dictionary.items {
        let needs_set = matches!(item.value_type, kyogi::facts::dictionary::ValueType::Choice | kyogi::facts::dictionary::ValueType::Multi);
        assert_eq!(needs_set, dictionary.choices_of(&item.choice_set).next().is_some(), "{}", item.item_code);
        assert!(!item.source.is_empty() && !item.confidence.is_empty(), "{} has no source", item.item_code);
    }
    for row in kyogi::draft::figures::rows().unwrap_or_else(|e| panic!("{e}")) {
        for item in row.items.split(';').filter(|i| !matches!(row.kind.as_str(), "indicators" | "years") && !i.is_empty()) {
            assert!(dictionary.item(item).is_some(), "figures.csv: {item}");
        }
    }
    let rules = kyogi::facts::finding::rules().unwrap_or_else(|e| panic!("{e}"));
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
