//! The speed of all 47 prefectures at once: one extract read, checked and determined; the aggregates of all of them.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use arrow::array::BooleanArray;
use arrow::compute::filter;
use rayon::prelude::*;

use super::{REPORT_YEAR, ROUNDS, median, mib, peak_mib, plain_duckdb, reset_peak, timed};
use crate::aggregate::comparison;
use crate::commands::run;
use crate::commands::sample;
use crate::facts::areas::{self, Area};
use crate::facts::council::Council;
use crate::facts::reference::Reference;
use crate::facts::rules::Rules;
use crate::ground::artefact;
use crate::ground::error::{Error, Result};
use crate::ground::folder::files_below;
use crate::ground::scratch::Scratch;
use crate::ground::stage;
use crate::ingest;

/// The nation's extract read, checked and determined, beside the plain reading of the same file.
pub fn reading(extract: Option<&Path>, threads: usize) -> Result<()> {
    let temporary = Scratch::within(&tempfile::env::temp_dir())?;
    let dir = temporary.path();
    let extract: PathBuf = match extract {
        Some(path) => path.to_path_buf(),
        None => {
            let path = dir.join("nation.csv");
            artefact::write_bytes(&path, &sample::extract(Reference::NATION, REPORT_YEAR, 1)?)?;
            path
        }
    };
    let size = std::fs::metadata(&extract).map_or(0, |m| m.len()) >> 20;
    println!("抽出ファイル：{}（{size} MiB）、スレッド：{threads}", extract.display());
    let (mut ours, mut frames, mut tables) = (Vec::new(), Vec::new(), Vec::new());
    reset_peak();
    for round in 0..3 {
        let (mut last, mut steps) = (Instant::now(), Vec::new());
        let mut done = |step: &str| {
            steps.push(format!("{step} {:.2}", last.elapsed().as_secs_f64()));
            last = Instant::now();
        };
        let ((facilities, findings), time) = timed(|| run::judged_only(&extract, REPORT_YEAR, &dir.join("out"), threads, &mut done))?;
        if round == 0 {
            let peak = mib(peak_mib());
            println!("読み、検査し、判定するまで：{:.2} 秒（医療機関 {facilities}、確認 {findings}）、記憶量の最大 {peak} MiB", time.as_secs_f64());
            println!("  内訳（秒）：{}", steps.join("、"));
        }
        ours.push(time);
        frames.push(timed(|| ingest::plain::frame(&extract))?.1);
        tables.push(timed(|| plain_duckdb(&extract, threads))?.1);
    }
    let (ours, frame, table) = (median(ours), median(frames), median(tables));
    let ratio = |other: Duration| ours.as_secs_f64() / other.as_secs_f64();
    println!(
        "中央値 {:.2} 秒。同じファイルを polars の文字列の列に読むだけ（csv クレート）：{:.2} 秒、比 {:.2}。DuckDB の read_csv だけ：{:.2} 秒、比 {:.2}",
        ours.as_secs_f64(),
        frame.as_secs_f64(),
        ratio(frame),
        table.as_secs_f64(),
        ratio(table)
    );
    Ok(())
}

/// The aggregates of all 47 prefectures, as of one extract of the whole nation that has been read and determined; beside one grouping of its answers.
pub fn figures(threads: usize) -> Result<()> {
    let temporary = Scratch::within(&tempfile::env::temp_dir())?;
    let codes: Vec<String> = (1..=47).map(|n| format!("{n:02}")).collect();
    let root = |code: &str| temporary.path().join(code);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(|e| Error::new(e.to_string()))?;
    pool.install(|| {
        codes.par_iter().try_for_each(|code| {
            let extract = root(code).join("extract.csv");
            artefact::write_bytes(&extract, &sample::extract(code, REPORT_YEAR, 1)?)?;
            run::figures_only(code, REPORT_YEAR, &extract, &root(code), 1).map(|_| ())
        })
    })?;
    let stages = temporary.path().join("nation");
    let facilities = merge(&codes.iter().map(|c| root(c).join("stages")).collect::<Vec<_>>(), &stages)?;
    let areas = codes
        .iter()
        .map(|code| Ok((code.as_str(), areas::all(&Reference::load(code)?, &Council::default()))))
        .collect::<Result<Vec<(&str, Vec<Area>)>>>()?;
    let rules = Rules::load(REPORT_YEAR)?;

    let aggregate = || -> Result<usize> {
        let mut engine = stage::engine(&["aggregate"], &["reference", "ingest", "determine"], &stages, REPORT_YEAR, threads)?;
        let tables = stage::run(&mut engine, "aggregate", &stages, REPORT_YEAR)?;
        let table = |name: &str| tables.get(name).ok_or_else(|| Error::new(format!("集計表 {name} がありません")));
        let (status, levels) = (table("agg_status")?, comparison::Levels::of(&rules)?);
        let compared: Vec<Vec<comparison::Compared>> = pool.install(|| {
            areas.par_iter().map(|(code, areas)| comparison::compare(&of_prefecture(status, code)?, areas, &levels)).collect::<Result<_>>()
        })?;
        let figures = comparison::with_figures(table("figures")?, &compared.concat())?;
        figures.write_parquet(&stages.join("aggregate/figures.parquet"))?;
        Ok(figures.len())
    };
    let answers = stages.join("ingest/ing_answers.parquet").to_string_lossy().replace('\'', "''");
    let (mut ours, mut theirs, mut figures) = (Vec::new(), Vec::new(), 0);
    for _ in 0..ROUNDS {
        let (made, time) = timed(aggregate)?;
        figures = made;
        ours.push(time);
        theirs.push(timed(|| one_grouping(&answers, threads))?.1);
    }
    let (ours, theirs) = (median(ours), median(theirs));
    println!(
        "全国の集計：{:.2} 秒（47都道府県、医療機関 {facilities}、数値 {figures}、{threads}スレッド）、同じ回答を DuckDB で一度だけ集計：{:.2} 秒、比 {:.1}",
        ours.as_secs_f64(),
        theirs.as_secs_f64(),
        ours.as_secs_f64() / theirs.as_secs_f64()
    );
    Ok(())
}

