//! How long to wait for things that may take a while.

use std::time::Duration;

use tokio::time::timeout;

const FIRST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(5);

/// How long to wait after the database failed, before the next try: twice as long each time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backoff {
    next: Duration,
}

impl Backoff {
    pub(crate) fn new() -> Self {
        Self { next: FIRST }
    }

    pub(crate) async fn wait(&mut self) {
        let wait = self.next;
        self.next = (wait * 2).min(LONGEST);
        tokio::time::sleep(wait).await;
    }

    pub(crate) fn reset(&mut self) {
        *self = Self::new();
    }
}

/// Waits for `work` up to `limit`, or for as long as it takes when that is zero. Whether it was done.
pub(crate) async fn within(limit: Duration, work: impl Future<Output = ()>) -> bool {
    if limit.is_zero() {
        work.await;
        return true;
    }
    timeout(limit, work).await.is_ok()
}
