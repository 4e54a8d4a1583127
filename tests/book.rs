//! Data book and method in the open: every figure resolves to its formula, models, rules and inputs.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::support::{folder, rows, run_packet, sample_workspace, two_years};

#[test]
fn every_figure_resolves_to_the_method() {
    let dir = folder();
    let workspace = sample_workspace(&dir.path().join("work"));
    let packet = dir.path().join("packet");
    run_packet(&workspace, None, &packet, 2).unwrap_or_else(|e| panic!("{e}"));
    let method = fs::read_to_string(packet.join("method.html")).expect("method page");
    let all = kyogi::aggregate::figure::Indicator::all("全国と同じ割合").unwrap_or_else(|e| panic!("{e}"));
    // each kind of figure, in 鳥取市 or where it is
    let mut kinds: BTreeMap<(String, String), String> = BTreeMap::new();
    for row in rows(&packet.join("data/figures.csv")) {
        let key = kyogi::aggregate::figure::Indicator::key(&row["indicator_code"], &row["breakdown"]);
        let indicator = kyogi::aggregate::figure::Indicator::find(&all, &key).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(indicator.unit, row["unit"], "{key}");
        assert!(
            !indicator.assumption.is_empty() && !indicator.what_changes.is_empty(),
            "{key} says neither what is assumed nor what would change it"
        );
        let area = kinds.entry((row["indicator_code"].clone(), row["breakdown"].clone())).or_insert_with(|| row["area_code"].clone());
        if row["area_code"] == "31201" {
            area.clone_from(&row["area_code"]);
        }
    }
    for ((code, breakdown), area) in &kinds {
        assert!(method.contains(&format!("id=\"{code}\"")), "the method page has no place for {code}");
        let terms = [format!("area={area}"), format!("indicator={code}"), format!("breakdown={breakdown}")];
        let said = kyogi::commands::explain::figure(&workspace, &packet, &terms, None).unwrap_or_else(|e| panic!("{e}"));
        assert!(said.lines().nth(1).is_some_and(|l| l.starts_with("  読み上げ：") && l.contains('。')), "{code} {breakdown} is not read aloud");
        assert!(said.contains("の行") && !said.contains("一致しません"), "{code} {breakdown} has no rows\n{said}");
        for part in ["式：", "想定：", "変わるとき：", "モデル：", "入力：extract.csv SHA-256 "] {
            assert!(said.contains(part), "{code} {breakdown}: no {part} in\n{said}");
        }
        for line in said.lines().filter(|l| l.contains("もとの表：")) {
            assert!(line.contains("SHA-256 ") && method.contains(line.rsplit(' ').next().unwrap_or("?")), "{code}: {line}");
        }
    }
    // all rows go to a file that people name, and never over another
    let all_rows = dir.path().join("行.csv");
    let explain = || {
        kyogi::commands::explain::figure(
            &workspace,
            &packet,
            &["area=31", "indicator=function_positive", "breakdown=function=g1"].map(str::to_owned),
            Some(&all_rows),
        )
    };
    let said = explain().unwrap_or_else(|e| panic!("{e}"));
    let listed = rows(&all_rows);
    assert!(fs::read(&all_rows).expect("rows").starts_with("\u{FEFF}facility_id,source_file,source_row,low,high,said\r\n".as_bytes()));
    assert!(listed.len() > 30 && said.contains(&format!("ほか {} 行", listed.len() - 30)), "{said}");
    assert!(explain().err().is_some_and(|e| e.to_string().contains("同じ名前のファイルがすでにあります")));
    // a sheet leads to the figures of its area and theme
    let sheet = page(&packet.join("sheets/31201_g2a.html"));
    assert!(sheet.contains("href=\"../areas/31201.html#g2a\"") && sheet.contains("href=\"../method.html\""));
    assert!(page(&packet.join("areas/31201.html")).contains("<h2 id=\"g2a\""));
    numbers_lead_to_the_method(&packet, &method);
    pictures_show_their_own_area(&packet);
    maps_show_the_classes_of_the_figures(&packet);
    assert!(kinds.len() > 40, "{} kinds of figures", kinds.len());
}

fn page(path: &Path) -> String {
    fs::read_to_string(path).expect("page").replace("&#x2f;", "/")
}

