//! Municipal boundaries that the work folder brings (`reference/boundaries.geojson`, `.topojson` or `.json`), e.g. 国土数値情報 N03.

mod topology;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::facts::reference::Reference;
use crate::ground::error::{Error, Result};

/// A closed line of degrees east and north.
pub type Ring = Vec<(f64, f64)>;
/// The first ring is the outline, the others are holes.
pub type Polygon = Vec<Ring>;

/// Boundaries by municipality code (5 digits); the wards of a city lie under the city.
#[derive(Clone, Debug, Default)]
pub struct Boundaries {
    pub polygons: BTreeMap<String, Vec<Polygon>>,
    pub file_name: String,
    pub sha256: String,
}

/// Names under `reference/`, one of which may be there.
pub const FILES: [&str; 3] = ["boundaries.geojson", "boundaries.topojson", "boundaries.json"];
/// Properties that hold a municipality code: 国土数値情報 N03 first, then names that others use.
const CODES: [&str; 5] = ["N03_007", "code5", "JCODE", "code", "市区町村コード"];
/// Degrees that Japan lies in: longitude, then latitude.
const JAPAN: ((f64, f64), (f64, f64)) = ((122.0, 154.5), (20.0, 46.5));
const ADVICE: &str = "国土数値情報「行政区域（N03）」の、この都道府県の GeoJSON を入れ直すか、ファイルを消してください（消すと、円の地図になります）";

/// The boundaries of a work folder; `None` when it has none.
///
/// # Errors
/// When there are two files, a file is broken, of another prefecture, without codes, not in degrees, or lacks a municipality.
pub fn read(root: &Path, reference: &Reference) -> Result<Option<Boundaries>> {
    let found: Vec<PathBuf> = FILES.iter().map(|f| root.join("reference").join(f)).filter(|p| p.exists()).collect();
    let path = match found.as_slice() {
        [] => return Ok(None),
        [one] => one,
        _ => {
            return Err(Error::new("境界のファイルが二つ以上あります")
                .at(root.join("reference").display().to_string())
                .next("一つだけ残してください"));
        }
    };
    let bytes = fs::read(path).map_err(|e| Error::io("境界のファイルを読めません", path, &e))?;
    let mut boundaries = parse(&bytes, reference).map_err(|e| e.file(path).next(ADVICE))?;
    boundaries.file_name = path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    boundaries.sha256 = crate::ground::artefact::sha256(&bytes);
    Ok(Some(boundaries))
}

#[derive(Deserialize)]
struct Kind {
    #[serde(rename = "type")]
    kind: String,
}

/// Polygons of the prefecture's municipalities in a GeoJSON or TopoJSON text.
pub fn parse(bytes: &[u8], reference: &Reference) -> Result<Boundaries> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let kind: Kind = serde_json::from_slice(bytes).map_err(|e| {
        let what = if e.is_eof() {
            "境界のファイルが途中で終わっています"
        } else {
            "境界のファイルが GeoJSON でも TopoJSON でもありません"
        };
        Error::new(what).at(format!("{} 行 {} 文字目", e.line(), e.column()))
    })?;
    let mut collected = Collected::new(reference);
    match kind.kind.as_str() {
        "Topology" => topology::read(bytes, &mut |properties, polygons| collected.add(properties, polygons))?,
        "FeatureCollection" => features(bytes, &mut collected)?,
        other => return Err(Error::new(format!("境界のファイルの種類「{other}」は使えません（FeatureCollection か Topology が必要です）"))),
    }
    collected.finish()
}

/// Features one at a time: the files of 国土数値情報 are large.
fn features(bytes: &[u8], collected: &mut Collected<'_>) -> Result<()> {
    use geojson::GeometryValue as V;
    let points = |ring: &Vec<geojson::Position>| -> Ring { ring.iter().filter(|p| p.len() >= 2).map(|p| (p[0], p[1])).collect() };
    for (i, feature) in geojson::FeatureReader::from_reader(bytes).features().enumerate() {
        let feature = feature.map_err(|e| Error::new(format!("境界の {} 番目の区域を読めません（{e}）", i + 1)))?;
        let polygons: Vec<Polygon> = match feature.geometry.map(|g| g.value) {
            Some(V::Polygon { coordinates }) => vec![coordinates.iter().map(points).collect()],
            Some(V::MultiPolygon { coordinates }) => coordinates.iter().map(|p| p.iter().map(points).collect()).collect(),
            _ => continue, // lines and points bound nothing
        };
        collected.add(&feature.properties.unwrap_or_default(), polygons)?;
    }
    Ok(())
}

