//! Tables side by side become one row per facility: joined by ID, with every row that has no counterpart accounted for.

use std::collections::HashMap;

use super::facilities::{FacilityRow, STATUS};
use super::source::Source;
use super::{Context, Rejected};
use crate::facts::finding::Finding;

impl Context<'_> {
    /// Table and row of Excel where the first part of a row stands.
    pub(super) fn place(&self, row: &FacilityRow) -> (&Source, u32) {
        let (source, index) = row.parts[0];
        let source = &self.sources[source];
        (source, source.rows[index].0)
    }
}

/// The rows of all blocks as one list. The first block with places and statuses leads; what it leaves blank is taken from
/// the others. Superseded rows stay apart, as history.
pub(super) fn join(
    context: &Context<'_>,
    mut blocks: Vec<Vec<FacilityRow>>,
    rejected: &mut Vec<Rejected>,
    findings: &mut Vec<Finding>,
) -> Vec<FacilityRow> {
    if blocks.len() == 1 {
        return blocks.remove(0);
    }
    let has = |block: usize, item: &str| context.sources.iter().any(|s| s.block == block && s.column(item).is_some());
    let leads = |block: &usize| has(*block, "municipality_code") && has(*block, "report_status");
    let lead = (0..blocks.len()).find(leads).unwrap_or(0);
    let names: Vec<String> =
        (0..blocks.len()).map(|b| context.sources.iter().filter(|s| s.block == b).map(|s| s.name.as_str()).collect::<Vec<_>>().join("、")).collect();
    let mut rows = std::mem::take(&mut blocks[lead]);
    let index: HashMap<String, usize> = rows.iter().enumerate().filter(|(_, r)| r.is_latest).map(|(i, r)| (r.facility_id.clone(), i)).collect();
    let leading = rows.len();
    for (block, others) in blocks.into_iter().enumerate() {
        if block == lead {
            continue;
        }
        let mut met = vec![false; leading];
        for other in others {
            match index.get(&other.facility_id).filter(|_| other.is_latest) {
                Some(&i) => {
                    met[i] = true;
                    unite(context, &mut rows[i], other, findings);
                }
                None if !other.is_latest => rows.push(other),
                None => {
                    let (source, row) = context.place(&other);
                    let finding = source.finding("not_in_other_file", Some(row), None).facility(&other.facility_id);
                    findings.push(finding.value(format!("{} にありません", names[lead])));
                    if other.municipality_code.is_empty() && !has(block, "municipality_code") {
                        let (s, index) = other.parts[0];
                        let cells = context.sources[s].rows[index].1.clone();
                        rejected.push(Rejected { source: s, file_name: source.name.clone(), row_no: row, cells });
                    } else {
                        rows.push(other);
                    }
                }
            }
        }
        // a facility that did not report has nothing to be missed
        for row in rows[..leading].iter().zip(&met).filter(|(r, met)| r.is_latest && r.is_reported && !**met).map(|(r, _)| r) {
            let (source, row_no) = context.place(row);
            let finding = source.finding("answers_not_in_other_file", Some(row_no), None).facility(&row.facility_id);
            findings.push(finding.value(format!("{} にありません", names[block])));
        }
    }
    rows
}

/// Adds another table's part to a facility.
fn unite(context: &Context<'_>, row: &mut FacilityRow, other: FacilityRow, findings: &mut Vec<Finding>) {
    let (source, row_no) = context.place(&other);
    let mut disagree = |what: &str| {
        findings.push(source.finding("files_disagree", Some(row_no), None).facility(&other.facility_id).value(what));
    };
    if row.unit_code.is_empty() {
        row.municipality_code.clone_from(&other.municipality_code);
        row.unit_code.clone_from(&other.unit_code);
        row.medical_area_code.clone_from(&other.medical_area_code);
    } else if !other.unit_code.is_empty() && other.unit_code != row.unit_code {
        disagree("市区町村コード");
    }
    match (row.modes[STATUS].is_some(), other.modes[STATUS].is_some()) {
        (true, true) if row.is_reported != other.is_reported => disagree("報告状況"),
        (true, false) if !row.is_reported && other.is_reported => disagree("未報告の医療機関の回答（使っていません）"),
        (false, _) => row.is_reported |= other.is_reported,
        _ => {}
    }
    for (mode, more) in row.modes.iter_mut().zip(other.modes) {
        if mode.is_none() {
            *mode = more;
        }
    }
    if row.report_date.is_empty() {
        row.report_date = other.report_date;
    }
    row.parts.extend(other.parts);
}
