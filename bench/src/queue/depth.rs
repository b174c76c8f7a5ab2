//! Whether a long queue is as fast as a short one.

use std::time::Duration;

use anyhow::{Context as _, Result};
use serde::Serialize;
use serde_json::{Value, json};

use super::file::QueueFile;
use super::probe::Performance;
use super::worker::{Setup, Worker};
use crate::figures::{Rounds, at_least, per_second};
use crate::scale::Scale;
use crate::summary::between;
use crate::{machine, rounds};

const THREADS: u32 = 50;

/// A queue, and how long it is.
#[derive(Serialize)]
struct Depth {
    ready: u32,
    finished: u32,
    #[serde(skip)]
    file: QueueFile,
}

pub(crate) async fn measure(scale: Scale) -> Result<Value> {
    let deep = scale.choose(1_000_000, 20_000);
    let depths = [
        Depth::fill(scale.choose(10_000, 2_000), 0).await?,
        Depth::fill(deep, deep).await?,
    ];
    let jobs = scale.choose(9_000, 1_000);
    let run = async |depth: &Depth| drain(&depth.file.copy()?, jobs).await;
    let [short, long] = rounds::interleave(scale.choose(5, 1), &depths, run)
        .await?
        .map(Rounds::of);
    let ratio = long.ratio_to(&short);
    let [short_depth, long_depth] = &depths;
    Ok(json!({
        "benchmark": "how fast one worker process drains the first jobs of a short and of a long queue",
        "machine": machine::describe(),
        "jobs": jobs,
        "threads": THREADS,
        "short": { "queue": short_depth, "jobs_per_second": short },
        "long": { "queue": long_depth, "jobs_per_second": long },
        "ratio_long_to_short": ratio,
        "goals": { "ratio_long_to_short": at_least(0.8, ratio) },
    }))
}

impl Depth {
    /// The finished jobs are the older ones.
    async fn fill(ready: u32, finished: u32) -> Result<Self> {
        let (file, _) = QueueFile::with_probes(1).await?;
        file.bare()?.multiply(finished, ready)?;
        file.sync()?;
        Ok(Self {
            ready,
            finished,
            file,
        })
    }
}

/// Jobs a second, from the first that began to the last that ended.
async fn drain(file: &QueueFile, jobs: u32) -> Result<f64> {
    let setup = Setup {
        threads: THREADS,
        stop_after: Some(usize::try_from(jobs)?),
        ..Setup::default()
    };
    let performed = Worker::start(file, &setup)?.ended().await?;
    let first = performed.iter().take(usize::try_from(jobs)?);
    Ok(per_second(jobs, span(first).context("no job ran")?))
}

fn span<'a>(performances: impl Iterator<Item = &'a Performance> + Clone) -> Option<Duration> {
    let began = performances.clone().map(|it| it.began).min()?;
    let ended = performances.map(|it| it.ended).max()?;
    Some(between(began, ended))
}
