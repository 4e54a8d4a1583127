//! Residents by age: bars of today, oldest on top, and the outline of a projection that knows coarse groups only.

use super::Drawing;
use super::frame::{Anchor, Letters, MARGIN, NARROW_RIGHT, NOTE, PLAIN, Picture, Rect, says};
use super::palette::{DARK, INK, LINE, MARK, MUTED};
use super::text::{EM, number, width};
use crate::ground::maths;
use plotters::style::RGBColor;

/// One bar.
pub struct AgeBand {
    /// e.g. 「65〜69」.
    pub label: String,
    /// Residents, both sexes.
    pub people: f64,
}

/// Bands that a projection gives together, e.g. 65〜74歳.
pub struct AgeGroup {
    pub label: String,
    /// How many bands it covers; groups follow one another from the youngest band on.
    pub bands: usize,
    /// Residents in each of the years of the pyramid; empty when there is no projection.
    pub people: Vec<f64>,
}

/// A pyramid; bands and groups from the youngest to the oldest.
pub struct Pyramid {
    pub bands: Vec<AgeBand>,
    pub groups: Vec<AgeGroup>,
    /// Years of the projection, at most two are drawn: the first dashed, the second solid.
    pub years: Vec<String>,
    /// What the bars are, e.g. 「2025年」.
    pub today: String,
}

const ROW: f64 = 25.0;
const AXIS: f64 = 84.0;
const PLOT_END: f64 = 372.0;
const SIDE: f64 = 388.0;
const STYLES: [(RGBColor, bool); 2] = [(INK, true), (MARK, false)];

/// One-sided pyramid of both sexes together.
pub fn pyramid(title: &str, data: &Pyramid) -> Drawing {
    let mut p = Picture::narrow();
    if data.bands.iter().all(|b| count(b.people) == 0.0) {
        return says(p, title, "住んでいる人はいません");
    }
    let known = data.groups.iter().all(|g| g.people.len() == data.years.len()) && !data.years.is_empty();
    let mean = |g: &AgeGroup, year: usize| g.people.get(year).copied().map_or(0.0, count) / g.bands.max(1) as f64;
    let lines_of = |year: usize| data.groups.iter().map(move |g| mean(g, year));
    let drawn = if known { data.years.len().min(STYLES.len()) } else { 0 };
    let longest = data.bands.iter().map(|b| count(b.people)).chain((0..drawn).flat_map(lines_of)).fold(0.0, f64::max);
    let (step, max) = scale(longest);
    let x = |v: f64| AXIS + (PLOT_END - AXIS) * (v / max);

    let top = key(&mut p, data, drawn) + 10.0;
    let bottom = top + ROW * data.bands.len() as f64;
    let edge = |from_youngest: usize| bottom - ROW * from_youngest as f64;
    for k in 0..=((max / step).round() as usize) {
        let at = x(step * k as f64);
        p.line((at, top), (at, bottom), if k == 0 { MUTED } else { LINE }, 1);
        p.text(&short(step * k as f64), (at, bottom + 18.0), Anchor::Middle, NOTE);
    }
    for (i, band) in data.bands.iter().enumerate() {
        let y = edge(i) - ROW / 2.0;
        p.text(&band.label, (AXIS - 8.0, y), Anchor::End, Letters { em: 18.0, ..PLAIN });
        if count(band.people) > 0.0 {
            p.rect(Rect { x0: AXIS, y0: y - 9.0, x1: x(count(band.people)).max(AXIS + 1.0), y1: y + 9.0 }, DARK);
        }
    }
    let mut youngest = 0;
    let mut before: Vec<Option<f64>> = vec![None; drawn];
    let mut spans = Vec::new();
    for group in &data.groups {
        let (lower, upper) = (edge(youngest), edge(youngest + group.bands));
        for (year, before) in before.iter_mut().enumerate() {
            let at = x(mean(group, year));
            if let Some(from) = *before {
                stroke(&mut p, (from, lower), (at, lower), STYLES[year]);
            }
            stroke(&mut p, (at, lower), (at, upper), STYLES[year]);
            *before = Some(at);
        }
        spans.push((youngest, lower, upper));
        youngest += group.bands;
    }
    if known {
        let mut free = top - 8.0;
        for (group, (youngest, lower, upper)) in data.groups.iter().zip(spans).rev() {
            free = side(&mut p, data, group, (lower, upper), youngest, free);
        }
    }
    p.finish(title, bottom + 36.0)
}

