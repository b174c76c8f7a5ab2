use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::connection::Live;

/// Connections that are kept open unused.
const KEPT: usize = 256;
/// Servers close connections that they hear nothing from, after five seconds as actix does it. A request that meets the
/// closing is lost unless it may be sent again; others only go on connections that were used just now.
const UNUSED: Duration = Duration::from_secs(4);
const UNUSED_FOR_ONCE: Duration = Duration::from_secs(1);

/// The unused connections to a server, the one used last on top.
#[derive(Clone, Default)]
pub(super) struct Pool(Arc<Mutex<Vec<Live>>>);

impl Pool {
    /// A connection that is open. `again` says whether the request could be sent again.
    pub(super) fn take(&self, again: bool) -> Option<Live> {
        let limit = if again { UNUSED } else { UNUSED_FOR_ONCE };
        loop {
            let mut live = self.lock().pop()?;
            if live.unused_since.elapsed() > limit {
                // All below were not used for even longer, but may still do for others.
                self.lock().push(live);
                return None;
            }
            if live.is_open() {
                return Some(live);
            }
        }
    }

    /// Keeps a connection that can take another request; all others end here.
    pub(super) fn put(&self, mut live: Live) {
        if !live.is_open() {
            return;
        }
        live.unused_since = Instant::now();
        let mut kept = self.lock();
        if kept.len() < KEPT {
            kept.push(live);
        }
    }

    /// Ends connections that were not used for a while.
    pub(super) fn sweep(&self) {
        self.lock()
            .retain_mut(|live| live.unused_since.elapsed() <= UNUSED && live.is_open());
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Live>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
