//! All areas of a function side by side, for the integration of the whole prefecture: a table on one page, in the order of the codes.

use serde::{Deserialize, Serialize};

use super::sheet::{Named, TableView};
use super::site::Plan;
use super::{Drafter, place_name, range};
use crate::aggregate::figure::FigureValue;
use crate::facts::areas::Area;
use crate::ground::error::Result;
use crate::ground::numbers::{percent, report_year_label, thousands};

/// A row of `reports/sheets/overview.csv`: a figure that stands beside the counts of a function.
#[derive(Clone, Debug, Deserialize)]
pub struct OverviewRow {
    function_code: String,
    /// `indicator_code` or `indicator_code|breakdown`.
    figure: String,
    /// Head of the column, with its unit.
    title: String,
}

/// One table for each function.
#[derive(Clone, Debug, Serialize)]
pub struct OverviewPage {
    pub page: &'static str,
    pub root: &'static str,
    pub title: String,
    pub prefecture: Named,
    pub report_year_label: String,
    pub simulated: bool,
    pub functions: Vec<FunctionTable>,
    pub notes: Vec<String>,
    pub sources: Vec<String>,
}

/// The areas of one function.
#[derive(Clone, Debug, Serialize)]
pub struct FunctionTable {
    pub code: String,
    pub label: String,
    pub table: TableView,
}

impl Drafter<'_> {
    /// The prefecture and the areas that consult on a function, a row each.
    pub fn overview_page(&self, areas: &[Area], plan: &Plan) -> Result<OverviewPage> {
        let mut functions = Vec::new();
        for (f, function) in self.dictionary.functions.iter().enumerate() {
            let columns: Vec<&OverviewRow> = self.overview.iter().filter(|c| c.function_code == function.function_code).collect();
            let head = ["区域", "報告／対象", "機能あり", "報告のうち", "全体では", "実質", "意向"].into_iter().map(str::to_owned);
            let head: Vec<String> = head.chain(columns.iter().map(|c| c.title.clone())).collect();
            let mut body = Vec::new();
            for &(a, _) in plan.iter().filter(|(_, planned)| *planned == f) {
                body.push(self.overview_line(&areas[a], &function.function_code, &columns)?);
            }
            let caption = format!("{} {}：区域ごとの状況", function.label, function.theme);
            let table = TableView::new(caption, head, body).made_by(vec!["m-area_summary".into()]);
            functions.push(FunctionTable { code: function.function_code.clone(), label: function.title(), table });
        }
        Ok(OverviewPage {
            page: "overview",
            root: "../",
            title: "区域ごとの状況（機能ごと）".into(),
            prefecture: self.prefecture(),
            report_year_label: report_year_label(self.report_year),
            simulated: self.simulated,
            functions,
            notes: self.phrases.lines("overview", &minijinja::context! {})?,
            sources: self.sources(&["area", "g2a", "g2b", "g2c", "g2d"]),
        })
    }

    fn overview_line(&self, area: &Area, function: &str, columns: &[&OverviewRow]) -> Result<Vec<String>> {
        let (s, figures) = (self.facts.summary(area, function)?, &self.facts.answers(area)?.figures);
        let has_share = s.share_low.is_some() && s.facilities_reported > 0;
        let share = if has_share { percent(s.positive_literal as f64 / s.facilities_reported as f64) } else { "―".into() };
        let place = place_name(area);
        let mut line = vec![
            place.strip_suffix("地域").unwrap_or(&place).to_owned(),
            format!("{}／{}", thousands(s.facilities_reported), thousands(s.facilities_expected)),
            thousands(s.positive_literal),
            share,
            range(s.positive_literal, s.positive_high()),
            if function == "g1" { "―".into() } else { thousands(s.positive_core) },
            thousands(s.intending),
        ];
        for column in columns {
            let unit = &self.names.indicator(&column.figure)?.unit;
            let text = |v: &FigureValue| v.text(unit);
            line.push(figures.get(&column.figure).map_or_else(|| "―".to_owned(), text));
        }
        Ok(line)
    }
}
