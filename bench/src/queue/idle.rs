//! What a worker process costs while nothing happens.

use std::time::{Duration, Instant};

use anyhow::Result;
use serde::Serialize;
use serde_json::{Value, json};

use super::bare::Bare;
use super::file::QueueFile;
use super::worker::{Setup, Worker};
use crate::figures::at_most;
use crate::machine;
use crate::proc::{core_percent, processor_seconds, resident_mb};
use crate::scale::Scale;

/// How often to look for commits.
const LOOK: Duration = Duration::from_millis(10);
/// What a process does at its start is not counted.
const SETTLE: Duration = Duration::from_secs(2);

#[derive(Serialize)]
struct Figures {
    core_percent: f64,
    resident_mb: f64,
    heartbeats: u32,
    writes_other_than_heartbeats: u32,
}

/// One that watches the files and one that only polls, at the same time, each with a file of its own.
pub(crate) async fn measure(scale: Scale) -> Result<Value> {
    let settle = scale.choose(SETTLE, LOOK);
    let time = Duration::from_secs(scale.choose(60, 1));
    let (watching, polling) =
        tokio::try_join!(rest(true, settle, time), rest(false, settle, time))?;
    Ok(json!({
        "benchmark": "a process with one worker and one dispatcher while nothing happens",
        "machine": machine::describe(),
        "seconds": time.as_secs(),
        "watching_the_files": watching,
        "polling_alone": polling,
        "goals": {
            "core_percent": at_most(0.5, watching.core_percent),
            "resident_mb": at_most(20.0, watching.resident_mb),
            "writes_other_than_heartbeats": at_most(0.0, watching.writes_other_than_heartbeats.into()),
        },
    }))
}

async fn rest(watch: bool, settle: Duration, time: Duration) -> Result<Figures> {
    let file = QueueFile::create()?;
    let setup = Setup {
        watch,
        ..Setup::default()
    };
    let worker = Worker::started(&file, &setup).await?;
    tokio::time::sleep(settle).await;
    let mut writes = Writes::since_now(file.bare()?)?;
    let (before, start) = (processor_seconds(worker.id()?)?, Instant::now());
    while start.elapsed() < time {
        tokio::time::sleep(LOOK).await;
        writes.look()?;
    }
    let used = processor_seconds(worker.id()?)? - before;
    let resident_mb = resident_mb(worker.id()?)?;
    worker.stop().await?;
    Ok(Figures {
        core_percent: core_percent(used, start.elapsed()),
        resident_mb,
        heartbeats: writes.heartbeats,
        writes_other_than_heartbeats: writes.others,
    })
}

/// The commits to a file, as another process sees them.
struct Writes {
    bare: Bare,
    version: i64,
    heartbeat: String,
    heartbeats: u32,
    others: u32,
}

impl Writes {
    fn since_now(bare: Bare) -> Result<Self> {
        Ok(Self {
            version: bare.data_version()?,
            heartbeat: bare.last_heartbeat()?,
            bare,
            heartbeats: 0,
            others: 0,
        })
    }

    fn look(&mut self) -> Result<()> {
        let version = self.bare.data_version()?;
        if version == self.version {
            return Ok(());
        }
        self.version = version;
        let heartbeat = self.bare.last_heartbeat()?;
        if heartbeat == self.heartbeat {
            self.others += 1;
        } else {
            self.heartbeats += 1;
            self.heartbeat = heartbeat;
        }
        Ok(())
    }
}
