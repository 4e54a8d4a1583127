//! General outpatients: what notes propose, for people to confirm. A confirmed word acts in the second denominator and nowhere else.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray};

use super::listing::{Field, Listing, Role, fitting, shown};
use super::merge::{DATE, INITIALS, MEMO};
use super::people::OldSheet;
use crate::ground::artefact::{ColumnNote, Table};
use crate::ground::error::Result;

pub const SHEET: &str = "一般外来の確認";
const DECIDED: &str = "一般外来";
const WORDS: &[&str] = &["行っていない", "行っている"];

pub fn fields() -> Vec<Field> {
    vec![
        Field::new("医療機関ID", 18.0, Role::Key),
        Field::new("市区町村", 14.0, Role::Machine),
        Field::new("特記事項", 50.0, Role::Value),
        Field::new("当たった語", 18.0, Role::Machine),
        Field::new("今の扱い", 20.0, Role::Machine),
        Field::new(DECIDED, 14.0, Role::People).words(WORDS),
        Field::new(DATE, 12.0, Role::People),
        Field::new(INITIALS, 9.0, Role::People),
        Field::new(MEMO, 24.0, Role::People),
    ]
}

/// What people confirmed, by facility; another word confirms nothing.
pub fn read(sheet: &OldSheet) -> BTreeMap<String, bool> {
    let decided = sheet.lines.iter().filter_map(|line| {
        let word = line.people.get(DECIDED).map(|v| shown(v).trim().to_owned())?;
        let place = WORDS.iter().position(|w| *w == word)?;
        Some((line.machine.get("医療機関ID")?.trim().to_owned(), place == 1))
    });
    decided.collect()
}

/// The artefact `ing_outpatients`. Grain: facility_id.
pub fn table(decided: &BTreeMap<String, bool>) -> Result<Table> {
    let ids: ArrayRef = Arc::new(decided.keys().map(|id| Some(id.as_str())).collect::<StringArray>());
    let words: ArrayRef = Arc::new(decided.values().map(|yes| Some(if *yes { "yes" } else { "no" })).collect::<StringArray>());
    let note = |name: &str, label: &str| ColumnNote::new(name, label, "");
    Table::new("ing_outpatients", vec![(note("facility_id", "医療機関ID"), ids), (note("decision", "一般外来"), words)])
}

/// The facilities whose notes say that they see no general outpatients, or of which people decided.
pub fn listing(stages: &Path, area: &dyn Fn(&str) -> String) -> Result<Listing> {
    let about = "特記事項から、一般外来を行っていないと読める医療機関です。確かめて「行っていない」「行っている」を書くと、次の実行から、一般外来を行う医療機関の数（二つめの分母）に使います。判定は変わりません。";
    let mut list = Listing::new(SHEET, fields(), about);
    let table = Table::read_parquet("agg_outpatients", &stages.join("aggregate/agg_outpatients.parquet"))?;
    for i in 0..table.len() {
        let text = |name: &str| table.text(i, name);
        let state = match text("state")? {
            "no" => "分母から除きました",
            "yes" => "分母に入れました",
            _ => "確認前（幅に入れました）",
        };
        let place = area(text("municipality_code")?);
        list.push([text("facility_id")?, &place, text("note")?, text("words")?, state].map(fitting).into());
    }
    Ok(list)
}
