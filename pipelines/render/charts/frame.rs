//! The canvas: a list of marks, drawn through plotters' SVG backend once the height is known.

use super::Drawing;
use super::palette::{Fill, INK, LINE, MUTED, PAPER};
use super::text::{Block, EM, FONT, LEADING, clean, width};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// Canvas width in px, about 170 mm in print.
pub const WIDTH: u32 = 1000;
/// Free space around the drawing in px.
pub(super) const MARGIN: f64 = 8.0;
/// Usable right edge in px.
pub(super) const RIGHT: f64 = WIDTH as f64 - MARGIN;
/// Width of a chart that is read at half the width of A4 (about 82 mm) or on a telephone, in px: 20 px letters print at 8.3 pt.
pub const NARROW: u32 = 560;
/// Usable right edge of a narrow chart in px.
pub(super) const NARROW_RIGHT: f64 = NARROW as f64 - MARGIN;

/// Where the given x stands in the text.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// An upright rectangle in px.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rect {
    pub x0: f64,
    pub y0: f64,
    pub x1: f64,
    pub y1: f64,
}

impl Rect {
    pub(super) fn overlaps(&self, o: &Rect) -> bool {
        self.x0 < o.x1 && o.x0 < self.x1 && self.y0 < o.y1 && o.y0 < self.y1
    }
}

/// How letters look.
#[derive(Clone, Copy)]
pub(super) struct Letters {
    pub em: f64,
    pub bold: bool,
    pub colour: RGBColor,
}

pub(super) const PLAIN: Letters = Letters { em: EM, bold: false, colour: INK };
pub(super) const NOTE: Letters = Letters { em: 20.0, bold: false, colour: MUTED };

enum Mark {
    Rect(Rect, RGBColor, bool),
    Path(Vec<(i32, i32)>, RGBColor, u32),
    Polygon(Vec<(i32, i32)>, RGBColor),
    Circle((i32, i32), u32, RGBColor, Option<u32>),
    Text(String, (i32, i32), Anchor, Letters),
}

/// Marks in painting order; coordinates in px, rounded here because plotters' SVG has whole px only.
pub(super) struct Picture {
    marks: Vec<Mark>,
    width: u32,
}

impl Default for Picture {
    fn default() -> Self {
        Self { marks: Vec::new(), width: WIDTH }
    }
}

fn px(v: f64) -> i32 {
    v.round() as i32
}

impl Picture {
    /// A picture on the narrow canvas.
    pub(super) fn narrow() -> Self {
        Self { marks: Vec::new(), width: NARROW }
    }

    /// A picture on a canvas of its own width.
    pub(super) fn sized(width: u32) -> Self {
        Self { marks: Vec::new(), width }
    }

    pub(super) fn rect(&mut self, r: Rect, colour: RGBColor) {
        self.marks.push(Mark::Rect(r, colour, true));
    }

    pub(super) fn outline(&mut self, r: Rect, colour: RGBColor) {
        self.marks.push(Mark::Rect(r, colour, false));
    }

    pub(super) fn line(&mut self, a: (f64, f64), b: (f64, f64), colour: RGBColor, stroke: u32) {
        self.marks.push(Mark::Path(vec![(px(a.0), px(a.1)), (px(b.0), px(b.1))], colour, stroke));
    }

    /// A closed line.
    pub(super) fn loop_line(&mut self, points: &[(f64, f64)], colour: RGBColor, stroke: u32) {
        let closed = points.iter().chain(points.first()).map(|p| (px(p.0), px(p.1))).collect();
        self.marks.push(Mark::Path(closed, colour, stroke));
    }

    pub(super) fn polygon(&mut self, points: &[(f64, f64)], colour: RGBColor) {
        self.marks.push(Mark::Polygon(points.iter().map(|p| (px(p.0), px(p.1))).collect(), colour));
    }

    pub(super) fn disc(&mut self, (x, y): (f64, f64), r: f64, colour: RGBColor) {
        self.marks.push(Mark::Circle((px(x), px(y)), px(r).unsigned_abs(), colour, None));
    }

    pub(super) fn ring(&mut self, (x, y): (f64, f64), r: f64, colour: RGBColor, stroke: u32) {
        self.marks.push(Mark::Circle((px(x), px(y)), px(r).unsigned_abs(), colour, Some(stroke)));
    }

    /// One line of text, its letters centred on height `y`.
    pub(super) fn text(&mut self, text: &str, (x, y): (f64, f64), anchor: Anchor, letters: Letters) {
        let text = clean(text);
        if text.is_empty() {
            return;
        }
        // plotters puts the baseline 0.76 em below the point of VPos::Top, in every renderer (its
        // other anchors use `ex`, which renderers disagree on). Letters are centred 0.37 em above it.
        let top = y - (0.76 - 0.37) * letters.em;
        self.marks.push(Mark::Text(text, (px(x), px(top)), anchor, letters));
    }

