//! The form of facility IDs: a slip in one of them makes a facility vanish and another appear, so it is told.

use std::collections::BTreeMap;

use super::source::Source;
use crate::facts::finding::Finding;

/// Of ten IDs, those that must have one form for another form to be a slip.
const ALIKE: usize = 9;

/// Length of an ID, and whether it is digits alone, plain letters too, or more.
fn form(id: &str) -> (usize, u8) {
    let kind = if id.bytes().all(|b| b.is_ascii_digit()) { 0 } else { 1 + u8::from(!id.is_ascii()) };
    (id.chars().count(), kind)
}

/// IDs of another form than nine of ten in their table; the rows are read all the same.
pub(super) fn odd(source: &Source) -> Vec<Finding> {
    let Some(column) = source.column("facility_id") else { return Vec::new() };
    let ids: Vec<(u32, String)> = source
        .rows
        .iter()
        .map(|(row, r)| (*row, source.code("facility_id", r.get(column).unwrap_or("")).0))
        .filter(|(_, id)| !id.is_empty())
        .collect();
    let mut forms: BTreeMap<(usize, u8), usize> = BTreeMap::new();
    ids.iter().for_each(|(_, id)| *forms.entry(form(id)).or_default() += 1);
    let Some((usual, n)) = forms.into_iter().max_by_key(|(_, n)| *n) else { return Vec::new() };
    if n * 10 < ids.len() * ALIKE {
        return Vec::new();
    }
    let finding = |(row, id): &(u32, String)| source.finding("odd_facility_id", Some(*row), Some(column)).facility(id).value(id);
    ids.iter().filter(|(_, id)| form(id) != usual).map(finding).collect()
}
