use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;

use ::metrics::{Counter, Histogram};

use crate::metrics::{self, Metric};

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
    /// Of the hits, those that needed no look at the file.
    pub first_level_hits: u64,
    /// Entries that were deleted because they had expired.
    pub expirations: u64,
    /// Failures that callers saw as a miss or as `false`.
    pub failures: u64,
}

/// Counts in this process, and in the metrics if somebody recorded them when the cache was opened.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    hits: Counted,
    misses: Counted,
    first_level_hits: Counted,
    writes: Counted,
    evictions: Counted,
    expirations: Counted,
    failures: Counted,
    reading: Option<Histogram>,
    writing: Option<Histogram>,
    deleting: Option<Histogram>,
}

/// Measures until it is dropped.
pub(crate) struct Timed<'a> {
    of: &'a Histogram,
    since: Instant,
}

impl Drop for Timed<'_> {
    fn drop(&mut self) {
        self.of.record(self.since.elapsed());
    }
}

impl<'a> Timed<'a> {
    fn start(of: Option<&'a Histogram>) -> Option<Self> {
        of.map(|of| Self {
            of,
            since: Instant::now(),
        })
    }
}

#[derive(Debug, Default)]
struct Counted {
    total: AtomicU64,
    metric: Option<Counter>,
}

impl Counters {
    pub(crate) fn new() -> Self {
        Self {
            hits: Counted::new(&metrics::HITS),
            misses: Counted::new(&metrics::MISSES),
            first_level_hits: Counted::new(&metrics::FIRST_LEVEL_HITS),
            writes: Counted::new(&metrics::WRITES),
            evictions: Counted::new(&metrics::EVICTIONS),
            expirations: Counted::new(&metrics::EXPIRATIONS),
            failures: Counted::new(&metrics::FAILURES),
            reading: metrics::DURATION.histogram("read"),
            writing: metrics::DURATION.histogram("write"),
            deleting: metrics::DURATION.histogram("delete"),
        }
    }

    pub(crate) fn hit(&self, entries: usize) {
        self.hits.add(entries);
    }

    pub(crate) fn missed(&self, entries: usize) {
        self.misses.add(entries);
    }

    pub(crate) fn hit_first_level(&self) {
        self.first_level_hits.add(1);
    }

    pub(crate) fn wrote(&self, entries: usize) {
        self.writes.add(entries);
    }

    pub(crate) fn evicted(&self, entries: usize) {
        self.evictions.add(entries);
    }

    pub(crate) fn expired(&self, entries: usize) {
        self.expirations.add(entries);
    }

    pub(crate) fn failed(&self) {
        self.failures.add(1);
    }

    /// A read of the file goes on for as long as the result lives.
    pub(crate) fn time_read(&self) -> Option<Timed<'_>> {
        Timed::start(self.reading.as_ref())
    }

    /// A write of the file goes on for as long as the result lives.
    pub(crate) fn time_write(&self) -> Option<Timed<'_>> {
        Timed::start(self.writing.as_ref())
    }

    /// A deletion goes on for as long as the result lives.
    pub(crate) fn time_delete(&self) -> Option<Timed<'_>> {
        Timed::start(self.deleting.as_ref())
    }

    pub(crate) fn snapshot(&self) -> Stats {
        Stats {
            hits: self.hits.get(),
            misses: self.misses.get(),
            first_level_hits: self.first_level_hits.get(),
            writes: self.writes.get(),
            evictions: self.evictions.get(),
            expirations: self.expirations.get(),
            failures: self.failures.get(),
        }
    }
}

impl Counted {
    fn new(metric: &Metric) -> Self {
        Self {
            total: AtomicU64::new(0),
            metric: metric.counter(),
        }
    }

    fn add(&self, entries: usize) {
        if entries == 0 {
            return;
        }
        self.total.fetch_add(entries as u64, Relaxed);
        if let Some(metric) = &self.metric {
            metric.increment(entries as u64);
        }
    }

    fn get(&self) -> u64 {
        self.total.load(Relaxed)
    }
}
