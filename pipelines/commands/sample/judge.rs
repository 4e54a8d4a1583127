//! What G-MIS would determine from a facility's answers, and what follows from it: the intention cells.

use crate::commands::sample::assumptions::{INTENTION, INTENTION_NAMED};
use crate::commands::sample::book::{Answer, Row};
use crate::ground::error::Result;

pub const SECOND_FUNCTIONS: [&str; 4] = ["g2a", "g2b", "g2c", "g2d"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Yes,
    No,
    /// A needed answer is blank.
    Unknown,
}

impl Verdict {
    /// Code in the choice set `have`; an unknown is left blank.
    pub fn choice_code(self) -> Option<&'static str> {
        match self {
            Self::Yes => Some("1"),
            Self::No => Some("0"),
            Self::Unknown => None,
        }
    }
}

/// 1号: every ★ item is positive.
pub fn first_function(row: &Row) -> Verdict {
    let mut verdict = Verdict::Yes;
    for (_, answer) in row.answers().filter(|(item, _)| item.requirement == "star") {
        if answer.is_blank() {
            return Verdict::Unknown;
        }
        if !answer.is_positive() {
            verdict = Verdict::No;
        }
    }
    verdict
}

/// A 2号 function of a facility with 1号: any one item is positive.
pub fn second_function(row: &Row, function: &str) -> Verdict {
    let mut answered = false;
    for (_, answer) in row.answers().filter(|(item, _)| item.requirement == "any" && item.function_code == function) {
        if answer.is_positive() {
            return Verdict::Yes;
        }
        answered |= !answer.is_blank();
    }
    if answered { Verdict::No } else { Verdict::Unknown }
}

/// Writes the determination (blank for 2号 without 1号, which is not asked) and the intention for each function lacking.
/// `propensity` gives a lasting position (0–1) per function.
pub fn conclude(row: &mut Row, propensity: impl Fn(&str) -> f64) -> Result<()> {
    let first = first_function(row);
    let seconds = SECOND_FUNCTIONS.map(|f| (f, (first == Verdict::Yes).then(|| second_function(row, f))));
    let verdicts = std::iter::once(("g1", Some(first))).chain(seconds);
    for (function, verdict) in verdicts {
        write(row, &format!("auto_{function}"), verdict)?;
        let intention = format!("oth_intent_{function}");
        // Asked only where the function is lacking; a facility without 1号 lacks them all, one with an unknown 1号 is not asked yet.
        let lacking = verdict == Some(Verdict::No) || (verdict.is_none() && first == Verdict::No);
        if !lacking {
            row.set(&intention, Answer::Blank);
            continue;
        }
        let named =
            row.answers().any(|(item, answer)| item.function_code == function && item.intention_scope == "function" && answer.has_intention());
        let chance = if named { INTENTION_NAMED } else { INTENTION };
        let wants = propensity(&intention) < chance;
        row.choose(&intention, if wants { "1" } else { "0" })?;
    }
    Ok(())
}

fn write(row: &mut Row, item: &str, verdict: Option<Verdict>) -> Result<()> {
    match verdict.and_then(Verdict::choice_code) {
        Some(code) => row.choose(item, code),
        None => {
            row.set(item, Answer::Blank);
            Ok(())
        }
    }
}

/// Turns the determination of one 2号 function round.
pub fn flip(row: &mut Row, function: &str) -> Result<()> {
    let item = format!("auto_{function}");
    let code = if row.get(&item).is_positive() { "0" } else { "1" };
    row.choose(&item, code)
}