/// Pages of a folder, by file name without `.html`.
fn pages(folder: &Path) -> Vec<(String, String)> {
    let files = fs::read_dir(folder).expect("folder").flatten().map(|e| e.path());
    let pages = files.filter(|p| p.extension().is_some_and(|e| e == "html"));
    pages.map(|p| (p.file_stem().unwrap_or_default().to_string_lossy().into_owned(), page(&p))).collect()
}

/// What stands between two marks, each time that they do.
fn between<'a>(text: &'a str, start: &'a str, end: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(start).skip(1).filter_map(move |t| t.split(end).next())
}

/// Key figures, sentences with a number and tables of sheets and data book each have a link to a place of the method page.
fn numbers_lead_to_the_method(packet: &Path, method: &str) {
    let (mut key_figures, mut sentences, mut tables) = (0, 0, 0);
    for (name, page) in pages(&packet.join("sheets")).into_iter().chain(pages(&packet.join("areas"))).filter(|(name, _)| name != "systems") {
        for place in between(&page, "method.html#", "\"") {
            assert!(method.contains(&format!("id=\"{place}\"")), "{name}: the method page has no place {place}");
        }
        for block in between(&page, "<dl class=\"key-figures\">", "</dl>").flat_map(|list| between(list, "<dd>", "</dd>")) {
            assert!(block.contains("class=\"how\""), "{name}: {block}");
            key_figures += 1;
        }
        for said in between(&page, "<ul class=\"sentences\">", "</ul>").flat_map(|list| between(list, "<li>", "</li>")) {
            let text = said.split("<span").next().unwrap_or(said);
            assert!(said.contains("class=\"how\"") || !text.contains(|c: char| c.is_ascii_digit()), "{name}: {said}");
            sentences += 1;
        }
        for table in between(&page, "<table class=\"data\">", "</table>") {
            let rows = table.matches("<th scope=\"row\"").count();
            let links = table.matches("class=\"how\"").count();
            assert!(links == 1 || links == rows, "{name}: {links} links for {rows} rows of {table}");
            tables += 1;
        }
    }
    assert!(key_figures > 300 && sentences > 900 && tables > 500, "{key_figures} key figures, {sentences} sentences, {tables} tables");
}

/// No picture of an area names another one; only the whole prefecture and a medical area show their municipalities.
fn pictures_show_their_own_area(packet: &Path) {
    let reference = kyogi::facts::reference::Reference::load("31").unwrap_or_else(|e| panic!("{e}"));
    let drawn = |page: &str| between(page, "<svg", "</svg>").collect::<String>();
    let whole = drawn(&page(&packet.join("areas/31.html")));
    assert!(whole.contains(">鳥取市<") && whole.contains(">米子市<"), "the names that must not be elsewhere are drawn as one text");
    let mut pictures = 0;
    for (name, page) in pages(&packet.join("sheets")).into_iter().chain(pages(&packet.join("areas"))) {
        let code = name.split('_').next().unwrap_or(&name);
        if ["31", "systems"].contains(&code) {
            continue;
        }
        let drawn = drawn(&page);
        pictures += page.matches("<svg").count();
        for m in reference.whole_municipalities() {
            let own = m.municipality_code == code || m.secondary_medical_area_code == code;
            assert!(own || !drawn.contains(&format!(">{}<", m.name)), "{name} shows {}", m.name);
        }
    }
    assert!(pictures > 250, "{pictures} pictures");
}

/// A map says of each municipality what the bounds of its figure allow: certainly, perhaps, or not.
fn maps_show_the_classes_of_the_figures(packet: &Path) {
    let figures = rows(&packet.join("data/figures.csv"));
    let names: BTreeMap<String, String> = {
        let reference = kyogi::facts::reference::Reference::load("31").unwrap_or_else(|e| panic!("{e}"));
        reference.whole_municipalities().map(|m| (m.municipality_code.clone(), m.name.clone())).collect()
    };
    let (book, index) = (page(&packet.join("areas/31.html")), page(&packet.join("index.html")));
    let mut seen = BTreeSet::new();
    for map in kyogi::facts::dictionary::read_csv::<BTreeMap<String, String>>("reports/sheets/maps.csv").unwrap_or_else(|e| panic!("{e}")) {
        let caption = format!("<caption>{}（鳥取県", map["title"]);
        let table = between(&book, &caption, "</table>").next().unwrap_or_else(|| panic!("no map {}", map["title"]));
        assert!(index.contains(&caption), "the overview has the map too");
        let (code, breakdown) = map["figure"].split_once('|').unwrap_or((&map["figure"], ""));
        for f in figures.iter().filter(|f| f["level"] == "municipality" && f["indicator_code"] == code && f["breakdown"] == breakdown) {
            let bound = |end: &str| f[end].parse::<f64>().expect("number");
            let class = match (bound("value_low"), bound("value_high")) {
                (low, _) if low > 0.0 => "certain",
                (_, high) if high > 0.0 => "possible",
                _ => "none",
            };
            let name = format!(">{}<", names[&f["area_code"]]);
            let line = between(table, &name, "</tr>").next().unwrap_or_default();
            assert!(line.contains(&format!(">{}<", map[class])), "{code} {}: {line}", f["area_code"]);
            seen.insert(class);
        }
    }
    assert_eq!(seen.len(), 3, "the sample has all three classes");
}

