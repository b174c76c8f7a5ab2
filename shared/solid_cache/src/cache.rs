use std::fmt;
use std::sync::Arc;

use db::{Database, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::adapter::Adapter;
use crate::clock::Clock;
use crate::entry::Entry;
use crate::failsafe::{Failsafe, Failure};
use crate::key::Key;
use crate::memory::Memory;
use crate::options::Options;
use crate::single_flight::Flights;
use crate::solid::Solid;
use crate::stats::Counters;
use crate::value::{self, Value};
use crate::{Config, Stats};

/// A cache. Cheap to clone; clones, and the handles its builders return, share their entries.
#[derive(Clone)]
pub struct Cache {
    pub(crate) shared: Arc<Shared>,
    pub(crate) clock: Clock,
    pub(crate) options: Options,
}

pub(crate) struct Shared {
    pub(crate) adapter: Adapter,
    pub(crate) config: Config,
    pub(crate) flights: Flights,
    pub(crate) failsafe: Arc<Failsafe>,
    pub(crate) counters: Arc<Counters>,
}

/// What a look at the store found under a key.
pub(crate) enum Found<T> {
    Live(T),
    /// With the bytes as they are stored.
    Expired(Vec<u8>),
    Nothing,
}

impl Cache {
    /// A cache in the file of `database`, which has to have been opened with [`crate::MIGRATIONS`].
    pub fn solid(database: Database, config: Config) -> Self {
        Self::new(config, |config, failsafe, counters| {
            Adapter::Solid(Solid::new(database, config, failsafe, counters))
        })
    }

    /// A cache in the memory of this process, 32 MiB large unless `config` says otherwise.
    pub fn memory(config: Config) -> Self {
        Self::new(config, |config, _, counters| {
            Adapter::Memory(Memory::new(config, Arc::clone(counters)))
        })
    }

    fn new(
        config: Config,
        adapter: impl FnOnce(&Config, &Arc<Failsafe>, &Arc<Counters>) -> Adapter,
    ) -> Self {
        let (failsafe, counters) = (Arc::default(), Arc::default());
        Self {
            shared: Arc::new(Shared {
                adapter: adapter(&config, &failsafe, &counters),
                config,
                flights: Flights::default(),
                failsafe,
                counters,
            }),
            clock: Clock::default(),
            options: Options::default(),
        }
    }

    /// The same cache by another clock: a test travels in time by it.
    #[must_use]
    pub fn with_clock(mut self, now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        self.clock = Clock::new(now);
        self
    }

    /// The value under `key`, if there is a live one that is a `T`.
    pub async fn read<T: DeserializeOwned>(&self, key: impl AsRef<str>) -> Option<T> {
        self.look_up("cache.read", key.as_ref(), typed).await
    }

    /// The string under `key`, as Rails reads and writes strings.
    pub async fn read_text(&self, key: impl AsRef<str>) -> Option<String> {
        self.look_up("cache.read", key.as_ref(), |value| {
            value.text().ok_or(Failure::NotText)
        })
        .await
    }

    /// Whether there is a live entry under `key`.
    pub async fn exist(&self, key: impl AsRef<str>) -> bool {
        let found = async {
            let key = self.key(key.as_ref())?;
            let found = self.find(&key, |_| Ok(())).await?;
            Ok(self.live(&key, found))
        };
        let found = self.rescue("cache.exist", found.await);
        found.flatten().is_some()
    }

    /// Puts `value` under `key`. `false` when that failed, or when a live entry was to be spared
    /// ([`Cache::unless_exist`]).
    pub async fn write<T: Serialize + ?Sized>(&self, key: impl AsRef<str>, value: &T) -> bool {
        let written = async {
            let json = value::json(value).map_err(Failure::Unwritable)?;
            self.put(key.as_ref(), |now| self.text_entry(&json, now))
                .await
        };
        self.rescue("cache.write", written.await).unwrap_or(false)
    }

    /// Puts a string under `key` that Rails reads as a String. The result is that of [`Cache::write`].
    pub async fn write_text(&self, key: impl AsRef<str>, text: impl AsRef<str>) -> bool {
        let text = text.as_ref().as_bytes();
        let written = self.put(key.as_ref(), |now| self.text_entry(text, now));
        self.rescue("cache.write", written.await).unwrap_or(false)
    }

    /// Deletes the entry under `key`, and says whether there was one.
    pub async fn delete(&self, key: impl AsRef<str>) -> bool {
        self.delete_multi([key]).await > 0
    }

    /// Deletes all entries, those of other namespaces too. `false` when that failed.
    pub async fn clear(&self) -> bool {
        self.shared.flights.forget_all();
        tracing::debug!("cache.clear");
        let cleared = self.shared.adapter.clear().await;
        self.rescue("cache.clear", cleared).is_some()
    }

    /// What the cache did so far, in this process.
    pub fn stats(&self) -> Stats {
        self.shared.counters.snapshot()
    }

    pub(crate) async fn look_up<T>(
        &self,
        operation: &'static str,
        key: &str,
        convert: impl FnOnce(Value<'_>) -> Result<T, Failure>,
    ) -> Option<T> {
        let found = async {
            let key = self.key(key)?;
            let found = self.find(&key, convert).await?;
            Ok(self.live(&key, found))
        };
        let value = self.rescue(operation, found.await).flatten();
        self.shared.counters.looked_up(value.is_some());
        tracing::debug!(cache.key = key, cache.hit = value.is_some(), "{operation}");
        value
    }

    /// Looks at the store.
    pub(crate) async fn find<T>(
        &self,
        key: &Key,
        convert: impl FnOnce(Value<'_>) -> Result<T, Failure>,
    ) -> Result<Found<T>, Failure> {
        let Some(stored) = self.shared.adapter.read(key).await? else {
            return Ok(Found::Nothing);
        };
        self.inspect(stored, convert)
    }

    /// The value, if it is live; an expired entry is deleted, but the caller does not wait for that.
    pub(crate) fn live<T>(&self, key: &Key, found: Found<T>) -> Option<T> {
        match found {
            Found::Live(value) => Some(value),
            Found::Expired(stored) => {
                self.shared.adapter.discard(key, stored, self.clock.now());
                None
            }
            Found::Nothing => None,
        }
    }

    /// What `stored` is to this handle.
    pub(crate) fn inspect<T>(
        &self,
        stored: Vec<u8>,
        convert: impl FnOnce(Value<'_>) -> Result<T, Failure>,
    ) -> Result<Found<T>, Failure> {
        let entry = Entry::parse(&stored)?;
        if entry.is_expired(self.clock.now()) {
            return Ok(Found::Expired(stored));
        }
        if entry.is_mismatched(self.options.version()) {
            return Ok(Found::Nothing);
        }
        Ok(Found::Live(convert(entry.value()?)?))
    }

    /// Writes the entry that `encode` makes for the present moment.
    pub(crate) async fn put(
        &self,
        key: &str,
        encode: impl FnOnce(Timestamp) -> Vec<u8>,
    ) -> Result<bool, Failure> {
        let key = self.key(key)?;
        self.shared.flights.forget(&key);
        let now = self.clock.now();
        let stored = encode(now);
        tracing::debug!(cache.key = %key, cache.size_bytes = stored.len(), "cache.write");
        self.store(key, stored, now).await
    }

    /// Writes one entry as the options say.
    pub(crate) async fn store(
        &self,
        key: Key,
        stored: Vec<u8>,
        now: Timestamp,
    ) -> Result<bool, Failure> {
        let adapter = &self.shared.adapter;
        let written = if self.options.unless_exist {
            let add = move |current: Option<&[u8]>| match current {
                Some(current) if is_live(current, now) => (None, false),
                _ => (Some(stored), true),
            };
            adapter.update(key, now, add).await?
        } else {
            adapter.write(vec![(key, stored)], now).await?;
            true
        };
        self.shared.counters.wrote(usize::from(written));
        Ok(written)
    }

    pub(crate) fn key(&self, name: &str) -> Result<Key, Failure> {
        Key::new(name, &self.shared.config)
    }

    pub(crate) fn rescue<T>(
        &self,
        operation: &'static str,
        outcome: Result<T, Failure>,
    ) -> Option<T> {
        self.shared
            .failsafe
            .rescue(operation, outcome, &self.shared.counters)
    }
}

/// A stored value as JSON of a `T`.
pub(crate) fn typed<T: DeserializeOwned>(value: Value<'_>) -> Result<T, Failure> {
    value.typed().map_err(Failure::WrongType)
}

/// Whether an entry stands in the way of another; one that nobody can read does not.
fn is_live(stored: &[u8], now: Timestamp) -> bool {
    Entry::parse(stored).is_ok_and(|entry| !entry.is_expired(now))
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache")
            .field("config", &self.shared.config)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
