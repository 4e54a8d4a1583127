//! The council setting `council.toml` of a work folder: per theme its 協議区域, meetings, participants and coordinator.
//! Every municipality lies in exactly one area of each theme, unless the file says otherwise on purpose.

pub mod proposal;
mod sheets;

pub use sheets::WORKBOOK;

use crate::ground::text;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::facts::dictionary::Dictionary;
use crate::facts::reference::{Municipality, Reference};
use crate::ground::error::{Error, Result};
use crate::ground::own_text;

pub const FILE: &str = "council.toml";

/// The checked setting of a prefecture.
#[derive(Clone, Debug, Default)]
pub struct Council {
    /// Areas that the prefecture made of several others, in the order of the file.
    pub areas: Vec<CouncilArea>,
    /// Function code → what the file says of it.
    pub themes: BTreeMap<String, Theme>,
    /// Area code → duty slots needed on each holiday; areas that are not named have no need to be held against.
    pub duty_slots: BTreeMap<String, f64>,
    /// What council.toml alone says: the workbook shows it beside what people write there.
    pub in_file: InFile,
}

/// The setting as the file has it, without what the workbook says.
#[derive(Clone, Debug, Default)]
pub struct InFile {
    pub areas: Vec<CouncilArea>,
    pub themes: BTreeMap<String, Theme>,
}

/// A 協議区域 made of several municipalities, wards or secondary medical areas.
#[derive(Clone, Debug)]
pub struct CouncilArea {
    pub area_code: String,
    pub name: String,
    /// Codes of wards, and of municipalities without wards.
    pub units: BTreeSet<String>,
}

/// What one theme (function) is consulted on, where, and by whom.
#[derive(Clone, Debug, Default)]
pub struct Theme {
    /// Level whose areas are consulted when `areas` is empty.
    pub level: Option<String>,
    /// Area codes of any level.
    pub areas: Vec<String>,
    pub coordinator: String,
    /// Name of the existing meeting that serves as 協議の場.
    pub meeting: String,
    pub participants: Vec<String>,
    pub meetings: Vec<Meeting>,
}

/// One meeting of a theme.
#[derive(Clone, Debug, Serialize)]
pub struct Meeting {
    /// Area codes; empty in the file means all areas of the theme.
    pub areas: Vec<String>,
    /// ISO date; empty while undecided.
    pub date: String,
    pub place: String,
    pub agenda: String,
    pub participants: Vec<String>,
    /// `14:00`; empty while undecided.
    pub start: String,
    /// Length in minutes; 0 means as the timetable's own boxes.
    pub minutes: u32,
    /// Materials that go in; empty means all.
    pub contents: Vec<String>,
    /// Written only in the record of the workbook.
    #[serde(skip)]
    pub is_recorded: bool,
}

