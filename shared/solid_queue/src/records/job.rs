use db::{Database, DbError, SqliteConnection, Timestamp};
use diesel::{
    ExpressionMethods as _, Insertable, OptionalExtension as _, QueryDsl as _, QueryResult,
    RunQueryDsl as _,
};
use std::time::Duration;

use crate::JobId;
use crate::enqueue::NewJob;
use crate::executions::{ready, scheduled};
use crate::payload::Payload;
use crate::schema::solid_queue_jobs::{self as jobs, dsl};
use crate::schema::{
    solid_queue_ready_executions as ready_executions,
    solid_queue_scheduled_executions as scheduled_executions,
};

#[derive(Insertable)]
#[diesel(table_name = jobs)]
struct NewRow<'a> {
    queue_name: &'a str,
    class_name: &'a str,
    arguments: String,
    priority: i32,
    active_job_id: Option<String>,
    scheduled_at: Timestamp,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// Which finished jobs [`clear_finished_in_batches`] deletes, and how gently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClearFinished {
    /// Those that finished before this moment.
    pub finished_before: Timestamp,
    /// Only those of this class.
    pub class_name: Option<String>,
    /// Jobs deleted in one transaction, at most.
    pub batch_size: u32,
    /// A pause after each batch, for the others who write.
    pub sleep_between_batches: Duration,
}

impl ClearFinished {
    /// All that finished before the moment, 500 at a time.
    pub fn before(moment: Timestamp) -> Self {
        Self {
            finished_before: moment,
            class_name: None,
            batch_size: 500,
            sleep_between_batches: Duration::ZERO,
        }
    }
}

/// Deletes finished jobs. Returns how many.
///
/// # Errors
/// What the database said; the batches before stay deleted.
pub async fn clear_finished_in_batches(
    database: &Database,
    which: &ClearFinished,
) -> Result<usize, DbError> {
    let mut total = 0;
    loop {
        let batch = which.clone();
        let ids = database
            .read(move |connection| finished(connection, &batch))
            .await?;
        if ids.is_empty() {
            return Ok(total);
        }
        total += database
            .write(move |connection| {
                diesel::delete(dsl::solid_queue_jobs.filter(dsl::id.eq_any(ids)))
                    .execute(connection)
            })
            .await?;
        tokio::time::sleep(which.sleep_between_batches).await;
    }
}

fn finished(connection: &mut SqliteConnection, which: &ClearFinished) -> QueryResult<Vec<i64>> {
    let mut query = dsl::solid_queue_jobs
        .select(dsl::id)
        .filter(dsl::finished_at.lt(which.finished_before))
        .limit(which.batch_size.into())
        .into_boxed();
    if let Some(class_name) = &which.class_name {
        query = query.filter(dsl::class_name.eq(class_name));
    }
    query.load(connection)
}

/// Inserts the job and makes it ready, or scheduled when it is not due yet. Call it inside a transaction.
pub(crate) fn enqueue(connection: &mut SqliteConnection, job: &NewJob) -> QueryResult<JobId> {
    let now = Timestamp::now();
    let id = insert(connection, job, now)?;
    if job.is_due(now) {
        ready::insert(connection, id, &job.queue_name, job.priority, now)?;
    } else {
        scheduled::insert(connection, id, job, now)?;
    }
    Ok(JobId(id))
}

/// Like [`enqueue`], for each.
pub(crate) fn enqueue_all(
    connection: &mut SqliteConnection,
    jobs: &[NewJob],
) -> QueryResult<Vec<JobId>> {
    jobs.iter().map(|job| enqueue(connection, job)).collect()
}

/// Marks the job as finished, or deletes it when finished jobs are not kept.
pub(crate) fn finish(
    connection: &mut SqliteConnection,
    id: i64,
    preserve: bool,
    now: Timestamp,
) -> QueryResult<()> {
    let job = dsl::solid_queue_jobs.find(id);
    if preserve {
        diesel::update(job)
            .set((dsl::finished_at.eq(now), dsl::updated_at.eq(now)))
            .execute(connection)?;
    } else {
        diesel::delete(job).execute(connection)?;
    }
    Ok(())
}

/// What a crash has to know of a job: class, queue, priority and payload.
pub(crate) type Stored = (String, String, i32, Option<String>);

pub(crate) fn stored(connection: &mut SqliteConnection, id: i64) -> QueryResult<Option<Stored>> {
    dsl::solid_queue_jobs
        .find(id)
        .select((
            dsl::class_name,
            dsl::queue_name,
            dsl::priority,
            dsl::arguments,
        ))
        .get_result(connection)
        .optional()
}

/// The jobs that wait: ready ones in the order in which they go, then scheduled ones by their time.
pub(crate) fn waiting(connection: &mut SqliteConnection) -> QueryResult<Vec<(JobId, NewJob)>> {
    let columns = (
        dsl::id,
        dsl::class_name,
        dsl::queue_name,
        dsl::priority,
        dsl::scheduled_at,
        dsl::arguments,
    );
    let mut rows: Vec<Waiting> = dsl::solid_queue_jobs
        .inner_join(ready_executions::table)
        .order((ready_executions::priority, ready_executions::job_id))
        .select(columns)
        .load(connection)?;
    let scheduled: Vec<Waiting> = dsl::solid_queue_jobs
        .inner_join(scheduled_executions::table)
        .order((
            scheduled_executions::scheduled_at,
            scheduled_executions::job_id,
        ))
        .select(columns)
        .load(connection)?;
    rows.extend(scheduled);
    Ok(rows.into_iter().filter_map(waiting_job).collect())
}

type Waiting = (i64, String, String, i32, Option<Timestamp>, Option<String>);

fn waiting_job(row: Waiting) -> Option<(JobId, NewJob)> {
    let (id, class_name, queue_name, priority, scheduled_at, arguments) = row;
    let job = NewJob {
        class_name,
        queue_name,
        priority,
        scheduled_at: scheduled_at?,
        payload: Payload::parse(&arguments?).ok()?,
    };
    Some((JobId(id), job))
}

pub(crate) fn set_arguments(
    connection: &mut SqliteConnection,
    id: i64,
    arguments: &str,
    now: Timestamp,
) -> QueryResult<()> {
    diesel::update(dsl::solid_queue_jobs.find(id))
        .set((dsl::arguments.eq(arguments), dsl::updated_at.eq(now)))
        .execute(connection)?;
    Ok(())
}

fn insert(connection: &mut SqliteConnection, job: &NewJob, now: Timestamp) -> QueryResult<i64> {
    let row = NewRow {
        queue_name: &job.queue_name,
        class_name: &job.class_name,
        arguments: job.payload.to_string(),
        priority: job.priority,
        active_job_id: job.payload.active_job_id(),
        scheduled_at: job.scheduled_at,
        created_at: now,
        updated_at: now,
    };
    diesel::insert_into(jobs::table)
        .values(row)
        .returning(dsl::id)
        .get_result(connection)
}
