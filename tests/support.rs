//! What several tests need: a sample extract as rows, and runs in temporary folders.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use kyogi::commands::run::{self, Options, Outcome};
use kyogi::facts::dictionary::Dictionary;
use kyogi::facts::finding::Finding;
use kyogi::facts::local::Terms;
use kyogi::facts::reference::Reference;
use kyogi::facts::rules::Rules;
use kyogi::facts::workspace::{self, Workspace};
use kyogi::ground::embedded;
use kyogi::ground::progress::Progress;
use kyogi::ingest::layout::Layout;

pub const YEAR: i32 = 2025;
pub const LAYOUT: &str = "sql/layouts/code_label_single_header.toml";

/// What phrases may say with the built-in rules and rates.
pub fn terms() -> Terms {
    Rules::load(YEAR).and_then(|rules| Terms::of(&rules, &Reference::load("31")?, None)).unwrap_or_else(|e| panic!("{e}"))
}

pub fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

pub fn tests_path(below: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(below)
}

/// Rows of a CSV file as maps from header to cell.
pub fn rows(path: &Path) -> Vec<BTreeMap<String, String>> {
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    csv::Reader::from_reader(text.trim_start_matches('\u{FEFF}').as_bytes()).deserialize().map(|r| r.expect("a row")).collect()
}

/// Headers and item codes of the built-in single-header layout.
pub fn columns() -> Vec<(String, String)> {
    let layout = Layout::parse(embedded::text(LAYOUT), LAYOUT).expect("layout");
    layout.columns.iter().map(|(h, c)| (h.clone(), c.as_str().expect("text").to_owned())).collect()
}

/// An extract whose rows are maps from item code to cell text.
pub fn write_extract(path: &Path, facilities: &[BTreeMap<String, String>]) {
    let mut writer = csv::Writer::from_path(path).expect("writable");
    let columns = columns();
    writer.write_record(columns.iter().map(|(h, _)| h)).expect("header");
    for facility in facilities {
        writer.write_record(columns.iter().map(|(_, item)| facility.get(item).map_or("", String::as_str))).expect("row");
    }
    writer.flush().expect("flush");
}

/// A facility that has 1号 and answers 無し or 0 to every item of 2号.
pub fn plain_facility(id: &str) -> BTreeMap<String, String> {
    let dictionary = Dictionary::load(YEAR).expect("dictionary");
    let mut cells: BTreeMap<String, String> = [
        ("report_year", "2025"),
        ("facility_id", id),
        ("prefecture_code", "31"),
        ("municipality_code", "31201"),
        ("facility_type", "無床診療所"),
        ("report_status", "報告済"),
        ("report_date", "2026-02-01"),
        ("g1_function_and_posting", "1:有り"),
        ("g1_domains", "6:呼吸器領域"),
        ("g1_consultation", "1:可"),
    ]
    .map(|(k, v)| (k.to_owned(), v.to_owned()))
    .into();
    for item in dictionary.items.iter().filter(|i| i.requirement == "any") {
        let none = dictionary.choices_of(&item.choice_set).find(|c| c.polarity == "negative" && !c.intention);
        let cell = match (none, item.ndb_derived) {
            (Some(choice), _) => format!("{}:{}", choice.choice_code, choice.label),
            (None, true) => "0".into(),
            (None, false) => continue,
        };
        cells.insert(item.item_code.clone(), cell);
    }
    cells
}

/// Runs the figures of an extract of 鳥取県; returns the status rows and the findings.
pub fn statuses(extract: &Path) -> (Vec<BTreeMap<String, String>>, Vec<Finding>) {
    let out = folder();
    let findings = run::figures_only("31", YEAR, extract, out.path(), 2).unwrap_or_else(|e| panic!("{e}"));
    (rows(&out.path().join("data/facility_status.csv")), findings)
}

/// A work folder for 鳥取県 with the built-in sample.
pub fn sample_workspace(root: &Path) -> Workspace {
    let workspace = workspace::init("31", YEAR, root).unwrap_or_else(|e| panic!("{e}"));
    std::fs::write(root.join("input/extract.csv"), sample()).expect("writable");
    workspace
}

pub fn sample() -> &'static [u8] {
    embedded::text("data-samples/demo/input/sample_31_2025.csv").as_bytes()
}

pub fn run_packet(workspace: &Workspace, extract: Option<&Path>, out: &Path, threads: usize) -> kyogi::ground::error::Result<Outcome> {
    let progress = Progress::silent();
    run::run(&Options {
        workspace,
        extract: extract.map(Path::to_path_buf),
        mapping: None,
        out: Some(out.to_path_buf()),
        threads,
        progress: &progress,
    })
}

/// The public extracts beside the project, where they are; else says what is skipped.
pub fn shared_extract(name: &str, what: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/extracts").join(name);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: {what} (no {name} beside the project)");
    None
}

/// Status columns that do not depend on where a row stands.
pub fn plain(statuses: &[BTreeMap<String, String>]) -> Vec<String> {
    let keep = ["facility_id", "municipality_code", "function_code", "status_literal", "status_core", "rule_code", "intention", "intention_origin"];
    statuses.iter().map(|s| keep.map(|k| s[k].as_str()).join(",")).collect()
}

pub fn sample_rows() -> (csv::StringRecord, Vec<csv::StringRecord>) {
    let text = std::str::from_utf8(sample()).expect("UTF-8").trim_start_matches('\u{FEFF}');
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().expect("header").clone();
    (header, reader.records().map(|r| r.expect("row")).collect())
}

/// The figures of an extract with what a work folder says of columns, areas and own rows; returns the findings.
pub fn figures_in(workspace: &Workspace, extract: &Path, out: &Path) -> Vec<Finding> {
    let settings = &workspace.settings;
    run::figures_in(&settings.prefecture, settings.report_year, Some(&workspace.root), extract, out, 2).unwrap_or_else(|e| panic!("{e}"))
}

/// Packets of two report years from the samples: `first` beside the work folder, and `second`, which is compared with it.
pub fn two_years(dir: &Path) -> [PathBuf; 2] {
    let workspace = sample_workspace(&dir.join("work"));
    let [first, second] = ["first", "second"].map(|name| dir.join(name));
    run_packet(&workspace, None, &first, 2).unwrap_or_else(|e| panic!("{e}"));
    let mut next = Workspace { settings: workspace.settings.clone(), ..workspace };
    next.settings.report_year = 2026;
    next.settings.previous = "../first".into();
    let extract = dir.join("second.csv");
    std::fs::write(&extract, embedded::text("data-samples/demo/input/sample_31_2026.csv")).expect("writable");
    run_packet(&next, Some(&extract), &second, 2).unwrap_or_else(|e| panic!("{e}"));
    [first, second]
}
