//! kyogi: from the extract of かかりつけ医機能報告 to the consultation meeting and its published result.
//!
//! The modules below stand in the order in which the data go through them; `pipelines/README.md` is the map.

// What a user calls: one word that is typed, one file.
pub mod commands;

// 1 bytes → typed answers, with a finding for whatever could not be read
pub mod ingest;

// 2 answers → the status of each facility and function, with the rule and the cells that decided it
pub mod determine;

// 3 what people have to ask, confirm or override
pub mod check;

// 4 statuses and answers → supply, need and gap of every area, with both ends
pub mod aggregate;

// 5 figures → the values of sheets and pages, with their sentences
pub mod draft;

// 6 what people write beside the data, merged and read back
pub mod workbook;

// 7 values → HTML, PDF, charts
pub mod render;

// 8 what was agreed → what is published
pub mod publish;

// the pages beside the sheets, and all of it put in place at once
pub mod packet;
pub mod pages;

// What the stages stand on: sql/ and the work folder as typed rows; below them, what knows nothing of kyogi.
pub mod facts;
pub mod ground;
