//! PDF in process by typst: a static template reads the sheet as data. PDF/UA-1 and PDF/A-2a, no system font, no file, no network.

use std::sync::LazyLock;

use serde_json::Value;
use typst::diag::{FileError, FileResult};
use typst::foundations::{Bytes, Datetime, Duration, Smart};
use typst::layout::{Frame, FrameItem, Point, Transform};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt, World};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards, Timestamp};

use super::glyphs::FONTS;
use crate::ground::error::{Error, Result};

static LIBRARY: LazyLock<LazyHash<Library>> = LazyLock::new(|| LazyHash::new(Library::default()));
static BOOK: LazyLock<LazyHash<FontBook>> = LazyLock::new(|| LazyHash::new(FontBook::from_fonts(FONTS.iter())));

/// A document to print: its template's text, its value as JSON, and the charts it shows.
pub struct Document<'a> {
    pub template: &'a Template,
    pub json: Vec<u8>,
    /// Name such as `c1`, and SVG text.
    pub charts: Vec<(String, String)>,
    /// Stable identity: the same document has the same bytes on every run.
    pub ident: String,
    /// Date in the file's metadata: year, month, day.
    pub date: (i32, u8, u8),
}

/// A template and the parts that it may import.
pub struct Template {
    main: Source,
    parts: Vec<Source>,
}

/// A template under a fixed virtual name.
pub fn template(name: &str, text: &str) -> Result<Template> {
    Ok(Template { main: source(name, text)?, parts: Vec::new() })
}

impl Template {
    /// Lets the template import `/<name>.typ`.
    pub fn with(mut self, name: &str, text: &str) -> Result<Self> {
        self.parts.push(source(name, text)?);
        Ok(self)
    }
}

fn source(name: &str, text: &str) -> Result<Source> {
    Ok(Source::new(file_id(&format!("/{name}.typ"))?, text.to_owned()))
}

fn file_id(path: &str) -> Result<FileId> {
    let path = VirtualPath::new(path).map_err(|e| Error::new(format!("様式の名前が正しくありません：{e:?}")))?;
    Ok(RootedPath::new(VirtualRoot::Project, path).intern())
}

/// What the template can see: itself and its parts, `/sheet.json`, the charts of this document, the embedded fonts.
struct Sealed<'a> {
    template: &'a Template,
    files: Vec<(FileId, Bytes)>,
}

impl World for Sealed<'_> {
    fn library(&self) -> &LazyHash<Library> {
        &LIBRARY
    }
    fn book(&self) -> &LazyHash<FontBook> {
        &BOOK
    }
    fn main(&self) -> FileId {
        self.template.main.id()
    }
    fn source(&self, id: FileId) -> FileResult<Source> {
        let mut known = std::iter::once(&self.template.main).chain(&self.template.parts);
        known.find(|s| s.id() == id).cloned().ok_or(FileError::AccessDenied)
    }
    fn file(&self, id: FileId) -> FileResult<Bytes> {
        self.files.iter().find(|(f, _)| *f == id).map(|(_, bytes)| bytes.clone()).ok_or(FileError::AccessDenied)
    }
    fn font(&self, index: usize) -> Option<Font> {
        FONTS.get(index).cloned()
    }
    fn today(&self, _: Option<Duration>) -> Option<Datetime> {
        None
    }
}

/// The pages of a document as they are laid out.
fn lay_out(document: &Document<'_>) -> Result<PagedDocument> {
    let mut files = vec![(file_id("/sheet.json")?, Bytes::new(document.json.clone()))];
    for (name, svg) in &document.charts {
        files.push((file_id(&format!("/{name}.svg"))?, Bytes::new(svg.clone().into_bytes())));
    }
    let world = Sealed { template: document.template, files };
    typst::compile(&world).output.map_err(|e| failed(&e, &document.ident))
}

fn failed(errors: &[typst::diag::SourceDiagnostic], ident: &str) -> Error {
    let texts: Vec<String> = errors.iter().map(|e| e.message.to_string()).collect();
    Error::new(format!("PDF を作れません：{}", texts.join("／"))).at(ident)
}

