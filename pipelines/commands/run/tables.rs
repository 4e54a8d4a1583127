//! Reference, dictionary and rules as the tables that the SQL stages need.

use std::collections::BTreeSet;
use std::path::Path;

use crate::facts::areas;
use crate::facts::basis::Basis;
use crate::facts::dictionary::{self, dated};
use crate::facts::local;
use crate::ground::artefact::Table;
use crate::ground::embedded;
use crate::ground::error::{Error, Result};

/// The dictionary, rules and areas as tables for the SQL stages; of the items, those that the extract asks.
pub(super) fn write_reference(basis: &Basis, work_folder: Option<&Path>, stages: &Path, asked: &BTreeSet<String>) -> Result<()> {
    let write = |name: &str, table: Table| table.write_parquet(&stages.join(format!("reference/{name}.parquet")));
    for (name, path) in dictionary::TABLES {
        let rows = dated::rows(path, basis.year, basis.work_folder.as_deref())?;
        // nobody can be silent on an item that the extract does not have
        let text = if name == "dict_items" { rows.csv_where(|item| asked.contains(item))? } else { rows.csv()? };
        write(name, Table::from_csv(name, &text)?)?;
    }
    write("dict_conditions", conditions(basis)?)?;
    write("dict_absences", Table::from_csv("dict_absences", embedded::text("sql/dictionary/absences.csv"))?)?;
    write("ref_areas", areas::table(&basis.areas)?)?;
    write("ref_area_members", areas::members(&basis.areas)?)?;
    write("ref_units", areas::units(&basis.reference)?)?;
    write("ref_home_visits_by_age", Table::from_csv("ref_home_visits_by_age", basis.reference.tables.text("home_visits_by_age"))?)?;
    write("ref_holidays", Table::from_csv("ref_holidays", basis.reference.tables.text("holidays"))?)?;
    write("ref_duty_slots", local::duty_slots(&basis.council)?)?;
    write("ref_home_visit_rates", local::home_visit_rates(work_folder)?)?;
    for name in ["population_by_age", "population_projection", "projection_groups", "home_care_demand", "care_facilities", "patient_flow"] {
        // these tables start with a code that begins with the prefecture's
        let rows = basis.reference.tables.rows_of(name, basis.reference.prefecture.code_prefix());
        let name = format!("ref_{name}");
        write(&name, Table::from_csv(&name, &rows)?)?;
    }
    write("run", Table::from_csv("run", &format!("report_year\n{}\n", basis.year))?)
}

/// Conditions of entry in long form: a row for each choice or status under which an item is asked.
fn conditions(basis: &Basis) -> Result<Table> {
    let mut rows = csv::Writer::from_writer(Vec::new());
    let failed = |e: csv::Error| Error::new(format!("記入の条件を表にできません：{e}"));
    rows.write_record(["condition", "subject", "code"]).map_err(failed)?;
    let distinct: BTreeSet<&str> = basis.dictionary.items.iter().map(|i| i.condition.as_str()).filter(|c| !c.is_empty()).collect();
    for condition in distinct {
        for term in dictionary::condition::parse(condition).unwrap_or_default() {
            for code in &term.codes {
                rows.write_record([condition, &term.subject, code]).map_err(failed)?;
            }
        }
    }
    let bytes = rows.into_inner().map_err(|e| Error::new(format!("記入の条件を表にできません：{e}")))?;
    Table::from_csv("dict_conditions", &String::from_utf8_lossy(&bytes))
}
