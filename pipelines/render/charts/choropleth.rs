//! The true map: municipalities in their boundaries, shaded by class, with names where they fit and numbers where they do not.

use super::Drawing;
use super::cartogram::short_names;
use super::frame::{Anchor, Letters, PLAIN, Picture, Rect, nothing};
use super::outline::{Outline, Ring, area, at_sea, bounds, fit, hatch, inner_points, room_for};
use super::palette::{Fill, INK, MUTED, PAPER, class_fills};
use super::text::{Block, width};

/// One municipality.
pub struct Region {
    /// Name.
    pub label: String,
    /// Short value shown with the name, may be empty.
    pub text: String,
    /// Class, an index into the legend (0 = darkest).
    pub level: u8,
    /// Number that stands for the name where there is no room; it stands in the table beside the name.
    pub number: usize,
    /// Rings of degrees east and north; the first ring of a polygon is its outline, the others are holes.
    pub polygons: Vec<Vec<Ring>>,
}

/// Twice as fine as the narrow canvas, because plotters draws on whole px; letters are twice as large.
const WIDE: u32 = 1120;
const EDGE: f64 = 16.0;
const TALLEST: f64 = 1240.0;
const SIZES: [f64; 3] = [40.0, 36.0, 32.0];
const NUMBER: f64 = 32.0;
const NOTES: Letters = Letters { em: 36.0, bold: false, colour: MUTED };

/// Map with one legend entry per class; `credit` names where the boundaries come from.
pub fn choropleth(title: &str, legend: &[&str], regions: &[Region], credit: &str) -> Drawing {
    let shapes: Vec<&Vec<Vec<Ring>>> = regions.iter().map(|r| &r.polygons).collect();
    let Some((mut outlines, height, pulled)) = fit(&shapes, f64::from(WIDE) - 2.0 * EDGE, TALLEST) else { return nothing(title) };
    let mut p = Picture::sized(WIDE);
    let fills = class_fills(legend);
    let top = classes(&mut p, legend, &fills) + 20.0;
    for outline in &mut outlines {
        outline.shift(EDGE, top);
    }
    north(&mut p);
    paint(&mut p, regions, &outlines, &fills);
    let unnamed = names(&mut p, regions, &outlines, &fills);
    let mut y = top + height + 44.0;
    let mut notes = vec!["名称の入らない区域は、番号（表の番号）で示しています。".to_owned()];
    if unnamed > 0 {
        notes.push(format!("番号も省いた区域{unnamed}。"));
    }
    if pulled {
        notes.push("離れた島は近くに寄せています。".into());
    }
    notes.push(credit.to_owned());
    let notes = notes.concat();
    for line in super::text::lines(&notes, NOTES.em, f64::from(WIDE) - 2.0 * EDGE, false) {
        p.text(&line, (EDGE, y), Anchor::Start, NOTES);
        y += 50.0;
    }
    p.finish(title, y - 14.0)
}

/// Legend entries from the top; returns the y below.
fn classes(p: &mut Picture, legend: &[&str], fills: &[Fill]) -> f64 {
    let (mut x, mut y) = (EDGE, 34.0);
    for (name, fill) in legend.iter().zip(fills) {
        let w = 60.0 + width(name, 40.0, false) + 36.0;
        if x > EDGE && x + w > f64::from(WIDE) - 90.0 {
            (x, y) = (EDGE, y + 60.0);
        }
        p.class_rect(Rect { x0: x, y0: y - 19.0, x1: x + 50.0, y1: y + 19.0 }, *fill);
        p.text(name, (x + 60.0, y), Anchor::Start, Letters { em: 40.0, ..PLAIN });
        x += w;
    }
    y + 34.0
}

fn north(p: &mut Picture) {
    let (x, y) = (f64::from(WIDE) - 44.0, 12.0);
    p.polygon(&[(x, y), (x + 16.0, y + 44.0), (x, y + 32.0), (x - 16.0, y + 44.0)], MUTED);
    p.text("北", (x, y + 68.0), Anchor::Middle, NOTES);
}

