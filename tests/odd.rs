//! Bad input: what a user is told, file by file (`data-samples/odd`), as one golden page.

use std::fmt::Write as _;
use std::path::Path;

use crate::support::{YEAR, folder};

#[test]
fn odd_files() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("data-samples/odd");
    let mut names: Vec<_> = std::fs::read_dir(&dir).expect("odd files").flatten().map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    let rules = kyogi::facts::finding::rules().expect("finding rules");
    let mut page = String::new();
    for name in names.into_iter().chain(["no_such_file.csv".to_owned()]) {
        writeln!(page, "== {name}").expect("string");
        let out = folder();
        match kyogi::commands::run::figures_only("31", YEAR, &dir.join(&name), out.path(), 1) {
            Err(error) => writeln!(page, "{}", error.to_string().replace(&dir.display().to_string(), "…")).expect("string"),
            Ok(mut findings) => {
                kyogi::facts::finding::sort(&mut findings, &rules);
                for f in findings {
                    let rule = &rules[&f.code];
                    writeln!(page, "{}：行{} 列{} 値「{}」 {} → {}", rule.severity, f.row, f.column, f.value, rule.what, rule.next).expect("string");
                }
            }
        }
    }
    insta::with_settings!({ snapshot_path => "golden", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("odd_files", page);
    });
}
