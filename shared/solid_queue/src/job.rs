use std::error::Error;
use std::fmt;
use std::future::Future;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Controls, Policy};

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
    /// What becomes of the job when the process that runs it dies.
    const ON_CRASH: OnCrash = OnCrash::Retry { crashes: 3 };
    /// How long one execution may take. Then it is dropped at its next `await`, and its error is [`crate::TimedOut`].
    const TIMEOUT: Option<Duration> = None;
    /// What the application hands to its jobs: the handles of its stores.
    type Context: Clone + Send + Sync + 'static;

    /// Does the work.
    fn perform(self, context: Self::Context) -> impl Future<Output = JobResult> + Send;

    /// How many such jobs may run at once or start in a time, and which are one and the same. As with Rails'
    /// `async` adapter, the in-process queue of development does not heed it.
    fn controls(&self) -> Controls {
        Controls::new()
    }

    /// Which errors are tried again, and which are dropped: Rails' `retry_on` and `discard_on`.
    fn policy() -> Policy {
        Policy::new()
    }

    /// What becomes of the job after an error that the policy does not name. `attempt` counts the executions so far,
    /// from 1. Not asked after panics, and not when the arguments could not be read: those jobs fail.
    fn on_error(_error: &JobError, _attempt: u32) -> Retry {
        Retry::Fail
    }
}

/// What becomes of a job when the process that runs it dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnCrash {
    /// It fails, as in the original.
    Fail,
    /// It runs again, until so many processes died while they ran it: then it fails. That guards against jobs that kill
    /// whoever runs them.
    Retry {
        /// How many.
        crashes: u32,
    },
}

impl OnCrash {
    /// Whether a job that crashed so often runs again.
    pub(crate) fn allows(self, crashed: u32) -> bool {
        match self {
            Self::Fail => false,
            Self::Retry { crashes } => crashed < crashes,
        }
    }
}

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub struct JobId(pub i64);

/// The number of a supervisor, worker or dispatcher: its row in `solid_queue_processes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
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
