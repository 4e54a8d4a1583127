//! The workbook as a file: what is the machine's is grey, where people write is light yellow, and a row with a notice says so.

use crate::ground::text;
use std::collections::BTreeSet;

use rust_xlsxwriter::{Color, DataValidation, ExcelDateTime, Format, FormatAlign, FormatBorder, Formula, Note, Worksheet, XlsxError};

use super::attached::Comment;
use super::layout::{Column, Layout, Owner, TableSpec};
use super::merge::Row;
use super::state::State;
use crate::ground::error::{Error, Result};
use crate::ground::spreadsheet::{Book, Kind, Sheet, write_marked};

const FONT: &str = "BIZ UDPゴシック";

/// One sheet with rows, ready to be written.
pub struct Table<'a> {
    pub spec: &'a TableSpec,
    pub extra_headers: Vec<String>,
    pub rows: Vec<Row>,
    /// Comments of people: row, column, text.
    pub comments: Vec<(usize, usize, Comment)>,
    /// What people hid stays hidden: the sheet, and these columns.
    pub is_hidden: bool,
    pub hidden_columns: Vec<usize>,
}

/// Everything that goes into the file.
pub struct Content<'a> {
    pub layout: &'a Layout,
    pub tables: Vec<Table<'a>>,
    pub archive: Vec<Vec<String>>,
    pub guide: Vec<String>,
    /// Name, code, unit and themes of what a measure may be checked by.
    pub indicators: Vec<[String; 4]>,
    /// Sheets of people, with their comments.
    pub others: Vec<(Sheet, Vec<Comment>)>,
    /// Year, month and day in the file's properties.
    pub date: (i32, u8, u8),
}

/// Headings of the sheet of indicators.
pub const INDICATOR_HEADS: [&str; 4] = ["指標", "指標コード", "単位", "求め方"];

/// The bytes of the file.
pub fn write(content: &Content<'_>) -> Result<Vec<u8>> {
    let mut book = Book::new("協議シート", content.date)?;
    book.text(&content.layout.guide, &content.guide)?;
    let last_indicator = content.indicators.len() + 1;
    let first = content.tables.iter().position(|t| !t.is_hidden);
    for (i, table) in content.tables.iter().enumerate() {
        let sheet = book.raw().add_worksheet();
        write_table(sheet, table, content.layout, last_indicator).map_err(|e| failed(&table.spec.name, &e))?;
        sheet.set_hidden(table.is_hidden);
        if Some(i) == first {
            sheet.set_active(true);
        }
    }
    let sheet = book.raw().add_worksheet();
    let heads = INDICATOR_HEADS.map(str::to_owned);
    let rows: Vec<Vec<String>> = content.indicators.iter().map(|r| r.to_vec()).collect();
    write_list(sheet, &content.layout.indicators, &heads, &[44.0, 40.0, 10.0, 70.0], &rows).map_err(|e| failed(&content.layout.indicators, &e))?;
    let sheet = book.raw().add_worksheet();
    let heads: Vec<String> = content.layout.archive_columns.iter().map(|c| c.header.clone()).collect();
    let widths: Vec<f64> = content.layout.archive_columns.iter().map(|c| c.width).collect();
    write_list(sheet, &content.layout.archive, &heads, &widths, &content.archive).map_err(|e| failed(&content.layout.archive, &e))?;
    for (other, comments) in &content.others {
        let sheet = book.raw().add_worksheet();
        write_other(sheet, other, comments).map_err(|e| failed(&other.name, &e))?;
    }
    let state = State::rows(content.tables.iter().map(|t| (t.spec, t.extra_headers.as_slice(), t.rows.as_slice())), &guide_texts(content));
    let sheet = book.raw().add_worksheet();
    write_state(sheet, &content.layout.state, &state).map_err(|e| failed(&content.layout.state, &e))?;
    book.finish()
}

