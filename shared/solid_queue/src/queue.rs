use std::fmt;

use db::{Database, DbError, Timestamp};

use crate::enqueue::{Enqueue, NewJob};
use crate::in_process::{InProcess, InProcessConfig, InProcessRunner};
use crate::{EnqueueError, Job, JobId, records};

/// Where jobs are enqueued. Cheap to clone.
#[derive(Clone)]
pub struct Queue {
    pub(crate) adapter: Adapter,
}

#[derive(Clone)]
pub(crate) enum Adapter {
    Solid(Database),
    InProcess(InProcess),
}

impl Queue {
    /// A queue whose jobs are rows of the queue database. The workers of any [`crate::Supervisor`] on the same file
    /// perform them, in this process or in others.
    pub fn solid(database: Database) -> Self {
        Self {
            adapter: Adapter::Solid(database),
        }
    }

    /// A queue in the memory of this process, for development: what waits is lost when the process ends. Its runner
    /// performs the jobs.
    pub fn in_process(config: InProcessConfig) -> (Self, InProcessRunner) {
        let (queue, runner) = InProcess::new(config);
        let adapter = Adapter::InProcess(queue);
        (Self { adapter }, runner)
    }

    /// Enqueues all or, after an error, none of the jobs, for the next free workers. Returns their ids in order.
    ///
    /// # Errors
    /// See [`EnqueueError`].
    pub async fn perform_all_later<J: Job>(
        &self,
        jobs: Vec<J>,
    ) -> Result<Vec<JobId>, EnqueueError> {
        let (now, options) = (Timestamp::now(), Enqueue::new());
        let jobs: Result<Vec<_>, _> = jobs
            .iter()
            .map(|job| NewJob::new(job, &options, now))
            .collect();
        self.enqueue_all(J::NAME, jobs?).await
    }

    pub(crate) async fn enqueue(
        &self,
        class_name: &'static str,
        job: NewJob,
    ) -> Result<JobId, EnqueueError> {
        let id = match &self.adapter {
            Adapter::Solid(database) => database
                .write(move |connection| records::job::enqueue(connection, &job))
                .await
                .map_err(|source| refused(class_name, source)),
            Adapter::InProcess(queue) => queue.push(class_name, job),
        }?;
        tracing::debug!(name: "queue.enqueue", { job.class = class_name, job.id = id.0 }, "enqueued a job");
        Ok(id)
    }

    async fn enqueue_all(
        &self,
        class_name: &'static str,
        jobs: Vec<NewJob>,
    ) -> Result<Vec<JobId>, EnqueueError> {
        let ids = match &self.adapter {
            Adapter::Solid(database) => database
                .write(move |connection| records::job::enqueue_all(connection, &jobs))
                .await
                .map_err(|source| refused(class_name, source)),
            Adapter::InProcess(queue) => queue.push_all(class_name, jobs),
        }?;
        tracing::debug!(name: "queue.enqueue", { job.class = class_name, size = ids.len() }, "enqueued jobs");
        Ok(ids)
    }
}

fn refused(job: &'static str, source: DbError) -> EnqueueError {
    EnqueueError::Database { job, source }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.adapter {
            Adapter::Solid(database) => f.debug_tuple("Queue::Solid").field(database).finish(),
            Adapter::InProcess(_) => f.write_str("Queue::InProcess"),
        }
    }
}
