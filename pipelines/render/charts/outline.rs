//! Geometry of boundaries: from degrees to whole px, far islands pulled in, hatching and room for words inside a polygon.

use super::frame::Rect;
use crate::ground::maths;

/// A closed line; the last point need not repeat the first.
pub type Ring = Vec<(f64, f64)>;

/// A region on the canvas, in whole px.
#[derive(Clone, Debug, Default)]
pub(super) struct Outline {
    /// The first ring of each is its outline, the others are holes.
    pub polygons: Vec<Vec<Ring>>,
}

impl Outline {
    pub(super) fn shift(&mut self, dx: f64, dy: f64) {
        for point in self.polygons.iter_mut().flatten().flatten() {
            *point = (point.0 + dx.round(), point.1 + dy.round());
        }
    }

    /// The polygon that a name is written on.
    pub(super) fn largest(&self) -> Option<&Vec<Ring>> {
        let size = |rings: &&Vec<Ring>| rings.first().map_or(0.0, |r| area(r).abs());
        self.polygons.iter().filter(|r| !r.is_empty()).max_by(|a, b| size(a).total_cmp(&size(b)))
    }
}

/// Longest empty stretch that is kept, as a share of the land along the longer axis.
const GAP: f64 = 0.05;
/// All empty stretches of an axis together, as such a share: a chain of islands must not squeeze the land.
const GAPS: f64 = 0.2;

/// Regions in a box of `max_w` × `max_h` px with its top left corner at the origin, centred from side to side; the height that
/// they take, and whether empty stretches were shortened. `None` when there is nothing to draw.
pub(super) fn fit(regions: &[&Vec<Vec<Ring>>], max_w: f64, max_h: f64) -> Option<(Vec<Outline>, f64, bool)> {
    let latitudes = || regions.iter().flat_map(|r| r.iter()).filter_map(|p| p.first()).flatten().map(|p| p.1);
    let (south, north) = (latitudes().fold(f64::INFINITY, f64::min), latitudes().fold(f64::NEG_INFINITY, f64::max));
    if !(south.is_finite() && north.is_finite()) {
        return None;
    }
    // equirectangular, true along the middle latitude
    let shrink = maths::cos(((south + north) / 2.0).to_radians());
    let flat: Vec<Vec<Vec<Ring>>> = regions
        .iter()
        .map(|r| r.iter().map(|p| p.iter().map(|ring| ring.iter().map(|&(lon, lat)| (lon * shrink, -lat)).collect()).collect()).collect())
        .collect();
    let flat = without_specks(flat);
    let boxes: Vec<Rect> = flat.iter().flatten().filter_map(|p| p.first()).map(bounds).collect();
    let xs = Axis::new(boxes.iter().map(|b| (b.x0, b.x1)).collect());
    let ys = Axis::new(boxes.iter().map(|b| (b.y0, b.y1)).collect());
    let gaps = xs.gaps().count().max(ys.gaps().count()).max(1) as f64;
    let longest = GAP.min(GAPS / gaps) * xs.land().max(ys.land());
    let (w, h) = (xs.end(longest), ys.end(longest));
    let scale = (max_w / w.max(1e-9)).min(max_h / h.max(1e-9));
    let left = (max_w - w * scale) / 2.0;
    let place = |&(x, y): &(f64, f64)| ((left + xs.at(x, longest) * scale).round(), (ys.at(y, longest) * scale).round());
    let outlines = flat.iter().map(|region| on_canvas(region, &place)).collect();
    Some((outlines, h * scale, xs.shortened(longest) || ys.shortened(longest)))
}

/// Without islets that nobody would see, unless a region has nothing larger: one rock far out would squeeze the land.
fn without_specks(regions: Vec<Vec<Vec<Ring>>>) -> Vec<Vec<Vec<Ring>>> {
    let size = |p: &Vec<Ring>| p.first().map_or(0.0, |r| area(r).abs());
    let least = regions.iter().flatten().map(size).sum::<f64>() * 1e-5;
    let keep = |region: Vec<Vec<Ring>>| {
        let largest = region.iter().map(size).fold(0.0, f64::max);
        region.into_iter().filter(|p| size(p) >= least.min(largest)).collect()
    };
    regions.into_iter().map(keep).collect()
}

/// Whole px; points on a line and specks are dropped, but the largest part of a region stays visible.
fn on_canvas(region: &[Vec<Ring>], place: &impl Fn(&(f64, f64)) -> (f64, f64)) -> Outline {
    let mut polygons: Vec<Vec<Ring>> = Vec::new();
    for polygon in region {
        let rings: Vec<Ring> = polygon.iter().map(|r| thin(r.iter().map(place).collect())).collect();
        let Some(outer) = rings.first().filter(|r| r.len() >= 3 && area(r).abs() >= 6.0).cloned() else { continue };
        let holes = rings.into_iter().skip(1).filter(|r| r.len() >= 3 && area(r).abs() >= 12.0);
        polygons.push(std::iter::once(outer).chain(holes).collect());
    }
    if polygons.is_empty()
        && let Some(at) = region.iter().filter_map(|p| p.first()?.first()).map(place).next()
    {
        let r = 5.0;
        polygons.push(vec![vec![(at.0 - r, at.1), (at.0, at.1 - r), (at.0 + r, at.1), (at.0, at.1 + r)]]);
    }
    Outline { polygons }
}

