//! The forms of a facility: what they say, one A4 page each, and what cannot be made.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use kyogi::commands::forms::{self, Wanted};
use kyogi::facts::workspace::Workspace;
use kyogi::ground::progress::Progress;

use crate::render::visible_text;
use crate::support::{figures_in, folder, plain_facility, sample_workspace, write_extract};

fn make(workspace: &Workspace, wanted: &Wanted, out: &Path, threads: usize) -> kyogi::ground::error::Result<forms::Forms> {
    forms::run(workspace, &workspace.output(), wanted, out, threads, &Progress::silent())
}

fn facility(id: &str, cells: &[(&str, &str)]) -> BTreeMap<String, String> {
    let mut facility = plain_facility(id);
    facility.extend(cells.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())));
    facility
}

/// Four facilities: much, nothing but 1号, no 1号, no report.
fn workspace(root: &Path) -> Workspace {
    let workspace = sample_workspace(root);
    let much = facility(
        "3100000000001",
        &[
            ("confirmation", "確認済"),
            ("g1_training_completed", "1:有り"),
            ("g1_training_completed_n", "2"),
            ("g1_gp_specialist", "0:無し"),
            ("g1_domains", "6:呼吸器領域;17:小児領域"),
            ("g1_diseases", "18:高血圧;22:喘息・COPD"),
            ("g1_diseases_other", "花粉症 <b>#[x]"),
            ("g2a_holiday", "3:有り(診療時間外の電話対応)"),
            ("g2a_fee_overtime", "10未満"),
            ("g2b_backup_bed", "5:有り(連携による確保)"),
            ("g2b_backup_bed_partners", "後方病院1、後方病院2"),
            ("g2c_home_visit", "2:有り"),
            ("g2c_coverage_system", "3:自院での一定の対応に加えて連携して24時間対応"),
            ("g2c_fee_end_of_life", "10未満"),
            ("g2d_acp", "2:有り"),
        ],
    );
    let none = facility("3100000000003", &[("g1_consultation", "0:不可"), ("g1_domains", "0:該当無し"), ("municipality_code", "31202")]);
    let silent = facility("3100000000004", &[("report_status", "未報告"), ("report_date", "")]);
    let silent = silent.into_iter().filter(|(item, _)| !item.starts_with('g')).collect();
    let extract = root.join("input/extract.csv");
    write_extract(&extract, &[much, plain_facility("3100000000002"), none, silent]);
    figures_in(&workspace, &extract, &workspace.output());
    workspace
}

#[test]
fn forms_say_what_was_reported_and_fit_a_page() {
    let dir = folder();
    let workspace = workspace(&dir.path().join("work"));
    let out = dir.path().join("forms");
    let made = make(&workspace, &Wanted::Area("31".into()), &out, 2).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!((made.facilities, made.not_reported), (3, 1));
    let mut page = String::new();
    for id in ["3100000000001_posting", "3100000000001_patient", "3100000000003_posting", "3100000000003_patient"] {
        let html = fs::read_to_string(out.join(format!("{id}.html"))).expect("form");
        assert!(!html.contains("<b>#[x]"));
        let text = visible_text(html.split("<main").nth(1).expect("main"));
        let text = text.replace("□\n当てはまらない：\n", "□").replace("■\n当てはまる：\n", "■");
        page.push_str(&format!("== {id}\n{text}\n"));
        let pdf = fs::read(out.join(format!("{id}.pdf"))).expect("PDF");
        assert!(String::from_utf8_lossy(&pdf).contains("pdfuaid:part"));
        assert!(String::from_utf8_lossy(&pdf).contains("/Type/Pages/Count 1/"), "{id} fits one page");
    }
    insta::with_settings!({ snapshot_path => "golden", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("forms", page);
    });
}

#[test]
fn forms_are_the_same_on_every_run_and_are_added_to_those_that_are_there() {
    let dir = folder();
    let workspace = workspace(&dir.path().join("work"));
    let (one, two) = (dir.path().join("one"), dir.path().join("two"));
    let ids = |ids: &[&str]| Wanted::Facilities(ids.iter().map(|s| (*s).to_owned()).collect());
    make(&workspace, &ids(&["3100000000002"]), &one, 1).unwrap_or_else(|e| panic!("{e}"));
    make(&workspace, &ids(&["3100000000001", "3100000000003"]), &one, 1).unwrap_or_else(|e| panic!("{e}"));
    make(&workspace, &ids(&["3100000000003", "3100000000002", "3100000000001", "3100000000001"]), &two, 2).unwrap_or_else(|e| panic!("{e}"));
    let files = kyogi::ground::folder::files_below(&one).expect("files");
    assert_eq!(files, kyogi::ground::folder::files_below(&two).expect("files"));
    assert_eq!(files.len(), 3 * 4 + 2);
    for file in files {
        assert!(fs::read(one.join(&file)).expect("file") == fs::read(two.join(&file)).expect("file"), "{file}");
    }
    // nothing is left beside the folders
    let beside = fs::read_dir(dir.path()).expect("folder").flatten().filter(|e| e.file_name().to_string_lossy().starts_with('.')).count();
    assert_eq!(beside, 0);
}

#[test]
fn what_cannot_be_made_is_said_and_nothing_is_written() {
    let dir = folder();
    let workspace = workspace(&dir.path().join("work"));
    let out = dir.path().join("forms");
    let refused = |wanted: Wanted| make(&workspace, &wanted, &out, 1).err().expect("refused").to_string();
    let error = refused(Wanted::Facilities(vec!["3100000000001".into(), "999".into()]));
    assert!(error.contains("「999」がこの資料にありません") && error.contains("facility_status.csv"), "{error}");
    let error = refused(Wanted::Facilities(vec!["3100000000004".into()]));
    assert!(error.contains("「3100000000004」は未報告"), "{error}");
    let error = refused(Wanted::Area("99999".into()));
    assert!(error.contains("区域「99999」が分かりません"), "{error}");
    let error = refused(Wanted::Area("31203".into()));
    assert!(error.contains("報告した医療機関がありません（未報告 0）"), "{error}");
    assert!(!out.exists());
    let empty = sample_workspace(&dir.path().join("empty"));
    let error = make(&empty, &Wanted::Area("31".into()), &out, 1).err().expect("refused").to_string();
    assert!(error.contains("資料がまだありません"), "{error}");
}
