//! The week outside opening hours: days across, hours down, and in each time band who answers and how.

use super::Drawing;
use super::frame::{Anchor, Letters, MARGIN, NARROW_RIGHT, NOTE, PLAIN, Picture, Rect};
use super::palette::{BAND, DARK, DARKEST, Fill, INK, LIGHT, LINE, MUTED, PAPER};
use super::text::{number, width};

/// One way of answering within a time band.
pub struct WeekMode {
    /// Short name, e.g. 「自院」.
    pub label: String,
    /// Facilities that reported it.
    pub low: f64,
    /// The same if every silent facility did so too.
    pub high: f64,
}

/// One time band of the week.
pub struct WeekBand {
    /// e.g. 「準夜」.
    pub name: String,
    /// e.g. 「18〜22時」.
    pub hours: String,
    /// Ways of answering, the fullest first; the last one means that nobody answers.
    pub modes: Vec<WeekMode>,
    /// Words for a band in which nobody reported to answer; empty when somebody did.
    pub blank: String,
}

/// The bands of a week.
pub struct Week {
    pub evening: WeekBand,
    pub night: WeekBand,
    pub holiday: WeekBand,
}

/// x of the day columns: axis | Monday to Friday | Saturday | Sunday and holidays.
const WEEKDAYS: (f64, f64) = (66.0, 302.0);
const SATURDAY: (f64, f64) = (302.0, 338.0);
const HOLIDAY: (f64, f64) = (338.0, NARROW_RIGHT);
const HEAD: f64 = 34.0;
const DAYTIME: f64 = 32.0;
const LINE_STEP: f64 = 27.0;

/// The grid of a week; heights are not to scale, because the night is long.
pub fn week(title: &str, week: &Week) -> Drawing {
    let mut p = Picture::narrow();
    let top = MARGIN + HEAD;
    let cell = 36.0 + LINE_STEP * week.evening.modes.len().max(week.night.modes.len()).max(1) as f64;
    let (day, mid, end) = (top + DAYTIME, top + DAYTIME + cell, top + DAYTIME + 2.0 * cell);

    heads(&mut p);
    for (hour, y) in [("6時", top), ("18時", day), ("22時", mid), ("翌6時", end)] {
        p.text(hour, (WEEKDAYS.0 - 8.0, y.max(top + 10.0).min(end - 4.0)), Anchor::End, NOTE);
    }
    let opening = Rect { x0: WEEKDAYS.0, y0: top, x1: WEEKDAYS.1, y1: day };
    p.rect(opening, BAND);
    p.text("通常の診療時間", ((WEEKDAYS.0 + WEEKDAYS.1) / 2.0, (top + day) / 2.0), Anchor::Middle, NOTE);
    p.class_rect(Rect { x0: SATURDAY.0, y0: top, x1: SATURDAY.1, y1: end }, Fill::BackHatch);

    let largest = [&week.evening, &week.night, &week.holiday].iter().flat_map(|b| &b.modes).map(|m| count(m.high)).fold(0.0, f64::max);
    band(&mut p, &week.evening, Rect { x0: WEEKDAYS.0, y0: day, x1: WEEKDAYS.1, y1: mid }, largest);
    band(&mut p, &week.night, Rect { x0: WEEKDAYS.0, y0: mid, x1: WEEKDAYS.1, y1: end }, largest);
    band(&mut p, &week.holiday, Rect { x0: HOLIDAY.0, y0: top, x1: HOLIDAY.1, y1: end }, largest);
    p.outline(Rect { x0: WEEKDAYS.0, y0: top, x1: HOLIDAY.1, y1: end }, INK);
    for x in [WEEKDAYS.1, SATURDAY.1] {
        p.line((x, top), (x, end), INK, 2);
    }
    for y in [day, mid] {
        p.line((WEEKDAYS.0, y), (WEEKDAYS.1, y), INK, 1);
    }

    key(&mut p, end + 22.0);
    p.finish(title, end + 40.0)
}

fn heads(p: &mut Picture) {
    let y = MARGIN + HEAD / 2.0;
    let step = (WEEKDAYS.1 - WEEKDAYS.0) / 5.0;
    for (i, day) in ["月", "火", "水", "木", "金"].iter().enumerate() {
        p.text(day, (WEEKDAYS.0 + step * (i as f64 + 0.5), y), Anchor::Middle, PLAIN);
    }
    p.text("土", ((SATURDAY.0 + SATURDAY.1) / 2.0, y), Anchor::Middle, PLAIN);
    p.text("日・祝・年末年始", ((HOLIDAY.0 + HOLIDAY.1) / 2.0, y), Anchor::Middle, PLAIN);
}

