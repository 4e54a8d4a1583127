//! `kyogi next`: what is due now in the yearly cycle, what is done, what is missing, and which command does it.
//!
//! The steps are rows of `sql/rules/calendar.csv`; a prefecture's own dates stand in `[calendar]` of its `kyogi.toml`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, ToSpan};

use crate::check;
use crate::commands::run::CHECKS;
use crate::facts::areas::Area;
use crate::facts::calendar::{Row, on};
use crate::facts::council::Council;
use crate::facts::dictionary::{Dictionary, read_csv};
use crate::facts::finding;
use crate::facts::workspace::{AGENDAS, Known, Workspace};
use crate::ground::artefact::sha256;
use crate::ground::error::{Error, Result};
use crate::ground::numbers::{wareki_date, wareki_year};
use crate::ground::own_text;
use crate::ground::spreadsheet;
use crate::packet::Manifest;
use crate::workbook::{self, CouncilBook};

/// How far a step is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    Done,
    /// Not done; each line names something that is missing.
    Missing(Vec<String>),
    /// Nothing in the work folder can tell: people know.
    ByPeople,
}

/// One step with its dates and state.
#[derive(Clone, Debug)]
pub struct Step {
    pub code: String,
    pub opens: Date,
    pub closes: Date,
    pub who: String,
    pub label: String,
    /// The words of the command that does it, the program's name left out; empty where people do it.
    pub arguments: Vec<String>,
    pub state: State,
    /// How much of it the work folder shows: 「督促 10／65」; empty where there is nothing to count.
    pub counts: Vec<String>,
}

impl Step {
    /// Whether it should be done by now, or is late.
    pub fn is_due(&self, today: Date) -> bool {
        self.group(today) < 2
    }

    /// The place in the list of steps: late, now, later, done, and what only people know.
    fn group(&self, today: Date) -> u8 {
        match (&self.state, today) {
            (State::Done, _) => 3,
            (State::Missing(_), d) if self.closes < d => 0,
            (_, d) if d < self.opens => 2,
            // what people alone know is not called late
            (State::ByPeople, d) if self.closes < d => 4,
            _ => 1,
        }
    }

    /// Whether it can be started as it stands: nothing in it is left to be named by people.
    pub fn is_ready(&self) -> bool {
        !self.arguments.is_empty() && !self.arguments.iter().any(|a| OPEN_WORDS.contains(&a.as_str()))
    }

    /// The command as a person types it.
    pub fn command(&self) -> String {
        std::iter::once("kyogi".to_owned()).chain(self.arguments.iter().map(|word| quoted(word))).collect::<Vec<_>>().join(" ")
    }
}

/// A word as it is typed: in quotes where a shell would part it.
pub fn quoted(word: &str) -> String {
    if word.contains([' ', '\u{3000}']) { format!("\"{word}\"") } else { word.to_owned() }
}

/// Words of the calendar's commands that stand for what a person has to name.
const OPEN_WORDS: [&str; 2] = ["ファイル", "新しいフォルダー"];

/// Today in Japan, wherever the clock of the machine stands.
pub fn today() -> Date {
    Timestamp::now().to_zoned(TimeZone::fixed(Offset::constant(9))).date()
}

/// A date as people write it in Japan or in ISO.
pub fn parse_date(text: &str) -> Result<Date> {
    crate::ground::text::date(text)
        .and_then(|iso| iso.parse().ok())
        .ok_or_else(|| Error::new(format!("日付「{text}」が分かりません")).next("2026-08-20 の形で書いてください"))
}

