//! Geometry of the circle cartogram: from longitude, latitude and size to circles that do not overlap.

use super::frame::Rect;
use crate::ground::maths;

/// A circle on the canvas, in px.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spot {
    pub x: f64,
    pub y: f64,
    pub r: f64,
    /// Free rim around the circle, e.g. for a ring.
    pub rim: f64,
}

impl Spot {
    /// Whether the circle and a rectangle share area.
    pub(super) fn touches(&self, b: &Rect) -> bool {
        let dx = self.x - self.x.clamp(b.x0, b.x1);
        let dy = self.y - self.y.clamp(b.y0, b.y1);
        maths::hypot(dx, dy) < self.r + self.rim
    }
}

/// Circles inside a box of `max_w` × `max_h` px with the top left corner at the origin.
pub(super) struct Layout {
    pub spots: Vec<Spot>,
    /// Height used, in px.
    pub height: f64,
    /// px per square root of size.
    pub radius_scale: f64,
    /// Whether far points were pulled towards the rest.
    pub pulled: bool,
}

/// Share of the map box that is covered by circles.
const COVER: f64 = 0.34;
/// Largest radius as a share of the shorter side of the map box.
const LARGEST: f64 = 0.145;

/// A point to place.
#[derive(Clone, Copy)]
pub(super) struct Point {
    /// Degrees east.
    pub lon: f64,
    /// Degrees north.
    pub lat: f64,
    /// Area of the circle, ≥ 0.
    pub size: f64,
    /// Free rim around the circle in px.
    pub rim: f64,
}

/// Places one circle per point in a box of `max_w` × `max_h` px.
pub(super) fn layout(points: &[Point], max_w: f64, max_h: f64) -> Layout {
    let sizes: Vec<f64> = points.iter().map(|p| p.size).collect();
    let (home, pulled) = pull_islands_in(&project(points), &sizes);
    let (w, h) = span(home.iter().map(|&(x, y)| Spot { x, y, r: 0.0, rim: 0.0 }));
    let many = home.len() > 60;
    let least_radius: f64 = if many { 9.0 } else { 12.0 };
    // Few circles leave room for names between them.
    let padding = if many { 3.0 } else { 12.0 };
    let mut px = (max_w * 0.86 / w.max(1e-9)).min(max_h * 0.86 / h.max(1e-9));
    let mut result = (vec![], 0.0);
    // Pushing circles apart makes the map grow, so shrink the ground under them and try again.
    for _ in 0..5 {
        let radius_scale = radius_scale(&sizes, w * px, h * px, max_w.min(max_h));
        let start: Vec<Spot> = home
            .iter()
            .zip(points)
            .map(|(&(x, y), p)| {
                let r = (radius_scale * p.size.sqrt()).max(least_radius);
                Spot { x: x * px, y: y * px, r, rim: p.rim }
            })
            .collect();
        let spots = push_apart(&start, padding);
        let (sw, sh) = span(spots.iter().copied());
        result = (spots, radius_scale);
        let excess = (sw / max_w).max(sh / max_h);
        if excess <= 1.0 {
            break;
        }
        px /= excess.min(1.6) * 1.02;
    }
    let mut out = fit_into(result.0, result.1, max_w, max_h);
    out.pulled = pulled;
    out
}

/// Equirectangular at the middle latitude, y downwards; units are degrees of latitude.
fn project(points: &[Point]) -> Vec<(f64, f64)> {
    let mean = points.iter().map(|p| p.lat).sum::<f64>() / points.len().max(1) as f64;
    let shrink = maths::cos(mean.to_radians());
    points.iter().map(|p| (p.lon * shrink, -p.lat)).collect()
}

