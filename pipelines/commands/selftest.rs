//! `kyogi selftest`: whether the program does on this machine what it did where it was made.
//!
//! The sample prefecture is made from beginning to end in a temporary folder, and every file is compared with the hashes that the release carries.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::ground::artefact;
use crate::ground::artefact::sha256;
use crate::ground::error::{Error, Result};
use crate::ground::folder::files_below;
use crate::ground::sql;

/// Folders of the sample's work folder that are compared; workbooks in which people write lie beside them and are compared too.
const COMPARED: [&str; 3] = ["packet", "published", "会議資料"];

/// File below the work folder → SHA-256.
pub type Hashes = BTreeMap<String, String>;

/// What the release carries; `None` where the program was built without a list (`KYOGI_EXPECTED`, see `.ci/windows`).
pub fn expected() -> Option<Hashes> {
    let listed = include_str!(concat!(env!("OUT_DIR"), "/expected.sha256"));
    let row = |line: &str| line.split_once("  ").map(|(hash, name)| (name.to_owned(), hash.to_owned()));
    let hashes: Hashes = listed.lines().filter_map(row).collect();
    (!hashes.is_empty()).then_some(hashes)
}

/// The list as `sha256sum` writes and reads it.
pub fn listed(hashes: &Hashes) -> String {
    hashes.iter().fold(String::new(), |mut out, (name, hash)| {
        let _ = writeln!(out, "{hash}  {name}");
        out
    })
}

/// The hashes of what the sample's work folder now holds.
pub fn hashes(work_folder: &Path) -> Result<Hashes> {
    let is_compared = |name: &String| COMPARED.iter().any(|folder| name.starts_with(&format!("{folder}/"))) || name.ends_with(".xlsx");
    let hash = |name: String| {
        let path = work_folder.join(&name);
        let bytes = std::fs::read(&path).map_err(|e| Error::io("作ったファイルを読めません", &path, &e))?;
        Ok((name, sha256(&bytes)))
    };
    files_below(work_folder)?.into_iter().filter(is_compared).map(hash).collect()
}

/// Files that are not in both lists with the same bytes, in order.
pub fn different(expected: &Hashes, found: &Hashes) -> Vec<String> {
    let mut names: Vec<&String> = expected.keys().chain(found.keys()).collect();
    names.sort();
    names.dedup();
    names.into_iter().filter(|n| expected.get(*n) != found.get(*n)).cloned().collect()
}

/// One thing that was tried on this machine.
#[derive(Debug)]
pub struct Seen {
    pub what: &'static str,
    /// What was seen, or what went wrong.
    pub outcome: std::result::Result<String, String>,
}

impl Seen {
    fn line(&self) -> String {
        match &self.outcome {
            Ok(text) => format!("  良　{}：{text}", self.what),
            Err(text) => format!("  否　{}：{text}", self.what),
        }
    }
}

/// Tries everything below `place` (a temporary folder where none is named), prints what it sees, and leaves nothing.
///
/// `make` builds the sample in a folder with a number of threads. With `record` the hashes are written there.
pub fn run(place: Option<&Path>, record: Option<&Path>, threads: usize, make: &dyn Fn(&Path, usize) -> Result<()>) -> Result<()> {
    let failed = |e: &std::io::Error| Error::new(format!("一時フォルダーを作れません：{e}")).next("--dir で、書きこめるフォルダーを指定してください");
    let mut named = tempfile::Builder::new();
    let named = named.prefix("kyogi-点検 ");
    let scratch = place.map_or_else(|| named.tempdir(), |p| named.tempdir_in(p)).map_err(|e| failed(&e))?;
    let root = scratch.path().to_path_buf();
    println!("kyogi {}（{} {}）の点検", env!("CARGO_PKG_VERSION"), std::env::consts::OS, std::env::consts::ARCH);
    println!("  場所：{}（終わると消します）、スレッド：{threads}", root.display());
    let mut seen = vec![system(), engine()];
    seen.push(tried("日本語と空白の入ったフォルダー", || write_and_read(&root.join("山田 太郎"))));
    seen.push(tried("260文字をこえる場所", || write_and_read(&long_path(&root))));
    let (work, again) = (root.join("山田 太郎").join("見本"), root.join("見本2"));
    let started = Instant::now();
    make(&work, threads)?;
    let found = hashes(&work)?;
    seen.push(Seen {
        what: "見本の県の資料・公表シート・会議資料",
        outcome: Ok(format!("{} 個、{:.1} 秒", found.len(), started.elapsed().as_secs_f64())),
    });
    seen.push(compared(&found, &again, threads, make)?);
    if let Some(path) = record {
        artefact::write_bytes(path, listed(&found).as_bytes())?;
    }
    let path = scratch.path().to_path_buf();
    let closed = scratch.close().map(|()| "残っていません".to_owned()).map_err(|e| format!("{} を消せません（{e}）", path.display()));
    seen.push(Seen { what: "一時フォルダー", outcome: closed });
    for one in &seen {
        println!("{}", one.line());
    }
    match seen.iter().filter(|s| s.outcome.is_err()).count() {
        0 => {
            println!("点検は、すべて良でした。");
            Ok(())
        }
        n => Err(Error::new(format!("点検で {n} 件の「否」がありました")).next("上の行を写して、このプログラムを渡した人に見せてください")),
    }
}

