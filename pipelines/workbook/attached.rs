//! What lies on the sheets besides cells: comments, text boxes and pictures of people. Texts are carried on; a picture is only told of.

use std::collections::HashMap;
use std::io::{Cursor, Read};

use zip::ZipArchive;

/// A comment on a cell; row and column from zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    pub row: usize,
    pub column: usize,
    pub author: String,
    pub text: String,
}

/// A text box or a picture; row and column of its upper left corner from zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawing {
    pub row: usize,
    pub column: usize,
    /// Empty for a picture without words.
    pub text: String,
    pub is_picture: bool,
}

/// What lies on one sheet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attached {
    pub comments: Vec<Comment>,
    pub drawings: Vec<Drawing>,
}

/// Sheet name → what lies on it. A part that cannot be read counts as empty.
pub fn read(bytes: &[u8]) -> HashMap<String, Attached> {
    let Ok(mut archive) = ZipArchive::new(Cursor::new(bytes)) else { return HashMap::new() };
    let book = part(&mut archive, "xl/workbook.xml");
    let targets = relations(&part(&mut archive, "xl/_rels/workbook.xml.rels"));
    let mut found = HashMap::new();
    for sheet in elements(&book, "sheet") {
        let Some(target) = attribute(sheet.attributes, "id").and_then(|id| targets.get(&id).cloned()) else { continue };
        let path = join("xl/", &target.1);
        let (folder, file) = path.rsplit_once('/').unwrap_or(("", &path));
        let mut attached = Attached::default();
        let mut relations: Vec<_> = relations(&part(&mut archive, &format!("{folder}/_rels/{file}.rels"))).into_values().collect();
        relations.sort();
        for (kind, target) in relations {
            let text = |archive: &mut ZipArchive<Cursor<&[u8]>>| part(archive, &join(&format!("{folder}/"), &target));
            if kind.ends_with("/comments") {
                attached.comments.extend(comments(&text(&mut archive)));
            } else if kind.ends_with("/drawing") {
                attached.drawings.extend(drawings(&text(&mut archive)));
            }
        }
        found.insert(attribute(sheet.attributes, "name").unwrap_or_default(), attached);
    }
    found
}

