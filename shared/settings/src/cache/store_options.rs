use serde::de;
use serde::{Deserialize, Deserializer};
use solid_cache::{Config, Eviction};

use crate::quantity::{Limit, LongSpan, Span, limit, within};
use crate::word::{Word, word};

/// How the cache stores and forgets.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct StoreOptions {
    namespace: Option<String>,
    max_age: Limit<LongSpan>,
    #[serde(deserialize_with = "limit")]
    max_entries: Option<u64>,
    #[serde(deserialize_with = "limit")]
    max_size: Option<u64>,
    compress: Option<bool>,
    #[serde(deserialize_with = "within::<0, { i64::MAX }, _, _>")]
    compress_threshold: usize,
    #[serde(deserialize_with = "within::<64, { i64::MAX }, _, _>")]
    max_key_bytesize: usize,
    #[serde(deserialize_with = "within::<1, 100_000, _, _>")]
    expiry_batch_size: usize,
    expires_in: Limit<LongSpan>,
    race_condition_ttl: Limit<LongSpan>,
    first_level: Limit<FirstLevel>,
    #[serde(deserialize_with = "namespaces")]
    pinned: Vec<String>,
    #[serde(deserialize_with = "word")]
    eviction: Evicts,
    lease: Limit<Span>,
    /// Both words mean the same here: a task beside the work.
    #[serde(rename = "expiry_method", deserialize_with = "word")]
    _expiry_method: ExpiryMethod,
    /// Expiry is no job here.
    #[serde(rename = "expiry_queue")]
    _expiry_queue: Option<String>,
    /// SQLite has one way to empty a table.
    #[serde(rename = "clear_with", deserialize_with = "word")]
    _clear_with: ClearWith,
}

/// The entries that a process keeps in its memory, before those of the file.
#[derive(Deserialize)]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "`max_size` and `staleness`, or false"
)]
struct FirstLevel {
    #[serde(deserialize_with = "within::<1, { i64::MAX }, _, _>")]
    max_size: u64,
    staleness: Span,
}

#[derive(Clone, Copy)]
enum Evicts {
    Sieve,
    Fifo,
}

#[derive(Clone, Copy)]
enum ExpiryMethod {
    Thread,
    Job,
}

#[derive(Clone, Copy)]
enum ClearWith {
    Truncate,
    Delete,
}

impl Word for Evicts {
    const WORDS: &'static [(&'static str, Self)] = &[("sieve", Self::Sieve), ("fifo", Self::Fifo)];
}

impl Word for ExpiryMethod {
    const WORDS: &'static [(&'static str, Self)] = &[("thread", Self::Thread), ("job", Self::Job)];
}

impl Word for ClearWith {
    const WORDS: &'static [(&'static str, Self)] =
        &[("truncate", Self::Truncate), ("delete", Self::Delete)];
}

impl Default for StoreOptions {
    fn default() -> Self {
        let usual = Config::default();
        Self {
            namespace: usual.namespace,
            max_age: Limit::Usual,
            max_entries: usual.max_entries,
            max_size: usual.max_size,
            compress: None,
            compress_threshold: usual.compress_threshold,
            max_key_bytesize: usual.max_key_bytesize,
            expiry_batch_size: usual.expiry_batch_size,
            expires_in: Limit::Usual,
            race_condition_ttl: Limit::Usual,
            first_level: Limit::Usual,
            pinned: usual.pinned,
            eviction: match usual.eviction {
                Eviction::Sieve => Evicts::Sieve,
                Eviction::Fifo => Evicts::Fifo,
            },
            lease: Limit::Usual,
            _expiry_method: ExpiryMethod::Thread,
            _expiry_queue: None,
            _clear_with: ClearWith::Truncate,
        }
    }
}

impl Default for FirstLevel {
    fn default() -> Self {
        let usual = solid_cache::FirstLevel::default();
        Self {
            max_size: usual.max_size,
            staleness: Span(usual.staleness),
        }
    }
}

impl StoreOptions {
    pub(super) fn resolve(self) -> Config {
        let usual = Config::default();
        Config {
            namespace: self.namespace.filter(|namespace| !namespace.is_empty()),
            max_age: self.max_age.map(LongSpan::into).or(usual.max_age),
            max_entries: self.max_entries,
            max_size: self.max_size,
            expiry_batch_size: self.expiry_batch_size,
            max_key_bytesize: self.max_key_bytesize,
            compress: self.compress.unwrap_or(usual.compress),
            compress_threshold: self.compress_threshold,
            expires_in: self.expires_in.map(LongSpan::into).or(usual.expires_in),
            race_condition_ttl: self
                .race_condition_ttl
                .map(LongSpan::into)
                .or(usual.race_condition_ttl),
            first_level: self
                .first_level
                .map(FirstLevel::resolve)
                .or(usual.first_level),
            pinned: self.pinned,
            eviction: match self.eviction {
                Evicts::Sieve => Eviction::Sieve,
                Evicts::Fifo => Eviction::Fifo,
            },
            lease: self
                .lease
                .map(|span| span.0)
                .or(Some(usual.lease))
                .unwrap_or_default(),
            encryption: usual.encryption,
        }
    }
}

impl FirstLevel {
    fn resolve(self) -> solid_cache::FirstLevel {
        solid_cache::FirstLevel {
            max_size: self.max_size,
            staleness: self.staleness.0,
        }
    }
}

fn namespaces<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let names = Vec::<String>::deserialize(deserializer)?;
    if names.iter().any(String::is_empty) {
        return Err(de::Error::custom("expected namespaces, got an empty one"));
    }
    Ok(names)
}
