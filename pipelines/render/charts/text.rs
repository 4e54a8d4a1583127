//! Text in the charts: measuring, wrapping, numbers.

use plotters::style::{FontDesc, FontFamily, FontStyle, register_font};
use std::sync::Once;

/// Family name, both for plotters and in the SVG.
pub(super) const FONT: &str = "BIZ UDPGothic";
/// Usual letter size in px (about 10.6 pt in print).
pub(super) const EM: f64 = 22.0;
/// Smallest letter size in px (about 8.7 pt in print).
pub(super) const SMALL_EM: f64 = 18.0;
/// Line distance in em.
pub(super) const LEADING: f64 = 1.2;

static FONTS: Once = Once::new();

/// Registers the embedded faces with plotters, once per process.
///
/// Without it (or with bytes that are no font) charts still work, but text widths are estimated.
pub fn register_fonts(regular: &'static [u8], bold: &'static [u8]) {
    FONTS.call_once(|| {
        for (style, bytes) in [(FontStyle::Normal, regular), (FontStyle::Bold, bold)] {
            // A broken face only costs precision: `width` falls back to an estimate.
            let _ = register_font(FONT, style, bytes);
        }
    });
}

/// Width of `text` in px at `em` px.
pub fn width(text: &str, em: f64, bold: bool) -> f64 {
    // plotters truncates to whole px, so measure ten times as large.
    const FINE: f64 = 10.0;
    let style = if bold { FontStyle::Bold } else { FontStyle::Normal };
    FontDesc::new(FontFamily::Name(FONT), em * FINE, style)
        .layout_box(text)
        .map_or_else(|_| estimated_width(text, em), |((x0, _), (x1, _))| f64::from(x1 - x0) / FINE)
}

fn estimated_width(text: &str, em: f64) -> f64 {
    text.chars().map(|c| if c.is_ascii() { 0.6 * em } else { em }).sum()
}

/// Lines of text at one size.
#[derive(Clone, Debug)]
pub(super) struct Block {
    pub lines: Vec<String>,
    pub em: f64,
}

impl Block {
    /// Widest line in px.
    pub(super) fn width(&self, bold: bool) -> f64 {
        self.lines.iter().map(|l| width(l, self.em, bold)).fold(0.0, f64::max)
    }

    /// Height in px.
    pub(super) fn height(&self) -> f64 {
        self.em * (1.0 + LEADING * (self.lines.len().max(1) - 1) as f64)
    }
}

/// Fits all texts into `max_width` px with at most two lines each, all at one size:
/// first by wrapping, then by smaller letters, at last by 「…」.
pub(super) fn fit_all<'a>(texts: impl Iterator<Item = &'a str>, max_width: f64, bold: bool) -> Vec<Block> {
    let texts: Vec<String> = texts.map(clean).collect();
    let mut em = EM;
    loop {
        let blocks: Option<Vec<Block>> = texts.iter().map(|t| fit_at(t, em, max_width, bold)).collect();
        match blocks {
            Some(blocks) => return blocks,
            None if em > SMALL_EM => em -= 2.0,
            None => break,
        }
    }
    texts.iter().map(|t| fit_at(t, em, max_width, bold).unwrap_or_else(|| cut(t, em, max_width, bold))).collect()
}

fn fit_at(text: &str, em: f64, max_width: f64, bold: bool) -> Option<Block> {
    let whole = width(text, em, bold);
    if whole > 2.0 * max_width {
        return None; // no split can help; trying every one is slow for a long text
    }
    if whole <= max_width {
        return Some(Block { lines: vec![text.to_string()], em });
    }
    let (a, b) = split_in_two(text, em, bold)?;
    let fits = width(&a, em, bold) <= max_width && width(&b, em, bold) <= max_width;
    fits.then_some(Block { lines: vec![a, b], em })
}

/// Two full lines and 「…」: the last resort.
fn cut(text: &str, em: f64, max_width: f64, bold: bool) -> Block {
    let first = prefix(text, em, max_width, bold);
    let rest = text[first.len()..].trim_start();
    let second = if width(rest, em, bold) <= max_width {
        rest.to_string()
    } else {
        let dots = width("…", em, bold);
        format!("{}…", prefix(rest, em, max_width - dots, bold))
    };
    let lines = [first.to_string(), second].into_iter().filter(|l| !l.is_empty()).collect();
    Block { lines, em }
}

