//! The data dictionary for people: every item with its choices and what counts, and every column that the packet writes.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray};
use serde::{Deserialize, Serialize};

use crate::draft::change;
use crate::facts::dictionary::{self, Choice, Dictionary, Item, condition, is_catch_all, read_csv, word};
use crate::facts::finding;
use crate::ground::artefact::{ColumnNote, Table};
use crate::ground::error::{Error, Result};
use crate::ground::own_text;
use crate::ingest;
use crate::pages::method::{ColumnView, ModelView};

/// The code of a choice as people read it: two that stand for words without a code would be formulas in Excel.
fn code_in_words(code: &str) -> String {
    match code {
        "+" => "有（コードなし）".into(),
        "-" => "無（コードなし）".into(),
        _ => code.to_owned(),
    }
}

/// What the page shows.
#[derive(Debug, Serialize)]
pub struct Catalogue {
    pub functions: Vec<FunctionView>,
    /// Parts of the report form that nobody here has seen.
    pub unseen: Vec<Unseen>,
    pub tables: Vec<TableColumns>,
}

/// The items of a function, of the row's head (`base`) or of その他 (`other`).
#[derive(Debug, Serialize)]
pub struct FunctionView {
    pub code: String,
    pub label: String,
    pub legal_basis: String,
    pub items: Vec<ItemView>,
}

/// An item in words.
#[derive(Debug, Serialize)]
pub struct ItemView {
    pub code: String,
    pub no: String,
    pub label: String,
    pub value_type: String,
    pub requirement: String,
    pub counts: String,
    pub period: String,
    pub is_ndb: bool,
    pub condition: String,
    pub years: String,
    pub source: String,
    pub confidence: String,
    pub note: String,
    /// Whether this extract has the item.
    pub is_asked: bool,
    pub choices: Vec<ChoiceView>,
}

/// A choice in words; empty text where there is nothing to say.
#[derive(Debug, Serialize)]
pub struct ChoiceView {
    pub code: String,
    pub label: String,
    pub polarity: String,
    pub is_intention: bool,
    pub counts_core: bool,
    pub mode: String,
    pub band: String,
}

/// A hole in what is public about the form (`sql/dictionary/unseen.csv`).
#[derive(Debug, Deserialize, Serialize)]
pub struct Unseen {
    pub function_code: String,
    #[serde(default)]
    pub function: String,
    pub item_no: String,
    pub what: String,
    pub until_then: String,
    pub source: String,
}

/// A table of `data/` with the meaning of its columns.
#[derive(Debug, Serialize)]
pub struct TableColumns {
    pub file: String,
    pub title: String,
    pub grain: String,
    pub columns: Vec<ColumnView>,
}

#[derive(Deserialize)]
struct Mode {
    mode: String,
    label: String,
}

/// The catalogue of a packet in the making: `asked` are the items of the extract, `root` the packet's folder.
pub fn catalogue(dictionary: &Dictionary, asked: &BTreeSet<String>, models: &[ModelView], root: &Path) -> Result<Catalogue> {
    let modes: Vec<Mode> = read_csv("sql/dictionary/modes.csv")?;
    let mut unseen: Vec<Unseen> = read_csv("sql/dictionary/unseen.csv")?;
    for hole in &mut unseen {
        hole.function = function_label(dictionary, &hole.function_code);
    }
    let codes = dictionary.functions.iter().map(|f| f.function_code.as_str()).chain(["other", "base"]);
    let functions = codes
        .map(|code| FunctionView {
            code: code.to_owned(),
            label: function_label(dictionary, code),
            legal_basis: dictionary.function(code).map_or_else(String::new, |f| f.legal_basis.clone()),
            items: dictionary.items.iter().filter(|i| i.function_code == code).map(|i| item_view(i, dictionary, asked, &modes)).collect(),
        })
        .collect();
    Ok(Catalogue { functions, unseen, tables: output_tables(models, root)? })
}

fn function_label(dictionary: &Dictionary, code: &str) -> String {
    match dictionary.function(code) {
        Some(f) => format!("{}　{}", f.label, f.theme),
        None if code == "other" => "その他の報告事項".into(),
        None => "行の見出し（医療機関、報告の状況）".into(),
    }
}

