//! Charts at the ends of what data can be: nothing runs off the paper, no words lie on words, the same bytes every time.

use std::collections::BTreeSet;

use kyogi::ground::embedded;
use kyogi::render::charts::{
    self, AgeBand, AgeGroup, Drawing, Funnel, FunnelLimit, FunnelPoint, Hub, Interval, Pyramid, Region, Role, StackedRow, Week, WeekBand, WeekMode,
};

fn fonts() {
    charts::register_fonts(embedded::FONT_UDP_REGULAR, embedded::FONT_UDP_BOLD);
}

/// Left, top, right, bottom in px, and the words.
pub type Words = (f64, f64, f64, f64, String);

/// The words of a picture with the room that they take.
pub fn words(svg: &str) -> Vec<Words> {
    let mut all = Vec::new();
    for part in svg.split("<text ").skip(1) {
        let (tag, rest) = part.split_once('>').expect("a tag");
        let text = rest.split("</text>").next().unwrap_or_default().trim().replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">");
        let attribute = |name: &str| tag.split(&format!("{name}=\"")).nth(1).and_then(|v| v.split('"').next()).unwrap_or_default();
        let number = |name: &str| attribute(name).parse::<f64>().expect("a number");
        let (x, em) = (number("x"), number("font-size"));
        let w = charts::text_width(&text, em, attribute("font-weight") == "bold");
        let left = match attribute("text-anchor") {
            "middle" => x - w / 2.0,
            "end" => x - w,
            _ => x,
        };
        // the letters stand 0.39 em below the given height, 0.37 em to either side
        let middle = number("y") + 0.39 * em;
        all.push((left, middle - 0.46 * em, left + w, middle + 0.46 * em, text));
    }
    all
}

/// What is wrong with the words of a picture.
pub fn crowded((svg, width, height): &Drawing) -> Vec<String> {
    let words = words(svg);
    let mut wrong = Vec::new();
    for (i, a) in words.iter().enumerate() {
        if a.0 < -1.0 || a.1 < -1.0 || a.2 > f64::from(*width) + 1.0 || a.3 > f64::from(*height) + 1.0 {
            wrong.push(format!("「{}」 leaves the paper", a.4));
        }
        for b in &words[i + 1..] {
            let (w, h) = (a.2.min(b.2) - a.0.max(b.0), a.3.min(b.3) - a.1.max(b.1));
            if w > 1.5 && h > 1.5 {
                wrong.push(format!("「{}」 lies on 「{}」", a.4, b.4));
            }
        }
    }
    wrong
}

/// Every kind of chart with little, much and odd data.
pub fn extremes() -> Vec<(String, Drawing)> {
    fonts();
    let mut all = Vec::new();
    for (name, of) in [("tiny", [1, 0, 0, 3]), ("town", [3, 1, 12, 25]), ("city", [1234, 345, 2345, 12_345]), ("none", [0, 0, 0, 0])] {
        all.push((format!("week_{name}"), week(of, 0)));
        all.push((format!("week_{name}_silent"), week(of, of.iter().sum::<i64>() / 4 + 2)));
    }
    for (name, scale) in [("village", 0.05), ("town", 3.0), ("metropolis", 4000.0)] {
        all.push((format!("pyramid_{name}"), pyramid(scale, true)));
        all.push((format!("pyramid_{name}_unpublished"), pyramid(scale, false)));
    }
    all.push(("pyramid_nobody".into(), pyramid(0.0, true)));
    for (name, areas) in [("one", 1), ("nineteen", 19), ("many", 179), ("none", 0)] {
        all.push((format!("funnel_{name}"), funnel(areas, name == "one")));
    }
    for (name, facilities, hubs) in [("none", 0, 0), ("one", 1, 1), ("town", 14, 5), ("city", 180, 40)] {
        all.push((format!("network_{name}"), network(facilities, hubs, "連携先")));
        all.push((format!("network_{name}_long"), network(facilities, hubs, "国立病院機構とても長い名前の総合医療センター")));
    }
    for (name, scale) in STACKS {
        all.push((format!("stacked_{name}"), stacked(scale)));
    }
    all.extend(maps());
    for (name, scale) in [("village", 0.01), ("city", 1.0), ("metropolis", 400.0)] {
        all.push((format!("intervals_{name}"), need(scale)));
    }
    all
}

