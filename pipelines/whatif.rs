//! Scenarios: some answers are other than reported, or late reports arrive; which figures would change?
//!
//! The changed extract goes the whole road again, so a scenario can never be computed by other rules than the packet.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use csv::StringRecord;

use crate::compare::{self, Change};
use crate::dictionary::Dictionary;
use crate::draft::figures::Indicator;
use crate::error::{Error, Result};
use crate::ingest::layout::{self, Layout, Place};
use crate::ingest::{Grid, cells, headers, read_grid};
use crate::run;
use crate::workspace::Workspace;

/// What to try.
pub struct Scenario {
    /// CSV with `facility_id,item_code,value`: the cell that the facility would have reported.
    pub answers: Option<PathBuf>,
    /// Rows to add, in the layout of the extract.
    pub late: Option<PathBuf>,
}

/// Figures before and after, those that stay the same left out.
pub fn run(workspace: &Workspace, extract: &Path, scenario: &Scenario, threads: usize) -> Result<Vec<Change>> {
    let settings = &workspace.settings;
    let dictionary = Dictionary::load(settings.report_year)?;
    let (mut grid, layout) = read(workspace, extract, None)?;
    let (places, _) = layout.places(&headers(&grid, layout.file.header_rows), &dictionary).map_err(|e| e.file(extract))?;
    if let Some(late) = &scenario.late {
        let (more, _) = read(workspace, late, Some(&layout))?;
        if headers(&more, layout.file.header_rows) != headers(&grid, layout.file.header_rows) {
            return Err(Error::new("追加の報告の見出しが、抽出ファイルと違います").file(late).next("同じレイアウトで取り出してください"));
        }
        grid.rows.extend(more.rows.into_iter().skip(layout.file.header_rows));
    }
    if let Some(answers) = &scenario.answers {
        for (line, change) in wishes(answers)? {
            apply(&mut grid.rows[layout.file.header_rows..], &places, &change).map_err(|e| e.at(format!("{line} 行目")).file(answers))?;
        }
    }
    let scratch = tempfile::tempdir().map_err(|e| Error::new(format!("一時フォルダーを作れません：{e}")))?;
    let changed = scratch.path().join("extract.csv");
    write(&grid, &changed)?;
    let (before, after) = (scratch.path().join("before"), scratch.path().join("after"));
    for (extract, out) in [(extract, &before), (&changed, &after)] {
        run::figures_in(&settings.prefecture, settings.report_year, Some(&workspace.root), extract, out, threads)?;
    }
    let changes = compare::changes(&compare::figures_of(&before)?, &compare::figures_of(&after)?)?;
    Ok(changes.into_iter().filter(|c| c.verdict() != "same").collect())
}

fn read(workspace: &Workspace, path: &Path, layout: Option<&Layout>) -> Result<(Grid, Layout)> {
    let bytes = std::fs::read(path).map_err(|e| Error::io("抽出ファイルを読めません", path, &e))?;
    let grid = read_grid(&bytes, None).map_err(|e| e.file(path))?;
    let layout = match layout {
        Some(layout) => layout.clone(),
        None => layout::recognise(layout::known(Some(&workspace.root))?, |n| headers(&grid, n)).map_err(|e| e.file(path))?,
    };
    Ok((grid, layout))
}

struct Wish {
    facility_id: String,
    item_code: String,
    value: String,
}

fn wishes(path: &Path) -> Result<Vec<(usize, Wish)>> {
    let text = std::fs::read_to_string(path).map_err(|e| Error::io("想定の表を読めません", path, &e))?;
    let bad = |e: csv::Error| Error::new(format!("想定の表を読めません：{e}")).file(path).next("見出しを facility_id,item_code,value にしてください");
    let mut reader = csv::Reader::from_reader(text.trim_start_matches('\u{FEFF}').as_bytes());
    let header = reader.headers().map_err(bad)?.clone();
    if header.iter().collect::<Vec<_>>() != ["facility_id", "item_code", "value"] {
        return Err(Error::new("想定の表の見出しが違います").file(path).next("見出しを facility_id,item_code,value にしてください"));
    }
    reader
        .records()
        .enumerate()
        .map(|(i, r)| {
            let r = r.map_err(bad)?;
            Ok((i + 2, Wish { facility_id: cells::fold(&r[0]), item_code: r[1].trim().to_owned(), value: r[2].to_owned() }))
        })
        .collect()
}

/// Sets the cell in every row of the facility: whichever of them counts.
fn apply(rows: &mut [(u32, StringRecord)], places: &std::collections::BTreeMap<String, Place>, wish: &Wish) -> Result<()> {
    let column = match places.get(&wish.item_code) {
        Some(Place::Column(column)) => *column,
        Some(Place::OneHot(_)) => return Err(Error::new(format!("報告事項 {} は列が分かれているため、想定の表では変えられません", wish.item_code))),
        None => {
            return Err(Error::new(format!("報告事項 {} が抽出ファイルにありません", wish.item_code))
                .next("sql/dictionary/items.csv のコードを書いてください"));
        }
    };
    let Some(Place::Column(id_column)) = places.get("facility_id") else { return Err(Error::new("医療機関IDの列がありません")) };
    let mut found = false;
    for (_, record) in rows.iter_mut().filter(|(_, r)| r.get(*id_column).is_some_and(|id| cells::fold(id) == wish.facility_id)) {
        found = true;
        *record = record.iter().enumerate().map(|(i, cell)| if i == column { wish.value.as_str() } else { cell }).collect();
    }
    if found { Ok(()) } else { Err(Error::new(format!("医療機関ID「{}」が抽出ファイルにありません", wish.facility_id))) }
}

fn write(grid: &Grid, path: &Path) -> Result<()> {
    let failed = |e: csv::Error| Error::new(format!("一時ファイルを書けません：{e}"));
    let mut writer = csv::WriterBuilder::new().flexible(true).from_path(path).map_err(failed)?;
    for (_, record) in &grid.rows {
        writer.write_record(record).map_err(failed)?;
    }
    writer.flush().map_err(|e| Error::io("一時ファイルを書けません", path, &e))
}

/// The changed figures as people read them, area by area.
pub fn text(changes: &[Change], names: &dyn Fn(&str) -> String) -> Result<String> {
    let indicators = Indicator::all()?;
    let mut out = String::new();
    if changes.is_empty() {
        return Ok("変わる数値はありません。\n".into());
    }
    let mut area = "";
    for c in changes {
        if area != c.key[1] {
            area = &c.key[1];
            writeln!(out, "\n■ {}（{area}）", names(area)).ok();
        }
        let label = Indicator::find(&indicators, &Indicator::key(&c.key[2], &c.key[3]))?.label.clone();
        let breakdown = if label.contains('：') || c.key[3].is_empty() { String::new() } else { format!(" {}", c.key[3]) };
        writeln!(out, "  {label}{breakdown}：{} → {}{}", c.before.text(), c.after.text(), c.unit).ok();
    }
    Ok(out)
}
