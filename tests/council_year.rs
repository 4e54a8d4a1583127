//! The coordinator's year on the sample prefecture: draft, decisions, result in instalments, and next year's check.

use kyogi::commands::draft;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use kyogi::commands::run::{self, Options, Outcome};
use kyogi::facts::dictionary::read_csv;
use kyogi::facts::workspace::Workspace;
use kyogi::ground::embedded;
use kyogi::ground::progress::Progress;
use kyogi::ground::spreadsheet::read_bytes;
use kyogi::workbook::{self, Decision, carry::Previous};

use crate::support::{folder, rows};
use crate::workbook::{save, sheet, write};

fn work_folder(root: &Path, settings: &str) -> Workspace {
    for (path, text) in embedded::under("data-samples/demo/") {
        let target = root.join(path.trim_start_matches("data-samples/demo/"));
        fs::create_dir_all(target.parent().expect("parent")).expect("folder");
        fs::write(target, text).expect("writable");
    }
    fs::write(root.join("kyogi.toml"), settings).expect("writable");
    Workspace::open(root).unwrap_or_else(|e| panic!("{e}"))
}

fn draft(workspace: &Workspace, decisions: &[Decision]) -> draft::Drafted {
    let progress = Progress::silent();
    let options = Options { workspace, extract: None, mapping: None, out: None, threads: 2, progress: &progress };
    draft::draft(&options, decisions).unwrap_or_else(|e| panic!("{e}"))
}

fn publish(workspace: &Workspace, until: Option<&str>) -> kyogi::ground::error::Result<kyogi::commands::publish::PublishOutcome> {
    kyogi::commands::publish::publish(workspace, &kyogi::commands::publish::Asked { until, ..Default::default() }, 2, &|_| {})
}

fn run(workspace: &Workspace) -> Outcome {
    let progress = Progress::silent();
    run::run(&Options { workspace, extract: None, mapping: None, out: None, threads: 2, progress: &progress }).unwrap_or_else(|e| panic!("{e}"))
}

/// Rows of a sheet as maps from heading to text, for one area.
fn table(workbook: &Path, name: &str, area: &str) -> Vec<BTreeMap<String, String>> {
    let sheets = read_bytes(fs::read(workbook).expect("workbook")).expect("read");
    let s = sheets.iter().find(|s| s.name == name).expect("sheet");
    let heads: Vec<&str> = s.rows[0].iter().map(|c| c.text.as_str()).collect();
    let line = |r: usize| heads.iter().enumerate().map(|(c, h)| ((*h).to_owned(), s.text(r, c).to_owned())).collect::<BTreeMap<_, _>>();
    (1..s.rows.len()).map(line).filter(|r| r["区域"] == area).collect()
}

