//! The page of the area systems: which areas stand side by side in the prefecture, and how the official figures of one are given to another.

use std::collections::{BTreeMap, BTreeSet};

use minijinja::value::{Serde, Value};
use serde::Serialize;

use super::Drafter;
use super::sheet::{Named, TableView};
use crate::facts::areas::Area;
use crate::facts::reference::systems::SystemUse;
use crate::ground::artefact::Table;
use crate::ground::error::Result;
use crate::ground::numbers::{number, percent, report_year_label, thousands};

/// The official demand of one 構想区域 as one ward or municipality has it, in the first year of the forecast.
#[derive(Clone, Debug)]
struct Part {
    unit_code: String,
    medical_area_code: String,
    demand_area_code: String,
    expected_need: f64,
    receipts: f64,
    patients: f64,
}

/// How the official demand was given to the units.
#[derive(Clone, Debug, Default)]
pub struct Allocation {
    year: i64,
    parts: Vec<Part>,
}

impl Allocation {
    /// From the model `agg_unit_demand`.
    pub fn read(table: &Table) -> Result<Self> {
        let mut years = BTreeSet::new();
        for i in 0..table.len() {
            years.extend(table.int(i, "year")?);
        }
        let year = years.first().copied().unwrap_or(0);
        let mut parts = Vec::new();
        for i in 0..table.len() {
            if table.int(i, "year")? != Some(year) {
                continue;
            }
            let number = |name: &str| table.number(i, name).map(|n| n.unwrap_or(0.0));
            parts.push(Part {
                unit_code: table.text(i, "unit_code")?.to_owned(),
                medical_area_code: table.text(i, "medical_area_code")?.to_owned(),
                demand_area_code: table.text(i, "area_339_code")?.to_owned(),
                expected_need: number("expected_need")?,
                receipts: number("receipts_per_month")?,
                patients: number("patients")?,
            });
        }
        Ok(Self { year, parts })
    }

    /// The 構想区域 that an area's projected demand comes from: code, share of that 構想区域 that lies in the area, whether it is all of it.
    fn of_area(&self, area: &Area) -> Vec<(String, f64, bool)> {
        let mut found: BTreeMap<&str, (f64, f64, bool)> = BTreeMap::new();
        for part in &self.parts {
            let entry = found.entry(&part.demand_area_code).or_insert((0.0, part.receipts, true));
            if area.units.contains(&part.unit_code) {
                entry.0 += part.patients;
            } else {
                entry.2 = false;
            }
        }
        let touched = found.into_iter().filter(|(_, (patients, ..))| *patients > 0.0);
        touched.map(|(code, (patients, receipts, whole))| (code.to_owned(), patients / receipts, whole)).collect()
    }
}

#[derive(Clone, Debug, Serialize)]
pub struct SystemsPage {
    pub page: &'static str,
    pub root: &'static str,
    pub title: &'static str,
    pub prefecture: Named,
    pub report_year_label: String,
    pub simulated: bool,
    pub sentences: Vec<String>,
    pub side_by_side: Vec<TableView>,
    pub allocation: Vec<TableView>,
    pub changes: Vec<TableView>,
    pub sources: Vec<String>,
    pub generated: String,
}

/// How an area of another system lies to the areas in use.
#[derive(Clone, Debug, Serialize)]
struct Relation {
    code: String,
    name: String,
    units: usize,
    /// Areas in use that it shares units with.
    areas: Vec<Named>,
    /// `same`, `renamed` (same units, another code or name), `part` (inside one area in use) or `across`.
    kind: &'static str,
    /// Its code means other units in the system in use.
    reused: bool,
}

