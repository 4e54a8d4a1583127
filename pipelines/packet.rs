//! The packet folder: made beside its place under a working name, then put in place whole, or not at all.

use crate::ground::folder::{files_below, is_empty};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::facts::rules::Rule;
use crate::ground::artefact;
use crate::ground::artefact::sha256;
use crate::ground::error::{Error, Result};
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
        let text = fs::read_to_string(&path).map_err(|e| Error::io("資料がまだありません", packet, &e).next(first))?;
        serde_json::from_str(&text).map_err(|e| Error::new(format!("資料の目録がこわれています：{e}")).file(&path).next(first))
    }
}

/// Those of some files below the work folder that are there, with their hashes, as inputs of a manifest.
pub fn inputs(work_folder: &Path, files: impl IntoIterator<Item = &'static str>) -> Result<Vec<serde_json::Value>> {
    let entry = |(name, path): (&str, PathBuf)| {
        let bytes = fs::read(&path).map_err(|e| Error::io("作業フォルダーの表や設定を読めません", &path, &e))?;
        Ok(serde_json::json!({ "file_name": name, "sha256": sha256(&bytes), "bytes": bytes.len() }))
    };
    files.into_iter().map(|name| (name, work_folder.join(name))).filter(|(_, path)| path.exists()).map(entry).collect()
}

/// A packet in the making. Dropped without `finish`, it disappears and the earlier packet stays.
pub struct Packet {
    place: PathBuf,
    working: tempfile::TempDir,
}

impl Packet {
    /// Starts a packet for `place`. Refuses a folder that holds something else than a packet.
    pub fn begin(place: &Path, prefecture_code: &str, simulated: bool) -> Result<Self> {
        // through a link to the folder it names; without the prefix that Windows puts before such a path, which no person and no engine expects
        let place = &dunce::canonicalize(place).unwrap_or_else(|_| place.to_path_buf());
        let parent = place.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(parent).map_err(|e| Error::io("出力フォルダーを作れません", parent, &e))?;
        recover(place)?;
        if place.exists() && !place.is_dir() {
            return Err(Error::new("出力先がフォルダーではありません").file(place).next("--out で別の場所を指定してください"));
        }
        if place.is_dir() && !place.join(MANIFEST).exists() && !is_empty(place)? {
            return Err(Error::new("出力先のフォルダーに kyogi の資料ではないものが入っています")
                .file(place)
                .next("空のフォルダー、又は新しいフォルダーを --out で指定してください"));
        }
        refuse_other_packet(place, prefecture_code, simulated)?;
        clear_leftovers(parent, place);
        let working = tempfile::Builder::new()
            .prefix(&format!("{}作成中-{}-", hidden(place), std::process::id()))
            .tempdir_in(parent)
            .map_err(|e| Error::io("作業用のフォルダーを作れません", parent, &e))?;
        Ok(Self { place: place.to_path_buf(), working })
    }

    pub fn path(&self) -> &Path {
        self.working.path()
    }

    /// Writes the manifest, then exchanges the folders. Files that people added or changed are carried over.
    pub fn finish(self, mut manifest: Manifest) -> Result<Finished> {
        // an extract may say only after it was read that it is simulated
        refuse_other_packet(&self.place, &manifest.prefecture_code, manifest.simulated)?;
        let root = self.working.path().to_path_buf();
        for file in files_below(&root)? {
            let bytes = fs::read(root.join(&file)).map_err(|e| Error::io("作った資料を読めません", &root.join(&file), &e))?;
            manifest.outputs.insert(file, sha256(&bytes));
        }
        let text = serde_json::to_string_pretty(&manifest)? + "\n";
        artefact::write_bytes(&root.join(MANIFEST), text.as_bytes())?;
        let kept = self.carry_over(&root, &manifest)?;

        let old = sibling(&self.place, "以前");
        let moved = |e: &std::io::Error, path: &Path| {
            Error::io("資料のフォルダーを置きかえられません", path, e)
                .next("中のファイルを Excel やブラウザーで開いていれば閉じて、もう一度実行してください")
        };
        if self.place.exists() {
            fs::rename(&self.place, &old).map_err(|e| moved(&e, &self.place))?;
        }
        if let Err(error) = fs::rename(&root, &self.place) {
            // put the earlier packet back before saying so
            let _ = fs::rename(&old, &self.place);
            return Err(moved(&error, &self.place));
        }
        if old.exists() {
            fs::remove_dir_all(&old).map_err(|e| Error::io("以前の資料を片付けられません", &old, &e))?;
        }
        Ok(Finished { place: self.place, files: manifest.outputs.len() + 1, kept })
    }

    fn carry_over(&self, root: &Path, new: &Manifest) -> Result<Vec<String>> {
        let Ok(old) = Manifest::read(&self.place) else { return Ok(Vec::new()) };
        let mut kept = Vec::new();
        for file in files_below(&self.place)?.into_iter().filter(|f| f != MANIFEST) {
            let from = self.place.join(&file);
            let to = match old.outputs.get(&file) {
                Some(hash) => {
                    let bytes = fs::read(&from).map_err(|e| Error::io("以前の資料を読めません", &from, &e))?;
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
            fs::copy(&from, &target).map_err(|e| Error::io("人が加えたファイルを写せません", &from, &e))?;
            kept.push(to);
        }
        Ok(kept)
    }
}

/// A packet in its place.
pub struct Finished {
    pub place: PathBuf,
    pub files: usize,
    /// Files of people that were carried over.
    pub kept: Vec<String>,
}

fn hidden(place: &Path) -> String {
    format!(".{}.", place.file_name().map_or_else(|| "packet".into(), |n| n.to_string_lossy().into_owned()))
}

fn sibling(place: &Path, word: &str) -> PathBuf {
    place.with_file_name(format!("{}{word}", hidden(place)))
}

/// A run that was cut off between the two renames leaves the earlier packet under its waiting name.
fn recover(place: &Path) -> Result<()> {
    let old = sibling(place, "以前");
    if !old.exists() {
        return Ok(());
    }
    let outcome = if place.exists() { fs::remove_dir_all(&old) } else { fs::rename(&old, place) };
    outcome.map_err(|e| Error::io("中断された前回の資料を戻せません", &old, &e))
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

/// Working folders of runs that were killed; those of runs that go on stay.
fn clear_leftovers(parent: &Path, place: &Path) {
    let prefix = format!("{}作成中-{}-", hidden(place), std::process::id());
    let Ok(entries) = fs::read_dir(parent) else { return };
    for entry in entries.flatten().filter(|e| e.file_name().to_string_lossy().starts_with(&prefix)) {
        let name = entry.file_name().to_string_lossy().into_owned();
        let pid = name[prefix.len()..].split('-').next().unwrap_or_default().to_owned();
        let running = Path::new("/proc/self").exists() && Path::new("/proc").join(&pid).exists();
        let age = entry.metadata().and_then(|m| m.modified()).ok().and_then(|t| t.elapsed().ok());
        // without /proc only age tells
        if !running && (Path::new("/proc/self").exists() || age.is_some_and(|a| a.as_secs() > 3600)) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
