//! What people wrote for one area and theme, as sheets and meeting materials show it: proposals, agreements with their day, what is open.

use std::collections::BTreeMap;

use super::book::{CouncilBook, Entry, MEASURES, MeasureRow};
use super::carry::Tables;
use crate::draft::sheet::{Labelled, Said, Sheet, TableView};
use crate::facts::areas::Area;
use crate::facts::council::Council;
use crate::facts::dictionary::Function;
use crate::ground::numbers::wareki_date;

/// Everything that was said in the meetings of a work folder.
#[derive(Clone, Copy)]
pub struct Speech<'a> {
    pub book: &'a CouncilBook,
    pub council: &'a Council,
    /// From the year before.
    pub carried: &'a Tables,
}

/// What was said about one area and theme.
#[derive(Clone, Debug, Default)]
pub struct Spoken {
    /// 圏域, 開催日, 参加者 as far as they are known.
    pub overview: Vec<Labelled>,
    /// Number of the part → texts.
    pub parts: BTreeMap<u32, Vec<Said>>,
    /// With the number of their part.
    pub tables: Vec<(u32, TableView)>,
}

impl Speech<'_> {
    pub fn of(&self, area: &Area, function: &Function) -> Spoken {
        let place = (area.area_code.clone(), function.function_code.clone());
        let tables = self.carried.get(&place).cloned().unwrap_or_default();
        let (a, f) = (place.0.as_str(), place.1.as_str());
        let mut parts: BTreeMap<u32, Vec<Said>> = BTreeMap::new();
        // what stands in a table of the year before is not said twice
        let told = |text: &str| tables.iter().any(|(_, t)| t.rows.iter().any(|r| r.first().is_some_and(|c| c == text)));
        for e in self.book.entries.iter().filter(|e| e.area_code == a && e.function_code == f) {
            if (e.proposal.is_empty() && e.agreed.is_empty()) || (e.agreed.is_empty() && e.is_inherited && told(&e.proposal)) {
                continue;
            }
            parts.entry(e.part).or_default().push(self.entry(e));
        }
        for m in self.book.measures.iter().filter(|m| m.area_code == a && m.function_code == f) {
            let goes_on = m.is_inherited && m.published_on.is_empty() && m.agreed_on.is_empty() && told(&m.measure);
            if (m.proposal.is_empty() && m.measure.is_empty()) || goes_on {
                continue;
            }
            parts.entry(MEASURES).or_default().push(self.measure(m));
        }
        Spoken { overview: self.overview(area, function), parts, tables }
    }

    fn entry(&self, e: &Entry) -> Said {
        let day = self.book.agreed_day(&e.area_code, &e.function_code, &e.agreed_on);
        said(&e.proposal, &e.agreed, &day, &e.status, &e.unresolved, e.is_inherited).with_view(&e.view)
    }

    fn measure(&self, m: &MeasureRow) -> Said {
        let day = self.book.agreed_day(&m.area_code, &m.function_code, &m.agreed_on);
        let goal: Vec<String> = [("基準値", &m.baseline), ("目標値", &m.target), ("時期", &wareki_date(&m.target_date))]
            .into_iter()
            .filter(|(_, t)| !t.is_empty())
            .map(|(label, t)| format!("{label} {t}"))
            .collect();
        let indicator = if goal.is_empty() { m.indicator.clone() } else { format!("{}（{}）", m.indicator, goal.join("、")) };
        Said {
            role: m.role.clone(),
            deadline: wareki_date(&m.deadline),
            priority: m.priority.clone(),
            indicator: indicator.trim_start_matches('（').to_owned(),
            ..said(&m.proposal, &m.measure, &day, &m.status, &m.unresolved, m.is_inherited)
        }
    }

    /// From the workbook's record, else from the setting.
    fn overview(&self, area: &Area, function: &Function) -> Vec<Labelled> {
        let theme = self.council.themes.get(&function.function_code);
        let mine = self.book.meetings.iter().filter(|m| m.area_code == area.area_code && m.function_code == function.function_code);
        let mut days: Vec<String> = mine.clone().map(|m| m.held_on.clone()).filter(|d| !d.is_empty()).collect();
        let mut people = mine.clone().map(|m| m.participants.join("、")).rfind(|p| !p.is_empty()).unwrap_or_default();
        let planned = theme.into_iter().flat_map(|t| &t.meetings).filter(|m| m.areas.contains(&area.area_code) || m.areas.is_empty());
        if days.is_empty() && (area.level != "prefecture" || theme.is_some_and(|t| t.areas.contains(&area.area_code))) {
            days = planned.map(|m| m.date.clone()).filter(|d| !d.is_empty()).collect();
        }
        if people.is_empty() {
            people = theme.map_or_else(String::new, |t| t.participants.join("、"));
        }
        days.sort();
        days.dedup();
        let days: Vec<String> = days.iter().map(|d| wareki_date(d)).collect();
        let line = |label: &str, value: String| Labelled { label: label.into(), value };
        let all = [line("圏域", area.name.clone()), line("開催日", days.join("、")), line("参加者", people)];
        all.into_iter().filter(|l| !l.value.is_empty()).collect()
    }
}

