use std::time::Duration;

/// How a cache stores and forgets. The defaults are those of Rails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Put before every key, with a colon: applications and environments that share a file do not share entries.
    pub namespace: Option<String>,
    /// Entries older than this are deleted in the background, whatever their own expiry says. Only in SQLite.
    pub max_age: Option<Duration>,
    /// How many entries there may be. Beyond it the oldest go.
    pub max_entries: Option<u64>,
    /// Bytes of all entries together, with what the store itself needs for each. Beyond it the oldest go (in memory: the
    /// least recently used, and `None` means 32 MiB).
    pub max_size: Option<u64>,
    /// Entries that one transaction of the background expiry deletes, at most.
    pub expiry_batch_size: usize,
    /// A longer key is cut to this many bytes, a digest of the whole key at its end.
    pub max_key_bytesize: usize,
    /// Whether large values are compressed.
    pub compress: bool,
    /// The size, in bytes, from which on a value is worth compressing.
    pub compress_threshold: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            namespace: None,
            max_age: Some(Duration::from_hours(14 * 24)),
            max_entries: None,
            max_size: None,
            expiry_batch_size: 100,
            max_key_bytesize: 1024,
            compress: true,
            compress_threshold: 1024,
        }
    }
}

impl Config {
    /// The size from which on a value is compressed.
    pub(crate) fn compression(&self) -> Option<usize> {
        self.compress.then_some(self.compress_threshold)
    }
}
