//! A mapping file for a layout that nobody has described: what is sure is filled in, what is doubtful is marked with its
//! candidates, what only people can know (`-`, an empty group of marks) is left open so that a run stops at it.

mod content;
mod labels;
mod text;
mod widths;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::grid::{self, Grid};
use crate::facts::dictionary::{Dictionary, Item, ValueType, read_csv};
use crate::ground::error::{Error, Result};
use content::{Column, Readers};
use labels::Label;

/// The mapping proposed for one table.
pub struct Proposal {
    /// Name for the mapping and its file.
    pub name: String,
    /// The mapping file.
    pub text: String,
    pub sure: usize,
    pub doubtful: usize,
    pub unmatched: usize,
    /// What people have to decide before a run, in words.
    pub open: Vec<String>,
}

/// What stands in a column, as far as it can be told.
#[derive(Clone, Debug)]
enum Verdict {
    /// An item, or `item=choice`.
    Sure(String, f64),
    /// Candidates with their scores, best first.
    Doubtful(Vec<(String, f64)>),
    Unmatched,
}

/// Other words for an item (`sql/layouts/synonyms.csv`).
#[derive(Deserialize)]
struct Synonym {
    item_code: String,
    label: String,
}

/// Where the header of a table is.
struct Header {
    start: usize,
    rows: usize,
}

/// Scores from here on are worth a candidate, and worth trust.
const CANDIDATE: f64 = 0.40;
const SURE: f64 = 0.66;
/// Distance to the next candidate below which two are not told apart.
const MARGIN: f64 = 0.06;
/// Rows among which a header is looked for.
const HEADER_WITHIN: usize = 20;

/// The proposals for the tables of a file; sheets without a header of this report are passed over.
pub fn propose(path: &Path, dictionary: &Dictionary) -> Result<Vec<Proposal>> {
    let bytes = std::fs::read(path).map_err(|e| Error::io("抽出ファイルを読めません", path, &e))?;
    let grids = grid::read_all(bytes, None).map_err(|e| e.file(path))?;
    let matcher = Matcher::new(dictionary)?;
    let headers: Vec<Option<Header>> = grids.iter().map(|g| matcher.header(g)).collect();
    let several = headers.iter().flatten().count() > 1;
    let stem = path.file_stem().map_or_else(|| "layout".into(), |s| s.to_string_lossy().into_owned());
    let others: Vec<&Grid> = grids.iter().zip(&headers).filter(|(_, h)| h.is_none()).map(|(g, _)| g).collect();
    let tables = grids.iter().zip(&headers).filter_map(|(g, h)| h.as_ref().map(|h| (g, h)));
    let proposals: Vec<Proposal> = tables
        .map(|(grid, header)| {
            let name = if several { format!("{stem}_{}", grid.sheet) } else { stem.clone() };
            Table::new(&matcher, grid, header, &others).proposal(name, several)
        })
        .collect();
    if proposals.is_empty() {
        return Err(Error::new("かかりつけ医機能報告の見出しらしい行がありません")
            .file(path)
            .next("抽出ファイルかどうかを確かめてください。見出しが21行目より下にあるときは、上の行を消してください"));
    }
    Ok(proposals)
}

/// Writes the proposals for the extracts and says what was found and what is to do. Nothing that exists is overwritten.
pub fn write(extracts: &[PathBuf], out: Option<&Path>) -> Result<String> {
    let dictionary = Dictionary::load(latest_year()?)?;
    let mut written: Vec<(PathBuf, Proposal)> = Vec::new();
    for extract in extracts {
        for proposal in propose(extract, &dictionary)? {
            written.push((place(extract, &proposal.name, out)?, proposal));
        }
    }
    match (out, &mut written[..]) {
        (Some(out), [(path, _)]) => *path = out.to_path_buf(),
        (Some(out), many) if out.is_dir() => many.iter_mut().for_each(|(path, p)| *path = out.join(format!("{}.toml", p.name))),
        (Some(out), many) => {
            return Err(Error::new(format!("列対応表が {} 個になります", many.len())).file(out).next("--out にはフォルダーを指定してください"));
        }
        (None, _) => {}
    }
    if let Some((path, _)) = written.iter().find(|(path, _)| path.exists()) {
        return Err(Error::new("同じ名前の列対応表がすでにあります").file(path).next("--out で別の名前を指定するか、前の列対応表を移してください"));
    }
    let files: Vec<(PathBuf, Vec<u8>)> = written.iter().map(|(path, p)| (path.clone(), p.text.clone().into_bytes())).collect();
    crate::ground::place::create_all(&files)?;
    let mut said = String::new();
    for (path, proposal) in written {
        let Proposal { sure, doubtful, unmatched, open, .. } = proposal;
        writeln!(said, "列対応表の案を作りました：{}（確か {sure} 列、要確認 {doubtful} 列、対応なし {unmatched} 列）", path.display()).ok();
        for (i, what) in open.iter().enumerate() {
            writeln!(said, "  決めること {}：{what}", i + 1).ok();
        }
        if open.is_empty() {
            writeln!(said, "  次にすること：内容を確かめ、作業フォルダーの layouts に置くか --mapping で指定して、kyogi run を実行してください。")
                .ok();
        }
    }
    Ok(said)
}

