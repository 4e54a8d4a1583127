//! Rows of the workbook: as generated now, as written the last time, as people left them, and as they will be written.

use std::collections::BTreeMap;

use super::layout::TableSpec;
use crate::ground::error::Result;

/// Where a row belongs. `part` is 0 on sheets without parts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Group {
    pub area_code: String,
    pub function_code: String,
    pub part: u32,
}

/// A row as generated now; cells in the order of the sheet's columns.
#[derive(Clone, Debug)]
pub struct Made {
    pub key: String,
    pub group: Group,
    pub cells: Vec<String>,
}

/// A row as the program wrote it the last time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Known {
    /// What the machine had to say in each cell.
    pub machine: Vec<String>,
    /// What was written; differs from `machine` where people had written.
    pub written: Vec<String>,
    /// Cells of columns that people had added: heading and text.
    pub extra: Vec<(String, String)>,
}

/// A row as it is in the workbook now.
#[derive(Clone, Debug, Default)]
pub struct Edited {
    pub cells: Vec<String>,
    /// Cells of columns that people added.
    pub extra: Vec<String>,
    /// Where its place cells lead; none when they cannot be understood.
    pub group: Option<Group>,
    /// Row as Excel numbers it.
    pub row: u32,
    /// Columns of key and place that are struck; their cells hold the text alone.
    pub struck: Vec<usize>,
    /// People hid the row: what it says does not count.
    pub is_hidden: bool,
}

/// A row to be written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    pub key: String,
    /// None: the place of the row is not understood.
    pub group: Option<Group>,
    pub machine: Vec<String>,
    pub cells: Vec<String>,
    pub extra: Vec<String>,
    /// The row it was, as Excel numbered it.
    pub source: Option<u32>,
    pub is_hidden: bool,
}

/// A text of people that left its row.
#[derive(Clone, Debug, PartialEq)]
pub struct Archived {
    pub sheet: String,
    pub key: String,
    pub area: String,
    pub theme: String,
    pub column: String,
    pub text: String,
    pub why: &'static str,
}

/// Something doubtful: code of `findings.csv`, row, column position, text.
#[derive(Clone, Debug, PartialEq)]
pub struct Doubt {
    pub code: &'static str,
    pub row: u32,
    pub column: Option<usize>,
    pub text: String,
}

#[derive(Clone, Debug, Default)]
pub struct Merged {
    pub rows: Vec<Row>,
    pub archived: Vec<Archived>,
    pub doubts: Vec<Doubt>,
}

/// Words of the notices; text with `{}` for what it quotes.
#[derive(Clone, Debug)]
pub struct Notices {
    pub changed: String,
    pub overwritten: String,
    pub unplaced: String,
}

/// Machine cells of one row that depend on what people wrote in it: position and text.
pub type DeriveRow<'a> = dyn Fn(&Group, &[String]) -> Result<Vec<(usize, String)>> + 'a;

/// Everything of one sheet that is merged.
pub struct Input<'a> {
    pub spec: &'a TableSpec,
    pub made: &'a [Made],
    /// None: the program's own record of the last writing is missing.
    pub known: Option<&'a BTreeMap<String, Known>>,
    pub edited: &'a [Edited],
    pub extra_headers: &'a [String],
    pub notices: &'a Notices,
    /// Machine cells that depend on what people wrote in the row: position and text.
    pub derive: &'a DeriveRow<'a>,
    /// Place cells of a group, in the order of the columns, empty elsewhere.
    pub place: &'a dyn Fn(&Group) -> Vec<String>,
}

/// Name tag of a row that people added.
pub(super) const OWN: &str = "人";
/// Name tag of a generated row.
const GENERATED: char = 'K';

/// `K31201-g2a-1-2`
pub fn key_of(group: &Group, number: usize) -> String {
    format!("{GENERATED}{}-{}-{}-{number}", group.area_code, group.function_code, group.part)
}

pub(super) fn own_number(key: &str) -> Option<u32> {
    key.strip_prefix(OWN).and_then(|n| n.parse().ok())
}

/// Whether a text in the key column is one of ours, in this workbook or another.
pub(super) fn is_key(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || OWN.contains(c);
    own_number(text).is_some() || text.strip_prefix(GENERATED).is_some_and(|rest| rest.split('-').count() >= 4 && rest.chars().all(plain))
}

/// Texts are the same when Excel could not tell them apart: line ends and spaces at the end do not count.
pub fn same(a: &str, b: &str) -> bool {
    if a == b {
        return true;
    }
    let clean = |t: &str| t.replace("\r\n", "\n").replace('\r', "\n").trim().to_owned();
    clean(a) == clean(b)
}

pub(super) fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}
