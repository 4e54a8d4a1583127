//! CP932 down to the last pair of bytes, wherever it stands; and readers that never panic, whatever they are given.
//!
//! cargo-fuzz needs a nightly compiler and a crate of its own; these are the same targets as properties. `KYOGI_FUZZ=100`
//! tries a hundred times as many cases.

use kyogi::ground::text;
use std::io::Write as _;

use kyogi::facts::dictionary::Dictionary;
use kyogi::ground::decode::TextEncoding;
use kyogi::ingest::grid;
use kyogi::ingest::layout::{self, Layout};
use kyogi::ingest::propose;
use proptest::prelude::*;

use crate::support::{LAYOUT, YEAR, folder, plain_facility, sample, statuses, write_extract};

fn cases(n: u32) -> ProptestConfig {
    let times: u32 = std::env::var("KYOGI_FUZZ").ok().and_then(|n| n.parse().ok()).unwrap_or(1);
    ProptestConfig::with_cases(n * times)
}

/// The pairs of bytes that can stand for one character, in order.
fn pairs() -> impl Iterator<Item = [u8; 2]> {
    let leads = (0x81..=0x9F).chain(0xE0..=0xFC);
    leads.flat_map(|lead| (0x40..=0xFC).filter(|trail| *trail != 0x7F).map(move |trail| [lead, trail]))
}

/// The one character of a pair, if it has one.
fn character(pair: [u8; 2]) -> Option<char> {
    let (text, broken) = TextEncoding::Cp932.decode(&pair);
    let mut characters = text.chars();
    let first = characters.next().filter(|_| !broken)?;
    characters.next().is_none().then_some(first)
}

#[test]
fn every_pair_of_cp932() {
    // rows of 94: JIS X 0208, NEC row 13, NEC's selection of IBM characters, the users' rows, IBM's extension
    let found: Vec<Option<char>> = pairs().map(character).collect();
    let rows: Vec<usize> = found.chunks(94).map(|row| row.iter().flatten().count()).collect();
    let mut expected = vec![94, 53, 62, 83, 86, 48, 66, 32, 0, 0, 0, 0, 83, 0, 0];
    expected.extend([94; 31]);
    expected.push(51);
    expected.extend([94; 36]);
    expected.extend([6, 0, 0, 0, 0, 94, 94, 94, 92, 0, 0]);
    expected.extend([94; 20]);
    expected.extend([94, 94, 94, 94, 12, 0]);
    assert_eq!(rows, expected);
    assert_eq!(found.iter().flatten().count(), 9604);

    // FNV-1a over the code points (U+FFFD for none), little endian. Two tables made by others give the same number: the
    // cp932 codec of CPython 3.11, and TextDecoder("shift_jis") of ICU in Node 20.
    let hash = found
        .iter()
        .flat_map(|c| u32::from(c.unwrap_or(char::REPLACEMENT_CHARACTER)).to_le_bytes())
        .fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    assert_eq!(hash, 0x034c_e4c4_6523_4d84);

    for (bytes, text) in [
        (&[0x87, 0x40][..], "①"),
        (&[0x87, 0x8A], "㈱"),
        (&[0xED, 0x40], "纊"),
        (&[0xFA, 0x5C], "纊"),
        (&[0xFB, 0xFC], "髙"),
        (&[0xFA, 0xB1], "﨑"),
        (&[0x81, 0x60], "～"),
        (&[0x81, 0x7C], "－"),
        (&[0x95, 0x5C], "表"),
        (&[0xB1, 0xDF], "ｱﾟ"),
    ] {
        assert_eq!(TextEncoding::Cp932.decode(bytes), (text.into(), false), "{bytes:02X?}");
    }
    for broken in [&[0xA0][..], &[0xFD], &[0x81], &[0x81, 0x7F], &[0xFC, 0xFC]] {
        assert!(TextEncoding::Cp932.decode(broken).1, "{broken:02X?}");
    }
}

