//! What people write for an area, a theme or a part, understood; and the same in the words of the workbook.

use super::merge::Group;
use crate::facts::areas::Area;
use crate::facts::dictionary::{Dictionary, Function};
use crate::ground::error::{Error, Result};
use crate::ground::text;

/// Areas, themes and parts by the names that people use.
pub struct Places {
    /// Code and name.
    areas: Vec<(String, String)>,
    functions: Vec<Function>,
    /// Number and title of the five parts.
    parts: Vec<(u32, String)>,
}

/// What a row's place cells say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said<'a> {
    pub area_code: &'a str,
    pub area: &'a str,
    pub theme: &'a str,
    pub part: &'a str,
}

/// A place cell that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unclear {
    /// `area_code`, `area`, `theme` or `part`.
    pub column: &'static str,
    pub text: String,
    /// The names that look most like it.
    pub near: Vec<String>,
}

impl Places {
    pub fn new(areas: &[Area], dictionary: &Dictionary) -> Result<Self> {
        Ok(Self {
            areas: areas.iter().map(|a| (a.area_code.clone(), a.name.clone())).collect(),
            functions: dictionary.functions.clone(),
            parts: crate::draft::part_titles()?,
        })
    }

    pub fn area_name(&self, code: &str) -> &str {
        self.areas.iter().find(|(c, _)| c == code).map_or("", |(_, n)| n)
    }

    /// The code of an area that people named by code or name.
    pub fn area_code(&self, said: &str) -> Result<&str> {
        self.find_name(said).ok_or_else(|| {
            let near = self.near(said);
            let hint = if near.is_empty() { String::new() } else { format!("近い名前：{}。", near.join("、")) };
            Error::new(format!("区域「{said}」が分かりません"))
                .next(format!("{hint}市区町村（5桁）、二次医療圏（4桁）、協議区域、都道府県（2桁）のコードか名前を書いてください"))
        })
    }

    /// The code of a theme that people named by code, label (2号イ, イ) or name.
    pub fn function_code(&self, said: &str) -> Result<&str> {
        self.find_function(said).ok_or_else(|| {
            let known: Vec<String> = self.functions.iter().map(|f| format!("{}（{}）", f.label, f.function_code)).collect();
            Error::new(format!("テーマ「{said}」が分かりません")).next(format!("{} のどれかを書いてください", known.join("、")))
        })
    }

    /// 「2号イ 通常の診療時間外の診療」
    pub fn theme(&self, function_code: &str) -> String {
        self.functions.iter().find(|f| f.function_code == function_code).map_or_else(String::new, Function::title)
    }

    /// 「(4) 方策」
    pub fn part(&self, no: u32) -> String {
        self.parts.iter().find(|(n, _)| *n == no).map_or_else(String::new, |(n, title)| format!("({n}) {title}"))
    }

    /// The group that place cells lead to. `above` is the group of the row above: blank cells mean the same.
    /// `changed` tells whether people changed the code or the name since it was written.
    pub fn group(
        &self,
        said: &Said<'_>,
        with_parts: bool,
        above: Option<&Group>,
        changed: &dyn Fn(&str) -> bool,
    ) -> std::result::Result<Group, Vec<Unclear>> {
        let mut unclear = Vec::new();
        let by_code = self.find_code(said.area_code);
        let by_name = self.find_name(said.area);
        let area = match (by_code, by_name) {
            (Some(code), Some(name)) if code != name => {
                // what people changed last is what they mean
                Some(if changed("area_code") && !changed("area") { code } else { name })
            }
            (code, None) if said.area.trim().is_empty() => code,
            (Some(code), None) if !changed("area") => Some(code),
            (_, None) => None,
            (_, name) => name,
        };
        if area.is_none() {
            for (column, text) in [("area", said.area), ("area_code", said.area_code)] {
                if !text.trim().is_empty() {
                    unclear.push(Unclear { column, text: text.to_owned(), near: self.near(text) });
                    break;
                }
            }
        }
        let function = self.find_function(said.theme);
        if function.is_none() && !said.theme.trim().is_empty() {
            let near = self.functions.iter().map(|f| f.label.clone()).collect();
            unclear.push(Unclear { column: "theme", text: said.theme.to_owned(), near });
        }
        let part = if with_parts { self.find_part(said.part) } else { Some(0) };
        if part.is_none() && !said.part.trim().is_empty() {
            unclear.push(Unclear { column: "part", text: said.part.to_owned(), near: Vec::new() });
        }
        if !unclear.is_empty() {
            return Err(unclear);
        }
        // blank cells take over from the row above, as long as the cells that are filled agree with it
        let agrees = |g: &Group| area.is_none_or(|a| a == g.area_code) && function.is_none_or(|f| f == g.function_code);
        match (area, function, part) {
            (Some(a), Some(f), Some(p)) => Ok(Group { area_code: a.to_owned(), function_code: f.to_owned(), part: p }),
            _ => match above.filter(|g| agrees(g)) {
                Some(g) => Ok(Group {
                    area_code: area.unwrap_or(&g.area_code).to_owned(),
                    function_code: function.unwrap_or(&g.function_code).to_owned(),
                    part: part.unwrap_or(g.part),
                }),
                None => Err(Vec::new()),
            },
        }
    }

