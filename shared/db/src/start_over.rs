//! A file that was deleted, replaced or damaged gives way to a sound one.
//!
//! Other processes may still have the old one open. Its connections know it by its inode, and SQLite deletes no `-wal`
//! file by name when the database that it belongs to has moved, so they can go on until they notice. The new file must
//! not meet the `-wal` and `-shm` of the old one, however: those are found by name.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use std::{fs, io};

use diesel_migrations::EmbeddedMigrations;

use crate::folder_lock::{FolderLock, is_missing};
use crate::foreign::Generation;
use crate::open_file::OpenFile;
use crate::{DatabaseConfig, DbError, connection};

/// What SQLite keeps beside a database.
const COMPANIONS: [&str; 2] = ["-wal", "-shm"];

/// What [`crate::Database::start_over`] did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StartedOver {
    /// It opened the sound file that lay at the path, which somebody else had made.
    Reopened,
    /// It made the file anew.
    Recreated {
        /// Where the damaged file lies now, if there was one.
        moved_to: Option<PathBuf>,
    },
}

/// Opens a sound file in place of `old`, which must stay open until this is done: while it is, no other process closes
/// the file as the last one and deletes its `-wal`.
pub(crate) fn start_over(
    old: &OpenFile,
    config: &Arc<DatabaseConfig>,
    migrations: EmbeddedMigrations,
    generation: &Arc<Generation>,
) -> Result<(OpenFile, StartedOver), DbError> {
    connection::make_folder(config)?;
    let lock = FolderLock::alone(config)?;
    // Under the lock: whoever came first has made the file that is there now.
    let done = if is_missing(&config.path) {
        StartedOver::Recreated { moved_to: None }
    } else if old.is_at(&config.path) || is_corrupt(config) {
        StartedOver::Recreated {
            moved_to: Some(move_aside(&config.path).map_err(failed(config))?),
        }
    } else {
        StartedOver::Reopened
    };
    let file = OpenFile::open_locked(&lock, config, migrations, generation)?;
    Ok((file, done))
}

/// Moves a file aside that is too damaged to be opened, unless another process did so meanwhile. Says where it lies now.
pub(crate) fn discard_damaged(
    config: &Arc<DatabaseConfig>,
    migrations: EmbeddedMigrations,
) -> Result<Option<PathBuf>, DbError> {
    let lock = FolderLock::alone(config)?;
    match OpenFile::open_locked(&lock, config, migrations, &Arc::default()) {
        Err(error) if error.is_corrupt() => {
            Ok(Some(move_aside(&config.path).map_err(failed(config))?))
        }
        _ => Ok(None),
    }
}

/// Whether the file cannot even be opened.
fn is_corrupt(config: &DatabaseConfig) -> bool {
    connection::open(config).is_err_and(|error| error.is_corrupt())
}

/// Moves the file out of the way, where it can be looked at. Copies of earlier times go: one is enough to tell what
/// happened, and they would fill the disk.
fn move_aside(path: &Path) -> io::Result<PathBuf> {
    let prefix = with_suffix(path, ".corrupt-");
    for entry in fs::read_dir(connection::folder(path))? {
        let name = entry?.file_name();
        if is_copy(&name, &prefix) {
            absent(fs::remove_file(path.with_file_name(name)))?;
        }
    }
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let aside = with_suffix(&prefix, &now.as_secs().to_string());
    fs::rename(path, &aside)?;
    for companion in COMPANIONS {
        absent(fs::rename(
            with_suffix(path, companion),
            with_suffix(&aside, companion),
        ))?;
    }
    Ok(aside)
}

fn is_copy(name: &OsString, prefix: &Path) -> bool {
    let prefix = prefix.file_name().unwrap_or_default().as_encoded_bytes();
    name.as_encoded_bytes().starts_with(prefix)
}

/// Removes what a deleted database left behind: it would be taken for a part of the new one.
pub(crate) fn remove_leftovers(config: &DatabaseConfig) -> Result<(), DbError> {
    for companion in COMPANIONS {
        absent(fs::remove_file(with_suffix(&config.path, companion))).map_err(failed(config))?;
    }
    Ok(())
}

/// It is all the same when the file is not there.
fn absent(outcome: io::Result<()>) -> io::Result<()> {
    match outcome {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        outcome => outcome,
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn failed(config: &DatabaseConfig) -> impl Fn(io::Error) -> DbError {
    |error| DbError::Open {
        path: config.path.clone(),
        reason: error.to_string(),
    }
}
