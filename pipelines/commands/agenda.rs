//! `kyogi agenda`: the materials of each meeting of the council setting, as one PDF with bookmarks and a page for the meeting's screen.
//!
//! What names single facilities (意向のある医療機関一覧) lies in a folder of its own, marked 会議限り, never in the shared document.

use crate::draft::opened;
use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::commands::next::parse_date;
use crate::commands::run;
use crate::draft::book::DataBook;
use crate::draft::change;
use crate::draft::opened::Opened;
use crate::draft::paper::PaperPage;
use crate::draft::sheet::TableView;
use crate::draft::{Drafter, area_label, part_titles};
use crate::facts::areas::Area;
use crate::facts::basis::Basis;
use crate::facts::council::{Meeting, Theme};
use crate::facts::dictionary::{Function, read_csv};
use crate::facts::workspace::{AGENDAS, Workspace};
use crate::ground::artefact::{self, Table};
use crate::ground::error::{Error, Result};
use crate::ground::numbers::{report_year_label, wareki_date};
use crate::packet::{Manifest, Packet};
use crate::pages::printer::Printer;
use crate::render::html;
use crate::workbook::places::Places;
use crate::workbook::round::{Round, Talk};
use crate::workbook::spoken::Speech;

/// The folder for what must not leave the meeting.
const SECRET: &str = "会議限り";
/// Sentences and charts that a one-page handout holds.
const SENTENCES: usize = 7;
const CHARTS: usize = 2;

/// Parts of the materials, as `contents` of a meeting names them, in their order.
pub const CONTENTS: [&str; 6] = ["次第", "進行表", "区域の資料", "課題管理シート", "データブック", "意向のある医療機関一覧"];

/// Which meetings to prepare; all of them when nothing is asked.
#[derive(Default)]
pub struct Asked<'a> {
    pub date: Option<&'a str>,
    pub function: Option<&'a str>,
}

/// One meeting's folder.
pub struct Made {
    pub place: PathBuf,
    pub title: String,
    pub areas: usize,
    /// What became of people's files in an earlier folder, a line each.
    pub kept: Vec<String>,
}

#[derive(Deserialize)]
struct StepRow {
    mark: String,
    step: String,
    what: String,
    material: String,
    record_in: String,
    minutes: u32,
}

