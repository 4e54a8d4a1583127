//! Sheets: hostile text is only text, missing glyphs are replaced, charts show their own area only.

use std::collections::BTreeSet;

use kyogi::ground::embedded;
use kyogi::render::{charts, fit, glyphs, html::Html, pdf};
use serde_json::{Value, json};

use crate::support::{folder, run_packet, sample_workspace};

const HOSTILE: &str = "<script>alert(1)</script> #panic(\"x\") *太字* _下線_ $100 @ref `code` \\ // = 見出し {{ s }} {% if %}";

fn sheet(text: &str) -> Value {
    charts::register_fonts(embedded::FONT_UDP_REGULAR, embedded::FONT_UDP_BOLD);
    let (svg, width, height) = charts::bars(text, "施設", &[charts::Bar { label: text.into(), value: 3.0, note: String::new() }]);
    let part = |no: u32, machine: bool| {
        json!({"no": no, "title": text, "hint": text, "machine": machine, "sentences": [{"text": text, "of": ["function_share"]}],
            "tables": [{"caption": text, "head": ["区分", text], "align": ["left", "right"], "rows": [[text, "1"]], "note": text, "of": []}],
            "charts": if machine { json!(["c1"]) } else { json!([]) },
            "said": [{"mark": text, "is_agreed": true, "view": text, "text": text, "before": text, "note": text}],
            "candidates": [{"mark": text, "text": text, "source": text}], "write_lines": 2})
    };
    json!({"sheet_id": "x", "root": "../", "report_year": 2025, "report_year_label": "令和7年度報告", "title": format!("{text}について（{text}）"),
        "prefecture": {"code": "31", "name": text}, "area": {"level": "municipality", "level_label": "市区町村", "code": "31201", "name": text},
        "function": {"code": "g2a", "label": text, "short": text}, "simulated": true, "overview": [{"label": text, "value": text}], "headline": text, "headline_of": ["function_share"],
        "key_figures": [{"label": text, "value": "12", "unit": "施設", "note": text, "of": "function_positive"}],
        "parts": [part(1, true), part(2, false), part(3, false), part(4, false), part(5, false)],
        "charts": [{"id": "c1", "title": text, "alt": text, "svg": svg, "width": width, "height": height, "data_beside": false,
            "data": {"caption": text, "head": ["区分", text], "align": ["left", "right"], "rows": [[text, "3"]], "note": ""}}],
        "notes": [text], "sources": [text]})
}

fn print(value: &Value) -> kyogi::ground::error::Result<Vec<u8>> {
    let template = kyogi::pages::printer::template("sheet", &|_| None)?;
    let svg = value["charts"][0]["svg"].as_str().unwrap_or_default().to_owned();
    let mut value = value.clone();
    fit::fit(&mut value);
    pdf::render(pdf::Document {
        template: &template,
        json: serde_json::to_vec(&value)?,
        charts: vec![("c1".into(), svg)],
        ident: "test".into(),
        date: (2026, 4, 1),
    })
}

#[test]
fn hostile_text_stays_text() {
    let value = sheet(HOSTILE);
    let page = Html::new(&|_| None).and_then(|h| h.render("sheet", &value)).unwrap_or_else(|e| panic!("{e}"));
    assert!(!page.contains("<script>"));
    assert!(page.contains("{{ s }}"));
    let pdf = print(&value).unwrap_or_else(|e| panic!("{e}"));
    assert!(pdf.starts_with(b"%PDF-1.7"));
    // both standards are claimed in the metadata
    let text = String::from_utf8_lossy(&pdf);
    assert!(text.contains("pdfuaid:part") && text.contains("pdfaid:part"));
}

#[test]
fn characters_without_a_glyph_are_replaced_and_listed() {
    let mut value = sheet("𠮷野家🏥\u{0007}髙﨑\u{FEFF}㈱①");
    assert!(print(&value).is_err(), "without replacement the fonts would fail the sheet");
    let mut replaced = BTreeSet::new();
    glyphs::clean(&mut value, &mut replaced);
    assert_eq!(replaced.into_iter().collect::<String>(), "🏥𠮷");
    assert_eq!(value["headline"], "〓野家〓髙﨑㈱①");
    print(&value).unwrap_or_else(|e| panic!("{e}"));
}

#[test]
fn a_missing_value_is_an_error_not_a_blank() {
    let mut value = sheet("x");
    value.as_object_mut().expect("object").remove("headline");
    let error = Html::new(&|_| None).and_then(|h| h.render("sheet", &value)).expect_err("strict").to_string();
    assert!(error.contains("様式"), "{error}");
}

