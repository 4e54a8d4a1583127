//! Given–expect tables of determination (`cases/determine`): every item, every choice, every gate, every reason.
//!
//! A case changes cells of a facility that has 1号 and answers 無し or 0 to every item of 2号; `g2c_*=` empties a function.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use kyogi::facts::dictionary::Dictionary;
use kyogi::facts::workspace::{self, Workspace};
use kyogi::ground::artefact::Table;
use kyogi::ground::embedded;
use kyogi::ground::text::label_key;
use kyogi::ingest::layout::column_name;

use crate::determine::given;
use crate::support::{LAYOUT, YEAR, columns, figures_in, folder, plain_facility, rows, tests_path};

/// One line of a table; a column that a table does not have is not asked.
pub struct Case {
    pub table: &'static str,
    pub facility_id: String,
    pub row: BTreeMap<String, String>,
}

/// All cases, with the extract that holds one facility for each, in a work folder.
pub struct Cases {
    pub dir: tempfile::TempDir,
    pub cases: Vec<Case>,
    pub columns: Vec<(String, String)>,
    pub cells: Vec<BTreeMap<String, String>>,
}

impl Cases {
    pub fn load() -> Self {
        let mut cases = Vec::new();
        for table in ["items", "choices", "g1", "gates", "reasons"] {
            for row in rows(&tests_path(&format!("cases/determine/{table}.csv"))) {
                cases.push(Case { table, facility_id: format!("31{:011}", cases.len()), row });
            }
        }
        let cells = cases.iter().map(facility).collect();
        let loaded = Self { dir: folder(), cases, columns: all_columns(), cells };
        loaded.write();
        loaded
    }

    pub fn workspace(&self) -> Workspace {
        Workspace::open(self.dir.path()).unwrap_or_else(|e| panic!("{e}"))
    }

    pub fn extract(&self) -> PathBuf {
        self.dir.path().join("input/extract.csv")
    }

    /// The work folder: a column mapping with every item of the dictionary, and the extract.
    fn write(&self) {
        let root = self.dir.path();
        workspace::init("31", YEAR, root).unwrap_or_else(|e| panic!("{e}"));
        fs::write(root.join("layouts/code_label_single_header.toml"), layout(&self.columns)).expect("writable");
        let mut writer = csv::Writer::from_path(self.extract()).expect("writable");
        writer.write_record(self.columns.iter().map(|(h, _)| h)).expect("header");
        for cells in &self.cells {
            writer.write_record(self.columns.iter().map(|(_, item)| cells.get(item).map_or("", String::as_str))).expect("row");
        }
        writer.flush().expect("flush");
    }

    /// Cases whose status is not as expected, as lines for people. `table` has the columns of `det_functions`.
    pub fn wrong(&self, table: &Table, judged: impl Fn(&Case) -> bool) -> Vec<String> {
        let mut found: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for i in 0..table.len() {
            found.insert((table.text(i, "facility_id").expect("column"), table.text(i, "function_code").expect("column")), i);
        }
        let mut wrong = Vec::new();
        for case in self.cases.iter().filter(|c| judged(c)) {
            let Some(&i) = found.get(&(case.facility_id.as_str(), case.row["function"].as_str())) else {
                wrong.push(format!("{}：状態の行がない", case.row["case"]));
                continue;
            };
            let text = |column: &str| table.text(i, column).expect("column").to_owned();
            let flag = |column: &str| table.flag(i, column).expect("column").to_string();
            let asked = |name: &str| case.row.get(name).map(String::as_str).filter(|e| !e.is_empty());
            let or_dash = |t: String| if t.is_empty() { "-".to_owned() } else { t };
            let answers = [
                ("literal", text("status_literal")),
                ("core", text("status_core")),
                ("rule", text("rule_code")),
                ("intention", or_dash(text("intention_origin"))),
                ("auto", flag("auto_differs")),
            ];
            for (name, got) in answers {
                if let Some(expected) = asked(name).filter(|e| *e != got) {
                    wrong.push(format!("{}：{name} は {got}、期待は {expected}", case.row["case"]));
                }
            }
            if flag("intention") != (!text("intention_origin").is_empty()).to_string() {
                wrong.push(format!("{}：意向の有無と出どころが合わない", case.row["case"]));
            }
            let reason = text("reason");
            for part in asked("reason").into_iter().flat_map(|r| r.split(';')).filter(|part| !reason.contains(*part)) {
                wrong.push(format!("{}：理由「{reason}」に「{part}」がない", case.row["case"]));
            }
        }
        wrong
    }
}

