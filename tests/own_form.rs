//! A prefecture's own wording and form: each built-in file can be replaced by one file, and ranking or blaming words are pointed out.

use std::collections::BTreeMap;

use kyogi::draft::words::Phrases;
use kyogi::facts::overrides;
use kyogi::ground::embedded;
use kyogi::pages::printer;
use kyogi::render::html::{self, Html};
use kyogi::render::pdf;
use kyogi::workbook::wording;

use crate::support::{YEAR, folder, rows, run_packet, sample_workspace, terms};

/// A file with an error of its kind shows that it is read in the place of the built-in one.
#[test]
fn every_form_phrase_and_style_can_be_replaced() {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let terms = terms();
    for (path, _) in embedded::under("reports/").filter(|(p, _)| overrides::can_replace(p)) {
        let (kind, broken) = match path.rsplit('.').next() {
            Some("css") => ("css", "/* 県の色 */"),
            Some("typ") => ("typ", "#panic(\"県の様式\")"),
            Some("j2") => ("j2", "{% 県の文 %}"),
            _ => ("html", "{% 県の様式 %}"),
        };
        let own = |wanted: &str| (wanted == path).then(|| broken.to_owned());
        let noticed = match kind {
            "css" => html::stylesheet(&own).contains(broken),
            "j2" => Phrases::new(&own, &terms).is_err(),
            "html" => Html::new(&own).is_err(),
            _ => {
                let name = path.rsplit('/').next().unwrap_or_default().trim_end_matches(".typ");
                // a part shows in a form that imports it
                let form = match (path.contains("/parts/"), name) {
                    (false, form) => form,
                    (true, "area_page") => "area",
                    (true, _) => "sheet",
                };
                let template = printer::template(form, &own).unwrap_or_else(|e| panic!("{path}: {e}"));
                let document = pdf::Document { template: &template, json: b"{}".to_vec(), charts: Vec::new(), ident: "t".into(), date: (2026, 4, 1) };
                pdf::render(document).expect_err("the broken form").to_string().contains("県の様式")
            }
        };
        assert!(noticed, "{path} is not replaced");
        *seen.entry(kind).or_default() += 1;
    }
    assert!(["css", "typ", "j2", "html"].iter().all(|k| seen.get(k).is_some_and(|n| *n >= 3)), "{seen:?}");
}

#[test]
fn the_packet_says_what_is_replaced_and_which_words_rank() {
    let dir = folder();
    let workspace = sample_workspace(dir.path());
    let write = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().expect("folder")).expect("folder");
        std::fs::write(path, text).expect("writable");
    };
    write("reports/phrases/notes.j2", "県の注です。\nほかの市より見劣りする項目です。\n");
    write("reports/phrases/note.j2", "名前の打ちまちがい");
    write("reports/sheets/parts.csv", "no\n");
    write("council.toml", "# ワースト という説明は数えない\n[theme.g2a]\nlevel = \"prefecture\"\nexisting_meeting = \"ワースト地区の会\"\n");
    let out = dir.path().join("packet");
    run_packet(&workspace, None, &out, 2).unwrap_or_else(|e| panic!("{e}"));
    let read = |name: &str| std::fs::read_to_string(out.join(name)).unwrap_or_else(|e| panic!("{name}: {e}")).replace("&#x2f;", "/");
    assert!(read("index.html").contains("<code>reports/phrases/notes.j2</code>"));
    assert!(!read("index.html").contains("note.j2</code>"));
    let manifest: serde_json::Value = serde_json::from_str(&read("manifest.json")).expect("json");
    assert_eq!(manifest["own_files"][0]["path"], "reports/phrases/notes.j2");
    assert!(read("sheets/31_g2a.html").contains("県の注です。"));
    let findings = rows(&out.join("data/findings.csv"));
    let of = |code: &str| {
        findings
            .iter()
            .filter(|f| f["finding_code"] == code)
            .map(|f| (f["file"].as_str(), f["row_no"].as_str(), f["value"].as_str()))
            .collect::<Vec<_>>()
    };
    assert_eq!(of("override_unknown").iter().map(|f| f.0).collect::<Vec<_>>(), ["reports/phrases/note.j2", "reports/sheets/parts.csv"]);
    let wording = of("wording");
    assert_eq!(wording.len(), 2, "{wording:?}");
    assert!(wording.iter().any(|f| f.0 == "council.toml" && f.1 == "4" && f.2.starts_with("「ワースト」（順位づけ）→")), "{wording:?}");
    assert!(wording.iter().any(|f| f.0 == "reports/phrases/notes.j2" && f.1 == "2" && f.2.contains("見劣り")), "{wording:?}");
}

#[test]
fn a_longer_word_is_said_once() {
    let words = wording::words(YEAR).unwrap_or_else(|e| panic!("{e}"));
    let said = |text: &str| wording::found(&words, text).iter().map(|w| w.word.as_str()).collect::<Vec<_>>();
    assert_eq!(said("優れた取組を広げる"), Vec::<&str>::new());
    assert_eq!(said("ﾜｰｽﾄの町"), ["ワースト"]);
    assert_eq!(said("順位と最下位"), ["最下位", "順位"]);
    assert_eq!(said("方策の優先順位"), Vec::<&str>::new());
}
