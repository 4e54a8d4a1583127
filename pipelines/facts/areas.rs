//! The areas of a prefecture at all levels, as one table with names, parents, places and population.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, StringArray};
use serde::Serialize;

use crate::facts::council::Council;
use crate::facts::reference::Reference;
use crate::ground::artefact::{ColumnNote, Table};
use crate::ground::error::Result;

/// One area. Population is that of 1 January in the built-in table.
#[derive(Clone, Debug, Serialize)]
pub struct Area {
    /// `municipality`, `council_area`, `medical_area` or `prefecture`.
    pub level: String,
    pub area_code: String,
    pub name: String,
    pub kana: String,
    /// Secondary medical areas it lies in; more than one for 川崎市 and for some 協議区域.
    pub medical_areas: Vec<String>,
    /// The wards, or municipalities without wards, that make it up.
    #[serde(skip)]
    pub units: Vec<String>,
    pub longitude: Option<f64>,
    pub latitude: Option<f64>,
    pub population: People,
}

impl Area {
    /// Whether its municipalities are its own data: pictures may show them one by one.
    pub fn has_parts(&self) -> bool {
        matches!(self.level.as_str(), "prefecture" | "medical_area")
    }
}

/// Residents, persons.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct People {
    pub total: u32,
    pub over_65: u32,
    pub over_75: u32,
    pub over_85: u32,
}

impl People {
    fn add(self, other: Self) -> Self {
        Self {
            total: self.total + other.total,
            over_65: self.over_65 + other.over_65,
            over_75: self.over_75 + other.over_75,
            over_85: self.over_85 + other.over_85,
        }
    }
}

/// All areas: the prefecture, its secondary medical areas, its 協議区域, its municipalities, each by code.
pub fn all(reference: &Reference, council: &Council) -> Vec<Area> {
    let people = |code: &str| {
        reference.population.get(code).map_or_else(People::default, |p| People {
            total: p.population_total,
            over_65: p.population_65_over,
            over_75: p.population_75_over,
            over_85: p.population_85_over,
        })
    };
    let municipalities: Vec<Area> = reference
        .whole_municipalities()
        .map(|m| {
            // a city that spans areas has none of its own: its wards say where it lies
            let mut medical_areas: Vec<String> = if m.secondary_medical_area_code.is_empty() {
                let wards = reference.municipalities.iter().filter(|w| w.parent_code == m.municipality_code);
                wards.map(|w| w.secondary_medical_area_code.clone()).collect()
            } else {
                vec![m.secondary_medical_area_code.clone()]
            };
            medical_areas.sort();
            medical_areas.dedup();
            let wards = reference.municipalities.iter().filter(|w| w.parent_code == m.municipality_code);
            let mut units: Vec<String> = wards.map(|w| w.municipality_code.clone()).collect();
            if units.is_empty() {
                units.push(m.municipality_code.clone());
            }
            Area {
                level: "municipality".into(),
                area_code: m.municipality_code.clone(),
                name: m.name.clone(),
                kana: m.kana.clone(),
                medical_areas,
                units,
                longitude: Some(m.longitude),
                latitude: Some(m.latitude),
                population: people(&m.municipality_code),
            }
        })
        .collect();
    let p = &reference.prefecture;
    let area = |level: &str, code: &str, name: &str, population, units: Vec<String>| Area {
        level: level.into(),
        area_code: code.into(),
        name: name.into(),
        kana: String::new(),
        medical_areas: Vec::new(),
        units,
        longitude: None,
        latitude: None,
        population,
    };
    let total = municipalities.iter().map(|m| m.population).fold(People::default(), People::add);
    let units = reference.smallest_units().map(|m| m.municipality_code.clone()).collect();
    let mut areas = vec![Area { kana: p.kana.clone(), ..area("prefecture", &p.prefecture_code, &p.name, total, units) }];
    for a in &reference.medical_areas {
        let code = &a.secondary_medical_area_code;
        let units: Vec<String> =
            reference.smallest_units().filter(|m| m.secondary_medical_area_code == *code).map(|m| m.municipality_code.clone()).collect();
        let population = units.iter().map(|u| people(u)).fold(People::default(), People::add);
        areas.push(area("medical_area", code, &a.name, population, units));
    }
    for a in &council.areas {
        let population = a.units.iter().map(|u| people(u)).fold(People::default(), People::add);
        let mut medical_areas: Vec<String> =
            a.units.iter().filter_map(|u| reference.municipality(u)).map(|m| m.secondary_medical_area_code.clone()).collect();
        medical_areas.sort();
        medical_areas.dedup();
        areas.push(Area { medical_areas, ..area("council_area", &a.area_code, &a.name, population, a.units.iter().cloned().collect()) });
    }
    areas.extend(municipalities);
    areas
}

