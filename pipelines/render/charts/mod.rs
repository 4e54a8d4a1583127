//! Charts as SVG text: pure functions, data in, picture out, the same bytes on every run.
//!
//! A wide canvas is [`WIDTH`] px and stands for about 170 mm of paper, so 1 px = 0.48 pt and the
//! usual 22 px letters print at about 10.6 pt; a narrow one ([`NARROW`] px) stands for half of that paper. Titles are captions of the template; here they only
//! become the SVG `<title>` element. Every chart stays readable in grey print: classes differ in
//! lightness, and classes that mean "none" or "unknown" are hatched.

mod bars;
mod cartogram;
mod choropleth;
mod dorling;
mod frame;
mod funnel;
mod intervals;
mod labels;
mod network;
mod outline;
mod palette;
mod pyramid;
mod stacked;
mod text;
mod week;

pub use crate::render::charts::dorling::Tile;
pub use bars::{Bar, bars};
pub use cartogram::cartogram;
pub use choropleth::{Region, choropleth};
pub use frame::{NARROW, WIDTH};
pub use funnel::{Funnel, FunnelLimit, FunnelPoint, funnel};
pub use intervals::{Interval, Role, intervals};
pub use network::{Hub, Links, network};
pub use pyramid::{AgeBand, AgeGroup, Pyramid, pyramid};
pub use stacked::{StackedRow, stacked};
pub use text::{register_fonts, width as text_width};
pub use week::{Week, WeekBand, WeekMode, week};

/// SVG text, width in px, height in px.
pub type Drawing = (String, u32, u32);

/// A finished chart as templates use it.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Chart {
    /// Key within its sheet, e.g. `c1`.
    pub id: String,
    /// Caption, printed by the template.
    pub title: String,
    /// Text alternative: what the chart says, in one or two sentences.
    pub alt: String,
    /// The picture as SVG text.
    pub svg: String,
    /// Canvas width in px.
    pub width: u32,
    /// Canvas height in px.
    pub height: u32,
    /// The values of the picture as a table.
    pub data: TableView,
    /// The page prints that table beside the picture; else the figure brings it along.
    pub data_beside: bool,
}

impl Chart {
    /// Whether it can be read at half the width of a page; templates ask the same of `width`.
    pub fn is_narrow(&self) -> bool {
        self.width < 700
    }
}

/// A table as printed: cells are formatted text, the first of a row is its header.
#[derive(Clone, Debug, serde::Serialize)]
pub struct TableView {
    pub caption: String,
    pub head: Vec<String>,
    pub align: Vec<&'static str>,
    pub rows: Vec<Vec<String>>,
    pub note: String,
    /// Places of the method page: one for the whole table, or one for each row; empty where no method stands behind it.
    pub of: Vec<String>,
}

impl TableView {
    /// A table whose first column is text and whose other columns are numbers.
    pub fn new(caption: impl Into<String>, head: Vec<String>, rows: Vec<Vec<String>>) -> Self {
        let align = (0..head.len()).map(|i| if i == 0 { "left" } else { "right" }).collect();
        Self { caption: caption.into(), head, align, rows, note: String::new(), of: Vec::new() }
    }

    /// With the places of the method page.
    pub fn made_by(self, of: Vec<String>) -> Self {
        Self { of, ..self }
    }
}
