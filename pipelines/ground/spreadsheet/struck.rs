//! Struck text inside a plain string: what has a line through it in a workbook stands between two marks that no text of people can hold.
//!
//! So a text goes through every merge with its strike, and whatever prints or publishes it must first say what it wants: `live` (without
//! what is struck), `said` (for people, with words) or `runs` (to write the line again).

use std::borrow::Cow;

/// Unicode keeps these two code points for the use inside a program.
const OPEN: char = '\u{FDD0}';
const CLOSE: char = '\u{FDD1}';

/// A stretch of a text, struck or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    pub text: String,
    pub is_struck: bool,
}

/// Runs as one text with marks.
pub fn mark(runs: &[Run]) -> String {
    let mut out = String::new();
    for run in runs.iter().filter(|r| !r.text.is_empty()) {
        if run.is_struck {
            out.push(OPEN);
            out.push_str(&run.text);
            out.push(CLOSE);
        } else {
            out.push_str(&run.text);
        }
    }
    // neighbours are one
    out.replace(&format!("{CLOSE}{OPEN}"), "")
}

/// A text with the line through all of it.
pub fn whole(text: &str) -> String {
    mark(&[Run { text: text.to_owned(), is_struck: true }])
}

/// A text as runs; unstruck where it has no marks.
pub fn runs(text: &str) -> Vec<Run> {
    let mut found = Vec::new();
    let mut push = |text: &str, is_struck| {
        if !text.is_empty() {
            found.push(Run { text: text.to_owned(), is_struck });
        }
    };
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(OPEN) {
        push(before, false);
        let (inside, after) = after.split_once(CLOSE).unwrap_or((after, ""));
        push(inside, true);
        rest = after;
    }
    push(rest, false);
    found
}

/// Whether something in a text is struck.
pub fn is_struck(text: &str) -> bool {
    text.contains(OPEN)
}

/// The text that holds: without what is struck.
pub fn live(text: &str) -> Cow<'_, str> {
    if !is_struck(text) {
        return Cow::Borrowed(text);
    }
    runs(text).into_iter().filter(|r| !r.is_struck).map(|r| r.text).collect::<String>().into()
}

/// The text as it stands in the cell, the line aside.
pub fn plain(text: &str) -> Cow<'_, str> {
    if is_struck(text) { text.replace([OPEN, CLOSE], "").into() } else { Cow::Borrowed(text) }
}

/// The text for people where no line can be drawn: 〔見え消し：…〕.
pub fn said(text: &str) -> Cow<'_, str> {
    if is_struck(text) { text.replace(OPEN, "〔見え消し：").replace(CLOSE, "〕").into() } else { Cow::Borrowed(text) }
}

/// Text from outside must not hold the marks.
pub fn without_marks(text: String) -> String {
    if text.contains([OPEN, CLOSE]) { text.replace([OPEN, CLOSE], "\u{FFFD}") } else { text }
}
