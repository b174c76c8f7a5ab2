//! From enqueueing in one process to the start in another.

use std::time::Duration;

use anyhow::Result;
use rand::RngExt as _;
use serde::Serialize;
use serde_json::{Value, json};
use solid_queue::PerformLater as _;
use test_support::wait_until;

use super::file::QueueFile;
use super::probe::{Performance, Probe};
use super::worker::{Setup, Worker};
use crate::figures::{at_most, hundredths};
use crate::machine;
use crate::scale::Scale;
use crate::summary::{Summary, between, now};

/// Between two jobs, in milliseconds: 50 jobs a second, at any point of a poll's interval.
const PAUSE: std::ops::Range<u64> = 5..36;

#[derive(Serialize)]
struct Run {
    /// From the moment before the call to the moment when the job begins.
    enqueue_to_start: Summary,
    /// The call alone.
    enqueue: Summary,
}

pub(crate) async fn measure(scale: Scale) -> Result<Value> {
    let jobs = scale.choose(1_000, 20);
    let polling = run(jobs, false).await?;
    let watching = run(jobs, true).await?;
    let (poll, watch) = (&polling.enqueue_to_start, &watching.enqueue_to_start);
    Ok(json!({
        "benchmark": "from enqueueing in one process to the start in another, 50 jobs a second, worker at rest",
        "machine": machine::describe(),
        "polling_alone": polling,
        "watching_the_files": watching,
        "ratio_polling_to_watching": hundredths(poll.p50_ms / watch.p50_ms),
        "goals": {
            "watching_p50_ms": at_most(2.0, watch.p50_ms),
            "watching_p99_ms": at_most(8.0, watch.p99_ms),
        },
    }))
}

async fn run(jobs: u32, watch: bool) -> Result<Run> {
    let file = QueueFile::create()?;
    let setup = Setup {
        watch,
        ..Setup::default()
    };
    let worker = Worker::started(&file, &setup).await?;
    let calls = enqueue(&file, jobs).await?;
    let bare = file.bare()?;
    wait_until("all jobs to be finished", || async {
        bare.has_unfinished().is_ok_and(|unfinished| !unfinished)
    })
    .await;
    let performed = worker.stop().await?;
    Ok(Run {
        enqueue_to_start: Summary::of(waits(&calls, &performed)),
        enqueue: Summary::of(
            calls
                .iter()
                .map(|call| between(call.began, call.ended))
                .collect(),
        ),
    })
}

/// Returns when each call began and ended.
async fn enqueue(file: &QueueFile, jobs: u32) -> Result<Vec<Performance>> {
    let queue = file.queue()?;
    let mut calls = Vec::new();
    for number in 0..jobs {
        let pause = rand::rng().random_range(PAUSE);
        tokio::time::sleep(Duration::from_millis(pause)).await;
        let began = now();
        Probe { number }.perform_later(&queue).await?;
        let ended = now();
        calls.push(Performance {
            number,
            began,
            ended,
        });
    }
    Ok(calls)
}

fn waits(calls: &[Performance], performed: &[Performance]) -> Vec<Duration> {
    let call = |number: u32| calls.get(usize::try_from(number).ok()?);
    let wait = |it: &Performance| Some(between(call(it.number)?.began, it.began));
    performed.iter().filter_map(wait).collect()
}
