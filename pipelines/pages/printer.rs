//! Finished values as files of the packet: HTML by templates, PDF in process, in parallel, with the same bytes on every run.

use std::collections::BTreeSet;
use std::path::PathBuf;

use rayon::prelude::*;

use crate::draft::book::DataBook;
use crate::draft::paper::PaperPage;
use crate::draft::site::{Made, Plan, ResultLink};
use crate::draft::{Drafter, outpatient, sheet_id};
use crate::facts::basis::Basis;
use crate::facts::overrides::Overrides;
use crate::ground::artefact;
use crate::ground::embedded;
use crate::ground::error::Result;
use crate::ground::progress::Progress;
use crate::ingest;
use crate::pages::catalogue;
use crate::pages::method;
use crate::pages::plan_chapter::{self, Frozen};
use crate::publish::Published;
use crate::render::html::Html;
use crate::render::{fit, glyphs, pdf};
use crate::workbook::CouncilBook;
use crate::workbook::spoken::Speech;

/// Sheets between two clearings of typst's caches: more would only cost memory.
pub const CHUNK: usize = 16;

/// Pages that a 課題管理シート takes at most.
pub const SHEET_PAGES: usize = 2;
/// Steps of leaving out, one table or picture after the other.
const FITS: u32 = 9;

/// Places and characters that had to be replaced.
pub type Replaced = BTreeSet<(String, char)>;

/// Writes values as HTML and PDF below the packet.
pub struct Printer {
    pub html: Html,
    sheet: pdf::Template,
    result: pdf::Template,
    area: pdf::Template,
    agenda: pdf::Template,
    one_page: pdf::Template,
    overview: pdf::Template,
    text: pdf::Template,
    root: PathBuf,
    date: (i32, u8, u8),
}

impl Printer {
    pub fn new(overrides: &Overrides<'_>, root: PathBuf, date: (i32, u8, u8)) -> Result<Self> {
        crate::render::charts::register_fonts(embedded::FONT_UDP_REGULAR, embedded::FONT_UDP_BOLD);
        let template = |name: &str| template(name, overrides);
        Ok(Self {
            html: Html::new(overrides)?,
            sheet: template("sheet")?,
            result: template("result")?,
            area: template("area")?,
            agenda: template("agenda")?,
            one_page: template("one_page")?,
            overview: template("overview")?,
            text: template("document")?,
            root,
            date,
        })
    }

    /// The sheets of a plan, each with what people said about its area and theme.
    pub fn sheets(&self, drafter: &Drafter<'_>, basis: &Basis, plan: &Plan, speech: &Speech<'_>, progress: &Progress) -> Result<Replaced> {
        progress.count("課題管理シート", plan.len());
        let mut replaced = Replaced::new();
        for chunk in plan.chunks(CHUNK) {
            let outcomes = chunk
                .par_iter()
                .map(|&(a, f)| {
                    let (area, function) = (&basis.areas[a], &basis.dictionary.functions[f]);
                    let mut sheet = drafter.sheet(area, function)?;
                    speech.of(area, function).put(&mut sheet);
                    let value = serde_json::to_value(sheet)?;
                    let outcome = self.document("sheets", &sheet_id(area, function), "sheet", &self.sheet, value);
                    progress.step();
                    outcome
                })
                .collect::<Result<Vec<_>>>()?;
            replaced.extend(outcomes.into_iter().flatten());
            pdf::forget();
        }
        Ok(replaced)
    }

    /// One page of the data book for each area, as HTML and PDF.
    pub fn data_book(&self, drafter: &Drafter<'_>, basis: &Basis, plan: &Plan, book: &DataBook, progress: &Progress) -> Result<()> {
        progress.count("データブック", basis.areas.len());
        let indices: Vec<usize> = (0..basis.areas.len()).collect();
        for chunk in indices.chunks(CHUNK) {
            // its names are those of the sheets, where 〓 is told
            chunk.par_iter().try_for_each(|&index| {
                let page = drafter.area_page(&basis.areas, index, plan, book)?;
                let paper = serde_json::to_value(PaperPage::new(&page))?;
                let path = format!("areas/{}", basis.areas[index].area_code);
                let outcome = self.pair(&path, "area", &self.area, serde_json::to_value(page)?, paper);
                progress.step();
                outcome.map(|_| ())
            })?;
            pdf::forget();
        }
        Ok(())
    }