/// Shortens long empty stretches on either axis, so that islands far away keep their direction but
/// do not squash the rest. The flag tells whether that moved anything far.
fn pull_islands_in(points: &[(f64, f64)], sizes: &[f64]) -> (Vec<(f64, f64)>, bool) {
    let xs: Vec<f64> = points.iter().map(|p| p.0).collect();
    let ys: Vec<f64> = points.iter().map(|p| p.1).collect();
    let core = core_span(&xs, sizes).max(core_span(&ys, sizes));
    // Fewer points have wider natural gaps.
    let share = (4.0 / points.len().max(1) as f64).clamp(0.1, 0.25);
    let longest = if core > 0.0 { core * share } else { f64::INFINITY };
    let far = |v: &[f64]| order(v).windows(2).any(|p| v[p[1]] - v[p[0]] > 2.0 * longest);
    let pulled = far(&xs) || far(&ys);
    let (xs, ys) = (shorten_gaps(&xs, longest), shorten_gaps(&ys, longest));
    (xs.into_iter().zip(ys).collect(), pulled)
}

/// Indices in order of their values; ties by index, so the order never varies.
fn order(values: &[f64]) -> Vec<usize> {
    let mut idx: Vec<usize> = (0..values.len()).collect();
    idx.sort_by(|&a, &b| values[a].total_cmp(&values[b]).then(a.cmp(&b)));
    idx
}

/// Span of the middle 80 % of all people along one axis (of all points if nobody lives there).
fn core_span(values: &[f64], sizes: &[f64]) -> f64 {
    let idx = order(values);
    let total: f64 = sizes.iter().sum();
    let at = |share: f64| {
        let mut sum = 0.0;
        let found = idx.iter().find(|&&i| {
            sum += if total > 0.0 { sizes[i] / total } else { 1.0 / sizes.len() as f64 };
            sum >= share
        });
        found.or(idx.last()).map_or(0.0, |&i| values[i])
    };
    at(0.9) - at(0.1)
}

fn shorten_gaps(values: &[f64], longest: f64) -> Vec<f64> {
    let mut out = vec![0.0; values.len()];
    let mut position = 0.0;
    for pair in order(values).windows(2) {
        position += (values[pair[1]] - values[pair[0]]).min(longest);
        out[pair[1]] = position;
    }
    out
}

/// px per square root of size: circles cover a fixed share of the map, the largest one not too much.
fn radius_scale(sizes: &[f64], w: f64, h: f64, side: f64) -> f64 {
    let total: f64 = sizes.iter().sum();
    let largest = sizes.iter().copied().fold(0.0, f64::max);
    if total <= 0.0 {
        return 0.0;
    }
    // A chain of points has hardly any box, a single point none.
    let area = (w * h).max(w.max(h).powi(2) / 3.0).max((side / 4.0).powi(2));
    let by_cover = (COVER * area / (std::f64::consts::PI * total)).sqrt();
    by_cover.min(LARGEST * side / largest.sqrt())
}

/// Width and height of all circles together.
fn span(spots: impl Iterator<Item = Spot>) -> (f64, f64) {
    let b = bounds(spots);
    ((b.x1 - b.x0).max(0.0), (b.y1 - b.y0).max(0.0))
}

fn bounds(spots: impl Iterator<Item = Spot>) -> Rect {
    let none = Rect { x0: f64::INFINITY, y0: f64::INFINITY, x1: f64::NEG_INFINITY, y1: f64::NEG_INFINITY };
    spots.fold(none, |b, s| Rect {
        x0: b.x0.min(s.x - s.r - s.rim),
        y0: b.y0.min(s.y - s.r - s.rim),
        x1: b.x1.max(s.x + s.r + s.rim),
        y1: b.y1.max(s.y + s.r + s.rim),
    })
}

