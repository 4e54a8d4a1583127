//! What the commands say when they are done.

use crate::commands::draft;
use std::path::Path;

use serde::Deserialize;

use crate::check::{unread, workbook::WORKBOOK};
use crate::commands::official::report::Report;
use crate::commands::publish;
use crate::commands::run::Outcome;
use crate::facts::finding;
use crate::facts::finding::Finding;
use crate::ground::artefact;
use crate::ground::error::{Error, Result};
use crate::ground::own_text;
use crate::packet::NotRead;
use crate::publish::Published;
use crate::workbook::NO_GLYPH;

/// Where people write, or why the workbook there stays as it is.
pub fn tell_checks(dir: &Path, trouble: &str) {
    let place = crate::check::workbook::place(dir);
    if trouble.is_empty() {
        println!("判断を書く一覧：{}", place.display());
    } else {
        println!("確認一覧は前のままです：{trouble}（{}）。新しい一覧は check フォルダーにあります。", place.display());
    }
}

/// A row of `data/findings.csv`, as far as it is told.
#[derive(Deserialize)]
struct FindingRow {
    finding_code: String,
    file: String,
    column: String,
    facility_id: String,
    value: String,
}

/// What the run's packet says about the workbook of the checks.
pub fn tell_writing_of(packet: &Path) -> Result<()> {
    let path = packet.join("data/findings.csv");
    let bad = |e: Error| e.file(&path).next("kyogi run をもう一度実行してください");
    let rows = own_text::csv(&own_text::read(&path, "指摘の表")?).and_then(|t| t.typed::<FindingRow>()).map_err(bad)?;
    let of_workbook = rows.iter().map(|(_, r)| r).filter(|r| r.file == WORKBOOK);
    let finding = |r: &FindingRow| {
        Finding::new(&r.finding_code).file(&r.file).column(&*r.column).facility(&r.facility_id).value(artefact::without_guard(&r.value))
    };
    tell_writing(&of_workbook.map(finding).collect::<Vec<_>>())
}

/// What people wrote in the workbook of the checks and could not be used, each with its place and what to do.
pub fn tell_writing(findings: &[Finding]) -> Result<()> {
    for line in writing(findings)? {
        println!("{line}");
    }
    Ok(())
}

/// The same as lines; none where everything could be used.
fn writing(findings: &[Finding]) -> Result<Vec<String>> {
    const FEW: usize = 10;
    let rules = finding::rules()?;
    let mut told: Vec<&Finding> = findings.iter().filter(|f| finding::severity(f, &rules) != "note").collect();
    // what is not used at all comes first
    told.sort_by_key(|f| finding::severity(f, &rules) != "must_fix");
    if told.is_empty() {
        return Ok(Vec::new());
    }
    let mut lines = vec![format!("{WORKBOOK} の書きこみで、読めなかったもの・使っていないもの：{} 件", told.len())];
    for f in told.iter().take(FEW) {
        let said: Vec<&str> = [f.facility_id.as_str(), f.value.as_str()].into_iter().filter(|t| !t.is_empty()).collect();
        let said = if said.is_empty() { String::new() } else { format!("（{}）", said.join("、")) };
        let (what, next) = rules.get(&f.code).map_or(("", ""), |r| (&r.what, &r.next));
        lines.push(format!("  {}{said}：{what}。次にすること：{next}", f.column));
    }
    if told.len() > FEW {
        lines.push(format!("  ほか {} 件（{WORKBOOK} のシート「{}」を見てください）", told.len() - FEW, unread::SHEET));
    }
    Ok(lines)
}

/// Files of the work folder that were not read, with the reason; their findings say what to do.
pub fn tell_not_read(files: &[NotRead]) {
    if files.is_empty() {
        return;
    }
    println!("読んでいないファイル：{} 個（使うものがないかを確かめてください）", files.len());
    for file in files.iter().take(SHOWN) {
        println!("  {}：{}", file.path, file.reason);
    }
    if files.len() > SHOWN {
        println!("  ほか {} 個（すべては manifest.json の not_read にあります）", files.len() - SHOWN);
    }
}