/// Large polygons first, so that what lies inside a hole comes on top of it.
fn paint(p: &mut Picture, regions: &[Region], outlines: &[Outline], fills: &[Fill]) {
    let mut order: Vec<(usize, usize)> = (0..outlines.len()).flat_map(|i| (0..outlines[i].polygons.len()).map(move |k| (i, k))).collect();
    let size = |&(i, k): &(usize, usize)| outlines[i].polygons[k].first().map_or(0.0, |r| area(r).abs());
    order.sort_by(|a, b| size(b).total_cmp(&size(a)).then(a.cmp(b)));
    for (i, k) in order {
        let rings = &outlines[i].polygons[k];
        let fill = fills.get(usize::from(regions[i].level)).copied().unwrap_or(Fill::Hatch);
        let Some((outer, holes)) = rings.split_first() else { continue };
        match fill {
            Fill::Solid(colour) => p.polygon(outer, colour),
            Fill::Hatch | Fill::BackHatch => {
                p.polygon(outer, PAPER);
                let step = if fill == Fill::Hatch { 14.0 } else { 24.0 };
                for (a, b) in hatch(rings, step, fill == Fill::BackHatch) {
                    p.line(a, b, MUTED, 2);
                }
            }
        }
        for hole in holes {
            p.polygon(hole, PAPER);
        }
        for ring in rings {
            p.loop_line(ring, PAPER, 5);
            p.loop_line(ring, MUTED, 2);
        }
    }
}

/// Writes names or numbers; returns how many regions have neither.
fn names(p: &mut Picture, regions: &[Region], outlines: &[Outline], fills: &[Fill]) -> usize {
    let short = short_names(regions.iter().map(|r| r.label.as_str()));
    let mut turn: Vec<usize> = (0..regions.len()).collect();
    let size = |i: usize| outlines[i].largest().map_or(0.0, |rings| area(&rings[0]).abs());
    turn.sort_by(|&a, &b| size(b).total_cmp(&size(a)).then(a.cmp(&b)));
    let mut taken: Vec<Rect> = Vec::new();
    let mut unnamed = 0;
    for i in turn {
        let (region, name) = (&regions[i], short[i].as_str());
        let Some(rings) = outlines[i].largest() else { continue };
        let spots = inner_points(rings);
        let both = if region.text.is_empty() { vec![name.to_owned()] } else { vec![name.to_owned(), region.text.clone()] };
        let choices = SIZES.iter().map(|em| (both.clone(), *em)).chain(SIZES.iter().map(|em| (vec![name.to_owned()], *em)));
        let blocks = choices.chain([(vec![region.number.to_string()], NUMBER)]).map(|(lines, em)| Block { lines, em });
        let inside = |block: Block| {
            let (w, h) = (block.width(false) + 8.0, block.height() + 6.0);
            let free = |at: &&(f64, f64)| {
                let boxed = centred(**at, w, h);
                room_for(rings, &boxed) && !taken.iter().any(|t| t.overlaps(&boxed))
            };
            spots.iter().find(free).map(|at| (block, *at))
        };
        // a number may run over its own edge where enough of the class stays to be seen, or stand beside an island
        let number = || {
            let block = Block { lines: vec![region.number.to_string()], em: 28.0 };
            let (w, h) = (block.width(false) + 4.0, block.height());
            let free = |boxed: &Rect| {
                let on_paper = boxed.x0 >= 0.0 && boxed.x1 <= f64::from(WIDE);
                on_paper && !taken.iter().any(|t| t.overlaps(boxed))
            };
            let roomy = area(&rings[0]).abs() >= 2.5 * w * h;
            let inside = spots.first().filter(|at| roomy && free(&centred(**at, w, h))).copied();
            let around = bounds(&rings[0]);
            let (cx, cy) = ((around.x0 + around.x1) / 2.0, (around.y0 + around.y1) / 2.0);
            let beside =
                [(around.x1 + w / 2.0 + 6.0, cy), (around.x0 - w / 2.0 - 6.0, cy), (cx, around.y1 + h / 2.0 + 4.0), (cx, around.y0 - h / 2.0 - 4.0)];
            let at_sea = |at: &(f64, f64)| free(&centred(*at, w, h)) && at_sea(outlines, &centred(*at, w, h));
            inside.or_else(|| beside.into_iter().find(at_sea)).map(|at| (block, at))
        };
        let Some((block, at)) = blocks.into_iter().find_map(inside).or_else(number) else {
            unnamed += 1;
            continue;
        };
        let boxed = centred(at, block.width(false) + 6.0, block.height() + 2.0);
        let fill = fills.get(usize::from(region.level)).copied().unwrap_or(Fill::Hatch);
        let fits = room_for(rings, &boxed);
        if (!matches!(fill, Fill::Solid(_)) || !fits) && !at_sea(outlines, &boxed) {
            p.rect(boxed, PAPER);
        }
        let colour = if fits { fill.text_colour() } else { INK };
        p.block(&block, at, Anchor::Middle, Letters { colour, ..PLAIN });
        taken.push(boxed);
    }
    unnamed
}

fn centred((x, y): (f64, f64), w: f64, h: f64) -> Rect {
    Rect { x0: x - w / 2.0, y0: y - h / 2.0, x1: x + w / 2.0, y1: y + h / 2.0 }
}
