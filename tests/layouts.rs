//! The same answers in other shapes (workbook, split files, other order) give the same statuses, cell by cell.

use std::collections::BTreeMap;
use std::path::Path;

use csv::StringRecord;
use kyogi::facts::finding::Finding;
use kyogi::facts::workspace::Workspace;
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};

use crate::support::{YEAR, columns, folder, plain, plain_facility, sample_rows, sample_workspace, statuses};

type Rows = Vec<StringRecord>;

pub fn csv_file(path: &Path, header: &StringRecord, rows: &[StringRecord]) {
    let mut writer = csv::Writer::from_path(path).expect("writable");
    std::iter::once(header).chain(rows).for_each(|r| writer.write_record(r).expect("row"));
    writer.flush().expect("flush");
}

fn cut(record: &StringRecord, keep: &dyn Fn(usize) -> bool) -> StringRecord {
    record.iter().enumerate().filter(|(i, _)| keep(*i)).map(|(_, c)| c).collect()
}

/// A work folder whose input holds nothing yet, and a run over whatever is put there.
fn run_folder(workspace: &Workspace, mapping: Option<&Path>) -> (Vec<BTreeMap<String, String>>, Vec<Finding>) {
    let out = folder();
    let mut workspace = Workspace { settings: workspace.settings.clone(), root: workspace.root.clone() };
    if let Some(mapping) = mapping {
        workspace.settings.mapping = mapping.to_string_lossy().into_owned();
    }
    let extract = workspace.extract().unwrap_or_else(|e| panic!("{e}"));
    let findings = kyogi::commands::run::scenario_figures(&workspace, &extract, None, &[], out.path(), 2).unwrap_or_else(|e| panic!("{e}"));
    (crate::support::rows(&out.path().join("data/facility_status.csv")), findings)
}

fn empty_workspace(root: &Path) -> Workspace {
    let workspace = sample_workspace(root);
    std::fs::remove_file(root.join("input/extract.csv")).expect("removable");
    workspace
}

