//! The coordinator's year: what `kyogi next` says on a day, and what the materials of a meeting hold.

use kyogi::commands::agenda::{self, Asked};
use kyogi::commands::draft;
use kyogi::commands::next::{self, State};
use kyogi::commands::run::Options;
use kyogi::draft::opened;
use kyogi::facts::workspace::Workspace;
use kyogi::ground::progress::Progress;

use crate::support::{folder, run_packet, sample_workspace};

const SETTING: &str = "[[area]]\ncode = \"K01\"\nname = \"東部の町\"\nmembers = [\"鳥取市\", \"岩美町\"]\n\
    [theme.g2a]\nlevel = \"prefecture\"\nparticipants = [\"県\"]\ncoordinator = \"担当\"\n\
    [theme.g2c]\nareas = [\"K01\", \"31\"]\noverlap = [\"K01\"]\nreason = \"試験\"\nparticipants = [\"町\"]\n\
    [[theme.g2c.meetings]]\nareas = [\"K01\"]\ndate = \"2026-09-03\"\nstart = \"14:00\"\nminutes = 60\n\
    [[theme.g2c.meetings]]\nareas = [\"31\"]\ndate = \"2026-10-01\"\ncontents = [\"次第\"]\n";

fn state(workspace: &Workspace, code: &str, day: &str) -> (State, String) {
    let today = next::parse_date(day).unwrap_or_else(|e| panic!("{e}"));
    let steps = next::steps(workspace, today).unwrap_or_else(|e| panic!("{e}"));
    let text = next::text(&steps, 2025, today);
    (steps.into_iter().find(|s| s.code == code).unwrap_or_else(|| panic!("{code}")).state, text)
}

#[test]
fn the_year_goes_from_step_to_step() {
    let dir = folder();
    let workspace = sample_workspace(dir.path());
    std::fs::write(dir.path().join("council.toml"), SETTING).expect("writable");
    let missing = |code: &str, day: &str, word: &str| {
        let (state, text) = state(&workspace, code, day);
        let State::Missing(lines) = &state else { panic!("{code} on {day}: {state:?}") };
        assert!(lines.iter().any(|l| l.contains(word)), "{code} on {day}: {lines:?}");
        text
    };
    let text = missing("report", "2026-02-01", "令和8年3月31日");
    assert!(text.contains("今日は令和8年2月1日"), "{text}");
    assert_eq!(state(&workspace, "report", "2026-04-01").0, State::Done);
    assert_eq!(state(&workspace, "extract", "2026-04-01").0, State::Done);
    let text = missing("analyse", "2026-07-01", "資料がまだありません");
    assert!(text.contains("期限を過ぎています") && text.contains("コマンド：kyogi run"), "{text}");
    missing("council", "2026-05-01", "2号ハ 在宅医療の提供：コーディネーターが決まっていません");
    missing("workbook", "2026-06-20", "協議シートがまだありません");

    run_packet(&workspace, None, &workspace.output(), 2).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(state(&workspace, "analyse", "2026-07-01").0, State::Done);
    let progress = Progress::silent();
    let options = Options { workspace: &workspace, extract: None, mapping: None, out: None, threads: 2, progress: &progress };
    draft::draft(&options, &[]).unwrap_or_else(|e| panic!("{e}"));
    // a workbook without a proposal is no evidence of one; what was written is counted
    let text = missing("workbook", "2026-06-20", "案：");
    assert!(text.contains("　案 0／"), "{text}");
    missing("agenda", "2026-08-20", "令和8年9月3日の2号ハの会議の資料がまだありません");
    missing("meet", "2026-09-10", "令和8年9月3日の2号ハの会議で合意したことが協議シートにありません");
    let text = missing("publish", "2026-12-10", "合意した文がまだありません");
    assert!(text.contains("　協議 0／") && text.contains("　公表 0／") && text.contains("　会議の資料 0／2"), "{text}");
    let text = missing("remind", "2026-03-01", "督促：");
    assert!(text.contains("　督促 0／") && text.contains("、照会 0／"), "{text}");

    let made = agenda::make(&workspace, &Asked::default(), 2).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(made.len(), 2);
    assert_eq!(state(&workspace, "agenda", "2026-08-20").0, State::Done);

    // another extract lies there now
    std::fs::write(dir.path().join("input/extract.csv"), "changed").expect("writable");
    missing("analyse", "2026-07-01", "変わっています");

    // the prefecture's own dates
    let own = std::fs::read_to_string(dir.path().join("kyogi.toml")).expect("settings") + "\n[calendar]\nreport = { closes = \"2026-02-27\" }\n";
    std::fs::write(dir.path().join("kyogi.toml"), &own).expect("writable");
    let workspace = Workspace::open(dir.path()).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(state(&workspace, "report", "2026-03-01").0, State::Done);
    std::fs::write(dir.path().join("kyogi.toml"), own.replace("report = {", "repotr = {")).expect("writable");
    let said = next::steps(&Workspace::open(dir.path()).expect("opens"), next::today()).expect_err("unknown step").to_string();
    assert!(said.contains("[calendar] の「repotr」") && said.contains("次にすること"), "{said}");
}

