//! The work folder of a prefecture: settings, input place, layouts, and where the packet goes.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::facts::areas::{self, Area};
use crate::facts::council::{self, Council};
use crate::facts::dictionary::Dictionary;
use crate::facts::record;
use crate::facts::reference::Reference;
use crate::facts::reference::tables::{self, Tables};
use crate::facts::rules::Rules;
use crate::facts::{inputs, overrides};
use crate::ground::disk;
use crate::ground::embedded;
use crate::ground::error::{Error, Result};
use crate::ground::own_text;
use crate::ground::place;
use crate::ground::scratch;

pub const SETTINGS: &str = "kyogi.toml";
/// Folder in the work folder with a folder for each meeting.
pub const AGENDAS: &str = "会議資料";

/// `kyogi.toml` as people write it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub prefecture: String,
    pub report_year: i32,
    /// Extract below the work folder; empty: the only CSV file in `input/`.
    #[serde(default)]
    pub extract: String,
    /// Column-mapping file below the work folder; empty: recognised by the header.
    #[serde(default)]
    pub mapping: String,
    #[serde(default = "default_output")]
    pub output: String,
    /// Packet of the previous report year below the work folder; empty: no comparison.
    #[serde(default)]
    pub previous: String,
    /// Step code of `sql/rules/calendar.csv` → the prefecture's own dates.
    #[serde(default)]
    pub calendar: BTreeMap<String, OwnDates>,
    /// List of the facilities that should report (CSV or XLSX) below the work folder; empty: none.
    #[serde(default)]
    pub facility_master: String,
    /// What stands on 督促状 and 照会文.
    #[serde(default)]
    pub letters: Letters,
    /// Marks every page as simulated.
    #[serde(default)]
    pub simulated: bool,
    /// Which 報告状況 count as a report here; empty: as the dictionary says.
    #[serde(default)]
    pub report_status: StatusLists,
    /// Lists of others to hold against the report.
    #[serde(default)]
    pub outside: OutsideLists,
}

/// Files below the work folder; empty: none.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OutsideLists {
    /// 届出受理名簿 of the 厚生局.
    pub filings: String,
    /// Published table of 医療機関機能等報告.
    pub bed_report: String,
    /// Its column-mapping file; empty: the built-in one.
    pub bed_mapping: String,
}

/// Words of the column 報告状況. Its states are an open set: one that stands in no list is never counted in silence.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StatusLists {
    pub reported: Vec<String>,
    pub not_reported: Vec<String>,
}

impl StatusLists {
    /// Those of a work folder; without a settings file none.
    pub fn of_work_folder(root: Option<&Path>) -> Result<Self> {
        match root.filter(|r| r.join(SETTINGS).exists()) {
            Some(root) => Workspace::open(root).map(|w| w.settings.report_status),
            None => Ok(Self::default()),
        }
    }
}

/// Who writes to the facilities; what is left out is left blank on paper.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Letters {
    /// Name of the sender; empty: that of the prefecture.
    pub sender: String,
    /// Where to answer.
    pub contact: String,
    /// Day until which an answer is asked for.
    pub reply_by: String,
}

/// When a step of the year opens and closes here; what is left out is as usual.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnDates {
    pub opens: Option<String>,
    pub closes: Option<String>,
}

fn default_output() -> String {
    "packet".into()
}

/// A work folder that was opened.
#[derive(Clone, Debug)]
pub struct Workspace {
    pub root: PathBuf,
    pub settings: Settings,
}

pub const LEVELS: [(&str, &str); 4] =
    [("municipality", "市区町村"), ("council_area", "協議区域"), ("medical_area", "二次医療圏"), ("prefecture", "都道府県")];

pub fn level_label(level: &str) -> &'static str {
    LEVELS.iter().find(|(l, _)| *l == level).map_or("", |(_, label)| label)
}

/// What the rows say in force for a prefecture and a report year: built in, and in the place of that what a work folder brings.
/// The one way to them, so that every command sees what the run saw.
pub struct Known {
    pub reference: Reference,
    pub dictionary: Dictionary,
    pub rules: Rules,
    pub council: Council,
    pub areas: Vec<Area>,
}

impl Known {
    /// Without a work folder all is built in.
    pub fn load(prefecture: &str, report_year: i32, work_folder: Option<&Path>) -> Result<Self> {
        let reference = match work_folder {
            Some(root) => Reference::of_work_folder(prefecture, report_year, root)?,
            None => Reference::load_for(prefecture, report_year, Tables::built_in())?,
        };
        let dictionary = Dictionary::load_in(report_year, work_folder)?;
        let council = work_folder.map_or_else(|| Ok(Council::default()), |root| Council::load(root, &reference, &dictionary))?;
        let areas = areas::all(&reference, &council);
        Ok(Self { rules: Rules::load_in(report_year, work_folder)?, reference, dictionary, council, areas })
    }
}

