//! What the embedded fonts can print of a text as people wrote it: nothing unseen, every variant by its glyph, the rest as 〓 that is told.
//!
//! The screen shows what was written. On paper a text becomes the nearest that the faces have; it is normalised nowhere else.

use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::Value;
use ttf_parser::Face;
use typst::foundations::Bytes;
use typst::text::Font;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{canonical_combining_class, compose};

use crate::facts::dictionary::read_csv;
use crate::ground::embedded;
use crate::ground::text::{is_invisible, is_selector};

/// Stands where a character cannot be shown.
pub const REPLACEMENT: char = '〓';
/// Joins the two characters around it to one picture.
const JOINER: char = '\u{200D}';

/// The embedded faces, parsed once.
pub static FONTS: LazyLock<Vec<Font>> = LazyLock::new(|| {
    [embedded::FONT_UDP_REGULAR, embedded::FONT_UDP_BOLD, embedded::FONT_UD_REGULAR, embedded::FONT_UD_BOLD]
        .into_iter()
        .flat_map(|bytes| Font::iter(Bytes::new(bytes)))
        .collect()
});

/// The two text faces, for their variants and widths.
static FACES: LazyLock<Vec<Face<'static>>> =
    LazyLock::new(|| [embedded::FONT_UDP_REGULAR, embedded::FONT_UDP_BOLD].iter().filter_map(|bytes| Face::parse(bytes, 0).ok()).collect());

/// One bit for each character that the text face has: asking the font itself is a search each time.
static SHOWABLE: LazyLock<Vec<bool>> = LazyLock::new(|| {
    let mut table = vec![false; 0x30000];
    for c in FONTS.first().into_iter().flat_map(|f| f.info().coverage.iter()) {
        if let Some(slot) = table.get_mut(c as usize) {
            *slot = true;
        }
    }
    table
});

/// A row of `reports/parts/characters.csv`: hexadecimal code points.
#[derive(Deserialize)]
struct CharacterRow {
    from: String,
    to: String,
}

/// What a character is printed by: radicals by the letter that they stand for, odd hyphens and spaces by the plain one.
static PLAIN: LazyLock<HashMap<char, char>> = LazyLock::new(|| {
    let rows: Vec<CharacterRow> = read_csv("reports/parts/characters.csv").unwrap_or_else(|e| panic!("{e}"));
    let code = |text: &str| u32::from_str_radix(text, 16).ok().and_then(char::from_u32);
    rows.iter().filter_map(|r| Some((code(&r.from)?, code(&r.to)?))).collect()
});

/// A letter with a selector → the compatibility letter that the pair stands for: 神︀ is 神 (U+FA19).
static COMPATIBLE: LazyLock<HashMap<(char, char), char>> = LazyLock::new(|| {
    let blocks = ('\u{F900}'..='\u{FAFF}').chain('\u{2F800}'..='\u{2FA1F}');
    blocks
        .filter_map(|c| {
            let mut pair = std::iter::once(c).cjk_compat_variants();
            Some(((pair.next()?, pair.next().filter(|s| is_selector(*s))?), c))
        })
        .collect()
});

/// Whether the text face can show a character.
pub fn can_show(c: char) -> bool {
    c == '\n' || SHOWABLE.get(c as usize).copied().unwrap_or(false)
}

/// Whether both text faces have the variant of a letter.
fn has_variant(letter: char, selector: char) -> bool {
    FACES.iter().all(|f| f.glyph_variation_index(letter, selector).is_some())
}

/// Width of a text on one line at a size, in the unit of the size.
pub fn width(text: &str, em: f64, bold: bool) -> f64 {
    let Some(face) = FACES.get(usize::from(bold)) else { return 0.0 };
    let units = f64::from(face.units_per_em());
    let advance = |c: char| face.glyph_index(c).and_then(|g| face.glyph_hor_advance(g)).map_or(1.0, |a| f64::from(a) / units);
    // punctuation comes from the face of fixed widths
    text.chars().map(|c| if is_mark(c) { 1.0 } else { advance(c) }).sum::<f64>() * em
}

fn is_mark(c: char) -> bool {
    "、。，．：；「」『』（）〔〕［］｛｝〈〉《》【】・".contains(c)
}

/// The text as it can be printed, where it must be another; what had to be replaced is added to `missing`.
pub fn printable(text: &str, missing: &mut BTreeSet<char>) -> Option<String> {
    let is_plain = |c: char| match c {
        '\n' | ' '..='~' => true,
        c if c.is_ascii() => false,
        '\u{FF65}'..='\u{FF9F}' | '\u{2E80}'..='\u{2FDF}' | '\u{A0}' | '\u{300}'..='\u{36F}' | '\u{3099}' | '\u{309A}' => false,
        c => !c.is_control() && !is_invisible(c) && can_show(c),
    };
    if text.chars().all(is_plain) {
        return None;
    }
    let mut press = Press { letters: text.chars().collect(), at: 0, out: String::with_capacity(text.len()), letter: None, missing };
    while press.at < press.letters.len() {
        press.step();
    }
    Some(press.out)
}

/// Sets one letter after another.
struct Press<'a> {
    letters: Vec<char>,
    at: usize,
    out: String,
    /// The letter that was written before, as people wrote it.
    letter: Option<char>,
    missing: &'a mut BTreeSet<char>,
}

