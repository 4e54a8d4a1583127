//! The crates that the program stands on: where they come from, under which licences, which twice, and which have no maintainer.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use crate::support::{rows, tests_path};

/// What cargo knows of the locked crates of this machine's platform; `None` where it cannot say so without a network.
fn metadata() -> Option<Value> {
    let version = Command::new(env!("CARGO")).arg("-vV").output().expect("cargo");
    let version = String::from_utf8_lossy(&version.stdout).into_owned();
    let host = version.lines().find_map(|l| l.strip_prefix("host: ")).expect("host");
    let arguments = ["metadata", "--format-version", "1", "--locked", "--offline", "--filter-platform", host];
    let said = Command::new(env!("CARGO")).args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output().expect("cargo");
    if !said.status.success() {
        eprintln!("skipped: crates (cargo metadata --offline: {})", String::from_utf8_lossy(&said.stderr).lines().next().unwrap_or_default());
        return None;
    }
    Some(serde_json::from_slice(&said.stdout).expect("JSON"))
}

/// Whether an SPDX expression leaves a choice of which every part is allowed.
fn is_allowed(licence: &str, allowed: &BTreeSet<String>) -> bool {
    let licence = licence.replace('/', " OR ");
    licence.split(" AND ").all(|part| part.trim_matches(['(', ')']).split(" OR ").any(|one| allowed.contains(one.trim().trim_matches(['(', ')']))))
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

#[test]
fn crates_come_from_one_place_under_known_licences_and_once() {
    let Some(metadata) = metadata() else { return };
    let column = |file: &str, name: &str| -> BTreeSet<String> {
        rows(&tests_path(&format!("cases/crates/{file}.csv"))).into_iter().map(|mut r| r.remove(name).expect("a column")).collect()
    };
    let (allowed, known_twice) = (column("licences", "licence"), column("twice", "crate"));
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for package in metadata["packages"].as_array().expect("packages") {
        let (name, licence) = (text(package, "name"), text(package, "license"));
        versions.entry(name).or_default().insert(text(package, "version"));
        if name != "kyogi" {
            assert_eq!(text(package, "source"), "registry+https://github.com/rust-lang/crates.io-index", "{name}");
        }
        assert!(is_allowed(licence, &allowed), "{name}: {licence}");
    }
    assert!(versions.len() > 300);
    let twice: BTreeSet<String> = versions.iter().filter(|(_, v)| v.len() > 1).map(|(n, _)| (*n).to_owned()).collect();
    assert_eq!(twice.difference(&known_twice).collect::<Vec<_>>(), Vec::<&String>::new(), "crates that came in a second version");
}

/// The table of `pipelines/README.md` tells the truth: each crate is there, and through the crates that it says.
#[test]
fn crates_without_a_maintainer_are_told_with_what_brings_them() {
    let Some(metadata) = metadata() else { return };
    let names: BTreeMap<&str, &str> = metadata["packages"].as_array().expect("packages").iter().map(|p| (text(p, "id"), text(p, "name"))).collect();
    let mut parents: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for node in metadata["resolve"]["nodes"].as_array().expect("nodes") {
        for dependency in node["deps"].as_array().expect("deps") {
            parents.entry(names[text(dependency, "pkg")]).or_default().insert(names[text(node, "id")]);
        }
    }
    let readme = std::fs::read_to_string(tests_path("../pipelines/README.md")).expect("README");
    let table = readme.split("Crates without a maintainer").nth(1).expect("the table");
    let mut told = 0;
    for row in table.lines().filter(|l| l.starts_with("| crate `")) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let (name, said) =
            (cells[1].trim_start_matches("crate ").trim_matches('`'), cells[2].split(", ").map(|c| c.trim_matches('`')).collect::<BTreeSet<_>>());
        assert_eq!(parents.get(name), Some(&said), "{name}: brought by");
        told += 1;
    }
    assert_eq!(told, 5);
}
