//! Whatever happens to the form of an extract on its way: no answer changes unless a finding names the facility, the row or
//! the file, or the run stops. `KYOGI_FUZZ=25` makes ten thousand variants.
//!
//! Facilities and answers of ingest are compared: every status and figure is made of them and of nothing else of the extract.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::LazyLock;

use kyogi::facts::dictionary::Dictionary;
use kyogi::facts::finding::Finding;
use kyogi::facts::reference::Reference;
use kyogi::facts::rules::Rules;
use kyogi::facts::workspace::StatusLists;
use kyogi::ingest::{self, Ingested, Request};
use proptest::prelude::*;

use crate::support::{YEAR, folder, sample};

struct Tables {
    reference: Reference,
    dictionary: Dictionary,
    rules: Rules,
}

static TABLES: LazyLock<Tables> = LazyLock::new(|| Tables {
    reference: Reference::load("31").expect("reference"),
    dictionary: Dictionary::load(YEAR).expect("dictionary"),
    rules: Rules::load(YEAR).expect("rules"),
});

pub fn read(extract: &Path) -> kyogi::ground::error::Result<Ingested> {
    ingest::run(&Request {
        extract,
        late: None,
        edits: &[],
        mapping: None,
        work_folder: None,
        report_year: YEAR,
        reference: &TABLES.reference,
        dictionary: &TABLES.dictionary,
        rules: &TABLES.rules,
        statuses: &StatusLists::default(),
    })
}

/// What decides of each facility: place, status, and every answer with its choice or bounds, wherever it stands in the file.
pub fn facts(ingested: &Ingested) -> BTreeMap<String, BTreeSet<String>> {
    let f = &ingested.facilities;
    let mut ids = BTreeMap::new();
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for i in (0..f.len()).filter(|&i| f.flag(i, "is_latest").expect("flag")) {
        let id = f.text(i, "facility_id").expect("id").to_owned();
        let own = ["unit_code", "facility_type", "report_status", "auto_g1", "auto_g2a"].map(|c| f.text(i, c).unwrap_or("").to_owned());
        found.entry(id.clone()).or_default().insert(format!("{own:?} {}", f.flag(i, "is_reported").expect("flag")));
        ids.insert(f.int(i, "row_no").expect("row"), id);
    }
    let a = &ingested.answers;
    for i in 0..a.len() {
        let Some(id) = ids.get(&a.int(i, "row_no").expect("row")) else { continue };
        let said = ["item_code", "choice_code", "state"].map(|c| a.text(i, c).unwrap_or("").to_owned());
        let bounds = ["value_low", "value_high"].map(|c| a.number(i, c).expect("number"));
        found.entry(id.clone()).or_default().insert(format!("{said:?} {bounds:?}"));
    }
    found
}

/// Facts, findings and rows of the sample.
struct Base {
    facts: BTreeMap<String, BTreeSet<String>>,
    findings: Vec<Finding>,
    rows: BTreeMap<String, u32>,
}

static BASE: LazyLock<Base> = LazyLock::new(|| {
    let dir = folder();
    let path = dir.path().join("extract.csv");
    std::fs::write(&path, made(&[])).expect("writable");
    let ingested = read(&path).expect("the sample");
    Base { facts: facts(&ingested), rows: row_numbers(&ingested), findings: ingested.findings }
});

/// One thing that happens to a file: which, and where (as shares of what there is).
#[derive(Clone, Debug)]
struct Change {
    kind: usize,
    row: prop::sample::Index,
    column: prop::sample::Index,
    with: prop::sample::Index,
}

/// Characters that come in by copying, by input methods and by damage.
const ODD: [&str; 16] =
    ["\"", "\"\"", "'", "\n", "\r\n", "\t", "\u{1A}", "\u{200B}", "\u{A0}", "\u{3000}", "\u{FEFF}", "\u{FFFD}", ",", ";", "\u{E0100}", "“"];
const SPELLINGS: [fn(&str) -> String; 6] = [
    |cell| format!(" {cell} "),
    |cell| cell.chars().map(|c| if c.is_ascii_digit() { char::from_u32(c as u32 + 0xFEE0).unwrap_or(c) } else { c }).collect(),
    |cell| format!("={cell}"),
    |cell| format!("'{cell}"),
    |cell| format!("{cell}.0"),
    |cell| format!("約{cell}"),
];

