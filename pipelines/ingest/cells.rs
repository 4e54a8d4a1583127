//! The cell grammar: what one cell of the extract says, whatever its spelling.
//!
//! `code`, `code:label` or `label` for choices; several joined by the layout's separators; counts as a number,
//! a mask or a blank. Nothing is guessed: what does not fit is `Unreadable` and becomes a finding.

use std::collections::HashMap;

use unicode_normalization::UnicodeNormalization;

use crate::dictionary::{Choice, Dictionary};

/// What a cell says.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    Blank,
    /// Choice codes in the order written.
    Choices(Vec<String>),
    /// Not a choice of the dictionary, but its label begins with 有 or 無: the code of the catch-all choice.
    Guessed(String),
    /// A number known to lie in `low..=high`; `masked` when the publisher hid the exact count.
    Number {
        low: f64,
        high: f64,
        masked: bool,
    },
    /// Text or names, trimmed.
    Text(String),
    /// Could not be read; the text is the code of the finding.
    Unreadable(&'static str),
}

/// Glyphs of a layout that stand for something else than themselves, in NFKC.
#[derive(Clone, Debug, Default)]
pub struct Glyphs {
    pub masked: Vec<String>,
    pub zero: Vec<String>,
    pub missing: Vec<String>,
    pub separators: Vec<String>,
    pub masked_low: f64,
    pub masked_high: f64,
}

/// Compatibility form without white space: the form in which cells and headers are compared.
pub fn fold(text: &str) -> String {
    if text.bytes().all(|b| b.is_ascii_graphic()) {
        return text.to_owned();
    }
    text.nfkc().filter(|c| !c.is_whitespace() && !is_invisible(*c)).collect()
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}' | '\u{FEFF}')
}

/// The key under which spellings of one choice label meet: 無し/無, 有り/有, 〜/～/~, full-width forms.
pub fn label_key(label: &str) -> String {
    fold(label).replace(['〜', '～', '∼'], "~").replace("無し", "無").replace("有り", "有")
}

/// Choices of one set, found by code or by any spelling of the label.
pub struct ChoiceSet {
    by_code: HashMap<String, String>,
    by_key: HashMap<String, String>,
    /// Longest first, so that 「不安、ストレス」 is found before a shorter label could match.
    keys: Vec<String>,
}

impl ChoiceSet {
    pub fn new(dictionary: &Dictionary, set: &str) -> Self {
        let choices: Vec<&Choice> = dictionary.choices_of(set).collect();
        let by_code = choices.iter().map(|c| (c.choice_code.clone(), label_key(&c.label))).collect();
        let by_key: HashMap<_, _> = choices.iter().map(|c| (label_key(&c.label), c.choice_code.clone())).collect();
        let mut keys: Vec<_> = by_key.keys().cloned().collect();
        keys.sort_by_key(|k| (std::cmp::Reverse(k.len()), k.clone()));
        Self { by_code, by_key, keys }
    }

    /// The code of one choice written as `code`, `code:label` or `label`.
    fn one(&self, text: &str) -> Option<&str> {
        if let Some(code) = self.by_key.get(text) {
            return Some(code);
        }
        let (code, label) = match text.split_once(':') {
            Some((code, label)) => (code, Some(label)),
            None => (text, None),
        };
        let code = code.trim_start_matches('0');
        let code = if code.is_empty() { "0" } else { code };
        let (code, known) = self.by_code.get_key_value(code)?;
        // A code whose label says something else is a contradiction, not a spelling.
        label.is_none_or(|l| l == known).then_some(code.as_str())
    }

    pub fn single(&self, raw: &str, glyphs: &Glyphs) -> Cell {
        let key = label_key(raw);
        if key.is_empty() || glyphs.missing.contains(&key) {
            return Cell::Blank;
        }
        match self.one(&key) {
            Some(code) => Cell::Choices(vec![code.to_owned()]),
            None => match self.many(&key, glyphs) {
                // Single or multiple is not public for some items: several known choices are accepted.
                Cell::Choices(codes) if codes.len() > 1 => Cell::Choices(codes),
                _ => self.guess(&key),
            },
        }
    }

    /// Wordings of later years: whether there is a function follows from the first character alone.
    fn guess(&self, key: &str) -> Cell {
        let (code, label) = key.split_once(':').map_or(("", key), |(code, label)| (code, label));
        // a known code with another label contradicts itself: that is no new wording
        if self.by_code.contains_key(code.trim_start_matches('0')) || code == "0" {
            return Cell::Unreadable("unknown_choice");
        }
        let code = match label.chars().next() {
            Some('有') => "+",
            Some('無') if label.contains("意向有") => "-i",
            Some('無') => "-",
            _ => return Cell::Unreadable("unknown_choice"),
        };
        if self.by_code.contains_key(code) { Cell::Guessed(code.to_owned()) } else { Cell::Unreadable("unknown_choice") }
    }

    pub fn multi(&self, raw: &str, glyphs: &Glyphs) -> Cell {
        let key = label_key(raw);
        if key.is_empty() || glyphs.missing.contains(&key) {
            return Cell::Blank;
        }
        self.many(&key, glyphs)
    }

    /// Splits greedily by known labels, because some labels contain the separator themselves.
    fn many(&self, key: &str, glyphs: &Glyphs) -> Cell {
        let mut codes = Vec::new();
        let mut rest = key;
        while !rest.is_empty() {
            let Some((code, after)) = self.next(rest, glyphs) else { return Cell::Unreadable("unknown_choice") };
            if !codes.iter().any(|c| c == code) {
                codes.push(code.to_owned());
            }
            rest = after;
        }
        Cell::Choices(codes)
    }

