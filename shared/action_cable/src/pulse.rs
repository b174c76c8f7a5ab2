use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::time::Instant;

use crate::protocol::{Dialect, Disconnect};
use crate::{Config, UpgradeRequest};

/// Signs of life of one connection.
#[derive(Debug)]
pub(crate) struct Pulse {
    opened: Instant,
    answers_pings: bool,
    pub(crate) precision: Precision,
    /// Milliseconds from the opening to the last pong.
    pong: AtomicU64,
    /// Milliseconds from the opening to the moment when the last subscription ended, and [`BUSY`] while there is one.
    idle: AtomicU64,
}

const BUSY: u64 = u64::MAX;

/// In which unit the pings of a connection tell the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Precision {
    Seconds,
    Milliseconds,
    Nanoseconds,
}

impl Precision {
    /// As the parameter `ptp` of the URL says; seconds where there is none.
    pub(crate) fn wanted(request: &UpgradeRequest<'_>) -> Self {
        match request.param("ptp").as_deref() {
            Some("ms") => Self::Milliseconds,
            Some("ns") => Self::Nanoseconds,
            _ => Self::Seconds,
        }
    }

    pub(crate) fn of(self, time: Duration) -> u128 {
        match self {
            Self::Seconds => time.as_secs().into(),
            Self::Milliseconds => time.as_millis(),
            Self::Nanoseconds => time.as_nanos(),
        }
    }
}

impl Pulse {
    pub(crate) fn new(dialect: Dialect, precision: Precision) -> Self {
        Self {
            opened: Instant::now(),
            answers_pings: dialect == Dialect::Extended,
            precision,
            pong: AtomicU64::new(0),
            idle: AtomicU64::new(0),
        }
    }

    /// The client answered a ping.
    pub(crate) fn pong(&self) {
        self.pong.store(self.now(), Relaxed);
    }

    /// The client has so many subscriptions.
    pub(crate) fn subscribed_to(&self, subscriptions: usize) {
        let idle = if subscriptions == 0 { self.now() } else { BUSY };
        self.idle.store(idle, Relaxed);
    }

    /// Why the connection is to end by now.
    pub(crate) fn verdict(&self, config: &Config) -> Option<Disconnect> {
        let is_over = |since: &AtomicU64, limit: Option<Duration>| {
            // Most servers set no limit, and the time of 10,000 clients is worth not asking for.
            limit.is_some_and(|limit| {
                let silence = self.now().saturating_sub(since.load(Relaxed));
                Duration::from_millis(silence) > limit
            })
        };
        if self.answers_pings && is_over(&self.pong, config.pong_timeout) {
            return Some(Disconnect::NoPong);
        }
        is_over(&self.idle, config.idle_timeout).then_some(Disconnect::Idle)
    }

    fn now(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX - 1)
    }
}
