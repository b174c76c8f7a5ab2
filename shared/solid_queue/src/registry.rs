use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;

use crate::payload::decode;
use crate::{Job, JobError, JobResult, Retry};

/// The job classes that a worker knows, by name. `C` is the context that they all take.
pub struct Registry<C> {
    jobs: BTreeMap<&'static str, Registered<C>>,
}

/// What a worker needs to know of a class.
pub(crate) struct Registered<C> {
    pub(crate) perform: fn(String, C) -> Performing,
    pub(crate) on_error: fn(&JobError, u32) -> Retry,
    crash_limit: u32,
}

/// A running job; fails when its arguments cannot be read.
pub(crate) type Performing =
    Pin<Box<dyn Future<Output = Result<JobResult, serde_json::Error>> + Send>>;

/// How many crashes the jobs of each known class survive.
pub(crate) type CrashLimits = BTreeMap<&'static str, u32>;

impl<C: Clone + Send + Sync + 'static> Registry<C> {
    /// No classes.
    pub fn new() -> Self {
        Self {
            jobs: BTreeMap::new(),
        }
    }

    /// Adds a class.
    ///
    /// # Panics
    /// When a class of the same name was added before: it is a mistake of the program, found when it starts.
    #[must_use]
    pub fn register<J: Job<Context = C>>(mut self) -> Self {
        let registered = Registered {
            perform: perform::<J>,
            on_error: J::on_error,
            crash_limit: J::CRASH_LIMIT,
        };
        let other = self.jobs.insert(J::NAME, registered);
        assert!(other.is_none(), "two jobs are named `{}`", J::NAME);
        self
    }

    /// The names of the classes, sorted.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.jobs.keys().copied()
    }

    pub(crate) fn get(&self, class_name: &str) -> Option<&Registered<C>> {
        self.jobs.get(class_name)
    }

    pub(crate) fn crash_limits(&self) -> CrashLimits {
        let limits = self.jobs.iter();
        limits.map(|(name, job)| (*name, job.crash_limit)).collect()
    }
}

impl<C: Clone + Send + Sync + 'static> Default for Registry<C> {
    fn default() -> Self {
        Self::new()
    }
}

impl<C> fmt::Debug for Registry<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.jobs.keys()).finish()
    }
}

fn perform<J: Job>(arguments: String, context: J::Context) -> Performing {
    Box::pin(async move {
        let job: J = decode(&arguments)?;
        Ok(job.perform(context).await)
    })
}