#[test]
fn a_long_text_and_an_empty_one_print() {
    print(&sheet(&"とても長い文章です。".repeat(300))).unwrap_or_else(|e| panic!("{e}"));
    print(&sheet("　")).unwrap_or_else(|e| panic!("{e}"));
}

#[test]
fn charts_survive_odd_data() {
    charts::register_fonts(embedded::FONT_UDP_REGULAR, embedded::FONT_UDP_BOLD);
    let bar = |label: &str, value| charts::Bar { label: label.into(), value, note: String::new() };
    let tile =
        |label: &str, lon, lat, size| charts::Tile { label: label.into(), lon, lat, size, level: 9, text: String::new(), emphasis: true, number: 1 };
    let drawings = [
        charts::bars("", "", &[]),
        charts::bars("", "件", &[bar("", f64::NAN), bar("長い名前".repeat(20).as_str(), 0.0), bar("負", -3.0), bar("大", 1e12)]),
        charts::stacked("", "件", &["あり", "なし"], &[charts::StackedRow { label: "足りない".into(), parts: vec![1.0] }]),
        charts::intervals(
            "",
            "%",
            Some(100.0),
            &[charts::Interval {
                label: "逆".into(),
                low: 90.0,
                high: f64::INFINITY,
                emphasis: true,
                text: String::new(),
                role: charts::Role::Need,
                beneath: true,
            }],
        ),
        charts::cartogram("", &[], &[tile("一つ", 139.0, 35.0, 0.0), tile("遠い", f64::NAN, 0.0, -1.0)]),
    ];
    for (svg, width, height) in drawings {
        assert!(svg.starts_with("<svg") && width > 0 && height > 0);
        assert!(!svg.contains("NaN"));
    }
}

/// The whole text of one sheet, so that a change of wording or figures is seen in review.
#[test]
fn one_sheet_as_golden_and_no_other_area_in_its_charts() {
    let dir = folder();
    let workspace = sample_workspace(&dir.path().join("work"));
    let out = dir.path().join("out");
    run_packet(&workspace, None, &out, 2).unwrap_or_else(|e| panic!("{e}"));
    let page = std::fs::read_to_string(out.join("sheets/31201_g2a.html")).expect("sheet");
    let main = page.split("<main").nth(1).and_then(|m| m.split("</main>").next()).expect("main");
    let text = visible_text(main);
    insta::with_settings!({ snapshot_path => "golden", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("sheet_31201_g2a", text);
    });

    let reference = kyogi::facts::reference::Reference::load("31").unwrap_or_else(|e| panic!("{e}"));
    for file in std::fs::read_dir(out.join("sheets")).expect("sheets").flatten().filter(|f| f.path().extension().is_some_and(|e| e == "html")) {
        let name = file.file_name().to_string_lossy().into_owned();
        // always two pages: people print them on one leaf
        let pdf = std::fs::read(file.path().with_extension("pdf")).expect("PDF");
        let pages = pdf.windows(11).filter(|w| w.starts_with(b"/Type /Page") || w.starts_with(b"/Type/Page")).count();
        let trees = pdf.windows(12).filter(|w| w.starts_with(b"/Type /Pages") || w.starts_with(b"/Type/Pages")).count();
        assert_eq!(pages - trees, 2, "{name}");
        let page = std::fs::read_to_string(file.path()).expect("sheet");
        for figure in page.split("<figure").skip(1).filter_map(|f| f.split("</figure>").next()) {
            for m in reference.whole_municipalities().filter(|m| !name.starts_with(&m.municipality_code)) {
                assert!(!figure.contains(&m.name), "{name} shows {}", m.name);
            }
        }
    }
}

/// Text between tags, a line for each; pictures left out.
pub fn visible_text(html: &str) -> String {
    let mut out = Vec::new();
    let mut rest = html;
    let mut in_svg = false;
    while let Some(start) = rest.find('<') {
        let text = rest[..start].trim();
        if !text.is_empty() && !in_svg && !text.contains('>') {
            out.push(text.replace("&#x2f;", "/"));
        }
        let end = rest[start..].find('>').map_or(rest.len(), |e| start + e + 1);
        let tag = &rest[start..end];
        in_svg = (in_svg || tag.starts_with("<svg")) && !tag.starts_with("</svg");
        rest = &rest[end..];
    }
    out.join("\n")
}
