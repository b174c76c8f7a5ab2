use std::collections::HashMap;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Cache;
use crate::cache::typed;
use crate::failsafe::Failure;
use crate::key::Key;
use crate::value;

/// Several keys at once.
impl Cache {
    /// The live values under `keys`, by key.
    pub async fn read_multi<T: DeserializeOwned>(
        &self,
        keys: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> HashMap<String, T> {
        let names: Vec<String> = keys
            .into_iter()
            .map(|key| key.as_ref().to_owned())
            .collect();
        let (asked, stored) = (names.len(), self.stored(names).await);
        let values = self.rescue("cache.read_multi", stored).unwrap_or_default();
        let values: HashMap<_, _> = values
            .into_iter()
            .filter_map(|(name, key, stored)| Some((name, self.one_of_many(&key, stored)?)))
            .collect();
        for place in 0..asked {
            self.shared.counters.looked_up(place < values.len());
        }
        tracing::debug!(
            cache.keys = asked,
            cache.hits = values.len(),
            "cache.read_multi"
        );
        values
    }

    /// Puts every value under its key. `false` when that failed, for one of them at least.
    pub async fn write_multi<T: Serialize>(
        &self,
        entries: impl IntoIterator<Item = (impl AsRef<str>, T)>,
    ) -> bool {
        let entries: Result<Vec<_>, Failure> = entries
            .into_iter()
            .map(|(key, value)| {
                let json = value::json(&value).map_err(Failure::Unwritable)?;
                Ok((self.key(key.as_ref())?, json))
            })
            .collect();
        let written = match entries {
            Ok(entries) => self.put_multi(entries).await,
            Err(failure) => Err(failure),
        };
        self.rescue("cache.write_multi", written).unwrap_or(false)
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
        let mut hits = match self.options.force {
            true => HashMap::new(),
            false => self.read_multi(&keys).await,
        };
        let mut values = Vec::with_capacity(keys.len());
        let mut computed = Vec::new();
        for key in keys {
            let value = if let Some(hit) = hits.remove(&key) {
                hit
            } else {
                let value = compute(key.clone()).await?;
                computed.push((key.clone(), value::json(&value)));
                value
            };
            values.push((key, value));
        }
        self.keep(computed).await;
        Ok(values)
    }

    /// Deletes the entries under `keys`, and says how many there were.
    pub async fn delete_multi(&self, keys: impl IntoIterator<Item = impl AsRef<str>>) -> usize {
        let keys: Result<Vec<Key>, Failure> =
            keys.into_iter().map(|key| self.key(key.as_ref())).collect();
        let deleted = match keys {
            Ok(keys) => {
                keys.iter().for_each(|key| self.shared.flights.forget(key));
                self.shared.adapter.delete(keys).await
            }
            Err(failure) => Err(failure),
        };
        let deleted = self.rescue("cache.delete", deleted).unwrap_or(0);
        tracing::debug!(cache.deleted = deleted, "cache.delete");
        deleted
    }

    async fn stored(&self, names: Vec<String>) -> Result<Vec<(String, Key, Vec<u8>)>, Failure> {
        let keys: Vec<Key> = names
            .iter()
            .map(|name| self.key(name))
            .collect::<Result<_, _>>()?;
        let stored = self.shared.adapter.read_multi(keys.clone()).await?;
        let found = names.into_iter().zip(keys).zip(stored);
        Ok(found
            .filter_map(|((name, key), stored)| Some((name, key, stored?)))
            .collect())
    }

    fn one_of_many<T: DeserializeOwned>(&self, key: &Key, stored: Vec<u8>) -> Option<T> {
        let found = self.rescue("cache.read_multi", self.inspect(stored, typed))?;
        self.live(key, found)
    }

    async fn keep(&self, computed: Vec<(String, serde_json::Result<Vec<u8>>)>) {
        let entries: Result<Vec<_>, Failure> = computed
            .into_iter()
            .map(|(key, json)| Ok((self.key(&key)?, json.map_err(Failure::Unwritable)?)))
            .filter(|entry| !matches!(entry, Ok((_, json)) if !self.options.keeps(json)))
            .collect();
        let written = match entries {
            Ok(entries) => self.put_multi(entries).await,
            Err(failure) => Err(failure),
        };
        self.rescue("cache.fetch_multi", written);
    }

    async fn put_multi(&self, entries: Vec<(Key, Vec<u8>)>) -> Result<bool, Failure> {
        let now = self.clock.now();
        let mut all = true;
        let mut plain = Vec::with_capacity(entries.len());
        for (key, json) in entries {
            self.shared.flights.forget(&key);
            let stored = self.text_entry(&json, now);
            if self.options.unless_exist {
                all &= self.store(key, stored, now).await?;
            } else {
                plain.push((key, stored));
            }
        }
        tracing::debug!(cache.keys = plain.len(), "cache.write_multi");
        let count = plain.len();
        self.shared.adapter.write(plain, now).await?;
        self.shared.counters.wrote(count);
        Ok(all)
    }
}
