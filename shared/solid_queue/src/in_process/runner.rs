use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::{InProcess, InProcessConfig};
use crate::enqueue::NewJob;
use crate::events;
use crate::patience::within;
use crate::perform::{Outcome, job_span, perform, retried};
use crate::{JobId, Registry};

/// Performs the jobs of an in-process queue. While there is none, or it has ended, the queue refuses jobs.
pub struct InProcessRunner {
    queue: InProcess,
    config: InProcessConfig,
}

/// What the tasks of a runner share.
struct Work<C> {
    queue: InProcess,
    registry: Arc<Registry<C>>,
    context: C,
}

impl InProcessRunner {
    pub(super) fn new(queue: InProcess, config: InProcessConfig) -> Self {
        Self { queue, config }
    }

    /// Performs jobs until `shutdown`, then those that are due for up to the configured timeout. Jobs that still wait
    /// then are lost, which is logged.
    pub async fn run<C: Clone + Send + Sync + 'static>(
        self,
        registry: impl Into<Arc<Registry<C>>>,
        context: C,
        shutdown: CancellationToken,
    ) {
        let work = Arc::new(Work {
            queue: self.queue.clone(),
            registry: registry.into(),
            context,
        });
        let threads = usize::try_from(self.config.threads.max(1)).unwrap_or(usize::MAX);
        let slots = Arc::new(Semaphore::new(threads.min(Semaphore::MAX_PERMITS)));
        let mut tasks = JoinSet::new();
        let until_shutdown = self.perform_all(&work, &slots, &mut tasks);
        shutdown.run_until_cancelled(until_shutdown).await;
        // What does not end in time is stopped when the tasks are dropped.
        let rest = drain(&work, &slots, &mut tasks);
        within(self.config.shutdown_timeout, rest).await;
    }

    async fn perform_all<C: Clone + Send + Sync + 'static>(
        &self,
        work: &Arc<Work<C>>,
        slots: &Arc<Semaphore>,
        tasks: &mut JoinSet<()>,
    ) {
        while let Ok(slot) = Arc::clone(slots).acquire_owned().await {
            let (id, job) = self.queue.next().await;
            while tasks.try_join_next().is_some() {}
            tasks.spawn(execute(Arc::clone(work), id, job, slot));
        }
    }
}

impl Drop for InProcessRunner {
    fn drop(&mut self) {
        let lost = self.queue.stop();
        if lost > 0 {
            events::lose_waiting(lost);
        }
    }
}

/// Performs what is due, and waits for all that runs.
async fn drain<C: Clone + Send + Sync + 'static>(
    work: &Arc<Work<C>>,
    slots: &Arc<Semaphore>,
    tasks: &mut JoinSet<()>,
) {
    loop {
        let Ok(slot) = Arc::clone(slots).acquire_owned().await else {
            return;
        };
        if let Some((id, job)) = work.queue.pop() {
            tasks.spawn(execute(Arc::clone(work), id, job, slot));
        } else if tasks.join_next().await.is_none() {
            return;
        }
    }
}

async fn execute<C: Clone + Send + Sync + 'static>(
    work: Arc<Work<C>>,
    id: JobId,
    job: NewJob,
    slot: OwnedSemaphorePermit,
) {
    let trace = job.payload.trace();
    let span = job_span(id, &job.class_name, &job.queue_name, &trace);
    execute_one(&work.queue, &work.registry, work.context.clone(), id, job)
        .instrument(span)
        .await;
    drop(slot);
}

/// Performs one job that was taken from the queue.
pub(crate) async fn execute_one<C: Clone + Send + Sync + 'static>(
    queue: &InProcess,
    registry: &Registry<C>,
    context: C,
    id: JobId,
    job: NewJob,
) -> Outcome {
    let waited = db::Timestamp::now().since(job.scheduled_at);
    registry.meters().started(&job.queue_name, waited);
    let outcome = perform(registry, context, &job.class_name, &job.payload).await;
    if let Outcome::Retried(wait, failure) = &outcome {
        queue.push_again(retried(id, job, *wait, failure, db::Timestamp::now()));
    }
    outcome
}
