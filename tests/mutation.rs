//! Mutation of the rows that decide: each is changed in turn, and the given–expect tables must notice.
//!
//! A mutant is an own row of a work folder, so it goes through the same loader as a planner's change. One that the loader
//! refuses does not count. `cargo test mutation -- --nocapture` prints the score.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::Path;

use arrow::array::BooleanArray;
use arrow::compute::filter_record_batch;
use kyogi::facts::dictionary::{Choice, Dictionary, Item, TABLES, ValueType, dated, words};
use kyogi::facts::rules::Rules;
use kyogi::ground::artefact::Table;
use kyogi::ground::sql::{self, Engine, Load};
use rayon::prelude::*;

use crate::status::{Case, Cases, statuses};
use crate::support::{YEAR, figures_in, folder};

const GONE: (&str, &str) = ("to_year", "2024");

struct Mutant {
    table: &'static str,
    key: Vec<(&'static str, String)>,
    change: Vec<(&'static str, &'static str)>,
    /// Functions whose cases are asked, or `gates`: fewer cases judge, so nothing is noticed that all would not notice.
    asked: Vec<String>,
    /// Functions whose statuses it can change; mutants that share none are tried together, for no function of 2号 sees another.
    touches: Vec<String>,
}

impl Mutant {
    fn cells(&self) -> Vec<(&str, &str)> {
        self.key.iter().map(|(k, v)| (*k, v.as_str())).chain(self.change.iter().copied()).chain([("source", "変異")]).collect()
    }

