use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpResponse;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use solid_queue::manage::DepthGauges;
use telemetry::{Failure, ProcessMetrics};

use crate::requests::describe_requests;
use crate::{Files, Jobs, Stores};

/// Upper bounds of what is measured in seconds: from a commit of a small write to a job of some minutes.
const SECONDS: &[f64] = &[
    0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
    1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0,
];
/// Upper bounds of what is counted.
const SIZES: &[f64] = &[1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0];
/// How often to sort what was measured into the bounds; it would pile up where nobody asks.
const UPKEEP: Duration = Duration::from_secs(5);

/// What this process measures. Stores keep hold of their counters from the start: it has to be there before they are.
#[derive(Clone)]
pub struct Metrics {
    recorder: PrometheusHandle,
    process: ProcessMetrics,
    watched: Arc<Watched>,
}

/// What is looked at when somebody asks.
#[derive(Default)]
struct Watched {
    files: Files,
    queue: Option<DepthGauges>,
}

impl Metrics {
    /// Records the metrics of this process from now on. `process` is its name.
    ///
    /// # Errors
    /// When they are recorded already.
    pub fn record(process: &'static str) -> Result<Self, Failure> {
        let recorder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), SECONDS)?
            .set_buckets_for_metric(Matcher::Suffix("_size".into()), SIZES)?
            .install_recorder()?;
        db::describe_metrics();
        solid_queue::describe_metrics();
        solid_cache::describe_metrics();
        solid_cable::describe_metrics();
        action_cable::describe_metrics();
        describe_requests();
        Ok(Self {
            recorder,
            process: ProcessMetrics::begin(process, env!("CARGO_PKG_VERSION")),
            watched: Arc::default(),
        })
    }

    /// The same with the sizes of the files that are open.
    #[must_use]
    pub fn with_files(self, files: &Files) -> Self {
        self.watching(files, None)
    }

    /// The same with the sizes of the files that are open, and with what waits in the queue, where there is
    /// one in a file.
    #[must_use]
    pub fn with_stores(self, stores: &Stores) -> Self {
        let queue = match &stores.jobs {
            Jobs::SolidQueue(database, _) => Some(DepthGauges::new(database)),
            Jobs::Async(_) => None,
        };
        self.watching(&stores.files, queue)
    }

    fn watching(self, files: &Files, queue: Option<DepthGauges>) -> Self {
        let files = files.clone();
        Self {
            watched: Arc::new(Watched { files, queue }),
            ..self
        }
    }

    /// The metrics as Prometheus reads them.
    pub async fn page(&self) -> HttpResponse {
        self.process.record();
        self.watched.record().await;
        HttpResponse::Ok()
            .content_type("text/plain; version=0.0.4; charset=utf-8")
            .body(self.recorder.render())
    }

    /// Keeps what is measured from piling up, for ever.
    pub async fn keep_up(self) {
        loop {
            tokio::time::sleep(UPKEEP).await;
            self.recorder.run_upkeep();
        }
    }
}

impl Watched {
    async fn record(&self) {
        self.files.record_metrics();
        if let Some(queue) = &self.queue
            && let Err(error) = queue.record().await
        {
            // The rest of the page is worth having.
            tracing::warn!(
                error = telemetry::chain(&error),
                "could not look how deep the queues are"
            );
        }
    }
}
