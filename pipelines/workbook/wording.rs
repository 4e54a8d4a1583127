//! The wording guard: ranking or blaming words in what people wrote or replaced, each with a neutral alternative. A warning, never a block.
//!
//! Built-in sentences are kept clean by a test; this looks at the workbook, the council setting and the replaced files.

use std::path::Path;

use serde::Deserialize;

use crate::facts::council;
use crate::facts::dictionary::read_csv;
use crate::facts::finding::Finding;
use crate::facts::overrides;
use crate::ground::error::Result;
use crate::ground::own_text;
use crate::ground::text::fold;
use crate::workbook::{self, CouncilBook, Place};

/// A word that ranks or blames, with what to say instead (`sql/rules/wording.csv`).
#[derive(Clone, Debug, Deserialize)]
pub struct Word {
    pub word: String,
    /// An expression that holds the word and means something else.
    pub not_in: String,
    pub kind: String,
    pub alternative: String,
    pub from_year: i32,
    pub to_year: Option<i32>,
}

/// The words that count in a report year.
pub fn words(report_year: i32) -> Result<Vec<Word>> {
    let mut words: Vec<Word> = read_csv("sql/rules/wording.csv")?;
    words.retain(|w| w.from_year <= report_year && w.to_year.is_none_or(|to| report_year <= to));
    Ok(words)
}

/// The words of the list that a text holds, in the order of the list; a longer word hides the shorter one inside it.
pub fn found<'a>(words: &'a [Word], text: &str) -> Vec<&'a Word> {
    let text = fold(text);
    let means = |w: &Word| if w.not_in.is_empty() { text.contains(&w.word) } else { text.replace(&w.not_in, "").contains(&w.word) };
    let held: Vec<&Word> = words.iter().filter(|w| means(w)).collect();
    let hidden = |w: &Word| {
        held.iter().any(|o| o.word != w.word && o.word.contains(&w.word) && text.matches(&o.word).count() == text.matches(&w.word).count())
    };
    held.iter().copied().filter(|w| !hidden(w)).collect()
}

/// Findings about everything that people of this work folder wrote.
pub fn check(root: &Path, book: &CouncilBook, report_year: i32) -> Result<Vec<Finding>> {
    let words = words(report_year)?;
    let mut findings = Vec::new();
    let mut look = |file: &str, row: u32, place: String, text: &str| {
        for w in found(&words, text) {
            let value = format!("「{}」（{}）→ {}", w.word, w.kind, w.alternative);
            findings.push(Finding::new("wording").file(file).row(row).column(place.clone()).value(value));
        }
    };
    let at = |p: &Place| format!("シート「{}」の {} 行目", p.sheet, p.row);
    for e in &book.entries {
        for text in [&e.proposal, &e.agreed] {
            look(workbook::FILE, e.place.row, at(&e.place), text);
        }
    }
    for m in &book.measures {
        for text in [&m.measure, &m.role, &m.target] {
            look(workbook::FILE, m.place.row, at(&m.place), text);
        }
    }
    for m in &book.meetings {
        look(workbook::FILE, m.place.row, at(&m.place), &m.agenda);
    }
    let mut files = vec![council::FILE.to_owned()];
    files.extend(overrides::list(root)?.into_iter().map(|r| r.path));
    for file in files {
        let Ok(text) = own_text::read(&root.join(&file), "文") else { continue };
        for (i, line) in text.lines().enumerate() {
            // in the setting, what stands behind # is for its writer
            let line = if file == council::FILE { line.split('#').next().unwrap_or("") } else { line };
            look(&file, u32::try_from(i + 1).unwrap_or(0), String::new(), line);
        }
    }
    findings.sort_by(|a, b| (&a.file, a.row, &a.column, &a.value).cmp(&(&b.file, b.row, &b.column, &b.value)));
    findings.dedup();
    Ok(findings)
}