/// Each pair in a cell of its own, shifted so that every boundary of the reader's buffers falls inside a pair once.
#[test]
fn pairs_at_every_boundary() {
    let good: Vec<([u8; 2], char)> = pairs().filter_map(|p| character(p).map(|c| (p, c))).collect();
    for shift in 0..6 {
        let mut bytes = vec![b'x'; shift];
        bytes.extend(b",\r\n");
        for row in good.chunks(40) {
            for (pair, _) in row {
                bytes.extend(pair);
                bytes.push(b',');
            }
            bytes.extend(b"\r\n");
        }
        let grid = grid::read(&bytes, Some(TextEncoding::Cp932)).unwrap_or_else(|e| panic!("{e}"));
        assert!(grid.undecodable.is_empty());
        // a pair whose character is white space alone is a filled cell all the same
        for ((row_no, record), row) in grid.rows[usize::from(shift > 0)..].iter().zip(good.chunks(40)) {
            for (cell, (pair, character)) in record.iter().zip(row) {
                assert_eq!(cell, character.to_string(), "row {row_no}, {pair:02X?}");
            }
        }
    }
    // the encoding is told from a window of 64 KiB, whose end falls into a pair
    for shift in 0..4 {
        let mut bytes = vec![b'x'; shift];
        bytes.extend("見出し,鳥取市\n".bytes().filter(u8::is_ascii));
        while bytes.len() < 70_000 {
            bytes.extend([0x92, 0xB9, 0x8E, 0xE6]);
            bytes.extend(b",");
        }
        let grid = grid::read(&bytes, None).unwrap_or_else(|e| panic!("{e}"));
        assert!(grid.encoding.contains("CP932") && grid.undecodable.is_empty(), "shift {shift}: {}", grid.encoding);
    }
}

#[test]
fn broken_bytes_are_found_where_they_stand() {
    let bytes = [&b"a,b\r\n\r\n1,"[..], &[0x81], b"\r\n", &[0x92, 0xB9, 0x8E, 0xE6], b",2\r\n"].concat();
    let grid = grid::read(&bytes, Some(TextEncoding::Cp932)).unwrap_or_else(|e| panic!("{e}"));
    // the blank line counts, as it does in a spreadsheet
    assert_eq!(grid.undecodable, [(3, 1)]);
    assert_eq!(grid.rows.iter().map(|(n, _)| *n).collect::<Vec<_>>(), [1, 3, 4]);
    assert_eq!(&grid.rows[2].1[0], "鳥取");
    let told: Vec<String> = grid.malformed[0].iter().map(|m| m.shown(&grid.rows[1].1[1])).collect();
    assert_eq!(told, ["〓（1文字目、バイト 81）"]);
}

#[test]
fn every_broken_sequence_is_told() {
    let told = |encoding: TextEncoding, bytes: &[u8]| {
        let (text, broken) = encoding.decode(bytes);
        let found = encoding.malformed(bytes);
        assert_eq!((broken, text.matches('\u{FFFD}').count()), (!found.is_empty(), found.len()));
        found.iter().map(|m| m.shown(&text)).collect::<Vec<_>>()
    };
    // a pair without a character is one sequence; a lead byte before ASCII leaves that byte its meaning
    let pair = [&[0x92, 0xB9][..], &[0x85, 0x9F], &[0x8E, 0xE6], &[0x81], b" 1", &[0xA0]].concat();
    assert_eq!(
        told(TextEncoding::Cp932, &pair),
        ["鳥〓取〓 1〓（2文字目、バイト 85 9F）", "鳥〓取〓 1〓（4文字目、バイト 81）", "鳥〓取〓 1〓（7文字目、バイト A0）"]
    );
    assert_eq!(told(TextEncoding::Utf8, b"\xE5\xBD\x85\xE3\x80x\xFF"), ["彅〓x〓（2文字目、バイト E3 80）", "彅〓x〓（4文字目、バイト FF）"]);
    assert_eq!(told(TextEncoding::Utf8, "彅さん".as_bytes()), Vec::<String>::new());
    // a long text is cut to what stands around
    let long = [&[b'a'; 30][..], &[0xFD], &[b'b'; 30]].concat();
    assert_eq!(told(TextEncoding::Cp932, &long), ["…aaaaaaaaaa〓bbbbbbbbbb…（31文字目、バイト FD）"]);
}

