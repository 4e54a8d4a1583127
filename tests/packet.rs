//! The packet: whole or not at all, the same on every run, and nothing of people's work lost.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use kyogi::facts::workspace::Workspace;
use kyogi::ground::artefact::sha256;
use kyogi::ground::folder::{below, files_below};
use kyogi::packet::{MANIFEST, Manifest, Packet};

use crate::support::{folder, run_packet, sample_workspace};

fn manifest(packet: &Path) -> Manifest {
    serde_json::from_str(&fs::read_to_string(packet.join(MANIFEST)).expect("manifest")).expect("JSON")
}

fn hashes(packet: &Path) -> BTreeMap<String, String> {
    files_below(packet).expect("files").into_iter().map(|f| (f.clone(), sha256(&fs::read(packet.join(f)).expect("file")))).collect()
}

/// Files that only one of two packets has, or that differ.
fn different(a: &BTreeMap<String, String>, b: &BTreeMap<String, String>) -> Vec<String> {
    a.keys().chain(b.keys().filter(|k| !a.contains_key(*k))).filter(|k| a.get(*k) != b.get(*k)).cloned().collect()
}

#[test]
fn packet_from_sample() {
    let dir = folder();
    let workspace = sample_workspace(&dir.path().join("work"));
    let first = dir.path().join("first");
    let outcome = run_packet(&workspace, None, &first, 2).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(outcome.sheets, 19 * 3 + 3 * 2 + 5, "イ, ハ, ニ by municipality, 1号 and ロ by medical area, all for the prefecture");

    // the manifest tells every file
    let written = hashes(&first);
    let said = manifest(&first);
    assert_eq!(said.outputs.len() + 1, written.len());
    assert!(said.outputs.iter().all(|(file, hash)| written[file] == *hash));
    assert!(said.rules.len() > 5);
    assert_eq!(said.inputs[0]["sha256"].as_str(), Some(sha256(crate::support::sample()).as_str()));

    // one thread or two, first or second time: the same bytes
    let second = dir.path().join("second");
    run_packet(&workspace, None, &second, 1).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(different(&hashes(&second), &written), Vec::<String>::new());

    // links of the overview lead somewhere
    let index = fs::read_to_string(first.join("index.html")).expect("index").replace("&#x2f;", "/");
    let links: Vec<&str> = index.split("href=\"").skip(1).filter_map(|s| s.split('"').next()).filter(|h| !h.starts_with('#')).collect();
    assert!(links.len() > 150);
    for link in links {
        assert!(first.join(link.split('#').next().unwrap_or(link)).exists(), "{link}");
    }

    // a failed run leaves the earlier packet as it was
    let broken = dir.path().join("broken.csv");
    fs::write(&broken, "a,b\n1,2\n").expect("writable");
    assert!(run_packet(&workspace, Some(&broken), &first, 1).is_err());
    assert_eq!(different(&hashes(&first), &written), Vec::<String>::new());
    let left: Vec<_> =
        fs::read_dir(dir.path()).expect("folder").flatten().map(|e| e.file_name()).filter(|n| n.to_string_lossy().starts_with('.')).collect();
    assert!(left.is_empty(), "working folders are gone: {left:?}");

    // what people added or changed in a packet is carried over
    fs::write(first.join("memo.txt"), "協議のメモ").expect("writable");
    let sheet = first.join("sheets/31201_g2a.html");
    let edited = fs::read_to_string(&sheet).expect("sheet") + "<!-- 手直し -->";
    fs::write(&sheet, &edited).expect("writable");
    let outcome = run_packet(&workspace, None, &first, 2).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(outcome.finished.kept, ["memo.txt", "以前の変更/sheets/31201_g2a.html"]);
    assert_eq!(fs::read_to_string(first.join("memo.txt")).expect("memo"), "協議のメモ");
    assert_eq!(fs::read_to_string(first.join("以前の変更/sheets/31201_g2a.html")).expect("kept"), edited);
    assert_eq!(sha256(&fs::read(&sheet).expect("sheet")), written["sheets/31201_g2a.html"]);
}

#[test]
fn a_folder_of_somebody_else_is_not_touched() {
    let dir = folder();
    let workspace = sample_workspace(&dir.path().join("work"));
    let other = dir.path().join("書類");
    fs::create_dir(&other).expect("folder");
    fs::write(other.join("大事.txt"), "x").expect("writable");
    let error = run_packet(&workspace, None, &other, 1).err().expect("refused").to_string();
    assert!(error.contains("kyogi の資料ではないもの"), "{error}");
    assert_eq!(fs::read_dir(&other).expect("folder").count(), 1);
}

