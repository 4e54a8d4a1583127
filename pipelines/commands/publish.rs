//! `kyogi publish`: what the workbook says was agreed becomes the result sheets, the summary and the table of measures.

use crate::commands::run;
use crate::draft::opened::{Opened, open};
use crate::draft::sheet::ResultSheet;
use crate::workbook::round::{Round, Talk};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::facts::finding::Finding;
use crate::facts::workspace::Workspace;
use crate::ground::artefact::{self};
use crate::ground::error::{Error, Result};
use crate::ground::place;
use crate::packet::{Finished, Manifest, Packet};
use crate::pages::printer::Printer;
use crate::publish::{self, HeldBack, Published};
use crate::render::html;
use crate::workbook::carry::{self};
use crate::workbook::generate::measurables;
use crate::workbook::{self};

/// What was published.
pub struct PublishOutcome {
    pub finished: Finished,
    pub results: usize,
    pub measures: usize,
    pub held_back: Vec<HeldBack>,
    /// The list of what was held back.
    pub list: PathBuf,
    /// Cells whose characters the faces lack.
    pub missing_glyphs: Vec<Finding>,
}

/// Folder in the work folder that holds what may be published, and nothing else.
pub const FOLDER: &str = "published";

/// What is asked of a publication.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked<'a> {
    pub out: Option<&'a Path>,
    /// A day as people write it: what is to be published later waits.
    pub until: Option<&'a str>,
    /// A yes to 〓 where the faces lack a character.
    pub with_missing_glyphs: bool,
}

/// Makes the result sheets, the summary and the table of measures from the workbook and the packet's figures.
///
/// `tell` is given what will be published before anything is written.
pub fn publish(workspace: &Workspace, asked: &Asked<'_>, threads: usize, tell: &dyn Fn(&Published)) -> Result<PublishOutcome> {
    let until = asked.until.map(publish::day).transpose()?;
    let settings = &workspace.settings;
    let Opened { made, basis, facts } = open(workspace, threads)?;
    if made.report_year != settings.report_year {
        return Err(Error::new(format!("資料の報告年度（{}）が、設定の報告年度（{}）と違います", made.report_year, settings.report_year))
            .file(&workspace.output())
            .next("kyogi run で資料を作り直してください"));
    }
    let round = Round::open(workspace, false)?;
    let Some(input) = round.input(&Talk::default()) else {
        return Err(Error::new("協議シートがありません")
            .file(&workspace.root.join(workbook::FILE))
            .next("kyogi draft で協議シートを作り、協議の記録と合意した文を書いてください"));
    };
    let overrides = |path: &str| workspace.override_of(path);
    let drafter = basis.drafter(facts, &overrides, made.simulated)?;
    let mut book = workbook::book::read_file(&workspace.root.join(workbook::FILE), &basis.areas, &basis.dictionary)?;
    carry::name_indicators(&mut book, &measurables(&drafter, &basis.areas)?);
    let missing_glyphs = book.findings.iter().filter(|f| f.code == workbook::NO_GLYPH).cloned().collect();
    let plan = run::plan(&basis);
    let source = publish::Source {
        book: &book,
        layout: &round.layout,
        plan: &plan,
        areas: &basis.areas,
        dictionary: &basis.dictionary,
        drafter: &drafter,
        until: until.as_deref(),
        with_missing_glyphs: asked.with_missing_glyphs,
    };
    let published = publish::results(&source)?;
    tell(&published);
    let list = workspace.root.join(publish::HELD_BACK);
    place::replace(&list, &publish::held_back_table(&published.held_back)?.csv_bytes()?)?;
    if published.sheets.is_empty() {
        let told = |h: &HeldBack| format!("。はじめは、シート「{}」の {} 行目：{}", h.place.sheet, h.place.row, h.lacks);
        let first = published.held_back.first().map_or_else(String::new, told);
        return Err(Error::new(format!("公表できる協議の結果がありません（公表しない理由のある文 {} 件{first}）", published.held_back.len()))
            .file(&list)
            .next("協議シートに、開催日・合意した文・公表日を書いてください"));
    }
    let folder = asked.out.map_or_else(|| workspace.root.join(FOLDER), Path::to_path_buf);
    let target = Packet::begin(&folder, &basis.reference.prefecture.prefecture_code, made.simulated)?;
    let root = target.path().to_path_buf();
    let printer = Printer::new(&overrides, root.clone(), (settings.report_year + 1, 4, 1))?;
    printer.results(&published, &mut BTreeSet::new())?;
    if let Some(summary) = &published.summary {
        let id = format!("results/{}", summary.result_id);
        printer.page("index.html", "result", &ResultSheet { root: "", result_id: id, ..summary.clone() })?;
    }
    printer.page("method.html", "result_method", &publish::method_page(&drafter)?)?;
    publish::write_measures(&published, &root)?;
    artefact::write_bytes(&root.join("assets/kyogi.css"), html::stylesheet(&overrides).as_bytes())?;
    if let Some(stray) = publish::links::stray(&root)?.first() {
        return Err(Error::new(format!("公表する資料の中に、行き先のないリンクがあります：{}", stray.link))
            .file(&root.join(&stray.page))
            .next("置きかえた様式のリンクを、公表する資料の中だけにしてください"));
    }
    let mut manifest = Manifest::new(&made.prefecture_code, made.report_year, made.simulated, &[], &[])?;
    manifest.inputs = made.inputs.into_iter().chain([input]).collect();
    manifest.rules = made.rules;
    Ok(PublishOutcome {
        finished: target.finish(manifest)?,
        results: published.sheets.len(),
        measures: published.measures.len(),
        held_back: published.held_back,
        list,
        missing_glyphs,
    })
}
