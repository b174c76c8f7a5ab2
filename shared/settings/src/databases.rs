use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use db::{DatabaseConfig, Synchronous};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::AppEnv;
use crate::file::Section;
use crate::quantity::within;
use crate::word::{Word, word};

/// The names that every `database.yml` may have.
pub(crate) const STORES: [&str; 4] = ["primary", "cache", "queue", "cable"];

/// The files through which the processes coordinate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Databases {
    /// The application's own tables.
    pub primary: DatabaseConfig,
    /// Solid Cache: each file by its name, at least one, in the order of `cache.yml`.
    pub caches: Vec<(String, DatabaseConfig)>,
    /// Solid Queue.
    pub queue: DatabaseConfig,
    /// Solid Cable.
    pub cable: DatabaseConfig,
}

/// A section of `database.yml`: the databases by their names. Which there may be, `cache.yml` says.
#[derive(Default, Deserialize)]
#[serde(transparent)]
pub(crate) struct File {
    entries: BTreeMap<String, Entry>,
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
    /// What is wrong about the names, which are those of stores and of the cache's databases, and about the files of the
    /// latter.
    pub(crate) fn problems(&self, caches: &[String]) -> Vec<(String, String)> {
        let is_known = |name: &&String| STORES.contains(&name.as_str()) || caches.contains(name);
        let unknown = self.entries.keys().filter(|name| !is_known(name));
        let message = |name: &String| {
            format!(
                "unknown field `{name}`, expected {}, or a name that `databases` of cache.yml mentions",
                STORES.map(|name| format!("`{name}`")).join(", ")
            )
        };
        let unknown = unknown.map(|name| (name.clone(), message(name)));
        unknown.chain(self.shared_file(caches)).collect()
    }

    /// Two shards of one file would each take it for their own.
    fn shared_file(&self, caches: &[String]) -> Option<(String, String)> {
        let file = |name: &String| self.entries.get(name)?.database.as_ref();
        caches.iter().enumerate().find_map(|(at, name)| {
            let path = file(name)?;
            let other = caches[..at]
                .iter()
                .find(|other| file(other) == Some(path))?;
            let message = format!("expected a file of its own, got that of `{other}`");
            Some((format!("{name}.database"), message))
        })
    }

    pub(crate) fn resolve(
        mut self,
        storage_dir: &Path,
        app_env: AppEnv,
        caches: &[String],
    ) -> Databases {
        let mut resolve = |name: &str, suffix: &str| {
            let entry = self.entries.remove(name).unwrap_or_default();
            entry.resolve(storage_dir.join(format!("{app_env}{suffix}.sqlite3")))
        };
        let mut cache = |name: &String| DatabaseConfig {
            // What was deleted gives its room back to the system.
            auto_vacuum: true,
            ..resolve(name, &format!("_{name}"))
        };
        Databases {
            caches: caches
                .iter()
                .map(|name| (name.clone(), cache(name)))
                .collect(),
            primary: resolve("primary", ""),
            queue: resolve("queue", "_queue"),
            cable: resolve("cable", "_cable"),
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
