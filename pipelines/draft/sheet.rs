//! The finished values that are exported: one `Sheet`, `ResultSheet` or site page is one JSON-like value.
//! HTML and PDF are exporters over the same value.

use serde::Serialize;

use super::words::Sentence;
pub use crate::render::charts::{Chart, TableView};

/// 課題管理シート of one area and one function.
#[derive(Clone, Debug, Serialize)]
pub struct Sheet {
    pub sheet_id: String,
    pub root: &'static str,
    pub report_year: i32,
    pub report_year_label: String,
    pub title: String,
    pub prefecture: Named,
    pub area: AreaLabel,
    pub function: FunctionLabel,
    pub simulated: bool,
    /// 圏域, 開催日 and 参加者 once they are known.
    pub overview: Vec<Labelled>,
    pub headline: String,
    /// Places of the method page behind the headline.
    pub headline_of: Vec<String>,
    pub key_figures: Vec<KeyFigure>,
    pub parts: Vec<Part>,
    pub charts: Vec<Chart>,
    pub notes: Vec<String>,
    pub sources: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Named {
    pub code: String,
    pub name: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct AreaLabel {
    pub level: String,
    pub level_label: String,
    pub code: String,
    pub name: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct FunctionLabel {
    pub code: String,
    pub label: String,
    pub short: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct KeyFigure {
    pub label: String,
    pub value: String,
    pub unit: String,
    pub note: String,
    /// Place of the method page.
    pub of: &'static str,
}

/// One of the five parts of the official form.
#[derive(Clone, Debug, Serialize)]
pub struct Part {
    pub no: u32,
    pub title: String,
    pub hint: String,
    /// Filled from data; to be checked by people.
    pub machine: bool,
    pub sentences: Vec<Sentence>,
    pub tables: Vec<TableView>,
    /// Ids of charts.
    pub charts: Vec<String>,
    /// What people wrote: proposals, and what was agreed.
    pub said: Vec<Said>,
    pub candidates: Vec<Candidate>,
    /// Ruled lines left for people.
    pub write_lines: u32,
}

/// A text of people in a part. The last four belong to measures only.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Said {
    /// 「事務局案」 or 「合意（令和8年8月20日）」
    pub mark: String,
    pub is_agreed: bool,
    /// Day of the agreement, ISO; empty where unknown.
    pub day: String,
    /// 医療側, 介護側, 住民側 …
    pub view: String,
    pub text: String,
    /// The proposal, where another text was agreed on.
    pub before: String,
    /// Why the text cannot be told.
    pub note: String,
    pub role: String,
    pub deadline: String,
    pub priority: String,
    pub indicator: String,
}

/// A suggestion for the council; never a decision.
#[derive(Clone, Debug, Serialize)]
pub struct Candidate {
    pub mark: String,
    pub text: String,
    pub source: String,
}

/// 協議結果公表シート of one meeting.
#[derive(Clone, Debug, Serialize)]
pub struct ResultSheet {
    pub result_id: String,
    pub root: &'static str,
    pub title: String,
    pub date_label: String,
    pub prefecture: Named,
    pub simulated: bool,
    pub report_year: i32,
    pub report_year_label: String,
    pub overview: Vec<Labelled>,
    /// Empty for the summary of the prefecture.
    pub parts: Vec<ResultPart>,
    pub figures_title: String,
    pub figures: Vec<TableView>,
    /// Pages that the summary leads to: title, and path from the top.
    pub links: Vec<Labelled>,
    /// Terms explained in one line each.
    pub words: Vec<Labelled>,
    pub notes: Vec<String>,
    pub sources: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Labelled {
    pub label: String,
    pub value: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct ResultPart {
    pub no: u32,
    pub title: String,
    pub items: Vec<ResultItem>,
    /// The measures as a table, for print.
    pub table: Option<TableView>,
    /// What is said where nothing stands in the part.
    pub why: String,
}

/// One agreed statement; the last three belong to measures only.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ResultItem {
    pub mark: String,
    pub text: String,
    pub role: String,
    pub deadline: String,
    pub indicator: String,
}
