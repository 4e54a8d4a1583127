//! A SIMULATED extract of the report for any prefecture, from the built-in reference tables and a seed.
//!
//! Nobody's answers are in it. Facilities follow from the seed alone and answers from seed and year, so that the files
//! of two years can be compared; everything assumed stands in `assumptions`, every label comes from the dictionary.

mod answers;
mod assumptions;
mod book;
pub mod dice;
mod facilities;
mod flaws;
mod judge;
mod traits;

use rayon::prelude::*;

use crate::facts::dictionary::{Dictionary, read_csv};
use crate::facts::reference::{Prefecture, Reference};
use crate::ground::error::{Error, Result};
use crate::ingest::{SIMULATED_HEADER, layout};
use answers::{Report, Survey};
use book::Book;

/// What to generate. Same options and seed → byte-identical output on any machine.
#[derive(Clone, Debug)]
pub struct SampleOptions {
    /// 2-digit code or name; the prefecture of the `Reference` given.
    pub prefecture: String,
    /// 報告年度: 2025 is reported from January to March 2026.
    pub report_year: i32,
    pub seed: u64,
}

/// The bytes of a simulated extract in the layout that is the newest in that year, of a prefecture or of the whole nation.
pub fn extract(prefecture: &str, report_year: i32, seed: u64) -> Result<Vec<u8>> {
    let reference = Reference::load(prefecture)?;
    let dictionary = Dictionary::load(report_year)?;
    let of_year = |l: &layout::Layout| l.sample_from_year.filter(|from| *from <= report_year);
    let newest = layout::known(None)?.into_iter().filter(|l| of_year(l).is_some()).max_by_key(of_year);
    let layout =
        newest.ok_or_else(|| Error::new(format!("{report_year} 年度の模擬データの列対応表がありません")).at("sql/layouts の sample_from_year"))?;
    let columns: Vec<(String, String)> =
        layout.columns.iter().map(|(header, item)| (header.clone(), item.as_str().unwrap_or_default().to_owned())).collect();
    if reference.prefecture.prefecture_code == Reference::NATION {
        return generate_nation(&dictionary, &columns, report_year, seed);
    }
    let options = SampleOptions { prefecture: reference.prefecture.prefecture_code.clone(), report_year, seed };
    generate(&reference, &dictionary, &columns, &options)
}

/// Bytes of a CSV (UTF-8 with BOM, CRLF) with the `columns` (header, item code) of a layout, in their order,
/// and a last column that tells every later run that nothing here was reported.
///
/// Columns of items that the generator has no assumption for stay blank.
pub fn generate(reference: &Reference, dictionary: &Dictionary, columns: &[(String, String)], options: &SampleOptions) -> Result<Vec<u8>> {
    let prefecture = &reference.prefecture;
    if options.prefecture.trim_start_matches('0') != prefecture.prefecture_code.trim_start_matches('0')
        && !prefecture.name.starts_with(&options.prefecture)
    {
        return Err(Error::new(format!("参照表は{}のもので、指定の「{}」と違います", prefecture.name, options.prefecture)));
    }
    let book = Book::new(dictionary);
    let slots = slots(&book, columns)?;
    let register = facilities::register(reference, options.seed, options.report_year);
    let survey = Survey::new(&book, reference, &register, options.seed, options.report_year)?;
    let owner = facilities::code_number(&prefecture.prefecture_code);

    let mut reports = register.facilities.iter().map(|f| survey.report(f)).collect::<Result<Vec<Report>>>()?;
    flaws::contradict(&survey, &mut reports, owner)?;
    for report in &mut reports {
        survey.conclude(report)?;
    }
    let changes = flaws::change(&survey, &reports, owner)?;
    reports.extend(changes);
    flaws::misjudge(&survey, &mut reports, owner)?;

    let mut records: Vec<Vec<String>> = reports.iter().map(|r| r.row.cells()).collect();
    flaws::scribble(&book, options.seed, options.report_year, owner, &mut records);
    write(columns, &slots, &records)
}

/// One extract of all prefectures, in the order of their codes.
fn generate_nation(dictionary: &Dictionary, columns: &[(String, String)], report_year: i32, seed: u64) -> Result<Vec<u8>> {
    let prefectures: Vec<Prefecture> = read_csv("sql/reference/prefectures.csv")?;
    let parts = prefectures
        .par_iter()
        .map(|p| {
            let options = SampleOptions { prefecture: p.prefecture_code.clone(), report_year, seed };
            generate(&Reference::load(&p.prefecture_code)?, dictionary, columns, &options)
        })
        .collect::<Result<Vec<_>>>()?;
    let mut all = Vec::with_capacity(parts.iter().map(Vec::len).sum());
    for (i, part) in parts.into_iter().enumerate() {
        // every part brings the same header
        let header = part.iter().position(|b| *b == b'\n').map_or(0, |end| end + 1);
        all.extend_from_slice(if i == 0 { &part } else { &part[header..] });
    }
    Ok(all)
}

/// Place in a row of each column.
fn slots(book: &Book, columns: &[(String, String)]) -> Result<Vec<usize>> {
    let slot = |(header, item): &(String, String)| {
        book.slot(item).ok_or_else(|| {
            Error::new(format!("列対応表の報告事項「{item}」が、この報告年度の辞書にありません"))
                .at(format!("列「{header}」"))
                .next("報告年度、又は列対応表と sql/dictionary/items.csv を確かめてください")
        })
    };
    columns.iter().map(slot).collect()
}

fn write(columns: &[(String, String)], slots: &[usize], records: &[Vec<String>]) -> Result<Vec<u8>> {
    let failed = |e: csv::Error| Error::new(format!("模擬データを CSV にできません：{e}"));
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer("\u{feff}".as_bytes().to_vec());
    writer.write_record(columns.iter().map(|(header, _)| header.as_str()).chain([SIMULATED_HEADER])).map_err(failed)?;
    for record in records {
        writer.write_record(slots.iter().map(|&slot| record[slot].as_str()).chain([""])).map_err(failed)?;
    }
    writer.into_inner().map_err(|e| Error::new(format!("模擬データを CSV にできません：{e}")))
}