/// Writes rows as people's workbooks hold them: title rows, a notes sheet, codes as numbers, dates as serial days.
fn workbook(path: &Path, header: &StringRecord, rows: &Rows, order: &[usize]) {
    let items: Vec<String> = columns().into_iter().map(|(_, item)| item).collect();
    let mut book = Workbook::new();
    book.add_worksheet().set_name("注記").expect("name").write(0, 0, "* は10未満").expect("cell");
    let sheet = book.add_worksheet().set_name("報告データ").expect("name");
    let date = Format::new().set_num_format(r#"[$-411]ggge"年"m"月"d"日""#);
    sheet.write(0, 0, "かかりつけ医機能報告").expect("cell");
    for (to, &from) in order.iter().enumerate() {
        sheet.write(3, to as u16, header.get(from).expect("header")).expect("cell");
    }
    for (r, row) in rows.iter().enumerate() {
        for (to, &from) in order.iter().enumerate() {
            let (r, c, text) = (r as u32 + 4, to as u16, &row[from]);
            match items.get(from).map_or("", String::as_str) {
                _ if text.is_empty() => {}
                "report_date" => match ExcelDateTime::parse_from_str(text) {
                    Ok(day) => drop(sheet.write_datetime_with_format(r, c, &day, &date).expect("cell")),
                    Err(_) => drop(sheet.write(r, c, text).expect("cell")),
                },
                "report_year" | "prefecture_code" | "municipality_code" | "g2a_fee_overtime" if text.parse::<f64>().is_ok() => {
                    sheet.write(r, c, text.parse::<f64>().expect("number")).expect("cell");
                }
                _ if text == "10未満" => drop(sheet.write(r, c, "*").expect("cell")),
                _ => drop(sheet.write(r, c, text).expect("cell")),
            }
        }
    }
    book.save(path).expect("saved");
}

#[test]
fn workbook_split_and_shuffled_files_give_the_same_statuses() {
    let dir = folder();
    let original = dir.path().join("original.csv");
    std::fs::write(&original, crate::support::sample()).expect("writable");
    let expected = plain(&statuses(&original).0);
    let (header, rows) = sample_rows();

    let workspace = empty_workspace(&dir.path().join("book"));
    let backwards: Vec<usize> = (0..header.len()).rev().collect();
    workbook(&workspace.root.join("input/報告.xlsx"), &header, &rows, &backwards);
    let (got, findings) = run_folder(&workspace, None);
    assert_eq!(plain(&got), expected, "workbook, columns reversed");
    assert!(findings.iter().any(|f| f.code == "sheet_not_read" && f.value.contains("注記")));

    // 2号 ロ to ニ in a file of their own, its rows reversed; the report date travels with both
    let items: Vec<String> = columns().into_iter().map(|(_, item)| item).collect();
    let is = |i: usize, item: &str| items.get(i).is_some_and(|x| x == item);
    let second = |i: usize| items.get(i).is_some_and(|x| ["g2b", "g2c", "g2d"].iter().any(|p| x.starts_with(p)));
    let key = |i: usize| is(i, "facility_id") || is(i, "report_date");
    let workspace = empty_workspace(&dir.path().join("functions"));
    let first = |i: usize| !second(i);
    let both = |i: usize| second(i) || key(i);
    let input = workspace.root.join("input");
    csv_file(&input.join("1号とイ.csv"), &cut(&header, &first), &rows.iter().map(|r| cut(r, &first)).collect::<Rows>());
    csv_file(&input.join("ロからニ.csv"), &cut(&header, &both), &rows.iter().rev().map(|r| cut(r, &both)).collect::<Rows>());
    let (got, findings) = run_folder(&workspace, None);
    assert_eq!(plain(&got), expected, "split by function");
    assert!(findings.iter().all(|f| !["answers_not_in_other_file", "not_in_other_file", "files_disagree"].contains(&f.code.as_str())));
    let linked = got.iter().find(|s| s["function_code"] == "g2b" && s["status_literal"] == "yes").expect("a row");
    assert!(linked["reason"].contains("〔ロからニ.csv〕"), "evidence names the file: {}", linked["reason"]);

    // hospitals in one file and clinics in another
    let kind = items.iter().position(|x| x == "facility_type").expect("kind");
    let workspace = empty_workspace(&dir.path().join("kinds"));
    let (hospitals, clinics): (Rows, Rows) = rows.iter().cloned().partition(|r| r[kind].contains("病院"));
    csv_file(&workspace.root.join("input/a_診療所.csv"), &header, &clinics);
    csv_file(&workspace.root.join("input/b_病院.csv"), &header, &hospitals);
    assert_eq!(plain(&run_folder(&workspace, None).0), expected, "stacked files");
}

#[test]
fn rows_without_a_counterpart_are_accounted_for() {
    let dir = folder();
    let workspace = empty_workspace(&dir.path().join("work"));
    let header: StringRecord = columns().iter().map(|(h, _)| h.as_str()).collect();
    let items: Vec<String> = columns().into_iter().map(|(_, item)| item).collect();
    let row = |id: &str| -> StringRecord {
        let facility = plain_facility(id);
        items.iter().map(|i| facility.get(i).map_or("", String::as_str)).collect()
    };
    let first = |i: usize| !items[i].starts_with("g2");
    let second = |i: usize| items[i].starts_with("g2") || items[i] == "facility_id";
    let input = workspace.root.join("input");
    let (a, b, c) = (row("3100000000001"), row("3100000000002"), row("3100000000003"));
    csv_file(&input.join("1号.csv"), &cut(&header, &first), &[cut(&a, &first), cut(&b, &first)]);
    csv_file(&input.join("2号.csv"), &cut(&header, &second), &[cut(&b, &second), cut(&c, &second)]);
    let (got, findings) = run_folder(&workspace, None);
    let told: Vec<String> = findings
        .iter()
        .filter(|f| f.code.contains("other_file"))
        .map(|f| format!("{} {} 行{} {}：{}", f.code, f.file, f.row, f.facility_id, f.value))
        .collect();
    assert_eq!(
        told,
        [
            "not_in_other_file 2号.csv 行3 3100000000003：1号.csv にありません",
            "answers_not_in_other_file 1号.csv 行2 3100000000001：2号.csv にありません"
        ]
    );
    let of = |id: &str, function: &str| {
        got.iter().find(|s| s["facility_id"] == id && s["function_code"] == function).map(|s| s["status_literal"].as_str())
    };
    assert_eq!((of("3100000000001", "g2a"), of("3100000000002", "g2a"), of("3100000000003", "g2a")), (Some("undetermined"), Some("no"), None));
}

/// A late report with all columns in one table, beside an extract of two tables: it changes its own facility and no other.
#[test]
fn a_late_report_joins_an_extract_of_two_tables() {
    let dir = folder();
    let workspace = empty_workspace(&dir.path().join("work"));
    let header: StringRecord = columns().iter().map(|(h, _)| h.as_str()).collect();
    let items: Vec<String> = columns().into_iter().map(|(_, item)| item).collect();
    let row = |id: &str, other: &[(&str, &str)]| -> StringRecord {
        let mut facility = plain_facility(id);
        facility.extend(other.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())));
        items.iter().map(|i| facility.get(i).map_or("", String::as_str)).collect()
    };
    let first = |i: usize| !items[i].starts_with("g2");
    let second = |i: usize| items[i].starts_with("g2") || items[i] == "facility_id" || items[i] == "report_date";
    let input = workspace.root.join("input");
    let rows = [row("3100000000001", &[]), row("3100000000002", &[])];
    csv_file(&input.join("1号.csv"), &cut(&header, &first), &rows.clone().map(|r| cut(&r, &first)));
    csv_file(&input.join("2号.csv"), &cut(&header, &second), &rows.map(|r| cut(&r, &second)));
    let (before, _) = run_folder(&workspace, None);
    let late = row("3100000000002", &[("report_date", "2026-03-01"), ("g2a_holiday", "2:有り(診療時間外の診療対応)")]);
    std::fs::create_dir_all(input.join("追加")).expect("folder");
    csv_file(&input.join("追加/late.csv"), &header, &[late]);
    let (after, _) = run_folder(&workspace, None);
    assert_eq!(before.len(), after.len());
    let changed: Vec<String> = before
        .iter()
        .zip(&after)
        .filter(|(b, a)| (&b["status_literal"], &b["municipality_code"]) != (&a["status_literal"], &a["municipality_code"]))
        .map(|(_, a)| format!("{} {} {}", a["facility_id"], a["function_code"], a["status_literal"]))
        .collect();
    assert_eq!(changed, ["3100000000002 g2a yes"]);
}

