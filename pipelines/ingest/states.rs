//! 報告状況: an open set of states. Which of them are reports is listed in the settings or the dictionary; one that stands in
//! neither stops the run, because every denominator hangs on it.

use std::collections::BTreeMap;

use super::cells::Cell;
use super::layout::column_name;
use crate::facts::dictionary::Dictionary;
use crate::facts::workspace::StatusLists;
use crate::ground::error::{Error, Result};
use crate::ground::text::label_key;

/// `reported` or `not_reported`: as the settings list the state, else as the dictionary says; `None` for one that nobody has listed.
pub(super) fn mode(raw: &str, read: &Cell, dictionary: &Dictionary, lists: &StatusLists) -> Option<&'static str> {
    let known = match read {
        Cell::Choices(codes) => dictionary.choices_of("report_status").find(|c| c.choice_code == codes[0]),
        _ => None,
    };
    let label = known.map_or_else(|| raw.rsplit([':', '：']).next().unwrap_or(raw), |c| c.label.as_str());
    let key = label_key(label);
    let listed = |list: &[String]| list.iter().any(|l| label_key(l) == key);
    let is_listed = listed(&lists.reported) || listed(&lists.not_reported);
    let by_dictionary = |mode: &str, list: &[String]| list.is_empty() && known.is_some_and(|c| c.mode == mode) && !is_listed;
    [("reported", &lists.reported), ("not_reported", &lists.not_reported)]
        .into_iter()
        .find(|(mode, list)| listed(list) || by_dictionary(mode, list))
        .map(|(mode, _)| mode)
}

/// States that no list has: how many rows, and the first of them.
#[derive(Default)]
pub(super) struct Unknown {
    met: BTreeMap<String, (usize, u32)>,
}

impl Unknown {
    /// An empty cell or one that could not be decoded is no state.
    pub fn meet(&mut self, cell: &str, row_no: u32) {
        let state = cell.trim();
        if !state.is_empty() && !state.contains(char::REPLACEMENT_CHARACTER) {
            self.met.entry(state.to_owned()).or_insert((0, row_no)).0 += 1;
        }
    }

    pub fn refuse(&self, column: Option<usize>) -> Result<()> {
        let Some((_, (_, first))) = self.met.iter().min_by_key(|(_, (_, row))| *row) else { return Ok(()) };
        let told: Vec<String> = self.met.iter().map(|(state, (n, _))| format!("「{state}」{n}行")).collect();
        Err(Error::new(format!("報告状況に、報告済か未報告かの決まっていない値があります：{}", told.join("、")))
            .at(format!("最初は行 {first}・列 {}", column.map_or_else(String::new, column_name)))
            .next("kyogi.toml の [report_status] の reported（報告に数える）か not_reported（数えない）に、その値を書き足してください"))
    }
}
