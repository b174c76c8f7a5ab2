//! Broadcasts of one process, one after the other and many at a time.

use std::time::{Duration, Instant};

use action_cable::{Cable, Stream};
use anyhow::Result;
use serde::Serialize;
use serde_json::{Value, json};

use super::file::CableFile;
use crate::figures::{Rounds, at_least, microseconds_each, per_second};
use crate::proc::processor_seconds;
use crate::scale::Scale;
use crate::summary::Summary;
use crate::{machine, rounds};

const STREAM: &str = "todos";
const PAYLOAD: &str = r#"{"number":1}"#;

#[derive(Clone, Copy, Debug)]
enum Way {
    /// So many rows a transaction by SQLite without us.
    Bare(u32),
    /// So many tasks that broadcast one message after the other.
    Callers(u32),
}

/// One run of a way.
struct Run {
    /// How long each call took.
    calls: Vec<Duration>,
    messages_each: u32,
    time: Duration,
    processor_seconds: f64,
}

/// A way over all rounds.
#[derive(Serialize)]
struct Figures {
    per_second: Rounds,
    processor_us_each: Rounds,
    calls: Summary,
}

pub(crate) async fn measure(scale: Scale) -> Result<Value> {
    let time = Duration::from_millis(scale.choose(1_500, 50));
    let ways = [
        Way::Bare(1),
        Way::Callers(1),
        Way::Bare(64),
        Way::Callers(64),
        Way::Bare(250),
        Way::Callers(500),
    ];
    let run = async |way: &Way| way.run(time).await;
    let runs = rounds::interleave(scale.choose(5, 1), &ways, run).await?;
    Ok(report(&runs.map(Figures::of), time))
}

impl Way {
    /// For as long as `time`, in a fresh file.
    async fn run(self, time: Duration) -> Result<Run> {
        let (file, id) = (CableFile::create()?, std::process::id());
        let (before, start) = (processor_seconds(id)?, Instant::now());
        let (calls, messages_each) = match self {
            Self::Bare(rows) => (insert(&file, rows, time)?, rows),
            Self::Callers(callers) => (broadcast(&file, callers, time).await?, 1),
        };
        Ok(Run {
            calls,
            messages_each,
            time: start.elapsed(),
            processor_seconds: processor_seconds(id)? - before,
        })
    }
}

fn insert(file: &CableFile, rows: u32, time: Duration) -> Result<Vec<Duration>> {
    let (bare, start) = (file.bare()?, Instant::now());
    let mut calls = Vec::new();
    while start.elapsed() < time {
        let call = Instant::now();
        bare.insert(rows, STREAM, PAYLOAD)?;
        calls.push(call.elapsed());
    }
    Ok(calls)
}

async fn broadcast(file: &CableFile, callers: u32, time: Duration) -> Result<Vec<Duration>> {
    let cable = file.solid_cable()?.cable();
    let tasks: Vec<_> = (0..callers)
        .map(|_| tokio::spawn(call(cable.clone(), time)))
        .collect();
    let mut calls = Vec::new();
    for task in tasks {
        calls.extend(task.await??);
    }
    Ok(calls)
}

async fn call(cable: Cable, time: Duration) -> Result<Vec<Duration>> {
    let (stream, start) = (Stream::<Value>::new(STREAM), Instant::now());
    let payload = serde_json::from_str(PAYLOAD)?;
    let mut calls = Vec::new();
    while start.elapsed() < time {
        let call = Instant::now();
        cable.broadcast(&stream, &payload).await?;
        calls.push(call.elapsed());
    }
    Ok(calls)
}

impl Run {
    fn messages(&self) -> u32 {
        let calls = u32::try_from(self.calls.len()).unwrap_or(u32::MAX);
        calls.saturating_mul(self.messages_each)
    }
}

impl Figures {
    fn of(runs: Vec<Run>) -> Self {
        let rate = |run: &Run| per_second(run.messages(), run.time);
        let cost = |run: &Run| microseconds_each(run.messages(), run.processor_seconds);
        Self {
            per_second: Rounds::of(runs.iter().map(rate)),
            processor_us_each: Rounds::of(runs.iter().map(cost)),
            calls: Summary::of(runs.into_iter().flat_map(|run| run.calls).collect()),
        }
    }

    fn ratio_to(&self, baseline: &Self) -> f64 {
        self.per_second.ratio_to(&baseline.per_second)
    }
}

fn report(figures: &[Figures; 6], time: Duration) -> Value {
    let [bare, one, bare_64, callers_64, bare_250, callers_500] = figures;
    let best = callers_64
        .per_second
        .median
        .max(callers_500.per_second.median);
    json!({
        "benchmark": "small broadcasts into a fresh file; a call is one transaction of the baseline, one await of ours",
        "machine": machine::describe(),
        "baseline": format!("prepared statements through rusqlite, SQLite {}", rusqlite::version()),
        "seconds_a_round": time.as_secs_f64(),
        "bare_sqlite": bare,
        "1_caller": one,
        "bare_sqlite_64_a_transaction": bare_64,
        "64_callers": callers_64,
        "bare_sqlite_250_a_transaction": bare_250,
        "500_callers": callers_500,
        "ratios": {
            "1_caller_to_bare": one.ratio_to(bare),
            "64_callers_to_bare_64": callers_64.ratio_to(bare_64),
            "500_callers_to_bare_250": callers_500.ratio_to(bare_250),
        },
        "goals": { "per_second": at_least(20_000.0, best) },
    })
}
