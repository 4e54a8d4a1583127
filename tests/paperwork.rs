//! What leaves the office: letters, Word copies, links of a publication; and what people may write by name.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use kyogi::commands::draft;
use kyogi::commands::explain;
use kyogi::commands::letters;
use kyogi::commands::run::{self, Options};
use kyogi::commands::word;
use kyogi::facts::areas;
use kyogi::facts::council::Council;
use kyogi::facts::dictionary::Dictionary;
use kyogi::facts::reference::Reference;
use kyogi::facts::workspace::{self, Workspace};
use kyogi::ground::progress::Progress;
use kyogi::ground::spreadsheet::{self, Sheet};
use kyogi::publish::links;

use crate::support::{YEAR, folder, plain_facility, run_packet, sample_workspace, write_extract};
use crate::workbook::{put, save, sheet};

/// Texts of a sheet as maps from heading to text.
fn lines(sheets: &[Sheet], name: &str) -> Vec<BTreeMap<String, String>> {
    let s = sheets.iter().find(|s| s.name == name).unwrap_or_else(|| panic!("no sheet {name}"));
    let heads: Vec<&str> = s.rows[0].iter().map(|c| c.text.as_str()).collect();
    (1..s.rows.len()).map(|r| heads.iter().enumerate().map(|(c, h)| ((*h).to_owned(), s.text(r, c).to_owned())).collect()).collect()
}

/// Writes to the rows of a sheet in which a column has a text.
fn write(sheets: &mut [Sheet], name: &str, row: (&str, &str), column: &str, text: &str) {
    let s = sheet(sheets, name);
    let at = |h: &str| s.rows[0].iter().position(|c| c.text == h).unwrap_or_else(|| panic!("no column {h} in {name}"));
    let (key, target) = (at(row.0), at(column));
    let rows: Vec<usize> = (1..s.rows.len()).filter(|&r| s.text(r, key) == row.1).collect();
    assert!(!rows.is_empty(), "no row {} in {name}", row.1);
    for r in rows {
        put(s, r, target, text);
    }
}

#[test]
fn letters_go_to_who_is_silent_and_who_is_asked() {
    let dir = folder();
    let workspace = workspace::init("31", YEAR, &dir.path().join("work")).unwrap_or_else(|e| panic!("{e}"));
    let [asked, settled, silent] = ["3100000000001", "3100000000002", "3100000000003"];
    let contradicting = |id: &str| {
        let mut f = plain_facility(id);
        f.insert("g1_domains".into(), "0:該当無し;6:呼吸器領域".into());
        f
    };
    let mut nobody = plain_facility(silent);
    nobody.retain(|item, _| !item.starts_with('g'));
    nobody.insert("report_status".into(), "未報告".into());
    write_extract(&workspace.root.join("input/extract.csv"), &[contradicting(asked), contradicting(settled), nobody]);
    fs::write(
        dir.path().join("work/名簿.csv"),
        format!("医療機関番号,医療機関名称,所在地\n{asked},さくら医院,鳥取県鳥取市\n{silent},まつ診療所,鳥取県鳥取市\n"),
    )
    .expect("writable");
    let own =
        fs::read_to_string(workspace.root.join("kyogi.toml")).expect("settings").replace("facility_master = \"\"", "facility_master = \"名簿.csv\"");
    fs::write(workspace.root.join("kyogi.toml"), own + "\n[letters]\nreply_by = \"2026-04-20\"\n").expect("writable");
    let workspace = Workspace::open(&workspace.root).unwrap_or_else(|e| panic!("{e}"));
    let progress = Progress::silent();
    let options = Options { workspace: &workspace, extract: None, mapping: None, out: None, threads: 2, progress: &progress };
    run::check(&options).unwrap_or_else(|e| panic!("{e}"));
    // one question is rewritten, the other facility's is settled
    let path = workspace.root.join("確認一覧.xlsx");
    let mut sheets = spreadsheet::read(&path).unwrap_or_else(|e| panic!("{e}"));
    write(&mut sheets, "疑義照会一覧", ("医療機関ID", asked), "照会の文案", "領域をもう一度お知らせください。");
    write(&mut sheets, "疑義照会一覧", ("医療機関ID", settled), "判断", "問題なし");
    fs::write(&path, crate::decisions::save(&sheets)).expect("writable");

    let made = letters::make(&workspace, &letters::Asked { date: Some("令和8年4月1日"), ..Default::default() }, 2, &progress)
        .unwrap_or_else(|e| panic!("{e}"));
    assert_eq!((made.reminders, made.inquiries), (1, 1));
    let pdf = fs::read(made.place.join(format!("照会文/鳥取市_{asked}.pdf"))).expect("a letter");
    assert!(pdf.starts_with(b"%PDF") && made.place.join(format!("督促状/鳥取市_{silent}.pdf")).exists());
    assert!(!made.place.join(format!("照会文/鳥取市_{settled}.pdf")).exists(), "what is settled is not asked again");
    let merge = spreadsheet::read(&made.place.join(letters::MERGE)).unwrap_or_else(|e| panic!("{e}"));
    let (reminders, inquiries) = (lines(&merge, "督促"), lines(&merge, "照会"));
    assert_eq!((reminders[0]["宛名"].as_str(), reminders[0]["回答期限"].as_str()), ("まつ診療所　管理者", "令和8年4月20日"));
    assert!(reminders[0]["本文"].contains("令和8年4月20日までに"), "{:?}", reminders[0]);
    assert!(inquiries[0]["照会事項"].contains("領域をもう一度お知らせください。"), "{:?}", inquiries[0]);
    let error =
        letters::make(&workspace, &letters::Asked { kind: Some("催促"), ..Default::default() }, 1, &progress).err().expect("unknown").to_string();
    assert!(error.contains("督促 か 照会"), "{error}");
}

