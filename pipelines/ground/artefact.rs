//! Artefacts on disk: tables with column labels and units, as Parquet between the stages and as CSV for people.
//!
//! The only module that writes Parquet. Labels, units and sources travel in the file's metadata, so that
//! charts, captions and the data dictionary never type them again.

use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray, StringBuilder, new_empty_array};
use arrow::compute::{cast, concat, concat_batches};
use arrow::datatypes::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::Compression;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use polars::prelude as pl;

use crate::ground::error::{Error, Result};

/// How many batches of the engine (2,048 rows each) are copied together.
const BATCHES_PER_PART: usize = 64;

/// What a column means; travels with it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ColumnNote {
    pub name: String,
    pub label: String,
    pub unit: String,
}

impl ColumnNote {
    pub fn new(name: &str, label: &str, unit: &str) -> Self {
        Self { name: name.into(), label: label.into(), unit: unit.into() }
    }
}

/// A named table in memory: text, integer (64 bit), number (double) and boolean columns.
#[derive(Clone, Debug)]
pub struct Table {
    pub name: String,
    pub columns: Vec<ColumnNote>,
    pub batch: RecordBatch,
}

impl Table {
    pub fn new(name: &str, columns: Vec<(ColumnNote, ArrayRef)>) -> Result<Self> {
        let fields: Vec<Field> = columns.iter().map(|(n, a)| Field::new(&n.name, a.data_type().clone(), true)).collect();
        let (notes, arrays): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
        let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?;
        Ok(Self { name: name.into(), columns: notes, batch })
    }

    /// From query results; `columns` gives the meaning in the same order.
    pub fn from_batches(name: &str, columns: Vec<ColumnNote>, batches: impl IntoIterator<Item = RecordBatch>, schema: &Arc<Schema>) -> Result<Self> {
        // The columns of a batch are freed together: they are copied by parts, then joined column by column, so that a big
        // result is never held twice.
        let (mut parts, mut fresh): (Vec<Vec<ArrayRef>>, Vec<RecordBatch>) = (vec![Vec::new(); schema.fields().len()], Vec::new());
        let mut batches = batches.into_iter();
        loop {
            fresh.extend(batches.by_ref().take(BATCHES_PER_PART));
            if fresh.is_empty() {
                break;
            }
            let part = concat_batches(schema, &fresh)?;
            fresh.clear();
            parts.iter_mut().zip(part.columns()).for_each(|(column, array)| column.push(array.clone()));
        }
        let whole = parts.into_iter().zip(schema.fields()).map(|(part, field)| {
            let arrays: Vec<&dyn Array> = part.iter().map(AsRef::as_ref).collect();
            canonical(&if arrays.is_empty() { new_empty_array(field.data_type()) } else { concat(&arrays)? })
        });
        let whole = whole.collect::<Result<Vec<_>>>()?;
        Self::new(name, columns.into_iter().zip(whole).collect())
    }

    /// From a polars frame; `notes` in the order of its columns.
    pub fn from_polars(name: &str, notes: Vec<ColumnNote>, frame: &pl::DataFrame) -> Result<Self> {
        let columns = notes
            .into_iter()
            .map(|note| {
                let column = frame.column(&note.name)?;
                Ok((note, polars_array(column)?))
            })
            .collect::<Result<Vec<_>>>()?;
        Self::new(name, columns)
    }

    /// A CSV table with inferred column types: integers, numbers, else text. Codes stay text.
    pub fn from_csv(name: &str, text: &str) -> Result<Self> {
        let broken = |e: csv::Error| Error::new(format!("表を読めません：{e}")).at(name.to_owned());
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let headers = reader.headers().map_err(broken)?.clone();
        let rows = reader.records().collect::<std::result::Result<Vec<_>, _>>().map_err(broken)?;
        let columns = headers.iter().enumerate().map(|(i, header)| {
            let cells: Vec<Option<&str>> = rows.iter().map(|r| r.get(i).filter(|c| !c.is_empty())).collect();
            (ColumnNote::new(header, header, ""), infer(header, &cells))
        });
        Self::new(name, columns.collect())
    }

