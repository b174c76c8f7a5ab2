use actix_web::dev::ServerHandle;
use actix_web::web::{self, Data};
use actix_web::{App, HttpResponse, HttpServer};
use telemetry::{Failure, Service};

use crate::{Health, Metrics, listen, liveness};

/// A small HTTP server for a process that has no other: `GET /up`, `GET /up/live` and `GET /metrics`.
pub struct Monitor {
    server: ServerHandle,
    upkeep: tokio::task::JoinHandle<()>,
}

/// What says whether the process is ready.
struct State {
    health: Health,
    is_well: Box<dyn Fn() -> bool + Send + Sync>,
}

impl Monitor {
    /// Listens on the socket that was passed, or on `bind:port`. `variable` is what sets the port. `is_well` says whether the
    /// process does its own work.
    ///
    /// # Errors
    /// When it cannot listen.
    pub fn start(
        service: &Service,
        at: (&str, u16),
        variable: &str,
        metrics: Metrics,
        health: Health,
        is_well: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Result<Self, Failure> {
        let listener = listen(service, "status", at, variable)?;
        let address = listener.local_addr()?;
        let metrics_data = Data::new(metrics.clone());
        let state = Data::new(State {
            health,
            is_well: Box::new(is_well),
        });
        let server = HttpServer::new(move || {
            App::new()
                .app_data(metrics_data.clone())
                .app_data(state.clone())
                .route("/up", web::get().to(up))
                .route("/up/live", web::get().to(liveness))
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

async fn up(state: Data<State>) -> HttpResponse {
    let ready = state.ready().await;
    let ready = ready.as_ref().map(|()| "").map_err(String::as_str);
    state.health.page(ready)
}

impl State {
    async fn ready(&self) -> Result<(), String> {
        self.health.ready().await?;
        if (self.is_well)() {
            Ok(())
        } else {
            Err("it does not do its work".to_owned())
        }
    }
}

async fn render(metrics: Data<Metrics>) -> HttpResponse {
    metrics.page().await
}
