use std::fmt;
use std::sync::Arc;

use db::{Database, DbError, Timestamp};
use diesel::Connection as _;

use super::filter::Filter;
use super::{COUNT_LIMIT, Count, Cursor, JobDetails, ManageError, Page, Status};
use super::{details, job, listing};
use crate::registry::Classes;
use crate::{BatchId, Clock, JobId, ProcessId, Registry};

/// Jobs on a page, at most.
const LARGEST_PAGE: u32 = 1_000;

/// Some of the jobs of a queue database, in the manner of Mission Control's `ActiveJob.jobs`: all, until something is
/// said of them. Cheap to clone.
///
/// Lists of ready, scheduled, blocked and running jobs begin with those that go first; all others with the newest.
#[derive(Clone)]
pub struct Jobs {
    pub(crate) database: Database,
    pub(crate) clock: Clock,
    pub(crate) classes: Arc<Classes>,
    pub(crate) filter: Filter,
    after: Option<Cursor>,
    limit: u32,
}

impl Jobs {
    /// All jobs.
    pub fn new(database: &Database) -> Self {
        Self {
            database: database.clone(),
            clock: Clock::system(),
            classes: Arc::default(),
            filter: Filter::default(),
            after: None,
            limit: 50,
        }
    }

    /// With the classes that this program knows. Without them only the keys of the limits of jobs that Rails enqueued are
    /// known, and such a job is taken for one that runs alone.
    #[must_use]
    pub fn registry<C: Clone + Send + Sync + 'static>(self, registry: &Registry<C>) -> Self {
        let classes = Arc::new(registry.classes());
        Self { classes, ..self }
    }

    /// With a clock of its own, for tests.
    #[must_use]
    pub fn clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// Those in this state.
    #[must_use]
    pub fn status(mut self, status: Status) -> Self {
        self.filter.status = Some(status);
        self
    }

    /// Those of this class.
    #[must_use]
    pub fn class(mut self, name: impl Into<String>) -> Self {
        self.filter.class_name = Some(name.into());
        self
    }

    /// Those of this queue.
    #[must_use]
    pub fn queue(mut self, name: impl Into<String>) -> Self {
        self.filter.queue_name = Some(name.into());
        self
    }

    /// Those that were done at or after the first moment and before the second.
    #[must_use]
    pub fn finished_between(mut self, from: Timestamp, to: Timestamp) -> Self {
        self.filter.finished = Some((from, to));
        self.status(Status::Finished)
    }

    /// Those that a recurring task enqueued.
    #[must_use]
    pub fn recurring_task(mut self, key: impl Into<String>) -> Self {
        self.filter.task_key = Some(key.into());
        self
    }

    /// Those that this worker runs.
    #[must_use]
    pub fn worker(mut self, id: ProcessId) -> Self {
        self.filter.process_id = Some(id.0);
        self.status(Status::Claimed)
    }

    /// Those of this batch.
    #[must_use]
    pub fn batch(mut self, id: BatchId) -> Self {
        self.filter.batch_id = Some(id.0);
        self
    }

    /// Those with this text in one of the values of their arguments; upper and lower case are the same for ASCII. Looks at
    /// each job that matches else.
    #[must_use]
    pub fn with_argument(mut self, text: impl Into<String>) -> Self {
        self.filter.text = Some(text.into());
        self
    }

    /// Those after the end of another page of the same list.
    #[must_use]
    pub fn after(self, cursor: Cursor) -> Self {
        let after = Some(cursor);
        Self { after, ..self }
    }

    /// So many on a page: 50, unless it is said; 1 to 1,000.
    #[must_use]
    pub fn limit(self, jobs: u32) -> Self {
        let limit = jobs.clamp(1, LARGEST_PAGE);
        Self { limit, ..self }
    }

    /// A page of them.
    ///
    /// # Errors
    /// [`ManageError::ForeignCursor`], or what the database said.
    pub async fn list(&self) -> Result<Page, ManageError> {
        self.check_cursor()?;
        let (filter, after, limit) = (self.filter.clone(), self.after.clone(), self.limit);
        let size = limit as usize;
        let page = self.database.read_long(move |connection| {
            connection.transaction(|connection| {
                let limit = i64::from(limit) + 1;
                let mut found = listing::page(connection, &filter, after.as_ref(), limit)?;
                let has_more = found.len() > size;
                found.truncate(size);
                let ids: Vec<i64> = found.iter().map(|(id, _)| *id).collect();
                let last = found.pop().filter(|_| has_more);
                Ok(Page {
                    jobs: job::load(connection, &ids)?,
                    next: last.map(|(_, cursor)| cursor),
                })
            })
        });
        Ok(page.await?)
    }

    /// How many they are. Beyond [`COUNT_LIMIT`] they are not counted.
    ///
    /// # Errors
    /// What the database said.
    pub async fn count(&self) -> Result<Count, DbError> {
        self.count_up_to(COUNT_LIMIT).await
    }

    /// How many they are. Beyond `limit` they are not counted.
    ///
    /// # Errors
    /// What the database said.
    pub async fn count_up_to(&self, limit: u64) -> Result<Count, DbError> {
        let filter = self.filter.clone();
        let most = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
        let count = self
            .database
            .read_long(move |connection| listing::count(connection, &filter, most));
        Ok(Count::up_to(limit, count.await?))
    }

    /// All about one job, whatever was said of the others; nothing when there is no such job.
    ///
    /// # Errors
    /// What the database said.
    pub async fn find(&self, id: JobId) -> Result<Option<JobDetails>, DbError> {
        let find = self.database.read_long(move |connection| {
            connection.transaction(|connection| details::find(connection, id.0))
        });
        find.await
    }

    fn check_cursor(&self) -> Result<(), ManageError> {
        let status = self.filter.status;
        let after = self.after.as_ref();
        if after.is_none_or(|cursor| listing::fits(status, cursor)) {
            return Ok(());
        }
        Err(ManageError::ForeignCursor { status })
    }
}

impl fmt::Debug for Jobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jobs")
            .field("filter", &self.filter)
            .field("after", &self.after)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}
