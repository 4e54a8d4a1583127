//! Hand-over: what was put away gives the same outputs again; a changed archive says so.

use std::collections::BTreeMap;
use std::io::Write as _;

use kyogi::commands::archive;
use kyogi::facts::workspace::Workspace;
use kyogi::ground::progress::Progress;

use crate::support::{folder, run_packet, sample_workspace, tests_path};

fn made(root: &std::path::Path) -> Workspace {
    let workspace = sample_workspace(root);
    std::fs::write(
        root.join("council.toml"),
        "[theme.g2a]\nareas = [\"31\"]\n[theme.g2c]\nlevel = \"prefecture\"\n[theme.g2d]\nlevel = \"prefecture\"\n",
    )
    .expect("writable");
    std::fs::create_dir_all(root.join("reports/phrases")).expect("folder");
    std::fs::write(root.join("reports/phrases/notes.j2"), "県の書いた注です。\n").expect("writable");
    run_packet(&workspace, None, &workspace.output(), 2).unwrap_or_else(|e| panic!("{e}"));
    workspace
}

#[test]
fn an_archive_gives_the_same_outputs_again() {
    let dir = folder();
    let workspace = made(&dir.path().join("work"));
    let (first, second) = (dir.path().join("a.zip"), dir.path().join("b.zip"));
    let archived = archive::archive(&workspace, &first).unwrap_or_else(|e| panic!("{e}"));
    archive::archive(&workspace, &second).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(std::fs::read(&first).expect("file"), std::fs::read(&second).expect("file"), "the same folder gives the same bytes");
    assert!(archived.files > 100);
    let refused = archive::archive(&workspace, &first).map(|_| ()).expect_err("exists").to_string();
    assert!(refused.contains("すでにあります"), "{refused}");

    let replayed = archive::replay(&first, None, 1, &Progress::silent()).unwrap_or_else(|e| panic!("{e}"));
    assert!(replayed.different.is_empty() && replayed.outputs > 50, "{}", archive::text(&replayed));

    // somebody changed a page and the settings after the packet was made
    std::fs::write(workspace.output().join("index.html"), "changed").expect("writable");
    std::fs::write(workspace.root.join("reports/phrases/notes.j2"), "別の注です。\n").expect("writable");
    let third = dir.path().join("c.zip");
    archive::archive(&workspace, &third).unwrap_or_else(|e| panic!("{e}"));
    let replayed = archive::replay(&third, None, 2, &Progress::silent()).unwrap_or_else(|e| panic!("{e}"));
    assert!(replayed.different.iter().any(|n| n == "index.html") && replayed.different.iter().any(|n| n.starts_with("sheets/")));
}

/// An archive as somebody else may make it: a list of contents, and entries of any name and kind.
#[derive(Default)]
struct Forged {
    listed: BTreeMap<String, String>,
    entries: Vec<(String, Vec<u8>, Option<String>)>,
}

impl Forged {
    /// An entry that the list knows with its right hash.
    fn with(mut self, name: &str) -> Self {
        self.listed.insert(name.to_owned(), X.to_owned());
        self.unlisted(name)
    }

    fn unlisted(mut self, name: &str) -> Self {
        self.entries.push((name.to_owned(), b"x".to_vec(), None));
        self
    }

    fn link(mut self, name: &str, target: &str) -> Self {
        self.listed.insert(name.to_owned(), X.to_owned());
        self.entries.push((name.to_owned(), Vec::new(), Some(target.to_owned())));
        self
    }

    fn zip(&self) -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        let options = zip::write::SimpleFileOptions::default();
        let contents = serde_json::json!({
            "program": "kyogi", "version": "0", "prefecture": "31", "report_year": 2025, "output": "packet", "files": self.listed,
        });
        zip.start_file("kyogi-archive.json", options).expect("entry");
        zip.write_all(contents.to_string().as_bytes()).expect("bytes");
        for (name, bytes, link) in &self.entries {
            match link {
                Some(target) => zip.add_symlink(name.as_str(), target.as_str(), options).expect("entry"),
                None => zip.start_file(name.as_str(), options).expect("entry"),
            }
            zip.write_all(bytes).expect("bytes");
        }
        zip.finish().expect("zip").into_inner()
    }
}

/// SHA-256 of "x".
const X: &str = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881";

fn plain() -> Forged {
    Forged::default().with("kyogi.toml").with("packet/manifest.json")
}

