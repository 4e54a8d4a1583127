//! Why a facility has a function or not: status, rule with source, deciding cells, and what is missing; where a figure comes from.

mod names;
pub mod rows;

use crate::facts::finding::status_label;
use std::fmt::Write as _;
use std::path::Path;

use crate::aggregate::figure::{FigureValue, Indicator};
use crate::draft::book::NO_COVERAGE;
use crate::draft::sentence::{Measure, Sentences};
use crate::facts::areas;
use crate::facts::council::Council;
use crate::facts::dictionary::Dictionary;
use crate::facts::local::{self, Terms};
use crate::facts::rules::Rules;
use crate::facts::workspace::Workspace;
use crate::ground::artefact::Table;
use crate::ground::error::{Error, Result};
use crate::ground::place;
use crate::ground::stage;
use crate::packet::Manifest;
use crate::pages::method;

/// The answer to what is asked on the command line: a facility, or the terms of a figure.
pub fn answer(workspace: &Workspace, packet: &Path, asked: &[String], rows: Option<&Path>) -> Result<String> {
    match asked {
        [facility_id] if !facility_id.contains('=') && rows.is_some() => {
            Err(Error::new(format!("--rows は数値の出どころのときだけ使えます（指定は医療機関ID「{facility_id}」）"))
                .next("例：kyogi explain 作業フォルダー area=31201 indicator=home_care_gap --rows 行.csv"))
        }
        [facility_id] if !facility_id.contains('=') => facility(workspace, packet, facility_id),
        terms => figure(workspace, packet, terms, rows),
    }
}

/// The explanation of one facility, by its ID or its name in the facility master, from the packet in `packet`.
pub fn facility(workspace: &Workspace, packet: &Path, said: &str) -> Result<String> {
    let year = workspace.settings.report_year;
    let stages = packet.join("stages");
    let functions_path = stages.join("determine/det_functions.parquet");
    if !functions_path.exists() {
        return Err(Error::new("資料がまだありません").file(packet).next("先に kyogi run を実行してください"));
    }
    let functions = Table::read_parquet("det_functions", &functions_path)?;
    let facility_id = &names::facility(workspace, &functions, said)?;
    let mut rows = Vec::new();
    for i in 0..functions.len() {
        if functions.text(i, "facility_id")? == facility_id.as_str() {
            rows.push(i);
        }
    }
    let Some(&first) = rows.first() else {
        return Err(Error::new(format!("医療機関ID「{facility_id}」がこの資料にありません"))
            .next("data/facility_status.csv にある facility_id か、名簿（facility_master）にある名前を指定してください"));
    };
    let row_no = functions.int(first, "row_no")?.unwrap_or(0);
    let evidence = evidence(&stages, year, row_no)?;
    let (dictionary, rules) = (Dictionary::load_in(year, Some(&workspace.root))?, Rules::load_in(year, Some(&workspace.root))?);
    let (kind, place) = (functions.text(first, "facility_type")?, functions.text(first, "unit_code")?);
    let kind = dictionary.choices_of("facility_type").find(|c| c.mode == kind).map_or("種別不明", |c| c.label.as_str());
    let mut out = format!("医療機関 {facility_id}（{kind}、市区町村コード {}、抽出ファイルの {row_no} 行目）\n", or_dash(place));
    for i in rows {
        explain_function(&mut out, &functions, i, &evidence, &dictionary, &rules)?;
    }
    Ok(out)
}

