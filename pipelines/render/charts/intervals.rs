//! Intervals: what is known at least and at most. Drawn on the narrow canvas, so that it is read beside a text or on a telephone.

use super::Drawing;
use super::frame::{Anchor, Letters, MARGIN, NARROW_RIGHT, NOTE, PLAIN, Picture, Rect, says};
use super::palette::{BAND, DARK, DARKEST, Fill, INK, LINE, MARK, MUTED, PAPER};
use super::text::{Block, EM, SMALL_EM, fit_all, lines, number, width};
use crate::ground::maths;
use plotters::style::RGBColor;

/// What a row speaks of; each role has its own mark, so that colour is never alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// What there is: a solid bar.
    #[default]
    Supply,
    /// What is needed: an open frame.
    Need,
}

/// One interval.
#[derive(Default)]
pub struct Interval {
    /// Row name; long names are wrapped to two lines.
    pub label: String,
    /// Lower bound in the unit of the chart; not finite = unknown.
    pub low: f64,
    /// Upper bound in the unit of the chart; not finite = unknown.
    pub high: f64,
    /// The row that the chart is about: darker bar, bold letters.
    pub emphasis: bool,
    /// Printed at the right of the name, e.g. 「32%〜45%」.
    pub text: String,
    pub role: Role,
    /// Stands right under the row before, without name and value, to be held against it.
    pub beneath: bool,
}

/// Half the height of a track in px.
const TRACK: f64 = 11.0;
/// Between a name and its track, and a track and the next name, in px.
const GAP: f64 = 5.0;
const LEFT: f64 = MARGIN + 14.0;
const END: f64 = NARROW_RIGHT - 18.0;

/// Up to so many rows there is room for the names at the left of their bars.
const FEW_ROWS: usize = 4;
/// Width of the names there, in px.
const NAMES: f64 = 232.0;

/// The same with every name beside its bar, and the value at the right above it.
fn beside(mut p: Picture, title: &str, unit: &str, max: Option<f64>, rows: &[Interval]) -> Drawing {
    let texts = fit_all(rows.iter().map(|r| r.text.as_str()), 250.0, true);
    let name = |r: &Interval| {
        let wrapped = |em: f64| Block { lines: lines(&r.label, em, NAMES, true), em };
        [20.0, SMALL_EM].map(wrapped).into_iter().find(|b| b.lines.len() <= 3).unwrap_or_else(|| wrapped(SMALL_EM))
    };
    let names: Vec<Block> = rows.iter().map(name).collect();
    let step = tick_step(max, rows);
    let axis = Axis { left: MARGIN + NAMES + 18.0, right: END, max: axis_max(max, rows, step) };
    let (mut y, mut middles) = (MARGIN, Vec::new());
    for (block, text) in names.iter().zip(&texts) {
        // the middle of the name is the middle of the bar; the value has its line above
        let above = (text.height() + GAP + TRACK).max(block.height() / 2.0);
        middles.push(y + above);
        y += above + TRACK.max(block.height() / 2.0) + GAP + 4.0;
    }
    for y in &middles {
        p.rect(Rect { x0: axis.left, y0: y - TRACK, x1: axis.right, y1: y + TRACK }, BAND);
    }
    ticks(&mut p, &axis, step, unit, (&middles, y));
    for ((row, middle), (block, text)) in rows.iter().zip(&middles).zip(names.iter().zip(&texts)) {
        interval(&mut p, &axis, row, *middle);
        let letters = Letters { bold: row.emphasis, ..PLAIN };
        p.block(block, (MARGIN, *middle), Anchor::Start, letters);
        p.block(text, (NARROW_RIGHT, middle - TRACK - GAP - text.height() / 2.0), Anchor::End, Letters { bold: true, ..letters });
    }
    p.finish(title, y + 36.0)
}

/// Intervals on light tracks from 0 to `max` (default: a round number above all bounds), each under its name.
/// Equal bounds show as a diamond, unknown ones as a hatched track.
pub fn intervals(title: &str, unit: &str, max: Option<f64>, rows: &[Interval]) -> Drawing {
    let mut p = Picture::narrow();
    if rows.is_empty() {
        return says(p, title, "該当するデータはありません");
    }
    if rows.len() <= FEW_ROWS && rows.iter().all(|r| !r.beneath) {
        return beside(p, title, unit, max, rows);
    }
    // Measured in bold, because rows with emphasis are.
    let texts = fit_all(rows.iter().map(|r| r.text.as_str()), 250.0, true);
    let heads: Vec<(Block, bool)> = rows.iter().zip(&texts).map(|(r, t)| head(&r.label, t)).collect();
    let step = tick_step(max, rows);
    let axis = Axis { left: LEFT, right: END, max: axis_max(max, rows, step) };
    let mut middles = Vec::new();
    let mut y = MARGIN;
    let mut tops = Vec::new();
    for (row, ((block, beside), text)) in rows.iter().zip(heads.iter().zip(&texts)) {
        let height = match beside {
            _ if row.beneath => -GAP,
            true => block.height().max(text.height()) + GAP,
            false => block.height() + text.height() + 12.0,
        };
        tops.push(y);
        y += height + TRACK;
        middles.push(y);
        y += TRACK + GAP;
    }
    let bottom = y + 4.0 - GAP;
    for y in &middles {
        p.rect(Rect { x0: axis.left, y0: y - TRACK, x1: axis.right, y1: y + TRACK }, BAND);
    }
    ticks(&mut p, &axis, step, unit, (&middles, bottom));
    for (i, row) in rows.iter().enumerate() {
        interval(&mut p, &axis, row, middles[i]);
        if row.beneath {
            continue;
        }
        let letters = Letters { bold: row.emphasis, ..PLAIN };
        let ((block, beside), text, top) = (&heads[i], &texts[i], tops[i]);
        p.block(block, (MARGIN, top + block.height() / 2.0), Anchor::Start, letters);
        let below = middles[i] - TRACK - 6.0 - text.height() / 2.0;
        let y = if *beside { top + block.height().max(text.height()) / 2.0 } else { below };
        p.block(text, (NARROW_RIGHT, y), Anchor::End, Letters { bold: true, ..letters });
    }
    p.finish(title, bottom + 36.0)
}

