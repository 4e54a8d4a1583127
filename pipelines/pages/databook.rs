//! `data/figures.xlsx`: every figure with its labels, the indicators, the columns and the sources, for people with a spreadsheet.

use crate::draft::book::{DataBook, NO_COVERAGE, Shown, verdict_label};
use crate::facts::areas::Area;
use crate::facts::reference::Source;
use crate::facts::workspace::level_label;
use crate::ground::artefact::ColumnNote;
use crate::ground::error::Result;
use crate::ground::numbers::{report_year_label, wareki_date};
use crate::ground::spreadsheet::{Book, Column, Value, Width};
use crate::ground::sql;

/// What the workbook is made of.
pub struct Request<'a> {
    pub book: &'a DataBook,
    pub areas: &'a [Area],
    pub sources: &'a [Source],
    /// Lines of the first sheet: how to read the figures.
    pub notes: Vec<String>,
    pub prefecture: &'a str,
    pub report_year: i32,
    pub simulated: bool,
}

/// A column of the sheet 数値: its heading, the column of `data/figures.csv` it shows, and what it says.
struct ShownColumn {
    title: &'static str,
    of: &'static str,
    meaning: &'static str,
    width: Width,
}

const fn shown(title: &'static str, of: &'static str, meaning: &'static str, width: f64) -> ShownColumn {
    ShownColumn { title, of, meaning, width: Width::Characters(width) }
}

/// In the order of the sheet; `CHANGE` follows where there is a previous report year.
const SHOWN: [ShownColumn; 20] = [
    shown("報告年度", "report_year", "報告の年度（2025＝令和7年度報告）", 9.0),
    shown("区域の段階", "level", "都道府県、二次医療圏、協議区域、市区町村", 12.0),
    shown("区域コード", "area_code", "都道府県2桁、二次医療圏4桁、市区町村5桁、協議区域は設定のコード", 11.0),
    shown("区域名", "", "区域の名前", 16.0),
    shown("テーマ", "", "機能（1号、2号イ・ロ・ハ・ニ）又は将来の見込み", 22.0),
    shown("指標", "", "指標の名前。式と出典はシート「指標の説明」", 34.0),
    shown("内訳", "", "内訳の名前。空欄は今の全体", 28.0),
    shown("少なくとも", "value_low", "下限", 12.0),
    shown("多くとも", "value_high", "上限", 12.0),
    shown("単位", "unit", "数値の単位", 9.0),
    shown("報告した医療機関", "reported", "報告した医療機関の数。「―」は、公的統計だけによる数値（CSV・Parquet では空）", 10.0),
    shown("報告の対象", "expected", "報告の対象の医療機関の数。「―」は、公的統計だけによる数値（CSV・Parquet では空）", 10.0),
    shown("階級", "n_banded", "階級で答えた医療機関の数（幅のもと）", 8.0),
    shown("上限なしの階級", "n_open_top", "上限のない階級で答えた医療機関の数（上限は置き値）", 10.0),
    shown("秘匿", "n_masked", "件数が秘匿された医療機関の数（1〜9の幅）", 8.0),
    shown("読み上げ文", "", "会議で読み上げられる文", 60.0),
    shown("出典", "", "数値のもと", 30.0),
    shown("指標コード", "indicator_code", "CSV・Parquet の指標の値", 28.0),
    shown("内訳コード", "breakdown", "CSV・Parquet の内訳の値（キー=値 を ; で並べたもの）", 28.0),
    shown("計算の方法", "", "資料の中で、式・想定・モデル・規則・入力のある場所", 34.0),
];

const CHANGE: [ShownColumn; 4] = [
    shown("前の年度の少なくとも", "", "前の年度の下限", 12.0),
    shown("前の年度の多くとも", "", "前の年度の上限", 12.0),
    shown("変化", "", "増減を言えないときは、その理由", 14.0),
    shown("切れ目", "", "診療報酬の項目の名前や範囲が変わり、前の年度と続かないところ", 40.0),
];

