//! Whether a message costs the same among many idle streams as among few.

use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use serde::Serialize;
use serde_json::{Value, json};

use super::clients::{Clients, allow_many_connections};
use super::file::CableFile;
use super::message::{Dialect, subscribe};
use super::server::Server;
use crate::figures::{Rounds, at_most, hundredths, microseconds_each};
use crate::proc::processor_seconds;
use crate::scale::Scale;
use crate::summary::Summary;
use crate::{machine, rounds};

/// Clients that subscribe to the idle streams; a client has at most 1,000 subscriptions.
const CLIENTS: usize = 100;
const SIZE: usize = 100;
/// Between two messages, about.
const EVERY: Duration = Duration::from_millis(5);

struct Run {
    waits: Vec<Duration>,
    /// Of the server, for each message.
    processor_us: f64,
}

/// A number of idle streams over all rounds.
#[derive(Serialize)]
struct Figures {
    idle_streams: usize,
    received: Summary,
    received_p50_ms: Rounds,
    server_us_a_message: Rounds,
}

pub(crate) async fn measure(scale: Scale) -> Result<Value> {
    allow_many_connections()?;
    let (many, messages) = (scale.choose(100_000, 1_000), scale.choose(2_000, 20));
    let ways = [10, many];
    let run = async |idle: &usize| run(*idle, messages).await;
    let [few_runs, many_runs] = rounds::interleave(scale.choose(3, 1), &ways, run).await?;
    let (few, many) = (Figures::of(10, few_runs), Figures::of(many, many_runs));
    let ratio = |of: fn(&Figures) -> f64| hundredths(of(&many) / of(&few));
    let waits = ratio(|it| it.received.p50_ms);
    let costs = ratio(|it| it.server_us_a_message.median);
    Ok(json!({
        "benchmark": "200 messages a second to a stream with one subscriber, among streams to which nothing is sent",
        "machine": machine::describe(),
        "among_few": few,
        "among_many": many,
        "ratios_many_to_few": { "received_p50": waits, "server_processor_time": costs },
        "goals": {
            "received_p50_ratio": at_most(1.2, waits),
            "server_processor_time_ratio": at_most(1.2, costs),
        },
    }))
}

async fn run(idle: usize, messages: usize) -> Result<Run> {
    let file = CableFile::create()?;
    let server = Server::channels(&file).await?;
    let (address, dialect) = (server.address(), Dialect::Base);
    let subscriptions = (0..CLIENTS)
        .map(|client| idle_streams(client, idle))
        .collect();
    let _idle = Clients::open(address, dialect, subscriptions).await?;
    let clients = Clients::open(address, dialect, vec![vec![subscription("busy")]]).await?;
    let before = processor_seconds(server.id()?)?;
    let broadcaster = file.broadcaster("busy")?;
    let broadcasts = broadcaster.broadcast(messages, SIZE, EVERY);
    let ((_clients, waits), ()) = tokio::try_join!(clients.receive(messages), broadcasts)?;
    let used = processor_seconds(server.id()?)? - before;
    Ok(Run {
        waits,
        processor_us: microseconds_each(u32::try_from(messages)?, used),
    })
}

/// The share of one client.
fn idle_streams(client: usize, idle: usize) -> Vec<Bytes> {
    let streams = (client..idle).step_by(CLIENTS);
    streams
        .map(|stream| subscription(&format!("idle:{stream}")))
        .collect()
}

fn subscription(stream: &str) -> Bytes {
    let identifier = json!({ "channel": "$pubsub", "stream_name": stream });
    subscribe(&identifier, &Value::Null)
}

impl Figures {
    fn of(idle_streams: usize, runs: Vec<Run>) -> Self {
        let p50 = |run: &Run| Summary::of(run.waits.clone()).p50_ms;
        Self {
            idle_streams,
            received_p50_ms: Rounds::of(runs.iter().map(p50)),
            server_us_a_message: Rounds::of(runs.iter().map(|run| run.processor_us)),
            received: Summary::of(runs.into_iter().flat_map(|run| run.waits).collect()),
        }
    }
}
