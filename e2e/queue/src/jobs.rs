//! The jobs of the tests. Each has a number of its own, by which the journals know it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use solid_queue::{Job, JobResult, OnCrash, Registry};

use crate::Journal;

/// How often a job that waits looks at its gate.
const LOOK: Duration = Duration::from_millis(5);

/// All jobs but [`Gone`].
pub fn registry() -> Registry<Journal> {
    Registry::new()
        .register::<Short>()
        .register::<Held>()
        .register::<Blocking>()
        .register::<Panicking>()
        .register::<Failing>()
}

/// Takes some milliseconds.
#[derive(Debug, Serialize, Deserialize)]
pub struct Short {
    /// Its number.
    pub number: u64,
    /// How long it takes.
    pub milliseconds: u64,
}

impl Job for Short {
    const NAME: &'static str = "Short";
    // It is killed often, and must not fail for it.
    const ON_CRASH: OnCrash = OnCrash::Retry { crashes: u32::MAX };
    type Context = Journal;

    async fn perform(self, journal: Journal) -> JobResult {
        journal.start(self.number)?;
        tokio::time::sleep(Duration::from_millis(self.milliseconds)).await;
        journal.end(self.number)?;
        Ok(())
    }
}

/// Runs until a file appears.
#[derive(Debug, Serialize, Deserialize)]
pub struct Held {
    /// Its number.
    pub number: u64,
    /// The file.
    pub gate: PathBuf,
}

impl Job for Held {
    const NAME: &'static str = "Held";
    type Context = Journal;

    async fn perform(self, journal: Journal) -> JobResult {
        journal.start(self.number)?;
        while !is_open(&self.gate) {
            tokio::time::sleep(LOOK).await;
        }
        journal.end(self.number)?;
        Ok(())
    }
}

/// Like [`Held`], but as a job must not do it: nothing else can run on its thread meanwhile.
#[derive(Debug, Serialize, Deserialize)]
pub struct Blocking {
    /// Its number.
    pub number: u64,
    /// The file.
    pub gate: PathBuf,
}

impl Job for Blocking {
    const NAME: &'static str = "Blocking";
    type Context = Journal;

    async fn perform(self, journal: Journal) -> JobResult {
        journal.start(self.number)?;
        while !is_open(&self.gate) {
            std::thread::sleep(LOOK);
        }
        journal.end(self.number)?;
        Ok(())
    }
}

/// Panics.
#[derive(Debug, Serialize, Deserialize)]
pub struct Panicking {
    /// Its number.
    pub number: u64,
}

impl Job for Panicking {
    const NAME: &'static str = "Panicking";
    type Context = Journal;

    async fn perform(self, journal: Journal) -> JobResult {
        journal.start(self.number)?;
        panic!("job {} panics", self.number);
    }
}

/// Returns an error whose text has so many characters.
#[derive(Debug, Serialize, Deserialize)]
pub struct Failing {
    /// Its number.
    pub number: u64,
    /// The characters.
    pub length: usize,
}

impl Failing {
    /// What the error says: whatever is hard to write as JSON, in turns.
    pub fn text(length: usize) -> String {
        "aé\"\\\n\0\u{1f600}\u{2028}"
            .chars()
            .cycle()
            .take(length)
            .collect()
    }
}

impl Job for Failing {
    const NAME: &'static str = "Failing";
    type Context = Journal;

    async fn perform(self, journal: Journal) -> JobResult {
        journal.start(self.number)?;
        Err(Self::text(self.length).into())
    }
}

/// Known to some programs only, as a job that a later version dropped.
#[derive(Debug, Serialize, Deserialize)]
pub struct Gone {
    /// Its number.
    pub number: u64,
}

impl Job for Gone {
    const NAME: &'static str = "Gone";
    type Context = Journal;

    async fn perform(self, journal: Journal) -> JobResult {
        journal.start(self.number)?;
        journal.end(self.number)?;
        Ok(())
    }
}

fn is_open(gate: &Path) -> bool {
    gate.exists()
}
