//! How often others committed to the file.
//!
//! `PRAGMA data_version` on a connection changes with the commits of all others, and not with its own. Asked on the
//! connection that writes it tells of every commit that this process did not make itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use diesel::{QueryResult, SqliteConnection};

use crate::space;

/// Not a version: those are 32 bits wide.
const UNKNOWN: i64 = i64::MIN;

/// The number of a [`crate::Database`], through all files that it has at its path one after the other.
#[derive(Default)]
pub(crate) struct Generation {
    count: AtomicU64,
    wanted: AtomicBool,
}

impl Generation {
    pub(crate) fn raise(&self) {
        self.count.fetch_add(1, Ordering::Release);
    }

    /// Whether anybody has asked for the number. Until then nobody looks.
    pub(crate) fn is_wanted(&self) -> bool {
        self.wanted.load(Ordering::Relaxed)
    }

    /// Whether this is the first who asks.
    pub(crate) fn want(&self) -> bool {
        !self.is_wanted() && !self.wanted.swap(true, Ordering::Relaxed)
    }
}

/// What the writer's connection of one open file has seen of others.
pub(crate) struct Foreign {
    generation: Arc<Generation>,
    base: Instant,
    /// When the last look began, in nanoseconds since `base`; 0 for never.
    looked_at: AtomicU64,
    /// The version of the last look. Only changed by who has the writer's connection.
    seen: AtomicI64,
}

impl Foreign {
    pub(crate) fn new(generation: Arc<Generation>) -> Self {
        Self {
            generation,
            base: Instant::now(),
            looked_at: AtomicU64::new(0),
            seen: AtomicI64::new(UNKNOWN),
        }
    }

    /// The number, if the last look began no longer ago than `within`.
    pub(crate) fn recent(&self, within: Duration) -> Option<u64> {
        // The time of the look first: a number that is raised before it is stamped is then seen as well.
        let looked_at = self.looked_at.load(Ordering::Acquire);
        let age = self.now().saturating_sub(looked_at);
        (looked_at != 0 && age <= nanoseconds(within))
            .then(|| self.generation.count.load(Ordering::Acquire))
    }

    /// Looks on the writer's `connection`, if anybody wants to know.
    pub(crate) fn look_if_wanted(&self, connection: &mut SqliteConnection) {
        if self.generation.is_wanted() {
            // A look that fails leaves the last one to grow old. The statement that comes next names the cause.
            drop(self.look(connection));
        }
    }

    /// Looks on the writer's `connection`, and says the number.
    pub(crate) fn look(&self, connection: &mut SqliteConnection) -> QueryResult<u64> {
        let began = self.now();
        let version = data_version(connection)?;
        if self.seen.swap(version, Ordering::Relaxed) != version {
            self.generation.raise();
        }
        self.looked_at.store(began, Ordering::Release);
        Ok(self.generation.count.load(Ordering::Acquire))
    }

    /// The writer has a new connection, whose versions say nothing about those of the last: what others did meanwhile
    /// may have been missed.
    pub(crate) fn forget(&self) {
        self.seen.store(UNKNOWN, Ordering::Relaxed);
    }

    fn now(&self) -> u64 {
        nanoseconds(self.base.elapsed())
    }
}

/// Changes with every commit that another connection made.
pub(crate) fn data_version(connection: &mut SqliteConnection) -> QueryResult<i64> {
    space::number(connection, "PRAGMA data_version")
}

/// Does not overflow in five hundred years.
fn nanoseconds(duration: Duration) -> u64 {
    duration
        .as_secs()
        .saturating_mul(1_000_000_000)
        .saturating_add(duration.subsec_nanos().into())
}
