//! Pages beside the sheets: who prints them, the method, the catalogue of data, the data book.

pub mod catalogue;
pub mod databook;
pub mod docx;
pub mod method;
pub mod plan_chapter;
pub mod printer;
