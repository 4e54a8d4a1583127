//! What a program for Windows needs and every system can test: names, bytes that name no system, the way in without a command, the self-test.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use kyogi::commands::selftest;
use kyogi::ground::folder::files_below;
use kyogi::ground::spreadsheet;

use crate::support;

/// Names that Windows keeps for devices, whatever follows a point.
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "com1", "lpt1"];

fn is_name_on_windows(part: &str) -> bool {
    let stem = part.split('.').next().unwrap_or_default().to_lowercase();
    !part.contains(['<', '>', ':', '"', '|', '?', '*', '\\']) && !part.ends_with(['.', ' ']) && !DEVICES.contains(&stem.as_str())
}

#[test]
fn every_output_has_a_name_that_windows_takes() {
    let dir = support::folder();
    let workspace = support::sample_workspace(&dir.path().join("work"));
    support::run_packet(&workspace, None, &dir.path().join("work/packet"), 2).unwrap_or_else(|e| panic!("{e}"));
    let names = files_below(dir.path()).unwrap_or_else(|e| panic!("{e}"));
    assert!(names.len() > 200, "{}", names.len());
    let mut seen = BTreeSet::new();
    for name in &names {
        assert!(name.split('/').all(is_name_on_windows), "{name}");
        assert!(seen.insert(name.to_lowercase()), "{name} differs from another name by its letters' size only");
        assert!(name.encode_utf16().count() < 120, "{name} leaves no room for a folder in 260 characters");
    }
    for bad in ["a:b", "nul.txt", "end.", "q?"] {
        assert!(!is_name_on_windows(bad), "{bad}");
    }
}

/// The bits themselves, as another system must find them too (`.ci/release/test` holds whole packets against each other).
#[test]
fn functions_have_the_same_bits_everywhere() {
    use kyogi::ground::maths::{cos, exp, hypot, ln, log10, pow, sin};
    let found = [ln(0.3), exp(-7.25), pow(10.0, 0.375), log10(0.07), sin(2.5), cos(2.5), hypot(0.1, 0.7)];
    let bits = [
        0xbff3_4378_fcbd_a721,
        0x3f47_455f_e323_fafe,
        0x4002_f892_c703_4a04,
        0xbff2_7a7a_7a43_99e0,
        0x3fe3_26af_0dcf_cab0,
        0xbfe9_a2f7_ef85_8b7d,
        0x3fe6_a09e_667f_3bcc_u64,
    ];
    assert_eq!(found.map(f64::to_bits), bits);
}

#[test]
fn a_workbook_does_not_say_on_which_system_it_was_made() {
    let made_on = |system: zip::System| {
        let options = zip::write::SimpleFileOptions::default().system(system).unix_permissions(0o600).last_modified_time(zip::DateTime::default());
        let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for part in ["xl/workbook.xml", "xl/worksheets/sheet1.xml"] {
            archive.start_file(part, options).expect("a part");
            archive.write_all(part.as_bytes()).expect("written");
        }
        archive.finish().expect("an archive").into_inner()
    };
    let (windows, linux) = (made_on(zip::System::Dos), made_on(zip::System::Unix));
    assert_ne!(windows, linux);
    assert_eq!(spreadsheet::same_system(windows).unwrap_or_else(|e| panic!("{e}")), linux);
}

