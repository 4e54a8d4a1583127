//! How a figure came to be: from the indicator to models, rule rows and input tables, for people.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Serialize;

use crate::aggregate::figure::Indicator;
use crate::facts::rules::{Rule, Rules};
use crate::ground::artefact::sha256;
use crate::ground::error::{Error, Result};
use crate::ground::folder::files_below;
use crate::ground::sql::{self, Contract};
use crate::ground::stage;

/// A model as the method page shows it.
#[derive(Clone, Debug, Serialize)]
pub struct ModelView {
    pub folder: String,
    pub name: String,
    pub title: String,
    pub grain: String,
    pub needs: Vec<String>,
    pub checks: Vec<String>,
    pub columns: Vec<ColumnView>,
    pub sql: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct ColumnView {
    pub name: String,
    pub label: String,
    pub unit: String,
}

/// An indicator with the chain that makes it.
#[derive(Clone, Debug, Serialize)]
pub struct IndicatorView {
    pub code: String,
    pub breakdown: String,
    pub label: String,
    pub unit: String,
    pub formula: String,
    pub source: String,
    pub assumption: String,
    pub what_changes: String,
    /// Names of models, from the figure back to the extract.
    pub models: Vec<String>,
    /// Tables that no model makes: extract, dictionary, reference.
    pub tables: Vec<String>,
    pub rules: Vec<Rule>,
}

/// All models of a batch, by stage and need.
pub fn models(report_year: i32) -> Result<Vec<ModelView>> {
    let mut all = Vec::new();
    for folder in stage::FOLDERS {
        for (name, text) in sql::models(folder, report_year)? {
            let contract = Contract::parse(&name, text)?;
            let columns = contract.columns.iter().map(|(n, _)| ColumnView { name: n.name.clone(), label: n.label.clone(), unit: n.unit.clone() });
            all.push(ModelView {
                folder: folder.into(),
                title: contract.title,
                grain: contract.grain.join(", "),
                needs: contract.needs,
                checks: contract.checks,
                columns: columns.collect(),
                // the header is shown as a table
                sql: text.lines().filter(|l| !l.starts_with("--")).collect::<Vec<_>>().join("\n"),
                name,
            });
        }
    }
    Ok(all)
}

/// The rows of one indicator code; the method page has an anchor for each.
#[derive(Clone, Debug, Serialize)]
pub struct IndicatorGroup {
    pub code: String,
    pub rows: Vec<IndicatorView>,
}

/// Every indicator with its chain, in the order of the list; `rates` as in [`Indicator::all`].
pub fn indicators(rates: &str, rules: &Rules, models: &[ModelView]) -> Result<Vec<IndicatorGroup>> {
    let mut groups: Vec<IndicatorGroup> = Vec::new();
    for indicator in Indicator::all(rates)? {
        let row = chain(&indicator, rules, models)?;
        match groups.iter_mut().find(|g| g.code == row.code) {
            Some(group) => group.rows.push(row),
            None => groups.push(IndicatorGroup { code: row.code.clone(), rows: vec![row] }),
        }
    }
    Ok(groups)
}

/// A table that no model makes, as it stood when the figures were made.
#[derive(Clone, Debug, Serialize)]
pub struct InputTable {
    pub name: String,
    /// Path below the packet.
    pub file: String,
    pub sha256: String,
}

/// The tables that the models start from: the extract after reading, the dictionary, rules and reference.
pub fn input_tables(packet: &Path) -> Result<Vec<InputTable>> {
    let mut tables = Vec::new();
    for stage in ["ingest", "reference"] {
        for name in files_below(&packet.join("stages").join(stage))?.iter().filter_map(|f| f.strip_suffix(".parquet")) {
            let file = format!("stages/{stage}/{name}.parquet");
            let path = packet.join(&file);
            let bytes = std::fs::read(&path).map_err(|e| Error::io("前の段階の表を読めません", &path, &e))?;
            tables.push(InputTable { name: name.to_owned(), file, sha256: sha256(&bytes) });
        }
    }
    Ok(tables)
}

/// Follows the needs of an indicator's models back to the tables that no model makes.
pub fn chain(indicator: &Indicator, rules: &Rules, models: &[ModelView]) -> Result<IndicatorView> {
    let mut waiting: Vec<String> = indicator.model.split(';').rev().map(str::to_owned).collect();
    let (mut made, mut tables, mut used) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    while let Some(name) = waiting.pop() {
        let Some(model) = models.iter().find(|m| m.name == name) else {
            tables.insert(name);
            continue;
        };
        if made.contains(&name) {
            continue;
        }
        // a rule row is used where its code stands in the text; determination picks its rows by condition
        used.extend(rules.rows.iter().filter(|r| model.sql.contains(&format!("'{}'", r.rule_code))).map(|r| r.rule_code.clone()));
        waiting.extend(model.needs.iter().rev().cloned());
        made.push(name);
    }
    if made.is_empty() {
        return Err(Error::new(format!("指標 {} の SQL モデル {} がありません", indicator.indicator_code, indicator.model)));
    }
    Ok(IndicatorView {
        code: indicator.indicator_code.clone(),
        breakdown: indicator.breakdown.clone(),
        label: indicator.label.clone(),
        unit: indicator.unit.clone(),
        formula: indicator.formula.clone(),
        source: indicator.source.clone(),
        assumption: indicator.assumption.clone(),
        what_changes: indicator.what_changes.clone(),
        models: made,
        tables: tables.into_iter().collect(),
        rules: rules.rows.iter().filter(|r| used.contains(&r.rule_code)).cloned().collect(),
    })
}
