//! The listings of the check report from the tables of the stages.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use super::listing::{Field, Listing, Role, fitting};
use super::merge::{DATE, DECISION, DECISIONS, INITIALS, MEMO, PROGRESS, REASON};
use crate::facts::areas::Area;
use crate::facts::dictionary::Dictionary;
use crate::facts::finding::status_label;
use crate::facts::finding::{self, Finding, FindingRule, severity_label};
use crate::facts::workspace::level_label;
use crate::ground::artefact::Table;
use crate::ground::error::Result;
use crate::ground::numbers::percent;
use crate::ground::spreadsheet::Value;
use crate::ingest::{self, InputFile};

pub const UNREPORTED: &str = "未報告一覧";
pub const RATES: &str = "報告率";
pub const INQUIRIES: &str = "疑義照会一覧";
pub const DIFFERENCES: &str = "判定差分";
pub const QUALITY: &str = "品質報告";
pub const ITEMS: &str = "項目別の品質";
pub const ROWS: &str = "取込みの指摘";
pub const JUMPS: &str = "前の年度との差";
pub const NEARLY: &str = "あと一歩";
pub const ADDED: &str = "追加の報告";
pub const NOT_LISTED: &str = "名簿にない医療機関";
pub const ABOUT: &str = "はじめに";

/// What people decide of a line, and how far it is.
fn decided() -> Vec<Field> {
    use Role::{Machine, People};
    vec![
        Field::new(PROGRESS, 24.0, Machine),
        Field::new(DECISION, 11.0, People).words(DECISIONS),
        Field::new(DATE, 12.0, People),
        Field::new(INITIALS, 9.0, People),
        Field::new(REASON, 28.0, People),
        Field::new(MEMO, 20.0, People),
    ]
}

/// Columns of every listing that a run makes of its tables, so that an earlier workbook can be read before the tables are there.
pub fn fields(sheet: &str) -> Vec<Field> {
    use Role::{Draft, Key, Machine, People, Value as V};
    let f = Field::new;
    let place = [f("市区町村コード", 10.0, Machine), f("市区町村", 14.0, Machine)];
    match sheet {
        ABOUT => vec![f("この一覧について", 110.0, Key)],
        UNREPORTED => vec![
            f("医療機関ID", 18.0, Key),
            f("医療機関名", 30.0, Machine),
            place[0].clone(),
            place[1].clone(),
            f("種別", 12.0, Machine),
            f("もと", 22.0, Machine),
            f(DATE, 12.0, People),
            f(INITIALS, 10.0, People),
            f(MEMO, 36.0, People),
        ],
        RATES => {
            let mut fields = vec![f("段階", 12.0, Machine), f("区域コード", 10.0, Key), f("区域", 18.0, Machine)];
            fields.extend(["報告の対象", "報告", "未報告", "報告率", "名簿の数", "名簿との差"].map(|t| f(t, 11.0, Machine)));
            fields.extend(["名簿だけ", "抽出だけ", "報告率（名簿）"].map(|t| f(t, 13.0, Machine)));
            fields
        }
        NOT_LISTED => vec![
            f("医療機関ID", 18.0, Key),
            place[0].clone(),
            place[1].clone(),
            f("種別", 12.0, Machine),
            f("報告", 10.0, Machine),
            f("もと", 30.0, Machine),
            f(MEMO, 36.0, People),
        ],
        INQUIRIES => [
            vec![
                f("重要度", 11.0, Machine),
                f("医療機関ID", 18.0, Key),
                f("医療機関名", 22.0, Machine),
                f("市区町村", 12.0, Machine),
                f("報告事項", 24.0, Machine),
                f("報告された値", 26.0, V),
                f("合わない点", 34.0, Machine),
                f("照会の文案", 50.0, Draft),
                f("場所", 24.0, Machine),
            ],
            decided(),
            vec![f("種類", 14.0, Key), f("報告事項コード", 14.0, Key)],
        ]
        .concat(),
        DIFFERENCES => [
            vec![
                f("医療機関ID", 18.0, Key),
                f("市区町村", 12.0, Machine),
                f("機能", 10.0, Key),
                f("比べる相手", 16.0, Key),
                f("回答からの判定", 20.0, V),
                f("相手の判定", 14.0, V),
                f("回答からの判定の理由", 60.0, Machine),
                f("検査の指摘", 40.0, Machine),
            ],
            decided(),
            vec![f("行", 8.0, Machine)],
        ]
        .concat(),
        QUALITY => vec![f("項目", 36.0, Key), f("数", 12.0, Machine), f("説明", 70.0, Machine)],
        ITEMS => {
            let mut fields = vec![f("機能", 10.0, Machine), f("報告事項", 34.0, Machine), f("報告事項コード", 24.0, Key)];
            fields.extend(["求めた", "回答", "無回答", "読めない", "秘匿", "秘匿の割合"].map(|t| f(t, 11.0, Machine)));
            fields
        }
        ADDED => vec![f("医療機関ID", 18.0, Key), f("市区町村", 14.0, Machine), f("使った報告", 40.0, Machine), f("置きかえた報告", 40.0, Machine)],
        ROWS => vec![
            f("重要度", 11.0, Machine),
            f("ファイル", 22.0, Key),
            f("行", 8.0, Key),
            f("列", 22.0, Key),
            f("値", 24.0, Key),
            f("内容", 50.0, Machine),
            f("次にすること", 50.0, Machine),
            f("種類", 18.0, Key),
            f("医療機関ID", 18.0, Key),
        ],
        super::outpatients::SHEET => super::outpatients::fields(),
        JUMPS => vec![
            f("段階", 12.0, Key),
            f("コード", 18.0, Key),
            f("名前", 16.0, Machine),
            f("報告事項", 34.0, Machine),
            f("何の数か", 16.0, Key),
            f("前の年度", 16.0, Machine),
            f("この年度", 16.0, Machine),
            f("前の年度の報告", 12.0, Machine),
            f("この年度の報告", 12.0, Machine),
            f("報告事項コード", 20.0, Key),
        ],
        _ => vec![
            f("医療機関ID", 18.0, Key),
            f("市区町村", 12.0, Machine),
            f("機能", 10.0, Key),
            f("今の判定", 20.0, Machine),
            f("あと一歩", 44.0, Machine),
            f("報告事項", 50.0, Machine),
            f("意向", 8.0, Machine),
            f("意向の出どころ", 26.0, Machine),
        ],
    }
}