    fn find_code(&self, text: &str) -> Option<&str> {
        let wanted = text::fold(text);
        // Excel drops the zero in front when it takes a code for a number
        self.areas.iter().map(|(c, _)| c.as_str()).find(|c| *c == wanted || (c.starts_with('0') && c.trim_start_matches('0') == wanted))
    }

    fn find_name(&self, text: &str) -> Option<&str> {
        let wanted = text::fold(text);
        if wanted.is_empty() {
            return None;
        }
        let found = |test: &dyn Fn(&str) -> bool| {
            let mut all = self.areas.iter().filter(|(_, n)| test(&text::fold(n)));
            all.next().filter(|_| all.next().is_none()).map(|(c, _)| c.as_str())
        };
        found(&|n| n == wanted)
            .or_else(|| found(&|n| n.split_once('郡').is_some_and(|(_, town)| town == wanted)))
            .or_else(|| found(&|n| n.strip_suffix(['市', '町', '村', '県', '府', '都']).is_some_and(|n| n == wanted)))
            .or_else(|| found(&|n| wanted.strip_suffix("地域").or(wanted.strip_suffix("医療圏")) == Some(n)))
            .or_else(|| self.find_code(text))
    }

    fn find_function(&self, text: &str) -> Option<&str> {
        let wanted = text::fold(text);
        if wanted.is_empty() {
            return None;
        }
        self.functions
            .iter()
            .find(|f| {
                let label = text::fold(&f.label);
                [&f.function_code, &f.short_label, &f.label, &f.theme].iter().any(|w| text::fold(w) == wanted)
                    || wanted.strip_prefix(&label).is_some_and(|rest| rest.trim_matches(['（', '）', '(', ')']) == text::fold(&f.theme))
            })
            .map(|f| f.function_code.as_str())
    }

    fn find_part(&self, text: &str) -> Option<u32> {
        let wanted = text::fold(text);
        let digit = wanted.trim_start_matches(['(', '（']).chars().next().and_then(|c| c.to_digit(10));
        self.parts
            .iter()
            .find(|(n, title)| {
                let rest = wanted.trim_start_matches(['(', '（', ')', '）']).trim_start_matches(|c: char| c.is_ascii_digit());
                let rest = rest.trim_start_matches([')', '）', '.']);
                text::fold(title) == wanted || (digit == Some(*n) && (rest.is_empty() || rest == text::fold(title)))
            })
            .map(|(n, _)| *n)
    }

    /// The nearest names, at most two characters away, at most three.
    fn near(&self, text: &str) -> Vec<String> {
        let wanted: Vec<char> = text::fold(text).chars().collect();
        let mut found: Vec<(usize, &str)> = self
            .areas
            .iter()
            .map(|(_, n)| {
                let town = n.split_once('郡').map_or(n.as_str(), |(_, town)| town);
                let whole = distance(&wanted, &n.chars().collect::<Vec<_>>());
                (whole.min(distance(&wanted, &town.chars().collect::<Vec<_>>())), n.as_str())
            })
            .filter(|(d, n)| *d <= 2 && *d < n.chars().count())
            .collect();
        found.sort();
        found.dedup();
        let nearest = found.first().map_or(0, |(d, _)| *d);
        found.into_iter().filter(|(d, _)| *d == nearest).take(3).map(|(_, n)| n.to_owned()).collect()
    }
}

/// How many characters must be changed, added or left out to make one text of the other.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut line: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut corner = line[0];
        line[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let next = (corner + usize::from(x != y)).min(line[j] + 1).min(line[j + 1] + 1);
            corner = line[j + 1];
            line[j + 1] = next;
        }
    }
    line[b.len()]
}
