//! Areas, indicators, breakdowns and facilities by the names that people use, or by their codes.

use std::collections::BTreeSet;

use crate::aggregate::figure::{Indicator, covers};
use crate::check::master;
use crate::draft::sentence::Labels;
use crate::facts::dictionary::{Dictionary, read_csv};
use crate::facts::local;
use crate::facts::workspace::Workspace;
use crate::ground::artefact::Table;
use crate::ground::error::{Error, Result};
use crate::ground::text::fold;
use crate::workbook::generate::{ModeRow, full_name};
use crate::workbook::places::Places;

/// What a figure is asked by: the code of its area, indicator and breakdown as people wrote them.
pub struct Said<'a> {
    pub area: &'a str,
    pub indicator: &'a str,
    pub breakdown: &'a str,
}

/// Everything that has a name.
pub struct Named<'a> {
    indicators: &'a [Indicator],
    labels: Labels,
    dictionary: Dictionary,
    modes: Vec<ModeRow>,
    places: Places,
}

/// Figures that an error lists when a name fits several.
const LISTED: usize = 8;

impl<'a> Named<'a> {
    pub fn of(workspace: &Workspace, indicators: &'a [Indicator]) -> Result<Self> {
        let dictionary = Dictionary::load_in(workspace.settings.report_year, Some(&workspace.root))?;
        let (labels, places) = (Labels::load(&dictionary)?, Places::new(&workspace.areas()?, &dictionary)?);
        Ok(Self { indicators, labels, places, dictionary, modes: read_csv("sql/dictionary/modes.csv")? })
    }

    /// The code of an area.
    pub fn area(&self, said: &str) -> Result<String> {
        self.places.area_code(said).map(str::to_owned)
    }

    /// The codes that are meant where no figure is there: as written, or those of an indicator with this name.
    pub fn codes(&self, indicator: &str, breakdown: &str) -> Result<(String, String)> {
        let wanted = plain(indicator);
        let found = self.indicators.iter().find(|i| i.indicator_code == indicator || (plain(&i.label) == wanted && !i.breakdown.contains('*')));
        Ok(found.map_or_else(
            || (indicator.to_owned(), breakdown.to_owned()),
            |i| {
                (
                    i.indicator_code.clone(),
                    if breakdown.is_empty() && i.indicator_code != indicator { i.breakdown.clone() } else { breakdown.to_owned() },
                )
            },
        ))
    }

    /// The row of the figure that is meant; an inner error where none or several are.
    pub fn row(&self, figures: &Table, said: &Said<'_>) -> Result<std::result::Result<usize, Error>> {
        let (indicator, part) = (plain(said.indicator), plain(said.breakdown));
        // codes first, then a whole name, then a name with its part, then every part of a name
        let mut found: [Vec<(usize, String)>; 4] = Default::default();
        for i in 0..figures.len() {
            if figures.text(i, "area_code")? != said.area {
                continue;
            }
            let (code, breakdown) = (figures.text(i, "indicator_code")?, figures.text(i, "breakdown")?);
            let Some(row) = self.indicators.iter().find(|r| r.indicator_code == code && covers(&r.breakdown, breakdown)) else { continue };
            let (label, is_named) =
                (full_name(row, breakdown, &self.dictionary, &self.modes), code == said.indicator || plain(&row.label) == indicator);
            let is_part = breakdown == said.breakdown || plain(&self.labels.breakdown(breakdown)?) == part;
            let class = match (part.is_empty(), is_named) {
                _ if code == said.indicator && breakdown == said.breakdown => 0,
                (true, _) if plain(&label) == indicator => 1,
                (false, true) if is_part => 2,
                (true, true) => 3,
                _ => continue,
            };
            found[class].push((i, label));
        }
        let found = found.into_iter().find(|f| !f.is_empty()).unwrap_or_default();
        Ok(match &found[..] {
            [(one, _)] => Ok(*one),
            [] => Err(Error::new(format!("区域 {} の指標 {} がありません", said.area, Indicator::key(said.indicator, said.breakdown)))
                .next("協議シートのシート「指標」にある名前かコード、又は data/figures.csv にある indicator_code と breakdown を指定してください")),
            several => {
                let listed: Vec<String> = several.iter().take(LISTED).map(|(_, l)| format!("「{l}」")).collect();
                let more = if several.len() > LISTED { format!(" ほか {}", several.len() - LISTED) } else { String::new() };
                Err(Error::new(format!("「{}」にあたる数値が {} あります", said.indicator, several.len()))
                    .next(format!("次のどれかを indicator= に書いてください：{}{more}", listed.join("、"))))
            }
        })
    }
}

/// A name without spaces, widths and the word on the prefecture's own rates.
fn plain(text: &str) -> String {
    local::with_national_rates(&fold(text)).replace(':', "：")
}

/// The ID of a facility that people named by its ID or by its name in the facility master.
pub fn facility(workspace: &Workspace, functions: &Table, said: &str) -> Result<String> {
    let mut ids = BTreeSet::new();
    for i in 0..functions.len() {
        ids.insert(functions.text(i, "facility_id")?.to_owned());
    }
    let Some(path) = workspace.master().filter(|_| !ids.contains(said)) else { return Ok(said.to_owned()) };
    master::read(&path, &workspace.reference()?, &workspace.areas()?, &ids)?.id_of(said)
}