/// The steps of a work folder's year as they stand on a day.
pub fn steps(workspace: &Workspace, today: Date) -> Result<Vec<Step>> {
    let settings = &workspace.settings;
    let year = settings.report_year;
    let mut rows: Vec<Row> = read_csv("sql/rules/calendar.csv")?;
    rows.retain(|r| r.from_year <= year && r.to_year.is_none_or(|to| year <= to));
    for code in settings.calendar.keys() {
        if !rows.iter().any(|r| r.step_code == *code) {
            let known: Vec<&str> = rows.iter().map(|r| r.step_code.as_str()).collect();
            return Err(Error::new(format!("[calendar] の「{code}」が分かりません"))
                .file(&workspace.root.join(crate::facts::workspace::SETTINGS))
                .next(format!("{} のどれかにしてください", known.join("、"))));
        }
    }
    let dir = workspace.root.display().to_string();
    let evidence = Evidence::gather(workspace, today)?;
    rows.into_iter()
        .map(|row| {
            let (opens, closes) = match settings.calendar.get(&row.step_code) {
                Some(own) => (own_date(own.opens.as_deref(), &row.opens, &row, year)?, own_date(own.closes.as_deref(), &row.closes, &row, year)?),
                None => (on(&row.opens, &row, year)?, on(&row.closes, &row, year)?),
            };
            if closes < opens {
                return Err(Error::new(format!("[calendar] の「{}」は、終わりが始まりより前です", row.step_code))
                    .file(&workspace.root.join(crate::facts::workspace::SETTINGS))
                    .next("opens（始まり）と closes（終わり）を直してください"));
            }
            let filled = |word: &str| match word {
                "{dir}" => dir.clone(),
                "{prefecture}" => settings.prefecture.clone(),
                "{next_year}" => (year + 1).to_string(),
                _ => word.to_owned(),
            };
            // the first word is the program's name
            let arguments = row.command.split_whitespace().skip(1).map(filled).collect();
            let state = evidence.of(&row.evidence, opens, closes, today)?;
            let counts = evidence.counts(&row.evidence)?;
            // what is counted is done when all of it is
            let open: Vec<String> = counts.iter().filter(|c| c.done < c.all).map(Count::open).collect();
            let state = match state {
                State::Done if !open.is_empty() => State::Missing(open),
                State::Missing(lines) => State::Missing(lines.into_iter().chain(open).collect()),
                other => other,
            };
            let counts = counts.iter().filter(|c| c.all > 0).map(|c| format!("{} {}／{}", c.what, c.done, c.all)).collect();
            Ok(Step { code: row.step_code, opens, closes, who: row.who, label: row.label, arguments, state, counts })
        })
        .collect()
}

fn own_date(own: Option<&str>, default: &str, row: &Row, report_year: i32) -> Result<Date> {
    own.map_or_else(|| on(default, row, report_year), |text| parse_date(text).map_err(|e| e.at(format!("[calendar] の {}", row.step_code))))
}

/// How many of the things of a step are done.
struct Count {
    what: &'static str,
    done: usize,
    all: usize,
    /// What the rest lacks.
    lacks: &'static str,
}

impl Count {
    fn open(&self) -> String {
        format!("{}：{} のうち {} に{}", self.what, self.all, self.all - self.done, self.lacks)
    }
}

/// What the work folder shows.
struct Evidence<'a> {
    workspace: &'a Workspace,
    manifest: Option<Manifest>,
    council: Council,
    areas: Vec<Area>,
    dictionary: Dictionary,
    book: CouncilBook,
    today: Date,
}

impl<'a> Evidence<'a> {
    fn gather(workspace: &'a Workspace, today: Date) -> Result<Self> {
        let Known { dictionary, council, areas, .. } = workspace.known()?;
        Ok(Self {
            manifest: Manifest::read(&workspace.output()).ok(),
            areas,
            council,
            book: workbook::read(&workspace.root)?,
            dictionary,
            workspace,
            today,
        })
    }

