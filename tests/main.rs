//! All tests in one binary, so that they link once.

mod archive;
mod book;
mod charts;
mod council;
mod determine;
mod ingest;
mod layouts;
mod mapping;
mod models;
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
mod support;
mod tidy;
