//! Writes of new keys: one caller and many.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, ensure};
use serde_json::{Value, json};
use solid_cache::Cache;

use super::figures::{Figures, Goal};
use super::file::{CacheFile, from_the_file};
use super::redis::{self, Redis};
use super::values::{self, Values};
use crate::figures::per_second;
use crate::scale::Scale;
use crate::{machine, rounds};

const GOALS: [Goal; 2] = [
    Goal {
        way: "1_caller",
        to: "redis",
        at_least: 1.0,
    },
    Goal {
        way: "8_callers",
        to: "redis",
        at_least: 3.0,
    },
];

/// For information.
const RATIOS: [Goal; 5] = [
    Goal {
        way: "bare_sqlite",
        to: "redis",
        at_least: 0.0,
    },
    Goal {
        way: "1_caller",
        to: "bare_sqlite",
        at_least: 0.0,
    },
    Goal {
        way: "8_callers",
        to: "bare_sqlite",
        at_least: 0.0,
    },
    Goal {
        way: "8_callers",
        to: "1_caller",
        at_least: 0.0,
    },
    Goal {
        way: "8_callers",
        to: "redis_8_connections",
        at_least: 0.0,
    },
];

#[derive(Clone, Copy, Debug)]
enum Way {
    Bare,
    /// One task, or so many, each of which writes one entry after the other.
    OneCaller,
    Callers(u32),
    Redis,
    /// So many threads, each with a connection of its own.
    RedisByThreads(u32),
}

pub(crate) async fn measure(scale: Scale) -> Result<Value> {
    let time = Duration::from_millis(scale.choose(1_000, 50));
    let (redis, values) = (Redis::start()?, Arc::new(Values::new()));
    let ways = [
        Way::Bare,
        Way::OneCaller,
        Way::Callers(8),
        Way::Redis,
        Way::RedisByThreads(8),
    ];
    let run = async |way: &Way| way.run(redis.as_ref(), &values, time).await;
    let runs = rounds::interleave(scale.choose(9, 1), &ways, run).await?;
    let figures = Figures::of(ways.map(Way::name).into_iter().zip(runs));
    Ok(json!({
        "benchmark": "writes of new keys into an empty cache, each awaited before the caller's next; a transaction each of the baseline",
        "machine": machine::describe(),
        "baseline": super::bare::describe(),
        "redis": redis::describe(redis.as_ref()),
        "bytes_a_value": values::SIZE,
        "seconds_a_round": time.as_secs_f64(),
        "writes_per_second": figures,
        "ratios": figures.ratios(&RATIOS),
        "goals": figures.goals(&GOALS),
    }))
}

impl Way {
    fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare_sqlite",
            Self::OneCaller => "1_caller",
            Self::Callers(_) => "8_callers",
            Self::Redis => "redis",
            Self::RedisByThreads(_) => "redis_8_connections",
        }
    }

    /// Writes a second into a fresh cache; `None` when there is nothing to write to.
    async fn run(
        self,
        redis: Option<&Redis>,
        values: &Arc<Values>,
        time: Duration,
    ) -> Result<Option<f64>> {
        let file = CacheFile::create()?;
        if let Some(redis) = redis {
            redis.connect()?.clear()?;
        }
        let start = Instant::now();
        let count = match (self, redis) {
            (Self::Bare, _) => write_bare(&file, values, time)?,
            (Self::OneCaller, _) => {
                call(file.cache(from_the_file())?, Arc::clone(values), 0, time).await?
            }
            (Self::Callers(callers), _) => {
                by_callers(callers, &file.cache(from_the_file())?, values, time).await?
            }
            (Self::Redis, Some(redis)) => set(redis, values, 0, time)?,
            (Self::RedisByThreads(threads), Some(redis)) => {
                by_threads(threads, redis, values, time)?
            }
            (Self::Redis | Self::RedisByThreads(_), None) => return Ok(None),
        };
        Ok(Some(per_second(count, start.elapsed())))
    }
}

fn write_bare(file: &CacheFile, values: &Values, time: Duration) -> Result<u32> {
    let bare = file.bare()?;
    let (mut writer, start, mut count) = (bare.writer()?, Instant::now(), 0);
    while start.elapsed() < time {
        let (key, value) = entry(values, 0, count);
        writer.write(&key, value)?;
        count += 1;
    }
    Ok(count)
}

async fn by_callers(
    callers: u32,
    cache: &Cache,
    values: &Arc<Values>,
    time: Duration,
) -> Result<u32> {
    let tasks: Vec<_> = (0..callers)
        .map(|caller| tokio::spawn(call(cache.clone(), Arc::clone(values), caller, time)))
        .collect();
    let mut count = 0;
    for task in tasks {
        count += task.await??;
    }
    Ok(count)
}

async fn call(cache: Cache, values: Arc<Values>, caller: u32, time: Duration) -> Result<u32> {
    let (start, mut count) = (Instant::now(), 0);
    while start.elapsed() < time {
        let (key, value) = entry(&values, caller, count);
        let written = cache.write_bytes(&key, value).await;
        ensure!(written, "an entry could not be written");
        count += 1;
    }
    Ok(count)
}

fn by_threads(threads: u32, redis: &Redis, values: &Values, time: Duration) -> Result<u32> {
    thread::scope(|scope| {
        let threads: Vec<_> = (0..threads)
            .map(|caller| scope.spawn(move || set(redis, values, caller, time)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().map_err(|_| anyhow!("a writer panicked"))?)
            .sum()
    })
}

fn set(redis: &Redis, values: &Values, caller: u32, time: Duration) -> Result<u32> {
    let (mut client, start, mut count) = (redis.connect()?, Instant::now(), 0);
    while start.elapsed() < time {
        let (key, value) = entry(values, caller, count);
        client.set(&key, value)?;
        count += 1;
    }
    Ok(count)
}

/// What a caller writes next: under a key that nobody wrote before.
fn entry(values: &Values, caller: u32, number: u32) -> (String, &[u8]) {
    let place = usize::try_from(number).unwrap_or_default();
    (format!("bench/{caller}/{number}"), values.nth(place))
}
