//! Spellings by which publishers hide a small count: the rows of `sql/layouts/mask_spellings.csv`.
//!
//! They are known, and still no cell is read by them: what a mark means in a file is said by its column mapping. The rows make
//! the proposal of a mapping, and the advice when a run stops at a mark.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::Context;
use crate::facts::dictionary::read_csv;
use crate::facts::finding::Finding;
use crate::ground::error::{Error, Result};
use crate::ground::text::fold;

/// A spelling.
#[derive(Clone, Debug, Deserialize)]
pub struct Mask {
    /// The cell as publishers write it; `N` stands for digits.
    pub spelling: String,
    /// 1: it says itself that a count is hidden. 0: it is used for that and for other things.
    #[serde(deserialize_with = "crate::facts::dictionary::flag")]
    pub certain: bool,
    /// What is said of it, for people: 「…は{said}」.
    pub said: String,
}

static ROWS: LazyLock<std::result::Result<Vec<(String, Mask)>, String>> = LazyLock::new(|| {
    let rows: Vec<Mask> = read_csv("sql/layouts/mask_spellings.csv").map_err(|e| e.to_string())?;
    Ok(rows.into_iter().map(|m| (key(&m.spelling), m)).collect())
});

/// Spellings that differ only in their digits, their dashes or their width have one key.
fn key(text: &str) -> String {
    let mut key = String::new();
    for c in fold(text).chars() {
        match c {
            '～' | '〜' | '∼' | '-' | '−' | '–' | '‐' | 'ー' => key.push('~'),
            '≦' => key.push('≤'),
            c if c.is_ascii_digit() => {
                if !key.ends_with('N') {
                    key.push('N');
                }
            }
            c => key.extend(c.to_uppercase()),
        }
    }
    key
}

/// The row for a cell.
///
/// # Errors
/// Only where the table is broken.
pub fn find(cell: &str) -> Result<Option<&'static Mask>> {
    let rows = ROWS.as_ref().map_err(|e| Error::new(e.clone()))?;
    let key = key(cell);
    Ok(rows.iter().find(|(k, _)| *k == key).map(|(_, m)| m))
}

/// Whether a cell says of itself that a count is hidden.
pub fn is_certain(cell: &str) -> bool {
    find(cell).ok().flatten().is_some_and(|m| m.certain)
}

/// One odd cell is a slip of a facility; the same glyph in many cells is a sign of the file, and only people know of what.
///
/// # Errors
/// A mark that nobody has explained stands in many cells of counts or of choices.
pub(super) fn refuse_undecided<'a>(context: &'a Context<'_>, told: impl Iterator<Item = (usize, &'a Finding)>) -> Result<()> {
    let least = context.request.rules.value("undecided_glyph_cells")?;
    let mut seen: BTreeMap<(usize, String), Vec<&Finding>> = BTreeMap::new();
    for (number, finding) in told.filter(|(_, f)| matches!(f.code.as_str(), "not_a_count" | "not_a_number" | "unknown_mark")) {
        seen.entry((number, fold(&finding.value))).or_default().push(finding);
    }
    seen.retain(|_, found| found.len() as f64 >= least);
    let Some(((number, glyph), found)) = seen.iter().max_by_key(|(_, found)| found.len()) else { return Ok(()) };
    let Some(first) = found.iter().min_by_key(|f| f.row) else { return Ok(()) };
    let source = &context.sources[*number];
    let all = |code: &str| found.iter().all(|f| f.code == code);
    let kinds = if all("not_a_count") {
        "件数の欄"
    } else if all("unknown_mark") {
        "○の欄"
    } else {
        "件数・人数の欄"
    };
    let others = seen.iter().filter(|((n, g), _)| n == number && g != glyph).map(|((_, g), f)| format!("、「{g}」も {} か所", f.len()));
    let what = format!(
        "「{}」の意味が列対応表で決まっていません（{kinds} {} か所、最初は行 {}・列 {}{}）",
        first.value.trim(),
        found.len(),
        first.row,
        first.column,
        others.collect::<String>()
    );
    // a mask has bounds for counts only: what is decided for them does not help the other numbers
    let is_masked = |f: &&Finding| {
        let function = context.request.dictionary.item(&f.item_code).map_or("", |i| i.function_code.as_str());
        f.code == "not_a_number" && source.glyphs(&f.item_code, function, context.masked).masked.contains(glyph)
    };
    let next = if found.iter().all(is_masked) {
        let item = &first.item_code;
        format!(
            "人数の欄は masked（秘匿）として読めません。列対応表に [values_of.{item}] のような表を足し、zero（0）か missing（無回答）に「{glyph}」を書いてください"
        )
    } else if all("unknown_mark") {
        format!("列対応表の [values] の selected（選択）か unselected（選択していない）に「{glyph}」を書いてください")
    } else {
        let hint = find(glyph)?.map_or_else(String::new, |m| format!("「{glyph}」は{}。", m.said));
        format!(
            "{hint}列対応表の [values] の masked（秘匿）・zero（0回）・missing（無回答）のどれかに「{glyph}」を書いてください（kyogi mapping で案を作れます）"
        )
    };
    Err(Error::new(what).at(format!("列対応表 {}（{}）", source.layout.name, source.layout.title)).file(&source.path).next(next))
}
