//! Entries in the memory of this process, in front of the files.
//!
//! An entry is good for as long as nobody can have changed it: this process counts its own changes by key
//! ([`Stripes`]), and those of others the database counts as a whole. After another's commit each entry is read from
//! the file once more before it is served again.

use std::time::Duration;

use bytes::Bytes;
use db::Database;
use quick_cache::sync::Cache;

use crate::FirstLevel as Config;
use crate::key::Key;
use crate::stripes::Stripes;

/// What an entry costs beside its key and value.
const OVERHEAD: u64 = 128;

pub(crate) struct FirstLevel {
    entries: Cache<Key, Held, Weighter>,
    largest: u64,
    staleness: Duration,
}

#[derive(Clone)]
pub(crate) struct Held {
    /// Neither compressed nor encrypted.
    pub(crate) stored: Bytes,
    hash: i64,
    shard: usize,
    stamp: Stamp,
}

/// The state of the file and the key when an entry was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    generation: u64,
    changes: u64,
}

#[derive(Clone)]
struct Weighter;

impl quick_cache::Weighter<Key, Held> for Weighter {
    fn weight(&self, key: &Key, held: &Held) -> u64 {
        (key.bytes().len() + held.stored.len()) as u64 + OVERHEAD
    }
}

impl FirstLevel {
    /// `None` where nothing may be kept.
    pub(crate) fn new(config: Option<Config>) -> Option<Self> {
        let config = config.filter(|config| config.max_size > 0 && !config.staleness.is_zero())?;
        let keys = usize::try_from(config.max_size / 512)
            .unwrap_or(usize::MAX)
            .clamp(64, 1 << 20);
        Some(Self {
            entries: Cache::with_weighter(keys, config.max_size, Weighter),
            largest: config.max_size / 8,
            staleness: config.staleness,
        })
    }

    /// What is held under the key, with the key's hash and its shard.
    pub(crate) fn get(&self, key: &[u8]) -> Option<Held> {
        self.entries.get(key)
    }

    /// Whether what is held is still what the file has.
    pub(crate) fn is_current(&self, held: &Held, database: &Database, stripes: &Stripes) -> bool {
        self.stamp(held.hash, database, stripes) == Some(held.stamp)
    }

    /// To be taken before the file is read. `None` when nobody can tell now whether the file changes.
    pub(crate) fn stamp(&self, hash: i64, database: &Database, stripes: &Stripes) -> Option<Stamp> {
        let changes = stripes.stamp(hash);
        let generation = database.foreign_generation(self.staleness)?;
        Some(Stamp {
            generation,
            changes,
        })
    }

    pub(crate) fn hold(&self, key: &Key, shard: usize, stored: Bytes, stamp: Stamp) {
        if stored.len() as u64 > self.largest {
            return;
        }
        let hash = key.hash();
        self.entries.insert(
            key.clone(),
            Held {
                stored,
                hash,
                shard,
                stamp,
            },
        );
    }

    pub(crate) fn clear(&self) {
        self.entries.clear();
    }
}

impl Held {
    pub(crate) fn hash(&self) -> i64 {
        self.hash
    }

    pub(crate) fn shard(&self) -> usize {
        self.shard
    }
}
