//! Maps of the municipalities, in their boundaries or as circles: who reported, and what there is for certain or perhaps.

use serde::Deserialize;

use super::Drafter;
use super::sheet::{Chart, TableView};
use crate::aggregate::figure::FigureValue;
use crate::facts::areas::Area;
use crate::ground::error::Result;
use crate::ground::numbers::percent_or_dash;
use crate::render::charts::{self, Region, Tile};

/// Classes of the share that reported, the last one without facilities.
const CLASSES: [&str; 5] = ["95%以上", "90〜95%", "80〜90%", "80%未満", "対象なし"];

/// Of a municipality whose figure is not given.
const NOT_GIVEN: &str = "分からない（報告がない）";

/// A row of `reports/sheets/maps.csv`: the map of a figure, and what its classes are called.
#[derive(Clone, Debug, Deserialize)]
pub struct MapRow {
    function_code: String,
    /// `indicator_code` or `indicator_code|breakdown`.
    figure: String,
    title: String,
    /// The lower bound is above zero.
    certain: String,
    /// Only the upper bound is.
    possible: String,
    none: String,
}

fn class(rate: Option<f64>) -> u8 {
    match rate {
        None => 4,
        Some(r) if r >= 0.95 => 0,
        Some(r) if r >= 0.9 => 1,
        Some(r) if r >= 0.8 => 2,
        Some(_) => 3,
    }
}

impl Drafter<'_> {
    /// The credit that boundaries of the work folder ask for.
    pub(super) fn map_credit(&self) -> Option<String> {
        self.facts.pictures.boundaries.as_ref().map(|b| format!("国土数値情報（国土交通省）を加工（作業フォルダーの reference/{}）", b.file_name))
    }

    /// Who reported.
    pub(super) fn report_map(&self, areas: &[Area]) -> Result<Chart> {
        let mut shown = Vec::new();
        for area in areas.iter().filter(|a| a.level == "municipality") {
            let s = self.facts.summary(area, "g1")?;
            let rate = (s.facilities_expected > 0).then(|| s.facilities_reported as f64 / s.facilities_expected as f64);
            // of few facilities the count, not a share
            let text = match s.share_low {
                None if s.facilities_expected > 0 => format!("{}／{}", s.facilities_reported, s.facilities_expected),
                _ => percent_or_dash(rate),
            };
            shown.push(Spot { area, text, class: class(rate) });
        }
        let data = |title: &str| table(title, "報告率", &CLASSES, &shown);
        Ok(self.map("map", &format!("市区町村ごとの報告率（{}", areas[0].name), &CLASSES, &shown, data))
    }

    /// The maps of a function for the whole prefecture: where there is something for certain, perhaps, or not at all.
    pub(super) fn function_maps(&self, areas: &[Area], function: &str) -> Result<Vec<Chart>> {
        let rows = self.maps.iter().filter(|m| m.function_code == function);
        rows.enumerate().map(|(i, row)| self.figure_map(areas, row, &format!("{function}_map{}", i + 1))).collect()
    }

    fn figure_map(&self, areas: &[Area], row: &MapRow, id: &str) -> Result<Chart> {
        let unit = &self.names.indicator(&row.figure)?.unit;
        let classes = [row.certain.as_str(), &row.possible, &row.none, NOT_GIVEN];
        let mut shown = Vec::new();
        for area in areas.iter().filter(|a| a.level == "municipality") {
            let figure = self.facts.answers(area)?.figures.get(&row.figure);
            let class = match figure {
                None => 3,
                Some(f) if f.low > 0.0 => 0,
                Some(f) if f.high > 0.0 => 1,
                Some(_) => 2,
            };
            // what there is more than enough of is no negative shortage
            let text = figure.map(|f| FigureValue { low: f.low.max(0.0), high: f.high.max(0.0) }.text(unit));
            shown.push(Spot { area, text: text.unwrap_or_else(|| "―".into()), class });
        }
        // where every figure is given, the last class needs no place in the legend
        let classes = if shown.iter().any(|s| s.class == 3) { &classes[..] } else { &classes[..3] };
        let code = row.figure.split('|').next().unwrap_or_default().to_owned();
        let data = |title: &str| table(title, "少なくとも〜多くとも", classes, &shown).made_by(vec![code]);
        Ok(self.map(id, &format!("{}（{}の市区町村", row.title, areas[0].name), classes, &shown, data))
    }

    /// A true map when the work folder holds boundaries, else circles by population. `title` ends within its brackets.
    fn map(&self, id: &str, title: &str, classes: &[&str], shown: &[Spot<'_>], data: impl FnOnce(&str) -> TableView) -> Chart {
        let boundaries = self.facts.pictures.boundaries.as_ref();
        let title = format!("{title}{}）", if boundaries.is_some() { "" } else { "、円の大きさは人口" });
        let (svg, width, height) = match boundaries {
            Some(boundaries) => {
                let region = |(i, spot): (usize, &Spot<'_>)| Region {
                    label: spot.area.name.clone(),
                    text: spot.text.clone(),
                    level: spot.class,
                    number: i + 1,
                    polygons: boundaries.polygons.get(&spot.area.area_code).cloned().unwrap_or_default(),
                };
                let regions: Vec<Region> = shown.iter().enumerate().map(region).collect();
                charts::choropleth(&title, classes, &regions, "国土数値情報（国土交通省）を加工。")
            }
            None => {
                let tile = |(i, spot): (usize, &Spot<'_>)| Tile {
                    label: spot.area.name.clone(),
                    lon: spot.area.longitude.unwrap_or(f64::NAN),
                    lat: spot.area.latitude.unwrap_or(f64::NAN),
                    size: f64::from(spot.area.population.total),
                    level: spot.class,
                    text: spot.text.clone(),
                    emphasis: false,
                    number: i + 1,
                };
                charts::cartogram(&title, classes, &shown.iter().enumerate().map(tile).collect::<Vec<_>>())
            }
        };
        let said: Vec<String> = shown.iter().map(|s| format!("{} {}", s.area.name, s.text)).collect();
        let data = data(&title);
        Chart { id: id.into(), alt: format!("{title}：{}。", said.join("、")), title, svg, width, height, data, data_beside: false }
    }
}

/// A municipality on a map, with what is written beside its name.
struct Spot<'a> {
    area: &'a Area,
    text: String,
    class: u8,
}

fn table(title: &str, value: &str, classes: &[&str], shown: &[Spot<'_>]) -> TableView {
    let row = |(i, s): (usize, &Spot<'_>)| vec![s.area.name.clone(), (i + 1).to_string(), s.text.clone(), classes[usize::from(s.class)].to_owned()];
    let head = ["市区町村", "番号", value, "区分"].map(str::to_owned).to_vec();
    let align = vec!["left", "right", "right", "left"];
    TableView { align, ..TableView::new(title, head, shown.iter().enumerate().map(row).collect()) }
}
