//! The years to come of home care as a small table: the old, what they would need, and the official projection.

use super::Drafter;
use super::figures::{Figure, FigureRow};
use super::sheet::TableView;
use crate::aggregate::figure::{FigureValue, Indicator};
use crate::facts::areas::Area;
use crate::ground::error::Result;
use crate::ground::numbers::{number_in, thousands};

/// Years that the projections give.
const YEARS: [i64; 5] = [2030, 2035, 2040, 2045, 2050];
const DASH: &str = "―";

impl Drafter<'_> {
    /// A row for today and one for each projected year; the columns are the residents of 75 and over and the indicators of the list row.
    ///
    /// The projection knows no residents of 85 and over: they stand in the row of today only, and the note says so.
    pub(super) fn years(&self, row: &FigureRow, area: &Area) -> Result<Figure> {
        let figures = &self.facts.answers(area)?.figures;
        let indicators: Vec<&str> = row.items.split(';').collect();
        let mut head = vec!["年".to_owned(), "75歳以上（人）".to_owned()];
        for code in &indicators {
            let indicator = self.names.indicator(code)?;
            let unit = &indicator.unit;
            head.push(format!("{}（{unit}）", indicator.label.split('（').next().unwrap_or_default()));
        }
        let cell = |code: &str, breakdown: &str| {
            let text = |v: &FigureValue| number_in("人/月", v.low);
            figures.get(&Indicator::key(code, breakdown)).map_or_else(|| DASH.to_owned(), text)
        };
        let line = |name: String, old: Option<String>, breakdown: &str| {
            let cells = indicators.iter().map(|code| cell(code, breakdown));
            [name, old.unwrap_or_else(|| DASH.to_owned())].into_iter().chain(cells).collect::<Vec<_>>()
        };
        let (over_75, over_85) = (i64::from(area.population.over_75), i64::from(area.population.over_85));
        let mut body = vec![line("今".to_owned(), Some(thousands(over_75)), "")];
        for year in YEARS {
            let old = self.facts.pictures.projected(area, year).map(|p| thousands(p.over_75));
            body.push(line(format!("{year}年"), old, &format!("year={year}")));
        }
        let note = self.phrases.lines("years", &minijinja::context! { over_85 => over_85 })?.join("");
        let table = TableView { note, of: vec!["m-agg_future_need".into()], ..TableView::new(row.caption.clone(), head, body) };
        Ok(Figure { kind: row.kind.clone(), table, chart: None, table_on_sheet: row.shows("table"), chart_on_sheet: false })
    }
}
