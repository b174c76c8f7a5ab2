use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Why a database could not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DbError {
    /// The file or its folder could not be opened or created.
    #[error("could not open the database `{}`: {reason}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system or SQLite said.
        reason: String,
    },
    /// The file was migrated by a version of this program that knows more migrations than this one.
    #[error(
        "the database `{}` is of a newer version: it has the migration {version}, which this program does not know",
        path.display()
    )]
    NewerVersion {
        /// The file.
        path: PathBuf,
        /// The first migration that is not known here.
        version: String,
    },
    /// A restore was cut short after it had begun to put its files in place.
    #[error(
        "a restore was cut short: `{}` may lie beside files of another time",
        path.display()
    )]
    HalfRestored {
        /// The file.
        path: PathBuf,
    },
    /// A migration failed; the file is as it was before.
    #[error("could not migrate the database `{}`: {reason}", path.display())]
    Migration {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        reason: String,
    },
    /// Another process held the write lock for longer than the configured timeout.
    #[error("another process held the write lock for {:.1} s", waited.as_secs_f64())]
    Locked {
        /// How long this write waited.
        waited: Duration,
    },
    /// More writes wait than the configured queue takes.
    #[error("{limit} writes are waiting already")]
    Overloaded {
        /// The configured length of the queue.
        limit: usize,
    },
    /// No connection for reading became free.
    #[error("no connection became free")]
    Pool(#[from] r2d2::Error),
    /// A statement failed.
    #[error(transparent)]
    Query(#[from] diesel::result::Error),
    /// The transaction ended before its time.
    #[error("the transaction broke: {reason}")]
    Broken {
        /// What ended it.
        reason: String,
    },
    /// The transaction that carried this write, perhaps together with others, could not be begun or committed.
    #[error("the transaction was rolled back")]
    RolledBack(#[source] Arc<DbError>),
    /// The code that was given to run on the connection panicked; its writes were rolled back.
    #[error("the database work panicked: {0}")]
    Panicked(String),
    /// The runtime was shut down before the work was done.
    #[error("the runtime shut down before the database work was done")]
    ShutDown,
}

impl DbError {
    /// The error that lies beneath the shared transaction of several writes.
    pub fn root(&self) -> &DbError {
        match self {
            Self::RolledBack(cause) => cause.root(),
            other => other,
        }
    }

    /// Whether the same call may well succeed when it is made again later.
    pub fn is_transient(&self) -> bool {
        matches!(
            self.root(),
            Self::Locked { .. } | Self::Overloaded { .. } | Self::Pool(_)
        ) || matches!(self.root(), Self::Query(error) if is_busy(error))
    }

    /// Whether SQLite found that the file is damaged, or that it is no database at all. A file whose content can be
    /// done without is then made anew: [`crate::Database::start_over`].
    pub fn is_corrupt(&self) -> bool {
        self.says("database disk image is malformed") || self.says("file is not a database")
    }

    /// Whether the disk, or the size that was set for the file, is full.
    pub fn is_full(&self) -> bool {
        self.says("database or disk is full")
    }

    /// Whether the file, or its folder, may only be read.
    pub(crate) fn is_read_only(&self) -> bool {
        self.says("attempt to write a readonly database")
    }

    /// Whether the disk failed.
    pub(crate) fn is_io(&self) -> bool {
        self.says("disk I/O error") || self.says("unable to open database file")
    }

    /// Whether these are SQLite's words: diesel has no kinds for them.
    fn says(&self, words: &str) -> bool {
        match self.root() {
            Self::Query(diesel::result::Error::DatabaseError(_, info)) => {
                info.message().contains(words)
            }
            Self::Open { reason, .. }
            | Self::Migration { reason, .. }
            | Self::Broken { reason } => reason.contains(words),
            _ => false,
        }
    }
}

/// Whether SQLite said that another connection holds a lock. diesel has no kind for it, only SQLite's message.
pub(crate) fn is_busy(error: &diesel::result::Error) -> bool {
    matches!(error, diesel::result::Error::DatabaseError(_, info) if info.message().contains("is locked"))
}
