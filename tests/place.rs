//! Files in place: whole or not at all, with patience, and nothing left by commands that were killed.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use kyogi::commands::archive;
use kyogi::commands::draft;
use kyogi::commands::run::Options;
use kyogi::facts::workspace::Workspace;
use kyogi::ground::disk::retried;
use kyogi::ground::error;
use kyogi::ground::place::{self, Ready};
use kyogi::ground::progress::Progress;
use kyogi::ground::scratch::{self, PREFIX, Scratch};
use kyogi::ground::spreadsheet::renew::{Renewed, renew};

use crate::support::{folder, run_packet, sample_workspace};

/// Everything below a folder with its bytes; working folders and their locks by name.
fn state(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![root.to_path_buf()];
    while let Some(dir) = waiting.pop() {
        for path in fs::read_dir(dir).expect("folder").flatten().map(|e| e.path()) {
            let name = path.strip_prefix(root).expect("below").to_string_lossy().into_owned();
            if path.is_dir() {
                found.insert(name + "/", Vec::new());
                waiting.push(path);
            } else {
                found.insert(name, fs::read(&path).expect("file"));
            }
        }
    }
    found
}

/// Names that a working folder, its lock or a temporary file of ours or of a library would have.
fn left_over(root: &Path) -> Vec<String> {
    state(root).into_keys().filter(|n| n.split('/').any(|p| p.starts_with('.'))).collect()
}

#[test]
fn a_program_that_holds_a_file_is_waited_for_but_not_for_ever() {
    use ErrorKind::{NotFound, ResourceBusy, StorageFull};
    let busy = |n: usize| vec![ResourceBusy; n];
    let cases: [(&str, Vec<ErrorKind>, Option<ErrorKind>, usize); 5] = [
        ("free at once", vec![], None, 0),
        ("held for a moment", busy(3), None, 3),
        ("held as long as we wait", busy(7), None, 7),
        ("held for ever", busy(100), Some(ResourceBusy), 7),
        ("held, then another fault", [busy(2), vec![StorageFull, NotFound]].concat(), Some(StorageFull), 2),
    ];
    for (case, failures, outcome, waits) in cases {
        let (mut failures, mut waited) = (failures.into_iter(), Vec::new());
        let result = retried(|| failures.next().map_or(Ok(()), |kind| Err(Error::from(kind))), |pause| waited.push(pause));
        assert_eq!(result.err().map(|e| e.kind()), outcome, "{case}");
        assert_eq!(waited.len(), waits, "{case}");
        assert!(waited.iter().sum::<Duration>() < Duration::from_secs(5) && waited.is_sorted(), "{case}");
    }
}

#[test]
fn several_files_are_replaced_all_or_none() {
    let dir = folder();
    let at = |name: &str| dir.path().join(name);
    fs::write(at("a"), "古い").expect("writable");
    fs::create_dir(at("c")).expect("folder");
    fs::write(at("c/x"), "人のもの").expect("writable");
    let files = |names: &[&str]| names.iter().map(|n| (at(n), format!("新しい{n}").into_bytes())).collect::<Vec<_>>();
    let before = state(dir.path());
    // c is a folder: it cannot be replaced by a file, wherever in the order it stands
    for names in [["a", "b", "c"], ["c", "a", "b"], ["b", "a", "a/x"], ["b", "d", "a/x"]] {
        let error = place::replace_all(dir.path(), &files(&names)).expect_err("refused").to_string();
        assert!(error.contains("次にすること"), "{error}");
        assert_eq!(state(dir.path()), before, "{names:?}");
        assert!(place::create_all(&files(&names)).is_err());
        assert_eq!(state(dir.path()), before, "{names:?}");
    }
    place::replace_all(dir.path(), &files(&["a", "b", "d/e"])).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(fs::read_to_string(at("a")).expect("file"), "新しいa");
    assert_eq!(fs::read_to_string(at("d/e")).expect("file"), "新しいd/e");
    assert_eq!(left_over(dir.path()), Vec::<String>::new());
    let error = place::create(&at("a"), b"x").expect_err("exists").to_string();
    assert!(error.contains("同じ名前のファイルがすでにあります"), "{error}");
}

