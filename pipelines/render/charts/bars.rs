//! Horizontal bars with the value at the end of each bar.

use super::Drawing;
use super::frame::{Anchor, MARGIN, NARROW_RIGHT, NOTE, PLAIN, Picture, Rect, nothing};
use super::palette::{DARK, INK};
use super::text::{Block, EM, fit_all, number};

/// One bar.
pub struct Bar {
    /// Row name; long names are wrapped to two lines.
    pub label: String,
    /// Length of the bar in the unit of the chart; not finite = unknown.
    pub value: f64,
    /// Printed after the value, e.g. 「施設」; alone if the value is unknown, e.g. 「秘匿」.
    pub note: String,
}

/// Widest label column in px.
pub(super) const LABEL_MAX: f64 = 200.0;
/// Half the thickness of a bar in px.
pub(super) const HALF: f64 = 13.0;
/// Space between a label and the axis, and between a bar and its value, in px.
pub(super) const GAP: f64 = 12.0;

/// Horizontal bars from a common zero line. `unit` is printed once above the bars.
pub fn bars(title: &str, unit: &str, bars: &[Bar]) -> Drawing {
    if bars.is_empty() {
        return nothing(title);
    }
    let mut p = Picture::narrow();
    let labels = fit_all(bars.iter().map(|b| b.label.as_str()), LABEL_MAX, false);
    let axis = label_column(&labels, false);
    // Once is enough when the notes already name the unit.
    let named = bars.iter().any(|b| b.note.starts_with(unit));
    let top = if named { MARGIN } else { unit_line(&mut p, unit) };
    let texts = value_texts(bars, (NARROW_RIGHT - axis) * 0.6);
    let rows = Rows::new(top, &[&labels, &texts]);
    let scale = px_per_unit(bars, &texts, NARROW_RIGHT - axis);

    for (((bar, label), text), &y) in bars.iter().zip(&labels).zip(&texts).zip(&rows.middles) {
        p.block(label, (axis - GAP, y), Anchor::End, PLAIN);
        let end = axis + length(bar.value) * scale;
        if end > axis {
            // A positive value must stay visible beside a large one.
            let end = end.max(axis + 2.0);
            p.rect(Rect { x0: axis, y0: y - HALF, x1: end, y1: y + HALF }, DARK);
        }
        p.block(text, (end + GAP, y), Anchor::Start, PLAIN);
    }
    p.line((axis, top), (axis, rows.bottom), INK, 2);
    p.finish(title, rows.bottom + MARGIN)
}

/// Empty space between rows in px: less when there are many.
pub(super) fn air(rows: usize) -> f64 {
    if rows > 12 { 14.0 } else { 22.0 }
}

/// x of the zero line, right of the labels.
pub(super) fn label_column(labels: &[Block], bold: bool) -> f64 {
    let widest = labels.iter().map(|l| l.width(bold)).fold(60.0, f64::max);
    MARGIN + widest + GAP
}

/// 「単位：…」 at the top right; returns the y where rows begin.
fn unit_line(p: &mut Picture, unit: &str) -> f64 {
    let text = format!("単位：{unit}");
    p.text(&text, (NARROW_RIGHT, MARGIN + 14.0), Anchor::End, NOTE);
    MARGIN + 34.0
}

/// Where rows stand.
pub(super) struct Rows {
    /// Middle of each row, y in px.
    pub middles: Vec<f64>,
    /// Lower end of the last row, y in px.
    pub bottom: f64,
}

impl Rows {
    /// Rows from `top` downwards, each as tall as its texts need, closer when there are many.
    pub(super) fn new(top: f64, columns: &[&[Block]]) -> Rows {
        let count = columns.iter().map(|c| c.len()).max().unwrap_or(0);
        let (air, mut bottom) = (air(count), top);
        let mut middles = vec![];
        for i in 0..count {
            let tallest = columns.iter().filter_map(|c| c.get(i)).map(Block::height).fold(EM, f64::max);
            middles.push(bottom + (tallest + air) / 2.0);
            bottom += tallest + air;
        }
        Rows { middles, bottom }
    }
}

fn value_texts(bars: &[Bar], max_width: f64) -> Vec<Block> {
    let text = |b: &Bar| match (b.value.is_finite(), b.note.is_empty()) {
        (false, false) => b.note.clone(),
        _ => format!("{}{}", number(b.value), b.note),
    };
    let texts: Vec<String> = bars.iter().map(text).collect();
    fit_all(texts.iter().map(String::as_str), max_width, false)
}

fn length(value: f64) -> f64 {
    if value.is_finite() { value.max(0.0) } else { 0.0 }
}

/// The largest scale at which every bar and the text after it stay inside the plot.
fn px_per_unit(bars: &[Bar], texts: &[Block], plot: f64) -> f64 {
    let scale = bars
        .iter()
        .zip(texts)
        .filter(|(b, _)| length(b.value) > 0.0)
        .map(|(b, t)| (plot - GAP - t.width(false)).max(1.0) / length(b.value))
        .fold(f64::INFINITY, f64::min);
    if scale.is_finite() { scale } else { 0.0 }
}