/// Texts of the sheets that are only to be read: what differs from them is people's.
pub fn guide_texts(content: &Content<'_>) -> Vec<String> {
    let all = content.guide.iter().cloned().chain(INDICATOR_HEADS.map(str::to_owned)).chain(content.indicators.iter().flatten().cloned());
    all.filter(|t| !t.trim().is_empty()).collect::<BTreeSet<_>>().into_iter().collect()
}

fn failed(sheet: &str, error: &XlsxError) -> Error {
    Error::new(format!("協議シートの「{sheet}」を書けません：{error}"))
}

fn row_at(i: usize) -> u32 {
    u32::try_from(i).unwrap_or(u32::MAX)
}

fn column_at(i: usize) -> u16 {
    u16::try_from(i).unwrap_or(u16::MAX)
}

fn base() -> Format {
    Format::new().set_font_name(FONT).set_font_size(10).set_text_wrap().set_align(FormatAlign::Top)
}

fn head(by_people: bool) -> Format {
    let fill = if by_people { 0x001F_4E79 } else { 0x005A_6570 };
    base().set_bold().set_background_color(Color::RGB(fill)).set_font_color(Color::White).set_border(FormatBorder::Thin)
}

/// Formats of one column: usual, and at the first row of an area and theme; each as text and as date.
struct Look {
    plain: [Format; 2],
    date: [Format; 2],
    said: [Format; 2],
}

impl Look {
    fn new(column: &Column) -> Self {
        let grey = Color::RGB(0x00EE_F0F2);
        let mut format = base().set_border(FormatBorder::Hair);
        format = match column.owner {
            Owner::People => format.set_background_color(Color::RGB(0x00FF_FBEA)).set_unlocked(),
            // one line, however long: the tag must not make rows high
            Owner::Key => Format::new()
                .set_font_name(FONT)
                .set_font_size(7)
                .set_align(FormatAlign::Top)
                .set_border(FormatBorder::Hair)
                .set_background_color(grey)
                .set_font_color(Color::RGB(0x006B_7580)),
            _ => format.set_background_color(grey).set_font_color(Color::RGB(0x0033_3A41)),
        };
        let pair = |f: &Format| [f.clone(), f.clone().set_border_top(FormatBorder::Medium)];
        let said = format.clone().set_bold().set_background_color(Color::RGB(0x00FF_E3C2)).set_border(FormatBorder::Thin);
        Self { plain: pair(&format), date: pair(&format.clone().set_num_format("yyyy-mm-dd")), said: pair(&said) }
    }
}

fn write_table(sheet: &mut Worksheet, table: &Table<'_>, layout: &Layout, last_indicator: usize) -> std::result::Result<(), XlsxError> {
    let spec = table.spec;
    sheet.set_name(&spec.name)?;
    let width = spec.columns.len();
    for (c, column) in spec.columns.iter().enumerate() {
        sheet.set_column_width(column_at(c), column.width)?;
        sheet.write_string_with_format(0, column_at(c), &column.header, &head(column.owner == Owner::People))?;
    }
    for (c, header) in table.extra_headers.iter().enumerate() {
        sheet.set_column_width(column_at(width + c), 20.0)?;
        sheet.write_string_with_format(0, column_at(width + c), header, &head(true))?;
    }
    let looks: Vec<Look> = spec.columns.iter().map(Look::new).collect();
    let free = Look::new(&Column { owner: Owner::People, ..spec.columns[0].clone() });
    let mut above = None;
    for (r, row) in table.rows.iter().enumerate() {
        let place = row.group.as_ref().map(|g| (&g.area_code, &g.function_code));
        let first = usize::from(r > 0 && above != Some(place));
        above = Some(place);
        let at = row_at(r + 1);
        for (c, text) in row.cells.iter().enumerate() {
            let look = &looks[c];
            let told = spec.owner(c) == Owner::Notice && !text.is_empty();
            write_text(
                sheet,
                at,
                column_at(c),
                text,
                &spec.columns[c].kind,
                if told { &look.said[first] } else { &look.plain[first] },
                &look.date[first],
            )?;
        }
        for (c, text) in row.extra.iter().enumerate() {
            write_text(sheet, at, column_at(width + c), text, "text", &free.plain[first], &free.date[first])?;
        }
        if row.is_hidden {
            sheet.set_row_hidden(at)?;
        }
    }
    for column in &table.hidden_columns {
        sheet.set_column_hidden(column_at(*column))?;
    }
    for (row, column, comment) in &table.comments {
        note(sheet, row_at(*row), column_at(*column), comment)?;
    }
    let last = row_at(table.rows.len().max(1));
    // rows that people add below are covered too
    for (c, column) in spec.columns.iter().enumerate().filter(|(_, c)| c.owner == Owner::People) {
        sheet.add_data_validation(1, column_at(c), last + 500, column_at(c), &suggestions(column, layout, last_indicator)?)?;
    }
    let right = column_at(width + table.extra_headers.len()) - 1;
    sheet.autofilter(0, 0, last, right)?;
    let frozen = spec.place.iter().max().map_or(1, |c| c + 1);
    sheet.set_freeze_panes(1, column_at(frozen))?;
    sheet.set_repeat_rows(0, 0)?;
    sheet.set_landscape().set_paper_size(8).set_print_fit_to_pages(1, 0).set_footer("&C&A　&P / &N");
    Ok(())
}

