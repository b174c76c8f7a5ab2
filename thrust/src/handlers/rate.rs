use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::header::RETRY_AFTER;
use http::{HeaderValue, Response, StatusCode};

use super::refusal::text;
use crate::body::Body;
use crate::server::same_client;

/// Seconds' worth of requests that may come at once: a page and what belongs to it.
const BURST: f64 = 3.0;
/// Clients that are remembered. Beyond that those are forgotten that have their whole burst again, which all have soon;
/// until then further ones are let in.
const REMEMBERED: usize = 65_536;
/// How often to look for them at most.
const SWEEP: Duration = Duration::from_secs(1);

/// How many requests a second each client may send: a bucket of tokens for each address.
pub(crate) struct Rate {
    per_second: f64,
    buckets: Mutex<Buckets>,
}

#[derive(Default)]
struct Buckets {
    of: HashMap<IpAddr, Bucket>,
    swept: Option<Instant>,
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
        let client = same_client(client);
        if buckets.of.len() >= REMEMBERED && !buckets.of.contains_key(&client) {
            self.sweep(&mut buckets, now);
            if buckets.of.len() >= REMEMBERED {
                return true;
            }
        }
        let bucket = buckets.of.entry(client).or_insert(Bucket {
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

    fn sweep(&self, buckets: &mut Buckets, now: Instant) {
        let since = |swept| now.saturating_duration_since(swept);
        if buckets.swept.is_none_or(|swept| since(swept) >= SWEEP) {
            buckets.swept = Some(now);
            let is_known = |bucket: &Bucket| self.filled(*bucket, now) < self.burst();
            buckets.of.retain(|_, bucket| is_known(bucket));
        }
    }

    fn filled(&self, bucket: Bucket, now: Instant) -> f64 {
        let since = now.saturating_duration_since(bucket.at).as_secs_f64();
        (bucket.tokens + since * self.per_second).min(self.burst())
    }

    fn burst(&self) -> f64 {
        (self.per_second * BURST).max(1.0)
    }
}
