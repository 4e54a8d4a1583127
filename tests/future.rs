//! Need in years to come: the arithmetic once more in Rust, areas without a projection of their own, and what a prefecture sets itself.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use kyogi::ground::embedded;

use crate::support::{YEAR, folder, plain_facility, rows, run_packet, sample, sample_workspace, write_extract};

type Row = BTreeMap<String, String>;

fn table(path: &str) -> Vec<Row> {
    csv::Reader::from_reader(embedded::text(path).as_bytes()).deserialize().map(|r| r.expect("a row")).collect()
}

fn value(row: &Row, column: &str) -> f64 {
    row[column].parse().unwrap_or_else(|_| panic!("{column} of {row:?}"))
}

fn run(prefecture: &str, work: Option<&std::path::Path>, extract: &std::path::Path) -> (Vec<Row>, Vec<Row>) {
    let out = folder();
    kyogi::commands::run::figures_in(prefecture, YEAR, work, extract, out.path(), 2).unwrap_or_else(|e| panic!("{e}"));
    (rows(&out.path().join("data/figures.csv")), rows(&out.path().join("data/figures_absent.csv")))
}

fn figure(figures: &[Row], area: &str, indicator: &str, breakdown: &str) -> Option<(f64, f64)> {
    let row = figures.iter().find(|r| r["area_code"] == area && r["indicator_code"] == indicator && r["breakdown"] == breakdown)?;
    Some((value(row, "value_low"), value(row, "value_high")))
}

/// Today's need of three age groups, each grown as the projection of that group.
fn need_of_tomorrow(municipality: &str, year: &str) -> f64 {
    let visits = table("sql/reference/home_visits_by_age.csv");
    let people = table("sql/reference/population_by_age.csv").into_iter().find(|r| r["municipality_code"] == municipality).expect("people");
    let projection = table("sql/reference/population_projection.csv");
    let groups = |year: &str| {
        let row = projection.iter().find(|r| r["municipality_code"] == municipality && r["year"] == year).expect("a projection");
        let [all, old, oldest] = ["population_total", "population_65_over", "population_75_over"].map(|c| value(row, c));
        [all - old, old - oldest, oldest]
    };
    let (then, now) = (groups(year), groups("2025"));
    let grown = |v: &Row| {
        let group = match value(v, "age_from") as u32 {
            0..65 => 0,
            65..75 => 1,
            _ => 2,
        };
        value(&people, &v["age_band"]) * value(v, "visits") / value(v, "national_population") / 12.0 / 1.88 * then[group] / now[group]
    };
    visits.iter().map(grown).sum()
}

#[test]
fn need_of_2040_by_two_roads() {
    let dir = folder();
    let extract = dir.path().join("extract.csv");
    fs::write(&extract, sample()).expect("writable");
    let (figures, _) = run("31", None, &extract);
    for municipality in ["31201", "31401"] {
        for year in ["2030", "2040"] {
            let found = figure(&figures, municipality, "home_care_expected_need", &format!("year={year}")).expect("a figure");
            assert!((found.0 - need_of_tomorrow(municipality, year)).abs() < 1e-6 && found.0 == found.1, "{municipality} {year}");
            let supply = figure(&figures, municipality, "home_care_managed_patients", "").expect("supply");
            let gap = figure(&figures, municipality, "home_care_gap", &format!("year={year}")).expect("a gap");
            assert!((gap.0 - (found.0 - supply.1)).abs() < 1e-9 && (gap.1 - (found.1 - supply.0)).abs() < 1e-9);
        }
    }
}

/// A facility anywhere in a prefecture, so that its areas have figures.
fn extract_of(dir: &std::path::Path, prefecture: &str, municipality: &str) -> std::path::PathBuf {
    let mut f = plain_facility(&format!("{prefecture}00000000001"));
    f.insert("prefecture_code".into(), prefecture.into());
    f.insert("municipality_code".into(), municipality.into());
    let path = dir.join(format!("{prefecture}.csv"));
    write_extract(&path, &[f]);
    path
}