    pub fn results(&self, published: &Published, replaced: &mut Replaced) -> Result<Vec<ResultLink>> {
        let mut links = Vec::new();
        for result in published.summary.iter().chain(&published.sheets) {
            let id = &result.result_id;
            replaced.extend(self.document("results", id, "result", &self.result, serde_json::to_value(result)?)?);
            let place = |label: &str| result.overview.iter().find(|l| l.label == label).map_or("", |l| l.value.as_str()).to_owned();
            let title = format!("{}　{}（{}）", place("協議区域"), place("協議事項"), place("開催日"));
            links.push(ResultLink {
                title: if result.parts.is_empty() { result.title.clone() } else { title },
                href_html: format!("results/{id}.html"),
                href_pdf: format!("results/{id}.pdf"),
            });
        }
        pdf::forget();
        Ok(links)
    }

    /// 地域外来医療 and the material of the plan's chapter 十の二: documents, their workbooks and their open tables.
    pub fn record_documents(&self, drafter: &Drafter<'_>, basis: &Basis, book: &CouncilBook, (earlier, due): (&[Frozen], &str)) -> Result<Replaced> {
        let source = plan_chapter::Source { drafter, record: &basis.record, areas: &basis.areas, book, due };
        let lines = plan_chapter::lines(&source, earlier)?;
        let mut replaced = Replaced::new();
        let sets = [
            ("outpatient", "地域外来医療", outpatient::documents(drafter, &basis.record, &basis.areas)?),
            ("plan", "医療計画_十の二", plan_chapter::documents(&source, &lines)?),
        ];
        for (folder, name, documents) in sets {
            for d in &documents {
                replaced.extend(self.document(folder, &d.document_id, "document", &self.text, serde_json::to_value(d)?)?);
            }
            let bytes = plan_chapter::workbook(name, &documents, self.date)?;
            artefact::write_bytes(&self.root.join(format!("{folder}/{name}.xlsx")), &bytes)?;
            pdf::forget();
        }
        outpatient::table(drafter, &basis.record, &basis.areas)?.write_csv(&self.root.join("data/local_outpatient.csv"))?;
        plan_chapter::baseline_table(&lines, basis.year)?.write_csv(&self.root.join(plan_chapter::BASELINE))?;
        Ok(replaced)
    }

    /// The materials of a meeting: `<path>.pdf` to hand out, and `<path>.html` for the screen.
    pub fn agenda(&self, path: &str, printed: serde_json::Value, screen: serde_json::Value) -> Result<()> {
        self.pair(path, "agenda", &self.agenda, screen, printed).map(|_| ())
    }

    /// A sheet on one page to hand out, at `<sheet_id>.pdf`.
    pub fn one_page(&self, sheet: &crate::draft::sheet::Sheet) -> Result<()> {
        let (value, _) = for_print(serde_json::to_value(sheet)?);
        let pdf = self.print_within(&sheet.sheet_id, &self.one_page, &value, 1)?;
        artefact::write_bytes(&self.root.join(format!("{}.pdf", sheet.sheet_id)), &pdf)
    }

    /// What the screen shows and what is printed, where they are not the same value.
    fn pair(&self, path: &str, page: &str, template: &pdf::Template, screen: serde_json::Value, printed: serde_json::Value) -> Result<Replaced> {
        self.page(&format!("{path}.html"), page, &screen)?;
        let (printed, missing) = for_print(printed);
        artefact::write_bytes(&self.root.join(format!("{path}.pdf")), &self.print(path, template, printed)?)?;
        Ok(missing.into_iter().map(|c| (path.to_owned(), c)).collect())
    }

    /// One value as `<folder>/<id>.html` and `.pdf`.
    pub fn document(&self, folder: &str, id: &str, page: &str, template: &pdf::Template, value: serde_json::Value) -> Result<Replaced> {
        self.page(&format!("{folder}/{id}.html"), page, &value)?;
        let (value, missing) = for_print(value);
        let pdf = if page == "sheet" { self.print_within(id, template, &value, SHEET_PAGES)? } else { self.print(id, template, value)? };
        artefact::write_bytes(&self.root.join(format!("{folder}/{id}.pdf")), &pdf)?;
        Ok(missing.into_iter().map(|c| (format!("{folder}/{id}"), c)).collect())
    }

    fn print(&self, id: &str, template: &pdf::Template, value: serde_json::Value) -> Result<Vec<u8>> {
        pdf::render(self.paper(id, template, value)?)
    }

