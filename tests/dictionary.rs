//! The dictionary: complete, refused when its rows contradict themselves, and extended by rows alone.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use kyogi::facts::dictionary::{Dictionary, condition, is_catch_all};
use kyogi::facts::workspace::{self, Workspace};
use kyogi::ground::embedded;

use crate::support::{LAYOUT, YEAR, columns, figures_in, folder, plain_facility, rows, run_packet, sample_workspace};

fn own(root: &Path, table: &str, text: &str) {
    let path = root.join("sql/dictionary").join(table);
    fs::create_dir_all(path.parent().expect("folder")).expect("folder");
    fs::write(path, text).expect("writable");
}

#[test]
fn every_item_of_the_form_is_there() {
    let d = Dictionary::load(YEAR).unwrap_or_else(|e| panic!("{e}"));
    let items = |function: &str| d.items.iter().filter(|i| i.function_code == function).count();
    assert_eq!(["g1", "g2a", "g2b", "g2c", "g2d", "other"].map(items), [26, 12, 9, 12, 11, 14]);
    let choices = |set: &str| d.choices_of(set).filter(|c| !is_catch_all(c)).count();
    // 17 領域と該当無し、40 の疾患と該当無しとその他
    assert_eq!(["domains", "diseases", "freq8", "bed7", "patients", "referred"].map(choices), [18, 42, 8, 7, 8, 6]);
    let stars: Vec<&str> = d.items.iter().filter(|i| i.requirement == "star").map(|i| i.item_code.as_str()).collect();
    assert_eq!(stars, ["g1_function_and_posting", "g1_domains", "g1_consultation"]);
    let said = |code: &str| condition::words(&d.item(code).expect("item").condition, &d);
    assert_eq!(said("g2b_backup_bed_partners"), "後方支援病床の確保＝有り(連携による確保)・有り(自院及び連携による確保)");
    assert_eq!(said("oth_intent_g2c"), "2号ハがなし・対象外・判定できない");
    assert_eq!(said("g1_domains"), "");
}

/// What a planner is told about own rows that cannot be used: table, own rows, words of the error.
#[test]
fn own_rows_that_cannot_be_used_are_refused_with_their_line() {
    let cases = [
        ("items.csv", "item_code,label\ng2a_duty_rota,当番\n", "列「source」がありません"),
        ("items.csv", "item_code,source,色\ng2a_duty_rota,通知,赤\n", "列「色」が分かりません"),
        ("items.csv", "item_code,source\ng2a_duty_rota,\n", "「source」が空です"),
        ("items.csv", "item_code,source,counts_core\ng2a_duty_rota,通知,たぶん\n", "列「counts_core」"),
        ("items.csv", "item_code,source,condition\ng2a_duty_rota,通知,g9_x=1\n", "「g9_x」という報告事項がありません"),
        ("items.csv", "item_code,source,condition\ng2a_duty_rota,通知,g1_gp_specialist=7\n", "選択肢「7」がありません"),
        ("items.csv", "item_code,source,choice_set\ng2a_duty_rota,通知,freq9\n", "選択肢の組（choice_set）が、型と合いません"),
        ("items.csv", "item_code,source,requirement\ng1_gp_specialist,通知,any\n", "any は2号の項目だけ"),
        ("items.csv", "item_code,source,function_code\ng2a_duty_rota,通知,g2x\n", "機能（function_code）が分かりません"),
        ("items.csv", "item_code,source\ng2a_duty_rota,通知\ng2a_duty_rota,通知\n", "同じ年度に二つ"),
        ("items.csv", "item_code,source,from_year\ng2a_duty_rota,通知,来年\n", "年度「来年」が読めません"),
        ("choices.csv", "choice_set,choice_code,source,polarity\nfreq8,7,通知,たぶん\n", "polarity は"),
        (
            "choices.csv",
            "choice_set,choice_code,label,source,polarity,intention,counts_core,open_top,from_year,confidence\nfreq8,8,月10回以上,通知,positive,0,1,0,2025,V\nfreq8,9,月10回以上,通知,positive,0,1,0,2025,V\n",
            "同じ選択肢「月10回以上」が二つ",
        ),
        ("choices.csv", "choice_set,choice_code,value_high,source\npatients,1,20,通知\n", "「1～10人」と「11～30人」が重なっています"),
        ("choices.csv", "choice_set,choice_code,counts_core,source\nint3,1,1,通知\n", "「無」の選択肢は「実質」に数えません"),
        (
            "choices.csv",
            "choice_set,choice_code,label,source,polarity,intention,counts_core,open_top,from_year,confidence\nnone3,0,無し,通知,negative,0,0,0,2025,V\n",
            "使う報告事項がありません",
        ),
    ];
    for (table, text, expected) in cases {
        let dir = folder();
        own(dir.path(), table, text);
        let error = Dictionary::load_in(YEAR, Some(dir.path())).expect_err(expected).to_string();
        assert!(error.contains(expected), "{text}\n{error}");
        assert!(error.contains("場所：") && error.contains(table), "{error}");
        assert!(error.contains("次にすること：") || expected.contains("年度「来年」"), "{error}");
    }
}

