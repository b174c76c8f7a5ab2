use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// How many bytes of unfinished frames a connection may have kept, all its streams together. A clone shares it.
#[derive(Clone)]
pub(super) struct Budget(Arc<AtomicUsize>);

/// Bytes of a budget. They are free again when this is dropped.
pub(super) struct Share {
    budget: Budget,
    bytes: usize,
}

impl Budget {
    pub(super) fn new(bytes: usize) -> Self {
        Self(Arc::new(AtomicUsize::new(bytes)))
    }

    /// So many bytes, where there are as many left.
    pub(super) fn share(&self, bytes: usize) -> Option<Share> {
        let rest = |left: usize| left.checked_sub(bytes);
        self.0.fetch_update(Relaxed, Relaxed, rest).ok()?;
        let budget = self.clone();
        Some(Share { budget, bytes })
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.0.fetch_add(self.bytes, Relaxed);
    }
}
