//! The second count of `recount.rs`, theme by theme, and the list of formulas that must have one.

use std::collections::{BTreeMap, BTreeSet};

use kyogi::aggregate::figure::{Indicator, covers};
use kyogi::facts::areas::Area;

use crate::recount::{Run, close, positive, rows_of, texts};

const BANDS: [&str; 3] = ["weekday_evening", "weekday_night", "holiday"];

/// 「いずれかの時間帯に…」「報告された選択肢」
pub fn after_hours(run: &Run, area: &Area, has_g1: &[i64], silent: f64) {
    let answers = BANDS.map(|band| run.choices(&format!("g2a_{band}"), has_g1));
    let sure = |row: &i64| answers.iter().any(|a| a.get(row).is_some_and(|c| positive(c)));
    let open = |row: &i64| !sure(row) && answers.iter().any(|a| !a.contains_key(row));
    let count = |of: &dyn Fn(&i64) -> bool| has_g1.iter().filter(|r| of(r)).count() as f64;
    let low = count(&sure);
    close(run.figure(area, "after_hours_facilities", ""), (low, low + count(&open) + silent), "after hours");
    for (band, answers) in BANDS.iter().zip(&answers) {
        let unanswered = (has_g1.len() - answers.len()) as f64;
        for mode in ["own_visit", "linked_visit", "own_phone", "linked_phone"] {
            let low = answers.values().filter(|c| c.iter().any(|c| c.polarity == "positive" && c.mode == mode)).count() as f64;
            let key = format!("band={band};mode={mode}");
            close(run.figure(area, "after_hours_facilities", &key), (low, low + unanswered + silent), &key);
        }
    }
}

/// 「参加の頻度の下限の合計〜上限の合計」, against the need that was set and never above 100.
pub fn slots(run: &Run, area: &Area, has_g1: &[i64]) {
    let (mut low, mut high) = (0.0, 0.0);
    for item in ["g2a_duty_rota", "g2a_emergency_center"] {
        for choice in run.choices(item, has_g1).values().flatten().filter(|c| c.polarity == "positive") {
            low += choice.value_low.unwrap_or(0.0);
            high += choice.value_high.unwrap_or(31.0);
        }
    }
    close(run.figure(area, "after_hours_duty_slots", ""), (low, high), "slots");
    let a_day = match area.area_code.as_str() {
        "31201" => Some(2.0),
        "3101" => Some(0.5),
        _ => None,
    };
    let needed = a_day.map(|n| n * 73.0 / 12.0);
    assert_eq!(run.figure(area, "after_hours_duty_slots_needed", ""), needed.map(|n| (n, n)), "{}", area.name);
    let share = |n: f64| (low / n * 100.0).min(100.0);
    let ratio = needed.map(|n| (share(n), (high / n * 100.0).min(100.0)));
    assert_eq!(run.figure(area, "after_hours_duty_ratio", ""), ratio, "{}", area.name);
}

/// 「一般外来を行っていないと読める医療機関を除いた数」「NDB から来る件数の欄がすべて空欄」
pub fn outpatients(run: &Run, area: &Area, has_g1: &[i64], (reported, expected): (&[i64], f64)) {
    let (rows, items, notes) = (rows_of(&run.answers), texts(&run.answers, "item_code"), texts(&run.answers, "raw"));
    let says_so = |text: &str| text.contains("一般外来") || ["従業員のみ", "職員のみ", "入所者のみ", "入居者のみ"].iter().any(|w| text.contains(w));
    let noted = (0..rows.len()).filter(|&i| items[i].ends_with("_note") && says_so(notes[i]) && reported.contains(&rows[i]));
    let doubted = noted.map(|i| rows[i]).collect::<BTreeSet<_>>().len() as f64;
    close(run.figure(area, "facilities_general_outpatient", ""), (expected - doubted, expected), "general outpatients");

    let from_claims: BTreeSet<&str> = run.dictionary.items.iter().filter(|i| i.ndb_derived).map(|i| i.item_code.as_str()).collect();
    let printed: BTreeSet<i64> = (0..rows.len()).filter(|&i| from_claims.contains(items[i])).map(|i| rows[i]).collect();
    let paper = has_g1.iter().filter(|row| !printed.contains(row)).count() as f64;
    close(run.figure(area, "facilities_without_preprint", ""), (paper, paper), "no pre-print");
}

