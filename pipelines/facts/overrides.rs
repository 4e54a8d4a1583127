//! A prefecture's own wording and form: one file in the work folder's `reports/` replaces the built-in file of the same name.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::facts::finding::Finding;
use crate::ground::artefact::sha256;
use crate::ground::embedded;
use crate::ground::error::{Error, Result};
use crate::ground::folder::files_below;
use crate::ground::own_text;

/// Kinds of files that can be replaced; tables (`.csv`) are rows of the program.
const KINDS: [&str; 4] = [".html", ".typ", ".j2", ".css"];

/// A file of the work folder that takes the place of a built-in one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Replaced {
    /// Path below the work folder, such as `reports/sheets/sheet.typ`.
    pub path: String,
    pub sha256: String,
}

/// Whether a built-in file can be replaced.
pub fn can_replace(path: &str) -> bool {
    path.starts_with("reports/")
        && !path.starts_with("reports/work-folder/")
        && KINDS.iter().any(|k| path.ends_with(k))
        && embedded::find(path).is_some()
}

/// The replaced files of a work folder, by path.
pub fn list(root: &Path) -> Result<Vec<Replaced>> {
    let folder = root.join("reports");
    let mut found = Vec::new();
    for path in names(root)?.into_iter().filter(|p| can_replace(p)) {
        let bytes = std::fs::read(root.join(&path)).map_err(|e| Error::io("置きかえるファイルを読めません", &folder, &e))?;
        own_text::text_of(&bytes).map_err(|e| e.file(&root.join(&path)))?;
        found.push(Replaced { sha256: sha256(&bytes), path });
    }
    Ok(found)
}

/// Files in `reports/` that replace nothing: a mistyped name, or a kind that cannot be replaced.
pub fn without_effect(root: &Path) -> Result<Vec<Finding>> {
    let idle = names(root)?.into_iter().filter(|p| !can_replace(p));
    Ok(idle.map(|p| Finding::new("override_unknown").file(&p)).collect())
}

fn names(root: &Path) -> Result<Vec<String>> {
    let folder = root.join("reports");
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    Ok(files_below(&folder)?
        .into_iter()
        .filter(|n| !n.rsplit('/').next().unwrap_or(n).starts_with(['.', '~']))
        .map(|n| format!("reports/{n}"))
        .collect())
}

/// The text that the work folder puts in the place of a built-in file.
pub type Overrides<'a> = dyn Fn(&str) -> Option<String> + 'a;