    /// Lines of text, the block centred on height `y`; the size of the block wins over `letters`.
    pub(super) fn block(&mut self, block: &Block, (x, y): (f64, f64), anchor: Anchor, letters: Letters) {
        let step = block.em * LEADING;
        let first = y - step * (block.lines.len().max(1) - 1) as f64 / 2.0;
        for (i, line) in block.lines.iter().enumerate() {
            self.text(line, (x, first + step * i as f64), anchor, Letters { em: block.em, ..letters });
        }
    }

    /// A rectangle of one class, with outline or hatch as the class needs.
    pub(super) fn class_rect(&mut self, r: Rect, fill: Fill) {
        // Whole px first, so that hatch lines end exactly on the outline.
        let r = Rect { x0: r.x0.round(), y0: r.y0.round(), x1: r.x1.round(), y1: r.y1.round() };
        match fill {
            Fill::Solid(c) => self.rect(r, c),
            Fill::Hatch | Fill::BackHatch => {
                self.rect(r, PAPER);
                let step = if fill == Fill::Hatch { 8.0 } else { 14.0 };
                for (a, b) in hatch_rect(&r, step, fill == Fill::BackHatch) {
                    self.line(a, b, MUTED, 1);
                }
            }
        }
        if fill.needs_outline() {
            self.outline(r, MUTED);
        }
    }

    /// A disc of one class.
    pub(super) fn class_disc(&mut self, c: (f64, f64), r: f64, fill: Fill) {
        let (c, r) = ((c.0.round(), c.1.round()), r.round());
        match fill {
            Fill::Solid(colour) => self.disc(c, r, colour),
            Fill::Hatch | Fill::BackHatch => {
                self.disc(c, r, PAPER);
                let step = if fill == Fill::Hatch { 8.0 } else { 14.0 };
                for (a, b) in hatch_disc(c, r, step, fill == Fill::BackHatch) {
                    self.line(a, b, MUTED, 1);
                }
            }
        }
        if fill.needs_outline() {
            self.ring(c, r, MUTED, 1);
        }
    }

    /// Legend entries in a row from `y` downwards, wrapping as needed; returns the y below.
    pub(super) fn legend(&mut self, names: &[&str], fills: &[Fill], x: f64, y: f64, right: f64) -> f64 {
        const SWATCH: f64 = 26.0;
        const ROW: f64 = 34.0;
        let letters = PLAIN;
        let (mut cx, mut cy) = (x, y);
        for (name, fill) in names.iter().zip(fills) {
            let room = right - x - SWATCH - 8.0;
            let name = super::text::one_line(name, letters.em, room, false);
            let w = SWATCH + 8.0 + width(&name, letters.em, false);
            if cx > x && cx + w > right {
                (cx, cy) = (x, cy + ROW);
            }
            let mid = cy + ROW / 2.0;
            self.class_rect(Rect { x0: cx, y0: mid - 10.0, x1: cx + SWATCH, y1: mid + 10.0 }, *fill);
            self.text(&name, (cx + SWATCH + 8.0, mid), Anchor::Start, letters);
            cx += w + 28.0;
        }
        cy + ROW
    }

    /// Draws everything; `height` in px. The title becomes the `<title>` element.
    pub(super) fn finish(self, title: &str, height: f64) -> Drawing {
        let height = height.ceil().max(1.0) as u32;
        let (mut svg, width) = (String::new(), self.width);
        let drawn = {
            let area = SVGBackend::with_string(&mut svg, (width, height)).into_drawing_area();
            self.marks.into_iter().try_for_each(|m| paint(&area, m)).and_then(|()| area.present())
        };
        // Writing into a String cannot fail; a missing mark must not go unseen in tests though.
        debug_assert!(drawn.is_ok(), "{:?}", drawn.err().map(|e| e.to_string()));
        (tidy(&svg, title), width, height)
    }
}

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;
type Painted<'a> = Result<(), DrawingAreaErrorKind<<SVGBackend<'a> as DrawingBackend>::ErrorType>>;

fn paint<'a>(area: &Area<'a>, mark: Mark) -> Painted<'a> {
    match mark {
        Mark::Rect(r, c, filled) => {
            let style = ShapeStyle { color: c.to_rgba(), filled, stroke_width: 1 };
            area.draw(&Rectangle::new([(px(r.x0), px(r.y0)), (px(r.x1), px(r.y1))], style))
        }
        Mark::Path(points, c, stroke) => area.draw(&PathElement::new(points, c.stroke_width(stroke))),
        Mark::Polygon(points, c) => area.draw(&Polygon::new(points, c.filled())),
        Mark::Circle(at, r, c, None) => area.draw(&Circle::new(at, r, c.filled())),
        Mark::Circle(at, r, c, Some(stroke)) => area.draw(&Circle::new(at, r, c.stroke_width(stroke))),
        Mark::Text(text, at, anchor, letters) => {
            let h = match anchor {
                Anchor::Start => HPos::Left,
                Anchor::Middle => HPos::Center,
                Anchor::End => HPos::Right,
            };
            let style = if letters.bold { FontStyle::Bold } else { FontStyle::Normal };
            // plotters writes font-size = size / 1.24.
            let font = FontDesc::new(FontFamily::Name(FONT), letters.em * 1.24, style);
            let style = TextStyle::from(font).color(&letters.colour).pos(Pos::new(h, VPos::Top));
            area.draw_text(&text, &style, at)
        }
    }
}