/// The name beside its value, or on lines of its own above it; the flag tells which.
fn head(label: &str, text: &Block) -> (Block, bool) {
    let room = NARROW_RIGHT - MARGIN;
    let beside = room - text.width(true) - 16.0;
    for em in [EM, 20.0, SMALL_EM] {
        if width(label, em, true) <= beside {
            return (Block { lines: vec![super::text::clean(label)], em }, true);
        }
    }
    for em in [20.0, SMALL_EM] {
        let wrapped = lines(label, em, beside, true);
        if wrapped.len() <= 2 {
            return (Block { lines: wrapped, em }, true);
        }
    }
    let mut wrapped = lines(label, SMALL_EM, room, true);
    if wrapped.len() > 3 {
        wrapped = fit_all(std::iter::once(label), room, true).into_iter().flat_map(|b| b.lines).collect();
    }
    (Block { lines: wrapped, em: SMALL_EM }, false)
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
    let colour = match (row.role, row.emphasis) {
        (Role::Need, _) => MARK,
        (Role::Supply, true) => DARKEST,
        (Role::Supply, false) => DARK,
    };
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
    let open = row.role == Role::Need;
    if x1 - x0 < 3.0 {
        let x = (x0 + x1) / 2.0;
        let diamond = |r: f64| [(x, y - r - 2.0), (x + r, y), (x, y + r + 2.0), (x - r, y)];
        p.polygon(&diamond(10.0), colour);
        if open {
            p.polygon(&diamond(5.0), PAPER);
        }
        return;
    }
    let bar = Rect { x0, y0: y - 8.0, x1, y1: y + 8.0 };
    p.rect(bar, colour);
    if open {
        p.rect(Rect { x0: x0 + 3.0, y0: y - 5.0, x1: (x1 - 3.0).max(x0 + 3.0), y1: y + 5.0 }, PAPER);
    }
    end_tick(p, x0, y, colour);
    end_tick(p, x1, y, colour);
}

fn end_tick(p: &mut Picture, x: f64, y: f64, colour: RGBColor) {
    p.line((x, y - 13.0), (x, y + 13.0), colour, 4);
}

/// Grid lines on the tracks and numbers below; the unit stands at the last one.
fn ticks(p: &mut Picture, axis: &Axis, step: f64, unit: &str, (middles, bottom): (&[f64], f64)) {
    let last = (axis.max / step + 1e-9).floor() as usize;
    for k in 0..=last {
        let value = step * k as f64;
        let x = axis.x(value);
        for y in middles {
            p.line((x, y - TRACK), (x, y + TRACK), if k == 0 { MUTED } else { LINE }, if k == 0 { 2 } else { 1 });
        }
        let text = if k == last { format!("{}{unit}", number(value)) } else { number(value) };
        let half = width(&text, NOTE.em, false) / 2.0;
        // the last number carries the unit: the one before it gives way where the axis is short
        let unit_from = NARROW_RIGHT - width(&format!("{}{unit}", number(step * last as f64)), NOTE.em, false);
        if k + 1 == last && x + half > unit_from - 6.0 {
            continue;
        }
        p.text(&text, (x.min(NARROW_RIGHT - half).max(MARGIN + half), bottom + 20.0), Anchor::Middle, Letters { colour: INK, ..NOTE });
    }
}

fn largest(rows: &[Interval]) -> f64 {
    rows.iter().flat_map(|r| [r.low, r.high]).filter(|v| v.is_finite()).fold(0.0, f64::max)
}

/// 1, 2 or 5 times a power of ten, giving three to four steps, because the numbers need room.
fn tick_step(max: Option<f64>, rows: &[Interval]) -> f64 {
    let top = valid(max).unwrap_or_else(|| largest(rows));
    if top <= 0.0 {
        return 1.0;
    }
    let rough = top / 3.0;
    let power = maths::pow(10.0, maths::log10(rough).floor());
    // what is counted in ones has no half a mark
    let steps = if power < 10.0 { [1.0, 2.0, 5.0, 5.0, 10.0] } else { [1.0, 2.0, 2.5, 5.0, 10.0] };
    let step = steps.map(|m| m * power).into_iter().find(|s| *s >= rough * 0.999);
    step.unwrap_or(rough).max(0.1)
}

fn axis_max(max: Option<f64>, rows: &[Interval], step: f64) -> f64 {
    valid(max).unwrap_or_else(|| ((largest(rows) / step - 1e-9).ceil() * step).max(step))
}

fn valid(max: Option<f64>) -> Option<f64> {
    max.filter(|m| m.is_finite() && *m > 0.0)
}
