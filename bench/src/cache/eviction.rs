//! How often a full cache has what is asked for.

use anyhow::Result;
use serde_json::{Map, Value, json};
use solid_cache::{Config, Eviction};

use super::file::CacheFile;
use super::policies::{Fifo, Lru, Sieve, hits};
use super::values::{Values, key};
use super::zipf;
use crate::figures::{at_least, hundredths};
use crate::machine;
use crate::scale::Scale;

const SIZES: std::ops::RangeInclusive<usize> = 100..=1024;
const ALPHAS: [f64; 2] = [0.9, 1.0];

/// Percentages of the requests.
struct HitRatios {
    sieve: f64,
    fifo: f64,
    exact_sieve: f64,
    exact_fifo: f64,
    exact_lru: f64,
}

pub(crate) async fn measure(scale: Scale) -> Result<Value> {
    let (keys, requests) = scale.choose((100_000, 500_000), (1_000, 5_000));
    let room = keys / 10;
    let (mut traces, mut goals) = (Map::new(), Map::new());
    for alpha in ALPHAS {
        let trace = zipf::trace(keys, alpha, requests);
        let ratios = HitRatios::of(&trace, room).await?;
        let name = format!("alpha_{alpha:.1}");
        goals.insert(format!("{name}_sieve_to_fifo"), ratios.goal());
        traces.insert(name, ratios.report());
    }
    Ok(json!({
        "benchmark": "reads of keys by Zipf's law, each followed by a write when there is no entry, from an empty cache on",
        "machine": machine::describe(),
        "keys": keys,
        "max_entries": room,
        "requests": requests,
        "bytes_a_value": [SIZES.start(), SIZES.end()],
        "hit_percent": traces,
        "goals": goals,
    }))
}

impl HitRatios {
    async fn of(trace: &[u32], room: u32) -> Result<Self> {
        let places = usize::try_from(room)?;
        let percent = |hits| percent(hits, trace.len());
        Ok(Self {
            sieve: percent(ask(Eviction::Sieve, trace, room).await?),
            fifo: percent(ask(Eviction::Fifo, trace, room).await?),
            exact_sieve: percent(hits(Sieve::new(places), trace)),
            exact_fifo: percent(hits(Fifo::new(places), trace)),
            exact_lru: percent(hits(Lru::new(places), trace)),
        })
    }

    fn goal(&self) -> Value {
        at_least(1.0, hundredths(self.sieve / self.fifo))
    }

    fn report(&self) -> Value {
        json!({
            "sieve": self.sieve,
            "fifo": self.fifo,
            "exact_in_memory": {
                "sieve": self.exact_sieve,
                "fifo": self.exact_fifo,
                "lru": self.exact_lru,
            },
        })
    }
}

/// How many of the requests our cache answers.
async fn ask(eviction: Eviction, trace: &[u32], room: u32) -> Result<usize> {
    let (file, values) = (CacheFile::create()?, Values::new());
    let cache = file.cache(Config {
        first_level: None,
        max_entries: Some(room.into()),
        eviction,
        ..Config::default()
    })?;
    let mut hits = 0;
    for number in trace {
        let number = usize::try_from(*number)?;
        let key = key(number);
        if cache.read_bytes(&key).await.is_some() {
            hits += 1;
        } else {
            cache.write_bytes(&key, values.within(number, SIZES)).await;
        }
    }
    Ok(hits)
}

fn percent(hits: usize, requests: usize) -> f64 {
    let part = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    hundredths(part(hits) / part(requests) * 100.0)
}