#[test]
fn areas_without_a_projection_of_their_own_say_so() {
    let dir = folder();
    let (figures, absent) = run("07", None, &extract_of(dir.path(), "07", "07201"));
    let need = |figures: &[Row], area: &str| figure(figures, area, "home_care_expected_need", "year=2040");
    // 浜通り: only the sum of 13 municipalities is published; the prefecture has it, いわき市 and 相双 do not
    assert!(need(&figures, "07201").is_some() && need(&figures, "07").is_some());
    for area in ["07204", "07541", "0706", "0707"] {
        assert!(need(&figures, area).is_none(), "{area}");
        let why: Vec<&Row> = absent.iter().filter(|r| r["area_code"] == area && r["breakdown"] == "year=2040").collect();
        assert_eq!(why.len(), 2, "{area}: need and gap");
        assert!(why.iter().all(|r| r["reason"].contains("浜通り")));
    }
    // 浜松市: the new wards have no projection, the city has
    let (figures, _) = run("22", None, &extract_of(dir.path(), "22", "22130"));
    assert!(need(&figures, "22130").is_some() && need(&figures, "2208").is_some());
    // 三重県: the published areas of patient flow are other areas than the secondary medical areas
    let (figures, absent) = run("24", None, &extract_of(dir.path(), "24", "24201"));
    assert!(figures.iter().all(|r| r["indicator_code"] != "patient_outflow"));
    assert!(absent.iter().any(|r| r["level"] == "medical_area" && r["indicator_code"] == "patient_outflow"));
}

#[test]
fn own_rates_and_duty_slots_of_the_work_folder() {
    let dir = folder();
    let work = dir.path().join("work");
    fs::create_dir_all(work.join("reference")).expect("writable");
    let extract = extract_of(dir.path(), "31", "31201");
    let plain = run("31", Some(&work), &extract).0;

    fs::write(work.join("council.toml"), "[duty_slots]\n\"鳥取市\" = 2\n31202 = 0.5\n").expect("writable");
    fs::write(work.join("reference/home_visit_rates.csv"), "age_band,patients_per_1000,source\nage_90_over,200,県の調査\n").expect("writable");
    let own = run("31", Some(&work), &extract).0;
    // 73 Sundays, holidays and days at the turn of the year; what was not set is not needed
    let slots = |figures: &[Row], area: &str| figure(figures, area, "after_hours_duty_slots_needed", "");
    assert_eq!(slots(&own, "31201"), Some((2.0 * 73.0 / 12.0, 2.0 * 73.0 / 12.0)));
    assert_eq!(slots(&own, "31202"), Some((0.5 * 73.0 / 12.0, 0.5 * 73.0 / 12.0)));
    assert!(["31203", "3101", "31"].iter().all(|area| slots(&own, area).is_none()) && slots(&plain, "31201").is_none());
    let ratio = figure(&own, "31201", "after_hours_duty_ratio", "").expect("a ratio");
    assert!(ratio.0 <= ratio.1 && ratio.1 <= 100.0);
    fs::write(work.join("council.toml"), "[duty_slots]\n3101 = 2\n3102 = 1\n3103 = 1.5\n").expect("writable");
    assert_eq!(slots(&run("31", Some(&work), &extract).0, "31").map(|s| s.0), Some(4.5 * 73.0 / 12.0), "a prefecture needs what all its areas need");
    fs::write(work.join("council.toml"), "[duty_slots]\n\"鳥取市\" = 2\n31202 = 0.5\n").expect("writable");

    let people = table("sql/reference/population_by_age.csv").into_iter().find(|r| r["municipality_code"] == "31201").expect("people");
    let oldest = table("sql/reference/home_visits_by_age.csv").into_iter().find(|r| r["age_band"] == "age_90_over").expect("a rate");
    let national = value(&oldest, "visits") / value(&oldest, "national_population") / 12.0 / 1.88;
    let need = |figures: &[Row]| figure(figures, "31201", "home_care_expected_need", "").expect("need").0;
    assert!((need(&own) - need(&plain) - value(&people, "age_90_over") * (0.2 - national)).abs() < 1e-6);

    for (text, what) in [
        ("age_band,patients_per_1000,source\nage_100,1,x\n", "age_100"),
        ("age_band,patients_per_1000,source\nage_90_over,-1,x\n", "-1"),
        ("age_band,patients_per_1000,source\nage_90_over,1,\n", "出典"),
        ("age_band,rate\nage_90_over,1\n", "2 行目"),
    ] {
        fs::write(work.join("reference/home_visit_rates.csv"), text).expect("writable");
        let error = kyogi::commands::run::figures_in("31", YEAR, Some(&work), &extract, folder().path(), 1).expect_err("refused").to_string();
        assert!(error.contains(what) && error.contains("home_visit_rates.csv"), "{error}");
    }
}

