use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use db::Timestamp;

/// What time it is: the system's time, or what a test says.
///
/// ```
/// use solid_queue::Clock;
/// use std::time::Duration;
///
/// let clock = Clock::fixed("2026-11-23 12:00:00".parse().unwrap());
/// clock.advance(Duration::from_secs(90));
/// assert_eq!(clock.now().to_string(), "2026-11-23 12:01:30");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Clock {
    /// In microseconds since 1970.
    fixed: Option<Arc<AtomicI64>>,
}

impl Clock {
    /// The system's.
    pub fn system() -> Self {
        Self::default()
    }

    /// A clock that stands at this moment. Its clones are the same clock.
    pub fn fixed(moment: Timestamp) -> Self {
        Self {
            fixed: Some(Arc::new(AtomicI64::new(moment.as_microseconds()))),
        }
    }

    /// The present.
    pub fn now(&self) -> Timestamp {
        match &self.fixed {
            Some(moment) => Timestamp::from_microseconds(moment.load(Ordering::SeqCst)),
            None => Timestamp::now(),
        }
    }

    /// Sets a fixed clock, ahead or back. The system's goes its own way.
    pub fn set(&self, to: Timestamp) {
        if let Some(moment) = &self.fixed {
            moment.store(to.as_microseconds(), Ordering::SeqCst);
        }
    }

    /// Sets a fixed clock to this moment if that is later. Whether it did.
    pub(crate) fn move_to(&self, moment: Timestamp) -> bool {
        let to = moment.as_microseconds();
        let fixed = self.fixed.as_ref();
        fixed.is_some_and(|fixed| fixed.fetch_max(to, Ordering::SeqCst) < to)
    }

    /// Moves a fixed clock on. The system's goes its own way.
    pub fn advance(&self, duration: Duration) {
        if let Some(moment) = &self.fixed {
            let by = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
            moment.fetch_add(by, Ordering::SeqCst);
        }
    }
}
