//! Pictures that need more than one kind of figure: the week, the pyramid, the funnel, the network of partners.
//!
//! Each is made of the same values as its table and its text alternative; words come from `reports/phrases/pictures.j2`.

use std::collections::BTreeMap;

use minijinja::value::{Serde, Value};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::figures::{Figure, FigureRow};
use super::picture_facts::Projected;
use super::sheet::{Chart, Named, TableView};
use super::{Drafter, range};
use crate::aggregate::figure::{FigureValue, Indicator};
use crate::facts::areas::Area;
use crate::facts::dictionary::read_csv;
use crate::ground::error::{Error, Result};
use crate::ground::numbers::{percent, report_year_label, share_range, thousands};
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

/// Kinds of `figures.csv` that are drawn here.
pub const KINDS: [&str; 5] = ["week", "pyramid", "funnel", "network", "years"];

/// A drawing with its table and its words.
struct Drawn {
    drawing: Drawing,
    table: TableView,
    alt: String,
}

impl Drawn {
    fn figure(self, row: &FigureRow, area: &Area, chart_id: &str) -> Figure {
        let (svg, width, height) = self.drawing;
        let title = format!("{}（{}）", row.chart_title, area.name);
        let chart = Chart { id: chart_id.to_owned(), title, alt: self.alt, svg, width, height, data: self.table.clone(), data_beside: true };
        Figure {
            kind: row.kind.clone(),
            table: self.table,
            chart: Some(chart),
            table_on_sheet: row.shows("table"),
            chart_on_sheet: row.shows("chart"),
        }
    }
}

/// An area against the limits, for words.
#[derive(Serialize)]
struct FunnelLine {
    name: String,
    n: i64,
    share: String,
    inner: String,
    outer: String,
    /// `below`, `inside` or `above` the 95 % and the 99.8 % limits, with the whole of its interval.
    verdict: &'static str,
    far: &'static str,
}

