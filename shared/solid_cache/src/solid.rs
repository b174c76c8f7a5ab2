//! The entries of one or several database files, with those in memory in front of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use db::{Database, Timestamp};

use crate::entry;
use crate::failsafe::{Failsafe, Failure};
use crate::first_level::FirstLevel;
use crate::keeper::Keeper;
use crate::key::Key;
use crate::leases::Tags;
use crate::maglev::Maglev;
use crate::room::Room;
use crate::shard::Shard;
use crate::stats::Counters;
use crate::{Config, Encryption};

pub(crate) struct Solid {
    files: Vec<File>,
    maglev: Maglev,
    first_level: Option<FirstLevel>,
    counters: Arc<Counters>,
}

struct File {
    shard: Arc<Shard>,
    keeper: Arc<Keeper>,
}

impl Solid {
    pub(crate) fn new(
        shards: Vec<(String, Database)>,
        config: &Config,
        failsafe: &Arc<Failsafe>,
        counters: &Arc<Counters>,
    ) -> Self {
        let cipher = config.encryption.as_ref().map(Encryption::cipher);
        let names: Vec<&str> = shards.iter().map(|(name, _)| name.as_str()).collect();
        let maglev = Maglev::new(&names);
        let files = shards.into_iter().map(|(name, database)| {
            let room = Room::new(config);
            let shard = Shard::new(name, database, room, cipher.clone(), Arc::clone(counters));
            let shard = Arc::new(shard);
            let keeper = Keeper::new(&shard, config, failsafe, counters);
            File { shard, keeper }
        });
        let files: Vec<File> = files.collect();
        let first_level = FirstLevel::new(config.first_level);
        if first_level.is_some() {
            for file in &files {
                file.shard.database.watch_foreign();
            }
        }
        Self {
            files,
            maglev,
            first_level,
            counters: Arc::clone(counters),
        }
    }

    /// What is held in memory under the key, if it is still what the file has.
    pub(crate) fn peek(&self, key: &[u8]) -> Option<Bytes> {
        let first_level = self.first_level.as_ref()?;
        let held = first_level.get(key)?;
        let shard = &self.files.get(held.shard())?.shard;
        // The file may have been deleted: whoever reads it sees to that.
        if shard.is_vigil_due() || !first_level.is_current(&held, &shard.database, &shard.stripes) {
            return None;
        }
        shard.visited(held.hash());
        self.counters.hit_first_level();
        Some(held.stored)
    }

    pub(crate) async fn read(&self, key: &Key) -> Result<Option<Bytes>, Failure> {
        let _timed = self.counters.time_read();
        let place = self.place(key);
        let file = &self.files[place];
        file.shard.vigil().await;
        let first_level = self.first_level.as_ref();
        let stamp = first_level
            .and_then(|level| level.stamp(key.hash(), &file.shard.database, &file.shard.stripes));
        let Some(stored) = file.shard.read(key).await? else {
            return Ok(None);
        };
        if file.shard.visited(key.hash()) {
            file.keeper.visited();
        }
        if let (Some(level), Some(stamp)) = (first_level, stamp) {
            level.hold(key, place, entry::unpacked(&stored), stamp);
        }
        Ok(Some(stored))
    }

    /// What is under each of the keys, in their order.
    pub(crate) async fn read_multi(&self, keys: Vec<Key>) -> Result<Vec<Option<Bytes>>, Failure> {
        let _timed = self.counters.time_read();
        let mut found = vec![None; keys.len()];
        for (place, (indexes, keys)) in self.by_shard(keys) {
            let shard = &self.files[place].shard;
            shard.vigil().await;
            let hashes: Vec<i64> = keys.iter().map(Key::hash).collect();
            let stored = shard.read_multi(keys).await?;
            for ((index, hash), stored) in indexes.into_iter().zip(hashes).zip(stored) {
                if stored.is_some() {
                    shard.visited(hash);
                }
                found[index] = stored;
            }
        }
        Ok(found)
    }

    pub(crate) async fn write(
        &self,
        entries: Vec<(Key, Vec<u8>)>,
        tags: &Tags,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let _timed = self.counters.time_write();
        let mut by_shard = BTreeMap::<usize, Vec<(Key, Vec<u8>)>>::new();
        for (key, stored) in entries {
            by_shard
                .entry(self.place(&key))
                .or_default()
                .push((key, stored));
        }
        for (place, entries) in by_shard {
            let (file, count) = (&self.files[place], entries.len());
            file.shard.vigil().await;
            file.shard.write(entries, tags, now).await?;
            file.keeper.written(count, now);
        }
        Ok(())
    }

    pub(crate) async fn update<R: Send + 'static>(
        &self,
        key: Key,
        tags: &Tags,
        now: Timestamp,
        change: impl FnOnce(Option<&[u8]>) -> (Option<Vec<u8>>, R) + Send + 'static,
    ) -> Result<R, Failure> {
        let _timed = self.counters.time_write();
        let file = self.file(&key);
        file.shard.vigil().await;
        let said = file.shard.update(key, tags, now, change).await?;
        file.keeper.written(1, now);
        Ok(said)
    }

    pub(crate) async fn delete(&self, keys: Vec<Key>) -> Result<usize, Failure> {
        let _timed = self.counters.time_delete();
        let mut deleted = 0;
        for (place, (_, keys)) in self.by_shard(keys) {
            let shard = &self.files[place].shard;
            shard.vigil().await;
            deleted += shard.delete(keys).await?;
        }
        Ok(deleted)
    }

    /// Deletes the entry soon, unless it is another one by then.
    pub(crate) fn discard(&self, key: &Key, stored: Bytes, now: Timestamp) {
        self.file(key).keeper.discard(key, stored, now);
    }

    pub(crate) async fn clear(&self) -> Result<(), Failure> {
        for file in &self.files {
            file.shard.vigil().await;
            file.shard.clear().await?;
        }
        if let Some(level) = &self.first_level {
            level.clear();
        }
        Ok(())
    }

    /// The shard that holds the key.
    pub(crate) fn shard(&self, key: &Key) -> &Arc<Shard> {
        &self.file(key).shard
    }

    pub(crate) fn shards(&self) -> impl Iterator<Item = &Arc<Shard>> {
        self.files.iter().map(|file| &file.shard)
    }

    /// Tells the keeper of the key's file that an entry was written.
    pub(crate) fn written(&self, key: &Key, now: Timestamp) {
        self.file(key).keeper.written(1, now);
    }

    fn file(&self, key: &Key) -> &File {
        &self.files[self.place(key)]
    }

    fn place(&self, key: &Key) -> usize {
        match self.files.len() {
            1 => 0,
            _ => self.maglev.node(key.bytes()),
        }
    }

    /// The keys of each shard, with their places in the list.
    fn by_shard(&self, keys: Vec<Key>) -> BTreeMap<usize, (Vec<usize>, Vec<Key>)> {
        let mut by_shard = BTreeMap::<usize, (Vec<usize>, Vec<Key>)>::new();
        for (index, key) in keys.into_iter().enumerate() {
            let (indexes, keys) = by_shard.entry(self.place(&key)).or_default();
            indexes.push(index);
            keys.push(key);
        }
        by_shard
    }
}
