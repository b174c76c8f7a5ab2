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
    database: Option<Database>,
    _folder: Option<TempDir>,
}

impl Store {
    pub(crate) fn solid() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = DatabaseConfig::new(folder.path().join("cache.sqlite3"));
        let database = Database::open(&config, MIGRATIONS).unwrap();
        Self::new(Some(database), Some(folder))
    }

    pub(crate) fn memory() -> Self {
        Self::new(None, None)
    }

    fn new(database: Option<Database>, folder: Option<TempDir>) -> Self {
        let microseconds = Arc::new(AtomicI64::new(Timestamp::now().as_microseconds()));
        Self {
            cache: open(database.as_ref(), &microseconds, Config::default()),
            microseconds,
            database,
            _folder: folder,
        }
    }

    /// Another cache of this kind, by the same clock; on the same file, if there is one.
    pub(crate) fn configured(&self, config: Config) -> Cache {
        open(self.database.as_ref(), &self.microseconds, config)
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_microseconds(self.microseconds.load(Relaxed))
    }

    pub(crate) fn travel(&self, duration: Duration) {
        let microseconds = i64::try_from(duration.as_micros()).unwrap();
        self.microseconds.fetch_add(microseconds, Relaxed);
    }
}

fn open(database: Option<&Database>, microseconds: &Arc<AtomicI64>, config: Config) -> Cache {
    let clock = Arc::clone(microseconds);
    let cache = match database {
        Some(database) => Cache::solid(database.clone(), config),
        None => Cache::memory(config),
    };
    cache.with_clock(move || Timestamp::from_microseconds(clock.load(Relaxed)))
}
