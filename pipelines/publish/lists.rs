//! The tables of a publication: the measures, and what is agreed but not published.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, StringArray};

use super::{HeldBack, PublishedMeasure};
use crate::ground::artefact::{ColumnNote, Table};
use crate::ground::error::Result;

fn texts<T>(rows: &[T], of: impl Fn(&T) -> String) -> ArrayRef {
    Arc::new(rows.iter().map(|r| Some(of(r)).filter(|t| !t.is_empty())).collect::<StringArray>())
}

/// `measures.csv`: one row for each published measure.
pub fn measures_table(measures: &[PublishedMeasure]) -> Result<Table> {
    let note = |name: &str, label: &str| ColumnNote::new(name, label, "");
    let of = |f: &dyn Fn(&PublishedMeasure) -> &str| texts(measures, |m| f(m).to_owned());
    Table::new(
        "measures",
        vec![
            (note("area_code", "区域コード"), of(&|m| &m.row.area_code)),
            (note("area_name", "協議区域"), of(&|m| &m.area_name)),
            (note("function_code", "機能コード"), of(&|m| &m.row.function_code)),
            (note("theme", "テーマ"), of(&|m| &m.theme)),
            (note("held_on", "開催日"), of(&|m| &m.held_on)),
            (note("measure", "方策"), of(&|m| &m.row.measure)),
            (note("role", "実施者"), of(&|m| &m.row.role)),
            (note("deadline", "期限"), of(&|m| &m.row.deadline)),
            (note("priority", "優先順位"), of(&|m| &m.row.priority)),
            (note("indicator", "指標"), of(&|m| &m.row.indicator)),
            (note("baseline", "基準値"), of(&|m| &m.row.baseline)),
            (note("target", "目標値"), of(&|m| &m.row.target)),
            (note("target_date", "目標の時期"), of(&|m| &m.row.target_date)),
            (note("status", "状態"), of(&|m| &m.row.status)),
            (note("published_on", "公表日"), of(&|m| &m.row.published_on)),
        ],
    )
}

/// `not_published.csv`: what was agreed but lacks something.
pub fn held_back_table(rows: &[HeldBack]) -> Result<Table> {
    let note = |name: &str, label: &str| ColumnNote::new(name, label, "");
    let numbers = rows.iter().map(|h| Some(i64::from(h.place.row))).collect::<Int64Array>();
    Table::new(
        "not_published",
        vec![
            (note("sheet", "シート"), texts(rows, |h| h.place.sheet.clone())),
            (note("row_no", "行"), Arc::new(numbers) as ArrayRef),
            (note("area_name", "協議区域"), texts(rows, |h| h.area_name.clone())),
            (note("theme", "テーマ"), texts(rows, |h| h.theme.clone())),
            (note("text", "文"), texts(rows, |h| h.text.clone())),
            (note("lacks", "公表しない理由"), texts(rows, |h| h.lacks.clone())),
        ],
    )
}
