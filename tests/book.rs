//! Data book and method in the open: every figure resolves to its formula, models, rules and inputs.

use std::collections::BTreeSet;
use std::fs;

use crate::support::{folder, rows, run_packet, sample_workspace};

#[test]
fn every_figure_resolves_to_the_method() {
    let dir = folder();
    let workspace = sample_workspace(&dir.path().join("work"));
    let packet = dir.path().join("packet");
    run_packet(&workspace, None, &packet, 2).unwrap_or_else(|e| panic!("{e}"));
    let method = fs::read_to_string(packet.join("method.html")).expect("method page");
    let all = kyogi::draft::figures::Indicator::all().unwrap_or_else(|e| panic!("{e}"));
    let mut kinds = BTreeSet::new();
    for row in rows(&packet.join("data/figures.csv")) {
        let key = kyogi::draft::figures::Indicator::key(&row["indicator_code"], &row["breakdown"]);
        let indicator = kyogi::draft::figures::Indicator::find(&all, &key).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(indicator.unit, row["unit"], "{key}");
        assert!(
            !indicator.assumption.is_empty() && !indicator.what_changes.is_empty(),
            "{key} says neither what is assumed nor what would change it"
        );
        kinds.insert((row["indicator_code"].clone(), row["breakdown"].clone()));
    }
    for (code, breakdown) in &kinds {
        assert!(method.contains(&format!("id=\"{code}\"")), "the method page has no place for {code}");
        let terms = ["area=31201".to_owned(), format!("indicator={code}"), format!("breakdown={breakdown}")];
        let said = kyogi::explain::figure(&workspace, &packet, &terms).unwrap_or_else(|e| panic!("{e}"));
        for part in ["式：", "想定：", "変わるとき：", "モデル：", "入力：extract.csv SHA-256 "] {
            assert!(said.contains(part), "{code} {breakdown}: no {part} in\n{said}");
        }
        for line in said.lines().filter(|l| l.contains("もとの表：")) {
            assert!(line.contains("SHA-256 ") && method.contains(line.rsplit(' ').next().unwrap_or("?")), "{code}: {line}");
        }
    }
    assert!(kinds.len() > 40, "{} kinds of figures", kinds.len());
}
