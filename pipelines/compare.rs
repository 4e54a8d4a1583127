//! Two tables of figures side by side: this year against the last, or a scenario against today.
//!
//! A change inside the bounds, or of a count that the unreported are missing from, is said to be not distinguishable; nothing is ranked.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, StringArray};

use crate::artefact::{ColumnNote, Table};
use crate::draft::figures::FigureValue;
use crate::draft::sentence;
use crate::error::{Error, Result};

/// Key of a figure: level, area code, indicator code, breakdown.
type Key = [String; 4];

/// One figure before and after.
#[derive(Clone, Debug)]
pub struct Change {
    pub key: Key,
    pub unit: String,
    pub before: FigureValue,
    pub after: FigureValue,
    /// The unreported are in neither bound of one of the two: what they would add is not known.
    pub is_partial: bool,
}

impl Change {
    /// Whether the two differ at all: what a scenario lists, whatever may be said of it.
    pub fn is_other(&self) -> bool {
        (self.before.low, self.before.high) != (self.after.low, self.after.high)
    }

    /// `same`, `higher`, `lower`, or `not_distinguishable` where the intervals overlap.
    pub fn verdict(&self) -> &'static str {
        let (b, a) = (self.before, self.after);
        if self.is_partial {
            "not_distinguishable"
        } else if b.low == a.low && b.high == a.high {
            "same"
        } else if a.low > b.high {
            "higher"
        } else if a.high < b.low {
            "lower"
        } else {
            "not_distinguishable"
        }
    }
}

/// Unit, value, and whether all facilities reported.
fn values(figures: &Table) -> Result<BTreeMap<Key, (String, FigureValue, bool)>> {
    (0..figures.len())
        .map(|i| {
            let text = |name: &str| figures.text(i, name).map(str::to_owned);
            let key = [text("level")?, text("area_code")?, text("indicator_code")?, text("breakdown")?];
            // a figure without reports, with both empty, has nothing missing
            let is_whole = figures.int(i, "reported")? >= figures.int(i, "expected")?;
            Ok((key, (text("unit")?, FigureValue::read(figures, i)?, is_whole)))
        })
        .collect()
}

/// Figures that both tables have, in order of their keys; limits of comparison (`compare=`) are no figures of their own.
pub fn changes(before: &Table, after: &Table) -> Result<Vec<Change>> {
    let (before, after) = (values(before)?, values(after)?);
    let left_out = sentence::leaving_out()?;
    let change = |(key, (unit, after, now_whole)): (Key, (String, FigureValue, bool))| {
        let (_, before, was_whole) = before.get(&key)?;
        let is_partial = !(now_whole && *was_whole) && left_out(&key[2], &key[3]);
        Some(Change { key, unit, before: *before, after, is_partial })
    };
    Ok(after.into_iter().filter(|(key, _)| !key[3].contains("compare=")).filter_map(change).collect())
}

/// The figures of a packet.
pub fn figures_of(packet: &Path) -> Result<Table> {
    let path = packet.join("data/figures.parquet");
    if !path.exists() {
        return Err(Error::new("比べる資料に数値の表がありません")
            .file(&path)
            .next("kyogi.toml の previous に、前の年度の資料のフォルダーを書いてください"));
    }
    Table::read_parquet("figures", &path)
}

/// The table `changes`.
pub fn table(changes: &[Change]) -> Result<Table> {
    let text = |of: &dyn Fn(&Change) -> &str| -> ArrayRef { Arc::new(changes.iter().map(|c| Some(of(c))).collect::<StringArray>()) };
    let number = |of: &dyn Fn(&Change) -> f64| -> ArrayRef { Arc::new(changes.iter().map(|c| Some(of(c))).collect::<Float64Array>()) };
    let note = ColumnNote::new;
    Table::new(
        "changes",
        vec![
            (note("level", "区域の段階", ""), text(&|c| &c.key[0])),
            (note("area_code", "区域コード", ""), text(&|c| &c.key[1])),
            (note("indicator_code", "指標", ""), text(&|c| &c.key[2])),
            (note("breakdown", "内訳", ""), text(&|c| &c.key[3])),
            (note("before_low", "前の下限", ""), number(&|c| c.before.low)),
            (note("before_high", "前の上限", ""), number(&|c| c.before.high)),
            (note("value_low", "下限", ""), number(&|c| c.after.low)),
            (note("value_high", "上限", ""), number(&|c| c.after.high)),
            (note("unit", "単位", ""), text(&|c| &c.unit)),
            (note("verdict", "変化", ""), text(&|c| c.verdict())),
        ],
    )
}
