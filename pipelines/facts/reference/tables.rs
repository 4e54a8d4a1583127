//! Which reference tables a run uses: the built-in ones, or those of the work folder that its ledger names.
//!
//! A table of the work folder counts only when `reference/tables.csv` has a row for it: `kyogi reference update` writes
//! such rows, and people may. So a copy that somebody left in the folder never changes a figure in silence.

use crate::ground::text;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Source;
use crate::ground::artefact::sha256;
use crate::ground::embedded;
use crate::ground::error::{Error, Result};
use crate::ground::own_text;

/// Below the work folder: which tables take the place of built-in ones, and where they come from.
pub const LEDGER: &str = "reference/tables.csv";

/// A row of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Entry {
    /// A name of `sql/reference/` without `.csv`; the table lies beside the ledger under that name.
    pub table_name: String,
    pub publisher: String,
    pub dataset: String,
    /// ISO date that the figures are of.
    pub as_of: String,
    pub licence: String,
    /// File name of the workbook that the table was read from; empty when people made the table.
    pub source_file: String,
    pub source_sha256: String,
    /// Of the table as it was written; another one says that people changed it since.
    pub table_sha256: String,
    pub note: String,
}

#[derive(Clone, Debug)]
struct Own {
    entry: Entry,
    /// UTF-8, LF, without byte order mark.
    text: String,
    sha256: String,
}

/// What the manifest says of a table that could be used.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Used {
    pub table_name: String,
    /// `built_in` or `work_folder`.
    pub origin: String,
    pub publisher: String,
    pub dataset: String,
    pub as_of: String,
    pub source_file: String,
    pub source_sha256: String,
    pub table_sha256: String,
    /// Changed by people after `reference update` wrote it, or made by people.
    pub edited: bool,
}

/// The reference tables of a run, by name.
#[derive(Clone, Debug, Default)]
pub struct Tables {
    own: BTreeMap<String, Own>,
}

fn path_of(name: &str) -> String {
    format!("sql/reference/{name}.csv")
}

/// Names of the tables that a work folder may replace.
pub fn names() -> impl Iterator<Item = &'static str> {
    embedded::under("sql/reference/")
        .filter_map(|(path, _)| path.strip_prefix("sql/reference/")?.strip_suffix(".csv"))
        .filter(|n| !["sources", "prefectures"].contains(n))
}

impl Tables {
    pub fn built_in() -> Self {
        Self::default()
    }

    /// The tables of a work folder for one prefecture; every table that its ledger names is checked against the built-in one.
    pub fn open(root: &Path, prefecture_code: &str) -> Result<Self> {
        let mut tables = Self::default();
        for entry in ledger(root)? {
            let path = root.join("reference").join(format!("{}.csv", entry.table_name));
            let bytes = std::fs::read(&path)
                .map_err(|e| Error::io("参照表を読めません", &path, &e).next(format!("{LEDGER} からこの表の行を消すか、表を戻してください")))?;
            let text = check(&entry.table_name, &bytes, prefecture_code).map_err(|e| e.file(&path))?;
            tables.own.insert(entry.table_name.clone(), Own { entry, text, sha256: sha256(&bytes) });
        }
        Ok(tables)
    }

    /// The table as CSV text.
    pub fn text(&self, name: &str) -> &str {
        self.own.get(name).map_or_else(|| embedded::text(&path_of(name)), |own| own.text.as_str())
    }

    /// The header and the rows whose first column begins with the prefecture's code.
    pub fn rows_of(&self, name: &str, prefecture_code: &str) -> String {
        let mut lines = self.text(name).lines();
        let header = lines.next().unwrap_or_default();
        let rows: Vec<&str> = lines.filter(|l| l.starts_with(prefecture_code)).collect();
        format!("{header}\n{}\n", rows.join("\n"))
    }

