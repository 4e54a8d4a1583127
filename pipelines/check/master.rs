//! A facility master (such as the list of the 厚生局): how many facilities should report, and which of them are not in the extract.
//!
//! The extract is anonymised, so most masters can only be compared by number per municipality; the report says how it was matched.

use crate::ground::text;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use serde::Deserialize;

use crate::facts::areas::Area;
use crate::facts::dictionary::read_csv;
use crate::facts::reference::{Municipality, Reference};
use crate::ground::error::{Error, Result};
use crate::ingest::grid;

/// One facility of the master.
#[derive(Clone, Debug, Default)]
pub struct Entry {
    pub id: String,
    pub name: String,
    pub municipality_code: String,
    /// Smallest units of its place: its ward or municipality, all wards where only the city is known; empty when nothing is.
    units: Vec<String>,
}

/// The master against the facilities of a run.
pub struct Master {
    entries: Vec<Entry>,
    names: HashMap<String, String>,
    /// In the master and not in the extract; empty where IDs do not match.
    pub missing: Vec<Entry>,
    /// Facilities of the extract that stand in the master, with the smallest units of their place there; `None` where IDs do not match.
    matched: Option<BTreeMap<String, Vec<String>>>,
    counts: BTreeMap<(String, String), i64>,
    /// How it was matched, for people.
    pub how: String,
}

#[derive(Deserialize)]
struct HeaderRow {
    field: String,
    header: String,
}

/// Columns of a master by field.
type Columns = BTreeMap<String, usize>;

/// Reads a CSV or XLSX master and matches it with the facilities of the extract.
pub fn read(path: &Path, reference: &Reference, areas: &[Area], facility_ids: &BTreeSet<String>) -> Result<Master> {
    let rows = rows_of(path)?;
    let (columns, first) = columns(&rows, reference).map_err(|e| e.file(path))?;
    let mut entries: BTreeMap<String, Entry> = BTreeMap::new();
    let (mut elsewhere, mut unplaced) = (0, 0);
    for row in &rows[first..] {
        let cell = |field: &str| columns.get(field).and_then(|&c| row.get(c)).map_or_else(String::new, |t| text::fold(t));
        let id = Some(cell("facility_id")).filter(|t| !t.is_empty()).unwrap_or_else(|| cell("code7"));
        if id.is_empty() {
            continue;
        }
        if is_elsewhere(&cell("prefecture_code"), &id, reference) {
            elsewhere += 1;
            continue;
        }
        let place = place_of(&cell("municipality_code"), &cell("address"), reference);
        // the same facility stands on several rows of the 届出受理名簿
        if !entries.contains_key(&id) && place.is_none() {
            unplaced += 1;
        }
        let (units, municipality_code) = place.map_or_else(Default::default, |m| (units_of(&m.municipality_code, areas), whole(m)));
        entries.entry(id.clone()).or_insert(Entry { id, name: cell("name"), municipality_code, units });
    }
    if entries.is_empty() {
        return Err(Error::new(format!("名簿に{}の医療機関がありません", reference.prefecture.name))
            .file(path)
            .next("kyogi.toml の facility_master に、この都道府県の名簿を書いてください"));
    }
    let entries: Vec<Entry> = entries.into_values().collect();
    Ok(Master::matched(entries, areas, facility_ids, elsewhere, unplaced))
}

