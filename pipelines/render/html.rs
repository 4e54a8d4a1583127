//! HTML by minijinja: strict about missing values, everything escaped but our own SVG.

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;

use crate::ground::embedded;
use crate::ground::error::Result;

/// The templates of `reports/`, any of which the work folder may replace.
pub struct Html {
    environment: Environment<'static>,
}

impl Html {
    pub fn new(overrides: &dyn Fn(&str) -> Option<String>) -> Result<Self> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| AutoEscape::Html);
        for (path, text) in embedded::under("reports/").filter(|(p, _)| p.ends_with(".html")) {
            let text = overrides(path).unwrap_or_else(|| text.to_owned());
            environment.add_template_owned(path.trim_start_matches("reports/").to_owned(), text)?;
        }
        Ok(Self { environment })
    }

    /// Renders `sheets/<name>.html` with a value.
    pub fn render(&self, name: &str, value: &impl Serialize) -> Result<String> {
        Ok(self.environment.get_template(&format!("sheets/{name}.html"))?.render(Serde(value))?)
    }
}

/// The one style sheet of the packet.
pub fn stylesheet(overrides: &dyn Fn(&str) -> Option<String>) -> String {
    ["tokens", "sheet", "print", "site"]
        .map(|name| {
            let path = format!("reports/styles/{name}.css");
            overrides(&path).unwrap_or_else(|| embedded::text(&path).to_owned())
        })
        .join("\n")
}