    pub fn read<T: for<'de> Deserialize<'de>>(&self, name: &str) -> Result<Vec<T>> {
        let rows = csv::Reader::from_reader(self.text(name).as_bytes()).deserialize().collect::<std::result::Result<_, _>>();
        rows.map_err(|e| Error::new(format!("参照表を読めません：{e}")).at(self.place(name)))
    }

    /// Date of a table that the work folder brings; `None` for a built-in one.
    pub fn own_date(&self, name: &str) -> Option<&str> {
        self.own.get(name).map(|own| own.entry.as_of.as_str())
    }

    fn place(&self, name: &str) -> String {
        if self.own.contains_key(name) { format!("作業フォルダーの reference/{name}.csv") } else { path_of(name) }
    }

    /// Sources of all tables: a table of the work folder speaks for itself instead of the built-in one.
    pub fn sources(&self) -> Result<Vec<Source>> {
        let built_in: Vec<Source> = crate::facts::dictionary::read_csv("sql/reference/sources.csv")?;
        let mut said = BTreeSet::new();
        let mut sources = Vec::new();
        for source in built_in {
            match self.own.get(&source.table_name) {
                None => sources.push(source),
                Some(own) if said.insert(source.table_name.clone()) => sources.push(own.source(source.shown_on)),
                Some(_) => {}
            }
        }
        Ok(sources)
    }

    /// Every table that this run could read, with where it came from.
    pub fn used(&self) -> Result<Vec<Used>> {
        let sources = self.sources()?;
        let join = |name: &str, of: fn(&Source) -> &str| {
            let said: BTreeSet<&str> = sources.iter().filter(|s| s.table_name == name).map(of).collect();
            said.into_iter().collect::<Vec<_>>().join("、")
        };
        let used = names().map(|name| {
            let own = self.own.get(name);
            Used {
                table_name: name.to_owned(),
                origin: if own.is_some() { "work_folder" } else { "built_in" }.to_owned(),
                publisher: join(name, |s| &s.publisher),
                dataset: join(name, |s| &s.dataset),
                as_of: join(name, |s| &s.as_of),
                source_file: own.map_or_else(String::new, |o| o.entry.source_file.clone()),
                source_sha256: own.map_or_else(String::new, |o| o.entry.source_sha256.clone()),
                table_sha256: own.map_or_else(|| sha256(embedded::text(&path_of(name)).as_bytes()), |o| o.sha256.clone()),
                edited: own.is_some_and(Own::edited),
            }
        });
        Ok(used.collect())
    }
}

impl Own {
    fn edited(&self) -> bool {
        self.sha256 != self.entry.table_sha256
    }

    fn source(&self, shown_on: String) -> Source {
        let e = &self.entry;
        let from = if e.source_file.is_empty() { String::new() } else { format!("、{} から", e.source_file) };
        let edited = if self.edited() { "、人が書いた表" } else { "" };
        Source {
            table_name: e.table_name.clone(),
            publisher: e.publisher.clone(),
            dataset: e.dataset.clone(),
            as_of: e.as_of.clone(),
            licence: e.licence.clone(),
            note: e.note.clone(),
            shown_on,
            place: format!("作業フォルダーの reference/{}.csv{from}{edited}", e.table_name),
        }
    }
}

