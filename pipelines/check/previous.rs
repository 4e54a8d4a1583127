//! The reports of the previous year as tables of this run, from the packet that was made of them.

use std::path::Path;

use crate::ground::artefact::Table;
use crate::ground::error::{Error, Result};
use crate::ingest::Ingested;

/// Writes `prev_facilities` and `prev_answers` beside this year's tables; without a previous packet they are empty.
pub fn write(previous: Option<&Path>, ingested: &Ingested, stages: &Path) -> Result<()> {
    for (name, of, now) in [("prev_facilities", "ing_facilities", &ingested.facilities), ("prev_answers", "ing_answers", &ingested.answers)] {
        let to = stages.join(format!("reference/{name}.parquet"));
        let table = match previous {
            None => Table { name: name.to_owned(), columns: now.columns.clone(), batch: now.batch.slice(0, 0) },
            Some(packet) => {
                let from = packet.join(format!("stages/ingest/{of}.parquet"));
                if !from.exists() {
                    return Err(Error::new("前の年度の資料に、報告の表がありません")
                        .file(&from)
                        .next("kyogi.toml の previous に、kyogi が作った前の年度の資料のフォルダーを書いてください"));
                }
                Table::read_parquet(name, &from)?
            }
        };
        table.write_parquet(&to)?;
    }
    Ok(())
}