/// The refusal of an archive; neither a folder to keep nor the temporary one leaves anything.
fn refused(bytes: &[u8], keep: bool) -> String {
    let dir = folder();
    let path = dir.path().join("x.zip");
    std::fs::write(&path, bytes).expect("writable");
    let kept = dir.path().join("kept");
    let said = archive::replay(&path, keep.then_some(kept.as_path()), 1, &Progress::silent()).map(|_| ()).expect_err("refused").to_string();
    let left: Vec<_> = std::fs::read_dir(dir.path()).expect("folder").flatten().map(|e| e.file_name()).collect();
    assert_eq!(left, ["x.zip"], "{said}");
    assert!(said.contains("次にすること"), "{said}");
    said
}

#[test]
fn what_is_no_archive_or_was_changed_is_refused() {
    let cases: [(&str, Vec<u8>, &str); 9] = [
        ("text", b"text".to_vec(), "zip として読めません"),
        ("a part of one", plain().zip()[..200].to_vec(), "zip として読めません"),
        (
            "other bytes",
            {
                let mut f = plain();
                f.listed.insert("kyogi.toml".into(), "00".into());
                f.zip()
            },
            "保管したときと違います",
        ),
        ("a link", plain().link("a", "/etc").zip(), "普通のファイルではありません"),
        ("a link as a folder", plain().link("a", "/tmp").with("a/b").zip(), "普通のファイルではありません"),
        ("more than listed", plain().unlisted("b").zip(), "片方にしかありません"),
        (
            "less than listed",
            {
                let mut f = plain();
                f.listed.insert("c".into(), X.into());
                f.zip()
            },
            "片方にしかありません",
        ),
        ("no packet", Forged::default().with("kyogi.toml").zip(), "manifest.json がありません"),
        ("settings that are none", plain().zip(), "設定ファイルを読めません"),
    ];
    for (case, bytes, word) in cases {
        for keep in [false, true] {
            let said = refused(&bytes, keep);
            assert!(said.contains(word), "{case}: {said}");
        }
    }

    let dir = folder();
    let workspace = sample_workspace(&dir.path().join("work"));
    let said = archive::archive(&workspace, &dir.path().join("y.zip")).map(|_| ()).expect_err("no packet").to_string();
    assert!(said.contains("先に kyogi run"), "{said}");
    assert!(!dir.path().join("y.zip").exists());
}

#[derive(serde::Deserialize)]
struct NameCase {
    names: String,
    refused: String,
}

/// The table holds for the rule, and for an archive with these entries: nothing is written anywhere.
#[test]
fn names_that_would_leave_the_folder_or_meet_are_refused() {
    let outside = folder();
    let target = outside.path().join("outside.txt");
    let text = std::fs::read_to_string(tests_path("cases/archive/names.csv")).expect("cases");
    let mut refusals = 0;
    for case in csv::Reader::from_reader(text.as_bytes()).deserialize::<NameCase>() {
        let case = case.expect("a case");
        let names = case.names.replace("{absolute}", &target.to_string_lossy());
        let names: Vec<&str> = names.split('；').collect();
        match archive::safe_names(names.iter().copied()) {
            Ok(()) => assert_eq!(case.refused, "", "{names:?}"),
            Err(why) => {
                assert!(!case.refused.is_empty() && why.contains(&case.refused), "{names:?}: {why}");
                let forged = names.iter().fold(plain(), |f, name| f.with(name));
                refused(&forged.zip(), true);
                refusals += 1;
            }
        }
    }
    assert!(refusals > 20);
    assert!(!target.exists());
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 2000, failure_persistence: None, ..Default::default() })]

    /// Whatever passes stays below the folder part by part, and no two files meet on a system that folds case.
    #[test]
    fn names_that_pass_stay_below_and_apart(names in proptest::collection::btree_set("(|/|[.]{1,3}|[a-cA-C]{1,2}|あ|[/\\\\:]|con|NUL|lpt1| ){0,6}", 1..5)) {
        if archive::safe_names(names.iter().map(String::as_str)).is_ok() {
            let mut lower = std::collections::BTreeSet::new();
            for name in &names {
                let parts: Vec<_> = std::path::Path::new(name).components().collect();
                proptest::prop_assert!(!parts.is_empty() && parts.iter().all(|p| matches!(p, std::path::Component::Normal(_))));
                proptest::prop_assert_eq!(parts.len(), name.split('/').count());
                proptest::prop_assert!(!name.contains(['\\', ':']) && !name.split('/').any(|p| p.ends_with(['.', ' '])));
                proptest::prop_assert!(lower.insert(name.to_lowercase()));
            }
        }
    }
}
