//! Names on the cartogram: inside the circle when they fit, beside it when there is room, else the number that stands in the list.

use super::dorling::Spot;
use super::frame::{Anchor, Rect};
use super::text::{Block, EM, LEADING, SMALL_EM, clean};
use crate::ground::maths;
use crate::render::charts::dorling::Tile;

/// Only for names inside circles, in px (about 7.7 pt in print): better than no name.
const TINY_EM: f64 = 16.0;

/// A name with its place.
pub(super) struct Placed {
    /// Index of the tile.
    pub tile: usize,
    pub block: Block,
    /// Anchor point in px: the y is the middle of the block.
    pub at: (f64, f64),
    pub anchor: Anchor,
    pub inside: bool,
    /// From the circle to a name that stands off.
    pub leader: Option<((f64, f64), (f64, f64))>,
}

/// Places as many names as possible: emphasised tiles first, then larger ones, then by index.
pub(super) fn place(tiles: &[Tile], spots: &[Spot], canvas: &Rect) -> Vec<Placed> {
    let mut turn: Vec<usize> = (0..tiles.len()).collect();
    turn.sort_by(|&a, &b| {
        let (ta, tb) = (&tiles[a], &tiles[b]);
        tb.emphasis.cmp(&ta.emphasis).then(tb.size.total_cmp(&ta.size)).then(a.cmp(&b))
    });
    let mut placed: Vec<Placed> = turn.iter().filter_map(|&i| inside(i, &tiles[i], &spots[i])).collect();
    let done: Vec<usize> = placed.iter().map(|p| p.tile).collect();
    // Leaders must not run through names inside circles.
    let mut taken: Vec<Rect> = placed.iter().map(|p| around(p.at, &p.block, tiles[p.tile].emphasis)).collect();
    let mut open: Vec<usize> = turn.into_iter().filter(|i| !done.contains(i)).collect();
    for reach in [Reach::Near, Reach::Far, Reach::Anywhere] {
        open.retain(|&i| {
            if reach == Reach::Anywhere && !tiles[i].emphasis {
                return true;
            }
            let Some((p, boxed)) = beside(i, &tiles[i], spots, &taken, canvas, reach) else { return true };
            taken.push(boxed);
            taken.extend(p.leader.iter().flat_map(along));
            placed.push(p);
            false
        });
    }
    for i in open {
        let p = numbered(i, &tiles[i], spots, &taken, canvas);
        taken.push(around(p.at, &p.block, false));
        placed.push(p);
    }
    placed
}

/// The number of a circle that has no room for its name: inside, else beside it, else over its rim.
fn numbered(tile: usize, t: &Tile, spots: &[Spot], taken: &[Rect], canvas: &Rect) -> Placed {
    let spot = &spots[tile];
    let block = |em: f64| Block { lines: vec![t.number.to_string()], em };
    let centred = |block: Block| Placed { tile, block, at: (spot.x, spot.y), anchor: Anchor::Middle, inside: true, leader: None };
    if let Some(fitting) = [SMALL_EM, TINY_EM].map(block).into_iter().find(|b| fits_inside(b, spot, false)) {
        return centred(fitting);
    }
    let number = Tile { label: t.number.to_string(), text: String::new(), ..*t };
    let beside = [Reach::Near, Reach::Far].into_iter().find_map(|reach| beside(tile, &number, spots, taken, canvas, reach));
    beside.map_or_else(|| centred(block(TINY_EM)), |(p, _)| p)
}

fn inside(tile: usize, t: &Tile, spot: &Spot) -> Option<Placed> {
    let (label, text) = (clean(&t.label), clean(&t.text));
    let both = if text.is_empty() { vec![label.clone()] } else { vec![label.clone(), text] };
    let sizes = [EM, 20.0, SMALL_EM, TINY_EM];
    let with_text = sizes.map(|em| (both.clone(), em));
    let name_only = sizes.map(|em| (vec![label.clone()], em));
    let choices = with_text.into_iter().chain(name_only);
    let block = choices.map(|(lines, em)| Block { lines, em }).find(|b| fits_inside(b, spot, t.emphasis))?;
    Some(Placed { tile, block, at: (spot.x, spot.y), anchor: Anchor::Middle, inside: true, leader: None })
}

fn around((x, y): (f64, f64), block: &Block, bold: bool) -> Rect {
    let (w, h) = (block.width(bold) / 2.0, block.height() / 2.0);
    Rect { x0: x - w, y0: y - h, x1: x + w, y1: y + h }
}

fn fits_inside(b: &Block, spot: &Spot, bold: bool) -> bool {
    let (w, h) = (b.width(bold) / 2.0, b.height() / 2.0);
    // Letters do not fill the corners of their box, so the box may touch the rim.
    maths::hypot(w, h * 0.9) <= spot.r - 1.0
}

/// How far a name may stand from its circle.
#[derive(Clone, Copy, PartialEq)]
enum Reach {
    /// At the rim.
    Near,
    /// A little off, with a leader that crosses nothing.
    Far,
    /// Anywhere, with a leader that may cross circles but no names: only for emphasised tiles.
    Anywhere,
}

impl Reach {
    /// Distances from the rim in px.
    fn distances(self) -> &'static [f64] {
        match self {
            Reach::Near => &[4.0],
            Reach::Far => &[22.0, 40.0, 60.0, 85.0, 110.0],
            Reach::Anywhere => &[60.0, 100.0, 140.0, 180.0, 220.0, 260.0, 300.0, 360.0, 420.0],
        }
    }
}