#[test]
fn from_draft_to_result_to_next_july() {
    let dir = folder();
    let base = "prefecture = \"31\"\nsimulated = true\n";
    let seven = work_folder(&dir.path().join("r7"), &format!("{base}report_year = 2025\nextract = \"input/sample_31_2025.csv\"\n"));
    let book = seven.root.join(workbook::FILE);
    let decisions: Vec<Decision> = read_csv("data-samples/demo/decisions.csv").expect("decisions");
    let drafted = draft(&seven, &decisions);
    assert!(drafted.is_new && drafted.copy.is_none());
    let written = fs::read(&book).expect("workbook");
    assert!(draft(&seven, &[]).copy.is_none(), "nothing changed, nothing is replaced");
    assert_eq!(fs::read(&book).expect("workbook"), written, "the same bytes");

    // the packet: only what was agreed and is complete
    let outcome = run(&seven);
    assert_eq!((outcome.results, outcome.held_back), (1, 1));
    assert_eq!(fs::read(&book).expect("workbook"), written);
    let packet = seven.output();
    let held_back = rows(&packet.join("data/not_published.csv"));
    assert_eq!((held_back.len(), held_back[0]["sheet"].trim_start_matches('\u{FEFF}')), (1, "方策"));
    assert_eq!(held_back[0]["lacks"], "「公表日」が空です");

    // what stays odd in the workbook is among the packet's findings
    let odd: Vec<String> =
        rows(&packet.join("data/findings.csv")).iter().filter(|r| r["file"] == workbook::FILE).map(|r| r["value"].clone()).collect();
    assert_eq!(odd, ["電話相談の利用件数"]);

    // nothing before its day; the second instalment later
    let error = publish(&seven, Some("2026-12-14")).err().expect("nothing yet").to_string();
    assert!(error.contains("公表できる協議の結果がありません"), "{error}");
    let mut sheets = read_bytes(written).expect("read");
    write(&mut sheets, "方策", "K31201-g2a-0-2", "公表日", "令和9年1月31日");
    write(&mut sheets, "協議シート", "K31201-g2a-2-2", "公表日", "");
    fs::write(&book, save(&sheets, &|_| {})).expect("writable");
    let published = |until: Option<&str>| {
        let outcome = publish(&seven, until).unwrap_or_else(|e| panic!("{e}"));
        let page = fs::read_to_string(outcome.finished.place.join("results/31201_鳥取市_イ_2026-08-20.html")).expect("page");
        let all: String =
            [page.clone(), fs::read_to_string(outcome.finished.place.join("index.html")).expect("index")].join("").replace("&#x2f;", "/");
        assert!(outcome.finished.place.join("results/summary.pdf").exists());
        for hidden in ["急患センターの開く時間", "訪問診療を行う医療機関が一つの町に偏っている", "救急外来に直接かかる"]
        {
            assert!(!all.contains(hidden), "{hidden} is not agreed or has no day");
        }
        assert!(all.contains("在宅当番医を担う医師が高齢になり"), "案のとおり is the proposal's text");
        (outcome.measures, rows(&outcome.finished.place.join("data/measures.csv")).len(), page)
    };
    let (measures, listed, page) = published(Some("2026-12-31"));
    assert_eq!((measures, listed), (1, 1));
    assert!(page.contains("令和8年12月15日") && !page.contains("電話相談の窓口"));
    let (measures, listed, page) = published(None);
    assert_eq!((measures, listed), (2, 2));
    assert!(page.contains("令和8年12月15日、令和9年1月31日に分けて公表しました"), "{page}");

    // 見え消し and a character without a glyph in the agreed text: nothing of it is published, each is named
    let kept = fs::read(&book).expect("workbook");
    let place = |sheets: &[kyogi::ground::spreadsheet::Sheet]| {
        let s = sheets.iter().find(|s| s.name == "協議シート").expect("sheet");
        let column = s.rows[0].iter().position(|c| c.text == "合意した文").expect("column");
        let row = (1..s.rows.len()).find(|r| s.text(*r, 0) == "K31201-g2a-1-1").expect("row");
        (row, column, s.text(row, column).to_owned())
    };
    let (row, column, text) = place(&sheets);
    let struck = rust_xlsxwriter::Format::new().set_font_strikethrough();
    let strike = |out: &mut rust_xlsxwriter::Workbook| {
        let sheet = out.worksheet_from_name("協議シート").expect("sheet");
        sheet.write_string_with_format(row as u32, column as u16, &text, &struck).expect("text");
    };
    fs::write(&book, save(&sheets, &strike)).expect("writable");
    let ask = |with_missing_glyphs| {
        kyogi::commands::publish::publish(&seven, &kyogi::commands::publish::Asked { with_missing_glyphs, ..Default::default() }, 2, &|_| {})
    };
    let error = ask(false).err().expect("held back").to_string();
    let cell = kyogi::ground::spreadsheet::cell_name(row, column);
    assert!(error.contains(&format!("シート「協議シート」の {cell}（合意した文）に見え消し")), "{error}");
    let mut odd = sheets.clone();
    write(&mut odd, "協議シート", "K31201-g2a-1-1", "合意した文", "\u{20BB7}野医院と葛\u{E0100}城の分担を決める。");
    fs::write(&book, save(&odd, &|_| {})).expect("writable");
    let error = ask(false).err().expect("waits for a yes").to_string();
    assert!(error.contains("「\u{20BB7}」（U+20BB7）") && error.contains("--with-missing-glyphs"), "{error}");
    let outcome = ask(true).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(outcome.missing_glyphs.len(), 1);
    assert!(outcome.missing_glyphs[0].column.contains(&cell), "{:?}", outcome.missing_glyphs);
    let page = fs::read_to_string(outcome.finished.place.join("results/31201_鳥取市_イ_2026-08-20.html")).expect("page");
    assert!(page.contains("\u{20BB7}野医院と葛\u{E0100}城の分担"), "the screen shows what was written");
    fs::write(&book, kept).expect("writable");

    // next July
    let settings = format!("{base}report_year = 2026\nextract = \"input/sample_31_2026.csv\"\nprevious = \"../r7/packet\"\n");
    let eight = work_folder(&dir.path().join("r8"), &settings);
    draft(&eight, &[]);
    let measures = table(&eight.root.join(workbook::FILE), "方策", "鳥取市");
    let carried: Vec<_> = measures.iter().filter(|r| r["番号"].starts_with('前')).collect();
    assert_eq!(carried.len(), 3, "a measure without its fields goes on too");
    let check = &carried[0]["前年からの変化（自動）"];
    assert!(check.contains('→') && check.contains("目標「12以上」") && carried[0]["基準値"] == "9", "{check}");
    assert!(carried[1]["前年からの変化（自動）"].starts_with("測れない：「電話相談の利用件数」"), "{:?}", carried[1]);
    assert_eq!(carried[2]["前年からの変化（自動）"], "測れない：指標が書かれていません");
    let issues = table(&eight.root.join(workbook::FILE), "協議シート", "鳥取市");
    let issue = issues.iter().find(|r| r["番号"] == "前1").expect("an issue goes on");
    assert_eq!(issue["経過（自動）"], "令和7年度：平日の深夜に、身近なところで相談や受診ができる体制が十分でない。（合意、令和8年8月20日、継続）");
    run(&eight);
    let page = fs::read_to_string(eight.output().join("sheets/31201_g2a.html")).expect("sheet");
    for said in ["前の年度から引き継いだ課題", "令和7年度の方策と、その後", "測れない：", "郡市区医師会、市、令和9年3月31日"]
    {
        assert!(page.contains(said), "{said}");
    }

    // the year after: the history grows, what is settled ends
    let mut sheets = read_bytes(fs::read(eight.root.join(workbook::FILE)).expect("workbook")).expect("read");
    let s = sheet(&mut sheets, "方策");
    let key = s.rows.iter().map(|r| r[0].text.clone()).find(|k| k.contains("y2025")).expect("key");
    write(&mut sheets, "方策", &key, "状態", "終了");
    fs::write(eight.root.join(workbook::FILE), save(&sheets, &|_| {})).expect("writable");
    let previous = Previous::read(&eight.output()).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(previous.measures().count(), 2);
    let history = previous.texts("31201", "g2a", 1).next().expect("issue").history;
    assert_eq!(history.lines().count(), 2, "{history}");
    assert!(history.lines().nth(1).is_some_and(|l| l.starts_with("令和8年度：平日の深夜に") && l.ends_with("（合意なし）")), "{history}");
}

/// A workbook that cannot be read or replaced stops the run before anything is replaced.
#[test]
fn a_broken_or_open_workbook_stops_the_run() {
    let dir = folder();
    let workspace = work_folder(dir.path(), "prefecture = \"31\"\nreport_year = 2025\nextract = \"input/sample_31_2025.csv\"\nsimulated = true\n");
    let book = dir.path().join(workbook::FILE);
    fs::write(&book, b"PK broken").expect("writable");
    let progress = Progress::silent();
    let options = Options { workspace: &workspace, extract: None, mapping: None, out: None, threads: 2, progress: &progress };
    let error = run::run(&options).err().expect("broken").to_string();
    assert!(error.contains("Excel ファイルとして読めません") && error.contains("何も変えていません") && error.contains("協議シート.xlsx"), "{error}");
    assert!(!workspace.output().exists() && fs::read(&book).expect("workbook") == b"PK broken");
    fs::write(dir.path().join("~$協議シート.xlsx"), "").expect("lock");
    let error = draft::draft(&options, &[]).err().expect("open").to_string();
    assert!(error.contains("開かれています"), "{error}");
}
