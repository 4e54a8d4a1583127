//! Renewing a workbook in which people write: never while it is open, never over what they saved since it was read, never without a copy
//! of what they had. Copies are numbered and never taken away: each may hold words that stand nowhere else.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::ground::artefact::sha256;
use crate::ground::disk;
use crate::ground::error::{Error, Result};
use crate::ground::place;

/// What became of a workbook.
#[derive(Debug, PartialEq, Eq)]
pub enum Renewed {
    /// It says already what the new one would say.
    Same,
    /// The new one is in its place; the copy of what people had, if they had one.
    Done(Option<PathBuf>),
    /// Another program has it open and says so with this file. Nothing was changed.
    Open(PathBuf),
    /// It was saved after it was read. Nothing was changed.
    SavedSince,
}

/// The file by which Excel (`~$`) or LibreOffice (`.~lock`) says that it has a workbook open.
pub fn open_mark(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_string_lossy();
    [format!("~${name}"), format!(".~lock.{name}#")].map(|mark| path.with_file_name(mark)).into_iter().find(|mark| mark.symlink_metadata().is_ok())
}

/// The bytes of a workbook; none when there is none.
pub fn bytes_of(path: &Path) -> Result<Option<Vec<u8>>> {
    match disk::patiently(|| fs::read(path)) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        Err(e) => Err(Error::io("Excel ファイルを読めません（何も変えていません）", path, &e)),
    }
}

/// Puts the new bytes in the place of those that were read (none: there was no workbook).
pub fn renew(path: &Path, read: Option<&[u8]>, new: &[u8]) -> Result<Renewed> {
    let was = read.map(sha256);
    if bytes_of(path)?.as_deref().map(sha256) != was {
        return Ok(Renewed::SavedSince);
    }
    if read == Some(new) {
        return Ok(Renewed::Same);
    }
    if let Some(mark) = open_mark(path) {
        return Ok(Renewed::Open(mark));
    }
    let copy = read.map(|bytes| keep(path, bytes)).transpose()?;
    // once more, now that all is ready: the copy took its time
    if bytes_of(path)?.as_deref().map(sha256) != was {
        return Ok(Renewed::SavedSince);
    }
    match read {
        Some(_) => place::replace(path, new)?,
        None => place::create(path, new)?,
    }
    Ok(Renewed::Done(copy))
}

/// Keeps a copy, numbered from 001; bytes that were kept last are not kept twice.
fn keep(path: &Path, bytes: &[u8]) -> Result<PathBuf> {
    let stem = path.file_stem().map_or_else(String::new, |s| s.to_string_lossy().into_owned());
    let folder = path.with_file_name(format!("{stem}.以前"));
    fs::create_dir_all(&folder).map_err(|e| Error::io("写しのフォルダーを作れません", &folder, &e))?;
    let entries = fs::read_dir(&folder).map_err(|e| Error::io("写しのフォルダーを読めません", &folder, &e))?;
    let number = |p: &PathBuf| p.file_stem()?.to_str()?.strip_prefix(&stem)?.strip_prefix('_')?.parse::<u32>().ok();
    let mut copies: Vec<(u32, PathBuf)> = entries.flatten().filter_map(|e| Some((number(&e.path())?, e.path()))).collect();
    copies.sort();
    if let Some((_, last)) = copies.last()
        && fs::read(last).is_ok_and(|kept| kept == bytes)
    {
        return Ok(last.clone());
    }
    let next = copies.last().map_or(1, |(n, _)| n + 1);
    let copy = folder.join(format!("{stem}_{next:03}.xlsx"));
    place::create(&copy, bytes)?;
    Ok(copy)
}
