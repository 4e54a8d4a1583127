//! How alike two labels are, and which function a header speaks of.

use std::collections::BTreeSet;

use crate::ground::text::fold;

/// A header or a dictionary label in the form in which they are compared.
#[derive(Clone, Debug)]
pub struct Label {
    plain: String,
    pairs: Vec<(char, char)>,
}

/// Tokens of headers that name a function; they decide the group, not the likeness.
const TOKENS: [(&str, &str); 26] = [
    ("2号(イ)", "g2a"),
    ("2号(ロ)", "g2b"),
    ("2号(ハ)", "g2c"),
    ("2号(ニ)", "g2d"),
    ("2号機能イ", "g2a"),
    ("2号機能ロ", "g2b"),
    ("2号機能ハ", "g2c"),
    ("2号機能ニ", "g2d"),
    ("2号イ", "g2a"),
    ("2号ロ", "g2b"),
    ("2号ハ", "g2c"),
    ("2号ニ", "g2d"),
    ("2号_イ", "g2a"),
    ("2号_ロ", "g2b"),
    ("2号_ハ", "g2c"),
    ("2号_ニ", "g2d"),
    ("(イ)", "g2a"),
    ("(ロ)", "g2b"),
    ("(ハ)", "g2c"),
    ("(ニ)", "g2d"),
    ("1号機能", "g1"),
    ("1号", "g1"),
    ("その他_", "other"),
    ("その他|", "other"),
    ("基本情報", "base"),
    ("基本事項", "base"),
];

/// Words of a group's name above the columns.
const GROUP_WORDS: [(&str, &str); 6] =
    [("時間外", "g2a"), ("入退院", "g2b"), ("在宅", "g2c"), ("介護", "g2d"), ("その他", "other"), ("基本", "base")];

/// The functions that a header or label names.
pub fn functions(text: &str) -> BTreeSet<&'static str> {
    let mut rest = fold(text);
    let mut found = BTreeSet::new();
    for (token, function) in TOKENS {
        if rest.contains(token) {
            found.insert(function);
            // 「2号イ」 must not be met again as a shorter token
            rest = rest.replace(token, "|");
        }
    }
    if let Some((group, _)) = fold(text).rsplit_once('|') {
        found.extend(GROUP_WORDS.iter().filter(|(word, _)| group.contains(word)).map(|(_, f)| *f));
    }
    found
}

/// Number of the item that a header begins with: `03_` or `No.3`.
pub fn number(text: &str) -> Option<u32> {
    let last = fold(text);
    let last = last.rsplit('|').next()?;
    let part = last.split('_').find(|p| p.trim_start_matches("No.").starts_with(|c: char| c.is_ascii_digit()) && !p.contains('号'))?;
    let digits: String = part.trim_start_matches("No.").chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok().filter(|n| *n < 100)
}

impl Label {
    /// Without function names, item numbers and punctuation.
    pub fn new(text: &str) -> Self {
        let mut text = fold(text).to_lowercase();
        for (token, _) in TOKENS {
            text = text.replace(token, "|");
        }
        let parts = text.split(['|', '_']).map(|part| part.trim_start_matches("no.").trim_start_matches(|c: char| c.is_ascii_digit()));
        let plain: String = parts.flat_map(str::chars).filter(|c| c.is_alphanumeric() || matches!(c, 'ー')).filter(|c| *c != 'の').collect();
        let mut pairs: Vec<(char, char)> = plain.chars().zip(plain.chars().skip(1)).collect();
        pairs.sort_unstable();
        Self { plain, pairs }
    }

    pub fn is_empty(&self) -> bool {
        self.plain.is_empty()
    }

    /// 1 for the same text, 0 for nothing in common: shared pairs of neighbouring characters, or one within the other.
    pub fn likeness(&self, other: &Self) -> f64 {
        if self.plain == other.plain {
            return if self.plain.is_empty() { 0.0 } else { 1.0 };
        }
        let (mut i, mut j, mut shared) = (0, 0, 0);
        while i < self.pairs.len() && j < other.pairs.len() {
            match self.pairs[i].cmp(&other.pairs[j]) {
                std::cmp::Ordering::Less => i += 1,
                std::cmp::Ordering::Greater => j += 1,
                std::cmp::Ordering::Equal => {
                    shared += 1;
                    (i, j) = (i + 1, j + 1);
                }
            }
        }
        let dice = 2.0 * f64::from(shared) / (self.pairs.len() + other.pairs.len()).max(1) as f64;
        let (short, long) = if self.plain.len() < other.plain.len() { (self, other) } else { (other, self) };
        let within = short.pairs.len() >= 2 && long.plain.contains(&short.plain);
        let share = (short.pairs.len() + 1) as f64 / (long.pairs.len() + 1) as f64;
        // the same text is the only certainty
        (if within { dice.max(0.5 + 0.45 * share) } else { dice }).min(0.98)
    }
}
