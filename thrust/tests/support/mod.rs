//! What the tests of the running proxy share: a server behind it, the proxy, and clients in front of it.
#![allow(
    dead_code,
    unused_imports,
    unreachable_pub,
    reason = "each suite uses its part of it"
)]

mod backend;
mod client;
mod fate;
mod frames;
mod http2;
mod http3;
mod proxy;
mod tls;

use std::future::Future;
use std::time::Duration;

use anyhow::{Context as _, Result};
use test_support::PATIENCE;

pub use backend::{Backend, Peer, Seen, ok};
pub use client::{Client, Response, ask, exchange, get};
pub use fate::{Fate, check};
pub use frames::{Frame, Frames, hpack, kind};
pub use http2::{Http2, whole};
pub use http3::{Http3, Stream as Http3Stream, collect};
pub use proxy::{Proxy, unused_port, variables};
pub use tls::{Authority, Pair, TlsStream, Trust, protocol, shown};

/// What takes longer than this in a test hangs.
pub async fn soon<T>(what: &str, future: impl Future<Output = T>) -> Result<T> {
    tokio::time::timeout(PATIENCE, future)
        .await
        .with_context(|| format!("waited in vain for {what}"))
}

/// Bytes that tell by their place whether some are missing, doubled or swapped.
pub fn pattern(length: usize) -> Vec<u8> {
    let byte = |index: usize| (index % 251).to_le_bytes()[0];
    (0..length).map(byte).collect()
}

/// A second: the shortest limit that the options know.
pub const SECOND: Duration = Duration::from_secs(1);
