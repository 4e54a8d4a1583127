//! What the looks of a sheet say about its values: struck text (見え消し), what people hid, formulas without a value.
//!
//! calamine gives values; neither runs of a text nor hidden rows and columns, and a formula without a value is a blank to it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::BufRead;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use roxmltree::{Document, Node};

use super::parts::{Package, attribute};
use super::struck::{self, Run};
use crate::ground::text::line_feeds;

/// The looks of one sheet; rows and columns from zero.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Looks {
    /// Rows that people hid, not those that a filter left out.
    pub hidden_rows: BTreeSet<usize>,
    /// Rows that a filter leaves out for the moment: data all the same.
    pub filtered_rows: BTreeSet<usize>,
    /// First and last of columns that are hidden.
    pub hidden_columns: Vec<(usize, usize)>,
    /// A rule strikes cells by their values: what it strikes cannot be told from the file.
    pub strikes_by_rule: bool,
    cells: BTreeMap<(usize, usize), CellLook>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct CellLook {
    without_value: bool,
    struck: Option<Struck>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Struck {
    Whole,
    Runs(Vec<Run>),
}

impl Looks {
    /// Whether a cell holds a formula and no value of it: what it would say is not known, which is no blank.
    pub fn without_value(&self, row: usize, column: usize) -> bool {
        self.cells.get(&(row, column)).is_some_and(|c| c.without_value)
    }

    /// Whether a cell has text with a line through it, in part or whole.
    pub fn is_struck(&self, row: usize, column: usize) -> bool {
        self.cells.get(&(row, column)).is_some_and(|c| c.struck.is_some())
    }

    /// The text of a cell with marks around what is struck; see `struck`.
    pub fn marked(&self, row: usize, column: usize, text: &str) -> String {
        match self.cells.get(&(row, column)).and_then(|c| c.struck.as_ref()) {
            Some(Struck::Runs(runs)) if runs.iter().map(|r| r.text.as_str()).collect::<String>() == text => struck::mark(runs),
            // runs that do not make up the text say at least that something is struck
            Some(_) => struck::whole(text),
            None => text.to_owned(),
        }
    }

    /// Whether the row or the column of a cell is hidden.
    pub fn hides(&self, row: usize, column: usize) -> bool {
        self.hidden_rows.contains(&row) || self.hides_column(column)
    }

    pub fn hides_column(&self, column: usize) -> bool {
        self.hidden_columns.iter().any(|&(first, last)| (first..=last).contains(&column))
    }

    /// Cells with a formula without a value, in order.
    pub fn formulas_without_value(&self) -> impl Iterator<Item = (usize, usize)> {
        self.cells.iter().filter(|(_, c)| c.without_value).map(|(at, _)| *at)
    }

    /// Cells with struck text, in order.
    pub fn struck_cells(&self) -> impl Iterator<Item = (usize, usize)> {
        self.cells.iter().filter(|(_, c)| c.struck.is_some()).map(|(at, _)| *at)
    }
}

/// Sheet name → its looks. Nothing for what is no XLSX; a part that cannot be read says nothing here, its cells are refused elsewhere.
pub(super) fn read(bytes: &[u8]) -> HashMap<String, Looks> {
    let Some(mut package) = Package::open(bytes) else { return HashMap::new() };
    let sheets = package.sheets();
    if sheets.is_empty() {
        return HashMap::new();
    }
    let styles = Styles::read(&mut package);
    let texts = package.stream("xl/sharedStrings.xml").map(shared_runs).unwrap_or_default();
    let is_counted_later = package.text("xl/workbook.xml").is_some_and(|xml| counts_on_load(&xml));
    let mut found = HashMap::new();
    for sheet in sheets {
        let tables: Vec<String> = package.related(&sheet.path).into_iter().filter(|r| r.kind == "table").map(|r| r.path).collect();
        let mut filters: Vec<Filter> = tables.iter().filter_map(|path| Filter::of_table(&package.text(path)?)).collect();
        let Some(stream) = package.stream(&sheet.path) else { continue };
        let mut scan = Scan { is_counted_later, ..Scan::new(&styles, &texts) };
        scan.run(stream);
        filters.append(&mut scan.filters);
        found.insert(sheet.name, scan.finish(&filters));
    }
    found
}

/// A program without a calculator wrote the formulas: Excel is to count them when it opens the file, and a value of 0 is none.
fn counts_on_load(xml: &str) -> bool {
    Document::parse(xml)
        .is_ok_and(|book| book.descendants().any(|n| n.tag_name().name() == "calcPr" && attribute(n, "fullCalcOnLoad").is_some_and(is_true)))
}

fn is_true(text: &str) -> bool {
    matches!(text, "1" | "true")
}

/// Which formats of cells strike, and whether a conditional one does.
#[derive(Default)]
struct Styles {
    cells: Vec<bool>,
    rules: Vec<bool>,
}

impl Styles {
    fn read(package: &mut Package<'_>) -> Self {
        let xml = package.text("xl/styles.xml").unwrap_or_default();
        let Ok(xml) = Document::parse(&xml) else { return Self::default() };
        let list = |name: &str| {
            xml.root_element()
                .children()
                .filter(|n| n.tag_name().name() == name)
                .flat_map(|n| n.children())
                .filter(Node::is_element)
                .collect::<Vec<_>>()
        };
        let fonts: Vec<bool> = list("fonts").into_iter().map(strikes).collect();
        let font = |n: &Node<'_, '_>| attribute(*n, "fontId").and_then(|i| i.parse::<usize>().ok()).and_then(|i| fonts.get(i).copied());
        Self {
            cells: list("cellXfs").iter().map(|n| font(n).unwrap_or(false)).collect(),
            rules: list("dxfs").into_iter().map(|n| n.children().any(strikes)).collect(),
        }
    }

    fn strikes(&self, style: usize) -> bool {
        self.cells.get(style).copied().unwrap_or(false)
    }
}

/// Whether a font, of a cell or a run, strikes.
fn strikes(font: Node<'_, '_>) -> bool {
    font.children().any(|n| n.tag_name().name() == "strike" && attribute(n, "val").is_none_or(is_true))
}

/// A filter with criteria: its first and last row.
struct Filter {
    first: usize,
    last: usize,
}

impl Filter {
    fn of_table(xml: &str) -> Option<Self> {
        let xml = Document::parse(xml).ok()?;
        let filter = xml.descendants().find(|n| n.tag_name().name() == "autoFilter")?;
        filter.children().find(|n| n.tag_name().name() == "filterColumn")?;
        Self::of_range(attribute(filter, "ref")?)
    }

    fn of_range(range: &str) -> Option<Self> {
        let (from, to) = range.split_once(':')?;
        Some(Self { first: place(from)?.0, last: place(to)?.0 })
    }
}

/// `B12` or `$B$12` as row and column from zero; nothing beyond XFD1048576, where the format ends.
pub fn place(reference: &str) -> Option<(usize, usize)> {
    let (mut row, mut column) = (0usize, 0usize);
    for byte in reference.bytes().filter(|b| *b != b'$') {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' if row == 0 => column = column * 26 + usize::from(byte.to_ascii_uppercase() - b'A') + 1,
            b'0'..=b'9' => row = row * 10 + usize::from(byte - b'0'),
            _ => return None,
        }
        if row > 1_048_576 || column > 16_384 {
            return None;
        }
    }
    Some((row.checked_sub(1)?, column.checked_sub(1)?))
}

