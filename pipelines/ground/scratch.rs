//! Working folders: hidden, beside the place they work for, gone when their command ends, and cleared by the next command when it was killed.
//!
//! A working folder has a file beside it that its process keeps locked. The system takes a lock away when the process ends, however it ends,
//! so that a lock which can be had says: nobody works here any more.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::ground::artefact::sha256;
use crate::ground::disk::{parent_of, patiently, rename};
use crate::ground::error::{Error, Result};

/// How the names of all working folders begin.
pub const PREFIX: &str = ".kyogi-作業中-";
/// What several files were before they are replaced, and where a folder belongs that is exchanged: for the command after a killed one.
pub(super) const JOURNAL: &str = "files.json";
pub(super) const FOLDER_JOURNAL: &str = "folder.txt";
/// What was there before, below a working folder.
pub(super) const OLD: &str = "以前";
const LOCK: &str = ".lock";
/// Where a file system knows no locks, a working folder of this age is nobody's any more.
const LONG_AGO: Duration = Duration::from_secs(24 * 60 * 60);
/// How often a name is tried anew when a command that clears up was faster.
const TRIES: usize = 16;

/// A working folder. Dropped, it disappears with all that is in it.
#[derive(Debug)]
pub struct Scratch {
    folder: PathBuf,
    lock: Option<tempfile::NamedTempFile>,
    is_left: AtomicBool,
}

impl Scratch {
    /// A new working folder in `parent`, which is made where it is missing. What killed commands left there is cleared first.
    pub fn within(parent: &Path) -> Result<Self> {
        let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
        let failed = |e: &io::Error| Error::io("作業用のフォルダーを作れません", parent, e);
        fs::create_dir_all(parent).map_err(|e| failed(&e))?;
        clear(parent);
        for _ in 0..TRIES {
            let lock = tempfile::Builder::new().prefix(PREFIX).suffix(LOCK).tempfile_in(parent).map_err(|e| failed(&e))?;
            // a file system without locks still works; only clearing up waits longer
            if matches!(lock.as_file().try_lock(), Err(TryLockError::WouldBlock)) || !lock.path().exists() {
                continue;
            }
            let folder = folder_of(lock.path());
            fs::create_dir(&folder).map_err(|e| failed(&e))?;
            return Ok(Self { folder, lock: Some(lock), is_left: AtomicBool::new(false) });
        }
        Err(Error::new("作業用のフォルダーを作れません").file(parent).next("もう一度実行してください"))
    }

    /// A working folder beside a file or folder.
    pub fn beside(place: &Path) -> Result<Self> {
        Self::within(parent_of(place))
    }

    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// Leaves the folder for the next command, which puts back what lies in it.
    pub(crate) fn leave(&self) {
        self.is_left.store(true, Ordering::Relaxed);
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if self.is_left.load(Ordering::Relaxed) {
            return;
        }
        // what cannot be removed now is removed by the next command
        let _ = patiently(|| if self.folder.exists() { fs::remove_dir_all(&self.folder) } else { Ok(()) });
        drop(self.lock.take());
    }
}

fn folder_of(lock: &Path) -> PathBuf {
    lock.with_file_name(lock.file_name().map_or_else(String::new, |n| n.to_string_lossy().trim_end_matches(LOCK).to_owned()))
}

/// Removes the working folders of killed commands from a folder; those of commands that go on stay.
pub fn clear(parent: &Path) {
    for path in entries(parent).into_iter().filter(|path| !is_alive(path)) {
        let folder = folder_of(&path);
        // what was there before is put back first; where that fails, it waits where it is
        if undo(&folder).is_ok() {
            let _ = fs::remove_dir_all(&folder);
            let _ = fs::remove_file(&path);
        }
    }
}

/// Working folders in a folder whose commands go on.
pub fn alive(parent: &Path) -> Vec<PathBuf> {
    entries(parent).into_iter().filter(|path| is_alive(path)).map(|path| folder_of(&path)).collect()
}

/// The lock files of a folder, and working folders that have none.
fn entries(parent: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(parent) else { return Vec::new() };
    let ours = entries.flatten().filter(|e| e.file_name().to_string_lossy().starts_with(PREFIX)).map(|e| e.path());
    ours.filter(|path| path.to_string_lossy().ends_with(LOCK) || !path.with_file_name(with_lock(path)).exists()).collect()
}

fn with_lock(folder: &Path) -> String {
    format!("{}{LOCK}", folder.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned()))
}

fn is_alive(path: &Path) -> bool {
    // a working folder is made after its lock and removed before it: alone it is nobody's
    if path.is_dir() {
        return false;
    }
    let Ok(file) = OpenOptions::new().read(true).write(true).open(path) else { return false };
    match file.try_lock() {
        Ok(()) => false,
        Err(TryLockError::WouldBlock) => true,
        Err(TryLockError::Error(_)) => !is_old(&file),
    }
}

fn is_old(file: &File) -> bool {
    file.metadata().and_then(|m| m.modified()).ok().and_then(|t| t.elapsed().ok()).is_some_and(|age| age > LONG_AGO)
}

/// A file that is being replaced: what it was before is the file of this number, below the working folder.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Step {
    pub(super) place: PathBuf,
    pub(super) before: Option<String>,
    /// SHA-256 of what takes its place.
    pub(super) after: String,
}

/// Puts back what a working folder says was replaced, where nobody wrote since.
pub(super) fn undo(working: &Path) -> io::Result<()> {
    let old = working.join(OLD);
    if let Ok(place) = fs::read_to_string(working.join(FOLDER_JOURNAL)).map(PathBuf::from)
        && old.is_dir()
        && !place.exists()
    {
        rename(&old, &place)?;
    }
    let Ok(text) = fs::read(working.join(JOURNAL)) else { return Ok(()) };
    // a list that was not written to its end was not acted on
    let steps: Vec<Step> = serde_json::from_slice(&text).unwrap_or_default();
    for step in steps.iter().rev().filter(|s| fs::read(&s.place).is_ok_and(|bytes| sha256(&bytes) == s.after)) {
        match &step.before {
            Some(number) => rename(&old.join(number), &step.place)?,
            None => patiently(|| fs::remove_file(&step.place))?,
        }
    }
    fs::remove_file(working.join(JOURNAL))
}
