//! Reads of entries that are there: from the file, from memory, and from others.

use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use rand::seq::SliceRandom as _;
use serde_json::{Value, json};
use tokio::runtime::Handle;

use super::figures::{Figures, Goal};
use super::redis;
use super::rivals::{Rivals, hit, whole};
use super::values::{self, generator, key};
use crate::figures::per_second;
use crate::scale::Scale;
use crate::{machine, rounds};

/// Reads between two looks at the clock.
const STRETCH: usize = 100;

const GOALS: [Goal; 5] = [
    Goal {
        way: "file",
        to: "diesel",
        at_least: 0.9,
    },
    Goal {
        way: "file",
        to: "bare_sqlite",
        at_least: 0.5,
    },
    Goal {
        way: "file",
        to: "redis",
        at_least: 10.0,
    },
    Goal {
        way: "first_level",
        to: "moka",
        at_least: 0.8,
    },
    Goal {
        way: "first_level",
        to: "redis",
        at_least: 50.0,
    },
];

/// What there is to gain at most, for information.
const CEILINGS: [Goal; 2] = [
    Goal {
        way: "bare_sqlite",
        to: "redis",
        at_least: 0.0,
    },
    Goal {
        way: "moka",
        to: "redis",
        at_least: 0.0,
    },
];

#[derive(Clone, Copy, Debug)]
enum Way {
    Bare,
    Diesel,
    File,
    Redis,
    Moka,
    FirstLevel,
    MokaByThreads(u32),
    FirstLevelByThreads(u32),
}

pub(crate) async fn measure(scale: Scale) -> Result<Value> {
    let time = Duration::from_millis(scale.choose(300, 50));
    let count = scale.choose(10_000, 500);
    let rivals = Rivals::with_entries(count).await?;
    let keys = shuffled(count);
    let ways = [
        Way::Bare,
        Way::Diesel,
        Way::File,
        Way::Redis,
        Way::Moka,
        Way::FirstLevel,
        Way::MokaByThreads(2),
        Way::FirstLevelByThreads(2),
    ];
    let run = async |way: &Way| way.run(&rivals, &keys, time).await;
    let runs = rounds::interleave(scale.choose(15, 1), &ways, run).await?;
    let figures = Figures::of(ways.map(Way::name).into_iter().zip(runs));
    Ok(json!({
        "benchmark": "reads of entries that are there, in the same shuffled order, by one caller where no threads are named",
        "machine": machine::describe(),
        "baseline": super::bare::describe(),
        "redis": redis::describe(rivals.redis.as_ref()),
        "entries": count,
        "bytes_a_value": values::SIZE,
        "seconds_a_round": time.as_secs_f64(),
        "reads_per_second": figures,
        "ratios": figures.ratios(&CEILINGS),
        "goals": figures.goals(&GOALS),
    }))
}

fn shuffled(count: usize) -> Vec<String> {
    let mut keys: Vec<_> = (0..count).map(key).collect();
    keys.shuffle(&mut generator());
    keys
}

impl Way {
    fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare_sqlite",
            Self::Diesel => "diesel",
            Self::File => "file",
            Self::Redis => "redis",
            Self::Moka => "moka",
            Self::FirstLevel => "first_level",
            Self::MokaByThreads(_) => "moka_2_threads",
            Self::FirstLevelByThreads(_) => "first_level_2_threads",
        }
    }

    /// Reads a second; `None` when there is nothing to read from.
    async fn run(self, rivals: &Rivals, keys: &[String], time: Duration) -> Result<Option<f64>> {
        let moka = async |key: &str| whole(&rivals.moka.get(key).context("no such entry")?);
        let ours = async |key: &str| whole(&hit(&rivals.first_level, key).await?);
        let rate = match self {
            Self::Bare => {
                let bare = rivals.file.bare()?;
                let mut reader = bare.reader()?;
                read(keys, time, async |key| whole(&reader.read(key)?)).await
            }
            Self::Diesel => {
                let mut reader = rivals.file.by_diesel()?;
                read(keys, time, async |key| whole(&reader.read(key)?)).await
            }
            Self::File => {
                read(keys, time, async |key| {
                    whole(&hit(&rivals.cache, key).await?)
                })
                .await
            }
            Self::Redis => {
                let Some(redis) = &rivals.redis else {
                    return Ok(None);
                };
                let mut client = redis.connect()?;
                read(keys, time, async |key| whole(&client.get(key)?)).await
            }
            Self::Moka => read(keys, time, moka).await,
            Self::FirstLevel => read(keys, time, ours).await,
            Self::MokaByThreads(threads) => by_threads(threads, || read(keys, time, moka)),
            Self::FirstLevelByThreads(threads) => by_threads(threads, || read(keys, time, ours)),
        };
        Ok(Some(rate?))
    }
}

/// Reads all keys once, so that what is kept is kept, and then over and over for as long as `time`.
async fn read(
    keys: &[String],
    time: Duration,
    mut read: impl AsyncFnMut(&str) -> Result<()>,
) -> Result<f64> {
    for key in keys {
        read(key).await?;
    }
    let (start, mut count) = (Instant::now(), 0);
    for stretch in keys.chunks_exact(STRETCH).cycle() {
        for key in stretch {
            black_box(read(key).await?);
        }
        count += u32::try_from(STRETCH)?;
        if start.elapsed() >= time {
            break;
        }
    }
    Ok(per_second(count, start.elapsed()))
}

/// What so many threads that do the same read together.
fn by_threads<F: Future<Output = Result<f64>>>(
    threads: u32,
    read: impl Fn() -> F + Sync,
) -> Result<f64> {
    let (runtime, read) = (Handle::current(), &read);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..threads)
            .map(|_| {
                let runtime = runtime.clone();
                scope.spawn(move || runtime.block_on(read()))
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().map_err(|_| anyhow!("a reader panicked"))?)
            .sum()
    })
}