/// One line, cut with 「…」 if it is wider than `max_width`.
pub(super) fn one_line(text: &str, em: f64, max_width: f64, bold: bool) -> String {
    let text = clean(text);
    if width(&text, em, bold) <= max_width {
        return text;
    }
    let dots = width("…", em, bold);
    format!("{}…", prefix(&text, em, max_width - dots, bold))
}

/// A paragraph in as many lines as it needs; a line breaks where [`break_penalty`] allows it.
pub(super) fn lines(text: &str, em: f64, max_width: f64, bold: bool) -> Vec<String> {
    let text = clean(text);
    let mut out = Vec::new();
    let mut rest = text.as_str();
    while width(rest, em, bold) > max_width {
        let fits = prefix(rest, em, max_width, bold).len();
        let allowed = |i: &usize| *i > 0 && rest.is_char_boundary(*i) && break_penalty(rest, *i).is_some();
        // a word wider than the line is torn, and a single letter stays
        let first = rest.chars().next().map_or(rest.len(), char::len_utf8);
        let at = (1..=fits).rev().find(allowed).unwrap_or(fits.max(first));
        out.push(rest[..at].trim_end().to_owned());
        rest = rest[at..].trim_start();
    }
    if !rest.is_empty() {
        out.push(rest.to_owned());
    }
    out
}

fn prefix(text: &str, em: f64, max_width: f64, bold: bool) -> &str {
    let ends = text.char_indices().map(|(i, c)| i + c.len_utf8());
    let end = ends.take_while(|&e| width(&text[..e], em, bold) <= max_width).last();
    &text[..end.unwrap_or(0)]
}

/// Splits where both lines come out short and no word is torn if possible.
fn split_in_two(text: &str, em: f64, bold: bool) -> Option<(String, String)> {
    let mut best: Option<(f64, usize)> = None;
    for (i, _) in text.char_indices().skip(1) {
        let Some(penalty) = break_penalty(text, i) else { continue };
        let longer = width(text[..i].trim_end(), em, bold).max(width(text[i..].trim_start(), em, bold));
        let cost = longer * penalty;
        if best.is_none_or(|(c, _)| cost < c) {
            best = Some((cost, i));
        }
    }
    best.map(|(_, i)| (text[..i].trim_end().to_string(), text[i..].trim_start().to_string()))
}

/// How bad a line break before byte `i` is (1 = natural); `None` = forbidden (kinsoku).
fn break_penalty(text: &str, i: usize) -> Option<f64> {
    const NO_START: &str = "、。，．・：；？！）)」』】〕％%ー々〜～…ぁぃぅぇぉっゃゅょァィゥェォッャュョ";
    const OPEN: &str = "（(「『【〔";
    const CLOSE: &str = "、。，・）)」』】〕／ 　";
    let before = text[..i].chars().next_back()?;
    let after = text[i..].chars().next()?;
    if NO_START.contains(after) || OPEN.contains(before) || (is_word(before) && is_word(after)) {
        None
    } else if CLOSE.contains(before) || OPEN.contains(after) {
        Some(1.0)
    } else if is_hiragana(before) && !is_hiragana(after) {
        Some(1.12) // after a particle
    } else if is_katakana(before) == is_katakana(after) {
        Some(1.6)
    } else {
        Some(1.3)
    }
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '.' || c == ','
}

fn is_hiragana(c: char) -> bool {
    ('\u{3041}'..='\u{309f}').contains(&c)
}

fn is_katakana(c: char) -> bool {
    ('\u{30a0}'..='\u{30ff}').contains(&c)
}

/// Control characters (line feeds from cells) would break the one-line text elements and XML.
pub(super) fn clean(text: &str) -> String {
    let usable = |c: char| if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') { ' ' } else { c };
    text.chars().map(usable).collect::<String>().trim().to_string()
}

/// `12,345` or `12.3`; 「―」 when there is no number.
pub(super) fn number(value: f64) -> String {
    if !value.is_finite() {
        return "―".to_string();
    }
    crate::ground::numbers::share_number(value).replacen('-', "−", 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_in_print() {
        let got: Vec<String> = [0.0, 12.0, 1234567.0, 5.06, -3.25, 99.96, f64::NAN].map(number).into();
        assert_eq!(got, ["0", "12", "1,234,567", "5.1", "−3.3", "100", "―"]);
    }

    #[test]
    fn lines_do_not_start_with_closing_marks() {
        let (a, b) = split_in_two("内分泌・代謝・栄養領域", EM, false).expect("breakable");
        assert!(a.ends_with('・') && !b.starts_with('・'), "{a} | {b}");
    }
}