fn item_view(item: &Item, dictionary: &Dictionary, asked: &BTreeSet<String>, modes: &[Mode]) -> ItemView {
    ItemView {
        code: item.item_code.clone(),
        no: item.item_no.clone(),
        label: item.label.clone(),
        value_type: type_label(item),
        requirement: word("requirement", &item.requirement).unwrap_or_default().into(),
        counts: match (item.counts_literal, item.counts_core) {
            (true, true) => "報告どおり、実質のどちらにも数える",
            (true, false) => "報告どおりには数え、実質には数えない",
            _ => "数えない",
        }
        .into(),
        period: word("period_kind", &item.period_kind).unwrap_or_default().into(),
        is_ndb: item.ndb_derived,
        condition: condition::words(&item.condition, dictionary),
        years: years(item.from_year, item.to_year),
        source: item.source.clone(),
        confidence: item.confidence.clone(),
        note: item.note.clone(),
        is_asked: asked.contains(&item.item_code),
        choices: dictionary.choices_of(&item.choice_set).filter(|c| !is_catch_all(c)).map(|c| choice_view(c, modes)).collect(),
    }
}

fn choice_view(choice: &Choice, modes: &[Mode]) -> ChoiceView {
    ChoiceView {
        code: code_in_words(&choice.choice_code),
        label: choice.label.clone(),
        polarity: if choice.polarity == "none" { String::new() } else { word("polarity", &choice.polarity).unwrap_or_default().into() },
        is_intention: choice.intention,
        counts_core: choice.counts_core,
        mode: modes.iter().find(|m| m.mode == choice.mode && choice.polarity == "positive").map_or_else(String::new, |m| m.label.clone()),
        band: match (choice.value_low, choice.value_high) {
            (Some(low), None) => format!("{low} 以上（上限なし）"),
            (Some(low), Some(high)) if low == high => low.to_string(),
            (Some(low), Some(high)) => format!("{low}～{high}"),
            _ => String::new(),
        },
    }
}

fn type_label(item: &Item) -> String {
    word("value_type", item.value_type.code()).unwrap_or_default().into()
}

fn years(from: i32, to: Option<i32>) -> String {
    match to {
        Some(to) if to == from => format!("{from}年度報告"),
        Some(to) => format!("{from}～{to}年度報告"),
        None => format!("{from}年度報告から"),
    }
}

/// `data/dictionary.csv`: one row an item and choice; an item without choices has one row.
pub fn table(dictionary: &Dictionary, asked: &BTreeSet<String>) -> Result<Table> {
    let mut rows: Vec<(&Item, Option<&Choice>)> = Vec::new();
    for item in &dictionary.items {
        let before = rows.len();
        rows.extend(dictionary.choices_of(&item.choice_set).map(|c| (item, Some(c))));
        if rows.len() == before {
            rows.push((item, None));
        }
    }
    let column = |name: &str, label: &str, of: &dyn Fn(&Item, Option<&Choice>) -> String| -> (ColumnNote, ArrayRef) {
        let cells = rows.iter().map(|(i, c)| Some(of(i, *c)).filter(|s| !s.is_empty())).collect::<StringArray>();
        (ColumnNote::new(name, label, ""), Arc::new(cells))
    };
    let flag = |is: bool| if is { "1" } else { "0" }.to_owned();
    let number = |n: Option<f64>| n.map_or_else(String::new, |n| n.to_string());
    let year = |y: Option<i32>| y.map_or_else(String::new, |y| y.to_string());
    let of = |c: Option<&Choice>, f: &dyn Fn(&Choice) -> String| c.map_or_else(String::new, f);
    let columns = vec![
        column("function_code", "機能コード", &|i, _| i.function_code.clone()),
        column("item_no", "様式の番号", &|i, _| i.item_no.clone()),
        column("item_code", "報告事項コード", &|i, _| i.item_code.clone()),
        column("label", "報告事項", &|i, _| i.label.clone()),
        column("short_label", "短い名前", &|i, _| i.short_label.clone()),
        column("value_type", "型", &|i, _| type_label(i)),
        column("requirement", "要件", &|i, _| word("requirement", &i.requirement).unwrap_or_default().into()),
        column("counts_literal", "報告どおりに数える", &|i, _| flag(i.counts_literal)),
        column("counts_core", "実質に数える", &|i, _| flag(i.counts_core)),
        column("period", "対象の期間", &|i, _| word("period_kind", &i.period_kind).unwrap_or_default().into()),
        column("ndb_derived", "NDBからの自動取込み", &|i, _| flag(i.ndb_derived)),
        column("condition", "記入の条件", &|i, _| condition::words(&i.condition, dictionary)),
        column("from_year", "使いはじめの報告年度", &|i, _| i.from_year.to_string()),
        column("to_year", "使いおわりの報告年度", &|i, _| year(i.to_year)),
        column("choice_code", "選択肢コード", &|_, c| of(c, &|c| code_in_words(&c.choice_code))),
        column("choice_label", "選択肢", &|_, c| of(c, &|c| c.label.clone())),
        column("polarity", "有無", &|_, c| of(c, &|c| word("polarity", &c.polarity).unwrap_or_default().into())),
        column("intention", "意向", &|_, c| of(c, &|c| flag(c.intention))),
        column("choice_counts_core", "選択肢を実質に数える", &|_, c| of(c, &|c| flag(c.counts_core))),
        column("mode", "しかた", &|_, c| of(c, &|c| c.mode.clone())),
        column("value_low", "値の下限", &|_, c| of(c, &|c| number(c.value_low))),
        column("value_high", "値の上限", &|_, c| of(c, &|c| number(c.value_high))),
        column("open_top", "上限なし", &|_, c| of(c, &|c| flag(c.open_top))),
        column("in_extract", "この抽出ファイルにある", &|i, _| flag(asked.contains(&i.item_code))),
        column("source", "出典", &|i, _| i.source.clone()),
        column("confidence", "確かさ", &|i, _| i.confidence.clone()),
        column("note", "注", &|i, _| i.note.clone()),
    ];
    Table::new("dictionary", columns)
}

