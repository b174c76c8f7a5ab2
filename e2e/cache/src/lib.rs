//! Faults of the cache, over real processes: kills, deleted and damaged files, a full disk, a held lock.
//!
//! The program `cache_actor` counts, fills, reads or fetches. The tests start several of it on one file, make trouble,
//! and judge by what the callers got, what was logged, and what is left in the file.
#![warn(missing_docs)]

mod progress;
mod scene;

use std::path::PathBuf;
use std::time::Duration;

use db::{Database, DatabaseConfig, DbError};
use solid_cache::{Cache, Config, FirstLevel};

pub use progress::Progress;
pub use scene::{Scene, end, stop};

/// Bytes that the file may have.
pub const MAX_SIZE: u64 = 2 * 1024 * 1024;

/// How many different entries are written: about twice as many as find room.
pub const KEYS: u64 = 3_000;

/// What an entry is filled up to.
const VALUE_SIZE: usize = 1024;

/// How a process opens the file.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The file.
    pub file: PathBuf,
    /// How long a write waits for the lock.
    pub timeout: Duration,
    /// Whether entries are kept in memory, in front of the file.
    pub first_level: bool,
}

impl Settings {
    /// Opens the file, which always has the same limits.
    ///
    /// # Errors
    /// As [`Database::open`].
    pub fn open(self) -> Result<Cache, DbError> {
        let config = Config {
            max_size: Some(MAX_SIZE),
            compress: false,
            first_level: self.first_level.then(FirstLevel::default),
            ..Config::default()
        };
        Ok(Cache::solid(self.database()?, config))
    }

    /// The file without the cache.
    ///
    /// # Errors
    /// As [`Database::open`].
    pub fn database(self) -> Result<Database, DbError> {
        let config = DatabaseConfig {
            timeout: self.timeout,
            auto_vacuum: true,
            ..DatabaseConfig::new(self.file)
        };
        Database::open(&config, solid_cache::MIGRATIONS)
    }
}

/// The key of an entry.
pub fn key(number: u64) -> String {
    format!("entry/{number}")
}

/// What is written under [`key`] of the same number, and never anything else.
pub fn value(number: u64) -> String {
    let word = format!("{number} ");
    word.chars().cycle().take(VALUE_SIZE).collect()
}
