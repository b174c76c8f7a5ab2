use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use test_support::{Process, Suite};

use crate::machine;

/// Clock ticks a second in `/proc`; the same on every Linux that we run on.
const TICKS: f64 = 100.0;

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
        .map(|(_, process)| processor_seconds(process))
        .collect::<Result<_>>()?;
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    let mut figures = serde_json::Map::new();
    for ((name, process), before) in processes.iter().zip(before) {
        let share =
            (processor_seconds(process)? - before) / Duration::from_secs(seconds).as_secs_f64();
        let figure = json!({ "resident_mb": resident(process)?, "core_percent": (share * 10_000.0).round() / 100.0 });
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

fn processor_seconds(process: &Process) -> Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{}/stat", process.id()?))?;
    // The name in parentheses may hold spaces; user and system time are the 12th and 13th field after it.
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .collect();
    let ticks = |field: usize| {
        fields
            .get(field)
            .and_then(|text| text.parse::<f64>().ok())
            .context("no times in stat")
    };
    Ok((ticks(11)? + ticks(12)?) / TICKS)
}

fn resident(process: &Process) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{}/status", process.id()?))?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .context("no VmRSS in status")?;
    let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok((kilobytes / 102.4).round() / 10.0)
}
