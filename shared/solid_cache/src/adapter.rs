use bytes::Bytes;
use db::Timestamp;

use crate::failsafe::Failure;
use crate::key::Key;
use crate::leases::Tags;
use crate::memory::Memory;
use crate::solid::Solid;

/// Where the entries are. An adapter knows keys and bytes; what the bytes mean is no business of its.
pub(crate) enum Adapter {
    Solid(Solid),
    Memory(Memory),
    /// Nowhere.
    Null,
}

impl Adapter {
    /// What is at hand without any wait. `None` says nothing about what there is.
    pub(crate) fn peek(&self, key: &[u8]) -> Option<Bytes> {
        match self {
            Self::Solid(solid) => solid.peek(key),
            Self::Memory(_) | Self::Null => None,
        }
    }

    pub(crate) async fn read(&self, key: &Key) -> Result<Option<Bytes>, Failure> {
        match self {
            Self::Solid(solid) => solid.read(key).await,
            Self::Memory(memory) => Ok(memory.read(key)),
            Self::Null => Ok(None),
        }
    }

    /// What is under each of the keys, in their order.
    pub(crate) async fn read_multi(&self, keys: Vec<Key>) -> Result<Vec<Option<Bytes>>, Failure> {
        match self {
            Self::Solid(solid) => solid.read_multi(keys).await,
            Self::Memory(memory) => Ok(keys.iter().map(|key| memory.read(key)).collect()),
            Self::Null => Ok(vec![None; keys.len()]),
        }
    }

    pub(crate) async fn write(
        &self,
        entries: Vec<(Key, Vec<u8>)>,
        tags: &Tags,
        now: Timestamp,
    ) -> Result<(), Failure> {
        match self {
            Self::Solid(solid) => solid.write(entries, tags, now).await?,
            Self::Memory(memory) => memory.write(entries, tags, now),
            Self::Null => {}
        }
        Ok(())
    }

    /// Replaces what is under the key with what `change` makes of it, if it makes anything; returns what `change` says
    /// besides. Nobody reads or writes the entry meanwhile.
    pub(crate) async fn update<R: Send + 'static>(
        &self,
        key: Key,
        tags: &Tags,
        now: Timestamp,
        change: impl FnOnce(Option<&[u8]>) -> (Option<Vec<u8>>, R) + Send + 'static,
    ) -> Result<R, Failure> {
        match self {
            Self::Solid(solid) => solid.update(key, tags, now, change).await,
            Self::Memory(memory) => Ok(memory.update(key, tags, now, change)),
            Self::Null => Ok(change(None).1),
        }
    }

    /// How many there were.
    pub(crate) async fn delete(&self, keys: Vec<Key>) -> Result<usize, Failure> {
        match self {
            Self::Solid(solid) => solid.delete(keys).await,
            Self::Memory(memory) => Ok(memory.delete(&keys)),
            Self::Null => Ok(0),
        }
    }

    /// Deletes the entry soon, unless it is another one by then. Best effort; returns at once.
    pub(crate) fn discard(&self, key: &Key, stored: Bytes, now: Timestamp) {
        match self {
            Self::Solid(solid) => solid.discard(key, stored, now),
            Self::Memory(memory) => memory.discard(key, &stored),
            Self::Null => {}
        }
    }

    /// Deletes the entries whose keys begin so, and says how many there were.
    pub(crate) async fn delete_prefix(&self, prefix: Vec<u8>) -> Result<usize, Failure> {
        match self {
            Self::Solid(solid) => solid.delete_prefix(prefix).await,
            Self::Memory(memory) => Ok(memory.delete_prefix(&prefix)),
            Self::Null => Ok(0),
        }
    }

    /// Deletes the entries that carry the tag, and says how many there were.
    pub(crate) async fn delete_tag(&self, tag: String) -> Result<usize, Failure> {
        match self {
            Self::Solid(solid) => solid.delete_tag(tag).await,
            Self::Memory(memory) => Ok(memory.delete_tag(&tag)),
            Self::Null => Ok(0),
        }
    }

    pub(crate) async fn clear(&self) -> Result<(), Failure> {
        match self {
            Self::Solid(solid) => solid.clear().await?,
            Self::Memory(memory) => memory.clear(),
            Self::Null => {}
        }
        Ok(())
    }
}
