//! Hand-over: one file with inputs, settings, people's edits, outputs and manifest; and the proof that they still give the same outputs.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::error::{Error, Result};
use crate::ingest::sha256;
use crate::packet::{Manifest, files_below};
use crate::progress::Progress;
use crate::run::{self, Options};
use crate::workspace::{SETTINGS, Workspace};

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
    if out.exists() {
        return Err(Error::new("同じ名前のファイルがすでにあります").file(out).next("--out で別の名前を指定してください"));
    }
    let root = &workspace.root;
    let manifest = Manifest::read(&workspace.output()).map_err(|e| e.next("先に kyogi run で資料を作ってください"))?;
    let mut files = BTreeMap::new();
    for name in files_below(root)?.into_iter().filter(|n| is_content(n)) {
        files.insert(name.clone(), sha256(&read(&root.join(&name))?));
    }
    for input in &manifest.inputs {
        let hash = input.get("sha256").and_then(|h| h.as_str()).unwrap_or_default();
        let name = input.get("file_name").and_then(|h| h.as_str()).unwrap_or_default();
        if !files.values().any(|h| h == hash) {
            return Err(Error::new(format!("資料のもとになった抽出ファイル「{name}」が、作業フォルダーにありません"))
                .file(root)
                .next("そのファイルを input フォルダーに入れるか、今のファイルで kyogi run をやり直してから、もう一度実行してください"));
        }
    }
    let contents = Contents {
        program: "kyogi".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        prefecture: workspace.settings.prefecture.clone(),
        report_year: workspace.settings.report_year,
        output: workspace.settings.output.clone(),
        files,
    };
    let folder = out.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let failed = |e: &std::io::Error| Error::io("保管ファイルを書けません", out, e);
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(|e| failed(&e))?;
    let bytes = {
        let mut zip = ZipWriter::new(file.as_file_mut());
        // no clock: the entries' time is the format's first day
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated).last_modified_time(zip::DateTime::default());
        let broken = |e: zip::result::ZipError| Error::new(format!("保管ファイルを書けません：{e}")).file(out);
        zip.start_file(CONTENTS, options).map_err(broken)?;
        zip.write_all((serde_json::to_string_pretty(&contents)? + "\n").as_bytes()).map_err(|e| failed(&e))?;
        for name in contents.files.keys() {
            zip.start_file(name.as_str(), options).map_err(broken)?;
            zip.write_all(&read(&root.join(name))?).map_err(|e| failed(&e))?;
        }
        zip.finish().map_err(broken)?.metadata().map_err(|e| failed(&e))?.len()
    };
    file.persist_noclobber(out).map_err(|e| failed(&e.error))?;
    Ok(Archived { path: out.to_path_buf(), files: contents.files.len(), bytes })
}

/// Unpacks an archive, makes its packet again, and compares every output. The unpacked folder is kept when `keep` names a place for it.
pub fn replay(archive: &Path, keep: Option<&Path>, threads: usize, progress: &Progress) -> Result<Replayed> {
    let temporary = tempfile::tempdir().map_err(|e| Error::new(format!("一時フォルダーを作れません：{e}")))?;
    let root = match keep {
        Some(place) if place.exists() => {
            return Err(Error::new("展開する場所がすでにあります").file(place).next("--out で新しいフォルダーを指定してください"));
        }
        Some(place) => place.to_path_buf(),
        None => temporary.path().join("work"),
    };
    let contents = unpack(archive, &root)?;
    let workspace = Workspace::open(&root)?;
    let before = Manifest::read(&root.join(&contents.output))?;
    let again = temporary.path().join("again");
    run::run(&Options { workspace: &workspace, extract: None, mapping: None, out: Some(again.clone()), threads, progress })?;
    let after = Manifest::read(&again)?;
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
    Ok(Replayed { made_by: format!("{} {}", contents.program, contents.version), outputs: before.outputs.len(), different })
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

/// Everything of a work folder but what programs leave behind while they run.
fn is_content(name: &str) -> bool {
    let file = name.rsplit('/').next().unwrap_or(name);
    !name.starts_with('.') && !name.contains("/.") && !file.starts_with("~$")
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|e| Error::io("ファイルを読めません", path, &e))
}

/// Writes the archive's files below `root`, each checked against its hash.
fn unpack(archive: &Path, root: &Path) -> Result<Contents> {
    let broken = |why: String| {
        Error::new(format!("保管ファイルがこわれています：{why}")).file(archive).next("kyogi archive で作った元のファイルを、もう一度写してください")
    };
    let file = File::open(archive).map_err(|e| Error::io("保管ファイルを読めません", archive, &e))?;
    let mut zip = ZipArchive::new(file).map_err(|e| broken(e.to_string()))?;
    let mut entry = |name: &str| -> Result<Vec<u8>> {
        let mut entry = zip.by_name(name).map_err(|e| broken(format!("{name}：{e}")))?;
        // a name that leaves the folder was not written by us
        if entry.enclosed_name().is_none() {
            return Err(broken(format!("{name} は作業フォルダーの外を指しています")));
        }
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).map_err(|e| broken(format!("{name}：{e}")))?;
        Ok(bytes)
    };
    let contents: Contents = serde_json::from_slice(&entry(CONTENTS)?).map_err(|e| broken(e.to_string()))?;
    if !contents.files.contains_key(SETTINGS) {
        return Err(broken(format!("{SETTINGS} がありません")));
    }
    for (name, hash) in &contents.files {
        let bytes = entry(name)?;
        if sha256(&bytes) != *hash {
            return Err(broken(format!("{name} の内容が、保管したときと違います")));
        }
        let target = root.join(name);
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder).map_err(|e| Error::io("フォルダーを作れません", folder, &e))?;
        }
        fs::write(&target, bytes).map_err(|e| Error::io("ファイルを書けません", &target, &e))?;
    }
    Ok(contents)
}
