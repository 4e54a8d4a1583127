//! Hand-over: what was put away gives the same outputs again; a changed archive says so.

use std::io::Write as _;

use kyogi::archive;
use kyogi::progress::Progress;
use kyogi::workspace::Workspace;

use crate::support::{folder, run_packet, sample_workspace};

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

#[test]
fn what_is_no_archive_or_was_changed_is_refused() {
    let dir = folder();
    let path = dir.path().join("x.zip");
    let refuse = |bytes: &[u8], word: &str| {
        std::fs::write(&path, bytes).expect("writable");
        let said = archive::replay(&path, None, 1, &Progress::silent()).map(|_| ()).expect_err("refused").to_string();
        assert!(said.contains(word) && said.contains("次にすること"), "{said}");
    };
    refuse(b"text", "こわれています");
    let zip_of = |hash: &str, name: &str| {
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        let options = zip::write::SimpleFileOptions::default();
        let contents = serde_json::json!({
            "program": "kyogi", "version": "0", "prefecture": "31", "report_year": 2025, "output": "packet",
            "files": {"kyogi.toml": hash, name: hash},
        });
        for (file, text) in [("kyogi-archive.json", contents.to_string()), ("kyogi.toml", "x".into()), (name, "x".into())] {
            zip.start_file(file, options).expect("entry");
            zip.write_all(text.as_bytes()).expect("bytes");
        }
        zip.finish().expect("zip").into_inner()
    };
    refuse(&zip_of("00", "a"), "保管したときと違います");
    let x = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881";
    refuse(&zip_of(x, "../outside"), "外を指しています");
    assert!(!dir.path().join("outside").exists());

    let workspace = sample_workspace(&dir.path().join("work"));
    let said = archive::archive(&workspace, &dir.path().join("y.zip")).map(|_| ()).expect_err("no packet").to_string();
    assert!(said.contains("先に kyogi run"), "{said}");
    assert!(!dir.path().join("y.zip").exists());
}