/// What the listings are made of.
pub struct Source<'a> {
    pub stages: &'a Path,
    pub areas: &'a [Area],
    pub dictionary: &'a Dictionary,
    pub finding_rules: &'a HashMap<String, FindingRule>,
    pub findings: &'a [Finding],
    pub inputs: &'a [InputFile],
    pub has_previous: bool,
    pub master: Option<&'a super::master::Master>,
}

/// Facilities of the run by ID: municipality code and type.
pub(super) struct Known {
    municipality: BTreeMap<String, String>,
    pub(super) kind: BTreeMap<String, String>,
}

impl Source<'_> {
    pub(super) fn table(&self, stage: &str, name: &str) -> Result<Table> {
        Table::read_parquet(name, &self.stages.join(format!("{stage}/{name}.parquet")))
    }

    pub(super) fn area(&self, code: &str) -> String {
        self.areas.iter().find(|a| a.area_code == code).map_or_else(String::new, |a| a.name.clone())
    }

    fn item(&self, code: &str) -> String {
        let function = || self.dictionary.function(code).map(|f| format!("{}（{}）", f.label, f.theme));
        self.dictionary.item(code).map(|i| i.short_label.clone()).or_else(function).unwrap_or_else(|| code.to_owned())
    }

    fn function(&self, code: &str) -> String {
        self.dictionary.function(code).map_or_else(|| code.to_owned(), |f| f.label.clone())
    }

    pub(super) fn name(&self, id: &str) -> String {
        self.master.and_then(|m| m.name_of(id)).unwrap_or_default().to_owned()
    }

    fn known(&self) -> Result<Known> {
        let table = self.table("ingest", "ing_facilities")?;
        let mut known = Known { municipality: BTreeMap::new(), kind: BTreeMap::new() };
        for i in (0..table.len()).filter(|&i| table.flag(i, "is_latest").unwrap_or(false)) {
            let id = table.text(i, "facility_id")?.to_owned();
            let kind = table.text(i, "facility_type")?;
            let kind = self.dictionary.choices_of("facility_type").find(|c| c.mode == kind).map_or("", |c| c.label.as_str());
            known.kind.insert(id.clone(), kind.to_owned());
            known.municipality.insert(id, table.text(i, "municipality_code")?.to_owned());
        }
        Ok(known)
    }

    /// All listings, in the order of the workbook.
    pub fn listings(&self) -> Result<Vec<Listing>> {
        let (known, expected) = (self.known()?, self.expected()?);
        Ok(vec![
            self.unreported(&known, &expected),
            self.rates(&expected)?,
            self.inquiries(&known)?,
            self.differences()?,
            self.quality(&known)?,
            self.items()?,
            self.rows(),
            self.jumps()?,
            self.nearly()?,
            self.added(&known)?,
            self.not_listed(&known, &expected),
            super::outpatients::listing(self.stages, &|code| self.area(code))?,
        ])
    }

    /// One line per facility, rule, item and reported value: what can be asked of the facility.
    fn inquiries(&self, known: &Known) -> Result<Listing> {
        let about = "医療機関に確かめることです。「照会の文案」は書きかえられます。「判断」には、問題なし・照会中・修正済のどれかを、日付・担当・理由とともに書いてください（次の実行に引き継ぎます）。";
        let mut list = Listing::new(INQUIRIES, fields(INQUIRIES), about);
        type At<'a> = (u8, &'a str, &'a str, &'a str, &'a str, &'a str);
        let mut grouped: BTreeMap<At<'_>, BTreeSet<(u32, String)>> = BTreeMap::new();
        for f in self.findings.iter().filter(|f| self.is_inquiry(f)) {
            let rank = match finding::severity(f, self.finding_rules) {
                "must_fix" => 0,
                "confirm" => 1,
                _ => 2,
            };
            let municipality = known.municipality.get(&f.facility_id).map_or("", String::as_str);
            let place = [(f.row > 0).then(|| format!("行 {}", f.row)), (!f.column.is_empty()).then(|| format!("列 {}", f.column))];
            let place = [Some(f.file.clone())].into_iter().chain(place).flatten().collect::<Vec<_>>().join("、");
            grouped.entry((rank, municipality, &f.facility_id, &f.code, &f.item_code, f.value.trim())).or_default().insert((f.row, place));
        }
        for ((_, municipality, id, code, item, value), places) in grouped {
            let Some(rule) = self.finding_rules.get(code) else { continue };
            let label = if item.is_empty() { String::new() } else { self.item(item) };
            let question = rule.question.replace("{item}", &label).replace("{value}", value);
            let places = places.into_iter().map(|(_, p)| p).collect::<Vec<_>>().join("／");
            let texts = [
                severity_label(&rule.severity),
                id,
                &self.name(id),
                &self.area(municipality),
                &label,
                value,
                &rule.what,
                &question,
                &places,
                "",
                code,
                item,
            ];
            list.push(texts.iter().map(|t| fitting(t)).collect());
        }
        Ok(list)
    }

    fn is_inquiry(&self, finding: &Finding) -> bool {
        !finding.facility_id.is_empty() && self.finding_rules.get(&finding.code).is_some_and(|r| !r.question.is_empty())
    }

    fn differences(&self) -> Result<Listing> {
        let about = "回答から求めた判定と、G-MIS の自動判定・確認状況とが違うものです。G-MIS の判定のしかたは公開されていません。最後は人が決めます。「判断」に、問題なし・照会中・修正済のどれかを、日付・担当・理由とともに書けます（次の実行に引き継ぎます）。ここに書いても公的な判定は変わりません。判定を変えるときは「判定の上書き」に書きます。";
        let mut list = Listing::new(DIFFERENCES, fields(DIFFERENCES), about);
        let table = self.table("checks", "chk_differences")?;
        for i in 0..table.len() {
            let text = |name: &str| table.text(i, name);
            let against = text("against")?;
            let theirs = match (against, text("theirs")?) {
                ("auto", "yes") => "有",
                ("auto", _) => "無",
                (_, "confirmed") => "確認済",
                (_, "queried") => "照会中",
                (_, other) => other,
            };
            let doubts = if text("doubts")?.is_empty() && theirs == "照会中" { "kyogi の検査では指摘なし" } else { text("doubts")? };
            let against = if against == "auto" { "G-MIS 自動判定" } else { "確認状況" };
            let function = self.function(text("function_code")?);
            let texts = [
                text("facility_id")?,
                &self.area(text("municipality_code")?),
                &function,
                against,
                status_label(text("ours")?),
                theirs,
                text("reason")?,
                doubts,
                "",
            ];
            let mut row: Vec<Value> = texts.iter().map(|t| fitting(t)).collect();
            row.push(table.int(i, "row_no")?.into());
            list.push(row);
        }
        Ok(list)
    }

    /// Counts of the input: rows, and findings by kind.
    fn quality(&self, known: &Known) -> Result<Listing> {
        let mut list = Listing::new(QUALITY, fields(QUALITY), "抽出ファイルの読み取りの結果です。");
        let mut push = |what: &str, n: usize, note: &str| list.push(vec![what.into(), (n as i64).into(), fitting(note)]);
        for input in self.inputs {
            let name = &input.file_name;
            push(&format!("{name}：読んだ行"), input.rows_read, &format!("{}、{}", input.encoding, input.layout));
            push(&format!("{name}：使った行"), input.rows_kept, "医療機関ごとに最新の報告");
            push(&format!("{name}：後の報告に置きかわった行"), input.rows_superseded, "変更報告など。履歴は残しています");
            // the file is there only where a row was rejected
            let note = if input.rows_rejected > 0 {
                "元のままの内容は「取り込まなかった行.csv」にあります"
            } else {
                "ありません"
            };
            push(&format!("{name}：取り込まなかった行"), input.rows_rejected, note);
        }
        push("医療機関", known.kind.len(), "医療機関IDの数");
        let mut by_code: BTreeMap<&str, usize> = BTreeMap::new();
        for f in self.findings {
            *by_code.entry(f.code.as_str()).or_default() += 1;
        }
        for (code, n) in by_code {
            let Some(rule) = self.finding_rules.get(code) else { continue };
            push(&format!("{}（{}）", rule.what, code), n, &format!("{}：{}", severity_label(&rule.severity), rule.next));
        }
        Ok(list)
    }

    fn items(&self) -> Result<Listing> {
        let about = "報告事項ごとの回答、無回答、読めない値、秘匿の数です。2号の項目は、1号機能のある医療機関だけを数えます。";
        let mut list = Listing::new(ITEMS, fields(ITEMS), about);
        let table = self.table("checks", "chk_item_quality")?;
        for item in &self.dictionary.items {
            for i in 0..table.len() {
                if table.text(i, "item_code")? != item.item_code {
                    continue;
                }
                let n = |name: &str| table.int(i, name).map(Value::from);
                let share = table.number(i, "masked_share")?.filter(|_| item.ndb_derived).map_or_else(|| "―".into(), percent);
                let function = self.dictionary.function(&item.function_code).map_or("その他", |f| f.label.as_str());
                let mut row: Vec<Value> = vec![function.into(), item.short_label.as_str().into(), item.item_code.as_str().into()];
                row.extend([n("asked")?, n("answered")?, n("blank")?, n("unreadable")?, n("masked")?, share.into()]);
                list.push(row);
            }
        }
        Ok(list)
    }

    /// Findings about rows and files that nobody can ask a facility about.
    fn rows(&self) -> Listing {
        let mut list = Listing::new(ROWS, fields(ROWS), "行、列、ファイルについての指摘です（医療機関への照会にあたらないもの）。");
        let mut seen = BTreeSet::new();
        for f in self.findings.iter().filter(|f| !self.is_inquiry(f) && f.file != super::workbook::WORKBOOK) {
            let Some(rule) = self.finding_rules.get(&f.code) else { continue };
            let row = if f.row > 0 { f.row.to_string() } else { String::new() };
            if seen.insert((&f.file, f.row, &f.column, &f.value, &f.code, &f.facility_id)) {
                let texts =
                    [severity_label(&rule.severity), &f.file, &row, &f.column, f.value.trim(), &rule.what, &rule.next, &f.code, &f.facility_id];
                list.push(texts.iter().map(|t| fitting(t)).collect());
            }
        }
        list
    }

    fn jumps(&self) -> Result<Listing> {
        let about = if self.has_previous {
            "前の年度から、秘匿や報告率の幅を考えても大きく変わった数です。しきい値は sql/rules/rules.csv の jump_ で始まる行です。"
        } else {
            "前の年度の資料がないため、比べていません（kyogi.toml の previous に書くと比べます）。"
        };
        let mut list = Listing::new(JUMPS, fields(JUMPS), about);
        let table = self.table("checks", "chk_jumps")?;
        for i in 0..table.len() {
            let (level, code) = (table.text(i, "level")?, table.text(i, "code")?);
            let n = |name: &str| table.int(i, name).map(Option::unwrap_or_default);
            let range = |low: i64, high: i64| if low == high { low.to_string() } else { format!("{low}～{high}") };
            let (before, after) = (range(n("before_low")?, n("before_high")?), range(n("after_low")?, n("after_high")?));
            let measure = if table.text(i, "measure")? == "count" { "件数（回/年）" } else { "ありの医療機関数" };
            let level_name = if level == "facility" { "医療機関" } else { level_label(level) };
            let name = if level == "facility" { self.name(code) } else { self.area(code) };
            let texts = [level_name, code, &name, table.text(i, "label")?, measure, &before, &after];
            let mut row: Vec<Value> = texts.iter().map(|t| fitting(t)).collect();
            row.extend([Value::from(table.int(i, "reported_before")?), table.int(i, "reported_after")?.into(), table.text(i, "item_code")?.into()]);
            list.push(row);
        }
        Ok(list)
    }

    /// Which row counts for each facility that an added file reports, and which row it replaced.
    fn added(&self, known: &Known) -> Result<Listing> {
        let about = "input/追加 の報告と、それが置きかえた報告です。報告日の新しいものを使います。";
        let mut list = Listing::new(ADDED, fields(ADDED), about);
        if !self.inputs.iter().any(|i| i.is_addition) {
            return Ok(list);
        }
        let table = self.table("ingest", "ing_facilities")?;
        let mut of: BTreeMap<&str, Vec<(bool, bool, String)>> = BTreeMap::new();
        for i in 0..table.len() {
            let (file, row) = ingest::place_of(u32::try_from(table.int(i, "row_no")?.unwrap_or(0)).unwrap_or(0), self.inputs);
            let is_addition = self.inputs.iter().any(|input| input.is_addition && input.file_name == file);
            let place = format!("{file} の行 {row}（報告日 {}）", table.text(i, "report_date")?);
            of.entry(table.text(i, "facility_id")?).or_default().push((table.flag(i, "is_latest")?, is_addition, place));
        }
        for (id, rows) in of.iter().filter(|(_, rows)| rows.iter().any(|(_, is_addition, _)| *is_addition)) {
            let of_kind = |latest: bool| rows.iter().filter(|(l, ..)| *l == latest).map(|(.., p)| p.as_str()).collect::<Vec<_>>().join("、");
            let replaced = Some(of_kind(false)).filter(|t| !t.is_empty()).unwrap_or_else(|| "（抽出ファイルにない医療機関）".into());
            let place = known.municipality.get(*id).map(|m| self.area(m)).unwrap_or_default();
            list.push([*id, &place, &of_kind(true), &replaced].map(fitting).into());
        }
        Ok(list)
    }

    fn nearly(&self) -> Result<Listing> {
        let about = "あと一つで機能ありになる医療機関と、今後担う意向のある医療機関です（意向は「あり」に数えません）。";
        let mut list = Listing::new(NEARLY, fields(NEARLY), about);
        let table = self.table("checks", "chk_nearly")?;
        for i in 0..table.len() {
            let text = |name: &str| table.text(i, name);
            let step = match text("step")? {
                "one_requirement" => "1号の要件（★）があと一つ",
                "behind_g1" => "1号の要件があと一つ整えば、2号の回答により「あり」",
                "any_item" => "報告事項のどれか一つを実施すれば「あり」",
                _ => "意向あり",
            };
            let origin = match text("intention_origin")? {
                "item" => "2号の項目",
                "other" => "その他の「今後担う意向」",
                "both" => "2号の項目と「今後担う意向」の両方",
                _ => "",
            };
            let intention = if table.flag(i, "intention")? { "あり" } else { "" };
            let texts = [
                text("facility_id")?,
                &self.area(text("municipality_code")?),
                &self.function(text("function_code")?),
                status_label(text("status")?),
                step,
                text("short_items")?,
                intention,
                origin,
            ];
            list.push(texts.iter().map(|t| fitting(t)).collect());
        }
        Ok(list)
    }
}
