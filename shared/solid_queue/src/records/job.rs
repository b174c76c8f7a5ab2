#![allow(
    clippy::ref_option_ref,
    reason = "the derive of `Insertable` makes them"
)]

use db::{SqliteConnection, Statement, Timestamp};
use diesel::{
    ExpressionMethods as _, Insertable, OptionalExtension as _, QueryDsl as _, QueryResult,
    Queryable, RunQueryDsl as _, Selectable, SelectableHelper as _,
};

use super::ids;
use crate::ClearFinished;
use crate::enqueue::NewJob;
use crate::executions::scheduled;
use crate::limits::{Limit, UniqueKey};
use crate::schema::solid_queue_jobs::{self as jobs, dsl};

/// A job that is stored.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = jobs)]
pub(crate) struct Job {
    pub(crate) id: i64,
    pub(crate) queue_name: String,
    pub(crate) class_name: String,
    pub(crate) arguments: Option<String>,
    pub(crate) priority: i32,
    pub(crate) scheduled_at: Option<Timestamp>,
    pub(crate) concurrency_key: Option<String>,
    pub(crate) batch_id: Option<i64>,
}

/// A job whose time has come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Due<'a> {
    pub(crate) id: i64,
    pub(crate) queue_name: &'a str,
    pub(crate) priority: i32,
}

impl Job {
    pub(crate) fn due(&self) -> Due<'_> {
        Due {
            id: self.id,
            queue_name: &self.queue_name,
            priority: self.priority,
        }
    }
}

/// A job that is about to be stored, as text as far as it can be: what the writer need not do, it does not do.
#[derive(Clone, Debug)]
pub(crate) struct NewRow {
    pub(crate) queue_name: String,
    pub(crate) class_name: String,
    pub(crate) arguments: String,
    pub(crate) priority: i32,
    pub(crate) active_job_id: Option<String>,
    pub(crate) scheduled_at: Timestamp,
    pub(crate) limits: Vec<Limit>,
    pub(crate) unique: Option<UniqueKey>,
    pub(crate) batch_id: Option<i64>,
}

impl NewRow {
    pub(crate) fn is_due(&self, now: Timestamp) -> bool {
        self.scheduled_at <= now
    }

    /// The row as a stored job with this id, when it is due.
    pub(crate) fn due(&self, id: i64) -> Due<'_> {
        Due {
            id,
            queue_name: &self.queue_name,
            priority: self.priority,
        }
    }

    /// The key that Rails knows: that of the first concurrency limit.
    pub(crate) fn concurrency_key(&self) -> Option<&str> {
        let first = self.limits.iter().find(|limit| limit.is_concurrency())?;
        Some(&first.key)
    }
}

impl NewRow {
    /// The job as one of the batch.
    pub(crate) fn in_batch(mut job: NewJob, id: i64) -> Self {
        job.payload = job.payload.in_batch(id);
        Self {
            batch_id: Some(id),
            ..Self::from(job)
        }
    }
}

impl From<NewJob> for NewRow {
    fn from(job: NewJob) -> Self {
        Self {
            arguments: job.payload.to_json(),
            active_job_id: job.payload.active_job_id(),
            limits: Limit::all(&job.class_name, &job.controls),
            unique: job
                .controls
                .unique
                .as_ref()
                .map(|unique| UniqueKey::new(&job.class_name, unique)),
            queue_name: job.queue_name,
            class_name: job.class_name,
            priority: job.priority,
            scheduled_at: job.scheduled_at,
            batch_id: None,
        }
    }
}

#[derive(Insertable)]
#[diesel(table_name = jobs, treat_none_as_default_value = false)]
struct Insert<'a> {
    queue_name: &'a str,
    class_name: &'a str,
    arguments: &'a str,
    priority: i32,
    active_job_id: Option<&'a str>,
    scheduled_at: Timestamp,
    concurrency_key: Option<&'a str>,
    created_at: Timestamp,
    updated_at: Timestamp,
    batch_id: Option<i64>,
}