/// A simulated extract tells so itself; it does not replace the packet of a real one.
#[test]
fn a_real_packet_is_not_replaced_by_a_simulated_one() {
    let dir = folder();
    let workspace = sample_workspace(&dir.path().join("work"));
    let real = dir.path().join("real.csv");
    crate::support::write_extract(&real, &[crate::support::plain_facility("3100000000001")]);
    let out = dir.path().join("out");
    run_packet(&workspace, Some(&real), &out, 2).unwrap_or_else(|e| panic!("{e}"));
    let before = hashes(&out);
    let error = run_packet(&workspace, None, &out, 2).err().expect("refused").to_string();
    assert!(error.contains("模擬ではない資料"), "{error}");
    assert_eq!(different(&hashes(&out), &before), Vec::<String>::new());
}

/// As a kill between the two renames leaves it: the earlier packet lies in a working folder whose command is gone.
fn cut_off(packet: &Path) {
    let scratch = packet.with_file_name(".kyogi-作業中-abc123");
    fs::create_dir(&scratch).expect("folder");
    fs::write(packet.with_file_name(".kyogi-作業中-abc123.lock"), "").expect("writable");
    fs::write(scratch.join("folder.txt"), packet.to_string_lossy().as_bytes()).expect("writable");
    fs::rename(packet, scratch.join("以前")).expect("moved");
}

#[test]
fn a_packet_that_a_killed_run_put_aside_is_found_by_every_command() {
    let dir = folder();
    let workspace = sample_workspace(&dir.path().join("work"));
    let place = workspace.output();
    run_packet(&workspace, None, &place, 2).unwrap_or_else(|e| panic!("{e}"));
    let before = hashes(&place);

    cut_off(&place);
    let opened = Workspace::open(&workspace.root).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(different(&hashes(&place), &before), Vec::<String>::new(), "whoever opens the work folder");
    let elsewhere = dir.path().join("別の資料");
    fs::rename(&place, &elsewhere).expect("moved");
    cut_off(&elsewhere);
    assert_eq!(different(&hashes(&opened.packet(Some(&elsewhere))), &before), Vec::<String>::new(), "whoever looks at a packet elsewhere");
    cut_off(&elsewhere);
    assert!(run_packet(&workspace, Some(&dir.path().join("none.csv")), &elsewhere, 1).is_err());
    assert_eq!(different(&hashes(&elsewhere), &before), Vec::<String>::new(), "a run that fails itself");
}

/// Loops, links that lead nowhere and pipes in a packet: a run ends, says what it did not keep, and touches nothing behind a link.
#[cfg(unix)]
#[test]
fn links_and_pipes_in_a_packet_are_skipped_and_named() {
    use std::os::unix::fs::symlink;
    let dir = folder();
    let workspace = sample_workspace(&dir.path().join("work"));
    let (place, outside) = (dir.path().join("packet"), dir.path().join("外"));
    run_packet(&workspace, None, &place, 2).unwrap_or_else(|e| panic!("{e}"));
    fs::create_dir(&outside).expect("folder");
    fs::write(outside.join("書類.txt"), "外のもの").expect("writable");
    symlink(&outside, place.join("外へ")).expect("link");
    symlink("輪2", place.join("輪1")).expect("link");
    symlink("輪1", place.join("輪2")).expect("link");
    symlink(&place, place.join("sheets/上へ")).expect("link");
    symlink("ないもの", place.join("data/切れた")).expect("link");
    let pipe = std::process::Command::new("mkfifo").arg(place.join("管")).status().expect("mkfifo");
    assert!(pipe.success());
    fs::write(place.join("memo.txt"), "残るもの").expect("writable");

    let outcome = run_packet(&workspace, None, &place, 2).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(outcome.finished.kept, ["memo.txt"]);
    assert_eq!(outcome.finished.skipped, ["data/切れた", "sheets/上へ", "外へ", "管", "輪1", "輪2"]);
    assert_eq!(fs::read_to_string(outside.join("書類.txt")).expect("kept"), "外のもの");
    assert_eq!(below(&place).expect("walk").skipped, Vec::<String>::new());
    assert!(outcome.finished.lines().any(|l| l.contains("普通のファイルではない") && l.ends_with("管")));
}

#[cfg(target_os = "linux")]
#[test]
fn a_mount_point_is_refused_with_its_reason() {
    let error = Packet::begin(Path::new("/proc"), "31", true).err().expect("refused").to_string();
    assert!(error.contains("マウントポイント") && error.contains("次にすること"), "{error}");
    assert!(!kyogi::ground::disk::is_mount(folder().path()));
}

/// A full disk stops the run with advice, and the earlier packet stays. `/dev/full`-like behaviour needs a small file system.
#[test]
fn an_unwritable_place_is_said() {
    let dir = folder();
    let workspace = sample_workspace(&dir.path().join("work"));
    let file = dir.path().join("file");
    fs::write(&file, "x").expect("writable");
    let error = run_packet(&workspace, None, &file.join("packet"), 1).err().expect("refused").to_string();
    assert!(error.contains("エラー：") && error.contains("次にすること："), "{error}");
}
