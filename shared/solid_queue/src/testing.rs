//! Helpers for the tests of applications: look at what was enqueued, and perform it without a supervisor.

use std::sync::Arc;

use db::{Database, DbError, Timestamp};
use serde_json::Value;
use tracing::Instrument as _;

use crate::enqueue::NewJob;
use crate::in_process::execute_one;
use crate::lifecycle::claim::{Claimed, claim};
use crate::lifecycle::settle::settle_all;
use crate::perform::{Outcome, job_span};
use crate::processes::execution::Executor;
use crate::processes::{Agenda, dispatch_due, registration};
use crate::queue::Adapter;
use crate::queue_selector::QueueSelector;
use crate::{Clock, Config, JobFailure, JobId, Queue, Registry, WorkerConfig, records};

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
}

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

/// The scheduler of recurring tasks by hand.
///
/// ```
/// use solid_queue::{Clock, Config, RecurringTask, Registry, testing};
/// use std::time::Duration;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let file = folder.path().join("queue.sqlite3");
/// # let database = db::Database::open(&db::DatabaseConfig::new(file), solid_queue::MIGRATIONS)?;
/// let clock = Clock::fixed("2026-11-23 11:59:00".parse()?);
/// let config = Config {
///     recurring_tasks: vec![RecurringTask::of_class("report", "every day at noon", "ReportJob")],
///     ..Config::default()
/// };
/// let mut scheduler = testing::Scheduler::new(database, clock.clone(), &config, &Registry::<()>::new());
/// assert!(scheduler.run().await?.is_empty());
/// clock.advance(Duration::from_mins(1));
/// assert_eq!(scheduler.run().await?.len(), 1);
/// # Ok(()) }
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(example()).unwrap();
/// ```
pub struct Scheduler {
    agenda: Agenda,
}

impl Scheduler {
    /// A scheduler that goes by this clock.
    pub fn new<C: Clone + Send + Sync + 'static>(
        database: Database,
        clock: Clock,
        config: &Config,
        registry: &Registry<C>,
    ) -> Self {
        let classes = Arc::new(registry.classes());
        Self {
            agenda: Agenda::new(database, classes, clock, config),
        }
    }

    /// Enqueues the tasks that are due. The first call finds out where they stand. Returns the jobs.
    ///
    /// # Errors
    /// What the database said.
    pub async fn run(&mut self) -> Result<Vec<JobId>, DbError> {
        self.agenda.store().await?;
        self.agenda.reload().await?;
        self.agenda.enqueue_due().await
    }
}

/// The jobs that wait, ready ones in the order in which they go, then scheduled ones by their time.
///
/// # Errors
/// What the database said.
pub async fn enqueued(queue: &Queue) -> Result<Vec<EnqueuedJob>, DbError> {
    let jobs = match &queue.adapter {
        Adapter::Solid(inbox) => inbox.database().read(records::job::waiting).await?,
        Adapter::InProcess(queue) => queue.list(),
    };
    Ok(jobs.into_iter().map(EnqueuedJob::from).collect())
}

/// Performs the jobs that are due, one after the other, and those that they enqueue, with the code that performs them
/// in production. Delayed jobs stay.
///
/// # Errors
/// What the database said.
pub async fn run_pending<C: Clone + Send + Sync + 'static>(
    queue: &Queue,
    registry: impl Into<Arc<Registry<C>>>,
    context: &C,
) -> Result<Performed, DbError> {
    let registry = registry.into();
    match &queue.adapter {
        Adapter::Solid(inbox) => run_solid(inbox.database(), &queue.clock, registry, context).await,
        Adapter::InProcess(queue) => {
            let mut performed = Performed::default();
            while let Some((id, job)) = queue.pop() {
                let span = job_span(id, &job.class_name, &job.queue_name);
                let execution = execute_one(queue, &registry, context.clone(), id, job);
                performed.add(execution.instrument(span).await);
            }
            Ok(performed)
        }
    }
}

async fn run_solid<C: Clone + Send + Sync + 'static>(
    database: &Database,
    clock: &Clock,
    registry: Arc<Registry<C>>,
    context: &C,
) -> Result<Performed, DbError> {
    let worker = registration::Registration::worker(&WorkerConfig::default(), None);
    let process = worker.register(database).await?.id;
    let executor = Executor {
        database: database.clone(),
        clock: clock.clone(),
        process,
        classes: Arc::new(registry.classes()),
        registry,
        context: context.clone(),
        preserve_finished_jobs: true,
        clear_finished_jobs_after: Config::default().clear_finished_jobs_after,
    };
    let mut performed = Performed::default();
    while let Some(job) = next(&executor).await? {
        let (outcome, ending) = executor.execute(job).await;
        let (classes, now) = (Arc::clone(&executor.classes), clock.now());
        database
            .write(move |connection| settle_all(connection, &[ending], &classes, true, now))
            .await?;
        performed.add(outcome);
    }
    registration::deregister(database, process, |_| Ok(())).await?;
    Ok(performed)
}

/// The next job that is due, claimed.
async fn next<C>(executor: &Executor<C>) -> Result<Option<Claimed>, DbError> {
    let (database, process, now) = (&executor.database, executor.process, executor.clock.now());
    dispatch_due(database, 500, Arc::clone(&executor.classes), now).await?;
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

impl From<(JobId, NewJob)> for EnqueuedJob {
    fn from((id, job): (JobId, NewJob)) -> Self {
        Self {
            id,
            arguments: serde_json::from_str(job.payload.arguments()).unwrap_or_default(),
            class_name: job.class_name,
            queue_name: job.queue_name,
            priority: job.priority,
            scheduled_at: job.scheduled_at,
        }
    }
}
