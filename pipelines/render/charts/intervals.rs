//! Intervals: what is known at least and at most.

use super::Drawing;
use super::bars::{Rows, label_column};
use super::frame::{Anchor, Letters, MARGIN, NOTE, PLAIN, Picture, RIGHT, Rect, nothing};
use super::palette::{BAND, DARK, DARKEST, Fill, LINE, MUTED};
use super::text::{fit_all, number, width};
use plotters::style::RGBColor;

/// One interval.
pub struct Interval {
    /// Row name; long names are wrapped to two lines.
    pub label: String,
    /// Lower bound in the unit of the chart; not finite = unknown.
    pub low: f64,
    /// Upper bound in the unit of the chart; not finite = unknown.
    pub high: f64,
    /// The row that the chart is about: darker bar, bold letters.
    pub emphasis: bool,
    /// Printed at the right, e.g. 「少なくとも32%・多くとも45%」.
    pub text: String,
}

/// Widest label column in px.
const LABEL_MAX: f64 = 290.0;
/// Widest text column in px.
const TEXT_MAX: f64 = 345.0;
/// Space between a column and the track in px: half a diamond may stand in it.
const GAP: f64 = 22.0;
/// Half the height of a track in px.
const TRACK: f64 = 13.0;

/// Intervals on light tracks from 0 to `max` (default: a round number above all bounds).
/// Equal bounds show as a diamond, unknown ones as a hatched track.
pub fn intervals(title: &str, unit: &str, max: Option<f64>, rows: &[Interval]) -> Drawing {
    if rows.is_empty() {
        return nothing(title);
    }
    let mut p = Picture::default();
    // Measured in bold, because rows with emphasis are.
    let labels = fit_all(rows.iter().map(|r| r.label.as_str()), LABEL_MAX, true);
    let texts = fit_all(rows.iter().map(|r| r.text.as_str()), TEXT_MAX, true);
    let left = label_column(&labels, true) + 10.0;
    let text_width = texts.iter().map(|t| t.width(true)).fold(0.0, f64::max);
    let right = RIGHT - if text_width > 0.0 { text_width + GAP } else { 20.0 };
    let step = tick_step(max, rows);
    let axis = Axis { left, right, max: axis_max(max, rows, step) };
    let lines = Rows::new(MARGIN, &[&labels, &texts]);

    for y in &lines.middles {
        p.rect(Rect { x0: left, y0: y - TRACK, x1: right, y1: y + TRACK }, BAND);
    }
    ticks(&mut p, &axis, step, unit, lines.bottom);
    for (((row, label), text), &y) in rows.iter().zip(&labels).zip(&texts).zip(&lines.middles) {
        let letters = Letters { bold: row.emphasis, ..PLAIN };
        p.block(label, (left - GAP, y), Anchor::End, letters);
        p.block(text, (right + GAP, y), Anchor::Start, letters);
        interval(&mut p, &axis, row, y);
    }
    p.finish(title, lines.bottom + 44.0)
}

struct Axis {
    left: f64,
    right: f64,
    max: f64,
}

impl Axis {
    fn x(&self, value: f64) -> f64 {
        self.left + (self.right - self.left) * (value / self.max).clamp(0.0, 1.0)
    }
}

fn interval(p: &mut Picture, axis: &Axis, row: &Interval, y: f64) {
    let colour = if row.emphasis { DARKEST } else { DARK };
    let known = |v: f64| v.is_finite().then(|| axis.x(v));
    let (Some(a), Some(b)) = (known(row.low), known(row.high)) else {
        // An open side is hatched as far as the track goes; the known bound keeps its tick.
        let (low, high) = (known(row.low), known(row.high));
        let (x0, x1) = (low.unwrap_or(axis.left), high.unwrap_or(axis.right));
        p.class_rect(Rect { x0, y0: y - TRACK, x1, y1: y + TRACK }, Fill::Hatch);
        low.into_iter().chain(high).for_each(|x| end_tick(p, x, y, colour));
        return;
    };
    let (x0, x1) = (a.min(b), a.max(b));
    if x1 - x0 < 3.0 {
        let x = (x0 + x1) / 2.0;
        p.polygon(&[(x, y - 13.0), (x + 11.0, y), (x, y + 13.0), (x - 11.0, y)], colour);
        return;
    }
    p.rect(Rect { x0, y0: y - 8.0, x1, y1: y + 8.0 }, colour);
    end_tick(p, x0, y, colour);
    end_tick(p, x1, y, colour);
}

fn end_tick(p: &mut Picture, x: f64, y: f64, colour: RGBColor) {
    p.line((x, y - 15.0), (x, y + 15.0), colour, 4);
}

/// Grid lines and their numbers; the unit stands at the last one.
fn ticks(p: &mut Picture, axis: &Axis, step: f64, unit: &str, bottom: f64) {
    let last = (axis.max / step + 1e-9).floor() as usize;
    for k in 0..=last {
        let value = step * k as f64;
        let x = axis.x(value);
        p.line((x, MARGIN), (x, bottom), if k == 0 { MUTED } else { LINE }, if k == 0 { 2 } else { 1 });
        let text = if k == last { format!("{}{unit}", number(value)) } else { number(value) };
        let half = width(&text, NOTE.em, false) / 2.0;
        p.text(&text, (x.min(RIGHT - half), bottom + 20.0), Anchor::Middle, NOTE);
    }
}

fn largest(rows: &[Interval]) -> f64 {
    rows.iter().flat_map(|r| [r.low, r.high]).filter(|v| v.is_finite()).fold(0.0, f64::max)
}

/// 1, 2 or 5 times a power of ten, giving about four to five steps.
fn tick_step(max: Option<f64>, rows: &[Interval]) -> f64 {
    let top = valid(max).unwrap_or_else(|| largest(rows));
    if top <= 0.0 {
        return 1.0;
    }
    let rough = top / 4.0;
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0].map(|m| m * power).into_iter().find(|s| *s >= rough * 0.999);
    step.unwrap_or(rough).max(0.1)
}

fn axis_max(max: Option<f64>, rows: &[Interval], step: f64) -> f64 {
    valid(max).unwrap_or_else(|| ((largest(rows) / step - 1e-9).ceil() * step).max(step))
}

fn valid(max: Option<f64>) -> Option<f64> {
    max.filter(|m| m.is_finite() && *m > 0.0)
}
