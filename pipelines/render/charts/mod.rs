//! Charts as SVG text: pure functions, data in, picture out, the same bytes on every run.
//!
//! One canvas is [`WIDTH`] px wide and stands for about 170 mm of paper, so 1 px = 0.48 pt and the
//! usual 22 px letters print at about 10.6 pt. Titles are captions of the template; here they only
//! become the SVG `<title>` element. Every chart stays readable in grey print: classes differ in
//! lightness, and classes that mean "none" or "unknown" are hatched.

mod bars;
mod cartogram;
mod dorling;
mod frame;
mod intervals;
mod labels;
mod palette;
mod stacked;
mod text;

pub use bars::{Bar, bars};
pub use cartogram::{Tile, cartogram};
pub use frame::WIDTH;
pub use intervals::{Interval, intervals};
pub use stacked::{StackedRow, stacked};
pub use text::register_fonts;

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
}
