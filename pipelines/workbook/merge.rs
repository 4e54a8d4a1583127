//! Three ways to one: generated before, edited by people, generated now. What people wrote is never overwritten or lost.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::layout::Owner;
pub use super::rows::{Archived, Doubt, Edited, Group, Input, Known, Made, Merged, Notices, Row, key_of, same};
use super::rows::{OWN, is_blank, is_key, own_number};
use crate::ground::error::Result;
use crate::ground::spreadsheet::struck;

/// Merges one sheet. Rows come out in the order of `made`, each followed by the rows that people added to its group;
/// rows whose place is not understood stand first.
pub fn merge(input: &Input<'_>) -> Result<Merged> {
    let mut work = Work::new(input);
    work.identify();
    work.assemble()
}

struct Work<'a> {
    input: &'a Input<'a>,
    made: HashMap<&'a str, &'a Made>,
    /// Generated key → the edited row that carries it.
    carrier: HashMap<String, usize>,
    /// Edited rows that get a new key, with the key that they were copied from.
    fresh: Vec<(usize, Option<String>)>,
    next_own: u32,
    out: Merged,
}

impl<'a> Work<'a> {
    fn new(input: &'a Input<'a>) -> Self {
        let made = input.made.iter().map(|m| (m.key.as_str(), m)).collect();
        Self { input, made, carrier: HashMap::new(), fresh: Vec::new(), next_own: 1, out: Merged::default() }
    }

