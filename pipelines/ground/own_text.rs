//! People's own text files of a work folder (CSV, TOML), however an office saved them, with the same words for every error.

use std::path::Path;
use std::sync::LazyLock;

use csv::StringRecord;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::ground::error::{Error, Result};
use crate::ground::{decode, embedded, filekind, records};

/// The text of a file: UTF-8, CP932 or UTF-16, without byte order mark, lines ended by LF.
///
/// # Errors
/// A file that cannot be read, is no text, or has bytes without a meaning. `what` names the file for people (`協議の場の設定`).
pub fn read(path: &Path, what: &str) -> Result<String> {
    let bytes = std::fs::read(path).map_err(|e| Error::io(&format!("{what}を読めません"), path, &e))?;
    text_of(&bytes).map_err(|e| e.file(path))
}

/// The same from bytes.
pub fn text_of(bytes: &[u8]) -> Result<String> {
    if let Some(kind) = filekind::of(bytes)?.filter(|k| !k.is_text()) {
        return Err(kind.refused());
    }
    let content = decode::open(bytes);
    let (text, broken) = content.encoding.decode(&content.bytes);
    if !broken {
        return Ok(text.replace("\r\n", "\n").replace('\r', "\n"));
    }
    let line = text.split('\u{FFFD}').next().unwrap_or("").matches('\n').count() + 1;
    Err(Error::new(format!("読めない文字があります（{} として読みました）", content.label))
        .at(format!("{line} 行目"))
        .next("メモ帳などで開き、文字コード UTF-8 で保存し直してください（Excel なら「CSV UTF-8（コンマ区切り）」）"))
}

/// A CSV that people made: heading and rows, each with its line.
#[derive(Debug)]
pub struct Csv {
    pub headers: StringRecord,
    pub rows: Vec<(u32, StringRecord)>,
}

/// The rows of a CSV text; cells without white space around them, rows and columns without content left out.
///
/// # Errors
/// A quote that is not closed, a row with more or fewer cells than the heading, a heading in full-width marks.
pub fn csv(text: &str) -> Result<Csv> {
    let mut cut = records::read(text.as_bytes())?.records.into_iter().map(|r| {
        let cells: StringRecord = r.cells.iter().map(|c| String::from_utf8_lossy(c).trim().to_owned()).collect();
        (r.line, cells)
    });
    let (line, mut headers) = cut.next().ok_or_else(|| Error::new("表が空です").next("1行目に見出しを書いてください"))?;
    let width = filled(&headers);
    headers.truncate(width);
    if let Some(wide) = headers.iter().find_map(wide_mark) {
        return Err(Error::new(format!("見出しに全角の「{wide}」があります"))
            .at(format!("{line} 行目"))
            .next("引用符とコンマは半角で書いてください"));
    }
    let mut rows = Vec::new();
    for (line, mut record) in cut {
        if filled(&record) > width || record.len() < width {
            return Err(Error::new(format!("セルが {} 個あります（見出しは {width} 個）", record.len()))
                .at(format!("{line} 行目"))
                .next("コンマの数と、引用符の閉じ忘れを確かめてください"));
        }
        record.truncate(width);
        rows.push((line, record));
    }
    Ok(Csv { headers, rows })
}

/// Cells up to the last with content.
fn filled(record: &StringRecord) -> usize {
    (0..record.len()).rev().find(|&i| !record[i].is_empty()).map_or(0, |last| last + 1)
}

impl Csv {
    /// Typed rows with their lines.
    ///
    /// # Errors
    /// A column that is missing, or a cell that is not of its type: the cell is quoted.
    pub fn typed<T: DeserializeOwned>(&self) -> Result<Vec<(u32, T)>> {
        let one = |(line, record): &(u32, StringRecord)| {
            let typed = record.deserialize(Some(&self.headers));
            typed.map(|value| (*line, value)).map_err(|e| Error::new(cell_error(&e, &self.headers, record)).at(format!("{line} 行目")))
        };
        self.rows.iter().map(one).collect()
    }
}

/// What the csv crate says of a cell, in words, with the column and the cell.
pub fn cell_error(error: &csv::Error, headers: &StringRecord, record: &StringRecord) -> String {
    use csv::DeserializeErrorKind as K;
    let csv::ErrorKind::Deserialize { err, .. } = error.kind() else { return "行の形が正しくありません".into() };
    let at = err.field().and_then(|f| usize::try_from(f).ok());
    let column = at.and_then(|i| headers.get(i)).unwrap_or("？");
    let cell = at.and_then(|i| record.get(i)).unwrap_or("");
    match err.kind() {
        K::ParseInt(_) => format!("列「{column}」の「{cell}」が整数ではありません"),
        K::ParseFloat(_) => format!("列「{column}」の「{cell}」が数ではありません"),
        K::ParseBool(_) => format!("列「{column}」の「{cell}」が true か false ではありません"),
        K::Message(m) if m.starts_with("missing field") => format!("列「{}」がありません", in_backticks(m).unwrap_or_default()),
        _ => format!("列「{column}」の「{cell}」を読めません"),
    }
}

