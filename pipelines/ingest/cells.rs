//! The cell grammar: what one cell of the extract says, whatever its spelling.
//!
//! `code`, `code:label` or `label` for choices; several joined by the layout's separators; counts as a number,
//! a mask or a blank. Nothing is guessed: what does not fit is `Unreadable` and becomes a finding.

use std::collections::HashMap;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};

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

/// Stands for a line break in separators and in cells that are cut at line breaks.
pub const LINE_BREAK: char = '\u{1F}';

/// Compatibility form without white space: the form in which cells and headers are compared.
pub fn fold(text: &str) -> String {
    if text.bytes().all(|b| b.is_ascii_graphic()) {
        return text.to_owned();
    }
    // most texts are in this form already
    if is_nfkc_quick(text.chars()) == IsNormalized::Yes && !text.contains(|c: char| c.is_whitespace() || is_invisible(c)) {
        return text.to_owned();
    }
    text.nfkc().filter(|c| !c.is_whitespace() && !is_invisible(*c)).collect()
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}' | '\u{FEFF}')
}

/// Only symbols, of which nobody can tell what they stand for. The prolonged sound mark is a letter to Unicode, a dash to people.
pub fn is_symbol(folded: &str) -> bool {
    !folded.is_empty() && folded.chars().all(|c| c == 'ー' || (!c.is_alphanumeric() && c != char::REPLACEMENT_CHARACTER))
}

/// The key under which spellings of one choice label meet: 無し/無, 有り/有, 〜/～/~, full-width forms.
pub fn label_key(label: &str) -> String {
    let mut key = fold(label);
    if key.contains(['〜', '～', '∼']) {
        key = key.replace(['〜', '～', '∼'], "~");
    }
    if key.contains("無し") || key.contains("有り") {
        key = key.replace("無し", "無").replace("有り", "有");
    }
    key
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

    /// The key of a cell that may hold several choices.
    fn key(raw: &str, glyphs: &Glyphs) -> String {
        let cut_at_lines = raw.contains('\n') && glyphs.separators.iter().any(|s| s.starts_with(LINE_BREAK));
        if cut_at_lines { label_key(&raw.trim().replace(['\n', '\r'], LINE_BREAK.encode_utf8(&mut [0; 4]))) } else { label_key(raw) }
    }

    pub fn single(&self, raw: &str, glyphs: &Glyphs) -> Cell {
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
    let trimmed = raw.trim();
    if trimmed.is_empty() { Cell::Blank } else { Cell::Text(trimmed.to_owned()) }
}

/// Digits with the zeros in front that a spreadsheet dropped; `None` where nothing is to be put back.
pub fn padded(text: &str, width: usize) -> Option<String> {
    let short = !text.is_empty() && text.len() < width && text.bytes().all(|b| b.is_ascii_digit());
    short.then(|| format!("{text:0>width$}"))
}

/// A report year: `2025`, `2025年度`, `令和7年度`, `R7`.
pub fn fiscal_year(raw: &str) -> Option<i32> {
    let key = fold(raw);
    let key = key.trim_end_matches("年度").trim_end_matches('年');
    let (era, rest) = era_offset(key);
    let n: i32 = if rest == "元" { 1 } else { rest.parse().ok()? };
    Some(n + era)
}

/// A date as ISO text: `2026-02-01`, `2026/2/1`, `20260201`, `2026年2月1日`, `令和8年2月1日`, `R8.2.1`, a spreadsheet's serial day
/// (46054); a time of day after it is left out.
pub fn date(raw: &str) -> Option<String> {
    let day = raw.trim().split(['T', ' ', '\u{3000}']).next()?;
    // 「令和 8年 2月 1日」 has blanks inside: only what looks like a time may be cut off
    let key = if raw.contains([':', '：', '時']) { fold(day) } else { fold(raw.split('T').next()?) };
    if !key.is_empty() && key.bytes().all(|b| b.is_ascii_digit()) {
        return match (key.len(), key.parse::<u32>().ok()?) {
            (8, n) => valid_date((n / 10000) as i32, n / 100 % 100, n % 100),
            (5, n) => serial_date(n),
            _ => None,
        };
    }
    let (era, rest) = era_offset(&key);
    let rest = rest.trim_end_matches('日').replace(['年', '月', '/', '.'], "-");
    let mut parts = rest.split('-');
    let first = parts.next()?;
    let year: i32 = if first == "元" { 1 } else { first.parse().ok()? };
    let (year, month, day) = (year + era, parts.next()?.parse::<u32>().ok()?, parts.next()?.parse::<u32>().ok()?);
    if parts.next().is_some() { None } else { valid_date(year, month, day) }
}

fn valid_date(year: i32, month: u32, day: u32) -> Option<String> {
    let valid = (1900..=2200).contains(&year) && (1..=days_in_month(year, month)).contains(&day);
    valid.then(|| format!("{year:04}-{month:02}-{day:02}"))
}

/// The day that a spreadsheet counts from 1899-12-30, for days of 2000 to 2099; no other number is meant as a date.
fn serial_date(serial: u32) -> Option<String> {
    let mut left = serial.checked_sub(36_526)?; // 2000-01-01
    for year in 2000..2100 {
        for month in 1..=12 {
            let days = days_in_month(year, month);
            if left < days {
                return valid_date(year, month, left + 1);
            }
            left -= days;
        }
    }
    None
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
    const ERAS: [(&str, i32); 6] = [("令和", 2018), ("R", 2018), ("r", 2018), ("平成", 1988), ("H", 1988), ("h", 1988)];
    ERAS.iter().find_map(|(name, offset)| text.strip_prefix(name).map(|rest| (*offset, rest))).unwrap_or((0, text))
}
