//! The packet folder: made beside its place under a working name, then put in place whole, or not at all.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::facts::rules::Rule;
use crate::ground::artefact;
use crate::ground::artefact::sha256;
use crate::ground::disk;
use crate::ground::error::{Error, Result};
use crate::ground::folder::{Below, below, files_below, is_empty};
use crate::ground::place;
use crate::ground::scratch::Scratch;
use crate::ingest::InputFile;

pub const MANIFEST: &str = "manifest.json";
/// Where files that people changed in an earlier packet are kept.
const KEPT: &str = "以前の変更";

/// What was made from what.
#[derive(Debug, Serialize, Deserialize)]
pub struct Manifest {
    pub program: String,
    pub version: String,
    pub prefecture_code: String,
    pub report_year: i32,
    pub simulated: bool,
    pub inputs: Vec<serde_json::Value>,
    pub rules: Vec<serde_json::Value>,
    /// Reference tables with their origin: built in, or from the work folder.
    #[serde(default)]
    pub reference: Vec<crate::facts::reference::tables::Used>,
    /// Files of the work folder that take the place of built-in ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub own_files: Vec<crate::facts::overrides::Replaced>,
    /// Statuses that the prefecture decided against the answers, with their reasons.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overrides: Vec<serde_json::Value>,
    /// Files of the work folder that were not read, with the reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_read: Vec<NotRead>,
    /// Path below the packet folder → SHA-256.
    pub outputs: BTreeMap<String, String>,
}

/// A file of the work folder that was not read.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NotRead {
    pub path: String,
    pub reason: String,
}

impl Manifest {
    pub fn new(prefecture_code: &str, report_year: i32, simulated: bool, inputs: &[InputFile], rules: &[Rule]) -> Result<Self> {
        Ok(Self {
            program: "kyogi".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            prefecture_code: prefecture_code.into(),
            report_year,
            simulated,
            inputs: inputs.iter().map(serde_json::to_value).collect::<std::result::Result<_, _>>()?,
            rules: rules.iter().map(serde_json::to_value).collect::<std::result::Result<_, _>>()?,
            reference: Vec::new(),
            own_files: Vec::new(),
            overrides: Vec::new(),
            not_read: Vec::new(),
            outputs: BTreeMap::new(),
        })
    }

    /// The manifest of a packet that must be there.
    pub fn read(packet: &Path) -> Result<Self> {
        let path = packet.join(MANIFEST);
        let first = "先に kyogi run で資料を作ってください";
        // another command may be exchanging the folders at this moment
        let read = || if place::is_exchanging(packet) { Err(ErrorKind::ResourceBusy.into()) } else { fs::read_to_string(&path) };
        let text = disk::patiently(read).map_err(|e| match e.kind() {
            ErrorKind::NotFound => Error::new("資料がまだありません").file(packet).next(first),
            ErrorKind::ResourceBusy => {
                Error::new("ほかの kyogi が資料を置きかえています").file(packet).next("終わってから、もう一度実行してください")
            }
            _ => Error::io("資料の目録を読めません", &path, &e),
        })?;
        serde_json::from_str(&text).map_err(|e| Error::new(format!("資料の目録がこわれています：{e}")).file(&path).next(first))
    }
}

/// Those of some files below the work folder that are there, with their hashes, as inputs of a manifest.
pub fn inputs<'a>(work_folder: &Path, files: impl IntoIterator<Item = &'a str>) -> Result<Vec<serde_json::Value>> {
    let entry = |(name, path): (&str, PathBuf)| {
        let bytes = fs::read(&path).map_err(|e| Error::io("作業フォルダーの表や設定を読めません", &path, &e))?;
        Ok(serde_json::json!({ "file_name": name, "sha256": sha256(&bytes), "bytes": bytes.len() }))
    };
    files.into_iter().map(|name| (name, work_folder.join(name))).filter(|(_, path)| path.exists()).map(entry).collect()
}

/// A packet in the making. Dropped without `finish`, it disappears and the earlier packet stays.
pub struct Packet {
    place: PathBuf,
    scratch: Scratch,
    working: PathBuf,
}

impl Packet {
    /// Starts a packet for `place`. Refuses a folder that holds something else than a packet.
    pub fn begin(place: &Path, prefecture_code: &str, simulated: bool) -> Result<Self> {
        // through a link to the folder it names; without the prefix that Windows puts before such a path, which no person and no engine expects
        let place = &dunce::canonicalize(place).unwrap_or_else(|_| place.to_path_buf());
        refuse_mount(place)?;
        // what a killed command left is cleared first, and an earlier packet that it had put aside is back
        let scratch = Scratch::beside(place)?;
        if place.exists() && !place.is_dir() {
            return Err(Error::new("出力先がフォルダーではありません").file(place).next("--out で別の場所を指定してください"));
        }
        if place.is_dir() && !place.join(MANIFEST).exists() && !is_empty(place)? {
            return Err(Error::new("出力先のフォルダーに kyogi の資料ではないものが入っています")
                .file(place)
                .next("空のフォルダー、又は新しいフォルダーを --out で指定してください"));
        }
        refuse_other_packet(place, prefecture_code, simulated)?;
        let working = scratch.path().join("資料");
        fs::create_dir(&working).map_err(|e| Error::io("作業用のフォルダーを作れません", &working, &e))?;
        Ok(Self { place: place.to_path_buf(), scratch, working })
    }

