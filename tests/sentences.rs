//! Every figure can be read aloud, and says what made it wide.

use kyogi::artefact::Table;
use kyogi::council::Council;
use kyogi::dictionary::Dictionary;
use kyogi::draft::sentence::{Measure, Sentences};

use crate::support::{YEAR, folder, sample, terms};

fn sentences() -> Sentences {
    sentences_with(&Council::default())
}

fn sentences_with(council: &Council) -> Sentences {
    let dictionary = Dictionary::load(YEAR).unwrap_or_else(|e| panic!("{e}"));
    Sentences::new(&dictionary, &|_| None, &terms(council)).unwrap_or_else(|e| panic!("{e}"))
}

fn measure(indicator: &str, breakdown: &str, value: (f64, f64), unit: &str) -> Measure {
    Measure {
        indicator_code: indicator.into(),
        breakdown: breakdown.into(),
        value_low: value.0,
        value_high: value.1,
        unit: unit.into(),
        ..Measure::default()
    }
}

fn figure(s: &Sentences, area: &str, m: &Measure) -> String {
    s.row(m).and_then(|row| s.figure(row, area, m)).unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn an_interval_is_said_with_both_ends_and_its_causes() {
    let s = sentences();
    let said = |m: &Measure| s.whole("鳥取市", m).unwrap_or_else(|e| panic!("{e}"));
    let mut m = measure("function_positive", "function=g1", (10.0, 15.0), "施設");
    (m.expected, m.reported) = (Some(20), Some(17));
    assert_eq!(
        said(&m),
        "鳥取市で1号機能（日常的な診療を総合的かつ継続的に行う機能）のある医療機関は、少なくとも10施設、多くとも15施設です。（未報告の3施設は上限にだけ入れています。無回答で分からない2施設も上限にだけ入れています）"
    );
    let mut m = measure("home_care_managed_patients", "", (1204.0, 2345.0), "人");
    (m.expected, m.reported, m.n_banded, m.n_open_top) = (Some(20), Some(17), 8, 1);
    assert_eq!(
        said(&m),
        "鳥取市の医療機関が主治医として管理している在宅患者は、少なくとも1,204人、多くとも2,345人です。（階級で答えた8施設の下限と上限を足しています。うち1施設は上限のない階級で、上限を置き値としています。未報告の3施設の分は入っていません）"
    );
    let exact = measure("home_care_expected_need", "year=2040", (812.4, 812.4), "人/月");
    assert_eq!(
        said(&exact),
        "鳥取市で、全国と同じ割合で在宅医療を使うとしたときの2040年の必要量は、月812人です（年齢3区分の将来推計人口による粗い見込み）。"
    );
}

#[test]
fn a_gap_is_certain_possible_or_none() {
    let s = sentences();
    let said = |low, high| figure(&s, "鳥取市", &measure("home_care_gap", "", (low, high), "人/月"));
    assert!(said(12.0, 40.0).ends_with("供給の不足は、少なくとも月12人、多くとも月40人です。"));
    assert!(said(-5.0, 40.0).ends_with("不足しているとは言い切れません。"));
    assert!(said(-40.0, -5.0).ends_with("ありません（供給が少なくとも月5人、多くとも月40人上回ります）。"));
}

/// A ratio far above what is needed says that the need is a default, where it is one.
#[test]
fn a_high_ratio_of_duty_slots_says_what_the_need_rests_on() {
    let set = |areas: &[&str]| sentences_with(&Council { duty_slots: areas.iter().map(|a| ((*a).to_owned(), 3.0)).collect(), ..Council::default() });
    let said = |s: &Sentences, level: &str, code: &str, high: f64| {
        let mut m = measure("after_hours_duty_ratio", "", (120.0, high), "%");
        (m.level, m.area_code) = (level.into(), code.into());
        figure(s, "この区域", &m)
    };
    let is_default = |text: &str| text.contains("1日1枠と置いています");
    for (own, level, code, high, expected) in [
        (&[][..], "municipality", "31201", 9468.0, true),
        (&[], "municipality", "31201", 299.9, false),
        (&["31201"], "municipality", "31201", 9468.0, false),
        // the members' settings are not the area's
        (&["31201"], "medical_area", "3101", 9468.0, true),
        (&["31201"], "prefecture", "31", 9468.0, true),
        (&["3101"], "prefecture", "31", 9468.0, false),
    ] {
        let text = said(&set(own), level, code, high);
        assert_eq!(is_default(&text), expected, "{code} with {own:?}: {text}");
        assert_eq!(text.contains("二次医療圏ごとに"), expected && level == "prefecture", "{text}");
    }
}

#[test]
fn every_figure_of_a_run_has_its_sentence() {
    let dir = folder();
    let path = dir.path().join("extract.csv");
    std::fs::write(&path, sample()).expect("writable");
    kyogi::run::figures_only("31", YEAR, &path, dir.path(), 2).unwrap_or_else(|e| panic!("{e}"));
    let table = Table::read_parquet("figures", &dir.path().join("data/figures.parquet")).unwrap_or_else(|e| panic!("{e}"));
    let s = sentences();
    for i in 0..table.len() {
        let m = Measure::read(&table, i).unwrap_or_else(|e| panic!("{e}"));
        let sentence = s.whole("この区域", &m).unwrap_or_else(|e| panic!("{e}"));
        assert!(sentence.contains("この区域") && sentence.contains('。'), "{} {}: {sentence}", m.indicator_code, m.breakdown);
        assert!(!sentence.contains("none") && !sentence.contains("{{"), "{sentence}");
        // facilities stand beside a figure exactly where its sentence says what those who are silent mean for it
        let rests_on_reports = !s.silent(s.row(&m).unwrap_or_else(|e| panic!("{e}"))).is_empty();
        assert_eq!((m.reported.is_some(), m.expected.is_some()), (rests_on_reports, rests_on_reports), "{} {}", m.indicator_code, m.breakdown);
    }
}
