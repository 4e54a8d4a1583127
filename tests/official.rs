//! The publishers' workbooks become tables: the true files give the tidy ones, small files with each trap are read or refused.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use kyogi::commands::official::codes::Codes;
use kyogi::commands::official::report::{Notes, Report};
use kyogi::commands::official::{demand, projection, residents, update};
use kyogi::facts::reference::check_digit;
use kyogi::facts::reference::tables::Tables;
use kyogi::facts::workspace::{self, Workspace};
use kyogi::ground::spreadsheet;
use rust_xlsxwriter::Workbook;

use crate::support::{YEAR, folder, rows, run_packet, sample, tests_path};

type Row = BTreeMap<String, String>;

/// Cells of a small workbook by row and column, from zero; a value that begins with `#` and a digit is a number.
#[derive(Clone, Default)]
struct Grid {
    sheet: &'static str,
    cells: BTreeMap<(u32, u16), String>,
}

impl Grid {
    fn put(&mut self, row: u32, values: &[&str]) {
        for (c, v) in values.iter().enumerate().filter(|(_, v)| !v.is_empty()) {
            self.cells.insert((row, u16::try_from(c).expect("few")), (*v).to_owned());
        }
    }

    /// `A1` as Excel says it; an empty value takes the cell away.
    fn edit(&mut self, cell: &str, value: &str) {
        let split = cell.find(|c: char| c.is_ascii_digit()).expect("a cell name");
        let column = cell[..split].bytes().fold(0u16, |n, b| n * 26 + u16::from(b - b'A' + 1)) - 1;
        let row = cell[split..].parse::<u32>().expect("a row") - 1;
        self.cells.remove(&(row, column));
        if !value.is_empty() {
            self.cells.insert((row, column), value.to_owned());
        }
    }

    fn write(&self, path: &Path) {
        let mut book = Workbook::new();
        let sheet = book.add_worksheet();
        sheet.set_name(self.sheet).expect("name");
        for ((r, c), value) in &self.cells {
            match value.strip_prefix('#').and_then(|n| n.parse::<f64>().ok()) {
                Some(n) => sheet.write_number(*r, *c, n).expect("cell"),
                None => sheet.write_string(*r, *c, value).expect("cell"),
            };
        }
        book.save(path).expect("saved");
    }
}

fn built_in(name: &str, prefecture: &str) -> Vec<Row> {
    let text = Tables::built_in().rows_of(name, prefecture);
    csv::Reader::from_reader(text.as_bytes()).deserialize().map(|r| r.expect("a row")).collect()
}

