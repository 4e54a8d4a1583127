//! What the cells of a column look like: which kinds of item they could answer.

use crate::ground::text;
use std::collections::{BTreeMap, HashMap, HashSet};

use super::super::cells::{self, Cell, ChoiceSet, Glyphs};
use super::super::masks;
use crate::facts::dictionary::{Dictionary, Item, ValueType};
use crate::facts::reference::Municipality;
use crate::ground::error::Result;

/// Separators that are tried; the first that reads the cells wins.
const SEPARATORS: [&str; 7] = [";", "、", ",", "|", "/", "・", "\n"];
/// Marks of a choice's own column.
const SELECTED: [&str; 13] = ["○", "◯", "〇", "●", "◎", "1", "レ", "✓", "✔", "有", "有り", "可", "true"];
const UNSELECTED: [&str; 10] = ["0", "×", "✕", "無", "無し", "不可", "false", "-", "―", "－"];
/// Distinct texts that are looked at for each column.
const SAMPLE: usize = 400;

/// The cells of one column: distinct texts with how often they occur.
pub struct Column {
    pub texts: Vec<(String, usize)>,
    pub filled: usize,
    pub distinct: usize,
}

impl Column {
    pub fn new<'a>(values: impl Iterator<Item = &'a str>) -> Self {
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for value in values {
            if !value.trim().is_empty() {
                *counts.entry(value).or_default() += 1;
            }
        }
        let (filled, distinct) = (counts.values().sum(), counts.len());
        let mut texts: Vec<(String, usize)> = counts.into_iter().map(|(t, n)| (t.to_owned(), n)).collect();
        texts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        Self { texts, filled, distinct }
    }

    /// Share of the filled cells (of the commonest texts) for which something holds.
    fn share(&self, holds: impl Fn(&str) -> bool) -> f64 {
        let looked: usize = self.texts.iter().take(SAMPLE).map(|(_, n)| n).sum();
        let yes: usize = self.texts.iter().take(SAMPLE).filter(|(t, _)| holds(t)).map(|(_, n)| n).sum();
        yes as f64 / looked.max(1) as f64
    }

    /// The marks of a choice's own column (chosen, not chosen), when nothing else stands in it.
    pub fn marks(&self) -> Option<(Vec<String>, Vec<String>)> {
        if self.distinct > 2 {
            return None;
        }
        let (mut chosen, mut not_chosen) = (Vec::new(), Vec::new());
        for (text, _) in &self.texts {
            let key = text::fold(text).to_lowercase();
            match (SELECTED.contains(&key.as_str()), UNSELECTED.contains(&key.as_str())) {
                (true, _) => chosen.push(text.clone()),
                (_, true) => not_chosen.push(text.clone()),
                _ => return None,
            }
        }
        Some((chosen, not_chosen))
    }

    /// Cells that are no numbers, with how often they occur.
    pub fn not_numbers(&self) -> BTreeMap<String, usize> {
        let mut found = BTreeMap::new();
        for (text, n) in &self.texts {
            if matches!(cells::number(text, &Glyphs::default()), Cell::Unreadable(_))
                && matches!(cells::count(text, &Glyphs::default()), Cell::Unreadable(_))
            {
                *found.entry(text::fold(text)).or_default() += n;
            }
        }
        found
    }
}

/// Reads cells as each choice set of the dictionary would.
pub struct Readers {
    sets: HashMap<String, ChoiceSet>,
    municipalities: HashSet<String>,
}

impl Readers {
    pub fn new(dictionary: &Dictionary) -> Result<Self> {
        let names: HashSet<&str> = dictionary.items.iter().map(|i| i.choice_set.as_str()).filter(|s| !s.is_empty()).collect();
        let sets = names.into_iter().map(|name| (name.to_owned(), ChoiceSet::new(dictionary, name))).collect();
        let all: Vec<Municipality> = crate::facts::dictionary::read_csv("sql/reference/municipalities.csv")?;
        let codes = all.into_iter().flat_map(|m| {
            let short = m.municipality_code.trim_start_matches('0').to_owned();
            [m.municipality_code, m.municipality_code6, short]
        });
        Ok(Self { sets, municipalities: codes.collect() })
    }

