//! Writing: a workbook of plain sheets that staff can filter, print and send on. The same values give the same bytes.

use rust_xlsxwriter::{
    Color, DataValidation, DataValidationErrorStyle, DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook, Worksheet, XlsxError,
};

use super::struck;
use crate::ground::error::{Error, Result};

/// Typeface of every cell: on every Japanese Windows since 2018.
const FONT: &str = "BIZ UDPゴシック";

/// One value of a cell. Text that starts with `=` stays text.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Blank,
    Text(String),
    Number(f64),
    /// ISO, `2026-02-01`; a text that is no date is written as text.
    Date(String),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        if text.is_empty() { Self::Blank } else { Self::Text(text.to_owned()) }
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        if text.is_empty() { Self::Blank } else { Self::Text(text) }
    }
}

impl From<i64> for Value {
    fn from(n: i64) -> Self {
        Self::Number(n as f64)
    }
}

impl From<f64> for Value {
    fn from(n: f64) -> Self {
        Self::Number(n)
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Blank, Into::into)
    }
}

/// Width of a column in characters of its font.
#[derive(Clone, Copy, Debug)]
pub enum Width {
    Narrow,
    Middle,
    Wide,
    Characters(f64),
}

impl Width {
    fn characters(self) -> f64 {
        match self {
            Self::Narrow => 12.0,
            Self::Middle => 22.0,
            Self::Wide => 48.0,
            Self::Characters(n) => n,
        }
    }
}

/// A column of a sheet: its heading, its width, and whether people write in it.
#[derive(Clone, Debug)]
pub struct Column {
    pub title: String,
    pub width: Width,
    /// Where people write: light yellow and unlocked; everything else is grey-white and locked when the sheet is protected.
    pub by_people: bool,
    pub number_format: &'static str,
}

impl Column {
    pub fn new(title: impl Into<String>, width: Width) -> Self {
        Self { title: title.into(), width, by_people: false, number_format: "" }
    }

    #[must_use]
    pub fn by_people(mut self) -> Self {
        self.by_people = true;
        self
    }

    #[must_use]
    pub fn format(mut self, number_format: &'static str) -> Self {
        self.number_format = number_format;
        self
    }
}

/// A workbook in the making.
pub struct Book {
    workbook: Workbook,
}

impl Book {
    /// `date` (year, month, day) stands in the file's properties, so that the same input gives the same bytes.
    pub fn new(title: &str, date: (i32, u8, u8)) -> Result<Self> {
        let mut workbook = Workbook::new();
        let created = ExcelDateTime::from_ymd(u16::try_from(date.0).unwrap_or(1900), date.1, date.2).map_err(failed)?;
        workbook.set_properties(&DocProperties::new().set_title(title).set_author("kyogi").set_creation_datetime(&created));
        Ok(Self { workbook })
    }

    /// A sheet with a heading row (frozen, filtered, repeated in print) and one row per record, A4 landscape, one page wide.
    pub fn table<R: AsRef<[Value]>>(&mut self, name: &str, columns: &[Column], rows: impl IntoIterator<Item = R>) -> Result<&mut Worksheet> {
        let sheet = self.workbook.add_worksheet();
        sheet.set_name(name).map_err(failed)?;
        let head = base().set_bold().set_background_color(Color::RGB(0x001F_4E79)).set_font_color(Color::White).set_border(FormatBorder::Thin);
        let bodies: Vec<(Format, Format)> = columns.iter().map(body).collect();
        for (c, column) in columns.iter().enumerate() {
            let at = place(c)?;
            sheet.set_column_width(at, column.width.characters()).map_err(failed)?;
            sheet.write_string_with_format(0, at, &column.title, &head).map_err(failed)?;
        }
        let mut last = 0;
        for (r, row) in rows.into_iter().enumerate() {
            last = u32::try_from(r + 1).map_err(|_| Error::new("行が多すぎて Excel に書けません"))?;
            for (c, value) in row.as_ref().iter().enumerate() {
                let Some((format, date)) = bodies.get(c) else { continue };
                write(sheet, last, place(c)?, value, format, date).map_err(|e| e.at(format!("シート「{name}」の {}", super::cell_name(r + 1, c))))?;
            }
        }
        if let Some(right) = columns.len().checked_sub(1) {
            sheet.autofilter(0, 0, last, place(right)?).map_err(failed)?;
        }
        sheet.set_freeze_panes(1, 0).map_err(failed)?;
        sheet.set_repeat_rows(0, 0).map_err(failed)?;
        paper(sheet);
        sheet.set_landscape();
        Ok(sheet)
    }

    /// A sheet of lines to read: the first is its title.
    pub fn text(&mut self, name: &str, lines: &[String]) -> Result<&mut Worksheet> {
        let sheet = self.workbook.add_worksheet();
        sheet.set_name(name).map_err(failed)?;
        sheet.set_column_width(0, 100.0).map_err(failed)?;
        for (r, line) in lines.iter().enumerate() {
            let format = if r == 0 { base().set_bold().set_font_size(14) } else { base() };
            sheet.write_string_with_format(u32::try_from(r).unwrap_or(u32::MAX), 0, line, &format).map_err(failed)?;
        }
        paper(sheet);
        Ok(sheet)
    }

