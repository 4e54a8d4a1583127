//! Every figure can be read aloud, and says what made it wide.

use kyogi::draft::sentence::{Measure, Sentences};
use kyogi::facts::dictionary::Dictionary;
use kyogi::ground::artefact::Table;

use crate::support::{YEAR, folder, sample, terms};

fn sentences() -> Sentences {
    let dictionary = Dictionary::load(YEAR).unwrap_or_else(|e| panic!("{e}"));
    Sentences::new(&dictionary, &|_| None, &terms()).unwrap_or_else(|e| panic!("{e}"))
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
        "鳥取市の医療機関が主治医として管理している在宅患者は、1,204〜2,345人です。（階級で答えた8施設の下限と上限を足しています。うち1施設は上限のない階級で、上限を置き値としています。未報告の3施設の分は入っていません）"
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
    let said = |low, high, silent: i64| {
        let m = measure("home_care_gap", "", (low, high), "人/月");
        figure(&s, "鳥取市", &Measure { expected: Some(20), reported: Some(20 - silent), ..m })
    };
    assert!(said(12.0, 40.0, 0).ends_with("供給の不足は、少なくとも月12人、多くとも月40人です。"));
    // who is silent can only make it smaller: no 「少なくとも」 without them
    let partial = said(12.0, 40.0, 3);
    assert!(
        partial.ends_with("報告した医療機関だけで数えると月12〜40人です（未報告の3施設が合わせて12人以上を診ていれば、不足はありません）。"),
        "{partial}"
    );
    assert!(said(-5.0, 40.0, 3).contains("多くとも月40人で、ないこともあります"));
    assert!(said(-40.0, -5.0, 0).ends_with("ありません（供給が月5〜40人上回ります）。"));
    // people are whole, a shortage of less than half a person is none
    assert!(said(0.4, 12.34, 0).contains("多くとも月12人で"));
}

/// 四捨五入 in every place that prints a number: halves go up, also where the machine holds them a hair below.
#[test]
fn halves_are_rounded_up() {
    use kyogi::ground::numbers::decimal;
    use kyogi::ground::numbers::{number, percent, share_number};
    for (value, places, expected) in [
        (56.25, 1, "56.3"),
        (18.25, 1, "18.3"),
        (0.145 * 100.0, 0, "15"),
        (1.005 * 100.0, 0, "101"),
        (2.5, 0, "3"),
        (0.05, 1, "0.1"),
        (-18.25, 1, "-18.3"),
        (-0.04, 1, "0.0"),
        (1234.5, 0, "1,235"),
        (99.95, 1, "100.0"),
        (f64::NAN, 1, "―"),
    ] {
        assert_eq!(decimal(value, places), expected, "{value}");
    }
    assert_eq!((percent(9.0 / 16.0), share_number(9.0 / 16.0 * 100.0), number(18.25)), ("56.3%".into(), "56.3".into(), "18.3".into()));
    for (x, n) in (1..200).flat_map(|n: i64| (0..=n).map(move |x| (x, n))) {
        // the same in whole numbers: tenths of a per cent, half and more up
        let tenths = (x * 2000 + n) / (2 * n);
        assert_eq!(percent(x as f64 / n as f64), format!("{}.{}%", tenths / 10, tenths % 10), "{x} of {n}");
    }
}

/// Slots beyond the need fill nothing more: no percentage above 100, but words.
#[test]
fn duty_slots_against_a_need_that_was_set() {
    let s = sentences();
    let said = |low, high| figure(&s, "この区域", &measure("after_hours_duty_ratio", "", (low, high), "%"));
    assert!(said(100.0, 100.0).contains("必要な枠を満たすか、上回ります"));
    assert!(said(62.5, 100.0).contains("必要な枠の62.5%から、必要な枠を上回る場合まで"));
    assert!(said(25.0, 62.5).contains("必要な枠の25〜62.5%に当たります"));
}

#[test]
fn every_figure_of_a_run_has_its_sentence() {
    let dir = folder();
    let path = dir.path().join("extract.csv");
    std::fs::write(&path, sample()).expect("writable");
    kyogi::commands::run::figures_only("31", YEAR, &path, dir.path(), 2).unwrap_or_else(|e| panic!("{e}"));
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
