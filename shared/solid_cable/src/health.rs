use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use action_cable::{ListenerState, ListenerStatus};

/// How the listener is doing, for whoever asks.
#[derive(Debug)]
pub(crate) struct Health(Mutex<State>);

#[derive(Debug)]
struct State {
    doing: ListenerState,
    last_poll: Option<Instant>,
    lag: Duration,
}

impl Health {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(State {
            doing: ListenerState::Starting,
            last_poll: None,
            lag: Duration::ZERO,
        }))
    }

    /// A look at the table succeeded, and brought the newest message so late if it brought any.
    pub(crate) fn polled(&self, lag: Option<Duration>) {
        let mut state = self.lock();
        state.doing = ListenerState::Listening;
        state.last_poll = Some(Instant::now());
        state.lag = lag.unwrap_or(state.lag);
    }

    pub(crate) fn failed(&self) {
        self.lock().doing = ListenerState::Failing;
    }

    pub(crate) fn stopped(&self) {
        self.lock().doing = ListenerState::Stopped;
    }

    pub(crate) fn status(&self) -> ListenerStatus {
        let state = self.lock();
        ListenerStatus {
            state: state.doing,
            since_poll: state.last_poll.map(|at| at.elapsed()),
            lag: state.lag,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
