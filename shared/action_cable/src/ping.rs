use std::sync::Weak;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::protocol;
use crate::pulse::Precision;
use crate::server::Shared;

/// Pings all clients, on one timer and with one frame, until the server is dropped.
pub(crate) async fn run<A, I>(every: Duration, server: Weak<Shared<A, I>>) {
    let mut ticks = interval_at(Instant::now() + every, every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let since_1970 = since_1970();
        let Some(server) = server.upgrade() else {
            return;
        };
        let frames = [
            Precision::Seconds,
            Precision::Milliseconds,
            Precision::Nanoseconds,
        ]
        .map(|precision| protocol::ping(precision.of(since_1970)));
        server.ping_all(|pulse| frames[pulse.precision as usize].clone());
    }
}

fn since_1970() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}
