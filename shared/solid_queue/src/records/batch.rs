//! The batches of jobs. While one is open, its rows in [`super::batch_execution`] tell what it waits for; its own
//! counters are written when it finishes.

use db::{SqliteConnection, Statement, Timestamp};
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel::{
    ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, QueryResult, Queryable,
    RunQueryDsl as _,
};
use uuid::Uuid;

use super::ids;
use crate::schema::solid_queue_batches::dsl;

/// A batch that is about to be stored: its callbacks as payloads, all as Rails writes it.
#[derive(Clone, Debug)]
pub(crate) struct NewBatch {
    pub(crate) description: Option<String>,
    pub(crate) metadata: String,
    pub(crate) callbacks: Callbacks,
}

/// The jobs that a batch enqueues when it finishes.
#[derive(Clone, Debug, Default, Queryable)]
pub(crate) struct Callbacks {
    pub(crate) success: Option<String>,
    pub(crate) failure: Option<String>,
    pub(crate) finish: Option<String>,
}

/// How far a batch has come.
#[derive(Clone, Debug, Queryable)]
pub(crate) struct Progress {
    pub(crate) description: Option<String>,
    pub(crate) metadata: Option<String>,
    pub(crate) total: i64,
    /// Written when it is finished.
    pub(crate) completed: i64,
    pub(crate) failed: i64,
    pub(crate) pending: i64,
    pub(crate) created_at: Timestamp,
    pub(crate) enqueued_at: Option<Timestamp>,
    pub(crate) finished_at: Option<Timestamp>,
    pub(crate) failed_at: Option<Timestamp>,
}

type ProgressColumns = (
    Nullable<Text>,
    Nullable<Text>,
    BigInt,
    BigInt,
    BigInt,
    BigInt,
    Text,
    Nullable<Text>,
    Nullable<Text>,
    Nullable<Text>,
);

/// Stores the batch, started, with so many jobs. Returns its id.
pub(crate) fn insert(
    connection: &mut SqliteConnection,
    new: &NewBatch,
    jobs: usize,
    now: Timestamp,
) -> QueryResult<i64> {
    let row = (
        dsl::active_job_batch_id.eq(Uuid::new_v4().to_string()),
        dsl::description.eq(&new.description),
        dsl::on_success.eq(&new.callbacks.success),
        dsl::on_failure.eq(&new.callbacks.failure),
        dsl::on_finish.eq(&new.callbacks.finish),
        dsl::metadata.eq(&new.metadata),
        dsl::total_jobs.eq(count(jobs)),
        dsl::enqueued_at.eq(now),
        dsl::created_at.eq(now),
        dsl::updated_at.eq(now),
    );
    diesel::insert_into(dsl::solid_queue_batches)
        .values(row)
        .returning(dsl::id)
        .get_result(connection)
}

/// Counts so many jobs more. `false` when the batch is finished or gone.
pub(crate) fn grow(
    connection: &mut SqliteConnection,
    id: i64,
    jobs: usize,
    now: Timestamp,
) -> QueryResult<bool> {
    let open = dsl::solid_queue_batches
        .find(id)
        .filter(dsl::finished_at.is_null());
    let grown = diesel::update(open)
        .set((
            dsl::total_jobs.eq(dsl::total_jobs + count(jobs)),
            dsl::updated_at.eq(now),
        ))
        .execute(connection)?;
    Ok(grown == 1)
}

pub(crate) fn exists(connection: &mut SqliteConnection, id: i64) -> QueryResult<bool> {
    let found: Option<i64> = dsl::solid_queue_batches
        .find(id)
        .select(dsl::id)
        .get_result(connection)
        .optional()?;
    Ok(found.is_some())
}

pub(crate) fn progress(
    connection: &mut SqliteConnection,
    id: i64,
) -> QueryResult<Option<Progress>> {
    let rows: Vec<Progress> = Statement::<ProgressColumns>::new(
        "SELECT description, metadata, total_jobs, completed_jobs, \
           iif(finished_at IS NULL, (\
             SELECT count(*) FROM solid_queue_jobs jobs \
             JOIN solid_queue_failed_executions failed ON failed.job_id = jobs.id \
             WHERE jobs.batch_id = batches.id), failed_jobs), \
           iif(finished_at IS NULL, (\
             SELECT count(*) FROM solid_queue_batch_executions WHERE batch_id = batches.id), 0), \
           created_at, enqueued_at, finished_at, failed_at \
         FROM solid_queue_batches batches WHERE id = ?",
    )
    .bind(id)
    .load(connection)?;
    Ok(rows.into_iter().next())
}