/// Where `run` finds it, for an extract in the `input` of a work folder; elsewhere people say where. Never beside the extract unasked.
fn place(extract: &Path, name: &str, out: Option<&Path>) -> Result<PathBuf> {
    let folder = extract.parent().unwrap_or(Path::new("."));
    let work = folder.parent().filter(|w| w.join("kyogi.toml").exists());
    match (work, out) {
        (Some(work), _) => Ok(work.join("layouts").join(format!("{name}.toml"))),
        (None, Some(out)) => Ok(out.to_path_buf()),
        (None, None) => Err(Error::new("列対応表を書く場所が分かりません（抽出ファイルが作業フォルダーの input にありません）")
            .file(extract)
            .next("--out に、書くファイルかフォルダーを指定してください")),
    }
}

/// The year of the newest wording in the dictionary.
fn latest_year() -> Result<i32> {
    let items: Vec<Item> = read_csv("sql/dictionary/items.csv")?;
    items.iter().map(|i| i.from_year).max().ok_or_else(|| Error::new("項目辞書が空です"))
}

/// The dictionary in the form in which headers are compared with it.
struct Matcher<'a> {
    dictionary: &'a Dictionary,
    items: Vec<Known<'a>>,
    /// Choices of the sets that can have a column for each: set, code, label.
    choices: Vec<(String, String, Label)>,
    readers: Readers,
}

struct Known<'a> {
    item: &'a Item,
    labels: Vec<Label>,
    functions: BTreeSet<&'static str>,
}

impl<'a> Matcher<'a> {
    fn new(dictionary: &'a Dictionary) -> Result<Self> {
        let synonyms: Vec<Synonym> = read_csv("sql/layouts/synonyms.csv")?;
        let items = dictionary.items.iter().map(|item| {
            let short = item.label.split(['（', '(']).next().unwrap_or_default();
            let own = [item.short_label.as_str(), item.label.as_str(), short];
            let more = synonyms.iter().filter(|s| s.item_code == item.item_code).map(|s| s.label.as_str());
            let mut functions = labels::functions(&item.label);
            functions.extend(["base", "g1", "g2a", "g2b", "g2c", "g2d", "other"].iter().filter(|f| **f == item.function_code));
            Known { item, labels: own.into_iter().chain(more).map(Label::new).filter(|l| !l.is_empty()).collect(), functions }
        });
        let multi: BTreeSet<&str> = dictionary.items.iter().filter(|i| i.value_type == ValueType::Multi).map(|i| i.choice_set.as_str()).collect();
        let choices = dictionary.choices.iter().filter(|c| multi.contains(c.choice_set.as_str()));
        let choices = choices.map(|c| (c.choice_set.clone(), c.choice_code.clone(), Label::new(&c.label))).collect();
        Ok(Self { dictionary, items: items.collect(), choices, readers: Readers::new(dictionary)? })
    }

    /// How much a text is a label of this report, 0 to 1.
    fn is_label(&self, label: &Label) -> f64 {
        let of_items = self.items.iter().flat_map(|k| &k.labels).map(|l| l.likeness(label));
        let of_choices = self.choices.iter().map(|(_, _, l)| l.likeness(label));
        of_items.chain(of_choices).fold(0.0, f64::max)
    }