    /// The library's workbook, for what the plain sheets do not offer.
    pub fn raw(&mut self) -> &mut Workbook {
        &mut self.workbook
    }

    pub fn finish(mut self) -> Result<Vec<u8>> {
        same_system(self.workbook.save_to_buffer().map_err(failed)?)
    }
}

/// The ZIP archive as if it had been made on Unix: the library writes the system it runs on into the header of every part.
pub fn same_system(mut bytes: Vec<u8>) -> Result<Vec<u8>> {
    /// Where a header of the central directory names the system ("version made by", upper byte), and what stands there for Unix.
    const SYSTEM: (u64, u8) = (5, 3);
    let broken = |e: zip::result::ZipError| Error::new(format!("Excel ブックを書けません：{e}"));
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(&bytes)).map_err(broken)?;
    let headers = (0..archive.len()).map(|i| Ok(archive.by_index_raw(i).map_err(broken)?.central_header_start())).collect::<Result<Vec<_>>>()?;
    for header in headers {
        if let Some(system) = usize::try_from(header + SYSTEM.0).ok().and_then(|at| bytes.get_mut(at)) {
            *system = SYSTEM.1;
        }
    }
    Ok(bytes)
}

/// Hides a column (from zero) of a sheet.
pub fn hide_column(sheet: &mut Worksheet, column: usize) -> Result<()> {
    sheet.set_column_hidden(place(column)?).map(|_| ()).map_err(failed)
}

/// Hides a row (from zero) of a sheet.
pub fn hide_row(sheet: &mut Worksheet, row: usize) -> Result<()> {
    let row = u32::try_from(row).map_err(|_| Error::new("行が多すぎて Excel に書けません"))?;
    sheet.set_row_hidden(row).map(|_| ()).map_err(failed)
}

/// Offers words in a column for the first `rows` rows below the heading. Another word is possible after a warning: nobody is kept from writing.
pub fn offer_words(sheet: &mut Worksheet, column: usize, rows: usize, words: &[&str]) -> Result<()> {
    let rule = DataValidation::new().allow_list_strings(words).map_err(failed)?.set_error_style(DataValidationErrorStyle::Warning);
    let rule = rule.set_error_title("選択肢にない言葉です").map_err(failed)?.set_error_message("一覧にある言葉を選んでください。").map_err(failed)?;
    let last = u32::try_from(rows.max(1)).map_err(|_| Error::new("行が多すぎて Excel に書けません"))?;
    sheet.add_data_validation(1, place(column)?, last, place(column)?, &rule).map(|_| ()).map_err(failed)
}

/// A text with the line through what is struck in it (`struck`), in a cell of this format.
pub fn write_marked(sheet: &mut Worksheet, row: u32, column: u16, text: &str, format: &Format) -> std::result::Result<(), XlsxError> {
    let line = format.clone().set_font_strikethrough();
    let runs = struck::runs(text);
    match runs.as_slice() {
        [one] => sheet.write_string_with_format(row, column, &one.text, if one.is_struck { &line } else { format })?,
        [] => sheet.write_string_with_format(row, column, text, format)?,
        many => {
            let segments: Vec<(&Format, &str)> = many.iter().map(|r| (if r.is_struck { &line } else { format }, r.text.as_str())).collect();
            sheet.write_rich_string_with_format(row, column, &segments, format)?
        }
    };
    Ok(())
}

/// Error of the library as ours.
pub(super) fn failed(error: XlsxError) -> Error {
    Error::new(format!("Excel ファイルを作れません：{error}"))
}

fn place(column: usize) -> Result<u16> {
    u16::try_from(column).map_err(|_| Error::new("列が多すぎて Excel に書けません"))
}

fn base() -> Format {
    Format::new().set_font_name(FONT).set_font_size(10).set_text_wrap().set_align(FormatAlign::Top)
}

/// Formats of a column's values, and of its dates.
fn body(column: &Column) -> (Format, Format) {
    let mut format = base().set_border(FormatBorder::Hair);
    if column.by_people {
        format = format.set_background_color(Color::RGB(0x00FF_F8E6)).set_unlocked();
    }
    let date = format.clone().set_num_format("yyyy-mm-dd");
    if !column.number_format.is_empty() {
        format = format.set_num_format(column.number_format);
    }
    (format, date)
}

fn paper(sheet: &mut Worksheet) {
    sheet.set_paper_size(9).set_print_fit_to_pages(1, 0).set_footer("&C&P / &N");
}

fn write(sheet: &mut Worksheet, row: u32, column: u16, value: &Value, format: &Format, date: &Format) -> Result<()> {
    match value {
        Value::Blank => sheet.write_blank(row, column, format),
        Value::Text(text) => return write_marked(sheet, row, column, text, format).map_err(failed),
        Value::Number(n) => sheet.write_number_with_format(row, column, *n, format),
        Value::Date(text) => match ExcelDateTime::parse_from_str(text) {
            Ok(day) => sheet.write_datetime_with_format(row, column, &day, date),
            Err(_) => sheet.write_string_with_format(row, column, text, format),
        },
    }
    .map(|_| ())
    .map_err(failed)
}
