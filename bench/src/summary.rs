use std::time::Duration;

use db::Timestamp;
use serde::Serialize;

/// The usual quantiles, in milliseconds.
#[derive(Serialize)]
pub(crate) struct Summary {
    count: usize,
    pub(crate) p50_ms: f64,
    p95_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) max_ms: f64,
}

impl Summary {
    pub(crate) fn of(mut samples: Vec<Duration>) -> Self {
        samples.sort_unstable();
        let at = |quantile: usize| {
            let place = (samples.len() * quantile / 100).min(samples.len().saturating_sub(1));
            samples
                .get(place)
                .map_or(0.0, |sample| milliseconds(*sample))
        };
        Self {
            count: samples.len(),
            p50_ms: at(50),
            p95_ms: at(95),
            p99_ms: at(99),
            max_ms: at(100),
        }
    }
}

pub(crate) fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1_000_000.0).round() / 1000.0
}

/// Microseconds since 1970: all processes of the machine share that clock.
pub(crate) fn now() -> i64 {
    Timestamp::now().as_microseconds()
}

/// The time between two moments, in microseconds since 1970. Zero when the clock was set back.
pub(crate) fn between(earlier: i64, later: i64) -> Duration {
    Duration::from_micros(u64::try_from(later - earlier).unwrap_or(0))
}