    pub fn len(&self) -> usize {
        self.batch.num_rows()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn column(&self, name: &str) -> Result<&ArrayRef> {
        self.batch.column_by_name(name).ok_or_else(|| Error::new(format!("表 {} に列 {name} がありません", self.name)))
    }

    /// Text of a cell; "" where it is null.
    pub fn text(&self, row: usize, name: &str) -> Result<&str> {
        let column = self.column(name)?;
        let texts = column.as_any().downcast_ref::<StringArray>().ok_or_else(|| self.wrong_type(name))?;
        Ok(if texts.is_null(row) { "" } else { texts.value(row) })
    }

    pub fn int(&self, row: usize, name: &str) -> Result<Option<i64>> {
        let column = self.column(name)?;
        let values = column.as_any().downcast_ref::<Int64Array>().ok_or_else(|| self.wrong_type(name))?;
        Ok((!values.is_null(row)).then(|| values.value(row)))
    }

    /// Number of a cell, from an integer or a number column.
    pub fn number(&self, row: usize, name: &str) -> Result<Option<f64>> {
        let column = self.column(name)?;
        if let Some(values) = column.as_any().downcast_ref::<Float64Array>() {
            return Ok((!values.is_null(row)).then(|| values.value(row)));
        }
        Ok(self.int(row, name)?.map(|n| n as f64))
    }

    /// A yes or no; null is no.
    pub fn flag(&self, row: usize, name: &str) -> Result<bool> {
        let column = self.column(name)?;
        let values = column.as_any().downcast_ref::<BooleanArray>().ok_or_else(|| self.wrong_type(name))?;
        Ok(!values.is_null(row) && values.value(row))
    }

    fn wrong_type(&self, name: &str) -> Error {
        Error::new(format!("表 {} の列 {name} の型が違います", self.name))
    }

    /// One row as JSON, for templates.
    pub fn row_json(&self, row: usize) -> serde_json::Map<String, serde_json::Value> {
        self.columns.iter().zip(self.batch.columns()).map(|(note, array)| (note.name.clone(), Cells::of(array).json(row))).collect()
    }

    /// All rows as JSON objects.
    pub fn rows_json(&self) -> Vec<serde_json::Map<String, serde_json::Value>> {
        (0..self.len()).map(|i| self.row_json(i)).collect()
    }

    pub fn write_parquet(&self, path: &Path) -> Result<()> {
        let fields: Vec<Field> = self
            .columns
            .iter()
            .zip(self.batch.schema().fields())
            .map(|(note, field)| {
                let meta = [("label".to_owned(), note.label.clone()), ("unit".to_owned(), note.unit.clone())];
                field.as_ref().clone().with_metadata(meta.into_iter().collect())
            })
            .collect();
        let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), self.batch.columns().to_vec())?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_created_by(format!("kyogi {}", env!("CARGO_PKG_VERSION")))
            .set_key_value_metadata(Some(vec![KeyValue::new("kyogi.table".to_owned(), self.name.clone())]))
            .build();
        let file = create(path)?;
        let failed = |e: parquet::errors::ParquetError| write_failed(path, e);
        let mut writer = ArrowWriter::try_new(BufWriter::new(file), batch.schema(), Some(properties)).map_err(failed)?;
        writer.write(&batch).map_err(failed)?;
        let mut out = writer.into_inner().map_err(failed)?;
        out.flush().map_err(|e| Error::io("ファイルを書けません", path, &e))
    }

    pub fn read_parquet(name: &str, path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(|e| Error::io("前の段階の表を読めません", path, &e))?;
        let builder = ParquetRecordBatchReaderBuilder::try_new(file)?;
        let schema = builder.schema().clone();
        let notes = schema
            .fields()
            .iter()
            .map(|f| {
                let meta = |key: &str| f.metadata().get(key).cloned().unwrap_or_default();
                ColumnNote { name: f.name().clone(), label: meta("label"), unit: meta("unit") }
            })
            .collect();
        let batches = builder.build()?.collect::<std::result::Result<Vec<_>, _>>()?;
        let plain = Arc::new(Schema::new(schema.fields().iter().map(|f| f.as_ref().clone().with_metadata(Default::default())).collect::<Vec<_>>()));
        let batches =
            batches.into_iter().map(|b| RecordBatch::try_new(plain.clone(), b.columns().to_vec())).collect::<std::result::Result<Vec<_>, _>>()?;
        Self::from_batches(name, notes, batches, &plain)
    }

    /// UTF-8 with BOM and CRLF, as Excel opens it; numbers in their shortest form, null empty. A text that Excel would take for a formula
    /// has an apostrophe before it.
    pub fn write_csv(&self, path: &Path) -> Result<()> {
        let mut file = BufWriter::new(create(path)?);
        self.csv_to(&mut file).and_then(|()| file.flush()).map_err(|e| Error::io("ファイルを書けません", path, &e))
    }

    /// The same in memory.
    pub fn csv_bytes(&self) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.csv_to(&mut bytes).map_err(|e| Error::new(format!("表 {} を CSV にできません：{e}", self.name)))?;
        Ok(bytes)
    }

    fn csv_to(&self, out: &mut dyn Write) -> std::io::Result<()> {
        out.write_all("\u{FEFF}".as_bytes())?;
        let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
        writer.write_record(self.columns.iter().map(|c| c.name.as_str()))?;
        let columns: Vec<(Cells<'_>, bool)> = self.batch.columns().iter().map(Cells::of).zip(self.columns.iter().map(|c| is_code(&c.name))).collect();
        let mut text = String::new();
        for row in 0..self.len() {
            for (column, is_code) in &columns {
                text.clear();
                let field = column.text(row, &mut text);
                if *is_code || !matches!(column, Cells::Text(_)) {
                    writer.write_field(field)?
                } else {
                    writer.write_field(guarded(field).as_bytes())?
                }
            }
            writer.write_record(None::<&[u8]>)?;
        }
        writer.flush()
    }
}