/// A doubt about a cell of the second table names that file and the facility's row there.
#[test]
fn a_doubt_names_the_file_and_row_of_its_cell() {
    let dir = folder();
    let workspace = empty_workspace(&dir.path().join("work"));
    let header: StringRecord = columns().iter().map(|(h, _)| h.as_str()).collect();
    let items: Vec<String> = columns().into_iter().map(|(_, item)| item).collect();
    let row = |id: &str, bed: &str| -> StringRecord {
        let mut facility = plain_facility(id);
        facility.insert("g2b_backup_bed".into(), bed.into());
        items.iter().map(|i| facility.get(i).map_or("", String::as_str)).collect()
    };
    let first = |i: usize| !items[i].starts_with("g2");
    let second = |i: usize| items[i].starts_with("g2") || items[i] == "facility_id";
    let input = workspace.root.join("input");
    let (a, b) = (row("3100000000001", "5:有り(連携による確保)"), row("3100000000002", "0:無し(意向無し)"));
    csv_file(&input.join("1号.csv"), &cut(&header, &first), &[cut(&a, &first), cut(&b, &first)]);
    csv_file(&input.join("2号.csv"), &cut(&header, &second), &[cut(&b, &second), cut(&a, &second)]);
    let (_, findings) = run_folder(&workspace, None);
    let doubt = findings.iter().find(|f| f.code == "linked_without_partner").expect("found");
    assert_eq!((doubt.file.as_str(), doubt.row, doubt.facility_id.as_str()), ("2号.csv", 3, "3100000000001"));
}