/// A command that was killed while it replaced files: what nobody touched since is as before, what people saved since stays.
#[test]
fn a_killed_replacement_is_undone_by_the_next_command() {
    let dir = folder();
    let at = |name: &str| dir.path().join(name);
    for name in ["a", "b"] {
        fs::write(at(name), format!("古い{name}")).expect("writable");
    }
    let before = state(dir.path());
    let scratch = Scratch::within(dir.path()).unwrap_or_else(|e| panic!("{e}"));
    let ready = |name: &str| {
        let waiting = scratch.path().join(name);
        fs::write(&waiting, format!("新しい{name}")).expect("writable");
        Ready { waiting, place: at(name) }
    };
    // the last cannot be put: what the working folder holds just before the end is kept as a kill would leave it
    let files = [ready("a"), ready("b"), ready("c")];
    place::put_all(&scratch, &files).unwrap_or_else(|e| panic!("{e}"));
    let steps: Vec<serde_json::Value> = ["a", "b", "c"]
        .iter()
        .enumerate()
        .map(|(i, n)| {
            let before = (*n != "c").then(|| i.to_string());
            serde_json::json!({"place": at(n), "before": before, "after": kyogi::ground::artefact::sha256(format!("新しい{n}").as_bytes())})
        })
        .collect();
    let dead = at(&format!("{PREFIX}dead"));
    fs::create_dir_all(dead.join("以前")).expect("folder");
    for (i, name) in ["a", "b"].iter().enumerate() {
        fs::copy(scratch.path().join(format!("以前/{i}")), dead.join(format!("以前/{i}"))).expect("copied");
        assert_eq!(fs::read_to_string(at(name)).expect("file"), format!("新しい{name}"));
    }
    fs::write(dead.join("files.json"), serde_json::to_string(&steps).expect("JSON")).expect("writable");
    drop(scratch);
    fs::write(at("b"), "人がそのあと書いた").expect("writable");
    scratch::clear(dir.path());
    let mut after = state(dir.path());
    assert_eq!(after.remove("b"), Some("人がそのあと書いた".into()));
    assert_eq!(after, before.into_iter().filter(|(n, _)| n != "b").collect());
}

#[test]
fn working_folders_of_the_living_stay_and_those_of_the_dead_go() {
    let dir = folder();
    let living = Scratch::within(dir.path()).unwrap_or_else(|e| panic!("{e}"));
    fs::write(living.path().join("表.parquet"), "x").expect("writable");
    for name in ["with-lock", "without"] {
        fs::create_dir_all(dir.path().join(format!("{PREFIX}{name}/stages"))).expect("folder");
    }
    fs::write(dir.path().join(format!("{PREFIX}with-lock.lock")), "").expect("writable");
    fs::write(dir.path().join(".人のもの"), "").expect("writable");
    let second = Scratch::within(dir.path()).unwrap_or_else(|e| panic!("{e}"));
    assert!(living.path().join("表.parquet").exists() && second.path().exists());
    assert_eq!(scratch::alive(dir.path()).len(), 2);
    drop((living, second));
    assert_eq!(left_over(dir.path()), [".人のもの"]);
}

#[test]
fn a_workbook_that_people_have_open_or_saved_is_not_replaced_and_copies_stay() {
    let dir = folder();
    let book = dir.path().join("確認一覧.xlsx");
    let put = |old: Option<&[u8]>, new: &[u8]| renew(&book, old, new).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(put(None, b"1"), Renewed::Done(None));
    assert_eq!(put(Some(b"1"), b"1"), Renewed::Same);
    for mark in ["~$確認一覧.xlsx", ".~lock.確認一覧.xlsx#"] {
        let mark = dir.path().join(mark);
        fs::write(&mark, "").expect("writable");
        assert_eq!(put(Some(b"1"), b"2"), Renewed::Open(mark.clone()));
        fs::remove_file(&mark).expect("removed");
    }
    fs::write(&book, "人が書いた").expect("writable");
    assert_eq!(put(Some(b"1"), b"2"), Renewed::SavedSince);
    assert_eq!(put(None, b"2"), Renewed::SavedSince, "one that was not there when it was looked for");
    assert_eq!(fs::read_to_string(&book).expect("book"), "人が書いた");
    let copy = |n: u32| dir.path().join(format!("確認一覧.以前/確認一覧_{n:03}.xlsx"));
    assert_eq!(put(Some("人が書いた".as_bytes()), b"2"), Renewed::Done(Some(copy(1))));
    for n in 2..=30 {
        assert_eq!(put(Some(n.to_string().as_bytes()), (n + 1).to_string().as_bytes()), Renewed::Done(Some(copy(n))));
    }
    assert_eq!(fs::read_to_string(copy(1)).expect("the first copy, after thirty others"), "人が書いた");
}

/// Every number of the system: the cause in Japanese with what to do, never the system's own English sentence.
#[test]
fn every_failure_of_the_disk_is_said_in_japanese() {
    for number in 1..=133 {
        let cause = Error::from_raw_os_error(number);
        let said = error::Error::io("書けません", Path::new("x"), &cause).to_string();
        let english = cause.to_string().split(" (os error").next().unwrap_or_default().to_owned();
        assert!(!said.contains(&english) && said.contains("次にすること："), "{number}: {said}");
        let excel = matches!(cause.kind(), ErrorKind::ResourceBusy | ErrorKind::ExecutableFileBusy | ErrorKind::WouldBlock);
        assert!(cfg!(windows) || said.contains("Excel") == excel, "{number}: {said}");
    }
}

