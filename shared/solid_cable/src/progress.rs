use std::sync::Arc;

use db::Timestamp;
use tokio::sync::watch;

/// Up to where the table was read, once that is known. Outlives a listener that has to be started again.
#[derive(Debug)]
pub(crate) struct Progress(watch::Sender<Option<Seen>>);

/// A look at the table.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// The numbering that `id` belongs to.
    pub(crate) epoch: Arc<str>,
    /// The newest message that it found.
    pub(crate) id: i64,
    /// When it was.
    pub(crate) at: Timestamp,
}

impl Progress {
    pub(crate) fn unknown() -> Self {
        Self(watch::Sender::new(None))
    }

    /// Completes once it is known.
    pub(crate) async fn known(&self) {
        let mut progress = self.0.subscribe();
        // The sender is `self`, so it is there as long as anybody can ask.
        let _ = progress.wait_for(Option::is_some).await;
    }

    pub(crate) fn get(&self) -> Option<Seen> {
        self.0.borrow().clone()
    }

    pub(crate) fn set(&self, seen: Seen) {
        self.0.send_replace(Some(seen));
    }
}
