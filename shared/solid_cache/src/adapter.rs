use db::Timestamp;

use crate::failsafe::Failure;
use crate::key::Key;
use crate::memory::Memory;
use crate::solid::Solid;

/// Where the entries are. An adapter knows keys and bytes; what the bytes mean is no business of its.
pub(crate) enum Adapter {
    Solid(Solid),
    Memory(Memory),
}

impl Adapter {
    pub(crate) async fn read(&self, key: &Key) -> Result<Option<Vec<u8>>, Failure> {
        match self {
            Self::Solid(solid) => Ok(solid.read(key).await?),
            Self::Memory(memory) => Ok(memory.read(key)),
        }
    }

    /// What is under each of the keys, in their order.
    pub(crate) async fn read_multi(&self, keys: Vec<Key>) -> Result<Vec<Option<Vec<u8>>>, Failure> {
        match self {
            Self::Solid(solid) => Ok(solid.read_multi(keys).await?),
            Self::Memory(memory) => Ok(keys.iter().map(|key| memory.read(key)).collect()),
        }
    }

    pub(crate) async fn write(
        &self,
        entries: Vec<(Key, Vec<u8>)>,
        now: Timestamp,
    ) -> Result<(), Failure> {
        match self {
            Self::Solid(solid) => solid.write(entries, now).await?,
            Self::Memory(memory) => memory.write(entries, now),
        }
        Ok(())
    }

    /// Replaces what is under the key with what `change` makes of it, if it makes anything; returns what `change` says
    /// besides. Nobody reads or writes the entry meanwhile.
    pub(crate) async fn update<R: Send + 'static>(
        &self,
        key: Key,
        now: Timestamp,
        change: impl FnOnce(Option<&[u8]>) -> (Option<Vec<u8>>, R) + Send + 'static,
    ) -> Result<R, Failure> {
        match self {
            Self::Solid(solid) => Ok(solid.update(key, now, change).await?),
            Self::Memory(memory) => Ok(memory.update(key, now, change)),
        }
    }

    /// How many there were.
    pub(crate) async fn delete(&self, keys: Vec<Key>) -> Result<usize, Failure> {
        match self {
            Self::Solid(solid) => Ok(solid.delete(keys).await?),
            Self::Memory(memory) => Ok(memory.delete(&keys)),
        }
    }

    /// Deletes the entry soon, unless it is another one by then. Best effort; returns at once.
    pub(crate) fn discard(&self, key: &Key, stored: Vec<u8>, now: Timestamp) {
        match self {
            Self::Solid(solid) => solid.discard(key, stored, now),
            Self::Memory(memory) => memory.discard(key, &stored),
        }
    }

    pub(crate) async fn clear(&self) -> Result<(), Failure> {
        match self {
            Self::Solid(solid) => solid.clear().await?,
            Self::Memory(memory) => memory.clear(),
        }
        Ok(())
    }
}
