use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use http::header::RETRY_AFTER;
use http::{HeaderValue, Response, StatusCode};

use super::refusal::text;
use crate::body::Body;
use crate::server::same_client;

/// Seconds' worth of requests that may come at once: a page and what belongs to it.
const BURST: f64 = 3.0;
/// Clients that are remembered. Beyond that those are forgotten that have their whole burst again.
const REMEMBERED: usize = 65_536;

/// How many requests a second each client may send: a bucket of tokens for each address.
pub(crate) struct Rate {
    per_second: f64,
    buckets: Mutex<HashMap<IpAddr, Bucket>>,
}

#[derive(Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

impl Rate {
    pub(crate) fn new(per_second: u32) -> Self {
        Self {
            per_second: f64::from(per_second),
            buckets: Mutex::default(),
        }
    }

    /// Whether one more request of a client may come now.
    pub(crate) fn admits(&self, client: IpAddr) -> bool {
        let now = Instant::now();
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= REMEMBERED {
            buckets.retain(|_, bucket| self.filled(*bucket, now) < self.burst());
        }
        let bucket = buckets.entry(same_client(client)).or_insert(Bucket {
            tokens: self.burst(),
            at: now,
        });
        let tokens = self.filled(*bucket, now);
        let admits = tokens >= 1.0;
        *bucket = Bucket {
            tokens: if admits { tokens - 1.0 } else { tokens },
            at: now,
        };
        admits
    }

    /// The answer to a request too many.
    pub(crate) fn refusal() -> Response<Body> {
        let mut response = text(
            StatusCode::TOO_MANY_REQUESTS,
            "Too many requests came from your address. Please wait a second.\n",
        );
        let headers = response.headers_mut();
        headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        response
    }

    fn filled(&self, bucket: Bucket, now: Instant) -> f64 {
        let since = now.saturating_duration_since(bucket.at).as_secs_f64();
        (bucket.tokens + since * self.per_second).min(self.burst())
    }

    fn burst(&self) -> f64 {
        (self.per_second * BURST).max(1.0)
    }
}
