//! Who leans on whom: facilities with the same partners at the left, the partners with their load at the right.

use std::collections::{BTreeMap, BTreeSet};

use super::Drawing;
use super::frame::{Anchor, Letters, MARGIN, NARROW_RIGHT, NOTE, PLAIN, Picture, Rect, says};
use super::palette::{DARK, DARKEST, INK, LIGHT, MARK, MUTED, PAPER};
use super::text::{Block, fit_all, lines, number, width};

/// A partner that others lean on.
#[derive(Clone, Debug)]
pub struct Hub {
    /// Name or letter.
    pub label: String,
    /// Drawn with a double ring and marked in words.
    pub fragile: bool,
}

/// The links of one facility: places of its partners in the list of hubs.
pub type Links = BTreeSet<usize>;

/// Most hubs and groups that keep a row of their own.
const HUBS: usize = 12;
const GROUPS: usize = 14;
const GROUP_ROW: f64 = 36.0;
const LEFT: f64 = 150.0;
const RIGHT: f64 = 330.0;

struct Row {
    y: f64,
    load: usize,
    only: usize,
}

/// One set of links per facility. Hubs stand in the order given (the fullest first, where they are many the rest is one row).
pub fn network(title: &str, hubs: &[Hub], facilities: &[Links]) -> Drawing {
    let mut p = Picture::narrow();
    let facilities: Vec<&Links> = facilities.iter().filter(|l| !l.is_empty() && l.iter().all(|h| *h < hubs.len())).collect();
    if facilities.is_empty() {
        return says(p, title, "連携先の名称を報告した医療機関はありません");
    }
    let (hubs, folded) = fold_hubs(hubs, &facilities);
    let (groups, others) = groups(&folded, hubs.len());
    let top = heads(&mut p);
    let labels: Vec<String> = hubs.iter().map(|h| if h.fragile { format!("▲{}", h.label) } else { h.label.clone() }).collect();
    let labels = fit_all(labels.iter().map(String::as_str), NARROW_RIGHT - RIGHT - 28.0, true);
    let hub_row = labels.iter().map(Block::height).fold(20.0, f64::max) + 34.0;
    let height = (hub_row * hubs.len() as f64).max(GROUP_ROW * groups.len() as f64);
    let spread = |i: usize, n: usize| top + height * (i as f64 + 0.5) / n.max(1) as f64;
    let rows: Vec<Row> = (0..hubs.len())
        .map(|h| Row {
            y: spread(h, hubs.len()),
            load: folded.iter().filter(|l| l.contains(&h)).count(),
            only: folded.iter().filter(|l| l.len() == 1 && l.contains(&h)).count(),
        })
        .collect();
    let most = rows.iter().map(|r| r.load).max().unwrap_or(1) as f64;
    let many = groups.iter().map(|(_, n)| *n).max().unwrap_or(1) as f64;

    for (i, (links, n)) in groups.iter().enumerate() {
        let y = spread(i, groups.len());
        for h in links {
            let stroke = 1 + (4.0 * (*n as f64 / many).sqrt()).round() as u32;
            p.line((LEFT, y), (RIGHT, rows[*h].y), if links.len() == 1 { DARK } else { MUTED }, stroke);
        }
    }
    for (i, (links, n)) in groups.iter().enumerate() {
        let y = spread(i, groups.len());
        let r = 6.0 + 8.0 * (*n as f64 / many).sqrt();
        p.disc((LEFT, y), r + 2.0, PAPER);
        p.disc((LEFT, y), r, if links.len() == 1 { DARKEST } else { LIGHT });
        p.ring((LEFT, y), r, DARKEST, 2);
        let partners = if links.len() == 1 { "1か所だけ".to_owned() } else { format!("{}か所", links.len()) };
        let words = format!("{n}施設");
        p.text(&words, (LEFT - 22.0, y - 8.0), Anchor::End, Letters { em: 18.0, bold: true, colour: INK });
        p.text(&partners, (LEFT - 22.0, y + 10.0), Anchor::End, Letters { em: 15.0, ..PLAIN });
    }
    for ((hub, label), row) in hubs.iter().zip(&labels).zip(&rows) {
        draw_hub(&mut p, (hub, label), row, most);
    }
    let mut y = top + height + 6.0;
    let rest = (others > 0).then(|| format!("このほか、少数の組合せの{others}施設は線を省いています（連携先の数には含みます）。"));
    for line in rest.iter().flat_map(|n| lines(n, NOTE.em, NARROW_RIGHT - MARGIN, false)) {
        y += 27.0;
        p.text(&line, (MARGIN, y), Anchor::Start, NOTE);
    }
    p.finish(title, y + 18.0)
}

