//! For people without a command line: a double click on the program, or a work folder dropped on it.
//!
//! Every choice ends in a command that could have been typed; nothing can be done here that the command line cannot do.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::CommandFactory;

use super::Cli;
use crate::commands::next::{self, Step};
use crate::facts::workspace::{SETTINGS, Workspace};
use crate::ground::error::{Error, Result};

/// How a person without a command came in.
#[derive(Debug, PartialEq, Eq)]
pub enum Start {
    /// By a double click: nothing was said.
    Alone,
    /// With a folder or a file that was dropped on the program.
    Dropped(PathBuf),
}

/// Whether the words after the program's name are those of a person without a command; `watched` tells that somebody sits at the window.
pub fn start(arguments: &[OsString], watched: bool) -> Option<Start> {
    match arguments {
        [] if watched => Some(Start::Alone),
        [one] => {
            let is_command = one.to_str().is_some_and(|word| word.starts_with('-') || Cli::command().find_subcommand(word).is_some());
            (!is_command && Path::new(one).exists()).then(|| Start::Dropped(PathBuf::from(one)))
        }
        _ => None,
    }
}

/// Whether a person sees what is printed and can answer.
pub fn is_watched() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// Leads through, and returns the exit code: 1 where nothing could be shown. A command that fails has said so itself, and the person goes on.
pub fn run(start: &Start) -> i32 {
    let mut guide = Guide { answers: io::stdin().lock() };
    let outcome = match start {
        Start::Alone => guide.welcome(),
        Start::Dropped(path) => guide.folder(path),
    };
    let code = outcome.map_or_else(
        |error| {
            eprintln!("{error}");
            1
        },
        |()| 0,
    );
    // the window of a double click closes with the program
    if cfg!(windows) && is_watched() {
        let _ = guide.ask("Enter を押すと、この窓を閉じます。");
    }
    code
}

struct Guide<R> {
    answers: R,
}

const WELCOME: &str = "
何をしますか。番号を打って Enter を押してください。作業フォルダーは、この窓に落として Enter でも選べます。
  1  続ける　：作業フォルダーの、今することを見る
  2  始める　：都道府県の作業フォルダーを作る
  3  ためす　：見本の県（模擬データ）の資料を作る
  4  点検する：このパソコンで正しく動くかを確かめる（1〜2分）
  Enter だけ：終わる";

impl<R: BufRead> Guide<R> {
    /// The answer to a question, trimmed; `None` when nobody answers any more.
    fn ask(&mut self, question: &str) -> Option<String> {
        print!("{question} ");
        let _ = io::stdout().flush();
        let mut line = String::new();
        match self.answers.read_line(&mut line) {
            Ok(n) if n > 0 => Some(line.trim().to_owned()),
            _ => None,
        }
    }

    /// The same, `None` also for an empty answer.
    fn ask_for(&mut self, question: &str) -> Option<String> {
        self.ask(question).filter(|a| !a.is_empty())
    }

    fn welcome(&mut self) -> Result<()> {
        println!("kyogi（協議）{}", env!("CARGO_PKG_VERSION"));
        println!("かかりつけ医機能報告の抽出データから、協議の資料と公表シートを作ります。ネットワークも管理者の権限も使いません。");
        loop {
            println!("{WELCOME}");
            let Some(answer) = self.ask_for(">") else { return Ok(()) };
            let done = match half_width(&answer).as_str() {
                "1" => match self.ask_for("作業フォルダーを、この窓に落として Enter を押してください：") {
                    Some(folder) => self.folder(&dropped(&folder)),
                    None => Ok(()),
                },
                "2" => self.init(),
                "3" => self.demo(),
                "4" => self.command(&["selftest".into()]),
                _ if dropped(&answer).exists() => self.folder(&dropped(&answer)),
                _ => Err(Error::new(format!("「{answer}」は番号でもフォルダーでもありません")).next("1 から 4 の番号を打ってください")),
            };
            // a failure is told, and the person may go on
            if let Err(error) = done {
                eprintln!("{error}");
            }
        }
    }

    /// Runs a command as if it had been typed: in a process of its own, so that nothing of it stays behind here.
    fn command(&self, arguments: &[String]) -> Result<()> {
        let failed = |e: io::Error| Error::new(format!("プログラムを始められません：{e}"));
        let program = std::env::current_exe().map_err(failed)?;
        std::process::Command::new(program).args(arguments).status().map(|_| ()).map_err(failed)
    }