impl Drafter<'_> {
    /// Where the projected demand of an area comes from, for the phrases.
    pub(super) fn demand_parts(&self, area: &Area) -> Vec<serde_json::Value> {
        let system = self.reference.systems.in_use("demand_area").map_or("", |s| s.system_code.as_str());
        let parts = self.facts.allocation.of_area(area);
        let view = |(code, share, whole): (String, f64, bool)| {
            let name = self.reference.systems.name_of(system, &code);
            serde_json::json!({ "code": code, "name": name, "share": percent(share), "whole": whole, "same": area.area_code == code })
        };
        parts.into_iter().map(view).collect()
    }

    /// The page `areas/systems.html`.
    pub fn systems_page(&self) -> Result<SystemsPage> {
        let systems = &self.reference.systems;
        let used = systems.in_use("medical_area");
        let others: Vec<&SystemUse> = systems.uses.iter().filter(|u| used.is_none_or(|m| m.system_code != u.system_code)).collect();
        let compared: Vec<(&SystemUse, Vec<Relation>)> =
            used.iter().flat_map(|m| others.iter().map(|o| (*o, self.relations(&m.system_code, &o.system_code)))).collect();
        let said: Vec<serde_json::Value> = compared
            .iter()
            .map(|(system, relations)| {
                let differing: Vec<&Relation> = relations.iter().filter(|r| r.kind != "same").collect();
                serde_json::json!({ "system": system, "areas": relations.len(), "differing": differing, "reused": relations.iter().filter(|r| r.reused).collect::<Vec<_>>() })
            })
            .collect();
        let split: Vec<String> =
            self.reference.whole_municipalities().filter(|m| m.secondary_medical_area_code.is_empty()).map(|m| m.name.clone()).collect();
        let context = serde_json::json!({ "used": used, "compared": said, "split": split, "year": self.facts.allocation.year });
        let sentences = self.phrases.lines("systems", &Value::from(Serde(context)))?;
        let mut side_by_side = vec![self.unit_table(used, &others)];
        side_by_side.extend(compared.iter().filter(|(_, r)| r.iter().any(|r| r.kind != "same")).map(|(s, r)| relation_table(s, r)));
        Ok(SystemsPage {
            page: "systems",
            root: "../",
            title: "区域の体系と割り当て",
            prefecture: self.prefecture(),
            report_year_label: report_year_label(self.report_year),
            simulated: self.simulated,
            sentences,
            side_by_side,
            allocation: self.allocation_tables(),
            changes: self.change_table().into_iter().collect(),
            sources: self.sources(&["systems", "g2c"]),
            generated: format!("kyogi {}", env!("CARGO_PKG_VERSION")),
        })
    }

    /// Units of every area of a system.
    fn members(&self, system: &str) -> BTreeMap<String, BTreeSet<String>> {
        let mut areas: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for unit in self.reference.smallest_units() {
            let code = self.reference.systems.area_of(system, &unit.municipality_code);
            areas.entry(code.to_owned()).or_default().insert(unit.municipality_code.clone());
        }
        areas
    }

    fn relations(&self, used: &str, other: &str) -> Vec<Relation> {
        let (ours, theirs) = (self.members(used), self.members(other));
        let name = |system: &str, code: &str| self.reference.systems.name_of(system, code).to_owned();
        let relation = |(code, units): (&String, &BTreeSet<String>)| {
            let shared: Vec<(&String, &BTreeSet<String>)> = ours.iter().filter(|(_, o)| !o.is_disjoint(units)).collect();
            let kind = match shared[..] {
                [(c, o)] if o == units => {
                    if c == code && name(used, c) == name(other, code) {
                        "same"
                    } else {
                        "renamed"
                    }
                }
                [_] => "part",
                _ => "across",
            };
            Relation {
                code: code.clone(),
                name: name(other, code),
                units: units.len(),
                areas: shared.iter().map(|(c, _)| Named { code: (*c).clone(), name: name(used, c) }).collect(),
                kind,
                reused: ours.get(code).is_some_and(|o| o != units),
            }
        };
        theirs.iter().map(relation).collect()
    }

    fn unit_table(&self, used: Option<&SystemUse>, others: &[&SystemUse]) -> TableView {
        let systems = &self.reference.systems;
        let all: Vec<&SystemUse> = used.into_iter().chain(others.iter().copied()).collect();
        let members: Vec<BTreeMap<String, BTreeSet<String>>> = all.iter().map(|s| self.members(&s.system_code)).collect();
        let mut rows = Vec::new();
        for unit in self.reference.smallest_units() {
            let mut row = vec![format!("{} {}", unit.municipality_code, unit.name)];
            let codes: Vec<&str> = all.iter().map(|s| systems.area_of(&s.system_code, &unit.municipality_code)).collect();
            row.extend(all.iter().zip(&codes).map(|(s, code)| format!("{code} {}", systems.name_of(&s.system_code, code))));
            let first = members.first().and_then(|m| m.get(codes[0]));
            let differs: Vec<&str> = (1..all.len()).filter(|&i| members[i].get(codes[i]) != first).map(|i| all[i].system_code.as_str()).collect();
            row.push(if differs.is_empty() { "同じ".to_owned() } else { format!("{}で違う", differs.join("・")) });
            rows.push(row);
        }
        let head = std::iter::once("市区町村・区".to_owned()).chain(all.iter().map(|s| s.label.clone())).chain(["区域の範囲".to_owned()]);
        let mut table = TableView::new("市区町村・区ごとの三つの区域", head.collect(), rows);
        table.align = vec!["left"; all.len() + 2];
        table.note = all.iter().map(|s| format!("{}：{}（{}）", s.label, s.used_for, years(s))).collect::<Vec<_>>().join("。");
        table
    }

    /// The official figure of every 構想区域, shared out to areas and units: shares and sums that add up to the printed digit.
    fn allocation_tables(&self) -> Vec<TableView> {
        let Allocation { year, parts } = &self.facts.allocation;
        let demand = self.reference.systems.in_use("demand_area").map_or("", |s| s.system_code.as_str());
        let used = self.reference.systems.in_use("medical_area").map_or("", |s| s.system_code.as_str());
        let area = |system: &str, code: &str| format!("{code} {}", self.reference.systems.name_of(system, code));
        let mut by_area: BTreeMap<&str, Vec<&Part>> = BTreeMap::new();
        for part in parts {
            by_area.entry(&part.demand_area_code).or_default().push(part);
        }
        let (mut areas, mut units, mut total) = (Vec::new(), Vec::new(), 0);
        let mut sums: BTreeMap<&str, (i64, BTreeSet<&str>)> = BTreeMap::new();
        for (code, parts) in &by_area {
            let official = hundredths(parts[0].receipts);
            let printed = add_up(&parts.iter().map(|p| p.patients).collect::<Vec<_>>(), official);
            let shares = add_up(&parts.iter().map(|p| p.patients / p.receipts * 100.0).collect::<Vec<_>>(), 10_000);
            total += official;
            let mut given: BTreeMap<&str, (usize, i64, i64)> = BTreeMap::new();
            for ((part, patients), share) in parts.iter().zip(&printed).zip(&shares) {
                let name = self.reference.municipality(&part.unit_code).map_or("", |m| m.name.as_str());
                units.push(vec![
                    area(demand, code),
                    format!("{} {name}", part.unit_code),
                    number(part.expected_need),
                    format!("{}%", decimal(*share)),
                    decimal(*patients),
                    area(used, &part.medical_area_code),
                ]);
                let entry = given.entry(&part.medical_area_code).or_default();
                *entry = (entry.0 + 1, entry.1 + share, entry.2 + patients);
            }
            let sum = parts.iter().map(|p| p.expected_need).sum();
            units.push(vec![area(demand, code), "計".into(), number(sum), "100.00%".into(), decimal(official), String::new()]);
            for (medical, (n, share, patients)) in given {
                areas.push(vec![
                    area(demand, code),
                    decimal(official),
                    area(used, medical),
                    n.to_string(),
                    format!("{}%", decimal(share)),
                    decimal(patients),
                ]);
                let sum = sums.entry(medical).or_default();
                sum.0 += patients;
                sum.1.insert(code);
            }
        }
        let head = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
        areas.push(vec!["計".into(), decimal(total), String::new(), parts.len().to_string(), String::new(), decimal(total)]);
        let mut summed: Vec<Vec<String>> = sums
            .iter()
            .map(|(medical, (patients, from))| {
                vec![area(used, medical), from.iter().map(|c| area(demand, c)).collect::<Vec<_>>().join("、"), decimal(*patients)]
            })
            .collect();
        summed.push(vec!["計".into(), String::new(), decimal(total)]);
        let mut first = TableView::new(
            format!("構想区域の公式の見込みを割り当てた二次医療圏（{year}年度）"),
            head(&["構想区域", "公式の見込み（件/月）", "二次医療圏", "市区町村・区の数", "構想区域の中の割合", "割り当てた需要（人/月）"]),
            areas,
        );
        first.note = "構想区域の公式の見込みを、市区町村・区の期待される必要量の割合で分け、二次医療圏ごとに合計しました。端数は、合計が公式の見込みと合うように丸めています。".into();
        let second =
            TableView::new(format!("二次医療圏ごとの合計（{year}年度）"), head(&["二次医療圏", "もとの構想区域", "現状投影の需要（人/月）"]), summed);
        let third = TableView::new(
            format!("市区町村・区への割り当て（{year}年度）"),
            head(&["構想区域", "市区町村・区", "期待される必要量（人/月）", "構想区域の中の割合", "割り当てた需要（人/月）", "二次医療圏"]),
            units,
        );
        let mut tables = vec![first, second, third];
        tables[0].align = ["left", "right", "left", "right", "right", "right"].to_vec();
        tables[1].align = ["left", "left", "right"].to_vec();
        tables[2].align = ["left", "left", "right", "right", "right", "left"].to_vec();
        tables
    }

    /// Codes of earlier years that became codes of this prefecture.
    fn change_table(&self) -> Option<TableView> {
        let ours = self.reference.code_changes.iter().filter(|c| self.reference.municipality(&c.new_code).is_some());
        let relation = |r: &str| if r == "part" { "一部" } else { "全部" };
        let rows: Vec<Vec<String>> = ours
            .map(|c| {
                let (old, new) = (format!("{} {}", c.old_code, c.old_name), format!("{} {}", c.new_code, c.new_name));
                vec![old, new, relation(&c.relation).to_owned(), c.note.clone(), crate::ground::numbers::wareki_date(&c.effective_on)]
            })
            .collect();
        if rows.is_empty() {
            return None;
        }
        let head = ["古いコード", "今のコード", "範囲", "内容", "変わった日"].map(str::to_owned).to_vec();
        let mut table = TableView::new("市区町村コードの変更", head, rows);
        table.align = vec!["left"; 5];
        Some(table)
    }
}

