//! Every file of a work folder is read or named (`tests/cases/files/folder.csv`); a file under a wrong name is said to be what it is.

use std::io::Write as _;
use std::path::Path;

use kyogi::commands::run::accounted;
use kyogi::facts::inputs;
use kyogi::ingest::grid;

use crate::support::{folder, rows, sample_workspace, tests_path};

/// A workbook with one sheet of one row.
fn workbook() -> Vec<u8> {
    let mut book = rust_xlsxwriter::Workbook::new();
    book.add_worksheet().write_string(0, 0, "報告年度").expect("cell");
    book.save_to_buffer().expect("bytes")
}

/// A ZIP whose first entry has a name and a content.
fn zip_of(name: &str, content: &str) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let plain = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    zip.start_file(name, plain).expect("entry");
    zip.write_all(content.as_bytes()).expect("content");
    zip.start_file("[Content_Types].xml", plain).expect("entry");
    zip.write_all(content.as_bytes()).expect("content");
    zip.finish().expect("zip").into_inner()
}

fn content(kind: &str) -> Vec<u8> {
    match kind {
        "table" => b"a,b,c,d,e,f\n1,2,3,4,5,6\n".to_vec(),
        "workbook" => workbook(),
        "zip" => zip_of("a.csv", "a"),
        _ => "覚え書き\n".into(),
    }
}

#[test]
fn every_file_is_read_or_named() {
    let mut wrong = Vec::new();
    for case in rows(&tests_path("cases/files/folder.csv")) {
        let dir = folder();
        let workspace = sample_workspace(dir.path());
        let path = dir.path().join(&case["path"]);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("folder");
        std::fs::write(&path, content(&case["content"])).expect("writable");
        let extract = workspace.extract().unwrap_or_else(|e| panic!("{e}"));
        let findings = accounted::not_read(dir.path(), &extract).unwrap_or_else(|e| panic!("{e}"));
        let told: Vec<String> = findings.iter().map(|f| format!("{} {} {}", f.code, f.file, f.value)).collect();
        let is_read = inputs::tables_of(path.parent().expect("a folder")).unwrap_or_else(|e| panic!("{e}")).contains(&path);
        let right = match case["expect"].as_str() {
            "read" => is_read && told.is_empty(),
            "silent" => told.is_empty() && !is_read,
            code => told.len() == 1 && told[0].starts_with(&format!("{code} {} ", case["path"])) && told[0].contains(&case["says"]),
        };
        if !right {
            wrong.push(format!("{}：{told:?} 読む={is_read}、期待は {} {}", case["case"], case["expect"], case["says"]));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn a_file_is_what_its_content_says() {
    let mut wrong = Vec::new();
    for case in rows(&tests_path("cases/files/kinds.csv")) {
        let starts = case["starts"].as_str();
        let bytes = if let Some(parts) = starts.strip_prefix("zip:") {
            let (name, inside) = parts.split_once(' ').unwrap_or((parts, ""));
            zip_of(name, inside)
        } else if let Some(name) = starts.strip_prefix("ole:") {
            let name: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
            [&[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1][..], &[0; 504], &name].concat()
        } else {
            starts.as_bytes().to_vec()
        };
        let said = grid::read_all(bytes, None).expect_err("no table").to_string();
        if !said.contains(&case["says"]) || !said.contains("次にすること") {
            wrong.push(format!("{}：{said}、期待は {}", case["case"], case["says"]));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// The same content in the old format gives the same rows; where the files are not beside the project, this says so.
#[test]
fn the_old_format_gives_the_same_rows() {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/field/split_input");
    let read = |name: &str| std::fs::read(place.join(name)).ok().map(|b| grid::read_all(b, None).unwrap_or_else(|e| panic!("{e}")));
    let (Some(old), Some(new)) = (read("無床診療所.xls"), read("無床診療所.xlsm")) else {
        eprintln!("skipped: the old format (no split_input beside the project)");
        return;
    };
    assert_eq!((old.len(), old[0].rows.len()), (new.len(), new[0].rows.len()));
    for ((a, old), (b, new)) in old[0].rows.iter().zip(&new[0].rows) {
        assert_eq!((a, old.iter().collect::<Vec<_>>()), (b, new.iter().collect::<Vec<_>>()));
    }
}
