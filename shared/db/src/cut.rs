//! One moment of several files, while others write to all of them.
//!
//! Who holds the write locks of all files knows that nothing changes, and may begin a read transaction on each. From then
//! on the readers see that moment for as long as they like, and the locks are free again after some microseconds.
//!
//! No deadlock can come of it: the locks are taken in the order of the files, and nobody else waits for the lock of one
//! file while he holds that of another; should somebody do so all the same, what is held is let go after a moment.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::BackupError;
use crate::in_use::InUse;

/// How long writers are held up at most while the locks of the other files are waited for.
const HOLD: Duration = Duration::from_millis(200);
/// How long everybody else has the locks then.
const PAUSE: Duration = Duration::from_millis(50);
/// How long to sleep before looking whether a lock is free.
const RETRY: Duration = Duration::from_micros(50);

/// The same moment of several files, from which they can be copied at leisure. While it lasts the `-wal` files of the
/// originals can only grow.
pub struct Cut {
    files: Vec<(PathBuf, Connection)>,
    /// How long writers were held up: from the first lock to the last.
    pub held: Duration,
    /// The part of it in which all locks were held.
    pub all_held: Duration,
    _in_use: Vec<InUse>,
}

impl Cut {
    /// Waits for the write locks of all files, for as long as `patience`, and pins their state. Blocks the thread.
    ///
    /// # Errors
    /// [`BackupError::Locked`], or [`BackupError::Sqlite`]: a file is missing, or may not be written.
    pub fn take(paths: &[PathBuf], patience: Duration) -> Result<Self, BackupError> {
        let in_use = paths.iter().map(|path| InUse::share(path));
        let in_use = in_use.collect::<Result<_, _>>()?;
        let open = |path: &PathBuf| Ok((path.clone(), open_live(path)?));
        let writers: Vec<_> = paths.iter().map(open).collect::<Result<_, BackupError>>()?;
        let readers: Vec<_> = paths.iter().map(open).collect::<Result<_, BackupError>>()?;
        let start = Instant::now();
        loop {
            match lock_all(&writers, start + patience)? {
                Ok(since) => return pin(&writers, readers, since, in_use),
                Err(path) if start.elapsed() >= patience => {
                    let waited = start.elapsed();
                    return Err(BackupError::Locked { path, waited });
                }
                Err(_) => sleep(PAUSE),
            }
        }
    }

    /// Writes the file at this place in the list to `target`, as one file that needs no others, and waits until it is on
    /// the disk. Blocks the thread.
    ///
    /// # Errors
    /// What SQLite or the system said.
    pub fn copy(&self, at: usize, target: &Path) -> Result<(), BackupError> {
        let Some((_, source)) = self.files.get(at) else {
            return Ok(());
        };
        copy(source, target).map_err(BackupError::sqlite("could not write", target))?;
        let sync = || File::open(target)?.sync_all();
        sync().map_err(BackupError::io("could not write", target))
    }
}

/// Takes all locks, or none: then says which one could not be had. The first may be waited for until `deadline`; from then
/// on writers are held up.
fn lock_all(
    writers: &[(PathBuf, Connection)],
    deadline: Instant,
) -> Result<Result<Instant, PathBuf>, BackupError> {
    let mut deadline = deadline;
    let mut since = None;
    for (at, (path, writer)) in writers.iter().enumerate() {
        if !lock(path, writer, deadline)? {
            unlock(&writers[..at])?;
            return Ok(Err(path.clone()));
        }
        let first = *since.get_or_insert_with(Instant::now);
        deadline = first + HOLD;
    }
    Ok(Ok(since.unwrap_or_else(Instant::now)))
}

fn lock(path: &Path, writer: &Connection, deadline: Instant) -> Result<bool, BackupError> {
    loop {
        match writer.execute_batch("BEGIN IMMEDIATE") {
            Ok(()) => return Ok(true),
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
                if Instant::now() >= deadline {
                    return Ok(false);
                }
                sleep(RETRY);
            }
            Err(error) => return Err(BackupError::sqlite("could not lock", path)(error)),
        }
    }
}

fn unlock(writers: &[(PathBuf, Connection)]) -> Result<(), BackupError> {
    writers.iter().try_for_each(|(path, writer)| {
        let outcome = writer.execute_batch("ROLLBACK");
        outcome.map_err(BackupError::sqlite("could not unlock", path))
    })
}

/// Begins to read all files, and lets the writers go on.
fn pin(
    writers: &[(PathBuf, Connection)],
    readers: Vec<(PathBuf, Connection)>,
    since: Instant,
    in_use: Vec<InUse>,
) -> Result<Cut, BackupError> {
    let all = Instant::now();
    for (path, reader) in &readers {
        let begun = reader.execute_batch("BEGIN").and_then(|()| look(reader));
        begun.map_err(BackupError::sqlite("could not read", path))?;
    }
    unlock(writers)?;
    Ok(Cut {
        files: readers,
        held: since.elapsed(),
        all_held: all.elapsed(),
        _in_use: in_use,
    })
}

/// Opens a file that others use. The first look at it is the slow one: nobody is held up by it yet.
fn open_live(path: &Path) -> Result<Connection, BackupError> {
    let open = || {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(Duration::from_secs(5))?;
        look(&connection)?;
        connection.busy_timeout(Duration::ZERO)?;
        Ok(connection)
    };
    open().map_err(BackupError::sqlite("could not open", path))
}

fn look(connection: &Connection) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached("SELECT count(*) FROM sqlite_schema")?;
    statement.query_row([], |_| Ok(()))
}

fn copy(source: &Connection, target: &Path) -> rusqlite::Result<()> {
    let mut target = Connection::open(target)?;
    // A copy that is cut short is thrown away: nothing has to be undone.
    target.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")?;
    let backup = Backup::new(source, &mut target)?;
    while backup.step(-1)? != StepResult::Done {}
    drop(backup);
    // A WAL file makes two others when it is opened, and cannot be read where nothing may be written.
    target.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(()))
}