type Rows = Vec<Vec<String>>;

/// Rows of the sample that are read again and again, the header among them.
const ROWS: usize = 101;

fn rows() -> Rows {
    let text = std::str::from_utf8(sample()).expect("UTF-8").trim_start_matches('\u{FEFF}');
    let reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes()).into_records();
    reader.take(ROWS).map(|r| r.expect("row").iter().map(str::to_owned).collect()).collect()
}

fn quoted(cell: &str, separator: char, always: bool) -> String {
    if always || cell.contains(['"', '\n', '\r', separator]) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.to_owned() }
}

/// The form of the whole file, and damage to its text.
struct Form {
    separator: char,
    quote_all: bool,
    row_quoted: bool,
    line_end: &'static str,
    encoding: usize,
    damage: Vec<Change>,
}

const CELL_KINDS: usize = 9;
const FORM_KINDS: usize = 5;
const DAMAGE_KINDS: usize = 10;
/// The damage that takes away the rest of the file.
const CUT: usize = 4;

/// Changes to cells and rows, before the file is written.
fn change_rows(rows: &mut Rows, change: &Change) {
    let row = 1 + change.row.index(rows.len() - 1);
    let column = change.column.index(rows[row].len());
    let with = change.with.index(ODD.len());
    match change.kind {
        0 => rows[row][column].push_str(ODD[with]),
        1 => rows[row][column].insert_str(0, ODD[with]),
        2 => rows[row][column] = SPELLINGS[with % SPELLINGS.len()](&rows[row][column]),
        3 => drop(rows[row].remove(column)),
        4 => rows[row].insert(column, String::new()),
        5 => rows.swap(row, 1),
        6 => rows.iter_mut().for_each(|r| r.swap(column, 0)),
        7 => rows[0][column].push_str(["\n", " ", "\u{3000}", "※"][with % 4]),
        _ => rows.iter_mut().enumerate().for_each(|(i, r)| r.insert(column, if i == 0 { "備考".into() } else { "あり".into() })),
    }
}

/// Damage to the text of the file.
fn damage(text: &mut String, change: &Change) {
    let lines: Vec<usize> = std::iter::once(0).chain(text.match_indices('\n').map(|(i, _)| i + 1)).filter(|i| *i < text.len()).collect();
    let line = lines[change.row.index(lines.len())];
    let end = text[line..].find('\n').map_or(text.len(), |n| line + n);
    let boundary = |at: usize| (0..=at.min(text.len())).rev().find(|&i| text.is_char_boundary(i)).unwrap_or(0);
    let inside = boundary(line + change.column.index(end - line + 1));
    let with = change.with.index(ODD.len());
    match change.kind {
        0 => text.insert_str(inside, ODD[with]),
        1 => text.insert(line, '\n'),
        2 => text.insert(line, '\u{1A}'),
        3 if end < text.len() => drop(text.remove(end)),
        // a cut behind a whole row leaves no trace
        CUT if text[line..inside].matches(',').count() > 1 && text[inside..end].matches(',').count() > 1 => text.truncate(inside),
        CUT => {}
        5 => {
            let again = text.trim_start_matches('\u{FEFF}').to_owned();
            text.push_str(&again);
        }
        6 => {
            let again = text.clone();
            text.truncate(text.trim_end().len());
            text.push_str(&again);
        }
        7 => text.push('\u{1A}'),
        8 => text.insert_str(line, ",,,,,,\n"),
        _ => text.push_str("\0\0\0\0"),
    }
}

