//! Stage 7, publish: meeting records of the work folder become 協議結果公表シート. Only what people wrote appears.

use std::path::Path;

use serde::Deserialize;

use crate::areas::Area;
use crate::dictionary::{Dictionary, Function};
use crate::draft::Drafter;
use crate::draft::sheet::{Labelled, ResultItem, ResultPart, ResultSheet, TableView};
use crate::draft::words::{percent_or_dash, report_year_label, thousands, wareki_date};
use crate::error::{Error, Result};
use crate::ingest::cells;

/// A meeting record as people write it (`records/*.toml`).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    pub area_code: String,
    pub function: String,
    pub held_on: String,
    pub published_on: String,
    pub agenda: String,
    pub participants: Vec<String>,
    pub issues: Vec<String>,
    #[serde(default)]
    pub vision: Vec<String>,
    #[serde(default)]
    pub effects: Vec<String>,
    #[serde(default)]
    pub causes: Vec<Cause>,
    #[serde(default)]
    pub measures: Vec<Measure>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cause {
    /// 医療側, 介護側, 住民側 …
    #[serde(default)]
    pub view: String,
    pub text: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measure {
    pub text: String,
    #[serde(default)]
    pub role: String,
    #[serde(default)]
    pub deadline: String,
    #[serde(default)]
    pub indicator: String,
}

/// Reads every record of a folder, in name order; a folder that does not exist has none.
pub fn records(folder: &Path) -> Result<Vec<(String, Record)>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .map_err(|e| Error::io("協議の記録のフォルダーを読めません", folder, &e))?
        .flatten()
        .map(|e| e.path())
        .filter(|p| p.extension().is_some_and(|e| e == "toml"))
        .collect();
    paths.sort();
    paths
        .iter()
        .map(|path| {
            let text = std::fs::read_to_string(path).map_err(|e| Error::io("協議の記録を読めません", path, &e))?;
            let name = path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
            Ok((name, parse(&text).map_err(|e| e.file(path))?))
        })
        .collect()
}

/// One record; dates are checked, because a wrong one would be published.
pub fn parse(text: &str) -> Result<Record> {
    let record: Record = toml::from_str(text).map_err(|e| {
        let line = e.span().map_or(1, |s| text[..s.start].matches('\n').count() + 1);
        Error::new(format!("協議の記録を読めません：{}", e.message()))
            .at(format!("{line} 行目"))
            .next("書き方は records フォルダーの見本を見てください")
    })?;
    for (name, date) in [("held_on", &record.held_on), ("published_on", &record.published_on)] {
        if cells::date(date).as_ref() != Some(date) {
            return Err(Error::new(format!("{name} の日付「{date}」が正しくありません")).next("2026-08-20 の形で書いてください"));
        }
    }
    if record.published_on < record.held_on {
        return Err(Error::new("published_on（公表日）が held_on（開催日）より前です").next("日付を直してください"));
    }
    if record.issues.iter().all(|i| i.trim().is_empty()) {
        return Err(Error::new("issues（地域の具体的な課題）が空です").next("合意した課題を一つ以上書いてください"));
    }
    Ok(record)
}

/// The sheet of one record.
pub fn result_sheet(name: &str, record: &Record, areas: &[Area], dictionary: &Dictionary, drafter: &Drafter<'_>) -> Result<ResultSheet> {
    let unknown = |what: String, next: &str| Error::new(what).at(format!("records/{name}")).next(next);
    let area = areas.iter().find(|a| a.area_code == record.area_code).ok_or_else(|| {
        unknown(
            format!("区域コード「{}」が分かりません", record.area_code),
            "市区町村（5桁）、二次医療圏（4桁）、都道府県（2桁）のコードを書いてください",
        )
    })?;
    let function = dictionary
        .function(&record.function)
        .ok_or_else(|| unknown(format!("機能「{}」が分かりません", record.function), "g1、g2a、g2b、g2c、g2d のどれかを書いてください"))?;
    Ok(ResultSheet {
        result_id: format!("{}_{}_{}", area.area_code, function.function_code, record.held_on),
        root: "../",
        title: "かかりつけ医機能報告を踏まえた協議結果について".into(),
        date_label: wareki_date(&record.published_on),
        prefecture: drafter.prefecture(),
        simulated: drafter.simulated,
        report_year: drafter.report_year,
        report_year_label: report_year_label(drafter.report_year),
        overview: overview(record, area),
        parts: parts(record),
        figures: vec![figures(area, function, drafter)?],
        notes: Vec::new(),
        sources: drafter.sources(&[]),
    })
}

fn overview(record: &Record, area: &Area) -> Vec<Labelled> {
    let line = |label: &str, value: String| Labelled { label: label.into(), value };
    vec![
        line("開催日", wareki_date(&record.held_on)),
        line("協議事項", record.agenda.clone()),
        line("協議区域", area.name.clone()),
        line("関係者・参加者", record.participants.join("、")),
    ]
}

fn parts(record: &Record) -> Vec<ResultPart> {
    let plain = |texts: &[String]| texts.iter().map(|t| ResultItem { text: t.clone(), ..ResultItem::default() }).collect();
    let part = |no, title: &str, items| ResultPart { no, title: title.into(), items };
    let causes = record.causes.iter().map(|c| ResultItem { mark: c.view.clone(), text: c.text.clone(), ..ResultItem::default() }).collect();
    let measures = record
        .measures
        .iter()
        .enumerate()
        .map(|(i, m)| ResultItem {
            mark: format!("方策{}", circled(i)),
            text: m.text.clone(),
            role: m.role.clone(),
            deadline: wareki_date(&m.deadline),
            indicator: m.indicator.clone(),
        })
        .collect();
    vec![
        part(1, "地域の具体的な課題", plain(&record.issues)),
        part(2, "様々な視点から考えられる原因", causes),
        part(3, "地域で目指すべき姿", plain(&record.vision)),
        part(4, "方策", measures),
        part(5, "方策により期待できる効果", plain(&record.effects)),
    ]
}

/// ① to ⑳, then (21) …
fn circled(index: usize) -> String {
    match u32::try_from(index).ok().filter(|i| *i < 20).and_then(|i| char::from_u32('①' as u32 + i)) {
        Some(c) => c.to_string(),
        None => format!("({})", index + 1),
    }
}

/// The figures that the council had before it; counts of facilities only.
fn figures(area: &Area, function: &Function, drafter: &Drafter<'_>) -> Result<TableView> {
    let s = drafter.facts.summary(area, &function.function_code)?;
    let row = |label: &str, value: String| vec![label.to_owned(), value];
    let rate = (s.facilities_expected > 0).then(|| s.facilities_reported as f64 / s.facilities_expected as f64);
    Ok(TableView::new(
        format!("参考：{}の{}（{}）", area.name, function.label, function.theme),
        vec!["区分".into(), "医療機関数".into()],
        vec![
            row("報告の対象", thousands(s.facilities_expected)),
            row("報告した医療機関", format!("{}（{}）", thousands(s.facilities_reported), percent_or_dash(rate))),
            row("機能あり（少なくとも）", thousands(s.positive_literal)),
            row("機能あり（多くとも）", thousands(s.positive_high())),
            row("意向あり", thousands(s.intending)),
        ],
    ))
}