    fn name(&self) -> String {
        let key: Vec<&str> = self.key.iter().map(|(_, v)| v.as_str()).collect();
        let change: Vec<String> = self.change.iter().map(|(k, v)| format!("{k}→{v}")).collect();
        format!("{} {} {}", self.table.rsplit('/').next().unwrap_or_default(), key.join(" "), change.join(" "))
    }
}

fn item_mutants(item: &Item, functions: &[String]) -> Vec<Mutant> {
    let mutant = |change: Vec<(&'static str, &'static str)>| Mutant {
        table: "sql/dictionary/items.csv",
        key: vec![("item_code", item.item_code.clone())],
        change,
        asked: vec![item.function_code.clone()],
        touches: vec![item.function_code.clone()],
    };
    let scope = |to: &'static str, asked: &str| Mutant { asked: vec![asked.to_owned()], ..mutant(vec![("intention_scope", to)]) };
    const NOTHING: [(&str, &str); 2] = [("counts_literal", "0"), ("counts_core", "0")];
    const BOTH: [(&str, &str); 2] = [("counts_literal", "1"), ("counts_core", "1")];
    let with = |first: (&'static str, &'static str), rest: [(&'static str, &'static str); 2]| mutant([vec![first], rest.to_vec()].concat());
    match item.requirement.as_str() {
        "star" => vec![with(("requirement", "-"), NOTHING), mutant(NOTHING.to_vec()), mutant(vec![GONE])],
        "any" => {
            let next = functions.iter().position(|f| *f == item.function_code).map(|i| &functions[(i + 1) % functions.len()]);
            let next = ["g2a", "g2b", "g2c", "g2d"].into_iter().find(|f| next.is_some_and(|n| n == f)).expect("a function of 2号");
            let mut all = vec![
                mutant(vec![("counts_core", if item.counts_core { "0" } else { "1" })]),
                mutant(NOTHING.to_vec()),
                with(("requirement", "-"), NOTHING),
                Mutant { touches: vec![item.function_code.clone(), next.to_owned()], ..mutant(vec![("function_code", next)]) },
                mutant(vec![GONE]),
            ];
            if item.value_type == ValueType::Names {
                all.push(mutant(vec![("value_type", "text")]));
            }
            if item.intention_scope == "function" {
                all.push(mutant(vec![("intention_scope", "other")]));
            }
            all
        }
        // a text cannot decide, whatever its row says
        _ if item.value_type == ValueType::Text => Vec::new(),
        // a 意向 about digital equipment is none to carry 1号
        _ if item.intention_scope == "other" => vec![with(("requirement", "star"), BOTH), scope("function", "gates")],
        _ if item.function_code == "other" && item.intention_scope == "function" => {
            let touches = vec![item.item_code.replace("oth_intent_", "")];
            vec![Mutant { touches, ..scope("other", "gates") }]
        }
        _ if item.function_code == "g1" => vec![with(("requirement", "star"), BOTH)],
        _ if functions.contains(&item.function_code) => vec![with(("requirement", "any"), BOTH)],
        _ => Vec::new(),
    }
}

fn choice_mutants(choice: &Choice, dictionary: &Dictionary) -> Vec<Mutant> {
    let users: Vec<&Item> = dictionary.items.iter().filter(|i| i.choice_set == choice.choice_set).collect();
    let functions = |users: &[&Item]| users.iter().filter(|i| !i.requirement.is_empty()).map(|i| i.function_code.clone()).collect::<BTreeSet<_>>();
    let asked = if choice.choice_set == "intent" { vec!["gates".to_owned()] } else { functions(&users).into_iter().rev().collect() };
    let mutant = |change: Vec<(&'static str, &'static str)>| Mutant {
        table: "sql/dictionary/choices.csv",
        key: vec![("choice_set", choice.choice_set.clone()), ("choice_code", choice.choice_code.clone())],
        change,
        asked: asked.clone(),
        touches: asked.clone(),
    };
    let decides = users.iter().any(|i| !i.requirement.is_empty());
    let is_positive = choice.polarity == "positive";
    // the loader wants the words to say what the columns say; the answers of the cases were read before
    let no_word = ("label", "変異");
    let polarity = mutant(vec![
        no_word,
        ("polarity", if is_positive { "negative" } else { "positive" }),
        // the loader wants a 無 not to count
        ("counts_core", if is_positive { "0" } else { "1" }),
    ]);
    if !decides {
        // 今後担う意向 is read by its polarity alone
        return if choice.choice_set == "intent" { vec![polarity] } else { Vec::new() };
    }
    let flipped = mutant(vec![("label", "変異"), ("intention", if choice.intention { "0" } else { "1" })]);
    let mut all = vec![polarity, flipped, mutant(vec![GONE])];
    if is_positive && users.iter().any(|i| i.requirement == "any" && i.counts_core) {
        all.push(mutant(vec![("counts_core", if choice.counts_core { "0" } else { "1" })]));
    }
    all
}

fn mutants() -> Vec<Mutant> {
    let dictionary = Dictionary::load(YEAR).unwrap_or_else(|e| panic!("{e}"));
    let second: Vec<String> = dictionary.functions.iter().map(|f| f.function_code.clone()).filter(|f| f != "g1").collect();
    let mut all: Vec<Mutant> = dictionary.items.iter().filter(|i| i.function_code != "base").flat_map(|i| item_mutants(i, &second)).collect();
    all.extend(dictionary.choices.iter().flat_map(|c| choice_mutants(c, &dictionary)));
    let rule = |table, code: &str, change| {
        let (column, asked) = if table == "sql/dictionary/functions.csv" { ("function_code", code) } else { ("rule_code", "gates") };
        Mutant { table, key: vec![(column, code.to_owned())], change: vec![change], asked: vec![asked.to_owned()], touches: vec![asked.to_owned()] }
    };
    all.extend(dictionary.functions.iter().map(|f| rule("sql/dictionary/functions.csv", &f.function_code, GONE)));
    let statuses: Vec<&'static str> = words().iter().filter(|w| w.field == "status").map(|w| w.code.as_str()).collect();
    for row in &Rules::load(YEAR).unwrap_or_else(|e| panic!("{e}")).rows {
        let code = row.rule_code.as_str();
        if code == "masked_low" {
            all.push(rule("sql/rules/rules.csv", code, ("value", "0")));
        }
        // the rows that determination ends in
        if let Some(outcome) = status_of(code) {
            all.push(rule("sql/rules/rules.csv", code, GONE));
            all.push(rule("sql/rules/rules.csv", code, ("label", "別の文")));
            all.push(rule("sql/rules/determination.csv", code, GONE));
            for status in statuses.iter().filter(|s| **s != outcome) {
                all.push(rule("sql/rules/determination.csv", code, ("status_literal", status)));
            }
        }
    }
    all
}

fn status_of(rule: &str) -> Option<String> {
    let text = kyogi::ground::embedded::text("sql/rules/determination.csv");
    text.lines().find(|l| l.starts_with(&format!("{rule},"))).and_then(|l| l.split(',').nth(3)).map(str::to_owned)
}

/// The own rows of some mutants as files of a work folder; a cell that a mutant does not change stays empty.
fn write(mutants: &[&Mutant], root: &Path) {
    let mut tables: BTreeMap<&str, Vec<BTreeMap<&str, &str>>> = BTreeMap::new();
    for mutant in mutants {
        tables.entry(mutant.table).or_default().push(mutant.cells().into_iter().collect());
    }
    for (table, rows) in tables {
        let columns: BTreeSet<&str> = rows.iter().flat_map(|r| r.keys().copied()).collect();
        let line = |cell: &dyn Fn(&str) -> String| columns.iter().map(|c| cell(c)).collect::<Vec<_>>().join(",") + "\n";
        let text: String = rows.iter().map(|r| line(&|c| r.get(c).copied().unwrap_or_default().to_owned())).collect();
        let path = root.join(table);
        fs::create_dir_all(path.parent().expect("folder")).expect("folder");
        fs::write(path, line(&|c| c.to_owned()) + &text).expect("writable");
    }
}

/// Puts each mutant into the first round where nobody touches what it touches; 1号 and the rules touch everything.
fn rounds(mutants: &[Mutant]) -> Vec<Vec<usize>> {
    let mut rounds: Vec<(BTreeSet<&str>, Vec<usize>)> = Vec::new();
    for (i, mutant) in mutants.iter().enumerate() {
        let touches: BTreeSet<&str> = mutant.touches.iter().map(String::as_str).collect();
        let everything = |t: &BTreeSet<&str>| t.contains("g1") || t.contains("gates");
        match rounds.iter_mut().find(|(taken, _)| !everything(&touches) && !everything(taken) && taken.is_disjoint(&touches)) {
            Some((taken, round)) => {
                taken.extend(touches);
                round.push(i);
            }
            None => rounds.push((touches, vec![i])),
        }
    }
    rounds.into_iter().map(|(_, round)| round).collect()
}

/// What became of a mutant.
#[derive(PartialEq)]
enum Fate {
    Killed,
    Survived,
    Refused,
}

/// The answers that some cases are about: those of 1号, of the gates, or of each case's own function of 2号.
struct Group {
    name: &'static str,
    dir: tempfile::TempDir,
}

fn asks(name: &str, case: &Case) -> bool {
    if name == "gates" { ["gates", "reasons"].contains(&case.table) } else { case.row["function"] == name }
}

impl Group {
    fn of(asked: &str) -> &'static str {
        ["g1", "gates"].into_iter().find(|g| *g == asked).unwrap_or("second")
    }

