mod by_name;
mod inbox;

use std::fmt;
use std::sync::Arc;

use db::{Database, DbError, Timestamp};
use tracing::Instrument as _;

use crate::enqueue::{Enqueue, NewJob, enqueue_span};
use crate::events::{self, EnqueueMeters};
use crate::in_process::{InProcess, InProcessConfig, InProcessRunner};
use crate::lifecycle::enqueue::Enqueued;
use crate::records::job::NewRow;
use crate::{Clock, EnqueueError, Job, JobId};
use inbox::Inbox;

/// Where jobs are enqueued. Cheap to clone.
#[derive(Clone)]
pub struct Queue {
    pub(crate) adapter: Adapter,
    pub(crate) clock: Clock,
    meters: Arc<EnqueueMeters>,
}

#[derive(Clone)]
pub(crate) enum Adapter {
    Solid(Inbox),
    InProcess(InProcess),
}

impl Queue {
    /// A queue whose jobs are rows of the queue database. The workers of any [`crate::Supervisor`] on the same file
    /// perform them, in this process or in others.
    pub fn solid(database: Database) -> Self {
        Self::solid_at(database, Clock::system())
    }

    /// The same with a clock of its own, for tests: [`crate::testing::run_pending`] goes by it, too.
    pub fn solid_at(database: Database, clock: Clock) -> Self {
        Self {
            adapter: Adapter::Solid(Inbox::new(database, clock.clone())),
            clock,
            meters: Arc::default(),
        }
    }

    /// A queue in the memory of this process, for development: what waits is lost when the process ends. Its runner
    /// performs the jobs. It heeds no [`crate::Controls`] and keeps no [`crate::Batch`].
    pub fn in_process(config: InProcessConfig) -> (Self, InProcessRunner) {
        let (queue, runner) = InProcess::new(config);
        let queue = Self {
            adapter: Adapter::InProcess(queue),
            clock: Clock::system(),
            meters: Arc::default(),
        };
        (queue, runner)
    }

    /// Enqueues the jobs for the next free workers, in one transaction: all, or after an error none. Returns their ids in
    /// order; none for a job that its [`crate::Controls`] keep out.
    ///
    /// # Errors
    /// See [`EnqueueError`].
    pub async fn perform_all_later<J: Job>(
        &self,
        jobs: Vec<J>,
    ) -> Result<Vec<Option<JobId>>, EnqueueError> {
        let (now, options) = (self.now(), Enqueue::new());
        let enqueue = async {
            let jobs = jobs.iter().map(|job| NewJob::new(job, &options, now));
            self.enqueue_all::<J>(jobs.collect::<Result<_, _>>()?).await
        };
        enqueue.instrument(enqueue_span(J::NAME)).await
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) async fn enqueue(
        &self,
        class_name: &'static str,
        job: NewJob,
    ) -> Result<JobId, EnqueueError> {
        let queue_name = job.queue_name.clone();
        let id = match &self.adapter {
            Adapter::Solid(inbox) => {
                let enqueued = inbox.enqueue(NewRow::from(job)).await;
                accepted(
                    class_name,
                    enqueued.map_err(|source| refused(class_name, source))?,
                )
            }
            Adapter::InProcess(queue) => queue.push(class_name, job),
        }?;
        events::enqueue(&self.meters, class_name, &queue_name, id);
        Ok(id)
    }

    async fn enqueue_all<J: Job>(
        &self,
        jobs: Vec<NewJob>,
    ) -> Result<Vec<Option<JobId>>, EnqueueError> {
        let class_name = J::NAME;
        let ids: Vec<_> = match &self.adapter {
            Adapter::Solid(inbox) => {
                let rows = jobs.into_iter().map(NewRow::from).collect();
                let enqueued = inbox.enqueue_all(rows).await;
                let enqueued = enqueued.map_err(|source| refused(class_name, source))?;
                enqueued.into_iter().map(Enqueued::id).collect()
            }
            Adapter::InProcess(queue) => {
                let ids = queue.push_all(class_name, jobs)?;
                ids.into_iter().map(Some).collect()
            }
        };
        let size = ids.iter().flatten().count();
        events::enqueue_all(&self.meters, class_name, J::QUEUE, size);
        Ok(ids)
    }
}

impl Enqueued {
    fn id(self) -> Option<JobId> {
        match self {
            Self::As(id) => Some(id),
            Self::Discarded | Self::Duplicate(_) => None,
        }
    }
}

fn accepted(job: &'static str, enqueued: Enqueued) -> Result<JobId, EnqueueError> {
    match enqueued {
        Enqueued::As(id) => Ok(id),
        Enqueued::Discarded => Err(EnqueueError::Discarded { job }),
        Enqueued::Duplicate(id) => Err(EnqueueError::Duplicate { job, id }),
    }
}

fn refused(job: &'static str, source: DbError) -> EnqueueError {
    EnqueueError::Database { job, source }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.adapter {
            Adapter::Solid(inbox) => f
                .debug_tuple("Queue::Solid")
                .field(inbox.database())
                .finish(),
            Adapter::InProcess(_) => f.write_str("Queue::InProcess"),
        }
    }
}
