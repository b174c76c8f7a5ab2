//! What a proxy takes while nobody comes.

use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::{Map, Value, json};
use tokio::time::sleep;

use super::family::Family;
use super::programs;
use super::proxy::Proxy;
use super::setting::{Protocol, Setting};
use crate::figures::hundredths;
use crate::machine;
use crate::scale::Scale;

pub(crate) async fn measure(scale: Scale) -> Result<Value> {
    let setting = Setting::create().await?;
    let proxies = Proxy::each(&setting, &[Protocol::Http1])?;
    // The start is not rest.
    sleep(Duration::from_millis(scale.choose(5_000, 100))).await;
    let families = proxies.iter().map(Proxy::family);
    let families = families.collect::<Result<Vec<_>>>()?;
    let start = Instant::now();
    let before = families.iter().map(Family::scheduled_seconds);
    let before = before.collect::<Result<Vec<_>>>()?;
    sleep(Duration::from_millis(scale.choose(30_000, 200))).await;
    let mut all = Map::new();
    for ((proxy, family), before) in proxies.iter().zip(families).zip(before) {
        let used = family.scheduled_seconds()? - before;
        let figures = json!({
            "resident_mb": family.resident_mb()?,
            "proportional_mb": hundredths(family.proportional_kb()? / 1024.0),
            "processor_ms_a_minute": hundredths(used * 60_000.0 / start.elapsed().as_secs_f64()),
        });
        all.insert(proxy.program.name().to_owned(), figures);
    }
    Ok(json!({
        "benchmark": "a proxy after its start while nobody comes",
        "machine": machine::describe(),
        "baseline": "nginx and Caddy with the same job",
        "proxies": programs::describe()?,
        "seconds": start.elapsed().as_secs(),
        "figures": all,
    }))
}