    fn of(&self, evidence: &str, opens: Date, closes: Date, today: Date) -> Result<State> {
        let done_or = |missing: Vec<String>| if missing.is_empty() { State::Done } else { State::Missing(missing) };
        let root = &self.workspace.root;
        Ok(match evidence {
            "none" => State::ByPeople,
            "report_period" => match (today < opens, closes < today) {
                // the end of a period is no evidence that anybody reported: the extract is
                (_, true) if self.workspace.extract().is_ok() => State::Done,
                (_, true) => State::ByPeople,
                (true, _) => State::Missing(Vec::new()),
                _ => State::Missing(vec![format!("締切は{}", wareki_date(&closes.to_string()))]),
            },
            "extract_present" => done_or(self.workspace.extract().err().map(|e| e.what().to_owned()).into_iter().collect()),
            "check_made" => done_or(exists(&[&root.join(CHECKS), &self.workspace.output().join(CHECKS)], "確認の一覧がまだありません")),
            "findings_decided" => done_or(self.open_findings()?),
            "packet_fresh" => done_or(self.stale_packet()),
            "council_set" => done_or(self.council_gaps()),
            "workbook_made" => done_or(exists(&[&root.join(workbook::FILE)], "協議シートがまだありません")),
            "agendas_made" => done_or(self.agendas()),
            "meetings_recorded" => done_or(self.unrecorded()),
            "results_published" => done_or(self.unpublished()),
            "plan_made" => {
                done_or(exists(&[&self.workspace.output().join("plan")], "医療計画 十の二 の素材がまだありません（kyogi run で作ります）"))
            }
            "archive_made" => {
                let zips = std::fs::read_dir(root).into_iter().flatten().flatten().any(|e| e.path().extension().is_some_and(|x| x == "zip"));
                if zips { State::Done } else { State::ByPeople }
            }
            other => return Err(Error::new(format!("暦の「{other}」を確かめる方法がありません")).at("sql/rules/calendar.csv")),
        })
    }

    /// What can be counted of a step.
    fn counts(&self, evidence: &str) -> Result<Vec<Count>> {
        let consulted = |test: &dyn Fn(&workbook::Entry) -> bool| {
            let mut all = 0;
            let mut done = 0;
            for function in &self.dictionary.functions {
                for area in self.areas.iter().filter(|a| a.level == "prefecture" || self.council.consults(function, &a.level, &a.area_code)) {
                    all += 1;
                    let here = |e: &&workbook::Entry| e.function_code == function.function_code && e.area_code == area.area_code;
                    done += usize::from(self.book.entries.iter().filter(here).any(test));
                }
            }
            (done, all)
        };
        let count = |what, (done, all), lacks| vec![Count { what, done, all, lacks }];
        Ok(match evidence {
            "check_made" => self.checked()?,
            "workbook_made" if self.workspace.root.join(workbook::FILE).exists() => {
                count("案", consulted(&|e| e.part > 1 && !e.proposal.trim().is_empty()), "案がありません")
            }
            "agendas_made" => count("会議の資料", self.prepared(), "資料がありません"),
            "meetings_recorded" => count("協議", consulted(&|e| !e.agreed.trim().is_empty()), "合意がありません"),
            "results_published" => count("公表", consulted(&|e| !e.agreed.trim().is_empty() && !e.published_on.is_empty()), "公表日がありません"),
            _ => Vec::new(),
        })
    }

    /// Lines of the lists that staff have dealt with: a date beside who did not report, a decision beside what was asked.
    fn checked(&self) -> Result<Vec<Count>> {
        let path = check::workbook::place(&self.workspace.root);
        if !path.exists() {
            return Ok(Vec::new());
        }
        let sheets = spreadsheet::read(&path)?;
        let filled = |name: &str, heading: &str| {
            let sheet = sheets.iter().find(|s| s.name == name)?;
            let column = sheet.rows.first()?.iter().position(|c| c.text == heading)?;
            let lines = || (1..sheet.rows.len()).filter(|r| sheet.rows[*r].iter().any(|c| !c.text.trim().is_empty()));
            Some((lines().filter(|r| !sheet.text(*r, column).trim().is_empty()).count(), lines().count()))
        };
        let kinds = [
            ("督促", check::lists::UNREPORTED, check::merge::DATE, "督促した日付がありません"),
            ("照会", check::lists::INQUIRIES, check::merge::DECISION, "判断がありません"),
        ];
        let counts = kinds.into_iter().filter_map(|(what, sheet, heading, lacks)| {
            let (done, all) = filled(sheet, heading)?;
            Some(Count { what, done, all, lacks })
        });
        Ok(counts.collect())
    }