fn explain_function(out: &mut String, functions: &Table, i: usize, evidence: &Table, dictionary: &Dictionary, rules: &Rules) -> Result<()> {
    let code = functions.text(i, "function_code")?;
    let (literal, core) = (functions.text(i, "status_literal")?, functions.text(i, "status_core")?);
    let function = dictionary.function(code).ok_or_else(|| Error::new(format!("機能 {code} が項目辞書にありません")))?;
    writeln!(out, "\n■ {} {}：{}", function.label, function.theme, status_label(literal)).ok();
    if core != literal {
        writeln!(out, "  実質：{}（「実質」に数えない項目だけによる：{}）", status_label(core), function.not_core).ok();
    }
    if let Some(rule) = rules.get(functions.text(i, "rule_code")?) {
        writeln!(out, "  規則：{}〔{}、確かさ {}〕", rule.label, rule.source, rule.confidence).ok();
    }
    let cells = |wanted: &dyn Fn(bool) -> bool| -> Result<Vec<String>> {
        let mut found = Vec::new();
        for e in 0..evidence.len() {
            if evidence.text(e, "function_code")? == code && wanted(evidence.flag(e, "is_positive")?) {
                found.push(evidence.text(e, "evidence")?.to_owned());
            }
        }
        Ok(found)
    };
    let mut list = |title: &str, items: Vec<String>| {
        if !items.is_empty() {
            writeln!(out, "  {title}：").ok();
            for item in items {
                writeln!(out, "    ・{item}").ok();
            }
        }
    };
    match literal {
        "yes" => list("根拠のセル", cells(&|positive| positive)?),
        "no" | "undetermined" if functions.text(i, "rule_code")? != "g2_gate_undetermined" => {
            let missing = cells(&|positive| !positive)?;
            let title = if code == "g1" {
                "足りないもの（すべて必要）"
            } else {
                "足りないもの（どれか一つで「あり」になる）"
            };
            list(title, missing);
        }
        "not_applicable" => list("参考：2号の項目への回答（判定には使わない）", cells(&|positive| positive)?),
        _ => {}
    }
    match functions.text(i, "intention_origin")? {
        "" => {}
        origin => {
            let origin = match origin {
                "item" => "2号の項目の「意向有り」",
                "other" => "その他の「今後担う意向」",
                _ => "2号の項目と「今後担う意向」の両方",
            };
            writeln!(out, "  意向：あり（{origin}）").ok();
        }
    }
    let reason = functions.text(i, "override_reason")?;
    if !reason.is_empty() {
        let (before, date, by) =
            (functions.text(i, "status_before_override")?, functions.text(i, "override_date")?, functions.text(i, "override_by")?);
        let signed = [date, by].into_iter().filter(|t| !t.is_empty()).collect::<Vec<_>>().join("、");
        writeln!(out, "  判定の上書き：{reason}（{signed}）。もとの判定：{}", status_label(before)).ok();
    }
    let auto = functions.text(i, "auto_status")?;
    if functions.flag(i, "auto_differs")? {
        writeln!(out, "  G-MIS 自動判定：{}（回答からの判定と違います）", status_label(auto)).ok();
    }
    Ok(())
}

/// Why a figure is not given, where `figures_absent` says so.
fn absent(packet: &Path, wanted: [&str; 3]) -> Result<Option<String>> {
    let table = Table::read_parquet("figures_absent", &packet.join("stages/aggregate/figures_absent.parquet"))?;
    for i in 0..table.len() {
        if [table.text(i, "area_code")?, table.text(i, "indicator_code")?, table.text(i, "breakdown")?] == wanted {
            return Ok(Some(table.text(i, "reason")?.to_owned()));
        }
    }
    Ok(None)
}

