use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What a cache did since it was opened, in this process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Reads that found a live entry.
    pub hits: u64,
    /// Reads that found none, or none that could be used.
    pub misses: u64,
    /// Entries that were written.
    pub writes: u64,
    /// Entries that were deleted to keep the cache within its age and size.
    pub evictions: u64,
    /// Failures that callers saw as a miss or as `false`.
    pub failures: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    hits: AtomicU64,
    misses: AtomicU64,
    writes: AtomicU64,
    evictions: AtomicU64,
    failures: AtomicU64,
}

impl Counters {
    pub(crate) fn hit(&self, entries: usize) {
        self.hits.fetch_add(entries as u64, Relaxed);
    }

    pub(crate) fn missed(&self, entries: usize) {
        self.misses.fetch_add(entries as u64, Relaxed);
    }

    pub(crate) fn wrote(&self, entries: usize) {
        self.writes.fetch_add(entries as u64, Relaxed);
    }

    pub(crate) fn evicted(&self, entries: usize) {
        self.evictions.fetch_add(entries as u64, Relaxed);
    }

    pub(crate) fn failed(&self) {
        self.failures.fetch_add(1, Relaxed);
    }

    pub(crate) fn snapshot(&self) -> Stats {
        Stats {
            hits: self.hits.load(Relaxed),
            misses: self.misses.load(Relaxed),
            writes: self.writes.load(Relaxed),
            evictions: self.evictions.load(Relaxed),
            failures: self.failures.load(Relaxed),
        }
    }
}
