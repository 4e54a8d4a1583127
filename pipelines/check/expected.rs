//! Who should report and who has: the unreported, the rates, and the extract against a facility master.

use std::collections::{BTreeMap, BTreeSet};

use super::listing::Listing;
use super::lists::{Known, NOT_LISTED, RATES, Source, UNREPORTED, fields};
use super::master::{Master, is_inside, units_of};
use crate::facts::workspace::level_label;
use crate::ground::error::Result;
use crate::ground::numbers::percent;
use crate::ground::spreadsheet::Value;

/// A facility of the extract.
pub(super) struct Facility {
    id: String,
    municipality_code: String,
    /// Smallest units of its place.
    units: Vec<String>,
    is_reported: bool,
}

impl Source<'_> {
    /// The facilities of the extract, by municipality and ID.
    pub(super) fn expected(&self) -> Result<Vec<Facility>> {
        let table = self.table("determine", "det_functions")?;
        let mut facilities = Vec::new();
        for i in 0..table.len() {
            let text = |name: &str| table.text(i, name).map(str::to_owned);
            if text("function_code")? == "g1" {
                let units = units_of(&text("unit_code")?, self.areas);
                let is_reported = text("status_literal")? != "not_reported";
                facilities.push(Facility { id: text("facility_id")?, municipality_code: text("municipality_code")?, units, is_reported });
            }
        }
        facilities.sort_by(|a, b| (&a.municipality_code, &a.id).cmp(&(&b.municipality_code, &b.id)));
        Ok(facilities)
    }

    /// Whether a facility of the extract is missing in a master that knows IDs.
    fn is_not_listed(&self, facility: &Facility) -> bool {
        self.master.and_then(|m| m.has(&facility.id)) == Some(false)
    }

    pub(super) fn unreported(&self, known: &Known, expected: &[Facility]) -> Listing {
        let mut about = "報告がまだの医療機関です。督促した日と担当を書いてください（次の実行に引き継ぎます）。".to_owned();
        let mut rows: Vec<(String, String, &str)> = Vec::new();
        for f in expected.iter().filter(|f| !f.is_reported) {
            let origin = if self.is_not_listed(f) { "抽出ファイルで未報告（名簿にない）" } else { "抽出ファイルで未報告" };
            rows.push((f.municipality_code.clone(), f.id.clone(), origin));
        }
        if let Some(master) = self.master {
            about += &master.how;
            rows.extend(master.missing.iter().map(|e| (e.municipality_code.clone(), e.id.clone(), "名簿にあり、抽出ファイルにない")));
        }
        rows.sort();
        let mut list = Listing::new(UNREPORTED, fields(UNREPORTED), about);
        for (code, id, origin) in rows {
            let kind = known.kind.get(&id).cloned().unwrap_or_default();
            let name = self.name(&id);
            list.push(vec![id.into(), name.into(), code.as_str().into(), self.area(&code).into(), kind.into(), origin.into()]);
        }
        list
    }

    pub(super) fn rates(&self, facilities: &[Facility]) -> Result<Listing> {
        let summary = self.table("aggregate", "area_summary")?;
        let mut about = "区域ごとの報告率です。「報告率」は、抽出ファイルの医療機関を分母とします。".to_owned();
        if let Some(master) = self.master {
            about += "「報告率（名簿）」は、名簿（facility_master）の医療機関を分母とします。";
            about += if master.knows_ids() {
                "その分子は、名簿にある医療機関の報告だけです。名簿との差は、「名簿だけ」（抽出ファイルにない）から「抽出だけ」（名簿にない）を引いたものです（所在地が名簿と抽出ファイルで違えば、ずれます）。"
            } else {
                "IDで照合できないため、その分子は抽出ファイルの報告の数です（名簿の数をこえるときは「―」）。"
            };
        }
        let mut list = Listing::new(RATES, fields(RATES), about);
        let mut rows = BTreeMap::new();
        for i in 0..summary.len() {
            if summary.text(i, "function_code")? == "g1" {
                rows.insert((summary.text(i, "level")?, summary.text(i, "area_code")?), i);
            }
        }
        let rate = |reported: i64, of: i64| if of > 0 && reported <= of { percent(reported as f64 / of as f64) } else { "―".into() };
        let reporting: BTreeSet<String> = facilities.iter().filter(|f| f.is_reported).map(|f| f.id.clone()).collect();
        for area in self.areas {
            let (level, code) = (area.level.as_str(), area.area_code.as_str());
            let Some(&i) = rows.get(&(level, code)) else { continue };
            let expected = summary.int(i, "facilities_expected")?.unwrap_or(0);
            let reported = summary.int(i, "facilities_reported")?.unwrap_or(0);
            let mut row: Vec<Value> = vec![level_label(level).into(), code.into(), self.area(code).into()];
            row.extend([Value::from(expected), reported.into(), (expected - reported).into(), rate(reported, expected).into()]);
            if let Some(master) = self.master {
                let listed = master.count(area);
                let only_master = master.only_here(area);
                let only_extract =
                    only_master.map(|_| facilities.iter().filter(|f| self.is_not_listed(f) && is_inside(area, &f.units)).count() as i64);
                let in_master = master.among(area, &reporting).unwrap_or(reported);
                row.extend([Value::from(listed), (listed - expected).into(), only_master.into(), only_extract.into()]);
                row.push(rate(in_master, listed).into());
            }
            list.push(row);
        }
        Ok(list)
    }

    /// Facilities of the extract that a master does not have.
    pub(super) fn not_listed(&self, known: &Known, expected: &[Facility]) -> Listing {
        let about = match self.master.map(Master::knows_ids) {
            None => "名簿がないため、比べていません（kyogi.toml の facility_master に書くと比べます）。",
            Some(false) => "名簿と抽出ファイルのIDが照合できないため、どの医療機関かは分かりません。",
            Some(true) => "抽出ファイルにあり、名簿にない医療機関です。新しく開いた医療機関か、名簿の日付か、IDの違いかを確かめてください。",
        };
        let mut list = Listing::new(NOT_LISTED, fields(NOT_LISTED), about);
        for f in expected.iter().filter(|f| self.is_not_listed(f)) {
            let kind = known.kind.get(&f.id).map_or("", String::as_str);
            let reported = if f.is_reported { "報告済" } else { "未報告" };
            let (code, area) = (f.municipality_code.as_str(), self.area(&f.municipality_code));
            list.push([f.id.as_str(), code, &area, kind, reported, "抽出ファイルにあり、名簿にない"].map(Value::from).into());
        }
        list
    }
}
