//! The data book: every figure of an area by theme, with both ends, coverage, what widened it, change, source and a sentence to read aloud.

use std::collections::BTreeMap;

use serde::Serialize;

use super::sentence::{Measure, Sentences};
use crate::aggregate::figure::{FigureValue, Indicator};
use crate::draft::change::Change;
use crate::facts::areas::Area;
use crate::facts::dictionary::Dictionary;
use crate::facts::local::Terms;
use crate::ground::artefact::Table;
use crate::ground::error::{Error, Result};
use crate::ground::numbers::{ends_in, thousands};

/// Theme of figures about years to come; the other themes are the functions.
pub const FUTURE: &str = "future";
const FUTURE_LABEL: &str = "将来の見込み";

/// All figures of a run, ready to be shown by area and theme.
pub struct DataBook {
    pub indicators: Vec<Indicator>,
    sentences: Sentences,
    /// (level, area code) → figures in the order in which they are shown.
    shown: BTreeMap<(String, String), Vec<Shown>>,
    /// Level, area code, indicator code, breakdown → against the previous report year.
    changes: BTreeMap<[String; 4], Change>,
    /// Theme → what it is called, in the order in which themes are shown.
    themes: Vec<(String, String)>,
    pub has_previous: bool,
}

/// A figure with its places in the lists: looked for once, used on every page.
pub struct Shown {
    pub measure: Measure,
    /// In the list of indicators.
    indicator: usize,
    /// Order among the figures of its indicator.
    order: Vec<usize>,
    /// In the list of themes.
    theme: usize,
    /// In the list of sentences.
    sentence: usize,
}

/// The figures of one indicator in an area.
#[derive(Clone, Debug, Serialize)]
pub struct FigureGroup {
    /// Leads to the place of the method page.
    pub indicator_code: String,
    pub label: String,
    pub source: String,
    /// Many figures by breakdown stand under the indicator's name; a single figure bears that name itself.
    pub by_breakdown: bool,
    pub lines: Vec<FigureLine>,
}

/// One figure as a row of the data book; numbers are formatted text.
#[derive(Clone, Debug, Serialize)]
pub struct FigureLine {
    pub breakdown: String,
    /// What the breakdown stands for, or the name of the indicator.
    pub label: String,
    pub low: String,
    pub high: String,
    pub unit: String,
    /// 「85／90」; a dash where the figure does not rest on reports.
    pub coverage: String,
    /// 「未報告 5、階級 12、上限なし 1、秘匿 2」 or 「なし」.
    pub widened: String,
    /// The same without 未報告, which a page says once for all of its figures.
    pub also: String,
    /// Figure of the previous report year; empty where there is none.
    pub before: String,
    pub verdict: &'static str,
    /// Where it broke since then; empty where it did not.
    pub broke: String,
    /// Whether it can be told that the figure rose or fell.
    pub moved: bool,
    pub sentence: String,
}

const UNREPORTED: &str = "未報告";
/// In the place of facilities where a figure rests on public statistics alone.
pub const NO_COVERAGE: &str = "―";

/// What a comparison with the previous year may say.
pub fn verdict_label(verdict: &str) -> &'static str {
    match verdict {
        "same" => "変わらない",
        "higher" => "増えた",
        "lower" => "減った",
        "overlapping" => "分からない（幅が重なる）",
        "partial" => "分からない（未報告の分がない）",
        "redefined" => "言えない（定義が変わった）",
        _ => "",
    }
}

impl DataBook {
    /// `figures` is the table of that name; `changes` is `None` without a previous report year.
    pub fn new(
        dictionary: &Dictionary,
        overrides: &dyn Fn(&str) -> Option<String>,
        terms: &Terms,
        figures: &Table,
        changes: Option<&[Change]>,
    ) -> Result<Self> {
        let indicators = Indicator::all(terms.rates)?;
        let mut themes: Vec<(String, String)> = dictionary.functions.iter().map(|f| (f.function_code.clone(), f.title())).collect();
        themes.push((FUTURE.to_owned(), FUTURE_LABEL.to_owned()));
        let sentences = Sentences::new(dictionary, overrides, terms)?;
        let items: BTreeMap<&str, &str> = dictionary.items.iter().map(|i| (i.item_code.as_str(), i.function_code.as_str())).collect();
        let mut shown: BTreeMap<(String, String), Vec<Shown>> = BTreeMap::new();
        for row in 0..figures.len() {
            let measure = Measure::read(figures, row)?;
            let indicator = Indicator::position(&indicators, &measure.indicator_code, &measure.breakdown)?;
            // the indicator names its theme, or the breakdown names the function or one of its items
            let of_item = || part(&measure.breakdown, "item").and_then(|i| items.get(i)).copied();
            let theme = match indicators[indicator].theme.as_str() {
                "" => part(&measure.breakdown, "function").or_else(of_item).unwrap_or("g1"),
                theme => theme,
            };
            let theme = themes
                .iter()
                .position(|(code, _)| code == theme)
                .ok_or_else(|| Error::new(format!("指標 {} の主題 {theme} がありません", measure.indicator_code)))?;
            let (order, sentence) = (sentences.labels.order(&measure.breakdown), sentences.row(&measure)?);
            let key = (measure.level.clone(), measure.area_code.clone());
            shown.entry(key).or_default().push(Shown { measure, indicator, order, theme, sentence });
        }
        for list in shown.values_mut() {
            list.sort_by(|a, b| (a.indicator, &a.order).cmp(&(b.indicator, &b.order)));
        }
        Ok(Self {
            sentences,
            shown,
            changes: changes.into_iter().flatten().map(|c| (c.key.clone(), c.clone())).collect(),
            has_previous: changes.is_some(),
            themes,
            indicators,
        })
    }