    fn new(name: &'static str, cases: &Cases, stages: &Path) -> Self {
        let dir = folder();
        let functions: HashMap<&str, &str> = cases
            .cases
            .iter()
            .filter(|c| if name == "second" { !asks("g1", c) } else { asks(name, c) })
            .map(|c| (c.facility_id.as_str(), c.row["function"].as_str()))
            .collect();
        let read = |table: &str| Table::read_parquet(table, &stages.join(format!("ingest/{table}.parquet"))).expect("artefact");
        let keep = |mut table: Table, wanted: &dyn Fn(&Table, usize) -> bool| {
            let mask: BooleanArray = (0..table.len()).map(|i| Some(wanted(&table, i))).collect();
            table.batch = filter_record_batch(&table.batch, &mask).expect("same length");
            table.write_parquet(&dir.path().join(format!("{}.parquet", table.name))).expect("writable");
            table
        };
        let facilities = keep(read("ing_facilities"), &|t, i| functions.contains_key(t.text(i, "facility_id").expect("column")));
        let id = |i| facilities.text(i, "facility_id").expect("column");
        let by_row: HashMap<i64, &str> =
            (0..facilities.len()).filter_map(|i| Some((facilities.int(i, "row_no").expect("column")?, functions[id(i)]))).collect();
        let near = |function: &str, item: &str| name == "gates" || ["g1_", function, "oth_intent_"].iter().any(|p| item.starts_with(p));
        keep(read("ing_answers"), &|t, i| {
            let function = t.int(i, "row_no").expect("column").and_then(|r| by_row.get(&r));
            function.is_some_and(|f| near(f, t.text(i, "item_code").expect("column")))
        });
        keep(read("ing_overrides"), &|_, _| true);
        Self { name, dir }
    }
}