    /// Findings that must be fixed, as the last packet counted them.
    fn open_findings(&self) -> Result<Vec<String>> {
        let path = self.workspace.output().join("data/findings.csv");
        if !path.exists() {
            return Ok(vec!["報告の確認がまだ済んでいません".into()]);
        }
        // people open it in Excel, and save it as Excel likes
        let table = own_text::csv(&own_text::read(&path, "確認の一覧")?).map_err(|e| e.file(&path))?;
        let column = table.headers.iter().position(|h| h == "severity").unwrap_or(0);
        let label = finding::severity_label("must_fix");
        let open = table.rows.iter().filter(|(_, r)| r.get(column) == Some(label)).count();
        Ok(if open == 0 { Vec::new() } else { vec![format!("「{label}」の報告が {open} 件あります")] })
    }

    /// Whether the packet is that of the input which lies there now.
    fn stale_packet(&self) -> Vec<String> {
        let Some(manifest) = &self.manifest else { return vec!["資料がまだありません".into()] };
        let Ok(path) = self.workspace.extract() else { return Vec::new() };
        let now = std::fs::read(&path).map(|bytes| sha256(&bytes)).unwrap_or_default();
        let used = manifest.inputs.iter().any(|i| i.get("sha256").and_then(|h| h.as_str()) == Some(now.as_str()));
        if used { Vec::new() } else { vec!["抽出ファイルが、資料を作ったあとに変わっています".into()] }
    }

    fn council_gaps(&self) -> Vec<String> {
        let mut gaps = Vec::new();
        if self.council.themes.is_empty() {
            return vec!["council.toml がまだありません".into()];
        }
        for function in &self.dictionary.functions {
            let name = function.title();
            match self.council.themes.get(&function.function_code) {
                None => gaps.push(format!("{name}：設定がありません")),
                Some(theme) => {
                    let mut lacks = Vec::new();
                    if theme.meetings.iter().all(|m| m.date.is_empty()) {
                        lacks.push("会議の日");
                    }
                    if theme.participants.is_empty() {
                        lacks.push("参加者");
                    }
                    if theme.coordinator.is_empty() {
                        lacks.push("コーディネーター");
                    }
                    if !lacks.is_empty() {
                        gaps.push(format!("{name}：{}が決まっていません", lacks.join("・")));
                    }
                }
            }
        }
        gaps
    }

    /// Dated meetings of the council setting: theme, date, areas.
    fn meetings(&self) -> impl Iterator<Item = (&str, Date, &[String])> {
        self.council.themes.iter().flat_map(|(function, theme)| {
            theme.meetings.iter().filter_map(move |m| m.date.parse().ok().map(|d| (function.as_str(), d, m.areas.as_slice())))
        })
    }

    fn named(&self, function: &str, date: Date) -> String {
        let label = self.dictionary.function(function).map_or(function, |f| f.label.as_str());
        format!("{}の{label}の会議", wareki_date(&date.to_string()))
    }

    /// Whether a meeting has its folder of materials.
    fn is_prepared(&self, function: &str, date: Date) -> bool {
        let name = format!("{date}_{function}");
        let folders = std::fs::read_dir(self.workspace.root.join(AGENDAS)).into_iter().flatten().flatten();
        folders.into_iter().any(|e| e.file_name().to_string_lossy().starts_with(&name))
    }

