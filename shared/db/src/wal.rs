//! Keeps a `-wal` file from growing without end.
//!
//! SQLite begins it anew only at a moment at which all of it was written back and nobody reads from it. While several
//! processes write without a pause, on a disk that takes its time, others commit during every write-back, and there is no
//! such moment: the file grows until the disk is full. A write-back with the write lock held makes one.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection as _;
use diesel::{QueryResult, SqliteConnection};

use crate::connection::NO_BUSY_HANDLER;
use crate::error::is_busy;
use crate::space;

/// From here on it is made small. SQLite itself writes back when there are 4 MiB.
const LIMIT: u64 = 16 << 20;
/// How many commits go by between two looks at the size.
const COMMITS: u32 = 64;
/// How long to leave the others alone after a try: a long read, such as a backup, may stand in the way for some time.
const PAUSE: Duration = Duration::from_millis(200);

/// How long to try. The callers have their answers; who writes next in this process waits.
const PATIENCE: Duration = Duration::from_millis(500);
const RETRY: Duration = Duration::from_millis(1);

/// The `-wal` of one file.
pub(crate) struct Wal {
    path: PathBuf,
    commits: AtomicU32,
    tried: Mutex<Option<Instant>>,
    is_due: AtomicBool,
}

impl Wal {
    pub(crate) fn of(database: &Path) -> Self {
        let mut path = database.as_os_str().to_owned();
        path.push("-wal");
        Self {
            path: path.into(),
            commits: AtomicU32::new(0),
            tried: Mutex::new(None),
            is_due: AtomicBool::new(false),
        }
    }

    /// To be called after a commit. Whether the file should be made small, on a thread that may block.
    pub(crate) fn committed(&self) -> bool {
        let commits = self.commits.fetch_add(1, Ordering::Relaxed);
        let is_due = commits.is_multiple_of(COMMITS) && self.is_large() && self.is_time();
        if is_due {
            self.is_due.store(true, Ordering::Relaxed);
        }
        is_due
    }

    /// Makes the file small if that is due.
    pub(crate) fn keep_small(&self, connection: &mut SqliteConnection) {
        if !self.is_due.swap(false, Ordering::Relaxed) {
            return;
        }
        if let Err(error) = make_small(connection) {
            let path = self.path.display();
            tracing::debug!(db.path = %path, error = %error, "could not make the -wal file small");
        }
    }

    fn is_large(&self) -> bool {
        std::fs::metadata(&self.path).is_ok_and(|metadata| metadata.len() > LIMIT)
    }

    fn is_time(&self) -> bool {
        let Ok(mut tried) = self.tried.lock() else {
            return false;
        };
        let is_time = tried.is_none_or(|tried| tried.elapsed() >= PAUSE);
        if is_time {
            *tried = Some(Instant::now());
        }
        is_time
    }
}

/// Tries until nobody else writes back, who would begin anew with each commit. Writers and readers in the way are waited for
/// by SQLite itself.
fn make_small(connection: &mut SqliteConnection) -> QueryResult<()> {
    connection.batch_execute("PRAGMA busy_timeout = 100")?;
    let start = Instant::now();
    let outcome = loop {
        match space::number(connection, "PRAGMA wal_checkpoint(TRUNCATE)") {
            Ok(0) => break Ok(()),
            Err(error) if !is_busy(&error) => break Err(error),
            _ if start.elapsed() >= PATIENCE => break Ok(()),
            _ => sleep(RETRY),
        }
    };
    connection.batch_execute(NO_BUSY_HANDLER)?;
    outcome
}
