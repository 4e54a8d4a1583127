//! What a file is by its content, whatever its name says: the rows of `sql/rules/file_kinds.csv`.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::ground::error::{Error, Result};
use crate::ground::{decode, embedded, spreadsheet};

/// A kind of file that is known by its content. The first row that fits counts.
#[derive(Clone, Debug, Deserialize)]
pub struct FileKind {
    /// `xlsx`, `xls`, `ods`, …; empty: nothing that holds a table for this program.
    pub kind: String,
    /// Bytes in hexadecimal digits, or the beginning of a text in small letters.
    starts_with: String,
    /// A text anywhere in the file (for a ZIP: in its list of contents); `·` stands for a zero byte.
    contains: String,
    pub label: String,
    pub next: String,
}

static KINDS: LazyLock<std::result::Result<Vec<FileKind>, String>> =
    LazyLock::new(|| embedded::rows("sql/rules/file_kinds.csv").map_err(|e| e.to_string()));

/// Bytes at the head of a text that are looked at.
const HEAD: usize = 4096;
/// Bytes of a container that are searched for a name.
const SEARCHED: usize = 8 << 20;

/// The kind of a file; `None` for plain text and for what nobody knows.
///
/// # Errors
/// Only where the table of kinds is broken.
pub fn of(bytes: &[u8]) -> Result<Option<&'static FileKind>> {
    let kinds = KINDS.as_ref().map_err(|e| Error::new(e.clone()))?;
    let content = decode::open(&bytes[..bytes.len().min(HEAD)]);
    let head = String::from_utf8_lossy(&content.bytes).trim_start().to_ascii_lowercase();
    let mut inside: Option<Vec<u8>> = None;
    for kind in kinds {
        let magic = hex(&kind.starts_with);
        let starts = magic.as_ref().map_or_else(|| head.starts_with(&kind.starts_with), |magic| bytes.starts_with(magic));
        if !starts {
            continue;
        }
        let wanted = kind.contains.replace('·', "\0");
        let has = |text: &[u8]| text.windows(wanted.len().max(1)).any(|w| w == wanted.as_bytes());
        if wanted.is_empty() || has(inside.get_or_insert_with(|| contents(bytes))) {
            return Ok(Some(kind));
        }
    }
    Ok(None)
}

/// `504B0304` as bytes; `None` for a text.
fn hex(text: &str) -> Option<Vec<u8>> {
    let is_hex = text.len() >= 4 && text.len().is_multiple_of(2) && text.bytes().all(|b| b.is_ascii_digit() || (b'A'..=b'F').contains(&b));
    is_hex.then(|| (0..text.len()).step_by(2).filter_map(|i| u8::from_str_radix(&text[i..i + 2], 16).ok()).collect())
}

/// What a container says of itself: a ZIP its list of contents and its type, others their first bytes.
fn contents(bytes: &[u8]) -> Vec<u8> {
    spreadsheet::parts_and_types(bytes).unwrap_or_else(|| bytes[..bytes.len().min(SEARCHED)].to_vec())
}

impl FileKind {
    /// Known by a text, not by bytes: a template may begin so, too.
    pub fn is_text(&self) -> bool {
        hex(&self.starts_with).is_none()
    }

    /// The refusal of a file that is no table, or none that can be read.
    pub fn refused(&self) -> Error {
        Error::new(format!("このファイルの中身は{}です（名前とちがい、このままでは読めません）", self.label)).next(self.next.clone())
    }
}
