//! Hand-over: one file with inputs, settings, people's edits, outputs and manifest; and the proof that they still give the same outputs.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::commands::run::{self, Options};
use crate::facts::workspace::{SETTINGS, Workspace};
use crate::ground::artefact::sha256;
use crate::ground::disk;
use crate::ground::error::{Error, Result};
use crate::ground::folder::{Below, below};
use crate::ground::place;
use crate::ground::progress::Progress;
use crate::ground::scratch::Scratch;
use crate::packet::{MANIFEST, Manifest};

/// The list of contents inside the archive.
const CONTENTS: &str = "kyogi-archive.json";
/// Differing files that are named one by one.
const NAMED: usize = 20;

/// What an archive says of itself.
#[derive(Debug, Serialize, Deserialize)]
struct Contents {
    program: String,
    version: String,
    prefecture: String,
    report_year: i32,
    /// Folder of the packet below the work folder.
    output: String,
    /// Path below the work folder → SHA-256.
    files: BTreeMap<String, String>,
}

/// What was put away.
pub struct Archived {
    pub path: PathBuf,
    pub files: usize,
    pub bytes: u64,
    /// Links, pipes and the like: not in the archive.
    pub skipped: Vec<String>,
}

/// What a replay found.
pub struct Replayed {
    pub made_by: String,
    pub outputs: usize,
    /// Outputs whose bytes differ, or that only one of the two has.
    pub different: Vec<String>,
}

/// Puts a work folder with its packet into one file. The same folder gives the same bytes.
pub fn archive(workspace: &Workspace, out: &Path) -> Result<Archived> {
    place::refuse_existing(out)?;
    let root = &workspace.root;
    let manifest = Manifest::read(&workspace.output()).map_err(|e| e.next("先に kyogi run で資料を作ってください"))?;
    let output = plain_path(root, &workspace.settings.output)?;
    let mut files = BTreeMap::new();
    // what the packet says of a lock file must be said again
    let told = |name: &str| manifest.not_read.iter().any(|f| f.path == name);
    let Below { files: found, skipped } = below(root)?;
    for name in found.into_iter().filter(|n| is_content(n) || told(n)) {
        files.insert(name.clone(), sha256(&read(&root.join(&name))?));
    }
    safe_names(files.keys().map(String::as_str)).map_err(|why| {
        Error::new(format!("保管できない名前のファイルがあります：{why}")).file(root).next("名前を変えるか、作業フォルダーの外に移してください")
    })?;
    for input in &manifest.inputs {
        let hash = input.get("sha256").and_then(|h| h.as_str()).unwrap_or_default();
        let name = input.get("file_name").and_then(|h| h.as_str()).unwrap_or_default();
        if !files.values().any(|h| h == hash) {
            return Err(Error::new(format!("資料のもとになったファイル「{name}」が、作業フォルダーにないか、資料を作ったあとに変わっています"))
                .file(root)
                .next("そのファイルを元の場所に戻すか、今のファイルで kyogi run をやり直してから、もう一度実行してください"));
        }
    }
    let contents = Contents {
        program: "kyogi".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        prefecture: workspace.settings.prefecture.clone(),
        report_year: workspace.settings.report_year,
        output,
        files,
    };
    let bytes = write(root, out, &contents)?;
    Ok(Archived { path: out.to_path_buf(), files: contents.files.len(), bytes, skipped: skipped.into_iter().filter(|n| is_content(n)).collect() })
}

/// The archive file, whole or not at all. Returns its size in bytes.
fn write(root: &Path, out: &Path, contents: &Contents) -> Result<u64> {
    let failed = |e: &std::io::Error| Error::io("保管ファイルを書けません", out, e);
    let broken = |e: zip::result::ZipError| failed(&e.into());
    let scratch = Scratch::beside(out)?;
    let waiting = scratch.path().join("保管.zip");
    let file = File::create(&waiting).map_err(|e| failed(&e))?;
    let mut zip = ZipWriter::new(UntilFailure::new(file));
    // no clock and no system of this machine: the entries' time is the format's first day
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated).last_modified_time(zip::DateTime::default());
    let options = options.system(zip::System::Unix);
    zip.start_file(CONTENTS, options).map_err(broken)?;
    zip.write_all((serde_json::to_string_pretty(&contents)? + "\n").as_bytes()).map_err(|e| failed(&e))?;
    for name in contents.files.keys() {
        zip.start_file(name.as_str(), options).map_err(broken)?;
        zip.write_all(&read(&root.join(name))?).map_err(|e| failed(&e))?;
    }
    let file = zip.finish().map_err(broken)?.file;
    file.sync_all().map_err(|e| failed(&e))?;
    let bytes = file.metadata().map_err(|e| failed(&e))?.len();
    drop(file);
    place::put_new(&waiting, out)?;
    Ok(bytes)
}