/// The first of the finished jobs that are to be cleared.
pub(crate) fn finished(
    connection: &mut SqliteConnection,
    which: &ClearFinished,
) -> QueryResult<Vec<i64>> {
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

/// Marks the jobs as finished, or deletes them when finished jobs are not kept.
pub(crate) fn finish_all(
    connection: &mut SqliteConnection,
    jobs: &[i64],
    preserve: bool,
    now: Timestamp,
) -> QueryResult<()> {
    if jobs.is_empty() {
        return Ok(());
    }
    if !preserve {
        return delete_all(connection, jobs);
    }
    Statement::<()>::new(
        "UPDATE solid_queue_jobs SET finished_at = ?, updated_at = ? WHERE id IN (SELECT value FROM json_each(?))",
    )
    .bind(now)
    .bind(now)
    .bind(ids(jobs))
    .execute(connection)?;
    Ok(())
}

pub(crate) fn delete(connection: &mut SqliteConnection, id: i64) -> QueryResult<()> {
    delete_all(connection, &[id])
}

/// Deletes the jobs, and all that others keep about them.
pub(crate) fn delete_all(connection: &mut SqliteConnection, jobs: &[i64]) -> QueryResult<()> {
    Statement::<()>::new(
        "DELETE FROM solid_queue_jobs WHERE id IN (SELECT value FROM json_each(?))",
    )
    .bind(ids(jobs))
    .execute(connection)?;
    Ok(())
}

pub(crate) fn find(connection: &mut SqliteConnection, id: i64) -> QueryResult<Option<Job>> {
    dsl::solid_queue_jobs
        .find(id)
        .select(Job::as_select())
        .get_result(connection)
        .optional()
}

/// When the job is to run, if it is scheduled anew.
pub(crate) fn reschedule(
    connection: &mut SqliteConnection,
    id: i64,
    moment: Timestamp,
    now: Timestamp,
) -> QueryResult<()> {
    diesel::update(dsl::solid_queue_jobs.find(id))
        .set((dsl::scheduled_at.eq(moment), dsl::updated_at.eq(now)))
        .execute(connection)?;
    Ok(())
}

/// The job becomes the new one. It stays where it waits; when it is scheduled, until the time of the new one.
pub(crate) fn replace(
    connection: &mut SqliteConnection,
    id: i64,
    new: &NewRow,
    now: Timestamp,
) -> QueryResult<()> {
    diesel::update(dsl::solid_queue_jobs.find(id))
        .set((
            dsl::arguments.eq(&new.arguments),
            dsl::active_job_id.eq(new.active_job_id.as_ref()),
            dsl::queue_name.eq(&new.queue_name),
            dsl::priority.eq(new.priority),
            dsl::concurrency_key.eq(new.concurrency_key()),
            dsl::updated_at.eq(now),
        ))
        .execute(connection)?;
    for statement in [
        "UPDATE solid_queue_scheduled_executions SET queue_name = ?, priority = ? WHERE job_id = ?",
        "UPDATE solid_queue_ready_executions SET queue_name = ?, priority = ? WHERE job_id = ?",
        "UPDATE solid_queue_blocked_executions SET queue_name = ?, priority = ? WHERE job_id = ?",
    ] {
        Statement::<()>::new(statement)
            .bind(new.queue_name.as_str())
            .bind(new.priority)
            .bind(id)
            .execute(connection)?;
    }
    if scheduled::move_to(connection, id, new.scheduled_at)? {
        reschedule(connection, id, new.scheduled_at, now)?;
    }
    Ok(())
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

/// Stores the job, in no state yet. Returns its id.
pub(crate) fn insert(
    connection: &mut SqliteConnection,
    row: &NewRow,
    now: Timestamp,
) -> QueryResult<i64> {
    let insert = Insert {
        queue_name: &row.queue_name,
        class_name: &row.class_name,
        arguments: &row.arguments,
        priority: row.priority,
        active_job_id: row.active_job_id.as_deref(),
        scheduled_at: row.scheduled_at,
        concurrency_key: row.concurrency_key(),
        created_at: now,
        updated_at: now,
        batch_id: row.batch_id,
    };
    diesel::insert_into(jobs::table)
        .values(insert)
        .execute(connection)?;
    last_inserted(connection)
}

/// `RETURNING` would open a table for its one row.
fn last_inserted(connection: &mut SqliteConnection) -> QueryResult<i64> {
    let ids: Vec<i64> = diesel::select(last_insert_rowid()).load(connection)?;
    ids.first().copied().ok_or(diesel::result::Error::NotFound)
}

diesel::define_sql_function! {
    /// The id of the row that this connection inserted last.
    fn last_insert_rowid() -> diesel::sql_types::BigInt;
}