/// Runs of a text as they are stored: none of them says of itself what the cell's format says of the whole.
type Stored = Vec<(String, Option<bool>)>;

/// The shared texts that have runs, by index.
fn shared_runs(stream: impl BufRead) -> HashMap<usize, Stored> {
    let mut reader = Reader::from_reader(stream);
    let (mut buffer, mut found, mut index) = (Vec::new(), HashMap::new(), 0);
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer) {
            Ok(Event::Start(e)) if e.local_name().as_ref() == "si" => {
                let runs = runs(&mut reader, "si");
                if runs.iter().any(|(_, strike)| strike.is_some()) {
                    found.insert(index, runs);
                }
                index += 1;
            }
            Ok(Event::Empty(e)) if e.local_name().as_ref() == "si" => index += 1,
            Ok(Event::Eof) | Err(_) => return found,
            Ok(_) => {}
        }
    }
}

/// The runs up to the end of an element; furigana is no part of them.
fn runs<R: BufRead>(reader: &mut Reader<R>, end: &str) -> Stored {
    let (mut buffer, mut found) = (Vec::new(), Stored::new());
    let (mut strike, mut is_text, mut is_spoken, mut keeps_space) = (None, false, false, false);
    let mut text = String::new();
    loop {
        buffer.clear();
        let Ok(event) = reader.read_event_into(&mut buffer) else { return found };
        match event {
            Event::Start(e) | Event::Empty(e) if e.local_name().as_ref() == "rPr" => strike = Some(false),
            Event::Start(e) | Event::Empty(e) if e.local_name().as_ref() == "strike" => {
                strike = Some(raw(&e, "val").is_none_or(|v| is_true(&v)));
            }
            Event::Start(e) if e.local_name().as_ref() == "rPh" => is_spoken = true,
            Event::End(e) if e.local_name().as_ref() == "rPh" => is_spoken = false,
            Event::Start(e) if e.local_name().as_ref() == "t" && !is_spoken => {
                is_text = true;
                keeps_space = raw(&e, "space").is_some_and(|v| v == "preserve");
                text.clear();
            }
            Event::Text(t) if is_text => text.push_str(&t.xml10_content()),
            Event::CData(t) if is_text => text.push_str(&t.xml10_content()),
            Event::GeneralRef(e) if is_text => match e.resolve_char_ref() {
                Ok(Some(c)) => text.push(c),
                _ => text.push_str(quick_xml::escape::resolve_predefined_entity(&e).unwrap_or_default()),
            },
            Event::End(e) if e.local_name().as_ref() == "t" && is_text => {
                is_text = false;
                let said = if keeps_space { text.as_str() } else { text.trim_matches([' ', '\t', '\r', '\n']) };
                found.push((line_feeds(&said.replace("_x000D_", "\r")), strike));
            }
            Event::End(e) if e.local_name().as_ref() == "r" => strike = None,
            Event::End(e) if e.local_name().as_ref() == end => return found,
            Event::Eof => return found,
            _ => {}
        }
    }
}

