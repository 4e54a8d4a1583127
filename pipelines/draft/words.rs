//! Formatting of numbers and dates, and the sentences of `reports/phrases`.

use crate::ground::numbers::{decimal, ends_in, number, percent, share_number, thousands};
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, Value};
use serde::Serialize;

use crate::facts::local::Terms;
use crate::ground::embedded;
use crate::ground::error::Result;

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
        environment.add_global("demand_year", terms.demand_year);
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
    /// The lines of a phrase that speaks of plain values.
    pub fn told(&self, name: &str, values: serde_json::Value) -> Result<Vec<String>> {
        self.lines(name, &Value::from(Serde(values)))
    }

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

/// A text of `reports/phrases` that needs no figure of an area.
pub fn alone(name: &str, values: &serde_json::Value) -> Result<String> {
    let text = embedded::text(&format!("reports/phrases/{name}.j2"));
    Ok(Environment::new().render_str(text, Value::from(Serde(values)))?.trim().to_owned())
}