#[test]
fn figures_and_facilities_are_found_by_name() {
    let dir = folder();
    let workspace = sample_workspace(dir.path());
    run_packet(&workspace, None, &workspace.output(), 2).unwrap_or_else(|e| panic!("{e}"));
    let ask = |terms: &[&str]| explain::figure(&workspace, &workspace.output(), &terms.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>(), None);
    let by_code = ask(&["area=31201", "indicator=home_care_24h_facilities"]).unwrap_or_else(|e| panic!("{e}"));
    let by_name = ask(&["区域=鳥取市", "指標=24時間対応の医療機関"]).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(by_code, by_name);
    let part = ask(&["area=鳥取市", "indicator=機能のある医療機関：2号イ"]).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(part, ask(&["area=31201", "indicator=function_positive", "breakdown=function=g2a"]).unwrap_or_else(|e| panic!("{e}")));
    // the sentence and the rows come before formulas and hashes
    let order: Vec<Option<usize>> = ["読み上げ：", "行", "式：", "SHA-256"].iter().map(|w| by_name.find(w)).collect();
    assert!(order.iter().all(Option::is_some) && order.is_sorted(), "{by_name}");
    let several = ask(&["area=鳥取市", "indicator=機能のある医療機関"]).expect_err("several").to_string();
    assert!(several.contains("「機能のある医療機関：2号イ」"), "{several}");
    let unknown = ask(&["area=鳥取巿", "indicator=home_care_gap"]).expect_err("a misspelt city").to_string();
    assert!(unknown.contains("近い名前：鳥取市"), "{unknown}");

    let asked = word::Asked { area: Some("鳥取市"), function: Some("イ") };
    let files = word::make(&workspace, &asked, 2).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(files.len(), 1);
    let first = fs::read(&files[0]).expect("a Word file");
    assert_eq!(
        word::make(&workspace, &asked, 2).map(|f| fs::read(&f[0]).expect("a Word file")).unwrap_or_else(|e| panic!("{e}")),
        first,
        "the same bytes"
    );
    fs::write(&files[0], "somebody's work").expect("writable");
    let error = word::make(&workspace, &asked, 2).expect_err("kept").to_string();
    assert!(error.contains("置きかえません"), "{error}");
}

#[test]
fn every_link_of_a_publication_leads_somewhere_inside() {
    let dir = folder();
    let write = |path: &str, text: &str| {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().expect("folder")).expect("folder");
        fs::write(path, text).expect("writable");
    };
    write("index.html", "<a href=\"results&#x2f;a.html#x\">a</a><link href=\"assets/kyogi.css\"><a href=\"#top\">t</a><p id=\"top\">");
    write("results/a.html", "<p id=\"x\"><a href=\"../index.html\">i</a><a href=\"../method.html\">m</a><a href=\"../../out.html\">o</a>");
    write("assets/kyogi.css", "@font-face{src:url(https://example.org/f.woff2)}");
    let found: Vec<(String, String)> = links::stray(dir.path()).unwrap_or_else(|e| panic!("{e}")).into_iter().map(|s| (s.page, s.link)).collect();
    let expected = [("assets/kyogi.css", "https://example.org/f.woff2"), ("results/a.html", "../../out.html"), ("results/a.html", "../method.html")];
    assert_eq!(found, expected.map(|(p, l)| (p.to_owned(), l.to_owned())));
}

