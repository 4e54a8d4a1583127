//! `kyogi word`: copies of 課題管理シート as Word files, with what people wrote, for those who must edit them there.

use std::path::PathBuf;

use crate::commands::run;
use crate::draft::opened::{Opened, open};
use crate::draft::sheet_id;
use crate::facts::workspace::Workspace;
use crate::ground::artefact;
use crate::ground::error::{Error, Result};
use crate::pages::docx;
use crate::workbook::places::Places;
use crate::workbook::round::Round;

/// Folder of the Word files, below the work folder.
pub const FOLDER: &str = "word";

/// Which sheets, by code or name; all of them when nothing is asked.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked<'a> {
    pub area: Option<&'a str>,
    pub function: Option<&'a str>,
}

/// Writes the files from the packet's figures and the workbook. A file that is there may be somebody's work and is not replaced.
pub fn make(workspace: &Workspace, asked: &Asked<'_>, threads: usize) -> Result<Vec<PathBuf>> {
    let Opened { made, basis, mut facts } = open(workspace, threads)?;
    run::changes(workspace, &basis, &workspace.output(), &mut facts)?;
    let places = Places::new(&basis.areas, &basis.dictionary)?;
    let area = asked.area.map(|a| places.area_code(a)).transpose()?;
    let function = asked.function.map(|f| places.function_code(f)).transpose()?;
    let overrides = |path: &str| workspace.override_of(path);
    let drafter = basis.drafter(facts, &overrides, made.simulated)?;
    let (round, plan) = (Round::open(workspace, false)?, run::plan(&basis));
    let talk = round.read(&drafter, &basis, &plan)?;
    let speech = talk.speech(&basis.council);
    let mut files = Vec::new();
    for &(a, f) in &plan {
        let (area_of, function_of) = (&basis.areas[a], &basis.dictionary.functions[f]);
        if area.is_some_and(|c| c != area_of.area_code) || function.is_some_and(|c| c != function_of.function_code) {
            continue;
        }
        let mut sheet = drafter.sheet(area_of, function_of)?;
        speech.of(area_of, function_of).put(&mut sheet);
        let name = format!("{}_{}_{}.docx", sheet_id(area_of, function_of), area_of.name, function_of.short_label);
        files.push((workspace.root.join(FOLDER).join(name), docx::sheet(&sheet)?));
    }
    if files.is_empty() {
        return Err(Error::new("この区域とテーマの課題管理シートはありません").next("council.toml で協議する区域とテーマを確かめてください"));
    }
    if let Some((path, _)) = files.iter().find(|(path, bytes)| path.exists() && std::fs::read(path).is_ok_and(|old| old != *bytes)) {
        return Err(Error::new("同じ名前の Word ファイルがすでにあります（直したものかもしれないので、置きかえません）")
            .file(path)
            .next("前のファイルを移すか名前を変えて、もう一度実行してください"));
    }
    files.into_iter().map(|(path, bytes)| artefact::write_bytes(&path, &bytes).map(|()| path)).collect()
}
