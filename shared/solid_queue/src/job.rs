use std::error::Error;
use std::fmt;
use std::future::Future;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Whatever went wrong in a job.
pub type JobError = Box<dyn Error + Send + Sync>;

/// What [`Job::perform`] returns.
pub type JobResult = Result<(), JobError>;

/// A piece of work that is done later, by whichever process is free.
///
/// The fields of the struct are the job's arguments. A struct with named fields is stored as keyword arguments, a tuple
/// struct as positional ones, a unit struct as none. A job runs at least once: after a crash of its process it runs
/// again, so it should bear that.
pub trait Job: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The job's class name in the database. It must stay as it is while jobs of the class are stored.
    const NAME: &'static str;
    /// The queue, unless [`crate::Enqueue::queue`] names another.
    const QUEUE: &'static str = "default";
    /// The priority, unless [`crate::Enqueue::priority`] sets another. Smaller ones go first.
    const PRIORITY: i32 = 0;
    /// How many processes may die while they run one such job before it counts as failed. It guards against jobs that
    /// kill whoever runs them.
    const CRASH_LIMIT: u32 = DEFAULT_CRASH_LIMIT;
    /// What the application hands to its jobs: the handles of its stores.
    type Context: Clone + Send + Sync + 'static;

    /// Does the work.
    fn perform(self, context: Self::Context) -> impl Future<Output = JobResult> + Send;

    /// What becomes of the job after an error. `attempt` counts the executions so far, from 1. Not asked after panics,
    /// and not when the arguments could not be read: those jobs fail.
    fn on_error(_error: &JobError, _attempt: u32) -> Retry {
        Retry::Fail
    }
}

const DEFAULT_CRASH_LIMIT: u32 = 3;

/// What becomes of a job that returned an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// It is kept as failed, for people to look at.
    Fail,
    /// It runs again after this time.
    After(Duration),
    /// It is finished, as if it had succeeded; the error is logged.
    Discard,
}

impl Retry {
    /// Again after `wait` until there were `attempts` executions, failed then.
    ///
    /// ```
    /// use solid_queue::Retry;
    /// use std::time::Duration;
    ///
    /// assert_eq!(Retry::up_to(5, 4, Duration::from_secs(3)), Retry::After(Duration::from_secs(3)));
    /// assert_eq!(Retry::up_to(5, 5, Duration::from_secs(3)), Retry::Fail);
    /// ```
    pub fn up_to(attempts: u32, attempt: u32, wait: Duration) -> Self {
        if attempt < attempts {
            Self::After(wait)
        } else {
            Self::Fail
        }
    }
}

/// The number of a job: its row in `solid_queue_jobs`, or the number that the in-process queue gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(pub i64);

/// The number of a supervisor, worker or dispatcher: its row in `solid_queue_processes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProcessId(pub i64);

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for ProcessId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
