//! What must hold between the rows of the dictionary, whoever wrote them. Checked whenever a dictionary is loaded.

use std::collections::{HashMap, HashSet};

use super::dated::Rows;
use super::{Choice, Dictionary, Item, ValueType, condition, word};
use crate::ground::error::{Error, Result};
use crate::ground::text::label_key;

/// Function codes of items that belong to no function.
const OUTSIDE: [&str; 2] = ["base", "other"];
/// Choices that stand for an unseen wording.
const CATCH_ALL: [&str; 3] = ["+", "-", "-i"];

/// Refuses a dictionary whose rows contradict themselves or each other.
pub(super) fn run(dictionary: &Dictionary, items: &Rows, choices: &Rows) -> Result<()> {
    for (i, item) in dictionary.items.iter().enumerate() {
        if let Some(what) = item_trouble(item, dictionary) {
            return Err(refuse(format!("報告事項「{}」：{what}", item.item_code), items.place(i)));
        }
    }
    let mut labels: HashSet<(&str, String)> = HashSet::new();
    let used: HashSet<&str> = dictionary.items.iter().map(|i| i.choice_set.as_str()).collect();
    for (i, choice) in dictionary.choices.iter().enumerate() {
        let again = !labels.insert((&choice.choice_set, label_key(&choice.label)));
        let what = choice_trouble(choice)
            .or_else(|| dictionary.labels.trouble(choice))
            .or_else(|| again.then(|| format!("同じ選択肢「{}」が二つあります", choice.label)))
            .or_else(|| (!used.contains(choice.choice_set.as_str())).then(|| "この選択肢の組を使う報告事項がありません".to_owned()));
        if let Some(what) = what {
            return Err(refuse(format!("選択肢「{}」の {}：{what}", choice.choice_set, choice.choice_code), choices.place(i)));
        }
    }
    bands(dictionary, choices)
}

fn refuse(what: String, place: String) -> Error {
    Error::new(what).at(place).next("行を直してください。書き方は、内蔵の表のほかの行と資料の dictionary.html にあります")
}

fn item_trouble(item: &Item, dictionary: &Dictionary) -> Option<String> {
    let outside = OUTSIDE.contains(&item.function_code.as_str());
    let has_set = matches!(item.value_type, ValueType::Choice | ValueType::Multi);
    let said = |wrong: bool, what: &str| wrong.then(|| what.to_owned());
    said(!is_code(&item.item_code), "コードは半角の小文字・数字・「_」で書きます")
        .or_else(|| said(!outside && dictionary.function(&item.function_code).is_none(), "機能（function_code）が分かりません"))
        .or_else(|| said(item.label.is_empty() || item.short_label.is_empty(), "名前（label と short_label）が空です"))
        .or_else(|| said(has_set != dictionary.choices_of(&item.choice_set).next().is_some(), "選択肢の組（choice_set）が、型と合いません"))
        .or_else(|| said(!["star", "any", ""].contains(&item.requirement.as_str()), "requirement は star、any、空のどれかです"))
        .or_else(|| said(item.requirement == "star" && item.function_code != "g1", "★（star）は1号の項目だけです"))
        .or_else(|| said(item.requirement == "any" && (outside || item.function_code == "g1"), "any は2号の項目だけです"))
        .or_else(|| said(item.counts_literal && item.requirement.is_empty(), "判定に使わない項目（requirement が空）は数えられません"))
        .or_else(|| said(item.counts_core && !item.counts_literal, "「実質」に数えるものは「報告どおり」にも数えます"))
        .or_else(|| said(item.ndb_derived && item.value_type != ValueType::Count, "NDB から来るのは件数の項目だけです"))
        .or_else(|| said(!["function", "other", ""].contains(&item.intention_scope.as_str()), "intention_scope は function、other、空のどれかです"))
        .or_else(|| said(word("period_kind", &item.period_kind).is_none(), "period_kind が words.csv にありません"))
        .or_else(|| said(item.to_year.is_some_and(|to| to < item.from_year), "to_year が from_year より前です"))
        .or_else(|| said(item.source.is_empty() || !is_graded(&item.confidence), "出典と確かさ（V、P、I、PROP で始める）が要ります"))
        .or_else(|| condition::trouble(&item.condition, dictionary))
}

fn choice_trouble(choice: &Choice) -> Option<String> {
    let said = |wrong: bool, what: &str| wrong.then(|| what.to_owned());
    let range = choice.value_low.zip(choice.value_high);
    said(choice.choice_code.is_empty() || choice.label.is_empty(), "コードと名前が要ります")
        .or_else(|| said(word("polarity", &choice.polarity).is_none(), "polarity は positive、negative、not_applicable、none のどれかです"))
        .or_else(|| {
            said(["negative", "not_applicable"].contains(&choice.polarity.as_str()) && choice.counts_core, "「無」の選択肢は「実質」に数えません")
        })
        .or_else(|| said(range.is_some_and(|(low, high)| low > high), "下限が上限より大きい階級です"))
        .or_else(|| said(choice.open_top && (choice.value_low.is_none() || choice.value_high.is_some()), "上限のない階級は、下限だけを書きます"))
        .or_else(|| {
            said(choice.value_low.is_some() && choice.value_high.is_none() && !choice.open_top, "階級の上限がありません（ないなら open_top を 1 に）")
        })
        .or_else(|| said(choice.source.is_empty() || !is_graded(&choice.confidence), "出典と確かさ（V、P、I、PROP で始める）が要ります"))
}

/// The positive bands of a set do not overlap; they may touch (月1回未満 ends where 月1回 begins).
fn bands(dictionary: &Dictionary, rows: &Rows) -> Result<()> {
    let mut sets: HashMap<&str, Vec<(usize, f64, f64)>> = HashMap::new();
    for (i, c) in dictionary.choices.iter().enumerate().filter(|(_, c)| c.polarity == "positive") {
        if let Some(low) = c.value_low {
            sets.entry(&c.choice_set).or_default().push((i, low, c.value_high.unwrap_or(f64::INFINITY)));
        }
    }
    for set in sets.values_mut() {
        set.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.2.total_cmp(&b.2)));
        for pair in set.windows(2) {
            let (before, after) = (&dictionary.choices[pair[0].0], &dictionary.choices[pair[1].0]);
            if pair[1].1 < pair[0].2 {
                return Err(refuse(format!("階級「{}」と「{}」が重なっています", before.label, after.label), rows.place(pair[1].0)));
            }
        }
    }
    Ok(())
}

fn is_code(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

fn is_graded(text: &str) -> bool {
    let grade: String = text.chars().take_while(char::is_ascii_uppercase).collect();
    word("confidence", &grade).is_some()
}

/// Whether a choice stands for wordings that the dictionary does not know.
pub fn is_catch_all(choice: &Choice) -> bool {
    CATCH_ALL.contains(&choice.choice_code.as_str())
}