/// An attribute by its local name; none of those asked for here holds an escaped character.
fn raw(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = element.attributes().with_checks(false).flatten().find(|a| a.key.local_name().as_ref() == name)?;
    Some(found.value.into_owned())
}

/// One pass over a sheet.
struct Scan<'a> {
    styles: &'a Styles,
    texts: &'a HashMap<usize, Stored>,
    is_counted_later: bool,
    looks: Looks,
    filters: Vec<Filter>,
    /// Formats of whole rows and columns hold for cells that have none of their own.
    struck_columns: Vec<(usize, usize)>,
    row_strikes: bool,
    row: usize,
    column: usize,
    is_filtered: bool,
    filter_range: Option<String>,
}

impl<'a> Scan<'a> {
    fn new(styles: &'a Styles, texts: &'a HashMap<usize, Stored>) -> Self {
        Self {
            styles,
            texts,
            is_counted_later: false,
            looks: Looks::default(),
            filters: Vec::new(),
            struck_columns: Vec::new(),
            row_strikes: false,
            row: 0,
            column: 0,
            is_filtered: false,
            filter_range: None,
        }
    }

    fn run(&mut self, stream: impl BufRead) {
        let mut reader = Reader::from_reader(stream);
        let (mut buffer, mut inner) = (Vec::new(), Vec::new());
        loop {
            buffer.clear();
            match reader.read_event_into(&mut buffer) {
                Ok(Event::Start(e)) if e.local_name().as_ref() == "c" => self.cell(&Head::new(&e), &mut reader, &mut inner),
                Ok(Event::Empty(e)) if e.local_name().as_ref() == "c" => {
                    self.at(Head::new(&e).place);
                    self.column += 1;
                }
                Ok(Event::Start(e) | Event::Empty(e)) => self.element(&e),
                Ok(Event::End(e)) if e.local_name().as_ref() == "row" => self.row += 1,
                Ok(Event::Eof) | Err(_) => return,
                Ok(_) => {}
            }
        }
    }

    fn element(&mut self, e: &BytesStart<'_>) {
        let number = |name: &str| raw(e, name).and_then(|v| v.parse::<usize>().ok());
        let is = |name: &str| raw(e, name).is_some_and(|v| is_true(&v));
        let is_nothing = |name: &str| raw(e, name).and_then(|v| v.parse::<f64>().ok()) == Some(0.0);
        match e.local_name().as_ref() {
            "col" => {
                let (Some(first), Some(last)) = (number("min"), number("max")) else { return };
                let span = (first.saturating_sub(1), last.saturating_sub(1));
                if is("hidden") || is_nothing("width") {
                    self.looks.hidden_columns.push(span);
                }
                if number("style").is_some_and(|s| self.styles.strikes(s)) {
                    self.struck_columns.push(span);
                }
            }
            "row" => {
                self.row = number("r").map_or(self.row, |r| r.saturating_sub(1));
                self.column = 0;
                self.row_strikes = is("customFormat") && number("s").is_some_and(|s| self.styles.strikes(s));
                if is("hidden") || (is("customHeight") && is_nothing("ht")) {
                    self.looks.hidden_rows.insert(self.row);
                }
            }
            "sheetPr" => self.is_filtered |= is("filterMode"),
            "autoFilter" => self.filter_range = raw(e, "ref"),
            "filterColumn" => self.is_filtered = true,
            "cfRule" => self.looks.strikes_by_rule |= number("dxfId").is_some_and(|d| self.styles.rules.get(d) == Some(&true)),
            _ => {}
        }
    }