#[test]
fn broken_cells_have_a_facility_and_an_item() {
    let dir = folder();
    let path = dir.path().join("extract.csv");
    let facilities = ["3100000000001", "3100000000002"].map(|id| {
        let mut facility = plain_facility(id);
        facility.insert("g1_diseases_other".into(), "甲乙丙".into());
        facility
    });
    write_extract(&path, &facilities);
    let text = std::fs::read_to_string(&path).expect("UTF-8");
    // both bytes of the second character of the second facility's cell, and one after it
    let at = text.rfind("甲乙丙").expect("cell");
    let bytes = [&text.as_bytes()[..at], b"\xE7\x94\xB2\xFF\xFE\xE4\xB8\x99", &text.as_bytes()[at + 9..]].concat();
    std::fs::write(&path, bytes).expect("writable");
    let (_, findings) = statuses(&path);
    let told: Vec<_> = findings.iter().filter(|f| f.code == "undecodable").map(|f| (f.row, &*f.facility_id, &*f.item_code, &*f.value)).collect();
    let of = |value| (3, "3100000000002", "g1_diseases_other", value);
    assert_eq!(told, [of("甲〓〓丙（2文字目、バイト FF）"), of("甲〓〓丙（3文字目、バイト FE）")]);

    // many broken places in one cell are no other encoding; a broken place in every cell is
    let many = grid::read(&[&b"a,b\n"[..], &[0xFD; 100], b",1\n"].concat(), Some(TextEncoding::Cp932)).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!((many.undecodable.len(), many.malformed[0].len()), (1, 100));
    let error = grid::read(&b"\xFD,\xFD,\xFD\n".repeat(20), Some(TextEncoding::Cp932)).expect_err("refused").to_string();
    assert!(error.contains("読めない欄 60 か所") && error.contains("行 1・列 A"), "{error}");
}

