//! The check report within a run and alone.

use std::path::Path;

use super::{Figures, Input, Options, figures};
use crate::check::{self, lists, master, workbook};
use crate::facts::basis::Basis;
use crate::facts::finding;
use crate::facts::workspace::Workspace;
use crate::ground::artefact::{self, Table};
use crate::ground::error::{Error, Result};
use crate::ground::numbers::report_year_label;
use crate::ground::scratch::Scratch;
use crate::packet::{Finished, Manifest, NotRead, Packet};
use crate::render::glyphs;
use crate::render::html::{self, Html};

/// Rows that were not taken in, verbatim.
const REJECTED: &str = "取り込まなかった行.csv";

/// What a check alone made.
pub struct Checked {
    pub finished: Finished,
    pub report: check::Report,
    /// Files of the work folder that were not read.
    pub not_read: Vec<NotRead>,
    /// Why the workbook of the work folder was not renewed; empty where it was.
    pub workbook: String,
}

/// The check report of figures that are on disk, with what people wrote before.
pub(super) fn report(basis: &Basis, workspace: &Workspace, figures: &mut Figures, stages: &Path) -> Result<check::Report> {
    let finding_rules = finding::rules()?;
    let ids = check::facility_ids(stages)?;
    let master = workspace.master().map(|path| master::read(&path, &basis.reference, &basis.areas, &ids)).transpose()?;
    let source = lists::Source {
        stages,
        areas: &basis.areas,
        dictionary: &basis.dictionary,
        finding_rules: &finding_rules,
        findings: &figures.findings,
        inputs: &figures.inputs,
        has_previous: basis.previous.is_some(),
        master: master.as_ref(),
    };
    check::report(&source, std::mem::take(&mut figures.desk))
}

/// Where the pages of a check report go: `root` leads from the folder to the style sheet.
pub(super) struct Place<'a> {
    pub root: &'a str,
    pub folder: &'a Path,
    pub simulated: bool,
    /// Rows not taken in, verbatim.
    pub rejected: Option<&'a Table>,
}

/// The page, the workbook and the rejected rows of a check report. Returns the workbook's bytes.
pub(super) fn pages(report: &check::Report, html: &Html, basis: &Basis, place: &Place<'_>) -> Result<Vec<u8>> {
    let (prefecture, year) = (&basis.reference.prefecture, report_year_label(basis.year));
    let common = serde_json::json!({
        "root": place.root, "title": "確認一覧", "simulated": place.simulated, "sources": [], "rejected": if place.rejected.is_some() { REJECTED } else { "" },
        "prefecture": {"code": prefecture.prefecture_code, "name": prefecture.name}, "report_year_label": year,
    });
    let mut page = report.page(common);
    glyphs::clean_screen(&mut page);
    if let Some(rejected) = place.rejected {
        rejected.write_csv(&place.folder.join(REJECTED))?;
    }
    artefact::write_bytes(&place.folder.join("index.html"), html.render("check", &page)?.as_bytes())?;
    let bytes = report.workbook(&format!("確認一覧　{}　{year}", prefecture.name), (basis.year + 1, 4, 1))?;
    artefact::write_bytes(&place.folder.join(workbook::WORKBOOK), &bytes)?;
    Ok(bytes)
}

/// The check report alone: `check/` of the work folder, whole or not at all, and the workbook of the work folder.
pub fn check(options: &Options<'_>) -> Result<Checked> {
    let pool =
        rayon::ThreadPoolBuilder::new().num_threads(options.threads).build().map_err(|e| Error::new(format!("並列処理を始められません：{e}")))?;
    pool.install(|| check_in_pool(options))
}

fn check_in_pool(options: &Options<'_>) -> Result<Checked> {
    let (settings, root) = (&options.workspace.settings, &options.workspace.root);
    let mut basis = Basis::load(&settings.prefecture, settings.report_year, Some(root), options.threads)?;
    basis.previous = options.workspace.previous();
    let prefecture_code = &basis.reference.prefecture.prefecture_code;
    let extract = options.extract.clone().map_or_else(|| options.workspace.extract(), Ok)?;
    let mapping = options.mapping.clone().or_else(|| options.workspace.mapping());
    let scratch = Scratch::within(root)?;
    let packet = Packet::begin(&options.out.clone().unwrap_or_else(|| root.join("check")), prefecture_code, settings.simulated)?;
    let input = Input { mapping: mapping.as_deref(), work_folder: Some(root), ..Input::default() };
    let mut figures = figures(&basis, &extract, input, scratch.path(), options.progress)?;
    options.progress.stage("確認一覧を書いています");
    super::hold_against_others(&basis, options.workspace, &mut figures, &scratch.path().join("stages"))?;
    let report = report(&basis, options.workspace, &mut figures, &scratch.path().join("stages"))?;
    let overrides = |path: &str| options.workspace.override_of(path);
    let simulated = settings.simulated || figures.inputs.iter().any(|i| i.is_simulated);
    let place = Place { root: "", folder: packet.path(), simulated, rejected: figures.rejected.as_ref() };
    let workbook = pages(&report, &Html::new(&overrides)?, &basis, &place)?;
    artefact::write_bytes(&packet.path().join("assets/kyogi.css"), html::stylesheet(&overrides).as_bytes())?;
    let mut manifest = Manifest::new(prefecture_code, basis.year, simulated, &figures.inputs, &basis.rules.rows)?;
    manifest.not_read = super::accounted::told(&figures.findings, &finding::rules()?);
    let not_read = manifest.not_read.clone();
    manifest.overrides = report.acting.iter().map(serde_json::to_value).collect::<std::result::Result<_, _>>()?;
    let finished = packet.finish(manifest)?;
    let not_replaced = report.hand_over(&workbook)?.map_or_else(String::new, |f| f.value);
    options.progress.done();
    Ok(Checked { finished, report, not_read, workbook: not_replaced })
}