    /// The header rows: the row most like labels, group names above it, details below it.
    fn header(&self, grid: &Grid) -> Option<Header> {
        let weight = |row: usize| -> f64 {
            let texts = grid.headers(row, 1);
            // a choice stands in data as it stands in a header; long numbers stand in data only
            if texts.iter().any(|t| t.len() >= 6 && t.bytes().all(|b| b.is_ascii_digit())) {
                return 0.0;
            }
            texts.iter().filter(|t| !t.is_empty()).map(|t| (self.is_label(&Label::new(t)) - 0.35).max(0.0)).sum()
        };
        let rows = HEADER_WITHIN.min(grid.rows.len());
        let weights: Vec<f64> = (0..rows).map(weight).collect();
        let best = (0..rows).max_by(|&a, &b| weights[a].total_cmp(&weights[b]).then(b.cmp(&a)))?;
        if weights[best] < 1.0 {
            return None;
        }
        let distinct = |row: usize| grid.headers(row, 1).into_iter().filter(|t| !t.is_empty()).collect::<BTreeSet<_>>();
        let adjacent = |upper: usize| grid.rows[upper].0 + 1 == grid.rows[upper + 1].0;
        // data have an ID, a code or a year in every row
        let has_number = |row: usize| distinct(row).iter().any(|t| t.len() >= 4 && t.bytes().all(|b| b.is_ascii_digit()));
        let (mut start, mut end) = (best, best + 1);
        // one text alone is a title
        while start > 0 && end - start < 3 && adjacent(start - 1) && distinct(start - 1).len() >= 2 && !has_number(start - 1) {
            start -= 1;
        }
        // below: the choices of a question, units
        while end < grid.rows.len()
            && end - start < 3
            && adjacent(end - 1)
            && !has_number(end)
            && distinct(end).len() >= 2
            && weights.get(end).is_some_and(|w| *w > 0.5)
        {
            end += 1;
        }
        Some(Header { start, rows: end - start })
    }
}

/// One table while its mapping is made.
struct Table<'a> {
    matcher: &'a Matcher<'a>,
    grid: &'a Grid,
    header: &'a Header,
    headers: Vec<String>,
    columns: Vec<Column>,
    verdicts: Vec<Verdict>,
    /// Chosen and not chosen marks of the columns that stand for one choice.
    marks: (BTreeSet<String>, BTreeSet<String>),
    /// Sheets and title rows that may explain a glyph.
    notes: Vec<String>,
}

impl<'a> Table<'a> {
    fn new(matcher: &'a Matcher<'a>, grid: &'a Grid, header: &'a Header, others: &[&Grid]) -> Self {
        let headers = grid.headers(header.start, header.rows);
        let data = &grid.rows[(header.start + header.rows).min(grid.rows.len())..];
        let columns: Vec<Column> = (0..headers.len()).map(|c| Column::new(data.iter().map(|(_, r)| r.get(c).unwrap_or("")))).collect();
        let titles = grid.rows[..header.start].iter();
        let notes =
            others.iter().flat_map(|g| g.rows.iter().take(50)).chain(titles).flat_map(|(_, r)| r.iter().map(crate::ground::text::fold)).collect();
        let verdicts = vec![Verdict::Unmatched; headers.len()];
        let mut table = Self { matcher, grid, header, headers, columns, verdicts, marks: Default::default(), notes };
        table.one_hot();
        table.items();
        table
    }

    /// Columns that stand for one choice each: only marks in them, and the label of a choice above them.
    fn one_hot(&mut self) {
        let mut candidates: Vec<(f64, usize, usize)> = Vec::new();
        for (c, header) in self.headers.iter().enumerate() {
            if self.columns[c].marks().is_none() {
                continue;
            }
            let label = Label::new(header.rsplit('|').next().unwrap_or(header));
            let whole = Label::new(header);
            for (k, (_, _, choice)) in self.matcher.choices.iter().enumerate() {
                let score = choice.likeness(&label).max(choice.likeness(&whole));
                if score >= 0.6 {
                    candidates.push((score, c, k));
                }
            }
        }
        candidates.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
        let (mut column_used, mut choice_used) = (BTreeSet::new(), BTreeSet::new());
        let mut groups: BTreeMap<&str, Vec<(usize, usize, f64)>> = BTreeMap::new();
        for (score, c, k) in candidates {
            if !column_used.contains(&c) && !choice_used.contains(&k) {
                column_used.insert(c);
                choice_used.insert(k);
                groups.entry(self.matcher.choices[k].0.as_str()).or_default().push((c, k, score));
            }
        }
        for (set, found) in groups.into_iter().filter(|(_, found)| found.len() >= 3) {
            let Some(item) = self.matcher.dictionary.items.iter().find(|i| i.value_type == ValueType::Multi && i.choice_set == set) else { continue };
            for (c, k, score) in found {
                let to = format!("{}={}", item.item_code, self.matcher.choices[k].1);
                self.verdicts[c] = if score >= 0.75 { Verdict::Sure(to, score) } else { Verdict::Doubtful(vec![(to, score)]) };
                if let Some((chosen, not_chosen)) = self.columns[c].marks() {
                    self.marks.0.extend(chosen);
                    self.marks.1.extend(not_chosen);
                }
            }
        }
    }