/// A file that tells its first failure. What the zip library writes after that, when it gives up, goes nowhere: it would tell it again,
/// in its own words and on the screen.
struct UntilFailure {
    file: File,
    /// After the failure: where the library believes to be.
    beyond: Option<u64>,
}

impl UntilFailure {
    fn new(file: File) -> Self {
        Self { file, beyond: None }
    }
}

impl Write for UntilFailure {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if let Some(at) = &mut self.beyond {
            *at += bytes.len() as u64;
            return Ok(bytes.len());
        }
        let written = self.file.write(bytes);
        if written.is_err() {
            self.beyond = Some(self.file.stream_position().unwrap_or(0));
        }
        written
    }

    fn flush(&mut self) -> std::io::Result<()> {
        if self.beyond.is_some() { Ok(()) } else { self.file.flush() }
    }
}

impl Seek for UntilFailure {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        let Some(at) = &mut self.beyond else { return self.file.seek(to) };
        *at = match to {
            SeekFrom::Start(at) => at,
            SeekFrom::Current(by) | SeekFrom::End(by) => at.saturating_add_signed(by),
        };
        Ok(*at)
    }
}

/// Unpacks an archive, makes its packet again, and compares every output. The unpacked folder is kept when `keep` names a place for it;
/// a replay that ends with an error leaves nothing.
pub fn replay(archive: &Path, keep: Option<&Path>, threads: usize, progress: &Progress) -> Result<Replayed> {
    if let Some(place) = keep.filter(|p| p.symlink_metadata().is_ok()) {
        return Err(Error::new("展開する場所がすでにあります").file(place).next("--out で新しいフォルダーを指定してください"));
    }
    // beside the place where it stays, so that it can be moved there whole
    let beside = disk::parent_of(keep.unwrap_or(archive));
    let temporary = Scratch::within(beside)?;
    let root = temporary.path().join("work");
    let contents = unpack(archive, &root)?;
    let workspace = Workspace::open(&root)?;
    let before = Manifest::read(&root.join(&contents.output))?;
    let again = temporary.path().join("again");
    run::run(&Options { workspace: &workspace, extract: None, mapping: None, out: Some(again.clone()), threads, progress })?;
    let after = Manifest::read(&again)?;
    if let Some(kept) = keep {
        disk::rename(&root, kept).map_err(|e| Error::io("展開したフォルダーを置けません", kept, &e))?;
    }
    Ok(Replayed {
        made_by: format!("{} {}", contents.program, contents.version),
        outputs: before.outputs.len(),
        different: different(&contents, &before, &after),
    })
}

/// Outputs whose bytes differ, or that only one of the two packets has.
fn different(contents: &Contents, before: &Manifest, after: &Manifest) -> Vec<String> {
    let mut different: Vec<String> =
        before.outputs.iter().filter(|(name, hash)| after.outputs.get(*name) != Some(hash)).map(|(name, _)| name.clone()).collect();
    different.extend(after.outputs.keys().filter(|name| !before.outputs.contains_key(*name)).cloned());
    different.sort();
    // a page that people changed after it was made is theirs; say so too
    for (name, hash) in &before.outputs {
        let kept = contents.files.get(&format!("{}/{name}", contents.output));
        if kept != Some(hash) && !different.contains(name) {
            different.push(name.clone());
        }
    }
    different
}

/// The outcome in words.
pub fn text(replayed: &Replayed) -> String {
    let mut lines = vec![format!("保管した資料を作り直しました（もとの資料は {} で作成、出力 {} 個）。", replayed.made_by, replayed.outputs)];
    if replayed.different.is_empty() {
        lines.push("すべての出力が、1バイトも違わず一致しました。".into());
    } else {
        lines.push(format!("一致しない出力が {} 個あります：", replayed.different.len()));
        lines.extend(replayed.different.iter().take(NAMED).map(|n| format!("  {n}")));
        if replayed.different.len() > NAMED {
            lines.push(format!("  ほか {} 個", replayed.different.len() - NAMED));
        }
        lines.push("プログラムの版が違うか、資料を作ったあとに設定・入力・出力が変わっています。".into());
    }
    lines.join("\n") + "\n"
}