impl Press<'_> {
    fn step(&mut self) {
        let c = self.letters[self.at];
        if let Some(kana) = self.half_width_kana() {
            self.out.push_str(&kana);
            self.letter = kana.chars().last();
            return;
        }
        self.at += 1;
        match c {
            '\r' if self.letters.get(self.at) == Some(&'\n') => {}
            '\r' | '\u{B}' | '\u{C}' | '\u{85}' | '\u{2028}' | '\u{2029}' => self.out.push('\n'),
            '\t' => self.out.push(' '),
            c if is_selector(c) => self.select(c),
            // joined pictures are one, and so is what stands for them
            JOINER if self.out.ends_with(REPLACEMENT) => {
                if let Some(next) = self.letters.get(self.at).copied().filter(|n| !can_show(*n)) {
                    self.missing.insert(next);
                    self.at += 1;
                }
            }
            c if c != '\n' && (c.is_control() || is_invisible(c)) => {}
            c if canonical_combining_class(c) > 0 => self.combine(c),
            c => {
                self.put(c);
                self.letter = Some(c);
            }
        }
    }

    /// A stretch of half-width kana; with voiced marks in full width, because readers of the text layer double the marks.
    fn half_width_kana(&mut self) -> Option<String> {
        let is_half = |c: &&char| ('\u{FF66}'..='\u{FF9F}').contains(*c);
        let stretch: String = self.letters[self.at..].iter().take_while(is_half).collect();
        self.at += stretch.chars().count();
        let is_voiced = stretch.contains(['\u{FF9E}', '\u{FF9F}']);
        let whole = || stretch.nfkc().collect::<String>().replace('\u{3099}', "\u{309B}").replace('\u{309A}', "\u{309C}");
        (!stretch.is_empty()).then(|| if is_voiced { whole() } else { stretch.clone() })
    }

    /// The variant of the letter before: by its own glyph, by the compatibility letter, or by the letter alone.
    fn select(&mut self, selector: char) {
        let Some(letter) = self.letter else { return };
        if !self.out.ends_with(letter) {
            return;
        }
        if has_variant(letter, selector) {
            self.out.push(selector);
        } else if let Some(compatible) = COMPATIBLE.get(&(letter, selector)).filter(|c| can_show(**c)) {
            self.out.pop();
            self.out.push(*compatible);
        }
        self.letter = None;
    }

    /// A mark on the letter before: one letter with it where there is one.
    fn combine(&mut self, mark: char) {
        let before = self.out.chars().last();
        match before.and_then(|b| compose(b, mark)).filter(|c| can_show(*c)) {
            Some(whole) => {
                self.out.pop();
                self.out.push(whole);
                self.letter = Some(whole);
            }
            None => self.put(mark),
        }
    }

    /// A letter, what stands for it, or 〓.
    fn put(&mut self, c: char) {
        let is_radical = ('\u{2E80}'..='\u{2FDF}').contains(&c);
        let plain = PLAIN.get(&c).copied().filter(|p| can_show(*p));
        if let Some(plain) = plain.filter(|_| is_radical || c == '\u{A0}' || !can_show(c)) {
            return self.out.push(plain);
        }
        if can_show(c) && !is_radical {
            return self.out.push(c);
        }
        let alike: String = std::iter::once(c).nfkc().collect();
        if alike.chars().all(|a| a != c && can_show(a)) {
            return self.out.push_str(&alike);
        }
        if !can_show(c) {
            self.missing.insert(c);
        }
        self.out.push(if can_show(c) { c } else { REPLACEMENT });
    }
}

/// Makes every text of a JSON value printable.
pub fn clean(value: &mut Value, missing: &mut BTreeSet<char>) {
    each_text(value, &mut |text| printable(text, missing));
}

/// The characters of a value that would be printed as 〓.
pub fn missing(value: &Value) -> BTreeSet<char> {
    let mut found = BTreeSet::new();
    clean(&mut value.clone(), &mut found);
    found
}

/// The characters of a text that would be printed as 〓, as people look for them: 「𠮷」（U+20BB7）.
pub fn missing_in(text: &str) -> Option<String> {
    let mut found = BTreeSet::new();
    printable(text, &mut found);
    (!found.is_empty()).then(|| told(&found))
}

/// 「𠮷」（U+20BB7）、「🏥」（U+1F3E5）
pub fn told(missing: &BTreeSet<char>) -> String {
    missing.iter().map(|c| format!("「{c}」（U+{:04X}）", u32::from(*c))).collect::<Vec<_>>().join("、")
}

/// Leaves the texts of a value as they were written, but for control characters and marks that turn the direction of what follows.
pub fn clean_screen(value: &mut Value) {
    let is_unfit = |c: char| (c.is_control() && !matches!(c, '\n' | '\t')) || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    each_text(value, &mut |text| text.contains(is_unfit).then(|| text.replace("\r\n", "\n").replace(is_unfit, "")));
}

fn each_text(value: &mut Value, change: &mut dyn FnMut(&str) -> Option<String>) {
    match value {
        Value::String(text) => {
            if let Some(changed) = change(text) {
                *text = changed;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|v| each_text(v, change)),
        Value::Object(map) => map.values_mut().for_each(|v| each_text(v, change)),
        _ => {}
    }
}
