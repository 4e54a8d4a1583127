//! Digits of codes and IDs, so that the zeros that a spreadsheet dropped can be put back.

use crate::ground::text;
use std::collections::{BTreeMap, BTreeSet};

use super::Table;
use crate::facts::dictionary::ValueType;

impl Table<'_> {
    /// The longest, where all are numbers; one more where all IDs of a prefecture below 10 lost their zero.
    pub(super) fn widths(&self) -> BTreeMap<String, usize> {
        let mut widths = BTreeMap::new();
        for (c, item) in self.placed() {
            if !matches!(item.value_type, ValueType::Id | ValueType::Code) || self.columns[c].filled == 0 {
                continue;
            }
            let texts = self.folded(c);
            let longest = texts.iter().map(String::len).max().unwrap_or(0);
            let least = match item.item_code.as_str() {
                "prefecture_code" => 2,
                "municipality_code" => 5,
                "facility_id" => self.lost_zero().map_or(1, |(_, width)| width),
                _ => 1,
            };
            if texts.iter().filter(|t| is_digits(t)).count() * 10 >= texts.len() * 9 {
                widths.insert(item.item_code.clone(), longest.max(least));
            }
        }
        widths
    }

    /// The prefecture's code and the width of its IDs, where every ID begins with the code without its zero.
    pub(super) fn lost_zero(&self) -> Option<(String, usize)> {
        let prefecture = self.one_digit_prefecture()?;
        let ids = self.texts_of("facility_id")?;
        let lengths: BTreeSet<usize> = ids.iter().map(String::len).collect();
        let all_short = lengths.len() == 1 && ids.iter().all(|id| is_digits(id) && id.starts_with(prefecture));
        // a running number can begin with any digit by chance: shorter ones carry no prefecture
        let length = lengths.first().copied().filter(|n| all_short && *n >= 6)?;
        Some((format!("0{prefecture}"), length + 1))
    }

    /// The only prefecture of the table if its code is below 10, from its own column or the municipalities'.
    fn one_digit_prefecture(&self) -> Option<char> {
        let of_municipality = |code: &String| match (code.len(), code.strip_prefix('0')) {
            (5 | 6, Some(rest)) => rest.chars().next(),
            // five digits without the zero; six digits without it look like five of another prefecture
            (4, None) => code.chars().next(),
            _ => None,
        };
        let found: Option<BTreeSet<char>> = match self.texts_of("prefecture_code") {
            Some(codes) => codes.iter().map(|code| code.trim_start_matches('0').parse::<u32>().ok().and_then(|n| char::from_digit(n, 10))).collect(),
            None => self.texts_of("municipality_code")?.iter().map(of_municipality).collect(),
        };
        let found = found?;
        found.first().copied().filter(|digit| found.len() == 1 && *digit != '0')
    }

    fn texts_of(&self, item: &str) -> Option<Vec<String>> {
        let (c, _) = self.placed().into_iter().find(|(c, i)| i.item_code == item && self.columns[*c].filled > 0)?;
        Some(self.folded(c))
    }

    fn folded(&self, c: usize) -> Vec<String> {
        self.columns[c].texts.iter().map(|(t, _)| text::fold(t)).collect()
    }
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}