fn part(archive: &mut ZipArchive<Cursor<&[u8]>>, path: &str) -> String {
    let mut text = Vec::new();
    if let Ok(mut file) = archive.by_name(path)
        && file.read_to_end(&mut text).is_err()
    {
        text.clear();
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// Relation id → kind and target.
fn relations(xml: &str) -> HashMap<String, (String, String)> {
    let entry = |e: Element<'_>| {
        let of = |name| attribute(e.attributes, name).unwrap_or_default();
        (of("Id"), (of("Type"), of("Target")))
    };
    elements(xml, "Relationship").into_iter().map(entry).collect()
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

fn comments(xml: &str) -> Vec<Comment> {
    let authors: Vec<String> = elements(xml, "author").iter().map(|a| unescape(a.inner)).collect();
    elements(xml, "comment")
        .into_iter()
        .filter_map(|c| {
            let (row, column) = cell(&attribute(c.attributes, "ref")?)?;
            let author = attribute(c.attributes, "authorId").and_then(|i| i.parse::<usize>().ok()).and_then(|i| authors.get(i).cloned());
            let body = elements(c.inner, "text").first().map_or(c.inner, |t| t.inner);
            let spoken: Vec<&str> = elements(body, "rPh").iter().map(|e| e.inner).collect();
            let text: String = elements(body, "t").iter().filter(|t| !spoken.iter().any(|s| inside(s, t.inner))).map(|t| unescape(t.inner)).collect();
            (!text.trim().is_empty()).then_some(Comment { row, column, author: author.unwrap_or_default(), text })
        })
        .collect()
}

/// Whether one slice lies in the other: furigana is not the text.
fn inside(outer: &str, inner: &str) -> bool {
    let (o, i) = (outer.as_bytes().as_ptr_range(), inner.as_bytes().as_ptr_range());
    o.start <= i.start && i.end <= o.end
}

fn drawings(xml: &str) -> Vec<Drawing> {
    let anchors = ["twoCellAnchor", "oneCellAnchor"].into_iter().flat_map(|name| elements(xml, name));
    anchors
        .map(|a| {
            let from = elements(a.inner, "from").first().map_or("", |f| f.inner);
            let number = |name| elements(from, name).first().and_then(|e| e.inner.trim().parse().ok()).unwrap_or(0);
            let lines: Vec<String> =
                elements(a.inner, "p").iter().map(|p| elements(p.inner, "t").iter().map(|t| unescape(t.inner)).collect::<String>()).collect();
            let text = lines.join("\n").trim().to_owned();
            Drawing { row: number("row"), column: number("col"), text, is_picture: !elements(a.inner, "pic").is_empty() }
        })
        .collect()
}

/// `B12` as row and column from zero.
fn cell(reference: &str) -> Option<(usize, usize)> {
    let letters: String = reference.chars().take_while(char::is_ascii_alphabetic).collect();
    let row: usize = reference[letters.len()..].parse().ok()?;
    let column = letters.bytes().fold(0usize, |n, b| n * 26 + usize::from(b.to_ascii_uppercase() - b'A') + 1);
    Some((row.checked_sub(1)?, column.checked_sub(1)?))
}

#[derive(Clone, Copy)]
struct Element<'a> {
    attributes: &'a str,
    inner: &'a str,
}

/// Elements of one local name, in order; none of those asked for here holds another of its own name.
fn elements<'a>(xml: &'a str, local: &str) -> Vec<Element<'a>> {
    let mut found = Vec::new();
    let mut rest = xml;
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        let Some(end) = rest.find('>') else { break };
        let tag = &rest[..end];
        let name = tag.split(|c: char| c.is_whitespace() || c == '/').next().unwrap_or_default();
        if name.rsplit(':').next() == Some(local) && !tag.starts_with(['/', '?', '!']) {
            let attributes = tag[name.len()..].trim_end_matches('/');
            let body = &rest[end + 1..];
            let close = format!("</{name}>");
            let inner = if tag.ends_with('/') { "" } else { body.find(&close).map_or(body, |at| &body[..at]) };
            found.push(Element { attributes, inner });
            rest = &body[inner.len()..];
        } else {
            rest = &rest[end + 1..];
        }
    }
    found
}

/// An attribute by its local name.
fn attribute(attributes: &str, local: &str) -> Option<String> {
    let mut rest = attributes;
    while let Some(equals) = rest.find('=') {
        let name = rest[..equals].trim().rsplit([':', ' ']).next().unwrap_or_default();
        let after = rest[equals + 1..].trim_start();
        let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let value_end = after[1..].find(quote)?;
        if name == local {
            return Some(unescape(&after[1..=value_end]));
        }
        rest = &after[value_end + 2..];
    }
    None
}

fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let Some(end) = rest.find(';').filter(|e| *e < 12) else {
            out.push('&');
            rest = &rest[1..];
            continue;
        };
        let code = &rest[1..end];
        let number = code.strip_prefix("#x").map(|h| u32::from_str_radix(h, 16)).or_else(|| code.strip_prefix('#').map(str::parse));
        match (code, number) {
            ("lt", _) => out.push('<'),
            ("gt", _) => out.push('>'),
            ("amp", _) => out.push('&'),
            ("quot", _) => out.push('"'),
            ("apos", _) => out.push('\''),
            (_, Some(Ok(n))) => out.extend(char::from_u32(n)),
            _ => out.push_str(&rest[..=end]),
        }
        rest = &rest[end + 1..];
    }
    out.push_str(rest);
    out.replace("\r\n", "\n").replace('\r', "\n")
}
