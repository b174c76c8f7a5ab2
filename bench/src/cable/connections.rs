//! What thousands of connections cost.

use std::time::{Duration, Instant};

use anyhow::Result;
use serde::Serialize;
use serde_json::{Value, json};

use super::clients::{Clients, allow_many_connections};
use super::fanout::SIZE;
use super::file::CableFile;
use super::message::{Dialect, subscribe, todos};
use super::plain;
use super::server::Server;
use crate::figures::{at_most, hundredths};
use crate::machine;
use crate::proc::{core_percent, processor_seconds, resident_mb};
use crate::scale::Scale;
use crate::summary::Summary;

/// Between two messages, about.
const EVERY: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Debug)]
struct Load {
    clients: usize,
    messages: usize,
    rest: Duration,
}

#[derive(Serialize)]
struct Figures {
    resident_mb_without_clients: f64,
    /// Once they have been there for a while.
    kilobytes_a_client: f64,
    kilobytes_a_client_after_messages: f64,
    /// While nothing but pings is sent, one to each client every 3 seconds.
    idle_core_percent: f64,
    last_client: Summary,
}

pub(crate) async fn measure(scale: Scale) -> Result<Value> {
    allow_many_connections()?;
    let load = Load {
        // As many as `cable` takes.
        clients: scale.choose(10_000, 50),
        messages: scale.choose(30, 1),
        rest: Duration::from_secs(scale.choose(30, 1)),
    };
    let plain = load.on_plain().await?;
    let base = load.on_cable(Dialect::Base).await?;
    let extended = load.on_cable(Dialect::Extended).await?;
    Ok(json!({
        "benchmark": "clients that are connected and subscribed; then a message of 1 KB a second to all of them",
        "machine": machine::describe(),
        "baseline": "a plain fan-out by actix-ws in memory, without pings",
        "clients": load.clients,
        "plain": plain,
        "cable_json": base,
        "cable_ext_json": extended,
        "goals": { "json": goals(&base), "ext_json": goals(&extended) },
    }))
}

impl Load {
    async fn on_plain(self) -> Result<Figures> {
        // It begins only when the last has subscribed, who comes after the rest.
        let server = Server::plain(&plain::Options {
            clients: self.clients + 1,
            messages: self.messages,
            size: SIZE,
            every: u64::try_from(EVERY.as_millis())?,
        })
        .await?;
        let before = resident_mb(server.id()?)?;
        let (clients, idle) = self.rest(&server, Dialect::Base).await?;
        let _last = open(&server, Dialect::Base, 1).await?;
        let (_clients, waits) = clients.receive(self.messages).await?;
        self.figures(&server, before, &idle, waits)
    }

    async fn on_cable(self, dialect: Dialect) -> Result<Figures> {
        let file = CableFile::create()?;
        let server = Server::cable(&file, true).await?;
        let before = resident_mb(server.id()?)?;
        let (clients, idle) = self.rest(&server, dialect).await?;
        let broadcaster = file.broadcaster("todos")?;
        let broadcasts = broadcaster.broadcast(self.messages, SIZE, EVERY);
        let ((_clients, waits), ()) = tokio::try_join!(clients.receive(self.messages), broadcasts)?;
        self.figures(&server, before, &idle, waits)
    }

    /// Opens the clients, and leaves them alone for a time.
    async fn rest(self, server: &Server, dialect: Dialect) -> Result<(Clients, Idle)> {
        let clients = open(server, dialect, self.clients).await?;
        // What the opening leaves behind is not counted.
        let clients = clients.rest(self.rest / 5).await?;
        let (before, start) = (processor_seconds(server.id()?)?, Instant::now());
        let clients = clients.rest(self.rest).await?;
        let used = processor_seconds(server.id()?)? - before;
        let idle = Idle {
            core_percent: core_percent(used, start.elapsed()),
            resident_mb: resident_mb(server.id()?)?,
        };
        Ok((clients, idle))
    }

    fn figures(
        self,
        server: &Server,
        before: f64,
        idle: &Idle,
        waits: Vec<Duration>,
    ) -> Result<Figures> {
        let clients = f64::from(u32::try_from(self.clients)?);
        let each = |resident: f64| hundredths((resident - before) * 1024.0 / clients);
        Ok(Figures {
            resident_mb_without_clients: before,
            kilobytes_a_client: each(idle.resident_mb),
            kilobytes_a_client_after_messages: each(resident_mb(server.id()?)?),
            idle_core_percent: idle.core_percent,
            last_client: Summary::of(waits),
        })
    }
}

/// A server whose clients do nothing.
struct Idle {
    core_percent: f64,
    resident_mb: f64,
}

async fn open(server: &Server, dialect: Dialect, clients: usize) -> Result<Clients> {
    let commands = vec![vec![subscribe(&todos(), &Value::Null)]; clients];
    Clients::open(server.address(), dialect, commands).await
}

fn goals(figures: &Figures) -> Value {
    json!({
        "kilobytes_a_client": at_most(15.0, figures.kilobytes_a_client_after_messages),
        "last_client_p99_ms": at_most(250.0, figures.last_client.p99_ms),
        "idle_core_percent": at_most(3.0, figures.idle_core_percent),
    })
}
