//! Words that point to a text instead of saying it: 「案のとおり」, 「候補のとおり」 (`reports/workbook/pointers.csv`).

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::facts::dictionary::read_csv;
use crate::ground::error::{Error, Result};
use crate::ground::text::fold;

/// A row of the list: `what` is followed by a `link` and perhaps a `tail`; a `whole` stands alone.
#[derive(Clone, Debug, Deserialize)]
struct Word {
    kind: String,
    word: String,
    takes: String,
}

/// How people point, and what is said where nothing stands at the place.
#[derive(Clone, Debug)]
pub struct Pointers {
    words: Vec<Word>,
    reasons: BTreeMap<String, String>,
}

/// The texts of a row that an agreement may point to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Row<'a> {
    pub agreed: &'a str,
    pub proposal: &'a str,
    pub candidate: &'a str,
    /// What the pointer took when the workbook was last made: a candidate may change with the data, an agreement may not.
    pub fixed: &'a str,
}

/// What an agreement says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Agreement {
    /// The text itself, or what the words point to; what people wrote where nothing stands there.
    pub text: String,
    /// Whether the words of people only point.
    pub is_pointer: bool,
    /// Why the text cannot be told; empty where it can.
    pub unresolved: String,
}

/// In front of a reason in the place of the text.
pub const UNRESOLVED: char = '※';

impl Agreement {
    /// What the workbook shows beside the words: the text that they point to, or why there is none.
    pub fn shown(&self) -> String {
        match (self.is_pointer, self.unresolved.is_empty()) {
            (false, _) => String::new(),
            (true, true) => self.text.clone(),
            (true, false) => format!("{UNRESOLVED}{}", self.unresolved),
        }
    }
}

#[derive(PartialEq)]
enum Aim<'a> {
    At(&'a str),
    /// The words point, and more follows.
    More,
}

impl Pointers {
    /// `reasons`: notice → words.
    pub fn load(reasons: BTreeMap<String, String>) -> Result<Self> {
        for name in ["pointer_empty", "pointer_nowhere", "pointer_more"] {
            if !reasons.contains_key(name) {
                return Err(Error::new(format!("notices.csv に {name} がありません")));
            }
        }
        let mut words: Vec<Word> = read_csv("reports/workbook/pointers.csv")?;
        // the longer word is tried first
        words.sort_by_key(|w| std::cmp::Reverse(w.word.chars().count()));
        Ok(Self { words, reasons })
    }

    fn of<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Word> {
        self.words.iter().filter(move |w| w.kind == kind)
    }

    fn aim(&self, text: &str) -> Option<Aim<'_>> {
        let key: String = fold(text).chars().filter(|c| !"「」『』()。.、,・!".contains(*c)).collect();
        if let Some(whole) = self.of("whole").find(|w| w.word == key) {
            return Some(Aim::At(&whole.takes));
        }
        for what in self.of("what") {
            let Some(rest) = key.strip_prefix(what.word.as_str()) else { continue };
            for link in self.of("link") {
                match rest.strip_prefix(link.word.as_str()) {
                    Some(tail) if tail.is_empty() || self.of("tail").any(|t| t.word == tail) => return Some(Aim::At(&what.takes)),
                    // 「別紙のとおり連携する」 says something of its own
                    Some(_) if what.takes != "nothing" => return Some(Aim::More),
                    _ => {}
                }
            }
        }
        None
    }

    /// What the row's agreement says: a proposal before a candidate, and never the words that only point.
    pub fn resolve(&self, row: Row<'_>) -> Agreement {
        let said = row.agreed.trim();
        let Some(aim) = self.aim(said) else { return Agreement { text: said.to_owned(), ..Agreement::default() } };
        let proposal = Some(row.proposal.trim()).filter(|t| !t.is_empty() && self.aim(t).is_none());
        let fixed = Some(row.fixed.trim()).filter(|t| !t.is_empty() && !t.starts_with(UNRESOLVED)).map(str::to_owned);
        let candidate = || fixed.clone().or_else(|| Some(plain_candidate(row.candidate)).filter(|t| !t.is_empty()));
        let found = match aim {
            Aim::At("proposal") => proposal.map(str::to_owned).or_else(candidate).ok_or("pointer_empty"),
            Aim::At("candidate") => candidate().ok_or("pointer_empty"),
            Aim::At(_) => Err("pointer_nowhere"),
            Aim::More => Err("pointer_more"),
        };
        match found {
            Ok(text) => Agreement { text, is_pointer: true, unresolved: String::new() },
            Err(why) => {
                let unresolved = self.reasons.get(why).map_or_else(String::new, |w| w.replace("{}", said));
                Agreement { text: said.to_owned(), is_pointer: true, unresolved }
            }
        }
    }
}

/// A candidate as the workbook shows it, without its mark and without notes on where it comes from.
pub fn plain_candidate(text: &str) -> String {
    let mut plain = text.trim().to_owned();
    if plain.starts_with('【')
        && let Some(end) = plain.find('】')
    {
        plain.drain(..end + '】'.len_utf8());
    }
    for note in ["（出典：", "（参考："] {
        while let Some(start) = plain.find(note) {
            let mut depth = 0;
            let end = plain[start..].char_indices().find(|(_, c)| {
                depth += i32::from(*c == '（') - i32::from(*c == '）');
                depth == 0
            });
            plain.drain(start..end.map_or(plain.len(), |(i, c)| start + i + c.len_utf8()));
        }
    }
    plain.trim().to_owned()
}