/// A folder of the settings as a plain path below the work folder.
fn plain_path(root: &Path, folder: &str) -> Result<String> {
    let parts: Option<Vec<&str>> = Path::new(folder)
        .components()
        .filter(|c| *c != Component::CurDir)
        .map(|c| if let Component::Normal(part) = c { part.to_str() } else { None })
        .collect();
    parts.map(|p| p.join("/")).ok_or_else(|| {
        Error::new(format!("資料のフォルダー「{folder}」が作業フォルダーの外にあるため、保管できません"))
            .file(&root.join(SETTINGS))
            .next("kyogi.toml の output を作業フォルダーの中のフォルダーにして、kyogi run をやり直してください")
    })
}

/// Everything of a work folder but what programs leave behind while they run.
fn is_content(name: &str) -> bool {
    let file = name.rsplit('/').next().unwrap_or(name);
    !name.starts_with('.') && !name.contains("/.") && !file.starts_with("~$")
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|e| Error::io("ファイルを読めません", path, &e))
}

/// Files that an archive may hold, and how many bytes they may have when unpacked: far above any work folder, far below a disk.
const MOST_FILES: usize = 200_000;
const MOST_BYTES: u64 = 64 << 30;
/// Bytes that the list of contents may have.
const MOST_LISTED: u64 = 64 << 20;

/// Writes the archive's files below `root`, each checked against its hash. Every name and size is looked at before the first byte is written.
fn unpack(archive: &Path, root: &Path) -> Result<Contents> {
    let broken = |why: String| {
        Error::new(format!("保管ファイルがこわれています：{why}")).file(archive).next("kyogi archive で作った元のファイルを、もう一度写してください")
    };
    let file = File::open(archive).map_err(|e| Error::io("保管ファイルを読めません", archive, &e))?;
    let mut zip = ZipArchive::new(file).map_err(|_| broken("zip として読めません".into()))?;
    let contents = listed(&mut zip).map_err(broken)?;
    for (name, hash) in &contents.files {
        let mut entry = zip.by_name(name).map_err(|_| broken(format!("{name} を読めません")))?;
        let target = root.join(name);
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder).map_err(|e| Error::io("フォルダーを作れません", folder, &e))?;
        }
        // never into a file that is there already, through whatever name
        let mut out = File::create_new(&target).map_err(|e| Error::io("ファイルを書けません", &target, &e))?;
        let mut bytes = Vec::new();
        let most = entry.size().saturating_add(1);
        entry.by_ref().take(most).read_to_end(&mut bytes).map_err(|_| broken(format!("{name} を最後まで読めません")))?;
        if sha256(&bytes) != *hash {
            return Err(broken(format!("{name} の内容が、保管したときと違います")));
        }
        out.write_all(&bytes).map_err(|e| Error::io("ファイルを書けません", &target, &e))?;
    }
    Ok(contents)
}

