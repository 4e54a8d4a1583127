//! Circle cartogram: one circle per municipality, area by population, colour by class, north up.

use super::Drawing;
use super::dorling::Tile;
use super::dorling::{Layout, Point, layout};
use super::frame::{Anchor, Letters, MARGIN, NOTE, PLAIN, Picture, RIGHT, Rect, nothing};
use super::labels::{Placed, place};
use super::palette::{Fill, INK, MARK, MUTED, PAPER, class_fills};
use super::text::{number, width};
use crate::ground::maths;

/// Tallest map in px (about 136 mm), so that it shares an A4 page with text.
const MAX_MAP: f64 = 800.0;
/// Space for the ring of an emphasised circle, in px.
const RING: f64 = 8.0;
/// Room around the map for names, in px.
const SIDE: f64 = 46.0;

/// Circle cartogram with one legend entry per class.
pub fn cartogram(title: &str, legend: &[&str], tiles: &[Tile]) -> Drawing {
    let tiles = drawable(tiles);
    if tiles.is_empty() {
        return nothing(title);
    }
    let mut p = Picture::default();
    let fills = class_fills(legend);
    let top = p.legend(legend, &fills, MARGIN, MARGIN, RIGHT - 70.0) + 12.0;
    north(&mut p);

    let point = |t: &Tile| Point { lon: t.lon, lat: t.lat, size: t.size, rim: if t.emphasis { RING } else { 0.0 } };
    let points: Vec<Point> = tiles.iter().map(point).collect();
    let mut map = layout(&points, RIGHT - MARGIN - 2.0 * SIDE, MAX_MAP);
    for s in &mut map.spots {
        (s.x, s.y) = (s.x + MARGIN + SIDE, s.y + top + 26.0);
    }
    let bottom = top + map.height + 52.0;
    for (tile, s) in tiles.iter().zip(&map.spots) {
        let fill = fills.get(usize::from(tile.level)).copied().unwrap_or(Fill::Hatch);
        p.class_disc((s.x, s.y), s.r, fill);
        if tile.emphasis {
            p.ring((s.x, s.y), s.r + 2.0, PAPER, 2);
            p.ring((s.x, s.y), s.r + 5.0, MARK, 5);
        }
    }
    let canvas = Rect { x0: MARGIN, y0: top, x1: RIGHT, y1: bottom };
    let names = place(&tiles, &map.spots, &canvas);
    for name in &names {
        draw_name(&mut p, name, &tiles[name.tile], map.spots[name.tile].r, &fills);
    }
    let largest = tiles.iter().map(|t| t.size).fold(0.0, f64::max);
    let end = footer(&mut p, &map, largest, bottom);
    p.finish(title, end)
}

/// The tiles that have coordinates, with usable sizes and short names.
fn drawable(tiles: &[Tile]) -> Vec<Tile> {
    let short = short_names(tiles.iter().map(|t| t.label.as_str()));
    let placed = tiles.iter().zip(short).filter(|(t, _)| t.lon.is_finite() && t.lat.is_finite());
    placed.map(|(t, name)| Tile { label: name, text: t.text.clone(), size: if t.size.is_finite() { t.size.max(0.0) } else { 0.0 }, ..*t }).collect()
}

/// Names without their county where that leaves them apart.
pub(super) fn short_names<'a>(names: impl Iterator<Item = &'a str> + Clone) -> Vec<String> {
    let short: Vec<&str> = names.clone().map(without_county).collect();
    let unique = |name: &str| short.iter().filter(|s| **s == name).count() == 1;
    names.zip(&short).map(|(whole, name)| if unique(name) { (*name).to_owned() } else { whole.to_owned() }).collect()
}

/// 「東伯郡北栄町」 → 「北栄町」: the map has no room for counties. 「郡山市」 and 「上郡町」 stay.
fn without_county(name: &str) -> &str {
    if !name.ends_with(['町', '村']) {
        return name;
    }
    match name.split_once('郡') {
        Some((county, rest)) if !county.is_empty() && rest.chars().count() >= 2 => rest,
        _ => name,
    }
}

