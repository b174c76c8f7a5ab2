use db::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Cache;
use crate::entry::Entry;
use crate::failsafe::Failure;
use crate::key::Key;
use crate::value;

/// What a look at the store found under a key.
pub(crate) enum Found<T> {
    Live(T),
    /// With the bytes as they are stored.
    Expired(Vec<u8>),
    Nothing,
}

/// One key at a time.
impl Cache {
    /// The value under `key`, if there is a live one that is a `T`.
    pub async fn read<T: DeserializeOwned>(&self, key: impl AsRef<str>) -> Option<T> {
        self.look_up("cache.read", key.as_ref(), typed).await
    }

    /// The string under `key`, as Rails reads and writes strings.
    pub async fn read_text(&self, key: impl AsRef<str>) -> Option<String> {
        self.look_up("cache.read", key.as_ref(), |entry| {
            entry.value()?.text().ok_or(Failure::NotText)
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

    pub(crate) async fn look_up<T>(
        &self,
        operation: &'static str,
        key: &str,
        convert: impl FnOnce(&Entry<'_>) -> Result<T, Failure>,
    ) -> Option<T> {
        let found = async {
            let key = self.key(key)?;
            let found = self.find(&key, convert).await?;
            Ok(self.live(&key, found))
        };
        let value = self.rescue(operation, found.await).flatten();
        match &value {
            Some(_) => self.shared.counters.hit(1),
            None => self.shared.counters.missed(1),
        }
        tracing::debug!(cache.key = key, cache.hit = value.is_some(), "{operation}");
        value
    }

    /// Looks at the store.
    pub(crate) async fn find<T>(
        &self,
        key: &Key,
        convert: impl FnOnce(&Entry<'_>) -> Result<T, Failure>,
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
        convert: impl FnOnce(&Entry<'_>) -> Result<T, Failure>,
    ) -> Result<Found<T>, Failure> {
        let entry = Entry::parse(&stored)?;
        if entry.is_expired(self.clock.now()) {
            return Ok(Found::Expired(stored));
        }
        if entry.is_mismatched(self.options.version()) {
            return Ok(Found::Nothing);
        }
        Ok(Found::Live(convert(&entry)?))
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
}

/// The entry as a `T`.
pub(crate) fn typed<T: DeserializeOwned>(entry: &Entry<'_>) -> Result<T, Failure> {
    entry.value()?.typed().map_err(Failure::WrongType)
}

/// Whether an entry stands in the way of another; one that nobody can read does not.
fn is_live(stored: &[u8], now: Timestamp) -> bool {
    Entry::parse(stored).is_ok_and(|entry| !entry.is_expired(now))
}
