//! Stage 6, render: finished values become HTML, PDF and SVG. Exporters are pure functions of the value.

pub mod charts;
pub mod fit;
pub mod glyphs;
pub mod html;
pub mod pdf;
