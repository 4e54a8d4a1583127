//! The dirt that real returns have, in small and known doses, so that reading, checking and querying have work to do.

use std::ops::RangeInclusive;

use crate::commands::sample::answers::{Report, Survey, is_linked, last_day};
use crate::commands::sample::assumptions::{AUTO_DIFFERS, CHANGE_REPORTS};
use crate::commands::sample::book::{Answer, Book, Row};
use crate::commands::sample::dice::Draw;
use crate::commands::sample::judge::{SECOND_FUNCTIONS, Verdict, first_function, flip, second_function};
use crate::ground::error::Result;

/// Each contradiction, of the rows where it can occur (but one in any prefecture).
const CONTRADICTION: f64 = 0.0015;
/// Each slip of the pen in a count, of the rows that have the count.
const SLIP: f64 = 0.002;
/// Days by which a change follows its first report.
const CHANGE_AFTER: RangeInclusive<u32> = 3..=21;

/// `rate` of the places where `fits`, at least one if any.
fn some<T>(draw: &mut Draw, of: &[T], rate: f64, fits: impl Fn(&T) -> bool) -> Vec<usize> {
    at_least(1, draw, of, rate, fits)
}

fn at_least<T>(least: usize, draw: &mut Draw, of: &[T], rate: f64, fits: impl Fn(&T) -> bool) -> Vec<usize> {
    let places: Vec<usize> = of.iter().enumerate().filter(|(_, x)| fits(x)).map(|(i, _)| i).collect();
    let count = ((places.len() as f64 * rate) as usize).max(least);
    draw.pick(places.len(), count).into_iter().map(|i| places[i]).collect()
}

/// Answers that contradict each other or are missing; before the determination, which then sees them too.
pub fn contradict<'b>(survey: &Survey<'b>, reports: &mut [Report<'b>], owner: u64) -> Result<()> {
    let mut draw = Draw::new(survey.seed, owner, &format!("contradictions {}", survey.year));
    let book = survey.book;
    let with_first = |r: &Report| r.day.is_some() && first_function(&r.row) == Verdict::Yes;

    // 該当無し together with fields.
    if book.slot("g1_domains").is_some() {
        let none = book.choice("g1_domains", "0")?;
        for i in some(&mut draw, reports, CONTRADICTION, |r| r.row.get("g1_domains").is_positive()) {
            if let Answer::Many(mut fields) = reports[i].row.get("g1_domains").clone() {
                fields.insert(0, none);
                reports[i].row.set("g1_domains", Answer::Many(fields));
            }
        }
    }
    // Back-up beds through partners, but no partner named.
    for i in some(&mut draw, reports, CONTRADICTION * 4.0, |r| is_linked(r.row.get("g2b_backup_bed"))) {
        reports[i].row.set("g2b_backup_bed_partners", Answer::Blank);
    }
    // No home visits, but visits claimed.
    let says_none =
        |r: &Report| matches!(r.row.get("g2c_home_visit"), Answer::One(c) if c.polarity == "negative") && !r.row.get("g2c_fee_home_visit").is_blank();
    for i in some(&mut draw, reports, CONTRADICTION, says_none) {
        let visits = 12 + draw.below(90) as u32;
        reports[i].row.set("g2c_fee_home_visit", Answer::Count(visits));
    }
    // A needed answer left blank: one of 2号, and one that 1号 hangs on.
    for i in some(&mut draw, reports, CONTRADICTION, with_first) {
        reports[i].row.set("g2d_acp", Answer::Blank);
    }
    for i in some(&mut draw, reports, CONTRADICTION / 2.0, with_first) {
        reports[i].row.set("g1_consultation", Answer::Blank);
    }
    Ok(())
}

/// Determinations that differ from the rules.
pub fn misjudge<'b>(survey: &Survey<'b>, reports: &mut [Report<'b>], owner: u64) -> Result<()> {
    let mut draw = Draw::new(survey.seed, owner, &format!("determination {}", survey.year));
    for i in some(&mut draw, reports, AUTO_DIFFERS, |r| r.day.is_some() && first_function(&r.row) == Verdict::Yes) {
        let function = SECOND_FUNCTIONS[draw.below(SECOND_FUNCTIONS.len())];
        if second_function(&reports[i].row, function) != Verdict::Unknown {
            flip(&mut reports[i].row, function)?;
        }
    }
    Ok(())
}

/// 変更報告: the same facility again, later, with a changed answer. The first report stays in the file.
pub fn change<'b>(survey: &Survey<'b>, reports: &[Report<'b>], owner: u64) -> Result<Vec<Report<'b>>> {
    let mut draw = Draw::new(survey.seed, owner, &format!("changes {}", survey.year));
    let latest = last_day(survey.year + 1) - CHANGE_AFTER.end();
    let mut changes = Vec::new();
    for i in at_least(3, &mut draw, reports, CHANGE_REPORTS, |r| r.day.is_some_and(|day| day <= latest)) {
        let mut report = reports[i].clone();
        let later = CHANGE_AFTER.start() + draw.below(CHANGE_AFTER.count()) as u32;
        report.day = report.day.map(|day| day + later);
        change_answer(&mut report.row)?;
        survey.conclude(&mut report)?;
        changes.push(report);
    }
    Ok(changes)
}

/// An intention became a deed where there was one (int3 items: 意向有り → 有り), else vaccination changed.
fn change_answer(row: &mut Row) -> Result<()> {
    let raised = row.answers().find(|(item, answer)| {
        item.choice_set == "int3" && item.intention_scope == "function" && item.item_code != "g2c_home_visit" && answer.has_intention()
    });
    match raised.map(|(item, _)| item.item_code.as_str()) {
        Some("g2d_ict_network") => {
            row.text("g2d_ict_network_names", "地域医療介護ネット（模擬）");
            row.choose("g2d_ict_network", "2")
        }
        Some(item) => row.choose(item, "2"),
        None => {
            let code = if row.get("oth_vaccination").is_positive() { "0" } else { "1" };
            row.choose("oth_vaccination", code)
        }
    }
}

/// Slips in the written cells: a text that a spreadsheet takes for a formula, full-width digits, a unit behind a count.
pub fn scribble(book: &Book, seed: u64, year: i32, owner: u64, records: &mut [Vec<String>]) {
    let mut draw = Draw::new(seed, owner, &format!("slips {year}"));
    if let Some(slot) = book.slot("g1_diseases_other") {
        // Rate 0: exactly one.
        for i in some(&mut draw, records, 0.0, |r| !r[slot].is_empty()) {
            records[i][slot].insert(0, '=');
        }
    }
    let is_count = |cell: &str| cell.len() > 1 && cell.bytes().all(|b| b.is_ascii_digit());
    if let Some(slot) = book.slot("g2a_fee_early") {
        for i in some(&mut draw, records, SLIP, |r| is_count(&r[slot])) {
            records[i][slot] = records[i][slot].bytes().map(full_width).collect();
        }
    }
    if let Some(slot) = book.slot("g2a_fee_overtime") {
        for i in some(&mut draw, records, SLIP, |r| is_count(&r[slot])) {
            records[i][slot].push('回');
        }
    }
}

/// `7` → `７`.
fn full_width(digit: u8) -> char {
    char::from_u32(u32::from('０') + u32::from(digit.wrapping_sub(b'0'))).unwrap_or('０')
}
