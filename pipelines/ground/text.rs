//! Text as people write it, in the one form in which it is compared: folded labels, padded codes, dates and years of any spelling.

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};

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
