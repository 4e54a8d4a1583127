//! What lies on the sheets besides cells: comments, text boxes and pictures of people. Texts are carried on; a picture is only told of.

use std::collections::HashMap;

use roxmltree::{Document, Node};

use crate::ground::spreadsheet::parts::{Package, attribute};
use crate::ground::spreadsheet::place;

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
    let Some(mut package) = Package::open(bytes) else { return HashMap::new() };
    let mut found = HashMap::new();
    for sheet in package.sheets() {
        let mut attached = Attached::default();
        for relation in package.related(&sheet.path) {
            let xml = match relation.kind.as_str() {
                "comments" | "drawing" => package.text(&relation.path).unwrap_or_default(),
                _ => continue,
            };
            let Ok(xml) = Document::parse(&xml) else { continue };
            if relation.kind == "comments" {
                attached.comments.extend(comments(&xml));
            } else {
                attached.drawings.extend(drawings(&xml));
            }
        }
        found.insert(sheet.name, attached);
    }
    found
}

/// Elements of one local name below a node, in order.
fn below<'a, 'b: 'a>(node: Node<'a, 'b>, name: &'static str) -> impl Iterator<Item = Node<'a, 'b>> {
    node.descendants().filter(move |n| n.tag_name().name() == name)
}

/// The text of all `t` below a node; furigana is no part of it.
fn text(node: Node<'_, '_>) -> String {
    let spoken = |n: &Node<'_, '_>| n.ancestors().any(|a| a.tag_name().name() == "rPh");
    below(node, "t").filter(|n| !spoken(n)).filter_map(|n| n.text()).collect::<String>().replace("\r\n", "\n").replace('\r', "\n")
}

fn comments(xml: &Document<'_>) -> Vec<Comment> {
    let authors: Vec<&str> = below(xml.root(), "author").map(|a| a.text().unwrap_or_default()).collect();
    below(xml.root(), "comment")
        .filter_map(|c| {
            let (row, column) = place(attribute(c, "ref")?)?;
            let author = attribute(c, "authorId").and_then(|i| i.parse::<usize>().ok()).and_then(|i| authors.get(i).copied());
            let text = text(below(c, "text").next().unwrap_or(c));
            (!text.trim().is_empty()).then(|| Comment { row, column, author: author.unwrap_or_default().to_owned(), text })
        })
        .collect()
}

fn drawings(xml: &Document<'_>) -> Vec<Drawing> {
    let anchors = xml.descendants().filter(|n| matches!(n.tag_name().name(), "twoCellAnchor" | "oneCellAnchor"));
    anchors
        .map(|a| {
            let number = |name| {
                let from = below(a, "from").next();
                from.and_then(|f| below(f, name).next()?.text()?.trim().parse().ok()).unwrap_or(0)
            };
            let lines: Vec<String> = below(a, "p").map(text).collect();
            let text = lines.join("\n").trim().to_owned();
            Drawing { row: number("row"), column: number("col"), text, is_picture: below(a, "pic").next().is_some() }
        })
        .collect()
}
