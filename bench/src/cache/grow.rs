//! Fills a cache far beyond its cap, and watches how fast that goes and how large the file gets.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, ensure};
use solid_cache::Cache;
use tokio_util::sync::CancellationToken;

use super::file::size;
use super::values::{Values, key};

/// How often to look at the files.
const LOOK: Duration = Duration::from_millis(20);

/// Writers that share the numbers of the entries, and note the moment whenever so many were written.
pub(crate) struct Growth {
    cache: Cache,
    values: Values,
    entries: u32,
    slice: u32,
    next: AtomicU32,
    written: AtomicU32,
    marks: Mutex<Vec<Mark>>,
}

/// A slice is written.
#[derive(Clone, Copy)]
pub(crate) struct Mark {
    pub(crate) entries: u32,
    pub(crate) after: Duration,
    /// Whether something had to go by then.
    pub(crate) at_the_cap: bool,
}

impl Growth {
    pub(crate) fn new(cache: Cache, entries: u32, slice: u32) -> Arc<Self> {
        Arc::new(Self {
            cache,
            values: Values::new(),
            entries,
            slice,
            next: AtomicU32::new(0),
            written: AtomicU32::new(0),
            marks: Mutex::default(),
        })
    }

    /// By so many callers, one entry after the other. Returns the slices.
    pub(crate) async fn one_by_one(self: &Arc<Self>, callers: u32) -> Result<Vec<Mark>> {
        let start = Instant::now();
        let tasks: Vec<_> = (0..callers)
            .map(|_| {
                let growth = Arc::clone(self);
                tokio::spawn(async move { growth.call(start).await })
            })
            .collect();
        for task in tasks {
            task.await??;
        }
        Ok(self.marks())
    }

    async fn call(&self, start: Instant) -> Result<()> {
        while let Some(numbers) = self.take(1) {
            let number = usize::try_from(numbers.start)?;
            let value = self.values.nth(number);
            let written = self.cache.write_bytes(key(number), value).await;
            ensure!(written, "an entry could not be written");
            self.note(1, start);
        }
        Ok(())
    }

    /// By one caller, so many at once. Returns the slices.
    pub(crate) async fn at_once(&self, size: u32) -> Result<Vec<Mark>> {
        let start = Instant::now();
        while let Some(numbers) = self.take(size) {
            let entries = numbers.map(|number| {
                let place = usize::try_from(number).unwrap_or_default();
                (key(place), self.values.text(place))
            });
            let written = self.cache.write_multi(entries).await;
            ensure!(written, "entries could not be written");
            self.note(size, start);
        }
        Ok(self.marks())
    }

    fn take(&self, size: u32) -> Option<Range<u32>> {
        let first = self.next.fetch_add(size, Relaxed);
        (first < self.entries).then(|| first..first + size)
    }

    fn note(&self, size: u32, start: Instant) {
        let entries = self.written.fetch_add(size, Relaxed) + size;
        if entries.is_multiple_of(self.slice) {
            let mark = Mark {
                entries,
                after: start.elapsed(),
                at_the_cap: self.cache.stats().evictions > 0,
            };
            let mut marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
            marks.push(mark);
        }
    }

    fn marks(&self) -> Vec<Mark> {
        let mut marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        marks.sort_unstable_by_key(|mark| mark.entries);
        std::mem::take(&mut marks)
    }
}

/// The largest that a file was, in bytes.
#[derive(Clone, Copy, Default)]
pub(crate) struct Largest {
    pub(crate) file: u64,
    pub(crate) with_wal: u64,
}

impl Largest {
    fn look(&mut self, file: &Path, wal: &Path) {
        let bytes = size(file);
        self.file = self.file.max(bytes);
        self.with_wal = self.with_wal.max(bytes + size(wal));
    }
}

/// An eye on a file and its write-ahead log.
pub(crate) struct Watch {
    stop: CancellationToken,
    thread: JoinHandle<Largest>,
}

impl Watch {
    pub(crate) fn start(file: PathBuf) -> Self {
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let thread = thread::spawn(move || {
            let (wal, mut largest) = (file.with_extension("sqlite3-wal"), Largest::default());
            while !stopped.is_cancelled() {
                largest.look(&file, &wal);
                thread::sleep(LOOK);
            }
            largest.look(&file, &wal);
            largest
        });
        Self { stop, thread }
    }

    pub(crate) fn stop(self) -> Result<Largest> {
        self.stop.cancel();
        self.thread
            .join()
            .map_err(|_| anyhow!("the watch panicked"))
    }
}