/// 「年間算定回数の合計。実績のある医療機関が1〜2施設の区域は出さない」
pub fn care_links(run: &Run, area: &Area, has_g1: &[i64]) {
    let claims = run.counts("g2d_fee_care_mgr", has_g1);
    let found = run.figure(area, "care_link_claims", "");
    if matches!(claims.values().filter(|(low, _)| *low >= 1).count(), 1 | 2) {
        assert_eq!(found, None, "{}", area.name);
    } else {
        let sums = claims.values().fold((0, 0), |sum, ends| (sum.0 + ends.0, sum.1 + ends.1));
        close(found, (sums.0 as f64, sums.1 as f64), "care links");
    }
}

/// 「その領域を選んだ医療機関」「だれも対応しないと言い切れるもの」
pub fn domains(run: &Run, area: &Area, reported: &[i64], expected: f64) {
    let chosen = run.choices("g1_domains", reported);
    let unknown = expected - chosen.len() as f64;
    let mut blank = (0.0, 0.0);
    for domain in run.dictionary.choices_of("domains").filter(|c| c.polarity == "positive" && c.choice_code != "+") {
        let low = chosen.values().filter(|c| c.iter().any(|c| c.choice_code == domain.choice_code)).count() as f64;
        close(run.figure(area, "g1_domain_facilities", &format!("domain={}", domain.choice_code)), (low, low + unknown), &domain.label);
        blank.0 += f64::from(u8::from(low + unknown == 0.0));
        blank.1 += f64::from(u8::from(low == 0.0));
    }
    close(run.figure(area, "g1_blank_domains", ""), blank, "blank domains");
}

/// The public counts of homes, and the names in the reports.
pub fn homes(run: &Run, area: &Area, has_g1: &[i64]) {
    let inside = |code: &str| area.units.iter().any(|u| u == code);
    let table = csv::Reader::from_reader(kyogi::ground::embedded::text("sql/reference/care_facilities.csv").as_bytes())
        .into_deserialize::<BTreeMap<String, String>>()
        .map(|r| r.expect("a row"))
        .filter(|r| inside(&r["municipality_code"]))
        .collect::<Vec<_>>();
    let count = |kind: &str| table.iter().map(|r| r[kind].parse::<f64>().unwrap_or(0.0)).sum::<f64>();
    let kinds = ["special_nursing_home", "health_facility", "integrated_facility"];
    let whole: f64 = kinds.iter().map(|k| count(k)).sum();
    for kind in kinds {
        close(run.figure(area, "care_facilities", &format!("kind={kind}")), (count(kind), count(kind)), kind);
    }
    close(run.figure(area, "care_facilities", ""), (whole, whole), "homes");
    let mut names = BTreeSet::new();
    let (items, raw) = (texts(&run.answers, "item_code"), texts(&run.answers, "raw"));
    for (i, row) in rows_of(&run.answers).iter().enumerate() {
        if items[i] == "g2d_facility_names" && has_g1.contains(row) {
            names.insert(raw[i].split_whitespace().collect::<String>());
        }
    }
    let named = names.len() as f64;
    close(run.figure(area, "care_facilities_named", ""), (named, named), "names");
    close(run.figure(area, "care_facilities_unnamed", ""), ((whole - named).max(0.0), whole), "unnamed");
}

/// Holds a figure of patients against a range: indicator, breakdown, both ends.
type Patients<'a> = dyn Fn(&str, &str, (f64, f64)) + 'a;

