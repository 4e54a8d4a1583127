//! Built-in reference tables for all 47 prefectures (`sql/reference/*.csv`, publisher and date in `sources.csv`).

use std::collections::HashMap;

use serde::Deserialize;

use crate::dictionary::read_csv;
use crate::error::{Error, Result};

#[derive(Clone, Debug, Deserialize)]
pub struct Prefecture {
    pub prefecture_code: String,
    pub name: String,
    pub kana: String,
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
    /// Empty for a city that spans several areas (川崎市): its wards carry it.
    pub secondary_medical_area_code: String,
    /// 構想区域.
    pub area_339_code: String,
    pub longitude: f64,
    pub latitude: f64,
}

#[derive(Clone, Debug, Deserialize)]
pub struct MedicalArea {
    pub secondary_medical_area_code: String,
    pub prefecture_code: String,
    pub name: String,
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
    index: HashMap<String, usize>,
}

/// The header and the rows of an embedded table whose first column begins with the prefecture's code.
pub fn rows_of(path: &str, prefecture_code: &str) -> String {
    let mut lines = crate::embedded::text(path).lines();
    let header = lines.next().unwrap_or_default();
    let rows: Vec<&str> = lines.filter(|l| l.starts_with(prefecture_code)).collect();
    format!("{header}\n{}\n", rows.join("\n"))
}

impl Reference {
    /// Code of the whole nation as a prefecture: an extract of all of them, for measuring.
    pub const NATION: &str = "00";

    /// Tables of the prefecture given by 2-digit code, or by name (`鳥取` / `鳥取県`).
    pub fn load(prefecture: &str) -> Result<Self> {
        let all: Vec<Prefecture> = read_csv("sql/reference/prefectures.csv")?;
        let prefecture = crate::ingest::cells::fold(prefecture);
        let wanted = format!("{prefecture:0>2}");
        let prefecture = all
            .into_iter()
            .find(|p| p.prefecture_code == wanted || p.name == prefecture || p.name.trim_end_matches(['県', '都', '府']) == prefecture)
            .ok_or_else(|| {
                Error::new(format!("都道府県「{prefecture}」が分かりません"))
                    .next("01（北海道）から 47（沖縄県）までのコード、又は都道府県名を指定してください")
            })?;
        let code = prefecture.prefecture_code.clone();
        let mut municipalities: Vec<Municipality> = read_csv("sql/reference/municipalities.csv")?;
        municipalities.retain(|m| m.prefecture_code == code);
        let mut medical_areas: Vec<MedicalArea> = read_csv("sql/reference/secondary_medical_areas.csv")?;
        medical_areas.retain(|a| a.prefecture_code == code);
        let population = read_csv::<Population>("sql/reference/population.csv")?
            .into_iter()
            .filter(|p| p.municipality_code.starts_with(&code))
            .map(|p| (p.municipality_code.clone(), p))
            .collect();
        let index = municipalities.iter().enumerate().map(|(i, m)| (m.municipality_code.clone(), i)).collect();
        let sources = read_csv("sql/reference/sources.csv")?;
        Ok(Self { prefecture, municipalities, medical_areas, population, sources, index })
    }

    pub fn municipality(&self, code5: &str) -> Option<&Municipality> {
        self.index.get(code5).map(|&i| &self.municipalities[i])
    }

    /// Municipalities without the wards of designated cities: the units that partition the prefecture.
    pub fn whole_municipalities(&self) -> impl Iterator<Item = &Municipality> {
        self.municipalities.iter().filter(|m| m.parent_code.is_empty())
    }

    /// The units that facilities are placed in: wards where a city has them, else the municipality itself.
    pub fn smallest_units(&self) -> impl Iterator<Item = &Municipality> {
        self.municipalities.iter().filter(|m| !self.municipalities.iter().any(|w| w.parent_code == m.municipality_code))
    }
}
