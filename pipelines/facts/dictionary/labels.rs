//! What the words of a choice mean, and what things are called since when (`label_words.csv`, `renames.csv`).
//!
//! Whether a choice says yes, no or 意向 follows from its words, never from the position of its code: the manual of R7.11
//! counts 意向 differently from one item to the next.

use std::path::Path;

use regex::Regex;
use serde::Deserialize;

use super::{Choice, dated};
use crate::ground::error::{Error, Result};
use crate::ground::text::label_key;

#[derive(Deserialize)]
struct WordRow {
    meaning: String,
    pattern: String,
}

/// One name that became another; both are read in every year, since forms keep old words for a while.
#[derive(Clone, Debug, Deserialize)]
pub struct Rename {
    /// `fee` (headers and choices of the report) or `bed_function` (tables of the bed report).
    pub scope: String,
    pub old_name: String,
    pub new_name: String,
    /// ISO date.
    pub changed_on: String,
    pub source: String,
    pub confidence: String,
    pub note: String,
}

/// Patterns on labels in the form in which they are compared, and the renames.
#[derive(Clone, Debug, Default)]
pub struct Labels {
    words: Vec<(String, Regex)>,
    pub renames: Vec<Rename>,
    /// Old and new name in the form in which headers and cells are compared, as `renames`.
    folded: Vec<(String, String)>,
}

/// The meaning of a label, as far as its words tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said {
    /// `positive`, `negative` or `not_applicable`.
    pub polarity: &'static str,
    /// `None` where the label does not speak of 意向.
    pub intention: Option<bool>,
}

const POLARITIES: [&str; 3] = ["not_applicable", "positive", "negative"];

impl Labels {
    /// The rows of a report year, with those of the work folder.
    ///
    /// # Errors
    /// A pattern that is none, or a meaning that nothing knows.
    pub fn load_in(report_year: i32, work_folder: Option<&Path>) -> Result<Self> {
        let rows = dated::rows("sql/dictionary/label_words.csv", report_year, work_folder)?;
        let mut words = Vec::new();
        for (i, row) in rows.typed::<WordRow>()?.into_iter().enumerate() {
            let refuse = |what: String| Error::new(what).at(rows.place(i)).next("ほかの行の書き方にならってください");
            if !POLARITIES.contains(&row.meaning.as_str()) && !["intention", "no_intention"].contains(&row.meaning.as_str()) {
                return Err(refuse(format!("meaning「{}」が分かりません", row.meaning)));
            }
            let pattern = Regex::new(&row.pattern).map_err(|e| refuse(format!("正規表現「{}」が読めません：{e}", row.pattern)))?;
            words.push((row.meaning, pattern));
        }
        let renames: Vec<Rename> = dated::rows("sql/dictionary/renames.csv", report_year, work_folder)?.typed()?;
        let folded = renames.iter().map(|r| (label_key(&r.old_name), label_key(&r.new_name))).collect();
        Ok(Self { words, renames, folded })
    }

    /// What a label says of having a function; `None` where its words do not tell (「1人未満」, 「循環器系領域」).
    pub fn said(&self, label: &str) -> Option<Said> {
        let key = label_key(label);
        let has = |meaning: &str| self.words.iter().any(|(m, p)| m == meaning && p.is_match(&key));
        let polarity = POLARITIES.into_iter().find(|p| has(p))?;
        let intention = if has("intention") { Some(true) } else { has("no_intention").then_some(false) };
        Some(Said { polarity, intention })
    }

    /// Why a choice's columns contradict its words.
    pub(super) fn trouble(&self, choice: &Choice) -> Option<String> {
        let said = self.said(&choice.label).filter(|_| choice.polarity != "none")?;
        if said.polarity != choice.polarity {
            return Some(format!("名前「{}」は「{}」を言いますが、polarity は {} です", choice.label, said.polarity, choice.polarity));
        }
        let intends = said.intention.filter(|i| *i != choice.intention)?;
        Some(format!(
            "名前「{}」は意向{}を言いますが、intention は {} です",
            choice.label,
            if intends { "あり" } else { "なし" },
            u8::from(choice.intention)
        ))
    }

    /// A folded text with the old names of a scope in the place of the new: the form in which both meet.
    pub fn canonical(&self, folded: &str, scope: &str) -> String {
        let mut text = folded.to_owned();
        for (_, (old, new)) in self.renames.iter().zip(&self.folded).filter(|(r, _)| r.scope == scope) {
            if text.contains(new) {
                text = text.replace(new, old);
            }
        }
        text
    }

    /// A text with the new names of a scope in the place of the old.
    pub fn newest(&self, text: &str, scope: &str) -> String {
        let renames = self.renames.iter().filter(|r| r.scope == scope);
        renames.fold(text.to_owned(), |text, r| if text == r.old_name { r.new_name.clone() } else { text })
    }
}
