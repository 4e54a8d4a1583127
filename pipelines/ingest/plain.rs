//! The yardstick: a file as plain text columns, nothing understood.

use std::path::Path;

use polars::prelude as pl;
use polars::prelude::IntoSeries;

use crate::ground::error::{Error, Result};

/// Rows and columns of a UTF-8 CSV file read into string columns.
pub fn frame(path: &Path) -> Result<(usize, usize)> {
    let bad = |e: csv::Error| Error::new(format!("CSV として読めません：{e}")).file(path);
    let bytes = std::fs::read(path).map_err(|e| Error::io("抽出ファイルを読めません", path, &e))?;
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(&bytes[..]);
    let headers = reader.headers().map_err(bad)?.clone();
    let records = reader.records().collect::<std::result::Result<Vec<_>, _>>().map_err(bad)?;
    let columns = headers.iter().enumerate().map(|(c, header)| {
        let texts: pl::StringChunked = records.iter().map(|r| r.get(c)).collect();
        pl::Column::from(texts.with_name(format!("{c} {header}").into()).into_series())
    });
    let frame = pl::DataFrame::new(records.len(), columns.collect())?;
    Ok(frame.shape())
}