/// The list of contents, when it and the archive say the same and nothing would land outside of a folder; else why not.
fn listed(zip: &mut ZipArchive<File>) -> std::result::Result<Contents, String> {
    if zip.len() > MOST_FILES {
        return Err(format!("ファイルが多すぎます（{}）", zip.len()));
    }
    if zip.has_duplicate_names() || zip.has_overlapping_files().unwrap_or(true) {
        return Err("同じ名前のファイルが二度あるか、中身が重なっています".into());
    }
    let mut sizes: BTreeMap<String, u64> = BTreeMap::new();
    for i in 0..zip.len() {
        let entry = zip.by_index_raw(i).map_err(|_| format!("{} 番目のファイルを読めません", i + 1))?;
        let name = entry.name().map_err(|_| format!("{} 番目のファイルの名前を読めません", i + 1))?.into_owned();
        if entry.encrypted() || entry.is_symlink() || !entry.is_file() {
            return Err(format!("{name} は普通のファイルではありません（リンク、フォルダー、暗号など）"));
        }
        sizes.insert(name, entry.size());
    }
    let bytes: u128 = sizes.values().map(|n| u128::from(*n)).sum();
    if bytes > u128::from(MOST_BYTES) {
        return Err(format!("中身が大きすぎます（{} GB）", bytes >> 30));
    }
    if sizes.remove(CONTENTS).is_none_or(|n| n > MOST_LISTED) {
        return Err(format!("{CONTENTS} がないか、大きすぎます"));
    }
    let mut text = Vec::new();
    let entry = zip.by_name(CONTENTS).map_err(|_| format!("{CONTENTS} を読めません"))?;
    entry.take(MOST_LISTED).read_to_end(&mut text).map_err(|_| format!("{CONTENTS} を最後まで読めません"))?;
    let contents: Contents = serde_json::from_slice(&text).map_err(|e| format!("{CONTENTS} の {} 行目を読めません", e.line()))?;
    safe_names(sizes.keys().chain(contents.files.keys()).map(String::as_str).collect::<BTreeSet<_>>().iter().copied())?;
    if let Some(name) = contents.files.keys().find(|n| !sizes.contains_key(*n)).or_else(|| sizes.keys().find(|n| !contents.files.contains_key(*n))) {
        return Err(format!("{name} が、目録と中身の片方にしかありません"));
    }
    let manifest = format!("{}/{MANIFEST}", contents.output);
    match [SETTINGS, manifest.as_str()].into_iter().find(|n| !contents.files.contains_key(*n)) {
        Some(missing) => Err(format!("{missing} がありません")),
        None => Ok(contents),
    }
}

/// Names that Windows gives to devices, whatever stands behind a dot.
const DEVICES: [&str; 8] = ["con", "prn", "aux", "nul", "conin$", "conout$", "com", "lpt"];

/// Whether paths below a folder (with `/`) stay in it and stay apart on every system: no way out, no drive, no device, no name that
/// Windows changes, no two names that differ only in case or in how a letter is composed. Else what is wrong with the first that does not.
pub fn safe_names<'a>(names: impl IntoIterator<Item = &'a str>) -> std::result::Result<(), String> {
    // every folder and file as its system-neutral spelling → as written, and whether it is a file
    let mut seen: BTreeMap<String, (String, bool)> = BTreeMap::new();
    for name in names {
        if let Some(why) = name.split('/').find_map(unsafe_part) {
            return Err(format!("{name} は{why}"));
        }
        let ends = name.match_indices('/').map(|(i, _)| i).chain([name.len()]);
        for end in ends {
            let (path, is_file) = (&name[..end], end == name.len());
            let folded: String = path.nfc().collect::<String>().to_lowercase().nfc().collect();
            let (written, was_file) = seen.entry(folded).or_insert_with(|| (path.to_owned(), is_file));
            if written != path {
                return Err(format!("{path} と {written} は、大文字と小文字などの違いしかなく、Windows では同じ名前になります"));
            }
            if is_file != *was_file {
                return Err(format!("{path} が、ファイルとフォルダーの両方になっています"));
            }
        }
    }
    Ok(())
}

/// Why a part of a path is not a plain name everywhere.
fn unsafe_part(part: &str) -> Option<&'static str> {
    let stem = part.split('.').next().unwrap_or(part).trim_end().to_lowercase();
    let digit = |rest: &str| matches!(rest.chars().next(), Some('0'..='9' | '¹' | '²' | '³')) && rest.chars().count() == 1;
    let is_device = DEVICES.iter().any(|d| match stem.strip_prefix(d) {
        Some("") => !matches!(*d, "com" | "lpt"),
        Some(rest) => matches!(*d, "com" | "lpt") && digit(rest),
        None => false,
    });
    match part {
        "" | "." | ".." => Some("作業フォルダーの外を指しています"),
        _ if part.contains(['\\', ':']) => Some("作業フォルダーの外を指しています（\\ や : は使えません）"),
        _ if is_device => Some("Windows の装置の名前です"),
        _ if part.contains(['<', '>', '"', '|', '?', '*']) || part.chars().any(char::is_control) => Some("Windows で使えない文字を含んでいます"),
        _ if part.ends_with(['.', ' ']) => Some("終わりが点か空白で、Windows では別の名前になります"),
        _ if part.len() > 255 => Some("長すぎます"),
        _ => None,
    }
}
