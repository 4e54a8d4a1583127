//! Fee items behind the counts of the report, by the period in which they were measured (`fee_items.csv`).
//!
//! A report asks for counts of an earlier fiscal year and for notifications of its own January, so one report can hold
//! names of two fee tables. Which one counts follows from `periods.csv` and the dates of the rows, never from the year.

use std::path::Path;

use jiff::civil::Date;
use jiff::{Span, ToSpan};
use serde::{Deserialize, Deserializer};

use super::dated;
use crate::ground::error::{Error, Result};

/// A fee counted in an item, for as long as it exists under that name.
#[derive(Clone, Debug, Deserialize)]
pub struct FeeItem {
    pub item_code: String,
    pub fee_code: String,
    pub fee_name: String,
    #[serde(deserialize_with = "day")]
    pub valid_from: Option<Date>,
    #[serde(deserialize_with = "day")]
    pub valid_to: Option<Date>,
    /// `continues`: the sum goes on when this name ends or begins; `redefined`: it means something else since then.
    pub continuity: String,
    pub source: String,
    pub confidence: String,
    pub note: String,
}

/// A fee table in force.
#[derive(Clone, Debug, Deserialize)]
pub struct Edition {
    pub edition: String,
    pub label: String,
    #[serde(deserialize_with = "day")]
    valid_from: Option<Date>,
    #[serde(deserialize_with = "day")]
    valid_to: Option<Date>,
}

#[derive(Clone, Debug, Deserialize)]
struct Period {
    period_kind: String,
    from_year: i32,
    to_year: Option<i32>,
    start_year_offset: i16,
    start_month: i8,
    start_day: i8,
    months: i32,
}

/// A fee or a fee table in a period of measurement: in how many of its months it was in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    pub code: String,
    pub name: String,
    /// 0 for a single day.
    pub months: i32,
}

/// Where an item broke between two reports.
#[derive(Clone, Debug)]
pub struct Break {
    pub item_code: String,
    /// Names that are no longer counted, and those that are new; with the months where only some are meant.
    pub gone: Vec<String>,
    pub come: Vec<String>,
    pub redefined: bool,
}

/// The fee items of all years.
#[derive(Clone, Debug)]
pub struct Fees {
    pub items: Vec<FeeItem>,
    editions: Vec<Edition>,
    periods: Vec<Period>,
}

/// First and last day.
type Window = (Date, Date);

impl Fees {
    /// With the rows that a work folder adds or changes.
    ///
    /// # Errors
    /// A row that cannot be read, ends before it begins, or has a `continuity` that nothing knows.
    pub fn load_in(work_folder: Option<&Path>) -> Result<Self> {
        // the dates of the rows decide, so every row counts in every year
        let rows = |path| dated::rows(path, i32::MAX, work_folder);
        let item_rows = rows("sql/dictionary/fee_items.csv")?;
        let items: Vec<FeeItem> = item_rows.typed()?;
        for (i, item) in items.iter().enumerate() {
            let refuse =
                |what: &str| Err(Error::new(format!("診療報酬「{}」：{what}", item.fee_name)).at(item_rows.place(i)).next("行を直してください"));
            if item.valid_from.zip(item.valid_to).is_some_and(|(from, to)| to < from) {
                return refuse("valid_to が valid_from より前です");
            }
            if !["continues", "redefined"].contains(&item.continuity.as_str()) {
                return refuse("continuity は continues か redefined です");
            }
        }
        let periods = super::read_csv("sql/dictionary/periods.csv")?;
        Ok(Self { items, editions: super::read_csv("sql/dictionary/fee_editions.csv")?, periods })
    }

    /// The days that an item of a kind of period speaks of in a report.
    pub fn window(&self, period_kind: &str, report_year: i32) -> Result<Window> {
        let valid = |p: &&Period| p.period_kind == period_kind && p.from_year <= report_year && p.to_year.is_none_or(|to| report_year <= to);
        let none = || Error::new(format!("{report_year} 年度の期間「{period_kind}」の行がありません")).at("sql/dictionary/periods.csv");
        let period = self.periods.iter().filter(valid).max_by_key(|p| p.from_year).ok_or_else(none)?;
        let year = i16::try_from(report_year).map_err(|_| none())? + period.start_year_offset;
        let start = Date::new(year, period.start_month, period.start_day).map_err(|_| none())?;
        let length: Span = period.months.months();
        let end = if period.months == 0 { start } else { start.checked_add(length).and_then(|d| d.yesterday()).map_err(|_| none())? };
        Ok((start, end))
    }

    /// The fees that an item counts in a report, in the order of the rows.
    pub fn counted(&self, item_code: &str, period_kind: &str, report_year: i32) -> Result<Vec<Counted>> {
        let window = self.window(period_kind, report_year)?;
        let rows = self.items.iter().filter(|i| i.item_code == item_code);
        let found = rows.filter_map(|i| {
            let months = months_within(window, i.valid_from, i.valid_to)?;
            Some(Counted { code: i.fee_code.clone(), name: i.fee_name.clone(), months })
        });
        Ok(found.collect())
    }

    /// The fee tables that a period of measurement lies in.
    pub fn editions(&self, period_kind: &str, report_year: i32) -> Result<Vec<Counted>> {
        let window = self.window(period_kind, report_year)?;
        let found = self.editions.iter().filter_map(|e| {
            let months = months_within(window, e.valid_from, e.valid_to)?;
            Some(Counted { code: e.edition.clone(), name: e.label.clone(), months })
        });
        Ok(found.collect())
    }

    /// Where an item broke between the reports of two years; `None` where the same fees were counted for the same time.
    pub fn break_of(&self, item_code: &str, period_kind: &str, before: i32, after: i32) -> Result<Option<Break>> {
        let (was, is) = (self.counted(item_code, period_kind, before)?, self.counted(item_code, period_kind, after)?);
        let whole = was.iter().chain(&is).map(|c| c.months).max().unwrap_or(0);
        let not_in = |these: &[Counted], those: &[Counted]| -> Vec<Counted> { these.iter().filter(|c| !those.contains(c)).cloned().collect() };
        let (gone, come) = (not_in(&was, &is), not_in(&is, &was));
        if gone.is_empty() && come.is_empty() {
            return Ok(None);
        }
        let redefined = self.items.iter().any(|i| {
            i.item_code == item_code && i.continuity == "redefined" && gone.iter().chain(&come).any(|c| c.code == i.fee_code && c.name == i.fee_name)
        });
        let names = |list: Vec<Counted>| {
            list.into_iter().map(|c| if c.months == whole { c.name } else { format!("{}（{}か月分）", c.name, c.months) }).collect()
        };
        Ok(Some(Break { item_code: item_code.to_owned(), gone: names(gone), come: names(come), redefined }))
    }
}

/// Months of a window in which something was in force, 0 for a single day; `None` where it was not at all.
fn months_within((start, end): Window, from: Option<Date>, to: Option<Date>) -> Option<i32> {
    let (first, last) = (from.map_or(start, |f| f.max(start)), to.map_or(end, |t| t.min(end)));
    if last < first {
        return None;
    }
    let index = |d: Date| i32::from(d.year()) * 12 + i32::from(d.month());
    Some(if start == end { 0 } else { index(last) - index(first) + 1 })
}

/// A date, or none for an empty cell.
fn day<'de, D: Deserializer<'de>>(d: D) -> std::result::Result<Option<Date>, D::Error> {
    let text = String::deserialize(d)?;
    if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(serde::de::Error::custom) }
}
