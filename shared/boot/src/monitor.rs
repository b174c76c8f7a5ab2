use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::web::{self, Data};
use actix_web::{App, HttpResponse, HttpServer};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use telemetry::{Failure, Service};

use crate::{health_page, listen};

/// Upper bounds of what is measured in seconds: from a claim that finds its job at once to a job of some minutes.
const SECONDS: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0,
];
/// Upper bounds of what is counted.
const SIZES: &[f64] = &[1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0];
/// How often to sort what was measured into the bounds; it would pile up where nobody asks.
const UPKEEP: Duration = Duration::from_secs(5);

/// What this process measures. Stores keep hold of their counters from the start: it has to be there before they are.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// Records the metrics of this process from now on.
    ///
    /// # Errors
    /// When they are recorded already.
    pub fn record() -> Result<Self, Failure> {
        Ok(Self(
            PrometheusBuilder::new()
                .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), SECONDS)?
                .set_buckets_for_metric(Matcher::Suffix("_size".into()), SIZES)?
                .install_recorder()?,
        ))
    }

    /// The metrics as Prometheus reads them.
    pub fn page(&self) -> HttpResponse {
        HttpResponse::Ok()
            .content_type("text/plain; version=0.0.4; charset=utf-8")
            .body(self.0.render())
    }

    /// Keeps what is measured from piling up, for ever.
    pub async fn keep_up(self) {
        loop {
            tokio::time::sleep(UPKEEP).await;
            self.0.run_upkeep();
        }
    }
}

/// A small HTTP server for a process that has no other: `GET /up` and `GET /metrics`.
pub struct Monitor {
    server: ServerHandle,
    upkeep: tokio::task::JoinHandle<()>,
}

/// Whether the process does its work.
type IsWell = dyn Fn() -> bool + Send + Sync;

impl Monitor {
    /// Listens on the socket that was passed, or on `bind:port`. `variable` is what sets the port.
    ///
    /// # Errors
    /// When it cannot listen.
    pub fn start(
        service: &Service,
        at: (&str, u16),
        variable: &str,
        metrics: Metrics,
        is_well: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Result<Self, Failure> {
        let listener = listen(service, "status", at, variable)?;
        let address = listener.local_addr()?;
        let (metrics_data, is_well) = (Data::new(metrics.clone()), Data::from(wrap(is_well)));
        let server = HttpServer::new(move || {
            App::new()
                .app_data(metrics_data.clone())
                .app_data(is_well.clone())
                .route("/up", web::get().to(up))
                .route("/metrics", web::get().to(render))
        });
        let server = server
            .workers(1)
            .disable_signals()
            .shutdown_timeout(1)
            .listen(listener)?
            .run();
        tracing::info!(%address, "listening");
        let handle = server.handle();
        tokio::spawn(server);
        Ok(Self {
            server: handle,
            upkeep: tokio::spawn(metrics.keep_up()),
        })
    }

    /// Stops listening.
    pub async fn stop(self) {
        self.upkeep.abort();
        self.server.stop(false).await;
    }
}

fn wrap(is_well: impl Fn() -> bool + Send + Sync + 'static) -> std::sync::Arc<IsWell> {
    std::sync::Arc::new(is_well)
}

async fn up(is_well: Data<IsWell>) -> HttpResponse {
    health_page(is_well())
}

async fn render(metrics: Data<Metrics>) -> HttpResponse {
    metrics.page()
}