/// Directions to try, most natural first: right, left, below, above, the corners, and between them.
const DIRECTIONS: [(f64, f64); 16] = [
    (1.0, 0.0),
    (-1.0, 0.0),
    (0.0, 1.0),
    (0.0, -1.0),
    (0.7, -0.7),
    (0.7, 0.7),
    (-0.7, -0.7),
    (-0.7, 0.7),
    (0.92, -0.38),
    (0.92, 0.38),
    (-0.92, -0.38),
    (-0.92, 0.38),
    (0.38, -0.92),
    (0.38, 0.92),
    (-0.38, -0.92),
    (-0.38, 0.92),
];

/// The first free place for a name, with its box.
fn beside(tile: usize, t: &Tile, spots: &[Spot], taken: &[Rect], canvas: &Rect, reach: Reach) -> Option<(Placed, Rect)> {
    let spot = &spots[tile];
    for block in choices(t, reach) {
        let size = (block.width(t.emphasis) + 4.0, block.em * LEADING * block.lines.len() as f64);
        for &distance in reach.distances() {
            for direction in DIRECTIONS {
                let (boxed, at, anchor) = position(size, spot, direction, distance);
                if !free(&boxed, spots, taken, canvas) {
                    continue;
                }
                let leader = (reach != Reach::Near).then(|| leader(spot, &boxed));
                let passable = if reach == Reach::Anywhere { &[][..] } else { spots };
                if leader.is_some_and(|l| crosses(l, tile, passable, taken)) {
                    continue;
                }
                return Some((Placed { tile, block, at, anchor, inside: false, leader }, boxed));
            }
        }
    }
    None
}

/// Name with value, then the name alone, then small.
fn choices(t: &Tile, reach: Reach) -> Vec<Block> {
    let (label, text) = (clean(&t.label), clean(&t.text));
    let mut out = vec![];
    let sizes: &[f64] = if reach == Reach::Far { &[SMALL_EM] } else { &[20.0, SMALL_EM] };
    for &em in sizes {
        if !text.is_empty() {
            out.push(Block { lines: vec![format!("{label} {text}")], em });
            out.push(Block { lines: vec![label.clone(), text.clone()], em });
        }
    }
    out.extend(sizes.iter().map(|&em| Block { lines: vec![label.clone()], em }));
    out
}

type Position = (Rect, (f64, f64), Anchor);

/// Box and anchor of a block of the given size that stands `distance` px off the rim in the given direction.
fn position((w, h): (f64, f64), spot: &Spot, (dx, dy): (f64, f64), distance: f64) -> Position {
    let off = spot.r + spot.rim + distance;
    let (px, py) = (spot.x + dx * off, spot.y + dy * off);
    let (x0, anchor) = if dx > 0.1 {
        (px, Anchor::Start)
    } else if dx < -0.1 {
        (px - w, Anchor::End)
    } else {
        (px - w / 2.0, Anchor::Middle)
    };
    let cy = if dy > 0.1 {
        py + h / 2.0 - 3.0
    } else if dy < -0.1 {
        py - h / 2.0 + 3.0
    } else {
        py
    };
    let boxed = Rect { x0, y0: cy - h / 2.0, x1: x0 + w, y1: cy + h / 2.0 };
    let x = match anchor {
        Anchor::Start => x0 + 2.0,
        Anchor::Middle => x0 + w / 2.0,
        Anchor::End => x0 + w - 2.0,
    };
    (boxed, (x, cy), anchor)
}

fn free(b: &Rect, spots: &[Spot], taken: &[Rect], canvas: &Rect) -> bool {
    let on_canvas = b.x0 >= canvas.x0 && b.x1 <= canvas.x1 && b.y0 >= canvas.y0 && b.y1 <= canvas.y1;
    on_canvas && !taken.iter().any(|t| t.overlaps(b)) && !spots.iter().any(|s| s.touches(b))
}

/// From the rim to the nearest point of the box.
fn leader(spot: &Spot, b: &Rect) -> ((f64, f64), (f64, f64)) {
    let to = (spot.x.clamp(b.x0, b.x1), spot.y.clamp(b.y0, b.y1));
    let d = maths::hypot(to.0 - spot.x, to.1 - spot.y).max(1e-9);
    let r = spot.r + spot.rim;
    let from = (spot.x + (to.0 - spot.x) / d * r, spot.y + (to.1 - spot.y) / d * r);
    (from, to)
}

/// Small boxes along a leader.
fn along(&(a, b): &((f64, f64), (f64, f64))) -> Vec<Rect> {
    let at = |k: i32| {
        let t = f64::from(k) / 16.0;
        let (x, y) = (a.0 + (b.0 - a.0) * t, a.1 + (b.1 - a.1) * t);
        Rect { x0: x - 1.5, y0: y - 1.5, x1: x + 1.5, y1: y + 1.5 }
    };
    (1..16).map(at).collect()
}

/// Whether a leader would run over another circle or name.
fn crosses((a, b): ((f64, f64), (f64, f64)), own: usize, spots: &[Spot], taken: &[Rect]) -> bool {
    along(&(a, b)).into_iter().any(|dot| {
        let on_spot = spots.iter().enumerate().any(|(i, s)| i != own && s.touches(&dot));
        on_spot || taken.iter().any(|r| r.overlaps(&dot))
    })
}