    fn at(&mut self, place: Option<(usize, usize)>) {
        if let Some(place) = place {
            (self.row, self.column) = place;
        }
    }

    fn cell<R: BufRead>(&mut self, head: &Head, reader: &mut Reader<R>, buffer: &mut Vec<u8>) {
        self.at(head.place);
        let body = Body::read(reader, buffer);
        let by_default = || self.row_strikes || self.struck_columns.iter().any(|&(a, b)| (a..=b).contains(&self.column)) || self.styles.strikes(0);
        let whole = head.style.map_or_else(by_default, |s| self.styles.strikes(s));
        let stored = match head.kind {
            Stores::Shared => body.value.trim().parse().ok().and_then(|i: usize| self.texts.get(&i)),
            _ => Some(&body.runs),
        };
        let runs: Vec<Run> = stored.into_iter().flatten().map(|(text, s)| Run { text: text.clone(), is_struck: s.unwrap_or(whole) }).collect();
        let has_text = !body.value.is_empty() || runs.iter().any(|r| !r.text.is_empty());
        let struck = match (runs.iter().any(|r| r.is_struck), runs.is_empty()) {
            (true, _) if runs.iter().all(|r| r.is_struck || r.text.is_empty()) => Some(Struck::Whole),
            (true, _) => Some(Struck::Runs(runs)),
            (false, true) if whole && has_text => Some(Struck::Whole),
            _ => None,
        };
        // an empty text is a value that a formula may have; a number is never empty
        let is_valued = if head.kind == Stores::Text { body.has_value } else { !body.value.trim().is_empty() || !body.runs.is_empty() };
        let is_guess = self.is_counted_later && matches!(body.value.trim(), "" | "0");
        let without_value = body.has_formula && (!is_valued || is_guess);
        if without_value || struck.is_some() {
            self.looks.cells.insert((self.row, self.column), CellLook { without_value, struck });
        }
        self.column += 1;
    }

    fn finish(mut self, filters: &[Filter]) -> Looks {
        let range = self.filter_range.as_deref().and_then(Filter::of_range);
        let all = Filter { first: 0, last: usize::MAX };
        let own = self.is_filtered.then(|| range.unwrap_or(all));
        for filter in filters.iter().chain(&own) {
            // the headings of a filter are never left out by it
            let left_out: Vec<usize> = self.looks.hidden_rows.iter().copied().filter(|r| (filter.first + 1..=filter.last).contains(r)).collect();
            for row in left_out {
                self.looks.hidden_rows.remove(&row);
                self.looks.filtered_rows.insert(row);
            }
        }
        self.looks
    }
}

/// Where the value of a cell is kept.
#[derive(Clone, Copy, PartialEq)]
enum Stores {
    Shared,
    Text,
    Other,
}

/// The attributes of a cell.
struct Head {
    place: Option<(usize, usize)>,
    style: Option<usize>,
    kind: Stores,
}

impl Head {
    fn new(e: &BytesStart<'_>) -> Self {
        let mut head = Self { place: None, style: None, kind: Stores::Other };
        // a sheet has millions of them: nothing is copied
        for attribute in e.attributes().with_checks(false).flatten() {
            match attribute.key.as_ref() {
                "r" => head.place = place(&attribute.value),
                "s" => head.style = attribute.value.parse().ok(),
                "t" if &*attribute.value == "s" => head.kind = Stores::Shared,
                "t" if &*attribute.value == "str" => head.kind = Stores::Text,
                _ => {}
            }
        }
        head
    }
}

/// What stands in a cell.
#[derive(Default)]
struct Body {
    has_formula: bool,
    has_value: bool,
    value: String,
    runs: Stored,
}

impl Body {
    fn read<R: BufRead>(reader: &mut Reader<R>, buffer: &mut Vec<u8>) -> Self {
        let (mut body, mut in_value) = (Self::default(), false);
        loop {
            buffer.clear();
            let Ok(event) = reader.read_event_into(buffer) else { return body };
            match event {
                Event::Start(e) => match e.local_name().as_ref() {
                    "f" => body.has_formula = true,
                    "v" => (body.has_value, in_value) = (true, true),
                    "is" => body.runs = runs(reader, "is"),
                    _ => {}
                },
                Event::Empty(e) => match e.local_name().as_ref() {
                    "f" => body.has_formula = true,
                    "v" => body.has_value = true,
                    _ => {}
                },
                Event::Text(t) if in_value => body.value.push_str(&t.xml10_content()),
                Event::End(e) if e.local_name().as_ref() == "v" => in_value = false,
                Event::End(e) if e.local_name().as_ref() == "c" => return body,
                Event::Eof => return body,
                _ => {}
            }
        }
    }
}
