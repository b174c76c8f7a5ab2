use std::fmt;

use super::Batch;
use super::draft::Draft;
use crate::enqueue::Configured;
use crate::lifecycle::batch::add;
use crate::queue::Adapter;
use crate::records::batch::exists;
use crate::{BatchError, Job, Queue};

/// The number of a batch: its row in `solid_queue_batches`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub struct BatchId(pub i64);

impl BatchId {
    /// More jobs for the batch, as long as it is not finished. A job that is performed can add some to its own:
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// # use solid_queue::{Batch, Job, JobResult, Queue};
    /// # #[derive(Serialize, Deserialize)]
    /// # struct ImportPage { page: u32 }
    /// # impl Job for ImportPage {
    /// # const NAME: &'static str = "ImportPage";
    /// # type Context = Queue;
    /// async fn perform(self, queue: Queue) -> JobResult {
    ///     if let Some(batch) = Batch::current() {
    ///         batch.add(ImportPage { page: self.page + 1 }).enqueue(&queue).await?;
    ///     }
    ///     Ok(())
    /// }
    /// # }
    /// ```
    #[allow(
        clippy::should_implement_trait,
        reason = "two things that are added are no sum"
    )]
    pub fn add<J: Job>(self, job: impl Into<Configured<J>>) -> Addition {
        self.add_all([job])
    }

    /// More jobs of a class for the batch.
    pub fn add_all<J: Job, T: Into<Configured<J>>>(
        self,
        jobs: impl IntoIterator<Item = T>,
    ) -> Addition {
        Addition {
            batch: self,
            jobs: Batch::new().add_all(jobs),
        }
    }
}

impl fmt::Display for BatchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Jobs that are to join a batch.
#[derive(Debug)]
#[must_use = "jobs join a batch when `enqueue` is awaited"]
pub struct Addition {
    batch: BatchId,
    jobs: Batch,
}

impl Addition {
    /// Adds a job, or one with options.
    #[allow(
        clippy::should_implement_trait,
        reason = "two things that are added are no sum"
    )]
    pub fn add<J: Job>(self, job: impl Into<Configured<J>>) -> Self {
        Self {
            jobs: self.jobs.add(job),
            ..self
        }
    }

    /// Adds several jobs of a class.
    pub fn add_all<J: Job, T: Into<Configured<J>>>(
        self,
        jobs: impl IntoIterator<Item = T>,
    ) -> Self {
        Self {
            jobs: self.jobs.add_all(jobs),
            ..self
        }
    }

    /// Enqueues the jobs, in one transaction: all, or after an error none.
    ///
    /// # Errors
    /// [`BatchError::Finished`] or [`BatchError::Missing`] when the batch takes no more jobs, and the others.
    pub async fn enqueue(self, queue: &Queue) -> Result<(), BatchError> {
        let Adapter::Solid(inbox) = &queue.adapter else {
            return Err(BatchError::InProcess);
        };
        let (id, clock) = (self.batch, queue.clock.clone());
        let jobs = Draft::all(self.jobs.jobs, queue.now())?;
        let written = inbox.database().write(move |connection| {
            let is_open = add(connection, id.0, jobs, clock.now())?;
            Ok((is_open, is_open || exists(connection, id.0)?))
        });
        match written.await? {
            (true, _) => Ok(()),
            (false, true) => Err(BatchError::Finished { id }),
            (false, false) => Err(BatchError::Missing { id }),
        }
    }
}
