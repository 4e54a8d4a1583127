//! All tests in one binary, so that they link once.

mod archive;
mod book;
mod charts;
mod comparison;
mod council;
mod council_year;
mod determine;
mod future;
mod ingest;
mod layouts;
mod models;
mod need;
mod odd;
mod packet;
mod recount;
mod reference;
mod render;
mod round_trip;
mod sample;
mod scenario;
mod sentences;
mod shared;
mod spreadsheet;
mod support;
mod tidy;
mod workbook;