/// Determination with the rows of the mutants of one round, on answers that were read once.
fn judge(round: &[&Mutant], cases: &Cases, groups: &[Group]) -> Vec<Fate> {
    let loads = |mutants: &[&Mutant]| {
        let dir = folder();
        write(mutants, dir.path());
        Dictionary::load_in(YEAR, Some(dir.path())).is_ok().then_some(dir)
    };
    let valid: Vec<bool> = round.iter().map(|m| loads(&[*m]).is_some()).collect();
    let tried: Vec<&Mutant> = round.iter().zip(&valid).filter(|(_, v)| **v).map(|(m, _)| *m).collect();
    if tried.iter().any(|m| m.key[0].1 == "masked_low") {
        return vec![reread(&tried)];
    }
    // rows that are well each for itself may contradict each other; then each is tried for itself
    let Some(dir) = loads(&tried) else { return round.iter().flat_map(|m| judge(&[*m], cases, groups)).collect() };
    for (name, path) in TABLES {
        let file = dir.path().join(format!("{name}.parquet"));
        let written = dated::rows(path, YEAR, Some(dir.path())).and_then(|r| r.csv()).and_then(|t| Table::from_csv(name, &t)?.write_parquet(&file));
        written.unwrap_or_else(|e| panic!("{e}"));
    }
    let mut made: HashMap<&str, Option<Table>> = HashMap::new();
    let mut notices = |asked: &str| {
        let group = groups.iter().find(|g| g.name == Group::of(asked)).expect("a group");
        let table = made.entry(group.name).or_insert_with(|| determined(group, dir.path()));
        !table.as_ref().is_some_and(|t| cases.wrong(t, |c| asks(asked, c)).is_empty())
    };
    let fate = |(mutant, valid): (&&Mutant, &bool)| match *valid {
        false => Fate::Refused,
        true if mutant.asked.iter().any(|a| notices(a)) => Fate::Killed,
        true => Fate::Survived,
    };
    round.iter().zip(&valid).map(fate).collect()
}

/// `None` when a model refuses its own outcome, which everybody would notice.
fn determined(group: &Group, tables: &Path) -> Option<Table> {
    let answers = ["ing_facilities", "ing_answers", "ing_overrides"].map(|name| (name, group.dir.path().join(format!("{name}.parquet"))));
    let paths: Vec<_> = answers.into_iter().chain(TABLES.map(|(name, _)| (name, tables.join(format!("{name}.parquet"))))).collect();
    let loads: Vec<Load<'_>> = paths.iter().map(|(name, path)| Load { name, path }).collect();
    let mut engine = Engine::open(&loads, 1, None).unwrap_or_else(|e| panic!("{e}"));
    let mut last = None;
    for (name, text) in sql::models("determine", YEAR).expect("models") {
        last = engine.run(&name, text).ok()?;
    }
    last
}

/// The whole way from the extract, for rows that act when cells are read.
fn reread(mutants: &[&Mutant]) -> Fate {
    let again = Cases::load();
    write(mutants, again.dir.path());
    let out = folder();
    figures_in(&again.workspace(), &again.extract(), out.path());
    if again.wrong(&statuses(&out.path().join("stages")), |_| true).is_empty() { Fate::Survived } else { Fate::Killed }
}

#[test]
fn the_cases_notice_every_changed_row() {
    let cases = Cases::load();
    let out = folder();
    figures_in(&cases.workspace(), &cases.extract(), out.path());
    let stages = out.path().join("stages");
    assert!(cases.wrong(&statuses(&stages), |_| true).is_empty(), "the cases hold before anything is changed");
    let groups = ["g1", "gates", "second"].map(|name| Group::new(name, &cases, &stages));
    for (asked, group) in [("g1", 0), ("gates", 1), ("g2a", 2), ("g2b", 2), ("g2c", 2), ("g2d", 2)] {
        // unchanged rows hold in each group, so a kill is never the group's own fault
        let table = determined(&groups[group], &stages.join("reference")).expect("statuses");
        assert!(cases.wrong(&table, |c| asks(asked, c)).is_empty(), "{asked}");
    }
    let mutants = mutants();
    let judged: Vec<(usize, Fate)> = rounds(&mutants)
        .par_iter()
        .flat_map_iter(|round| {
            let chosen: Vec<&Mutant> = round.iter().map(|&i| &mutants[i]).collect();
            round.iter().copied().zip(judge(&chosen, &cases, &groups)).collect::<Vec<_>>()
        })
        .collect();
    let mut fates: Vec<Fate> = mutants.iter().map(|_| Fate::Refused).collect();
    judged.into_iter().for_each(|(i, fate)| fates[i] = fate);
    let named = |fate: Fate| -> Vec<String> { mutants.iter().zip(&fates).filter(|(_, f)| **f == fate).map(|(m, _)| m.name()).collect() };
    let (survived, refused) = (named(Fate::Survived), named(Fate::Refused));
    let judged = mutants.len() - refused.len();
    let score = 100.0 * (judged - survived.len()) as f64 / judged as f64;
    eprintln!(
        "mutation of the rows of determination: {} of {judged} noticed ({score:.1} %), {} refused by the loader",
        judged - survived.len(),
        refused.len()
    );
    for name in &survived {
        eprintln!("  survived: {name}");
    }
    assert!(refused.len() * 20 < mutants.len(), "too many mutants say nothing: {refused:?}");
    assert!(score >= 95.0, "{score:.1} %: {survived:?}");
}