    fn next<'a>(&self, text: &'a str, glyphs: &Glyphs) -> Option<(&str, &'a str)> {
        let skip = |rest: &'a str| {
            if rest.is_empty() {
                return Some(rest);
            }
            glyphs.separators.iter().find_map(|s| rest.strip_prefix(s.as_str()))
        };
        for key in &self.keys {
            if let Some(after) = text.strip_prefix(key.as_str()).and_then(skip) {
                return Some((&self.by_key[key], after));
            }
        }
        let end = glyphs.separators.iter().filter_map(|s| text.find(s.as_str())).min().unwrap_or(text.len());
        let code = self.one(&text[..end]);
        if code.is_some() {
            return code.zip(skip(&text[end..]));
        }
        // `code:label` with a label that contains the separator.
        let (head, tail) = text.split_once(':')?;
        let label = self.by_code.get(head)?;
        let after = tail.strip_prefix(label.as_str()).and_then(skip)?;
        self.by_code.get_key_value(head).map(|(code, _)| (code.as_str(), after))
    }
}

/// A yearly count: integer, mask, zero glyph or blank.
pub fn count(raw: &str, glyphs: &Glyphs) -> Cell {
    let key = fold(raw);
    if key.is_empty() || glyphs.missing.contains(&key) {
        return Cell::Blank;
    }
    if glyphs.masked.contains(&key) {
        return Cell::Number { low: glyphs.masked_low, high: glyphs.masked_high, masked: true };
    }
    if glyphs.zero.contains(&key) {
        return Cell::Number { low: 0.0, high: 0.0, masked: false };
    }
    match digits(key.trim_end_matches(['回', '人', '件', '名'])) {
        Some(text) => match text.parse::<u32>() {
            Ok(n) => Cell::Number { low: f64::from(n), high: f64::from(n), masked: false },
            Err(_) => Cell::Unreadable("not_a_count"),
        },
        None => Cell::Unreadable("not_a_count"),
    }
}

/// A plain number ≥ 0, decimals allowed.
pub fn number(raw: &str, glyphs: &Glyphs) -> Cell {
    let key = fold(raw);
    if key.is_empty() || glyphs.missing.contains(&key) {
        return Cell::Blank;
    }
    let text = key.trim_end_matches(['人', '名', '回', '件']);
    let text = digits(text).unwrap_or_else(|| text.to_owned());
    match text.parse::<f64>() {
        Ok(n) if n.is_finite() && n >= 0.0 && text.starts_with(|c: char| c.is_ascii_digit()) => Cell::Number { low: n, high: n, masked: false },
        _ => Cell::Unreadable("not_a_number"),
    }
}

/// Digits, with thousands separators only where they belong.
fn digits(text: &str) -> Option<String> {
    let groups: Vec<&str> = text.split(',').collect();
    let all_digits = groups.iter().all(|g| !g.is_empty() && g.bytes().all(|b| b.is_ascii_digit()));
    let grouped = groups.len() == 1 || (groups[0].len() <= 3 && groups[1..].iter().all(|g| g.len() == 3));
    (all_digits && grouped).then(|| groups.concat())
}

/// Free text: trimmed, line feeds kept.
pub fn text(raw: &str) -> Cell {
    let trimmed = raw.trim();
    if trimmed.is_empty() { Cell::Blank } else { Cell::Text(trimmed.to_owned()) }
}

/// A report year: `2025`, `2025年度`, `令和7年度`, `R7`.
pub fn fiscal_year(raw: &str) -> Option<i32> {
    let key = fold(raw);
    let key = key.trim_end_matches("年度").trim_end_matches('年');
    let (era, rest) = era_offset(key);
    let n: i32 = if rest == "元" { 1 } else { rest.parse().ok()? };
    Some(n + era)
}

/// A date as ISO text: `2026-01-31`, `2026/1/31`, `2026年1月31日`, `令和8年1月31日`, `R8.1.31`.
pub fn date(raw: &str) -> Option<String> {
    let key = fold(raw);
    // A cell that Excel turned into a date and time keeps the time as a tail.
    let key = key.split(['T']).next()?.trim_end_matches("00:00:00").trim_end_matches("0:00");
    let (era, rest) = era_offset(key);
    let rest = rest.trim_end_matches('日').replace(['年', '月', '/', '.'], "-");
    let mut parts = rest.split('-');
    let first = parts.next()?;
    let year: i32 = if first == "元" { 1 } else { first.parse().ok()? };
    let (year, month, day) = (year + era, parts.next()?.parse::<u32>().ok()?, parts.next()?.parse::<u32>().ok()?);
    let valid = parts.next().is_none() && (1900..=2200).contains(&year) && (1..=days_in_month(year, month)).contains(&day);
    valid.then(|| format!("{year:04}-{month:02}-{day:02}"))
}

/// Last day of a month, 0 for a month that does not exist.
pub fn days_in_month(year: i32, month: u32) -> u32 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 0,
    }
}

/// Years to add to a year of the era at the start of `text`, and the text without the era.
fn era_offset(text: &str) -> (i32, &str) {
    const ERAS: [(&str, i32); 4] = [("令和", 2018), ("R", 2018), ("平成", 1988), ("H", 1988)];
    ERAS.iter().find_map(|(name, offset)| text.strip_prefix(name).map(|rest| (*offset, rest))).unwrap_or((0, text))
}