/// The artefacts of several prefectures as those of one extract; returns the number of facilities.
fn merge(from: &[PathBuf], to: &Path) -> Result<i64> {
    let connection = duckdb::Connection::open_in_memory_with_flags(duckdb::Config::default().enable_autoload_extension(false)?)?;
    let quoted = |path: &Path| path.to_string_lossy().replace('\'', "''");
    for stage in ["reference", "ingest", "determine"] {
        let first = from.first().map(|f| f.join(stage)).unwrap_or_default();
        std::fs::create_dir_all(to.join(stage)).map_err(|e| Error::io("フォルダーを作れません", to, &e))?;
        for name in files_below(&first)?.iter().filter(|n| n.ends_with(".parquet")) {
            // the dictionary, the rules and what holds for the whole nation are the same in each
            let shared = ["dict_", "rules", "run", "ref_holidays", "ref_home_visits", "ref_home_visit_rates", "ref_duty_slots"];
            let parts: Vec<String> = from
                .iter()
                .take(if shared.iter().any(|s| name.starts_with(s)) { 1 } else { from.len() })
                .enumerate()
                .map(|(i, root)| {
                    let table = format!("read_parquet('{}')", quoted(&root.join(stage).join(name)));
                    // rows of one file are numbered through
                    let is_row = format!("select count(*) from (describe from {table}) where column_name = 'row_no'");
                    let numbers: i64 = connection.query_row(&is_row, [], |row| row.get(0))?;
                    let numbered = if numbers > 0 { format!("replace (row_no + {} as row_no)", i * 1_000_000) } else { String::new() };
                    Ok(format!("select * {numbered} from {table}"))
                })
                .collect::<Result<_>>()?;
            connection.execute_batch(&format!(
                "copy ({}) to '{}' (format parquet)",
                parts.join(" union all by name "),
                quoted(&to.join(stage).join(name))
            ))?;
        }
    }
    let facilities = to.join("determine/det_functions.parquet");
    Ok(connection.query_row(&format!("select count(distinct facility_id) from read_parquet('{}')", quoted(&facilities)), [], |row| row.get(0))?)
}

/// The rows of a prefecture, by area code.
fn of_prefecture(table: &artefact::Table, code: &str) -> Result<artefact::Table> {
    let mask = (0..table.len()).map(|i| table.text(i, "area_code").map(|c| Some(c.starts_with(code)))).collect::<Result<BooleanArray>>()?;
    let columns = table.columns.iter().map(|n| Ok((n.clone(), filter(table.column(&n.name)?, &mask)?))).collect::<Result<Vec<_>>>()?;
    artefact::Table::new(&table.name, columns)
}

/// Facilities by item and choice, straight from the artefacts.
fn one_grouping(answers: &str, threads: usize) -> Result<()> {
    let config = duckdb::Config::default().enable_autoload_extension(false)?.threads(threads as i64)?;
    let connection = duckdb::Connection::open_in_memory_with_flags(config)?;
    let groups: i64 = connection.query_row(
        &format!("select count(*) from (select item_code, choice_code, count(*), sum(value_low) from read_parquet('{answers}') group by all)"),
        [],
        |row| row.get(0),
    )?;
    if groups == 0 { Err(Error::new("集計の結果が空です")) } else { Ok(()) }
}