/// Makes the materials from the packet's figures and the workbook.
pub fn make(workspace: &Workspace, asked: &Asked<'_>, threads: usize) -> Result<Vec<Made>> {
    let settings = &workspace.settings;
    let packet = workspace.output();
    let Opened { made, basis, mut facts } = opened::open(workspace, threads)?;
    let meetings = meetings(&basis, asked).map_err(|e| e.file(&workspace.root.join(crate::facts::council::FILE)))?;
    let overrides = |path: &str| workspace.override_of(path);
    let figures = change::figures_of(&packet)?;
    let changes = run::changes(workspace, &basis, &packet, &mut facts)?;
    let drafter = basis.drafter(facts, &overrides, made.simulated)?;
    // the workbook must be readable, but nothing is written to it here
    let (round, plan) = (Round::open(workspace, false)?, run::plan(&basis));
    let talk = round.read(&drafter, &basis, &plan)?;
    let source = Source {
        data_book: DataBook::new(&basis.dictionary, &overrides, &basis.terms, &figures, changes.as_deref())?,
        functions: Table::read_parquet("det_functions", &packet.join("stages/determine/det_functions.parquet"))?,
        speech: talk.speech(&basis.council),
        titles: part_titles()?,
        basis: &basis,
        drafter: &drafter,
    };
    let mut done = Vec::new();
    for (function, theme, meeting) in meetings {
        let areas = areas_of(&basis, function, meeting);
        let title = format!("{}　{}", if meeting.date.is_empty() { "日程未定".to_owned() } else { wareki_date(&meeting.date) }, function.theme);
        let first = areas.first().map_or("", |a| a.area_code.as_str());
        let name = format!("{}_{}_{first}", if meeting.date.is_empty() { "未定" } else { &meeting.date }, function.function_code);
        let target = Packet::begin(&workspace.root.join(AGENDAS).join(name), &made.prefecture_code, made.simulated)?;
        let root = target.path().to_path_buf();
        let printer = Printer::new(&overrides, root.clone(), (settings.report_year + 1, 4, 1))?;
        let wanted = |part: &str| meeting.contents.is_empty() || meeting.contents.iter().any(|c| c == part);
        let document = |items: Vec<Value>, kind: &str, title: String, root: &str, secret: bool| {
            json!({
                "page": "agenda", "root": root, "kind": kind, "title": title, "secret": secret, "pdf": "会議資料.pdf",
                "prefecture": drafter.prefecture(), "simulated": drafter.simulated, "report_year_label": report_year_label(basis.year),
                "items": items, "sources": drafter.sources(&["area", &function.function_code]),
            })
        };
        let items = source.items(function, theme, meeting, &areas, &wanted)?;
        let screen: Vec<Value> = items.iter().filter(|i| !matches!(i["kind"].as_str(), Some("sheet" | "area"))).cloned().collect();
        printer.agenda("会議資料", document(items, "会議資料", title.clone(), "", false), document(screen, "会議資料", title.clone(), "", false))?;
        if wanted("意向のある医療機関一覧") {
            let list = source.intending(function, &areas)?;
            let heading = format!("意向のある医療機関一覧（{}）", function.theme);
            let mut value = document(vec![list], SECRET, heading, "../", true);
            value["pdf"] = json!("意向のある医療機関一覧.pdf");
            printer.agenda(&format!("{SECRET}/意向のある医療機関一覧"), value.clone(), value)?;
        }
        artefact::write_bytes(&root.join("assets/kyogi.css"), html::stylesheet(&overrides).as_bytes())?;
        let mut manifest = Manifest::new(&made.prefecture_code, made.report_year, made.simulated, &[], &[])?;
        manifest.inputs = made.inputs.iter().cloned().chain(round.input(&Talk::default())).collect();
        let finished = target.finish(manifest)?;
        let kept = finished.lines().collect();
        done.push(Made { place: finished.place, title, areas: areas.len(), kept });
    }
    Ok(done)
}

/// Folder of the one-page handouts in the work folder.
const ONE_PAGES: &str = "一枚資料";

/// A page to hand out for every area and theme, or for the areas of one theme.
pub fn one_pages(workspace: &Workspace, function: Option<&str>, threads: usize) -> Result<Made> {
    let packet = workspace.output();
    let Opened { made, basis, mut facts } = opened::open(workspace, threads)?;
    run::changes(workspace, &basis, &packet, &mut facts)?;
    let overrides = |path: &str| workspace.override_of(path);
    let drafter = basis.drafter(facts, &overrides, made.simulated)?;
    let (round, plan, places) = (Round::open(workspace, false)?, run::plan(&basis), Places::new(&basis.areas, &basis.dictionary)?);
    let talk = round.read(&drafter, &basis, &plan)?;
    let speech = talk.speech(&basis.council);
    let function = function.map(|f| places.function_code(f)).transpose()?;
    let target = Packet::begin(&workspace.root.join(ONE_PAGES), &made.prefecture_code, made.simulated)?;
    let printer = Printer::new(&overrides, target.path().to_path_buf(), (workspace.settings.report_year + 1, 4, 1))?;
    let mut pages = 0;
    for &(a, f) in &plan {
        let (area, theme) = (&basis.areas[a], &basis.dictionary.functions[f]);
        if function.is_none_or(|wanted| wanted == theme.function_code) {
            let mut sheet = drafter.sheet(area, theme)?;
            speech.of(area, theme).put(&mut sheet);
            printer.one_page(&sheet)?;
            pages += 1;
        }
    }
    let known: Vec<&str> = basis.dictionary.functions.iter().map(|f| f.function_code.as_str()).collect();
    if pages == 0 {
        return Err(Error::new("一枚資料を作るテーマがありません").next(format!("--theme は {} のどれかです", known.join("、"))));
    }
    let mut manifest = Manifest::new(&made.prefecture_code, made.report_year, made.simulated, &[], &[])?;
    manifest.inputs = made.inputs;
    let finished = target.finish(manifest)?;
    Ok(Made { place: finished.place, title: ONE_PAGES.into(), areas: pages, kept: finished.kept })
}

