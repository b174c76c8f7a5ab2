mod store_options;

use serde::Deserialize;
use serde::de::IgnoredAny;
use solid_cache::Encryption;

use crate::databases::STORES;
use crate::file::Section;
use crate::word::{Word, word};
use store_options::StoreOptions;

/// Where cached values are.
#[derive(Clone, Debug, PartialEq)]
pub enum Cache {
    /// Rows in the cache databases, for all processes.
    SolidCacheStore(solid_cache::Config),
    /// The memory of each process.
    MemoryStore(solid_cache::Config),
    /// Nowhere: each read is a miss.
    NullStore,
}

/// A section of `cache.yml`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct File {
    #[serde(deserialize_with = "word")]
    adapter: Adapter,
    store_options: StoreOptions,
    /// Which database it is; `database.yml` says where that lies.
    database: Option<String>,
    /// Several of them: each holds a part of the entries.
    databases: Option<Vec<String>>,
    encrypt: Option<bool>,
    /// Ours counts each entry, and guesses no sizes.
    #[serde(rename = "size_estimate_samples")]
    _size_estimate_samples: Option<IgnoredAny>,
}

#[derive(Clone, Copy, Default)]
enum Adapter {
    #[default]
    Solid,
    Memory,
    Null,
}

impl Word for Adapter {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("solid_cache_store", Self::Solid),
        ("memory_store", Self::Memory),
        ("null_store", Self::Null),
    ];
}

impl Section for File {
    const NAME: &'static str = "cache";
    const PATH_VARIABLE: Option<&'static str> = Some("SOLID_CACHE_CONFIG");
}

impl File {
    /// The databases that hold the entries, or the key that is wrong and why.
    pub(crate) fn database_names(&self) -> Result<Vec<String>, (String, String)> {
        match (&self.database, &self.databases) {
            (Some(_), Some(_)) => {
                let message = "expected `database` or `databases`, got both";
                Err(("databases".into(), message.into()))
            }
            (Some(name), None) => Ok(vec![checked("database", name, &[])?]),
            (None, Some(names)) => all_checked(names),
            (None, None) => Ok(vec!["cache".into()]),
        }
    }

    /// Whether entries are encrypted.
    pub(crate) fn encrypt(&self) -> bool {
        self.encrypt.unwrap_or_default()
    }

    pub(crate) fn resolve(self, encryption: Option<Encryption>) -> Cache {
        let config = solid_cache::Config {
            encryption,
            ..self.store_options.resolve()
        };
        match self.adapter {
            Adapter::Solid => Cache::SolidCacheStore(config),
            Adapter::Memory => Cache::MemoryStore(config),
            Adapter::Null => Cache::NullStore,
        }
    }
}

fn all_checked(names: &[String]) -> Result<Vec<String>, (String, String)> {
    if names.is_empty() {
        let message = "expected names of databases, got none";
        return Err(("databases".into(), message.into()));
    }
    let check_at =
        |(at, name): (usize, &String)| checked(&format!("databases[{at}]"), name, &names[..at]);
    names.iter().enumerate().map(check_at).collect()
}

/// A name becomes part of a file's, and must not lead to the file of another store or shard.
fn checked(key: &str, name: &str, before: &[String]) -> Result<String, (String, String)> {
    let is_word = |name: &str| {
        name.starts_with(|first: char| first.is_ascii_alphabetic())
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
    };
    let expected = if !is_word(name) {
        "a name of letters, digits, `_` and `-`, the first a letter"
    } else if name != "cache" && STORES.contains(&name) {
        "a database of the cache's own"
    } else if before.iter().any(|other| other == name) {
        "each name once"
    } else {
        return Ok(name.to_owned());
    };
    Err((key.to_owned(), format!("expected {expected}, got `{name}`")))
}
