//! The form of a text file as offices and programs make it, case by case (`tests/cases/ingest/forms.csv`): the same answers,
//! one finding, or a refusal with its place.

use kyogi::ingest::Ingested;

use crate::support::{columns, folder, plain_facility, rows, tests_path};
use crate::variants::{facts, read};

type Table = Vec<Vec<String>>;

const NOTE: &str = "g2a_note";
const FACILITIES: usize = 6;

fn place(item: &str) -> usize {
    columns().iter().position(|(_, i)| i == item).expect("a column")
}

/// Header and facilities, the note of the second one being `note`.
fn table(note: &str) -> Table {
    let columns = columns();
    let mut table: Table = vec![columns.iter().map(|(h, _)| h.clone()).collect()];
    for n in 0..FACILITIES {
        let facility = plain_facility(&format!("31000000000{n:02}"));
        table.push(columns.iter().map(|(_, item)| facility.get(item).cloned().unwrap_or_default()).collect());
    }
    table[2][place(NOTE)] = note.to_owned();
    table
}

fn quoted(cell: &str) -> String {
    format!("\"{}\"", cell.replace('"', "\"\""))
}

fn text(table: &Table, separator: char, always: bool) -> String {
    let cell = |c: &String| if always || c.contains(['"', '\n', separator]) { quoted(c) } else { c.clone() };
    table.iter().map(|r| r.iter().map(cell).collect::<Vec<_>>().join(&separator.to_string()) + "\r\n").collect()
}

fn separator(with: &str) -> char {
    if with == "tab" { '\t' } else { with.chars().next().expect("a separator") }
}

fn encoded(text: &str, with: &str) -> Vec<u8> {
    let utf16 = |text: &str, to: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(to).collect::<Vec<u8>>();
    let by = |codec: &'static encoding_rs::Encoding| codec.encode(text).0.into_owned();
    match with {
        "utf16-tab" => [b"\xFF\xFE".to_vec(), utf16(&text.replace(',', "\t"), u16::to_le_bytes)].concat(),
        "utf16be" => [b"\xFE\xFF".to_vec(), utf16(text, u16::to_be_bytes)].concat(),
        "utf16-bare" => utf16(text, u16::to_le_bytes),
        "jis" => by(encoding_rs::ISO_2022_JP),
        "cp932" => by(encoding_rs::SHIFT_JIS),
        _ => [b"\xEF\xBB\xBF", text.as_bytes()].concat(),
    }
}

fn mark(with: &str) -> &str {
    match with {
        "1A" => "\u{1A}",
        "00" => "\0\0",
        other => other,
    }
}

/// The file of a case.
fn made(change: &str, with: &str) -> Vec<u8> {
    let mut plain = table("");
    let whole = text(&plain, ',', false);
    let head = whole.lines().next().expect("a header").to_owned();
    let third = whole.match_indices('\n').nth(1).expect("lines").0 + 1;
    let cut_at = |note: &str, at: &str| {
        let text = text(&table(note), ',', false);
        text[..text.find(at).expect("the cell")].to_owned()
    };
    let text = match change {
        "none" => whole,
        "separator" => text(&plain, separator(with), false),
        "sep_line" => format!("sep={with}\r\n{}", text(&plain, separator(with), false)),
        "rows_quoted" => whole.lines().map(|l| quoted(l) + "\r\n").collect(),
        "all_quoted" => text(&plain, ',', true),
        "encode" => return encoded(&whole, with),
        "line_end" => whole.replace("\r\n", if with == "cr" { "\r" } else { "\n" }),
        "insert_line" => format!("{}{with}\r\n{}", &whole[..third], &whole[third..]),
        "trailing" => whole.lines().map(|l| format!("{l},,\r\n")).collect(),
        "note" => text(&table(with), ',', false),
        "raw_note" => text(&table("しるし"), ',', false).replace("しるし", with),
        "end" => format!("{whole}{}", mark(with)),
        "before_line" => format!("{}{}{}", &whole[..third], mark(with), &whole[third..]),
        "header_again" => format!("{}{head}\r\n{}", &whole[..third], &whole[third..]),
        "swallow" => {
            let note = place(NOTE);
            let (row, other) = match with {
                "near" => (3, place("report_method")),
                "text" => (4, note),
                _ => (4, note + 1),
            };
            plain[2][note] = "いち".into();
            plain[row][other] = "に".into();
            // where a cell begins with the separator, its quote closes the first one as it should
            let second = if with != "exact" { "\"夜間も,休日も\"" } else { "\",夜間も\"" };
            text(&plain, ',', false).replace("いち", "\"電話で").replace('に', second)
        }
        "join_open" => format!("{}{whole}", whole.trim_end()),
        "join_other" => {
            plain.iter_mut().for_each(|r| r.reverse());
            format!("{whole}{}", text(&plain, ',', false))
        }
        "cut_row" => whole[..whole.rfind(",0:").expect("an answer")].to_owned(),
        "cut_quote" => cut_at("甲,乙を実施", "を実施"),
        "shift_row" => {
            plain[2].insert(20, String::new());
            text(&plain, ',', false)
        }
        other => panic!("unknown change {other}"),
    };
    text.into_bytes()
}

fn outcome(change: &str, with: &str) -> kyogi::ground::error::Result<Ingested> {
    let dir = folder();
    let path = dir.path().join("extract.csv");
    std::fs::write(&path, made(change, with)).expect("writable");
    read(&path)
}

#[test]
fn forms_of_text() {
    let base = facts(&outcome("none", "").unwrap_or_else(|e| panic!("{e}")));
    assert_eq!(base.len(), FACILITIES);
    let mut wrong = Vec::new();
    for case in rows(&tests_path("cases/ingest/forms.csv")) {
        let (expect, says) = (case["expect"].as_str(), case["says"].as_str());
        let got = match outcome(&case["change"], &case["with"]) {
            Err(error) if expect == "stop" && error.to_string().contains(says) => continue,
            Err(error) => error.to_string(),
            Ok(read) => {
                let codes: Vec<&str> = read.findings.iter().map(|f| f.code.as_str()).collect();
                let is_same = facts(&read) == base;
                match expect {
                    "same" if is_same && codes.is_empty() && read.inputs[0].encoding == says => continue,
                    "too_many_cells" if codes == ["too_many_cells"] => continue,
                    code if is_same && codes == [code] => continue,
                    _ => format!("{}{codes:?} {}", if is_same { "" } else { "回答が変わった " }, read.inputs[0].encoding),
                }
            }
        };
        wrong.push(format!("{}：{got}、期待は {expect} {says}", case["case"]));
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
