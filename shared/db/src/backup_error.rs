use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::DbError;

/// Why a file could not be copied, or looked into.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// SQLite refused something.
    #[error("{what} the database `{}`: {source}", path.display())]
    Sqlite {
        /// What was to be done.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// The system refused something.
    #[error("{what} `{}`: {source}", path.display())]
    Io {
        /// What was to be done.
        what: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The write locks of all files could not be had at once.
    #[error("another process held the write lock of `{}` for {:.1} s", path.display(), waited.as_secs_f64())]
    Locked {
        /// The file whose lock was not free.
        path: PathBuf,
        /// How long the locks were tried for.
        waited: Duration,
    },
    /// The files are being restored, or only half of them were.
    #[error(transparent)]
    InUse(#[from] DbError),
}

impl BackupError {
    pub(crate) fn sqlite<'a>(
        what: &'static str,
        path: &'a Path,
    ) -> impl Fn(rusqlite::Error) -> Self + 'a {
        move |source| Self::Sqlite {
            what,
            path: path.to_owned(),
            source,
        }
    }

    pub(crate) fn io<'a>(what: &'static str, path: &'a Path) -> impl Fn(io::Error) -> Self + 'a {
        move |source| Self::Io {
            what,
            path: path.to_owned(),
            source,
        }
    }

    /// Whether the file, its folder or its `-shm` may not be written: reading a WAL file needs that, too.
    pub fn is_read_only(&self) -> bool {
        use rusqlite::ErrorCode::{CannotOpen, PermissionDenied, ReadOnly};
        matches!(self, Self::Sqlite { source, .. }
            if matches!(source.sqlite_error_code(), Some(CannotOpen | PermissionDenied | ReadOnly)))
    }
}
