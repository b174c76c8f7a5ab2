use bytes::Bytes;
use db::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Cache;
use crate::entry::Entry;
use crate::failsafe::Failure;
use crate::key::Key;
use crate::value::Payload;

/// What a look at the store found under a key.
pub(crate) enum Found<T> {
    Live(T),
    /// With the bytes as they are stored.
    Expired(Bytes),
    Nothing,
}

/// One key at a time.
impl Cache {
    /// The value under `key`, if there is a live one that is a `T`.
    pub async fn read<T: DeserializeOwned>(&self, key: impl AsRef<str>) -> Option<T> {
        self.look_up("cache.read", key.as_ref(), typed).await
    }

    /// The bytes of the string under `key`, whatever they mean. A read that needs no look at the file copies nothing.
    pub async fn read_bytes(&self, key: impl AsRef<str>) -> Option<Bytes> {
        let bytes =
            |entry: &Entry<'_>, stored: &Bytes| entry.bytes(stored)?.ok_or(Failure::NotText);
        self.look_up_stored("cache.read", key.as_ref(), bytes).await
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
            let found = self.find(&key, |_, _| Ok(())).await?;
            Ok(self.live(&key, found))
        };
        let found = self.rescue("cache.exist", found.await);
        found.flatten().is_some()
    }

    /// Puts `value` under `key`. `false` when that failed, or when a live entry was to be spared
    /// ([`Cache::unless_exist`]).
    pub async fn write<T: Serialize + ?Sized>(&self, key: impl AsRef<str>, value: &T) -> bool {
        let written = async {
            let payload = Payload::of(value, self.options.format)?;
            self.put(key.as_ref(), |now| self.typed_entry(&payload, now))
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

    /// Puts bytes under `key`, as Rails reads and writes a binary String. The result is that of [`Cache::write`].
    pub async fn write_bytes(&self, key: impl AsRef<str>, bytes: impl AsRef<[u8]>) -> bool {
        let written = self.put(key.as_ref(), |now| self.bytes_entry(bytes.as_ref(), now));
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
        convert: impl Fn(&Entry<'_>) -> Result<T, Failure>,
    ) -> Option<T> {
        self.look_up_stored(operation, key, |entry, _| convert(entry))
            .await
    }

    async fn look_up_stored<T>(
        &self,
        operation: &'static str,
        key: &str,
        convert: impl Fn(&Entry<'_>, &Bytes) -> Result<T, Failure>,
    ) -> Option<T> {
        let value = match self.find_at_hand(key, &convert) {
            Some(value) => Some(value),
            None => self.look_further(operation, key, convert).await,
        };
        match &value {
            Some(_) => self.shared.counters.hit(1),
            None => self.shared.counters.missed(1),
        }
        tracing::debug!(cache.key = key, cache.hit = value.is_some(), "{operation}");
        value
    }

    /// A live value that needs no look at the store. Whatever else there is, the store says better.
    pub(crate) fn find_at_hand<T>(
        &self,
        key: &str,
        convert: impl Fn(&Entry<'_>, &Bytes) -> Result<T, Failure>,
    ) -> Option<T> {
        match self.inspect(self.peek(key)?, convert) {
            Ok(Found::Live(value)) => Some(value),
            Ok(Found::Expired(_) | Found::Nothing) | Err(_) => None,
        }
    }

    async fn look_further<T>(
        &self,
        operation: &'static str,
        key: &str,
        convert: impl Fn(&Entry<'_>, &Bytes) -> Result<T, Failure>,
    ) -> Option<T> {
        let found = async {
            let key = self.key(key)?;
            let found = self.find(&key, convert).await?;
            Ok(self.live(&key, found))
        };
        self.rescue(operation, found.await).flatten()
    }

    /// Looks at the store.
    pub(crate) async fn find<T>(
        &self,
        key: &Key,
        convert: impl Fn(&Entry<'_>, &Bytes) -> Result<T, Failure>,
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
        stored: Bytes,
        convert: impl Fn(&Entry<'_>, &Bytes) -> Result<T, Failure>,
    ) -> Result<Found<T>, Failure> {
        let entry = Entry::parse(&stored)?;
        if entry.stamp.expires_at.is_some() && entry.is_expired(self.clock.now()) {
            return Ok(Found::Expired(stored));
        }
        if entry.is_mismatched(self.options.version()) {
            return Ok(Found::Nothing);
        }
        Ok(Found::Live(convert(&entry, &stored)?))
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
            adapter.update(key, &self.options.tags, now, add).await?
        } else {
            adapter
                .write(vec![(key, stored)], &self.options.tags, now)
                .await?;
            true
        };
        self.shared.counters.wrote(usize::from(written));
        Ok(written)
    }
}

/// The entry as a `T`.
pub(crate) fn typed<T: DeserializeOwned>(entry: &Entry<'_>) -> Result<T, Failure> {
    entry.value()?.typed()
}

/// Whether an entry stands in the way of another; one that nobody can read does not.
fn is_live(stored: &[u8], now: Timestamp) -> bool {
    Entry::parse(stored).is_ok_and(|entry| !entry.is_expired(now))
}