/// Where a figure of an area comes from: value, formula, models, rule rows, the inputs by hash, and the rows of the extract.
/// All of the rows go to the CSV file `rows_to`, where it is named.
pub fn figure(workspace: &Workspace, packet: &Path, terms: &[String], rows_to: Option<&Path>) -> Result<String> {
    let year = workspace.settings.report_year;
    let term = |name: &str| terms.iter().find_map(|t| t.strip_prefix(name).and_then(|t| t.strip_prefix('='))).unwrap_or("");
    let term = |name: &str, word: &str| if term(name).is_empty() { term(word) } else { term(name) };
    let (area, indicator, breakdown) = (term("area", "区域"), term("indicator", "指標"), term("breakdown", "内訳"));
    if area.is_empty() || indicator.is_empty() {
        return Err(Error::new("area（区域）と indicator（指標）が要ります")
            .next("例：kyogi explain 作業フォルダー area=鳥取市 indicator=24時間対応の医療機関（コードでも書けます：area=31201 indicator=home_care_24h_facilities）"));
    }
    let path = packet.join("data/figures.parquet");
    if !path.exists() {
        return Err(Error::new("資料がまだありません").file(packet).next("先に kyogi run を実行してください"));
    }
    let figures = Table::read_parquet("figures", &path)?;
    let all = Indicator::all(local::rates_word(Some(&workspace.root))?)?;
    let named = names::Named::of(workspace, &all)?;
    let area_code = named.area(area)?;
    let area = area_code.as_str();
    let i = match named.row(&figures, &names::Said { area, indicator, breakdown })? {
        Ok(row) => row,
        Err(unknown) => {
            let codes = named.codes(indicator, breakdown)?;
            if let Some(reason) = absent(packet, [area, &codes.0, &codes.1])? {
                return Ok(format!("■ 区域 {area} の指標 {indicator} {breakdown} は、出していません\n  理由：{reason}\n"));
            }
            return Err(unknown);
        }
    };
    let (indicator, breakdown) = (figures.text(i, "indicator_code")?, figures.text(i, "breakdown")?);
    let (dictionary, rules) = (Dictionary::load_in(year, Some(&workspace.root))?, Rules::load_in(year, Some(&workspace.root))?);
    let chain = method::chain(Indicator::find(&all, &Indicator::key(indicator, breakdown))?, &rules, &method::models(year)?)?;
    let value = FigureValue::read(&figures, i)?;
    let int = |name: &str| figures.int(i, name).map(Option::unwrap_or_default);
    let measure = Measure::read(&figures, i)?;
    let reference = workspace.reference()?;
    let council = Council::load(&workspace.root, &reference, &dictionary)?;
    let areas = areas::all(&reference, &council);
    let name = areas.iter().find(|a| a.level == measure.level && a.area_code == area).map_or(area, |a| a.name.as_str());
    let words = Terms::of(&rules, &reference, Some(&workspace.root))?;
    let sentences = Sentences::new(&dictionary, &|path: &str| workspace.override_of(path), &words)?;
    let mut out = String::new();
    writeln!(out, "■ {name}（{area}）：{}＝{}{}", chain.label, value.text(&chain.unit), chain.unit).ok();
    writeln!(out, "  読み上げ：{}", sentences.whole(name, &measure)?).ok();
    // population, projections and the like do not rest on reports
    let covered = figures.int(i, "expected")?.zip(figures.int(i, "reported")?);
    let coverage = covered.map_or_else(|| NO_COVERAGE.to_owned(), |(expected, reported)| format!("{expected}施設のうち{reported}施設"));
    writeln!(out, "  報告：{coverage}").ok();
    let wide = [
        ("階級で答えた施設", int("n_banded")?),
        ("上限なしの階級", int("n_open_top")?),
        ("秘匿", int("n_masked")?),
        ("未報告", covered.map_or(0, |(expected, reported)| expected - reported)),
    ];
    let wide: Vec<String> = wide.iter().filter(|(_, n)| *n > 0).map(|(what, n)| format!("{what} {n}")).collect();
    writeln!(out, "  幅と不足のもと：{}", if wide.is_empty() { "なし".to_owned() } else { wide.join("、") }).ok();
    let lists = rows::lists(&packet.join("stages"), year, &measure)?;
    rows::tell(&mut out, &lists, &measure)?;
    if let Some(path) = rows_to {
        let list = lists.iter().find(|l| l.of_reports()).or(lists.first());
        let list = list.ok_or_else(|| Error::new("この数値は報告の行を使っていないので、書くものがありません").next("--rows を省いてください"))?;
        place::create(path, &list.table.csv_bytes()?)?;
        writeln!(out, "  すべての行（{} 行）を書きました：{}", list.table.len(), path.display()).ok();
    }
    writeln!(out, "  式：{}", chain.formula).ok();
    writeln!(out, "  出典：{}", chain.source).ok();
    writeln!(out, "  想定：{}", chain.assumption).ok();
    writeln!(out, "  変わるとき：{}", chain.what_changes).ok();
    sources(&mut out, &chain, &Manifest::read(packet)?);
    Ok(out)
}

/// Models, rule rows, and the inputs with their hashes: for who wants to check everything.
fn sources(out: &mut String, chain: &method::IndicatorView, manifest: &Manifest) {
    writeln!(out, "  モデル：{}", chain.models.join(" ← ")).ok();
    for rule in &chain.rules {
        let value = rule.value.map_or_else(String::new, |v| format!("＝{v}{}", rule.unit));
        writeln!(out, "  規則：{}{value}〔{}、確かさ {}〕", rule.label, rule.source, rule.confidence).ok();
    }
    for table in manifest.reference.iter().filter(|t| chain.tables.contains(&format!("ref_{}", t.table_name))) {
        let origin = if table.origin == "built_in" { "内蔵" } else { "作業フォルダー" };
        writeln!(
            out,
            "  参照表：{} {}「{}」（{}、{origin}）SHA-256 {}",
            table.table_name, table.publisher, table.dataset, table.as_of, table.table_sha256
        )
        .ok();
    }
    for input in &manifest.inputs {
        writeln!(out, "  入力：{} SHA-256 {}", input["file_name"].as_str().unwrap_or(""), input["sha256"].as_str().unwrap_or("")).ok();
    }
    for table in &chain.tables {
        let file = ["ingest", "reference"].iter().find_map(|stage| manifest.outputs.get_key_value(&format!("stages/{stage}/{table}.parquet")));
        let hash = file.map_or_else(String::new, |(file, hash)| format!("（{file}）SHA-256 {hash}"));
        writeln!(out, "  もとの表：{table}{hash}").ok();
    }
}

/// All items that could decide for this facility, with what was answered: the model of `sql/explain`.
fn evidence(stages: &Path, report_year: i32, row_no: i64) -> Result<Table> {
    let asked = Table::from_csv("asked", &format!("row_no\n{row_no}\n"))?;
    stage::again(stages, ("explain", "exp_evidence"), &[asked], report_year)
}

fn or_dash(text: &str) -> &str {
    if text.is_empty() { "―" } else { text }
}
