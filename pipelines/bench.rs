//! Speed and memory as ratios within one run (`kyogi bench`): the machine cancels out, the figure can be compared.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use arrow::array::BooleanArray;
use arrow::compute::filter;
use rayon::prelude::*;

use crate::aggregate::comparison;
use crate::areas::{self, Area};
use crate::artefact;
use crate::cli::sample_extract;
use crate::council::Council;
use crate::error::{Error, Result};
use crate::ingest::decode;
use crate::packet::files_below;
use crate::progress::Progress;
use crate::reference::Reference;
use crate::rules::Rules;
use crate::run::{self, Options};
use crate::stage;
use crate::workspace;

const REPORT_YEAR: i32 = 2025;
const ROUNDS: usize = 5;

/// Measures with the given extract, or with a simulated one of the prefecture.
pub fn run(extract: Option<&Path>, prefecture: &str, threads: usize) -> Result<()> {
    let temporary = tempfile::tempdir().map_err(|e| Error::new(format!("一時フォルダーを作れません：{e}")))?;
    let dir = temporary.path();
    let extract: PathBuf = match extract {
        Some(path) => path.to_path_buf(),
        None => {
            let path = dir.join("extract.csv");
            artefact::write_bytes(&path, &sample_extract(prefecture, REPORT_YEAR, 1)?)?;
            path
        }
    };
    println!("抽出ファイル：{}、スレッド：{threads}", extract.display());

    let workspace = workspace::init(prefecture, REPORT_YEAR, &dir.join("work"))?;
    let progress = Progress::silent();
    let options = Options { workspace: &workspace, extract: Some(extract.clone()), mapping: None, out: None, threads, progress: &progress };
    reset_peak();
    let (outcome, whole) = timed(|| run::run(&options))?;
    let first_peak = peak_mib();
    println!(
        "資料一式：{:.2} 秒（シート {} 枚、医療機関 {}）、記憶量の最大 {} MiB",
        whole.as_secs_f64(),
        outcome.sheets,
        outcome.facilities,
        mib(first_peak)
    );

    let csv = dir.join("utf8.csv");
    write_utf8(&extract, &csv)?;
    let figures = dir.join("figures");
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(timed(|| run::figures_only(prefecture, REPORT_YEAR, &extract, &figures, threads))?.1);
        theirs.push(timed(|| plain_duckdb(&csv, threads))?.1);
    }
    let (ours, theirs) = (median(ours), median(theirs));
    println!(
        "ファイルから area_summary まで：{:.0} ms、DuckDB だけで読んで一度集計：{:.0} ms、比 {:.2}",
        ms(ours),
        ms(theirs),
        ours.as_secs_f64() / theirs.as_secs_f64()
    );

    let sheets = run::draft_sheets(&options, 64)?;
    let printer = crate::printer::Printer::new(&|_| None, dir.join("print"), (2026, 4, 1))?;
    let print_all = |threads: usize| -> Result<Duration> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(|e| Error::new(e.to_string()))?;
        let mut total = Duration::ZERO;
        for chunk in sheets.chunks(16) {
            let (pages, time) = timed(|| pool.install(|| chunk.par_iter().map(|s| printer.sheet_pdf(s)).collect::<Result<Vec<_>>>()))?;
            drop(pages);
            total += time;
            crate::render::pdf::forget();
        }
        Ok(total)
    };
    let per_sheet = |d: Duration| ms(d) / sheets.len() as f64;
    print_all(1)?;
    let (one, all) = (print_all(1)?, print_all(threads)?);
    println!(
        "シート1枚の PDF：1スレッド {:.1} ms、{threads}スレッド {:.1} ms、比 {:.2}",
        per_sheet(one),
        per_sheet(all),
        all.as_secs_f64() / one.as_secs_f64()
    );

    let mut documents = Vec::new();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(|e| Error::new(e.to_string()))?;
    run::print_documents(&options, &dir.join("documents"), &mut |n, work| {
        // the first time also reads fonts and templates
        pool.install(work)?;
        documents.push((n, timed(|| pool.install(work))?.1));
        Ok(())
    })?;
    if let [(sheets, of_sheets), (areas, of_book)] = documents[..] {
        println!(
            "データブック（図つきの HTML と PDF）：{areas} 区域 {:.2} 秒、課題管理シート：{sheets} 枚 {:.2} 秒、比 {:.2}",
            of_book.as_secs_f64(),
            of_sheets.as_secs_f64(),
            of_book.as_secs_f64() / of_sheets.as_secs_f64()
        );
    }

    reset_peak();
    print_all(threads)?;
    let few = peak_mib();
    reset_peak();
    for _ in 0..4 {
        print_all(threads)?;
    }
    let many = peak_mib();
    if let (Some(few), Some(many)) = (few, many) {
        println!("記憶量の最大：{} 枚で {few} MiB、{} 枚で {many} MiB、比 {:.2}", sheets.len(), sheets.len() * 4, many as f64 / few as f64);
    }
    Ok(())
}

