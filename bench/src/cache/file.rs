use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, ensure};
use db::{Database, DatabaseConfig};
use solid_cache::{Cache, Config, FirstLevel};
use tempfile::TempDir;

use super::bare::Bare;
use super::by_diesel::ByDiesel;
use super::values::{Values, key};
use crate::folder;

const NAME: &str = "cache.sqlite3";

/// A cache's file in a folder of its own, which goes with it.
pub(crate) struct CacheFile {
    folder: TempDir,
}

/// A first level with room for all that is cached here.
pub(crate) fn first_level() -> FirstLevel {
    FirstLevel {
        max_size: 64 << 20,
        staleness: Duration::from_secs(1),
    }
}

/// The cache as it comes, but for what is kept in memory.
pub(crate) fn from_the_file() -> Config {
    Config {
        first_level: None,
        ..Config::default()
    }
}

impl CacheFile {
    /// With the tables, and no rows.
    pub(crate) fn create() -> Result<Self> {
        let file = Self {
            folder: folder::temporary()?,
        };
        file.open()?;
        Ok(file)
    }

    /// With so many entries.
    pub(crate) async fn with_entries(count: usize, values: &Values) -> Result<Self> {
        let file = Self::create()?;
        let cache = file.cache(from_the_file())?;
        for number in 0..count {
            let written = cache.write_bytes(key(number), values.nth(number)).await;
            ensure!(written, "an entry could not be written");
        }
        Ok(file)
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join(NAME)
    }

    /// The cache as a program opens it.
    pub(crate) fn cache(&self, config: Config) -> Result<Cache> {
        Ok(Cache::solid(self.open()?, config))
    }

    /// SQLite without us.
    pub(crate) fn bare(&self) -> Result<Bare> {
        Bare::open(&self.path())
    }

    /// Diesel without us.
    pub(crate) fn by_diesel(&self) -> Result<ByDiesel> {
        ByDiesel::open(&self.path())
    }

    fn open(&self) -> Result<Database> {
        let config = DatabaseConfig::new(self.path());
        Ok(Database::open(&config, solid_cache::MIGRATIONS)?)
    }
}

/// Bytes on the disk; none when there is no such file.
pub(crate) fn size(path: &Path) -> u64 {
    path.metadata().map_or(0, |metadata| metadata.len())
}
