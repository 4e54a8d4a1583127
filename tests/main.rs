//! All tests in one binary, so that they link once.

mod archive;
mod book;
mod charts;
mod council;
mod determine;
mod dictionary;
mod forms;
mod ingest;
mod layouts;
mod models;
mod mutation;
mod need;
mod odd;
mod packet;
mod reference;
mod render;
mod sample;
mod scenario;
mod sentences;
mod shared;
mod spreadsheet;
mod status;
mod support;
mod tidy;
