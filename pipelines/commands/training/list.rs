//! Reading: a list of units as persons with ranges of 座学 and 実地, and what was odd in its cells.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use csv::StringRecord;
use serde::Deserialize;

use super::{Criteria, Person, Report, Units, shown};
use crate::facts::dictionary::read_csv;
use crate::facts::finding::{self, Finding};
use crate::ground::error::{Error, Result};
use crate::ground::spreadsheet::column_name;
use crate::ground::text::fold;
use crate::ingest::grid::{self, Grid};

/// Rows among which the heading is looked for.
const HEADING_ROWS: usize = 20;
const NEXT: &str = "見出しの行に、氏名（又は登録番号、医療機関ID）と、座学と実地（一人1行）か、区分と単位（1活動1行）を書いてください";

#[derive(Deserialize)]
struct Word {
    field: String,
    word: String,
}

/// The heading of one table: columns by field, first row of data.
struct Heading {
    /// As written, in one line.
    headers: Vec<String>,
    columns: BTreeMap<String, usize>,
    first: usize,
    is_entries: bool,
}

impl Heading {
    /// Nearest heading of a table; `Err` holds the fields of the best row when it is not enough.
    fn find(grid: &Grid, words: &[Word]) -> Result<std::result::Result<Self, BTreeSet<String>>> {
        let mut best = BTreeSet::new();
        for levels in [1, 2] {
            for start in 0..grid.rows.len().min(HEADING_ROWS) {
                let headers = grid.headers(start, levels);
                let ends: Vec<String> = headers.iter().map(|h| plain(h.rsplit('|').next().unwrap_or(h))).collect();
                let columns = columns_of(&ends, words);
                let has = |field: &str| columns.contains_key(field);
                let person = has("person_id") || has("name") || has("facility_id");
                let wide = has("lecture") && (has("practice") || has("practice_activities"));
                let entries = !wide && has("kind") && has("units");
                if person && (wide || entries) {
                    one_of_each(&ends, words, wide, &grid.sheet)?;
                    return Ok(Ok(Self { headers, columns, first: start + levels, is_entries: entries }));
                }
                if columns.len() > best.len() {
                    best = columns.into_keys().collect();
                }
            }
        }
        Ok(Err(best))
    }
}

/// A heading without what stands behind it in brackets: 「座学（単位）」 → 「座学」.
fn plain(header: &str) -> String {
    let text = fold(header);
    text.find('(').filter(|at| *at > 0).map_or(text.clone(), |at| text[..at].to_owned())
}

fn columns_of(headers: &[String], words: &[Word]) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    for w in words.iter().filter(|w| !w.field.starts_with("kind_") && w.field != "total_row") {
        if let Some(c) = headers.iter().position(|h| *h == fold(&w.word)) {
            found.entry(w.field.clone()).or_insert(c);
        }
    }
    found
}

/// Two columns of units for one field would let one of them fall away in silence.
fn one_of_each(headers: &[String], words: &[Word], wide: bool, sheet: &str) -> Result<()> {
    let fields = if wide { &["lecture", "practice", "practice_activities"][..] } else { &["kind", "units"][..] };
    for field in fields {
        let is = |h: &&String| words.iter().any(|w| w.field == *field && **h == fold(&w.word));
        let twice: Vec<&str> = headers.iter().filter(is).map(String::as_str).collect();
        if twice.len() > 1 {
            let error = Error::new(format!("同じ意味の列が二つ以上あります：{}", twice.join("、")));
            let error = if sheet.is_empty() { error } else { error.at(format!("シート「{sheet}」")) };
            return Err(error.next("数える列を一つにするか、使わない列の見出しを変えてください"));
        }
    }
    Ok(())
}

/// What a cell of units says.
enum Read {
    Known(i64),
    Blank,
    Bad(&'static str),
}

fn units(raw: &str) -> Read {
    let text = fold(raw);
    let number = ["単位", "活動", "回", "件"].iter().find_map(|s| text.strip_suffix(s)).unwrap_or(&text);
    if text.is_empty() {
        return Read::Blank;
    }
    let (negative, digits) = number.strip_prefix(['-', '−', '▲', '△']).map_or((false, number), |rest| (true, rest));
    // neither 1e3 nor inf, and nothing finer than hundredths
    let plain = digits.starts_with(|c: char| c.is_ascii_digit()) && digits.chars().all(|c| c.is_ascii_digit() || c == '.');
    match digits.parse::<f64>().map(|n| n * 100.0) {
        Ok(n) if plain && n < 1e8 && (n - n.round()).abs() < 1e-6 => match n.round() as i64 {
            n if negative && n > 0 => Read::Bad("training_negative"),
            n => Read::Known(n),
        },
        _ => Read::Bad("training_not_units"),
    }
}

/// One table while it is read.
struct Table<'a> {
    name: String,
    heading: &'a Heading,
    criteria: &'a Criteria,
    words: &'a [Word],
    findings: &'a mut Vec<Finding>,
}

