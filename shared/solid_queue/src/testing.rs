//! Helpers for the tests of applications: look at what was enqueued, and perform it without a supervisor.
//!
//! ```
//! use db::{Database, DatabaseConfig, Timestamp};
//! use serde::{Deserialize, Serialize};
//! use solid_queue::{Clock, Enqueue, Job, JobResult, PerformLater as _, Queue, Registry, testing};
//! use std::sync::{Arc, Mutex};
//! use std::time::Duration;
//!
//! #[derive(Serialize, Deserialize)]
//! struct Remind { todo: i64 }
//!
//! impl Job for Remind {
//!     const NAME: &'static str = "Remind";
//!     type Context = Arc<Mutex<Vec<i64>>>;
//!
//!     async fn perform(self, reminded: Self::Context) -> JobResult {
//!         reminded.lock().unwrap().push(self.todo);
//!         Ok(())
//!     }
//! }
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let file = folder.path().join("queue.sqlite3");
//! let database = Database::open(&DatabaseConfig::new(file), solid_queue::MIGRATIONS)?;
//! let clock = Clock::fixed("2026-11-23 12:00:00".parse()?);
//! let queue = Queue::solid_at(database, clock.clone());
//!
//! // What the application does.
//! let in_an_hour = Enqueue::new().wait(Duration::from_hours(1)).queue("low");
//! Remind { todo: 1 }.set(in_an_hour).perform_later(&queue).await?;
//! Remind { todo: 2 }.perform_later(&queue).await?;
//!
//! // What its test looks at: the whole job, or some of it.
//! testing::assert_enqueued(&queue, Remind { todo: 2 }).await;
//! testing::assert_enqueued(&queue, Remind { todo: 1 }.set(Enqueue::new().queue("low"))).await;
//! testing::assert_not_enqueued(&queue, Remind { todo: 3 }).await;
//! assert_eq!(testing::enqueued_as::<Remind>(&queue).await?.len(), 2);
//!
//! // What is due runs; the rest when its time comes.
//! let (registry, reminded) = (Arc::new(Registry::new().register::<Remind>()), Arc::default());
//! testing::run_pending(&queue, Arc::clone(&registry), &reminded).await?;
//! assert_eq!(*reminded.lock().unwrap(), [2]);
//! clock.advance(Duration::from_hours(1));
//! testing::run_pending(&queue, registry, &reminded).await?;
//! assert_eq!(*reminded.lock().unwrap(), [2, 1]);
//! # Ok(()) }
//! # tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(example()).unwrap();
//! ```

mod run;
mod scheduler;

use std::fmt::Write as _;

use db::{DbError, Timestamp};
use serde_json::Value;

use crate::enqueue::NewJob;
use crate::payload::decode;
use crate::queue::Adapter;
use crate::records::waiting;
use crate::{Configured, Job, JobId, Queue};
pub use run::{Performed, run_pending, run_until};
pub use scheduler::Scheduler;

/// A job that waits.
#[derive(Clone, Debug, PartialEq)]
pub struct EnqueuedJob {
    /// Its number.
    pub id: JobId,
    /// Its class.
    pub class_name: String,
    /// Its queue.
    pub queue_name: String,
    /// Its priority; smaller ones go first.
    pub priority: i32,
    /// When it is due.
    pub scheduled_at: Timestamp,
    /// Its arguments, as Active Job encodes them.
    pub arguments: Value,
    /// What it waits for.
    pub waits_for: WaitsFor,
}

/// What a job waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WaitsFor {
    /// A worker.
    Worker,
    /// Its time, or its turn under a rate limit.
    Time,
    /// Room in the concurrency limit with this key.
    Room {
        /// The group and the key, as in `Group/key`.
        key: String,
    },
}

impl EnqueuedJob {
    /// The job itself, if it is of this class and its arguments can be read.
    pub fn job<J: Job>(&self) -> Option<J> {
        let is_same = self.class_name == J::NAME;
        is_same.then(|| decode(&self.arguments.to_string()).ok())?
    }
}

/// The jobs that wait: ready ones in the order in which they go, then scheduled ones by their time, then those that are
/// blocked by a concurrency limit.
///
/// # Errors
/// What the database said.
pub async fn enqueued(queue: &Queue) -> Result<Vec<EnqueuedJob>, DbError> {
    let jobs = match &queue.adapter {
        Adapter::Solid(inbox) => inbox.database().read(waiting::all).await?,
        Adapter::InProcess(in_process) => in_process
            .list()
            .into_iter()
            .map(|(id, job)| {
                let is_due = job.is_due(queue.now());
                let waits_for = if is_due {
                    WaitsFor::Worker
                } else {
                    WaitsFor::Time
                };
                (id, job, waits_for)
            })
            .collect(),
    };
    Ok(jobs.into_iter().map(EnqueuedJob::from).collect())
}

