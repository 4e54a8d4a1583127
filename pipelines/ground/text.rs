//! Text as people write it, in the one form in which it is compared: folded labels, padded codes, dates and years of any spelling.

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};

/// Stands for a line break in separators and in cells that are cut at line breaks.
pub const LINE_BREAK: char = '\u{1F}';

/// Stands before a formula of which the file holds no value: no workbook can have the character itself.
pub const NO_VALUE: char = '\u{1E}';

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

/// Characters that nobody sees: marks of joining and direction, soft hyphens, fillers, tags, and the selectors of a glyph's variant.
pub fn is_invisible(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
        | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}'
        | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
        || is_selector(c)
}

/// Selects the variant of the glyph before it, as in 葛󠄀城市.
pub fn is_selector(c: char) -> bool {
    matches!(c, '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}')
}

/// Line ends as `\n`.
pub fn line_feeds(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

/// The names in a list, in the order written and in their own characters; what separates them is told after folding, so that a
/// half-width 「､」, a line end or an invisible character is no part of a name.
pub fn names(list: &str) -> Vec<String> {
    let parts = list.split(|c: char| separates_names(c));
    let name = |part: &str| part.trim_matches(|c: char| c.is_whitespace() || is_invisible(c)).to_owned();
    parts.map(name).filter(|n| !n.is_empty()).collect()
}

fn separates_names(c: char) -> bool {
    let is_break = matches!(c, '\n' | '\r' | '\t' | '\u{B}' | '\u{C}' | '\u{85}' | '\u{2028}' | '\u{2029}');
    is_break || std::iter::once(c).nfkc().any(|plain| matches!(plain, '、' | ',' | ';' | '\u{60C}' | '\u{61B}'))
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

/// A date as ISO text, however an office writes it: `2026-02-01`, `2026/2/1`, `20260201`, `2026年2月1日（日）`,
/// `令和８年２月１日`, `R8.2.1 (Sun)`, a spreadsheet's serial day (46054). A weekday, a time of day and an offset after it are
/// left out. A weekday that the day does not have is no date: one of the two is wrong, and nobody knows which.
pub fn date(raw: &str) -> Option<String> {
    let folded = fold(raw);
    let (key, weekday) = without_weekday(&folded);
    let key = without_time(raw, &key);
    let day = if !key.is_empty() && key.bytes().all(|b| b.is_ascii_digit()) {
        match (key.len(), key.parse::<u32>().ok()?) {
            (8, n) => valid_date((n / 10000) as i32, n / 100 % 100, n % 100),
            (5, n) => serial_date(n),
            _ => None,
        }
    } else {
        written_date(&key)
    }?;
    weekday.is_none_or(|w| weekday_of(&day) == Some(w)).then_some(day)
}

/// `令和8年2月1日`, `R8.2.1`, `2026-2-1`, folded and without anything behind the day.
fn written_date(key: &str) -> Option<String> {
    let (era, rest) = era_offset(key);
    let rest = rest.trim_start_matches(['.', '-', '/']).trim_end_matches(['日', '.']).replace(['年', '月', '/', '.', '‐', '−', '–', 'ー'], "-");
    let mut parts = rest.split('-');
    let first = parts.next()?;
    let year: i32 = if first == "元" { 1 } else { first.parse().ok()? };
    let (year, month, day) = (year + era, parts.next()?.parse::<u32>().ok()?, parts.next()?.parse::<u32>().ok()?);
    if parts.next().is_some() { None } else { valid_date(year, month, day) }
}

/// Weekdays from Monday, in the spellings of offices: 月, 月曜, 月曜日, Mon, Monday.
const WEEKDAYS: [(&str, &str); 7] =
    [("月", "monday"), ("火", "tuesday"), ("水", "wednesday"), ("木", "thursday"), ("金", "friday"), ("土", "saturday"), ("日", "sunday")];

/// The text without a weekday (and 祝 beside it), in brackets or behind the day, and which weekday it was.
fn without_weekday(folded: &str) -> (String, Option<usize>) {
    let named = |text: &str| {
        let text = text.trim_end_matches("・祝").trim_end_matches('祝').trim_end_matches(['・', '.', ',']);
        let small = text.to_ascii_lowercase();
        WEEKDAYS.iter().position(|(one, name)| {
            text == *one || text == format!("{one}曜") || text == format!("{one}曜日") || (small.len() >= 3 && name.starts_with(&small))
        })
    };
    let brackets = [('(', ')'), ('[', ']'), ('〔', '〕'), ('【', '】'), ('〈', '〉'), ('<', '>')];
    for (open, close) in brackets {
        if let Some((before, rest)) = folded.split_once(open)
            && let Some((inside, after)) = rest.split_once(close)
        {
            // 「（祝）」 alone says nothing of the weekday
            if let Some(weekday) = named(inside) {
                return (format!("{before}{after}"), Some(weekday));
            }
            if inside == "祝" || inside == "祝日" {
                return (format!("{before}{after}"), None);
            }
        }
    }
    // 「2月1日日曜日」, 「2026-02-01Sun」
    let end = folded.char_indices().rev().find(|(_, c)| c.is_ascii_digit()).map_or(0, |(i, _)| i + 1);
    let tail = &folded[end..];
    let (day, behind) = tail.strip_prefix('日').map_or(("", tail), |rest| ("日", rest));
    match named(behind.trim_start_matches(',')) {
        Some(weekday) if !behind.is_empty() => (format!("{}{day}", &folded[..end]), Some(weekday)),
        _ => (folded.to_owned(), None),
    }
}

/// Which day of the week an ISO date is, from Monday.
fn weekday_of(iso: &str) -> Option<usize> {
    let day: jiff::civil::Date = iso.parse().ok()?;
    usize::try_from(day.weekday().to_monday_zero_offset()).ok()
}

/// The folded date without a time of day: folding takes away the blank before it, so the text as written says where it began.
fn without_time(raw: &str, key: &str) -> String {
    let Some((date, _)) = key.split_once('T').filter(|(d, _)| d.ends_with(|c: char| c.is_ascii_digit())) else {
        if !raw.contains([':', '：', '時']) {
            return key.to_owned();
        }
        // 「2026年2月1日9:30」 ends with 日; else the blank before the time is the only border
        if let Some((date, _)) = key.split_once('日') {
            return format!("{date}日");
        }
        let trimmed = raw.trim();
        let first = trimmed.split([' ', '\u{3000}', '(', '（']).next().unwrap_or(trimmed);
        return fold(first);
    };
    date.to_owned()
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
    const ERAS: [(&str, i32); 8] = [("令和", 2018), ("令", 2018), ("R", 2018), ("r", 2018), ("平成", 1988), ("平", 1988), ("H", 1988), ("h", 1988)];
    ERAS.iter().find_map(|(name, offset)| text.strip_prefix(name).map(|rest| (*offset, rest))).unwrap_or((0, text))
}