impl Table<'_> {
    fn note(&mut self, code: &str, row: u32, field: &str, value: &str) {
        let column = self.heading.columns.get(field).map_or_else(String::new, |&c| self.place(c));
        self.findings.push(Finding::new(code).file(&self.name).row(row).column(column).value(value));
    }

    /// `C（座学）`
    fn place(&self, column: usize) -> String {
        format!("{}（{}）", column_name(column), self.heading.headers.get(column).map_or("", String::as_str))
    }

    fn text<'r>(&self, record: &'r StringRecord, field: &str) -> &'r str {
        self.heading.columns.get(field).and_then(|&c| record.get(c)).unwrap_or("").trim()
    }

    fn is_word(&self, field: &str, text: &str) -> bool {
        self.words.iter().any(|w| w.field == field && plain(text) == fold(&w.word))
    }

    /// A cell of units, with its finding where it cannot be read.
    fn units(&mut self, record: &StringRecord, row: u32, field: &str) -> Units {
        let raw = self.text(record, field);
        match units(raw) {
            Read::Known(n) => return Units::exact(n),
            Read::Blank => self.note("training_blank", row, field, ""),
            Read::Bad(code) => self.note(code, row, field, raw),
        }
        Units::UNKNOWN
    }

    /// 実地 comes in whole activities; what is no multiple may be the number of activities.
    fn whole_activities(&mut self, read: Units, row: u32, field: &str) -> Units {
        let step = self.criteria.per_activity;
        if read.high == Some(read.low) && read.low % step != 0 {
            self.note("training_practice_step", row, field, &shown(read.low));
            return Units { low: read.low / step * step, high: None };
        }
        read
    }

    fn practice(&mut self, record: &StringRecord, row: u32) -> Units {
        let has = |t: &Self, field: &str| !fold(t.text(record, field)).is_empty();
        let (in_units, in_activities) = (has(self, "practice"), has(self, "practice_activities"));
        if !in_activities && self.heading.columns.contains_key("practice") {
            let read = self.units(record, row, "practice");
            return self.whole_activities(read, row, "practice");
        }
        let mut counted = self.units(record, row, "practice_activities");
        if counted.low % 100 != 0 {
            self.note("training_not_units", row, "practice_activities", &shown(counted.low));
            counted = Units::UNKNOWN;
        }
        let times = |n: i64| n / 100 * self.criteria.per_activity;
        let counted = Units { low: times(counted.low), high: counted.high.map(times) };
        if !in_units {
            return counted;
        }
        let read = self.units(record, row, "practice");
        if read != counted && read.high.is_some() && counted.high.is_some() {
            self.note("training_activities_differ", row, "practice", &format!("{}と{}", shown(read.low), shown(counted.low)));
        }
        read.hull(counted)
    }

    /// The person of a row: by id, else by name, else by facility. `None`: the row is nobody's.
    fn person(&mut self, record: &StringRecord, row: u32) -> Option<(String, Person)> {
        let [id, name, facility_id] = ["person_id", "name", "facility_id"].map(|f| self.text(record, f).to_owned());
        if [&id, &name, &facility_id].into_iter().any(|t| self.is_word("total_row", t)) {
            self.note("training_total_row", row, "", "");
            return None;
        }
        let key = [("id", &id), ("name", &name), ("facility", &facility_id)].into_iter().find(|(_, t)| !fold(t).is_empty());
        let Some((by, text)) = key else {
            self.note("training_no_person", row, "", "");
            return None;
        };
        if by != "id" && self.heading.columns.contains_key("person_id") {
            self.note("training_no_id", row, "person_id", text);
        }
        Some((format!("{by}:{}", fold(text)), Person { id, name, facility_id, ..Person::default() }))
    }

    fn row(&mut self, row: u32, record: &StringRecord, persons: &mut Vec<Person>, index: &mut HashMap<String, usize>) {
        let Some((key, new)) = self.person(record, row) else { return };
        let called = new.called();
        let (lecture, practice) = if self.heading.is_entries { self.entry(record, row) } else { self.both(record, row) };
        let known = index.get(&key).copied();
        let i = known.unwrap_or(persons.len());
        if known.is_none() {
            index.insert(key, i);
            let none = Units::exact(0);
            persons.push(Person { lecture: none, practice: none, ..new });
        } else if !new.name.is_empty() && !persons[i].name.is_empty() && fold(&new.name) != fold(&persons[i].name) {
            self.note("training_name_differs", row, "name", &format!("{}と{}", persons[i].name, new.name));
        }
        let p = &mut persons[i];
        p.rows.push(row);
        if !self.heading.is_entries {
            if known.is_none() {
                (p.lecture, p.practice) = (lecture, practice);
            } else if (p.lecture, p.practice) == (lecture, practice) {
                self.note("training_same_person", row, "", &called);
            } else {
                (p.lecture, p.practice) = (p.lecture.hull(lecture), p.practice.hull(practice));
                self.note("training_same_person_differs", row, "", &called);
            }
            return;
        }
        let [activity, date] = ["activity", "date"].map(|f| fold(self.text(record, f)));
        let is_practice = practice != Units::exact(0);
        let maybe = |u: Units| Units { low: 0, high: u.high };
        let before = if activity.is_empty() || date.is_empty() { None } else { p.entries.insert((activity, date), is_practice) };
        let (lecture, practice) = if before.is_some() { (maybe(lecture), maybe(practice)) } else { (lecture, practice) };
        (p.lecture, p.practice) = (p.lecture.add(lecture), p.practice.add(practice));
        if let Some(was) = before {
            let activity = self.text(record, "activity");
            self.note(if was == is_practice { "training_entry_twice" } else { "training_kind_differs" }, row, "activity", activity);
        }
    }

    /// 座学 and 実地 of a row of a person.
    fn both(&mut self, record: &StringRecord, row: u32) -> (Units, Units) {
        let (lecture, practice) = (self.units(record, row, "lecture"), self.practice(record, row));
        if let Read::Known(total) = units(self.text(record, "total"))
            && lecture.add(practice).high.is_some_and(|sum| sum != total)
        {
            self.note("training_total_differs", row, "total", &shown(total));
        }
        (lecture, practice)
    }

    /// 座学 and 実地 of a row of one entry: one of them is 0, unless the kind cannot be read.
    fn entry(&mut self, record: &StringRecord, row: u32) -> (Units, Units) {
        let kind = self.text(record, "kind");
        let read = self.units(record, row, "units");
        if self.is_word("kind_lecture", kind) {
            (read, Units::exact(0))
        } else if self.is_word("kind_practice", kind) {
            (Units::exact(0), self.whole_activities(read, row, "units"))
        } else {
            self.note("training_kind_unknown", row, "kind", kind);
            (Units { low: 0, high: read.high }, Units { low: 0, high: read.high })
        }
    }
}