    fn init(&mut self) -> Result<()> {
        let Some(prefecture) = self.ask_for("都道府県（番号か名前。例 31、鳥取県）：") else { return Ok(()) };
        let Some(year) = self.ask_for("報告年度（例 2025＝令和7年度報告）：") else { return Ok(()) };
        let Some(place) = self.ask_for("作業フォルダーを作る場所（新しいフォルダーの名前。空のフォルダーを落としてもよい）：")
        else {
            return Ok(());
        };
        let place = dropped(&place);
        let words = ["init", &half_width(&prefecture), "--year", &half_width(&year)].map(str::to_owned);
        self.command(&[&words[..], &[place.to_string_lossy().into_owned()]].concat())?;
        println!("抽出ファイルを置いたら、この窓か kyogi.exe に作業フォルダーを落としてください。");
        Ok(())
    }

    fn demo(&mut self) -> Result<()> {
        let Some(answer) = self.ask("見本を作る場所（Enter だけなら、今の場所の kyogi-demo）：") else { return Ok(()) };
        let mut words = vec!["demo".to_owned()];
        if !answer.is_empty() {
            words.extend(["--dir".to_owned(), dropped(&answer).join("kyogi-demo").to_string_lossy().into_owned()]);
        }
        self.command(&words)?;
        println!("上の index.html をブラウザーで開いてください。");
        Ok(())
    }

    /// What is due in a work folder, and the offer to do it, until nothing more is wanted.
    fn folder(&mut self, path: &Path) -> Result<()> {
        let root = work_folder(path)?;
        loop {
            let workspace = Workspace::open(&root)?;
            let today = next::today();
            let steps = next::steps(&workspace, today)?;
            println!("{}", next::text(&steps, workspace.settings.report_year, today));
            let offers = offers(&steps);
            println!("ここでできること（番号を打って Enter。Enter だけで終わります）");
            for (i, step) in offers.iter().enumerate() {
                println!("  {}  {}{}", i + 1, step.label, if step.is_due(today) { "　← 今すること" } else { "" });
            }
            let Some(answer) = self.ask_for(">") else { return Ok(()) };
            let chosen = half_width(&answer).parse::<usize>().ok().and_then(|n| offers.get(n.checked_sub(1)?));
            match chosen {
                Some(step) => {
                    println!("{}", step.command());
                    if let Err(error) = self.command(&step.arguments) {
                        eprintln!("{error}");
                    }
                    println!();
                }
                None => println!("「{answer}」はありません。\n"),
            }
        }
    }
}

/// Steps that can be started, each command once: under the first step that is not done, since one command may serve several.
fn offers(steps: &[Step]) -> Vec<&Step> {
    let mut seen = BTreeSet::new();
    let (open, done): (Vec<&Step>, Vec<&Step>) = steps.iter().filter(|s| s.is_ready()).partition(|s| s.state != next::State::Done);
    let mut offers: Vec<&Step> = open.into_iter().chain(done).filter(|s| seen.insert(&s.arguments)).collect();
    offers.sort_by_key(|s| steps.iter().position(|t| t.code == s.code));
    offers
}

/// The work folder that a person meant: the one dropped, or the one that the dropped thing lies in.
fn work_folder(path: &Path) -> Result<PathBuf> {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let found = absolute.ancestors().take(3).find(|p| p.join(SETTINGS).is_file());
    found.map(Path::to_path_buf).ok_or_else(|| {
        let next = if path.is_dir() {
            format!("{SETTINGS} の入ったフォルダーを落としてください。まだなければ、kyogi を開いて「2 始める」（kyogi init）で作ってください")
        } else {
            "抽出ファイルは作業フォルダーの input に置き、作業フォルダーのほうを落としてください".into()
        };
        Error::new("作業フォルダーではありません").file(path).next(next)
    })
}

/// A path as the window writes it when something is dropped there: in quotes where it holds spaces.
fn dropped(text: &str) -> PathBuf {
    PathBuf::from(text.trim().trim_matches(['"', '\'']))
}

/// Digits as a Japanese keyboard may give them.
fn half_width(text: &str) -> String {
    let digit = |c: char| "０１２３４５６７８９".chars().zip('0'..).find(|(wide, _)| *wide == c).map_or(c, |(_, narrow)| narrow);
    text.chars().map(digit).collect()
}
