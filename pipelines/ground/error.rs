//! One error type: what went wrong, where (file, row, column), and what to do next, in Japanese.

use std::fmt;
use std::path::Path;

pub type Result<T> = std::result::Result<T, Error>;

/// A failure that stops a run. Boxed so that `Result` stays small on the hot paths.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    what: String,
    place: Vec<String>,
    next: Option<String>,
}

impl Error {
    pub fn new(what: impl Into<String>) -> Self {
        Self(Box::new(Inner { what: what.into(), place: Vec::new(), next: None }))
    }

    /// Adds a place, outermost last: `.at("行 12").at("列「報告年度」")`.
    #[must_use]
    pub fn at(mut self, place: impl Into<String>) -> Self {
        self.0.place.push(place.into());
        self
    }

    #[must_use]
    pub fn file(self, path: &Path) -> Self {
        self.at(format!("ファイル {}", path.display()))
    }

    /// What the user can do about it.
    #[must_use]
    pub fn next(mut self, next: impl Into<String>) -> Self {
        self.0.next = Some(next.into());
        self
    }

    /// An I/O failure while doing `what` with `path`: its cause in words, and the advice that fits that cause.
    pub fn io(what: &str, path: &Path, error: &std::io::Error) -> Self {
        let (reason, next) = cause(error);
        let number = error.raw_os_error().map_or_else(String::new, |n| format!("（OS の番号 {n}）"));
        Self::new(format!("{what}：{reason}{number}")).file(path).next(next)
    }

    pub fn what(&self) -> &str {
        &self.0.what
    }
}

/// Whether another program holds the file for itself (Windows: sharing violation, lock violation). It may let go of it soon.
pub fn is_held(error: &std::io::Error) -> bool {
    const SHARING_VIOLATION: i32 = 32;
    const LOCK_VIOLATION: i32 = 33;
    cfg!(windows) && matches!(error.raw_os_error(), Some(SHARING_VIOLATION | LOCK_VIOLATION))
}

/// Why an operation on a file failed, and what to do about it.
fn cause(error: &std::io::Error) -> (&'static str, &'static str) {
    use std::io::ErrorKind as K;
    const CLOSE: &str = "そのファイルやフォルダーを開いているプログラム（Excel など）を閉じて、もう一度実行してください";
    if is_held(error) {
        return ("ほかのプログラムが開いています", CLOSE);
    }
    match error.kind() {
        K::NotFound => ("ファイル又はフォルダーが見つかりません", "場所と名前を確かめてください"),
        K::PermissionDenied if cfg!(windows) => {
            ("アクセスが許可されていません", "Excel などで開いていれば閉じ、書き込みの権限があるかを確かめて、もう一度実行してください")
        }
        K::PermissionDenied => ("アクセスが許可されていません", "読み書きの権限があるかを確かめてください"),
        K::StorageFull | K::QuotaExceeded => (
            "ディスクの空きがありません",
            "空きを作るか、--out で別のドライブを指定して、もう一度実行してください（前回の資料はそのまま残っています）",
        ),
        K::FileTooLarge => ("ファイルが、この場所に置ける大きさを超えています", "大きなファイルを置けるドライブを指定してください"),
        K::ReadOnlyFilesystem => ("書きこめないドライブです", "書きこめる場所を指定してください"),
        K::ResourceBusy | K::ExecutableFileBusy | K::WouldBlock => ("ほかのプログラムが使っています", CLOSE),
        K::CrossesDevices => ("別のドライブにまたがっているため、置きかえられません", "同じドライブの中の場所を指定してください"),
        K::IsADirectory => ("ファイルではなくフォルダーです", "ファイルを指定してください"),
        K::NotADirectory => ("フォルダーがあるはずの場所に、ファイルがあります", "そのファイルを移すか、別の場所を指定してください"),
        K::DirectoryNotEmpty => ("フォルダーが空ではありません", "中のものを移すか、別の場所を指定してください"),
        K::AlreadyExists => ("同じ名前のものがすでにあります", "それを移すか、別の名前を指定してください"),
        K::InvalidFilename => ("名前が長すぎるか、使えない文字があります", "短い名前にして、もう一度実行してください"),
        K::InvalidData => ("文字コードなど、中身を読み取れません", "ファイルを作り直すか、控えから戻してください"),
        K::UnexpectedEof => ("中身が途中で終わっています", "ファイルを写し直すか、控えから戻してください"),
        K::TooManyLinks => ("リンクが多すぎます", "リンクを減らしてください"),
        K::StaleNetworkFileHandle | K::TimedOut | K::HostUnreachable | K::NetworkUnreachable | K::ConnectionReset | K::NotConnected => {
            ("ネットワークのドライブとの接続が切れました", "接続を確かめ、もう一度実行してください")
        }
        K::OutOfMemory => ("メモリーが足りません", "ほかのプログラムを閉じて、もう一度実行してください"),
        // a loop of links has no kind of its own yet
        _ if error.raw_os_error() == Some(40) && cfg!(target_os = "linux") => ("リンクが輪になっています", "リンクを消してください"),
        _ => ("読み書きに失敗しました", "ディスクの状態を確かめ、もう一度実行してください"),
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "エラー：{}", self.0.what)?;
        if !self.0.place.is_empty() {
            write!(f, "\n  場所：{}", self.0.place.join("、"))?;
        }
        if let Some(next) = &self.0.next {
            write!(f, "\n  次にすること：{next}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

/// Errors of the engines (SQL, Parquet, templates) mean a defect or a broken file: keep their text, say where.
macro_rules! engine_error {
    ($($ty:ty => $what:literal),+ $(,)?) => {$(
        impl From<$ty> for Error {
            fn from(error: $ty) -> Self {
                // `{:#}` prints the causes that a template error carries.
                Self::new(format!(concat!($what, "：{:#}"), error))
            }
        }
    )+};
}

engine_error! {
    duckdb::Error => "SQL の実行に失敗しました",
    arrow::error::ArrowError => "表の変換に失敗しました",
    parquet::errors::ParquetError => "Parquet の読み書きに失敗しました",
    minijinja::Error => "様式（テンプレート）の処理に失敗しました",
    polars::error::PolarsError => "表の処理に失敗しました",
    serde_json::Error => "JSON の処理に失敗しました",
}