    /// How well the cells fit the item, 0 to 1; `None` when the column is empty.
    pub fn fit(&self, item: &Item, column: &Column) -> Option<f64> {
        if column.filled == 0 {
            return None;
        }
        let none = Glyphs::default();
        let digits = |t: &str| text::fold(t).bytes().all(|b| b.is_ascii_digit());
        Some(match item.value_type {
            ValueType::Choice => {
                let set = self.sets.get(&item.choice_set)?;
                let read = column.share(|t| matches!(set.single(t, &none), Cell::Choices(_)));
                let new_words = column.share(|t| matches!(set.single(t, &none), Cell::Guessed(_)));
                // bare codes are understood by every set that is long enough
                let bare = column.share(digits);
                (read + 0.6 * new_words) * (1.0 - 0.35 * bare)
            }
            ValueType::Multi => self.separator(&item.choice_set, column)?.1,
            ValueType::Count => {
                let whole = column.share(|t| matches!(cells::count(t, &none), Cell::Number { .. }));
                let glyphs = column.share(|t| is_glyph(&text::fold(t)));
                if whole > 0.0 { whole + glyphs } else { 0.3 * glyphs }
            }
            ValueType::Number => {
                let numbers = column.share(|t| matches!(cells::number(t, &none), Cell::Number { .. }));
                // a count has other values than 1 and 0
                if column.distinct > 1 { numbers } else { 0.8 * numbers }
            }
            ValueType::Year => column.share(|t| text::fiscal_year(t).is_some_and(|y| (2020..2100).contains(&y))),
            ValueType::Date => column.share(|t| text::date(t).is_some() && text::fiscal_year(t).is_none_or(|y| y > 2100)),
            ValueType::Id => {
                let like_id = |t: &str| t.len() >= 6 && t.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
                column.share(like_id) * (column.distinct as f64 / column.filled as f64)
            }
            ValueType::Code if item.item_code.starts_with("municipality") => {
                column.share(|t| self.municipalities.contains(text::fold(t).trim_start_matches('0')) || self.municipalities.contains(&text::fold(t)))
            }
            ValueType::Code => column.share(|t| text::fold(t).parse::<u32>().is_ok_and(|n| (1..=47).contains(&n))),
            ValueType::Text | ValueType::Names => {
                let words = column.share(|t| text::fold(t).chars().filter(|c| c.is_alphabetic()).count() >= 2);
                let varied = (column.distinct as f64 / 8.0).min(1.0);
                0.85 * words * (0.5 + 0.5 * varied)
            }
        })
    }

    /// The separator that reads a column of several choices best, and the share of cells that it reads.
    pub fn separator(&self, set: &str, column: &Column) -> Option<(&'static str, f64)> {
        let set = self.sets.get(set)?;
        let read = |separator: &str| {
            let mark = if separator == "\n" { text::LINE_BREAK.to_string() } else { separator.to_owned() };
            let glyphs = Glyphs { separators: vec![text::fold(&mark)], ..Glyphs::default() };
            column.share(|t| matches!(set.multi(t, &glyphs), Cell::Choices(_)))
        };
        let mut best = ("", read("\u{0}"));
        for separator in SEPARATORS {
            let share = read(separator);
            if share > best.1 {
                best = (separator, share);
            }
        }
        Some(best)
    }
}

/// A short cell without letters or digits, or one that tells by words that a count is hidden.
fn is_glyph(folded: &str) -> bool {
    masks::is_certain(folded) || (folded.chars().count() <= 3 && !folded.chars().any(char::is_alphanumeric)) || folded.eq_ignore_ascii_case("x")
}