/// The rows of the ledger; none without one.
pub fn ledger(root: &Path) -> Result<Vec<Entry>> {
    let path = root.join(LEDGER);
    if !path.exists() {
        return Ok(Vec::new());
    }
    let rows = own_text::csv(&own_text::read(&path, "参照表の一覧")?).and_then(|table| table.typed::<Entry>());
    let mut entries: Vec<Entry> = Vec::new();
    for (line, mut entry) in rows.map_err(|e| e.file(&path))? {
        let bad = |what: String| Error::new(what).at(format!("{line} 行目")).file(&path);
        if !names().any(|n| n == entry.table_name) {
            let known: Vec<&str> = names().collect();
            return Err(
                bad(format!("参照表「{}」は置きかえられません", entry.table_name)).next(format!("{} のどれかにしてください", known.join("、")))
            );
        }
        // Excel writes 2026/1/1
        entry.as_of =
            text::date(&entry.as_of).ok_or_else(|| bad(format!("日付「{}」を読めません", entry.as_of)).next("2026-01-01 のように書いてください"))?;
        if entry.publisher.trim().is_empty() || entry.dataset.trim().is_empty() {
            return Err(bad("公表者（publisher）と資料の名前（dataset）が要ります".into()).next("出典として資料に印刷する名前を書いてください"));
        }
        if entries.iter().any(|e| e.table_name == entry.table_name) {
            return Err(bad(format!("参照表「{}」の行が二つあります", entry.table_name)).next("一つにしてください"));
        }
        entries.push(entry);
    }
    Ok(entries)
}

/// Files that have the name of a table but no row in the ledger; copies of the built-in table are left out.
pub fn unlisted(root: &Path) -> Result<Vec<String>> {
    let listed: BTreeSet<String> = ledger(root)?.into_iter().map(|e| e.table_name).collect();
    let mut found = Vec::new();
    for name in names().filter(|n| !listed.contains(*n)) {
        let Ok(bytes) = std::fs::read(root.join(format!("reference/{name}.csv"))) else { continue };
        let built_in: BTreeSet<&str> = embedded::text(&path_of(name)).lines().collect();
        if !own_text::text_of(&bytes).is_ok_and(|t| t.lines().all(|l| built_in.contains(l))) {
            found.push(format!("reference/{name}.csv"));
        }
    }
    Ok(found)
}

/// The ledger as people open it in Excel.
pub fn ledger_text(entries: &[Entry]) -> Result<String> {
    let failed = |e: csv::Error| Error::new(format!("参照表の一覧を作れません：{e}"));
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    for entry in entries {
        writer.serialize(entry).map_err(failed)?;
    }
    let bytes = writer.into_inner().map_err(|e| Error::new(format!("参照表の一覧を作れません：{e}")))?;
    Ok(format!("\u{FEFF}{}", String::from_utf8_lossy(&bytes)))
}

/// What kind of value the built-in table has in a column.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Code,
    Integer,
    Number,
    Text,
}

impl Kind {
    fn of(header: &str, cells: &[&str]) -> Self {
        let mut filled = cells.iter().filter(|c| !c.is_empty()).peekable();
        if header.ends_with("_code") || header.ends_with("_code6") {
            Self::Code
        } else if filled.peek().is_none() {
            Self::Text
        } else if filled.clone().all(|c| c.parse::<i64>().is_ok()) {
            Self::Integer
        } else if filled.all(|c| c.parse::<f64>().is_ok()) {
            Self::Number
        } else {
            Self::Text
        }
    }

    fn fits(self, cell: &str) -> bool {
        match self {
            Self::Code => cell.bytes().all(|b| b.is_ascii_alphanumeric()),
            Self::Integer => cell.is_empty() || cell.parse::<i64>().is_ok(),
            Self::Number => cell.is_empty() || cell.parse::<f64>().is_ok_and(f64::is_finite),
            Self::Text => true,
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Code => "コード",
            Self::Integer => "整数",
            Self::Number => "数",
            Self::Text => "文字",
        }
    }
}

