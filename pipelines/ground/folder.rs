//! What lies in a folder.

use std::fs;
use std::path::Path;

use crate::ground::error::{Error, Result};

/// Whether nothing lies in a folder.
pub fn is_empty(dir: &Path) -> Result<bool> {
    Ok(fs::read_dir(dir).map_err(|e| Error::io("フォルダーを読めません", dir, &e))?.next().is_none())
}

/// What lies below a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Below {
    /// Paths of all files, with `/`, in order.
    pub files: Vec<String>,
    /// Links, pipes and devices: never followed, never opened, named where somebody should know.
    pub skipped: Vec<String>,
}

/// Walks a folder. The folder itself may be a link; nothing in it is followed, so that the walk ends.
pub fn below(root: &Path) -> Result<Below> {
    let mut found = Below::default();
    let mut waiting = vec![root.to_path_buf()];
    while let Some(dir) = waiting.pop() {
        let failed = |e: std::io::Error| Error::io("フォルダーを読めません", &dir, &e);
        for entry in fs::read_dir(&dir).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let (path, kind) = (entry.path(), entry.file_type().map_err(failed)?);
            if kind.is_dir() {
                waiting.push(path);
                continue;
            }
            let list = if kind.is_file() { &mut found.files } else { &mut found.skipped };
            if let Ok(below) = path.strip_prefix(root) {
                list.push(below.components().map(|c| c.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/"));
            }
        }
    }
    found.files.sort();
    found.skipped.sort();
    Ok(found)
}

/// Paths of all files below a folder, with `/`, in order.
pub fn files_below(root: &Path) -> Result<Vec<String>> {
    below(root).map(|found| found.files)
}
