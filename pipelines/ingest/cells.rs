//! The cell grammar: what one cell of the extract says, whatever its spelling.
//!
//! `code`, `code:label` or `label` for choices; several joined by the layout's separators; counts as a number,
//! a mask or a blank. Nothing is guessed: what does not fit is `Unreadable` and becomes a finding.

use crate::ground::text::{LINE_BREAK, NO_VALUE, fold, label_key};
use std::collections::HashMap;

use crate::facts::dictionary::labels::{Labels, Said};
use crate::facts::dictionary::{Choice, Dictionary};

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

/// A formula without a stored value says nothing, and is no blank.
fn without_value(raw: &str) -> Option<Cell> {
    raw.starts_with(NO_VALUE).then_some(Cell::Unreadable("formula_without_value"))
}

/// Choices of one set, found by code or by any spelling of the label.
pub struct ChoiceSet {
    by_code: HashMap<String, String>,
    by_key: HashMap<String, String>,
    /// Longest first, so that 「不安、ストレス」 is found before a shorter label could match.
    keys: Vec<String>,
    labels: Labels,
}

impl ChoiceSet {
    pub fn new(dictionary: &Dictionary, set: &str) -> Self {
        let choices: Vec<&Choice> = dictionary.choices_of(set).collect();
        let by_code = choices.iter().map(|c| (c.choice_code.clone(), label_key(&c.label))).collect();
        // a label is read under the name before and after a change of fees alike
        let mut by_key: HashMap<_, _> =
            choices.iter().map(|c| (dictionary.labels.canonical(&label_key(&c.label), "fee"), c.choice_code.clone())).collect();
        by_key.extend(choices.iter().map(|c| (label_key(&c.label), c.choice_code.clone())));
        let mut keys: Vec<_> = by_key.keys().cloned().collect();
        keys.sort_by_key(|k| (std::cmp::Reverse(k.len()), k.clone()));
        Self { by_code, by_key, keys, labels: dictionary.labels.clone() }
    }

    /// The code of one choice written as `code`, `code:label` or `label`; 「あり」 and 「有」 are the same word.
    fn one(&self, text: &str) -> Option<&str> {
        self.exactly(text).or_else(|| {
            let kanji = text.replace("あり", "有").replace("なし", "無");
            if kanji == text { None } else { self.exactly(&kanji) }
        })
    }

    fn exactly(&self, text: &str) -> Option<&str> {
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
        label.is_none_or(|l| l == known || self.by_key.get(l) == Some(code)).then_some(code.as_str())
    }

    /// The key of a cell that may hold several choices.
    fn key(raw: &str, glyphs: &Glyphs) -> String {
        let cut_at_lines = raw.contains('\n') && glyphs.separators.iter().any(|s| s.starts_with(LINE_BREAK));
        if cut_at_lines { label_key(&raw.trim().replace(['\n', '\r'], LINE_BREAK.encode_utf8(&mut [0; 4]))) } else { label_key(raw) }
    }

    pub fn single(&self, raw: &str, glyphs: &Glyphs) -> Cell {
        if let Some(cell) = without_value(raw) {
            return cell;
        }
        let key = Self::key(raw, glyphs);
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

    /// Wordings of later years: whether there is a function follows from the words alone (`label_words.csv`).
    fn guess(&self, key: &str) -> Cell {
        let (code, label) = key.split_once(':').map_or(("", key), |(code, label)| (code, label));
        // a known code with another label contradicts itself: that is no new wording
        if self.by_code.contains_key(code.trim_start_matches('0')) || code == "0" {
            return Cell::Unreadable("unknown_choice");
        }
        let code = match self.labels.said(label) {
            Some(Said { polarity: "positive", .. }) => "+",
            Some(Said { polarity: "negative", intention: Some(true) }) => "-i",
            Some(Said { polarity: "negative", .. }) => "-",
            _ => return Cell::Unreadable("unknown_choice"),
        };
        if self.by_code.contains_key(code) { Cell::Guessed(code.to_owned()) } else { Cell::Unreadable("unknown_choice") }
    }

    pub fn multi(&self, raw: &str, glyphs: &Glyphs) -> Cell {
        if let Some(cell) = without_value(raw) {
            return cell;
        }
        let key = Self::key(raw, glyphs);
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
    if let Some(cell) = without_value(raw) {
        return cell;
    }
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
    let number = key.trim_end_matches(['回', '人', '件', '名']);
    // programs that keep counts as decimals write 12.0
    let whole = number.split_once('.').filter(|(_, rest)| !rest.is_empty() && rest.bytes().all(|b| b == b'0')).map_or(number, |(whole, _)| whole);
    match digits(whole) {
        Some(text) => match text.parse::<u32>() {
            Ok(n) => Cell::Number { low: f64::from(n), high: f64::from(n), masked: false },
            Err(_) => Cell::Unreadable("not_a_count"),
        },
        None => Cell::Unreadable("not_a_count"),
    }
}

/// A plain number ≥ 0, decimals allowed.
pub fn number(raw: &str, glyphs: &Glyphs) -> Cell {
    if let Some(cell) = without_value(raw) {
        return cell;
    }
    let key = fold(raw);
    if key.is_empty() || glyphs.missing.contains(&key) {
        return Cell::Blank;
    }
    if glyphs.zero.contains(&key) {
        return Cell::Number { low: 0.0, high: 0.0, masked: false };
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
    if let Some(cell) = without_value(raw) {
        return cell;
    }
    let trimmed = raw.trim();
    if trimmed.is_empty() { Cell::Blank } else { Cell::Text(trimmed.to_owned()) }
}
