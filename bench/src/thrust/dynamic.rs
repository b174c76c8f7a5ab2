//! How fast a small answer of the application comes through, which no proxy may keep.

use anyhow::Result;
use serde_json::{Value, json};

use super::backend;
use super::figures::{DESCRIPTION, compare, ratios};
use super::load::Request;
use super::programs;
use super::proxy::Proxy;
use super::setting::{Protocol, Setting};
use crate::machine;
use crate::scale::Scale;

const REQUEST: Request = Request {
    path: "/todos/4711",
    accept_encoding: "gzip, deflate, br, zstd",
};

pub(crate) async fn measure(scale: Scale) -> Result<Value> {
    let setting = Setting::create().await?;
    let proxies = Proxy::each(&setting, &[Protocol::Http1, Protocol::Http2Tls])?;
    let http1 = compare(&setting, &proxies, Protocol::Http1, REQUEST, scale, true).await?;
    let http2 = compare(
        &setting,
        &proxies,
        Protocol::Http2Tls,
        REQUEST,
        scale,
        false,
    )
    .await?;
    Ok(json!({
        "benchmark": "a small answer of the application",
        "machine": machine::describe(),
        "load": DESCRIPTION,
        "baseline": "nginx and Caddy with the same job, and the backend without a proxy",
        "proxies": programs::describe()?,
        "body_bytes": backend::JSON.len(),
        "ratios": { "http1": ratios(&http1), "http2_tls": ratios(&http2) },
        "http1": http1,
        "http2_tls": http2,
    }))
}
