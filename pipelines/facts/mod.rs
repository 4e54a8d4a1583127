//! `sql/` and the work folder as typed rows: dictionary, rules, reference tables, areas, settings, findings.

pub mod areas;
pub mod basis;
pub mod boundaries;
pub mod calendar;
pub mod council;
pub mod dictionary;
pub mod finding;
pub mod inputs;
pub mod local;
pub mod overrides;
pub mod record;
pub mod reference;
pub mod rules;
pub mod statute;
pub mod workspace;