impl Master {
    fn matched(entries: Vec<Entry>, areas: &[Area], facility_ids: &BTreeSet<String>, elsewhere: usize, unplaced: usize) -> Self {
        // the code of seven digits at the end of a longer ID, where that is unique
        let mut by_end: HashMap<&str, Vec<&String>> = HashMap::new();
        for id in facility_ids.iter().filter(|id| id.is_ascii() && id.len() > 7) {
            by_end.entry(&id[id.len() - 7..]).or_default().push(id);
        }
        let ends = |id: &str| by_end.get(id).filter(|v| v.len() == 1).map(|v| v[0].clone());
        let whole = entries.iter().filter(|e| facility_ids.contains(&e.id)).count();
        let by_suffix = entries.iter().filter(|e| ends(&e.id).is_some()).count();
        // a chance agreement of a few numbers is no match
        let use_suffix = whole * 2 < entries.len() && by_suffix * 2 > entries.len();
        let matched = |e: &Entry| if use_suffix { ends(&e.id) } else { facility_ids.get(&e.id).cloned() };
        let names: HashMap<String, String> = entries.iter().filter_map(|e| matched(e).map(|id| (id, e.name.clone()))).collect();
        let is_matched = names.len() * 2 > entries.len();
        let missing: Vec<Entry> = if is_matched { entries.iter().filter(|e| matched(e).is_none()).cloned().collect() } else { Vec::new() };
        let how = if is_matched {
            let way = if use_suffix { "IDの終わりの7桁" } else { "ID" };
            format!(
                "名簿の{}件のうち{}件を{way}で照合しました。残りの{}件は、名簿にあり抽出ファイルにない医療機関です。",
                entries.len(),
                names.len(),
                missing.len()
            )
        } else {
            format!(
                "名簿の{}件は、抽出ファイルの匿名化されたIDと照合できません（IDで一致したのは{}件）。市区町村ごとの数だけを「報告率」で比べています。",
                entries.len(),
                names.len()
            )
        };
        let in_no_medical_area = |e: &&Entry| !e.units.is_empty() && !areas.iter().any(|a| a.level == "medical_area" && is_inside(a, &e.units));
        let more = [
            (elsewhere, "ほかの都道府県の行は使っていません"),
            (unplaced, "所在地から市区町村が分からない医療機関は、都道府県の合計だけに数えています"),
            (entries.iter().filter(in_no_medical_area).count(), "所在地から二次医療圏が決まらない医療機関は、市区町村と都道府県だけに数えています"),
        ];
        let more = more.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{what}（{n}件）。")).collect::<String>();
        let found = entries.iter().filter_map(|e| matched(e).map(|id| (id, e.units.clone()))).collect();
        let names = if is_matched { names } else { HashMap::new() };
        let counts = areas.iter().map(|a| ((a.level.clone(), a.area_code.clone()), count(&entries, a))).collect();
        Self { entries, names, missing, matched: is_matched.then_some(found), counts, how: how + &more }
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub fn name_of(&self, facility_id: &str) -> Option<&str> {
        self.names.get(facility_id).map(String::as_str).or_else(|| self.missing.iter().find(|e| e.id == facility_id).map(|e| e.name.as_str()))
    }

    /// The facility of the extract that is named by its ID or by its name here; a text that is neither is given back as it is.
    ///
    /// # Errors
    /// Several facilities have the name.
    pub fn id_of(&self, said: &str) -> Result<String> {
        let wanted = text::fold(said);
        let mut found: Vec<&String> = self.names.iter().filter(|(_, name)| text::fold(name) == wanted).map(|(id, _)| id).collect();
        found.sort();
        match found.as_slice() {
            [] => Ok(said.to_owned()),
            [one] => Ok((*one).clone()),
            several => Err(Error::new(format!("「{said}」という医療機関が二つ以上あります"))
                .next(format!("医療機関IDで書いてください：{}", several.iter().map(|id| id.as_str()).collect::<Vec<_>>().join("、")))),
        }
    }

    /// Facilities of the master in an area.
    pub fn count(&self, area: &Area) -> i64 {
        self.counts.get(&(area.level.clone(), area.area_code.clone())).copied().unwrap_or(0)
    }

    /// Those of them that are not in the extract; `None` where IDs do not match.
    pub fn only_here(&self, area: &Area) -> Option<i64> {
        self.knows_ids().then(|| count(&self.missing, area))
    }

    /// Whether its facilities could be matched one by one.
    pub fn knows_ids(&self) -> bool {
        self.matched.is_some()
    }

    /// Whether a facility of the extract stands in the master; `None` where IDs do not match.
    pub fn has(&self, facility_id: &str) -> Option<bool> {
        self.matched.as_ref().map(|m| m.contains_key(facility_id))
    }

    /// How many of some facilities stand in the master in an area; `None` where IDs do not match.
    pub fn among(&self, area: &Area, facility_ids: &BTreeSet<String>) -> Option<i64> {
        let matched = self.matched.as_ref()?;
        Some(matched.iter().filter(|(id, units)| facility_ids.contains(*id) && is_inside(area, units)).count() as i64)
    }
}

fn count(entries: &[Entry], area: &Area) -> i64 {
    entries.iter().filter(|e| is_inside(area, &e.units)).count() as i64
}

/// The wards of a city, or the code itself: a city that spans areas lies in none of them.
pub fn units_of(code: &str, areas: &[Area]) -> Vec<String> {
    let whole = areas.iter().find(|a| a.level == "municipality" && a.area_code == code).map(|a| a.units.clone());
    whole.unwrap_or_else(|| Some(code.to_owned()).filter(|c| !c.is_empty()).into_iter().collect())
}

/// Whether a place lies in an area for certain.
pub fn is_inside(area: &Area, units: &[String]) -> bool {
    area.level == "prefecture" || (!units.is_empty() && units.iter().all(|u| area.units.contains(u)))
}

/// The rows of the largest table of a file.
fn rows_of(path: &Path) -> Result<Vec<Vec<String>>> {
    let bytes = std::fs::read(path).map_err(|e| Error::io("名簿を読めません", path, &e))?;
    let tables = grid::read_all(bytes, None).map_err(|e| e.file(path))?;
    let table = tables.into_iter().max_by_key(|g| g.rows.len()).ok_or_else(|| Error::new("名簿に表がありません").file(path))?;
    Ok(table.rows.into_iter().map(|(_, r)| r.iter().map(str::to_owned).collect()).collect())
}

/// The columns and the first data row: by a heading row among the first, else by what the cells hold.
fn columns(rows: &[Vec<String>], reference: &Reference) -> Result<(Columns, usize)> {
    let known: Vec<HeaderRow> = read_csv("sql/rules/master_columns.csv")?;
    for (i, row) in rows.iter().enumerate().take(20) {
        let mut found = Columns::new();
        for h in &known {
            if let Some(c) = row.iter().position(|t| text::fold(t) == text::fold(&h.header)) {
                found.entry(h.field.clone()).or_insert(c);
            }
        }
        let has_id = found.contains_key("facility_id") || found.contains_key("code7");
        if has_id && (found.contains_key("address") || found.contains_key("municipality_code")) {
            return Ok((found, i + 1));
        }
    }
    let width = rows.iter().map(Vec::len).max().unwrap_or(0);
    let share = |c: usize, test: &dyn Fn(&str) -> bool| {
        let n = rows.iter().filter(|r| r.get(c).is_some_and(|t| test(&text::fold(t)))).count();
        n as f64 / rows.len().max(1) as f64
    };
    let digits = |n: usize| move |t: &str| t.len() == n && t.bytes().all(|b| b.is_ascii_digit());
    let best = |test: &dyn Fn(&str) -> bool| (0..width).find(|&c| share(c, test) > 0.8);
    let mut found = Columns::new();
    // a national list without headings: code of nine digits, which starts with the prefecture, then address
    let id = best(&digits(9)).or_else(|| best(&digits(10))).or_else(|| best(&digits(7)));
    let names: Vec<&str> = reference.municipalities.iter().map(|m| m.name.as_str()).collect();
    let address = (0..width).max_by(|a, b| {
        let score = |c: usize| share(c, &|t: &str| names.iter().any(|n| t.contains(n)) || t.contains(['市', '区', '町', '村']));
        score(*a).total_cmp(&score(*b)).then(b.cmp(a))
    });
    let (Some(id), Some(address)) = (id, address) else {
        return Err(Error::new("名簿の列が分かりません").next("医療機関番号、医療機関名称、所在地の見出しのある CSV か XLSX にしてください"));
    };
    found.insert("code7".into(), id);
    found.insert("address".into(), address);
    let text = |c: &usize| *c != address && share(*c, &|t: &str| !t.is_empty() && !t.is_ascii()) > 0.8;
    found.extend((0..width).find(text).map(|c| ("name".to_owned(), c)));
    Ok((found, 0))
}

/// A row of another prefecture, by its code or by the first two digits of a code of nine.
fn is_elsewhere(prefecture: &str, id: &str, reference: &Reference) -> bool {
    let ours = &reference.prefecture.prefecture_code;
    if !prefecture.is_empty() {
        return format!("{prefecture:0>2}") != *ours;
    }
    id.len() == 9 && !id.starts_with(ours.as_str())
}

fn whole(m: &Municipality) -> String {
    if m.parent_code.is_empty() { m.municipality_code.clone() } else { m.parent_code.clone() }
}

/// Municipality of an address in the prefecture: its name at the start, after prefecture and 郡.
pub(crate) fn place_of<'a>(code: &str, address: &str, reference: &'a Reference) -> Option<&'a Municipality> {
    if let Some(m) = reference.municipalities.iter().find(|m| m.municipality_code == code || m.municipality_code6 == code) {
        return Some(m);
    }
    let rest = address.trim_start_matches(&text::fold(&reference.prefecture.name));
    let after_county = rest.find('郡').map(|at| &rest[at + '郡'.len_utf8()..]);
    // the tables say 郡 and 町, lists often only 町
    let starts = |name: &str| {
        let short = name.find('郡').filter(|at| *at > 0).map_or(name, |at| &name[at + '郡'.len_utf8()..]);
        rest.starts_with(name) || rest.starts_with(short) || after_county.is_some_and(|a| a.starts_with(short))
    };
    let mut best: Option<&Municipality> = None;
    for m in reference.municipalities.iter().filter(|m| starts(&text::fold(&m.name))) {
        if best.is_none_or(|b| b.name.len() < m.name.len()) {
            best = Some(m);
        }
    }
    best
}
