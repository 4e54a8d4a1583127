//! What knows nothing of kyogi: text, numbers, dates, files, tables, workbooks, the SQL engine, errors.

pub mod artefact;
pub mod decode;
pub mod embedded;
pub mod error;
pub mod folder;
pub mod maths;
pub mod numbers;
pub mod progress;
pub mod spreadsheet;
pub mod sql;
pub mod stage;
pub mod text;