/// Shares of one whole end at 100; what can be more is said in words or as a multiple. Few facilities have counts and no shares.
#[test]
fn no_percentage_above_100_and_no_share_of_few_facilities() {
    let dir = folder();
    let [_, packet] = two_years(dir.path());
    let digits = |text: &str| -> f64 {
        let start =
            text.rfind(|c: char| !c.is_ascii_digit() && c != '.' && c != ',').map_or(0, |i| i + text[i..].chars().next().map_or(1, char::len_utf8));
        text[start..].replace(',', "").parse().unwrap_or_default()
    };
    let mut seen = 0;
    for file in kyogi::ground::folder::files_below(&packet)
        .expect("files")
        .iter()
        .filter(|f| f.ends_with(".html") && *f != "method.html" && *f != "dictionary.html")
    {
        let page = fs::read_to_string(packet.join(file)).expect("page");
        let main = page.split("<main").nth(1).and_then(|m| m.split("</main>").next()).unwrap_or_default();
        for (i, _) in main.match_indices('%') {
            let share = digits(&main[..i]);
            seen += 1;
            assert!(
                share <= 100.0,
                "{file}: {share}% in 「{}」",
                main[..i].chars().rev().take(60).collect::<Vec<_>>().into_iter().rev().collect::<String>()
            );
        }
    }
    assert!(seen > 1000, "{seen}");
    for row in rows(&packet.join("data/figures.csv")) {
        let few = row["expected"].parse::<u32>().is_ok_and(|n| n < 5);
        assert!(row["unit"] != "%" || row["value_high"].parse::<f64>().is_ok_and(|v| v <= 100.0 + 1e-9), "{row:?}");
        assert!(!(few && row["indicator_code"].starts_with("function_share")), "{row:?}");
    }
}

/// The data book of each area has every figure of that area, of no other, beside the previous report year.
#[test]
fn data_book_has_all_figures_of_its_area_and_the_change() {
    let dir = folder();
    let [_, packet] = two_years(dir.path());

    let mut figures: BTreeMap<String, Vec<BTreeMap<String, String>>> = BTreeMap::new();
    for row in rows(&packet.join("data/figures.csv")) {
        figures.entry(row["area_code"].clone()).or_default().push(row);
    }
    let before = |row: &BTreeMap<String, String>| ["level", "area_code", "indicator_code", "breakdown"].map(|k| row[k].clone());
    let changes: BTreeMap<[String; 4], String> =
        rows(&packet.join("data/changes.csv")).iter().map(|row| (before(row), row["verdict"].clone())).collect();
    let reference = kyogi::facts::reference::Reference::load("31").unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(figures.len(), 19 + 3 + 1);
    for (code, rows) in &figures {
        let page = fs::read_to_string(packet.join(format!("areas/{code}.html"))).expect("page").replace("&#x2f;", "/");
        assert_eq!(page.matches("class=\"aloud\"").count(), rows.len(), "{code}");
        for label in ["分からない（幅が重なる）", "分からない（未報告の分がない）", "変わらない", "増えた", "減った"]
        {
            let n = rows.iter().filter(|r| changes.get(&before(r)).is_some_and(|v| kyogi::draft::book::verdict_label(v) == label)).count();
            assert_eq!(page.matches(&format!("class=\"verdict\">{label}<")).count(), n, "{code}: {label}");
        }
        for row in rows {
            // the reader of the page comes to the place of the figure on the method page
            assert!(page.contains(&format!("href=\"../method.html#{}\"", row["indicator_code"])), "{code}: {}", row["indicator_code"]);
        }
        let lists: String = page.split("class=\"data lines\"").skip(1).filter_map(|t| t.split("</table>").next()).collect();
        for m in reference.whole_municipalities().filter(|m| m.municipality_code != *code) {
            assert!(!lists.contains(&m.name), "{code} speaks of {}", m.name);
        }
        let pdf = fs::read(packet.join(format!("areas/{code}.pdf"))).expect("PDF");
        let text = String::from_utf8_lossy(&pdf);
        assert!(text.contains("pdfuaid:part") && text.contains("pdfaid:part"), "{code}");
    }
}