impl Workspace {
    pub fn open(root: &Path) -> Result<Self> {
        let path = root.join(SETTINGS);
        if !root.is_dir() {
            return Err(Error::new("作業フォルダーがありません").file(root).next("kyogi init で作業フォルダーを作ってください"));
        }
        if !path.exists() {
            return Err(Error::new("設定ファイルがありません").file(&path).next("kyogi init で作業フォルダーを作ってください"));
        }
        let text = own_text::read(&path, "設定ファイル")?;
        let settings: Settings = own_text::toml(&text, "設定ファイル").map_err(|e| e.file(&path))?;
        let s = &settings;
        for (key, value) in [
            ("extract", &s.extract),
            ("mapping", &s.mapping),
            ("output", &s.output),
            ("previous", &s.previous),
            ("facility_master", &s.facility_master),
        ] {
            own_text::check_path(key, value).map_err(|e| e.file(&path))?;
        }
        let workspace = Self { root: root.to_path_buf(), settings };
        // what killed commands left: gone, or back in its place, before anybody looks
        for folder in [root, &root.join(AGENDAS), &root.join("forms"), disk::parent_of(&workspace.output())] {
            scratch::clear(folder);
        }
        Ok(workspace)
    }

    pub fn extract(&self) -> Result<PathBuf> {
        if self.settings.extract.is_empty() {
            // one file, or several that belong together: ingest tells which
            let input = self.root.join("input");
            let found = files(&input)?;
            Ok(if found.len() == 1 { found[0].clone() } else { input })
        } else {
            Ok(self.root.join(&self.settings.extract))
        }
    }

    /// All tables and settings, as a run of this work folder sees them.
    pub fn known(&self) -> Result<Known> {
        Known::load(&self.settings.prefecture, self.settings.report_year, Some(&self.root))
    }

    /// The reference tables of the prefecture: built in, or those that the work folder's ledger names.
    pub fn reference(&self) -> Result<Reference> {
        Reference::of_work_folder(&self.settings.prefecture, self.settings.report_year, &self.root)
    }

    /// The areas of the prefecture, with those of the council setting.
    pub fn areas(&self) -> Result<Vec<Area>> {
        self.known().map(|known| known.areas)
    }

    /// The facility master, where the settings name one.
    pub fn master(&self) -> Option<PathBuf> {
        (!self.settings.facility_master.is_empty()).then(|| self.root.join(&self.settings.facility_master))
    }

    /// The packet of the previous report year, where the settings name one.
    pub fn previous(&self) -> Option<PathBuf> {
        (!self.settings.previous.is_empty()).then(|| self.root.join(&self.settings.previous))
    }

    pub fn output(&self) -> PathBuf {
        self.root.join(&self.settings.output)
    }

    /// The packet to look at: the given one, or that of the settings. One that a killed run had put aside is back in its place.
    pub fn packet(&self, given: Option<&Path>) -> PathBuf {
        let packet = given.map_or_else(|| self.output(), Path::to_path_buf);
        scratch::clear(disk::parent_of(&packet));
        packet
    }

    /// The text that the work folder puts in the place of a built-in file of `reports/`.
    pub fn override_of(&self, path: &str) -> Option<String> {
        if !overrides::can_replace(path) {
            return None;
        }
        own_text::read(&self.root.join(path), "置きかえるファイル").ok()
    }

    pub fn mapping(&self) -> Option<PathBuf> {
        (!self.settings.mapping.is_empty()).then(|| self.root.join(&self.settings.mapping))
    }
}

