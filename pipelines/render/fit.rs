//! Words and tables fitted to the paper: the columns of a table get widths from what stands in them, and a word that is wider than its
//! place may break anywhere in it. Nothing of this is on the screen, where the browser does it.

use serde_json::Value;
use unicode_normalization::char::canonical_combining_class;

use super::glyphs::width;
use crate::ground::text::is_selector;

/// Where a line may end though nobody sees it.
const BREAK: char = '\u{200B}';
/// Width of the page's text in pt: A4 with the margins of `common.typ`, and of half of it beside a chart.
const PAGE: f64 = 487.5;
const HALF: f64 = 237.5;
/// What the columns after the first may take of a half, and of the page before all columns share it.
const NUMBERS_IN_HALF: f64 = 165.0;
const NUMBERS: f64 = 350.0;
/// The narrowest place of running text, in its own size: half of the page in captions, a column of the data book.
const LINE: f64 = 23.0;
/// Size of the letters and insets of the fixed tables of the data book in pt, as in `area_page.typ`.
const FIXED: (f64, f64) = (7.0, 3.0);

/// Fits every table and word of a document that is printed.
pub fn fit(value: &mut Value) {
    match value {
        Value::String(text) => break_words(text, LINE, 1.0, false),
        Value::Array(items) => items.iter_mut().for_each(fit),
        Value::Object(map) => {
            if map.contains_key("head") && map.contains_key("rows") {
                table(map);
            }
            let key_figures = map.get_mut("key_figures").and_then(Value::as_array_mut);
            key_figures.into_iter().for_each(|list| figures_in_a_row(list));
            if let (Some(columns), Some(marks)) = (map.get("columns").and_then(Value::as_u64), map.get_mut("marks")) {
                let place = PAGE / columns.max(1) as f64 - 10.0;
                each_text(marks, &mut |text| break_words(text, place, 10.0, true));
            }
            for (_, inner) in map.iter_mut().filter(|(key, _)| !matches!(key.as_str(), "svg" | "id" | "kind" | "align")) {
                fit(inner);
            }
        }
        _ => {}
    }
}

fn each_text(value: &mut Value, change: &mut dyn FnMut(&mut String)) {
    match value {
        Value::String(text) => change(text),
        Value::Array(items) => items.iter_mut().for_each(|v| each_text(v, change)),
        Value::Object(map) => map.values_mut().for_each(|v| each_text(v, change)),
        _ => {}
    }
}

/// Key figures stand side by side, at most five in a row, the number in large letters.
fn figures_in_a_row(list: &mut [Value]) {
    let place = PAGE / list.len().clamp(1, 5) as f64 - 11.0;
    for (key, em) in [("label", 8.0), ("value", 14.0), ("unit", 8.0), ("note", 7.5)] {
        for text in list.iter_mut().filter_map(|k| k.get_mut(key)) {
            each_text(text, &mut |text| break_words(text, place, em, key == "value"));
        }
    }
}

/// How the letters of a table are set.
#[derive(Clone, Copy)]
struct Type {
    em: f64,
    inset: f64,
}

/// Gives a table its `widths` (and `half`, where it can stand beside a chart) and breaks what is wider than its column.
fn table(map: &mut serde_json::Map<String, Value>) {
    let texts = |v: &Value| v.as_array().into_iter().flatten().map(|t| t.as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>();
    let (head, rows) = (texts(&map["head"]), map["rows"].as_array().into_iter().flatten().map(texts).collect::<Vec<_>>());
    let fixed: Vec<f64> = map.get("widths").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_f64).collect();
    let (kind, places) = if fixed.len() == head.len() && !head.is_empty() {
        (Type { em: FIXED.0, inset: FIXED.1 }, fixed)
    } else {
        let kind = if head.len() > 5 { Type { em: 8.0, inset: 5.0 } } else { Type { em: 8.5, inset: 8.0 } };
        let columns = Columns::new(&head, &rows, kind);
        let (widths, half) = (columns.on_page(), columns.in_half(rows.len()));
        let places = widths.iter().enumerate().map(|(i, w)| half.as_ref().map_or(*w, |h| w.min(h[i]))).collect();
        map.insert("widths".into(), widths.into());
        map.insert("half".into(), half.map_or(Value::Null, Into::into));
        (kind, places)
    };
    let fit_row = |cells: &mut Value, bold: bool| {
        for (cell, place) in cells.as_array_mut().into_iter().flatten().zip(&places) {
            each_text(cell, &mut |text| break_words(text, place - 2.0 * kind.inset, kind.em, bold));
        }
    };
    fit_row(&mut map["head"], true);
    map["rows"].as_array_mut().into_iter().flatten().for_each(|row| fit_row(row, false));
}

/// What the columns of a table would take.
struct Columns {
    /// On one line, and at least for the longest word, in pt with the insets.
    natural: Vec<f64>,
    least: Vec<f64>,
}

impl Columns {
    fn new(head: &[String], rows: &[Vec<String>], kind: Type) -> Self {
        let cells = |i: usize| std::iter::once((head.get(i), true)).chain(rows.iter().map(move |r| (r.get(i), false)));
        let widest = |i: usize, of: &dyn Fn(&str, bool) -> f64| cells(i).filter_map(|(t, bold)| Some(of(t?, bold))).fold(0.0, f64::max);
        // rounding must not break a line that fits
        let around = 2.0 * kind.inset + 1.0;
        let line = |text: &str, bold: bool| text.lines().map(|l| width(l, kind.em, bold)).fold(0.0, f64::max);
        let word = |text: &str, bold: bool| words(text).into_iter().map(|w| width(w, kind.em, bold)).fold(0.0, f64::max) + kind.em;
        Self {
            natural: (0..head.len()).map(|i| widest(i, &line) + around).collect(),
            least: (0..head.len()).map(|i| widest(i, &word).min(widest(i, &line)) + around).collect(),
        }
    }

