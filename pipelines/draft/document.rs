//! A finished text with tables that is no sheet of the official form: 地域外来医療, and the chapter of the medical plan.

use serde::Serialize;

use super::sheet::{Labelled, Named, TableView};

/// One document; HTML, PDF and XLSX are exporters over it.
#[derive(Clone, Debug, Serialize)]
pub struct Document {
    /// File name without extension.
    pub document_id: String,
    pub root: &'static str,
    /// What kind of document it is, for heads and breadcrumbs.
    pub kind: String,
    pub title: String,
    pub prefecture: Named,
    pub simulated: bool,
    pub report_year_label: String,
    pub overview: Vec<Labelled>,
    pub sections: Vec<Section>,
    pub notes: Vec<String>,
    pub sources: Vec<String>,
}

/// A heading with lines and tables.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Section {
    pub title: String,
    pub lines: Vec<String>,
    pub tables: Vec<TableView>,
}