/// Full-width marks that are typed for the ones of CSV and TOML.
fn wide_mark(text: &str) -> Option<char> {
    text.chars().find(|c| matches!(c, '“' | '”' | '＂' | '‘' | '’' | '＇' | '，' | '＝' | '［' | '］' | '＃' | '｛' | '｝'))
}

/// A TOML text as a value. `what` names the file for people.
///
/// # Errors
/// With the line as it stands in the file, what is wrong with it, and what to write.
pub fn toml<T: DeserializeOwned>(text: &str, what: &str) -> Result<T> {
    toml::from_str(text).map_err(|e| toml_error(text, what, &e))
}

/// A row of `sql/dictionary/toml_words.csv`. The first whose text is in the message counts.
#[derive(Deserialize)]
struct TomlWord {
    message_has: String,
    what: String,
    next: String,
}

static WORDS: LazyLock<Vec<TomlWord>> = LazyLock::new(|| embedded::rows("sql/dictionary/toml_words.csv").unwrap_or_default());

fn toml_error(text: &str, what: &str, error: &toml::de::Error) -> Error {
    let start = error.span().map_or(0, |s| s.start.min(text.len()));
    // an error at the end of a line may be told at the next one
    let at = if text[..start].ends_with('\n') && error.message().contains("basic string") { start - 1 } else { start };
    let line_no = text.as_bytes()[..at].iter().filter(|b| **b == b'\n').count();
    let line = text.lines().nth(line_no).unwrap_or("").trim();
    let (said, next) = toml_words(error.message(), line);
    let shown: String = line.chars().take(60).collect();
    Error::new(format!("{what}を読めません：{said}")).at(format!("{} 行目「{shown}」", line_no + 1)).next(next)
}

/// What a message of the TOML reader means, and what to do.
fn toml_words(message: &str, line: &str) -> (String, String) {
    let as_explained = "書き方は、ファイルの中の説明を見てください";
    let code = line.split('#').next().unwrap_or(line);
    if let Some((said, next)) = shape_words(message) {
        return (said, next);
    }
    if let Some(wide) = wide_mark(code) {
        return (format!("全角の「{wide}」があります"), "引用符・等号・かっこ・コンマは、半角で書いてください".into());
    }
    // nothing behind the sign is told like a text without quotes
    let message = if code.trim_end().ends_with('=') { "missing value" } else { message };
    let found = WORDS.iter().find(|w| message.contains(&w.message_has));
    found.map_or_else(|| ("書き方（TOML）が正しくありません".to_owned(), as_explained.to_owned()), |w| (w.what.clone(), w.next.clone()))
}

/// Messages about the meaning of a text that is sound TOML.
fn shape_words(message: &str) -> Option<(String, String)> {
    let name = in_backticks(message).unwrap_or_default();
    if message.starts_with("unknown field") || message.starts_with("unknown variant") {
        let known: Vec<&str> = message.split('`').skip(3).step_by(2).collect();
        let next = if known.is_empty() {
            "その行を消してください".into()
        } else {
            format!("使えるのは {} です。つづりを確かめてください", known.join("、"))
        };
        return Some((format!("「{name}」という項目はありません"), next));
    }
    if message.starts_with("missing field") {
        return Some((format!("項目「{name}」がありません"), format!("「{name} = …」の行を足してください")));
    }
    if message.starts_with("duplicate field") {
        return Some((format!("項目「{name}」が二度書かれています"), "一つだけ残してください".into()));
    }
    let (found, expected) = message.strip_prefix("invalid type: ").or_else(|| message.strip_prefix("invalid value: "))?.rsplit_once(", expected ")?;
    let kind = |word: &str| -> &str {
        match word {
            w if w.starts_with("integer") || ["i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "usize"].contains(&w) => "整数",
            w if w.starts_with("floating") || w.starts_with('f') => "数",
            w if w.contains("string") => "文字（引用符で囲む）",
            w if w.contains("boolean") => "true か false",
            w if w.contains("sequence") || w.contains("array") => "角かっこの並び（[\"…\", \"…\"]）",
            w if w.contains("map") || w.contains("struct") || w.contains("table") => "項目の組（[見出し] か { … }）",
            w if w.contains("date") => "日付",
            _ => "別の種類の値",
        }
    };
    Some((format!("値の種類が違います（{}ではなく、{}が要ります）", kind(found), kind(expected)), format!("{}で書いてください", kind(expected))))
}

fn in_backticks(message: &str) -> Option<&str> {
    message.split('`').nth(1)
}

/// Refuses a path in a setting in which `\` became something else than a separator: `"input\table.csv"` holds a tab.
///
/// # Errors
/// Names the setting and how to write it.
pub fn check_path(key: &str, value: &str) -> Result<()> {
    if !value.contains(|c: char| c.is_control()) {
        return Ok(());
    }
    let shown = value.escape_debug().to_string();
    Err(Error::new(format!("{key} の場所「{shown}」で、「\\」がタブや改行などの印として読まれました"))
        .next(format!("「\\」を「/」に書きかえるか、一重の引用符で囲んでください（例 {key} = 'input\\抽出.csv'）")))
}
