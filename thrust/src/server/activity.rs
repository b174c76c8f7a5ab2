use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crate::options::Timeouts;

/// The moments of a connection are milliseconds since it began, and 0 is "not now".
const NONE: u64 = 0;
/// How often to look for the first request of a connection, at the end.
const FIRST_LOOK: Duration = Duration::from_millis(10);
/// How long to look away at most, where a limit is near.
const SHORTEST_LOOK: Duration = Duration::from_millis(50);

/// What happens on a connection, and since when: enough to tell when it has been waited for too long.
pub(super) struct Activity {
    began: Instant,
    /// Between two requests of HTTP/2 or 3 much else may come, and no bytes say that a head begins.
    is_multiplexed: AtomicBool,
    in_flight: AtomicU32,
    /// Whether a request ever came.
    has_begun: AtomicBool,
    idle_since: AtomicU64,
    head_since: AtomicU64,
    stalled_since: AtomicU64,
}

/// A request that is being answered. Until it is dropped the connection is not idle.
pub(crate) struct InFlight(Arc<Activity>);

/// Which limit a connection has reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Overdue {
    /// No request came.
    Idle,
    /// The head of a request did not come to its end.
    Head,
    /// The client took no bytes.
    Unread,
}

impl Activity {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            began: Instant::now(),
            is_multiplexed: AtomicBool::new(false),
            in_flight: AtomicU32::new(0),
            has_begun: AtomicBool::new(false),
            idle_since: AtomicU64::new(1),
            head_since: AtomicU64::new(NONE),
            stalled_since: AtomicU64::new(NONE),
        })
    }

    /// The client speaks HTTP/2 or 3.
    pub(super) fn is_multiplexed(&self) {
        if !self.is_multiplexed.swap(true, Relaxed) {
            self.head_since.store(NONE, Relaxed);
        }
    }

    /// A request has come.
    pub(super) fn begin(self: &Arc<Self>) -> InFlight {
        self.has_begun.store(true, Relaxed);
        self.in_flight.fetch_add(1, Relaxed);
        self.head_since.store(NONE, Relaxed);
        InFlight(Arc::clone(self))
    }

    /// Completes once a first request has come, or after a while.
    pub(super) async fn first_request(&self, patience: Duration) {
        let began = Instant::now();
        while !self.has_begun.load(Relaxed) && began.elapsed() < patience {
            tokio::time::sleep(FIRST_LOOK).await;
        }
    }

    /// Bytes came. Where none are awaited, a request begins with them.
    pub(super) fn read(&self) {
        let is_free = self.in_flight.load(Relaxed) == 0 && !self.is_multiplexed.load(Relaxed);
        if is_free && self.head_since.load(Relaxed) == NONE {
            self.head_since.store(self.now(), Relaxed);
        }
    }

    /// Bytes were to be written, and the client took some or none.
    pub(super) fn wrote(&self, took_some: bool) {
        let stalled = self.stalled_since.load(Relaxed);
        if took_some && stalled != NONE {
            self.stalled_since.store(NONE, Relaxed);
        } else if !took_some && stalled == NONE {
            self.stalled_since.store(self.now(), Relaxed);
        }
    }

    /// Completes when a limit is reached.
    pub(super) async fn overdue(&self, timeouts: &Timeouts) -> Overdue {
        let limits = [timeouts.idle, timeouts.read, timeouts.write];
        let Some(shortest) = limits.into_iter().flatten().min() else {
            return std::future::pending().await;
        };
        // A limit that begins while nobody looks is seen in time, a quarter late at most.
        let look = (shortest / 4).max(SHORTEST_LOOK);
        loop {
            let now = self.now();
            let mut next = look;
            for (since, limit, overdue) in self.awaited(timeouts) {
                let gone = Duration::from_millis(now.saturating_sub(since));
                match limit.checked_sub(gone) {
                    None | Some(Duration::ZERO) => return overdue,
                    Some(left) => next = next.min(left.max(SHORTEST_LOOK)),
                }
            }
            tokio::time::sleep(next).await;
        }
    }

    fn awaited(&self, timeouts: &Timeouts) -> impl Iterator<Item = (u64, Duration, Overdue)> {
        let is_free = self.in_flight.load(Relaxed) == 0;
        let free = |moment: &AtomicU64| moment.load(Relaxed) * u64::from(is_free);
        let head = free(&self.head_since);
        // A head that has begun may take its own time.
        let is_idle = head == NONE || timeouts.read.is_none();
        let idle = free(&self.idle_since) * u64::from(is_idle);
        [
            (idle, timeouts.idle, Overdue::Idle),
            (head, timeouts.read, Overdue::Head),
            (
                self.stalled_since.load(Relaxed),
                timeouts.write,
                Overdue::Unread,
            ),
        ]
        .into_iter()
        .filter(|(since, ..)| *since != NONE)
        .filter_map(|(since, limit, overdue)| Some((since, limit?, overdue)))
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX) + 1
    }
}

impl Clone for InFlight {
    fn clone(&self) -> Self {
        self.0.in_flight.fetch_add(1, Relaxed);
        Self(Arc::clone(&self.0))
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.idle_since.store(self.0.now(), Relaxed);
        self.0.in_flight.fetch_sub(1, Relaxed);
    }
}