/// Shorter SVG (no default attributes, lines of one kind such as a hatch in one path, text on one line) with a `<title>`.
fn tidy(svg: &str, title: &str) -> String {
    let mut out = String::with_capacity(svg.len());
    let mut in_text = false;
    // attributes and points of the lines that are not written yet
    let mut strokes: Option<(String, String)> = None;
    for line in svg.lines() {
        let line = if line.starts_with('<') { line.replace(" opacity=\"1\"", "") } else { line.to_string() };
        let stroke = line.strip_prefix("<polyline").and_then(|l| l.strip_suffix("\"/>")?.split_once(" points=\""));
        if let (Some((attributes, points)), Some((pending, all))) = (stroke, &mut strokes)
            && pending == attributes
        {
            all.push_str(&format!("M{}", points.trim()));
            continue;
        }
        if let Some((attributes, points)) = strokes.take() {
            out.push_str(&format!("<path{attributes} d=\"{points}\"/>\n"));
        }
        if let Some((attributes, points)) = stroke {
            strokes = Some((attributes.to_owned(), format!("M{}", points.trim())));
            continue;
        }
        out.push_str(&line);
        let opens = line.starts_with("<text");
        if in_text && line.starts_with("</text") {
            hold_width(&mut out);
        }
        in_text = opens || (in_text && !line.starts_with("</text"));
        if line.starts_with("<svg") && !title.trim().is_empty() {
            out.push_str(&format!("\n<title>{}</title>", escape(&clean(title))));
        }
        // Line feeds inside a text element would count as spaces.
        if !in_text {
            out.push('\n');
        }
    }
    out
}

/// Gives the last text element of `svg` the width that was measured for it, so that another font on the reader's machine is squeezed
/// into its place and nothing is cut off.
fn hold_width(svg: &mut String) {
    let Some(start) = svg.rfind("<text") else { return };
    let Some(open) = svg[start..].find('>').map(|i| start + i) else { return };
    let (tag, text) = (&svg[start..open], &svg[open + 1..svg.len() - "</text>".len()]);
    let em = tag.split("font-size=\"").nth(1).and_then(|rest| rest.split('"').next()).and_then(|size| size.parse::<f64>().ok());
    let Some(em) = em else { return };
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    let length = width(&text, em, tag.contains("font-weight=\"bold\""));
    svg.insert_str(open, &format!(" textLength=\"{length:.1}\" lengthAdjust=\"spacingAndGlyphs\""));
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The picture for no data at all.
pub(super) fn nothing(title: &str) -> Drawing {
    says(Picture::narrow(), title, "該当するデータはありません")
}

/// A picture that only says why there is nothing to draw.
pub(super) fn says(mut p: Picture, title: &str, words: &str) -> Drawing {
    let right = f64::from(p.width) - MARGIN;
    let lines = super::text::fit_all(std::iter::once(words), right - MARGIN - 20.0, false);
    p.outline(Rect { x0: MARGIN, y0: MARGIN, x1: right, y1: 92.0 }, LINE);
    for block in &lines {
        p.block(block, (f64::from(p.width) / 2.0, 50.0), Anchor::Middle, Letters { colour: MUTED, ..PLAIN });
    }
    p.finish(title, 100.0)
}

type Segment = ((f64, f64), (f64, f64));

/// Diagonal lines clipped to a rectangle.
fn hatch_rect(r: &Rect, step: f64, back: bool) -> Vec<Segment> {
    let mut out = vec![];
    let (w, h) = (r.x1 - r.x0, r.y1 - r.y0);
    let mut c = step;
    while c < w + h {
        // Along u + v = c with u to the right, v downwards.
        let (u0, u1) = ((c - h).max(0.0), c.min(w));
        let at = |u: f64| if back { (r.x0 + u, r.y1 - (c - u)) } else { (r.x0 + u, r.y0 + (c - u)) };
        if u1 - u0 >= 1.0 {
            out.push((at(u0), at(u1)));
        }
        c += step;
    }
    out
}

/// Diagonal chords of a circle.
fn hatch_disc((cx, cy): (f64, f64), radius: f64, step: f64, back: bool) -> Vec<Segment> {
    let mut out = vec![];
    let root = std::f64::consts::FRAC_1_SQRT_2;
    // `step` counts along the axis, as in `hatch_rect`; across the lines it is shorter.
    let gap = step * root;
    let n = (radius / gap).floor() as i32;
    for k in -n..=n {
        let d = f64::from(k) * gap;
        let half = (radius * radius - d * d).max(0.0).sqrt();
        if half < 1.0 {
            continue;
        }
        let flip = if back { -1.0 } else { 1.0 };
        let at = |t: f64| (cx + (d + t) * root, cy + flip * (d - t) * root);
        out.push((at(-half), at(half)));
    }
    out
}