/// Areas, participants and meetings that people decide in the workbook are the setting, and are not typed twice.
#[test]
fn the_workbook_sets_areas_and_meetings() {
    let dir = folder();
    let workspace = sample_workspace(dir.path());
    let own = fs::read_to_string(dir.path().join("council.toml")).expect("setting");
    assert!(own.contains("# members = [\"31302\"") && own.contains("いわみ"), "the proposal says what to judge by:\n{own}");
    let progress = Progress::silent();
    let options = Options { workspace: &workspace, extract: None, mapping: None, out: None, threads: 2, progress: &progress };
    draft::draft(&options, &[]).unwrap_or_else(|e| panic!("{e}"));
    let path = dir.path().join("協議シート.xlsx");
    let mut sheets = spreadsheet::read(&path).unwrap_or_else(|e| panic!("{e}"));
    let municipality = &lines(&sheets, "協議区域")[0];
    assert!(
        municipality["人口（自動）"].parse::<u32>().expect("residents") > 100_000 && municipality["報告の対象（自動）"] != "0",
        "{municipality:?}"
    );
    for town in ["31302", "31325"] {
        write(&mut sheets, "協議区域", ("区域コード", town), "協議区域の名前", "東の町");
    }
    let setting = |sheets: &mut [Sheet], item: &str, text: &str| {
        let s = sheet(sheets, "設定");
        let at = |h: &str| s.rows[0].iter().position(|c| c.text == h).expect("column");
        let (theme, number, value) = (at("テーマ"), at("項目"), at("ここで決める値"));
        let row = (1..s.rows.len()).find(|&r| s.text(r, theme).starts_with("2号ハ") && s.text(r, number) == item).expect("row");
        put(s, row, value, text);
    };
    setting(&mut sheets, "区域の段階", "協議区域");
    setting(&mut sheets, "参加者", "町、医師会");
    write(&mut sheets, "協議の記録", ("キー", "K31201-g2a-0-1"), "開催日", "2026-09-01");
    write(&mut sheets, "協議の記録", ("キー", "K31201-g2a-0-1"), "開始の時刻", "14:00");
    fs::write(&path, save(&sheets, &|_| {})).expect("writable");

    let (reference, dictionary) = (Reference::load("31").expect("reference"), Dictionary::load(YEAR).expect("dictionary"));
    let council = Council::load(dir.path(), &reference, &dictionary).unwrap_or_else(|e| panic!("{e}"));
    let all = areas::all(&reference, &council);
    let joined = all.iter().find(|a| a.name == "東の町").expect("a council area");
    assert_eq!((joined.area_code.as_str(), joined.units.len()), ("K31302", 2));
    let (ha, i) = (dictionary.function("g2c").expect("g2c"), dictionary.function("g2a").expect("g2a"));
    let consulted = |f| all.iter().filter(|a| council.consults(f, &a.level, &a.area_code)).count();
    assert_eq!((consulted(ha), consulted(i)), (18, 19), "two towns are one area; the other theme is as it was");
    assert_eq!(council.themes["g2c"].participants, ["町", "医師会"]);
    let meeting = &council.themes["g2a"].meetings[0];
    assert_eq!((meeting.date.as_str(), meeting.start.as_str(), meeting.areas.as_slice()), ("2026-09-01", "14:00", &["31201".to_owned()][..]));
    // the next merge keeps what people wrote, and makes no second row of the meeting
    draft::draft(&options, &[]).unwrap_or_else(|e| panic!("{e}"));
    let sheets = spreadsheet::read(&path).unwrap_or_else(|e| panic!("{e}"));
    let held = lines(&sheets, "協議の記録").iter().filter(|r| r["開催日"] == "2026-09-01").count();
    assert_eq!((held, said_of(&sheets, "31302")), (1, "東の町".to_owned()));
    setting_error(&path);
}

fn said_of(sheets: &[Sheet], code: &str) -> String {
    lines(sheets, "協議区域").iter().find(|r| r["区域コード"] == code).map_or_else(String::new, |r| r["協議区域の名前"].clone())
}

/// A word that is no level is refused with its row.
fn setting_error(path: &Path) {
    let mut sheets = spreadsheet::read(path).unwrap_or_else(|e| panic!("{e}"));
    write(&mut sheets, "設定", ("項目", "区域の段階"), "ここで決める値", "郡");
    fs::write(path, save(&sheets, &|_| {})).expect("writable");
    let (reference, dictionary) = (Reference::load("31").expect("reference"), Dictionary::load(YEAR).expect("dictionary"));
    let error = Council::load(path.parent().expect("folder"), &reference, &dictionary).map(|_| ()).expect_err("refused").to_string();
    assert!(error.contains("区域の段階「郡」") && error.contains("シート「設定」の 2 行目") && error.contains("協議シート.xlsx"), "{error}");
}