/// The artefact `ref_units`: wards, or municipalities without wards, and the areas that they lie in.
pub fn units(reference: &Reference) -> Result<Table> {
    let units: Vec<_> = reference.smallest_units().collect();
    let text = |of: &dyn Fn(usize) -> String| -> ArrayRef { Arc::new((0..units.len()).map(|i| Some(of(i))).collect::<StringArray>()) };
    let note = ColumnNote::new;
    Table::new(
        "ref_units",
        vec![
            (note("unit_code", "区・市区町村コード", ""), text(&|i| units[i].municipality_code.clone())),
            (
                note("municipality_code", "市区町村コード", ""),
                text(&|i| if units[i].parent_code.is_empty() { units[i].municipality_code.clone() } else { units[i].parent_code.clone() }),
            ),
            (note("medical_area_code", "二次医療圏コード", ""), text(&|i| units[i].secondary_medical_area_code.clone())),
            (note("area_339_code", "構想区域コード", ""), text(&|i| units[i].area_339_code.clone())),
        ],
    )
}

/// The artefact `ref_area_members`: which places lie wholly in which area. Places are wards and municipalities; a secondary medical area too,
/// for reports that name nothing smaller.
pub fn members(areas: &[Area]) -> Result<Table> {
    let mut rows: Vec<[&str; 3]> = Vec::new();
    for area in areas {
        let inside = |other: &Area| !other.units.is_empty() && other.units.iter().all(|u| area.units.contains(u));
        let mut places: Vec<&str> = area.units.iter().map(String::as_str).collect();
        // a city with wards is a place of its own where the extract does not tell its wards
        places.extend(areas.iter().filter(|o| o.level == "municipality" && inside(o)).map(|o| o.area_code.as_str()));
        places.extend(areas.iter().filter(|o| o.level == "medical_area" && inside(o)).map(|o| o.area_code.as_str()));
        places.sort_unstable();
        places.dedup();
        rows.extend(places.into_iter().map(|place| [area.level.as_str(), area.area_code.as_str(), place]));
    }
    let text = |i: usize| -> ArrayRef { Arc::new(rows.iter().map(|r| Some(r[i])).collect::<StringArray>()) };
    let note = ColumnNote::new;
    Table::new(
        "ref_area_members",
        vec![
            (note("level", "区域の段階", ""), text(0)),
            (note("area_code", "区域コード", ""), text(1)),
            (note("place_code", "区域に入る市区町村・区・二次医療圏のコード", ""), text(2)),
        ],
    )
}

/// The artefact `ref_areas`.
pub fn table(areas: &[Area]) -> Result<Table> {
    let text = |of: fn(&Area) -> &str| -> ArrayRef { Arc::new(areas.iter().map(|a| Some(of(a)).filter(|s| !s.is_empty())).collect::<StringArray>()) };
    let count = |of: fn(&Area) -> u32| -> ArrayRef { Arc::new(areas.iter().map(|a| i64::from(of(a))).collect::<Int64Array>()) };
    let place = |of: fn(&Area) -> Option<f64>| -> ArrayRef { Arc::new(areas.iter().map(of).collect::<Float64Array>()) };
    let note = ColumnNote::new;
    Table::new(
        "ref_areas",
        vec![
            (note("level", "区域の段階", ""), text(|a| &a.level)),
            (note("area_code", "区域コード", ""), text(|a| &a.area_code)),
            (note("name", "区域名", ""), text(|a| &a.name)),
            (note("population_total", "人口", "人"), count(|a| a.population.total)),
            (note("population_65_over", "65歳以上人口", "人"), count(|a| a.population.over_65)),
            (note("population_75_over", "75歳以上人口", "人"), count(|a| a.population.over_75)),
            (note("population_85_over", "85歳以上人口", "人"), count(|a| a.population.over_85)),
            (note("longitude", "経度", "度"), place(|a| a.longitude)),
            (note("latitude", "緯度", "度"), place(|a| a.latitude)),
        ],
    )
}
