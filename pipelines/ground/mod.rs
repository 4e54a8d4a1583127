//! What knows nothing of kyogi: text, numbers, dates, files, tables, workbooks, the SQL engine, errors.

pub mod artefact;
pub mod decode;
pub mod disk;
pub mod embedded;
pub mod error;
pub mod filekind;
pub mod folder;
pub mod maths;
pub mod numbers;
pub mod own_text;
pub mod place;
pub mod progress;
pub mod records;
pub mod scratch;
pub mod spreadsheet;
pub mod sql;
pub mod stage;
pub mod text;
