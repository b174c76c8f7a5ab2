use std::sync::Arc;
use std::time::Duration;

use db::{Database, DbError, Pace};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, warn};

use super::execution::Executor;
use super::registration::deregister;
use crate::WorkerConfig;
use crate::executions::claimed::{self, Claimed};
use crate::patience::{Backoff, within};
use crate::queue_selector::QueueSelector;

/// How long jobs that were told to stop may take to do so.
const ABORT_TIMEOUT: Duration = Duration::from_secs(1);

/// Claims ready jobs and performs them.
pub(crate) struct Worker<C> {
    executor: Arc<Executor<C>>,
    selector: Arc<QueueSelector>,
    pace: Pace,
    shutdown_timeout: Duration,
    slots: Arc<Semaphore>,
    running: JoinSet<()>,
}

impl<C: Clone + Send + Sync + 'static> Worker<C> {
    pub(crate) fn new(
        executor: Executor<C>,
        config: &WorkerConfig,
        shutdown_timeout: Duration,
    ) -> Self {
        let threads = usize::try_from(config.threads).unwrap_or(usize::MAX);
        Self {
            executor: Arc::new(executor),
            selector: Arc::new(QueueSelector::new(&config.queues)),
            pace: Pace::new(config.polling_interval, Duration::ZERO),
            shutdown_timeout,
            slots: Arc::new(Semaphore::new(threads.min(Semaphore::MAX_PERMITS))),
            running: JoinSet::new(),
        }
    }

    /// Works until `stop`, or until others took it for dead and removed its row; then waits for the running jobs, puts back what takes too long, and deregisters.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        stop.run_until_cancelled(self.work()).await;
        self.finish_running().await;
        if let Err(error) = deregister(self.database(), self.executor.process).await {
            error!(process.id = self.executor.process.0, error = %error, "could not deregister the worker");
        }
    }

    async fn work(&mut self) {
        let mut changes = self.database().changes();
        let mut backoff = Backoff::new();
        loop {
            let Some(slots) = idle(&self.slots).await else {
                return;
            };
            let idle = slots.num_permits();
            match self.claim(idle).await {
                Ok(None) => return,
                Ok(Some(jobs)) => {
                    backoff.reset();
                    let is_full = jobs.len() == idle;
                    self.perform(jobs, slots);
                    if !is_full {
                        // A commit, or the time to look again.
                        let pause = self.pace.until_next();
                        let _ = tokio::time::timeout(pause, changes.changed()).await;
                    }
                }
                Err(error) => {
                    warn!(process.id = self.executor.process.0, error = %error, "could not look for jobs");
                    backoff.wait().await;
                }
            }
        }
    }

    /// The jobs that are this worker's now; nothing when it has no row any more.
    async fn claim(&self, idle: usize) -> Result<Option<Vec<Claimed>>, DbError> {
        let limit = i64::try_from(idle).unwrap_or(i64::MAX);
        let selector = Arc::clone(&self.selector);
        // Looking needs no lock; only who found something asks for it.
        let found = self
            .database()
            .read(move |connection| selector.select(connection, 1))
            .await?;
        if found.is_empty() {
            return Ok(Some(Vec::new()));
        }
        let (selector, process) = (Arc::clone(&self.selector), self.executor.process);
        let jobs = self
            .database()
            .write(move |connection| claimed::claim(connection, &selector, process, limit))
            .await?;
        let size = jobs.as_ref().map_or(0, Vec::len);
        debug!(name: "queue.claim", { process.id = self.executor.process.0, size }, "claimed jobs");
        Ok(jobs)
    }

    fn perform(&mut self, jobs: Vec<Claimed>, mut slots: OwnedSemaphorePermit) {
        while self.running.try_join_next().is_some() {}
        for job in jobs {
            let slot = slots.split(1);
            let executor = Arc::clone(&self.executor);
            self.running.spawn(async move {
                executor.execute(job).await;
                drop(slot);
            });
        }
    }

    async fn finish_running(&mut self) {
        if within(self.shutdown_timeout, all(&mut self.running)).await {
            return;
        }
        warn!(name: "queue.shutdown_timeout", { process.id = self.executor.process.0, jobs = self.running.len() },
            "jobs did not end in time: they are put back");
        self.running.abort_all();
        // A job that blocks its thread cannot be stopped. Whatever it does yet, its claim is gone.
        within(ABORT_TIMEOUT, all(&mut self.running)).await;
    }

    fn database(&self) -> &Database {
        &self.executor.database
    }
}

async fn all(tasks: &mut JoinSet<()>) {
    while tasks.join_next().await.is_some() {}
}

/// Waits until at least one slot is idle, and takes all that are.
async fn idle(slots: &Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
    let mut first = Arc::clone(slots).acquire_owned().await.ok()?;
    let others = u32::try_from(slots.available_permits()).unwrap_or(u32::MAX);
    if let Ok(others) = Arc::clone(slots).try_acquire_many_owned(others) {
        first.merge(others);
    }
    Some(first)
}
