//! Runs the SQL models of `sql/` and enforces their header contracts.
//!
//! A model is one query in one file; its header says the grain, the tables it needs, its columns with type, label
//! and unit, and its checks. A model sees only the tables that it declares; files and network are shut before it runs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use duckdb::{Config, Connection};

use crate::ground::artefact::{ColumnNote, Table};
use crate::ground::embedded;
use crate::ground::error::{Error, Result};

/// The contract in a model's header.
#[derive(Clone, Debug, PartialEq)]
pub struct Contract {
    pub name: String,
    pub title: String,
    pub grain: Vec<String>,
    pub needs: Vec<String>,
    pub checks: Vec<String>,
    /// Stays inside the engine: a step towards another model, not an artefact.
    pub is_step: bool,
    /// Name, SQL type word (`text`, `integer`, `decimal`, `number`, `boolean`), label and unit.
    pub columns: Vec<(ColumnNote, String)>,
}

/// Bytes from which on a table is not copied into the engine.
const LEFT_ON_DISK: u64 = 4 << 20;

/// Schema that holds the tables; a model never names it.
const STORE: &str = "kept";

impl Contract {
    /// Reads the header of a model; `name` is the file name without `.sql`.
    pub fn parse(name: &str, sql: &str) -> Result<Self> {
        let bad = |what: &str| Error::new(format!("SQL モデルの見出しが正しくありません：{what}")).at(name.to_owned());
        let mut contract =
            Self { name: name.into(), title: String::new(), grain: vec![], needs: vec![], checks: vec![], is_step: false, columns: vec![] };
        let list = |text: &str| text.split(',').map(|s| s.trim().to_owned()).filter(|s| !s.is_empty()).collect::<Vec<_>>();
        for line in sql.lines().map_while(|l| l.strip_prefix("--")) {
            let line = line.trim();
            match line.split_once(':') {
                Some(("grain", rest)) => contract.grain = list(rest),
                Some(("needs", rest)) => contract.needs.extend(list(rest)),
                Some(("check", rest)) => contract.checks.push(rest.trim().to_owned()),
                Some(("step", _)) => contract.is_step = true,
                Some(("column", rest)) => {
                    let mut words = rest.split_whitespace();
                    let (Some(column), Some(kind), Some(label)) = (words.next(), words.next(), words.next()) else {
                        return Err(bad(line));
                    };
                    sql_type(kind).ok_or_else(|| bad(line))?;
                    contract.columns.push((ColumnNote::new(column, label, words.next().unwrap_or("")), kind.to_owned()));
                }
                _ if contract.title.is_empty() => contract.title = line.to_owned(),
                _ => {}
            }
        }
        if contract.grain.is_empty() || contract.columns.is_empty() || contract.title.is_empty() {
            return Err(bad("題名、grain、column が要ります"));
        }
        if sql.to_ascii_lowercase().contains(&format!("{STORE}.")) {
            return Err(bad("宣言していない表を参照しています"));
        }
        Ok(contract)
    }
}

fn sql_type(word: &str) -> Option<&'static str> {
    Some(match word {
        "text" => "varchar",
        "integer" => "bigint",
        "number" => "double",
        // for what is added up: sums of decimals do not depend on the order
        "decimal" => "decimal(24,9)",
        "boolean" => "boolean",
        _ => return None,
    })
}

/// The version that the engine's library calls itself.
pub fn version() -> Result<String> {
    Ok(Connection::open_in_memory()?.query_row("select version()", [], |row| row.get(0))?)
}

/// A closed DuckDB in memory with the tables of one stage.
pub struct Engine {
    connection: Connection,
    tables: BTreeSet<String>,
    /// How many models are still to need a table in memory; one without an entry stays.
    uses: BTreeMap<String, usize>,
    on_disk: BTreeSet<String>,
}

/// A table on disk to load under a name.
pub struct Load<'a> {
    pub name: &'a str,
    pub path: &'a Path,
}

