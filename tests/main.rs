//! All tests in one binary, so that they link once.

mod archive;
mod book;
mod charts;
mod council;
mod council_year;
mod determine;
mod ingest;
mod layouts;
mod models;
mod need;
mod odd;
mod packet;
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