/// The jobs of one class that wait, in the order of [`enqueued`].
///
/// # Errors
/// What the database said.
pub async fn enqueued_as<J: Job>(queue: &Queue) -> Result<Vec<J>, DbError> {
    let jobs = enqueued(queue).await?;
    Ok(jobs.iter().filter_map(EnqueuedJob::job).collect())
}

/// That such a job waits: of the same class and arguments and, as far as the options name them, on the same queue, with
/// the same priority, and due at the same time as if it were enqueued now. Returns the first.
///
/// # Panics
/// When there is none, with those that are there, and when the database fails.
pub async fn assert_enqueued<J: Job>(
    queue: &Queue,
    expected: impl Into<Configured<J>>,
) -> EnqueuedJob {
    let expected = Expected::new(&expected.into(), queue);
    let mut jobs = all(queue).await;
    match jobs.iter().position(|job| expected.is(job)) {
        Some(at) => jobs.swap_remove(at),
        None => panic!("expected {expected}, but there are{}", list(&jobs)),
    }
}

/// That no such job waits, see [`assert_enqueued`].
///
/// # Panics
/// When there is one, and when the database fails.
pub async fn assert_not_enqueued<J: Job>(queue: &Queue, unexpected: impl Into<Configured<J>>) {
    let unexpected = Expected::new(&unexpected.into(), queue);
    let jobs = all(queue).await;
    let is_there = jobs.iter().any(|job| unexpected.is(job));
    assert!(
        !is_there,
        "expected no {unexpected}, but there are{}",
        list(&jobs)
    );
}

async fn all(queue: &Queue) -> Vec<EnqueuedJob> {
    match enqueued(queue).await {
        Ok(jobs) => jobs,
        Err(error) => panic!("could not look at the queue: {error}"),
    }
}

fn list(jobs: &[EnqueuedJob]) -> String {
    if jobs.is_empty() {
        return " none".into();
    }
    let mut list = String::from(":");
    for job in jobs {
        // Writing into a string cannot fail.
        let _ = write!(
            list,
            "\n  {}{} on {}, priority {}, at {}, waits for {:?}",
            job.class_name,
            job.arguments,
            job.queue_name,
            job.priority,
            job.scheduled_at,
            job.waits_for
        );
    }
    list
}

/// What a test says of a job.
struct Expected {
    class_name: &'static str,
    arguments: Value,
    queue_name: Option<String>,
    priority: Option<i32>,
    scheduled_at: Option<Timestamp>,
}

impl Expected {
    fn new<J: Job>(Configured { job, options }: &Configured<J>, queue: &Queue) -> Self {
        let new = match NewJob::new(job, options, queue.now()) {
            Ok(new) => new,
            Err(error) => panic!("{error}"),
        };
        Self {
            class_name: J::NAME,
            arguments: arguments(&new),
            queue_name: options.queue.clone(),
            priority: options.priority,
            scheduled_at: options.has_time().then_some(new.scheduled_at),
        }
    }

    fn is(&self, job: &EnqueuedJob) -> bool {
        self.class_name == job.class_name
            && self.arguments == job.arguments
            && self
                .queue_name
                .as_ref()
                .is_none_or(|it| *it == job.queue_name)
            && self.priority.is_none_or(|it| it == job.priority)
            && self.scheduled_at.is_none_or(|it| it == job.scheduled_at)
    }
}

impl std::fmt::Display for Expected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", self.class_name, self.arguments)?;
        if let Some(queue) = &self.queue_name {
            write!(f, " on {queue}")?;
        }
        if let Some(priority) = self.priority {
            write!(f, ", priority {priority}")?;
        }
        match self.scheduled_at {
            Some(at) => write!(f, ", at {at}"),
            None => Ok(()),
        }
    }
}

impl From<(JobId, NewJob, WaitsFor)> for EnqueuedJob {
    fn from((id, job, waits_for): (JobId, NewJob, WaitsFor)) -> Self {
        Self {
            id,
            arguments: arguments(&job),
            class_name: job.class_name,
            queue_name: job.queue_name,
            priority: job.priority,
            scheduled_at: job.scheduled_at,
            waits_for,
        }
    }
}

fn arguments(job: &NewJob) -> Value {
    serde_json::from_str(job.payload.arguments()).unwrap_or_default()
}