/// Suggestions and a word of help; whatever people write is accepted.
fn suggestions(column: &Column, layout: &Layout, last_indicator: usize) -> std::result::Result<DataValidation, XlsxError> {
    let choices: Vec<&str> = column.choices.split(';').filter(|c| !c.is_empty()).collect();
    let mut rule = DataValidation::new();
    rule = if column.column == "indicator" {
        rule.allow_list_formula(Formula::new(format!("='{}'!$A$2:$A${last_indicator}", layout.indicators)))
    } else if choices.is_empty() {
        rule.allow_any_value()
    } else {
        rule.allow_list_strings(&choices)?
    };
    if !column.help.is_empty() {
        rule = rule.set_input_title(&column.header)?.set_input_message(&column.help)?;
    }
    Ok(rule.show_error_message(false))
}

/// A date in a date column and a number in a number column are written as such, so that Excel can sort them.
fn write_text(
    sheet: &mut Worksheet,
    row: u32,
    column: u16,
    text: &str,
    kind: &str,
    format: &Format,
    date: &Format,
) -> std::result::Result<(), XlsxError> {
    if text.is_empty() {
        // a day that people type looks like the days that are there
        sheet.write_blank(row, column, if kind == "date" { date } else { format })?;
    } else if let (true, Ok(day)) =
        (matches!(kind, "date" | "day_or_text") && text::date(text).as_deref() == Some(text), ExcelDateTime::parse_from_str(text))
    {
        sheet.write_datetime_with_format(row, column, &day, date)?;
    } else if let (true, Ok(n)) = (kind == "number", text.parse::<f64>())
        && n.is_finite()
        && n.to_string() == text
    {
        sheet.write_number_with_format(row, column, n, format)?;
    } else {
        write_marked(sheet, row, column, text, format)?;
    }
    Ok(())
}

fn write_list(sheet: &mut Worksheet, name: &str, heads: &[String], widths: &[f64], rows: &[Vec<String>]) -> std::result::Result<(), XlsxError> {
    sheet.set_name(name)?;
    for (c, text) in heads.iter().enumerate() {
        sheet.set_column_width(column_at(c), widths.get(c).copied().unwrap_or(20.0))?;
        sheet.write_string_with_format(0, column_at(c), text, &head(false))?;
    }
    let format = base().set_border(FormatBorder::Hair);
    for (r, row) in rows.iter().enumerate() {
        for (c, text) in row.iter().enumerate().filter(|(_, t)| !t.is_empty()) {
            write_marked(sheet, row_at(r + 1), column_at(c), text, &format)?;
        }
    }
    sheet.autofilter(0, 0, row_at(rows.len().max(1)), column_at(heads.len().max(1)) - 1)?;
    sheet.set_freeze_panes(1, 0)?;
    sheet.set_landscape().set_paper_size(9).set_print_fit_to_pages(1, 0);
    Ok(())
}

