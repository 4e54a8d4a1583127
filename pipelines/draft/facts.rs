//! What sheets and pages are drafted from: the figures of all areas, read from the aggregate tables.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::figures::{AreaAnswers, ChoiceCount, ClaimCount};
use super::picture_facts::PictureFacts;
use super::systems;
use crate::aggregate::figure::{FigureValue, Indicator};
use crate::check::outside::Line;
use crate::draft::change::Change;
use crate::facts::areas::Area;
use crate::facts::boundaries::Boundaries;
use crate::ground::artefact::Table;
use crate::ground::error::{Error, Result};
use crate::ground::stage::Tables;

/// One row of `area_summary` in the form that sheets use.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Summary {
    pub level: String,
    pub area_code: String,
    pub function_code: String,
    pub facilities_expected: i64,
    pub facilities_reported: i64,
    pub positive_literal: i64,
    pub positive_core: i64,
    pub undetermined: i64,
    pub intending: i64,
    pub share_low: Option<f64>,
    pub share_high: Option<f64>,
    pub core_share_low: Option<f64>,
    pub core_share_high: Option<f64>,
    pub managed_patients_low: Option<i64>,
    pub managed_patients_high: Option<i64>,
    /// Every column, for the phrases.
    #[serde(flatten)]
    pub rest: serde_json::Map<String, serde_json::Value>,
}

impl Summary {
    /// Upper bound of facilities with the function: who is silent may have it.
    pub fn positive_high(&self) -> i64 {
        self.positive_literal + self.undetermined + self.facilities_expected - self.facilities_reported
    }
}

/// The figures of all areas, read from the aggregate tables.
pub struct Facts {
    summaries: BTreeMap<(String, String, String), Summary>,
    answers: BTreeMap<(String, String), AreaAnswers>,
    /// Level, area code and figure key → what became of it since the previous report year.
    changes: BTreeMap<(String, String, String), Change>,
    pub(super) pictures: PictureFacts,
    /// Where the projected demand of an area comes from.
    pub allocation: systems::Allocation,
    /// Level and area code → what lists of others say of it.
    pub outside: BTreeMap<(String, String), Vec<Line>>,
}

/// The aggregate tables that pages are drafted from.
pub const TABLES: [&str; 8] = [
    "area_summary",
    "figures",
    "agg_item_choices",
    "agg_item_counts",
    "agg_population",
    "agg_population_projection",
    "agg_backup_links",
    "agg_unit_demand",
];

impl Facts {
    /// The one way from the aggregate tables ([`TABLES`]) to what a run, a meeting and the publication say and draw.
    pub fn of(tables: &Tables, areas: &[Area], boundaries: Option<Boundaries>) -> Result<Self> {
        let table = |name: &str| tables.get(name).ok_or_else(|| Error::new(format!("集計表 {name} がありません")));
        let mut facts = Self::read(table("area_summary")?, table("figures")?, table("agg_item_choices")?, table("agg_item_counts")?)?;
        facts.pictures = PictureFacts::read(tables, areas, boundaries)?;
        facts.allocation = systems::Allocation::read(table("agg_unit_demand")?)?;
        Ok(facts)
    }

    fn read(area_summary: &Table, figures: &Table, item_choices: &Table, item_counts: &Table) -> Result<Self> {
        let mut facts = Self {
            summaries: BTreeMap::new(),
            answers: BTreeMap::new(),
            changes: BTreeMap::new(),
            pictures: PictureFacts::default(),
            allocation: systems::Allocation::default(),
            outside: BTreeMap::new(),
        };
        for i in 0..figures.len() {
            let area = facts.answers.entry((figures.text(i, "level")?.into(), figures.text(i, "area_code")?.into())).or_default();
            let key = Indicator::key(figures.text(i, "indicator_code")?, figures.text(i, "breakdown")?);
            area.figures.insert(key, FigureValue::read(figures, i)?);
        }
        for row in area_summary.rows_json() {
            let s: Summary = serde_json::from_value(row.into())?;
            facts.summaries.insert((s.level.clone(), s.area_code.clone(), s.function_code.clone()), s);
        }
        for i in 0..item_choices.len() {
            let t = item_choices;
            let answers = facts.answers.entry((t.text(i, "level")?.into(), t.text(i, "area_code")?.into())).or_default();
            answers.choices.entry(t.text(i, "item_code")?.into()).or_default().push(ChoiceCount {
                label: t.text(i, "label")?.into(),
                mode: t.text(i, "mode")?.into(),
                polarity: t.text(i, "polarity")?.into(),
                is_intention: t.flag(i, "is_intention")?,
                facilities: t.int(i, "facilities")?.unwrap_or(0),
            });
        }
        for i in 0..item_counts.len() {
            let t = item_counts;
            let answers = facts.answers.entry((t.text(i, "level")?.into(), t.text(i, "area_code")?.into())).or_default();
            let int = |name: &str| Ok::<_, Error>(t.int(i, name)?.unwrap_or(0));
            let count = ClaimCount {
                label: t.text(i, "label")?.into(),
                facilities_positive: int("facilities_positive")?,
                facilities_masked: int("facilities_masked")?,
                count_low: int("count_low")?,
                count_high: int("count_high")?,
            };
            answers.counts.insert(t.text(i, "item_code")?.into(), count);
        }
        Ok(facts)
    }

    /// Lets sheets and pages speak of the previous report year.
    pub fn remember(&mut self, changes: &[Change]) {
        for c in changes {
            let [level, area, indicator, breakdown] = c.key.clone();
            self.changes.insert((level, area, Indicator::key(&indicator, &breakdown)), c.clone());
        }
    }

    /// Against the previous report year, by `indicator_code` or `indicator_code|breakdown`.
    pub fn change(&self, area: &Area, key: &str) -> Option<&Change> {
        self.changes.get(&(area.level.clone(), area.area_code.clone(), key.to_owned()))
    }

    pub fn summary(&self, area: &Area, function: &str) -> Result<&Summary> {
        self.summaries
            .get(&(area.level.clone(), area.area_code.clone(), function.to_owned()))
            .ok_or_else(|| Error::new(format!("{}の集計がありません", area.name)))
    }

    pub fn answers(&self, area: &Area) -> Result<&AreaAnswers> {
        self.answers.get(&(area.level.clone(), area.area_code.clone())).ok_or_else(|| Error::new(format!("{}の集計がありません", area.name)))
    }
}
