//! kyogi: from the extract of かかりつけ医機能報告 to the consultation meeting and its published result.
//!
//! The way of the data is the order of the modules below; see `pipelines/README.md`.

// stages, in order
pub mod aggregate;
pub mod determine;
pub mod draft;
pub mod ingest;
pub mod publish;
pub mod render;
// what the stages stand on
pub mod areas;
pub mod artefact;
pub mod council;
pub mod dictionary;
pub mod embedded;
pub mod error;
pub mod finding;
pub mod local;
pub mod overrides;
pub mod packet;
pub mod progress;
pub mod reference;
pub mod rules;
pub mod spreadsheet;
pub mod sql;
pub mod stage;
pub mod wording;
pub mod workbook;
pub mod workspace;
// what a user calls
pub mod agenda;
pub mod archive;
pub mod bench;
pub mod boundaries;
pub mod calendar;
pub mod catalogue;
pub mod check;
pub mod cli;
pub mod compare;
pub mod coordinate;
pub mod databook;
pub mod explain;
pub mod forms;
pub mod late;
pub mod method;
pub mod official;
pub mod printer;
pub mod run;
pub mod sample;
pub mod training;
pub mod whatif;