/// Reads a list of units, CSV or XLSX.
///
/// # Errors
/// A file that is no table, has no heading with persons and units, or no row below it.
pub fn read(path: &Path, criteria: &Criteria) -> Result<Report> {
    let file = path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    if path.is_dir() {
        return Err(Error::new("ファイルではなくフォルダーです").file(path).next("単位の一覧（CSV か XLSX）を一つ指定してください"));
    }
    let bytes = std::fs::read(path).map_err(|e| Error::io("単位の一覧を読めません", path, &e))?;
    let grids = grid::read_all(bytes, None).map_err(|e| e.file(path))?;
    let words: Vec<Word> = read_csv("sql/rules/training_columns.csv")?;
    let (mut tables, mut findings, mut nearest) = (Vec::new(), Vec::new(), BTreeSet::new());
    for grid in grids {
        match Heading::find(&grid, &words).map_err(|e| e.file(path))? {
            Ok(heading) => tables.push((grid, heading)),
            Err(found) => {
                findings.push(Finding::new("sheet_not_read").file(&file).value(format!("シート「{}」", grid.sheet)));
                nearest.extend(found);
            }
        }
    }
    if tables.is_empty() {
        let said = |field: &String| words.iter().find(|w| w.field == *field).map_or("", |w| w.word.as_str());
        let found: Vec<&str> = nearest.iter().map(said).collect();
        let found = if found.is_empty() { "なし".to_owned() } else { found.join("、") };
        return Err(Error::new("単位の一覧の見出しが分かりません").at(format!("分かった見出し：{found}")).file(path).next(NEXT));
    }
    if tables.iter().any(|(_, h)| h.is_entries != tables[0].1.is_entries) {
        let error = Error::new("一人1行の表と、1活動1行の表が、一つのファイルにあります（二重に数えるおそれがあります）");
        return Err(error.file(path).next("どちらか一つの表だけのファイルにしてください"));
    }
    let (mut persons, mut index) = (Vec::new(), HashMap::new());
    let alone = tables.len() == 1;
    for (grid, heading) in &tables {
        let name = if alone { file.clone() } else { format!("{file}／{}", grid.sheet) };
        let mut table = Table { name, heading, criteria, words: &words, findings: &mut findings };
        let odd = grid.oddities(&table.name, |c| table.place(c));
        table.findings.extend(odd);
        for &(row, column) in &grid.undecodable {
            let place = table.place(column);
            table.findings.push(Finding::new("undecodable").file(&table.name).row(row).column(place));
        }
        for (row, record) in &grid.rows[heading.first..] {
            table.row(*row, record, &mut persons, &mut index);
        }
    }
    if persons.is_empty() {
        return Err(Error::new("見出しの下に、人の行がありません").file(path).next(NEXT));
    }
    finding::sort(&mut findings, &finding::rules()?);
    Ok(Report { persons, findings })
}