/// The meetings that were asked for.
fn meetings<'a>(basis: &'a Basis, asked: &Asked<'_>) -> Result<Vec<(&'a Function, &'a Theme, &'a Meeting)>> {
    let date = asked.date.map(parse_date).transpose()?.map(|d| d.to_string());
    let places = Places::new(&basis.areas, &basis.dictionary)?;
    let function_asked = asked.function.map(|f| places.function_code(f)).transpose()?;
    let mut found = Vec::new();
    for (code, theme) in &basis.council.themes {
        let Some(function) = basis.dictionary.function(code) else { continue };
        for meeting in &theme.meetings {
            if let Some(stranger) = meeting.contents.iter().find(|c| !CONTENTS.contains(&c.as_str())) {
                return Err(Error::new(format!("contents（会議に入れる資料）の「{stranger}」が分かりません"))
                    .at(format!("[theme.{code}]"))
                    .next(format!("{} から選んでください", CONTENTS.join("、"))));
            }
            if date.as_ref().is_none_or(|d| *d == meeting.date) && function_asked.is_none_or(|f| f == code) {
                found.push((function, theme, meeting));
            }
        }
    }
    if found.is_empty() {
        let known: Vec<String> = basis
            .council
            .themes
            .iter()
            .flat_map(|(code, t)| t.meetings.iter().map(move |m| format!("{} {code}", if m.date.is_empty() { "日程未定" } else { &m.date })))
            .collect();
        let next = if known.is_empty() {
            "council.toml の [[theme.機能.meetings]] に会議の日を書いてください".to_owned()
        } else {
            format!("書かれている会議：{}", known.join("、"))
        };
        return Err(Error::new("資料を作る会議がありません").next(next));
    }
    Ok(found)
}

/// The areas of a meeting; without a list, all areas of the theme.
fn areas_of<'a>(basis: &'a Basis, function: &Function, meeting: &Meeting) -> Vec<&'a Area> {
    let listed = |a: &&Area| meeting.areas.contains(&a.area_code);
    let consulted = |a: &&Area| basis.council.consults(function, &a.level, &a.area_code);
    if meeting.areas.is_empty() { basis.areas.iter().filter(consulted).collect() } else { basis.areas.iter().filter(listed).collect() }
}

/// What the materials are made of.
struct Source<'a> {
    basis: &'a Basis,
    drafter: &'a Drafter<'a>,
    data_book: DataBook,
    functions: Table,
    speech: Speech<'a>,
    titles: Vec<(u32, String)>,
}