    /// 「167施設のうち154施設（未報告 13施設）」
    pub fn coverage(&self, area: &Area) -> String {
        let of = |s: &Shown| s.measure.expected.zip(s.measure.reported);
        let Some((expected, reported)) = self.figures(area).iter().find_map(of) else { return NO_COVERAGE.into() };
        format!("{}施設のうち{}施設（未報告 {}施設）", thousands(expected), thousands(reported), thousands(expected - reported))
    }

    /// The figures of an area; empty for an area that the table does not have.
    pub fn figures(&self, area: &Area) -> &[Shown] {
        self.shown.get(&(area.level.clone(), area.area_code.clone())).map_or(&[], Vec::as_slice)
    }

    /// The figures of an area that belong to a theme (a function code or [`FUTURE`]), by indicator.
    pub fn groups(&self, area: &Area, theme: &str) -> Result<Vec<FigureGroup>> {
        let mut groups: Vec<FigureGroup> = Vec::new();
        let mut last = None;
        for s in self.figures(area).iter().filter(|s| self.themes[s.theme].0 == theme) {
            if last != Some(s.indicator) {
                let indicator = self.indicator(s);
                groups.push(FigureGroup {
                    indicator_code: indicator.indicator_code.clone(),
                    label: indicator.label.clone(),
                    source: indicator.source.clone(),
                    by_breakdown: indicator.breakdown.contains('*'),
                    lines: Vec::new(),
                });
                last = Some(s.indicator);
            }
            if let Some(group) = groups.last_mut() {
                group.lines.push(self.line(area, s, group)?);
            }
        }
        Ok(groups)
    }

    pub fn theme_label(&self, s: &Shown) -> &str {
        &self.themes[s.theme].1
    }

    pub fn indicator(&self, s: &Shown) -> &Indicator {
        &self.indicators[s.indicator]
    }

    /// What the parts of a breakdown are called.
    pub fn part_label(&self, s: &Shown) -> Result<String> {
        self.sentences.labels.breakdown(&s.measure.breakdown)
    }

    pub fn sentence(&self, area: &Area, s: &Shown) -> Result<String> {
        self.sentences.figure(s.sentence, &area.name, &s.measure)
    }

    pub fn change(&self, m: &Measure) -> Option<&Change> {
        self.changes.get(&[m.level.clone(), m.area_code.clone(), m.indicator_code.clone(), m.breakdown.clone()])
    }

    fn line(&self, area: &Area, s: &Shown, group: &FigureGroup) -> Result<FigureLine> {
        let (m, silent) = (&s.measure, self.sentences.silent(s.sentence));
        let change = self.change(m);
        let causes = widened(m, silent);
        let (low, high) = ends_in(&m.unit, m.value_low, m.value_high);
        Ok(FigureLine {
            breakdown: m.breakdown.clone(),
            label: if group.by_breakdown { self.part_label(s)? } else { group.label.clone() },
            low,
            high,
            unit: m.unit.clone(),
            coverage: m
                .reported
                .zip(m.expected)
                .map_or_else(|| NO_COVERAGE.into(), |(reported, expected)| format!("{}／{}", thousands(reported), thousands(expected))),
            widened: if causes.is_empty() { "なし".into() } else { causes.join("、") },
            also: causes.iter().filter(|c| !c.starts_with(UNREPORTED)).cloned().collect::<Vec<_>>().join("、"),
            before: change.map_or_else(String::new, |c| FigureValue { low: c.before.low, high: c.before.high }.text(&m.unit)),
            verdict: change.map_or("", |c| verdict_label(c.verdict())),
            broke: change.map_or_else(String::new, |c| c.break_note.clone()),
            moved: change.is_some_and(|c| matches!(c.verdict(), "higher" | "lower")),
            sentence: self.sentence(area, s)?,
        })
    }
}

/// What made an interval wide, or is missing from it, in numbers of facilities.
///
/// `silent` as in [`Sentences::silent`].
pub fn widened(m: &Measure, silent: &str) -> Vec<String> {
    let unreported = m.unreported();
    // of a count of facilities, what the unreported do not explain is left by blank answers
    let counts = silent == "in" && m.unit == "施設" && m.n_banded + m.n_open_top + m.n_masked == 0;
    let blank = if counts { (m.value_high - m.value_low).round() as i64 - unreported } else { 0 };
    let causes = [(UNREPORTED, unreported), ("無回答", blank), ("階級", m.n_banded), ("上限なしの階級", m.n_open_top), ("秘匿", m.n_masked)];
    // what is in neither bound is no cause of width
    let note = |what: &str| if silent == "out" && what == UNREPORTED { "（含まず）" } else { "" };
    causes.iter().filter(|(_, n)| *n > 0).map(|(what, n)| format!("{what} {}{}", thousands(*n), note(what))).collect()
}

/// The value of one key in a breakdown such as `band=holiday;mode=own_visit`.
fn part<'a>(breakdown: &'a str, key: &str) -> Option<&'a str> {
    breakdown.split(';').find_map(|p| p.strip_prefix(key)?.strip_prefix('='))
}
