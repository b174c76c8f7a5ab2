use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::time::Duration;

use db::{Database, DatabaseConfig, Timestamp};
use solid_cache::{Cache, Config, MIGRATIONS};
use tempfile::TempDir;

/// A cache whose time stands still until a test moves it.
pub(crate) struct Store {
    pub(crate) cache: Cache,
    microseconds: Arc<AtomicI64>,
    _folder: Option<TempDir>,
}

impl Store {
    pub(crate) fn solid() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = DatabaseConfig::new(folder.path().join("cache.sqlite3"));
        let database = Database::open(&config, MIGRATIONS).unwrap();
        Self::new(Cache::solid(database, Config::default()), Some(folder))
    }

    pub(crate) fn memory() -> Self {
        Self::new(Cache::memory(Config::default()), None)
    }

    fn new(cache: Cache, folder: Option<TempDir>) -> Self {
        let microseconds = Arc::new(AtomicI64::new(Timestamp::now().as_microseconds()));
        let clock = Arc::clone(&microseconds);
        Self {
            cache: cache.with_clock(move || Timestamp::from_microseconds(clock.load(Relaxed))),
            microseconds,
            _folder: folder,
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_microseconds(self.microseconds.load(Relaxed))
    }

    pub(crate) fn travel(&self, duration: Duration) {
        let microseconds = i64::try_from(duration.as_micros()).unwrap();
        self.microseconds.fetch_add(microseconds, Relaxed);
    }
}
