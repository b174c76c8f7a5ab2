use std::time::Duration;

use crate::Encryption;

/// How a cache stores and forgets. The defaults are those of Rails, for what Rails has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Put before every key, with a colon: applications and environments that share a file do not share entries.
    pub namespace: Option<String>,
    /// Entries older than this are deleted in the background, whatever their own expiry says. Only in SQLite.
    pub max_age: Option<Duration>,
    /// How many entries there may be in a file. Beyond it some are evicted.
    pub max_entries: Option<u64>,
    /// Bytes of a file, and of all its entries together with what the store itself needs for each. Beyond it entries are
    /// evicted, in the same transaction that would exceed it. (A file below 1 MiB is never too large.) In memory `None` means 32 MiB.
    pub max_size: Option<u64>,
    /// Entries that go at once when there are too many; of a large cache more, of a small one fewer.
    pub expiry_batch_size: usize,
    /// A longer key is cut to this many bytes, a digest of the whole key at its end.
    pub max_key_bytesize: usize,
    /// Whether large values are compressed.
    pub compress: bool,
    /// The size, in bytes, from which on a value is worth compressing.
    pub compress_threshold: usize,
    /// When entries expire that are written without an expiry of their own.
    pub expires_in: Option<Duration>,
    /// The default of [`crate::Cache::race_condition_ttl`].
    pub race_condition_ttl: Option<Duration>,
    /// Entries that this process keeps in memory, in front of the file.
    pub first_level: Option<FirstLevel>,
    /// Namespaces whose entries are never evicted for room or age: they go when they expire or are deleted.
    pub pinned: Vec<String>,
    /// Which entries go when there is no room.
    pub eviction: Eviction,
    /// For how long a process that computes a value is believed to live without a sign of it; until then the other
    /// processes wait for the value. Zero: each process computes for itself.
    pub lease: Duration,
    /// Values are encrypted in the file, as Rails encrypts them.
    pub encryption: Option<Encryption>,
}

/// Entries in the memory of a process, in front of a file that other processes write too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FirstLevel {
    /// Bytes of its keys and values together.
    pub max_size: u64,
    /// How long after another process's commit the value from before may still be read here, at most. Where the files can
    /// be watched it is a millisecond or two. Zero: every read asks the file.
    pub staleness: Duration,
}

/// Which entries go when there is no room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Eviction {
    /// The oldest of those that nobody read since they were last looked at (the SIEVE algorithm).
    #[default]
    Sieve,
    /// The oldest, as Solid Cache does.
    Fifo,
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
            expires_in: None,
            race_condition_ttl: None,
            first_level: Some(FirstLevel::default()),
            pinned: Vec::new(),
            eviction: Eviction::default(),
            lease: Duration::from_secs(2),
            encryption: None,
        }
    }
}

impl Default for FirstLevel {
    fn default() -> Self {
        Self {
            max_size: 16 * 1024 * 1024,
            staleness: Duration::from_millis(100),
        }
    }
}

impl Config {
    /// The size from which on a value is compressed.
    pub(crate) fn compression(&self) -> Option<usize> {
        self.compress.then_some(self.compress_threshold)
    }
}
