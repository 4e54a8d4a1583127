//! The dictionary as the generator sees it, and one facility's answers in its terms. All labels come from here.

use std::collections::HashMap;

use crate::facts::dictionary::{Choice, Dictionary, Item, ValueType};
use crate::ground::error::{Error, Result};

/// How a yearly count from 1 to 9 is written.
pub const MASKED: &str = "10未満";

/// Items and choices by code.
pub struct Book<'d> {
    pub items: &'d [Item],
    slots: HashMap<&'d str, usize>,
    choices: HashMap<&'d str, Vec<&'d Choice>>,
}

impl<'d> Book<'d> {
    pub fn new(dictionary: &'d Dictionary) -> Self {
        let mut choices: HashMap<&str, Vec<&Choice>> = HashMap::new();
        for choice in &dictionary.choices {
            choices.entry(choice.choice_set.as_str()).or_default().push(choice);
        }
        let slots = dictionary.items.iter().enumerate().map(|(i, item)| (item.item_code.as_str(), i)).collect();
        Self { items: &dictionary.items, slots, choices }
    }

    /// Place of an item in a row; none when this year's dictionary does not have it.
    pub fn slot(&self, item: &str) -> Option<usize> {
        self.slots.get(item).copied()
    }

    /// Choices of an item, in file order.
    pub fn choices(&self, item: &str) -> &[&'d Choice] {
        self.slot(item).and_then(|i| self.choices.get(self.items[i].choice_set.as_str())).map_or(&[], Vec::as_slice)
    }

    pub fn choice(&self, item: &str, code: &str) -> Result<&'d Choice> {
        self.choices(item).iter().find(|c| c.choice_code == code).copied().ok_or_else(|| {
            Error::new(format!("模擬データが使う選択肢「{code}」が辞書にありません"))
                .at(format!("報告事項 {item}"))
                .next("sql/dictionary/choices.csv と pipelines/sample/assumptions.rs の選択肢コードを合わせてください")
        })
    }
}

#[derive(Clone, Debug, Default)]
pub enum Answer<'d> {
    #[default]
    Blank,
    One(&'d Choice),
    Many(Vec<&'d Choice>),
    /// Yearly number of claims, before masking.
    Count(u32),
    Text(String),
}

impl Answer<'_> {
    pub fn is_blank(&self) -> bool {
        matches!(self, Self::Blank)
    }

    /// Counts towards a function by the letter of the rules: 有り, at least one claim, or a name.
    pub fn is_positive(&self) -> bool {
        match self {
            Self::Blank => false,
            Self::One(choice) => choice.polarity == "positive",
            Self::Many(choices) => choices.iter().any(|c| c.polarity == "positive"),
            Self::Count(n) => *n > 0,
            Self::Text(text) => !text.is_empty(),
        }
    }

    pub fn has_intention(&self) -> bool {
        matches!(self, Self::One(choice) if choice.intention)
    }

    /// Text of the cell.
    fn cell(&self) -> String {
        let named = |c: &Choice| format!("{}:{}", c.choice_code, c.label);
        match self {
            Self::Blank => String::new(),
            Self::One(choice) => named(choice),
            Self::Many(choices) => choices.iter().map(|c| named(c)).collect::<Vec<_>>().join(";"),
            Self::Count(1..=9) => MASKED.to_owned(),
            Self::Count(n) => n.to_string(),
            Self::Text(text) => text.clone(),
        }
    }
}

/// One facility's answers, one place for each item of the dictionary.
#[derive(Clone)]
pub struct Row<'b> {
    pub book: &'b Book<'b>,
    cells: Vec<Answer<'b>>,
}

impl<'b> Row<'b> {
    pub fn new(book: &'b Book<'b>) -> Self {
        Self { book, cells: vec![Answer::Blank; book.items.len()] }
    }

    pub fn get(&self, item: &str) -> &Answer<'b> {
        self.book.slot(item).map_or(&Answer::Blank, |i| &self.cells[i])
    }

    /// Writes an answer; an item that this year's dictionary does not have is left out.
    pub fn set(&mut self, item: &str, answer: Answer<'b>) {
        if let Some(i) = self.book.slot(item) {
            self.cells[i] = answer;
        }
    }

    pub fn text(&mut self, item: &str, text: impl Into<String>) {
        self.set(item, Answer::Text(text.into()));
    }

    pub fn choose(&mut self, item: &str, code: &str) -> Result<()> {
        if self.book.slot(item).is_some() {
            self.set(item, Answer::One(self.book.choice(item, code)?));
        }
        Ok(())
    }

    /// Items with their answers.
    pub fn answers(&self) -> impl Iterator<Item = (&'b Item, &Answer<'b>)> {
        self.book.items.iter().zip(&self.cells)
    }

    /// Blanks the counts that come from NDB: a paper form has no pre-print.
    pub fn without_preprint(&mut self) {
        for (item, cell) in self.book.items.iter().zip(&mut self.cells) {
            if item.ndb_derived && item.value_type == ValueType::Count {
                *cell = Answer::Blank;
            }
        }
    }

    pub fn cells(&self) -> Vec<String> {
        self.cells.iter().map(Answer::cell).collect()
    }
}
