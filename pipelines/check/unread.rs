//! What people wrote in the workbook and the program could not use: said where they write, not only in the list of findings.

use std::collections::HashMap;

use super::listing::{Field, Listing, Role, fitting};
use crate::facts::finding::{Finding, FindingRule};

pub const SHEET: &str = "書きこみで読めなかったもの";

/// Only what stays until people mend it. What a rewrite settles (a formula, a merged cell) would make the next workbook another one.
const LASTING: &[&str] = &[
    "decision_word_unknown",
    "decision_date_unreadable",
    "override_without_reason",
    "override_unreadable",
    "override_without_effect",
    "override_twice",
];

pub fn fields() -> Vec<Field> {
    vec![
        Field::new("場所", 40.0, Role::Machine),
        Field::new("医療機関ID", 18.0, Role::Key),
        Field::new("書かれていること", 30.0, Role::Key),
        Field::new("内容", 50.0, Role::Key),
        Field::new("次にすること", 50.0, Role::Machine),
    ]
}

/// The sheet of them, in the order of the workbook.
pub fn listing(findings: &[Finding], rules: &HashMap<String, FindingRule>) -> Listing {
    let about = "「確認一覧.xlsx」に書かれた判断、日付、判定の上書きのうち、読めなかったものと使っていないものです。書いた場所で直してください。";
    let mut list = Listing::new(SHEET, fields(), about);
    for f in findings.iter().filter(|f| LASTING.contains(&f.code.as_str())) {
        if let Some(rule) = rules.get(&f.code) {
            list.push([&f.column, &f.facility_id, &f.value, &rule.what, &rule.next].map(|t| fitting(t)).into());
        }
    }
    list
}
