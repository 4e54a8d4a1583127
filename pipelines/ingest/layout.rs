//! Column-mapping files: what a layout of the extract is called, column by column (`sql/layouts/*.toml`).

use crate::ground::text;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use serde::Deserialize;

use super::cells::{self};
use super::grid::Grid;
use crate::facts::dictionary::Dictionary;
use crate::facts::dictionary::labels::Labels;
use crate::ground::decode::TextEncoding;
use crate::ground::embedded;
use crate::ground::error::{Error, Result};
use crate::ground::own_text;
pub use crate::ground::spreadsheet::column_name;
use crate::ground::text::fold;

/// Stands in a proposed mapping where only a person can say what is meant.
pub const UNDECIDED: &str = "？";

/// One layout as its file says it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layout {
    pub name: String,
    pub title: String,
    pub confidence: String,
    /// First report year whose simulated extracts have this layout.
    pub sample_from_year: Option<i32>,
    pub file: FileShape,
    pub values: Values,
    /// Meanings of glyphs that differ for one item, or for the items of one function.
    #[serde(default)]
    pub values_of: BTreeMap<String, GlyphLists>,
    /// Header text → item code, or `item=choice` where each choice has its own column.
    pub columns: toml::Table,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileShape {
    pub encoding: String,
    pub header_rows: usize,
    /// Rows above the header; where it is not said, the header is looked for.
    pub title_rows: Option<usize>,
    /// The sheet of a workbook; where it is not said, every sheet with such a header is read.
    #[serde(default)]
    pub sheet: String,
    /// Number of digits of codes and IDs, so that zeros that a spreadsheet dropped can be put back.
    #[serde(default)]
    pub widths: BTreeMap<String, usize>,
}

/// Glyphs with a meaning. `-` is masked, zero or missing only where a layout says so.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Values {
    pub masked: Vec<String>,
    pub zero: Vec<String>,
    pub missing: Vec<String>,
    /// Glyphs found in a file for which nobody has said what they mean: a run stops until they are moved to a list above.
    #[serde(default)]
    pub undecided: Vec<String>,
    pub separators: Vec<String>,
    #[serde(default)]
    pub selected: Vec<String>,
    /// Marks of a choice's own column that say: not chosen.
    #[serde(default)]
    pub unselected: Vec<String>,
    #[serde(default)]
    pub none_selected: BTreeMap<String, String>,
}

/// The lists of `Values` that one item or function may have for itself.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GlyphLists {
    pub masked: Vec<String>,
    pub zero: Vec<String>,
    pub missing: Vec<String>,
}

/// Where an item is found in a file: one column, or one column per choice.
#[derive(Clone, Debug, PartialEq)]
pub enum Place {
    Column(usize),
    OneHot(Vec<(usize, String)>),
}

/// The columns of a file as its layout names them.
#[derive(Debug, Default)]
pub struct Places {
    pub items: BTreeMap<String, Place>,
    /// Columns that the layout does not name.
    pub unnamed: Vec<usize>,
    /// Headers of the layout that the file does not have.
    pub missing: Vec<String>,
}

impl Layout {
    pub fn parse(text: &str, origin: &str) -> Result<Self> {
        own_text::toml(text, "列対応表").map_err(|e| e.at(origin.to_owned()))
    }

    pub fn encoding(&self) -> Result<Option<TextEncoding>> {
        TextEncoding::parse(&self.file.encoding).ok_or_else(|| {
            Error::new(format!("列対応表の encoding「{}」が分かりません", self.file.encoding)).next("auto、utf-8、cp932 のどれかにしてください")
        })
    }

    /// What only a person can say must be said before a run.
    pub fn refuse_undecided(&self) -> Result<()> {
        let told = |what: String, next: &str| Err(Error::new(what).at(format!("列対応表 {}（{}）", self.name, self.title)).next(next));
        if let Some(glyph) = self.values.undecided.first() {
            return told(
                format!("「{}」の意味がまだ決まっていません", self.values.undecided.join("」「")),
                &format!(
                    "列対応表の undecided から「{glyph}」を消し、masked（秘匿）、zero（0）、missing（値なし）のどれかに入れてください。推測はしません"
                ),
            );
        }
        let open: Vec<&str> = self.columns.iter().filter(|(_, to)| to.as_str() == Some(UNDECIDED)).map(|(header, _)| header.as_str()).collect();
        if !open.is_empty() {
            let shown = open.iter().take(8).map(|h| format!("「{h}」")).collect::<Vec<_>>().join("、");
            let more = if open.len() > 8 { format!("ほか{}列", open.len() - 8) } else { String::new() };
            return told(
                format!("どの報告事項か決まっていない列があります：{shown}{more}"),
                "列対応表の「？」を候補の報告事項コードに書きかえるか、使わない列ならその行を消してください",
            );
        }
        if let Some((item, _)) = self.values.none_selected.iter().find(|(_, choice)| choice.as_str() == UNDECIDED) {
            return told(
                format!("{item} の列がどれも選ばれていないときの意味がまだ決まっていません"),
                "列対応表の none_selected の「？」を、選択肢コード（「該当無し」なら \"0\"）か、無回答なら空（\"\"）に書きかえてください",
            );
        }
        Ok(())
    }

