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

use crate::dictionary::Dictionary;
use crate::error::{Error, Result};
use crate::ingest::SIMULATED_HEADER;
use crate::reference::Reference;
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