/// The callbacks of the batch if all that is left to do is to finish it.
pub(crate) fn done(connection: &mut SqliteConnection, id: i64) -> QueryResult<Option<Callbacks>> {
    let rows: Vec<Callbacks> = Statement::<(Nullable<Text>, Nullable<Text>, Nullable<Text>)>::new(
        "SELECT on_success, on_failure, on_finish FROM solid_queue_batches \
         WHERE id = ? AND finished_at IS NULL AND enqueued_at IS NOT NULL \
         AND NOT EXISTS (SELECT 1 FROM solid_queue_batch_executions WHERE batch_id = solid_queue_batches.id)",
    )
    .bind(id)
    .load(connection)?;
    Ok(rows.into_iter().next())
}

/// The batches that were started and wait for no job.
pub(crate) fn all_done(connection: &mut SqliteConnection, limit: u32) -> QueryResult<Vec<i64>> {
    Statement::<BigInt>::new(
        "SELECT id FROM solid_queue_batches WHERE finished_at IS NULL AND enqueued_at IS NOT NULL \
         AND NOT EXISTS (SELECT 1 FROM solid_queue_batch_executions WHERE batch_id = solid_queue_batches.id) LIMIT ?",
    )
    .bind(i64::from(limit))
    .load(connection)
}

/// The batches that were made before the moment and are not started.
pub(crate) fn unstarted(
    connection: &mut SqliteConnection,
    limit: u32,
    before: Timestamp,
) -> QueryResult<Vec<i64>> {
    dsl::solid_queue_batches
        .select(dsl::id)
        .filter(dsl::finished_at.is_null())
        .filter(dsl::enqueued_at.is_null())
        .filter(dsl::created_at.lt(before))
        .limit(limit.into())
        .load(connection)
}

/// Starts those of the batches that are not started. Returns how many.
pub(crate) fn start_all(
    connection: &mut SqliteConnection,
    batches: &[i64],
    now: Timestamp,
) -> QueryResult<usize> {
    Statement::<()>::new(
        "UPDATE solid_queue_batches SET enqueued_at = ?, updated_at = ? \
         WHERE id IN (SELECT value FROM json_each(?)) AND enqueued_at IS NULL AND finished_at IS NULL",
    )
    .bind(now)
    .bind(now)
    .bind(ids(batches))
    .execute(connection)
}

/// Writes that the batch is finished. Returns how many of its jobs failed.
pub(crate) fn finish(
    connection: &mut SqliteConnection,
    id: i64,
    now: Timestamp,
) -> QueryResult<i64> {
    let failed = failed_jobs(connection, id)?;
    Statement::<()>::new(
        "UPDATE solid_queue_batches SET finished_at = ?, failed_at = ?, failed_jobs = ?, \
         completed_jobs = max(total_jobs - ?, 0), updated_at = ? WHERE id = ?",
    )
    .bind(now)
    .bind((failed > 0).then_some(now))
    .bind(failed)
    .bind(failed)
    .bind(now)
    .bind(id)
    .execute(connection)?;
    Ok(failed)
}

/// The first batches that finished before the moment and in which no job failed.
pub(crate) fn succeeded(
    connection: &mut SqliteConnection,
    before: Timestamp,
    limit: u32,
) -> QueryResult<Vec<i64>> {
    dsl::solid_queue_batches
        .select(dsl::id)
        .filter(dsl::finished_at.lt(before))
        .filter(dsl::failed_at.is_null())
        .limit(limit.into())
        .load(connection)
}

pub(crate) fn delete_all(connection: &mut SqliteConnection, batches: &[i64]) -> QueryResult<()> {
    Statement::<()>::new(
        "DELETE FROM solid_queue_batches WHERE id IN (SELECT value FROM json_each(?))",
    )
    .bind(ids(batches))
    .execute(connection)?;
    Ok(())
}

fn failed_jobs(connection: &mut SqliteConnection, id: i64) -> QueryResult<i64> {
    Statement::<BigInt>::new(
        "SELECT count(*) FROM solid_queue_jobs jobs \
         JOIN solid_queue_failed_executions failed ON failed.job_id = jobs.id WHERE jobs.batch_id = ?",
    )
    .bind(id)
    .get_result(connection)
}

fn count(jobs: usize) -> i32 {
    i32::try_from(jobs).unwrap_or(i32::MAX)
}