fn pyramid(scale: f64, projected: bool) -> Drawing {
    let shape = [38.0, 41.0, 44.0, 46.0, 42.0, 40.0, 43.0, 48.0, 55.0, 63.0, 66.0, 60.0, 62.0, 70.0, 78.0, 70.0, 52.0, 38.0, 24.0];
    let bands = shape
        .iter()
        .enumerate()
        .map(|(i, n)| AgeBand { label: if i == 18 { "90〜".into() } else { format!("{}〜{}", i * 5, i * 5 + 4) }, people: (n * scale).round() });
    let group = |label: &str, bands: usize, n: f64| AgeGroup {
        label: label.into(),
        bands,
        people: if projected { vec![(n * 0.93 * scale).round(), (n * 0.8 * scale).round()] } else { vec![] },
    };
    let years = if projected { vec!["2030年".into(), "2040年".into()] } else { vec![] };
    charts::pyramid(
        "人口",
        &Pyramid {
            bands: bands.collect(),
            groups: vec![group("0〜64歳", 13, 648.0), group("65〜74歳", 2, 148.0), group("75歳以上", 4, 184.0)],
            years,
            today: "2025年".into(),
        },
    )
}

fn funnel(areas: usize, emphasis: bool) -> Drawing {
    let limit = |n: f64| {
        let sd = (0.7 * 0.3 / n).sqrt() * 100.0;
        let cut = |v: f64| v.clamp(0.0, 100.0);
        FunnelLimit { n, low95: cut(70.0 - 2.0 * sd), high95: cut(70.0 + 2.0 * sd), low998: cut(70.0 - 3.1 * sd), high998: cut(70.0 + 3.1 * sd) }
    };
    let points: Vec<FunnelPoint> = (0..areas)
        .map(|i| {
            let n = ((i * i * 7) % 900 + 1) as f64;
            let low = (40.0 + (i * 37 % 55) as f64).min(100.0);
            FunnelPoint {
                label: format!("東西南北郡第{i}町"), n, low, high: (low + (i % 3) as f64 * 6.0).min(100.0), emphasis: emphasis && i == 0
            }
        })
        .collect();
    let mut limits: Vec<FunnelLimit> = points.iter().map(|p| limit(p.n)).collect();
    limits.sort_by(|a, b| a.n.total_cmp(&b.n));
    limits.dedup_by(|a, b| a.n == b.n);
    let words = ("神奈川県 70.0%".to_owned(), "報告の対象の医療機関（施設）".to_owned());
    charts::funnel("割合", &Funnel { centre_label: words.0, centre: 70.0, limits, points, x_label: words.1 })
}

fn network(facilities: usize, hubs: usize, name: &str) -> Drawing {
    let all: Vec<Hub> = (0..hubs).map(|h| Hub { label: format!("{name}{h}"), fragile: h == 0 }).collect();
    let links: Vec<BTreeSet<usize>> = (0..facilities).map(|f| (0..=(f % 3)).map(|k| (f * f / 3 + k * 5) % hubs.max(1)).collect()).collect();
    charts::network("連携", &all, &links)
}

/// Maps of a few squares with an enclave and a far island; the prefectures beside the project, where they are.
fn maps() -> Vec<(String, Drawing)> {
    let square = |x: f64, y: f64, side: f64| vec![(x, y), (x + side, y), (x + side, y + side), (x, y + side), (x, y)];
    let region = |label: &str, level: u8, number: usize, polygons| Region { label: label.into(), text: "91.2%".into(), level, number, polygons };
    let made = [
        region("大きな市", 0, 1, vec![vec![square(139.0, 35.0, 1.0), square(139.3, 35.3, 0.4)]]),
        region("飛び地の町", 4, 2, vec![vec![square(139.3, 35.3, 0.4)]]),
        region("細い村", 1, 3, vec![vec![square(140.0, 35.0, 0.04)]]),
        region("遠い島村", 2, 4, vec![vec![square(142.0, 27.0, 0.05)], vec![square(153.9, 24.3, 0.001)]]),
    ];
    let classes = ["95%以上", "90〜95%", "80〜90%", "80%未満", "対象なし"];
    let credit = "国土数値情報（国土交通省）を加工。";
    let mut all = vec![("map_made".to_owned(), charts::choropleth("地図", &classes, &made, credit))];
    let maps = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/reference/maps");
    for code in ["01", "13", "14", "31", "42", "46", "47"].iter().filter(|_| maps.exists()) {
        let reference = kyogi::facts::reference::Reference::load(code).unwrap_or_else(|e| panic!("{e}"));
        let bytes = std::fs::read(maps.join(format!("{code}.topojson"))).expect("map");
        let boundaries = kyogi::facts::boundaries::parse(&bytes, &reference).unwrap_or_else(|e| panic!("{e}"));
        let regions: Vec<Region> = reference
            .whole_municipalities()
            .enumerate()
            .map(|(i, m)| region(&m.name, (i % 5) as u8, i + 1, boundaries.polygons[&m.municipality_code].clone()))
            .collect();
        all.push((format!("map_{code}"), charts::choropleth("地図", &classes, &regions, credit)));
    }
    all
}

