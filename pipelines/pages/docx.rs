//! A sheet as a Word file, for those who must edit it there: all texts, tables and lines to write on; no pictures, and Word's own page breaks.

use std::io::Cursor;

use docx_rs::{
    AlignmentType, BreakType, Docx, Footer, PageMargin, Paragraph, Run, RunFonts, Shading, Style, StyleType, Table, TableCell, TableRow, WidthType,
};

use crate::draft::sheet::{Part, Said, Sheet};
use crate::ground::error::{Error, Result};
use crate::render::charts::TableView;

/// What the Word file does not have, for people who make one.
pub const LOSES: &str =
    "図と地図（数値の表は入ります）、ページの割り付け、PDF のしおりと読み上げの情報は入りません。Word で直した文は、協議シートには戻りません";

/// Typeface of every Japanese Windows since 2018.
const FONT: &str = "BIZ UDPゴシック";
/// Width of the text in twentieths of a point: A4 without its margins.
const WIDTH: usize = 9_600;

/// The bytes of the file; the same sheet gives the same bytes.
pub fn sheet(sheet: &Sheet) -> Result<Vec<u8>> {
    let fonts = RunFonts::new().ascii(FONT).hi_ansi(FONT).east_asia(FONT).cs(FONT);
    let margin = PageMargin::new().top(1_100).bottom(900).left(1_150).right(1_150);
    let mut docx = Docx::new().default_fonts(fonts).default_size(20).page_size(11_906, 16_838).page_margin(margin);
    for (level, size) in [(1, 30), (2, 24), (3, 21)] {
        let style = Style::new(format!("Heading{level}"), StyleType::Paragraph).name(format!("heading {level}")).bold().size(size);
        docx = docx.add_style(style.outline_lvl(level - 1));
    }
    let foot = format!("{}　{}　{}", sheet.area.name, sheet.function.label, sheet.report_year_label);
    docx = docx.footer(Footer::new().add_paragraph(plain(&foot)));
    if sheet.simulated {
        docx = docx.add_paragraph(bold("模擬データ（実在の報告ではありません）"));
    }
    docx = docx.add_paragraph(heading(1, &sheet.title));
    let facts: Vec<String> = sheet.overview.iter().map(|o| format!("{}：{}", o.label, o.value)).collect();
    docx = docx.add_paragraph(plain(&format!("{}　{}", sheet.report_year_label, facts.join("　"))));
    if !sheet.headline.is_empty() {
        docx = docx.add_paragraph(bold(&sheet.headline));
    }
    if !sheet.key_figures.is_empty() {
        let rows = sheet.key_figures.iter().map(|k| vec![k.label.clone(), format!("{} {}", k.value, k.unit), k.note.clone()]).collect();
        docx = docx.add_table(table(&["区分", "数", "注"].map(str::to_owned), rows));
    }
    for p in &sheet.parts {
        docx = part(docx, sheet, p);
    }
    docx = docx.add_paragraph(heading(2, "注・資料"));
    for note in sheet.notes.iter().map(|n| format!("※ {n}")).chain(sheet.sources.iter().cloned()) {
        docx = docx.add_paragraph(Paragraph::new().add_run(text(&note).size(16)));
    }
    let mut bytes = Cursor::new(Vec::new());
    docx.build().pack(&mut bytes).map_err(|e| Error::new(format!("Word ファイルを書けません：{e}")))?;
    Ok(bytes.into_inner())
}

fn part(mut docx: Docx, sheet: &Sheet, p: &Part) -> Docx {
    docx = docx.add_paragraph(heading(2, &format!("({}) {}", p.no, p.title)));
    if p.machine {
        docx = docx.add_paragraph(plain("（データから自動作成・要確認）"));
    }
    if !p.hint.is_empty() {
        docx = docx.add_paragraph(plain(&format!("※{}", p.hint)));
    }
    for s in &p.sentences {
        docx = docx.add_paragraph(plain(&format!("・{}", s.text)));
    }
    let pictures = sheet.charts.iter().filter(|c| p.charts.contains(&c.id) && !c.data_beside).map(|c| &c.data);
    for t in p.tables.iter().chain(pictures) {
        docx = captioned(docx, t);
    }
    for s in &p.said {
        docx = docx.add_paragraph(said(s));
    }
    if !p.candidates.is_empty() {
        docx = docx.add_paragraph(bold("候補（協議で決めるもの）"));
    }
    for c in &p.candidates {
        let mark = if c.mark.is_empty() { String::new() } else { format!("【{}】", c.mark) };
        let source = if c.source.is_empty() { String::new() } else { format!("（出典：{}）", c.source) };
        docx = docx.add_paragraph(plain(&format!("□ {mark}{}{source}", c.text)));
    }
    if p.write_lines > 0 {
        docx = docx.add_paragraph(plain(&format!("記入欄 ({})", p.no)));
        docx = docx.add_table(Table::new(vec![TableRow::new(vec![lines(p.write_lines)])]).width(WIDTH, WidthType::Dxa));
    }
    docx
}

fn said(s: &Said) -> Paragraph {
    let view = if s.view.is_empty() { String::new() } else { format!("【{}】", s.view) };
    let mut paragraph = Paragraph::new().add_run(text(&format!("［{}］", s.mark)).bold()).add_run(text(&format!("{view}{}", s.text)));
    for (label, more) in [("事務局案：", &s.before), ("", &s.note)] {
        if !more.is_empty() {
            paragraph = paragraph.add_run(text(&format!("（{label}{more}）")).color("4F5863"));
        }
    }
    paragraph
}

/// An empty box of some lines.
fn lines(n: u32) -> TableCell {
    (0..n).fold(TableCell::new(), |cell, _| cell.add_paragraph(Paragraph::new()))
}

fn captioned(docx: Docx, t: &TableView) -> Docx {
    let docx = docx.add_paragraph(bold(&t.caption)).add_table(table(&t.head, t.rows.clone()));
    if t.note.is_empty() { docx } else { docx.add_paragraph(plain(&t.note)) }
}

fn table(head: &[String], rows: Vec<Vec<String>>) -> Table {
    let cell = |t: &str| TableCell::new().add_paragraph(Paragraph::new().add_run(text(t).size(18)));
    let shade = Shading::new().fill("F2F5F8");
    let first = TableRow::new(head.iter().map(|h| cell(h).shading(shade.clone())).collect());
    let all = std::iter::once(first).chain(rows.iter().map(|r| TableRow::new(r.iter().map(|t| cell(t)).collect())));
    Table::new(all.collect()).set_grid(vec![WIDTH / head.len().max(1); head.len()]).width(WIDTH, WidthType::Dxa)
}

fn heading(level: usize, t: &str) -> Paragraph {
    Paragraph::new().style(&format!("Heading{level}")).add_run(text(t)).align(AlignmentType::Left)
}

fn plain(t: &str) -> Paragraph {
    Paragraph::new().add_run(text(t))
}

fn bold(t: &str) -> Paragraph {
    Paragraph::new().add_run(text(t).bold())
}

/// A text with its line breaks; characters that XML cannot hold are left out.
fn text(t: &str) -> Run {
    let clean: String = t.chars().filter(|c| *c == '\n' || !c.is_control()).collect();
    let mut run = Run::new();
    for (i, line) in clean.split('\n').enumerate() {
        if i > 0 {
            run = run.add_break(BreakType::TextWrapping);
        }
        run = run.add_text(line);
    }
    run
}
