//! Conditions of entry: when an item is asked at all. `g1=yes`, or `item=code,code`; alternatives stand behind `;`.

use super::{Dictionary, word};

/// One alternative: an item or a function, and the choices or statuses under which the item is asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Term {
    pub subject: String,
    pub codes: Vec<String>,
}

/// The alternatives of a condition; none for an item that everybody is asked. `None` when it is not of the form.
pub fn parse(text: &str) -> Option<Vec<Term>> {
    let term = |part: &str| {
        let (subject, codes) = part.split_once('=')?;
        let codes: Vec<String> = codes.split(',').map(|c| c.trim().to_owned()).collect();
        let is_full = !subject.trim().is_empty() && codes.iter().all(|c| !c.is_empty());
        is_full.then(|| Term { subject: subject.trim().to_owned(), codes })
    };
    text.split(';').filter(|p| !p.trim().is_empty()).map(term).collect()
}

/// What is wrong with a condition, if anything: form, unknown item or function, unknown choice or status.
pub fn trouble(text: &str, dictionary: &Dictionary) -> Option<String> {
    let Some(terms) = parse(text) else { return Some(format!("記入の条件「{text}」の書き方が違います")) };
    for term in terms {
        let known: Box<dyn Fn(&str) -> bool> = if dictionary.function(&term.subject).is_some() {
            Box::new(|code| word("status", code).is_some())
        } else if let Some(item) = dictionary.item(&term.subject) {
            Box::new(|code| dictionary.choices_of(&item.choice_set).any(|c| c.choice_code == code))
        } else {
            return Some(format!("記入の条件にある「{}」という報告事項がありません", term.subject));
        };
        if let Some(code) = term.codes.iter().find(|c| !known(c)) {
            return Some(format!("記入の条件にある {} の選択肢「{code}」がありません", term.subject));
        }
    }
    None
}

/// A condition in words; empty for an item that everybody is asked.
pub fn words(text: &str, dictionary: &Dictionary) -> String {
    let said = |term: &Term| {
        if let Some(function) = dictionary.function(&term.subject) {
            let statuses: Vec<&str> = term.codes.iter().filter_map(|c| word("status", c)).collect();
            return format!("{}が{}", function.label, statuses.join("・"));
        }
        let Some(item) = dictionary.item(&term.subject) else { return String::new() };
        let labels: Vec<&str> = term
            .codes
            .iter()
            .filter_map(|code| dictionary.choices_of(&item.choice_set).find(|c| c.choice_code == *code))
            .map(|c| c.label.as_str())
            .collect();
        format!("{}＝{}", item.short_label, labels.join("・"))
    };
    parse(text).unwrap_or_default().iter().map(said).collect::<Vec<_>>().join("、又は ")
}
