//! Municipality codes as workbooks write them: with check digit or without, as numbers that lost a zero, or before a reform.

use std::collections::BTreeMap;

use crate::facts::reference::tables::Tables;
use crate::facts::reference::{CodeChange, Municipality, check_digit};
use crate::ground::error::Result;

/// All municipalities and wards of the nation, and the codes that they had.
pub struct Codes {
    units: BTreeMap<String, Municipality>,
    by_code6: BTreeMap<String, String>,
    pub changes: Vec<CodeChange>,
}

/// A code as it was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// 5 digits.
    pub code: String,
    pub lost_zero: bool,
    pub known: bool,
}

impl Codes {
    pub fn load(tables: &Tables) -> Result<Self> {
        let units: Vec<Municipality> = tables.read("municipalities")?;
        let by_code6 = units.iter().map(|m| (m.municipality_code6.clone(), m.municipality_code.clone())).collect();
        let units = units.into_iter().map(|m| (m.municipality_code.clone(), m)).collect();
        Ok(Self { units, by_code6, changes: tables.read("municipality_code_changes")? })
    }

    pub fn unit(&self, code: &str) -> Option<&Municipality> {
        self.units.get(code)
    }

    /// Municipalities and wards of a prefecture, by code.
    pub fn units_of<'a>(&'a self, prefecture_code: &'a str) -> impl Iterator<Item = &'a Municipality> {
        self.units.values().filter(move |m| m.prefecture_code == prefecture_code)
    }

    /// A code of six digits, the last of which is a check digit. `None`: not a code at all.
    pub fn with_check_digit(&self, text: &str) -> Option<Found> {
        let (code, lost_zero) = padded(text, 6)?;
        let known = self.by_code6.get(&code);
        if known.is_none() && check_digit(&code[..5]) != code.chars().last() {
            return None;
        }
        Some(Found { known: known.is_some(), code: code[..5].to_owned(), lost_zero })
    }

    /// A code of five digits.
    pub fn plain(&self, text: &str) -> Option<Found> {
        let (code, lost_zero) = padded(text, 5)?;
        Some(Found { known: self.units.contains_key(&code), code, lost_zero })
    }
}

/// Digits with the one leading zero that a number cell loses.
pub(super) fn padded(text: &str, digits: usize) -> Option<(String, bool)> {
    let text = crate::ground::text::fold(text);
    let lost_zero = text.len() + 1 == digits;
    ((text.len() == digits || lost_zero) && text.bytes().all(|b| b.is_ascii_digit())).then(|| (format!("{text:0>digits$}"), lost_zero))
}
