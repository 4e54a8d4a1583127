//! Putting files in place, the only way that the program has: made ready in a working folder, written to the disk for good, then renamed.
//! One file is replaced whole; several are replaced all together or not at all; a new one never takes the place of another.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::ground::artefact::sha256;
use crate::ground::disk::{parent_of, patiently, rename, sync, sync_folder, sync_folders, write_synced};
use crate::ground::error::{Error, Result};
use crate::ground::scratch::{self, FOLDER_JOURNAL, JOURNAL, OLD, Scratch, Step, undo};

/// A file that stands ready under another name.
#[derive(Clone, Debug)]
pub struct Ready {
    pub waiting: PathBuf,
    pub place: PathBuf,
}

/// Replaces a file, or makes it: whole, or what was there stays.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let scratch = Scratch::beside(path)?;
    let waiting = ready(&scratch, 0, bytes)?;
    rename(&waiting, path).map_err(|e| Error::io("ファイルを置けません（前のものはそのままです）", path, &e))?;
    sync_folder(parent_of(path));
    Ok(())
}

/// Makes a new file, whole or not at all.
pub fn create(path: &Path, bytes: &[u8]) -> Result<()> {
    create_all(&[(path.to_path_buf(), bytes.to_vec())])
}

/// Makes several new files: all, or none.
pub fn create_all(files: &[(PathBuf, Vec<u8>)]) -> Result<()> {
    let Some((first, _)) = files.first() else { return Ok(()) };
    files.iter().try_for_each(|(path, _)| refuse_existing(path))?;
    let scratch = Scratch::beside(first)?;
    let waiting = files.iter().enumerate().map(|(i, (_, bytes))| ready(&scratch, i, bytes)).collect::<Result<Vec<_>>>()?;
    let mut done: Vec<&Path> = Vec::new();
    for (waiting, (path, _)) in waiting.iter().zip(files) {
        if let Err(error) = move_new(waiting, path) {
            done.iter().for_each(|p| drop(fs::remove_file(p)));
            return Err(error);
        }
        done.push(path);
    }
    sync_folders(done);
    Ok(())
}

/// Puts a file that is ready in a new place, never over another file.
pub fn put_new(waiting: &Path, path: &Path) -> Result<()> {
    move_new(waiting, path)?;
    sync_folder(parent_of(path));
    Ok(())
}

fn move_new(waiting: &Path, path: &Path) -> Result<()> {
    let persist = || tempfile::TempPath::try_from_path(waiting)?.persist_noclobber(path).map_err(|e| e.error);
    let outcome = fs::create_dir_all(parent_of(path)).and_then(|()| patiently(persist));
    outcome.map_err(|e| if e.kind() == ErrorKind::AlreadyExists { exists(path) } else { Error::io("ファイルを置けません", path, &e) })
}

/// Says before the work that a new file would take the place of another.
pub fn refuse_existing(path: &Path) -> Result<()> {
    if path.symlink_metadata().is_ok() { Err(exists(path)) } else { Ok(()) }
}

fn exists(path: &Path) -> Error {
    Error::new("同じ名前のファイルがすでにあります").file(path).next("そのファイルを移すか、--out で別の名前を指定してください")
}

/// Replaces several files below `beside`, or makes them: all, or none. A command that is killed on the way is undone by the next.
pub fn replace_all(beside: &Path, files: &[(PathBuf, Vec<u8>)]) -> Result<()> {
    let scratch = Scratch::within(beside)?;
    let waiting = |(i, (place, bytes)): (usize, &(PathBuf, Vec<u8>))| Ok(Ready { waiting: ready(&scratch, i, bytes)?, place: place.clone() });
    let files = files.iter().enumerate().map(waiting).collect::<Result<Vec<_>>>()?;
    put_all(&scratch, &files)
}

/// Exchanges a folder for another as a whole; what was there goes with the working folder. Killed between the two renames, the next
/// command that looks puts the old one back.
pub fn exchange(scratch: &Scratch, new: &Path, place: &Path) -> io::Result<()> {
    let journal = scratch.path().join(FOLDER_JOURNAL);
    write_synced(&journal, std::path::absolute(place)?.to_string_lossy().as_bytes())?;
    sync_folder(scratch.path());
    let old = scratch.path().join(OLD);
    let had = place.exists();
    if had {
        rename(place, &old)?;
    }
    if let Err(error) = rename(new, place) {
        // back before saying so; where even that fails, the next command does it
        if had && rename(&old, place).is_err() {
            scratch.leave();
        }
        return Err(error);
    }
    sync_folder(parent_of(place));
    let _ = fs::remove_file(&journal);
    Ok(())
}

/// Whether another command is exchanging a folder at this moment.
pub fn is_exchanging(place: &Path) -> bool {
    let named =
        |folder: &PathBuf| fs::read_to_string(folder.join(FOLDER_JOURNAL)).is_ok_and(|named| Path::new(&named).file_name() == place.file_name());
    !place.exists() && scratch::alive(parent_of(place)).iter().any(named)
}

/// Puts files that are ready, in the order given: all, or none.
pub fn put_all(scratch: &Scratch, files: &[Ready]) -> Result<()> {
    let failed = |path: &Path, e: &io::Error| Error::io("ファイルを置けません（前のものはそのままです）", path, e);
    let aside = scratch.path().join(OLD);
    fs::create_dir_all(&aside).map_err(|e| failed(&aside, &e))?;
    let mut steps: Vec<Step> = Vec::new();
    for (i, Ready { waiting, place }) in files.iter().enumerate() {
        sync(waiting).map_err(|e| failed(place, &e))?;
        let after = fs::read(waiting).map(|bytes| sha256(&bytes)).map_err(|e| failed(place, &e))?;
        let before = place.exists().then(|| i.to_string());
        if let Some(number) = &before {
            let before = aside.join(number);
            fs::copy(place, &before).and_then(|_| sync(&before)).map_err(|e| failed(place, &e))?;
        }
        steps.push(Step { place: std::path::absolute(place).unwrap_or_else(|_| place.clone()), before, after });
    }
    let journal = scratch.path().join(JOURNAL);
    write_synced(&journal, serde_json::to_string(&steps)?.as_bytes()).map_err(|e| failed(&journal, &e))?;
    for Ready { waiting, place } in files {
        let outcome = fs::create_dir_all(parent_of(place)).and_then(|()| rename(waiting, place));
        if let Err(error) = outcome {
            if undo(scratch.path()).is_err() {
                scratch.leave();
            }
            return Err(failed(place, &error));
        }
    }
    sync_folders(files.iter().map(|f| f.place.as_path()));
    // from here on they stay
    patiently(|| fs::remove_file(&journal)).map_err(|e| failed(&journal, &e))
}

fn ready(scratch: &Scratch, i: usize, bytes: &[u8]) -> Result<PathBuf> {
    let waiting = scratch.path().join(i.to_string());
    write_synced(&waiting, bytes).map_err(|e| Error::io("ファイルを書けません（前のものはそのままです）", &waiting, &e))?;
    Ok(waiting)
}
