//! People's own files as offices save them: one reader, one way of saying what is wrong.

use kyogi::facts::workspace::Settings;
use kyogi::ground::own_text;

use crate::support::{folder, rows, tests_path};

#[test]
fn toml_errors_are_told_in_words() {
    let mut wrong = Vec::new();
    for case in rows(&tests_path("cases/own/toml.csv")) {
        let said = match own_text::toml::<Settings>(&case["text"], "設定ファイル") {
            Ok(_) => "読めた".to_owned(),
            Err(error) => error.to_string(),
        };
        // no word of the library, whatever is wrong
        let english = ["expected", "invalid", "missing", "unknown", "string", "found"].iter().any(|w| said.contains(w));
        if english || !said.contains(&case["says"]) || !said.contains(&case["next"]) {
            wrong.push(format!("{}：{said}\n  期待は {} … {}", case["case"], case["says"], case["next"]));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn csv_of_people() {
    let mut wrong = Vec::new();
    for case in rows(&tests_path("cases/own/csv.csv")) {
        let said = match own_text::csv(&case["text"]) {
            Ok(table) => table.rows.iter().map(|(_, r)| r.iter().collect::<Vec<_>>().join("/")).collect::<Vec<_>>().join(" "),
            Err(error) => error.to_string(),
        };
        if !said.contains(&case["expect"]) {
            wrong.push(format!("{}：{said}、期待は {}", case["case"], case["expect"]));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn any_encoding_of_an_office() {
    let text = "facility_id,value\r\n1,0:無し\r\n";
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let forms = [
        text.as_bytes().to_vec(),
        [b"\xEF\xBB\xBF", text.as_bytes()].concat(),
        encoding_rs::SHIFT_JIS.encode(text).0.into_owned(),
        [b"\xFF\xFE".to_vec(), utf16].concat(),
    ];
    for bytes in forms {
        assert_eq!(own_text::text_of(&bytes).unwrap_or_else(|e| panic!("{e}")), "facility_id,value\n1,0:無し\n");
    }
    let broken = own_text::text_of(b"a\n\x81\n").expect_err("no text").to_string();
    assert!(broken.contains("2 行目") && broken.contains("次にすること"), "{broken}");
    let workbook = own_text::text_of(b"PK\x03\x04xl/workbook.xml").expect_err("a workbook").to_string();
    assert!(workbook.contains("Excel ブック"), "{workbook}");
}

#[test]
fn a_path_with_a_tab_is_explained() {
    let dir = folder();
    let write = |line: &str| {
        std::fs::write(dir.path().join("kyogi.toml"), format!("prefecture = \"31\"\nreport_year = 2025\n{line}\n")).expect("writable");
        kyogi::facts::workspace::Workspace::open(dir.path()).map(|w| w.settings.extract).map_err(|e| e.to_string())
    };
    let said = write("extract = \"input\\table.csv\"").expect_err("a tab");
    assert!(said.contains("タブ") && said.contains("「\\」を「/」に"), "{said}");
    assert_eq!(write("extract = 'input\\table.csv'").as_deref(), Ok("input\\table.csv"));
}