/// People of 鳥取県 a year later, `factor` times as many: a prefecture row (5), then municipalities from row 6 (鳥取市 on 7, its men on 6),
/// a 郡, a village without people, and a note.
fn residents_grid(factor: u64) -> Grid {
    let mut grid = Grid { sheet: "年齢別", ..Grid::default() };
    grid.put(0, &["令和8年1月1日住民基本台帳年齢階級別人口（市区町村別）（総計）"]);
    let bands: Vec<String> = (0..20).map(|i| format!("{}歳～{}歳", i * 5, i * 5 + 4)).chain(["100歳以上".to_owned()]).collect();
    let heads: Vec<&str> = ["", "", "", "", "総数"].into_iter().chain(bands.iter().map(String::as_str)).collect();
    grid.put(1, &heads);
    grid.put(2, &["団体コード", "都道府県名", "市区町村名", "性別", "人", "人"]);
    let people: BTreeMap<String, Row> = built_in("population", "31").into_iter().map(|r| (r["municipality_code"].clone(), r)).collect();
    let by_age: BTreeMap<String, Row> = built_in("population_by_age", "31").into_iter().map(|r| (r["municipality_code"].clone(), r)).collect();
    let times = |text: &str| format!("#{}", text.parse::<u64>().expect("count") * factor);
    let mut put = |row: u32, code6: &str, name: &str, sex: &str, total: &str, ages: &[String]| {
        let ages = ages.iter().map(String::as_str);
        grid.put(row, &[code6, "鳥取県", name, sex, total].into_iter().chain(ages).collect::<Vec<_>>());
    };
    let zero = vec!["#0".to_owned(); 21];
    let total: u64 = people.values().map(|p| p["population_total"].parse::<u64>().expect("count")).sum();
    put(3, "-", "-", "計", "#124000000", &zero);
    put(4, "310000", "-", "計", &times(&total.to_string()), &zero);
    put(5, "312011", "鳥取市", "男", "#0", &zero);
    let mut row = 6;
    for m in built_in("municipalities", "31") {
        let code = &m["municipality_code"];
        let mut ages: Vec<String> = (0..18).map(|i| times(&by_age[code][&format!("age_{:02}_{:02}", i * 5, i * 5 + 4)])).collect();
        ages.extend([times(&by_age[code]["age_90_over"]), "#0".into(), "#0".into()]);
        put(row, &m["municipality_code6"], &m["name"], "計", &times(&people[code]["population_total"]), &ages);
        row += 1;
    }
    let code6 = |code5: &str| format!("{code5}{}", check_digit(code5).expect("digits"));
    put(row, &code6("31300"), "岩美郡", "計", "#9999", &zero);
    put(row + 1, &code6("31699"), "無人村", "計", "#0", &zero);
    grid.put(row + 2, &["注1：外国人住民の内訳は、非公表である"]);
    grid
}

/// One result table: the prefecture on row 6, 鳥取市 on row 7 and on; codes are numbers.
fn projection_grid(title: &str, head: &str, value: impl Fn(&Row) -> String) -> Grid {
    let mut grid = Grid { sheet: "Sheet1", ..Grid::default() };
    grid.put(0, &[title]);
    grid.put(3, &["コード", "市などの別", "都道府県", "市区町村", head]);
    let years = ["2020", "2025", "2030", "2035", "2040", "2045", "2050"];
    grid.put(4, &["", "", "", "", "2020年", "2025年", "2030年", "2035年", "2040年", "2045年", "2050年", "2020年"]);
    let rows = built_in("population_projection", "31");
    let sum = |year: &str| rows.iter().filter(|r| r["year"] == year).map(|r| r["population_total"].parse::<u64>().expect("count")).sum::<u64>();
    let totals: Vec<String> = years.iter().map(|y| if head == "総人口（人）" { format!("#{}", sum(y)) } else { "#30".into() }).collect();
    grid.put(5, &["#31000", "a", "鳥取県", ""].into_iter().chain(totals.iter().map(String::as_str)).collect::<Vec<_>>());
    for (i, m) in built_in("municipalities", "31").iter().enumerate() {
        let code = format!("#{}", m["municipality_code"]);
        let values: Vec<String> = rows.iter().filter(|r| r["municipality_code"] == m["municipality_code"]).map(&value).collect();
        let line = [code.as_str(), "#2", "鳥取県", m["name"].as_str()].into_iter().chain(values.iter().map(String::as_str)).collect::<Vec<_>>();
        grid.put(6 + u32::try_from(i).expect("few"), &line);
    }
    grid
}

fn share(row: &Row, of: &str) -> String {
    let n = |c: &str| row[c].parse::<f64>().expect("count");
    format!("#{}", n(of) / n("population_total") * 100.0)
}

/// The three areas of 鳥取県 on rows 6 to 8.
fn demand_grid() -> Grid {
    let mut grid = Grid { sheet: "将来の在宅（訪問診療）需要推計", ..Grid::default() };
    grid.put(0, &["将来の在宅（訪問診療）需要推計"]);
    grid.put(3, &["", "", "", "", "", "2024年度", "2030年度（現状投影）"]);
    grid.put(4, &["都道府県", "構想区域コード", "構想区域名", "人口(2024年度)", "人口(2040年)", "レセプト件数/月", "レセプト件数/月"]);
    for (i, (code, name)) in [("3101", "東部"), ("3102", "中部"), ("3103", "西部")].iter().enumerate() {
        grid.put(5 + u32::try_from(i).expect("few"), &["鳥取県", code, name, "#1", "#1", "#2016.6666", "#2200.125"]);
    }
    grid
}