    /// Dated meetings with their materials, of all.
    fn prepared(&self) -> (usize, usize) {
        (self.meetings().filter(|(f, d, _)| self.is_prepared(f, *d)).count(), self.meetings().count())
    }

    /// Meetings of the coming six weeks without a folder of materials.
    fn agendas(&self) -> Vec<String> {
        let until = self.today.saturating_add(42.days());
        if self.meetings().next().is_none() {
            return vec!["会議の日が council.toml にまだありません".into()];
        }
        let soon = self.meetings().filter(|(f, d, _)| (self.today..=until).contains(d) && !self.is_prepared(f, *d));
        soon.map(|(f, d, _)| format!("{}の資料がまだありません", self.named(f, d))).collect()
    }

    /// Meetings whose day has passed and of which the workbook says nothing.
    fn unrecorded(&self) -> Vec<String> {
        // the date alone may come from the setting: a record is what the meeting agreed on
        let recorded = |function: &str, areas: &[String]| {
            let here = |e: &&workbook::Entry| e.function_code == function && (areas.is_empty() || areas.contains(&e.area_code));
            self.book.entries.iter().filter(here).any(|e| !e.agreed.trim().is_empty())
        };
        let past = self.meetings().filter(|(f, d, areas)| *d < self.today && !recorded(f, areas));
        let mut gaps: Vec<String> = past.map(|(f, d, _)| format!("{}で合意したことが協議シートにありません", self.named(f, d))).collect();
        if gaps.is_empty() && self.book.entries.iter().all(|e| e.agreed.trim().is_empty()) {
            gaps.push("協議で合意したことがまだ書かれていません".into());
        }
        gaps
    }

    /// Agreed texts that no result sheet carries yet.
    fn unpublished(&self) -> Vec<String> {
        let agreed = self.book.entries.iter().filter(|e| !e.agreed.trim().is_empty());
        let (mut total, mut open) = (0, 0);
        for entry in agreed {
            total += 1;
            open += usize::from(entry.published_on.is_empty());
        }
        match (total, open) {
            (0, _) => vec!["合意した文がまだありません".into()],
            (_, 0) => Vec::new(),
            (total, open) => vec![format!("合意した文 {total} 件のうち、{open} 件に公表日がありません")],
        }
    }
}

fn exists(places: &[&Path], missing: &str) -> Vec<String> {
    if places.iter().any(|p| p.exists()) { Vec::new() } else { vec![missing.to_owned()] }
}

/// The steps in words, by what a planner asks first.
pub fn text(steps: &[Step], report_year: i32, today: Date) -> String {
    let mut groups: BTreeMap<u8, Vec<&Step>> = BTreeMap::new();
    steps.iter().for_each(|step| groups.entry(step.group(today)).or_default().push(step));
    let mut out = format!("{}度報告の一年（今日は{}）\n", wareki_year(report_year), wareki_date(&today.to_string()));
    for (group, title) in
        [(0, "期限を過ぎています"), (1, "今すること"), (2, "これから"), (3, "済んだこと"), (4, "済んだかどうかは作業フォルダーからは分かりません")]
    {
        let Some(steps) = groups.get(&group) else { continue };
        let _ = writeln!(out, "\n{title}");
        for step in steps {
            let span = format!("{}〜{}", wareki_date(&step.opens.to_string()), wareki_date(&step.closes.to_string()));
            let counts = if step.counts.is_empty() { String::new() } else { format!("　{}", step.counts.join("、")) };
            let _ = writeln!(out, "  ・{}（{}、{span}）{counts}", step.label, step.who);
            if let (State::Missing(missing), 0 | 1) = (&step.state, group) {
                for line in missing {
                    let _ = writeln!(out, "      足りないもの：{line}");
                }
            }
            if group < 2 && !step.arguments.is_empty() {
                let _ = writeln!(out, "      コマンド：{}", step.command());
            }
        }
    }
    out
}
