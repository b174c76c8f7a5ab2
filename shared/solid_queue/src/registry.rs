use std::collections::BTreeMap;
use std::fmt;
use std::panic::catch_unwind;
use std::pin::Pin;
use std::time::Duration;

use db::Timestamp;

use crate::enqueue::{NewJob, own_priority};
use crate::events::PerformMeters;
use crate::limits::Limit;
use crate::payload::{Payload, decode};
use crate::{Controls, Enqueue, EnqueueError, Job, JobError, JobResult, OnCrash, Policy, Retry};

/// The job classes that a worker knows, by name. `C` is the context that they all take.
pub struct Registry<C> {
    jobs: BTreeMap<&'static str, Registered<C>>,
    meters: PerformMeters,
}

/// What a worker needs to know of a class.
pub(crate) struct Registered<C> {
    pub(crate) perform: fn(String, C) -> Performing,
    pub(crate) on_error: fn(&JobError, u32) -> Retry,
    pub(crate) policy: Policy,
    pub(crate) timeout: Option<Duration>,
    class: Class,
}

/// What the others have to know of a class: those who never perform a job.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Class {
    on_crash: OnCrash,
    queue: &'static str,
    priority: Option<i32>,
    controls: fn(&str) -> Option<Controls>,
    draft: Draft,
}

/// Makes a job of arguments (a JSON array, encoded).
type Draft = fn(&str, &Enqueue, Timestamp) -> Result<NewJob, EnqueueError>;

impl Class {
    fn of<J: Job>() -> Self {
        Self {
            on_crash: J::ON_CRASH,
            queue: J::QUEUE,
            priority: own_priority::<J>(),
            controls: controls::<J>,
            draft: draft::<J>,
        }
    }

    /// A job with these arguments, if the class can read them.
    pub(crate) fn draft(
        &self,
        arguments: &str,
        options: &Enqueue,
        now: Timestamp,
    ) -> Result<NewJob, EnqueueError> {
        (self.draft)(arguments, options, now)
    }
}

/// The classes that are known here.
#[derive(Clone, Debug, Default)]
pub(crate) struct Classes(BTreeMap<&'static str, Class>);

impl Classes {
    /// What becomes of a job of the class after a crash.
    pub(crate) fn on_crash(&self, class_name: &str) -> Option<OnCrash> {
        Some(self.0.get(class_name)?.on_crash)
    }

    /// The limits of a job with these arguments (a whole payload).
    pub(crate) fn limits(&self, class_name: &str, payload: Option<&str>) -> Option<Vec<Limit>> {
        let payload = Payload::parse(payload?).ok()?;
        let controls = self.controls(class_name, payload.arguments())?;
        Some(Limit::all(class_name, &controls))
    }

    /// The controls of a job with these arguments (a JSON array, encoded).
    pub(crate) fn controls(&self, class_name: &str, arguments: &str) -> Option<Controls> {
        (self.0.get(class_name)?.controls)(arguments)
    }

    /// The queue and the priority of the class.
    pub(crate) fn defaults(&self, class_name: &str) -> Option<(&'static str, Option<i32>)> {
        let class = self.0.get(class_name)?;
        Some((class.queue, class.priority))
    }

    pub(crate) fn add<J: Job>(&mut self) {
        self.0.insert(J::NAME, Class::of::<J>());
    }
}

/// A running job; fails when its arguments cannot be read.
pub(crate) type Performing =
    Pin<Box<dyn Future<Output = Result<JobResult, serde_json::Error>> + Send>>;

impl<C: Clone + Send + Sync + 'static> Registry<C> {
    /// No classes.
    pub fn new() -> Self {
        Self {
            jobs: BTreeMap::new(),
            meters: PerformMeters::default(),
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
            policy: J::policy(),
            timeout: J::TIMEOUT,
            class: Class::of::<J>(),
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

    /// What those count who perform these jobs.
    pub(crate) fn meters(&self) -> &PerformMeters {
        &self.meters
    }

    /// The class with its own name.
    pub(crate) fn class(&self, name: &str) -> Option<(&'static str, Class)> {
        let (name, job) = self.jobs.get_key_value(name)?;
        Some((name, job.class))
    }

    pub(crate) fn classes(&self) -> Classes {
        let jobs = self.jobs.iter();
        Classes(jobs.map(|(name, job)| (*name, job.class)).collect())
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

/// Asked within transactions, which a panic of the application must not break.
fn controls<J: Job>(arguments: &str) -> Option<Controls> {
    let controls = catch_unwind(|| {
        let job: J = decode(arguments).ok()?;
        Some(job.controls())
    });
    controls.ok().flatten()
}

fn draft<J: Job>(
    arguments: &str,
    options: &Enqueue,
    now: Timestamp,
) -> Result<NewJob, EnqueueError> {
    let job: J = decode(arguments).map_err(|source| EnqueueError::Arguments {
        job: J::NAME,
        source,
    })?;
    NewJob::new(&job, options, now)
}

fn perform<J: Job>(arguments: String, context: J::Context) -> Performing {
    Box::pin(async move {
        let job: J = decode(&arguments)?;
        Ok(job.perform(context).await)
    })
}