/// Merged group cells above two header rows, IDs that lost their zeros, and dates as people write them.
#[test]
fn a_workbook_with_merged_headers_and_lost_zeros() {
    let dir = folder();
    let workspace = kyogi::facts::workspace::init("01", YEAR, &dir.path().join("work")).unwrap_or_else(|e| panic!("{e}"));
    let mapping = dir.path().join("mapping.toml");
    let columns = [
        ("基本情報|ID", "facility_id"),
        ("基本情報|市町村", "municipality_code"),
        ("基本情報|状況", "report_status"),
        ("基本情報|報告日", "report_date"),
        ("1号|掲示", "g1_function_and_posting"),
        ("1号|領域", "g1_domains"),
        ("1号|相談", "g1_consultation"),
        ("2号イ|時間外", "g2a_fee_overtime"),
        ("2号イ|深夜", "g2a_fee_midnight"),
    ];
    let lines: String = columns.iter().map(|(h, i)| format!("\"{h}\" = \"{i}\"\n")).collect();
    let text = |dash: &str, of_items: &str| {
        format!(
            "name = \"merged\"\ntitle = \"試し\"\nconfidence = \"\"\n[file]\nencoding = \"auto\"\nheader_rows = 2\n\
             widths = {{ facility_id = 13, municipality_code = 5 }}\n[values]\nmasked = []\nzero = []\nmissing = []\n\
             {dash}\nseparators = [\"・\"]\n[values_of.g2a_fee_midnight]\nzero = [\"-\"]\n{of_items}[columns]\n{lines}"
        )
    };
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    let plain = Format::new();
    sheet.write(0, 0, "令和7年度").expect("cell");
    sheet.merge_range(2, 0, 2, 3, "基本情報", &plain).expect("merged");
    sheet.merge_range(2, 4, 2, 6, "1号", &plain).expect("merged");
    sheet.merge_range(2, 7, 2, 8, "2号イ", &plain).expect("merged");
    for (c, (header, _)) in columns.iter().enumerate() {
        sheet.write(3, c as u16, header.split('|').nth(1).expect("lower")).expect("cell");
    }
    for (r, date) in ["令和8年2月1日", "R8.2.1", "2026/2/1", "20260201", "46054"].iter().enumerate() {
        let r = r as u32 + 4;
        sheet.write(r, 0, 110_000_000_001.0 + f64::from(r)).expect("cell");
        sheet.write(r, 1, 1100.0).expect("cell");
        sheet.write(r, 2, "報告済").expect("cell");
        sheet.write(r, 3, *date).expect("cell");
        for (c, cell) in [(4, "有"), (5, "呼吸器領域・眼領域"), (6, "可"), (7, "-"), (8, "-")] {
            sheet.write(r, c, cell).expect("cell");
        }
    }
    book.save(workspace.root.join("input/extract.xlsx")).expect("saved");

    std::fs::write(&mapping, text("undecided = [\"-\"]", "")).expect("writable");
    let extract = workspace.extract().unwrap_or_else(|e| panic!("{e}"));
    let run = |workspace: &Workspace| kyogi::commands::run::scenario_figures(workspace, &extract, None, &[], &dir.path().join("out"), 1);
    let mut named = Workspace { settings: workspace.settings.clone(), root: workspace.root.clone() };
    named.settings.mapping = mapping.to_string_lossy().into_owned();
    let error = run(&named).expect_err("refused").to_string();
    assert!(error.contains("「-」の意味がまだ決まっていません") && error.contains("masked（秘匿）、zero（0）、missing（値なし）"), "{error}");

    // `-` is a zero only where the mapping says so; what it says nothing of stops a run where it stands in many cells
    std::fs::write(&mapping, text("", "")).expect("writable");
    let error = run(&named).expect_err("refused").to_string();
    assert!(error.contains("「-」の意味が列対応表で決まっていません（件数の欄 5 か所、最初は行 5・列 H（2号イ|時間外））"), "{error}");

    std::fs::write(&mapping, text("", "[values_of.g2a_fee_overtime]\nmissing = [\"-\"]\n")).expect("writable");
    named.settings.mapping = mapping.to_string_lossy().into_owned();
    let findings = run(&named).unwrap_or_else(|e| panic!("{e}"));
    let padded: Vec<&str> = findings.iter().filter(|f| f.code == "zeros_put_back").map(|f| f.value.as_str()).collect();
    assert!(padded.contains(&"5 行（最初は「110000000005」、13 桁にしました）"), "{padded:?}");
    assert!(findings.iter().all(|f| f.code != "not_a_count"));
    assert!(findings.iter().all(|f| f.code != "not_a_date"));
    let got = crate::support::rows(&dir.path().join("out/data/facility_status.csv"));
    assert_eq!(got.iter().filter(|s| s["function_code"] == "g1" && s["status_literal"] == "yes" && s["municipality_code"] == "01100").count(), 5);
    assert!(got.iter().all(|s| s["facility_id"].starts_with("0110")));
}