/// The data book in the materials of a meeting is that of the packet: the same pictures, the same words beside them.
#[test]
fn a_meeting_shows_the_pictures_of_the_packet() {
    let dir = folder();
    let workspace = sample_workspace(dir.path());
    std::fs::write(dir.path().join("council.toml"), SETTING).expect("writable");
    run_packet(&workspace, None, &workspace.output(), 2).unwrap_or_else(|e| panic!("{e}"));
    let opened = opened::open(&workspace, 2).unwrap_or_else(|e| panic!("{e}"));
    let drafter = opened.basis.drafter(opened.facts, &|_| None, true).unwrap_or_else(|e| panic!("{e}"));
    let dictionary = &opened.basis.dictionary;
    let mut seen = 0;
    for (a, area) in opened.basis.areas.iter().enumerate() {
        let page = std::fs::read_to_string(workspace.output().join(format!("areas/{}.html", area.area_code))).expect("page").replace("&#x2f;", "/");
        let figures = kyogi::draft::change::figures_of(&workspace.output()).unwrap_or_else(|e| panic!("{e}"));
        let book = kyogi::draft::book::DataBook::new(dictionary, &|_| None, &opened.basis.terms, &figures, None).unwrap_or_else(|e| panic!("{e}"));
        let made = drafter.area_page(&opened.basis.areas, a, &Vec::new(), &book).unwrap_or_else(|e| panic!("{e}"));
        for chart in made.population_charts.iter().chain(made.functions.iter().flat_map(|f| &f.charts)) {
            assert!(page.contains(&chart.svg), "{}: {} is drawn otherwise", area.name, chart.title);
            assert!(!chart.alt.contains("合計0人"), "{}", chart.alt);
            seen += 1;
        }
        for sentence in made.functions.iter().flat_map(|f| &f.sentences) {
            assert!(page.contains(&sentence.text), "{}: {}", area.name, sentence.text);
        }
    }
    assert!(seen > 100, "{seen}");
}

#[test]
fn the_materials_of_a_meeting_keep_named_facilities_apart() {
    let dir = folder();
    let workspace = sample_workspace(dir.path());
    std::fs::write(dir.path().join("council.toml"), SETTING).expect("writable");
    let said = agenda::make(&workspace, &Asked::default(), 1).map(|_| ()).expect_err("no packet").to_string();
    assert!(said.contains("先に kyogi run"), "{said}");
    run_packet(&workspace, None, &workspace.output(), 2).unwrap_or_else(|e| panic!("{e}"));
    let asked = Asked { date: Some("令和8年9月3日"), function: None };
    let place = agenda::make(&workspace, &asked, 2).unwrap_or_else(|e| panic!("{e}")).remove(0).place;
    let read = |name: &str| std::fs::read_to_string(place.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));

    let status = crate::support::rows(&workspace.output().join("data/facility_status.csv"));
    let inside = |r: &&std::collections::BTreeMap<String, String>| ["31201", "31302"].contains(&r["municipality_code"].as_str());
    let intending: Vec<&str> =
        status.iter().filter(inside).filter(|r| r["function_code"] == "g2c" && r["intention"] == "true").map(|r| r["facility_id"].as_str()).collect();
    assert!(!intending.is_empty());
    let (secret, shared) = (read("会議限り/意向のある医療機関一覧.html"), read("会議資料.html"));
    assert!(secret.contains("会議限り（公表・複写・持ち出しをしないでください）"));
    for r in status.iter().filter(|r| r["function_code"] == "g2c") {
        let id = r["facility_id"].as_str();
        assert_eq!(secret.contains(id), intending.contains(&id), "{id}");
        assert!(!shared.contains(id), "{id} is named in the shared material");
    }
    // the time boxes fill the hour
    assert!(shared.contains("14:00〜14:03") && shared.contains("〜15:00") && shared.contains("進行表（60分）"));
    assert!(std::fs::read(place.join("会議資料.pdf")).expect("PDF").starts_with(b"%PDF"));

    // what people put beside it stays; an unknown date or part is refused
    std::fs::write(place.join("持ちもの.txt"), "名札").expect("writable");
    agenda::make(&workspace, &asked, 1).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(read("持ちもの.txt"), "名札");
    let said = agenda::make(&workspace, &Asked { date: Some("2026-09-04"), function: None }, 1).map(|_| ()).expect_err("no meeting").to_string();
    assert!(said.contains("2026-09-03 g2c"), "{said}");
    std::fs::write(dir.path().join("council.toml"), SETTING.replace("\"次第\"", "\"しだい\"")).expect("writable");
    let said = agenda::make(&workspace, &Asked::default(), 1).map(|_| ()).expect_err("unknown part").to_string();
    assert!(said.contains("「しだい」が分かりません"), "{said}");
}
