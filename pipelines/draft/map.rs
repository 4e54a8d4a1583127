//! The map of the overview: municipalities by the share of facilities that reported, in their boundaries or as circles.

use super::Drafter;
use super::sheet::{Chart, TableView};
use super::words::percent_or_dash;
use crate::areas::Area;
use crate::error::Result;
use crate::render::charts::{self, Region, Tile};

/// Classes of the share that reported, the last one without facilities.
const CLASSES: [&str; 5] = ["95%以上", "90〜95%", "80〜90%", "80%未満", "対象なし"];

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

    /// A true map when the work folder holds boundaries, else circles by population.
    pub(super) fn report_map(&self, areas: &[Area]) -> Result<Chart> {
        let mut shown = Vec::new();
        for area in areas.iter().filter(|a| a.level == "municipality") {
            let s = self.facts.summary(area, "g1")?;
            let rate = (s.facilities_expected > 0).then(|| s.facilities_reported as f64 / s.facilities_expected as f64);
            shown.push((area, percent_or_dash(rate), class(rate)));
        }
        let boundaries = self.facts.pictures.boundaries.as_ref();
        let what = if boundaries.is_some() { "" } else { "、円の大きさは人口" };
        let title = format!("市区町村ごとの報告率（{}{what}）", areas[0].name);
        let (svg, width, height) = match boundaries {
            Some(boundaries) => {
                let region = |(i, (area, text, level)): (usize, &(&Area, String, u8))| Region {
                    label: area.name.clone(),
                    text: text.clone(),
                    level: *level,
                    number: i + 1,
                    polygons: boundaries.polygons.get(&area.area_code).cloned().unwrap_or_default(),
                };
                let regions: Vec<Region> = shown.iter().enumerate().map(region).collect();
                charts::choropleth(&title, &CLASSES, &regions, "国土数値情報（国土交通省）を加工。")
            }
            None => {
                let tile = |(area, text, level): &(&Area, String, u8)| Tile {
                    label: area.name.clone(),
                    lon: area.longitude.unwrap_or(f64::NAN),
                    lat: area.latitude.unwrap_or(f64::NAN),
                    size: f64::from(area.population.total),
                    level: *level,
                    text: text.clone(),
                    emphasis: false,
                };
                charts::cartogram(&title, &CLASSES, &shown.iter().map(tile).collect::<Vec<_>>())
            }
        };
        let row = |(i, (area, text, level)): (usize, &(&Area, String, u8))| {
            vec![area.name.clone(), (i + 1).to_string(), text.clone(), CLASSES[usize::from(*level)].to_owned()]
        };
        let head = ["市区町村", "番号", "報告率", "区分"].map(str::to_owned).to_vec();
        let data = TableView::new(title.clone(), head, shown.iter().enumerate().map(row).collect());
        let said: Vec<String> = shown.iter().map(|(area, text, _)| format!("{} {text}", area.name)).collect();
        Ok(Chart { id: "map".into(), alt: format!("{title}：{}。", said.join("、")), title, svg, width, height, data, data_beside: false })
    }
}
