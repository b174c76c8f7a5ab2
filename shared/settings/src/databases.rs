use std::path::PathBuf;
use std::time::Duration;

use db::{DatabaseConfig, Synchronous};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::AppEnv;
use crate::file::Section;
use crate::quantity::within;
use crate::word::{Word, word};

/// The four files through which the processes coordinate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Databases {
    /// The application's own tables.
    pub primary: DatabaseConfig,
    /// Solid Cache.
    pub cache: DatabaseConfig,
    /// Solid Queue.
    pub queue: DatabaseConfig,
    /// Solid Cable.
    pub cable: DatabaseConfig,
}

/// A section of `database.yml`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct File {
    primary: Entry,
    cache: Entry,
    queue: Entry,
    cable: Entry,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Entry {
    #[serde(deserialize_with = "word")]
    adapter: Adapter,
    database: Option<PathBuf>,
    #[serde(
        alias = "max_connections",
        deserialize_with = "within::<1, 1000, _, _>"
    )]
    pool: u32,
    /// Milliseconds.
    timeout: u64,
    #[serde(deserialize_with = "word")]
    synchronous: Level,
    watch: bool,
    /// Where Rails keeps migrations; ours are in the binaries.
    #[serde(rename = "migrations_paths")]
    _migrations_paths: serde::de::IgnoredAny,
}

#[derive(Clone, Copy)]
enum Adapter {
    Sqlite3,
}

#[derive(Clone, Copy)]
enum Level {
    Normal,
    Full,
}

impl Word for Adapter {
    const WORDS: &'static [(&'static str, Self)] = &[("sqlite3", Self::Sqlite3)];
}

impl Word for Level {
    const WORDS: &'static [(&'static str, Self)] =
        &[("normal", Self::Normal), ("full", Self::Full)];
}

impl Default for Entry {
    fn default() -> Self {
        Self {
            adapter: Adapter::Sqlite3,
            database: None,
            pool: 5,
            timeout: 5_000,
            synchronous: Level::Normal,
            watch: true,
            _migrations_paths: serde::de::IgnoredAny,
        }
    }
}

impl Section for File {
    const NAME: &'static str = "database";

    /// Rails writes the keys of an application's only database straight into the section: here they are those of the
    /// primary one, and the others have their defaults.
    fn arrange(section: Value) -> Value {
        let is_flat = section
            .as_object()
            .is_some_and(|keys| !keys.is_empty() && !keys.values().any(Value::is_object));
        if is_flat {
            json!({ "primary": section })
        } else {
            section
        }
    }
}

impl File {
    pub(crate) fn resolve(self, storage_dir: &std::path::Path, app_env: AppEnv) -> Databases {
        let resolve = |entry: Entry, suffix: &str| {
            entry.resolve(storage_dir.join(format!("{app_env}{suffix}.sqlite3")))
        };
        Databases {
            primary: resolve(self.primary, ""),
            cache: resolve(self.cache, "_cache"),
            queue: resolve(self.queue, "_queue"),
            cable: resolve(self.cable, "_cable"),
        }
    }
}

impl Entry {
    fn resolve(self, usual: PathBuf) -> DatabaseConfig {
        let Adapter::Sqlite3 = self.adapter;
        DatabaseConfig {
            pool: self.pool,
            timeout: Duration::from_millis(self.timeout),
            synchronous: match self.synchronous {
                Level::Normal => Synchronous::Normal,
                Level::Full => Synchronous::Full,
            },
            watch: self.watch,
            ..DatabaseConfig::new(self.database.unwrap_or(usual))
        }
    }
}