fn facility(case: &Case) -> BTreeMap<String, String> {
    let mut cells = plain_facility(&case.facility_id);
    for (item, cell) in given(&case.row["given"]) {
        match item.strip_suffix('*') {
            Some(prefix) => cells.retain(|code, _| !code.starts_with(prefix)),
            None => _ = cells.insert(item, cell),
        }
    }
    if cells["report_status"] == "未報告" {
        cells.retain(|item, _| !item.starts_with('g'));
    }
    cells
}

/// The columns of the built-in layout, and one for each item that it does not have.
fn all_columns() -> Vec<(String, String)> {
    let mut all = columns();
    for item in Dictionary::load(YEAR).unwrap_or_else(|e| panic!("{e}")).items {
        if !all.iter().any(|(_, code)| *code == item.item_code) {
            all.push((item.item_code.clone(), item.item_code));
        }
    }
    all
}

fn layout(columns: &[(String, String)]) -> String {
    let head = embedded::text(LAYOUT).split("[columns]").next().expect("head");
    let lines: String = columns.iter().map(|(header, item)| format!("\"{header}\" = \"{item}\"\n")).collect();
    format!("{head}[columns]\n{lines}")
}

/// The statuses of a folder of stages.
pub fn statuses(stages: &Path) -> Table {
    Table::read_parquet("det_functions", &stages.join("determine/det_functions.parquet")).unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn every_item_choice_gate_and_reason() {
    let cases = Cases::load();
    let out = folder();
    figures_in(&cases.workspace(), &cases.extract(), out.path());
    let table = statuses(&out.path().join("stages"));
    let wrong = cases.wrong(&table, |_| true);
    assert!(wrong.is_empty(), "{} 件\n{}", wrong.len(), wrong.join("\n"));
    every_status_is_traced(&cases, &table);
}

/// Each reason begins with the text of its rule, and its cells are cells of that facility, of that function, that say so.
fn every_status_is_traced(cases: &Cases, table: &Table) {
    let (rules, dictionary) = (kyogi::facts::rules::Rules::load(YEAR).expect("rules"), Dictionary::load(YEAR).expect("dictionary"));
    let column: BTreeMap<String, &str> = cases.columns.iter().enumerate().map(|(i, (_, item))| (column_name(i), item.as_str())).collect();
    let mut cells_seen = 0;
    for i in 0..table.len() {
        let text = |name: &str| table.text(i, name).expect("column");
        let rule = rules.get(text("rule_code")).expect("a rule row");
        let reason = text("reason");
        let evidence = reason.strip_prefix(rule.label.as_str()).unwrap_or_else(|| panic!("{reason}"));
        let case: usize = text("facility_id")[2..].parse().expect("number");
        let mut items = Vec::new();
        // 「短い名前＝回答（行N・列X）」、…
        for piece in evidence.split('）').filter_map(|p| p.rsplit_once("（行")) {
            let (row, place) = piece.1.split_once("・列").unwrap_or_else(|| panic!("{reason}"));
            assert_eq!(row, (case + 2).to_string(), "{reason}");
            let item = dictionary.item(column[place]).expect("an item");
            let cell = cases.cells[case].get(&item.item_code).unwrap_or_else(|| panic!("{reason}: an empty cell"));
            assert_eq!(item.function_code, text("function_code"), "{reason}");
            // what could not be read is quoted as it stands
            let said = piece.0.rsplit_once('＝').map_or("", |(_, said)| said.trim_matches(['「', '」']));
            assert!(said.starts_with('（') || said.is_empty() || label_key(cell).contains(&label_key(said)), "{reason}：{cell}");
            items.push(item.item_code.as_str());
            cells_seen += 1;
        }
        match text("rule_code") {
            "g1_all_requirements" => assert!(items.len() >= 3, "{reason}"),
            "g2_any_positive" | "g1_requirement_negative" | "g2_unreadable" => assert!(!items.is_empty(), "{reason}"),
            _ => assert!(items.is_empty(), "{reason}"),
        }
    }
    assert!(cells_seen > 1000, "{cells_seen}");
}
