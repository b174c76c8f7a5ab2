use std::io;
use std::path::{Path, PathBuf};

use db::{BackupError, DbError, Holder};

/// Why a backup could not be made, read or restored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file of the suite is not there.
    #[error("there is no {store} database at {}", path.display())]
    Missing {
        /// Which one.
        store: String,
        /// Where it should be.
        path: PathBuf,
    },
    /// Another process makes a backup into this folder.
    #[error("another process makes a backup into {}", .0.display())]
    Busy(PathBuf),
    /// A copy of a live file is damaged, as the file itself must be.
    #[error("the {store} database is damaged: {}", problems.join("; "))]
    Damaged {
        /// Which one.
        store: String,
        /// What SQLite found.
        problems: Vec<String>,
    },
    /// The folder is not a backup.
    #[error("{} is no backup: {reason}", path.display())]
    NoBackup {
        /// The folder.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The backup is not what was once written.
    #[error("the backup {} is not sound:\n       {}", path.display(), problems.join("\n       "))]
    Unsound {
        /// The folder.
        path: PathBuf,
        /// What is wrong, one line each.
        problems: Vec<String>,
    },
    /// The settings name no such database.
    #[error("the backup has a database `{0}`, which the settings do not")]
    Unknown(String),
    /// The backup lacks what cannot be made anew.
    #[error("the backup has no `{0}` database, which the settings have")]
    Incomplete(String),
    /// Files would be overwritten.
    #[error("there are files already: {}", join(.0))]
    Occupied(Vec<PathBuf>),
    /// Somebody has the files open.
    #[error("the files are in use by {}", names(.0))]
    InUse(Vec<Holder>),
    /// The program is too old for the files of the backup.
    #[error(
        "the {store} database of the backup is of a newer version: it has the migration {version}, with which this program cannot work"
    )]
    Newer {
        /// Which one.
        store: String,
        /// The migration.
        version: String,
    },
    /// Another database file could not get a new epoch.
    #[error("could not give the {store} database a new epoch")]
    Epoch {
        /// Which one.
        store: String,
        /// What went wrong.
        source: DbError,
    },
    /// A database file could not be copied or read.
    #[error(transparent)]
    Database(#[from] BackupError),
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
}

impl Error {
    pub(crate) fn io<'a>(what: &'static str, path: &'a Path) -> impl Fn(io::Error) -> Self + 'a {
        move |source| Self::Io {
            what,
            path: path.to_owned(),
            source,
        }
    }
}

fn join(paths: &[PathBuf]) -> String {
    let paths: Vec<_> = paths
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    paths.join(", ")
}

fn names(holders: &[Holder]) -> String {
    if holders.is_empty() {
        return "a process that cannot be seen from here, as in another container".into();
    }
    let names = holders.iter();
    let names: Vec<_> = names
        .map(|holder| format!("{} (process {})", holder.name, holder.pid))
        .collect();
    names.join(", ")
}