/// Without points that repeat the one before or lie on the line between their neighbours.
fn thin(mut ring: Ring) -> Ring {
    ring.dedup();
    if ring.len() > 1 && ring.first() == ring.last() {
        ring.pop();
    }
    let mut out: Ring = Vec::with_capacity(ring.len());
    for point in ring {
        while let [.., a, b] = out.as_slice() {
            let cross = (b.0 - a.0) * (point.1 - a.1) - (b.1 - a.1) * (point.0 - a.0);
            let onward = (b.0 - a.0) * (point.0 - b.0) + (b.1 - a.1) * (point.1 - b.1) >= 0.0;
            if cross == 0.0 && onward {
                out.pop();
            } else {
                break;
            }
        }
        out.push(point);
    }
    out
}

/// One axis of the map: stretches of land, in order, without overlap.
struct Axis {
    land: Vec<(f64, f64)>,
}

impl Axis {
    fn new(mut spans: Vec<(f64, f64)>) -> Self {
        spans.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let mut land: Vec<(f64, f64)> = Vec::new();
        for (from, to) in spans {
            match land.last_mut() {
                Some(last) if from <= last.1 => last.1 = last.1.max(to),
                _ => land.push((from, to)),
            }
        }
        Self { land }
    }

    fn land(&self) -> f64 {
        self.land.iter().map(|(a, b)| b - a).sum()
    }

    fn gaps(&self) -> impl Iterator<Item = (f64, f64)> {
        self.land.windows(2).map(|w| (w[0].1, w[1].0))
    }

    /// Distance from the first land to `v`, with every gap cut to `longest`.
    fn at(&self, v: f64, longest: f64) -> f64 {
        let cut: f64 = self.gaps().take_while(|g| g.1 <= v).map(|g| (g.1 - g.0 - longest).max(0.0)).sum();
        v - self.land.first().map_or(0.0, |l| l.0) - cut
    }

    fn end(&self, longest: f64) -> f64 {
        self.land.last().map_or(0.0, |l| self.at(l.1, longest))
    }

    fn shortened(&self, longest: f64) -> bool {
        self.gaps().any(|g| g.1 - g.0 > longest)
    }
}

pub(super) fn bounds(ring: &Ring) -> Rect {
    let none = Rect { x0: f64::INFINITY, y0: f64::INFINITY, x1: f64::NEG_INFINITY, y1: f64::NEG_INFINITY };
    ring.iter().fold(none, |b, p| Rect { x0: b.x0.min(p.0), y0: b.y0.min(p.1), x1: b.x1.max(p.0), y1: b.y1.max(p.1) })
}

/// Signed area of a ring.
pub(super) fn area(ring: &Ring) -> f64 {
    edges(ring).map(|(a, b)| a.0 * b.1 - b.0 * a.1).sum::<f64>() / 2.0
}

fn edges(ring: &Ring) -> impl Iterator<Item = ((f64, f64), (f64, f64))> {
    ring.iter().zip(ring.iter().cycle().skip(1)).map(|(a, b)| (*a, *b))
}

type Segment = ((f64, f64), (f64, f64));

/// Diagonal lines inside a polygon with holes (even-odd).
pub(super) fn hatch(rings: &[Ring], step: f64, back: bool) -> Vec<Segment> {
    let sign = if back { -1.0 } else { 1.0 };
    // along a line x + sign·y is constant; half a px off, so that no line runs through a corner
    let level = |p: (f64, f64)| p.0 + sign * p.1;
    let levels = || rings.iter().flatten().map(|p| level(*p));
    let (low, high) = (levels().fold(f64::INFINITY, f64::min), levels().fold(f64::NEG_INFINITY, f64::max));
    let mut out = Vec::new();
    let mut c = (low / step).ceil() * step + 0.5;
    while c < high {
        let mut cuts: Vec<(f64, f64)> = rings
            .iter()
            .flat_map(edges)
            .filter(|(a, b)| (level(*a) < c) != (level(*b) < c))
            .map(|(a, b)| {
                let t = (c - level(a)) / (level(b) - level(a));
                (a.0 + (b.0 - a.0) * t, a.1 + (b.1 - a.1) * t)
            })
            .collect();
        cuts.sort_by(|a, b| a.0.total_cmp(&b.0));
        out.extend(cuts.chunks_exact(2).map(|pair| (pair[0], pair[1])).filter(|(a, b)| b.0 - a.0 >= 1.0));
        c += step;
    }
    out
}