impl Drafter<'_> {
    /// The picture of a row of `figures.csv`, if its kind is one and the area has something to show.
    pub(super) fn picture(&self, row: &FigureRow, area: &Area, chart_id: &str) -> Result<Option<Figure>> {
        let drawn = match row.kind.as_str() {
            "week" => Some(self.week(row, area)?),
            "pyramid" => Some(self.pyramid(row, area)?),
            "funnel" => self.funnel(row, area)?,
            "network" => Some(self.network(row, area, false)?),
            "years" => return self.years(row, area).map(Some),
            _ => None,
        };
        Ok(drawn.map(|d| d.figure(row, area, chart_id)))
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
        let mut found: BTreeMap<String, charts::WeekBand> = by_slot.by_ref().collect();
        let mut slot = |name: &str| found.remove(name).ok_or_else(|| Error::new(format!("week.csv に {name} の行がありません")));
        let week = charts::Week { evening: slot("evening")?, night: slot("night")?, holiday: slot("holiday")? };
        let note = self.picture_words("week", "notes", area, data.clone())?.join("");
        Ok(Drawn {
            drawing: charts::week(&row.chart_title, &week),
            table: TableView { note, of: vec!["after_hours_facilities".into()], ..TableView::new(row.caption.clone(), head, body) },
            alt: self.picture_words("week", "alt", area, data)?.join(""),
        })
    }

    /// Residents by age today, and the coarse projection where it is published.
    fn pyramid(&self, row: &FigureRow, area: &Area) -> Result<Drawn> {
        let facts = &self.facts.pictures;
        let people = facts.people(area);
        let sum = |from: i64, to: i64| -> i64 { people.iter().filter(|(age, _)| (from..to).contains(age)).map(|(_, n)| n).sum() };
        let groups = [("0〜64歳", 0, 65), ("65〜74歳", 65, 75), ("75歳以上", 75, i64::MAX)];
        // the years that the rules name, as far as the projection has them
        let years = [self.rules.value("outlook_near_year")? as i64, self.rules.value("outlook_year")? as i64];
        let projected: Vec<(i64, Projected)> = years.iter().filter_map(|y| facts.projected(area, *y).map(|p| (*y, p))).collect();
        let of = |p: &Projected, from: i64| match from {
            0 => p.total - p.over_65,
            65 => p.over_65 - p.over_75,
            _ => p.over_75,
        };
        let as_of = self.reference.sources.iter().find(|s| s.table_name == "population_by_age").map_or("", |s| s.as_of.as_str());
        let today = format!("{}年", as_of.split('-').next().unwrap_or_default());
        let band = |from: i64| if from >= 90 { "90〜".to_owned() } else { format!("{from}〜{}", from + 4) };
        let head = std::iter::once("年齢".to_owned())
            .chain([format!("{today}（人）")])
            .chain(projected.iter().map(|(y, _)| format!("{y}年の推計（人）")))
            .collect();
        let mut body: Vec<Vec<String>> = Vec::new();
        for (label, from, to) in groups {
            let later = projected.iter().map(|(_, p)| thousands(of(p, from)));
            body.push([label.to_owned(), thousands(sum(from, to))].into_iter().chain(later).collect());
        }
        for (from, n) in people {
            let blank = projected.iter().map(|_| "―".to_owned());
            body.push([format!("{}歳", band(*from)), thousands(*n)].into_iter().chain(blank).collect());
        }
        let words = json!({
            "today": today,
            "groups": groups.map(|(label, from, to)| json!({"label": label, "now": sum(from, to),
                "later": projected.iter().map(|(y, p)| json!({"year": y, "people": of(p, from)})).collect::<Vec<_>>()})),
            "projected": !projected.is_empty(),
            "total": people.iter().map(|(_, n)| n).sum::<i64>(),
        });
        let pyramid = charts::Pyramid {
            bands: people.iter().map(|(from, n)| charts::AgeBand { label: band(*from), people: *n as f64 }).collect(),
            groups: groups
                .into_iter()
                .map(|(label, from, to)| charts::AgeGroup {
                    label: label.into(),
                    bands: people.iter().filter(|(age, _)| (from..to).contains(age)).count(),
                    people: projected.iter().map(|(_, p)| of(p, from) as f64).collect(),
                })
                .collect(),
            years: projected.iter().map(|(y, _)| format!("{y}年")).collect(),
            today,
        };
        let note = self.picture_words("pyramid", "notes", area, words.clone())?.join("");
        Ok(Drawn {
            drawing: charts::pyramid(&row.chart_title, &pyramid),
            table: TableView { note, of: vec!["m-agg_population_projection".into()], ..TableView::new(row.caption.clone(), head, body) },
            alt: self.picture_words("pyramid", "alt", area, words)?.join(""),
        })
    }

    /// The area against what chance allows around the share of the prefecture; the prefecture and a medical area are shown by their
    /// municipalities.
    /// `None` where the limits are not among the figures.
    fn funnel(&self, row: &FigureRow, area: &Area) -> Result<Option<Drawn>> {
        let areas = &self.facts.pictures.areas;
        let Some(prefecture) = areas.first() else { return Ok(None) };
        let whole = self.facts.summary(prefecture, &row.function_code)?;
        // a city that lies in two areas is part of neither
        let within = |a: &&Area| a.level == "municipality" && (area.level == "prefecture" || a.medical_areas == [area.area_code.clone()]);
        let mut shown: Vec<&Area> = if area.has_parts() { areas.iter().filter(within).collect() } else { Vec::new() };
        if shown.is_empty() {
            shown.push(area);
        }
        let (mut points, mut limits, mut lines) = (Vec::new(), Vec::new(), Vec::new());
        for a in shown {
            let s = self.facts.summary(a, &row.function_code)?;
            let figure = |compare: &str| {
                self.facts
                    .answers(a)
                    .map(|f| f.figures.get(&Indicator::key("function_share", &format!("function={};compare={compare}", row.function_code))).copied())
            };
            let (Some(inner), Some(outer)) = (figure("funnel95")?, figure("funnel998")?) else { continue };
            let n = s.facilities_expected;
            limits.push(charts::FunnelLimit { n: n as f64, low95: inner.low, high95: inner.high, low998: outer.low, high998: outer.high });
            let (Some(low), Some(high)) = (s.share_low, s.share_high) else { continue };
            points.push(charts::FunnelPoint {
                label: a.name.clone(),
                n: n as f64,
                low: low * 100.0,
                high: high * 100.0,
                emphasis: a.area_code == area.area_code,
            });
            let share = if s.share_low == s.share_high { percent(low) } else { format!("{}〜{}", percent(low), percent(high)) };
            let verdict = |l: &FigureValue| {
                if high * 100.0 < l.low {
                    "below"
                } else if low * 100.0 > l.high {
                    "above"
                } else {
                    "inside"
                }
            };
            lines.push(FunnelLine {
                name: a.name.clone(),
                n,
                share,
                inner: share_range(inner.low, inner.high),
                outer: share_range(outer.low, outer.high),
                verdict: verdict(&inner),
                far: verdict(&outer),
            });
        }
        if limits.is_empty() {
            return Ok(None);
        }
        limits.sort_by(|a, b| a.n.total_cmp(&b.n));
        limits.dedup_by(|a, b| a.n == b.n);
        let centre = match (whole.share_low, whole.share_high) {
            (Some(low), Some(high)) => (low + high) * 50.0,
            _ => return Ok(None),
        };
        let words = json!({"lines": lines, "centre": centre, "function": row.function_code});
        let label = self.picture_words("funnel", "centre", area, words.clone())?.join("");
        let x_label = self.picture_words("funnel", "axis", area, words.clone())?.join("");
        let body = lines.iter().map(|l| vec![l.name.clone(), thousands(l.n), l.share.clone(), l.inner.clone(), l.outer.clone()]).collect();
        let head = ["区域", "報告の対象（施設）", "割合", "県全体との違いが偶然の範囲（95%）", "同（99.8%）"].map(str::to_owned).to_vec();
        let note = self.picture_words("funnel", "notes", area, words.clone())?.join("");
        Ok(Some(Drawn {
            drawing: charts::funnel(&row.chart_title, &charts::Funnel { centre_label: label, centre, limits, points, x_label }),
            table: TableView { note, of: vec!["function_share".into()], ..TableView::new(row.caption.clone(), head, body) },
            alt: self.picture_words("funnel", "alt", area, words)?.join(""),
        }))
    }

    /// Facilities and the partners that back them up. Partners are letters, except in material for the council only.
    fn network(&self, row: &FigureRow, area: &Area, named: bool) -> Result<Drawn> {
        let none = BTreeMap::new();
        let links = self.facts.pictures.links(area).unwrap_or(&none);
        let mut load: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
        for partners in links.values() {
            for partner in partners {
                let entry = load.entry(partner).or_default();
                entry.0 += 1;
                entry.1 += i64::from(partners.len() == 1);
            }
        }
        // by how many lean on them, so that lines cross little; then by name, so that the order is always the same
        let mut hubs: Vec<(&str, i64, i64)> = load.into_iter().map(|(name, (n, only))| (name, n, only)).collect();
        hubs.sort_by(|a, b| b.1.cmp(&a.1).then(b.2.cmp(&a.2)).then(a.0.cmp(b.0)));
        let threshold = self.rules.value("fragile_hub_facilities")?;
        let label = |i: usize, name: &str| if named { name.to_owned() } else { format!("連携先{}", letters(i)) };
        let place: BTreeMap<&str, usize> = hubs.iter().enumerate().map(|(i, h)| (h.0, i)).collect();
        let facilities: Vec<charts::Links> = links.values().map(|p| p.iter().filter_map(|n| place.get(n.as_str()).copied()).collect()).collect();
        let lines: Vec<serde_json::Value> = hubs
            .iter()
            .enumerate()
            .map(|(i, h)| json!({"label": label(i, h.0), "facilities": h.1, "only": h.2, "fragile": h.2 as f64 >= threshold}))
            .collect();
        let body = hubs
            .iter()
            .enumerate()
            .map(|(i, h)| vec![label(i, h.0), thousands(h.1), thousands(h.2), if h.2 as f64 >= threshold { "▲".into() } else { String::new() }])
            .collect();
        let drawn: Vec<charts::Hub> =
            hubs.iter().enumerate().map(|(i, h)| charts::Hub { label: label(i, h.0), fragile: h.2 as f64 >= threshold }).collect();
        let words = json!({"hubs": lines, "facilities": links.len(), "threshold": threshold as i64, "named": named});
        let head = ["連携先", "頼る医療機関（施設）", "うち、ほかに連携先のない医療機関（施設）", "負担の集中"].map(str::to_owned).to_vec();
        let note = self.picture_words("network", "notes", area, words.clone())?.join("");
        Ok(Drawn {
            drawing: charts::network(&row.chart_title, &drawn, &facilities),
            table: TableView { note, of: vec!["m-agg_backup_hubs".into()], ..TableView::new(row.caption.clone(), head, body) },
            alt: self.picture_words("network", "alt", area, words)?.join(""),
        })
    }
}

