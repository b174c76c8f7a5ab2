use std::collections::BTreeMap;
use std::fmt;

use db::{Database, DbError, SqliteConnection, Statement, Timestamp};
use diesel::sql_types::{BigInt, Text};
use diesel::{Connection as _, QueryResult, RunQueryDsl as _};
use serde::Serialize;

use super::moment::some_iso8601;
use super::{Jobs, ManageError, Status};
use crate::records::pause;
use crate::{Clock, Registry, events};

/// The queues of a database: `ActiveJob.queues` of Mission Control. Cheap to clone.
#[derive(Clone)]
pub struct Queues {
    database: Database,
    clock: Clock,
    jobs: Jobs,
}

/// A queue that has jobs, or is paused.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct QueueSummary {
    /// Its name.
    pub name: String,
    /// Jobs that are ready in it.
    pub size: u64,
    /// Since when the oldest of them is ready.
    #[serde(serialize_with = "some_iso8601")]
    pub oldest_ready_at: Option<Timestamp>,
    /// For how many seconds that is; 0 when none is ready.
    pub latency_seconds: f64,
    /// Whether nobody may claim its jobs.
    pub is_paused: bool,
}

impl Queues {
    /// The queues of the database.
    pub fn new(database: &Database) -> Self {
        Self {
            database: database.clone(),
            clock: Clock::system(),
            jobs: Jobs::new(database),
        }
    }

    /// With the classes that this program knows. See [`Jobs::registry`].
    #[must_use]
    pub fn registry<C: Clone + Send + Sync + 'static>(self, registry: &Registry<C>) -> Self {
        let jobs = self.jobs.registry(registry);
        Self { jobs, ..self }
    }

    /// With a clock of its own, for tests.
    #[must_use]
    pub fn clock(self, clock: Clock) -> Self {
        Self {
            jobs: self.jobs.clock(clock.clone()),
            clock,
            ..self
        }
    }

    /// All queues, sorted by name.
    ///
    /// # Errors
    /// What the database said.
    pub async fn all(&self) -> Result<Vec<QueueSummary>, DbError> {
        let now = self.clock.now();
        let read = self.database.read_long(move |connection| {
            connection.transaction(|connection| load(connection, now))
        });
        read.await
    }

    /// Lets nobody claim the queue's jobs any more. Those that run go on. `false` when it was paused already.
    ///
    /// # Errors
    /// What the database said.
    pub async fn pause(&self, name: &str) -> Result<bool, DbError> {
        let (queue, now) = (name.to_owned(), self.clock.now());
        let paused = self
            .database
            .write(move |connection| pause::insert(connection, &queue, now))
            .await?;
        if paused {
            events::pause(name);
        }
        Ok(paused)
    }

    /// Lets the queue's jobs be claimed again. `false` when it was not paused.
    ///
    /// # Errors
    /// What the database said.
    pub async fn resume(&self, name: &str) -> Result<bool, DbError> {
        let queue = name.to_owned();
        let resumed = self
            .database
            .write(move |connection| pause::delete(connection, &queue))
            .await?;
        if resumed {
            events::resume(name);
        }
        Ok(resumed)
    }

    /// Discards the jobs that are ready in the queue. Returns how many.
    ///
    /// # Errors
    /// What the database said.
    pub async fn clear(&self, name: &str) -> Result<usize, ManageError> {
        let ready = self.jobs.clone().status(Status::Ready).queue(name);
        ready.discard_all().await
    }
}

impl fmt::Debug for Queues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Queues").field(&self.database).finish()
    }
}

pub(crate) fn load(
    connection: &mut SqliteConnection,
    now: Timestamp,
) -> QueryResult<Vec<QueueSummary>> {
    let mut queues: BTreeMap<String, QueueSummary> = BTreeMap::new();
    for name in names(connection)? {
        queues.insert(name.clone(), QueueSummary::empty(name));
    }
    for (name, size, oldest) in ready(connection)? {
        let queue = queues.entry(name.clone());
        let queue = queue.or_insert_with(|| QueueSummary::empty(name));
        queue.size = u64::try_from(size).unwrap_or(0);
        queue.oldest_ready_at = Some(oldest);
        queue.latency_seconds = now.since(oldest).as_secs_f64();
    }
    for name in pause::queue_names(connection)? {
        let queue = queues.entry(name.clone());
        queue.or_insert_with(|| QueueSummary::empty(name)).is_paused = true;
    }
    Ok(queues.into_values().collect())
}

impl QueueSummary {
    fn empty(name: String) -> Self {
        Self {
            name,
            size: 0,
            oldest_ready_at: None,
            latency_seconds: 0.0,
            is_paused: false,
        }
    }
}

/// The queues that jobs of any state are in: one look into the index for each queue, not for each job.
fn names(connection: &mut SqliteConnection) -> QueryResult<Vec<String>> {
    Statement::<Text>::new(
        "WITH RECURSIVE names (name) AS (\
           SELECT min(queue_name) FROM solid_queue_jobs \
           UNION ALL \
           SELECT (SELECT min(queue_name) FROM solid_queue_jobs WHERE queue_name > name) FROM names \
           WHERE name IS NOT NULL) \
         SELECT name FROM names WHERE name IS NOT NULL",
    )
    .load(connection)
}

/// The size of each queue, and since when its oldest job is ready. The index of the queues knows the rows' ids, and those
/// are given in the order of time, so no row but the oldest is read.
fn ready(connection: &mut SqliteConnection) -> QueryResult<Vec<(String, i64, Timestamp)>> {
    Statement::<(Text, BigInt, Text)>::new(
        "SELECT queues.queue_name, queues.size, oldest.created_at FROM (\
           SELECT queue_name, count(*) AS size, min(id) AS id FROM solid_queue_ready_executions GROUP BY queue_name) queues \
         JOIN solid_queue_ready_executions oldest ON oldest.id = queues.id",
    )
    .load(connection)
}
