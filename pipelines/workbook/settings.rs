//! The sheets 協議区域 and 設定: what council.toml says of areas and themes, beside the places where people decide it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::carry;
use super::generate::Source;
use super::merge::{Group, Made, key_of};
use crate::facts::council::Theme;
use crate::facts::council::proposal::{area_names, proposals};
use crate::facts::dictionary::read_csv;
use crate::facts::workspace::level_label;
use crate::ground::error::Result;

/// Puts both sheets beside those of the council.
pub(super) fn add(source: &Source<'_>, rows: &mut BTreeMap<String, Vec<Made>>) -> Result<()> {
    rows.insert("districts".into(), districts(source)?);
    rows.insert("settings".into(), themes(source)?);
    Ok(())
}

/// One row for each municipality, with what there is to judge by.
fn districts(source: &Source<'_>) -> Result<Vec<Made>> {
    let spec = source.layout.table("districts");
    let reference = source.drafter.reference;
    let proposed = proposals(reference);
    let mut made = Vec::new();
    for (i, area) in source.areas.iter().filter(|a| a.level == "municipality").enumerate() {
        let group = Group { area_code: area.area_code.clone(), ..Group::default() };
        let units: BTreeSet<String> = area.units.iter().cloned().collect();
        let suggestion = proposed.iter().find(|p| p.members.iter().any(|m| m.municipality_code == area.area_code)).map_or("", |p| p.name.as_str());
        let medical: Vec<&str> = area.medical_areas.iter().map(|code| source.places.area_name(code)).collect();
        let summary = source.drafter.facts.summary(area, "g1")?;
        let care = source.value(&area.area_code, "care_facilities").map_or_else(String::new, |v| v.low.round().to_string());
        let texts = [
            ("number", (i + 1).to_string()),
            ("kana", area.kana.clone()),
            ("medical_area", medical.join("、")),
            ("population", area.population.total.to_string()),
            ("over_75", area.population.over_75.to_string()),
            ("expected", summary.facilities_expected.to_string()),
            ("reported", summary.facilities_reported.to_string()),
            ("care", care),
            ("suggestion", suggestion.to_owned()),
            ("current", area_names(&source.council.in_file.areas, &units).join("、")),
        ];
        made.push(source.row(spec, &group, key_of(&group, 1), &texts));
    }
    Ok(made)
}

#[derive(Deserialize)]
struct ItemRow {
    item: String,
}

/// One row for each theme and item of the setting.
fn themes(source: &Source<'_>) -> Result<Vec<Made>> {
    let spec = source.layout.table("settings");
    let items: Vec<ItemRow> = read_csv("reports/workbook/settings.csv")?;
    let code = &source.drafter.reference.prefecture.prefecture_code;
    let mut made = Vec::new();
    for function in &source.drafter.dictionary.functions {
        let group = carry::group(code, &function.function_code, 0);
        let theme = source.council.in_file.themes.get(&function.function_code).cloned().unwrap_or_default();
        for (i, row) in items.iter().enumerate() {
            let current = match row.item.as_str() {
                "区域の段階" => level(source, &theme, &function.default_level),
                "使う会議" => theme.meeting.clone(),
                "参加者" => theme.participants.join("、"),
                _ => theme.coordinator.clone(),
            };
            made.push(source.row(spec, &group, key_of(&group, i + 1), &[("number", row.item.clone()), ("current", current)]));
        }
    }
    Ok(made)
}

/// The level in words, or the areas by name.
fn level(source: &Source<'_>, theme: &Theme, default_level: &str) -> String {
    if theme.areas.is_empty() {
        return level_label(theme.level.as_deref().unwrap_or(default_level)).to_owned();
    }
    theme.areas.iter().map(|code| source.places.area_name(code)).collect::<Vec<_>>().join("、")
}
