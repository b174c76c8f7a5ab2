use std::sync::Arc;

use db::DbError;
use tracing::Instrument as _;

use crate::executions::scheduled;
use crate::in_process::{InProcess, execute_one};
use crate::lifecycle::claim::{Claimed, claim};
use crate::lifecycle::settle::settle_all;
use crate::perform::{Outcome, job_span};
use crate::processes::execution::Executor;
use crate::processes::{dispatch_due, registration};
use crate::queue::Adapter;
use crate::queue_selector::QueueSelector;
use crate::{Config, JobFailure, ProcessKind, Queue, Registry, WorkerConfig};

/// What [`run_pending`] did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Performed {
    /// Jobs that succeeded.
    pub finished: usize,
    /// Jobs that failed and are to run again later.
    pub retried: usize,
    /// Jobs whose error was dropped.
    pub discarded: usize,
    /// Why the jobs that failed did.
    pub failures: Vec<JobFailure>,
}

/// Performs the jobs that are due by the queue's clock, one after the other, and those that they enqueue, with the code
/// that performs them in production. Delayed jobs stay.
///
/// # Errors
/// What the database said.
pub async fn run_pending<C: Clone + Send + Sync + 'static>(
    queue: &Queue,
    registry: impl Into<Arc<Registry<C>>>,
    context: &C,
) -> Result<Performed, DbError> {
    let mut runner = Runner::new(queue, registry.into(), context).await?;
    let mut performed = Performed::default();
    while let Some(outcome) = runner.next().await? {
        performed.add(outcome);
    }
    runner.finish().await?;
    Ok(performed)
}

/// The same, delayed jobs and all, until it is so or no job is left. A queue with a fixed clock moves it on to the next
/// job that is due later, so that no time passes; with the system's clock, delayed jobs stay.
///
/// ```
/// # use db::{Database, DatabaseConfig};
/// # use serde::{Deserialize, Serialize};
/// # use solid_queue::{Clock, Job, JobResult, PerformLater as _, Policy, Queue, Registry, RetryOn, testing};
/// # use std::sync::atomic::{AtomicU32, Ordering};
/// # use std::sync::Arc;
/// #[derive(Serialize, Deserialize)]
/// struct Fetch;
///
/// impl Job for Fetch {
///     const NAME: &'static str = "Fetch";
///     type Context = Arc<AtomicU32>;
///
///     async fn perform(self, attempts: Self::Context) -> JobResult {
///         attempts.fetch_add(1, Ordering::SeqCst);
///         Err(std::io::Error::other("unplugged").into())
///     }
///
///     fn policy() -> Policy {
///         Policy::new().retry_on::<std::io::Error>(RetryOn::new().attempts(5))
///     }
/// }
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let file = folder.path().join("queue.sqlite3");
/// # let database = Database::open(&DatabaseConfig::new(file), solid_queue::MIGRATIONS)?;
/// let queue = Queue::solid_at(database, Clock::fixed("2026-11-23 12:00:00".parse()?));
/// Fetch.perform_later(&queue).await?;
///
/// let attempts = Arc::new(AtomicU32::new(0));
/// let registry = Registry::new().register::<Fetch>();
/// testing::run_until(&queue, registry, &attempts, async || attempts.load(Ordering::SeqCst) == 3).await?;
/// assert_eq!(testing::enqueued_as::<Fetch>(&queue).await?.len(), 1);
/// # Ok(()) }
/// # tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(example()).unwrap();
/// ```
///
/// # Errors
/// What the database said.
pub async fn run_until<C: Clone + Send + Sync + 'static>(
    queue: &Queue,
    registry: impl Into<Arc<Registry<C>>>,
    context: &C,
    mut is_so: impl AsyncFnMut() -> bool,
) -> Result<Performed, DbError> {
    let mut runner = Runner::new(queue, registry.into(), context).await?;
    let mut performed = Performed::default();
    while !is_so().await {
        match runner.next().await? {
            Some(outcome) => performed.add(outcome),
            None if runner.move_clock_on().await? => {}
            None => break,
        }
    }
    runner.finish().await?;
    Ok(performed)
}

