//! `kyogi mapping`: a proposed mapping is right wherever it is sure, stops at what only people know, and then runs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use kyogi::facts::dictionary::Dictionary;
use kyogi::facts::workspace::Workspace;
use kyogi::ground::text::fold;
use kyogi::ingest::layout::{Layout, UNDECIDED};
use kyogi::ingest::propose;
use rust_xlsxwriter::Workbook;

use crate::support::{LAYOUT, YEAR, columns, folder, plain, plain_facility, sample, sample_rows, shared_extract};

/// What people change in a proposal to make it say what `truth` says.
#[derive(Debug, Default)]
struct Filled {
    text: String,
    /// Decisions left open on purpose: `-`, empty groups of marks.
    decided: usize,
    /// Doubtful columns that were looked up, and columns that had to be added.
    looked_up: Vec<String>,
    /// Columns of which the proposal was sure and wrong.
    wrong: Vec<String>,
    sure: usize,
}

fn fill(text: &str, truth: &Layout) -> Filled {
    let mut filled = Filled::default();
    let mut table: toml::Table = text.parse().unwrap_or_else(|e| panic!("{e}\n{text}"));
    let wanted: BTreeMap<String, String> = truth.columns.iter().map(|(h, to)| (fold(h), to.as_str().expect("text").to_owned())).collect();
    let columns = table["columns"].as_table_mut().expect("columns");
    for (header, to) in std::mem::take(columns) {
        let to = to.as_str().expect("text").to_owned();
        match wanted.get(&header) {
            _ if to == UNDECIDED => filled.looked_up.push(header.clone()),
            Some(right) if *right == to => filled.sure += 1,
            right => filled.wrong.push(format!("{header}：{to}、正しくは {right:?}")),
        }
        if let Some(right) = wanted.get(&header) {
            columns.insert(header, right.clone().into());
        }
    }
    for (header, right) in wanted {
        if !columns.contains_key(&header) {
            filled.looked_up.push(format!("{header}（案になし）"));
            columns.insert(header, right.into());
        }
    }
    let values = table["values"].as_table_mut().expect("values");
    for glyph in values.remove("undecided").and_then(|v| v.as_array().cloned()).unwrap_or_default() {
        filled.decided += 1;
        let lists = [("masked", &truth.values.masked), ("zero", &truth.values.zero), ("missing", &truth.values.missing)];
        let list = lists.iter().find(|(_, l)| l.iter().any(|g| Some(g.as_str()) == glyph.as_str())).map_or("missing", |(name, _)| name);
        values.get_mut(list).and_then(|l| l.as_array_mut()).expect("list").push(glyph);
    }
    if let Some(none) = values.get_mut("none_selected").and_then(|v| v.as_table_mut()) {
        for (item, choice) in none.iter_mut() {
            filled.decided += 1;
            *choice = truth.values.none_selected.get(item).cloned().unwrap_or_default().into();
        }
    }
    filled.text = toml::to_string(&table).expect("toml");
    filled
}

fn statuses(prefecture: &str, year: i32, extract: &Path, mapping: Option<&Path>, root: &Path) -> kyogi::ground::error::Result<Vec<u8>> {
    let work = root.join("work");
    let mut workspace = match kyogi::facts::workspace::init(prefecture, year, &work) {
        Ok(workspace) => workspace,
        Err(_) => Workspace::open(&work)?,
    };
    workspace.settings.mapping = mapping.map_or_else(String::new, |m| m.to_string_lossy().into_owned());
    let out = root.join("out");
    kyogi::commands::run::scenario_figures(&workspace, extract, None, &[], &out, 2)?;
    Ok(std::fs::read(out.join("data/facility_status.csv")).expect("statuses"))
}