#[test]
fn an_old_year_keeps_its_rows_and_an_item_can_end() {
    let dir = folder();
    own(
        dir.path(),
        "items.csv",
        "\u{FEFF}item_code,from_year,to_year,counts_core,source\r\ng2d_doctor_opinion,2027,,1,通知\r\ng2a_note,,2026,,通知\r\n",
    );
    let core = |year| Dictionary::load_in(year, Some(dir.path())).unwrap_or_else(|e| panic!("{e}")).item("g2d_doctor_opinion").map(|i| i.counts_core);
    assert_eq!([2025, 2026, 2027, 2030].map(core), [Some(false), Some(false), Some(true), Some(true)]);
    let note = |year| Dictionary::load_in(year, Some(dir.path())).unwrap_or_else(|e| panic!("{e}")).item("g2a_note").is_some();
    assert_eq!([2026, 2027].map(note), [true, false]);
}

/// A work folder of 2027 with a new item, a new wording and a changed flag: rows and a column mapping, no code.
fn next_year(root: &Path, year: i32) -> Workspace {
    let workspace = workspace::init("31", year, root).unwrap_or_else(|e| panic!("{e}"));
    own(
        root,
        "items.csv",
        "item_code,function_code,label,short_label,value_type,choice_set,requirement,counts_literal,counts_core,ndb_derived,period_kind,condition,from_year,source,confidence\n\
         g2c_online,g2c,オンラインによる在宅医療の実施,オンライン在宅,choice,int3,any,1,1,0,as_of_jan1,g1=yes,2027,様式の改正（例）,V\n\
         g2d_doctor_opinion,,,,,,,,1,,,,2027,様式の改正（例）,V\n",
    );
    own(root, "choices.csv", "choice_set,choice_code,label,from_year,source\nint3,2,実施している,2027,様式の改正（例）\n");
    let layout = embedded::text(LAYOUT).replace("name = \"code_label_single_header\"", "name = \"next\"")
        + if year < 2027 { "" } else { "\"2号ハ_09_オンライン在宅\" = \"g2c_online\"\n" };
    fs::write(root.join("layouts/code_label_single_header.toml"), layout).expect("writable");
    workspace
}

/// `literal core` of a function by facility, for cells that are added to a plain facility.
fn statuses(workspace: &Workspace, cells: &[(&str, &str)]) -> BTreeMap<String, String> {
    let mut extra = columns();
    if workspace.settings.report_year >= 2027 {
        extra.push(("2号ハ_09_オンライン在宅".into(), "g2c_online".into()));
    }
    let extract = workspace.root.join("input/extract.csv");
    let mut writer = csv::Writer::from_path(&extract).expect("writable");
    writer.write_record(extra.iter().map(|(h, _)| h)).expect("header");
    for (i, (item, cell)) in cells.iter().enumerate() {
        let mut facility = plain_facility(&format!("31{i:011}"));
        facility.insert("report_year".into(), workspace.settings.report_year.to_string());
        facility.insert((*item).to_owned(), (*cell).to_owned());
        writer.write_record(extra.iter().map(|(_, item)| facility.get(item).map_or("", String::as_str))).expect("row");
    }
    writer.flush().expect("flush");
    let out = folder();
    figures_in(workspace, &extract, out.path());
    let found = rows(&out.path().join("data/facility_status.csv"));
    let status = |i: usize, item: &str| {
        let function = item.split('_').next().expect("function");
        let id = format!("31{i:011}");
        let row = found.iter().find(|s| s["facility_id"] == id && s["function_code"] == function).expect("row");
        format!("{} {}", row["status_literal"], row["status_core"])
    };
    cells.iter().enumerate().map(|(i, (item, cell))| (format!("{item}={cell}"), status(i, item))).collect()
}

