use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::file::Section;
use crate::quantity::Span;
use crate::word::{Word, word};

/// Where cached values are.
#[derive(Clone, Debug, PartialEq)]
pub enum Cache {
    /// Rows in the cache database, for all processes.
    SolidCacheStore(solid_cache::Config),
    /// The memory of each process.
    MemoryStore(solid_cache::Config),
}

/// A section of `cache.yml`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct File {
    #[serde(deserialize_with = "word")]
    adapter: Adapter,
    store_options: StoreOptions,
    /// Which database it is; `database.yml` says where that lies.
    #[serde(rename = "database")]
    _database: Option<IgnoredAny>,
}

#[derive(Clone, Copy, Default)]
enum Adapter {
    #[default]
    SolidCacheStore,
    MemoryStore,
}

impl Word for Adapter {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("solid_cache_store", Self::SolidCacheStore),
        ("memory_store", Self::MemoryStore),
    ];
}

impl Section for File {
    const NAME: &'static str = "cache";
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct StoreOptions {
    max_size: Option<u64>,
    max_entries: Option<u64>,
    max_age: Option<Span>,
    namespace: Option<String>,
    compress: Option<bool>,
}

impl File {
    pub(crate) fn resolve(self) -> Cache {
        let usual = solid_cache::Config::default();
        let options = self.store_options;
        let config = solid_cache::Config {
            namespace: options.namespace.filter(|namespace| !namespace.is_empty()),
            max_size: options.max_size.or(usual.max_size),
            max_entries: options.max_entries.or(usual.max_entries),
            max_age: options.max_age.map(|age| age.0).or(usual.max_age),
            compress: options.compress.unwrap_or(usual.compress),
            ..usual
        };
        match self.adapter {
            Adapter::SolidCacheStore => Cache::SolidCacheStore(config),
            Adapter::MemoryStore => Cache::MemoryStore(config),
        }
    }
}