/// The proposal for an extract whose mapping is known, filled as people would, gives the very same statuses.
fn like_the_shipped_mapping(prefecture: &str, year: i32, extract: &Path, layout: &str) -> Filled {
    let dir = folder();
    let dictionary = Dictionary::load(year).expect("dictionary");
    let proposals = propose::propose(extract, &dictionary).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(proposals.len(), 1, "notes are no table");
    let path = format!("sql/layouts/{layout}.toml");
    let truth = Layout::parse(kyogi::ground::embedded::text(&path), &path).expect("layout");
    let filled = fill(&proposals[0].text, &truth);
    let mapping = dir.path().join("proposed.toml");
    if !proposals[0].open.is_empty() {
        std::fs::write(&mapping, &proposals[0].text).expect("writable");
        let error = statuses(prefecture, year, extract, Some(&mapping), dir.path()).expect_err("what is open stops a run").to_string();
        assert!(error.contains("決まって") && error.contains("次にすること"), "{error}");
    }
    std::fs::write(&mapping, &filled.text).expect("writable");
    let expected = statuses(prefecture, year, extract, None, dir.path()).unwrap_or_else(|e| panic!("{e}"));
    let got = statuses(prefecture, year, extract, Some(&mapping), dir.path()).unwrap_or_else(|e| panic!("{e}\n{}", filled.text));
    assert!(got == expected, "{}: statuses differ", extract.display());
    let all = filled.sure + filled.looked_up.len();
    eprintln!("{}: {} of {all} columns sure, {} decided, {:?}", extract.display(), filled.sure, filled.decided, filled.looked_up);
    assert_eq!(filled.wrong, Vec::<String>::new(), "sure and wrong");
    assert!(filled.sure * 100 >= all * 95, "{:?}", filled.looked_up);
    filled
}

#[test]
fn proposals_for_known_extracts() {
    let dir = folder();
    let demo = dir.path().join("demo.csv");
    std::fs::write(&demo, sample()).expect("writable");
    assert_eq!(like_the_shipped_mapping("31", YEAR, &demo, "code_label_single_header").decided, 0);
    let shared: [(&str, i32, &str, &str, usize); 4] = [
        ("31", 2025, "r7_tottori_utf8.csv", "code_label_single_header", 0),
        ("31", 2026, "r8_tottori_utf8.csv", "code_label_single_header", 0),
        // the note of the workbook says what `*` is
        ("16", 2025, "r7_toyama.xlsx", "workbook_title_rows", 0),
        // `-`, and what no mark in any column means
        ("14", 2025, "r7_kanagawa_cp932.csv", "label_two_headers_one_hot", 2),
    ];
    for (prefecture, year, name, layout, decided) in shared {
        let Some(extract) = shared_extract(name, "a mapping proposed for it") else { continue };
        assert_eq!(like_the_shipped_mapping(prefecture, year, &extract, layout).decided, decided, "{name}");
    }
}

/// Headers that no mapping has: official labels, and words of an office.
fn unseen_header(item: &str, label: &str, function: &str) -> String {
    let office = [
        ("report_year", "年度"),
        ("facility_id", "施設ＩＤ"),
        ("prefecture_code", "県番号"),
        ("municipality_code", "自治体コード"),
        ("facility_type", "施設種別"),
        ("report_status", "提出状況"),
        ("report_method", "提出方法"),
        ("report_date", "報告年月日"),
        ("confirmation", "体制確認の結果"),
        ("g2a_duty_rota", "在宅当番医への参加状況"),
        ("g2a_emergency_center", "急患センター参加状況"),
        ("g2a_fee_midnight", "深夜加算（回）"),
        ("g2b_backup_bed", "後方支援病床"),
        ("g2b_discharge_rule", "退院ルール参加"),
        ("g2c_managed_patients", "在宅患者数（主治医）"),
        ("g2c_fee_end_of_life", "在宅看取り（回数）"),
        ("g2d_community_care_conf", "地域ケア会議参加"),
        ("g2d_acp", "ＡＣＰ実施状況"),
        ("oth_health_check", "健診の実施"),
    ];
    let group = match function {
        "g1" => "１号：",
        "g2a" => "２号（イ）：",
        "g2b" => "２号（ロ）：",
        "g2c" => "２号（ハ）：",
        "g2d" => "２号（ニ）：",
        _ => "",
    };
    let words = office.iter().find(|(code, _)| *code == item).map_or(label, |(_, words)| words);
    format!("{group}{words}")
}

