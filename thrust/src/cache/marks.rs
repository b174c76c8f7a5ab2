//! What is remembered of keys that are not stored, in little memory.

use std::time::Duration;

use quick_cache::Weighter;
use quick_cache::sync::Cache;
use tokio::time::Instant;

use super::key::Key;

/// How long a key counts as not worth waiting for.
const MEMORY: Duration = Duration::from_mins(2);
const CAPACITY: u64 = 2 << 20;
const USUAL_WEIGHT: usize = 128;

/// Keys with the time they were marked at.
pub(super) struct Marks {
    unstorable: Cache<Key, Instant, Length>,
    invalidated: Cache<Key, Instant, Length>,
}

#[derive(Clone)]
struct Length;

impl Weighter<Key, Instant> for Length {
    fn weight(&self, key: &Key, _: &Instant) -> u64 {
        (key.len() + 64) as u64
    }
}

impl Marks {
    pub(super) fn new() -> Self {
        let items = usize::try_from(CAPACITY).unwrap_or(usize::MAX) / USUAL_WEIGHT;
        let keys = || Cache::with_weighter(items, CAPACITY, Length);
        Self {
            unstorable: keys(),
            invalidated: keys(),
        }
    }

    /// Notes that the response was not storable. Requests for it do not wait for one another for a while.
    pub(super) fn note_unstorable(&self, key: &Key) {
        self.unstorable.insert(key.clone(), Instant::now());
    }

    pub(super) fn note_stored(&self, key: &Key) {
        self.unstorable.remove(key);
    }

    pub(super) fn is_unstorable(&self, key: &Key) -> bool {
        self.unstorable
            .get(key)
            .is_some_and(|noted| noted.elapsed() < MEMORY)
    }

    pub(super) fn invalidate(&self, key: &Key) {
        self.invalidated.insert(key.clone(), Instant::now());
    }

    /// Whether the key was invalidated at this time or later.
    pub(super) fn was_invalidated_since(&self, key: &Key, time: Instant) -> bool {
        self.invalidated
            .get(key)
            .is_some_and(|invalidated| invalidated >= time)
    }
}