/// What an intending facility would bring, and how many hours have somebody, from a handful of facilities counted by hand.
#[test]
fn intentions_hours_and_care_facilities_by_hand() {
    let with = |id: &str, cells: &[(&str, &str)]| {
        let mut f = plain_facility(id);
        f.extend(cells.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())));
        f
    };
    let visit = ("g2c_home_visit", "2:有り");
    let facilities = [
        with(
            "3100000000001",
            &[visit, ("g2c_managed_patients", "2:11～30人"), ("g2c_coverage_system", "2:自院で24時間対応"), ("g2c_fee_end_of_life", "10未満")],
        ),
        with("3100000000002", &[visit, ("g2c_managed_patients", "4:61～100人"), ("g2c_coverage_system", "1:自院で日中のみ対応")]),
        with("3100000000003", &[visit, ("g2c_managed_patients", "1:1～10人")]),
        with("3100000000004", &[("g2c_home_visit", "1:無し(意向有り)"), ("g2a_weekday_night", "3:有り(診療時間外の電話対応)")]),
        with("3100000000005", &[("g2a_holiday", "2:有り(診療時間外の診療対応)"), ("g2d_facility_names", "青い苑、青い 苑、緑の里")]),
    ];
    let dir = folder();
    let extract = dir.path().join("by_hand.csv");
    write_extract(&extract, &facilities);
    let (figures, absent) = run("31", None, &extract);
    let of = |indicator: &str, breakdown: &str| figure(&figures, "31201", indicator, breakdown).unwrap_or_else(|| panic!("{indicator} {breakdown}"));
    // the middle one of the bands 1–10, 11–30 and 61–100 ends at 30
    assert_eq!(of("home_care_intending_facilities", ""), (1.0, 1.0));
    assert_eq!(of("home_care_intention_patients", ""), (1.0, 30.0));
    let (gap, wished) = (of("home_care_gap", ""), of("home_care_gap", "intention=all"));
    assert!((gap.0 - 30.0 - wished.0).abs() < 1e-9 && (gap.1 - 1.0 - wished.1).abs() < 1e-9);
    // of three facilities there is a count and no share
    assert!(figure(&figures, "31201", "home_care_24h_share", "").is_none());
    assert!(absent.iter().any(|r| r["area_code"] == "31201" && r["indicator_code"] == "home_care_24h_share" && r["reason_code"] == "few_for_share"));
    assert_eq!(of("home_care_24h_facilities", ""), (1.0, 2.0));
    // nobody reported elsewhere, but nobody is there to report: the supply is none, not unknown
    assert_eq!(figure(&figures, "31202", "home_care_managed_patients", ""), Some((0.0, 0.0)));
    // 24 hours of Sunday by visit; the nights of five weekdays by phone only; of 20 + 40 + 24
    let hours = of("after_hours_hours_share", "answer=visit");
    assert!((hours.0 - 24.0 / 84.0 * 100.0).abs() < 1e-9 && hours.0 == hours.1);
    assert!((of("after_hours_hours_share", "answer=any").0 - 64.0 / 84.0 * 100.0).abs() < 1e-9);
    assert_eq!(of("after_hours_blank_bands", "answer=visit"), (2.0, 2.0));
    assert_eq!(of("after_hours_blank_bands", "answer=any"), (1.0, 1.0));
    assert_eq!(of("g1_blank_domains", ""), (16.0, 16.0), "all five answered 呼吸器領域");
    // two names after spelling; 16 + 12 + 6 facilities in 鳥取市
    assert_eq!(of("care_facilities_named", ""), (2.0, 2.0));
    assert_eq!(of("care_facilities_unnamed", ""), (32.0, 34.0));
    // a single facility's claims stay its own
    assert!(figure(&figures, "31201", "end_of_life_count", "").is_none());
    assert!(absent.iter().any(|r| r["area_code"] == "31201" && r["indicator_code"] == "end_of_life_count" && r["reason_code"] == "few_facilities"));

    // a facility that did not report may fill every gap
    let mut silent = plain_facility("3100000000006");
    silent.insert("report_status".into(), "未報告".into());
    let mut all = facilities.to_vec();
    all.push(silent);
    write_extract(&extract, &all);
    let (later, _) = run("31", None, &extract);
    let then = |indicator: &str, breakdown: &str| figure(&later, "31201", indicator, breakdown).expect("a figure");
    assert_eq!(then("after_hours_hours_share", "answer=visit"), (hours.0, 100.0));
    assert_eq!(then("after_hours_blank_bands", "answer=visit"), (0.0, 2.0));
    assert_eq!(then("g1_blank_domains", ""), (0.0, 16.0));
    assert_eq!(then("home_care_gap", "intention=all"), wished, "who did not report has said no intention");

    // where those who are there did not report, nothing is known: no supply of 0, no certain shortage
    all.iter_mut().for_each(|f| {
        f.insert("report_status".into(), "未報告".into());
    });
    write_extract(&extract, &all);
    let (figures, absent) = run("31", None, &extract);
    for indicator in ["home_care_managed_patients", "home_care_gap", "backup_unbacked_patients", "home_care_intending_facilities"] {
        assert!(figure(&figures, "31201", indicator, "").is_none(), "{indicator}");
        let why = |r: &&Row| r["area_code"] == "31201" && r["indicator_code"] == indicator && r["reason_code"] == "no_reports";
        assert!(absent.iter().any(|r| why(&r)), "{indicator}");
    }
    assert_eq!(figure(&figures, "31201", "home_care_facilities", ""), Some((0.0, 6.0)));
}