/// A glyph that no mapping explains: a few cells are asked about, many stop the run.
#[test]
fn a_glyph_in_many_cells_is_not_guessed() {
    let dir = folder();
    let extract = dir.path().join("extract.csv");
    let run = |glyphs: &[(&str, &str)]| {
        let row = |(i, (item, glyph)): (usize, &(&str, &str))| {
            let mut facility = plain_facility(&format!("310000000{i:04}"));
            facility.insert((*item).to_owned(), (*glyph).to_owned());
            facility
        };
        crate::support::write_extract(&extract, &glyphs.iter().enumerate().map(row).collect::<Vec<_>>());
        kyogi::commands::run::figures_only("31", YEAR, &extract, folder().path(), 1)
    };
    let (count, number) = ("g2a_fee_overtime", "g1_gp_specialist_fte");
    let few = run(&[(count, "-"), (count, "-"), (count, "－"), (number, "-"), (count, "*"), (count, "ｘ"), (count, "不明"), (count, "1")]);
    let few = few.unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(few.iter().filter(|f| f.code == "not_a_count").count(), 6);
    // whatever its letters; known spellings of the mask are said to be known, and still not read as such
    for (mark, said) in
        [("不明", "「不明」の意味が"), ("<10", "「<10」は秘匿の書き方として知られています"), ("1～9", "知られています"), ("Ｘ", "「X」は秘匿にも")]
    {
        let error = run(&[(count, mark); 5]).expect_err("refused").to_string();
        assert!(error.contains("の意味が列対応表で決まっていません") && error.contains(said), "{error}");
    }

    let many = run(&[(count, "1"), (count, "－"), (count, "-"), (count, "-"), (number, "-"), (count, "-")]).expect_err("refused").to_string();
    let head = "「－」の意味が列対応表で決まっていません（件数・人数の欄 5 か所、最初は行 3・列 ";
    assert!(many.contains(head) && many.contains("[values] の masked（秘匿）・zero（0回）・missing（無回答）のどれかに「-」"), "{many}");
    assert!(many.contains("kyogi mapping") && many.contains("extract.csv"), "{many}");
}