/// Starts the program with words and with what a person answers.
fn kyogi(words: &[&str], answers: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_kyogi"))
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    child.stdin.take().expect("a pipe").write_all(answers.as_bytes()).expect("answers");
    child.wait_with_output().expect("it ends")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_dropped_work_folder_says_what_is_due_and_does_it_when_asked() {
    let dir = support::folder();
    let root = dir.path().join("山田 太郎");
    support::sample_workspace(&root);
    let path = root.to_string_lossy().into_owned();

    let only_looked = kyogi(&[&path], "");
    let said = text(&only_looked.stdout);
    assert!(only_looked.status.success() && said.contains("令和7年度報告の一年") && said.contains("ここでできること"), "{said}");
    assert!(said.contains(&format!("kyogi check \"{path}\"")), "a command with a space is quoted: {said}");
    assert!(!root.join("check").exists(), "nothing is done unasked");

    let number = said.lines().find(|l| l.contains("未報告の医療機関に督促し") && l.starts_with("  ") && !l.contains('・')).expect("an offer");
    let number = number.split_whitespace().next().expect("a number").to_owned();
    // from a file inside the folder too, with digits of a Japanese keyboard
    let wide: String = number.chars().map(|c| char::from_u32(c as u32 + 0xFEE0).expect("a digit")).collect();
    let done = kyogi(&[&root.join("input/extract.csv").to_string_lossy()], &format!("{wide}\n\n"));
    assert!(done.status.success() && text(&done.stdout).contains("確認の一覧を作りました"), "{}{}", text(&done.stdout), text(&done.stderr));
    assert!(root.join("check/index.html").exists());
}

#[test]
fn a_command_stays_a_command() {
    // also where a folder of that name lies: nothing that was typed so far changes its meaning
    for words in [&["next"][..], &["--version"], &["no-such-place"], &[]] {
        let told = kyogi(words, "1\n");
        assert!(!text(&told.stdout).contains("ここでできること") && !text(&told.stdout).contains("何をしますか"), "{words:?}");
        assert_eq!(told.status.code(), Some(if words == ["--version"] { 0 } else { 2 }), "{words:?}");
    }
}

#[test]
fn a_dropped_thing_that_is_no_work_folder_is_told() {
    let dir = support::folder();
    std::fs::write(dir.path().join("抽出.csv"), "x").expect("writable");
    for (path, next) in [(dir.path().to_path_buf(), "kyogi init"), (dir.path().join("抽出.csv"), "input に置き")] {
        let told = kyogi(&[&path.to_string_lossy()], "");
        assert_eq!(told.status.code(), Some(1));
        assert!(text(&told.stderr).contains("作業フォルダーではありません") && text(&told.stderr).contains(next), "{}", text(&told.stderr));
    }
}

#[test]
fn the_self_test_leaves_nothing_and_is_silent_about_nothing() {
    let dir = support::folder();
    let tested = kyogi(&["selftest", "--dir", &dir.path().to_string_lossy()], "");
    let said = text(&tested.stdout);
    assert!(tested.status.success(), "{said}{}", text(&tested.stderr));
    for what in ["DuckDB：v", "260文字をこえる場所", "1バイトも違わないこと", "点検は、すべて良でした"] {
        assert!(said.contains(what), "{what}: {said}");
    }
    assert!(files_below(dir.path()).unwrap_or_else(|e| panic!("{e}")).is_empty());

    // a machine on which the number of threads changes a byte
    let differs = |root: &Path, threads: usize| {
        std::fs::create_dir_all(root.join("packet")).expect("a folder");
        std::fs::write(root.join("packet/same.csv"), "x").expect("writable");
        std::fs::write(root.join("packet/figures.csv"), threads.to_string()).expect("writable");
        Ok(())
    };
    let error = selftest::run(Some(dir.path()), None, 1, &differs).expect_err("it differs");
    assert!(error.to_string().contains("1 件の「否」"), "{error}");
    let hashes = |files: &[(&str, &str)]| files.iter().map(|(n, h)| ((*n).to_owned(), (*h).to_owned())).collect::<selftest::Hashes>();
    let (made, found) = (hashes(&[("a", "1"), ("b", "2"), ("c", "3")]), hashes(&[("a", "1"), ("b", "9"), ("d", "4")]));
    assert_eq!(selftest::different(&made, &found), ["b", "c", "d"]);
}

/// What people edit by hand has the line ends that every editor of Windows shows; it is read with either.
#[test]
fn files_for_hands_have_the_line_ends_of_windows() {
    let dir = support::folder();
    let workspace = support::sample_workspace(dir.path());
    for name in ["kyogi.toml", "council.toml", "input/はじめに.txt", "reference/はじめに.txt", "layouts/code_label_single_header.toml"] {
        let text = std::fs::read_to_string(dir.path().join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(text.contains("\r\n") && text.matches('\n').count() == text.matches("\r\n").count(), "{name}");
    }
    assert_eq!(workspace.settings.prefecture, "31");
}
