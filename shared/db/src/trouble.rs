//! Whether a file takes writes, and why not: a process that only reads goes on meanwhile.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::DbError;

/// For how long a lock that was not had tells something: it passes by itself, while perhaps nobody writes.
const BUSY_TELLS: Duration = Duration::from_mins(1);

/// Why a file did not take a write. What is wrong with the write itself is none of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WriteTrouble {
    /// The disk, or the size that was set for the file.
    Full,
    /// Another process held the write lock for too long, or too many writes wait.
    Busy,
    /// The disk failed, or the file cannot be opened again.
    Io,
    /// The file may only be read.
    ReadOnly,
    /// The file is damaged.
    Corrupt,
}

impl WriteTrouble {
    pub(crate) const ALL: [Self; 5] = [
        Self::Full,
        Self::Busy,
        Self::Io,
        Self::ReadOnly,
        Self::Corrupt,
    ];

    /// One word, as metrics have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Busy => "busy",
            Self::Io => "io",
            Self::ReadOnly => "readonly",
            Self::Corrupt => "corrupt",
        }
    }

    /// None where the file is not to blame.
    pub(crate) fn of(error: &DbError) -> Option<Self> {
        match error.root() {
            error if error.is_full() => Some(Self::Full),
            error if error.is_corrupt() => Some(Self::Corrupt),
            error if error.is_read_only() => Some(Self::ReadOnly),
            error if error.is_transient() => Some(Self::Busy),
            DbError::Open { .. } => Some(Self::Io),
            error if error.is_io() => Some(Self::Io),
            _ => None,
        }
    }
}

impl fmt::Display for WriteTrouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "the disk is full",
            Self::Busy => "others hold its lock",
            Self::Io => "the disk fails",
            Self::ReadOnly => "it may only be read",
            Self::Corrupt => "it is damaged",
        })
    }
}

/// What became of the last write of this process.
#[derive(Debug, Default)]
pub(crate) struct LastWrite {
    /// All that a write asks that went well.
    has_failed: AtomicBool,
    failed: Mutex<Option<(WriteTrouble, Instant)>>,
}

impl LastWrite {
    pub(crate) fn went_well(&self) {
        if self.has_failed.load(Relaxed) {
            *self.lock() = None;
            self.has_failed.store(false, Relaxed);
        }
    }

    pub(crate) fn failed(&self, trouble: WriteTrouble) {
        *self.lock() = Some((trouble, Instant::now()));
        self.has_failed.store(true, Relaxed);
    }

    /// Why it failed, and how long ago.
    pub(crate) fn trouble(&self) -> Option<(WriteTrouble, Duration)> {
        let (trouble, at) = (*self.lock())?;
        still_told(trouble, at.elapsed())
    }

    fn lock(&self) -> MutexGuard<'_, Option<(WriteTrouble, Instant)>> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn still_told(trouble: WriteTrouble, since: Duration) -> Option<(WriteTrouble, Duration)> {
    let is_over = trouble == WriteTrouble::Busy && since > BUSY_TELLS;
    (!is_over).then_some((trouble, since))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_that_was_not_had_is_forgotten_and_a_full_disk_is_not() {
        let (now, later) = (Duration::ZERO, BUSY_TELLS + Duration::from_secs(1));
        for (trouble, since, told) in [
            (WriteTrouble::Busy, now, true),
            (WriteTrouble::Busy, later, false),
            (WriteTrouble::Full, now, true),
            (WriteTrouble::Full, later, true),
        ] {
            let seen = still_told(trouble, since);
            assert_eq!(seen, told.then_some((trouble, since)));
        }
    }
}
