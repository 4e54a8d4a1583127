//! Horizontal stacked counts.

use super::Drawing;
use super::bars::{GAP, HALF, LABEL_MAX, air, label_column};
use super::frame::{Anchor, Letters, MARGIN, NARROW_RIGHT, PLAIN, Picture, Rect, nothing};
use super::palette::{Fill, INK, PAPER, class_fills};
use super::text::{Block, EM, SMALL_EM, fit_all, lines, number, width};

/// One row of a stacked chart.
pub struct StackedRow {
    /// Row name; long names are wrapped to two lines.
    pub label: String,
    /// Counts in the order of the series; missing ones count as 0.
    pub parts: Vec<f64>,
}

/// Between a bar and the numbers beneath it in px.
const BENEATH: f64 = 6.0;

/// Horizontal stacked counts on one common scale, at most 6 series, legend on top, sums at the end.
/// Where a part of a row is too narrow for its number, all numbers of the row stand beneath it in the order of the legend.
/// `unit` is printed after the sums.
pub fn stacked(title: &str, unit: &str, series: &[&str], rows: &[StackedRow]) -> Drawing {
    if rows.is_empty() || series.is_empty() {
        return nothing(title);
    }
    let mut p = Picture::narrow();
    let fills = class_fills(series);
    let top = p.legend(series, &fills, MARGIN, MARGIN, NARROW_RIGHT) + 10.0;
    let labels = fit_all(rows.iter().map(|r| r.label.as_str()), LABEL_MAX, false);
    let axis = label_column(&labels, false);
    let sums: Vec<f64> = rows.iter().map(|r| counts(r, series.len()).sum()).collect();
    let texts: Vec<String> = sums.iter().map(|s| format!("計{}{unit}", number(*s))).collect();
    let texts = fit_all(texts.iter().map(String::as_str), (NARROW_RIGHT - axis) * 0.5, false);
    let scale = px_per_unit(&sums, &texts, NARROW_RIGHT - axis);

    let (air, mut bottom) = (air(rows.len()), top);
    for ((row, label), text) in rows.iter().zip(&labels).zip(&texts) {
        let beneath = beneath(&counts(row, series.len()).collect::<Vec<_>>(), scale, NARROW_RIGHT - axis);
        let half = label.height().max(text.height()).max(EM) / 2.0;
        let y = bottom + air / 2.0 + half;
        p.block(label, (axis - GAP, y), Anchor::End, PLAIN);
        let end = segments(&mut p, counts(row, series.len()).zip(fills.iter().copied()), (axis, y), scale);
        p.block(text, (end + GAP, y), Anchor::Start, PLAIN);
        bottom = y + half + air / 2.0;
        if let Some(numbers) = beneath {
            let upper = y + half.max(HALF + 1.0) + BENEATH;
            p.block(&numbers, (axis + BENEATH, upper + numbers.height() / 2.0), Anchor::Start, PLAIN);
            bottom = upper + numbers.height() + air / 2.0;
        }
    }
    p.line((axis, top), (axis, bottom), INK, 2);
    p.finish(title, bottom + MARGIN)
}

/// The numbers of a row's parts, where one of them does not fit into its part.
fn beneath(counts: &[f64], scale: f64, plot: f64) -> Option<Block> {
    if counts.iter().all(|c| *c <= 0.0 || fitting(&number(*c), c * scale).is_some()) {
        return None;
    }
    let numbers: Vec<String> = counts.iter().map(|c| number(*c)).collect();
    Some(Block { lines: lines(&format!("順に {}", numbers.join("・")), SMALL_EM, plot - BENEATH, false), em: SMALL_EM })
}

/// The size at which a number fits into a part of this width.
fn fitting(text: &str, room: f64) -> Option<f64> {
    [EM, 20.0, SMALL_EM].into_iter().find(|em| width(text, *em, false) <= room - 6.0)
}

/// The parts of one row side by side from `(x, y)`; returns the x of their end.
fn segments(p: &mut Picture, parts: impl Iterator<Item = (f64, Fill)>, (mut x, y): (f64, f64), scale: f64) -> f64 {
    let mut before: Option<Fill> = None;
    for (count, fill) in parts.filter(|(count, _)| *count > 0.0) {
        let next = x + count * scale;
        segment(p, Rect { x0: x, y0: y - HALF - 1.0, x1: next, y1: y + HALF + 1.0 }, fill, count);
        // A white edge keeps dark neighbours apart even where two shades print alike.
        if before.is_some_and(|b| !b.needs_outline()) && !fill.needs_outline() {
            p.line((x, y - HALF - 1.0), (x, y + HALF + 1.0), PAPER, 2);
        }
        (before, x) = (Some(fill), next);
    }
    x
}

/// The counts of a row, exactly `n` of them, never negative or NaN.
fn counts(row: &StackedRow, n: usize) -> impl Iterator<Item = f64> {
    let given = row.parts.iter().map(|v| if v.is_finite() { v.max(0.0) } else { 0.0 });
    given.chain(std::iter::repeat(0.0)).take(n)
}

fn segment(p: &mut Picture, r: Rect, fill: Fill, count: f64) {
    p.class_rect(r, fill);
    let text = number(count);
    let Some(em) = fitting(&text, r.x1 - r.x0) else { return };
    let letters = Letters { em, bold: false, colour: fill.text_colour() };
    let mid = ((r.x0 + r.x1) / 2.0, (r.y0 + r.y1) / 2.0);
    if !matches!(fill, Fill::Solid(_)) {
        let (w, h) = (width(&text, letters.em, false) / 2.0 + 4.0, letters.em * 0.55);
        p.rect(Rect { x0: mid.0 - w, y0: mid.1 - h, x1: mid.0 + w, y1: mid.1 + h }, PAPER);
    }
    p.text(&text, mid, Anchor::Middle, letters);
}

/// The largest scale at which every row and the sum after it stay inside the plot.
fn px_per_unit(sums: &[f64], texts: &[Block], plot: f64) -> f64 {
    let scale =
        sums.iter().zip(texts).filter(|(s, _)| **s > 0.0).map(|(s, t)| (plot - GAP - t.width(false)).max(1.0) / s).fold(f64::INFINITY, f64::min);
    if scale.is_finite() { scale } else { 0.0 }
}