#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    #[serde(default)]
    area: Vec<RawArea>,
    #[serde(default)]
    theme: BTreeMap<String, RawTheme>,
    #[serde(default)]
    duty_slots: BTreeMap<String, f64>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawArea {
    code: String,
    name: String,
    members: Vec<String>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawTheme {
    level: String,
    areas: Vec<String>,
    outside: Vec<String>,
    overlap: Vec<String>,
    reason: String,
    coordinator: String,
    existing_meeting: String,
    participants: Vec<String>,
    meetings: Vec<RawMeeting>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawMeeting {
    areas: Vec<String>,
    date: String,
    place: String,
    agenda: String,
    participants: Vec<String>,
    start: String,
    minutes: u32,
    contents: Vec<String>,
}

/// A place that the file may name, with the units it consists of.
struct Known {
    code: String,
    name: String,
    level: &'static str,
    units: BTreeSet<String>,
}

impl RawFile {
    fn parse(text: &str) -> Result<Self> {
        own_text::toml(text, "協議の場の設定")
    }
}

impl Known {
    fn of(area: &CouncilArea) -> Self {
        Self { code: area.area_code.clone(), name: area.name.clone(), level: "council_area", units: area.units.clone() }
    }
}

impl Council {
    /// The setting of a work folder: council.toml, and before it what people wrote in the workbook. Without both, every theme is
    /// consulted on the level of the dictionary.
    pub fn load(root: &Path, reference: &Reference, dictionary: &Dictionary) -> Result<Self> {
        let path = root.join(FILE);
        let raw = if path.exists() {
            let text = own_text::read(&path, "協議の場の設定")?;
            RawFile::parse(&text).map_err(|e| e.file(&path))?
        } else {
            RawFile::default()
        };
        let file = Self::checked(raw.clone(), reference, dictionary).map_err(|e| e.file(&path))?;
        let sheets = sheets::open(root);
        if sheets.is_empty() {
            return Ok(Self { in_file: file.as_in_file(), ..file });
        }
        let (mut said, book) = (raw, root.join(WORKBOOK));
        sheets::overlay(&mut said, &sheets, reference, dictionary).map_err(|e| e.file(&book))?;
        let mut council = Self::checked(said, reference, dictionary).map_err(|e| e.file(&book))?;
        sheets::recorded(&mut council, &sheets, reference, dictionary)?;
        Ok(Self { in_file: file.as_in_file(), ..council })
    }

    fn as_in_file(&self) -> InFile {
        InFile { areas: self.areas.clone(), themes: self.themes.clone() }
    }

    pub fn parse(text: &str, reference: &Reference, dictionary: &Dictionary) -> Result<Self> {
        Self::checked(RawFile::parse(text)?, reference, dictionary)
    }

    fn checked(raw: RawFile, reference: &Reference, dictionary: &Dictionary) -> Result<Self> {
        let mut known = known(reference);
        let mut areas = Vec::new();
        for area in raw.area {
            let area = area_of(area, &known)?;
            known.push(Known::of(&area));
            areas.push(area);
        }
        let mut themes = BTreeMap::new();
        for (function, theme) in raw.theme {
            if dictionary.function(&function).is_none() {
                let codes: Vec<&str> = dictionary.functions.iter().map(|f| f.function_code.as_str()).collect();
                return Err(Error::new(format!("テーマ「{function}」が分かりません"))
                    .at(format!("[theme.{function}]"))
                    .next(format!("{} のどれかにしてください", codes.join("、"))));
            }
            let checked = theme_of(theme, &known).map_err(|e| e.at(format!("[theme.{function}]")))?;
            themes.insert(function, checked);
        }
        let mut duty_slots = BTreeMap::new();
        for (area, slots) in raw.duty_slots {
            let at = |e: Error| e.at("[duty_slots]");
            let code = find(&known, &area).map_err(at)?.code.clone();
            if !(0.0..=1000.0).contains(&slots) {
                return Err(at(Error::new(format!("「{area}」の1日の枠 {slots} は使えません")).next("0以上の数を書いてください")));
            }
            if duty_slots.insert(code, slots).is_some() {
                return Err(at(Error::new(format!("区域「{area}」の枠が二度書かれています")).next("一度だけ書いてください")));
            }
        }
        Ok(Self { areas, themes, duty_slots, in_file: InFile::default() })
    }

    /// Whether an area is consulted on a theme.
    pub fn consults(&self, function: &crate::facts::dictionary::Function, level: &str, area_code: &str) -> bool {
        match self.themes.get(&function.function_code) {
            Some(theme) if !theme.areas.is_empty() => theme.areas.iter().any(|a| a == area_code),
            Some(Theme { level: Some(wanted), .. }) => wanted == level,
            _ => function.default_level == level,
        }
    }
}

fn known(reference: &Reference) -> Vec<Known> {
    let wards = |code: &str| -> Vec<&Municipality> { reference.municipalities.iter().filter(|w| w.parent_code == code).collect() };
    let mut known = Vec::new();
    for m in &reference.municipalities {
        let mut units: BTreeSet<String> = wards(&m.municipality_code).iter().map(|w| w.municipality_code.clone()).collect();
        if units.is_empty() {
            units.insert(m.municipality_code.clone());
        }
        let level = if m.parent_code.is_empty() { "municipality" } else { "ward" };
        known.push(Known { code: m.municipality_code.clone(), name: m.name.clone(), level, units });
    }
    for a in &reference.medical_areas {
        let code = &a.secondary_medical_area_code;
        let units = reference.smallest_units().filter(|m| m.secondary_medical_area_code == *code).map(|m| m.municipality_code.clone()).collect();
        known.push(Known { code: code.clone(), name: a.name.clone(), level: "medical_area", units });
    }
    let p = &reference.prefecture;
    let units = reference.smallest_units().map(|m| m.municipality_code.clone()).collect();
    known.push(Known { code: p.prefecture_code.clone(), name: p.name.clone(), level: "prefecture", units });
    known
}

/// A place by code, or by its name where the name is not used twice.
fn find<'a>(known: &'a [Known], wanted: &str) -> Result<&'a Known> {
    let wanted = text::fold(wanted);
    if let Some(k) = known.iter().find(|k| k.code == wanted) {
        return Ok(k);
    }
    let named: Vec<&Known> = known.iter().filter(|k| k.name == wanted || k.name.ends_with(&format!("郡{wanted}"))).collect();
    match named.as_slice() {
        [one] => Ok(one),
        [] => {
            // a typo keeps most of its characters
            let shared = |k: &Known| k.name.chars().filter(|c| wanted.contains(*c)).count();
            let near = known.iter().rev().filter(|k| shared(k) > 1).max_by_key(|k| (shared(k), std::cmp::Reverse(k.name.chars().count())));
            let hint = near.map_or_else(String::new, |k| format!("「{}」（{}）のことですか。", k.name, k.code));
            Err(Error::new(format!("区域「{wanted}」が分かりません"))
                .next(format!("{hint}市区町村（5桁）、二次医療圏（4桁）、[[area]] のコード、又は名前を書いてください")))
        }
        several => Err(Error::new(format!("「{wanted}」という名前の区域が二つ以上あります"))
            .next(format!("コードで書いてください：{}", several.iter().map(|k| format!("{}（{}）", k.code, k.name)).collect::<Vec<_>>().join("、")))),
    }
}

