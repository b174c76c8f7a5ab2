//! Every URL of the process.

use action_cable::Server;
use action_cable::http::Broadcasts;
use actix_web::HttpResponse;
use actix_web::web::{self, Data, ServiceConfig};
use app::{AppContext, Visitor};
use boot::Metrics;

use crate::health::Health;

/// The server of all sockets.
pub(crate) type Channels = Server<AppContext, Visitor>;

/// What requests are answered with.
#[derive(Clone)]
pub(crate) struct Parts {
    pub(crate) channels: Channels,
    pub(crate) broadcasts: Option<Broadcasts>,
    pub(crate) health: Health,
    pub(crate) metrics: Metrics,
}

pub(crate) fn routes(config: &mut ServiceConfig, parts: &Parts) {
    (parts.channels.routes())(config);
    if let Some(broadcasts) = &parts.broadcasts {
        (broadcasts.routes())(config);
    }
    config
        .app_data(Data::new(parts.clone()))
        .route("/up", web::get().to(up))
        .route("/up/live", web::get().to(boot::liveness))
        .route("/metrics", web::get().to(metrics));
}

async fn up(parts: Data<Parts>) -> HttpResponse {
    parts.health.page().await
}

async fn metrics(parts: Data<Parts>) -> HttpResponse {
    parts.channels.record_metrics();
    parts.metrics.page().await
}
