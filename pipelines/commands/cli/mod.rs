//! The command line: one ordered table of commands, from which help follows.

mod demo;
mod guide;
mod tell;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::commands::agenda;
use crate::commands::archive;
use crate::commands::bench;
use crate::commands::draft;
use crate::commands::explain;
use crate::commands::forms;
use crate::commands::late;
use crate::commands::letters;
use crate::commands::next;
use crate::commands::official;
use crate::commands::publish;
use crate::commands::run::{self, Options, Outcome};
use crate::commands::sample;
use crate::commands::selftest;
use crate::commands::training;
use crate::commands::whatif;
use crate::commands::word;
use crate::draft::change;
use crate::facts::workspace::{self, Workspace};
use crate::ground::error::{Error, Result};
use crate::ground::place;
use crate::ground::progress::Progress;
use crate::ingest;

use demo::{demo_folder, whole_sample};
use tell::{report, report_draft, report_publish, tell_checks, tell_not_read, tell_published, tell_writing, tell_writing_of};

#[derive(Parser)]
#[command(name = "kyogi", version, about = "かかりつけ医機能報告の抽出データから、協議の資料と公表シートを作ります", disable_help_subcommand = true)]
struct Cli {
    /// 使うスレッドの数（結果は変わりません。0 は機械にまかせる）
    #[arg(long, global = true, default_value_t = 0)]
    threads: usize,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// 見本の県（模擬データ）の資料を作る
    Demo {
        /// 別の抽出ファイルを使う
        #[arg(long)]
        extract: Option<PathBuf>,
        /// 資料を作る場所（省くと kyogi-demo/packet）
        #[arg(long)]
        out: Option<PathBuf>,
        /// 見本の作業フォルダーを作る場所
        #[arg(long, default_value = "kyogi-demo")]
        dir: PathBuf,
    },
    /// 都道府県の作業フォルダーを作る
    Init {
        /// 都道府県コード（01〜47）又は名前
        prefecture: String,
        /// 報告年度（2025＝令和7年度報告）
        #[arg(long)]
        year: i32,
        /// 作るフォルダー
        dir: PathBuf,
    },
    /// 抽出ファイルから資料を作る
    Run {
        /// 作業フォルダー
        dir: PathBuf,
        /// 抽出ファイル（省くと作業フォルダーの input）
        #[arg(long)]
        extract: Option<PathBuf>,
        /// 列対応表（省くと見出しから選ぶ）
        #[arg(long)]
        mapping: Option<PathBuf>,
        /// 資料を作る場所（省くと設定の output）
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// 協議シート（Excel）を作る。あれば、人の文を残して新しい数値と合わせる
    Draft {
        /// 作業フォルダー
        dir: PathBuf,
        /// 抽出ファイル（省くと作業フォルダーの input）
        #[arg(long)]
        extract: Option<PathBuf>,
        /// 列対応表（省くと見出しから選ぶ）
        #[arg(long)]
        mapping: Option<PathBuf>,
    },
    /// 協議シートの合意した文から、公表する協議結果（シート、取りまとめ、方策の表）を作る
    Publish {
        /// 作業フォルダー
        dir: PathBuf,
        /// 作る場所（省くと作業フォルダーの published）
        #[arg(long)]
        out: Option<PathBuf>,
        /// 公表日がこの日までのものだけ（省くと公表日のあるものすべて）
        #[arg(long)]
        until: Option<String>,
        /// 書体に字形のない文字を 〓 で印刷して公表することに同意する（省くと、その協議結果は公表しない）
        #[arg(long)]
        with_missing_glyphs: bool,
    },
    /// 督促・疑義照会・体制確認の一覧だけを作る（作業フォルダーの check と 確認一覧.xlsx）
    Check {
        /// 作業フォルダー
        dir: PathBuf,
        /// 遅れて届いた報告や紙の報告（CSV・XLSX）。取り込む前に、変わる判定と数値だけを示す
        #[arg(long)]
        with: Option<PathBuf>,
        /// 抽出ファイル（省くと作業フォルダーの input）
        #[arg(long)]
        extract: Option<PathBuf>,
    },
    /// 判定の理由（医療機関ID）、又は数値の出どころ（area=31201 indicator=home_care_gap）を示す
    Explain {
        /// 作業フォルダー
        dir: PathBuf,
        /// 医療機関のIDか名前、又は area=区域 indicator=指標 [breakdown=内訳]（名前でもコードでも）
        #[arg(required = true, num_args = 1..=3)]
        asked: Vec<String>,
        /// 数値に入る抽出の行を、すべて CSV に書く（area=… indicator=… のとき）
        #[arg(long)]
        rows: Option<PathBuf>,
        /// 資料の場所（省くと設定の output）
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// 院内掲示様式（例）と、患者説明様式（例）の機能の部分を、医療機関ごとに作る
    Forms {
        /// 作業フォルダー
        dir: PathBuf,
        /// 医療機関のIDか名簿の名前（いくつでも）
        #[arg(conflicts_with = "area")]
        facilities: Vec<String>,
        /// 区域（コードか名前）：その区域で報告した医療機関のすべて
        #[arg(long)]
        area: Option<String>,
        /// 資料の場所（省くと設定の output）
        #[arg(long)]
        packet: Option<PathBuf>,
        /// 様式を置く場所（省くと作業フォルダーの forms）
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// 確認一覧から、督促状と照会文を医療機関ごとの PDF と、差し込み印刷用の Excel ブックにする
    Letters {
        /// 作業フォルダー
        dir: PathBuf,
        /// 督促 か 照会（省くと両方）
        #[arg(long)]
        kind: Option<String>,
        /// 文書の日付（省くと空けておく）
        #[arg(long)]
        date: Option<String>,
        /// 回答の期限（省くと kyogi.toml の [letters]）
        #[arg(long)]
        until: Option<String>,
    },
    /// 「もし」を試す：変わる数値だけを前と後で示す（資料は変えない）
    Whatif {
        /// 作業フォルダー
        dir: PathBuf,
        /// 変える回答の表（CSV：医療機関ID,報告事項,値。報告事項は名前でもコードでも）
        #[arg(long)]
        answers: Option<PathBuf>,
        /// 追加の報告（抽出ファイルと同じレイアウト）
        #[arg(long)]
        late: Option<PathBuf>,
        /// 抽出ファイル（省くと作業フォルダーの input）
        #[arg(long)]
        extract: Option<PathBuf>,
        /// 結果を書くファイル（CSV）
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// 知らないレイアウトの列対応表の案を作る
    Mapping {
        /// 抽出ファイル（いくつでも）
        #[arg(required = true)]
        extracts: Vec<PathBuf>,
        /// 書くファイルかフォルダー（作業フォルダーの input のファイルなら、省くと layouts に書く）
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// 研修（日医・MAMIS）の単位の一覧から、修了の要件を確かめ、だれに何が足りないかを一覧にする
    Training {
        /// 単位の一覧（CSV・XLSX。一人1行の座学・実地か、1活動1行の区分・単位）
        file: PathBuf,
        /// 結果のフォルダー、又は .csv か .xlsx の名前（省くと一覧の隣の「…_修了状況」）
        #[arg(long)]
        out: Option<PathBuf>,
        /// 規則の年度（省くと一番新しい規則）
        #[arg(long)]
        year: Option<i32>,
    },
    /// 模擬の抽出ファイルを作る
    Sample {
        /// 都道府県コード（01〜47）又は名前（all＝全国を一つのファイルに）
        prefecture: String,
        /// 報告年度
        #[arg(long)]
        year: i32,
        /// 乱数の種（同じ種なら同じファイル）
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// 書くファイル
        #[arg(long)]
        out: PathBuf,
    },
    /// 引き継ぎ：入力・設定・人の書きこみ・資料を一つのファイルにする
    Archive {
        /// 作業フォルダー
        dir: PathBuf,
        /// 書くファイル（省くと「kyogi-都道府県-年度.zip」）
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// 引き継ぎのファイルから資料を作り直し、1バイトも違わないかを確かめる
    Replay {
        /// kyogi archive で作ったファイル
        archive: PathBuf,
        /// 作業フォルダーを展開して残す場所（省くと残さない）
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// 公表された統計の表
    Reference {
        #[command(subcommand)]
        action: ReferenceAction,
    },
    /// 会議ごとの資料（次第・進行表・区域の資料・シート・データ）を、一つの PDF と画面用のページにする
    Agenda {
        /// 作業フォルダー
        dir: PathBuf,
        /// この日の会議だけ
        #[arg(long)]
        date: Option<String>,
        /// このテーマ（イ、2号イ、g2a など）の会議だけ
        #[arg(long)]
        theme: Option<String>,
        /// 会議の資料の代わりに、区域とテーマごとの一枚資料（PDF）を作る
        #[arg(long, conflicts_with = "date")]
        one_page: bool,
    },
    /// 課題管理シートの写しを Word（.docx）にする（図と割り付けは入りません）
    Word {
        /// 作業フォルダー
        dir: PathBuf,
        /// この区域だけ（コードか名前）
        #[arg(long)]
        area: Option<String>,
        /// このテーマだけ（イ、2号イ、g2a など）
        #[arg(long)]
        theme: Option<String>,
    },
    /// 今すること、足りないもの、そのコマンドを、一年の予定から示す
    Next {
        /// 作業フォルダー
        dir: PathBuf,
        /// この日として見る（省くと今日）
        #[arg(long)]
        today: Option<String>,
    },
    /// このパソコンで正しく動くかを確かめる：見本の県の資料を一時フォルダーで作り、組み立てたときのものと比べる
    Selftest {
        /// 一時フォルダーを作る場所（省くと、システムの一時フォルダー）
        #[arg(long)]
        dir: Option<PathBuf>,
        /// 作ったファイルの検査値を書くファイル（配布物を組み立てるとき）
        #[arg(long, hide = true)]
        record: Option<PathBuf>,
    },
    /// 速さと記憶量を、比で測る
    Bench {
        /// 抽出ファイル（省くと模擬の神奈川県）
        #[arg(long)]
        extract: Option<PathBuf>,
        /// その都道府県コード
        #[arg(long, default_value = "14")]
        prefecture: String,
        /// 全国の抽出ファイル（省くと模擬、約11万行）を読み、検査し、判定する速さだけを測る
        #[arg(long)]
        nation: bool,
        /// 47都道府県の集計の速さだけを測る（模擬の抽出ファイルを作るため、数分かかります）
        #[arg(long)]
        nation_figures: bool,
    },
}

#[derive(Subcommand)]
enum ReferenceAction {
    /// 公表者の Excel ファイル（住民基本台帳の年齢別人口、社人研の将来推計、需要の見込み）を読み、作業フォルダーの表にする
    Update {
        /// 作業フォルダー
        dir: PathBuf,
        /// 公表されたままの Excel ファイル（一つ以上）
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// 資料の日付（例 2025-10-01）。プログラムが知らない版のときだけ
        #[arg(long)]
        as_of: Option<String>,
    },
}

/// Runs the command line and returns the exit code.
pub fn main() -> i32 {
    let arguments: Vec<std::ffi::OsString> = std::env::args_os().skip(1).collect();
    if let Some(start) = guide::start(&arguments, guide::is_watched()) {
        return guide::run(&start);
    }
    let cli = Cli::parse();
    let threads = if cli.threads == 0 { all_threads() } else { cli.threads };
    match execute(&cli.command, threads) {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("{error}");
            1
        }
    }
}

fn all_threads() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}

fn execute(command: &Command, threads: usize) -> Result<()> {
    match command {
        Command::Demo { extract, out, dir } => {
            let workspace = demo_folder(dir, extract.clone(), threads)?;
            report(&run_with(&workspace, extract.clone(), None, out.clone(), threads)?)?;
        }
        Command::Init { prefecture, year, dir } => {
            let workspace = workspace::init(prefecture, *year, dir)?;
            let input = workspace.root.join("input");
            println!("作業フォルダーを作りました：{}", dir.display());
            println!(
                "次にすること：{} に抽出ファイルを置き、kyogi run {} を実行してください。",
                input.display(),
                next::quoted(&dir.display().to_string())
            );
        }
        Command::Run { dir, extract, mapping, out } => {
            let workspace = Workspace::open(dir)?;
            let outcome = run_with(&workspace, extract.clone(), mapping.clone(), out.clone(), threads)?;
            report(&outcome)?;
            tell_checks(dir, &outcome.not_replaced);
            tell_writing_of(&outcome.finished.place)?;
        }
        Command::Check { dir, with: Some(late), extract } => {
            let workspace = Workspace::open(dir)?;
            let extract = extract.clone().map_or_else(|| workspace.extract(), Ok)?;
            print!("{}", late::run(&workspace, &extract, late, threads)?);
        }
        Command::Check { dir, with: None, extract } => {
            let workspace = Workspace::open(dir)?;
            let progress = Progress::new();
            let options = Options { workspace: &workspace, extract: extract.clone(), mapping: None, out: None, threads, progress: &progress };
            let checked = run::check(&options);
            progress.done();
            let checked = checked?;
            println!("確認の一覧を作りました：{}", checked.finished.place.join("index.html").display());
            for (label, value) in checked.report.summary() {
                println!("  {label}：{value}");
            }
            tell_not_read(&checked.not_read);
            tell_checks(dir, &checked.workbook);
            tell_writing(&checked.report.findings)?;
        }
        Command::Draft { dir, extract, mapping } => {
            let workspace = Workspace::open(dir)?;
            let progress = Progress::new();
            let options =
                Options { workspace: &workspace, extract: extract.clone(), mapping: mapping.clone(), out: None, threads, progress: &progress };
            let drafted = draft::draft(&options, &[]);
            progress.done();
            report_draft(&drafted?)?;
        }
        Command::Publish { dir, out, until, with_missing_glyphs } => {
            let asked = publish::Asked { out: out.as_deref(), until: until.as_deref(), with_missing_glyphs: *with_missing_glyphs };
            report_publish(&publish::publish(&Workspace::open(dir)?, &asked, threads, &tell_published)?)?;
        }
        Command::Explain { dir, asked, rows, out } => {
            let workspace = Workspace::open(dir)?;
            let packet = workspace.packet(out.as_deref());
            print!("{}", explain::answer(&workspace, &packet, asked, rows.as_deref())?);
        }
        Command::Forms { dir, facilities, area, packet, out } => {
            if facilities.is_empty() && area.is_none() {
                let next = "作業フォルダーの次に医療機関ID（いくつでも）を書くか、--area に区域コードを指定してください";
                return Err(Error::new("様式を作る医療機関が指定されていません").at("kyogi forms").next(next));
            }
            let workspace = Workspace::open(dir)?;
            let packet = workspace.packet(packet.as_deref());
            let wanted = area.clone().map_or_else(|| forms::Wanted::Facilities(facilities.clone()), forms::Wanted::Area);
            let out = out.clone().unwrap_or_else(|| workspace.root.join("forms"));
            let progress = Progress::new();
            let made = forms::run(&workspace, &packet, &wanted, &out, threads, &progress);
            progress.done();
            let made = made?;
            println!("様式を作りました：{}（医療機関 {}）", made.place.join("index.html").display(), made.facilities);
            if made.not_reported > 0 {
                println!("未報告の医療機関 {} の様式は作っていません。", made.not_reported);
            }
        }
        Command::Letters { dir, kind, date, until } => {
            let (workspace, progress) = (Workspace::open(dir)?, Progress::new());
            let asked = letters::Asked { kind: kind.as_deref(), date: date.as_deref(), until: until.as_deref() };
            let made = letters::make(&workspace, &asked, threads, &progress);
            progress.done();
            print!("{}", made?.told());
        }
        Command::Whatif { dir, answers, late, extract, out } => {
            out.as_deref().map_or(Ok(()), place::refuse_existing)?;
            if answers.is_none() && late.is_none() {
                return Err(Error::new("試すものがありません").next("--answers（変える回答の表）か --late（追加の報告）を指定してください"));
            }
            let workspace = Workspace::open(dir)?;
            let extract = extract.clone().map_or_else(|| workspace.extract(), Ok)?;
            let scenario = whatif::Scenario { answers: answers.clone(), late: late.clone() };
            let tried = whatif::run(&workspace, &extract, &scenario, threads)?;
            if let Some(out) = out {
                place::create(out, &change::table(&tried.changes)?.csv_bytes()?)?;
            }
            print!("{}", whatif::text(&workspace, &tried)?);
        }
        Command::Mapping { extracts, out } => print!("{}", ingest::propose::write(extracts, out.as_deref())?),
        Command::Training { file, out, year } => print!("{}", training::run(file, out.as_deref(), *year)?),
        Command::Sample { prefecture, year, seed, out } => {
            place::refuse_existing(out)?;
            let bytes = sample::extract(prefecture, *year, *seed)?;
            place::create(out, &bytes)?;
            println!("模擬の抽出ファイルを作りました：{}（{} KB）", out.display(), bytes.len().div_ceil(1024));
        }
        Command::Agenda { dir, theme, one_page: true, .. } => {
            let made = agenda::one_pages(&Workspace::open(dir)?, theme.as_deref(), threads)?;
            println!("一枚資料を作りました：{}（{} 枚）", made.place.display(), made.areas);
        }
        Command::Agenda { dir, date, theme, .. } => {
            let asked = agenda::Asked { date: date.as_deref(), function: theme.as_deref() };
            for made in agenda::make(&Workspace::open(dir)?, &asked, threads)? {
                println!("会議の資料を作りました：{}（{}、区域 {}）", made.place.join("会議資料.pdf").display(), made.title, made.areas);
                for kept in &made.kept {
                    println!("  {kept}");
                }
            }
        }
        Command::Word { dir, area, theme } => {
            let files = word::make(&Workspace::open(dir)?, &word::Asked { area: area.as_deref(), function: theme.as_deref() }, threads)?;
            println!("Word ファイルを作りました：{} 個（{}）\n{}。", files.len(), dir.join(word::FOLDER).display(), crate::pages::docx::LOSES);
        }
        Command::Next { dir, today } => {
            let workspace = Workspace::open(dir)?;
            let today = today.as_deref().map_or_else(|| Ok(next::today()), next::parse_date)?;
            print!("{}", next::text(&next::steps(&workspace, today)?, workspace.settings.report_year, today));
        }
        Command::Archive { dir, out } => {
            let workspace = Workspace::open(dir)?;
            let named = format!("kyogi-{}-{}.zip", workspace.settings.prefecture, workspace.settings.report_year);
            let archived = archive::archive(&workspace, &out.clone().unwrap_or_else(|| PathBuf::from(named)))?;
            let size = archived.bytes.div_ceil(1024 * 1024);
            println!("保管しました：{}（ファイル {}、{size} MB）。会議限りの内容も入っています。", archived.path.display(), archived.files);
            for name in &archived.skipped {
                println!("  リンクなど、普通のファイルではないものは入れていません：{name}");
            }
        }
        Command::Replay { archive: path, out } => {
            let progress = Progress::new();
            let replayed = archive::replay(path, out.as_deref(), threads, &progress);
            progress.done();
            let replayed = replayed?;
            print!("{}", archive::text(&replayed));
            if !replayed.different.is_empty() {
                return Err(Error::new("保管した資料と一致しません").file(path).next("上の一覧のファイルを確かめてください"));
            }
        }
        Command::Reference { action: ReferenceAction::Update { dir, files, as_of } } => {
            official::update(&Workspace::open(dir)?, files, as_of.as_deref())?.iter().for_each(tell::report_update);
        }
        Command::Selftest { dir, record } => selftest::run(dir.as_deref(), record.as_deref(), threads, &whole_sample)?,
        Command::Bench { extract, nation: true, .. } => bench::nation::reading(extract.as_deref(), threads)?,
        Command::Bench { nation_figures: true, .. } => bench::nation::figures(threads)?,
        Command::Bench { extract, prefecture, .. } => bench::run(extract.as_deref(), prefecture, threads)?,
    }
    Ok(())
}

fn run_with(workspace: &Workspace, extract: Option<PathBuf>, mapping: Option<PathBuf>, out: Option<PathBuf>, threads: usize) -> Result<Outcome> {
    let progress = Progress::new();
    let outcome = run::run(&Options { workspace, extract, mapping, out, threads, progress: &progress });
    progress.done();
    outcome
}