    fn others(&self) -> f64 {
        self.natural.iter().skip(1).sum()
    }

    /// Columns keep to their content when they fit; else they share the page, so that none is squeezed to nothing.
    fn on_page(&self) -> Vec<f64> {
        if self.others() < NUMBERS {
            return self.first_takes_rest(PAGE);
        }
        let weights: Vec<f64> = self.natural.iter().map(|w| w.clamp(40.0, 120.0)).collect();
        // a number or a word stays whole where there is room for it
        let wanted = |i: usize| self.least[i].min(PAGE / 3.0);
        let mut widths = vec![None; weights.len()];
        loop {
            let taken: f64 = widths.iter().flatten().sum();
            let open: f64 = (0..weights.len()).filter(|i| widths[*i].is_none()).map(|i| weights[i]).sum();
            let share = |i: usize| weights[i] / open * (PAGE - taken);
            match (0..weights.len()).find(|&i| widths[i].is_none() && share(i) < wanted(i)) {
                Some(i) => widths[i] = Some(wanted(i)),
                None => {
                    let all: Vec<f64> = (0..weights.len()).map(|i| widths[i].unwrap_or_else(|| share(i))).collect();
                    // too much for the page: everyone gives
                    let whole: f64 = weights.iter().sum();
                    let is_sound = taken < PAGE * 0.9 && all.iter().all(|w| *w >= 20.0);
                    return if is_sound { all } else { weights.iter().map(|w| w / whole * PAGE).collect() };
                }
            }
        }
    }

    fn first_takes_rest(&self, whole: f64) -> Vec<f64> {
        std::iter::once(whole - self.others()).chain(self.natural.iter().skip(1).copied()).collect()
    }

    /// Beside a chart: few rows, and numbers that leave the names half of the half.
    fn in_half(&self, rows: usize) -> Option<Vec<f64>> {
        ((1..7).contains(&rows) && self.others() <= NUMBERS_IN_HALF).then(|| self.first_takes_rest(HALF))
    }
}

/// Whether a line may end on both sides of a letter, whatever stands there: ideographs and kana, but for those that hang on the letter before.
fn is_open(c: char) -> bool {
    match c {
        ' ' | '\n' | '\u{3000}' | '〓' => true,
        'ぁ' | 'ぃ' | 'ぅ' | 'ぇ' | 'ぉ' | 'っ' | 'ゃ' | 'ゅ' | 'ょ' | 'ゎ' | 'ァ' | 'ィ' | 'ゥ' | 'ェ' | 'ォ' | 'ッ' | 'ャ' | 'ュ' | 'ョ' | 'ヮ'
        | 'ヵ' | 'ヶ' => false,
        '\u{3041}'..='\u{3096}' | '\u{30A1}'..='\u{30FA}' | '\u{FF71}'..='\u{FF9D}' => true,
        '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}' => true,
        _ => false,
    }
}

/// Stretches without a place where a line may certainly end.
fn words(text: &str) -> Vec<&str> {
    text.split(is_open).filter(|w| !w.is_empty()).collect()
}

/// Marks after which a long word breaks better than within a number or a name.
const SOFT: &str = "〜～/\\-_.,:;?&=@%#+|~!)";

/// Lets words that are wider than `place` break: after a mark, and anywhere in what is still too wide.
fn break_words(text: &mut String, place: f64, em: f64, bold: bool) {
    // most texts have no long word: a letter is at most one em wide
    if (text.len() as f64) * em <= place || text.contains(BREAK) {
        return;
    }
    // the letter before a word may have to stay with it
    let room = (place - em).max(em);
    let is_wide = |word: &str| word.chars().count() as f64 * em > room && width(word, em, bold) > room;
    if !words(text).into_iter().any(is_wide) {
        return;
    }
    let mut out = String::with_capacity(text.len() * 2);
    let mut rest = text.as_str();
    while let Some(c) = rest.chars().next() {
        if is_open(c) {
            out.push(c);
            rest = &rest[c.len_utf8()..];
            continue;
        }
        let (word, after) = rest.split_at(rest.find(is_open).unwrap_or(rest.len()));
        if is_wide(word) {
            let pieces = word.split_inclusive(|c| SOFT.contains(c));
            let piece = |p: &str| if is_wide(p) { everywhere(p) } else { p.to_owned() };
            out.push_str(&pieces.map(piece).collect::<Vec<_>>().join(BREAK.encode_utf8(&mut [0; 4])));
        } else {
            out.push_str(word);
        }
        rest = after;
    }
    *text = out;
}

/// A word that may break between any two letters; marks and selectors stay with theirs.
fn everywhere(word: &str) -> String {
    let mut out = String::with_capacity(word.len() * 4);
    for c in word.chars() {
        let is_own = !is_selector(c) && canonical_combining_class(c) == 0;
        if is_own && !out.is_empty() {
            out.push(BREAK);
        }
        out.push(c);
    }
    out
}