fn week(of: [i64; 4], silent: i64) -> Drawing {
    let band = |name: &str, hours: &str, shift: usize| {
        let count = |i: usize| of[i] / (shift as i64 + 1);
        let modes: Vec<WeekMode> = ["自院", "連携", "電話", "なし"]
            .iter()
            .enumerate()
            .map(|(i, label)| WeekMode { label: (*label).into(), low: count(i) as f64, high: (count(i) + silent) as f64 })
            .collect();
        let blank = if (0..3).all(|i| count(i) == 0) {
            format!("対応する医療機関の報告なし（分からない医療機関 {silent}）")
        } else {
            String::new()
        };
        WeekBand { name: name.into(), hours: hours.into(), modes, blank }
    };
    charts::week("週", &Week { evening: band("準夜", "18〜22時", 0), night: band("深夜", "22〜翌6時", 1), holiday: band("休日", "終日", 0) })
}

const STACKS: [(&str, i64); 3] = [("village", 1), ("city", 7), ("metropolis", 900)];
const PARTS: [[i64; 6]; 4] = [[0, 11, 5, 3, 0, 59], [0, 0, 0, 0, 0, 0], [40, 30, 20, 25, 30, 41], [1, 1, 1, 1, 1, 190]];

fn stacked(scale: i64) -> Drawing {
    let series = ["自院のみで確保", "連携のみで確保", "自院と連携の両方で確保", "なし（意向あり）", "なし", "無回答"];
    let row =
        |parts: &[i64; 6]| StackedRow { label: "後方支援病床の確保".into(), parts: parts.iter().map(|n| (n * scale) as f64).collect() };
    charts::stacked("確保のしかた", "施設", &series, &PARTS.iter().map(row).collect::<Vec<_>>())
}

/// A part that is too narrow for its number leaves no reader without it.
#[test]
fn every_part_of_a_stack_has_its_number() {
    fonts();
    for (name, scale) in STACKS {
        let words = words(&stacked(scale).0);
        let said = |n: i64| words.iter().filter(|w| w.4 == kyogi::ground::numbers::thousands(n)).count();
        for parts in PARTS {
            let all: Vec<String> = parts.iter().map(|n| kyogi::ground::numbers::thousands(n * scale)).collect();
            let listed = words.iter().map(|w| w.4.as_str()).collect::<String>().contains(&format!("順に {}", all.join("・")));
            assert!(listed || parts.iter().all(|n| *n == 0 || said(n * scale) > 0), "{name}: {parts:?}");
        }
    }
}

fn need(scale: f64) -> Drawing {
    let row = |label: &str, low: f64, high: f64, role| Interval {
        label: label.into(),
        low: low * scale,
        high: high * scale,
        emphasis: false,
        text: if low.is_finite() { format!("{:.1}〜{:.1}", low * scale, high * scale) } else { format!("多くとも{:.0}", high * scale) },
        role,
        beneath: false,
    };
    charts::intervals(
        "需要",
        "人/月",
        None,
        &[
            row("供給：管理している在宅患者（階級の合計）", 766.0, 1370.0, Role::Supply),
            row("供給の別の見方：訪問診療の算定回数から", 812.0, 812.0, Role::Supply),
            row("期待される必要量（全国と同じ割合で使うとき）", 2016.0, 2016.0, Role::Need),
            row("現状投影の需要（今の使われ方が続くとき、2024年度）", 2017.0, 2400.0, Role::Need),
            row("分からない", f64::NAN, 100.0, Role::Need),
        ],
    )
}

#[test]
fn words_stay_on_the_paper_and_off_each_other() {
    for (name, drawing) in extremes() {
        assert_eq!(crowded(&drawing), Vec::<String>::new(), "{name}");
        assert!(!drawing.0.contains("NaN"), "{name}");
        // narrow charts are read at 82 mm or 288 px: nothing smaller than 14 px on 560
        assert!(words_sizes(&drawing.0).into_iter().all(|em| em >= 14.0), "{name}");
    }
}

fn words_sizes(svg: &str) -> Vec<f64> {
    svg.split("font-size=\"").skip(1).filter_map(|t| t.split('"').next()?.parse().ok()).collect()
}

#[test]
fn pictures_are_the_same_every_time() {
    assert!(extremes() == extremes());
}