impl Source<'_> {
    fn items(&self, function: &Function, theme: &Theme, meeting: &Meeting, areas: &[&Area], wanted: &dyn Fn(&str) -> bool) -> Result<Vec<Value>> {
        let mut items = Vec::new();
        let steps: Vec<StepRow> = read_csv("reports/sheets/agenda_steps.csv")?;
        if wanted("次第") {
            items.push(order(function, theme, meeting, areas, &steps, wanted));
        }
        if wanted("進行表") {
            items.push(timetable(meeting, &steps));
        }
        for area in areas {
            let mut sheet = self.drafter.sheet(area, function)?;
            let spoken = self.speech.of(area, function);
            let (agreed, open) = (spoken.agreed_before(&meeting.date, &self.titles), spoken.open_at(&meeting.date, &self.titles));
            if wanted("区域の資料") {
                let first = sheet.parts.first();
                let charts: Vec<&crate::draft::sheet::Chart> = sheet.charts.iter().take(CHARTS).collect();
                items.push(json!({
                    "kind": "handout", "title": format!("{}の資料（{}）", area.name, function.theme), "headline": sheet.headline,
                    "key_figures": sheet.key_figures, "sentences": first.into_iter().flat_map(|p| &p.sentences).take(SENTENCES).map(|s| &s.text).collect::<Vec<_>>(),
                    "charts": charts, "agreed": agreed_table(agreed), "open": open, "write_lines": 4,
                }));
            }
            if wanted("課題管理シート") {
                spoken.put(&mut sheet);
                let mut value = serde_json::to_value(&sheet)?;
                value["kind"] = json!("sheet");
                items.push(value);
            }
            if wanted("データブック") {
                items.push(self.data_page(area, function)?);
            }
        }
        for (i, item) in items.iter_mut().enumerate() {
            number_charts(item, &format!("i{i}_"));
        }
        Ok(items)
    }

    /// The data book of an area, with the theme of the meeting only.
    fn data_page(&self, area: &Area, function: &Function) -> Result<Value> {
        let index = self.basis.areas.iter().position(|a| a.level == area.level && a.area_code == area.area_code).unwrap_or(0);
        let plan = run::plan(self.basis);
        let mut page = self.drafter.area_page(&self.basis.areas, index, &plan, &self.data_book)?;
        page.functions.retain(|f| f.code == function.function_code);
        Ok(serde_json::to_value(PaperPage::new(&page))?)
    }

    /// Facilities that intend to take on the function: council-only.
    fn intending(&self, function: &Function, areas: &[&Area]) -> Result<Value> {
        let t = &self.functions;
        let names: BTreeMap<&str, &str> =
            self.basis.areas.iter().filter(|a| a.level == "municipality").map(|a| (a.area_code.as_str(), a.name.as_str())).collect();
        let status: BTreeMap<&str, &str> =
            [("yes", "あり"), ("no", "なし"), ("not_applicable", "対象外（1号なし）"), ("undetermined", "判定できない"), ("not_reported", "未報告")]
                .into();
        let types: BTreeMap<&str, &str> = self
            .basis
            .dictionary
            .choices_of("facility_type")
            .map(|c| (if c.mode.is_empty() { c.choice_code.as_str() } else { c.mode.as_str() }, c.label.as_str()))
            .collect();
        let origins: BTreeMap<&str, &str> = [("item", "2号の報告事項"), ("other", "その他の報告事項"), ("both", "両方")].into();
        let mut rows = Vec::new();
        for i in 0..t.len() {
            let unit = t.text(i, "unit_code")?;
            let inside = areas.iter().any(|a| a.units.iter().any(|u| u == unit) || a.area_code == t.text(i, "municipality_code").unwrap_or_default());
            if t.text(i, "function_code")? != function.function_code || !t.flag(i, "intention")? || !inside {
                continue;
            }
            let municipality = t.text(i, "municipality_code")?;
            rows.push(vec![
                names.get(municipality).copied().unwrap_or(municipality).to_owned(),
                t.text(i, "facility_id")?.to_owned(),
                types.get(t.text(i, "facility_type")?).copied().unwrap_or_default().to_owned(),
                status.get(t.text(i, "status_literal")?).copied().unwrap_or_default().to_owned(),
                origins.get(t.text(i, "intention_origin")?).copied().unwrap_or_default().to_owned(),
            ]);
        }
        rows.sort();
        let lead = format!("「今後担う意向」を報告した医療機関は {} 施設です。意向は、機能の「あり」には数えていません。", rows.len());
        let head = ["市区町村", "医療機関ID", "種別", "今の状態", "意向を答えた項目"].map(str::to_owned).to_vec();
        if rows.is_empty() {
            rows.push(vec!["（ありません）".into(), String::new(), String::new(), String::new(), String::new()]);
        }
        let mut table = TableView::new(format!("意向のある医療機関（{}）", function.theme), head, rows);
        table.align = vec!["left"; 5];
        Ok(json!({ "kind": "table", "secret": true, "title": format!("意向のある医療機関一覧（{}）", function.theme), "lead": lead, "table": table }))
    }
}

