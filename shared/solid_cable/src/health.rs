use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use action_cable::{ListenerState, ListenerStatus};

/// How the listener is doing, for whoever asks.
#[derive(Debug)]
pub(crate) struct Health {
    state: Mutex<State>,
    /// A look that takes longer hangs.
    hang_timeout: Duration,
}

#[derive(Debug)]
struct State {
    doing: ListenerState,
    last_poll: Option<Instant>,
    lag: Duration,
    /// While it looks: the last sign of life.
    looking: Option<Instant>,
}

impl Health {
    pub(crate) fn new(hang_timeout: Duration) -> Self {
        Self {
            state: Mutex::new(State {
                doing: ListenerState::Starting,
                last_poll: None,
                lag: Duration::ZERO,
                looking: None,
            }),
            hang_timeout,
        }
    }

    /// A look begins, or gets on.
    pub(crate) fn looks(&self) {
        self.lock().looking = Some(Instant::now());
    }

    /// A look at the table succeeded, and brought the newest message so late if it brought any.
    pub(crate) fn polled(&self, lag: Option<Duration>) {
        let mut state = self.lock();
        state.doing = ListenerState::Listening;
        state.last_poll = Some(Instant::now());
        state.lag = lag.unwrap_or(state.lag);
        state.looking = None;
    }

    pub(crate) fn failed(&self) {
        self.is_over(ListenerState::Failing);
    }

    pub(crate) fn stopped(&self) {
        self.is_over(ListenerState::Stopped);
    }

    pub(crate) fn status(&self) -> ListenerStatus {
        let state = self.lock();
        let hangs = self.has_left(&state).is_zero();
        ListenerStatus {
            state: if hangs {
                ListenerState::Failing
            } else {
                state.doing
            },
            since_poll: state.last_poll.map(|at| at.elapsed()),
            lag: state.lag,
        }
    }

    /// Completes once a look hangs.
    pub(crate) async fn hung(&self) {
        loop {
            let left = self.has_left(&self.lock());
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left).await;
        }
    }

    /// How long it is until the look hangs, at the earliest.
    fn has_left(&self, state: &State) -> Duration {
        let looking = state.looking.map_or(Duration::ZERO, |at| at.elapsed());
        self.hang_timeout.saturating_sub(looking)
    }

    fn is_over(&self, doing: ListenerState) {
        let mut state = self.lock();
        state.doing = doing;
        state.looking = None;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