fn area_of(raw: RawArea, known: &[Known]) -> Result<CouncilArea> {
    let at = |e: Error| e.at(format!("[[area]] {}", raw.code));
    // the code becomes a file name and a key of every table
    if raw.code.is_empty() || raw.code.len() > 12 || !raw.code.chars().all(|c| c.is_ascii_alphanumeric()) {
        return Err(at(Error::new(format!("協議区域のコード「{}」は使えません", raw.code)).next("K01 のように、半角の英字と数字で書いてください")));
    }
    if known.iter().any(|k| k.code.eq_ignore_ascii_case(&raw.code)) {
        return Err(at(Error::new(format!("協議区域のコード「{}」は、もう使われています", raw.code)).next("K01 のような、別のコードにしてください")));
    }
    if raw.name.trim().is_empty() || raw.members.is_empty() {
        return Err(at(Error::new("協議区域の name（名前）か members（市区町村）が空です").next("両方を書いてください")));
    }
    let mut units = BTreeSet::new();
    for member in &raw.members {
        let place = find(known, member).map_err(at)?;
        for unit in &place.units {
            if !units.insert(unit.clone()) {
                return Err(at(Error::new(format!("「{member}」が members に二度入っています")).next("一度だけ書いてください")));
            }
        }
    }
    Ok(CouncilArea { name: raw.name.trim().to_owned(), units, area_code: raw.code })
}