/// One cell: its name, then a bar and a number for each way of answering.
fn band(p: &mut Picture, band: &WeekBand, r: Rect, largest: f64) {
    let blank = !band.blank.is_empty();
    if blank {
        p.class_rect(r, Fill::Hatch);
    }
    let name = format!("{} {}", band.name, band.hours);
    let mut y = r.y0 + 20.0;
    let letters = Letters { em: 20.0, bold: true, colour: INK };
    paper_under(p, &name, (r.x0 + 10.0, y), letters, blank);
    p.text(&name, (r.x0 + 10.0, y), Anchor::Start, letters);
    y += LINE_STEP;
    if blank {
        for line in super::text::lines(&band.blank, 20.0, r.x1 - r.x0 - 24.0, true) {
            paper_under(p, &line, (r.x0 + 10.0, y), letters, true);
            p.text(&line, (r.x0 + 10.0, y), Anchor::Start, letters);
            y += LINE_STEP;
        }
        return;
    }
    let texts: Vec<String> = band.modes.iter().map(|m| range(m.low, m.high)).collect();
    let em = [20.0, 18.0, 16.0].into_iter().find(|em| texts.iter().all(|t| width(t, *em, false) <= 118.0)).unwrap_or(16.0);
    let numbers = texts.iter().map(|t| width(t, em, false)).fold(0.0, f64::max);
    let names = band.modes.iter().map(|m| width(&m.label, 20.0, false)).fold(0.0, f64::max);
    let (from, to) = (r.x0 + 10.0 + names + 8.0, r.x1 - 8.0 - numbers - 8.0);
    let last = band.modes.len().saturating_sub(1);
    for (i, (mode, text)) in band.modes.iter().zip(&texts).enumerate() {
        p.text(&mode.label, (r.x0 + 10.0, y), Anchor::Start, Letters { em: 20.0, ..PLAIN });
        let at = |v: f64| from + (to - from) * if largest > 0.0 { count(v) / largest } else { 0.0 };
        let (low, high) = (at(mode.low), at(mode.high));
        let fill = if i == last { Fill::Solid(LINE) } else { [DARKEST, DARK, LIGHT].get(i).copied().map_or(Fill::BackHatch, Fill::Solid) };
        if high - low >= 2.0 {
            p.class_rect(Rect { x0: low, y0: y - 9.0, x1: high, y1: y + 9.0 }, Fill::Hatch);
        }
        if low > from {
            p.class_rect(Rect { x0: from, y0: y - 9.0, x1: low.max(from + 2.0), y1: y + 9.0 }, fill);
        }
        p.line((from, y - 11.0), (from, y + 11.0), MUTED, 1);
        p.text(text, (r.x1 - 8.0, y), Anchor::End, Letters { em, ..PLAIN });
        y += LINE_STEP;
    }
}

fn paper_under(p: &mut Picture, text: &str, (x, y): (f64, f64), letters: Letters, hatched: bool) {
    if hatched {
        let w = width(text, letters.em, letters.bold);
        p.rect(Rect { x0: x - 4.0, y0: y - 13.0, x1: x + w + 4.0, y1: y + 13.0 }, PAPER);
    }
}

/// What full and hatched parts of the bars mean.
fn key(p: &mut Picture, y: f64) {
    let mut x = MARGIN;
    for (fill, text) in [(Fill::Solid(DARK), "少なくとも"), (Fill::Hatch, "未報告等を含む幅"), (Fill::BackHatch, "報告に区分なし")]
    {
        p.class_rect(Rect { x0: x, y0: y - 9.0, x1: x + 24.0, y1: y + 9.0 }, fill);
        p.text(text, (x + 30.0, y), Anchor::Start, NOTE);
        x += 30.0 + width(text, NOTE.em, false) + 18.0;
    }
}

fn count(v: f64) -> f64 {
    if v.is_finite() { v.max(0.0) } else { 0.0 }
}

/// 「3」 or 「3〜8」.
fn range(low: f64, high: f64) -> String {
    if low == high || !high.is_finite() { number(low) } else { format!("{}〜{}", number(low), number(high)) }
}