    /// How well an item fits a column: its label, the cells, the group that the header names, the item's number.
    fn score(&self, c: usize, known: &Known<'_>) -> f64 {
        let header = &self.headers[c];
        let (whole, last) = (Label::new(header), Label::new(header.rsplit('|').next().unwrap_or(header)));
        let label = known.labels.iter().map(|l| l.likeness(&whole).max(l.likeness(&last))).fold(0.0, f64::max);
        let named = labels::functions(header);
        let (mut score, mut weight) = (0.60 * label, 0.60);
        if let Some(fit) = self.matcher.readers.fit(known.item, &self.columns[c]) {
            score += 0.25 * fit;
            weight += 0.25;
            if fit < 0.15 {
                score -= 0.15;
            }
        }
        if !named.is_empty() {
            let shared = named.intersection(&known.functions).count() as f64;
            score += 0.15 * shared / named.len().max(1) as f64;
            weight += 0.15;
        }
        let number = match (labels::number(header), known.item.item_no.parse::<u32>()) {
            (Some(a), Ok(b)) if a == b => 0.03,
            (Some(_), Ok(_)) => -0.03,
            _ => 0.0,
        };
        (score / weight + number).clamp(0.0, 1.0)
    }

    /// One item for one column, best pairs first; what two columns or two items claim nearly alike is doubtful.
    fn items(&mut self) {
        let open: Vec<usize> =
            (0..self.headers.len()).filter(|&c| matches!(self.verdicts[c], Verdict::Unmatched) && !self.headers[c].is_empty()).collect();
        let taken: BTreeSet<String> =
            self.verdicts.iter().filter_map(|v| if let Verdict::Sure(to, _) = v { to.split('=').next().map(str::to_owned) } else { None }).collect();
        let mut scores: HashMap<(usize, usize), f64> = HashMap::new();
        for &c in &open {
            for (k, known) in self.matcher.items.iter().enumerate().filter(|(_, k)| !taken.contains(&k.item.item_code)) {
                let score = self.score(c, known);
                if score >= CANDIDATE {
                    scores.insert((c, k), score);
                }
            }
        }
        let mut pairs: Vec<(f64, usize, usize)> = scores.iter().map(|(&(c, k), &s)| (s, c, k)).collect();
        pairs.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
        let (mut of_column, mut of_item): (HashMap<usize, usize>, HashMap<usize, usize>) = Default::default();
        for &(_, c, k) in &pairs {
            if !of_column.contains_key(&c) && !of_item.contains_key(&k) {
                of_column.insert(c, k);
                of_item.insert(k, c);
            }
        }
        for &c in &open {
            let Some(&k) = of_column.get(&c) else { continue };
            let score = scores[&(c, k)];
            // a rival counts unless it has a clearly better place of its own
            let settled = |c: usize, k: usize, s: f64| {
                let item_elsewhere = of_item.get(&k).is_some_and(|&o| o != c && scores[&(o, k)] >= s + MARGIN);
                let column_elsewhere = of_column.get(&c).is_some_and(|&o| o != k && scores[&(c, o)] >= s + MARGIN);
                item_elsewhere || column_elsewhere
            };
            let rivals = pairs.iter().filter(|&&(s, pc, pk)| ((pc == c) != (pk == k)) && !settled(pc, pk, s)).map(|(s, _, _)| *s);
            let rival = rivals.fold(0.0, f64::max);
            let code = self.matcher.items[k].item.item_code.clone();
            self.verdicts[c] = if score >= SURE && score - rival >= MARGIN {
                Verdict::Sure(code, score)
            } else {
                let mut candidates: Vec<(String, f64)> =
                    pairs.iter().filter(|p| p.1 == c).take(3).map(|&(s, _, k)| (self.matcher.items[k].item.item_code.clone(), s)).collect();
                if let Some(at) = candidates.iter().position(|(item, _)| *item == code) {
                    candidates[..=at].rotate_right(1);
                } else {
                    candidates.insert(0, (code, score));
                }
                Verdict::Doubtful(candidates)
            };
        }
    }
}
