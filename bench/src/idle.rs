use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};
use test_support::Suite;

use crate::machine;
use crate::proc::{core_percent, private_mb, processor_seconds, resident_mb};

/// One page is open all the while, as it is when somebody only looks.
pub(crate) async fn measure(seconds: u64) -> Result<Value> {
    let suite = Suite::start(&[]).await?;
    suite
        .browser()
        .await?
        .create("something to look at")
        .await?;
    let _open = suite.socket().await?;
    let processes = [
        ("web", &suite.web),
        ("worker", &suite.worker),
        ("cable", &suite.cable),
    ];
    let before: Vec<f64> = processes
        .iter()
        .map(|(_, process)| processor_seconds(process.id()?))
        .collect::<Result<_>>()?;
    let time = Duration::from_secs(seconds);
    tokio::time::sleep(time).await;
    let mut figures = serde_json::Map::new();
    for ((name, process), before) in processes.iter().zip(before) {
        let id = process.id()?;
        let used = processor_seconds(id)? - before;
        let figure = json!({
            "resident_mb": resident_mb(id)?,
            "private_mb": private_mb(id)?,
            "core_percent": core_percent(used, time),
        });
        figures.insert((*name).to_owned(), figure);
    }
    Ok(json!({
        "benchmark": "each process while nothing happens, one page open",
        "machine": machine::describe(),
        "seconds": seconds,
        "processes": figures,
        "rails": { "web_resident_mb": 106, "worker_resident_mb": 357, "web_core_percent": 2.5, "worker_core_percent": 1.8 },
    }))
}
