use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use db::Timestamp;

use crate::Config;
use crate::entry::Entry;
use crate::key::Key;
use crate::leases::Tags;
use crate::stats::Counters;

/// What Rails' memory store holds at most unless it is told otherwise, and what it takes an entry itself to cost.
const MAX_SIZE: u64 = 32 * 1024 * 1024;
const OVERHEAD: u64 = 240;

/// Entries in the memory of this process. When there are too many, the expired ones go, then the least recently used,
/// until a quarter is free.
pub(crate) struct Memory {
    max_size: u64,
    max_entries: u64,
    counters: Arc<Counters>,
    entries: Mutex<Entries>,
}

#[derive(Default)]
struct Entries {
    by_key: HashMap<Key, Slot>,
    /// The keys by when they were last used.
    by_use: BTreeMap<u64, Key>,
    uses: u64,
    size: u64,
}

struct Slot {
    stored: Bytes,
    used: u64,
    tags: Tags,
}

impl Memory {
    pub(crate) fn new(config: &Config, counters: Arc<Counters>) -> Self {
        Self {
            max_size: config.max_size.unwrap_or(MAX_SIZE),
            max_entries: config.max_entries.unwrap_or(u64::MAX),
            counters,
            entries: Mutex::default(),
        }
    }

    pub(crate) fn read(&self, key: &Key) -> Option<Bytes> {
        self.lock().get(key).cloned()
    }

    pub(crate) fn write(&self, new: Vec<(Key, Vec<u8>)>, tags: &Tags, now: Timestamp) {
        let mut entries = self.lock();
        for (key, stored) in new {
            entries.insert(key, stored.into(), tags);
        }
        self.prune(&mut entries, now);
    }

    pub(crate) fn update<R>(
        &self,
        key: Key,
        tags: &Tags,
        now: Timestamp,
        change: impl FnOnce(Option<&[u8]>) -> (Option<Vec<u8>>, R),
    ) -> R {
        let mut entries = self.lock();
        let (stored, said) = change(entries.get(&key).map(Bytes::as_ref));
        if let Some(stored) = stored {
            entries.insert(key, stored.into(), tags);
            self.prune(&mut entries, now);
        }
        said
    }

    pub(crate) fn delete(&self, keys: &[Key]) -> usize {
        let mut entries = self.lock();
        keys.iter().filter(|key| entries.remove(key)).count()
    }

    pub(crate) fn discard(&self, key: &Key, stored: &[u8]) {
        let mut entries = self.lock();
        if entries
            .by_key
            .get(key)
            .is_some_and(|slot| slot.stored == stored)
        {
            entries.remove(key);
        }
    }

    pub(crate) fn delete_prefix(&self, prefix: &[u8]) -> usize {
        self.lock()
            .remove_where(|key, _| key.bytes().starts_with(prefix))
    }

    pub(crate) fn delete_tag(&self, tag: &str) -> usize {
        self.lock()
            .remove_where(|_, slot| slot.tags.iter().any(|carried| carried == tag))
    }

    pub(crate) fn clear(&self) {
        *self.lock() = Entries::default();
    }

    fn prune(&self, entries: &mut Entries, now: Timestamp) {
        if !entries.exceed(self.max_size, self.max_entries) {
            return;
        }
        let before = entries.by_key.len();
        entries.remove_expired(now);
        while entries.exceed(self.max_size / 4 * 3, self.max_entries) && entries.remove_oldest() {}
        self.counters.evicted(before - entries.by_key.len());
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entries {
    fn get(&mut self, key: &Key) -> Option<&Bytes> {
        let slot = self.by_key.get_mut(key)?;
        self.uses += 1;
        if let Some(key) = self.by_use.remove(&slot.used) {
            self.by_use.insert(self.uses, key);
        }
        slot.used = self.uses;
        Some(&slot.stored)
    }

    fn insert(&mut self, key: Key, stored: Bytes, tags: &Tags) {
        self.remove(&key);
        self.uses += 1;
        self.size += cost(&key, &stored);
        self.by_use.insert(self.uses, key.clone());
        let used = self.uses;
        let tags = Tags::clone(tags);
        self.by_key.insert(key, Slot { stored, used, tags });
    }

    fn remove(&mut self, key: &Key) -> bool {
        let Some(slot) = self.by_key.remove(key) else {
            return false;
        };
        self.by_use.remove(&slot.used);
        self.size -= cost(key, &slot.stored);
        true
    }

    fn remove_oldest(&mut self) -> bool {
        let oldest = self.by_use.first_key_value().map(|(_, key)| key.clone());
        oldest.is_some_and(|key| self.remove(&key))
    }

    fn remove_expired(&mut self, now: Timestamp) {
        self.remove_where(|_, slot| {
            Entry::parse(&slot.stored).is_ok_and(|entry| entry.is_expired(now))
        });
    }

    fn remove_where(&mut self, matches: impl Fn(&Key, &Slot) -> bool) -> usize {
        let matching: Vec<Key> = self
            .by_key
            .iter()
            .filter(|(key, slot)| matches(key, slot))
            .map(|(key, _)| key.clone())
            .collect();
        matching.iter().filter(|key| self.remove(key)).count()
    }

    fn exceed(&self, size: u64, count: u64) -> bool {
        self.size > size || self.by_key.len() as u64 > count
    }
}

fn cost(key: &Key, stored: &[u8]) -> u64 {
    (key.bytes().len() + stored.len()) as u64 + OVERHEAD
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory(max_size: u64) -> Memory {
        let config = Config {
            max_size: Some(max_size),
            ..Config::default()
        };
        Memory::new(&config, Arc::default())
    }

    fn key(name: &str) -> Key {
        Key::new(name, None, 1024).unwrap()
    }

    /// Writes an entry that costs 250 bytes.
    fn write(memory: &Memory, name: &str) {
        let tags: Tags = Arc::new([]);
        memory.write(vec![(key(name), vec![0; 9])], &tags, Timestamp::now());
    }

    #[test]
    fn the_least_recently_used_go_first() {
        let memory = memory(1000);
        for name in ["a", "b", "c", "d"] {
            write(&memory, name);
        }
        memory.read(&key("a"));
        write(&memory, "e");
        let left = ["a", "b", "c", "d", "e"].map(|name| memory.read(&key(name)).is_some());
        assert_eq!(left, [true, false, false, true, true]);
        assert_eq!(memory.counters.snapshot().evictions, 2);
    }

    #[test]
    fn overwriting_costs_nothing() {
        let memory = memory(1000);
        for _ in 0..10 {
            write(&memory, "a");
        }
        assert_eq!(memory.lock().size, 250);
        memory.delete(&[key("a")]);
        assert_eq!(memory.lock().size, 0);
        assert!(memory.lock().by_use.is_empty());
    }
}
