//! Speed and memory as ratios within one run (`kyogi bench`): the machine cancels out, the figure can be compared.

pub mod nation;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rayon::prelude::*;

use crate::commands::run::{self, Options};
use crate::commands::sample;
use crate::facts::workspace;
use crate::ground::artefact;
use crate::ground::decode;
use crate::ground::error::{Error, Result};
use crate::ground::progress::Progress;
use crate::ground::scratch::Scratch;

const REPORT_YEAR: i32 = 2025;
const ROUNDS: usize = 5;

/// Measures with the given extract, or with a simulated one of the prefecture.
pub fn run(extract: Option<&Path>, prefecture: &str, threads: usize) -> Result<()> {
    let temporary = Scratch::within(&tempfile::env::temp_dir())?;
    let dir = temporary.path();
    let extract: PathBuf = match extract {
        Some(path) => path.to_path_buf(),
        None => {
            let path = dir.join("extract.csv");
            artefact::write_bytes(&path, &sample::extract(prefecture, REPORT_YEAR, 1)?)?;
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
    let printer = crate::pages::printer::Printer::new(&|_| None, dir.join("print"), (2026, 4, 1))?;
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
        let times = (0..ROUNDS).map(|_| Ok(timed(|| pool.install(work))?.1)).collect::<Result<Vec<_>>>()?;
        documents.push((n, median(times)));
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
    let content = decode::open(&bytes);
    let text = content.encoding.decode(&content.bytes).0;
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
