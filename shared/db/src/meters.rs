//! What a database measures, through the `metrics` facade: whoever wants it installs a recorder before the file is opened.

use std::path::Path;
use std::time::{Duration, Instant};

use metrics::{Counter, Histogram, Key, Label, Level, Metadata, Recorder, Unit};

use crate::WriteTrouble;

/// A metric: its name and what it says.
struct Metric {
    name: &'static str,
    unit: Unit,
    help: &'static str,
}

macro_rules! metrics {
    ($($constant:ident: $name:literal, $unit:ident, $help:literal;)+) => {
        $(const $constant: Metric = Metric { name: $name, unit: Unit::$unit, help: $help };)+
        const ALL: &[Metric] = &[$($constant),+];
    };
}

// The names of counters end in `_total`, those of histograms in `_seconds` or `_size`; the others are gauges.
metrics! {
    LOCK_WAIT: "sqlite_lock_wait_seconds", Seconds, "How long a transaction waited for the write lock of its file.";
    BUSY: "sqlite_busy_total", Count, "Transactions that found the write lock taken by another process.";
    TIMEOUTS: "sqlite_lock_timeouts_total", Count, "Transactions that did not get the write lock in time.";
    REFUSED: "sqlite_failed_writes_total", Count, "Writes that failed for want of a file that takes them, by kind: full, busy, io, readonly or corrupt.";
    GROUP: "sqlite_write_group_size", Count, "Writes that shared a transaction.";
    COMMIT: "sqlite_commit_duration_seconds", Seconds, "How long commits took.";
    READER_WAIT: "sqlite_reader_wait_seconds", Seconds, "How long reads waited for a connection where none was idle.";
    FILE: "sqlite_file_bytes", Bytes, "Size of the database file.";
    WAL: "sqlite_wal_bytes", Bytes, "Size of its write-ahead log, as it is on the disk.";
    FREE: "sqlite_disk_free_bytes", Bytes, "What is free on the disk of the file, for who is not root.";
    DISK: "sqlite_disk_bytes", Bytes, "Size of the disk of the file.";
    CHECKPOINTS: "sqlite_wal_checkpoint_sequence", Count, "How often the write-ahead log was begun anew after a checkpoint.";
}

const METADATA: Metadata<'static> =
    Metadata::new(module_path!(), Level::INFO, Some(module_path!()));

/// Tells the installed recorder what the metrics of this library mean and in which units they are. A database records its
/// metrics if a recorder was installed before it was opened.
pub fn describe_metrics() {
    metrics::with_recorder(|recorder| ALL.iter().for_each(|metric| metric.describe(recorder)));
}

/// The handles of one file. All that they cost without a recorder is to look whether they are there.
#[derive(Clone, Default)]
pub(crate) struct Meters(Option<Handles>);

#[derive(Clone)]
struct Handles {
    lock_wait: Histogram,
    busy: Counter,
    timeouts: Counter,
    /// In the order of [`WriteTrouble::ALL`].
    refused: [Counter; WriteTrouble::ALL.len()],
    group: Histogram,
    commit: Histogram,
    reader_wait: Histogram,
}

impl Meters {
    pub(crate) fn of(path: &Path) -> Self {
        Self(metrics::with_recorder(|recorder| {
            is_real(recorder).then(|| Handles::new(recorder, path))
        }))
    }

    /// The write lock was had at once.
    pub(crate) fn begun_at_once(&self) {
        if let Some(handles) = &self.0 {
            handles.lock_wait.record(0.0);
        }
    }

    /// The write lock was taken by another process.
    pub(crate) fn found_busy(&self) {
        if let Some(handles) = &self.0 {
            handles.busy.increment(1);
        }
    }

    /// The wait for the write lock is over.
    pub(crate) fn waited(&self, time: Duration, got_it: bool) {
        if let Some(handles) = &self.0 {
            handles.lock_wait.record(time);
            handles.timeouts.increment(u64::from(!got_it));
        }
    }

    /// A write failed for this reason.
    pub(crate) fn refused(&self, trouble: WriteTrouble) {
        if let Some(handles) = &self.0 {
            let counts = WriteTrouble::ALL.iter().zip(&handles.refused);
            let count = counts.filter(|(kind, _)| **kind == trouble);
            count.for_each(|(_, count)| count.increment(1));
        }
    }