fn theme_of(raw: RawTheme, known: &[Known]) -> Result<Theme> {
    let codes = |list: &[String]| list.iter().map(|a| find(known, a).map(|k| k.code.clone())).collect::<Result<Vec<_>>>();
    let level = match raw.level.as_str() {
        "" => None,
        level @ ("municipality" | "medical_area" | "prefecture") => Some(level.to_owned()),
        other => {
            return Err(Error::new(format!("level（区域の段階）「{other}」が分かりません"))
                .next("municipality（市区町村）、medical_area（二次医療圏）、prefecture（都道府県）のどれかにするか、areas に区域を並べてください"));
        }
    };
    if level.is_some() && !raw.areas.is_empty() {
        return Err(Error::new("level と areas の両方が書かれています").next("どちらか一つにしてください"));
    }
    let areas = codes(&raw.areas)?;
    if !areas.is_empty() {
        check_cover(&areas, &codes(&raw.outside)?, &codes(&raw.overlap)?, &raw.reason, known)?;
    }
    let mut meetings = Vec::new();
    for (i, m) in raw.meetings.into_iter().enumerate() {
        let at = |e: Error| e.at(format!("meetings の {} 番目", i + 1));
        let date = if m.date.is_empty() {
            String::new()
        } else {
            text::date(&m.date)
                .ok_or_else(|| at(Error::new(format!("開催日「{}」が日付ではありません", m.date)).next("2026-08-20 の形で書いてください")))?
        };
        let mut held_for = codes(&m.areas).map_err(at)?;
        if held_for.is_empty() {
            held_for.clone_from(&areas);
        }
        if let Some(stranger) = held_for.iter().find(|a| !areas.is_empty() && !areas.contains(a)) {
            return Err(at(
                Error::new(format!("区域「{stranger}」は、このテーマの areas にありません")).next("areas に加えるか、区域を直してください")
            ));
        }
        let participants = if m.participants.is_empty() { raw.participants.clone() } else { m.participants };
        let start = text::fold(&m.start);
        let is_time = start
            .split_once(':')
            .is_some_and(|(h, m)| h.parse::<u8>().is_ok_and(|h| h < 24) && m.len() == 2 && m.parse::<u8>().is_ok_and(|m| m < 60));
        if !start.is_empty() && !is_time {
            return Err(at(Error::new(format!("開始の時刻「{}」が分かりません", m.start)).next("14:00 の形で書いてください")));
        }
        let (place, agenda, minutes, contents) = (m.place, m.agenda, m.minutes, m.contents);
        meetings.push(Meeting { areas: held_for, date, place, agenda, participants, start, minutes, contents, is_recorded: false });
    }
    Ok(Theme { level, areas, coordinator: raw.coordinator, meeting: raw.existing_meeting, participants: raw.participants, meetings })
}

/// Every municipality in exactly one area, unless `outside` or `overlap` says otherwise, with a reason.
fn check_cover(areas: &[String], outside: &[String], overlap: &[String], reason: &str, known: &[Known]) -> Result<()> {
    let units_of = |codes: &[String]| -> BTreeSet<&String> { known.iter().filter(|k| codes.contains(&k.code)).flat_map(|k| &k.units).collect() };
    let name = |unit: &str| known.iter().find(|k| k.code == unit).map_or_else(|| unit.to_owned(), |k| format!("{}（{unit}）", k.name));
    let names = |units: &[&String]| units.iter().map(|u| name(u)).collect::<Vec<_>>().join("、");
    if (!outside.is_empty() || !overlap.is_empty()) && reason.trim().is_empty() {
        return Err(
            Error::new("outside か overlap を書いたときは、reason（理由）が要ります").next("reason = \"…\" に、わざとそうする理由を書いてください")
        );
    }
    let mut seen: BTreeMap<&String, usize> = BTreeMap::new();
    for area in known.iter().filter(|k| areas.contains(&k.code)) {
        for unit in &area.units {
            *seen.entry(unit).or_default() += 1;
        }
    }
    let (outside, overlap) = (units_of(outside), units_of(overlap));
    let all = known.iter().filter(|k| k.level == "prefecture").flat_map(|k| &k.units);
    let missing: Vec<&String> = all.filter(|u| !seen.contains_key(*u) && !outside.contains(u)).collect();
    if !missing.is_empty() {
        return Err(Error::new(format!("どの協議区域にも入っていない市区町村があります：{}", names(&missing)))
            .next("areas に加えてください。わざと入れないときは outside に書き、reason に理由を書いてください"));
    }
    let twice: Vec<&String> = seen.iter().filter(|(u, n)| **n > 1 && !overlap.contains(*u)).map(|(u, _)| *u).collect();
    if !twice.is_empty() {
        return Err(Error::new(format!("二つ以上の協議区域に入っている市区町村があります：{}", names(&twice)))
            .next("一つだけにしてください。わざと重ねるときは overlap に書き、reason に理由を書いてください"));
    }
    let both: Vec<&String> = outside.iter().filter(|u| seen.contains_key(**u)).copied().collect();
    if !both.is_empty() {
        return Err(Error::new(format!("outside の市区町村が、協議区域にも入っています：{}", names(&both))).next("どちらか一方にしてください"));
    }
    Ok(())
}
