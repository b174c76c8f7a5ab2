use std::time::Duration;

use instant_acme::RetryPolicy;

use super::AcmeError;

/// When things are done.
#[derive(Clone, Copy)]
pub(super) struct Pace {
    /// The share of its life after which a certificate is renewed.
    pub(super) renew_after: f64,
    /// How often the storage is looked at, in which another process may have put a certificate.
    pub(super) check: Duration,
    /// The wait after a first failure. It doubles with each.
    pub(super) first_retry: Duration,
    pub(super) longest_retry: Duration,
    /// How long the authority may take for all of an order.
    pub(super) patience: Duration,
    /// How often the authority is asked whether it is done.
    pub(super) poll: RetryPolicy,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            renew_after: 2.0 / 3.0,
            check: Duration::from_hours(1),
            first_retry: Duration::from_mins(1),
            longest_retry: Duration::from_hours(1),
            patience: Duration::from_mins(10),
            poll: RetryPolicy::new()
                .backoff(1.5)
                .timeout(Duration::from_mins(2)),
        }
    }
}

impl Pace {
    /// How long to wait after so many failures in a row, the last of which is this one.
    pub(super) fn after_failure(&self, failures: u32, error: &AcmeError) -> Duration {
        let doubled = self
            .first_retry
            .saturating_mul(1 << failures.saturating_sub(1).min(16));
        let usual = if error.is_rate_limit() {
            self.longest_retry
        } else {
            doubled.min(self.longest_retry)
        };
        // Many servers that failed together shall not come back together.
        let spread = usual.mul_f64(rand::random_range(0.75..1.25));
        spread.max(error.retry_after().unwrap_or_default())
    }
}