/// What a run made.
pub fn report(outcome: &Outcome) -> Result<()> {
    println!(
        "資料を作りました：{}（医療機関 {}、課題管理シート {}、公表シート {}、ファイル {}）",
        outcome.finished.place.join("index.html").display(),
        outcome.facilities,
        outcome.sheets,
        outcome.results,
        outcome.finished.files
    );
    if outcome.findings > 0 {
        println!("確認が必要な報告：{} 件（うち訂正が必要 {} 件）。data/findings.csv を見てください。", outcome.findings, outcome.must_fix);
    }
    tell_not_read(&outcome.not_read);
    if outcome.held_back > 0 {
        println!("合意したが公表しない文：{} 件。data/not_published.csv を見てください。", outcome.held_back);
    }
    if let Some(copy) = &outcome.copy {
        println!("協議シートを新しい数値と合わせました（前のファイルの写し：{}）", copy.display());
    }
    for line in outcome.finished.lines() {
        println!("{line}");
    }
    report_workbook(&outcome.workbook)
}

/// Lines of a list on the screen; the rest is in the file.
const SHOWN: usize = 20;

/// What became of the coordinators' workbook.
pub fn report_draft(drafted: &draft::Drafted) -> Result<()> {
    println!("協議シートを{}：{}", if drafted.is_new { "作りました" } else { "新しい数値と合わせました" }, drafted.path.display());
    if let Some(copy) = &drafted.copy {
        println!("前のファイルの写し：{}", copy.display());
    }
    if drafted.archived > 0 {
        println!("シート「保管」に移した文：{} 件", drafted.archived);
    }
    report_workbook(&drafted.findings)
}

/// What was odd in the workbook, a line each.
fn report_workbook(findings: &[Finding]) -> Result<()> {
    let rules = finding::rules()?;
    // a character that nobody will see in print is named in any case
    let (missing, others): (Vec<&Finding>, Vec<&Finding>) = findings.iter().partition(|f| f.code == NO_GLYPH);
    for f in others.iter().take(SHOWN).chain(&missing) {
        let value = if f.value.is_empty() { String::new() } else { format!("「{}」", f.value) };
        println!("{}：{} {value}{}", finding::severity_label(finding::severity(f, &rules)), f.column, rules.get(&f.code).map_or("", |r| &r.what));
    }
    if others.len() > SHOWN {
        println!("ほか {} 件", others.len() - SHOWN);
    }
    Ok(())
}

/// Said before anything is written: agreements of which nobody can tell the text, and parts in which nothing stands.
pub fn tell_published(published: &Published) {
    let unresolved = published.held_back.iter().filter(|h| h.is_unresolved);
    for h in unresolved {
        println!("合意した文が分かりません：シート「{}」の {} 行目（{}、{}）：{}", h.place.sheet, h.place.row, h.area_name, h.theme, h.lacks);
    }
    for e in &published.empty {
        println!("空のままの部分：{}：{}", e.result, e.parts.join("、"));
    }
}

/// What was published and what was held back.
pub fn report_publish(outcome: &publish::PublishOutcome) -> Result<()> {
    let index = outcome.finished.place.join("index.html");
    println!("公表する資料を作りました：{}（協議 {}、方策 {}）", index.display(), outcome.results, outcome.measures);
    if !outcome.held_back.is_empty() {
        println!("公表しない文：{} 件（一覧：{}）", outcome.held_back.len(), outcome.list.display());
    }
    for h in outcome.held_back.iter().take(SHOWN) {
        println!("  シート「{}」の {} 行目（{}、{}）：{}", h.place.sheet, h.place.row, h.area_name, h.theme, h.lacks);
    }
    report_workbook(&outcome.missing_glyphs)
}

/// What was read from one of the publishers' workbooks.
pub fn report_update(report: &Report) {
    println!("■ {}「{}」（{}）", report.publisher, report.dataset, report.as_of);
    for table in &report.tables {
        println!("  作った表：reference/{}.csv（{} 行、それまでの表は {}）", table.table_name, table.rows, table.before);
    }
    for r in &report.reasons {
        println!("  {}：{} 行（{} {} 行）。{}", r.label, r.all, report.prefecture, r.ours, r.done);
    }
    println!("  くわしくは reference/update_report_{}.html を見てください。", report.kind);
}
