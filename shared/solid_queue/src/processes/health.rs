use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Whether a supervisor, or one of its children in a process of its own, does its work. Cheap to clone, for health
/// checks.
#[derive(Clone, Debug)]
pub struct Health {
    interval: Duration,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    /// The last heartbeat that reached the database.
    beat: Option<Instant>,
    /// Processes that are yet to be started.
    missing: usize,
    /// When each loop will have looked for work again, if all is well.
    loops: BTreeMap<u64, Instant>,
    /// How many loops there ever were.
    begun: u64,
}

impl Health {
    pub(crate) fn new(interval: Duration) -> Self {
        Self {
            interval,
            state: Arc::default(),
        }
    }

    /// Whether it is registered and not at its end, all its children run, and the last heartbeat that was due reached the
    /// database.
    pub fn is_well(&self) -> bool {
        let state = self.state();
        let patience = self.interval * 2;
        state.missing == 0 && state.beat.is_some_and(|beat| beat.elapsed() < patience)
    }

    /// For how long one of its loops has been overdue: the supervisor's, or one that looks for work (of a worker, a
    /// dispatcher, the scheduler). A loop that waits for the database is overdue, too; one that fails and tries again
    /// is not. Without a runtime, so that it can be asked from any thread.
    pub fn overdue(&self) -> Duration {
        let state = self.state();
        let overdue = state.loops.values().map(Instant::elapsed);
        overdue.max().unwrap_or_default()
    }

    /// A loop begins that looks for work at least so often.
    pub(crate) fn begin_loop(&self, every: Duration) -> Look {
        let mut state = self.state();
        state.begun += 1;
        let look = Look {
            health: self.clone(),
            id: state.begun,
            every,
        };
        drop(state);
        look.begin();
        look
    }

    pub(crate) fn missing(&self, processes: usize) {
        self.state().missing = processes;
    }

    pub(crate) fn ended(&self) {
        self.state().beat = None;
    }

    pub(crate) fn beat(&self) {
        self.state().beat = Some(Instant::now());
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A loop that looks for work, until this is dropped.
#[derive(Debug)]
pub(crate) struct Look {
    health: Health,
    id: u64,
    every: Duration,
}

impl Look {
    /// It looks, once more.
    pub(crate) fn begin(&self) {
        let next = Instant::now() + self.every;
        self.health.state().loops.insert(self.id, next);
    }
}

impl Drop for Look {
    fn drop(&mut self) {
        self.health.state().loops.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERY: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn the_loop_that_is_overdue_the_longest_counts() {
        let health = Health::new(EVERY);
        let (often, seldom) = (
            health.begin_loop(EVERY),
            health.begin_loop(Duration::from_mins(1)),
        );
        tokio::time::advance(EVERY * 10).await;
        assert_eq!(health.overdue(), EVERY * 9);
        often.begin();
        assert_eq!(health.overdue(), Duration::ZERO);
        tokio::time::advance(Duration::from_secs(61)).await;
        assert_eq!(health.overdue(), Duration::from_mins(1));
        drop(often);
        assert_eq!(
            health.overdue(),
            EVERY * 11,
            "one that ended counts no more"
        );
        drop(seldom);
        assert_eq!(health.overdue(), Duration::ZERO);
    }
}
