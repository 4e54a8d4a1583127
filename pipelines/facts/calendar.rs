//! The steps of the year as rows (`sql/rules/calendar.csv`), and the days that they mean in a report year.

use jiff::civil::Date;
use serde::Deserialize;

use crate::facts::dictionary::read_csv;
use crate::ground::error::{Error, Result};
use crate::ground::numbers::wareki_date;

/// A step of the year as its row says it. `opens` and `closes` are month and day of the calendar year after the report year
/// (November and December of `accounts` lie in the report year itself; `+1-` means one year later).
#[derive(Clone, Debug, Deserialize)]
pub struct Row {
    pub step_code: String,
    pub from_year: i32,
    pub to_year: Option<i32>,
    pub opens: String,
    pub closes: String,
    pub who: String,
    pub label: String,
    pub evidence: String,
    pub command: String,
}

/// The day on which a step of a report year closes, ISO; `None` where that year does not have the step.
pub fn due(step_code: &str, report_year: i32) -> Result<Option<String>> {
    let rows: Vec<Row> = read_csv("sql/rules/calendar.csv")?;
    let row = rows.iter().find(|r| r.step_code == step_code && r.from_year <= report_year && r.to_year.is_none_or(|to| report_year <= to));
    row.map(|r| on(&r.closes, r, report_year).map(|d| d.to_string())).transpose()
}

/// The day by which the chapter 十の二 is due, in words.
pub fn plan_due(report_year: i32) -> Result<String> {
    let day = due("plan_chapter", report_year)?;
    Ok(day.map_or_else(|| "（この年度に期限はありません）".to_owned(), |d| format!("{}まで", wareki_date(&d))))
}

/// `MM-DD` of the year after the report year, with `+1-` one year later; the autumn before the reports lies in the report year.
pub fn on(text: &str, row: &Row, report_year: i32) -> Result<Date> {
    let broken = || Error::new(format!("暦の日付「{text}」が分かりません")).at(format!("sql/rules/calendar.csv の {}", row.step_code));
    let (later, day) = text.strip_prefix("+1-").map_or((0, text), |rest| (1, rest));
    let (month, day) = day.split_once('-').ok_or_else(broken)?;
    let (month, day): (i8, i8) = (month.parse().map_err(|_| broken())?, day.parse().map_err(|_| broken())?);
    let year = report_year + 1 + later - i32::from(row.step_code == "accounts");
    Date::new(i16::try_from(year).map_err(|_| broken())?, month, day).map_err(|_| broken())
}
