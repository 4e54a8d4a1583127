//! The workbook that staff edit and send on: `確認一覧.xlsx` in the work folder. Rewritten only when nothing of people's text is lost.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::listing::{Listing, STAMP, fitting};
use super::people::{self, Known, People};
use crate::facts::finding::Finding;
use crate::ground::error::Result;
use crate::ground::spreadsheet::renew::{self, Renewed};
use crate::ground::spreadsheet::{self, Book, Column, Sheet, Width};

/// Name of the workbook, in the work folder (where people edit) and in the packet (a copy to send on).
pub const WORKBOOK: &str = "確認一覧.xlsx";

/// The workbook of the work folder.
pub fn place(work_folder: &Path) -> PathBuf {
    work_folder.join(WORKBOOK)
}

/// What people wrote so far. Without a workbook: nothing. A workbook that cannot be read stops the run:
/// going on would mean to forget its decisions.
pub fn read(work_folder: &Path, known: Known<'_>) -> Result<People> {
    let path = place(work_folder);
    let Some(bytes) = renew::bytes_of(&path)? else { return Ok(People::default()) };
    let sheets = spreadsheet::read_bytes(bytes.clone()).map_err(|e| {
        e.file(&path)
            .at("判断と上書きの表")
            .next("Excel で開いて保存し直すか、名前を変えて取りのけてください（取りのけると、書いた判断と上書きは使われません）。何も変えていません")
    })?;
    Ok(People { bytes: Some(bytes), ..people::read(sheets, known, WORKBOOK) })
}

/// The bytes of the workbook: reading notes, listings, then the sheets that people added.
pub fn bytes(title: &str, date: (i32, u8, u8), listings: &[Listing], strangers: &[Sheet]) -> Result<Vec<u8>> {
    let mut book = Book::new(title, date)?;
    for listing in listings {
        listing.write(&mut book)?;
    }
    for sheet in strangers {
        let width = sheet.rows.iter().map(spreadsheet::Row::len).max().unwrap_or(1).max(1);
        let head: Vec<Column> = (0..width).map(|c| Column::new(sheet.text(0, c), Width::Middle).by_people()).collect();
        let value = |r: usize, c: usize, cell| if sheet.looks.is_struck(r, c) { fitting(&sheet.marked(r, c)) } else { people::value_of(cell) };
        let rows = sheet.rows.iter().enumerate().skip(1);
        let rows = rows.map(|(r, cells)| cells.iter().enumerate().map(|(c, cell)| value(r, c, cell)).collect::<Vec<_>>());
        let written = book.table(&sheet.name, &head, rows)?;
        written.set_hidden(sheet.hidden);
        for row in &sheet.looks.hidden_rows {
            spreadsheet::hide_row(written, *row)?;
        }
        for column in (0..width).filter(|c| sheet.looks.hides_column(*c)) {
            spreadsheet::hide_column(written, column)?;
        }
    }
    book.finish()
}

/// Texts that must stand in the new workbook and do not.
pub fn lost(people: &People, new: &[u8]) -> Result<Vec<String>> {
    let mut written: BTreeSet<String> = BTreeSet::new();
    for cell in spreadsheet::read_bytes(new.to_vec())?.iter().flat_map(|s| s.rows.iter().flatten()) {
        written.insert(cell.text.trim().to_owned());
    }
    let holds = |text: &str| written.contains(text) || matches!(fitting(text), spreadsheet::Value::Text(t) if written.contains(t.trim()));
    // a text may stand within an archived one
    Ok(people.must_keep.iter().filter(|t| *t != STAMP && !holds(t) && !written.iter().any(|w| w.contains(t.as_str()))).cloned().collect())
}

/// Puts the new workbook in the place where people edit. Whatever speaks against it is a finding; the old one then stays.
pub fn replace(work_folder: &Path, new: &[u8], people: &People) -> Result<Option<Finding>> {
    let stays = |why: &str| Ok(Some(Finding::new("workbook_not_replaced").file(WORKBOOK).value(why)));
    if let Some(old) = people.bytes.as_deref().filter(|old| *old != new) {
        if let Some(part) = spreadsheet::part_beyond_cells(old) {
            return stays(&format!("コメント・図など、kyogi が写せないものがあります（{part}）"));
        }
        let lost = lost(people, new)?;
        if let Some(first) = lost.first() {
            return stays(&format!("写せない内容があります（{} か所、はじめは「{first}」）", lost.len()));
        }
    }
    match renew::renew(&place(work_folder), people.bytes.as_deref(), new) {
        Ok(Renewed::Same | Renewed::Done(_)) => Ok(None),
        Ok(Renewed::Open(mark)) => {
            let mark = mark.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
            stays(&format!("Excel などで開かれています（しるしのファイル {mark}）"))
        }
        Ok(Renewed::SavedSince) => stays("kyogi が読んだあとで保存されました。もう一度実行すると、書いたことを引き継ぎます"),
        // all else of the command is done: what stands in the way here is said, with its cause
        Err(error) => stays(error.what()),
    }
}