/// A sheet of people: values, formulas and merged cells where they were; its colours are in the copy of the file before.
fn write_other(sheet: &mut Worksheet, other: &Sheet, comments: &[Comment]) -> std::result::Result<(), XlsxError> {
    sheet.set_name(&other.name)?;
    sheet.set_hidden(other.hidden);
    let format = base();
    let date = base().set_num_format("yyyy-mm-dd");
    let minute = base().set_num_format("yyyy-mm-dd hh:mm:ss");
    for &(top, left, bottom, right) in &other.merged {
        if bottom > top || right > left {
            // regions that overlap cannot be: the library refuses them, and the values follow anyway
            let _ = sheet.merge_range(row_at(top), column_at(left), row_at(bottom), column_at(right), "", &format);
        }
    }
    for &(first, last) in &other.looks.hidden_columns {
        for column in first..=last.min(16_383) {
            sheet.set_column_hidden(column_at(column))?;
        }
    }
    for row in &other.looks.hidden_rows {
        sheet.set_row_hidden(row_at(*row))?;
    }
    let struck_number = |at: (usize, usize), format: &Format| {
        if other.looks.is_struck(at.0, at.1) { format.clone().set_font_strikethrough() } else { format.clone() }
    };
    for (r, row) in other.rows.iter().enumerate() {
        for (c, cell) in row.iter().enumerate() {
            let place = (r, c);
            let (r, c) = (row_at(r), column_at(c));
            if let Some(formula) = &cell.formula {
                sheet.write_formula_with_format(r, c, Formula::new(formula).set_result(&cell.text), &format)?;
                continue;
            }
            match cell.kind {
                Kind::Empty => {}
                Kind::Number if cell.text.parse::<f64>().is_ok_and(f64::is_finite) => {
                    sheet.write_number_with_format(r, c, cell.text.parse::<f64>().unwrap_or_default(), &struck_number(place, &format))?;
                }
                Kind::Flag => {
                    sheet.write_boolean_with_format(r, c, cell.text == "TRUE", &format)?;
                }
                Kind::Date if ExcelDateTime::parse_from_str(&cell.text).is_ok() => {
                    let look = if cell.text.contains('T') { &minute } else { &date };
                    sheet.write_datetime_with_format(r, c, &ExcelDateTime::parse_from_str(&cell.text)?, &struck_number(place, look))?;
                }
                _ => write_marked(sheet, r, c, &other.marked(place.0, place.1), &format)?,
            }
        }
    }
    for comment in comments {
        note(sheet, row_at(comment.row), column_at(comment.column), comment)?;
    }
    Ok(())
}

fn note(sheet: &mut Worksheet, row: u32, column: u16, comment: &Comment) -> std::result::Result<(), XlsxError> {
    let mut note = Note::new(&comment.text).add_author_prefix(false);
    // the library takes names up to 52 characters
    if !comment.author.is_empty() && comment.author.chars().count() <= 50 {
        note = note.set_author(&comment.author);
    }
    sheet.insert_note(row, column, &note)?;
    Ok(())
}

fn write_state(sheet: &mut Worksheet, name: &str, rows: &[Vec<String>]) -> std::result::Result<(), XlsxError> {
    sheet.set_name(name)?;
    for (r, row) in rows.iter().enumerate() {
        for (c, text) in row.iter().enumerate().filter(|(_, t)| !t.is_empty()) {
            sheet.write_string(row_at(r), column_at(c), text)?;
        }
    }
    sheet.set_very_hidden(true);
    Ok(())
}