/// Whose rates the need rests on is said by one word, in every text of the packet.
#[test]
fn own_rates_are_named_wherever_the_need_is_shown() {
    let dir = folder();
    for (own, says, never) in [(false, "全国と同じ割合", "設定した割合"), (true, "設定した割合", "全国と同じ割合")] {
        let workspace = sample_workspace(&dir.path().join(says));
        if own {
            let rates = "age_band,patients_per_1000,source\nage_90_over,200,県の調査\n";
            fs::write(workspace.root.join("reference/home_visit_rates.csv"), rates).expect("writable");
        }
        let packet = dir.path().join(format!("packet {says}"));
        run_packet(&workspace, None, &packet, 2).unwrap_or_else(|e| panic!("{e}"));
        for place in ["sheets/31201_g2c.html", "areas/31201.html", "areas/systems.html", "method.html", "dictionary.html"] {
            let page = fs::read_to_string(packet.join(place)).expect("page");
            assert!(page.contains(says) && !page.contains(never), "{place} with own rates: {own}");
            // formulas and label of the method, the sentences read aloud, the rows of a chart
            assert!(!page.contains("{{"), "{place}");
        }
        let sheets = kyogi::ground::spreadsheet::read(&packet.join("data/figures.xlsx")).unwrap_or_else(|e| panic!("{e}"));
        for (s, columns) in [(1, 18), (2, 9)] {
            let cells = || (1..sheets[s].rows.len()).flat_map(|r| (0..columns).map(move |c| (r, c))).map(|(r, c)| sheets[s].text(r, c));
            assert!(cells().any(|t| t.contains(says)) && !cells().any(|t| t.contains(never)), "{} with own rates: {own}", sheets[s].name);
        }
        let said = kyogi::commands::explain::figure(&workspace, &packet, &["area=31201".into(), "indicator=home_care_expected_need".into()], None);
        assert!(said.unwrap_or_else(|e| panic!("{e}")).contains(&format!("（{says}で使うとき）")));
        let sources: BTreeSet<String> = rows(&packet.join("data/figures.csv")).into_iter().map(|r| r["source"].clone()).collect();
        assert_eq!(sources.iter().any(|s| s == "population × own rates"), own);
        assert_eq!(sources.iter().any(|s| s.contains("national use")), !own);
    }
}
