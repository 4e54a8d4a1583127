//! Column-mapping files: what a layout of the extract is called, column by column (`sql/layouts/*.toml`).

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use serde::Deserialize;

use super::cells::{self, fold};
use super::decode::TextEncoding;
use crate::dictionary::Dictionary;
use crate::embedded;
use crate::error::{Error, Result};

/// One layout as its file says it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layout {
    pub name: String,
    pub title: String,
    pub confidence: String,
    pub file: FileShape,
    pub values: Values,
    /// Header text → item code, or `item=choice` where each choice has its own column.
    pub columns: toml::Table,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileShape {
    pub encoding: String,
    pub header_rows: usize,
}

/// Glyphs with a meaning. `-` is masked, zero or missing only where a layout says so.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Values {
    pub masked: Vec<String>,
    pub zero: Vec<String>,
    pub missing: Vec<String>,
    pub separators: Vec<String>,
    #[serde(default)]
    pub selected: Vec<String>,
    #[serde(default)]
    pub none_selected: BTreeMap<String, String>,
}

/// Where an item is found in a file: one column, or one column per choice.
#[derive(Clone, Debug, PartialEq)]
pub enum Place {
    Column(usize),
    OneHot(Vec<(usize, String)>),
}

/// Items that every extract must have.
const REQUIRED: [&str; 3] = ["facility_id", "municipality_code", "report_status"];

impl Layout {
    pub fn parse(text: &str, origin: &str) -> Result<Self> {
        toml::from_str(text).map_err(|e| {
            Error::new(format!("列対応表を読めません：{}", e.message()))
                .at(match e.span() {
                    Some(span) => format!("{origin} の {} 行目", text[..span.start].matches('\n').count() + 1),
                    None => origin.to_owned(),
                })
                .next("書き方は init が作る layouts/ の見本を見てください")
        })
    }

    pub fn encoding(&self) -> Result<Option<TextEncoding>> {
        TextEncoding::parse(&self.file.encoding).ok_or_else(|| {
            Error::new(format!("列対応表の encoding「{}」が分かりません", self.file.encoding)).next("auto、utf-8、cp932 のどれかにしてください")
        })
    }

    pub fn glyphs(&self, masked_low: f64, masked_high: f64) -> cells::Glyphs {
        let folded = |list: &[String]| list.iter().map(|s| fold(s)).collect();
        cells::Glyphs {
            masked: folded(&self.values.masked),
            zero: folded(&self.values.zero),
            missing: folded(&self.values.missing),
            separators: folded(&self.values.separators),
            masked_low,
            masked_high,
        }
    }

    fn wanted(&self) -> Vec<(String, &str)> {
        self.columns.iter().map(|(header, to)| (fold(header), to.as_str().unwrap_or_default())).collect()
    }

    /// Share of this layout's columns that the header rows of a file have, 0 to 1.
    fn likeness(&self, headers: &[String]) -> f64 {
        let present: HashSet<&str> = headers.iter().map(String::as_str).collect();
        let wanted = self.wanted();
        let found = wanted.iter().filter(|(h, _)| present.contains(h.as_str())).count();
        found as f64 / wanted.len().max(1) as f64
    }

    /// Column of every item, and the headers that the layout does not name.
    pub fn places(&self, headers: &[String], dictionary: &Dictionary) -> Result<(BTreeMap<String, Place>, Vec<usize>)> {
        let mut position: HashMap<&str, usize> = HashMap::new();
        let wanted = self.wanted();
        for (i, header) in headers.iter().enumerate() {
            if let Some(first) = position.insert(header, i)
                && wanted.iter().any(|(w, _)| w == header)
            {
                return Err(Error::new(format!("見出し「{header}」が二つあります"))
                    .at(format!("列 {} と列 {}", column_name(first), column_name(i)))
                    .next("どちらかの列を消すか、見出しを変えてください"));
            }
        }
        let mut places: BTreeMap<String, Place> = BTreeMap::new();
        let mut used = HashSet::new();
        let mut missing = Vec::new();
        for (header, to) in &wanted {
            let (item, choice) = match to.split_once('=') {
                Some((item, choice)) => (item, Some(choice)),
                None => (*to, None),
            };
            if dictionary.item(item).is_none() {
                return Err(Error::new(format!("列対応表の「{header}」の行にある報告事項コード「{to}」が項目辞書にありません"))
                    .at(self.name.clone())
                    .next("sql/dictionary/items.csv にあるコードを書いてください"));
            }
            let Some(&column) = position.get(header.as_str()) else {
                missing.push(header.clone());
                continue;
            };
            used.insert(column);
            match (choice, places.get_mut(item)) {
                (None, None) => {
                    places.insert(item.to_owned(), Place::Column(column));
                }
                (Some(code), None) => {
                    places.insert(item.to_owned(), Place::OneHot(vec![(column, code.to_owned())]));
                }
                (Some(code), Some(Place::OneHot(list))) => list.push((column, code.to_owned())),
                _ => {
                    return Err(Error::new(format!("列対応表で報告事項「{item}」が二つの列に当てられています")).at(self.name.clone()));
                }
            }
        }
        if !missing.is_empty() {
            return Err(missing_columns(&missing, headers, &used, self));
        }
        let stars = dictionary.items.iter().filter(|i| i.requirement == "star").map(|i| i.item_code.as_str());
        for item in REQUIRED.into_iter().chain(stars) {
            if !places.contains_key(item) {
                return Err(Error::new(format!("列対応表に必須の項目「{item}」がありません"))
                    .at(self.name.clone())
                    .next("[columns] に、その項目の見出しの行を足してください"));
            }
        }
        for place in places.values_mut() {
            if let Place::OneHot(list) = place {
                list.sort();
            }
        }
        let unnamed = (0..headers.len()).filter(|i| !used.contains(i)).collect();
        Ok((places, unnamed))
    }
}