fn grids() -> Vec<(&'static str, Grid)> {
    vec![
        ("residents", residents_grid(1)),
        ("projection_total", projection_grid("結果表1　総人口および指数", "総人口（人）", |r| format!("#{}", r["population_total"]))),
        (
            "projection_65",
            projection_grid("結果表3-3　年齢別人口割合　65歳以上人口", "総人口に占める65歳以上人口の割合（％）", |r| share(r, "population_65_over")),
        ),
        (
            "projection_75",
            projection_grid("結果表3-4　年齢別人口割合　75歳以上人口", "総人口に占める75歳以上人口の割合（％）", |r| share(r, "population_75_over")),
        ),
        ("demand", demand_grid()),
    ]
}

fn tottori(root: &Path) -> Workspace {
    workspace::init("31", YEAR, root).unwrap_or_else(|e| panic!("{e}"))
}

fn count(report: &Report, reason: &str) -> (usize, usize) {
    report.reasons.iter().find(|r| r.reason == reason).map_or((0, 0), |r| (r.all, r.ours))
}

#[test]
fn small_workbooks_with_every_trap_become_tables() {
    let dir = folder();
    let workspace = tottori(dir.path());
    let files: Vec<PathBuf> = grids()
        .into_iter()
        .map(|(name, grid)| {
            let path = dir.path().join(format!("{name}.xlsx"));
            grid.write(&path);
            path
        })
        .collect();
    let reports = update(&workspace, &files, None).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(reports.iter().map(|r| r.kind.as_str()).collect::<Vec<_>>(), ["residents", "projection", "demand"]);
    let people = &reports[0];
    assert_eq!(people.as_of, "2026-01-01");
    for reason in ["note_row", "nation_row", "prefecture_row", "subtotal_row", "no_people", "sex_row"] {
        assert_eq!(count(people, reason).0, 1, "{reason}");
    }
    assert_eq!(count(people, "sum_differs").0, 0);
    let withheld = built_in("population", "31").iter().filter(|r| r["ages_withheld"] != "0").count();
    assert_eq!(count(people, "ages_withheld"), (withheld, withheld));
    // the same figures a year later
    let mut expected = built_in("population", "31");
    expected.iter_mut().for_each(|r| drop(r.insert("as_of".into(), "2026-01-01".into())));
    let written = |name: &str| rows(&dir.path().join(format!("reference/{name}.csv")));
    assert_eq!(written("population"), expected);
    assert_eq!(written("population_by_age"), built_in("population_by_age", "31"));
    assert_eq!(written("population_projection"), built_in("population_projection", "31"));
    assert_eq!(written("home_care_demand")[0]["receipts_per_month"], "2016.67");
    let listed = written("update_report_residents");
    assert!(listed.iter().any(|r| r["reason_code"] == "subtotal_row" && r["name"] == "岩美郡" && r["row_no"] == "26"), "{listed:?}");
    // a second time: nothing is older than itself, and the bytes are the same
    let before = std::fs::read(dir.path().join("reference/tables.csv")).expect("ledger");
    update(&workspace, &files, None).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(std::fs::read(dir.path().join("reference/tables.csv")).expect("ledger"), before);
}

