use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// What the jobs of one process note of themselves: `start <number> <nanoseconds>` and `end <number> <nanoseconds>`.
///
/// It is a file of its own, beside the database, so that it tells what happened and not what the queue believes. Each
/// line is one appending write: a kill leaves it whole or not at all. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Journal {
    file: Arc<File>,
}

impl Journal {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// What the system said.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        Ok(Self {
            file: Arc::new(file),
        })
    }

    /// The job with this number starts.
    ///
    /// # Errors
    /// What the system said.
    pub fn start(&self, number: u64) -> io::Result<()> {
        self.note("start", number)
    }

    /// The job with this number ends.
    ///
    /// # Errors
    /// What the system said.
    pub fn end(&self, number: u64) -> io::Result<()> {
        self.note("end", number)
    }

    fn note(&self, what: &str, number: u64) -> io::Result<()> {
        let line = format!("{what} {number} {}\n", monotonic().as_nanos());
        (&*self.file).write_all(line.as_bytes())
    }
}

/// The time since the boot: the same for all processes, whatever becomes of the wall clock.
pub fn monotonic() -> Duration {
    let now = clock_gettime(ClockId::Monotonic);
    let (seconds, nanoseconds) = (u64::try_from(now.tv_sec), u32::try_from(now.tv_nsec));
    Duration::new(seconds.unwrap_or(0), nanoseconds.unwrap_or(0))
}