/// What is printed of a figure: dashes where nothing was reported on, causes of width in facilities, both ends.
#[test]
fn causes_of_width_are_named() {
    use kyogi::draft::book::widened;
    use kyogi::draft::sentence::Measure;
    let m = Measure { expected: Some(90), reported: Some(85), n_banded: 12, n_open_top: 1, n_masked: 2, ..Measure::default() };
    assert_eq!(widened(&m, "out"), ["未報告 5（含まず）", "階級 12", "上限なしの階級 1", "秘匿 2"]);
    let public = Measure { expected: None, reported: None, ..m };
    assert_eq!(widened(&public, ""), ["階級 12", "上限なしの階級 1", "秘匿 2"]);
    assert_eq!(widened(&Measure { expected: Some(1_200), reported: Some(0), ..Measure::default() }, "out"), ["未報告 1,200（含まず）"]);
    assert_eq!(widened(&Measure { expected: Some(3), reported: Some(3), ..Measure::default() }, "in"), [""; 0]);
    // 3 of 5 silent facilities reported but left the answer blank
    let m = Measure { expected: Some(20), reported: Some(18), value_low: 4.0, value_high: 9.0, unit: "施設".into(), ..Measure::default() };
    assert_eq!(widened(&m, "in"), ["未報告 2", "無回答 3"]);
}

/// The workbook says the same as `figures.csv`, in words, and explains each of its columns.
#[test]
fn workbook_of_all_figures() {
    let dir = folder();
    let workspace = sample_workspace(&dir.path().join("work"));
    let packet = dir.path().join("packet");
    run_packet(&workspace, None, &packet, 2).unwrap_or_else(|e| panic!("{e}"));
    let sheets = kyogi::ground::spreadsheet::read(&packet.join("data/figures.xlsx")).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(sheets.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(), ["読み方", "数値", "指標の説明", "列の説明", "出典"]);
    assert!(sheets[0].text(1, 0).starts_with("模擬データ"), "{}", sheets[0].text(1, 0));
    let column = |sheet: usize, title: &str| {
        (0..40).find(|c| sheets[sheet].text(0, *c) == title).unwrap_or_else(|| panic!("no column {title} in {}", sheets[sheet].name))
    };
    let keys = ["区域コード", "指標コード", "内訳コード", "少なくとも", "多くとも", "報告した医療機関"].map(|t| column(1, t));
    let said: BTreeSet<Vec<String>> = (1..sheets[1].rows.len()).map(|r| keys.iter().map(|c| sheets[1].text(r, *c).to_owned()).collect()).collect();
    let csv = rows(&packet.join("data/figures.csv"));
    assert_eq!(said.len(), csv.len());
    for row in &csv {
        let mut key = ["area_code", "indicator_code", "breakdown", "value_low", "value_high", "reported"].map(|k| row[k].clone()).to_vec();
        if row["reported"].is_empty() {
            key[5] = "―".into();
        }
        assert!(said.contains(&key), "{key:?}");
    }
    for r in 1..sheets[1].rows.len() {
        for title in ["区域の段階", "区域名", "テーマ", "指標", "単位", "読み上げ文", "出典"] {
            assert!(!sheets[1].text(r, column(1, title)).is_empty(), "row {r}: {title} is empty");
        }
    }
    let explained: BTreeSet<&str> = (1..sheets[3].rows.len()).map(|r| sheets[3].text(r, column(3, "見出し"))).collect();
    for c in 0..sheets[1].rows[0].len() {
        assert!(explained.contains(sheets[1].text(0, c)), "{} is not explained", sheets[1].text(0, c));
    }
    let columns: BTreeSet<&str> = (1..sheets[3].rows.len()).map(|r| sheets[3].text(r, column(3, "列"))).collect();
    for name in csv[0].keys() {
        assert!(columns.contains(name.trim_start_matches('\u{FEFF}')), "{name} of figures.csv is not explained");
    }
}