fn said(proposal: &str, agreed: &str, day: &str, status: &str, unresolved: &str, is_inherited: bool) -> Said {
    let state = Some(status).filter(|s| !s.is_empty() && *s != "合意");
    let is_agreed = !agreed.is_empty();
    let notes: Vec<String> = Some(wareki_date(day)).filter(|d| is_agreed && !d.is_empty()).into_iter().chain(state.map(str::to_owned)).collect();
    let kind = if is_agreed { "合意" } else { "事務局案" };
    Said {
        mark: if notes.is_empty() { kind.to_owned() } else { format!("{kind}（{}）", notes.join("、")) },
        is_agreed,
        day: if is_agreed { day.to_owned() } else { String::new() },
        text: if is_agreed { agreed } else { proposal }.to_owned(),
        before: if is_agreed && !is_inherited && agreed != proposal { proposal.to_owned() } else { String::new() },
        note: unresolved.to_owned(),
        ..Said::default()
    }
}

impl Said {
    fn with_view(mut self, view: &str) -> Self {
        view.clone_into(&mut self.view);
        self
    }

    /// The text with who said it, on one line.
    fn line(&self) -> String {
        let view = if self.view.is_empty() { String::new() } else { format!("【{}】", self.view) };
        format!("{view}{}", self.text)
    }
}

impl Spoken {
    /// Puts everything in its place on the sheet. Candidates stay only where nothing is written.
    pub fn put(self, sheet: &mut Sheet) {
        sheet.overview = self.overview;
        for part in &mut sheet.parts {
            part.tables.extend(self.tables.iter().filter(|(no, _)| *no == part.no).map(|(_, t)| t.clone()));
            let Some(said) = self.parts.get(&part.no) else { continue };
            part.candidates.clear();
            part.write_lines = part.write_lines.min(1);
            match measure_table(said).filter(|_| part.no == MEASURES) {
                Some(table) => part.tables.push(table),
                None => part.said.clone_from(said),
            }
        }
    }

    /// What was agreed before a day, in the order of the days: day, part, text. An empty day takes all.
    pub fn agreed_before(&self, day: &str, titles: &[(u32, String)]) -> Vec<Vec<String>> {
        let title = |no: u32| titles.iter().find(|(n, _)| *n == no).map_or_else(String::new, |(n, t)| format!("({n}) {t}"));
        let all = self.parts.iter().flat_map(|(no, said)| said.iter().map(move |s| (*no, s)));
        let mut rows: Vec<(&str, u32, &Said)> =
            all.filter(|(_, s)| s.is_agreed && (day.is_empty() || s.day.as_str() < day)).map(|(no, s)| (s.day.as_str(), no, s)).collect();
        rows.sort_by_key(|(day, no, _)| (*day, *no));
        let carried = self.tables.iter().flat_map(|(no, t)| t.rows.iter().map(move |r| vec!["前の年度".to_owned(), title(*no), r[0].clone()]));
        let when = |day: &str| if day.is_empty() { "（日付なし）".to_owned() } else { wareki_date(day) };
        carried.chain(rows.into_iter().map(|(day, no, s)| vec![when(day), title(no), s.line()])).collect()
    }

    /// What waits for an agreement at a meeting of a day: proposals, and parts of which nothing is agreed.
    pub fn open_at(&self, day: &str, titles: &[(u32, String)]) -> Vec<String> {
        let mut lines = Vec::new();
        for (no, title) in titles {
            let said = self.parts.get(no).map_or(&[][..], Vec::as_slice);
            let before = |s: &&Said| s.is_agreed && (day.is_empty() || s.day.as_str() < day);
            let proposals: Vec<&Said> = said.iter().filter(|s| !s.is_agreed).collect();
            lines.extend(proposals.iter().map(|s| format!("({no}) {}：{}", s.mark, s.line())));
            let unsettled = said.iter().filter(before).filter(|s| s.mark.contains("検討中"));
            lines.extend(unsettled.map(|s| format!("({no}) {}：{}", s.mark, s.line())));
            if proposals.is_empty() && !said.iter().any(|s| before(&s)) {
                lines.push(format!("({no}) {title}：まだ書かれていません"));
            }
        }
        lines
    }
}

/// Measures with who does what until when; columns of which nothing is known are left out. None where only the measures themselves are known.
fn measure_table(said: &[Said]) -> Option<TableView> {
    type Of = fn(&Said) -> String;
    let details: [(&str, Of); 4] = [
        ("役割分担（実施者）", |s| s.role.clone()),
        ("期限", |s| s.deadline.clone()),
        ("優先順位", |s| s.priority.clone()),
        ("進み具合をみる指標", |s| s.indicator.clone()),
    ];
    let shown: Vec<&(&str, Of)> = details.iter().filter(|(_, of)| said.iter().any(|s| !of(s).is_empty())).collect();
    if shown.is_empty() {
        return None;
    }
    let head = ["方策", "区分"].into_iter().chain(shown.iter().map(|(head, _)| *head)).map(str::to_owned).collect();
    let rows = said.iter().map(|s| {
        let dash = |t: String| if t.is_empty() { "―".to_owned() } else { t };
        let mut text = s.text.clone();
        for (label, more) in [("事務局案：", &s.before), ("", &s.note)] {
            if !more.is_empty() {
                text = format!("{text}（{label}{more}）");
            }
        }
        [text, s.mark.clone()].into_iter().chain(shown.iter().map(|(_, of)| dash(of(s)))).collect()
    });
    let mut table = TableView::new("方策と役割分担", head, rows.collect());
    table.align.fill("left");
    Some(table)
}