/// Moves overlapping circles apart, heavy ones less, and pulls all gently back home.
/// Fixed order and fixed number of rounds: the same input gives the same picture.
fn push_apart(start: &[Spot], padding: f64) -> Vec<Spot> {
    const ROUNDS: usize = 360;
    const GROWTH: usize = 200; // circles grow slowly, so that neighbours stay neighbours
    const CALM: usize = 100; // rounds at the end without pull, so that no overlap is left
    let mut spots = start.to_vec();
    for round in 0..ROUNDS {
        let grown = (round as f64 / GROWTH as f64).min(1.0);
        let mut moved = false;
        for i in 0..spots.len() {
            for j in i + 1..spots.len() {
                moved |= separate(&mut spots, i, j, padding, grown);
            }
        }
        if round + CALM < ROUNDS {
            for (s, home) in spots.iter_mut().zip(start) {
                s.x += (home.x - s.x) * 0.04;
                s.y += (home.y - s.y) * 0.04;
            }
        } else if !moved {
            break;
        }
    }
    spots
}

fn separate(spots: &mut [Spot], i: usize, j: usize, padding: f64, grown: f64) -> bool {
    let (a, b) = (spots[i], spots[j]);
    let (mut dx, mut dy) = (b.x - a.x, b.y - a.y);
    let need = (a.r + a.rim + b.r + b.rim + padding) * grown;
    if dx.abs() > need || dy.abs() > need {
        return false;
    }
    let mut distance = maths::hypot(dx, dy);
    let overlap = need - distance;
    if overlap <= 0.05 {
        return false;
    }
    if distance < 1e-6 {
        // Same place: part in a direction that depends on the indices only.
        let angle = (i * 7 + j) as f64;
        (dx, dy, distance) = (maths::cos(angle), maths::sin(angle), 1.0);
    }
    let (ux, uy) = (dx / distance, dy / distance);
    let share = b.r * b.r / (a.r * a.r + b.r * b.r);
    spots[i].x -= ux * overlap * share;
    spots[i].y -= uy * overlap * share;
    spots[j].x += ux * overlap * (1.0 - share);
    spots[j].y += uy * overlap * (1.0 - share);
    true
}

/// Moves (and, if nothing else helped, shrinks) everything into the box, centred from side to side.
fn fit_into(spots: Vec<Spot>, radius_scale: f64, max_w: f64, max_h: f64) -> Layout {
    let b = bounds(spots.iter().copied());
    let (w, h) = span(spots.iter().copied());
    let k = (max_w / w.max(1e-9)).min(max_h / h.max(1e-9)).min(1.0);
    let left = (max_w - w * k) / 2.0;
    let spots = spots.iter().map(|s| Spot { x: left + (s.x - b.x0) * k, y: (s.y - b.y0) * k, r: s.r * k, rim: s.rim * k }).collect();
    Layout { spots, height: h * k, radius_scale: radius_scale * k, pulled: false }
}

/// One municipality.
pub struct Tile {
    /// Name.
    pub label: String,
    /// Longitude of its label point, degrees east.
    pub lon: f64,
    /// Latitude of its label point, degrees north.
    pub lat: f64,
    /// Population; the area of the circle.
    pub size: f64,
    /// Class, an index into the legend (0 = darkest).
    pub level: u8,
    /// Short value shown with the name, may be empty.
    pub text: String,
    /// Drawn with a ring, named first.
    pub emphasis: bool,
    /// Stands for the name where there is no room for it, and beside the name in the list.
    pub number: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn circles_do_not_overlap_and_far_islands_stay_inside() {
        let places = [(139.7, 35.7, 900e3), (139.7, 35.7, 700e3), (139.75, 35.68, 60e3), (139.4, 35.66, 560e3), (142.19, 27.09, 2.5e3)];
        let points = places.map(|(lon, lat, size)| Point { lon, lat, size, rim: 0.0 });
        let l = layout(&points, 980.0, 800.0);
        assert!(l.pulled);
        for (i, a) in l.spots.iter().enumerate() {
            assert!(a.x - a.r > -0.1 && a.x + a.r < 980.1 && a.y + a.r < 800.1);
            for b in &l.spots[i + 1..] {
                assert!(maths::hypot(a.x - b.x, a.y - b.y) > a.r + b.r - 0.5);
            }
        }
        assert!(l.spots[4].y > l.spots[0].y && l.spots[4].x > l.spots[0].x);
    }
}