/// The files against the list of the release; without one, against a second sample made with another number of threads.
fn compared(found: &Hashes, again: &Path, threads: usize, make: &dyn Fn(&Path, usize) -> Result<()>) -> Result<Seen> {
    let (what, other) = match expected() {
        Some(hashes) => ("組み立てたときと1バイトも違わないこと", hashes),
        None => {
            make(again, if threads == 1 { 2 } else { 1 })?;
            ("二度作って1バイトも違わないこと（比べる値の入っていない、開発用のプログラムです）", hashes(again)?)
        }
    };
    let different = different(&other, found);
    let outcome = if different.is_empty() {
        Ok(format!("{} 個とも同じ", found.len()))
    } else {
        Err(format!("{} 個のうち {} 個が違います（{}）", other.len(), different.len(), few(&different)))
    };
    Ok(Seen { what, outcome })
}

fn few(names: &[String]) -> String {
    const FEW: usize = 5;
    let rest = if names.len() > FEW { "、ほか" } else { "" };
    format!("{}{rest}", names[..names.len().min(FEW)].join("、"))
}

fn tried(what: &'static str, test: impl FnOnce() -> std::io::Result<String>) -> Seen {
    Seen { what, outcome: test().map_err(|e| e.to_string()) }
}

/// The version of the system as it calls itself, where it has a command for that.
fn system() -> Seen {
    let (program, argument) = if cfg!(windows) { ("cmd", ["/c", "ver"].as_slice()) } else { ("uname", ["-sr"].as_slice()) };
    let said = std::process::Command::new(program).args(argument).output();
    // the words around the number come in the code page of the window
    let text = said.map(|o| o.stdout.iter().filter(|b| (0x20..0x7F).contains(*b)).map(|b| char::from(*b)).collect::<String>());
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    Seen { what: "パソコン", outcome: Ok(format!("{}、論理プロセッサ {cores}", text.unwrap_or_default().trim())) }
}

/// The engine's library, which is a file of its own beside the program.
fn engine() -> Seen {
    Seen { what: "DuckDB", outcome: sql::version().map_err(|e| e.what().to_owned()) }
}

fn write_and_read(folder: &Path) -> std::io::Result<String> {
    const TEXT: &[u8] = "協議".as_bytes();
    std::fs::create_dir_all(folder)?;
    let (waiting, file) = (folder.join("作成中.txt"), folder.join("資料.txt"));
    std::fs::write(&waiting, TEXT)?;
    std::fs::rename(&waiting, &file)?;
    if std::fs::read(&file)? != TEXT {
        return Err(std::io::Error::other("書いたものと読んだものが違います"));
    }
    Ok(format!("{} 文字の名前で書いて読めました", file.as_os_str().len().min(file.to_string_lossy().chars().count())))
}

fn long_path(root: &Path) -> PathBuf {
    (0..6).fold(root.to_path_buf(), |path, n| {
        path.join(format!("かかりつけ医機能報告の協議の場の資料を置くための、名前のとても長いフォルダーの{n}番目です"))
    })
}
