//! Funnel plot: how far a share may stray from the prefecture's by chance alone, given the number of facilities.

use super::Drawing;
use super::frame::{Anchor, Letters, MARGIN, NARROW_RIGHT, NOTE, Picture, Rect, says};
use super::palette::{BAND, DARK, DARKEST, INK, MUTED, PAPER};
use super::text::{number, width};
use crate::ground::maths;

/// One area.
pub struct FunnelPoint {
    /// Name; empty = drawn without one.
    pub label: String,
    /// Facilities that the share is taken of.
    pub n: f64,
    /// Lower and upper bound of the share, in percent; the mark runs from one to the other.
    pub low: f64,
    pub high: f64,
    /// The area that the page is about.
    pub emphasis: bool,
}

/// Shares that chance alone rarely leaves, for a number of facilities; in percent.
#[derive(Clone, Copy, Debug)]
pub struct FunnelLimit {
    pub n: f64,
    pub low95: f64,
    pub high95: f64,
    pub low998: f64,
    pub high998: f64,
}

/// The points and the limits around the share of the prefecture.
pub struct Funnel {
    /// Name of the centre line, e.g. 「鳥取県 71.2%」.
    pub centre_label: String,
    /// Share of the prefecture in percent.
    pub centre: f64,
    /// By number of facilities, ascending; one alone is drawn as level lines, because only that number is spoken of.
    pub limits: Vec<FunnelLimit>,
    pub points: Vec<FunnelPoint>,
    /// What is counted along the x axis, e.g. 「報告の対象の医療機関（施設）」.
    pub x_label: String,
}

const LEFT: f64 = 76.0;
const RIGHT: f64 = NARROW_RIGHT - 10.0;
const TOP: f64 = MARGIN + 44.0;
const BOTTOM: f64 = TOP + 330.0;

/// Number of facilities across (logarithmic), share upwards from 0 to 100 %.
pub fn funnel(title: &str, data: &Funnel) -> Drawing {
    let mut p = Picture::narrow();
    let ns: Vec<f64> = data.limits.iter().map(|l| l.n).filter(|n| *n >= 1.0).collect();
    let drawable = data.points.iter().any(|q| q.n >= 1.0 && q.low.is_finite() && q.high.is_finite());
    let (Some(&first), Some(&last)) = (ns.first(), ns.last()) else { return says(p, title, "比べるための限界がありません") };
    if !drawable {
        return says(p, title, "割合を計算できる医療機関がありません");
    }
    let x = |n: f64| {
        let share = if last > first { (maths::ln(n.max(first) / first) / maths::ln(last / first)).clamp(0.0, 1.0) } else { 0.5 };
        // marks stand clear of the axes
        LEFT + 18.0 + (RIGHT - LEFT - 36.0) * share
    };
    let y = |share: f64| BOTTOM - (BOTTOM - TOP) * (share / 100.0).clamp(0.0, 1.0);
    limits(&mut p, data, &x, &y);
    axes(&mut p, data, (first, last), &x, &y);
    let c = y(data.centre);
    p.line((LEFT, c), (RIGHT, c), INK, 2);
    key(&mut p, data);

    let mut taken = vec![Rect { x0: LEFT, y0: c - 2.0, x1: RIGHT, y1: c + 2.0 }];
    let at: Vec<_> =
        data.points.iter().filter(|q| q.n >= 1.0 && q.low.is_finite() && q.high.is_finite()).map(|q| (q, x(q.n), y(q.low), y(q.high))).collect();
    for (q, x, low, high) in &at {
        mark(&mut p, q, (*x, *low, *high));
        taken.push(Rect { x0: x - 7.0, y0: high - 7.0, x1: x + 7.0, y1: low + 7.0 });
    }
    // who is outside the limits is named first, then by number of facilities
    let outside = |q: &FunnelPoint| data.limits.iter().rev().find(|l| l.n <= q.n).is_some_and(|l| q.high < l.low95 || q.low > l.high95);
    let mut turn: Vec<usize> = (0..at.len()).filter(|i| !at[*i].0.label.is_empty()).collect();
    turn.sort_by(|&a, &b| {
        let key = |i: usize| (at[i].0.emphasis, outside(at[i].0));
        key(b).cmp(&key(a)).then(at[b].0.n.total_cmp(&at[a].0.n)).then(a.cmp(&b))
    });
    let mut unnamed = 0;
    for i in turn {
        let (q, x, low, high) = at[i];
        unnamed += usize::from(!name(&mut p, q, (x, low, high), &mut taken));
    }
    if unnamed > 0 {
        p.text(&format!("名称を省いた点{unnamed}（表にあります）"), (MARGIN, BOTTOM + 74.0), Anchor::Start, NOTE);
    }
    p.finish(title, BOTTOM + if unnamed > 0 { 92.0 } else { 64.0 })
}

/// The inner limit as a band with solid edges, the outer one as dashed lines.
fn limits(p: &mut Picture, data: &Funnel, x: &impl Fn(f64) -> f64, y: &impl Fn(f64) -> f64) {
    // one number of facilities has level limits
    let level = data.limits.len() == 1;
    let edge = |of: fn(&FunnelLimit) -> f64| -> Vec<(f64, f64)> {
        match data.limits.as_slice() {
            [one] if level => vec![(LEFT, y(of(one))), (RIGHT, y(of(one)))],
            all => all.iter().map(|l| (x(l.n), y(of(l)))).collect(),
        }
    };
    let band: Vec<(f64, f64)> = edge(|l| l.high95).into_iter().chain(edge(|l| l.low95).into_iter().rev()).collect();
    p.polygon(&band, BAND);
    for of in [|l: &FunnelLimit| l.high95, |l: &FunnelLimit| l.low95] {
        edge(of).windows(2).for_each(|w| p.line(w[0], w[1], MUTED, 2));
    }
    for of in [|l: &FunnelLimit| l.high998, |l: &FunnelLimit| l.low998] {
        dashed(p, &edge(of));
    }
}