/// A letter where it stands on the paper, in pt from the upper left corner of its page.
#[derive(Clone, Debug, PartialEq)]
pub struct Letter {
    pub page: usize,
    pub text: String,
    pub left: f64,
    pub right: f64,
    /// Of the line that it stands on.
    pub baseline: f64,
    pub size: f64,
}

/// Every letter of a document where it stands: what a test of the layout reads. Pictures are not looked into.
pub fn letters(document: &Document<'_>) -> Result<Vec<Letter>> {
    let mut found = Vec::new();
    for (page, laid) in lay_out(document)?.pages().iter().enumerate() {
        collect_letters(&laid.frame, Transform::identity(), page, &mut found);
    }
    Ok(found)
}

fn collect_letters(frame: &Frame, at: Transform, page: usize, found: &mut Vec<Letter>) {
    for (place, item) in frame.items() {
        let here = at.pre_concat(Transform::translate(place.x, place.y));
        match item {
            FrameItem::Group(group) => collect_letters(&group.frame, here.pre_concat(group.transform), page, found),
            FrameItem::Text(run) => {
                let origin = Point::zero().transform(here);
                let mut x = origin.x.to_pt();
                for glyph in &run.glyphs {
                    let advance = glyph.x_advance.at(run.size).to_pt();
                    // the last of a justified line is wider than what is seen of it
                    let seen = run.font.x_advance(glyph.id).map_or(advance, |a| a.at(run.size).to_pt().min(advance));
                    let text = run.text.get(glyph.range()).unwrap_or_default().to_owned();
                    found.push(Letter { page, text, left: x, right: x + seen, baseline: origin.y.to_pt(), size: run.size.to_pt() });
                    x += advance;
                }
            }
            _ => {}
        }
    }
}

/// The PDF of a document.
pub fn render(document: Document<'_>) -> Result<Vec<u8>> {
    render_within(document, None).map(|pdf| pdf.unwrap_or_default())
}

/// The PDF of a document, or nothing where it has more pages than asked for.
pub fn render_within(document: Document<'_>, most_pages: Option<usize>) -> Result<Option<Vec<u8>>> {
    let pages = lay_out(&document)?;
    if most_pages.is_some_and(|most| pages.pages().len() > most) {
        return Ok(None);
    }
    let (year, month, day) = document.date;
    let standards =
        PdfStandards::new(&[PdfStandard::Ua_1, PdfStandard::A_2a]).map_err(|e| Error::new(format!("PDF の規格を設定できません：{e:?}")))?;
    let options = PdfOptions {
        ident: Smart::Custom(document.ident.clone()),
        creator: Smart::Custom(Some(format!("kyogi {}", env!("CARGO_PKG_VERSION")))),
        timestamp: Datetime::from_ymd_hms(year, month, day, 9, 0, 0).and_then(|d| Timestamp::new_local(d, 540)),
        standards,
        ..PdfOptions::default()
    };
    typst_pdf::pdf(&pages, &options).map(Some).map_err(|e| failed(&e, &document.ident))
}

/// Takes the pictures out of a document: they travel as files named by their ids, not inside its data.
pub fn take_charts(value: &mut Value) -> Vec<(String, String)> {
    let mut charts = Vec::new();
    collect_charts(value, &mut charts);
    charts
}

fn collect_charts(value: &mut Value, charts: &mut Vec<(String, String)>) {
    match value {
        Value::Object(map) => {
            let id = map.get("id").and_then(|i| i.as_str()).map(str::to_owned);
            match (id, map.get_mut("svg").map(Value::take)) {
                (Some(id), Some(Value::String(svg))) => charts.push((id, svg)),
                _ => map.values_mut().for_each(|v| collect_charts(v, charts)),
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|v| collect_charts(v, charts)),
        _ => {}
    }
}

/// Drops what the last documents left in typst's caches, so that memory stays flat however many follow.
pub fn forget() {
    comemo::evict(0);
}
