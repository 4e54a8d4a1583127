//! The parts of a workbook: an XLSX file is a ZIP of XML. Small parts are read whole, sheets and texts as a stream.

use std::collections::HashMap;
use std::io::{BufReader, Cursor, Read};

use roxmltree::{Document, Node};
use zip::ZipArchive;
use zip::read::ZipFile;

/// Small parts (styles, relations, comments) above this size are not read: they are no work of people.
const LARGEST: u64 = 64 << 20;

/// The parts of a workbook in memory.
pub(crate) struct Package<'a> {
    archive: ZipArchive<Cursor<&'a [u8]>>,
}

/// A sheet and the part that holds it.
pub(crate) struct SheetPart {
    pub name: String,
    pub path: String,
}

/// Another part that a part points to: the end of its kind (`comments`, `table`) and its path.
pub(crate) struct Relation {
    pub kind: String,
    pub path: String,
}

impl<'a> Package<'a> {
    /// None where the bytes are no ZIP.
    pub fn open(bytes: &'a [u8]) -> Option<Self> {
        ZipArchive::new(Cursor::new(bytes)).ok().map(|archive| Self { archive })
    }

    /// A part whole; nothing where it is missing, not UTF-8 or beyond all measure.
    pub fn text(&mut self, path: &str) -> Option<String> {
        let mut text = String::new();
        let mut part = self.part(path)?.take(LARGEST + 1);
        (part.read_to_string(&mut text).ok()? as u64 <= LARGEST).then_some(text)
    }

    /// A part as a stream.
    pub fn stream(&mut self, path: &str) -> Option<BufReader<ZipFile<'_, Cursor<&'a [u8]>>>> {
        self.part(path).map(BufReader::new)
    }

    fn part(&mut self, path: &str) -> Option<ZipFile<'_, Cursor<&'a [u8]>>> {
        // programs differ in capitals and slashes
        let plain = |name: &str| name.replace('\\', "/").trim_start_matches('/').to_ascii_lowercase();
        let wanted = plain(path);
        let alike = |archive: &ZipArchive<_>| archive.file_names().position(|n| n.is_ok_and(|n| plain(&n) == wanted));
        let index = self.archive.index_for_name(path).or_else(|| alike(&self.archive))?;
        self.archive.by_index(index).ok()
    }

    /// The sheets in their order.
    pub fn sheets(&mut self) -> Vec<SheetPart> {
        let book = self.text("xl/workbook.xml").unwrap_or_default();
        let targets: HashMap<String, String> = self.relations("xl/workbook.xml").into_iter().map(|(id, r)| (id, r.path)).collect();
        let Ok(book) = Document::parse(&book) else { return Vec::new() };
        let sheets = book.descendants().filter(|n| n.tag_name().name() == "sheet");
        sheets
            .filter_map(|n| {
                let path = targets.get(attribute(n, "id")?)?.clone();
                Some(SheetPart { name: attribute(n, "name")?.to_owned(), path })
            })
            .collect()
    }

    /// What a part points to, in the order of the paths.
    pub fn related(&mut self, path: &str) -> Vec<Relation> {
        let mut found: Vec<Relation> = self.relations(path).into_values().collect();
        found.sort_by(|a, b| (&a.kind, &a.path).cmp(&(&b.kind, &b.path)));
        found
    }

    fn relations(&mut self, path: &str) -> HashMap<String, Relation> {
        let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
        let xml = self.text(&format!("{folder}/_rels/{file}.rels")).unwrap_or_default();
        let Ok(xml) = Document::parse(&xml) else { return HashMap::new() };
        let entries = xml.descendants().filter(|n| n.tag_name().name() == "Relationship");
        entries
            .filter_map(|n| {
                let kind = attribute(n, "Type")?.rsplit('/').next().unwrap_or_default().to_owned();
                Some((attribute(n, "Id")?.to_owned(), Relation { kind, path: join(folder, attribute(n, "Target")?) }))
            })
            .collect()
    }
}

/// An attribute by its local name: the prefix of `r:id` is the file's own choice.
pub(crate) fn attribute<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    node.attributes().find(|a| a.name() == name).map(|a| a.value())
}

/// A target as a path in the archive: absolute, or relative to a folder.
fn join(folder: &str, target: &str) -> String {
    if let Some(absolute) = target.strip_prefix('/') {
        return absolute.to_owned();
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|p| !p.is_empty()).collect();
    for step in target.split('/') {
        match step {
            ".." => {
                parts.pop();
            }
            "." => {}
            step => parts.push(step),
        }
    }
    parts.join("/")
}