    pub fn path(&self) -> &Path {
        &self.working
    }

    /// Writes the manifest, then exchanges the folders. Files that people added or changed are carried over.
    pub fn finish(self, mut manifest: Manifest) -> Result<Finished> {
        // an extract may say only after it was read that it is simulated
        refuse_other_packet(&self.place, &manifest.prefecture_code, manifest.simulated)?;
        let root = &self.working;
        for file in files_below(root)? {
            let bytes = fs::read(root.join(&file)).map_err(|e| Error::io("作った資料を読めません", &root.join(&file), &e))?;
            manifest.outputs.insert(file, sha256(&bytes));
        }
        let text = serde_json::to_string_pretty(&manifest)? + "\n";
        artefact::write_bytes(&root.join(MANIFEST), text.as_bytes())?;
        let (kept, skipped) = self.carry_over(root, &manifest)?;
        sync_below(root)?;
        place::exchange(&self.scratch, root, &self.place)
            .map_err(|e| Error::io("資料のフォルダーを置きかえられません（前の資料はそのままです）", &self.place, &e))?;
        Ok(Finished { place: self.place.clone(), files: manifest.outputs.len() + 1, kept, skipped })
    }

    /// Copies files of people from the earlier packet; names them, and what cannot be copied.
    fn carry_over(&self, root: &Path, new: &Manifest) -> Result<(Vec<String>, Vec<String>)> {
        if !self.place.is_dir() {
            return Ok((Vec::new(), Vec::new()));
        }
        // without a list that can be read, nobody knows what is people's: all of it stays
        let old = Manifest::read(&self.place).map(|m| m.outputs).unwrap_or_default();
        let mut kept = Vec::new();
        let Below { files, skipped } = below(&self.place)?;
        for file in files.into_iter().filter(|f| f != MANIFEST) {
            let from = self.place.join(&file);
            let to = match old.get(&file) {
                Some(hash) => {
                    let bytes = disk::patiently(|| fs::read(&from)).map_err(|e| Error::io("以前の資料を読めません", &from, &e))?;
                    if sha256(&bytes) == *hash {
                        continue;
                    }
                    format!("{KEPT}/{file}")
                }
                None if new.outputs.contains_key(&file) => format!("{KEPT}/{file}"),
                None => file,
            };
            let target = root.join(&to);
            if let Some(dir) = target.parent() {
                fs::create_dir_all(dir).map_err(|e| Error::io("フォルダーを作れません", dir, &e))?;
            }
            disk::patiently(|| fs::copy(&from, &target)).map_err(|e| Error::io("人が加えたファイルを写せません", &from, &e))?;
            kept.push(to);
        }
        Ok((kept, skipped))
    }
}

/// A packet in its place.
pub struct Finished {
    pub place: PathBuf,
    pub files: usize,
    /// Files of people that were carried over.
    pub kept: Vec<String>,
    /// Links, pipes and the like of the earlier packet, which were not.
    pub skipped: Vec<String>,
}

impl Finished {
    /// What became of people's files, a line each.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        let kept = self.kept.iter().map(|f| format!("人が加えた、又は変えたファイルを残しました：{f}"));
        kept.chain(self.skipped.iter().map(|f| format!("リンクなど、普通のファイルではないものは残していません：{f}")))
    }
}

/// Waits until all files of a folder are on the disk.
fn sync_below(root: &Path) -> Result<()> {
    files_below(root)?.par_iter().try_for_each(|file| {
        let path = root.join(file);
        disk::sync(&path).map_err(|e| Error::io("ファイルを書けません", &path, &e))
    })?;
    disk::sync_folder(root);
    Ok(())
}

/// A packet of another prefecture, or a real one under a simulated one, was not meant to be replaced.
fn refuse_other_packet(place: &Path, prefecture_code: &str, simulated: bool) -> Result<()> {
    let Ok(old) = Manifest::read(place) else { return Ok(()) };
    if old.prefecture_code == prefecture_code && (old.simulated || !simulated) {
        return Ok(());
    }
    let what = if old.prefecture_code == prefecture_code { "模擬ではない資料" } else { "別の都道府県の資料" };
    Err(Error::new(format!("出力先に{what}があります")).file(place).next("--out で別の場所を指定してください"))
}

/// A place where another drive or folder is mounted cannot be exchanged as a whole: said before the work, with the true reason.
fn refuse_mount(place: &Path) -> Result<()> {
    if !disk::is_mount(place) {
        return Ok(());
    }
    Err(Error::new("出力先のフォルダーが、別のドライブなどをつないだ場所（マウントポイント）のため、資料を丸ごと置きかえられません")
        .file(place)
        .next("その中に新しいフォルダーを決めて、--out 又は kyogi.toml の output で指定してください（例：packet/資料）"))
}
