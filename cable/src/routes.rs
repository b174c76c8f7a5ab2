//! Every URL of the process.

use std::time::Duration;

use action_cable::http::Broadcasts;
use action_cable::{ListenerState, Server, Stats};
use actix_web::HttpResponse;
use actix_web::web::{self, Data, ServiceConfig};
use app::{AppContext, Visitor};
use boot::Files;

/// The server of all sockets.
pub(crate) type Channels = Server<AppContext, Visitor>;

pub(crate) fn routes(
    config: &mut ServiceConfig,
    channels: &Channels,
    broadcasts: Option<&Broadcasts>,
) {
    (channels.routes())(config);
    if let Some(broadcasts) = broadcasts {
        (broadcasts.routes())(config);
    }
    config.route("/up", web::get().to(up));
}

/// Healthy while broadcasts reach this process, through the files that everybody else has.
async fn up(channels: Data<Channels>, files: Data<Files>) -> HttpResponse {
    boot::health_page(is_listening(&channels.stats()) && files.are_in_place())
}

/// Whether the listener looks for broadcasts: it does so many times a second.
fn is_listening(stats: &Stats) -> bool {
    let recently = |age: Duration| age < Duration::from_secs(10);
    stats.listener.state == ListenerState::Listening
        && stats.listener.since_poll.is_some_and(recently)
}
