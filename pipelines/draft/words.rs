//! Formatting of numbers and dates, and the sentences of `reports/phrases`.

use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, Value};
use serde::Serialize;

use crate::embedded;
use crate::error::Result;
use crate::local::Terms;

/// 12,345
pub fn thousands(n: i64) -> String {
    let digits = n.unsigned_abs().to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    if n < 0 { format!("-{out}") } else { out }
}

/// Rounded as on paper (四捨五入) and with thousands: 「1,204」「56.3」 with one place.
///
/// A tie goes away from zero, also where the machine holds it a hair below: 9 of 16 is 56.3 %, and 0.145 × 100 is 15.
pub fn decimal(v: f64, places: u32) -> String {
    const PARTS: i128 = 1_000_000_000;
    if !v.is_finite() {
        return "―".into();
    }
    let step = PARTS / 10_i128.pow(places);
    let units = ((v.abs() * PARTS as f64).round() as i128 + step / 2) / step;
    let (whole, rest) = (units / 10_i128.pow(places), units % 10_i128.pow(places));
    let whole = thousands(i64::try_from(whole).unwrap_or(i64::MAX));
    let sign = if v < 0.0 && units > 0 { "-" } else { "" };
    if places == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{rest:0width$}", width = places as usize) }
}

/// Whole from 20 on, one decimal below: 1,204 and 6.1.
pub fn number(v: f64) -> String {
    if v.abs() < 20.0 { short_decimal(v) } else { decimal(v, 0) }
}

