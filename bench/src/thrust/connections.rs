//! What thousands of WebSockets through a proxy cost, while nothing is said.

use std::time::Duration;

use anyhow::{Context as _, Result};
use rustix::process::{Resource, getrlimit};
use serde::Serialize;
use serde_json::{Map, Value, json};
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::programs::{self, Program};
use super::proxy::Proxy;
use super::setting::{Protocol, Setting};
use super::socket::Socket;
use crate::cable::allow_many_connections;
use crate::figures::hundredths;
use crate::machine;
use crate::scale::Scale;

/// Files of a proxy that are not connections.
const OTHER_FILES: u64 = 200;

#[derive(Serialize)]
struct Figures {
    resident_mb_at_rest: f64,
    /// Without counting pages twice that are shared.
    proportional_mb_at_rest: f64,
    kilobytes_a_connection: f64,
    /// After a message of 64 bytes and its echo on each.
    kilobytes_a_connection_after_messages: f64,
}

pub(crate) async fn measure(scale: Scale) -> Result<Value> {
    allow_many_connections()?;
    let connections = scale.choose(10_000.min(most()), 50);
    let rest = Duration::from_millis(scale.choose(5_000, 100));
    let mut all = Map::new();
    for program in programs::installed()? {
        let figures = weigh(program, connections, rest).await?;
        all.insert(program.name().to_owned(), json!(figures));
    }
    Ok(json!({
        "benchmark": "WebSockets that say nothing",
        "machine": machine::describe(),
        "baseline": "nginx and Caddy with the same job",
        "proxies": programs::describe()?,
        "connections": connections,
        "figures": all,
    }))
}

/// Each takes two of the files that a proxy may have.
fn most() -> usize {
    let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    usize::try_from(files.saturating_sub(OTHER_FILES) / 2).unwrap_or(usize::MAX)
}

async fn weigh(program: Program, connections: usize, rest: Duration) -> Result<Figures> {
    // With a backend of its own, for there are not ports enough for two.
    let setting = Setting::create().await?;
    let proxy = Proxy::start(program, &setting, Protocol::Http1)?;
    let port = proxy.port;
    // What the first takes is not what each takes.
    spawn_blocking(move || Socket::open(port)?.echo()).await??;
    sleep(rest).await;
    let family = proxy.family()?;
    let (resident, before) = (family.resident_mb()?, family.proportional_kb()?);
    let sockets = spawn_blocking(move || {
        let open = |number| Socket::open(port).with_context(|| format!("connection {number}"));
        (0..connections).map(open).collect::<Result<Vec<_>>>()
    })
    .await??;
    sleep(rest).await;
    let idle = family.proportional_kb()?;
    let sockets = spawn_blocking(move || {
        let mut sockets = sockets;
        sockets.iter_mut().try_for_each(Socket::echo)?;
        anyhow::Ok(sockets)
    })
    .await??;
    sleep(rest).await;
    let after = family.proportional_kb()?;
    drop(sockets);
    let count = f64::from(u32::try_from(connections)?);
    let each = |kilobytes: f64| hundredths((kilobytes - before) / count);
    Ok(Figures {
        resident_mb_at_rest: resident,
        proportional_mb_at_rest: hundredths(before / 1024.0),
        kilobytes_a_connection: each(idle),
        kilobytes_a_connection_after_messages: each(after),
    })
}
