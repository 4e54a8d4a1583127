//! Which files of an input folder are tables: by the ends of their names, and of a `.txt` by its content.

use std::path::{Path, PathBuf};

use crate::ground::error::{Error, Result};
use crate::ground::{decode, filekind, records};

/// Ends of names that tables have; what the file is, its content tells.
const TABLES: [&str; 9] = ["csv", "tsv", "txt", "xlsx", "xlsm", "xls", "xlsb", "ods", "fods"];
/// The text that `init` puts beside the inputs.
pub const NOTE: &str = "はじめに.txt";
/// Columns that make a text of any name a table.
const TABLE_WIDTH: usize = 5;

/// Tables of an input folder by name, subfolders left out: what is to be read as extract.
///
/// # Errors
/// Only where the folder cannot be read.
pub fn tables_of(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|e| Error::io("入力フォルダーを読めません", folder, &e))? {
        let path = entry.map_err(|e| Error::io("入力フォルダーを読めません", folder, &e))?.path();
        if path.is_file() && is_table(&path)? {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned())
}

/// Files that programs leave beside those that people work on.
pub fn of_program(name: &str) -> bool {
    name.starts_with(['~', '.']) || ["thumbs.db", "desktop.ini"].contains(&name.to_ascii_lowercase().as_str())
}

/// Whether a file is to be read as a table.
///
/// # Errors
/// Only where a `.txt` cannot be read.
pub fn is_table(path: &Path) -> Result<bool> {
    let name = file_name(path);
    let end = path.extension().map_or_else(String::new, |e| e.to_string_lossy().to_ascii_lowercase());
    if of_program(&name) || name == NOTE || !TABLES.contains(&end.as_str()) {
        return Ok(false);
    }
    // any text may be called .txt; a table in it has columns
    if end != "txt" {
        return Ok(true);
    }
    let bytes = std::fs::read(path).map_err(|e| Error::io("入力のファイルを読めません", path, &e))?;
    Ok(filekind::of(&bytes)?.is_some() || records::width(&decode::open(&bytes).bytes) >= TABLE_WIDTH)
}