fn heads(p: &mut Picture) -> f64 {
    let y = MARGIN + 14.0;
    p.text("頼る医療機関", (LEFT + 12.0, y), Anchor::End, Letters { em: 20.0, bold: true, colour: INK });
    p.text("連携先（頼る医療機関の数）", (RIGHT - 16.0, y), Anchor::Start, Letters { em: 18.0, bold: true, colour: INK });
    y + 20.0
}

fn draw_hub(p: &mut Picture, (hub, label): (&Hub, &Block), row: &Row, most: f64) {
    let half = 6.0 + 10.0 * (row.load as f64 / most).sqrt();
    let square = |by: f64| Rect { x0: RIGHT - by, y0: row.y - by, x1: RIGHT + by, y1: row.y + by };
    if hub.fragile {
        p.rect(square(half + 6.0), MARK);
        p.rect(square(half + 3.0), PAPER);
    }
    p.rect(square(half), DARKEST);
    let x = RIGHT + 28.0;
    let room = NARROW_RIGHT - x;
    let whole = label.height() + 22.0;
    p.block(label, (x, row.y - (whole - label.height()) / 2.0), Anchor::Start, Letters { bold: true, ..PLAIN });
    let only = if row.only > 0 { format!("（{}はここだけ）", row.only) } else { String::new() };
    let words = format!("{}施設{only}", number(row.load as f64));
    let em = [18.0, 16.0, 14.0].into_iter().find(|em| width(&words, *em, false) <= room).unwrap_or(14.0);
    p.text(&words, (x, row.y + whole / 2.0 - 8.0), Anchor::Start, Letters { em, ..PLAIN });
}

/// Where there are too many hubs, the last ones become one.
fn fold_hubs(hubs: &[Hub], facilities: &[&Links]) -> (Vec<Hub>, Vec<Links>) {
    if hubs.len() <= HUBS {
        return (hubs.to_vec(), facilities.iter().map(|l| (*l).clone()).collect());
    }
    let mut kept: Vec<Hub> = hubs.iter().take(HUBS - 1).cloned().collect();
    kept.push(Hub { label: format!("ほか{}か所", hubs.len() - kept.len()), fragile: false });
    (kept, facilities.iter().map(|l| l.iter().map(|h| (*h).min(HUBS - 1)).collect()).collect())
}

/// Facilities with the same links together, in the order of their hubs; small groups beyond the limit are left out and counted.
fn groups(facilities: &[Links], hubs: usize) -> (Vec<(Links, usize)>, usize) {
    let mut sizes: BTreeMap<&Links, usize> = BTreeMap::new();
    for links in facilities {
        *sizes.entry(links).or_default() += 1;
    }
    let mut by_size: Vec<(&Links, usize)> = sizes.into_iter().collect();
    by_size.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let others = by_size.iter().skip(GROUPS).map(|(_, n)| n).sum();
    by_size.truncate(GROUPS);
    let middle = |l: &Links| l.iter().map(|h| *h as f64 / hubs as f64).sum::<f64>() / l.len() as f64;
    by_size.sort_by(|a, b| middle(a.0).total_cmp(&middle(b.0)).then(a.0.cmp(b.0)));
    (by_size.into_iter().map(|(l, n)| (l.clone(), n)).collect(), others)
}
