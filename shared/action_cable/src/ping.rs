use std::sync::Weak;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::protocol;
use crate::server::Shared;

/// Pings all clients, on one timer and with one frame, until the server is dropped.
pub(crate) async fn run<A, I>(every: Duration, server: Weak<Shared<A, I>>) {
    let mut ticks = interval_at(Instant::now() + every, every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(server) = server.upgrade() else {
            return;
        };
        server.send_to_all(&protocol::ping(unix_seconds()));
    }
}

fn unix_seconds() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}