/// Performs one job after the other.
enum Runner<C> {
    Solid(Box<Executor<C>>),
    InProcess(InProcess, Arc<Registry<C>>, C),
}

impl<C: Clone + Send + Sync + 'static> Runner<C> {
    async fn new(queue: &Queue, registry: Arc<Registry<C>>, context: &C) -> Result<Self, DbError> {
        let context = context.clone();
        let database = match &queue.adapter {
            Adapter::Solid(inbox) => inbox.database(),
            Adapter::InProcess(queue) => {
                return Ok(Self::InProcess(queue.clone(), registry, context));
            }
        };
        let worker = registration::Registration::worker(&WorkerConfig::default(), None);
        let executor = Executor {
            database: database.clone(),
            clock: queue.clock.clone(),
            process: worker.register(database).await?.id,
            classes: Arc::new(registry.classes()),
            registry,
            context,
            preserve_finished_jobs: true,
            clear_finished_jobs_after: Config::default().clear_finished_jobs_after,
        };
        Ok(Self::Solid(Box::new(executor)))
    }

    /// The outcome of the next job that is due.
    async fn next(&mut self) -> Result<Option<Outcome>, DbError> {
        match self {
            Self::Solid(executor) => next(executor).await,
            Self::InProcess(queue, registry, context) => {
                let Some((id, job)) = queue.pop() else {
                    return Ok(None);
                };
                let span = job_span(id, &job.class_name, &job.queue_name, &job.payload.trace());
                let execution = execute_one(queue, registry, context.clone(), id, job);
                Ok(Some(execution.instrument(span).await))
            }
        }
    }

    /// Whether there is a job that is due later, and the clock could be moved on to it.
    async fn move_clock_on(&self) -> Result<bool, DbError> {
        let Self::Solid(executor) = self else {
            return Ok(false);
        };
        let next = executor.database.read(scheduled::next_due).await?;
        Ok(next.is_some_and(|due| executor.clock.move_to(due)))
    }

    async fn finish(self) -> Result<(), DbError> {
        match self {
            Self::Solid(executor) => {
                registration::deregister(
                    &executor.database,
                    ProcessKind::Worker,
                    executor.process,
                    |_| Ok(()),
                )
                .await
            }
            Self::InProcess(..) => Ok(()),
        }
    }
}

async fn next<C: Clone + Send + Sync + 'static>(
    executor: &Executor<C>,
) -> Result<Option<Outcome>, DbError> {
    let Some(job) = claim_next(executor).await? else {
        return Ok(None);
    };
    let (outcome, ending) = executor.execute(job).await;
    let (classes, now) = (Arc::clone(&executor.classes), executor.clock.now());
    executor
        .database
        .write(move |connection| settle_all(connection, &[ending], &classes, true, now))
        .await?;
    Ok(Some(outcome))
}

async fn claim_next<C>(executor: &Executor<C>) -> Result<Option<Claimed>, DbError> {
    let (database, process, now) = (&executor.database, executor.process, executor.clock.now());
    while dispatch_due(database, 500, Arc::clone(&executor.classes), now).await? > 0 {}
    loop {
        let classes = Arc::clone(&executor.classes);
        let claims = database
            .write(move |connection| {
                claim(connection, &QueueSelector::All, process, 1, &classes, now)
            })
            .await?
            .unwrap_or_default();
        if !claims.is_cut_short || !claims.jobs.is_empty() {
            return Ok(claims.jobs.into_iter().next());
        }
    }
}

impl Performed {
    fn add(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Finished => self.finished += 1,
            Outcome::Retried(..) => self.retried += 1,
            Outcome::Discarded(_) => self.discarded += 1,
            Outcome::Failed(failure) => self.failures.push(failure),
        }
    }
}