/// 「必要量 − 供給」, and what the intentions would add to the supply.
pub fn gaps(run: &Run, area: &Area, supply: (f64, f64), patients: &Patients<'_>) {
    let wish = intending(run, area);
    patients("home_care_intending_facilities", "", (wish.len() as f64, wish.len() as f64));
    let brings = run.figure(area, "home_care_intention_patients", "").unwrap_or_default();
    assert!(brings.0 == wish.len() as f64 && brings.1 >= brings.0, "one patient each at least: {brings:?}");
    let (need, now) = (|code: &str, key: &str| run.figure(area, code, key).map(|n| n.0), "home_care_gap");
    let (expected, projected) = (need("home_care_expected_need", "").expect("need"), need("home_care_projected_demand", "").expect("demand"));
    close(run.figure(area, "home_care_need_ratio", ""), (projected / expected, projected / expected), "ratio");
    patients(now, "", (expected - supply.1, expected - supply.0));
    patients(now, "basis=projected_demand", (projected - supply.1, projected - supply.0));
    patients(now, "intention=all", (expected - supply.1 - brings.1, expected - supply.0 - brings.0));
    patients(now, "basis=projected_demand;intention=all", (projected - supply.1 - brings.1, projected - supply.0 - brings.0));
    for year in ["2030", "2050"] {
        let key = format!("year={year}");
        if let Some(later) = need("home_care_expected_need", &key) {
            patients(now, &key, (later - supply.1, later - supply.0));
        }
    }
}

/// 「訪問診療が「有り」でなく、訪問診療の項目で意向を示したか、2号ハの機能がなく「今後担う意向（2号ハ）」で意向を示した、1号機能のある医療機関」
fn intending(run: &Run, area: &Area) -> Vec<i64> {
    let has_g1 = rows_of(&Run::with_status(&run.here(area, "g1"), &["yes"]));
    let has_g2c = rows_of(&Run::with_status(&run.here(area, "g2c"), &["yes"]));
    let (visits, stated) = (run.choices("g2c_home_visit", &has_g1), run.choices("oth_intent_g2c", &has_g1));
    let wishes = |row: &i64| {
        let item = visits.get(row).map_or(&[][..], Vec::as_slice);
        let by_item = item.iter().any(|c| c.intention);
        let by_statement = !has_g2c.contains(row) && stated.get(row).is_some_and(|c| positive(c));
        !positive(item) && (by_item || by_statement)
    };
    has_g1.into_iter().filter(wishes).collect()
}

/// Above a municipality: how many of its towns have no answer in a band.
pub fn towns_without_answers(run: &Run) {
    for area in run.areas.iter().filter(|a| a.level != "municipality") {
        let towns = || run.areas.iter().filter(|t| t.level == "municipality" && t.units.iter().all(|u| area.units.contains(u)));
        for band in BANDS {
            let (here, key) = (format!("band={band};answer=visit"), "after_hours_band_facilities");
            let of = |test: &dyn Fn((f64, f64)) -> bool| towns().filter(|t| run.figure(t, key, &here).is_some_and(test)).count() as f64;
            close(run.figure(area, "after_hours_blank_municipalities", &here), (of(&|f| f.1 == 0.0), of(&|f| f.0 == 0.0)), band);
        }
    }
}

/// Every formula that the method page prints has a second count here, or in the tests that are named.
pub fn every_formula_is_counted_again(run: &Run) {
    let elsewhere = [
        // comparison.rs: closed forms and simulations; need.rs and future.rs: from the public tables; future.rs: as published
        "compare=",
        "home_care_projected_demand",
        "home_care_expected_need",
        "patient_outflow",
        "patient_inflow",
    ];
    let counted = run.counted.borrow();
    for i in Indicator::all("全国と同じ割合").expect("indicators") {
        let key = format!("{}|{}", i.indicator_code, i.breakdown);
        let again = counted.iter().any(|(code, breakdown)| *code == i.indicator_code && covers(&i.breakdown, breakdown));
        assert!(again || elsewhere.iter().any(|e| key.contains(e)), "the formula of {key} is not counted again");
    }
}
