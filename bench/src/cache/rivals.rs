//! All that can be asked for one and the same entry.

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use moka::sync::Cache as Moka;
use solid_cache::{Cache, Config};

use super::file::{CacheFile, first_level, from_the_file};
use super::redis::Redis;
use super::values::{SIZE, Values, key};

/// Each holds the same entries.
pub(crate) struct Rivals {
    pub(crate) file: CacheFile,
    /// Ours, from the file.
    pub(crate) cache: Cache,
    /// Ours, with all entries in memory, too.
    pub(crate) first_level: Cache,
    pub(crate) moka: Moka<String, Bytes>,
    pub(crate) redis: Option<Redis>,
}

impl Rivals {
    pub(crate) async fn with_entries(count: usize) -> Result<Self> {
        let values = Values::new();
        let file = CacheFile::with_entries(count, &values).await?;
        let rivals = Self {
            cache: file.cache(from_the_file())?,
            first_level: file.cache(Config {
                first_level: Some(first_level()),
                ..Config::default()
            })?,
            moka: Moka::new(u64::try_from(count)? * 2),
            redis: Redis::start()?,
            file,
        };
        rivals.fill(count, &values)?;
        Ok(rivals)
    }

    fn fill(&self, count: usize, values: &Values) -> Result<()> {
        for number in 0..count {
            let value = Bytes::copy_from_slice(values.nth(number));
            self.moka.insert(key(number), value);
        }
        self.moka.run_pending_tasks();
        let Some(redis) = &self.redis else {
            return Ok(());
        };
        let mut client = redis.connect()?;
        (0..count).try_for_each(|number| client.set(&key(number), values.nth(number)))
    }
}

/// The value of a cache that has it.
pub(crate) async fn hit(cache: &Cache, key: &str) -> Result<Bytes> {
    cache.read_bytes(key).await.context("no such entry")
}

/// That the caller got a whole value, so that no way gains by a miss. As it lies in the file there is a header, too.
pub(crate) fn whole(value: &[u8]) -> Result<()> {
    ensure!(value.len() >= SIZE, "not the whole value");
    Ok(())
}
