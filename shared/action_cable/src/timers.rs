use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// What a connection does at certain moments.
#[derive(Debug)]
pub(crate) struct Timers<T>(Vec<Timer<T>>);

#[derive(Debug)]
struct Timer<T> {
    due: Instant,
    every: Option<Duration>,
    what: T,
}

/// Nothing is done more often.
const SHORTEST: Duration = Duration::from_millis(1);

impl<T: Clone> Timers<T> {
    pub(crate) fn new() -> Self {
        Self(Vec::new())
    }

    pub(crate) fn every(&mut self, every: Duration, what: T) {
        let every = every.max(SHORTEST);
        self.0.push(Timer {
            due: Instant::now() + every,
            every: Some(every),
            what,
        });
    }

    pub(crate) fn once(&mut self, after: Duration, what: T) {
        self.0.push(Timer {
            due: Instant::now() + after,
            every: None,
            what,
        });
    }

    pub(crate) fn cancel(&mut self, is_off: impl Fn(&T) -> bool) {
        self.0.retain(|timer| !is_off(&timer.what));
    }

    /// What is to be done next, once it is time. Never, when there is nothing.
    pub(crate) async fn next(&mut self) -> T {
        let Some(at) = (0..self.0.len()).min_by_key(|at| self.0[*at].due) else {
            return std::future::pending().await;
        };
        sleep_until(self.0[at].due).await;
        match self.0[at].every {
            // What was too slow for its own interval is not made up for.
            Some(every) => {
                let timer = &mut self.0[at];
                timer.due = (timer.due + every).max(Instant::now());
                timer.what.clone()
            }
            None => self.0.swap_remove(at).what,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_due_first_comes_first_again_and_again() {
        let mut timers = Timers::new();
        timers.every(Duration::from_secs(2), "often");
        timers.every(Duration::from_secs(5), "seldom");
        timers.once(Duration::from_secs(3), "once");
        let mut seen = Vec::new();
        for _ in 0..5 {
            seen.push(timers.next().await);
        }
        assert_eq!(seen, ["often", "once", "often", "seldom", "often"]);
        timers.cancel(|what| *what == "often");
        assert_eq!(timers.next().await, "seldom");
    }
}
