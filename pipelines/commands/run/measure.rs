//! Parts of a run by themselves: what the bench takes the time of.

use std::path::Path;

use super::{Input, Options, Printer, figures, plan};
use crate::draft::book::DataBook;
use crate::draft::change;
use crate::draft::sheet::Sheet;
use crate::facts::basis::Basis;
use crate::ground::embedded;
use crate::ground::error::Result;
use crate::ground::progress::Progress;
use crate::ground::scratch::Scratch;
use crate::render::charts::register_fonts;
use crate::workbook::CouncilBook;
use crate::workbook::carry::Tables;
use crate::workbook::spoken::Speech;

/// The first `n` sheets of a run, drafted but not printed: what the bench prints.
pub fn draft_sheets(options: &Options<'_>, n: usize) -> Result<Vec<Sheet>> {
    let settings = &options.workspace.settings;
    let basis = Basis::load(&settings.prefecture, settings.report_year, Some(&options.workspace.root), options.threads)?;
    let scratch = Scratch::within(&options.workspace.root)?;
    let extract = options.extract.clone().map_or_else(|| options.workspace.extract(), Ok)?;
    let figures = figures(&basis, &extract, Input::default(), scratch.path(), &Progress::silent())?;
    register_fonts(embedded::FONT_UDP_REGULAR, embedded::FONT_UDP_BOLD);
    let drafter = basis.drafter(figures.facts, &|_| None, settings.simulated)?;
    let plan = plan(&basis);
    plan.iter().take(n).map(|&(a, f)| drafter.sheet(&basis.areas[a], &basis.dictionary.functions[f])).collect()
}

/// Is given a number of documents and the work that makes them.
pub type Watch<'a> = dyn FnMut(usize, &(dyn Fn() -> Result<()> + Sync)) -> Result<()> + 'a;

/// Drafts and prints the sheets, then the data book, below `root`; `watch` is given each of the two works.
pub fn print_documents(options: &Options<'_>, root: &Path, watch: &mut Watch<'_>) -> Result<()> {
    let settings = &options.workspace.settings;
    let basis = Basis::load(&settings.prefecture, settings.report_year, Some(&options.workspace.root), options.threads)?;
    let extract = options.extract.clone().map_or_else(|| options.workspace.extract(), Ok)?;
    let figures = figures(&basis, &extract, Input::default(), root, &Progress::silent())?;
    let printer = Printer::new(&|_| None, root.to_path_buf(), (basis.year + 1, 4, 1))?;
    let drafter = basis.drafter(figures.facts, &|_| None, settings.simulated)?;
    let (plan, book) = (plan(&basis), DataBook::new(&basis.dictionary, &|_| None, &basis.terms, &change::figures_of(root)?, None)?);
    let (silent, none) = (CouncilBook::default(), Tables::new());
    let speech = Speech { book: &silent, council: &basis.council, carried: &none };
    watch(plan.len(), &|| printer.sheets(&drafter, &basis, &plan, &speech, &Progress::silent()).map(|_| ()))?;
    watch(basis.areas.len(), &|| printer.data_book(&drafter, &basis, &plan, &book, &Progress::silent()))
}
