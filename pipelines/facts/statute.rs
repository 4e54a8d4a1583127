//! What a council may be about by the statute: the items of 医療法第30条の18の5第1項 as rows (`sql/rules/statute_items.csv`), dated.

use serde::Deserialize;

use crate::facts::dictionary::read_csv;
use crate::ground::error::{Error, Result};
use crate::ground::text::fold;

/// A row of `statute_items.csv`: an item of 医療法第30条の18の5第1項 as it stood between two days.
#[derive(Deserialize)]
struct StatuteItem {
    item_code: String,
    label: String,
    text: String,
    is_default: u8,
    from_date: String,
    to_date: String,
}

/// The items of the statute that a meeting was about, in its words of that day; those that are usual where nobody named any.
pub fn items(named: &str, held_on: &str) -> Result<String> {
    let rows: Vec<StatuteItem> = read_csv("sql/rules/statute_items.csv")?;
    let in_force =
        |r: &&StatuteItem| (r.from_date.is_empty() || r.from_date.as_str() <= held_on) && (r.to_date.is_empty() || held_on <= r.to_date.as_str());
    let codes: Vec<String> = named
        .split(['、', ',', ';', '；', '・', '\n'])
        .map(|c| fold(c).trim_start_matches('第').replace('号', ""))
        .filter(|c| !c.is_empty())
        .collect();
    let wanted = |r: &&StatuteItem| if codes.is_empty() { r.is_default == 1 } else { codes.contains(&r.item_code) };
    let said: Vec<String> =
        rows.iter().filter(in_force).filter(wanted).map(|r| format!("医療法第30条の18の5第1項{}（{}）", r.label, r.text)).collect();
    let unknown: Vec<&String> = codes.iter().filter(|c| !rows.iter().any(|r| r.item_code == **c && in_force(&r))).collect();
    if let Some(code) = unknown.first() {
        let known: Vec<&str> = rows.iter().filter(in_force).map(|r| r.item_code.as_str()).collect();
        return Err(Error::new(format!("協議シートの「法の協議事項」の「{code}」が分かりません（開催日 {held_on}）"))
            .at("シート「協議の記録」")
            .next(format!("{} を「、」で区切って書いてください", known.join("、"))));
    }
    Ok(said.join("、"))
}