    /// So many writes share a transaction.
    #[allow(clippy::cast_precision_loss, reason = "far from the limits of a float")]
    pub(crate) fn group(&self, writes: usize) {
        if let Some(handles) = &self.0 {
            handles.group.record(writes as f64);
        }
    }

    /// Commits, and takes the time.
    pub(crate) fn commit<T>(&self, commit: impl FnOnce() -> T) -> T {
        let Some(handles) = &self.0 else {
            return commit();
        };
        let start = Instant::now();
        let outcome = commit();
        handles.commit.record(start.elapsed());
        outcome
    }

    /// Waits for a connection that reads, and takes the time.
    pub(crate) fn reader<T>(&self, wait: impl FnOnce() -> T) -> T {
        let Some(handles) = &self.0 else {
            return wait();
        };
        let start = Instant::now();
        let outcome = wait();
        handles.reader_wait.record(start.elapsed());
        outcome
    }
}

impl Handles {
    fn new(recorder: &dyn Recorder, path: &Path) -> Self {
        let counter = |metric: &Metric| recorder.register_counter(&metric.key(path), &METADATA);
        let histogram = |metric: &Metric| recorder.register_histogram(&metric.key(path), &METADATA);
        Self {
            lock_wait: histogram(&LOCK_WAIT),
            busy: counter(&BUSY),
            timeouts: counter(&TIMEOUTS),
            // From the start: a rate cannot be told from the first one alone.
            refused: WriteTrouble::ALL.map(|trouble| {
                let key = REFUSED.key_with(path, Some(Label::new("kind", trouble.name())));
                recorder.register_counter(&key, &METADATA)
            }),
            group: histogram(&GROUP),
            commit: histogram(&COMMIT),
            reader_wait: histogram(&READER_WAIT),
        }
    }
}

/// What can be seen of a file from outside of it.
pub(crate) struct Extent {
    pub(crate) file: u64,
    pub(crate) wal: u64,
    /// There where there is a log.
    pub(crate) checkpoints: Option<u32>,
    /// What is free on its disk, and all that there is.
    pub(crate) disk: Option<(u64, u64)>,
}

/// Tells the recorder how large the files are.
pub(crate) fn record_extent(path: &Path, extent: &Extent) {
    metrics::with_recorder(|recorder| {
        let set = |metric: &Metric, value: f64| {
            recorder
                .register_gauge(&metric.key(path), &METADATA)
                .set(value);
        };
        #[allow(clippy::cast_precision_loss, reason = "a gauge is a float")]
        let bytes = |bytes: u64| bytes as f64;
        set(&FILE, bytes(extent.file));
        set(&WAL, bytes(extent.wal));
        if let Some(checkpoints) = extent.checkpoints {
            set(&CHECKPOINTS, checkpoints.into());
        }
        if let Some((free, all)) = extent.disk {
            set(&FREE, bytes(free));
            set(&DISK, bytes(all));
        }
    });
}

impl Metric {
    /// A file is named by its own name: `production_queue`.
    fn key(&self, path: &Path) -> Key {
        self.key_with(path, None)
    }

    fn key_with(&self, path: &Path, more: Option<Label>) -> Key {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let labels = [Label::new("database", name.into_owned())];
        Key::from_parts(
            self.name,
            labels.into_iter().chain(more).collect::<Vec<_>>(),
        )
    }

    fn describe(&self, recorder: &dyn Recorder) {
        let (name, unit, help) = (self.name.into(), Some(self.unit), self.help.into());
        if self.name.ends_with("_total") {
            recorder.describe_counter(name, unit, help);
        } else if self.name.ends_with("_seconds") || self.name.ends_with("_size") {
            recorder.describe_histogram(name, unit, help);
        } else {
            recorder.describe_gauge(name, unit, help);
        }
    }
}

/// The recorder that stands in where none was installed is known by having no size.
fn is_real(recorder: &dyn Recorder) -> bool {
    size_of_val(recorder) > 0
}