/// One decimal, or none where it is zero.
fn short_decimal(v: f64) -> String {
    let text = decimal(v, 1);
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

/// A percentage to one decimal, 「28.6」 or 「30」: a limit must not be rounded past the value that it is held against.
pub fn share_number(v: f64) -> String {
    short_decimal(v)
}

/// 「28.6〜100%」
pub fn share_range(low: f64, high: f64) -> String {
    let (low, high) = (share_number(low), share_number(high));
    if low == high { format!("{low}%") } else { format!("{low}〜{high}%") }
}

/// A number as its unit is printed: people and facilities are whole.
pub fn number_in(unit: &str, v: f64) -> String {
    match unit {
        "%" => share_number(v),
        "人" | "人/月" | "施設" => decimal(v, 0),
        _ => number(v),
    }
}

/// Both ends of a figure: one decimal only where both are small.
pub fn ends_in(unit: &str, low: f64, high: f64) -> (String, String) {
    let is_large = unit != "%" && (low.abs() >= 20.0 || high.abs() >= 20.0);
    let text = |v: f64| if is_large { decimal(v, 0) } else { number_in(unit, v) };
    (text(low), text(high))
}

/// 0.123 → 12.3%
pub fn percent(share: f64) -> String {
    format!("{}%", decimal(share * 100.0, 1))
}

/// A percentage, or a dash where there is nothing to divide by.
pub fn percent_or_dash(share: Option<f64>) -> String {
    share.map_or_else(|| "―".into(), percent)
}

/// 令和7年; the first year is 元年.
pub fn wareki_year(year: i32) -> String {
    match year - 2018 {
        n if n < 1 => format!("{year}年"),
        1 => "令和元年".into(),
        n => format!("令和{n}年"),
    }
}

/// An ISO date as 令和8年12月15日; other text stays as it is.
pub fn wareki_date(iso: &str) -> String {
    let mut parts = iso.splitn(3, '-').map(str::parse::<u32>);
    match (parts.next(), parts.next(), parts.next()) {
        (Some(Ok(y)), Some(Ok(m)), Some(Ok(d))) => format!("{}{m}月{d}日", wareki_year(y as i32)),
        _ => iso.to_owned(),
    }
}

/// 令和7年度報告（令和8年1〜3月）
pub fn report_year_label(report_year: i32) -> String {
    format!("{}度報告（{}1〜3月）", wareki_year(report_year), wareki_year(report_year + 1))
}

/// ① to ⑳, then (21) …
pub fn circled(index: usize) -> String {
    match u32::try_from(index).ok().filter(|i| *i < 20).and_then(|i| char::from_u32('①' as u32 + i)) {
        Some(c) => c.to_string(),
        None => format!("({})", index + 1),
    }
}

/// Sentences: templates of `reports/phrases`, one sentence a line, strict about missing values.
pub struct Phrases {
    environment: Environment<'static>,
    pub terms: Terms,
}

/// A sentence with numbers, and the places of the method page that say how they are made.
#[derive(Clone, Debug, Serialize)]
pub struct Sentence {
    pub text: String,
    pub of: Vec<String>,
}

impl Sentence {
    fn read(line: &str) -> Self {
        let (text, of) = line.strip_suffix("]]").and_then(|l| l.rsplit_once("[[")).unwrap_or((line, ""));
        Self { text: text.trim_end().to_owned(), of: of.split_whitespace().map(str::to_owned).collect() }
    }
}

impl Phrases {
    /// `overrides` gives the text of a file that the work folder replaces; every phrase may speak of the `terms`.
    pub fn new(overrides: &dyn Fn(&str) -> Option<String>, terms: &Terms) -> Result<Self> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        environment.add_filter("n", |v: Value| v.as_i64().map_or_else(|| v.to_string(), thousands));
        environment.add_filter("whole", |v: Value| f64::try_from(v).map_or_else(|_| "―".to_owned(), |v| decimal(v, 0)));
        environment.add_filter("one", |v: Value| f64::try_from(v).map_or_else(|_| "―".to_owned(), |v| decimal(v, 1)));
        environment.add_filter("pct", |v: Value| f64::try_from(v).map_or_else(|_| "―".to_owned(), percent));
        environment.add_filter("share", |v: Value| f64::try_from(v).map_or_else(|_| "―".to_owned(), share_number));
        environment.add_filter("num", |v: Value| f64::try_from(v).map_or_else(|_| "―".to_owned(), number));
        environment.add_global("rates", terms.rates);
        environment.add_global("rule", Value::from(Serde(terms.rule.clone())));
        environment.add_function("ends", |low: f64, high: f64, unit: &str| {
            let (low, high) = ends_in(unit, low, high);
            vec![low, high]
        });
        // of `whole` facilities `silent` gave no answer: how many must, for the range to be no wider than the rule allows
        let allowed = terms.rule.get("wide_range_points").copied().unwrap_or(100.0) / 100.0;
        environment.add_function("need_answers", move |silent: i64, whole: i64| silent - (whole as f64 * allowed).floor() as i64);
        for (path, text) in embedded::under("reports/phrases/").filter(|(path, _)| path.ends_with(".j2")) {
            let name = path.trim_start_matches("reports/phrases/").trim_end_matches(".j2");
            let text = overrides(path).unwrap_or_else(|| text.to_owned());
            environment.add_template_owned(name.to_owned(), text)?;
        }
        Ok(Self { environment, terms: terms.clone() })
    }

    /// One more template, for example a sentence from a table.
    pub fn add(&mut self, name: &str, text: &str) -> Result<()> {
        Ok(self.environment.add_template_owned(name.to_owned(), text.to_owned())?)
    }

    /// The sentences of a template: its non-empty lines.
    pub fn lines(&self, name: &str, context: &Value) -> Result<Vec<String>> {
        Ok(self.sentences(name, context)?.into_iter().map(|s| s.text).collect())
    }

    /// The same with what their numbers are made of: a line may end in `[[places of the method page]]`.
    pub fn sentences(&self, name: &str, context: &Value) -> Result<Vec<Sentence>> {
        let text = self.environment.get_template(name)?.render(context)?;
        Ok(text.lines().map(str::trim).filter(|l| !l.is_empty()).map(Sentence::read).collect())
    }

    /// A short text with places for values, for example a candidate.
    pub fn fill(&self, text: &str, context: &Value) -> Result<String> {
        Ok(self.environment.render_str(text, context)?)
    }

    /// Whether a condition on the values holds, for example `s.intending > 0`.
    pub fn holds(&self, condition: &str, context: &Value) -> Result<bool> {
        Ok(self.environment.compile_expression(condition)?.eval(context)?.is_true())
    }
}