/// A text as it goes into a CSV file that people open in Excel.
pub fn guarded(text: &str) -> Cow<'_, str> {
    if acts_as_formula(text) { format!("'{text}").into() } else { text.into() }
}

/// Whether Excel would compute a cell of a CSV file that should be read: it begins like a formula and is no number.
fn acts_as_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r']) && text.len() > 1 && text.parse::<f64>().is_err()
}

/// A text as it was before `guarded`.
pub fn without_guard(text: &str) -> &str {
    text.strip_prefix('\'').filter(|rest| acts_as_formula(rest)).unwrap_or(text)
}

pub fn create(path: &Path) -> Result<File> {
    if let Some(dir) = path.parent() {
        std::fs::create_dir_all(dir).map_err(|e| Error::io("フォルダーを作れません", dir, &e))?;
    }
    File::create(path).map_err(|e| Error::io("ファイルを作れません", path, &e))
}

pub fn write_bytes(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = create(path)?;
    file.write_all(bytes).and_then(|()| file.flush()).map_err(|e| Error::io("ファイルを書けません", path, &e))
}

/// Parquet hides the I/O error in its own text; the advice for a full disk must survive that.
fn write_failed(path: &Path, error: parquet::errors::ParquetError) -> Error {
    if let parquet::errors::ParquetError::External(inner) = &error
        && let Some(io) = inner.downcast_ref::<std::io::Error>()
    {
        return Error::io("ファイルを書けません", path, io);
    }
    Error::new(format!("ファイルを書けません：{error}")).file(path).next("ディスクの空きを確かめ、もう一度実行してください")
}

