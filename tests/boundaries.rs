//! Boundaries of the work folder: GeoJSON and TopoJSON give the same map; a wrong file is told so.

use std::fs;
use std::path::Path;

use kyogi::facts::boundaries::{self, Boundaries};
use kyogi::facts::reference::Reference;
use serde_json::{Value, json};

use crate::support::{folder, run_packet, sample_workspace};

fn tottori() -> Reference {
    Reference::load("31").unwrap_or_else(|e| panic!("{e}"))
}

fn parse(value: &Value) -> kyogi::ground::error::Result<Boundaries> {
    boundaries::parse(value.to_string().as_bytes(), &tottori())
}

/// A square of a tenth of a degree for each municipality, in a row.
fn squares(property: &str) -> Value {
    let features: Vec<Value> = tottori()
        .whole_municipalities()
        .enumerate()
        .map(|(i, m)| {
            let (x, y) = (133.2 + 0.1 * (i % 6) as f64, 35.1 + 0.1 * (i / 6) as f64);
            json!({"type": "Feature", "properties": {property: m.municipality_code, "N03_001": "鳥取県"},
                "geometry": {"type": "Polygon", "coordinates": [[[x, y], [x + 0.1, y], [x + 0.1, y + 0.1], [x, y + 0.1], [x, y]]]}})
        })
        .collect();
    json!({"type": "FeatureCollection", "features": features})
}

/// The same squares as shared, quantised arcs.
fn topology() -> Value {
    let mut arcs = Vec::new();
    let mut geometries = Vec::new();
    for (i, m) in tottori().whole_municipalities().enumerate() {
        let (x, y) = (100 * (i % 6) as i64, 100 * (i / 6) as i64);
        // two arcs, the second one stored backwards
        arcs.push(json!([[x, y], [100, 0], [0, 100]]));
        arcs.push(json!([[x, y], [0, 100], [100, 0]]));
        geometries.push(json!({"type": "Polygon", "properties": {"code5": m.municipality_code}, "arcs": [[2 * i as i64, !(2 * i as i64 + 1)]]}));
    }
    json!({"type": "Topology", "arcs": arcs, "transform": {"scale": [0.001, 0.001], "translate": [133.2, 35.1]},
        "objects": {"31": {"type": "GeometryCollection", "geometries": geometries}}})
}

#[test]
fn topojson_is_decoded_to_the_same_rings() {
    let (a, b) = (parse(&squares("N03_007")).unwrap_or_else(|e| panic!("{e}")), parse(&topology()).unwrap_or_else(|e| panic!("{e}")));
    assert_eq!(a.polygons.len(), 19);
    assert_eq!(a.polygons.keys().collect::<Vec<_>>(), b.polygons.keys().collect::<Vec<_>>());
    for (code, polygons) in &a.polygons {
        for (p, q) in polygons[0][0].iter().zip(&b.polygons[code][0][0]) {
            assert!((p.0 - q.0).abs() < 1e-9 && (p.1 - q.1).abs() < 1e-9, "{code}: {p:?} {q:?}");
        }
    }
}

