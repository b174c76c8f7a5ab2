//! The job of the benchmarks: it does nothing but say when it ran.

use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use serde::{Deserialize, Serialize};
use solid_queue::{Job, JobResult};
use tokio_util::sync::CancellationToken;

use crate::summary::now;

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Probe {
    pub(crate) number: u32,
}

impl Job for Probe {
    const NAME: &'static str = "Probe";
    type Context = Recorder;

    async fn perform(self, recorder: Recorder) -> JobResult {
        let began = now();
        recorder.note(self.number, began);
        Ok(())
    }
}

/// That a probe ran, and when, in microseconds since 1970: all processes of the machine share that clock.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Performance {
    pub(crate) number: u32,
    pub(crate) began: i64,
    pub(crate) ended: i64,
}

/// Keeps in memory what a worker process performed, so that noting it costs next to nothing.
#[derive(Clone, Debug)]
pub(crate) struct Recorder {
    performances: Arc<Mutex<Vec<Performance>>>,
    /// After so many, `stop` is cancelled.
    enough: usize,
    stop: CancellationToken,
}

impl Recorder {
    pub(crate) fn new(enough: usize, stop: CancellationToken) -> Self {
        Self {
            performances: Arc::default(),
            enough,
            stop,
        }
    }

    fn note(&self, number: u32, began: i64) {
        let mut performances = self
            .performances
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        performances.push(Performance {
            number,
            began,
            ended: now(),
        });
        if performances.len() == self.enough {
            self.stop.cancel();
        }
    }

    pub(crate) fn save(&self, path: &Path) -> Result<()> {
        let performances = self
            .performances
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        Ok(serde_json::to_writer(
            BufWriter::new(File::create(path)?),
            &*performances,
        )?)
    }
}

pub(crate) fn load(path: &Path) -> Result<Vec<Performance>> {
    Ok(serde_json::from_reader(BufReader::new(File::open(path)?))?)
}