/// The CSV tables of `data/` in name order: columns from the model's header, from the Parquet twin, or from the writer.
fn output_tables(models: &[ModelView], root: &Path) -> Result<Vec<TableColumns>> {
    let dir = root.join("data");
    let mut stems: Vec<String> = std::fs::read_dir(&dir)
        .map_err(|e| Error::io("データのフォルダーを読めません", &dir, &e))?
        .flatten()
        .filter_map(|e| e.file_name().to_string_lossy().strip_suffix(".csv").map(str::to_owned))
        .collect();
    stems.sort();
    stems.iter().map(|stem| table_columns(stem, models, &dir)).collect()
}

fn table_columns(stem: &str, models: &[ModelView], dir: &Path) -> Result<TableColumns> {
    let file = format!("data/{stem}.csv");
    let name = match stem {
        "facility_status" => "det_functions",
        "backup_hubs" => "agg_backup_hubs",
        other => other,
    };
    if let Some(model) = models.iter().find(|m| m.name == name) {
        return Ok(TableColumns { file, title: model.title.clone(), grain: model.grain.clone(), columns: model.columns.clone() });
    }
    let (title, notes) = match stem {
        "findings" => ("確認が必要な報告", finding::table(&[], &finding::rules()?)?.columns),
        "changes" => ("前の年度からの変化", change::table(&[])?.columns),
        "rejected_rows" => ("取り込まなかった行", ingest::rejected_table(&[])?.columns),
        "dictionary" => ("データ辞書", table(&Dictionary::load(dictionary::FIRST_YEAR)?, &BTreeSet::new())?.columns),
        _ => ("", described(stem, dir)?),
    };
    let columns = notes.into_iter().map(|n| ColumnView { name: n.name, label: n.label, unit: n.unit }).collect();
    Ok(TableColumns { title: if title.is_empty() { stem.to_owned() } else { title.to_owned() }, file, grain: String::new(), columns })
}

/// Columns of a table that another part of the program wrote: from its Parquet twin, else the bare names.
fn described(stem: &str, dir: &Path) -> Result<Vec<ColumnNote>> {
    let twin = dir.join(format!("{stem}.parquet"));
    if twin.exists() {
        return Ok(Table::read_parquet(stem, &twin)?.columns);
    }
    let path = dir.join(format!("{stem}.csv"));
    let text = own_text::read(&path, "データの表")?;
    let header = text.lines().next().unwrap_or_default();
    Ok(header.split(',').map(|name| ColumnNote::new(name, name, "")).collect())
}