/// What was seen in a file.
struct Collected<'a> {
    reference: &'a Reference,
    polygons: BTreeMap<String, Vec<Polygon>>,
    /// Code → name of each place, and whether one of its shapes encloses something.
    seen: BTreeMap<String, (String, bool)>,
    prefectures: BTreeSet<String>,
    properties: BTreeSet<String>,
    features: usize,
}

impl<'a> Collected<'a> {
    fn new(reference: &'a Reference) -> Self {
        Self { reference, polygons: BTreeMap::new(), seen: BTreeMap::new(), prefectures: BTreeSet::new(), properties: BTreeSet::new(), features: 0 }
    }

    fn add(&mut self, properties: &Map<String, Value>, polygons: Vec<Polygon>) -> Result<()> {
        self.features += 1;
        if self.properties.len() < 20 {
            self.properties.extend(properties.keys().cloned());
        }
        // land that belongs to no municipality yet has no code
        let Some(code) = CODES.iter().find_map(|name| properties.get(*name)).and_then(code5) else { return Ok(()) };
        self.prefectures.insert(code[..2].to_owned());
        let Some(municipality) = self.reference.municipality(&code) else { return Ok(()) };
        let owner = if municipality.parent_code.is_empty() { code } else { municipality.parent_code.clone() };
        let ((west, east), (south, north)) = JAPAN;
        if let Some((x, y)) = polygons.iter().flatten().flatten().find(|(x, y)| !((west..=east).contains(x) && (south..=north).contains(y))) {
            return Err(Error::new(format!("境界の座標（{x}, {y}）が、日本の経度・緯度（度）ではありません")).at(format!("区域 {owner}")));
        }
        let drawable: Vec<Polygon> = polygons.into_iter().filter(|p| p.first().is_some_and(encloses)).collect();
        self.seen.entry(municipality.municipality_code.clone()).or_insert_with(|| (municipality.name.clone(), false)).1 |= !drawable.is_empty();
        if !drawable.is_empty() {
            self.polygons.entry(owner).or_default().extend(drawable);
        }
        Ok(())
    }

    fn finish(self) -> Result<Boundaries> {
        let p = &self.reference.prefecture;
        if self.prefectures.is_empty() {
            let seen: Vec<&str> = self.properties.iter().map(String::as_str).take(8).collect();
            let seen = if seen.is_empty() { "なし".to_owned() } else { seen.join("、") };
            return Err(Error::new(format!(
                "境界のファイルの区域（{}個）に市区町村コード（N03_007）がありません（ある項目：{seen}）",
                self.features
            )));
        }
        if !self.prefectures.contains(&p.prefecture_code) {
            let others: Vec<&str> = self.prefectures.iter().map(String::as_str).take(5).collect();
            return Err(Error::new(format!("境界のファイルが{}のものではありません（都道府県コード {}）", p.name, others.join("、"))));
        }
        let shapeless = self.seen.values().filter(|(_, is_drawable)| !is_drawable).map(|(name, _)| name.as_str()).collect::<Vec<_>>();
        if !shapeless.is_empty() {
            return Err(Error::new(format!("境界のファイルに、形のない（線が消えた）市区町村があります：{}", shown(&shapeless))));
        }
        let missing: Vec<&str> =
            self.reference.whole_municipalities().filter(|m| !self.polygons.contains_key(&m.municipality_code)).map(|m| m.name.as_str()).collect();
        if !missing.is_empty() {
            return Err(Error::new(format!("境界のファイルにない市区町村があります：{}", shown(&missing))));
        }
        Ok(Boundaries { polygons: self.polygons, ..Boundaries::default() })
    }
}

/// The first names of a list, and how many more there are.
fn shown(names: &[&str]) -> String {
    let more = if names.len() > 5 { format!("ほか{}", names.len() - 5) } else { String::new() };
    names.iter().take(5).copied().collect::<Vec<_>>().join("、") + &more
}

/// Whether a ring encloses something: three places apart, not on one line.
fn encloses(ring: &Ring) -> bool {
    let Some(&(x0, y0)) = ring.first() else { return false };
    let twice: f64 = ring.windows(2).map(|w| (w[0].0 - x0) * (w[1].1 - y0) - (w[1].0 - x0) * (w[0].1 - y0)).sum();
    // a square of ten centimetres, in degrees
    ring.len() >= 4 && twice.abs() > 1e-12
}

/// A code as 5 digits: numbers lose their leading zero, and some files add a check digit.
fn code5(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(s) => s.trim().to_owned(),
        Value::Number(n) => n.to_string(),
        _ => return None,
    };
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let text = format!("{text:0>5}");
    (text.len() <= 6).then(|| text[..5].to_owned())
}
