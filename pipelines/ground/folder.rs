//! What lies in a folder.

use std::fs;
use std::path::Path;

use crate::ground::error::{Error, Result};

/// Whether nothing lies in a folder.
pub fn is_empty(dir: &Path) -> Result<bool> {
    Ok(fs::read_dir(dir).map_err(|e| Error::io("フォルダーを読めません", dir, &e))?.next().is_none())
}

/// Paths of all files below a folder, with `/`, in order.
pub fn files_below(root: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let mut waiting = vec![root.to_path_buf()];
    while let Some(dir) = waiting.pop() {
        for entry in fs::read_dir(&dir).map_err(|e| Error::io("フォルダーを読めません", &dir, &e))? {
            let path = entry.map_err(|e| Error::io("フォルダーを読めません", &dir, &e))?.path();
            if path.is_dir() {
                waiting.push(path);
            } else if let Ok(below) = path.strip_prefix(root) {
                found.push(below.to_string_lossy().replace('\\', "/"));
            }
        }
    }
    found.sort();
    Ok(found)
}
