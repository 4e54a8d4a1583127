//! Two tables of figures side by side: this year against the last, or a scenario against today.
//!
//! A change inside the bounds, or of a count that the unreported are missing from, says why nothing can be told; nothing is ranked.
//! Beside the ranges stands what can be compared like with like: the facilities that reported in both years.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, StringArray};
use serde::{Deserialize, Serialize};

use crate::aggregate::figure::FigureValue;
use crate::draft::{sentence, words};
use crate::facts::areas::Area;
use crate::facts::dictionary::fees::{Break, Fees};
use crate::facts::dictionary::{Dictionary, read_csv};
use crate::ground::artefact::{ColumnNote, Table};
use crate::ground::error::{Error, Result};

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
    /// The same without those who are silent, where there is such a comparison.
    pub alike: Option<Alike>,
    /// Where the figure broke because a fee was renamed, split or left out; empty where it did not.
    pub break_note: String,
    /// What was counted is something else since then: more or less cannot be said.
    pub is_redefined: bool,
}

/// Like with like: the facilities that reported in both years; where their IDs do not go on, all that reported in each year.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Alike {
    pub same_facilities: bool,
    /// Facilities that reported, before and after.
    pub reported: [i64; 2],
    /// Of these, those with the function.
    pub positive: [i64; 2],
    /// Of the same facilities, those that took the function up, and those that gave it up.
    pub started: i64,
    pub stopped: i64,
}

impl Change {
    /// Whether the two differ at all: what a scenario lists, whatever may be said of it.
    pub fn is_other(&self) -> bool {
        (self.before.low, self.before.high) != (self.after.low, self.after.high)
    }

    /// `same`, `higher`, `lower`; `redefined` where another thing is counted, `overlapping` where the intervals do, `partial` where the unreported are in neither.
    pub fn verdict(&self) -> &'static str {
        let (b, a) = (self.before, self.after);
        if self.is_redefined {
            "redefined"
        } else if self.is_partial {
            "partial"
        } else if b.low == a.low && b.high == a.high {
            "same"
        } else if a.low > b.high {
            "higher"
        } else if a.high < b.low {
            "lower"
        } else {
            "overlapping"
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
        Some(Change { key, unit, before: *before, after, is_partial, alike: None, break_note: String::new(), is_redefined: false })
    };
    Ok(after.into_iter().filter(|(key, _)| !key[3].contains("compare=")).filter_map(change).collect())
}

/// Puts the comparison of like with like beside the counts of facilities. `before` and `after` are the tables `det_functions`;
/// `stable`: the least share of IDs that must go on, for a facility of this year to be taken for that of the last.
pub fn compare_alike(changes: &mut [Change], before: &Table, after: &Table, areas: &[Area], stable: f64) -> Result<()> {
    let (before, after) = (Reports::read(before)?, Reports::read(after)?);
    let ids = |r: &Reports| r.rows.iter().map(|r| r.id.clone()).collect::<BTreeSet<_>>();
    let (was, is) = (ids(&before), ids(&after));
    let shared: BTreeSet<&String> = was.intersection(&is).collect();
    let goes_on = !shared.is_empty() && shared.len() as f64 >= stable * was.len().min(is.len()) as f64;
    for change in changes.iter_mut().filter(|c| c.key[2] == "function_positive") {
        let Some(function) = change.key[3].strip_prefix("function=") else { continue };
        let Some(area) = areas.iter().find(|a| a.level == change.key[0] && a.area_code == change.key[1]) else { continue };
        let (old, new) = (before.of(function, area), after.of(function, area));
        let mut alike = Alike { same_facilities: goes_on, reported: [0; 2], positive: [0; 2], started: 0, stopped: 0 };
        if goes_on {
            for (id, has) in &new {
                let Some(had) = old.get(id) else { continue };
                alike.reported.iter_mut().for_each(|n| *n += 1);
                alike.positive[0] += i64::from(*had);
                alike.positive[1] += i64::from(*has);
                alike.started += i64::from(*has && !had);
                alike.stopped += i64::from(*had && !has);
            }
        } else {
            let count = |r: &BTreeMap<&str, bool>| (r.len() as i64, r.values().filter(|has| **has).count() as i64);
            let ((n, x), (m, y)) = (count(&old), count(&new));
            (alike.reported, alike.positive) = ([n, m], [x, y]);
        }
        change.alike = (alike.reported.iter().all(|n| *n > 0)).then_some(alike);
    }
    Ok(())
}

/// Who reported, and whether they have a function.
struct Reports {
    rows: Vec<Report>,
}

struct Report {
    id: String,
    function: String,
    places: [String; 3],
    has: bool,
}

impl Reports {
    fn read(functions: &Table) -> Result<Self> {
        let mut rows = Vec::new();
        for i in 0..functions.len() {
            let text = |name: &str| functions.text(i, name).map(str::to_owned);
            let status = functions.text(i, "status_literal")?;
            if status != "not_reported" {
                let places = [text("municipality_code")?, text("medical_area_code")?, text("unit_code")?];
                rows.push(Report { id: text("facility_id")?, function: text("function_code")?, places, has: status == "yes" });
            }
        }
        Ok(Self { rows })
    }

    /// Facilities of an area that reported → whether they have the function.
    fn of(&self, function: &str, area: &Area) -> BTreeMap<&str, bool> {
        let inside = |[town, medical, unit]: &[String; 3]| match area.level.as_str() {
            "municipality" => *town == area.area_code,
            "medical_area" => *medical == area.area_code,
            "council_area" => area.units.iter().any(|u| u == unit || u == town),
            _ => true,
        };
        self.rows.iter().filter(|r| r.function == function && inside(&r.places)).map(|r| (r.id.as_str(), r.has)).collect()
    }
}

/// Writes into each change between two report years where the fees behind its figure changed.
pub fn mark_breaks(changes: &mut [Change], dictionary: &Dictionary, fees: &Fees, before: i32, after: i32) -> Result<()> {
    let behind: Vec<CountedItem> = read_csv("sql/dictionary/indicator_items.csv")?;
    let mut known: BTreeMap<String, Option<Break>> = BTreeMap::new();
    for change in changes {
        let [_, _, indicator, breakdown] = &change.key;
        let named = breakdown.split(';').find_map(|b| b.strip_prefix("item="));
        let item = named.or_else(|| behind.iter().find(|b| b.indicator_code == *indicator).map(|b| b.item_code.as_str()));
        let Some(item) = item.and_then(|code| dictionary.item(code)) else { continue };
        if !known.contains_key(&item.item_code) {
            known.insert(item.item_code.clone(), fees.break_of(&item.item_code, &item.period_kind, before, after)?);
        }
        if let Some(found) = &known[&item.item_code] {
            change.break_note = break_words(found)?;
            change.is_redefined = found.redefined;
        }
    }
    Ok(())
}

/// The sentence of `reports/phrases/fee_break.j2`.
pub fn break_words(found: &Break) -> Result<String> {
    let values = serde_json::json!({ "gone": found.gone, "come": found.come, "redefined": found.redefined });
    words::alone("fee_break", &values)
}

/// An indicator that rests on the counts of one item.
#[derive(Deserialize)]
struct CountedItem {
    indicator_code: String,
    item_code: String,
}

/// The report year of a table of figures; `None` for an empty one.
pub fn year_of(figures: &Table) -> Result<Option<i32>> {
    let year = if figures.is_empty() { None } else { figures.int(0, "report_year")? };
    Ok(year.and_then(|y| i32::try_from(y).ok()))
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
            (note("break", "切れ目（診療報酬の項目の変更）", ""), text(&|c| &c.break_note)),
        ],
    )
}