/// The bytes of the workbook; the same figures give the same bytes.
pub fn workbook(request: &Request<'_>) -> Result<Vec<u8>> {
    let year = report_year_label(request.report_year);
    let title = format!("{} かかりつけ医機能報告 数値の一覧（{year}）", request.prefecture);
    let mut file = Book::new(&title, (request.report_year + 1, 4, 1))?;

    let mut lines = vec![title];
    if request.simulated {
        lines.push("模擬データ（実在の報告ではありません）".into());
    }
    lines.extend(request.notes.iter().cloned());
    file.text("読み方", &lines)?;

    let shown: Vec<&ShownColumn> = SHOWN.iter().chain(CHANGE.iter().filter(|_| request.book.has_previous)).collect();
    let columns: Vec<Column> = shown.iter().map(|s| Column::new(s.title, s.width)).collect();
    let mut rows = Vec::new();
    for area in request.areas {
        for figure in request.book.figures(area) {
            rows.push(row(request, area, figure)?);
        }
    }
    file.table("数値", &columns, rows)?;

    let heads = ["指標コード", "内訳", "指標", "単位", "式", "出典", "想定", "何が変われば変わるか", "SQL モデル"];
    let widths = [28.0, 22.0, 34.0, 9.0, 48.0, 30.0, 48.0, 48.0, 24.0];
    let indicators = request.book.indicators.iter().map(|i| {
        [&i.indicator_code, &i.breakdown, &i.label, &i.unit, &i.formula, &i.source, &i.assumption, &i.what_changes, &i.model]
            .map(|text| Value::from(text.as_str()))
    });
    file.table("指標の説明", &columns_of(&heads, &widths), indicators)?;

    file.table(
        "列の説明",
        &columns_of(&["ファイル", "列", "見出し", "単位", "説明"], &[28.0, 26.0, 30.0, 10.0, 60.0]),
        columns_explained(request, &shown)?,
    )?;

    let sources = request.sources.iter().map(|s| {
        [
            s.publisher.clone(),
            s.dataset.clone(),
            wareki_date(&s.as_of),
            s.licence.clone(),
            s.note.clone(),
            format!("sql/reference/{}.csv", s.table_name),
        ]
        .map(Value::from)
    });
    file.table("出典", &columns_of(&["公表者", "資料", "時点", "利用条件", "注", "内蔵の表"], &[16.0, 60.0, 16.0, 20.0, 60.0, 40.0]), sources)?;
    file.finish()
}

fn columns_of(heads: &[&str], widths: &[f64]) -> Vec<Column> {
    heads.iter().zip(widths).map(|(head, width)| Column::new(*head, Width::Characters(*width))).collect()
}

fn row(request: &Request<'_>, area: &Area, figure: &Shown) -> Result<Vec<Value>> {
    let (book, m) = (request.book, &figure.measure);
    let indicator = book.indicator(figure);
    let part = if indicator.breakdown.contains('*') { book.part_label(figure)? } else { String::new() };
    let mut row: Vec<Value> = vec![
        i64::from(request.report_year).into(),
        level_label(&m.level).into(),
        m.area_code.as_str().into(),
        area.name.as_str().into(),
        book.theme_label(figure).into(),
        indicator.label.as_str().into(),
        part.into(),
        m.value_low.into(),
        m.value_high.into(),
        m.unit.as_str().into(),
        m.reported.map_or_else(|| NO_COVERAGE.into(), Value::from),
        m.expected.map_or_else(|| NO_COVERAGE.into(), Value::from),
        m.n_banded.into(),
        m.n_open_top.into(),
        m.n_masked.into(),
        book.sentence(area, figure)?.into(),
        indicator.source.as_str().into(),
        m.indicator_code.as_str().into(),
        m.breakdown.as_str().into(),
        format!("method.html#{}", m.indicator_code).into(),
    ];
    if book.has_previous {
        let change = book.change(m);
        row.push(change.map(|c| c.before.low).into());
        row.push(change.map(|c| c.before.high).into());
        row.push(change.map_or("", |c| verdict_label(c.verdict())).into());
        row.push(change.map_or("", |c| c.break_note.as_str()).into());
    }
    Ok(row)
}

/// The data dictionary: columns of this workbook and of the packet's data files, from the headers of the models.
fn columns_explained(request: &Request<'_>, shown: &[&ShownColumn]) -> Result<Vec<Vec<Value>>> {
    let mut rows: Vec<Vec<Value>> = Vec::new();
    for s in shown {
        rows.push(vec!["figures.xlsx（数値）".into(), s.of.into(), s.title.into(), Value::Blank, s.meaning.into()]);
    }
    for (folder, model, file) in
        [("aggregate", "figures", "figures"), ("aggregate", "area_summary", "area_summary"), ("determine", "det_functions", "facility_status")]
    {
        for (name, text) in sql::models(folder, request.report_year)?.into_iter().filter(|(name, _)| name == model) {
            let contract = sql::Contract::parse(&name, text)?;
            for (ColumnNote { name, label, unit }, _) in contract.columns {
                rows.push(vec![format!("{file}.csv、{file}.parquet").into(), name.into(), label.into(), unit.into(), contract.title.as_str().into()]);
            }
        }
    }
    Ok(rows)
}