fn relation_table(system: &SystemUse, relations: &[Relation]) -> TableView {
    let kind = |r: &Relation| match r.kind {
        "same" => "同じ",
        "renamed" => "範囲は同じで、コード又は名前が違う",
        "part" => "二次医療圏の一部",
        _ => "複数の二次医療圏にまたがる",
    };
    let rows = relations.iter().map(|r| {
        let areas: Vec<String> = r.areas.iter().map(|a| format!("{} {}", a.code, a.name)).collect();
        let reused = if r.reused { "同じコードが別の範囲を指す" } else { "" };
        vec![format!("{} {}", r.code, r.name), thousands(r.units as i64), areas.join("、"), kind(r).to_owned(), reused.to_owned()]
    });
    let head = ["区域", "市区町村・区の数", "この資料の二次医療圏", "関係", "コード"].map(str::to_owned).to_vec();
    let mut table = TableView::new(format!("{}と、この資料の二次医療圏", system.label), head, rows.collect());
    table.align = ["left", "right", "left", "left", "left"].to_vec();
    table
}

fn years(system: &SystemUse) -> String {
    system.to_year.map_or_else(|| format!("{}年度から", system.from_year), |to| format!("{}〜{to}年度", system.from_year))
}

fn hundredths(value: f64) -> i64 {
    (value * 100.0).round() as i64
}

/// 123456 → 1,234.56
fn decimal(hundredths: i64) -> String {
    format!("{}.{:02}", thousands(hundredths / 100), hundredths % 100)
}

/// Values in hundredths that add up to `total`: rounded down, the largest remainders up.
fn add_up(values: &[f64], total: i64) -> Vec<i64> {
    let mut rounded: Vec<i64> = values.iter().map(|v| (v * 100.0 + 1e-6).floor() as i64).collect();
    let missing = total - rounded.iter().sum::<i64>();
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| (values[b] * 100.0).fract().total_cmp(&(values[a] * 100.0).fract()).then(a.cmp(&b)));
    for &i in order.iter().cycle().take(usize::try_from(missing).unwrap_or(0)) {
        rounded[i] += 1;
    }
    rounded
}
