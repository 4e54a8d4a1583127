//! Reference tables of a prefecture: built in for all 47 (`sql/reference/*.csv`, publisher and date in `sources.csv`),
//! or brought by the work folder (`tables`).

pub mod systems;
pub mod tables;

use crate::facts::dictionary::read_csv;
use crate::ground::error::{Error, Result};
use serde::Deserialize;
use std::collections::{HashMap, HashSet};

use systems::Systems;
use tables::Tables;

#[derive(Clone, Debug, Deserialize)]
pub struct Prefecture {
    pub prefecture_code: String,
    pub name: String,
    pub kana: String,
}

impl Prefecture {
    /// What the codes of its areas begin with; those of the whole nation have nothing in common.
    pub fn code_prefix(&self) -> &str {
        if self.prefecture_code == Reference::NATION { "" } else { &self.prefecture_code }
    }
}

/// A municipality or a ward of a designated city (`parent_code` set).
#[derive(Clone, Debug, Deserialize)]
pub struct Municipality {
    /// 5-digit JIS code.
    pub municipality_code: String,
    /// 6-digit code with check digit.
    pub municipality_code6: String,
    pub prefecture_code: String,
    pub name: String,
    pub kana: String,
    pub municipality_type: String,
    pub parent_code: String,
    /// In the system of the report year. Empty for a city that spans several areas (川崎市): its wards carry it.
    #[serde(skip)]
    pub secondary_medical_area_code: String,
    /// 構想区域 in the system of the report year.
    #[serde(skip)]
    pub area_339_code: String,
    pub longitude: f64,
    pub latitude: f64,
}

/// A secondary medical area of the system that the report year uses.
#[derive(Clone, Debug)]
pub struct MedicalArea {
    pub secondary_medical_area_code: String,
    pub prefecture_code: String,
    pub name: String,
}

/// A dated change of a municipality code.
#[derive(Clone, Debug, Deserialize)]
pub struct CodeChange {
    pub effective_on: String,
    pub old_code: String,
    pub old_name: String,
    pub new_code: String,
    pub new_name: String,
    /// `whole`, `part` (the old unit was split) or `renumber`.
    pub relation: String,
    pub note: String,
}

/// Residents on 1 January, persons; ward rows and city rows are both present.
#[derive(Clone, Debug, Deserialize)]
pub struct Population {
    pub municipality_code: String,
    pub as_of: String,
    pub population_total: u32,
    pub population_65_over: u32,
    pub population_75_over: u32,
    pub population_85_over: u32,
}

/// Where a built-in table comes from; printed wherever its figures are shown.
#[derive(Clone, Debug, Deserialize)]
pub struct Source {
    pub table_name: String,
    pub publisher: String,
    pub dataset: String,
    pub as_of: String,
    pub licence: String,
    pub note: String,
    /// `all`, `area` (pages with people and maps) or the function whose sheets use it.
    pub shown_on: String,
    /// Where the table lies when the work folder brings it; empty for a built-in one.
    #[serde(skip)]
    pub place: String,
}

/// The reference tables of one prefecture.
#[derive(Clone, Debug)]
pub struct Reference {
    pub prefecture: Prefecture,
    /// Municipalities and wards of the prefecture, by code.
    pub municipalities: Vec<Municipality>,
    pub medical_areas: Vec<MedicalArea>,
    pub population: HashMap<String, Population>,
    pub sources: Vec<Source>,
    pub systems: Systems,
    pub tables: Tables,
    /// Codes of earlier years, of the whole nation.
    pub code_changes: Vec<CodeChange>,
    index: HashMap<String, usize>,
}

/// Check digit of a municipality code: weights 6 to 2, modulo 11.
pub fn check_digit(code5: &str) -> Option<char> {
    let sum: u32 = code5.chars().zip([6, 5, 4, 3, 2]).map(|(c, weight)| Some(c.to_digit(10)? * weight)).sum::<Option<u32>>()?;
    char::from_digit((11 - sum % 11) % 10, 10)
}

/// The prefecture given by 2-digit code, or by name (`鳥取` / `鳥取県`).
pub fn prefecture(name: &str) -> Result<Prefecture> {
    let name = crate::ground::text::fold(name);
    let wanted = format!("{name:0>2}");
    let all: Vec<Prefecture> = read_csv("sql/reference/prefectures.csv")?;
    all.into_iter().find(|p| p.prefecture_code == wanted || p.name == name || p.name.trim_end_matches(['県', '都', '府']) == name).ok_or_else(|| {
        Error::new(format!("都道府県「{name}」が分かりません")).next("01（北海道）から 47（沖縄県）までのコード、又は都道府県名を指定してください")
    })
}

