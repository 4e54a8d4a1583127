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

    /// An I/O failure while doing `what` with `path`; a full disk and a missing permission get their own advice.
    pub fn io(what: &str, path: &Path, error: &std::io::Error) -> Self {
        use std::io::ErrorKind as K;
        let (reason, next) = match error.kind() {
            _ if is_held(error) => (
                "ほかのプログラムがファイルを使っています",
                "Excel、ブラウザー、エクスプローラーなどで開いていれば閉じて、もう一度実行してください（前のファイルはそのまま残っています）",
            ),
            K::NotFound => ("ファイル又はフォルダーが見つかりません", "場所と名前を確かめてください"),
            K::PermissionDenied => {
                ("アクセスが許可されていません", "ファイルを Excel などで開いていないか、書き込みの権限があるかを確かめてください")
            }
            K::StorageFull | K::QuotaExceeded | K::FileTooLarge => (
                "ディスクの空きがありません",
                "空きを作るか、--out で別のドライブを指定して、もう一度実行してください（前回の資料はそのまま残っています）",
            ),
            _ => ("読み書きに失敗しました", "ディスクの状態を確かめ、もう一度実行してください"),
        };
        Self::new(format!("{what}：{reason}（{error}）")).file(path).next(next)
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