    fn paper<'a>(&self, id: &str, template: &'a pdf::Template, mut value: serde_json::Value) -> Result<pdf::Document<'a>> {
        let charts = pdf::take_charts(&mut value);
        Ok(pdf::Document { template, json: serde_json::to_vec(&value)?, charts, ident: format!("kyogi/{id}"), date: self.date })
    }

    /// On so many pages at most: what also stands in the data book is left out step by step (`fit` of the template), texts of people never.
    fn print_within(&self, id: &str, template: &pdf::Template, value: &serde_json::Value, most_pages: usize) -> Result<Vec<u8>> {
        for fit in 0..FITS {
            let mut tried = value.clone();
            tried["fit"] = fit.into();
            let most = (fit + 1 < FITS).then_some(most_pages);
            if let Some(pdf) = pdf::render_within(self.paper(id, template, tried)?, most)? {
                return Ok(pdf);
            }
        }
        Ok(Vec::new())
    }

    /// The PDF of a sheet that is already drafted; for measuring.
    pub fn sheet_pdf(&self, sheet: &crate::draft::sheet::Sheet) -> Result<Vec<u8>> {
        let (value, _) = for_print(serde_json::to_value(sheet)?);
        self.print_within(&sheet.sheet_id, &self.sheet, &value, SHEET_PAGES)
    }

    pub fn pages(
        &self,
        drafter: &Drafter<'_>,
        basis: &Basis,
        plan: &Plan,
        inputs: &[ingest::InputFile],
        asked: &BTreeSet<String>,
        made: Made<'_>,
    ) -> Result<()> {
        let models = method::models(basis.year)?;
        let frame = |page: &str, title: &str, mut value: serde_json::Value| {
            value["root"] = "".into();
            value["page"] = page.into();
            value["title"] = title.into();
            value["prefecture"] = serde_json::json!(drafter.prefecture());
            value["simulated"] = drafter.simulated.into();
            value["report_year_label"] = crate::ground::numbers::report_year_label(basis.year).into();
            value["sources"] = drafter.sources(&["area", "g2a", "g2c"]).into();
            value["generated"] = format!("kyogi {}", env!("CARGO_PKG_VERSION")).into();
            self.page(&format!("{page}.html"), page, &value)
        };
        let indicators = serde_json::json!(method::indicators(basis.terms.rates, &basis.rules, &models)?);
        let tables = method::input_tables(&self.root)?;
        let page = serde_json::json!({ "indicators": indicators, "rules": basis.rules.rows, "models": models, "inputs": inputs, "tables": tables });
        frame("method", "計算の方法", page)?;
        let mut page = serde_json::to_value(catalogue::catalogue(&basis.dictionary, asked, &models, &self.root)?)?;
        page["indicators"] = indicators;
        frame("dictionary", "データ辞書", page)?;
        self.page("areas/systems.html", "systems", &drafter.systems_page()?)?;
        let overview = serde_json::to_value(drafter.overview_page(&basis.areas, plan)?)?;
        self.pair("areas/overview", "overview", &self.overview, overview.clone(), overview)?;
        self.page("index.html", "index", &drafter.index_page(&basis.areas, plan, made)?)
    }

    /// One page of the site at `path` below the packet.
    pub fn page(&self, path: &str, template: &str, value: &impl serde::Serialize) -> Result<()> {
        let mut value = serde_json::to_value(value)?;
        glyphs::clean_screen(&mut value);
        artefact::write_bytes(&self.root.join(path), self.html.render(template, &value)?.as_bytes())
    }
}

/// A value as it is printed: every text by glyphs that the faces have, words and tables fitted to the paper; and what stands there as 〓.
fn for_print(mut value: serde_json::Value) -> (serde_json::Value, BTreeSet<char>) {
    let mut missing = BTreeSet::new();
    glyphs::clean(&mut value, &mut missing);
    fit::fit(&mut value);
    (value, missing)
}

/// A printed form of `reports/sheets` with the parts that it may import; the work folder's files come first.
pub fn template(name: &str, overrides: &Overrides<'_>) -> Result<pdf::Template> {
    let text = |path: &str| overrides(path).unwrap_or_else(|| embedded::text(path).to_owned());
    let mut template = pdf::template(name, &text(&format!("reports/sheets/{name}.typ")))?;
    for (path, _) in embedded::under("reports/parts/").filter(|(p, _)| p.ends_with(".typ")) {
        template = template.with(path.trim_start_matches("reports/parts/").trim_end_matches(".typ"), &text(path))?;
    }
    Ok(template)
}
