//! Build script: embeds `sql/`, `reports/`, `data-samples/` and the fonts, and tells the linker where `.ci/setup` put libduckdb and what a
//! program for Windows needs.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// Kinds of text that the program carries; notes and pictures for readers of the source stay out.
const TEXTS: [&str; 8] = ["css", "csv", "html", "j2", "sql", "toml", "txt", "typ"];

const SETUP: &str = "最初に「sh .ci/setup」を実行してください";

fn main() {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("set by cargo"));
    embed_texts(&root);
    embed_fonts(&root);
    embed_expected();
    let is_windows = env::var("CARGO_CFG_WINDOWS").is_ok();
    if is_windows && env::var("CARGO_CFG_TARGET_ENV").is_ok_and(|e| e == "gnu") {
        describe_to_windows(&root.join(".ci/release"));
    }
    if env::var_os("CARGO_FEATURE_BUNDLED").is_none() {
        let dir = env::var_os("DUCKDB_LIB_DIR").map_or_else(|| root.join(".deps/duckdb"), PathBuf::from);
        if !dir.exists() {
            panic!("{SETUP}。");
        }
        println!("cargo:rerun-if-env-changed=DUCKDB_LIB_DIR");
        if !is_windows {
            println!("cargo:rustc-link-arg=-Wl,-rpath,{}", dir.display());
        }
    }
}

/// The hashes that `kyogi selftest` compares with: a release names the list, every other build has an empty one.
fn embed_expected() {
    println!("cargo:rerun-if-env-changed=KYOGI_EXPECTED");
    let list = env::var_os("KYOGI_EXPECTED").map_or_else(String::new, |path| {
        println!("cargo:rerun-if-changed={}", path.display());
        fs::read_to_string(path).expect("KYOGI_EXPECTED names a list of hashes")
    });
    let target = PathBuf::from(env::var_os("OUT_DIR").expect("set by cargo")).join("expected.sha256");
    fs::write(target, list).expect("OUT_DIR is writable");
}

/// Version, names and manifest as a resource; and no time of the build in the header, so that two builds give the same bytes.
fn describe_to_windows(folder: &Path) {
    println!("cargo:rerun-if-changed={}", folder.display());
    println!("cargo:rustc-link-arg=-Wl,--no-insert-timestamp");
    let object = PathBuf::from(env::var_os("OUT_DIR").expect("set by cargo")).join("resource.o");
    let version = env::var("CARGO_PKG_VERSION").expect("set by cargo");
    let done = Command::new("x86_64-w64-mingw32-windres")
        .current_dir(folder)
        .args(["--codepage=65001", "kyogi.rc", "-O", "coff", "-o"])
        .arg(&object)
        .arg(format!("-DKYOGI_NUMBERS={},0", version.replace('.', ",")))
        .arg(format!("-DKYOGI_VERSION=\\\"{version}\\\""))
        .status();
    assert!(done.is_ok_and(|s| s.success()), "x86_64-w64-mingw32-windres (.ci/windows)");
    println!("cargo:rustc-link-arg-bins={}", object.display());
}

fn embed_texts(root: &Path) {
    let mut files = Vec::new();
    for folder in ["data-samples", "reports", "sql"] {
        println!("cargo:rerun-if-changed={folder}");
        collect(&root.join(folder), &mut files);
    }
    let name = |p: &Path| p.strip_prefix(root).expect("below root").to_string_lossy().replace('\\', "/");
    let mut files: Vec<_> = files.iter().map(|p| (name(p), p)).collect();
    files.sort();
    let mut out = String::from("&[\n");
    for (name, path) in files {
        writeln!(out, "({name:?}, include_str!({:?})),", path.display().to_string()).expect("string");
    }
    out.push(']');
    let target = PathBuf::from(env::var_os("OUT_DIR").expect("set by cargo")).join("embedded.rs");
    fs::write(target, out).expect("OUT_DIR is writable");
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|e| e.path()) {
        if path.is_dir() {
            // odd/ holds deliberately broken test inputs, some of them not UTF-8.
            if path.file_name().is_some_and(|n| n != "odd") {
                collect(&path, files);
            }
        } else if path.extension().is_some_and(|e| TEXTS.iter().any(|t| e == *t)) {
            files.push(path);
        }
    }
}

fn embed_fonts(root: &Path) {
    println!("cargo:rerun-if-env-changed=KYOGI_FONT_DIR");
    let faces = [
        ("KYOGI_FONT_UDP_REGULAR", "fonts-udp/400Regular/BIZUDPGothic_400Regular.ttf", "BIZUDPGothic-Regular.ttf"),
        ("KYOGI_FONT_UDP_BOLD", "fonts-udp/700Bold/BIZUDPGothic_700Bold.ttf", "BIZUDPGothic-Bold.ttf"),
        ("KYOGI_FONT_UD_REGULAR", "fonts-ud/400Regular/BIZUDGothic_400Regular.ttf", "BIZUDGothic-Regular.ttf"),
        ("KYOGI_FONT_UD_BOLD", "fonts-ud/700Bold/BIZUDGothic_700Bold.ttf", "BIZUDGothic-Bold.ttf"),
    ];
    for (variable, fetched, plain) in faces {
        let path = match env::var_os("KYOGI_FONT_DIR") {
            Some(dir) => PathBuf::from(dir).join(plain),
            None => root.join(".deps").join(fetched),
        };
        if !path.exists() {
            panic!("書体 {} がありません。{SETUP}。", path.display());
        }
        println!("cargo:rerun-if-changed={}", path.display());
        println!("cargo:rustc-env={variable}={}", path.display());
    }
}
