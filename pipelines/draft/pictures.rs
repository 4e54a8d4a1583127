//! Pictures that need more than one kind of figure: the week, the pyramid, the funnel, the network of partners.
//!
//! Each is made of the same values as its table and its text alternative; words come from `reports/phrases/pictures.j2`.

use minijinja::value::{Serde, Value};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::figures::{Figure, FigureRow};
use super::sheet::{Chart, TableView};
use super::{Drafter, range};
use crate::areas::Area;
use crate::dictionary::read_csv;
use crate::error::{Error, Result};
use crate::render::charts::{self, Drawing};

/// A row of `reports/sheets/week.csv`: where a report item stands in the picture of the week.
#[derive(Clone, Debug, Deserialize)]
struct WeekRow {
    item_code: String,
    /// `evening`, `night` or `holiday`.
    slot: String,
    name: String,
    hours: String,
}

/// What the pictures of a run share.
pub struct Pictures {
    week: Vec<WeekRow>,
}

impl Pictures {
    pub fn load() -> Result<Self> {
        Ok(Self { week: read_csv("reports/sheets/week.csv")? })
    }
}

/// Facilities by way of answering in one band, for words.
#[derive(Serialize)]
struct BandWords<'a> {
    name: &'a str,
    hours: &'a str,
    modes: Vec<(String, i64)>,
    answering: i64,
}

/// A drawing with its table and its words.
struct Drawn {
    drawing: Drawing,
    table: TableView,
    alt: String,
}

impl Drafter<'_> {
    /// The picture of a row of `figures.csv`, if its kind is one and the area has something to show.
    pub(super) fn picture(&self, row: &FigureRow, area: &Area, chart_id: &str) -> Option<Result<Figure>> {
        let drawn = match row.kind.as_str() {
            "week" => self.week(row, area),
            _ => return None,
        };
        let title = format!("{}（{}）", row.chart_title, area.name);
        Some(drawn.map(|d| {
            let (svg, width, height) = d.drawing;
            let chart = Chart { id: chart_id.to_owned(), title, alt: d.alt, svg, width, height, data: d.table.clone(), data_beside: true };
            Figure { table: d.table, chart: Some(chart), table_on_sheet: row.shows("table"), chart_on_sheet: row.shows("chart") }
        }))
    }

    /// Lines of a part of `pictures.j2`.
    fn picture_words(&self, picture: &str, part: &str, area: &Area, data: serde_json::Value) -> Result<Vec<String>> {
        let context = json!({"picture": picture, "part": part, "area": area, "prefecture": self.prefecture(), "d": data});
        self.phrases.lines("pictures", &Value::from(Serde(context)))
    }

    /// Time bands of a week and who answers in them.
    fn week(&self, row: &FigureRow, area: &Area) -> Result<Drawn> {
        let g1 = self.facts.summary(area, "g1")?;
        let silent = g1.positive_high() - g1.positive_literal;
        let answers = self.facts.answers(area)?;
        let mut bands = Vec::new();
        let mut body = Vec::new();
        let mut head = Vec::new();
        let mut words = Vec::new();
        for item in row.items.split(';') {
            let place = self.pictures.week.iter().find(|w| w.item_code == item);
            let place = place.ok_or_else(|| {
                Error::new(format!("報告事項 {item} が week.csv にありません")).next("reports/sheets/week.csv に行を足してください")
            })?;
            let choices = answers.choices.get(item).map_or(&[][..], Vec::as_slice);
            let modes = self.names.count_by_mode(choices);
            head = std::iter::once("時間帯".to_owned()).chain(modes.iter().map(|m| m.label.clone())).collect();
            body.push(
                std::iter::once(format!("{}（{}）", place.name, place.hours))
                    .chain(modes.iter().map(|m| range(m.facilities, m.facilities + silent)))
                    .collect(),
            );
            let mut grouped: Vec<(String, i64, bool)> = Vec::new();
            for m in &modes {
                match grouped.iter_mut().find(|g| g.0 == m.short) {
                    Some(g) => g.1 += m.facilities,
                    None => grouped.push((m.short.clone(), m.facilities, m.answers)),
                }
            }
            let answering: i64 = grouped.iter().filter(|g| g.2).map(|g| g.1).sum();
            words.push(BandWords { name: &place.name, hours: &place.hours, modes: grouped.iter().map(|g| (g.0.clone(), g.1)).collect(), answering });
            bands.push((place, grouped, answering));
        }
        let data = json!({"bands": words, "silent": silent, "expected": g1.facilities_expected, "g1": g1.positive_literal});
        let blank = self.picture_words("week", "blank", area, data.clone())?.join("");
        let mut by_slot = bands.into_iter().map(|(place, modes, answering)| {
            let modes = modes.into_iter().map(|(label, n, _)| charts::WeekMode { label, low: n as f64, high: (n + silent) as f64 }).collect();
            let blank = if answering == 0 { blank.clone() } else { String::new() };
            (place.slot.clone(), charts::WeekBand { name: place.name.clone(), hours: place.hours.clone(), modes, blank })
        });
        let mut found: std::collections::BTreeMap<String, charts::WeekBand> = by_slot.by_ref().collect();
        let mut slot = |name: &str| found.remove(name).ok_or_else(|| Error::new(format!("week.csv に {name} の行がありません")));
        let week = charts::Week { evening: slot("evening")?, night: slot("night")?, holiday: slot("holiday")? };
        let note = self.picture_words("week", "notes", area, data.clone())?.join("");
        Ok(Drawn {
            drawing: charts::week(&row.chart_title, &week),
            table: TableView { note, ..TableView::new(row.caption.clone(), head, body) },
            alt: self.picture_words("week", "alt", area, data)?.join(""),
        })
    }
}