fn write(rows: &Rows, form: &Form) -> Vec<u8> {
    let mut text = String::new();
    for row in rows {
        let cells: Vec<String> = row.iter().map(|c| quoted(c, form.separator, form.quote_all)).collect();
        let line = cells.join(&form.separator.to_string());
        text.push_str(&if form.row_quoted { quoted(&line, form.separator, true) } else { line });
        text.push_str(form.line_end);
    }
    // what is written behind a cut hides it: a cut comes last
    let (cuts, others): (Vec<&Change>, Vec<&Change>) = form.damage.iter().partition(|d| d.kind == CUT);
    others.into_iter().chain(cuts).for_each(|d| damage(&mut text, d));
    let utf16 = |big: bool| -> Vec<u8> { text.encode_utf16().flat_map(|u| if big { u.to_be_bytes() } else { u.to_le_bytes() }).collect() };
    match form.encoding {
        0 => text.clone().into_bytes(),
        1 => [b"\xEF\xBB\xBF", text.as_bytes()].concat(),
        2 => encoding_rs::SHIFT_JIS.encode(&text).0.into_owned(),
        3 => [b"\xFF\xFE".to_vec(), utf16(false)].concat(),
        4 => [b"\xFE\xFF".to_vec(), utf16(true)].concat(),
        _ => utf16(false),
    }
}

fn made(changes: &[Change]) -> Vec<u8> {
    let mut rows = rows();
    let mut form = Form { separator: ',', quote_all: false, row_quoted: false, line_end: "\r\n", encoding: 0, damage: Vec::new() };
    for change in changes {
        let mut change = change.clone();
        let with = change.with.index(1 << 20);
        if change.kind < CELL_KINDS {
            change_rows(&mut rows, &change);
            continue;
        }
        change.kind -= CELL_KINDS;
        match change.kind {
            0 => form.separator = [',', ';', '\t', '|'][with % 4],
            1 => form.quote_all = true,
            2 => form.row_quoted = true,
            3 => form.line_end = ["\n", "\r", "\r\n"][with % 3],
            4 => form.encoding = with % 6,
            _ => {
                change.kind -= FORM_KINDS;
                form.damage.push(change);
            }
        }
    }
    write(&rows, &form)
}

/// Facilities whose facts are not those of the sample, and that nothing names.
fn unnamed(ingested: &Ingested) -> Vec<String> {
    let now = facts(ingested);
    let rows = row_numbers(ingested);
    let new: Vec<&Finding> = ingested.findings.iter().filter(|f| !BASE.findings.contains(f) && f.code != "unnamed_column").collect();
    if new.iter().any(|f| f.row == 0 && f.code != "column_missing_in_file") {
        return Vec::new();
    }
    let rejected = ingested.rejected.iter().map(|r| r.cells.iter().collect::<Vec<_>>().join(",")).collect::<String>();
    let is_named = |id: &String| {
        new.iter().any(|f| f.facility_id == *id || rows.get(id) == Some(&f.row) || BASE.rows.get(id) == Some(&f.row))
            || rejected.contains(id.as_str())
    };
    let all: BTreeSet<&String> = BASE.facts.keys().chain(now.keys()).collect();
    all.into_iter().filter(|id| BASE.facts.get(*id) != now.get(*id) && !is_named(id)).cloned().collect()
}

fn row_numbers(ingested: &Ingested) -> BTreeMap<String, u32> {
    let f = &ingested.facilities;
    let row = |i| u32::try_from(f.int(i, "source_row").expect("row").unwrap_or(0)).unwrap_or(0);
    (0..f.len()).map(|i| (f.text(i, "facility_id").expect("id").to_owned(), row(i))).collect()
}

fn cases() -> ProptestConfig {
    let times: u32 = std::env::var("KYOGI_FUZZ").ok().and_then(|n| n.parse().ok()).unwrap_or(1);
    ProptestConfig { max_shrink_iters: 200, ..ProptestConfig::with_cases(400 * times) }
}

fn change() -> impl Strategy<Value = Change> {
    let index = any::<prop::sample::Index>;
    (0..CELL_KINDS + FORM_KINDS + DAMAGE_KINDS, index(), index(), index()).prop_map(|(kind, row, column, with)| Change { kind, row, column, with })
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn no_variant_changes_an_answer_in_silence(changes in proptest::collection::vec(change(), 1..4)) {
        let dir = folder();
        let path = dir.path().join("extract.csv");
        std::fs::write(&path, made(&changes)).expect("writable");
        match read(&path) {
            Err(error) => prop_assert!(error.to_string().contains("次にすること"), "{error}"),
            Ok(ingested) => {
                let silent = unnamed(&ingested);
                prop_assert!(silent.is_empty(), "{} facilities, such as {}", silent.len(), silent[0]);
            }
        }
    }
}
