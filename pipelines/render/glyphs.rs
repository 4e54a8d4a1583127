//! Characters that the embedded fonts lack: replaced before rendering, so that no sheet fails over one name.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde_json::Value;
use typst::foundations::Bytes;
use typst::text::Font;
use unicode_normalization::UnicodeNormalization;

use crate::ground::embedded;

/// Stands where a character cannot be shown.
const REPLACEMENT: char = '〓';

/// The embedded faces, parsed once.
pub static FONTS: LazyLock<Vec<Font>> = LazyLock::new(|| {
    [embedded::FONT_UDP_REGULAR, embedded::FONT_UDP_BOLD, embedded::FONT_UD_REGULAR, embedded::FONT_UD_BOLD]
        .into_iter()
        .flat_map(|bytes| Font::iter(Bytes::new(bytes)))
        .collect()
});

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

/// Whether the text face can show a character.
pub fn can_show(c: char) -> bool {
    c == '\n' || SHOWABLE.get(c as usize).copied().unwrap_or(false)
}

/// The text in a form that every exporter can show, and the characters that had to be replaced.
pub fn showable(text: &str, replaced: &mut BTreeSet<char>) -> Option<String> {
    if text.chars().all(|c| c == '\n' || if c.is_ascii() { !c.is_ascii_control() } else { !c.is_control() && can_show(c) }) {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    for c in text.nfc() {
        match c {
            '\r' | '\u{FEFF}' => {}
            '\t' => out.push(' '),
            '\n' => out.push('\n'),
            c if c.is_control() => {}
            c if can_show(c) => out.push(c),
            c => {
                replaced.insert(c);
                out.push(REPLACEMENT);
            }
        }
    }
    Some(out)
}

/// Makes every text of a JSON value showable.
pub fn clean(value: &mut Value, replaced: &mut BTreeSet<char>) {
    match value {
        Value::String(text) => {
            if let Some(shown) = showable(text, replaced) {
                *text = shown;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|v| clean(v, replaced)),
        Value::Object(map) => map.values_mut().for_each(|v| clean(v, replaced)),
        _ => {}
    }
}
