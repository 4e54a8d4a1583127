//! Charts at the ends of what data can be: nothing runs off the paper, no words lie on words, the same bytes every time.

use kyogi::embedded;
use kyogi::render::charts::{self, Drawing, Interval, Role, Week, WeekBand, WeekMode};

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
        all.push((left, middle - 0.40 * em, left + w, middle + 0.40 * em, text));
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
    for (name, scale) in [("village", 0.01), ("city", 1.0), ("metropolis", 400.0)] {
        all.push((format!("intervals_{name}"), need(scale)));
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

fn need(scale: f64) -> Drawing {
    let row = |label: &str, low: f64, high: f64, role| Interval {
        label: label.into(),
        low: low * scale,
        high: high * scale,
        emphasis: false,
        text: if low.is_finite() { format!("{:.1}〜{:.1}", low * scale, high * scale) } else { format!("多くとも{:.0}", high * scale) },
        role,
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