#[test]
fn next_years_item_wording_and_flag_are_rows_and_no_code() {
    let dir = folder();
    let workspace = next_year(&dir.path().join("2027"), 2027);
    let found = statuses(
        &workspace,
        &[
            ("g2c_online", "2:実施している"),
            ("g2c_online", "0:無し(意向無し)"),
            ("g2c_home_visit", "実施している"),
            ("g2d_doctor_opinion", "2:実施している"),
        ],
    );
    let expected = [
        ("g2c_home_visit=実施している", "yes yes"),
        ("g2c_online=0:無し(意向無し)", "no no"),
        ("g2c_online=2:実施している", "yes yes"),
        ("g2d_doctor_opinion=2:実施している", "yes yes"),
    ];
    assert_eq!(found.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect::<Vec<_>>(), expected);

    // the same rows in a folder of 2026: the old wording holds; of the new one its words tell yes, but nobody vouches for more
    let workspace = next_year(&dir.path().join("2026"), 2026);
    let found = statuses(&workspace, &[("g2c_home_visit", "実施している"), ("g2c_home_visit", "2:有り"), ("g2d_doctor_opinion", "2:有り")]);
    let expected = [("g2c_home_visit=2:有り", "yes yes"), ("g2c_home_visit=実施している", "yes no"), ("g2d_doctor_opinion=2:有り", "yes no")];
    assert_eq!(found.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect::<Vec<_>>(), expected);
}

#[test]
fn the_packet_holds_the_dictionary_and_the_own_rows_leave_a_trace() {
    let dir = folder();
    let root = dir.path().join("work");
    let workspace = sample_workspace(&root);
    own(&root, "items.csv", "item_code,counts_core,source\ng2d_doctor_opinion,1,県の申合せ\n");
    let out = dir.path().join("out");
    run_packet(&workspace, None, &out, 2).unwrap_or_else(|e| panic!("{e}"));
    let table = rows(&out.join("data/dictionary.csv"));
    let d = Dictionary::load(YEAR).unwrap_or_else(|e| panic!("{e}"));
    for item in &d.items {
        let of_item: Vec<_> = table.iter().filter(|r| r["item_code"] == item.item_code).collect();
        assert_eq!(of_item.len(), d.choices_of(&item.choice_set).count().max(1), "{}", item.item_code);
        assert!(!of_item[0]["source"].is_empty() && !of_item[0]["value_type"].is_empty());
    }
    let page = fs::read_to_string(out.join("dictionary.html")).expect("page");
    for item in &d.items {
        assert!(page.contains(&format!("id=\"i-{}\"", item.item_code)), "{}", item.item_code);
    }
    assert!(page.contains("県の申合せ") && page.contains("この抽出ファイルにない"));
    // columns of every table of data/, by their labels
    for file in ["facility_status", "area_summary", "figures", "findings", "dictionary"] {
        assert!(page.contains(&format!("data/{file}.csv")) || page.contains(&format!("data&#x2f;{file}.csv")), "{file}");
    }
    let manifest = fs::read_to_string(out.join("manifest.json")).expect("manifest");
    assert!(manifest.contains("sql/dictionary/items.csv"));
    // an item that the extract does not ask makes no figure
    assert!(rows(&out.join("data/figures.csv")).iter().all(|r| r["breakdown"] != "item=g2c_house_call"));
}
