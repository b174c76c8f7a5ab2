//! Many tasks fetch one hot key, alone and while another process' handle writes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, ensure};
use serde::Serialize;
use serde_json::{Value, json};
use solid_cache::{Cache, Config};
use tokio::runtime;
use tokio::sync::Barrier;
use tokio_util::sync::CancellationToken;

use super::file::{CacheFile, first_level, from_the_file};
use super::values::{self, Values, key};
use crate::figures::{Rounds, at_most, per_second};
use crate::scale::Scale;
use crate::summary::Summary;
use crate::{machine, rounds};

const TASKS: usize = 64;
const HOT: &str = "hot";
/// From one write of the other handle to the next.
const PACE: Duration = Duration::from_millis(1);

#[derive(Clone, Copy, Debug)]
struct Way {
    first_level: bool,
    beside_writes: bool,
}

struct Run {
    took: Vec<Duration>,
    computed: u32,
    time: Duration,
    writes: u32,
}

/// A way over all rounds.
#[derive(Serialize)]
struct Figures {
    fetch: Summary,
    fetches_per_second: Rounds,
    /// Of all rounds together.
    computed: u32,
    other_writes_per_second: Rounds,
}

pub(crate) async fn measure(scale: Scale) -> Result<Value> {
    let each = scale.choose(5_000, 50);
    let ways = [(true, false), (false, false), (true, true), (false, true)].map(
        |(first_level, beside_writes)| Way {
            first_level,
            beside_writes,
        },
    );
    let values = Arc::new(Values::new());
    let run = async |way: &Way| way.run(each, &values).await;
    let runs = rounds::interleave(scale.choose(5, 1), &ways, run).await?;
    let [kept, file, kept_beside, file_beside] = runs.map(Figures::of);
    Ok(json!({
        "benchmark": "64 tasks fetch one key, missing at first, and give way to each other between two fetches",
        "machine": machine::describe(),
        "tasks": TASKS,
        "fetches_a_task": each,
        "bytes_a_value": values::SIZE,
        "first_level": kept,
        "file": file,
        "first_level_beside_writes": kept_beside,
        "file_beside_writes": file_beside,
        "goals": {
            "first_level_p99_ms": at_most(1.0, kept.fetch.p99_ms),
            "first_level_beside_writes_p99_ms": at_most(1.0, kept_beside.fetch.p99_ms),
        },
    }))
}

impl Way {
    async fn run(self, each: usize, values: &Arc<Values>) -> Result<Run> {
        let file = CacheFile::create()?;
        let cache = file.cache(Config {
            first_level: self.first_level.then(first_level),
            ..Config::default()
        })?;
        let other = if self.beside_writes {
            Some(Writer::start(&file, values)?)
        } else {
            None
        };
        let (start, computed) = (Instant::now(), Arc::default());
        let took = fetch_by_all(&cache, each, values, &computed).await?;
        let time = start.elapsed();
        let writes = other.map_or(Ok(0), Writer::stop)?;
        Ok(Run {
            took,
            computed: computed.load(Relaxed),
            time,
            writes,
        })
    }
}

async fn fetch_by_all(
    cache: &Cache,
    each: usize,
    values: &Values,
    computed: &Arc<AtomicU32>,
) -> Result<Vec<Duration>> {
    let (text, start) = (values.text(0), Arc::new(Barrier::new(TASKS)));
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            let (cache, text) = (cache.clone(), text.clone());
            let (start, computed) = (Arc::clone(&start), Arc::clone(computed));
            tokio::spawn(async move {
                start.wait().await;
                fetch(&cache, each, &text, &computed).await
            })
        })
        .collect();
    let mut took = Vec::new();
    for task in tasks {
        took.extend(task.await??);
    }
    Ok(took)
}

/// How long each took.
async fn fetch(
    cache: &Cache,
    each: usize,
    text: &str,
    computed: &AtomicU32,
) -> Result<Vec<Duration>> {
    let compute = async || {
        computed.fetch_add(1, Relaxed);
        Ok::<_, anyhow::Error>(text.to_owned())
    };
    let mut took = Vec::with_capacity(each);
    for _ in 0..each {
        let start = Instant::now();
        let fetched = cache.fetch(HOT, compute).await?;
        took.push(start.elapsed());
        ensure!(fetched == text, "another value");
        tokio::task::yield_now().await;
    }
    Ok(took)
}

/// Another handle on the file, on a thread of its own, as another process would have it.
struct Writer {
    stop: CancellationToken,
    thread: JoinHandle<Result<u32>>,
}

impl Writer {
    fn start(file: &CacheFile, values: &Arc<Values>) -> Result<Self> {
        let (cache, values) = (file.cache(from_the_file())?, Arc::clone(values));
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        Ok(Self {
            thread: thread::spawn(move || runtime.block_on(write(&cache, &values, &stopped))),
            stop,
        })
    }

    /// How many writes they were.
    fn stop(self) -> Result<u32> {
        self.stop.cancel();
        self.thread
            .join()
            .map_err(|_| anyhow!("the writer panicked"))?
    }
}

async fn write(cache: &Cache, values: &Values, stop: &CancellationToken) -> Result<u32> {
    let (mut count, mut pace) = (0, tokio::time::interval(PACE));
    while !stop.is_cancelled() {
        pace.tick().await;
        let number = usize::try_from(count)?;
        let written = cache.write_bytes(key(number), values.nth(number)).await;
        ensure!(written, "an entry could not be written");
        count += 1;
    }
    Ok(count)
}

impl Figures {
    fn of(runs: Vec<Run>) -> Self {
        let rate = |run: &Run, count| per_second(count, run.time);
        let fetches = |run: &Run| u32::try_from(run.took.len()).unwrap_or(u32::MAX);
        Self {
            fetches_per_second: Rounds::of(runs.iter().map(|run| rate(run, fetches(run)))),
            computed: runs.iter().map(|run| run.computed).sum(),
            other_writes_per_second: Rounds::of(runs.iter().map(|run| rate(run, run.writes))),
            fetch: Summary::of(runs.into_iter().flat_map(|run| run.took).collect()),
        }
    }
}
