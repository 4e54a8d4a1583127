//! The proposed mapping as a file that people read and edit.

use crate::ground::text;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::super::layout::{UNDECIDED, numbered};
use super::super::masks;
use super::content::Column;
use super::{Proposal, Table, Verdict};
use crate::facts::dictionary::{Item, ValueType};

/// How glyphs of the count columns are to be read.
#[derive(Default)]
struct Glyphs {
    masked: BTreeSet<String>,
    undecided: BTreeSet<String>,
    /// One line for each glyph: where it stands, how often.
    comments: Vec<String>,
}

impl Table<'_> {
    /// Column of an item that is placed, surely or as the best guess.
    pub(super) fn placed(&self) -> Vec<(usize, &Item)> {
        let item = |c: usize| match &self.verdicts[c] {
            Verdict::Sure(to, _) => Some(to.as_str()),
            Verdict::Doubtful(candidates) => candidates.first().map(|(to, _)| to.as_str()),
            Verdict::Unmatched => None,
        };
        (0..self.headers.len()).filter_map(|c| self.matcher.dictionary.item(item(c)?).map(|i| (c, i))).collect()
    }

    pub(super) fn proposal(&self, name: String, of_sheet: bool) -> Proposal {
        let mut open = Vec::new();
        let glyphs = self.glyphs();
        for glyph in &glyphs.undecided {
            open.push(format!("[values] の undecided にある「{glyph}」を、masked（秘匿）、zero（0）、missing（値なし）のどれかへ移す"));
        }
        let none_selected = self.none_selected();
        for item in &none_selected {
            open.push(format!("[values] の none_selected：{item} の列がどれも選ばれていないときの意味を書く（\"0\"＝該当無し、\"\"＝無回答）"));
        }
        let count = |of: fn(&Verdict) -> bool| self.verdicts.iter().zip(&self.headers).filter(|(v, h)| !h.is_empty() && of(v)).count();
        let sure = count(|v| matches!(v, Verdict::Sure(..)));
        let doubtful = count(|v| matches!(v, Verdict::Doubtful(..)));
        let unmatched = count(|v| matches!(v, Verdict::Unmatched));
        if doubtful > 0 {
            open.push(format!(
                "[columns] の「{UNDECIDED}」{doubtful} か所を、すぐ上の候補などの報告事項コードに書きかえる（使わない列なら行を消す）"
            ));
        }
        let mut out = String::new();
        writeln!(out, "# 列対応表の案（kyogi mapping が見出しと中身から作ったもの。左が見出し、右が報告事項コード＝sql/dictionary/items.csv）").ok();
        writeln!(out, "# 確かな列 {sure}、確認が必要な列 {doubtful}、対応が見つからない列 {unmatched}。数字は見出しと中身の一致の度合い（0〜1）")
            .ok();
        if !open.is_empty() {
            writeln!(out, "#\n# 使う前に決めること（決めるまで kyogi run は止まります）").ok();
            for (i, what) in open.iter().enumerate() {
                writeln!(out, "#   {}. {what}", i + 1).ok();
            }
        }
        writeln!(out, "name = {}", quoted(&name)).ok();
        writeln!(out, "title = {}", quoted(&format!("{name} の列対応表"))).ok();
        writeln!(out, "confidence = \"kyogi mapping の案\"\n").ok();
        self.file_section(&mut out, of_sheet);
        self.values_section(&mut out, &glyphs, &none_selected);
        self.columns_section(&mut out);
        Proposal { name, text: out, sure, doubtful, unmatched, open }
    }

    fn file_section(&self, out: &mut String, of_sheet: bool) {
        let titles = self.grid.rows.get(self.header.start).map_or(0, |(row, _)| row - 1);
        writeln!(out, "[file]\nencoding = \"auto\"          # このファイルは {}", self.grid.encoding).ok();
        writeln!(out, "title_rows = {titles}           # 見出しより上の行の数").ok();
        writeln!(out, "header_rows = {}", self.header.rows).ok();
        if of_sheet {
            writeln!(out, "sheet = {}", quoted(&self.grid.sheet)).ok();
        }
        let widths: Vec<String> = self.widths().into_iter().map(|(item, width)| format!("{item} = {width}")).collect();
        if !widths.is_empty() {
            writeln!(out, "# 桁数。これより短い番号には、先頭に0を補います（補ったことは findings.csv に出ます）").ok();
            if let Some((lost, width)) = self.lost_zero() {
                writeln!(
                    out,
                    "# 医療機関IDはどれも {} 桁で、都道府県コード {lost} の先頭の0が落ちたものとみて {width} 桁にしました。違うときは {} に直してください",
                    width - 1,
                    width - 1
                )
                .ok();
            }
            writeln!(out, "widths = {{ {} }}", widths.join(", ")).ok();
        }
        for (c, item) in self.placed() {
            if item.value_type == ValueType::Date && self.columns[c].filled > 0 {
                writeln!(out, "# 日付の書き方：{}（例「{}」）", date_style(&self.columns[c]), self.columns[c].texts[0].0.trim()).ok();
            }
        }
        out.push('\n');
    }

    /// Cells of count columns that are no numbers: what they say of themselves, what a note says, what nobody says.
    fn glyphs(&self) -> Glyphs {
        let mut found: BTreeMap<String, BTreeMap<String, (usize, usize)>> = BTreeMap::new();
        for (c, item) in self.placed().into_iter().filter(|(_, i)| matches!(i.value_type, ValueType::Count)) {
            for (glyph, n) in self.columns[c].not_numbers() {
                let at = found.entry(glyph).or_default().entry(item.function_code.clone()).or_default();
                *at = (at.0 + 1, at.1 + n);
            }
        }
        let mut glyphs = Glyphs::default();
        for (glyph, places) in found {
            let total: usize = places.values().map(|p| p.1).sum();
            // a single odd cell is a mistake of one facility, no sign of the file
            if total < 3 && !masks::is_certain(&glyph) && glyph.chars().any(char::is_alphanumeric) {
                continue;
            }
            let note = self.notes.iter().find(|n| n.contains(&glyph) && (n.contains("未満") || n.contains("秘匿")));
            let is_dash = glyph.chars().all(|c| matches!(c, '-' | '‐' | '―' | '–' | '—' | '−' | 'ー'));
            let of_functions = places.iter().map(|(f, (columns, n))| format!("{f} {columns}列{n}か所")).collect::<Vec<_>>().join("、");
            let mut comment = format!("#   「{glyph}」：{of_functions}");
            if masks::is_certain(&glyph) || (note.is_some() && !is_dash) {
                glyphs.masked.insert(glyph.clone());
            } else {
                glyphs.undecided.insert(glyph.clone());
            }
            if let Some(note) = note {
                write!(comment, "（ファイルの注記「{note}」）").ok();
            }
            glyphs.comments.push(comment);
        }
        glyphs
    }

    /// Items with a column for each choice but none for 「該当無し」.
    fn none_selected(&self) -> Vec<String> {
        let mut items: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for verdict in &self.verdicts {
            let to = match verdict {
                Verdict::Sure(to, _) => to,
                Verdict::Doubtful(candidates) => &candidates[0].0,
                Verdict::Unmatched => continue,
            };
            if let Some((item, choice)) = to.split_once('=') {
                items.entry(item).or_default().insert(choice);
            }
        }
        let dictionary = self.matcher.dictionary;
        let lacks_none = |item: &str, found: &BTreeSet<&str>| {
            let set = dictionary.item(item).map_or("", |i| i.choice_set.as_str());
            dictionary.choices_of(set).any(|c| c.polarity == "negative" && !found.contains(c.choice_code.as_str()))
        };
        items.iter().filter(|(item, found)| lacks_none(item, found)).map(|(item, _)| (*item).to_owned()).collect()
    }

    fn values_section(&self, out: &mut String, glyphs: &Glyphs, none_selected: &[String]) {
        writeln!(out, "[values]").ok();
        if !glyphs.comments.is_empty() {
            writeln!(out, "# 件数の列にある、数ではない文字（機能ごとの列数と数）").ok();
            writeln!(out, "{}", glyphs.comments.join("\n")).ok();
            if !glyphs.undecided.is_empty() {
                writeln!(out, "# 機能か項目によって意味が違うときは、下に [values_of.g2c] のような表を作り、masked・zero・missing を書きます").ok();
            }
        }
        writeln!(out, "masked = {}      # 秘匿を示す文字", list(glyphs.masked.iter())).ok();
        writeln!(out, "zero = []             # 0 を示す文字").ok();
        writeln!(out, "missing = []          # 値なしを示す文字（空欄は常に「値なし」）").ok();
        if !glyphs.undecided.is_empty() {
            writeln!(out, "undecided = {}   # ★ 推測しません。上の三つのどれかへ移し、この行を消してください", list(glyphs.undecided.iter())).ok();
        }
        let mut separators = BTreeSet::new();
        let mut style: BTreeMap<&str, usize> = BTreeMap::new();
        for (c, item) in self.placed() {
            match item.value_type {
                ValueType::Multi => {
                    separators.extend(self.matcher.readers.separator(&item.choice_set, &self.columns[c]).map(|(s, _)| s).filter(|s| !s.is_empty()))
                }
                ValueType::Choice if self.columns[c].filled > 0 => *style.entry(cell_style(&self.columns[c])).or_default() += 1,
                _ => {}
            }
        }
        writeln!(out, "separators = {}       # 複数選択の区切り", list(separators.iter())).ok();
        let style: Vec<String> = style.iter().map(|(s, n)| format!("{s} {n}列")).collect();
        if !style.is_empty() {
            writeln!(out, "# 選択肢の書き方：{}（どれも読めます）", style.join("、")).ok();
        }
        if !self.marks.0.is_empty() || !self.marks.1.is_empty() {
            writeln!(out, "selected = {}           # 1列1選択肢の列で「選択」を示す文字", list(self.marks.0.iter())).ok();
            writeln!(out, "unselected = {}         # 同じく「選択していない」を示す文字（空欄も）", list(self.marks.1.iter())).ok();
        }
        if !none_selected.is_empty() {
            let pairs: Vec<String> = none_selected.iter().map(|item| format!("{item} = \"{UNDECIDED}\"")).collect();
            writeln!(out, "none_selected = {{ {} }}   # ★ どの列も選ばれていないときの選択肢（\"0\"＝該当無し、\"\"＝無回答）", pairs.join(", "))
                .ok();
        }
        out.push('\n');
    }

    fn columns_section(&self, out: &mut String) {
        writeln!(out, "[columns]").ok();
        let mut seen = BTreeSet::new();
        let mut unmatched = Vec::new();
        let names = self.names();
        if names.iter().zip(&self.headers).any(|(name, header)| name != header) {
            writeln!(out, "# 同じ見出しの列が二つ以上あります。「見出し#2」は、その見出しの左から2番目の列です").ok();
        }
        for (header, verdict) in names.iter().zip(&self.verdicts).filter(|(h, _)| !h.is_empty()) {
            if !seen.insert(header) {
                writeln!(out, "# 見出し {} がもう一つあります。使うには、ファイルの見出しを変えてください", quoted(header)).ok();
                continue;
            }
            match verdict {
                Verdict::Sure(to, score) => drop(writeln!(out, "{} = {}   # {score:.2}", quoted(header), quoted(to))),
                Verdict::Doubtful(candidates) => {
                    let named: Vec<String> = candidates.iter().map(|(to, score)| format!("{to}（{}、{score:.2}）", self.name_of(to))).collect();
                    writeln!(out, "# ★ 要確認。候補：{}", named.join("、")).ok();
                    writeln!(out, "{} = \"{UNDECIDED}\"", quoted(header)).ok();
                }
                Verdict::Unmatched => unmatched.push(header),
            }
        }
        if !unmatched.is_empty() {
            writeln!(out, "# 対応する報告事項が見つからなかった列。使うときは、行の先頭の # を消してコードを書いてください").ok();
            for header in unmatched {
                writeln!(out, "# {} = \"\"", quoted(header)).ok();
            }
        }
        let placed: BTreeSet<&str> = self
            .verdicts
            .iter()
            .filter_map(|v| match v {
                Verdict::Sure(to, _) => to.split('=').next(),
                Verdict::Doubtful(candidates) => candidates[0].0.split('=').next(),
                Verdict::Unmatched => None,
            })
            .collect();
        let left = self.matcher.dictionary.items.iter().filter(|i| !placed.contains(i.item_code.as_str()));
        let left: Vec<String> = left.map(|i| format!("#   {}（{}）", i.item_code, i.short_label)).collect();
        if !left.is_empty() {
            writeln!(out, "# この表に列が見つからなかった報告事項（ほかのファイルにあれば、それでかまいません）\n{}", left.join("\n")).ok();
        }
    }

    /// The columns as a mapping calls them: those of one header by their number.
    fn names(&self) -> Vec<String> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        self.headers.iter().for_each(|h| *counts.entry(h).or_default() += 1);
        let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
        let names = self.headers.iter().map(|header| {
            let n = numbers.entry(header.as_str()).and_modify(|n| *n += 1).or_insert(1);
            if counts[header.as_str()] > 1 && !header.is_empty() { numbered(header, *n) } else { header.clone() }
        });
        names.collect()
    }

    fn name_of(&self, to: &str) -> String {
        let (item, choice) = to.split_once('=').map_or((to, None), |(i, c)| (i, Some(c)));
        let Some(item) = self.matcher.dictionary.item(item) else { return String::new() };
        let label = choice.and_then(|code| self.matcher.dictionary.choices_of(&item.choice_set).find(|c| c.choice_code == code));
        label.map_or_else(|| item.short_label.clone(), |c| c.label.clone())
    }
}

/// A TOML string.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => drop(write!(out, "\\u{:04X}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn list(texts: impl Iterator<Item = impl AsRef<str>>) -> String {
    format!("[{}]", texts.map(|t| quoted(t.as_ref())).collect::<Vec<_>>().join(", "))
}

fn cell_style(column: &Column) -> &'static str {
    let folded: Vec<String> = column.texts.iter().take(20).map(|(t, _)| text::fold(t)).collect();
    if folded.iter().all(|t| t.split_once(':').is_some_and(|(code, _)| code.bytes().all(|b| b.is_ascii_digit()))) {
        "「コード:名称」"
    } else if folded.iter().all(|t| t.bytes().all(|b| b.is_ascii_digit())) {
        "コードだけ"
    } else {
        "名称だけ"
    }
}

fn date_style(column: &Column) -> &'static str {
    let text = text::fold(&column.texts[0].0);
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    match () {
        () if digits && text.len() == 5 => "通し番号（Excel の日付）",
        () if digits => "8桁の数字",
        () if text.starts_with(|c: char| c.is_ascii_digit()) => "西暦",
        () => "和暦",
    }
}