#[test]
fn wrong_files_are_told_so() {
    let said = |value: &Value| parse(value).expect_err("refused").to_string();
    let change = |f: &dyn Fn(&mut Value)| {
        let mut value = squares("N03_007");
        f(&mut value);
        said(&value)
    };
    assert!(change(&|v| v["type"] = "Feature".into()).contains("種類「Feature」は使えません"));
    let other = |v: &mut Value| v["features"].as_array_mut().expect("list").iter_mut().for_each(|f| f["properties"]["N03_007"] = "32201".into());
    assert!(change(&other).contains("鳥取県のものではありません（都道府県コード 32）"));
    let missing = change(&|v| v["features"].as_array_mut().expect("list").truncate(17));
    assert!(missing.contains("ない市区町村があります：") && missing.contains("江府町"), "{missing}");
    let metres = change(&|v| v["features"][3]["geometry"]["coordinates"][0][0] = json!([-70_000.0, -55_000.0]));
    assert!(metres.contains("日本の経度・緯度（度）ではありません"), "{metres}");
    let nameless = said(&squares("市町村"));
    assert!(nameless.contains("N03_007") && nameless.contains("市町村"), "{nameless}");
    let mut gone = topology();
    gone["arcs"].as_array_mut().expect("list").truncate(5);
    assert!(said(&gone).contains("TopoJSON に線 5 がありません"));
    let simplified = change(&|v| v["features"][2]["geometry"]["coordinates"] = json!([]));
    assert!(simplified.contains("形のない（線が消えた）市区町村があります：倉吉市"), "{simplified}");
    let line = change(&|v| v["features"][2]["geometry"]["coordinates"] = json!([[[133.2, 35.1], [133.3, 35.2], [133.4, 35.3], [133.2, 35.1]]]));
    assert!(line.contains("形のない（線が消えた）市区町村があります：倉吉市"), "{line}");
    let null = change(&|v| v["features"][2]["geometry"] = Value::Null);
    assert!(null.contains("ない市区町村があります：倉吉市"), "{null}");
    for without in [json!([]), json!([[]]), json!([[0]])] {
        let mut island = topology();
        island["objects"]["31"]["geometries"][2]["arcs"] = without;
        island["arcs"][0] = json!([[0, 0], [0, 0]]);
        // its neighbour drew the first arc too
        island["objects"]["31"]["geometries"][0]["arcs"] = json!([[2, !3]]);
        let said = said(&island);
        assert!(said.contains("形のない（線が消えた）市区町村があります：倉吉市"), "{said}");
    }
    let whole = squares("N03_007").to_string();
    let cut = boundaries::parse(&whole.as_bytes()[..whole.len() / 2], &tottori()).expect_err("refused").to_string();
    assert!(cut.contains("途中で終わっています"), "{cut}");
    let text = boundaries::parse("市区町村,境界".as_bytes(), &tottori()).expect_err("refused").to_string();
    assert!(text.contains("GeoJSON でも TopoJSON でもありません"), "{text}");
}

/// With boundaries the overview shows the true map with its credit, without them the circles.
#[test]
fn the_overview_draws_the_boundaries_of_the_work_folder() {
    let dir = folder();
    let workspace = sample_workspace(&dir.path().join("work"));
    let out = dir.path().join("out");
    let page = |out: &Path| fs::read_to_string(out.join("index.html")).expect("index");
    fs::write(workspace.root.join("reference/boundaries.geojson"), squares("N03_007").to_string()).expect("writable");
    run_packet(&workspace, None, &out, 2).unwrap_or_else(|e| panic!("{e}"));
    let with = page(&out);
    assert!(with.contains("国土数値情報（国土交通省）を加工") && with.contains("<polygon") && !with.contains("円の大きさ"));
    let manifest = fs::read_to_string(out.join("manifest.json")).expect("manifest");
    assert!(manifest.contains("\"reference/boundaries.geojson\""), "the manifest tells the file that the map was drawn from");
    fs::write(workspace.root.join("reference/boundaries.topojson"), topology().to_string()).expect("writable");
    let two = run_packet(&workspace, None, &out, 2).err().expect("refused").to_string();
    assert!(two.contains("二つ以上あります"), "{two}");
    assert_eq!(page(&out), with, "the earlier packet stays");
    for name in boundaries::FILES {
        let _ = fs::remove_file(workspace.root.join("reference").join(name));
    }
    run_packet(&workspace, None, &out, 2).unwrap_or_else(|e| panic!("{e}"));
    assert!(page(&out).contains("円の大きさ"));
}

/// The boundaries of all prefectures, where they lie beside the project: every municipality has its place.
#[test]
fn boundaries_of_every_prefecture() {
    let maps = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/reference/maps");
    if !maps.exists() {
        eprintln!("skipped: boundaries of the prefectures (no maps beside the project)");
        return;
    }
    for code in 1..=47 {
        let code = format!("{code:02}");
        let reference = Reference::load(&code).unwrap_or_else(|e| panic!("{e}"));
        let bytes = fs::read(maps.join(format!("{code}.topojson"))).expect("map");
        let boundaries = boundaries::parse(&bytes, &reference).unwrap_or_else(|e| panic!("{code}: {e}"));
        assert_eq!(boundaries.polygons.len(), reference.whole_municipalities().count(), "{code}");
    }
}
