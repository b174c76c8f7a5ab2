use std::time::Duration;

use db::{Database, SqliteConnection, Timestamp};
use diesel::{Connection as _, QueryResult};
use serde::Serialize;

use super::filter::Filter;
use super::moment::iso8601;
use super::{
    COUNT_LIMIT, Count, JobSummary, ManageError, ProcessSummary, QueueSummary,
    RecurringTaskSummary, Status,
};
use super::{job, listing, processes, queues};
use crate::processes::liveness::Observer;
use crate::{Clock, Config, RecurringTasks, Registry};

/// Running jobs that are told of, at most: those that run longest.
const RUNNING: i64 = 50;

/// How a queue database fares, at one moment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Overview {
    /// The moment.
    #[serde(serialize_with = "iso8601")]
    pub at: Timestamp,
    /// For how many seconds the oldest ready job waits, in whatever queue that is not paused; 0 when none is ready.
    pub latency_seconds: f64,
    /// How many jobs there are in each state.
    pub jobs: Counts,
    /// The queues.
    pub queues: Vec<QueueSummary>,
    /// Who works.
    pub processes: Vec<ProcessSummary>,
    /// What runs: the 50 that run longest.
    pub running: Vec<JobSummary>,
    /// What is enqueued again and again.
    pub recurring_tasks: Vec<RecurringTaskSummary>,
}

/// How many jobs are in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Those that wait for their time.
    pub scheduled: Count,
    /// Those that wait for a worker.
    pub ready: Count,
    /// Those that wait for a place in a limit.
    pub blocked: Count,
    /// Those that run.
    pub claimed: Count,
    /// Those that failed.
    pub failed: Count,
    /// Those that are done and kept.
    pub finished: Count,
}

impl Overview {
    /// How the database fares now. Of the configuration only the times count: when a process is dead, and the time zone.
    ///
    /// # Errors
    /// What the database said.
    pub async fn of(
        database: &Database,
        config: &Config,
        clock: &Clock,
    ) -> Result<Self, ManageError> {
        let (now, alive_threshold) = (clock.now(), config.process_alive_threshold);
        let observer = Observer::new(database.path());
        let read = database.read_long(move |connection| {
            connection
                .transaction(|connection| Self::load(connection, &observer, alive_threshold, now))
        });
        let mut overview = read.await?;
        overview.recurring_tasks = recurring_tasks(database, config, clock).await?;
        Ok(overview)
    }

    fn load(
        connection: &mut SqliteConnection,
        observer: &Observer,
        alive_threshold: Duration,
        now: Timestamp,
    ) -> QueryResult<Self> {
        let queues = queues::load(connection, now)?;
        let waiting = queues.iter().filter(|queue| !queue.is_paused);
        let latencies = waiting.map(|queue| queue.latency_seconds);
        Ok(Self {
            at: now,
            latency_seconds: latencies.fold(0.0, f64::max),
            jobs: Counts::load(connection)?,
            processes: processes::load(connection, observer, alive_threshold, now)?,
            running: running(connection)?,
            recurring_tasks: Vec::new(),
            queues,
        })
    }
}

impl Counts {
    fn load(connection: &mut SqliteConnection) -> QueryResult<Self> {
        let mut of = |status| count(connection, status);
        Ok(Self {
            scheduled: of(Status::Scheduled)?,
            ready: of(Status::Ready)?,
            blocked: of(Status::Blocked)?,
            claimed: of(Status::Claimed)?,
            failed: of(Status::Failed)?,
            finished: of(Status::Finished)?,
        })
    }
}

fn count(connection: &mut SqliteConnection, status: Status) -> QueryResult<Count> {
    let most = i64::try_from(COUNT_LIMIT).unwrap_or(i64::MAX - 1);
    let counted = listing::count(connection, &Filter::of(status), most + 1)?;
    Ok(Count::up_to(COUNT_LIMIT, counted))
}

fn running(connection: &mut SqliteConnection) -> QueryResult<Vec<JobSummary>> {
    let found = listing::page(connection, &Filter::of(Status::Claimed), None, RUNNING)?;
    let ids: Vec<i64> = found.into_iter().map(|(id, _)| id).collect();
    job::load(connection, &ids)
}

async fn recurring_tasks(
    database: &Database,
    config: &Config,
    clock: &Clock,
) -> Result<Vec<RecurringTaskSummary>, ManageError> {
    let nobody = Registry::<()>::new();
    let tasks = RecurringTasks::new(database.clone(), &nobody)
        .time_zone(config.time_zone.clone())
        .clock(clock.clone());
    let statuses = tasks.list().await?;
    Ok(statuses.into_iter().map(Into::into).collect())
}
