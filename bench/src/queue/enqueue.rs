//! Enqueueing: one caller, many, and in bulk.

use std::slice::Chunks;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde::Serialize;
use serde_json::{Value, json};
use solid_queue::{PerformLater as _, Queue};

use super::bare::{self, JobRow};
use super::file::QueueFile;
use super::probe::Probe;
use crate::figures::{Rounds, at_least, microseconds_each, per_second};
use crate::proc::processor_seconds;
use crate::scale::Scale;
use crate::summary::Summary;
use crate::{machine, rounds};

#[derive(Clone, Copy, Debug)]
enum Way {
    /// So many rows a transaction by SQLite without us.
    Bare(usize),
    /// So many tasks that call `perform_later` one after the other.
    Callers(u32),
    /// `perform_all_later` with so many jobs, one after the other.
    Bulk(u32),
}

/// The calls of one run of a way: how long each took, and how many jobs it enqueued.
struct Calls {
    took: Vec<Duration>,
    jobs_each: u32,
    time: Duration,
}

/// One run of a way.
struct Run {
    calls: Calls,
    processor_seconds: f64,
}

/// A way over all rounds.
#[derive(Serialize)]
struct Figures {
    jobs_per_second: Rounds,
    processor_us_a_job: Rounds,
    calls: Summary,
}

pub(crate) async fn measure(scale: Scale) -> Result<Value> {
    let time = Duration::from_millis(scale.choose(1_500, 100));
    let rows = rows(scale.choose(100_000, 5_000)).await?;
    let ways = [
        Way::Bare(1),
        Way::Callers(1),
        Way::Callers(64),
        Way::Bare(1000),
        Way::Bulk(500),
        Way::Bulk(1000),
    ];
    let run = async |way: &Way| way.run(&rows, time).await;
    let runs = rounds::interleave(scale.choose(5, 1), &ways, run).await?;
    Ok(report(&runs.map(Figures::of), time))
}

/// Rows as `perform_later` writes them, each with an id of its own, whose place in the index is anywhere.
async fn rows(count: u32) -> Result<Vec<JobRow>> {
    let (file, _) = QueueFile::with_probes(count).await?;
    file.bare()?.rows()
}

impl Way {
    /// For as long as `time`, in a fresh file.
    async fn run(self, rows: &[JobRow], time: Duration) -> Result<Run> {
        let (file, id) = (QueueFile::create()?, std::process::id());
        let before = processor_seconds(id)?;
        let calls = match self {
            Self::Bare(size) => enqueue_bare(&file, rows.chunks(size), time),
            Self::Callers(callers) => enqueue_by(callers, &file.queue()?, time).await,
            Self::Bulk(size) => enqueue_in_bulk(size, &file.queue()?, time).await,
        }?;
        let processor_seconds = processor_seconds(id)? - before;
        Ok(Run {
            calls,
            processor_seconds,
        })
    }
}

/// Ends earlier when there are no more rows.
fn enqueue_bare(file: &QueueFile, chunks: Chunks<'_, JobRow>, time: Duration) -> Result<Calls> {
    let bare = file.bare()?;
    let size = chunks.clone().next().map_or(0, <[_]>::len);
    let mut clock = Clock::start(time);
    for rows in chunks {
        bare.enqueue(rows)?;
        if !clock.lap() {
            break;
        }
    }
    Ok(clock.calls(u32::try_from(size)?))
}

async fn enqueue_by(callers: u32, queue: &Queue, time: Duration) -> Result<Calls> {
    let start = Instant::now();
    let tasks: Vec<_> = (0..callers)
        .map(|_| tokio::spawn(call(queue.clone(), Clock::start(time))))
        .collect();
    let mut took = Vec::new();
    for task in tasks {
        took.extend(task.await??);
    }
    Ok(Calls {
        took,
        jobs_each: 1,
        time: start.elapsed(),
    })
}

async fn call(queue: Queue, mut clock: Clock) -> Result<Vec<Duration>> {
    loop {
        Probe { number: 0 }.perform_later(&queue).await?;
        if !clock.lap() {
            return Ok(clock.laps);
        }
    }
}

async fn enqueue_in_bulk(size: u32, queue: &Queue, time: Duration) -> Result<Calls> {
    let mut clock = Clock::start(time);
    loop {
        let probes = (0..size).map(|number| Probe { number }).collect();
        queue.perform_all_later(probes).await?;
        if !clock.lap() {
            return Ok(clock.calls(size));
        }
    }
}

/// Takes the time of each call until the time is over.
struct Clock {
    start: Instant,
    last: Instant,
    time: Duration,
    laps: Vec<Duration>,
}

impl Clock {
    fn start(time: Duration) -> Self {
        let start = Instant::now();
        Self {
            start,
            last: start,
            time,
            laps: Vec::new(),
        }
    }

    /// Notes the end of a call. Whether there is time for another.
    fn lap(&mut self) -> bool {
        let now = Instant::now();
        self.laps.push(now - self.last);
        self.last = now;
        now - self.start < self.time
    }

    fn calls(self, jobs_each: u32) -> Calls {
        Calls {
            took: self.laps,
            jobs_each,
            time: self.last - self.start,
        }
    }
}

impl Run {
    fn jobs(&self) -> u32 {
        let calls = u32::try_from(self.calls.took.len()).unwrap_or(u32::MAX);
        calls.saturating_mul(self.calls.jobs_each)
    }

    fn jobs_per_second(&self) -> f64 {
        per_second(self.jobs(), self.calls.time)
    }

    fn processor_us_a_job(&self) -> f64 {
        microseconds_each(self.jobs(), self.processor_seconds)
    }
}

impl Figures {
    fn of(runs: Vec<Run>) -> Self {
        Self {
            jobs_per_second: Rounds::of(runs.iter().map(Run::jobs_per_second)),
            processor_us_a_job: Rounds::of(runs.iter().map(Run::processor_us_a_job)),
            calls: Summary::of(runs.into_iter().flat_map(|run| run.calls.took).collect()),
        }
    }

    fn ratio_to(&self, baseline: &Self) -> f64 {
        self.jobs_per_second.ratio_to(&baseline.jobs_per_second)
    }
}

fn report(figures: &[Figures; 6], time: Duration) -> Value {
    let [bare, one, many, bare_bulk, bulk_500, bulk_1000] = figures;
    json!({
        "benchmark": "enqueueing no-op jobs into a fresh file; a call is one transaction of the baseline, one await of ours",
        "machine": machine::describe(),
        "baseline": bare::describe(),
        "seconds_a_round": time.as_secs_f64(),
        "bare_sqlite": bare,
        "perform_later_1_caller": one,
        "perform_later_64_callers": many,
        "bare_sqlite_1000_a_transaction": bare_bulk,
        "perform_all_later_500": bulk_500,
        "perform_all_later_1000": bulk_1000,
        "ratios": {
            "1_caller_to_bare": one.ratio_to(bare),
            "64_callers_to_bare": many.ratio_to(bare),
            "all_later_500_to_bare_1000": bulk_500.ratio_to(bare_bulk),
            "all_later_1000_to_bare_1000": bulk_1000.ratio_to(bare_bulk),
        },
        "goals": {
            "1_caller_to_bare": at_least(0.8, one.ratio_to(bare)),
            "64_callers_to_bare": at_least(3.0, many.ratio_to(bare)),
            "all_later_500_per_second": at_least(40_000.0, bulk_500.jobs_per_second.median),
            "all_later_1000_per_second": at_least(40_000.0, bulk_1000.jobs_per_second.median),
        },
    })
}