/// Refuses a table that lacks a column, a value or a row that the built-in one has; returns it as clean text.
fn check(name: &str, bytes: &[u8], prefecture_code: &str) -> Result<String> {
    let text = own_text::text_of(bytes)?;
    let records = |text: &str| -> Result<(Vec<String>, Vec<Vec<String>>)> {
        let table = own_text::csv(text)?;
        let texts = |r: &csv::StringRecord| r.iter().map(str::to_owned).collect::<Vec<_>>();
        Ok((texts(&table.headers), table.rows.iter().map(|(_, r)| texts(r)).collect()))
    };
    let (header, rows) = records(&text)?;
    let (built_header, built_rows) = records(embedded::text(&path_of(name)))?;
    if header != built_header {
        return Err(Error::new("参照表の見出しが内蔵の表と違います")
            .at("1 行目")
            .next(format!("見出しを {} にしてください", built_header.join(","))));
    }
    let kinds: Vec<Kind> = (0..header.len()).map(|c| Kind::of(&header[c], &built_rows.iter().map(|r| r[c].as_str()).collect::<Vec<_>>())).collect();
    let width = built_rows.iter().map(|r| r[0].len()).collect::<BTreeSet<_>>();
    for (r, row) in rows.iter().enumerate() {
        for (c, cell) in row.iter().enumerate() {
            let bad = |what: String| Error::new(what).at(format!("列「{}」", header[c])).at(format!("{} 行目", r + 2));
            if !kinds[c].fits(cell) {
                return Err(bad(format!("「{cell}」は{}として読めません", kinds[c].label())).next("桁区切りや単位を除き、半角で書いてください"));
            }
            if c == 0 && kinds[c] == Kind::Code && !width.contains(&cell.len()) {
                return Err(bad(format!("コード「{cell}」の桁数が違います"))
                    .next("Excel で先頭の 0 が落ちていないかを確かめ、文字列の列として保存し直してください"));
            }
        }
    }
    covers(&header, &rows, &built_rows, kinds[0], prefecture_code)?;
    let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
    let failed = |e: csv::Error| Error::new(format!("参照表を写せません：{e}"));
    writer.write_record(&header).map_err(failed)?;
    for row in &rows {
        writer.write_record(row).map_err(failed)?;
    }
    let bytes = writer.into_inner().map_err(|e| Error::new(format!("参照表を写せません：{e}")))?;
    String::from_utf8(bytes).map_err(|e| Error::new(format!("参照表を写せません：{e}")))
}

/// A row that is missing would make a figure smaller in silence, a row that stands twice would make it larger.
fn covers(header: &[String], rows: &[Vec<String>], built_in: &[Vec<String>], first: Kind, prefecture_code: &str) -> Result<()> {
    // the code, and the year or system that goes with it
    let keys: Vec<usize> =
        (0..header.len()).filter(|&c| c == 0 || ["year", "system_code", "from_year", "new_code", "purpose"].contains(&header[c].as_str())).collect();
    let key = |row: &Vec<String>| keys.iter().map(|&c| row[c].clone()).collect::<Vec<_>>();
    let mut seen = BTreeSet::new();
    for (r, row) in rows.iter().enumerate() {
        if !seen.insert(key(row)) {
            return Err(Error::new(format!("「{}」の行が二つあります", key(row).join("、")))
                .at(format!("{} 行目", r + 2))
                .next("一つにしてください"));
        }
    }
    // lists that grow with time may be of any length
    if ["holiday_date", "effective_on"].contains(&header[0].as_str()) {
        return Ok(());
    }
    let ours = |rows: &[Vec<String>]| -> BTreeSet<String> {
        let codes = rows.iter().map(|r| r[0].clone());
        codes.filter(|code| first != Kind::Code || code.starts_with(prefecture_code) || code.len() < 4).collect()
    };
    if let Some(year) = header.iter().position(|h| h == "year") {
        let mut years: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for row in rows.iter().filter(|r| r[0].starts_with(prefecture_code)) {
            years.entry(&row[0]).or_default().insert(&row[year]);
        }
        if let Some((code, _)) = years.iter().find(|(_, y)| Some(*y) != years.values().next()) {
            return Err(Error::new(format!("コード「{code}」の年が、ほかの行とそろっていません")).next("どのコードにも同じ年の行を書いてください"));
        }
    }
    let missing: Vec<String> = ours(built_in).difference(&ours(rows)).cloned().collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Error::new(format!("この都道府県のコード {} の行がありません", missing.join("、")))
        .next("行を足すか、一覧（tables.csv）からこの表の行を消してください"))
}