/// Makes a work folder; nothing that exists is touched.
pub fn init(prefecture: &str, report_year: i32, root: &Path) -> Result<Workspace> {
    let reference = Reference::load(prefecture)?;
    if reference.prefecture.prefecture_code == Reference::NATION {
        return Err(
            Error::new("全国の作業フォルダーは作れません").next("01（北海道）から 47（沖縄県）までのコード、又は都道府県名を指定してください")
        );
    }
    if !(2025..=2100).contains(&report_year) {
        return Err(Error::new(format!("報告年度 {report_year} は使えません")).next("2025（令和7年度報告）以後の西暦を指定してください"));
    }
    let dictionary = Dictionary::load(report_year)?;
    let path = root.join(SETTINGS);
    if path.exists() {
        return Err(Error::new("この作業フォルダーにはもう設定ファイルがあります")
            .file(&path)
            .next("設定を直すときは、このファイルを開いて書きかえてください"));
    }
    for folder in ["input", "layouts", "reference"] {
        let dir = root.join(folder);
        fs::create_dir_all(&dir).map_err(|e| Error::io("フォルダーを作れません", &dir, &e))?;
    }
    let p = &reference.prefecture;
    let municipalities: Vec<_> = reference.whole_municipalities().collect();
    let example = &municipalities[..municipalities.len().min(2)];
    let care = council::proposal::care_facilities(&reference)?;
    let labels = |mode: &str| dictionary.choices_of("report_status").filter(|c| c.mode == mode).map(|c| c.label.as_str()).collect::<Vec<_>>();
    let states = |mode: &str| labels(mode).join("、");
    let quoted = |mode: &str| labels(mode).iter().map(|l| format!("\"{l}\"")).collect::<Vec<_>>().join(", ");
    let values = minijinja::context! {
        code => &p.prefecture_code, name => &p.name, report_year, era_year => report_year - 2018,
        functions => dictionary.functions.iter().map(|f| minijinja::context! { code => &f.function_code, label => &f.label, theme => &f.theme, level => &f.default_level }).collect::<Vec<_>>(),
        reported => states("reported"), not_reported => states("not_reported"),
        reported_list => quoted("reported"), not_reported_list => quoted("not_reported"),
        proposals => council::proposal::proposals(&reference).iter().map(|p| proposed(p, &reference, &care)).collect::<Vec<_>>(),
        places => example.iter().map(|m| minijinja::context! { code => &m.municipality_code, name => &m.name }).collect::<Vec<_>>(),
    };
    let render = |file: &str| minijinja::Environment::new().render_str(embedded::text(&format!("reports/work-folder/{file}.j2")), &values);
    let mut files: Vec<(PathBuf, String)> = vec![
        (council::FILE.into(), format!("{}\n", render(council::FILE)?)),
        ("input/はじめに.txt".into(), embedded::text("reports/work-folder/input.txt").into()),
        ("reference/はじめに.txt".into(), embedded::text("reports/work-folder/reference.txt").into()),
        (Path::new(BUILT_IN).join("sources.csv"), format!("\u{FEFF}{}", embedded::text("sql/reference/sources.csv"))),
    ];
    let layouts = embedded::under("sql/layouts/").filter(|(name, _)| name.ends_with(".toml"));
    files.extend(layouts.map(|(name, text)| (Path::new("layouts").join(name.rsplit('/').next().unwrap_or(name)), text.to_owned())));
    files.extend(tables::names().map(|table| (Path::new(BUILT_IN).join(format!("{table}.csv")), built_in(table, &p.prefecture_code))));
    // last, so that an init that was killed can be repeated
    files.push((SETTINGS.into(), format!("{}\n", render(SETTINGS)?)));
    // for people who open them by hand: with the line ends that every editor of Windows shows, on every system
    let as_windows = |text: String| text.replace("\r\n", "\n").replace('\n', "\r\n").into_bytes();
    let own = (record::FILE.into(), record::form(&areas::all(&reference, &Council::default()), (report_year + 1, 4, 1))?);
    let missing = files.into_iter().map(|(path, text)| (path, as_windows(text)));
    let missing =
        std::iter::once(own).chain(missing).map(|(path, bytes): (PathBuf, Vec<u8>)| (root.join(path), bytes)).filter(|(path, _)| !path.exists());
    place::create_all(&missing.collect::<Vec<_>>())?;
    Workspace::open(root)
}

/// A proposed area with what there is to judge by: names, readings, residents and care facilities of its municipalities.
fn proposed(p: &council::proposal::Proposal<'_>, reference: &Reference, care: &BTreeMap<String, u32>) -> minijinja::Value {
    let member = |m: &&crate::facts::reference::Municipality| {
        let people = reference.population.get(&m.municipality_code).map_or((0, 0), |p| (p.population_total, p.population_75_over));
        let care = care.get(&m.municipality_code).copied().unwrap_or(0);
        minijinja::context! { code => &m.municipality_code, name => &m.name, kana => &m.kana, population => people.0, over_75 => people.1, care }
    };
    let members: Vec<minijinja::Value> = p.members.iter().map(member).collect();
    minijinja::context! { code => p.code(), name => &p.name, members }
}

/// Copies of the built-in tables, for people to look at; a run never reads them.
pub const BUILT_IN: &str = "reference/内蔵の表";

/// The prefecture's rows of a built-in table as people open it; a table without codes is copied whole.
fn built_in(table: &str, prefecture_code: &str) -> String {
    let tables = Tables::built_in();
    let rows = tables.rows_of(table, prefecture_code);
    let rows = if rows.lines().count() > 2 { rows.as_str() } else { tables.text(table) };
    format!("\u{FEFF}{rows}")
}

/// The extract itself, or what of a folder can be one.
pub fn files(extract: &Path) -> Result<Vec<PathBuf>> {
    if !extract.is_dir() {
        return Ok(vec![extract.to_path_buf()]);
    }
    let found = inputs::tables_of(extract)?;
    if found.is_empty() {
        return Err(Error::new("抽出ファイルがありません")
            .file(extract)
            .next("G-MIS の抽出ファイル（CSV か Excel ブック）をこのフォルダーに置くか、--extract で指定してください"));
    }
    Ok(found)
}
