//! How much later a message and its echo come through a proxy.

use std::time::Instant;

use anyhow::Result;
use serde_json::{Map, Value, json};
use tokio::task::spawn_blocking;

use super::load::{Run, Tally};
use super::programs;
use super::proxy::Proxy;
use super::setting::{Protocol, Setting};
use super::socket::{SIZE, Socket};
use crate::figures::Rounds;
use crate::machine;
use crate::rounds::interleave_all;
use crate::scale::Scale;

pub(crate) async fn measure(scale: Scale) -> Result<Value> {
    let setting = Setting::create().await?;
    let proxies = Proxy::each(&setting, &[Protocol::Http1])?;
    let mut ways = vec![("direct", setting.backend.port)];
    ways.extend(
        proxies
            .iter()
            .map(|proxy| (proxy.program.name(), proxy.port)),
    );
    let messages = scale.choose(2_000, 20);
    interleave_all(1, &ways, async |(_, port)| echoes(*port, messages).await).await?;
    let runs = interleave_all(scale.choose(7, 1), &ways, async |(_, port)| {
        echoes(*port, messages).await
    })
    .await?;
    let p50 = |runs: &[Run]| Rounds::of(runs.iter().map(|run| run.p50_us));
    let direct = runs.first().map_or(0.0, |runs| p50(runs).median);
    let mut all = Map::new();
    for ((name, _), runs) in ways.iter().zip(&runs) {
        let figures = json!({
            "p50_us": p50(runs),
            "p99_us": Rounds::of(runs.iter().map(|run| run.p99_us)),
            "p50_us_beyond_direct": (p50(runs).median - direct).round(),
        });
        all.insert((*name).to_owned(), figures);
    }
    Ok(json!({
        "benchmark": "a message on a WebSocket and its echo, one after the other",
        "machine": machine::describe(),
        "baseline": "the backend without a proxy, and nginx and Caddy with the same job",
        "proxies": programs::describe()?,
        "message_bytes": SIZE,
        "messages_a_round": messages,
        "figures": all,
    }))
}

async fn echoes(port: u16, messages: usize) -> Result<Run> {
    spawn_blocking(move || {
        let mut socket = Socket::open(port)?;
        socket.echo()?;
        let (start, mut tally) = (Instant::now(), Tally::default());
        for _ in 0..messages {
            let sent = Instant::now();
            socket.echo()?;
            tally.note(sent);
        }
        tally.run(start.elapsed())
    })
    .await?
}