/// Points inside a polygon where words may stand, the roomiest first.
pub(super) fn inner_points(rings: &[Ring]) -> Vec<(f64, f64)> {
    const STEPS: i32 = 26;
    let Some(outer) = rings.first() else { return Vec::new() };
    let b = bounds(outer);
    let mut found: Vec<(f64, (f64, f64))> = Vec::new();
    for i in 1..STEPS {
        for k in 1..STEPS {
            let at = (b.x0 + (b.x1 - b.x0) * f64::from(i) / f64::from(STEPS), b.y0 + (b.y1 - b.y0) * f64::from(k) / f64::from(STEPS));
            if contains(rings, at) {
                // words are wider than high, so room to the sides counts less
                let clear = rings.iter().flat_map(edges).map(|(p, q)| distance(at, p, q)).fold(f64::INFINITY, f64::min);
                found.push((clear, at));
            }
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.0.total_cmp(&b.1.0)).then(a.1.1.total_cmp(&b.1.1)));
    if found.is_empty() {
        found.push((0.0, ((b.x0 + b.x1) / 2.0, (b.y0 + b.y1) / 2.0)));
    }
    found.into_iter().map(|(_, at)| at).take(120).collect()
}

fn distance(p: (f64, f64), a: (f64, f64), b: (f64, f64)) -> f64 {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let t = (((p.0 - a.0) * dx + (p.1 - a.1) * dy) / (dx * dx + dy * dy).max(1e-9)).clamp(0.0, 1.0);
    maths::hypot(p.0 - a.0 - dx * t, (p.1 - a.1 - dy * t) * 1.6)
}

fn contains(rings: &[Ring], (x, y): (f64, f64)) -> bool {
    let crossing = |(a, b): &Segment| (a.1 > y) != (b.1 > y) && x < a.0 + (b.0 - a.0) * (y - a.1) / (b.1 - a.1);
    rings.iter().flat_map(edges).filter(crossing).count() % 2 == 1
}

/// Whether a box lies wholly inside a polygon.
pub(super) fn room_for(rings: &[Ring], b: &Rect) -> bool {
    contains(rings, ((b.x0 + b.x1) / 2.0, (b.y0 + b.y1) / 2.0)) && !rings.iter().flat_map(edges).any(|e| cuts(e, b))
}

/// Whether a box lies off all land.
pub(super) fn at_sea(outlines: &[Outline], b: &Rect) -> bool {
    let middle = ((b.x0 + b.x1) / 2.0, (b.y0 + b.y1) / 2.0);
    let polygons = outlines.iter().flat_map(|o| &o.polygons).filter(|rings| rings.first().is_some_and(|r| bounds(r).overlaps(b)));
    !polygons.into_iter().any(|rings| contains(rings, middle) || rings.iter().flat_map(edges).any(|e| cuts(e, b)))
}

/// Whether an edge enters a box (Liang–Barsky).
fn cuts((a, b): Segment, r: &Rect) -> bool {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let (mut from, mut to) = (0.0f64, 1.0f64);
    for (d, low, high) in [(dx, r.x0 - a.0, r.x1 - a.0), (dy, r.y0 - a.1, r.y1 - a.1)] {
        if d == 0.0 {
            if low > 0.0 || high < 0.0 {
                return false;
            }
            continue;
        }
        let (t0, t1) = (low / d, high / d);
        from = from.max(t0.min(t1));
        to = to.min(t0.max(t1));
    }
    from <= to
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(x: f64, y: f64, side: f64) -> Ring {
        vec![(x, y), (x + side, y), (x + side, y + side), (x, y + side)]
    }

    #[test]
    fn hatching_spares_the_hole() {
        let rings = [square(0.0, 0.0, 100.0), square(40.0, 40.0, 20.0)];
        for (a, b) in hatch(&rings, 7.0, false) {
            let middle = ((a.0 + b.0) / 2.0, (a.1 + b.1) / 2.0);
            assert!(contains(&rings, middle), "{middle:?}");
        }
        assert!(!room_for(&rings, &Rect { x0: 30.0, y0: 30.0, x1: 70.0, y1: 70.0 }));
        assert!(room_for(&rings, &Rect { x0: 5.0, y0: 5.0, x1: 35.0, y1: 35.0 }));
    }

    #[test]
    fn empty_sea_is_shortened_and_land_is_not() {
        let (main, island) = (vec![vec![square(139.0, 35.0, 1.0)]], vec![vec![square(142.0, 27.0, 0.1)]]);
        let (outlines, height, pulled) = fit(&[&main, &island], 1000.0, 1000.0).expect("land");
        assert!(pulled && height <= 1000.0);
        let (a, b) = (bounds(&outlines[0].polygons[0][0]), bounds(&outlines[1].polygons[0][0]));
        assert!((a.x1 - a.x0) > 700.0 && b.y0 > a.y1 && b.x0 > a.x1);
        // true shape: a degree of longitude is shorter than one of latitude
        assert!((a.x1 - a.x0) < (a.y1 - a.y0));
    }
}