    /// Glyphs for the cells of an item of a function.
    pub fn glyphs(&self, item: &str, function: &str, (masked_low, masked_high): (f64, f64)) -> cells::Glyphs {
        let folded = |list: &[String]| list.iter().map(|s| fold(s)).collect::<Vec<_>>();
        let v = &self.values;
        let mut glyphs = cells::Glyphs {
            masked: folded(&v.masked),
            zero: folded(&v.zero),
            missing: folded(&v.missing),
            separators: folded(&v.separators),
            masked_low,
            masked_high,
        };
        // a line break is white space to `fold`, yet it can separate
        glyphs.separators.iter_mut().filter(|s| s.is_empty()).for_each(|s| *s = text::LINE_BREAK.to_string());
        if let Some(own) = self.values_of.get(item).or_else(|| self.values_of.get(function)) {
            let of_own = [folded(&own.masked), folded(&own.zero), folded(&own.missing)];
            for (list, mine) in [&mut glyphs.masked, &mut glyphs.zero, &mut glyphs.missing].into_iter().zip(&of_own) {
                list.retain(|g| !of_own.concat().contains(g));
                list.extend(mine.iter().cloned());
            }
        }
        glyphs
    }

    fn wanted(&self) -> Vec<(String, &str)> {
        self.columns.iter().map(|(header, to)| (fold(header), to.as_str().unwrap_or_default())).collect()
    }

    /// Column of every item in a file with these headers.
    pub fn places(&self, headers: &[String], dictionary: &Dictionary) -> Result<Places> {
        let wanted = self.wanted();
        // headers meet under the name before and after a change of fees alike
        let meet = |header: &str| dictionary.labels.canonical(header, "fee");
        let known: HashSet<String> = wanted.iter().map(|(header, _)| meet(header)).collect();
        let headers: Vec<String> = headers.iter().map(|h| meet(h)).collect();
        let named = named(&headers, &known);
        let mut position: HashMap<&str, usize> = HashMap::new();
        for (i, header) in named.iter().enumerate() {
            if let Some(first) = position.insert(header, i)
                && known.contains(header)
            {
                return Err(Error::new(format!("見出し「{header}」が二つあります"))
                    .at(format!("列 {} と列 {}", column_name(first), column_name(i)))
                    .next(format!(
                        "列対応表に「{}」「{}」のように何番目の列かを書くか、使わない列を消してください",
                        numbered(header, 1),
                        numbered(header, 2)
                    )));
            }
        }
        let mut places = Places::default();
        let mut used = HashSet::new();
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
            let Some(&column) = position.get(meet(header).as_str()) else {
                places.missing.push(header.clone());
                continue;
            };
            used.insert(column);
            match (choice, places.items.get_mut(item)) {
                (None, None) => {
                    places.items.insert(item.to_owned(), Place::Column(column));
                }
                (Some(code), None) => {
                    places.items.insert(item.to_owned(), Place::OneHot(vec![(column, code.to_owned())]));
                }
                (Some(code), Some(Place::OneHot(list))) => list.push((column, code.to_owned())),
                _ => {
                    return Err(Error::new(format!("列対応表で報告事項「{item}」が二つの列に当てられています")).at(self.name.clone()));
                }
            }
        }
        for place in places.items.values_mut() {
            if let Place::OneHot(list) = place {
                list.sort();
            }
        }
        places.unnamed = (0..headers.len()).filter(|i| !used.contains(i)).collect();
        Ok(places)
    }

    /// The error for columns that no file of this layout has; `left` are the headers that nobody named.
    pub fn missing_columns(&self, missing: &[String], left: &[String]) -> Error {
        let mut lines: Vec<String> = missing.iter().take(8).map(|h| format!("「{h}」")).collect();
        if missing.len() > 8 {
            lines.push(format!("ほか{}列", missing.len() - 8));
        }
        let left: Vec<String> = left.iter().filter(|h| !h.is_empty()).take(8).map(|h| format!("「{h}」")).collect();
        let hint = if left.is_empty() { String::new() } else { format!("（対応していない見出し：{}）", left.join("、")) };
        Error::new(format!("必要な列がありません：{}{hint}", lines.join("、")))
            .at(format!("列対応表 {}（{}）", self.name, self.title))
            .next("抽出のしかたを確かめるか、列対応表を写して見出しを直し、--mapping で指定してください")
    }
}

