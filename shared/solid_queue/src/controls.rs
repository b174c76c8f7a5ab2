//! How many jobs may run at once, how often they may start, and which of them are one and the same.

use std::fmt::Display;
use std::time::Duration;

/// What stands in the way of a job. [`crate::Job::controls`] says it, from the job's own fields.
///
/// ```
/// use solid_queue::{Concurrency, Controls, RateLimit, Unique};
/// use std::time::Duration;
///
/// let account = 42;
/// let controls = Controls::new()
///     .concurrency(Concurrency::key(account).to(2).duration(Duration::from_mins(5)))
///     .rate(RateLimit::key("smtp", 10, Duration::from_secs(1)))
///     .unique(Unique::key(account));
/// assert_ne!(controls, Controls::new());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Controls {
    pub(crate) concurrency: Vec<Concurrency>,
    pub(crate) rates: Vec<RateLimit>,
    pub(crate) unique: Option<Unique>,
}

impl Controls {
    /// Nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// At most so many at once. With several limits, a job waits until there is room in all of them.
    #[must_use]
    pub fn concurrency(mut self, limit: Concurrency) -> Self {
        self.concurrency.push(limit);
        self
    }

    /// At most so many starts in a time.
    #[must_use]
    pub fn rate(mut self, limit: RateLimit) -> Self {
        self.rates.push(limit);
        self
    }

    /// One at a time in the queue.
    #[must_use]
    pub fn unique(mut self, unique: Unique) -> Self {
        self.unique = Some(unique);
        self
    }
}

/// A limit on how many jobs run at once, across all processes: Rails' `limits_concurrency`.
///
/// A job counts from the moment it is ready until it has ended. Unlike with Rails, it counts for as long as it is
/// ready or runs, even beyond [`Self::duration`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Concurrency {
    pub(crate) key: Option<String>,
    pub(crate) to: u32,
    pub(crate) group: Option<String>,
    pub(crate) duration: Duration,
    pub(crate) on_conflict: OnConflict,
}

/// What becomes of a job whose concurrency limit is reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnConflict {
    /// It is blocked until there is room.
    #[default]
    Block,
    /// It is not enqueued at all: [`crate::EnqueueError::Discarded`]. A delayed one is dropped when it is due. The next
    /// attempt of a job that ran waits.
    Discard,
}

/// Rails' `default_concurrency_control_period`.
const DURATION: Duration = Duration::from_mins(3);

impl Concurrency {
    /// One at once of all jobs of the group with the same key.
    pub fn key(key: impl Display) -> Self {
        Self {
            key: Some(key.to_string()),
            ..Self::group_alone()
        }
    }

    /// One at once of all jobs of the group.
    pub fn group_alone() -> Self {
        Self {
            key: None,
            to: 1,
            group: None,
            duration: DURATION,
            on_conflict: OnConflict::Block,
        }
    }

    /// So many at once; at least one.
    #[must_use]
    pub fn to(self, jobs: u32) -> Self {
        Self {
            to: jobs.max(1),
            ..self
        }
    }

    /// The group of the key: jobs of several classes can share it. The job's class, unless it is set.
    #[must_use]
    pub fn group(self, group: impl Into<String>) -> Self {
        Self {
            group: Some(group.into()),
            ..self
        }
    }

    /// How long a Rails process on the same file takes the limit for reached without hearing of it again.
    #[must_use]
    pub fn duration(self, duration: Duration) -> Self {
        Self { duration, ..self }
    }

    /// What becomes of a job that finds no room.
    #[must_use]
    pub fn on_conflict(self, on_conflict: OnConflict) -> Self {
        Self {
            on_conflict,
            ..self
        }
    }
}

/// A limit on how many jobs start in a time, across all processes. Those that come too soon are scheduled for their turn,
/// in the order in which workers would have claimed them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateLimit {
    pub(crate) key: String,
    pub(crate) limit: u32,
    pub(crate) period: Duration,
}

impl RateLimit {
    /// `limit` starts of jobs with this key at once, and then one every `period / limit`; what is not used is saved up
    /// to `limit` again. So it is `limit` starts in each `period` on average, and up to twice as many in the period that
    /// follows a rest.
    pub fn key(key: impl Display, limit: u32, period: Duration) -> Self {
        Self {
            key: key.to_string(),
            limit: limit.max(1),
            period: period.max(Duration::from_millis(1)),
        }
    }
}

/// A key of which there is to be one job only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unique {
    pub(crate) key: String,
    pub(crate) states: States,
    pub(crate) within: Option<Duration>,
    pub(crate) on_duplicate: OnDuplicate,
}

/// What becomes of a job that is there already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnDuplicate {
    /// The one that is there does for both: its id is returned.
    #[default]
    Keep,
    /// The one that waits gets the arguments, queue and priority of the new one, and its time if it is scheduled. One
    /// that does not wait any more is kept as it is.
    Replace,
    /// [`crate::EnqueueError::Duplicate`].
    Refuse,
}

impl Unique {
    /// One job of the class with this key, from when it is enqueued until it has ended.
    pub fn key(key: impl Display) -> Self {
        Self {
            key: key.to_string(),
            states: States::UNFINISHED,
            within: None,
            on_duplicate: OnDuplicate::Keep,
        }
    }

    /// The states in which a job keeps others of its key out.
    #[must_use]
    pub fn states(self, states: States) -> Self {
        Self { states, ..self }
    }

    /// Only for so long after it was enqueued, and that long also when its row is deleted earlier.
    #[must_use]
    pub fn within(self, period: Duration) -> Self {
        Self {
            within: Some(period),
            ..self
        }
    }

    /// What becomes of another one.
    #[must_use]
    pub fn on_duplicate(self, on_duplicate: OnDuplicate) -> Self {
        Self {
            on_duplicate,
            ..self
        }
    }
}

impl OnConflict {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Discard => "discard",
        }
    }
}

/// A set of states of a job.
///
/// ```
/// use solid_queue::States;
///
/// assert_eq!(States::WAITING | States::RUNNING, States::UNFINISHED);
/// assert!(States::UNFINISHED.contains(States::WAITING));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct States(pub(crate) u8);

impl States {
    /// Scheduled, ready or blocked.
    pub const WAITING: Self = Self(1);
    /// Claimed by a worker.
    pub const RUNNING: Self = Self(2);
    /// Failed, and kept for people to look at.
    pub const FAILED: Self = Self(4);
    /// Done. It wants [`Unique::within`] when finished jobs are not preserved.
    pub const FINISHED: Self = Self(8);
    /// Waiting or running.
    pub const UNFINISHED: Self = Self(1 | 2);

    /// Whether all of `states` are among these.
    pub fn contains(self, states: Self) -> bool {
        self.0 & states.0 == states.0
    }
}

impl std::ops::BitOr for States {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}
