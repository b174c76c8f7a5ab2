use std::fs::{self, File};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Result, ensure};
use db::{Database, DatabaseConfig};
use solid_queue::{JobId, Queue};
use tempfile::TempDir;

use super::bare::Bare;
use super::probe::Probe;
use crate::folder;

const NAME: &str = "queue.sqlite3";
/// Jobs in one call when a file is filled.
const CHUNK: u32 = 1000;

/// A queue in a folder of its own, which goes with it.
pub(crate) struct QueueFile {
    folder: TempDir,
    besides: AtomicU32,
}

impl QueueFile {
    /// With the tables, and no rows.
    pub(crate) fn create() -> Result<Self> {
        let file = Self::in_new_folder()?;
        file.open()?;
        Ok(file)
    }

    /// With so many ready probes. Returns the jobs' ids, too, in the order of the probes' numbers.
    pub(crate) async fn with_probes(count: u32) -> Result<(Self, Vec<JobId>)> {
        let file = Self::create()?;
        let queue = file.queue()?;
        let mut ids = Vec::new();
        for first in (0..count).step_by(usize::try_from(CHUNK)?) {
            let numbers = first..count.min(first + CHUNK);
            let probes = numbers.map(|number| Probe { number }).collect();
            ids.extend(queue.perform_all_later(probes).await?.into_iter().flatten());
        }
        Ok((file, ids))
    }

    /// The same rows in a file of their own. Nobody may have this one open.
    pub(crate) fn copy(&self) -> Result<Self> {
        let is_open = self.path().with_extension("sqlite3-wal").exists();
        ensure!(!is_open, "the file is still open");
        let copy = Self::in_new_folder()?;
        fs::copy(self.path(), copy.path())?;
        copy.sync()?;
        Ok(copy)
    }

    /// Brings all of it to the disk now, so that no checkpoint waits for it later. Nobody may have it open: closing a
    /// file drops the locks that SQLite holds on it.
    pub(crate) fn sync(&self) -> Result<()> {
        Ok(File::options().write(true).open(self.path())?.sync_all()?)
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join(NAME)
    }

    /// A new path in the same folder.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        let number = self.besides.fetch_add(1, Ordering::Relaxed);
        self.folder.path().join(format!("{name}-{number}.json"))
    }

    /// The queue as a program opens it.
    pub(crate) fn queue(&self) -> Result<Queue> {
        Ok(Queue::solid(self.open()?))
    }

    /// SQLite without us.
    pub(crate) fn bare(&self) -> Result<Bare> {
        Bare::open(&self.path())
    }

    fn open(&self) -> Result<Database> {
        let config = DatabaseConfig::new(self.path());
        Ok(Database::open(&config, solid_queue::MIGRATIONS)?)
    }

    fn in_new_folder() -> Result<Self> {
        Ok(Self {
            folder: folder::temporary()?,
            besides: AtomicU32::new(0),
        })
    }
}