/// The same, and the whole nation as `all` or `全国`: it has reference tables, but no work folder.
fn prefecture_or_nation(name: &str) -> Result<Prefecture> {
    if [Reference::NATION, "all", "全国"].contains(&crate::ground::text::fold(name).as_str()) {
        return Ok(Prefecture { prefecture_code: Reference::NATION.into(), name: "全国".into(), kana: "ぜんこく".into() });
    }
    prefecture(name)
}

impl Reference {
    /// Code of the whole nation as a prefecture: an extract of all of them, for measuring.
    pub const NATION: &str = "00";

    /// Built-in tables of the prefecture, with the area systems in use today.
    pub fn load(prefecture: &str) -> Result<Self> {
        Self::load_for(prefecture, i32::MAX, Tables::built_in())
    }

    /// Built-in tables, or those that the ledger of the work folder names.
    pub fn of_work_folder(name: &str, report_year: i32, root: &std::path::Path) -> Result<Self> {
        let code = prefecture(name)?.prefecture_code;
        Self::load_for(&code, report_year, Tables::open(root, &code)?)
    }

    /// Tables of the prefecture (2-digit code or name), or of the nation, for a report year, from `tables`.
    pub fn load_for(name: &str, report_year: i32, tables: Tables) -> Result<Self> {
        let prefecture = prefecture_or_nation(name)?;
        let code = prefecture.code_prefix();
        let systems = Systems::load(&tables, code, report_year)?;
        let mut municipalities: Vec<Municipality> = tables.read("municipalities")?;
        municipalities.retain(|m| m.prefecture_code.starts_with(code));
        for m in &mut municipalities {
            m.secondary_medical_area_code = systems.area_in_use("medical_area", &m.municipality_code).to_owned();
            m.area_339_code = systems.area_in_use("demand_area", &m.municipality_code).to_owned();
        }
        let medical_areas = systems.areas_in_use("medical_area").map(|a| MedicalArea {
            secondary_medical_area_code: a.area_code.clone(),
            prefecture_code: a.prefecture_code.clone(),
            name: a.name.clone(),
        });
        let population = tables
            .read::<Population>("population")?
            .into_iter()
            .filter(|p| p.municipality_code.starts_with(code))
            .map(|p| (p.municipality_code.clone(), p))
            .collect();
        let index = municipalities.iter().enumerate().map(|(i, m)| (m.municipality_code.clone(), i)).collect();
        let code_changes = tables.read("municipality_code_changes")?;
        Ok(Self {
            code_changes,
            prefecture,
            municipalities,
            medical_areas: medical_areas.collect(),
            population,
            sources: tables.sources()?,
            systems,
            tables,
            index,
        })
    }

    pub fn municipality(&self, code5: &str) -> Option<&Municipality> {
        self.index.get(code5).map(|&i| &self.municipalities[i])
    }

    /// What has become of a code of earlier years (5 digits, or 6 with check digit), with the finding to make of it.
    /// A ward that was split is the whole city: the code alone does not say which new ward.
    pub fn renewed(&self, code: &str) -> Option<(&Municipality, &'static str)> {
        let (code, check) = code.split_at_checked(5)?;
        if !check.is_empty() && check.parse().ok() != check_digit(code) {
            return None;
        }
        let changes: Vec<&CodeChange> = self.code_changes.iter().filter(|c| c.old_code == code).collect();
        let new = self.municipality(&changes.first()?.new_code)?;
        if changes.len() == 1 && changes[0].relation != "part" {
            return Some((new, "old_code_mapped"));
        }
        Some((self.municipality(&new.parent_code).unwrap_or(new), "old_code_split"))
    }

    /// Municipalities without the wards of designated cities: the units that partition the prefecture.
    pub fn whole_municipalities(&self) -> impl Iterator<Item = &Municipality> {
        self.municipalities.iter().filter(|m| m.parent_code.is_empty())
    }

    /// The units that facilities are placed in: wards where a city has them, else the municipality itself.
    pub fn smallest_units(&self) -> impl Iterator<Item = &Municipality> {
        let divided: HashSet<&str> = self.municipalities.iter().map(|w| w.parent_code.as_str()).collect();
        self.municipalities.iter().filter(move |m| !divided.contains(m.municipality_code.as_str()))
    }
}