#[test]
fn codes_as_numbers_and_without_their_zero_are_found() {
    let codes = Codes::load(&Tables::built_in()).unwrap_or_else(|e| panic!("{e}"));
    let found = |text: &str| codes.with_check_digit(text).map(|f| (f.code, f.lost_zero, f.known));
    assert_eq!(found("012025"), Some(("01202".into(), false, true)));
    assert_eq!(found("12025"), Some(("01202".into(), true, true)));
    assert_eq!(found("１２０２５"), Some(("01202".into(), true, true)));
    assert_eq!(found("221317"), Some(("22131".into(), false, false)), "an old ward of 浜松市 is no longer a unit");
    assert_eq!(found("012026"), None);
    assert_eq!(codes.plain("1202").map(|f| (f.code, f.lost_zero)), Some(("01202".into(), true)));
    assert_eq!(codes.plain("函館"), None);
    for unit in codes.units_of("01") {
        assert_eq!(check_digit(&unit.municipality_code), unit.municipality_code6.chars().last(), "{}", unit.name);
    }
}

/// `tests/cases/official/refusals.csv`: one cell is other than published, and the command says which.
#[test]
fn what_cannot_be_read_is_refused_and_nothing_is_written() {
    let cases = rows(&tests_path("cases/official/refusals.csv"));
    assert!(cases.len() > 20);
    let dir = folder();
    let workspace = tottori(dir.path());
    let reference = dir.path().join("reference");
    let listing = || std::fs::read_dir(&reference).expect("folder").map(|e| e.expect("entry").file_name()).collect::<Vec<_>>();
    let before = listing();
    for case in &cases {
        let kind = case["workbook"].split('_').next().expect("a word");
        let files: Vec<PathBuf> = grids()
            .into_iter()
            .filter(|(name, _)| name.starts_with(kind))
            .map(|(name, mut grid)| {
                if name == case["workbook"] {
                    grid.edit(&case["cell"], &case["value"]);
                }
                let path = dir.path().join(format!("{name}.xlsx"));
                grid.write(&path);
                path
            })
            .collect();
        let error = update(&workspace, &files, None).err().unwrap_or_else(|| panic!("{} was let through", case["what"])).to_string();
        assert!(error.contains(&case["expected"]), "{}: {error}", case["what"]);
        assert!(error.contains("次にすること"), "{}: {error}", case["what"]);
        assert_eq!(listing(), before, "{}", case["what"]);
    }
    let path = dir.path().join("cut.xlsx");
    std::fs::write(&path, b"PK\x03\x04 cut off").expect("written");
    assert!(update(&workspace, std::slice::from_ref(&path), None).is_err());
    let (_, total) = grids().swap_remove(1);
    total.write(&path);
    let error = update(&workspace, std::slice::from_ref(&path), None).expect_err("two parts are missing").to_string();
    assert!(error.contains("結果表3-3（65歳以上の割合）と結果表3-4（75歳以上の割合）がありません"), "{error}");
    let error = update(&workspace, &[path.clone(), path], None).expect_err("twice the same").to_string();
    assert!(error.contains("ファイルが二つあります"), "{error}");
}