impl Engine {
    /// Loads the Parquet artefacts, then shuts the outside world. `threads` changes speed only, never a result. What the memory cannot hold
    /// goes to the folder `spill` while it is needed; without one it stays in memory, and never goes to where the program was started.
    pub fn open(loads: &[Load<'_>], threads: usize, spill: Option<&Path>) -> Result<Self> {
        let config =
            Config::default().enable_autoload_extension(false)?.with("autoinstall_known_extensions", "false")?.threads(threads.max(1) as i64)?;
        let connection = Connection::open_in_memory_with_flags(config)?;
        let spill = spill.map_or_else(String::new, |folder| folder.to_string_lossy().replace('\'', "''"));
        connection.execute_batch(&format!("set temp_directory = '{spill}'; create schema {STORE}"))?;
        let (mut tables, mut on_disk, mut readable) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
        for load in loads {
            let path = load.path.to_string_lossy().replace('\'', "''");
            // a big table would fill the memory many times over: it stays in its file, and a model reads the columns it names
            let is_big = std::fs::metadata(load.path).is_ok_and(|m| m.len() > LEFT_ON_DISK);
            let kind = if is_big { "view" } else { "table" };
            connection.execute_batch(&format!("create {kind} {STORE}.{} as from read_parquet('{path}')", quoted(load.name)))?;
            if is_big {
                readable.push(format!("'{path}'"));
                on_disk.insert(load.name.to_owned());
            }
            tables.insert(load.name.to_owned());
        }
        // only these files can be read once the outside world is shut
        connection.execute_batch(&format!("set allowed_paths = [{}]", readable.join(", ")))?;
        connection.execute_batch("set enable_external_access = false; set lock_configuration = true;")?;
        Ok(Self { connection, tables, uses: BTreeMap::new(), on_disk })
    }

    /// How often each table will be needed in all: it is dropped after the last time.
    pub fn with_uses(self, uses: BTreeMap<String, usize>) -> Self {
        Self { uses, ..self }
    }

    /// Whether a table is there for models to need.
    pub fn has(&self, name: &str) -> bool {
        self.tables.contains(name)
    }

    /// Runs one model and returns its table, checked against its contract and in the order of its grain; `None` for a step.
    pub fn run(&mut self, name: &str, sql: &str) -> Result<Option<Table>> {
        let contract = Contract::parse(name, sql)?;
        let fail = |what: String| Error::new(what).at(format!("SQL モデル {name}"));
        for need in &contract.needs {
            if !self.tables.contains(need) {
                return Err(fail(format!("必要な表 {need} がありません")));
            }
            self.connection.execute_batch(&format!("create temp view {0} as from {STORE}.{0}", quoted(need)))?;
        }
        let outcome = self.materialise(&contract, sql).map_err(|e| e.at(format!("SQL モデル {name}")));
        for need in &contract.needs {
            self.connection.execute_batch(&format!("drop view {}", quoted(need)))?;
        }
        outcome?;
        self.tables.insert(name.to_owned());
        let table = if contract.is_step { None } else { Some(self.table(name, contract.columns.iter().map(|(n, _)| n.clone()).collect())?) };
        for used in contract.needs.iter().map(String::as_str).chain([name]) {
            self.used(used, used != name)?;
        }
        Ok(table)
    }

    /// Counts a use of a table, and drops the table that no further model needs.
    fn used(&mut self, name: &str, counts: bool) -> Result<()> {
        let Some(left) = self.uses.get_mut(name) else { return Ok(()) };
        *left = left.saturating_sub(usize::from(counts));
        if *left == 0 && !self.on_disk.contains(name) {
            self.connection.execute_batch(&format!("drop table {STORE}.{}", quoted(name)))?;
            self.tables.remove(name);
        }
        Ok(())
    }

    fn materialise(&self, contract: &Contract, sql: &str) -> Result<()> {
        let body = sql.trim_end().trim_end_matches(';');
        let found = self.column_names(&format!("describe {body}"))?;
        let declared: Vec<&str> = contract.columns.iter().map(|(n, _)| n.name.as_str()).collect();
        if found != declared {
            return Err(Error::new(format!("列が見出しの宣言と違います：宣言 {}、実際 {}", declared.join(","), found.join(","))));
        }
        let casts: Vec<String> = contract
            .columns
            .iter()
            .map(|(n, kind)| format!("cast({0} as {1}) as {0}", quoted(&n.name), sql_type(kind).unwrap_or("varchar")))
            .collect();
        let grain = contract.grain.iter().map(|g| quoted(g)).collect::<Vec<_>>().join(", ");
        let table = format!("{STORE}.{}", quoted(&contract.name));
        // the rows of a step have no order that anybody sees
        let order = if contract.is_step { String::new() } else { format!("order by {grain}") };
        self.connection.execute_batch(&format!("create table {table} as select {} from (\n{body}\n) {order}", casts.join(", ")))?;
        let nulls = contract.grain.iter().map(|g| format!("{} is null", quoted(g))).collect::<Vec<_>>().join(" or ");
        // one pass over the table for all of the contract
        let mut counts = vec![format!("count(*) filter (where {nulls})"), format!("count(*) - count(distinct ({grain}))")];
        counts.extend(contract.checks.iter().map(|check| format!("count(*) filter (where not coalesce(({check}), true))")));
        let broken = self.counts(&format!("select {} from {table}", counts.join(", ")), counts.len())?;
        if broken[0] > 0 {
            return Err(Error::new("grain の列に空の値があります"));
        }
        if broken[1] > 0 {
            return Err(Error::new(format!("同じ grain（{}）の行が二つ以上あります", contract.grain.join(", "))));
        }
        if let Some((check, broken)) = contract.checks.iter().zip(&broken[2..]).find(|(_, n)| **n > 0) {
            return Err(Error::new(format!("検査「{check}」に合わない行が {broken} 行あります")));
        }
        Ok(())
    }

    /// One row of `n` counts.
    fn counts(&self, sql: &str, n: usize) -> Result<Vec<i64>> {
        Ok(self.connection.query_row(sql, [], |row| (0..n).map(|i| row.get(i)).collect())?)
    }

    fn column_names(&self, sql: &str) -> Result<Vec<String>> {
        let mut statement = self.connection.prepare(sql)?;
        let names = statement.query_map([], |row| row.get::<_, String>(0))?;
        Ok(names.collect::<std::result::Result<_, _>>()?)
    }

    fn table(&self, name: &str, notes: Vec<ColumnNote>) -> Result<Table> {
        let mut statement = self.connection.prepare(&format!("from {STORE}.{}", quoted(name)))?;
        // streamed: the engine would else hold the whole result once more
        let rows = statement.stream_arrow([])?;
        let schema = rows.get_schema();
        Table::from_batches(name, notes, rows, &schema)
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The models of a folder of `sql/`, for one report year, in the order in which they need each other.
///
/// A changed logic is a dated sibling (`det_functions__from_2027.sql`): the newest that is not after the year counts.
pub fn models(folder: &str, report_year: i32) -> Result<Vec<(String, &'static str)>> {
    let mut chosen: BTreeMap<String, (i32, &'static str)> = BTreeMap::new();
    for (path, sql) in embedded::under(&format!("sql/{folder}/")).filter(|(p, _)| p.ends_with(".sql")) {
        let stem = path.rsplit('/').next().unwrap_or(path).trim_end_matches(".sql");
        let (name, from) = match stem.split_once("__from_") {
            Some((name, year)) => (name, year.parse().map_err(|_| Error::new(format!("SQL モデルの名前が正しくありません：{path}")))?),
            None => (stem, i32::MIN),
        };
        if from <= report_year && chosen.get(name).is_none_or(|(y, _)| *y < from) {
            chosen.insert(name.to_owned(), (from, sql));
        }
    }
    let mut waiting: Vec<(String, &'static str, Vec<String>)> = Vec::new();
    for (name, (_, sql)) in &chosen {
        let needs = Contract::parse(name, sql)?.needs.into_iter().filter(|n| chosen.contains_key(n)).collect();
        waiting.push((name.clone(), sql, needs));
    }
    let mut ordered: Vec<(String, &'static str)> = Vec::new();
    while !waiting.is_empty() {
        let ready = waiting.iter().position(|(_, _, needs)| needs.iter().all(|n| ordered.iter().any(|(o, _)| o == n)));
        let Some(i) = ready else {
            return Err(Error::new(format!("SQL モデルが互いを必要としています：{folder}")));
        };
        let (name, sql, _) = waiting.remove(i);
        ordered.push((name, sql));
    }
    Ok(ordered)
}