fn missing_columns(missing: &[String], headers: &[String], used: &HashSet<usize>, layout: &Layout) -> Error {
    let mut lines: Vec<String> = missing.iter().take(8).map(|h| format!("「{h}」")).collect();
    if missing.len() > 8 {
        lines.push(format!("ほか{}列", missing.len() - 8));
    }
    let left: Vec<String> =
        (0..headers.len()).filter(|i| !used.contains(i) && !headers[*i].is_empty()).take(8).map(|i| format!("「{}」", headers[i])).collect();
    let hint = if left.is_empty() { String::new() } else { format!("（対応していない見出し：{}）", left.join("、")) };
    Error::new(format!("必要な列がありません：{}{hint}", lines.join("、")))
        .at(format!("列対応表 {}（{}）", layout.name, layout.title))
        .next("抽出のしかたを確かめるか、列対応表を写して見出しを直し、--mapping で指定してください")
}

/// Built-in layouts, preceded by those in the work folder's `layouts/`.
pub fn known(work_folder: Option<&Path>) -> Result<Vec<Layout>> {
    let mut layouts = Vec::new();
    if let Some(dir) = work_folder.map(|d| d.join("layouts")).filter(|d| d.is_dir()) {
        let mut paths: Vec<_> = std::fs::read_dir(&dir)
            .map_err(|e| Error::io("列対応表のフォルダーを読めません", &dir, &e))?
            .flatten()
            .map(|e| e.path())
            .filter(|p| p.extension().is_some_and(|e| e == "toml"))
            .collect();
        paths.sort();
        for path in paths {
            layouts.push(from_file(&path)?);
        }
    }
    for (name, text) in embedded::under("sql/layouts/") {
        layouts.push(Layout::parse(text, name)?);
    }
    Ok(layouts)
}

pub fn from_file(path: &Path) -> Result<Layout> {
    let text = std::fs::read_to_string(path).map_err(|e| Error::io("列対応表を読めません", path, &e))?;
    Layout::parse(&text, &path.display().to_string())
}

/// The layout whose columns the file has; `headers_of(n)` gives the joined texts of the first `n` rows.
pub fn recognise(layouts: Vec<Layout>, headers_of: impl Fn(usize) -> Vec<String>) -> Result<Layout> {
    let mut best: Option<(f64, Layout)> = None;
    for layout in layouts {
        let likeness = layout.likeness(&headers_of(layout.file.header_rows));
        if best.as_ref().is_none_or(|(b, _)| likeness > *b) {
            best = Some((likeness, layout));
        }
    }
    match best {
        // Anything from half the columns on is meant to be this layout: `places` then names what is missing.
        Some((likeness, layout)) if likeness >= 0.5 => Ok(layout),
        _ => Err(Error::new("見出しがどの列対応表とも合いません")
            .next("別のファイルを選んでいないかを確かめてください。新しいレイアウトなら、列対応表を作り --mapping で指定してください")),
    }
}

/// Column position as Excel names it: 0 → A, 26 → AA.
pub fn column_name(index: usize) -> String {
    let mut n = index + 1;
    let mut name = Vec::new();
    while n > 0 {
        name.push(b'A' + ((n - 1) % 26) as u8);
        n = (n - 1) / 26;
    }
    name.reverse();
    String::from_utf8_lossy(&name).into_owned()
}