    fn known(&self, key: &str) -> Option<&'a Known> {
        self.input.known.and_then(|k| k.get(key))
    }

    fn key_column(&self) -> usize {
        self.input.spec.columns.iter().position(|c| c.owner == Owner::Key).unwrap_or(0)
    }

    /// Gives every edited row its key: by its place cells where these are a generated row's, else by its tag.
    fn identify(&mut self) {
        let spec = self.input.spec;
        let place_of = |cells: &[String]| -> Vec<String> { spec.place.iter().map(|&i| cells[i].trim().to_owned()).collect() };
        let mut by_place: HashMap<Vec<String>, &str> = HashMap::new();
        for (key, known) in self.input.known.into_iter().flatten().filter(|(k, _)| own_number(k).is_none()) {
            by_place.insert(place_of(&known.machine), key);
        }
        for made in self.input.made {
            by_place.insert(place_of(&made.cells), &made.key);
        }
        let column = self.key_column();
        let mut candidates: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (i, row) in self.input.edited.iter().enumerate() {
            let tag = row.cells[column].trim();
            if let Some(n) = own_number(tag) {
                self.next_own = self.next_own.max(n.saturating_add(1));
            }
            let known_tag = self.made.contains_key(tag) || self.known(tag).is_some();
            let key = match by_place.get(&place_of(&row.cells)) {
                Some(key) if own_number(tag).is_none() || !known_tag => Some((*key).to_owned()),
                _ if known_tag => Some(tag.to_owned()),
                _ => None,
            };
            match key {
                Some(key) => candidates.entry(key).or_default().push(i),
                None => self.fresh.push((i, None)),
            }
        }
        for known in self.input.known.into_iter().flatten().filter_map(|(k, _)| own_number(k)) {
            self.next_own = self.next_own.max(known.saturating_add(1));
        }
        for (key, rows) in candidates {
            // of several rows with one key the one that is most like what was written keeps it
            let likeness = |i: usize| -> usize {
                let row = &self.input.edited[i];
                let tagged = usize::from(row.cells[column].trim() == key);
                let written = self.known(&key).map_or(0, |k| k.written.iter().zip(&row.cells).filter(|(w, e)| same(w, e)).count());
                written * 2 + tagged
            };
            let best = rows.iter().copied().max_by_key(|&i| (likeness(i), std::cmp::Reverse(i)));
            for &i in rows.iter().filter(|&&i| Some(i) != best) {
                self.fresh.push((i, Some(key.clone())));
            }
            if let Some(best) = best {
                self.carrier.insert(key, best);
            }
        }
        self.fresh.sort();
    }

    fn assemble(mut self) -> Result<Merged> {
        let input = self.input;
        let groups: HashSet<&Group> = input.made.iter().map(|m| &m.group).collect();
        let mut by_group: BTreeMap<Group, Vec<(u32, Row)>> = BTreeMap::new();
        let mut unplaced: Vec<(u32, Row)> = Vec::new();
        let mut carried: Vec<(String, usize)> =
            self.carrier.iter().filter(|(k, _)| !self.made.contains_key(k.as_str())).map(|(k, &i)| (k.clone(), i)).collect();
        carried.sort_by_key(|(_, i)| *i);
        for (key, i) in &carried {
            let edited = &input.edited[*i];
            let own = own_number(key).is_some();
            let group = edited.group.clone().filter(|g| groups.contains(g));
            if !own && group.is_none() {
                // its area and theme have no sheet any more
                self.archive_row(key, edited, "この区域・テーマのシートがなくなりました");
                continue;
            }
            if let Some(row) = self.own_row(key.clone(), Some(key), edited, group.clone())? {
                group.map_or(&mut unplaced, |g| by_group.entry(g).or_default()).push((edited.row, row));
            }
        }
        for (i, copied) in std::mem::take(&mut self.fresh) {
            let edited = &input.edited[i];
            let group = edited.group.clone().filter(|g| groups.contains(g));
            let key = format!("{OWN}{:04}", self.next_own);
            let Some(row) = self.own_row(key, copied.as_deref(), edited, group.clone())? else { continue };
            self.next_own += 1;
            if let Some(from) = &copied {
                self.doubt("workbook_same_key", edited.row, Some(self.key_column()), from);
            }
            group.map_or(&mut unplaced, |g| by_group.entry(g).or_default()).push((edited.row, row));
        }
        unplaced.sort_by_key(|(row, _)| *row);
        self.out.rows = unplaced.into_iter().map(|(_, row)| row).collect();
        let mut waiting: Option<&Group> = None;
        let mut flush = |rows: &mut Vec<Row>, group: Option<&Group>| {
            let Some(mut own) = group.and_then(|g| by_group.remove(g)) else { return };
            own.sort_by_key(|(row, _)| *row);
            rows.extend(own.into_iter().map(|(_, row)| row));
        };
        for made in input.made {
            if waiting.is_some_and(|g| *g != made.group) {
                flush(&mut self.out.rows, waiting);
            }
            waiting = Some(&made.group);
            let row = self.generated_row(made)?;
            self.out.rows.push(row);
        }
        flush(&mut self.out.rows, waiting);
        self.archive_deleted();
        Ok(self.out)
    }

    fn doubt(&mut self, code: &'static str, row: u32, column: Option<usize>, text: &str) {
        self.out.doubts.push(Doubt { code, row, column, text: text.to_owned() });
    }

    fn generated_row(&mut self, made: &Made) -> Result<Row> {
        let known = self.known(&made.key);
        let width = self.input.extra_headers.len();
        let Some(&i) = self.carrier.get(&made.key) else {
            let mut cells = made.cells.clone();
            for (at, text) in (self.input.derive)(&made.group, &cells)? {
                cells[at] = text;
            }
            return Ok(Row {
                key: made.key.clone(),
                group: Some(made.group.clone()),
                machine: cells.clone(),
                cells,
                extra: vec![String::new(); width],
                source: None,
                is_hidden: false,
            });
        };
        let edited = &self.input.edited[i];
        let mut row = Row {
            key: made.key.clone(),
            group: Some(made.group.clone()),
            machine: made.cells.clone(),
            cells: edited.cells.clone(),
            extra: edited.extra.clone(),
            source: Some(edited.row),
            is_hidden: edited.is_hidden,
        };
        self.merge_cells(&mut row, known, edited, Some(made))?;
        Ok(row)
    }

    /// A row that people added, or that the machine does not make any more; nothing when people wrote nothing in it.
    fn own_row(&mut self, key: String, from: Option<&str>, edited: &Edited, group: Option<Group>) -> Result<Option<Row>> {
        let spec = self.input.spec;
        let source = from.and_then(|k| self.known(k));
        let made_source = from.and_then(|k| self.made.get(k).copied());
        // what was the machine's in the row that was copied is not people's
        let by_people = |i: usize| {
            let text = &edited.cells[i];
            let by_machine = (spec.owner(i) == Owner::Key && is_key(text.trim()))
                || source.is_some_and(|k| same(text, &k.machine[i]))
                || made_source.is_some_and(|m| same(text, &m.cells[i]));
            !is_blank(text) && !by_machine
        };
        let at_key = self.key_column();
        let wrote = (0..spec.columns.len()).any(|i| i != at_key && by_people(i)) || edited.extra.iter().any(|t| !is_blank(t));
        if !wrote {
            if by_people(at_key) {
                let row = Row { machine: vec![String::new(); spec.columns.len()], ..Row::default() };
                self.archive(&row, at_key, &edited.cells[at_key], "キーの列に書かれていました");
            }
            return Ok(None);
        }
        let mut base = Known { machine: vec![String::new(); spec.columns.len()], written: edited.cells.clone(), extra: Vec::new() };
        for i in (0..spec.columns.len()).filter(|&i| !by_people(i)) {
            base.machine[i].clone_from(&edited.cells[i]);
        }
        let mut machine = group.as_ref().map_or_else(|| vec![String::new(); spec.columns.len()], |g| (self.input.place)(g));
        if group.is_none() {
            // what was filled in while the place was understood stays readable
            for &i in &spec.place {
                machine[i].clone_from(&base.machine[i]);
            }
        }
        let mut row = Row {
            key,
            group,
            machine,
            cells: edited.cells.clone(),
            extra: edited.extra.clone(),
            source: Some(edited.row),
            is_hidden: edited.is_hidden,
        };
        self.merge_cells(&mut row, Some(&base), edited, None)?;
        let notice = spec.columns.iter().position(|c| c.owner == Owner::Notice);
        if let Some(at) = notice {
            let unplaced = &self.input.notices.unplaced;
            if row.group.is_none() && is_blank(&row.cells[at]) {
                row.cells[at].clone_from(unplaced);
                row.machine[at].clone_from(unplaced);
            } else if row.group.is_some() && row.cells[at] == *unplaced {
                row.cells[at].clear();
                row.machine[at].clear();
            }
        }
        Ok(Some(row))
    }

    /// Fills `row.cells` from what the machine says now (`row.machine`) and what people wrote.
    fn merge_cells(&mut self, row: &mut Row, known: Option<&Known>, edited: &Edited, made: Option<&Made>) -> Result<()> {
        let spec = self.input.spec;
        let mut events: Vec<String> = Vec::new();
        for i in 0..spec.columns.len() {
            if matches!(spec.owner(i), Owner::People | Owner::Place) {
                self.cell(row, known, edited, made, i, &mut events);
            }
        }
        if let Some(group) = &row.group {
            for (at, text) in (self.input.derive)(group, &row.cells)? {
                row.machine[at] = text;
            }
        }
        for i in 0..spec.columns.len() {
            if spec.owner(i) == Owner::Machine {
                self.cell(row, known, edited, made, i, &mut events);
            }
        }
        for i in 0..spec.columns.len() {
            match spec.owner(i) {
                Owner::Key => {
                    let tag = edited.cells[i].trim();
                    if !tag.is_empty() && !is_key(tag) {
                        self.archive(row, i, tag, "キーの列に書かれていました");
                        self.doubt("workbook_key_changed", edited.row, Some(i), tag);
                    }
                    row.cells[i].clone_from(&row.key);
                    row.machine[i].clone_from(&row.key);
                }
                Owner::Notice => self.notice(row, known, edited, i, &events),
                _ => {}
            }
        }
        // the line through a row goes through its tag too
        for &i in &edited.struck {
            row.cells[i] = struck::whole(&row.cells[i]);
        }
        Ok(())
    }

    fn cell(&mut self, row: &mut Row, known: Option<&Known>, edited: &Edited, made: Option<&Made>, i: usize, events: &mut Vec<String>) {
        let spec = self.input.spec;
        let (now, text) = (row.machine[i].clone(), &edited.cells[i]);
        let before = known.map(|k| k.machine[i].as_str());
        let untouched = before.is_some_and(|b| same(b, text)) || same(text, &now);
        let header = &spec.columns[i].header;
        // a line through what the machine wrote goes through what it writes now
        let wrote = |b: &str| same(b, &struck::plain(text));
        if struck::is_struck(text) && spec.owner(i) == Owner::Machine && is_blank(&struck::live(text)) && (wrote(&now) || before.is_some_and(wrote)) {
            row.cells[i] = struck::whole(&now);
            return;
        }
        match spec.owner(i) {
            Owner::People if known.is_none() && is_blank(text) => row.cells[i] = now,
            Owner::People if untouched => row.cells[i] = now,
            Owner::People => {
                if before.is_some_and(|b| !same(b, &now)) && !is_blank(&now) && !is_blank(text) {
                    events.push(quote(&self.input.notices.overwritten, &format!("{header}：{now}")));
                }
                row.cells[i].clone_from(text);
            }
            Owner::Place if made.is_some() && !untouched && !is_blank(text) => {
                self.archive(row, i, text, "キーのある行の区域・テーマ・部・番号は変えられません");
                self.doubt("workbook_place_changed", edited.row, Some(i), text);
                row.cells[i] = now;
            }
            _ if is_blank(text) || untouched => {
                if let Some(b) = before.filter(|b| !same(b, &now) && !is_blank(b))
                    && spec.owner(i) == Owner::Machine
                    && matches!(spec.columns[i].column.as_str(), "data" | "candidate")
                    && self.people_wrote(edited, known)
                {
                    events.push(quote(&self.input.notices.changed, &format!("{header}：{b}")));
                }
                row.cells[i] = now;
            }
            Owner::Place => row.cells[i].clone_from(text),
            _ => {
                let written = known.map(|k| k.written[i].as_str());
                let is_new = written.is_none_or(|w| !same(w, text)) || before.is_none_or(|b| !same(b, &now));
                if is_new && !is_blank(&now) {
                    events.push(quote(&self.input.notices.overwritten, &format!("{header}：{now}")));
                }
                row.cells[i].clone_from(text);
            }
        }
    }

    /// Whether people wrote anything in a column of theirs: only then a changed sentence matters to them.
    fn people_wrote(&self, edited: &Edited, known: Option<&Known>) -> bool {
        let spec = self.input.spec;
        (0..spec.columns.len()).any(|i| {
            let text = &edited.cells[i];
            spec.owner(i) == Owner::People && !is_blank(text) && !known.is_some_and(|k| same(&k.machine[i], text))
        })
    }

    /// A notice stays until people clear it; a new one never covers what people wrote there.
    fn notice(&mut self, row: &mut Row, known: Option<&Known>, edited: &Edited, i: usize, events: &[String]) {
        let text = &edited.cells[i];
        let ours = is_blank(text) || known.is_some_and(|k| same(&k.machine[i], text));
        if events.is_empty() {
            row.cells[i].clone_from(text);
            row.machine[i] = if ours { text.clone() } else { String::new() };
            return;
        }
        if !ours {
            self.archive(row, i, text, "お知らせの列に書かれていました");
        }
        // what the text of people was written under is quoted first and stays
        let mut lines: Vec<&str> = if ours && !is_blank(text) { vec![text] } else { Vec::new() };
        let fresh: Vec<&str> = events.iter().map(String::as_str).filter(|e| !text.contains(*e)).collect();
        if lines.iter().map(|l| l.chars().count()).sum::<usize>() > 3000 {
            lines.clear();
        }
        lines.extend(fresh);
        row.cells[i] = lines.join("\n");
        row.machine[i].clone_from(&row.cells[i]);
    }

    fn archive(&mut self, row: &Row, i: usize, text: &str, why: &'static str) {
        let spec = self.input.spec;
        let place = |name: &str| spec.position(name).map_or_else(String::new, |c| row.machine[c].clone());
        self.out.archived.push(Archived {
            sheet: spec.name.clone(),
            key: row.key.clone(),
            area: place("area"),
            theme: place("theme"),
            column: spec.columns[i].header.clone(),
            text: text.to_owned(),
            why,
        });
    }

    /// All that people wrote in a row that leaves its sheet.
    fn archive_texts(&mut self, key: &str, cells: &[String], machine: Option<&[String]>, extra: &[(String, String)], why: &'static str) {
        let spec = self.input.spec;
        let place = |name: &str| spec.position(name).map_or_else(String::new, |c| cells[c].clone());
        let entry = |column: String, text: &str| Archived {
            sheet: spec.name.clone(),
            key: key.to_owned(),
            area: place("area"),
            theme: place("theme"),
            column,
            text: text.to_owned(),
            why,
        };
        let mut left = Vec::new();
        for (i, text) in cells.iter().enumerate() {
            let ours = (spec.owner(i) == Owner::Key && is_key(text.trim())) || machine.is_some_and(|m| same(&m[i], text));
            if !is_blank(text) && !ours {
                left.push(entry(spec.columns[i].header.clone(), text));
            }
        }
        for (header, text) in extra.iter().filter(|(_, t)| !is_blank(t)) {
            left.push(entry(header.clone(), text));
        }
        self.out.archived.extend(left);
    }

    fn archive_row(&mut self, key: &str, edited: &Edited, why: &'static str) {
        let machine = self.known(key).map(|k| k.machine.as_slice());
        let extra: Vec<_> = self.input.extra_headers.iter().cloned().zip(edited.extra.iter().cloned()).collect();
        self.archive_texts(key, &edited.cells, machine, &extra, why);
    }

    /// Rows that were written and are not in the sheet any more.
    fn archive_deleted(&mut self) {
        let gone: BTreeSet<&String> = self.input.known.into_iter().flat_map(|k| k.keys()).filter(|k| !self.carrier.contains_key(*k)).collect();
        for key in gone {
            if let Some(known) = self.known(key) {
                self.archive_texts(key, &known.written, Some(&known.machine), &known.extra, "行がなくなっていました");
            }
        }
    }
}

fn quote(words: &str, text: &str) -> String {
    words.replacen("{}", text, 1)
}
