//! What is measured of each way, and how the ways compare.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use serde::Serialize;
use serde_json::{Map, Value, json};
use tokio::task::spawn_blocking;

use super::family::Family;
use super::http1::Plain;
use super::http2::Secure;
use super::load::{Request, Run, load};
use super::proxy::Proxy;
use super::setting::{Protocol, Setting};
use crate::figures::{Rounds, microseconds_each, per_second};
use crate::proc::processor_seconds;
use crate::rounds::interleave_all;
use crate::scale::Scale;

/// As browsers open them.
const CONNECTIONS_1: usize = 32;
const CONNECTIONS_2: usize = 16;
const STREAMS: usize = 10;

/// What the figures are of.
pub(crate) const DESCRIPTION: &str = "HTTP/1.1 over 32 connections that are kept; HTTP/2 over TLS with 16 connections of 10 \
                                      streams; clients, proxy and backend on the same cores";

/// By the names of the ways.
pub(crate) type All = BTreeMap<&'static str, Figures>;

#[derive(Serialize)]
pub(crate) struct Figures {
    per_second: Rounds,
    p50_us: Rounds,
    p99_us: Rounds,
    /// Of all processes of the proxy. Nothing when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    processor_us_each: Option<Rounds>,
    client_processor_us_each: Rounds,
}

/// Processor seconds in a run.
#[derive(Clone, Copy)]
struct Used {
    proxy: Option<f64>,
    client: f64,
}

/// A request, and whom to ask.
struct Way<'a> {
    name: &'static str,
    port: u16,
    proxy: Option<&'a Proxy>,
}

/// Asks each proxy, and without any where it is plain, in turn.
pub(crate) async fn compare(
    setting: &Setting,
    proxies: &[Proxy],
    protocol: Protocol,
    request: Request,
    scale: Scale,
    with_direct: bool,
) -> Result<All> {
    let direct = with_direct.then_some(Way {
        name: "direct",
        port: setting.backend.port,
        proxy: None,
    });
    let through = proxies
        .iter()
        .filter(|proxy| proxy.protocol == protocol)
        .map(|proxy| Way {
            name: proxy.program.name(),
            port: proxy.port,
            proxy: Some(proxy),
        });
    let ways: Vec<Way<'_>> = direct.into_iter().chain(through).collect();
    let time = Duration::from_millis(scale.choose(2_000, 100));
    // Nothing is cold in the rounds that count.
    interleave_all(1, &ways, async |way| {
        way.run(setting, protocol, request, time / 2).await
    })
    .await?;
    let runs = interleave_all(scale.choose(5, 1), &ways, async |way| {
        way.run(setting, protocol, request, time).await
    })
    .await?;
    let all = ways.iter().zip(runs);
    Ok(all
        .map(|(way, runs)| (way.name, Figures::of(&runs)))
        .collect())
}

impl Way<'_> {
    async fn run(
        &self,
        setting: &Setting,
        protocol: Protocol,
        request: Request,
        time: Duration,
    ) -> Result<(Run, Used)> {
        let port = self.port;
        let family = self.proxy.map(Proxy::family).transpose()?;
        let used = || Used::so_far(family.as_ref());
        let (before, run);
        match protocol {
            Protocol::Http1 => {
                let connections = (0..CONNECTIONS_1).map(|_| Plain::open(port, &request));
                let mut connections = connections.collect::<Result<Vec<_>>>()?;
                before = used()?;
                run = spawn_blocking(move || load(&mut connections, time)).await??;
            }
            Protocol::Http2Tls => {
                let connections = (0..CONNECTIONS_2)
                    .map(|_| Secure::open(port, &setting.certificate, &request, STREAMS));
                let mut connections = connections.collect::<Result<Vec<_>>>()?;
                before = used()?;
                run = spawn_blocking(move || load(&mut connections, time)).await??;
            }
        }
        Ok((run, used()?.since(before)))
    }
}

impl Used {
    fn so_far(family: Option<&Family>) -> Result<Self> {
        Ok(Self {
            proxy: family.map(Family::processor_seconds).transpose()?,
            client: processor_seconds(std::process::id())?,
        })
    }

    fn since(self, before: Self) -> Self {
        let proxy = self.proxy.zip(before.proxy);
        Self {
            proxy: proxy.map(|(now, before)| now - before),
            client: self.client - before.client,
        }
    }
}

impl Figures {
    fn of(runs: &[(Run, Used)]) -> Self {
        let rounds = |of: fn(&Run) -> f64| Rounds::of(runs.iter().map(|(run, _)| of(run)));
        let used: Option<Vec<f64>> = runs
            .iter()
            .map(|(run, used)| Some(microseconds_each(run.answers, used.proxy?)))
            .collect();
        let clients = runs.iter();
        let clients = clients.map(|(run, used)| microseconds_each(run.answers, used.client));
        Self {
            per_second: rounds(|run| per_second(run.answers, run.time)),
            p50_us: rounds(|run| run.p50_us),
            p99_us: rounds(|run| run.p99_us),
            processor_us_each: used.map(Rounds::of),
            client_processor_us_each: Rounds::of(clients),
        }
    }
}

/// Ours to each of the others that is there.
pub(crate) fn ratios(all: &All) -> Value {
    let mut ratios = Map::new();
    let Some(ours) = all.get("thrust") else {
        return ratios.into();
    };
    for (name, other) in all.iter().filter(|(name, _)| **name != "thrust") {
        let processor = ours.processor_us_each.as_ref();
        let processor = processor.zip(other.processor_us_each.as_ref());
        let mut ratio = json!({
            "per_second": ours.per_second.ratio_to(&other.per_second),
            "p50": ours.p50_us.ratio_to(&other.p50_us),
            "p99": ours.p99_us.ratio_to(&other.p99_us),
        });
        if let Some((ours, other)) = processor {
            ratio["processor"] = ours.ratio_to(other).into();
        }
        ratios.insert(format!("thrust_to_{name}"), ratio);
    }
    ratios.into()
}
