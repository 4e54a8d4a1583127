//! The disk: with patience where another program holds a file for a moment, and written for good before anything rests on it.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::Path;
use std::time::Duration;

use crate::ground::error::is_held;

/// How long a program that holds a file for a moment (a virus scanner, a preview, a backup) is waited for, in milliseconds.
const PATIENCE: [u64; 7] = [20, 50, 100, 250, 500, 1000, 2000];
/// The folder that holds a place.
pub fn parent_of(place: &Path) -> &Path {
    place.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Whether another drive or folder is mounted at a place.
pub fn is_mount(place: &Path) -> bool {
    let Ok(whole) = dunce::canonicalize(place) else { return false };
    if let Ok(mounts) = fs::read_to_string("/proc/self/mountinfo") {
        let escaped = whole.to_string_lossy().replace('\\', "\\134").replace(' ', "\\040").replace('\t', "\\011").replace('\n', "\\012");
        return mounts.lines().any(|line| line.split(' ').nth(4) == Some(escaped.as_str()));
    }
    is_on_other_device(&whole)
}

#[cfg(unix)]
fn is_on_other_device(whole: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let device = |path: &Path| path.metadata().map(|m| m.dev()).ok();
    device(whole) != device(parent_of(whole))
}

#[cfg(not(unix))]
fn is_on_other_device(_: &Path) -> bool {
    false
}

/// Writes a file and waits until it is on the disk.
pub fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Waits until the contents of a file are on the disk. A file system that cannot say so is believed.
pub fn sync(path: &Path) -> io::Result<()> {
    // Windows wants the right to write
    let file = if cfg!(windows) { File::options().write(true).open(path)? } else { File::open(path)? };
    match file.sync_all() {
        Err(e) if matches!(e.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported) => Ok(()),
        outcome => outcome,
    }
}

/// Waits until the names in a folder are on the disk, where the system lets a folder be opened.
pub fn sync_folder(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}

/// The same for the folders of some places, each once.
pub fn sync_folders<'a>(places: impl IntoIterator<Item = &'a Path>) {
    places.into_iter().map(parent_of).collect::<BTreeSet<_>>().into_iter().for_each(sync_folder);
}

/// Renames, with patience.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    patiently(|| fs::rename(from, to))
}

/// Tries again for a bounded time while another program holds the file.
pub fn patiently<T>(operation: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    retried(operation, std::thread::sleep)
}

/// The same with another way to wait.
pub fn retried<T>(mut operation: impl FnMut() -> io::Result<T>, mut wait: impl FnMut(Duration)) -> io::Result<T> {
    for pause in PATIENCE.map(Duration::from_millis) {
        match operation() {
            Err(error) if is_momentary(&error) => wait(pause),
            outcome => return outcome,
        }
    }
    operation()
}

/// Windows says so too while another program has the file open; elsewhere the number is another failure's.
const ACCESS_DENIED: i32 = 5;

/// Whether a failure may pass by itself.
pub fn is_momentary(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::ResourceBusy | ErrorKind::WouldBlock | ErrorKind::Interrupted | ErrorKind::ExecutableFileBusy)
        || is_held(error)
        || cfg!(windows) && error.raw_os_error() == Some(ACCESS_DENIED)
}