#[test]
fn a_layout_that_nobody_saw() {
    let dir = folder();
    let dictionary = Dictionary::load(YEAR).expect("dictionary");
    let (_, rows) = sample_rows();
    let items: Vec<String> = columns().into_iter().map(|(_, item)| item).collect();
    // columns in another order, in two files by function
    let order: Vec<usize> = (0..items.len()).map(|i| (i * 37 + 11) % items.len()).collect();
    assert_eq!(order.iter().collect::<std::collections::BTreeSet<_>>().len(), items.len());
    let is_second = |i: usize| items[i].starts_with("g2c") || items[i].starts_with("g2d");
    let keys = |i: usize| items[i] == "facility_id" || items[i] == "report_date";
    let work = dir.path().join("work");
    let workspace = kyogi::facts::workspace::init("31", YEAR, &work).unwrap_or_else(|e| panic!("{e}"));
    let (mut sure, mut looked_up) = (0, Vec::new());
    for (name, keep) in [
        ("前半.csv", &(|i: usize| !is_second(i)) as &dyn Fn(usize) -> bool),
        ("後半.csv", &(|i: usize| is_second(i) || keys(i)) as &dyn Fn(usize) -> bool),
    ] {
        let kept: Vec<usize> = order.iter().copied().filter(|&i| keep(i)).collect();
        let header_of = |i: usize| {
            let item = dictionary.item(&items[i]).expect("item");
            unseen_header(&item.item_code, &item.label, &item.function_code)
        };
        let path: PathBuf = work.join("input").join(name);
        let mut writer = csv::Writer::from_path(&path).expect("writable");
        writer.write_record(kept.iter().map(|&i| header_of(i))).expect("header");
        for row in &rows {
            writer.write_record(kept.iter().map(|&i| if &row[i] == "10未満" { "-" } else { &row[i] })).expect("row");
        }
        writer.flush().expect("flush");
        drop(writer);

        let mut truth = Layout::parse(kyogi::ground::embedded::text(LAYOUT), LAYOUT).expect("layout");
        truth.columns = kept.iter().map(|&i| (header_of(i), toml::Value::from(items[i].as_str()))).collect();
        truth.values.masked = vec!["-".into()];
        let proposals = propose::propose(&path, &dictionary).unwrap_or_else(|e| panic!("{e}"));
        let filled = fill(&proposals[0].text, &truth);
        assert_eq!(filled.wrong, Vec::<String>::new(), "sure and wrong");
        assert_eq!(filled.decided, 1, "`-` is never guessed");
        std::fs::write(work.join("layouts").join(name.replace("csv", "toml")), &filled.text).expect("writable");
        sure += filled.sure;
        looked_up.extend(filled.looked_up);
    }
    eprintln!("unseen layout: {sure} sure, looked up {looked_up:?}");
    assert!(sure >= 4 * looked_up.len(), "{looked_up:?}");

    let original = dir.path().join("original.csv");
    std::fs::write(&original, sample()).expect("writable");
    let expected = plain(&crate::support::statuses(&original).0);
    let extract = workspace.extract().unwrap_or_else(|e| panic!("{e}"));
    let out = dir.path().join("out");
    kyogi::commands::run::scenario_figures(&workspace, &extract, None, &[], &out, 2).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(plain(&crate::support::rows(&out.join("data/facility_status.csv"))), expected);
}

/// IDs of 01 to 09 that a spreadsheet took for numbers: the zero in front is a digit of theirs.
#[test]
fn ids_without_their_zero_get_it_back() {
    let dir = folder();
    let dictionary = Dictionary::load(YEAR).expect("dictionary");
    let proposed = |id: &str, prefecture: &str, municipality: &str| {
        let mut book = Workbook::new();
        let sheet = book.add_worksheet();
        let items: Vec<(String, String)> = columns().into_iter().filter(|(_, i)| i != "prefecture_code" || !prefecture.is_empty()).collect();
        for (c, (header, item)) in items.iter().enumerate() {
            let c = c as u16;
            sheet.write(0, c, header).expect("cell");
            for r in 1..=30_u32 {
                let facility = plain_facility("");
                match item.as_str() {
                    "facility_id" => drop(sheet.write(r, c, format!("{id}{r:0>4}")).expect("cell")),
                    "prefecture_code" => drop(sheet.write(r, c, prefecture).expect("cell")),
                    "municipality_code" => drop(sheet.write(r, c, municipality).expect("cell")),
                    _ => drop(sheet.write(r, c, facility.get(item).map_or("", String::as_str)).expect("cell")),
                }
            }
        }
        let path = dir.path().join("extract.xlsx");
        book.save(&path).expect("saved");
        let proposals = propose::propose(&path, &dictionary).unwrap_or_else(|e| panic!("{e}"));
        (Layout::parse(&proposals[0].text, "proposal").expect("layout").file.widths["facility_id"], proposals[0].text.clone())
    };
    let (width, text) = proposed("11231773", "1", "1100");
    assert_eq!(width, 13);
    assert!(text.contains("都道府県コード 01 の先頭の0が落ちたものとみて 13 桁"), "{text}");
    assert_eq!(proposed("11231773", "01", "01100").0, 13, "the code may be a text beside IDs that are numbers");
    assert_eq!(proposed("41231773", "", "4100").0, 13, "the municipality tells");
    // nothing is missing
    for (id, prefecture, municipality) in
        [("011231773", "1", "1100"), ("11231773", "11", "11100"), ("21231773", "1", "1100"), ("11231773", "", "11100")]
    {
        assert_eq!(proposed(id, prefecture, municipality).0, id.len() + 4, "{id} {prefecture} {municipality}");
    }
}