/// `tests/cases/official/grown.csv`: a part that the workbook never had is named, and so is a total that is not the sum.
#[test]
fn what_a_workbook_never_had_is_named() {
    let mut wrong = Vec::new();
    for case in rows(&tests_path("cases/official/grown.csv")) {
        let dir = folder();
        let workspace = tottori(dir.path());
        let kind = case["workbook"].split('_').next().expect("a word");
        let mut files = Vec::new();
        for (name, mut grid) in grids().into_iter().filter(|(name, _)| name.starts_with(kind)) {
            if name == case["workbook"] {
                grid.edit(&case["cell"], &case["value"]);
            }
            files.push(dir.path().join(format!("{name}.xlsx")));
            grid.write(files.last().expect("a file"));
        }
        let reports = update(&workspace, &files, None).unwrap_or_else(|e| panic!("{}: {e}", case["case"]));
        let told = |r: &Report| r.notes.iter().any(|n| n.reason == case["reason"] && n.detail.contains(&case["detail"]));
        let listed = |r: &Report| r.reasons.iter().any(|l| l.reason == case["reason"] && l.severity == "確認が必要");
        if !reports.iter().any(|r| told(r) && listed(r)) {
            wrong.push(format!("{}：{:?}", case["case"], reports.iter().flat_map(|r| &r.reasons).map(|r| &r.reason).collect::<Vec<_>>()));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// A run uses the tables that the ledger names, and says so in manifest and sources.
#[test]
fn a_run_uses_the_tables_of_the_work_folder_and_says_so() {
    let dir = folder();
    let workspace = tottori(dir.path());
    let extract = dir.path().join("input/extract.csv");
    std::fs::write(&extract, sample()).expect("writable");
    let need = |out: &Path| -> f64 {
        let figures = rows(&out.join("data/figures.csv"));
        let row = figures.iter().find(|r| r["area_code"] == "31201" && r["indicator_code"] == "home_care_expected_need" && r["breakdown"].is_empty());
        row.expect("need")["value_low"].parse().expect("number")
    };
    let (first, second) = (dir.path().join("first"), dir.path().join("second"));
    kyogi::commands::run::figures_in("31", YEAR, Some(dir.path()), &extract, &first, 2).unwrap_or_else(|e| panic!("{e}"));
    let book = dir.path().join("people.xlsx");
    residents_grid(2).write(&book);
    update(&workspace, std::slice::from_ref(&book), None).unwrap_or_else(|e| panic!("{e}"));
    run_packet(&workspace, None, &second, 2).unwrap_or_else(|e| panic!("{e}"));
    assert!((need(&second) / need(&first) - 2.0).abs() < 1e-6, "{} {}", need(&first), need(&second));
    let manifest: serde_json::Value = serde_json::from_slice(&std::fs::read(second.join("manifest.json")).expect("manifest")).expect("JSON");
    let table = |name: &str| manifest["reference"].as_array().expect("list").iter().find(|t| t["table_name"] == name).expect("table").clone();
    let used = table("population_by_age");
    assert_eq!((used["origin"].as_str(), used["as_of"].as_str(), used["edited"].as_bool()), (Some("work_folder"), Some("2026-01-01"), Some(false)));
    assert_eq!(used["source_sha256"], kyogi::ground::artefact::sha256(&std::fs::read(&book).expect("book")));
    assert_eq!(table("holidays")["origin"], "built_in");
    let page = std::fs::read_to_string(second.join("index.html")).expect("page").replace("&#x2f;", "/");
    assert!(page.contains("令和8年1月1日、作業フォルダーの reference/population.csv、people.xlsx から"), "sources name the table");
    let said = kyogi::commands::explain::figure(&workspace, &second, &["area=31201".into(), "indicator=home_care_expected_need".into()], None);
    let said = said.unwrap_or_else(|e| panic!("{e}"));
    assert!(said.contains("population_by_age 総務省「住民基本台帳年齢階級別人口（市区町村別・総計）」（2026-01-01、作業フォルダー）"), "{said}");
}

#[test]
fn a_table_made_by_people_is_checked() {
    let dir = folder();
    let root = dir.path();
    tottori(root);
    let text = Tables::built_in().rows_of("population", "31");
    let put = |text: &str| std::fs::write(root.join("reference/population.csv"), text).expect("written");
    let ledger = |rows: &str| {
        let head = "table_name,publisher,dataset,as_of,licence,source_file,source_sha256,table_sha256,note\n";
        std::fs::write(root.join("reference/tables.csv"), format!("{head}{rows}")).expect("written");
    };
    // without a row in the ledger nothing is used
    put("anything");
    assert!(Tables::open(root, "31").is_ok_and(|t| t.own_date("population").is_none()));
    let row = "population,県,県の推計人口,2026/10/1,,,,,\n";
    ledger(row);
    put(&text);
    let tables = Tables::open(root, "31").unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(tables.own_date("population"), Some("2026-10-01"));
    let source = tables.sources().expect("sources").into_iter().find(|s| s.table_name == "population").expect("a source");
    assert_eq!(source.place, "作業フォルダーの reference/population.csv、人が書いた表");
    let first = text.lines().nth(1).expect("a row");
    let refused = [
        (text.replace("population_total", "総数"), "見出しが内蔵の表と違います"),
        (text.replace(first, &first.replacen(",2025-01-01,", ",2025-01-01,約", 1)), "2 行目"),
        (text.replace(first, &first.replacen("31201", "1201", 1)), "桁数が違います"),
        (text.replace(&format!("{first}\n"), ""), "31201 の行がありません"),
        (format!("{text}{first}\n"), "行が二つあります"),
        (text.replace(first, &first.replacen(',', ",\"", 1)), "引用符（\"）が開いたまま"),
    ];
    for (text, expected) in refused {
        put(&text);
        let error = Tables::open(root, "31").err().unwrap_or_else(|| panic!("{expected}: let through")).to_string();
        assert!(error.contains(expected) && error.contains("population.csv"), "{error}");
    }
    put(&text);
    for (rows, expected) in [
        ("people,県,表,2026-10-01,,,,,\n".to_owned(), "置きかえられません"),
        ("population,県,表,十月,,,,,\n".to_owned(), "日付「十月」"),
        ("population,,表,2026-10-01,,,,,\n".to_owned(), "公表者"),
        (format!("{row}{row}"), "行が二つあります"),
    ] {
        ledger(&rows);
        let error = Tables::open(root, "31").expect_err("refused").to_string();
        assert!(error.contains(expected) && error.contains("行目"), "{error}");
    }
}

fn shared(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/reference").join(name);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: the publishers' workbooks (no {name} beside the project)");
    None
}

fn sheets(name: &str) -> Option<Vec<spreadsheet::Sheet>> {
    Some(spreadsheet::read(&shared(name)?).unwrap_or_else(|e| panic!("{e}")))
}

#[test]
fn the_true_age_table_gives_the_tidy_one() {
    let (Some(sheets), Some(tidy)) = (sheets("juki_age_muni_2025.xlsx"), shared("pop_muni_20250101.csv")) else { return };
    let codes = Codes::load(&Tables::built_in()).unwrap_or_else(|e| panic!("{e}"));
    let mut notes = Notes::default();
    let read = residents::read(&sheets[0], &codes, &mut notes).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(read.as_of, "2025-01-01");
    let ours: BTreeMap<(String, &str), &residents::Row> =
        read.rows.iter().filter(|r| r.kind == residents::Kind::Unit).map(|r| ((r.code.clone(), r.sex), r)).collect();
    let tidy = rows(&tidy);
    assert_eq!((ours.len(), tidy.len()), (5736, 5736));
    for t in &tidy {
        let row = ours[&(t["code5"].clone(), t["sex"].as_str())];
        let n = |c: &str| t[c].parse::<u64>().expect("count");
        assert_eq!((row.total, row.over(65), row.over(75), row.over(85)), (n("total"), n("p65"), n("p75"), n("p85")), "{t:?}");
        assert_eq!(row.withheld(), n("age_suppressed"), "{t:?}");
        let bands: Vec<u64> = (0..20).map(|i| n(&format!("a{}_{}", i * 5, i * 5 + 4))).chain([n("a100p")]).collect();
        assert_eq!(row.ages.to_vec(), bands, "{t:?}");
    }
    let count = |reason: &str| notes.rows.iter().filter(|n| n.reason == reason).count();
    assert_eq!(
        ["subtotal_row", "prefecture_row", "nation_row", "no_people", "note_row", "ages_withheld", "unknown_code", "sum_differs"].map(count),
        [308, 47, 1, 6, 3, 299, 0, 0]
    );
}

#[test]
fn the_true_result_tables_give_the_tidy_projection() {
    let names = ["ipss2023_kekkahyo1.xlsx", "ipss2023_kekkahyo3_3.xlsx", "ipss2023_kekkahyo3_4.xlsx"];
    let (Some(books), Some(tidy)) = (names.iter().map(|n| sheets(n)).collect::<Option<Vec<_>>>(), shared("ipss2023_muni_projection.csv")) else {
        return;
    };
    let mut notes = Notes::default();
    let parts: Vec<projection::Part> = books
        .iter()
        .zip(["projection_total", "projection_65", "projection_75"])
        .map(|(b, code)| projection::read(&b[0], code, &mut notes).unwrap_or_else(|e| panic!("{e}")))
        .collect();
    let joined = projection::join(&parts[0], &parts[1], &parts[2]).unwrap_or_else(|e| panic!("{e}"));
    let tidy = rows(&tidy);
    assert_eq!(joined.rows.len() * joined.years.len(), tidy.len());
    for (t, (row, i)) in tidy.iter().zip(joined.rows.iter().flat_map(|r| (0..7).map(move |i| (r, i)))) {
        let n = |c: &str| t[c].parse::<f64>().expect("number");
        assert_eq!((row.code.as_str(), row.kind.as_str(), joined.years[i].to_string()), (t["code5"].as_str(), t["kind"].as_str(), t["year"].clone()));
        assert_eq!((row.people[i].total, row.people[i].over_65, row.people[i].over_75), (n("total"), n("p65"), n("p75")), "{t:?}");
        assert!((parts[1].rows.iter().find(|r| r.code == row.code).expect("a row").values[i] - n("share65")).abs() < 5.1e-5, "{t:?}");
    }
    // the built-in table is what the workbooks give for all 47 prefectures, 浜通り and 浜松市 with their notes
    let codes = Codes::load(&Tables::built_in()).unwrap_or_else(|e| panic!("{e}"));
    let mut made = String::new();
    for prefecture in 1..=47 {
        let code = format!("{prefecture:02}");
        let tables = projection::tables(&books[0][0], &joined, &codes, &code, &mut notes).unwrap_or_else(|e| panic!("{e}"));
        let skip = usize::from(prefecture > 1);
        made.extend(tables[0].text.lines().skip(skip).map(|l| format!("{l}\n")));
    }
    assert!(
        made == kyogi::ground::embedded::text("sql/reference/population_projection.csv"),
        "the built-in projection is other than the workbooks say"
    );
}

#[test]
fn the_true_demand_forecast_gives_the_tidy_one() {
    let (Some(sheets), Some(tidy)) = (sheets("001728462_demand_forecast.xlsx"), shared("demand_forecast_area339.csv")) else { return };
    let tidy = rows(&tidy);
    let mut compared = 0;
    for (sheet, category) in sheets.iter().zip(["在宅（訪問診療）", "外来"]) {
        let read = demand::read(sheet, &mut Notes::default()).unwrap_or_else(|e| panic!("{e}"));
        let tidy: BTreeMap<(String, i32), &Row> = tidy
            .iter()
            .filter(|t| t["demand_category"] == category)
            .map(|t| ((t["area_code"].clone(), t["year"].parse().expect("year")), t))
            .collect();
        assert_eq!(tidy.len(), read.rows.len() * read.years.len(), "{category}");
        for row in &read.rows {
            for ((year, label), receipts) in read.years.iter().zip(&row.receipts) {
                let t = tidy[&(row.area_code.clone(), *year)];
                assert_eq!(
                    (t["area_name"].as_str(), t["pref_name"].as_str(), t["year_label"].as_str()),
                    (row.name.as_str(), row.prefecture.as_str(), label.as_str())
                );
                assert_eq!(*receipts, t["receipts_per_month"].parse::<f64>().expect("number"), "{t:?}");
                compared += 1;
            }
        }
    }
    assert_eq!(compared, 4068);
}
