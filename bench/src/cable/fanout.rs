//! From the broadcast in one process to the receipt by the last client in another.

use std::time::Duration;

use anyhow::Result;
use serde::Serialize;
use serde_json::{Value, json};

use super::clients::{Clients, allow_many_connections};
use super::file::CableFile;
use super::message::{Dialect, subscribe, todos};
use super::plain;
use super::server::Server;
use crate::figures::{Rounds, at_most, hundredths, microseconds_each};
use crate::proc::processor_seconds;
use crate::scale::Scale;
use crate::summary::Summary;
use crate::{machine, rounds};

/// Bytes of a message's text.
pub(super) const SIZE: usize = 1_000;
/// Between two messages, about.
const EVERY: u64 = 100;

#[derive(Clone, Copy, Debug)]
struct Way {
    server: Kind,
    clients: usize,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Plain,
    Cable { dialect: Dialect, watch: bool },
}

struct Run {
    waits: Vec<Duration>,
    /// Of the server, for each message to each client.
    processor_us: f64,
}

/// A way over all rounds.
#[derive(Serialize)]
struct Figures {
    last_client: Summary,
    last_client_p50_ms: Rounds,
    server_us_a_delivery: Rounds,
}

pub(crate) async fn measure(scale: Scale) -> Result<Value> {
    allow_many_connections()?;
    let (many, messages) = (scale.choose(1_000, 20), scale.choose(60, 3));
    let cable = |dialect, watch| Kind::Cable { dialect, watch };
    let ways = [
        (Kind::Plain, many),
        (cable(Dialect::Base, true), many),
        (cable(Dialect::Extended, true), many),
        (Kind::Plain, 1),
        (cable(Dialect::Base, true), 1),
        (cable(Dialect::Base, false), 1),
    ]
    .map(|(server, clients)| Way { server, clients });
    let run = async |way: &Way| way.run(messages).await;
    let runs = rounds::interleave(scale.choose(5, 1), &ways, run).await?;
    Ok(report(&runs.map(Figures::of), many))
}

impl Way {
    async fn run(self, messages: usize) -> Result<Run> {
        match self.server {
            Kind::Plain => self.plain(messages).await,
            Kind::Cable { dialect, watch } => self.cable(messages, dialect, watch).await,
        }
    }

    /// The server broadcasts by itself, once all have come.
    async fn plain(self, messages: usize) -> Result<Run> {
        let server = Server::plain(&plain::Options {
            clients: self.clients,
            messages,
            size: SIZE,
            every: EVERY,
        })
        .await?;
        let clients = self.clients(&server, Dialect::Base).await?;
        let before = processor_seconds(server.id()?)?;
        let (_clients, waits) = clients.receive(messages).await?;
        self.ran(&server, before, waits)
    }

    async fn cable(self, messages: usize, dialect: Dialect, watch: bool) -> Result<Run> {
        let file = CableFile::create()?;
        let server = Server::cable(&file, watch).await?;
        let clients = self.clients(&server, dialect).await?;
        let before = processor_seconds(server.id()?)?;
        let broadcaster = file.broadcaster("todos")?;
        let broadcasts = broadcaster.broadcast(messages, SIZE, Duration::from_millis(EVERY));
        let ((_clients, waits), ()) = tokio::try_join!(clients.receive(messages), broadcasts)?;
        self.ran(&server, before, waits)
    }

    async fn clients(self, server: &Server, dialect: Dialect) -> Result<Clients> {
        let commands = vec![vec![subscribe(&todos(), &Value::Null)]; self.clients];
        Clients::open(server.address(), dialect, commands).await
    }

    fn ran(self, server: &Server, before: f64, waits: Vec<Duration>) -> Result<Run> {
        let used = processor_seconds(server.id()?)? - before;
        let deliveries = u32::try_from(waits.len() * self.clients)?;
        Ok(Run {
            waits,
            processor_us: microseconds_each(deliveries, used),
        })
    }
}

impl Figures {
    fn of(runs: Vec<Run>) -> Self {
        let p50 = |run: &Run| Summary::of(run.waits.clone()).p50_ms;
        Self {
            last_client_p50_ms: Rounds::of(runs.iter().map(p50)),
            server_us_a_delivery: Rounds::of(runs.iter().map(|run| run.processor_us)),
            last_client: Summary::of(runs.into_iter().flat_map(|run| run.waits).collect()),
        }
    }
}

fn report(figures: &[Figures; 6], many: usize) -> Value {
    let [plain, base, extended, plain_one, one, polling] = figures;
    let last = |it: &Figures| (it.last_client.p50_ms, it.last_client.p99_ms);
    let ((plain_p50, plain_p99), (p50, p99)) = (last(plain), last(base));
    let (extended_p50, _) = last(extended);
    let (watching, polling_alone) = (one.last_client.p50_ms, polling.last_client.p50_ms);
    let limit = |plain: f64| hundredths(plain * 1.3 + 2.0);
    json!({
        "benchmark": "from before the broadcast to the receipt by the last client, 10 messages of 1 KB a second",
        "machine": machine::describe(),
        "baseline": "a plain fan-out by actix-ws, which broadcasts in its own memory; clients as of ours",
        "clients": many,
        "plain": plain,
        "cable_json": base,
        "cable_ext_json": extended,
        "plain_to_1_client": plain_one,
        "cable_to_1_client": one,
        "cable_polling_alone_to_1_client": polling,
        "ratios": {
            "json_to_plain_p50": hundredths(p50 / plain_p50),
            "json_to_plain_p99": hundredths(p99 / plain_p99),
            "ext_json_to_plain_p50": hundredths(extended_p50 / plain_p50),
        },
        "goals": {
            "last_client_p50_ms": at_most(limit(plain_p50), p50),
            "last_client_p99_ms": at_most(limit(plain_p99), p99),
            "1_client_p50_ms": at_most(2.0, watching),
            "polling_beyond_watching_p50_ms": at_most(60.0, hundredths(polling_alone - watching)),
        },
    })
}