fn draw_name(p: &mut Picture, name: &Placed, tile: &Tile, radius: f64, fills: &[Fill]) {
    let fill = fills.get(usize::from(tile.level)).copied().unwrap_or(Fill::Hatch);
    let colour = if name.inside { fill.text_colour() } else { INK };
    let letters = Letters { bold: tile.emphasis, colour, ..PLAIN };
    if let Some((a, b)) = name.leader {
        // The leader of an emphasised tile may cross dark circles.
        if tile.emphasis {
            p.line(a, b, PAPER, 5);
        }
        p.line(a, b, if tile.emphasis { MARK } else { MUTED }, if tile.emphasis { 2 } else { 1 });
    }
    if name.inside && !matches!(fill, Fill::Solid(_)) {
        backdrop(p, name, tile.emphasis, radius);
    }
    p.block(&name.block, name.at, name.anchor, letters);
}

/// Paper under letters on a hatch; never over the outline of the circle.
fn backdrop(p: &mut Picture, name: &Placed, bold: bool, radius: f64) {
    let (x, y) = name.at;
    let (w, h) = (name.block.width(bold) / 2.0 + 3.0, name.block.height() / 2.0 + 1.0);
    if maths::hypot(w, h) < radius - 2.0 {
        p.rect(Rect { x0: x - w, y0: y - h, x1: x + w, y1: y + h }, PAPER);
    } else {
        p.disc(name.at, (radius - 6.0).max(0.0), PAPER);
    }
}

fn north(p: &mut Picture) {
    let (x, y) = (RIGHT - 22.0, MARGIN);
    p.polygon(&[(x, y), (x + 9.0, y + 24.0), (x, y + 18.0), (x - 9.0, y + 24.0)], MUTED);
    p.text("北", (x, y + 38.0), Anchor::Middle, NOTE);
}

/// Size key and reading notes; returns the height of the picture.
fn footer(p: &mut Picture, map: &Layout, largest: f64, top: f64) -> f64 {
    let keys = key_sizes(map.radius_scale, largest);
    let tallest = keys.iter().map(|k| map.radius_scale * k.sqrt()).fold(14.0, f64::max);
    let mid = top + tallest + 4.0;
    let mut x = MARGIN;
    if !keys.is_empty() {
        let intro = "円の大きさ＝人口";
        p.text(intro, (x, mid), Anchor::Start, NOTE);
        x += width(intro, NOTE.em, false) + 18.0;
    }
    for k in keys {
        let r = map.radius_scale * k.sqrt();
        p.ring((x + r, mid), r, MUTED, 2);
        let text = people(k);
        p.text(&text, (x + 2.0 * r + 8.0, mid), Anchor::Start, NOTE);
        x += 2.0 * r + 8.0 + width(&text, NOTE.em, false) + 20.0;
    }
    let mut note = "位置はおおよそ。数字は表の番号。".to_string();
    if map.pulled {
        note.push_str("離れた場所は近くに寄せています。");
    }
    let below = x + width(&note, NOTE.em, false) > RIGHT;
    let (at, y) = if below { (MARGIN, mid + tallest + 22.0) } else { (x, mid) };
    p.text(&note, (at, y), Anchor::Start, NOTE);
    (if below { y + 14.0 } else { mid + tallest }) + MARGIN
}

/// Up to two round sizes whose circles are neither tiny nor huge.
fn key_sizes(radius_scale: f64, largest: f64) -> Vec<f64> {
    let fits = |k: &f64| (13.0..=30.0).contains(&(radius_scale * k.sqrt())) && *k <= largest;
    let round = (2..8).flat_map(|e| [1.0, 2.0, 5.0].map(|m| m * 10f64.powi(e)));
    let all: Vec<f64> = round.filter(fits).collect();
    match all.as_slice() {
        [] => vec![],
        [one] => vec![*one],
        [first, .., last] => vec![*first, *last],
    }
}

fn people(n: f64) -> String {
    if n >= 10_000.0 { format!("{}万人", number(n / 10_000.0)) } else { format!("{}人", number(n)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counties_are_dropped_only_from_towns_and_villages() {
        let names = ["東伯郡北栄町", "赤穂郡上郡町", "上郡町", "郡山市", "蒲郡市"].map(without_county);
        assert_eq!(names, ["北栄町", "上郡町", "上郡町", "郡山市", "蒲郡市"]);
    }
}
