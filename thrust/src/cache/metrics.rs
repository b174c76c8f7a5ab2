//! What the cache tells about itself.

use http::{HeaderName, HeaderValue};
use metrics::{Counter, Gauge, counter, gauge};

pub(crate) const X_CACHE: HeaderName = HeaderName::from_static("x-cache");

/// Where an answer came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Hit,
    Miss,
    Bypass,
    Stale,
    Revalidated,
}

impl Outcome {
    const ALL: [Self; 5] = [
        Self::Hit,
        Self::Miss,
        Self::Bypass,
        Self::Stale,
        Self::Revalidated,
    ];

    pub(super) fn value(self) -> HeaderValue {
        HeaderValue::from_static(self.name())
    }

    fn name(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Miss => "miss",
            Self::Bypass => "bypass",
            Self::Stale => "stale",
            Self::Revalidated => "revalidated",
        }
    }
}

/// Handles, for a lookup by name takes longer than a hit.
#[derive(Clone)]
pub(super) struct Metrics {
    requests: [Counter; 5],
    bytes: Gauge,
    entries: Gauge,
}

impl Metrics {
    pub(super) fn new() -> Self {
        Self {
            requests: Outcome::ALL
                .map(|outcome| counter!("thrust_cache_requests_total", "result" => outcome.name())),
            bytes: gauge!("thrust_cache_bytes"),
            entries: gauge!("thrust_cache_entries"),
        }
    }

    pub(super) fn count(&self, outcome: Outcome) {
        self.requests[outcome as usize].increment(1);
    }

    #[allow(clippy::cast_precision_loss, reason = "a gauge is a float")]
    pub(super) fn size(&self, bytes: u64, entries: usize) {
        self.bytes.set(bytes as f64);
        self.entries.set(entries as f64);
    }
}
