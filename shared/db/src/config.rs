use std::path::PathBuf;
use std::time::Duration;

/// How one database file is opened. The defaults are those of Rails' SQLite adapter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseConfig {
    /// The file. Its folder is created when it is missing.
    pub path: PathBuf,
    /// Connections that only read, at most. They are opened when they are first needed.
    pub pool: u32,
    /// How long a write waits for the lock of another process before it fails. Opening the file waits longer.
    pub timeout: Duration,
    /// What a commit waits for.
    pub synchronous: Synchronous,
    /// Writes that may wait for the writer at once; one more fails with [`crate::DbError::Overloaded`].
    pub write_queue: usize,
    /// Whether commits of any process are noticed from the files themselves ([`crate::Database::changes`]).
    /// Without it, callers only poll.
    pub watch: bool,
    /// Whether a file that is made anew can give back pages that became free ([`crate::give_back`]). An existing file is
    /// changed by [`crate::Database::vacuum`] only.
    pub auto_vacuum: bool,
}

/// `PRAGMA synchronous`: what a commit waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Synchronous {
    /// The page cache of the system: survives the crash of a process; a power cut may lose the last commits.
    #[default]
    Normal,
    /// The disk: survives a power cut.
    Full,
}

impl DatabaseConfig {
    /// The defaults for the file at `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            pool: 5,
            timeout: Duration::from_secs(5),
            synchronous: Synchronous::Normal,
            write_queue: 10_000,
            watch: true,
            auto_vacuum: false,
        }
    }
}

impl Synchronous {
    pub(crate) fn pragma(self) -> &'static str {
        match self {
            Self::Normal => "NORMAL",
            Self::Full => "FULL",
        }
    }

    /// How long a process that found the lock taken sleeps before it looks again. Short sleeps keep the queue fair;
    /// while commits wait for the disk, shorter ones would only steal the core from the process that holds the lock.
    pub(crate) fn lock_retry(self) -> Duration {
        match self {
            Self::Normal => Duration::from_micros(100),
            Self::Full => Duration::from_millis(1),
        }
    }
}
