//! Many clients that come again at once, and get what they missed.

use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::{Value, json};

use super::clients::{Clients, allow_many_connections};
use super::fanout::SIZE;
use super::file::CableFile;
use super::message::{Dialect, subscribe, todos};
use super::server::Server;
use crate::figures::Rounds;
use crate::scale::Scale;
use crate::summary::milliseconds;
use crate::{machine, rounds};

const MISSED: usize = 100;

#[derive(Clone, Copy, Debug)]
enum Way {
    /// The baseline: those who come have missed nothing.
    New,
    Back,
}

pub(crate) async fn measure(scale: Scale) -> Result<Value> {
    allow_many_connections()?;
    let clients = scale.choose(1_000, 10);
    let run = async |way: &Way| way.run(clients).await;
    let runs = rounds::interleave(scale.choose(5, 1), &[Way::New, Way::Back], run).await?;
    let [new, back] = runs.map(|times| Rounds::of(times.into_iter().map(milliseconds)));
    Ok(json!({
        "benchmark": "clients that come at once and subscribe, until the last has got all that it missed; by actioncable-v1-ext-json",
        "machine": machine::describe(),
        "clients": clients,
        "missed_messages": MISSED,
        "message_bytes": SIZE,
        "nothing_missed_ms": new,
        "all_missed_ms": back,
        "ratio_missed_to_nothing": back.ratio_to(&new),
    }))
}

impl Way {
    async fn run(self, clients: usize) -> Result<Duration> {
        let file = CableFile::create()?;
        let server = Server::cable(&file, true).await?;
        let (epoch, offset) = file.bare()?.position()?;
        let broadcaster = file.broadcaster("todos")?;
        broadcaster
            .broadcast(MISSED, SIZE, Duration::from_millis(1))
            .await?;
        let last = json!({ "todos": { "epoch": epoch, "offset": offset } });
        let (more, missed) = match self {
            Self::New => (Value::Null, None),
            Self::Back => (json!({ "history": { "streams": last } }), Some(MISSED)),
        };
        let commands = vec![vec![subscribe(&todos(), &more)]; clients];
        let start = Instant::now();
        let clients = Clients::open(server.address(), Dialect::Extended, commands).await?;
        if let Some(missed) = missed {
            clients.catch_up(missed).await?;
        }
        Ok(start.elapsed())
    }
}