/// What bars and lines mean; returns the y below.
fn key(p: &mut Picture, data: &Pyramid, drawn: usize) -> f64 {
    let y = MARGIN + 14.0;
    p.rect(Rect { x0: MARGIN, y0: y - 9.0, x1: MARGIN + 24.0, y1: y + 9.0 }, DARK);
    p.text(&data.today, (MARGIN + 30.0, y), Anchor::Start, PLAIN);
    let mut at = MARGIN + 30.0 + width(&data.today, EM, false) + 22.0;
    for (year, style) in data.years.iter().zip(STYLES).take(drawn) {
        stroke(p, (at, y), (at + 30.0, y), style);
        p.text(year, (at + 36.0, y), Anchor::Start, PLAIN);
        at += 36.0 + width(year, EM, false) + 22.0;
    }
    y + 18.0
}

/// A group's residents now and later, beside its bands but not above `free`; returns the y below.
fn side(p: &mut Picture, data: &Pyramid, group: &AgeGroup, (lower, upper): (f64, f64), youngest: usize, free: f64) -> f64 {
    const STEP: f64 = 21.0;
    let now: f64 = data.bands.iter().skip(youngest).take(group.bands).map(|b| count(b.people)).sum();
    let years = std::iter::once((&data.today, now)).chain(data.years.iter().zip(group.people.iter().copied()));
    let texts: Vec<String> = years.map(|(year, n)| format!("{year} {}人", number(n))).collect();
    let middle = (lower + upper) / 2.0;
    let height = STEP * (texts.len() + 1) as f64;
    let mut y = (middle - height / 2.0).max(free + 6.0) + STEP / 2.0;
    p.line((SIDE - 10.0, lower - 3.0), (SIDE - 10.0, upper + 3.0), MUTED, 2);
    p.line((SIDE - 10.0, middle), (SIDE - 2.0, y), MUTED, 1);
    p.text(&group.label, (SIDE, y), Anchor::Start, Letters { em: 18.0, bold: true, colour: INK });
    let fits = |em: &f64| texts.iter().all(|t| width(t, *em, false) <= NARROW_RIGHT - SIDE);
    let em = [18.0, 16.0, 15.0, 14.0].into_iter().find(fits).unwrap_or(14.0);
    for text in texts {
        y += STEP;
        p.text(&text, (SIDE, y), Anchor::Start, Letters { em, ..PLAIN });
    }
    y + STEP / 2.0
}

fn stroke(p: &mut Picture, a: (f64, f64), b: (f64, f64), (colour, dashed): (RGBColor, bool)) {
    if !dashed {
        return p.line(a, b, colour, 3);
    }
    let length = maths::hypot(b.0 - a.0, b.1 - a.1);
    let at = |d: f64| (a.0 + (b.0 - a.0) * d / length.max(1e-9), a.1 + (b.1 - a.1) * d / length.max(1e-9));
    let mut d = 0.0;
    while d < length {
        p.line(at(d), at((d + 7.0).min(length)), colour, 2);
        d += 12.0;
    }
}

/// Step between grid lines and the end of the axis: two to four steps, because the numbers need room.
fn scale(longest: f64) -> (f64, f64) {
    let rough = (longest / 3.0).max(1.0);
    let power = maths::pow(10.0, maths::log10(rough).floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|m| m * power).into_iter().find(|s| *s >= rough).unwrap_or(rough);
    (step, (longest / step).ceil().max(1.0) * step)
}

/// 「1.5万」 from ten thousand on.
fn short(n: f64) -> String {
    if n >= 10_000.0 { format!("{}万", number(n / 10_000.0)) } else { number(n) }
}

fn count(v: f64) -> f64 {
    if v.is_finite() { v.max(0.0) } else { 0.0 }
}