/// How a mapping calls the `n`-th of the columns with one header.
pub fn numbered(header: &str, n: usize) -> String {
    format!("{header}#{n}")
}

/// The columns of a file as the mapping calls them: with their number where it numbers columns of one header.
fn named(headers: &[String], wanted: &HashSet<String>) -> Vec<String> {
    let mut seen: HashMap<&str, usize> = HashMap::new();
    let named = headers.iter().map(|header| {
        let n = seen.entry(header).or_default();
        *n += 1;
        Some(numbered(header, *n)).filter(|name| wanted.contains(name) && !headers.contains(name)).unwrap_or_else(|| header.clone())
    });
    named.collect()
}

/// Built-in layouts, preceded by those in the work folder's `layouts/`.
pub fn known(work_folder: Option<&Path>) -> Result<Vec<Layout>> {
    let mut layouts = match work_folder.map(|d| d.join("layouts")).filter(|d| d.is_dir()) {
        Some(dir) => from_path(&dir)?,
        None => Vec::new(),
    };
    let built_in = embedded::under("sql/layouts/").filter(|(name, _)| name.ends_with(".toml")).map(|(name, text)| Layout::parse(text, name));
    let built_in = built_in.collect::<Result<Vec<_>>>()?;
    // a mapping that people made goes before the copies of the built-in ones beside it
    layouts.sort_by_key(|l: &Layout| built_in.iter().any(|b| b.name == l.name));
    layouts.extend(built_in);
    Ok(layouts)
}

/// One mapping file, or all of a folder by name.
pub fn from_path(path: &Path) -> Result<Vec<Layout>> {
    if !path.is_dir() {
        let text = own_text::read(path, "列対応表")?;
        return Layout::parse(&text, &path.display().to_string()).map(|layout| vec![layout]);
    }
    let mut paths: Vec<_> = std::fs::read_dir(path)
        .map_err(|e| Error::io("列対応表のフォルダーを読めません", path, &e))?
        .flatten()
        .map(|e| e.path())
        .filter(|p| p.extension().is_some_and(|e| e == "toml"))
        .collect();
    paths.sort();
    paths.iter().map(|p| from_path(p)).collect::<Result<Vec<_>>>().map(|l| l.concat())
}

/// A layout found in a grid, and where its header begins.
pub struct Recognised<'a> {
    pub layout: &'a Layout,
    /// Place of the first header row in the rows of the grid.
    pub start: usize,
    /// Share of the layout's columns that the file has.
    pub of_layout: f64,
    /// Share of the file's headers that the layout names.
    pub of_file: f64,
    /// Number of those headers.
    pub found: usize,
}

/// Rows among which a header is looked for.
const HEADER_WITHIN: usize = 20;

impl Recognised<'_> {
    /// A whole extract, or at least meant to be one: from half the columns on, what is missing can be named.
    pub fn is_whole(&self) -> bool {
        self.of_layout >= 0.5
    }

    /// A part of an extract that was split into several files.
    pub fn is_part(&self) -> bool {
        self.of_file >= 0.8 && self.found >= 3
    }
}

/// The layout whose columns the grid has best; earlier layouts win a tie, and so does one that says where its header is.
pub fn recognise<'a>(layouts: &'a [Layout], grid: &Grid, labels: &Labels) -> Option<Recognised<'a>> {
    let meet = |header: &str| labels.canonical(header, "fee");
    let mut best: Option<Recognised<'a>> = None;
    for layout in layouts {
        if !layout.file.sheet.is_empty() && !grid.sheet.is_empty() && fold(&layout.file.sheet) != fold(&grid.sheet) {
            continue;
        }
        let wanted: HashSet<String> = layout.columns.keys().map(|h| meet(&fold(h))).collect();
        let starts = match layout.file.title_rows {
            Some(n) => vec![grid.below(n)],
            None => (0..HEADER_WITHIN.min(grid.rows.len())).collect(),
        };
        for start in starts {
            let headers: Vec<String> = grid.headers(start, layout.file.header_rows).iter().map(|h| meet(h)).collect();
            let headers = named(&headers, &wanted);
            let headers: HashSet<String> = headers.into_iter().filter(|h| !h.is_empty()).collect();
            let found = headers.intersection(&wanted).count();
            let share = |of: usize| found as f64 / of.max(1) as f64;
            let seen = Recognised { layout, start, of_layout: share(wanted.len()), of_file: share(headers.len()), found };
            // of layouts that are all there, the one that names more of the file
            let rank = |r: &Recognised<'_>| (r.of_layout, r.found, r.layout.file.title_rows.is_some());
            if best.as_ref().is_none_or(|b| rank(&seen) > rank(b)) {
                best = Some(seen);
            }
        }
    }
    best
}
