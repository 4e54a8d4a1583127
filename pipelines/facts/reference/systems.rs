//! Area systems that stand side by side: the 二次医療圏 of two plans and the 構想区域. Their codes are alike and mean different areas.
//!
//! Which system a report year uses for what is a row of `area_system_uses.csv`; membership is dated in `area_membership.csv`.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::tables::Tables;
use crate::ground::error::{Error, Result};

/// A system and what it is used for, in its years.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct SystemUse {
    /// `medical_area` (the areas of the packet) or `demand_area` (the areas of the official demand).
    pub purpose: String,
    pub system_code: String,
    pub from_year: i32,
    pub to_year: Option<i32>,
    pub label: String,
    pub used_for: String,
    pub note: String,
}

/// An area of a system.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct SystemArea {
    pub system_code: String,
    pub area_code: String,
    pub prefecture_code: String,
    pub name: String,
}

#[derive(Clone, Debug, Deserialize)]
struct Membership {
    municipality_code: String,
    system_code: String,
    area_code: String,
    from_year: i32,
    to_year: Option<i32>,
}

/// The systems of one prefecture, as a report year sees them.
#[derive(Clone, Debug)]
pub struct Systems {
    /// Every use, by purpose and year; also those of earlier years.
    pub uses: Vec<SystemUse>,
    pub areas: Vec<SystemArea>,
    report_year: i32,
    /// (system, municipality or ward) → area; the last valid row not later than the report year.
    members: BTreeMap<(String, String), String>,
}

impl Systems {
    pub(super) fn load(tables: &Tables, code_prefix: &str, report_year: i32) -> Result<Self> {
        let uses: Vec<SystemUse> = tables.read("area_system_uses")?;
        let mut areas: Vec<SystemArea> = tables.read("area_systems")?;
        areas.retain(|a| a.prefecture_code.starts_with(code_prefix));
        let mut rows: Vec<Membership> = tables.read("area_membership")?;
        rows.retain(|m| m.municipality_code.starts_with(code_prefix) && m.from_year <= report_year);
        rows.sort_by_key(|m| m.from_year);
        let known: BTreeSet<(&str, &str)> = areas.iter().map(|a| (a.system_code.as_str(), a.area_code.as_str())).collect();
        let mut members = BTreeMap::new();
        for m in &rows {
            if !known.contains(&(m.system_code.as_str(), m.area_code.as_str())) {
                return Err(Error::new(format!("区域の体系 {} に区域 {} がありません", m.system_code, m.area_code))
                    .at("参照表 area_membership")
                    .next("area_systems.csv に区域の名前の行を足してください"));
            }
            members.insert((m.system_code.clone(), m.municipality_code.clone()), m.area_code.clone());
        }
        // a use without valid members would leave every facility without an area
        for purpose in ["medical_area", "demand_area"] {
            let system = in_use(&uses, purpose, report_year)?;
            let valid = |m: &&Membership| m.system_code == system.system_code && m.to_year.is_none_or(|to| report_year <= to);
            if !rows.iter().any(|m| valid(&m)) {
                return Err(Error::new(format!("{report_year} 年度の「{}」の構成がありません", system.label))
                    .at("参照表 area_membership")
                    .next("市区町村ごとの区域の行を足してください"));
            }
        }
        Ok(Self { uses, areas, report_year, members })
    }

    /// The system that this report year uses for a purpose.
    pub fn in_use(&self, purpose: &str) -> Option<&SystemUse> {
        in_use(&self.uses, purpose, self.report_year).ok()
    }

    /// Code of the area of a municipality or ward in a system; "" where there is none (川崎市 as a whole).
    pub fn area_of(&self, system_code: &str, municipality_code: &str) -> &str {
        self.members.get(&(system_code.to_owned(), municipality_code.to_owned())).map_or("", String::as_str)
    }

    pub fn name_of(&self, system_code: &str, area_code: &str) -> &str {
        self.areas.iter().find(|a| a.system_code == system_code && a.area_code == area_code).map_or("", |a| a.name.as_str())
    }

    pub(super) fn area_in_use(&self, purpose: &str, municipality_code: &str) -> &str {
        self.in_use(purpose).map_or("", |s| self.area_of(&s.system_code, municipality_code))
    }

    pub fn areas_in_use(&self, purpose: &str) -> impl Iterator<Item = &SystemArea> {
        let system = self.in_use(purpose).map(|s| s.system_code.clone());
        self.areas.iter().filter(move |a| Some(&a.system_code) == system.as_ref())
    }
}

fn in_use<'a>(uses: &'a [SystemUse], purpose: &str, report_year: i32) -> Result<&'a SystemUse> {
    let valid = |u: &&SystemUse| u.purpose == purpose && u.from_year <= report_year && u.to_year.is_none_or(|to| report_year <= to);
    uses.iter().filter(valid).max_by_key(|u| u.from_year).ok_or_else(|| {
        Error::new(format!("{report_year} 年度に使う区域の体系（{purpose}）がありません"))
            .at("参照表 area_system_uses")
            .next("使う体系の行を足してください")
    })
}
