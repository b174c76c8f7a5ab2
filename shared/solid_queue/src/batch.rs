//! Jobs that belong together, and what is to happen when all have ended.

mod addition;
mod current;
mod draft;
mod status;

use std::fmt;

use serde_json::{Map, Value};

use crate::enqueue::Configured;
use crate::events;
use crate::lifecycle::batch::create;
use crate::queue::Adapter;
use crate::records::batch::{Callbacks, NewBatch};
use crate::registry::Classes;
use crate::{BatchError, Job, Queue};
pub use addition::{Addition, BatchId};
pub(crate) use current::performing;
use draft::Draft;
pub use status::{BatchState, BatchStatus};

/// Jobs that belong together, and callbacks for when all have ended: the batches of Solid Queue 1.7, in its tables.
///
/// ```
/// use serde::{Deserialize, Serialize};
/// use serde_json::json;
/// use solid_queue::{Batch, BatchState, Job, JobResult, Queue, Registry, testing};
///
/// #[derive(Serialize, Deserialize)]
/// struct ImportPage { page: u32 }
///
/// impl Job for ImportPage {
///     const NAME: &'static str = "ImportPage";
///     type Context = Queue;
///
///     async fn perform(self, _: Queue) -> JobResult {
///         Ok(())
///     }
/// }
///
/// #[derive(Serialize, Deserialize)]
/// struct Report;
///
/// impl Job for Report {
///     const NAME: &'static str = "Report";
///     type Context = Queue;
///
///     async fn perform(self, queue: Queue) -> JobResult {
///         let batch = Batch::current().ok_or("it is a callback")?;
///         let status = queue.batch(batch).await?.ok_or("the batch is gone")?;
///         assert_eq!((status.state, status.completed), (BatchState::Completed, 3));
///         assert_eq!(status.metadata["file"], "a.csv");
///         Ok(())
///     }
/// }
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let file = folder.path().join("queue.sqlite3");
/// # let database = db::Database::open(&db::DatabaseConfig::new(file), solid_queue::MIGRATIONS)?;
/// # let queue = Queue::solid(database);
/// let batch = Batch::new()
///     .description("import")
///     .metadata(json!({ "file": "a.csv" }))
///     .on_success(Report)
///     .add(ImportPage { page: 1 })
///     .add_all((2..=3).map(|page| ImportPage { page }))
///     .enqueue(&queue)
///     .await?;
/// assert_eq!(queue.batch(batch).await?.map(|status| status.pending), Some(3));
/// # let registry = Registry::new().register::<ImportPage>().register::<Report>();
/// # let performed = testing::run_pending(&queue, registry, &queue.clone()).await?;
/// # assert_eq!((performed.finished, performed.failures), (4, vec![]));
/// # Ok(()) }
/// # tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(example()).unwrap();
/// ```
///
/// A job has ended when it is finished, discarded, kept out by its [`crate::Controls`] or failed for good; one that is
/// tried again has not. With the last of them, and in its transaction, the batch finishes and its callbacks are
/// enqueued, each once. What fails later, or is tried again by hand, changes a finished batch no more.
///
/// The in-process queue keeps no batches: [`BatchError::InProcess`].
#[derive(Default)]
#[must_use = "a batch does nothing until `enqueue` is awaited"]
pub struct Batch {
    description: Option<String>,
    metadata: Option<Value>,
    on_success: Option<Draft>,
    on_failure: Option<Draft>,
    on_finish: Option<Draft>,
    /// The classes of the callbacks.
    classes: Classes,
    jobs: Vec<Draft>,
}

impl Batch {
    /// Without jobs: such a batch finishes at once.
    pub fn new() -> Self {
        Self::default()
    }

    /// What it is, for people.
    pub fn description(self, text: impl Into<String>) -> Self {
        Self {
            description: Some(text.into()),
            ..self
        }
    }

    /// What its callbacks and others are to know of it: a JSON object.
    pub fn metadata(self, object: Value) -> Self {
        Self {
            metadata: Some(object),
            ..self
        }
    }

    /// The job to enqueue when all have ended and none failed. For all callbacks, a time to wait counts from when the
    /// batch is enqueued, as with Rails.
    pub fn on_success<J: Job>(mut self, job: impl Into<Configured<J>>) -> Self {
        self.on_success = Some(self.callback(job));
        self
    }

    /// The job to enqueue when all have ended and some failed.
    pub fn on_failure<J: Job>(mut self, job: impl Into<Configured<J>>) -> Self {
        self.on_failure = Some(self.callback(job));
        self
    }

    /// The job to enqueue when all have ended, however.
    pub fn on_finish<J: Job>(mut self, job: impl Into<Configured<J>>) -> Self {
        self.on_finish = Some(self.callback(job));
        self
    }

    /// Adds a job, or one with options.
    #[allow(
        clippy::should_implement_trait,
        reason = "two things that are added are no sum"
    )]
    pub fn add<J: Job>(mut self, job: impl Into<Configured<J>>) -> Self {
        self.jobs.push(Draft::job(job));
        self
    }

    /// Adds several jobs of a class.
    pub fn add_all<J: Job, T: Into<Configured<J>>>(
        mut self,
        jobs: impl IntoIterator<Item = T>,
    ) -> Self {
        self.jobs.extend(jobs.into_iter().map(Draft::job));
        self
    }

    /// Stores the batch and enqueues its jobs, in one transaction: all, or after an error nothing.
    ///
    /// # Errors
    /// See [`BatchError`].
    pub async fn enqueue(self, queue: &Queue) -> Result<BatchId, BatchError> {
        let Adapter::Solid(inbox) = &queue.adapter else {
            return Err(BatchError::InProcess);
        };
        let (clock, now) = (queue.clock.clone(), queue.now());
        let new = NewBatch {
            description: self.description,
            metadata: metadata(self.metadata)?,
            callbacks: Callbacks {
                success: Draft::stored(self.on_success, now)?,
                failure: Draft::stored(self.on_failure, now)?,
                finish: Draft::stored(self.on_finish, now)?,
            },
        };
        let (jobs, classes) = (Draft::all(self.jobs, now)?, self.classes);
        let size = jobs.len();
        let written = inbox
            .database()
            .write(move |connection| create(connection, &new, jobs, &classes, clock.now()));
        let id = BatchId(written.await?);
        events::enqueue_batch(id, size);
        Ok(id)
    }

    /// The batch of the job that is being performed, or that whose callback it is. To be asked within
    /// [`Job::perform`]; tasks that the job spawns do not know.
    pub fn current() -> Option<BatchId> {
        current::get()
    }

    fn callback<J: Job>(&mut self, job: impl Into<Configured<J>>) -> Draft {
        self.classes.add::<J>();
        Draft::callback(job)
    }
}

fn metadata(value: Option<Value>) -> Result<String, BatchError> {
    match value.unwrap_or_else(|| Map::new().into()) {
        object @ Value::Object(_) => Ok(object.to_string()),
        _ => Err(BatchError::Metadata),
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch")
            .field("description", &self.description)
            .field("metadata", &self.metadata)
            .field("jobs", &self.jobs.len())
            .finish_non_exhaustive()
    }
}