/// The named networks of the areas that consult on them: material for the council only.
#[derive(Clone, Debug, Serialize)]
pub struct NetworkPage {
    pub page: &'static str,
    pub root: &'static str,
    pub title: String,
    pub prefecture: Named,
    pub report_year_label: String,
    pub simulated: bool,
    pub charts: Vec<Chart>,
    pub sources: Vec<String>,
}

impl Drafter<'_> {
    /// One network per area that has a sheet of the function, with the names of the partners.
    pub fn network_page(&self, areas: &[Area], plan: &[(usize, usize)]) -> Result<NetworkPage> {
        let mut charts = Vec::new();
        for row in self.figure_rows.iter().filter(|r| r.kind == "network") {
            let function = self.dictionary.functions.iter().position(|f| f.function_code == row.function_code);
            for &(a, _) in plan.iter().filter(|(a, f)| Some(*f) == function && areas[*a].level != "prefecture") {
                let figure = self.network(row, &areas[a], true)?.figure(row, &areas[a], &format!("network_{}", areas[a].area_code));
                charts.extend(figure.chart.map(|c| Chart { data_beside: false, ..c }));
            }
        }
        Ok(NetworkPage {
            page: "network",
            root: "../",
            title: "後方支援病床の連携（名称入り、協議の場限り）".into(),
            prefecture: self.prefecture(),
            report_year_label: report_year_label(self.report_year),
            simulated: self.simulated,
            charts,
            sources: self.sources(&["g2b"]),
        })
    }
}

/// A, B … Z, AA, AB …
fn letters(i: usize) -> String {
    let letter = char::from(b'A' + (i % 26) as u8);
    if i < 26 { letter.to_string() } else { format!("{}{letter}", letters(i / 26 - 1)) }
}
