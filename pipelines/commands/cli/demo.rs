//! The sample prefecture as a work folder, with what a council may have decided.

use std::path::{Path, PathBuf};

use super::run_with;
use crate::commands::run::Options;
use crate::commands::{agenda, draft, publish};
use crate::facts::dictionary;
use crate::facts::workspace::Workspace;
use crate::ground::embedded;
use crate::ground::error::{Error, Result};
use crate::ground::place;
use crate::ground::progress::Progress;
use crate::workbook;

/// The sample prefecture from the extract to what is published.
pub(super) fn whole_sample(root: &Path, threads: usize) -> Result<()> {
    let workspace = demo_folder(root, None, threads)?;
    run_with(&workspace, None, None, None, threads)?;
    agenda::make(&workspace, &agenda::Asked { date: None, function: None }, threads)?;
    publish::publish(&workspace, &publish::Asked::default(), threads, &|_| {}).map(|_| ())
}

/// The work folder of the demonstration; files that are there stay as they are.
pub(super) fn demo_folder(root: &Path, extract: Option<PathBuf>, threads: usize) -> Result<Workspace> {
    let files = embedded::under("data-samples/demo/").map(|(path, text)| (root.join(path.trim_start_matches("data-samples/demo/")), text.into()));
    place::create_all(&files.filter(|(path, _): &(PathBuf, Vec<u8>)| !path.exists()).collect::<Vec<_>>())?;
    let workspace =
        Workspace::open(root).map_err(|e| Error::new(e.what().to_owned()).file(root).next("このフォルダーを消して、もう一度実行してください"))?;
    if !root.join(workbook::FILE).exists() {
        // what a council may have decided, as people would write it
        let decisions: Vec<workbook::Decision> = dictionary::read_csv("data-samples/demo/decisions.csv")?;
        let progress = Progress::new();
        let drafted = draft::draft(&Options { workspace: &workspace, extract, mapping: None, out: None, threads, progress: &progress }, &decisions);
        progress.done();
        drafted?;
    }
    Ok(workspace)
}
