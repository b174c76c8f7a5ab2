use std::collections::HashMap;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Cache;
use crate::entries::typed;
use crate::failsafe::Failure;
use crate::key::Key;
use crate::value::Payload;

type Prepared = Result<Payload, Failure>;

/// Several keys at once.
impl Cache {
    /// The live values under `keys`, by key. What cannot be read is left out.
    pub async fn read_multi<T: DeserializeOwned>(
        &self,
        keys: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> HashMap<String, T> {
        let (names, keys) = self.keys("cache.read_multi", keys);
        let stored = self.shared.adapter.read_multi(keys.clone()).await;
        let stored = self
            .rescue("cache.read_multi", stored)
            .unwrap_or_else(|| vec![None; keys.len()]);
        let mut values = HashMap::new();
        for ((name, key), stored) in names.into_iter().zip(&keys).zip(stored) {
            let value = stored.and_then(|stored| self.one_of_many(key, stored));
            values.extend(value.map(|value| (name, value)));
        }
        tracing::debug!(
            cache.keys = keys.len(),
            cache.hits = values.len(),
            "cache.read_multi"
        );
        self.shared.counters.hit(values.len());
        self.shared
            .counters
            .missed(keys.len().saturating_sub(values.len()));
        values
    }

    /// Puts every value under its key. `false` when that failed for one of them at least.
    pub async fn write_multi<T: Serialize>(
        &self,
        entries: impl IntoIterator<Item = (impl AsRef<str>, T)>,
    ) -> bool {
        let entries: Vec<_> = entries
            .into_iter()
            .map(|(key, value)| {
                (
                    key.as_ref().to_owned(),
                    Payload::of(&value, self.options.format),
                )
            })
            .collect();
        self.put_multi("cache.write_multi", entries).await
    }

    /// The values under `keys`, in their order. Those that are missing are computed, one after the other, and written
    /// together.
    ///
    /// # Errors
    /// Only what `compute` returns; then nothing is written.
    pub async fn fetch_multi<T, E, Fut>(
        &self,
        keys: impl IntoIterator<Item = impl AsRef<str>>,
        mut compute: impl FnMut(String) -> Fut,
    ) -> Result<Vec<(String, T)>, E>
    where
        T: Serialize + DeserializeOwned,
        Fut: Future<Output = Result<T, E>>,
    {
        let keys: Vec<String> = keys
            .into_iter()
            .map(|key| key.as_ref().to_owned())
            .collect();
        let mut hits = if self.options.force {
            HashMap::new()
        } else {
            self.read_multi(&keys).await
        };
        let (mut values, mut computed) = (Vec::with_capacity(keys.len()), Vec::new());
        for key in keys {
            let value = if let Some(hit) = hits.remove(&key) {
                hit
            } else {
                let value = compute(key.clone()).await?;
                computed.push((key.clone(), Payload::of(&value, self.options.format)));
                value
            };
            values.push((key, value));
        }
        computed
            .retain(|(_, payload)| !matches!(payload, Ok(payload) if !self.options.keeps(payload)));
        self.put_multi("cache.fetch_multi", computed).await;
        Ok(values)
    }

    /// Deletes the entries under `keys`, and says how many there were.
    pub async fn delete_multi(&self, keys: impl IntoIterator<Item = impl AsRef<str>>) -> usize {
        let (_, keys) = self.keys("cache.delete", keys);
        for key in &keys {
            self.shared.flights.forget(key);
        }
        let deleted = self.shared.adapter.delete(keys).await;
        let deleted = self.rescue("cache.delete", deleted).unwrap_or(0);
        tracing::debug!(cache.deleted = deleted, "cache.delete");
        deleted
    }

    /// The keys as they were given and as they are stored, without blank ones.
    fn keys(
        &self,
        operation: &'static str,
        names: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> (Vec<String>, Vec<Key>) {
        names
            .into_iter()
            .filter_map(|name| {
                let key = self.rescue(operation, self.key(name.as_ref()))?;
                Some((name.as_ref().to_owned(), key))
            })
            .unzip()
    }

    fn one_of_many<T: DeserializeOwned>(&self, key: &Key, stored: Bytes) -> Option<T> {
        let found = self.rescue(
            "cache.read_multi",
            self.inspect(stored, |entry, _| typed(entry)),
        )?;
        self.live(key, found)
    }

    /// Whether all of them were written.
    async fn put_multi(&self, operation: &'static str, entries: Vec<(String, Prepared)>) -> bool {
        let asked = entries.len();
        let entries: Vec<_> = entries
            .into_iter()
            .filter_map(|(name, payload)| self.rescue(operation, self.prepare(&name, payload)))
            .collect();
        let all = entries.len() == asked;
        let written = self.store_multi(entries).await;
        self.rescue(operation, written).unwrap_or(false) && all
    }

    fn prepare(&self, name: &str, payload: Prepared) -> Result<(Key, Payload), Failure> {
        Ok((self.key(name)?, payload?))
    }

    async fn store_multi(&self, entries: Vec<(Key, Payload)>) -> Result<bool, Failure> {
        let (now, count) = (self.clock.now(), entries.len());
        tracing::debug!(cache.keys = count, "cache.write_multi");
        let entries = entries.into_iter().map(|(key, payload)| {
            self.shared.flights.forget(&key);
            let stored = self.typed_entry(&payload, now);
            (key, stored)
        });
        if !self.options.unless_exist {
            let tags = &self.options.tags;
            self.shared
                .adapter
                .write(entries.collect(), tags, now)
                .await?;
            self.shared.counters.wrote(count);
            return Ok(true);
        }
        let mut all = true;
        for (key, stored) in entries.collect::<Vec<_>>() {
            all &= self.store(key, stored, now).await?;
        }
        Ok(all)
    }
}
