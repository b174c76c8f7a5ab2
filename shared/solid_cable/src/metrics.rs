//! The metrics, through the `metrics` facade: whoever wants them installs a recorder before messages are listened for.

use std::sync::OnceLock;
use std::time::Duration;

use metrics::{Histogram, Unit, describe_histogram, histogram};

const LAG: &str = "solid_cable_lag_seconds";

/// Tells the installed recorder what the metrics of this library mean and in which units they are.
pub fn describe_metrics() {
    describe_histogram!(
        LAG,
        Unit::Seconds,
        "How long messages took from their broadcast to their delivery."
    );
}

/// How late messages are. There only where somebody listens.
#[derive(Debug, Default)]
pub(crate) struct Lags(OnceLock<Histogram>);

impl Lags {
    /// They can be told from now on, with none yet.
    pub(crate) fn begin(&self) {
        self.0.get_or_init(|| histogram!(LAG));
    }

    pub(crate) fn delivered(&self, lag: Duration) {
        if let Some(lags) = self.0.get() {
            lags.record(lag);
        }
    }
}
