use std::time::Duration;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use telemetry::{Failure, ProcessMetrics};

/// Upper bounds of what is measured in seconds.
const SECONDS: &[f64] = &[
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
];
/// How often to sort what was measured into the bounds; it would pile up where nobody asks.
const UPKEEP: Duration = Duration::from_secs(5);

/// What this process measures.
#[derive(Clone)]
pub struct Meters {
    recorder: PrometheusHandle,
    process: ProcessMetrics,
}

impl Meters {
    /// Records the metrics of this process from now on.
    ///
    /// # Errors
    /// When they are recorded already.
    pub fn record() -> Result<Self, Failure> {
        let builder = PrometheusBuilder::new().set_buckets(SECONDS)?;
        Ok(Self {
            recorder: builder.install_recorder()?,
            process: ProcessMetrics::begin("thrust", env!("CARGO_PKG_VERSION")),
        })
    }

    /// As Prometheus reads them.
    pub(crate) fn page(&self) -> String {
        self.process.record();
        self.recorder.render()
    }

    pub(crate) async fn keep_up(self) {
        loop {
            tokio::time::sleep(UPKEEP).await;
            self.recorder.run_upkeep();
        }
    }
}
