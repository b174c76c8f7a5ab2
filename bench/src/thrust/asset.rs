//! How fast a script comes: ours keeps it compressed in memory, the others send files that were compressed before.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::{Map, Value, json};

use super::ask::{Answer, ask};
use super::figures::{DESCRIPTION, compare, ratios};
use super::load::Request;
use super::programs::{self, Program};
use super::proxy::Proxy;
use super::script;
use super::setting::{Protocol, Setting};
use crate::machine;
use crate::scale::Scale;

/// For ours to compress it as well as it can.
const PATIENCE: Duration = Duration::from_secs(30);
const STABLE: Duration = Duration::from_secs(2);
const EVERY: Duration = Duration::from_millis(100);
/// Ours makes the length of what it compresses uncertain by so much, and its age grows.
const UNCERTAIN: usize = 64;

const ENCODINGS: [(&str, &str); 2] = [
    ("browser", "gzip, deflate, br, zstd"),
    ("gzip_only", "gzip"),
];

pub(crate) async fn measure(scale: Scale) -> Result<Value> {
    let setting = Setting::create().await?;
    let plain = Proxy::each(&setting, &[Protocol::Http1])?;
    let secure = Proxy::each(&setting, &[Protocol::Http2Tls])?;
    let (mut figures, mut all_ratios) = (Map::new(), Map::new());
    for (name, accept_encoding) in ENCODINGS {
        let request = Request {
            path: script::PATH,
            accept_encoding,
        };
        let sent = json!({
            "http1": sent(&plain, &setting, &request, scale)?,
            "http2_tls": sent(&secure, &setting, &request, scale)?,
        });
        let http1 = compare(&setting, &plain, Protocol::Http1, request, scale, false).await?;
        let http2 = compare(&setting, &secure, Protocol::Http2Tls, request, scale, false).await?;
        all_ratios.insert(
            name.to_owned(),
            json!({ "http1": ratios(&http1), "http2_tls": ratios(&http2) }),
        );
        figures.insert(
            name.to_owned(),
            json!({ "accept_encoding": accept_encoding, "sent": sent, "http1": http1, "http2_tls": http2 }),
        );
    }
    Ok(json!({
        "benchmark": "a script of 80 KB that may be kept for ever, compressed",
        "machine": machine::describe(),
        "load": DESCRIPTION,
        "baseline": "nginx and Caddy that send files which were compressed before",
        "proxies": programs::describe()?,
        "ratios": all_ratios,
        "figures": figures,
    }))
}

/// What each sends, once that does not change any more.
fn sent(proxies: &[Proxy], setting: &Setting, request: &Request, scale: Scale) -> Result<Value> {
    let mut sent = Map::new();
    for proxy in proxies {
        let ask = || ask(proxy, &setting.certificate, request);
        let answer = match proxy.program {
            Program::Thrust => settled(ask, scale)?,
            Program::Nginx | Program::Caddy => ask()?,
        };
        let says =
            json!({ "content_encoding": answer.header("content-encoding"), "bytes": answer.bytes });
        sent.insert(proxy.program.name().to_owned(), says);
    }
    Ok(sent.into())
}

/// The answer that is kept, and compressed as well as it ever will be.
fn settled(ask: impl Fn() -> Result<Answer>, scale: Scale) -> Result<Answer> {
    let stable = scale.choose(STABLE, EVERY * 2);
    let (start, mut since, mut length) = (Instant::now(), Instant::now(), 0);
    loop {
        let answer = ask()?;
        let hit = answer.header("x-cache") == Some("hit");
        let same = answer.bytes.abs_diff(length) <= UNCERTAIN;
        if !(hit && same && answer.header("content-encoding").is_some()) {
            (since, length) = (Instant::now(), answer.bytes);
        }
        if since.elapsed() > stable {
            return Ok(answer);
        }
        ensure!(
            start.elapsed() < PATIENCE,
            "it is not kept compressed: {answer:?}"
        );
        thread::sleep(EVERY);
    }
}