/// Kills a command as soon as it works on something, and a little later each time; the next command leaves nothing of it.
#[test]
fn killed_commands_leave_nothing_after_the_next_one() {
    let dir = folder();
    let (work, system) = (dir.path().join("work"), dir.path().join("system"));
    fs::create_dir(&system).expect("folder");
    let workspace = sample_workspace(&work);
    fs::write(work.join("council.toml"), "[theme.g2a]\nlevel = \"prefecture\"\n[[theme.g2a.meetings]]\ndate = \"2026-08-20\"\n").expect("writable");
    run_packet(&workspace, None, &workspace.output(), 2).unwrap_or_else(|e| panic!("{e}"));
    let progress = Progress::silent();
    let options = Options { workspace: &workspace, extract: None, mapping: None, out: None, threads: 2, progress: &progress };
    draft::draft(&options, &[]).unwrap_or_else(|e| panic!("{e}"));
    let zip = dir.path().join("a.zip");
    archive::archive(&workspace, &zip).unwrap_or_else(|e| panic!("{e}"));
    let before = state(&workspace.output());
    let (work_text, zip_text) = (work.to_string_lossy().into_owned(), zip.to_string_lossy().into_owned());
    let (other_zip, replayed) = (dir.path().join("b.zip"), dir.path().join("replayed"));
    let (other_zip, replayed) = (other_zip.to_string_lossy().into_owned(), replayed.to_string_lossy().into_owned());
    let commands: Vec<Vec<&str>> = vec![
        vec!["run", &work_text],
        vec!["check", &work_text],
        vec!["draft", &work_text],
        vec!["agenda", &work_text],
        vec!["publish", &work_text],
        vec!["forms", &work_text, "--area", "31"],
        vec!["explain", &work_text, "area=31", "indicator=function_positive", "breakdown=function=g1"],
        vec!["archive", &work_text, "--out", &other_zip],
        vec!["replay", &zip_text, "--out", &replayed],
    ];
    for command in &commands {
        for later in [0, 40, 400] {
            let seen = kill_when_working(command, &[dir.path(), &work, &work.join("会議資料"), &work.join("forms")], &system, later);
            Workspace::open(&work).unwrap_or_else(|e| panic!("{e}"));
            // what works beside the work folder is cleared by the next that does
            scratch::clear(dir.path());
            assert_eq!(left_over(dir.path()), Vec::<String>::new(), "{command:?} killed {later} ms after it began to work ({seen})");
            assert_eq!(state(&system), BTreeMap::new(), "{command:?}: nothing in the system's temporary folder");
        }
    }
    assert_eq!(state(&workspace.output()).keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>(), "the packet is whole");
}

/// Starts the program, waits until it has a working folder, kills it; whether one was seen.
fn kill_when_working(command: &[&str], places: &[&Path], system: &Path, later: u64) -> bool {
    let mut child = Command::new(env!("CARGO_BIN_EXE_kyogi"))
        .args(command)
        .env("TMPDIR", system)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("started");
    let has_begun = |place: &&Path| {
        fs::read_dir(place).is_ok_and(|entries| entries.flatten().any(|e| e.file_name().to_string_lossy().starts_with(PREFIX) && e.path().is_dir()))
    };
    let start = Instant::now();
    let mut seen = false;
    while !seen && start.elapsed() < Duration::from_secs(120) && child.try_wait().expect("waited").is_none() {
        seen = places.iter().any(has_begun);
        std::thread::sleep(Duration::from_millis(2));
    }
    std::thread::sleep(Duration::from_millis(later));
    child.kill().expect("killed");
    child.wait().expect("ended");
    seen
}

#[derive(serde::Deserialize)]
struct GuardCase {
    column: String,
    text: String,
    written: String,
}

/// Texts that Excel would compute are written as texts; numbers and codes stay.
#[test]
fn cells_that_begin_like_formulas_are_texts_in_files_for_people() {
    let path: PathBuf = crate::support::tests_path("cases/place/guard.csv");
    let cases: Vec<GuardCase> = csv::Reader::from_path(path).expect("cases").deserialize().map(|r| r.expect("a case")).collect();
    for case in &cases {
        let unescaped = |t: &str| t.replace("{tab}", "\t").replace("{cr}", "\r");
        let (text, written) = (unescaped(&case.text), unescaped(&case.written));
        let note = kyogi::ground::artefact::ColumnNote::new(&case.column, "", "");
        let cells: arrow::array::ArrayRef = std::sync::Arc::new(arrow::array::StringArray::from(vec![text.as_str()]));
        let table = kyogi::ground::artefact::Table::new("t", vec![(note, cells)]).expect("table");
        let bytes = table.csv_bytes().unwrap_or_else(|e| panic!("{e}"));
        let mut reader = csv::Reader::from_reader(&bytes[3..]);
        let row = reader.records().next().expect("a row").expect("a record");
        assert_eq!(&row[0], written, "{}", case.text);
        assert_eq!(kyogi::ground::artefact::without_guard(&row[0]), text, "{}", case.text);
    }
    assert!(cases.len() > 15);
}