/// The aggregates of all 47 prefectures, as of one extract of the whole nation that has been read and determined; beside one grouping of its answers.
pub fn nation(threads: usize) -> Result<()> {
    let temporary = tempfile::tempdir().map_err(|e| Error::new(format!("一時フォルダーを作れません：{e}")))?;
    let codes: Vec<String> = (1..=47).map(|n| format!("{n:02}")).collect();
    let root = |code: &str| temporary.path().join(code);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(|e| Error::new(e.to_string()))?;
    pool.install(|| {
        codes.par_iter().try_for_each(|code| {
            let extract = root(code).join("extract.csv");
            artefact::write_bytes(&extract, &sample_extract(code, REPORT_YEAR, 1)?)?;
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
                    // rows of one file are numbered through
                    let numbered = if stage == "reference" { String::new() } else { format!("replace (row_no + {} as row_no)", i * 1_000_000) };
                    format!("select * {numbered} from read_parquet('{}')", quoted(&root.join(stage).join(name)))
                })
                .collect();
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

/// What any other tool must at least do: read the text once and group it once.
fn plain_duckdb(csv: &Path, threads: usize) -> Result<()> {
    let config = duckdb::Config::default().enable_autoload_extension(false)?.threads(threads as i64)?;
    let connection = duckdb::Connection::open_in_memory_with_flags(config)?;
    let path = csv.to_string_lossy().replace('\'', "''");
    connection.execute_batch(&format!("create table t as from read_csv('{path}', all_varchar = true, header = true)"))?;
    let columns: Vec<String> = {
        let mut statement = connection.prepare("select column_name from (describe t)")?;
        let names = statement.query_map([], |row| row.get::<_, String>(0))?;
        names.collect::<std::result::Result<_, _>>()?
    };
    let area = columns.iter().find(|c| c.contains("市区町村コード")).ok_or_else(|| Error::new("市区町村コードの列がありません"))?;
    let groups: i64 =
        connection.query_row(&format!("select count(*) from (select \"{area}\", count(*) from t group by all)"), [], |row| row.get(0))?;
    if groups == 0 { Err(Error::new("集計の結果が空です")) } else { Ok(()) }
}

/// The extract as plain UTF-8 with one header row, so that DuckDB can read it at all.
fn write_utf8(extract: &Path, to: &Path) -> Result<()> {
    let bytes = std::fs::read(extract).map_err(|e| Error::io("抽出ファイルを読めません", extract, &e))?;
    let (content, encoding) = decode::detect(&bytes).map_err(Error::new)?;
    let text = encoding.decode(content).0;
    // a layout with two header rows loses the upper one
    let body = match text.split_once('\n') {
        Some((first, rest)) if rest.starts_with("報告年度") && !first.starts_with("報告年度") => rest,
        _ => &text,
    };
    artefact::write_bytes(to, body.as_bytes())
}

fn timed<T>(work: impl FnOnce() -> Result<T>) -> Result<(T, Duration)> {
    let start = Instant::now();
    let value = work()?;
    Ok((value, start.elapsed()))
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn mib(peak: Option<u64>) -> String {
    peak.map_or_else(|| "不明".into(), |p| p.to_string())
}

/// Peak resident memory of this process since the last reset, where the system tells it (Linux).
fn peak_mib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib / 1024)
}

fn reset_peak() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}