fn dashed(p: &mut Picture, points: &[(f64, f64)]) {
    let mut along = 0.0;
    for w in points.windows(2) {
        let length = maths::hypot(w[1].0 - w[0].0, w[1].1 - w[0].1);
        let mut d = 0.0;
        while d < length {
            let phase = (along + d) % 13.0;
            let run = if phase < 7.0 { 7.0 - phase } else { 13.0 - phase };
            let end = (d + run).min(length);
            if phase < 7.0 {
                let at = |t: f64| (w[0].0 + (w[1].0 - w[0].0) * t / length, w[0].1 + (w[1].1 - w[0].1) * t / length);
                p.line(at(d), at(end), MUTED, 2);
            }
            d = end.max(d + 0.01);
        }
        along += length;
    }
}

fn axes(p: &mut Picture, data: &Funnel, (first, last): (f64, f64), x: &impl Fn(f64) -> f64, y: &impl Fn(f64) -> f64) {
    for share in [0.0, 25.0, 50.0, 75.0, 100.0] {
        p.line((LEFT - 5.0, y(share)), (LEFT, y(share)), MUTED, 1);
        p.text(&format!("{share:.0}%"), (LEFT - 10.0, y(share)), Anchor::End, NOTE);
    }
    p.line((LEFT, TOP), (LEFT, BOTTOM), MUTED, 1);
    p.line((LEFT, BOTTOM), (RIGHT, BOTTOM), MUTED, 1);
    let round = (0..7).flat_map(|e| [1.0, 2.0, 5.0].map(|m| m * 10f64.powi(e))).filter(|n| (first..=last).contains(n));
    let ticks: Vec<f64> = if last > first { round.collect() } else { vec![first] };
    let mut free = LEFT - 20.0;
    for n in ticks {
        let (text, at) = (number(n), x(n));
        p.line((at, BOTTOM), (at, BOTTOM + 5.0), MUTED, 1);
        let half = width(&text, NOTE.em, false) / 2.0;
        if at - half > free {
            let at = at.min(NARROW_RIGHT - half);
            p.text(&text, (at, BOTTOM + 20.0), Anchor::Middle, NOTE);
            free = at + half + 8.0;
        }
    }
    p.text(&data.x_label, (RIGHT, BOTTOM + 46.0), Anchor::End, NOTE);
}

fn key(p: &mut Picture, data: &Funnel) {
    let y = MARGIN + 14.0;
    let mut x = MARGIN;
    p.line((x, y), (x + 26.0, y), INK, 2);
    p.text(&data.centre_label, (x + 32.0, y), Anchor::Start, NOTE);
    x += 32.0 + width(&data.centre_label, NOTE.em, false) + 16.0;
    p.rect(Rect { x0: x, y0: y - 9.0, x1: x + 26.0, y1: y + 9.0 }, BAND);
    p.line((x, y - 9.0), (x + 26.0, y - 9.0), MUTED, 2);
    p.line((x, y + 9.0), (x + 26.0, y + 9.0), MUTED, 2);
    p.text("95%", (x + 32.0, y), Anchor::Start, NOTE);
    x += 32.0 + width("95%", NOTE.em, false) + 16.0;
    dashed(p, &[(x, y), (x + 33.0, y)]);
    p.text("99.8%", (x + 39.0, y), Anchor::Start, NOTE);
}

/// A bar from the lower to the upper bound; a disc where both are the same.
fn mark(p: &mut Picture, q: &FunnelPoint, (x, low, high): (f64, f64, f64)) {
    let (colour, half) = if q.emphasis { (DARKEST, 6.0) } else { (DARK, 4.0) };
    p.rect(Rect { x0: x - half - 2.0, y0: high - half - 2.0, x1: x + half + 2.0, y1: low + half + 2.0 }, PAPER);
    if low - high < 3.0 {
        p.disc((x, (low + high) / 2.0), half + 1.0, colour);
    } else {
        p.rect(Rect { x0: x - half, y0: high, x1: x + half, y1: low }, colour);
        for end in [high, low] {
            p.line((x - half - 4.0, end), (x + half + 4.0, end), colour, 3);
        }
    }
}

/// Writes the name where there is room; false when there is none.
fn name(p: &mut Picture, q: &FunnelPoint, (x, low, high): (f64, f64, f64), taken: &mut Vec<Rect>) -> bool {
    let letters = Letters { em: if q.emphasis { 20.0 } else { 16.0 }, bold: q.emphasis, colour: INK };
    let (w, h) = (width(&q.label, letters.em, letters.bold), letters.em * 1.1);
    let mid = (low + high) / 2.0;
    let places =
        [(x + 11.0, mid), (x - 11.0 - w, mid), (x - w / 2.0, high - h), (x - w / 2.0, low + h), (x + 11.0, high - 4.0), (x + 11.0, low + 4.0)];
    for (x0, y) in places {
        let boxed = Rect { x0: x0 - 2.0, y0: y - h / 2.0, x1: x0 + w + 2.0, y1: y + h / 2.0 };
        let inside = boxed.x0 >= LEFT && boxed.x1 <= NARROW_RIGHT && boxed.y0 >= TOP - 8.0 && boxed.y1 <= BOTTOM;
        if inside && !taken.iter().any(|t| t.overlaps(&boxed)) {
            p.text(&q.label, (x0, y), Anchor::Start, letters);
            taken.push(boxed);
            return true;
        }
    }
    false
}
