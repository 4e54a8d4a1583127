//! What sheets and columns the workbook has and who owns a column: rows of `reports/workbook/*.csv`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::pointer::Pointers;
use crate::facts::dictionary::read_csv;
use crate::ground::error::{Error, Result};

/// Who may write in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// The name tag of a row.
    Key,
    /// Where a row belongs: area, theme, part, number.
    Place,
    /// Made again from data each time.
    Machine,
    People,
    /// What the machine has to say about a row until people clear it.
    Notice,
}

/// One column of a sheet.
#[derive(Clone, Debug, Deserialize)]
pub struct Column {
    pub sheet: String,
    pub column: String,
    pub header: String,
    pub owner: Owner,
    /// `text`, `date`, `number` or `choice`.
    pub kind: String,
    pub width: f64,
    /// `yes`: nothing of the row is published without it.
    pub required: String,
    /// Suggestions, separated by `;`; other text is accepted.
    pub choices: String,
    pub help: String,
}

#[derive(Clone, Debug, Deserialize)]
struct SheetRow {
    sheet: String,
    kind: String,
    name: String,
    place_columns: String,
}

/// A sheet whose rows have keys.
#[derive(Clone, Debug)]
pub struct TableSpec {
    pub code: String,
    pub name: String,
    pub columns: Vec<Column>,
    /// Positions of the columns that say where a row belongs.
    pub place: Vec<usize>,
}

impl TableSpec {
    /// Position of a column. An unknown name is a defect of the program.
    pub fn at(&self, column: &str) -> usize {
        self.position(column).unwrap_or_else(|| panic!("no column {column} in {}", self.code))
    }

    pub fn position(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|c| c.column == column)
    }

    pub fn owner(&self, i: usize) -> Owner {
        self.columns[i].owner
    }
}

/// The whole workbook's form.
#[derive(Clone, Debug)]
pub struct Layout {
    pub tables: Vec<TableSpec>,
    pub guide: String,
    pub indicators: String,
    pub state: String,
    pub archive: String,
    pub archive_columns: Vec<Column>,
    /// Notice → words, with `{}` for what they quote.
    pub words: BTreeMap<String, String>,
    /// How an agreement points to another text of its row.
    pub pointers: Pointers,
}

#[derive(Deserialize)]
struct NoticeRow {
    notice: String,
    words: String,
}

impl Layout {
    pub fn load() -> Result<Self> {
        let sheets: Vec<SheetRow> = read_csv("reports/workbook/sheets.csv")?;
        let columns: Vec<Column> = read_csv("reports/workbook/columns.csv")?;
        let of = |code: &str| columns.iter().filter(|c| c.sheet == code).cloned().collect::<Vec<_>>();
        let name = |code: &str| {
            sheets.iter().find(|s| s.sheet == code).map(|s| s.name.clone()).ok_or_else(|| Error::new(format!("sheets.csv に {code} がありません")))
        };
        let tables = sheets
            .iter()
            .filter(|s| s.kind == "table")
            .map(|s| {
                let columns = of(&s.sheet);
                let place = s.place_columns.split(';').filter_map(|p| columns.iter().position(|c| c.column == p)).collect();
                TableSpec { code: s.sheet.clone(), name: s.name.clone(), columns, place }
            })
            .collect();
        let words: BTreeMap<String, String> =
            read_csv::<NoticeRow>("reports/workbook/notices.csv")?.into_iter().map(|r| (r.notice, r.words)).collect();
        Ok(Self {
            pointers: Pointers::load(words.clone())?,
            words,
            tables,
            guide: name("guide")?,
            indicators: name("indicators")?,
            state: name("state")?,
            archive: name("archive")?,
            archive_columns: of("archive"),
        })
    }

    /// Words of a notice. An unknown name is a defect of the program.
    pub fn word(&self, notice: &str) -> &str {
        self.words.get(notice).unwrap_or_else(|| panic!("no notice {notice}"))
    }

    /// A table by its code. An unknown code is a defect of the program.
    pub fn table(&self, code: &str) -> &TableSpec {
        self.tables.iter().find(|t| t.code == code).unwrap_or_else(|| panic!("no table {code}"))
    }
}