/// What was agreed before the meeting; nothing where there is nothing.
fn agreed_table(rows: Vec<Vec<String>>) -> Option<TableView> {
    let mut table = TableView::new("これまでに合意したこと", ["合意した日", "部", "合意した文"].map(str::to_owned).to_vec(), rows);
    table.align.fill("left");
    Some(table).filter(|t| !t.rows.is_empty())
}

fn order(function: &Function, theme: &Theme, meeting: &Meeting, areas: &[&Area], steps: &[StepRow], wanted: &dyn Fn(&str) -> bool) -> Value {
    let line = |label: &str, value: String| json!({ "label": label, "value": if value.is_empty() { "（未定）".to_owned() } else { value } });
    let when =
        if meeting.date.is_empty() { String::new() } else { format!("{}　{}", wareki_date(&meeting.date), meeting.start).trim_end().to_owned() };
    let labels: Vec<String> = areas.iter().map(|a| format!("{}（{}）", a.name, area_label(a).level_label)).collect();
    let facts = vec![
        line("日時", when),
        line("場所", meeting.place.clone()),
        line("協議事項", if meeting.agenda.is_empty() { format!("{}について", function.theme) } else { meeting.agenda.clone() }),
        line("協議区域", labels.join("、")),
        line("使う会議", theme.meeting.clone()),
        line("参加者", meeting.participants.join("、")),
        line("コーディネーター", theme.coordinator.clone()),
    ];
    let lines: Vec<String> = steps.iter().map(|s| format!("{}{}", s.mark, s.step)).collect();
    let materials: Vec<&str> = CONTENTS.into_iter().filter(|c| *c != "次第" && wanted(c)).collect();
    let materials: Vec<String> =
        materials.into_iter().map(|c| if c == CONTENTS[5] { format!("{c}（会議限り、別の綴り）") } else { c.to_owned() }).collect();
    json!({ "kind": "order", "title": "次第", "facts": facts, "lines": lines, "materials": materials })
}

/// The steps with their time boxes: clock times when the meeting says when it starts, else minutes. A meeting of another length stretches them.
fn timetable(meeting: &Meeting, steps: &[StepRow]) -> Value {
    let total: u32 = steps.iter().map(|s| s.minutes).sum();
    let length = if meeting.minutes == 0 { total } else { meeting.minutes };
    let begin = meeting.start.split_once(':').and_then(|(h, m)| Some(h.trim().parse::<u32>().ok()? * 60 + m.trim().parse::<u32>().ok()?));
    let at = |minute: u32| match begin {
        Some(b) => format!("{}:{:02}", (b + minute) / 60 % 24, (b + minute) % 60),
        None => format!("{minute}分"),
    };
    let (mut before, mut rows) = (0, Vec::new());
    for step in steps {
        // cut the whole at rounded places, so that the boxes always add up to the meeting's length
        let (from, to) = (before * length / total, (before + step.minutes) * length / total);
        before += step.minutes;
        let name = format!("{}{}", step.mark, step.step);
        rows.push(vec![format!("{}〜{}", at(from), at(to)), name, step.what.clone(), step.material.clone(), step.record_in.clone()]);
    }
    let head = ["時間", "段階", "すること", "使う資料", "書くところ"].map(str::to_owned).to_vec();
    let mut table = TableView::new(format!("進行表（{length}分）"), head, rows);
    table.align = vec!["left"; 5];
    json!({ "kind": "table", "secret": false, "title": "進行表", "lead": "", "table": table })
}

/// Pictures of several items lie side by side in one document: their names get the item's number.
fn number_charts(value: &mut Value, prefix: &str) {
    match value {
        Value::Object(map) => {
            if map.contains_key("svg") {
                if let Some(Value::String(id)) = map.get_mut("id") {
                    id.insert_str(0, prefix);
                }
                return;
            }
            for (key, inner) in map.iter_mut() {
                match inner {
                    Value::Array(list) if key == "charts" && list.iter().all(Value::is_string) => {
                        for id in list.iter_mut() {
                            if let Value::String(id) = id {
                                id.insert_str(0, prefix);
                            }
                        }
                    }
                    inner => number_charts(inner, prefix),
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|v| number_charts(v, prefix)),
        _ => {}
    }
}