fn canonical(array: &ArrayRef) -> Result<ArrayRef> {
    use DataType as T;
    let to = match array.data_type() {
        T::Boolean => T::Boolean,
        T::Float32 | T::Float64 | T::Decimal128(..) => T::Float64,
        t if t.is_integer() => T::Int64,
        _ => T::Utf8,
    };
    Ok(if *array.data_type() == to { array.clone() } else { cast(array, &to)? })
}

fn polars_array(column: &pl::Column) -> Result<ArrayRef> {
    let series = column.as_materialized_series();
    Ok(match series.dtype() {
        pl::DataType::String => {
            let texts = series.str()?;
            let mut builder = StringBuilder::with_capacity(texts.len(), texts.len() * 8);
            texts.iter().for_each(|t| builder.append_option(t));
            Arc::new(builder.finish())
        }
        pl::DataType::Boolean => Arc::new(series.bool()?.iter().collect::<BooleanArray>()),
        pl::DataType::Float64 => Arc::new(series.f64()?.iter().collect::<Float64Array>()),
        _ => Arc::new(series.cast(&pl::DataType::Int64)?.i64()?.iter().collect::<Int64Array>()),
    })
}

/// Columns of codes: they stay as they are, whatever they look like.
fn is_code(header: &str) -> bool {
    header.ends_with("_code") || header.ends_with("_code6") || header == "item_no"
}

fn infer(header: &str, cells: &[Option<&str>]) -> ArrayRef {
    let filled = || cells.iter().flatten();
    if !is_code(header) && filled().next().is_some() {
        if filled().all(|c| c.parse::<i64>().is_ok()) {
            return Arc::new(cells.iter().map(|c| c.and_then(|c| c.parse::<i64>().ok())).collect::<Int64Array>());
        }
        if filled().all(|c| c.parse::<f64>().is_ok()) {
            return Arc::new(cells.iter().map(|c| c.and_then(|c| c.parse::<f64>().ok())).collect::<Float64Array>());
        }
    }
    Arc::new(cells.iter().copied().collect::<StringArray>())
}

/// A column by its type, so that the type is asked once.
enum Cells<'a> {
    Text(&'a StringArray),
    Int(&'a Int64Array),
    Number(&'a Float64Array),
    Flag(&'a BooleanArray),
    Empty,
}

impl<'a> Cells<'a> {
    fn of(array: &'a ArrayRef) -> Self {
        let any = array.as_any();
        if let Some(a) = any.downcast_ref() {
            Self::Text(a)
        } else if let Some(a) = any.downcast_ref() {
            Self::Int(a)
        } else if let Some(a) = any.downcast_ref() {
            Self::Number(a)
        } else {
            any.downcast_ref().map_or(Self::Empty, Self::Flag)
        }
    }

    fn json(&self, row: usize) -> serde_json::Value {
        match self {
            Self::Text(a) if a.is_valid(row) => a.value(row).into(),
            Self::Int(a) if a.is_valid(row) => a.value(row).into(),
            Self::Number(a) if a.is_valid(row) => a.value(row).into(),
            Self::Flag(a) if a.is_valid(row) => a.value(row).into(),
            _ => serde_json::Value::Null,
        }
    }

    /// The cell as text; `buffer` is lent for numbers.
    fn text<'b>(&'b self, row: usize, buffer: &'b mut String) -> &'b str {
        use std::fmt::Write as _;
        let written = match self {
            Self::Text(a) if a.is_valid(row) => return a.value(row),
            Self::Int(a) if a.is_valid(row) => write!(buffer, "{}", a.value(row)),
            Self::Number(a) if a.is_valid(row) => write!(buffer, "{}", a.value(row)),
            Self::Flag(a) if a.is_valid(row) => return if a.value(row) { "true" } else { "false" },
            _ => return "",
        };
        if written.is_ok() { buffer } else { "" }
    }
}

pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}
