//! 協議区域 that could join small municipalities: a proposal to judge, never a setting.

use std::collections::{BTreeMap, BTreeSet};

use super::CouncilArea;
use crate::facts::reference::{Municipality, Reference};
use crate::ground::error::Result;

/// Municipalities with fewer residents are proposed to be joined (kyogi's proposal: about the size below which few facilities report).
pub const SMALL: u32 = 20_000;

/// A proposed area: the small municipalities of one secondary medical area.
#[derive(Clone, Debug)]
pub struct Proposal<'a> {
    pub name: String,
    pub members: Vec<&'a Municipality>,
}

impl Proposal<'_> {
    /// The code that an area of these members gets where people give none.
    pub fn code(&self) -> String {
        self.members.first().map_or_else(String::new, |m| code_of(&m.municipality_code))
    }
}

/// The code of an area that is known by its first municipality.
pub fn code_of(municipality_code: &str) -> String {
    format!("K{municipality_code}")
}

/// One area for each secondary medical area that has at least two small municipalities.
pub fn proposals(reference: &Reference) -> Vec<Proposal<'_>> {
    let small = |m: &&Municipality| reference.population.get(&m.municipality_code).is_some_and(|p| p.population_total < SMALL);
    let of = |area: &str| reference.whole_municipalities().filter(small).filter(|m| m.secondary_medical_area_code == area).collect::<Vec<_>>();
    let all = reference.medical_areas.iter().map(|a| Proposal { name: format!("{}の町村", a.name), members: of(&a.secondary_medical_area_code) });
    let mut names = BTreeSet::new();
    all.filter(|p| p.members.len() > 1 && names.insert(p.name.clone())).collect()
}

/// Names of the areas that a municipality lies in.
pub fn area_names<'a>(areas: &'a [CouncilArea], units: &BTreeSet<String>) -> Vec<&'a str> {
    areas.iter().filter(|a| units.iter().any(|u| a.units.contains(u))).map(|a| a.name.as_str()).collect()
}

/// Care facilities of each municipality, all kinds together, from the table of the reference.
pub fn care_facilities(reference: &Reference) -> Result<BTreeMap<String, u32>> {
    let rows: Vec<BTreeMap<String, String>> = reference.tables.read("care_facilities")?;
    let kinds =
        |row: &BTreeMap<String, String>| row.iter().filter(|(k, _)| *k != "municipality_code").filter_map(|(_, n)| n.parse::<u32>().ok()).sum();
    Ok(rows.iter().filter_map(|row| row.get("municipality_code").map(|code| (code.clone(), kinds(row)))).collect())
}