/// A workbook whose only sheet has this XML, packed without compression.
fn packed(sheet: &[u8]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let plain = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    let parts: [(&str, &[u8]); 4] = [
        ("xl/workbook.xml", br#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="a" sheetId="1" r:id="rId1"/></sheets></workbook>"#),
        ("xl/_rels/workbook.xml.rels", br#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#),
        ("_rels/.rels", br#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#),
        ("xl/worksheets/sheet1.xml", sheet),
    ];
    for (name, content) in parts {
        zip.start_file(name, plain).expect("entry");
        zip.write_all(content).expect("content");
    }
    zip.finish().expect("zip").into_inner()
}

const SHEET: &str = r#"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><dimension ref="A1:C3"/><sheetData><row r="1"><c r="A1" t="inlineStr"><is><r><t>漢</t></r><rPh sb="0" eb="1"><t>カン</t></rPh></is></c><c r="B1"><v>46054</v></c></row><row r="3"><c r="C3" t="b"><v>1</v></c><c r="A3" t="e"><v>#N/A</v></c></row></sheetData><mergeCells count="1"><mergeCell ref="A1:B1"/></mergeCells></worksheet>"#;

#[test]
fn furigana_is_no_part_of_a_value() {
    let grids = grid::read_all(packed(SHEET.as_bytes()), None).unwrap_or_else(|e| panic!("{e}"));
    let rows: Vec<(u32, Vec<&str>)> = grids[0].rows.iter().map(|(n, r)| (*n, r.iter().collect())).collect();
    assert_eq!(rows, [(1, vec!["漢", "46054"]), (3, vec!["#N/A", "", "TRUE"])]);
}

proptest! {
    #![proptest_config(cases(400))]

    /// Damaged workbooks are refused or read, never a panic: whole files, and sheets inside sound files.
    #[test]
    fn damaged_workbooks(at in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6), cut in any::<prop::sample::Index>(), inside in any::<bool>()) {
        let mut bytes = if inside { SHEET.as_bytes().to_vec() } else { packed(SHEET.as_bytes()) };
        for (place, byte) in at {
            let i = place.index(bytes.len());
            bytes[i] = byte;
        }
        if cut.index(4) == 0 {
            bytes.truncate(cut.index(bytes.len()));
        }
        let bytes = if inside { packed(&bytes) } else { bytes };
        let _ = grid::read_all(bytes, None);
    }

    /// Headers and cells of any kind lead to a mapping that can be read again, or to a refusal.
    #[test]
    fn any_table_gets_a_mapping_or_none(header in proptest::collection::vec("[報告年度医療機関ID市区町村コード号イロハ_|\"\\\\a-z0-9有無○-]{0,12}", 1..8), cells in proptest::collection::vec("\\PC{0,8}", 0..40)) {
        let dir = folder();
        let path = dir.path().join("table.csv");
        let mut writer = csv::WriterBuilder::new().flexible(true).from_path(&path).expect("writable");
        writer.write_record(&header).expect("header");
        for row in cells.chunks(header.len()) {
            writer.write_record(row).expect("row");
        }
        writer.flush().expect("flush");
        drop(writer);
        let dictionary = Dictionary::load(YEAR).expect("dictionary");
        for proposal in propose::propose(&path, &dictionary).unwrap_or_default() {
            let layout = Layout::parse(&proposal.text, "proposal");
            prop_assert!(layout.is_ok(), "{}\n{}", layout.err().map_or_else(String::new, |e| e.to_string()), proposal.text);
        }
    }
}

proptest! {
    #![proptest_config(cases(2000))]

    /// A mapping file with damage is refused with words, or read.
    #[test]
    fn damaged_mappings(at in any::<prop::sample::Index>(), with in "\\PC{0,3}") {
        let text: Vec<char> = kyogi::ground::embedded::text(LAYOUT).chars().collect();
        let i = at.index(text.len());
        let damaged: String = text[..i].iter().copied().chain(with.chars()).chain(text[(i + 1).min(text.len())..].iter().copied()).collect();
        match Layout::parse(&damaged, "mapping") {
            Ok(layout) => {
                let grid = grid::read(&sample()[..20_000.min(sample().len())], None);
                if let Ok(grid) = grid {
                    let _ = layout::recognise(&[layout], &grid, &kyogi::facts::dictionary::labels::Labels::default());
                }
            }
            Err(error) => prop_assert!(error.to_string().contains("次にすること")),
        }
    }

    /// Whatever day is written in whatever way is that day.
    #[test]
    fn dates_survive_their_spellings(serial in 36_526_u32..73_050, style in 0_u8..6) {
        let iso = text::date(&serial.to_string()).expect("a day of this century");
        let (year, month, day): (u32, u32, u32) = (iso[..4].parse().expect("year"), iso[5..7].parse().expect("month"), iso[8..].parse().expect("day"));
        let era = year.saturating_sub(2018).max(1);
        prop_assume!(style > 1 || year > 2018);
        let text = match style {
            0 => format!("令和{era}年{month}月{day}日"),
            1 => format!("R{era}.{month}.{day}"),
            2 => format!("{year}/{month}/{day} 10:30"),
            3 => format!("{year}{month:02}{day:02}"),
            4 => format!("{iso}T10:30:00"),
            _ => format!("{year}年{month:02}月{day:02}日"),
        };
        prop_assert_eq!(text::date(&text), Some(iso));
    }
}
