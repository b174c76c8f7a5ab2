use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::connection::{START_PATIENCE, folder};
use crate::{DatabaseConfig, DbError};

/// How long to sleep before looking whether the lock is free.
const RETRY: Duration = Duration::from_millis(1);

/// Keeps processes apart that make files of one folder: those that open one share it, those that make one anew have it
/// alone. It lies on the folder, since closing a descriptor of a database file would drop SQLite's locks on it.
pub(crate) struct FolderLock {
    /// Closing it gives up the lock. `None` where the file system knows no such locks, as it goes without.
    _folder: Option<File>,
    is_alone: bool,
}

impl FolderLock {
    /// For opening the file: shared if it is there already.
    pub(crate) fn for_opening(config: &DatabaseConfig) -> Result<Self, DbError> {
        if !is_missing(&config.path) {
            let lock = Self::take(config, FlockOperation::NonBlockingLockShared)?;
            if !is_missing(&config.path) {
                return Ok(lock);
            }
        }
        Self::alone(config)
    }

    /// For making the file.
    pub(crate) fn alone(config: &DatabaseConfig) -> Result<Self, DbError> {
        Self::take(config, FlockOperation::NonBlockingLockExclusive)
    }

    /// Whether nobody else makes or opens a file of the folder now.
    pub(crate) fn is_alone(&self) -> bool {
        self.is_alone
    }

    fn take(config: &DatabaseConfig, operation: FlockOperation) -> Result<Self, DbError> {
        let start = Instant::now();
        let is_alone = matches!(operation, FlockOperation::NonBlockingLockExclusive);
        let Ok(folder) = File::open(folder(&config.path)) else {
            return Ok(Self {
                _folder: None,
                is_alone,
            });
        };
        loop {
            match flock(&folder, operation) {
                Err(Errno::WOULDBLOCK | Errno::INTR) if start.elapsed() < START_PATIENCE => {
                    std::thread::sleep(RETRY);
                }
                Err(Errno::WOULDBLOCK | Errno::INTR) => {
                    return Err(DbError::Locked {
                        waited: start.elapsed(),
                    });
                }
                outcome => {
                    return Ok(Self {
                        _folder: outcome.is_ok().then_some(folder),
                        is_alone,
                    });
                }
            }
        }
    }
}

/// Whether there is no file, or an empty one: a connection that is opened late leaves such a file behind.
pub(crate) fn is_missing(path: &Path) -> bool {
    std::fs::metadata(path).map_or(true, |metadata| metadata.len() == 0)
}