/// An office's file that names the partners of three functions alike.
#[test]
fn columns_with_one_header_are_numbered() {
    const SAME: &str = "連携医療機関名称";
    let dir = folder();
    let dictionary = Dictionary::load(YEAR).expect("dictionary");
    let (header, rows) = sample_rows();
    let original = dir.path().join("original.csv");
    std::fs::write(&original, sample()).expect("writable");
    let path = dir.path().join("extract.csv");
    let mut writer = csv::Writer::from_path(&path).expect("writable");
    writer.write_record(header.iter().map(|h| if h.ends_with(SAME) { SAME } else { h })).expect("header");
    rows.iter().for_each(|row| writer.write_record(row).expect("row"));
    writer.flush().expect("flush");
    drop(writer);

    let mut truth = Layout::parse(kyogi::ground::embedded::text(LAYOUT), LAYOUT).expect("layout");
    let mut n = 0;
    let mut number = |h: String| {
        n += usize::from(h.ends_with(SAME));
        if h.ends_with(SAME) { format!("{SAME}#{n}") } else { h }
    };
    truth.columns = columns().into_iter().map(|(h, item)| (number(h), item.into())).collect();
    assert!(["#1", "#2", "#3"].iter().all(|k| truth.columns.contains_key(&format!("{SAME}{k}"))));
    let proposals = propose::propose(&path, &dictionary).unwrap_or_else(|e| panic!("{e}"));
    let filled = fill(&proposals[0].text, &truth);
    assert_eq!(filled.wrong, Vec::<String>::new(), "sure and wrong");
    assert!(!filled.looked_up.iter().any(|h| h.contains("案になし")), "every column can be addressed: {:?}", filled.looked_up);

    let mapping = dir.path().join("mapping.toml");
    let run = |text: &str| {
        std::fs::write(&mapping, text).expect("writable");
        let got = statuses("31", YEAR, &path, Some(&mapping), dir.path());
        got.map(|_| plain(&crate::support::rows(&dir.path().join("out/data/facility_status.csv"))))
    };
    let expected = plain(&crate::support::statuses(&original).0);
    assert!(run(&filled.text).unwrap_or_else(|e| panic!("{e}\n{}", filled.text)) == expected);
    // the name alone is the one that has no number of its own
    assert!(run(&filled.text.replace("名称#1", "名称")).unwrap_or_else(|e| panic!("{e}")) == expected);
    let error = run(&filled.text.replace("名称#1", "名称").replace("名称#2", "名称（２）")).expect_err("refused").to_string();
    assert!(error.contains("見出し「連携医療機関名称」が二つあります") && error.contains("「連携医療機関名称#2」"), "{error}");
    let error = run(&filled.text.replace("名称#3", "名称#4")).expect_err("refused").to_string();
    assert!(error.contains("必要な列がありません：「連携医療機関名称#4」"), "{error}");
}

#[test]
fn what_is_no_report_has_no_proposal() {
    let dir = folder();
    let path = dir.path().join("other.csv");
    std::fs::write(&path, "番号,氏名,金額\n1,甲,300\n2,乙,500\n").expect("writable");
    let dictionary = Dictionary::load(YEAR).expect("dictionary");
    let error = propose::propose(&path, &dictionary).err().map(|e| e.to_string()).expect("refused");
    assert!(error.contains("見出しらしい行がありません") && error.contains("次にすること"), "{error}");
}
