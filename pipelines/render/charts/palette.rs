//! Colours and class fills. One place, so that charts and the contract of the sheet cannot drift apart.

use plotters::style::RGBColor;

pub(super) const INK: RGBColor = RGBColor(0x1a, 0x1a, 0x1a);
pub(super) const MUTED: RGBColor = RGBColor(0x4f, 0x58, 0x63);
pub(super) const LINE: RGBColor = RGBColor(0xc5, 0xcc, 0xd3);
pub(super) const PAPER: RGBColor = RGBColor(0xff, 0xff, 0xff);
pub(super) const BAND: RGBColor = RGBColor(0xf2, 0xf5, 0xf8);
/// Need, warning, attention.
pub(super) const MARK: RGBColor = RGBColor(0xc2, 0x41, 0x0c);
pub(super) const DARKEST: RGBColor = RGBColor(0x14, 0x37, 0x5e);
pub(super) const DARK: RGBColor = RGBColor(0x3a, 0x76, 0xad);
pub(super) const LIGHT: RGBColor = RGBColor(0x93, 0xbd, 0xdc);
pub(super) const LIGHTEST: RGBColor = RGBColor(0xdb, 0xe9, 0xf4);

/// How an area is painted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Fill {
    Solid(RGBColor),
    /// Dense lines `/` on paper: not known, in every chart and map.
    Hatch,
    /// Sparse lines `\` on paper: none now, but intended; or a second class that is not known.
    BackHatch,
}

impl Fill {
    /// Letters on this fill: white only where it keeps a contrast above 4.5.
    pub(super) fn text_colour(self) -> RGBColor {
        match self {
            Fill::Solid(c) if luma(c) < 125.0 => PAPER,
            _ => INK,
        }
    }

    /// Pale areas need an outline to be seen on paper.
    pub(super) fn needs_outline(self) -> bool {
        !matches!(self, Fill::Solid(c) if luma(c) < 170.0)
    }
}

fn luma(c: RGBColor) -> f64 {
    0.299 * f64::from(c.0) + 0.587 * f64::from(c.1) + 0.114 * f64::from(c.2)
}

/// Dark to light, `n` steps that stay apart in grey print.
fn ramp(n: usize) -> Vec<RGBColor> {
    match n {
        0 => vec![],
        1 => vec![DARK],
        2 => vec![DARKEST, LIGHT],
        3 => vec![DARKEST, DARK, LIGHT],
        4 => vec![DARKEST, DARK, LIGHT, LIGHTEST],
        5 => vec![DARKEST, DARK, RGBColor(0x6b, 0x9d, 0xc8), RGBColor(0xa6, 0xc9, 0xe3), RGBColor(0xe1, 0xed, 0xf6)],
        _ => vec![
            DARKEST,
            RGBColor(0x2b, 0x5d, 0x91),
            RGBColor(0x50, 0x8a, 0xbd),
            RGBColor(0x80, 0xb0, 0xd5),
            RGBColor(0xb1, 0xd0, 0xe7),
            RGBColor(0xe6, 0xf0, 0xf8),
        ],
    }
}

/// Words that say "we do not know".
const UNKNOWN: [&str; 12] =
    ["不明", "未報告", "無回答", "未回答", "未入力", "未把握", "秘匿", "わから", "分から", "出していない", "データなし", "判定できない"];
/// Words that say "there is none". 「少ない」 must not match.
const NONE: [&str; 7] = ["なし", "無し", "いない", "しない", "できない", "対象外", "非該当"];

/// One fill per class name, in order: what is not known is hatched, what is not there is paper, all others go from dark to light.
pub(super) fn class_fills(names: &[&str]) -> Vec<Fill> {
    let says = |words: &[&str], name: &str| words.iter().any(|w| name.contains(w));
    let mut hatches = [Fill::Hatch, Fill::BackHatch].into_iter();
    let fill = |name: &&str| match name {
        n if says(&UNKNOWN, n) => hatches.next(),
        n if says(&NONE, n) && n.contains("意向") => Some(Fill::BackHatch),
        n if says(&NONE, n) => Some(Fill::Solid(PAPER)),
        _ => None,
    };
    let fills: Vec<Option<Fill>> = names.iter().map(fill).collect();
    let solid = fills.iter().filter(|f| f.is_none()).count();
    let shades = ramp(solid);
    let mut next = shades.iter().chain(std::iter::repeat(&LIGHTEST));
    fills.into_iter().map(|f| f.unwrap_or_else(|| Fill::Solid(*next.next().unwrap_or(&LIGHTEST)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hatch_means_not_known_and_nothing_else() {
        let f = class_fills(&["あり", "なし", "未報告"]);
        assert_eq!(f, [Fill::Solid(DARK), Fill::Solid(PAPER), Fill::Hatch]);
        assert_eq!(class_fills(&["あり", "なし（意向あり）", "なし"])[1..], [Fill::BackHatch, Fill::Solid(PAPER)]);
        assert!(matches!(class_fills(&["多い", "少ない"])[1], Fill::Solid(_)));
    }
}
