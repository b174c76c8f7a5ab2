use db::{SqliteConnection, Statement, Timestamp};
use diesel::sql_types::{BigInt, Bool};
use diesel::{ExpressionMethods as _, QueryDsl as _, QueryResult, Queryable, RunQueryDsl as _};

use crate::records::ids;
use crate::records::job::NewRow;
use crate::schema::solid_queue_scheduled_executions::dsl;

/// A job whose time has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Queryable)]
pub(crate) struct DueExecution {
    pub(crate) id: i64,
    pub(crate) job_id: i64,
    /// Whether it has a concurrency key.
    pub(crate) is_limited: bool,
}

/// Keeps the job until it is due.
pub(crate) fn insert(
    connection: &mut SqliteConnection,
    job_id: i64,
    job: &NewRow,
    now: Timestamp,
) -> QueryResult<()> {
    let row = (
        dsl::job_id.eq(job_id),
        dsl::queue_name.eq(&job.queue_name),
        dsl::priority.eq(job.priority),
        dsl::scheduled_at.eq(job.scheduled_at),
        dsl::created_at.eq(now),
    );
    diesel::insert_or_ignore_into(dsl::solid_queue_scheduled_executions)
        .values(row)
        .execute(connection)?;
    Ok(())
}

/// The job is due at this moment, if it is scheduled. Whether it is.
pub(crate) fn move_to(
    connection: &mut SqliteConnection,
    job_id: i64,
    moment: Timestamp,
) -> QueryResult<bool> {
    let rows = dsl::solid_queue_scheduled_executions.filter(dsl::job_id.eq(job_id));
    let moved = diesel::update(rows)
        .set(dsl::scheduled_at.eq(moment))
        .execute(connection)?;
    Ok(moved == 1)
}

/// Keeps jobs that were ready, each until its moment.
pub(crate) fn postpone_all(
    connection: &mut SqliteConnection,
    jobs: &[(i64, Timestamp)],
    now: Timestamp,
) -> QueryResult<()> {
    let jobs: Vec<_> = jobs
        .iter()
        .map(|(id, until)| (id, until.to_string()))
        .collect();
    let jobs = serde_json::json!(jobs).to_string();
    Statement::<()>::new(
        "INSERT OR IGNORE INTO solid_queue_scheduled_executions (job_id, queue_name, priority, scheduled_at, created_at) \
         SELECT jobs.id, queue_name, priority, json_extract(value, '$[1]'), ? FROM json_each(?) \
         CROSS JOIN solid_queue_jobs jobs ON jobs.id = json_extract(value, '$[0]')",
    )
    .bind(now)
    .bind(jobs.as_str())
    .execute(connection)?;
    Statement::<()>::new(
        "UPDATE solid_queue_jobs SET updated_at = ?, scheduled_at = \
           (SELECT scheduled_at FROM solid_queue_scheduled_executions WHERE job_id = solid_queue_jobs.id) \
         WHERE id IN (SELECT json_extract(value, '$[0]') FROM json_each(?))",
    )
    .bind(now)
    .bind(jobs.as_str())
    .execute(connection)?;
    Ok(())
}

/// When the next job is due.
pub(crate) fn next_due(connection: &mut SqliteConnection) -> QueryResult<Option<Timestamp>> {
    let next: Vec<Timestamp> = dsl::solid_queue_scheduled_executions
        .select(dsl::scheduled_at)
        .order(dsl::scheduled_at)
        .limit(1)
        .load(connection)?;
    Ok(next.first().copied())
}

/// The jobs that are due, `limit` at most, the longest due first.
pub(crate) fn due(
    connection: &mut SqliteConnection,
    limit: u32,
    now: Timestamp,
) -> QueryResult<Vec<DueExecution>> {
    Statement::<(BigInt, BigInt, Bool)>::new(
        "SELECT due.id, due.job_id, jobs.concurrency_key IS NOT NULL \
         FROM solid_queue_scheduled_executions due JOIN solid_queue_jobs jobs ON jobs.id = due.job_id \
         WHERE due.scheduled_at <= ? ORDER BY due.scheduled_at, due.priority, due.job_id LIMIT ?",
    )
    .bind(now)
    .bind(i64::from(limit))
    .load(connection)
}

/// Makes the jobs ready.
pub(crate) fn make_ready(
    connection: &mut SqliteConnection,
    executions: &[i64],
    now: Timestamp,
) -> QueryResult<()> {
    if executions.is_empty() {
        return Ok(());
    }
    let executions = ids(executions);
    Statement::<()>::new(
        "INSERT OR IGNORE INTO solid_queue_ready_executions (job_id, queue_name, priority, created_at) \
         SELECT job_id, queue_name, priority, ? FROM solid_queue_scheduled_executions \
         WHERE id IN (SELECT value FROM json_each(?))",
    )
    .bind(now)
    .bind(executions.as_str())
    .execute(connection)?;
    Statement::<()>::new(
        "DELETE FROM solid_queue_scheduled_executions WHERE id IN (SELECT value FROM json_each(?))",
    )
    .bind(executions.as_str())
    .execute(connection)?;
    Ok(())
}

pub(crate) fn delete(connection: &mut SqliteConnection, id: i64) -> QueryResult<()> {
    diesel::delete(dsl::solid_queue_scheduled_executions.find(id)).execute(connection)?;
    Ok(())
}

pub(crate) fn is_scheduled(connection: &mut SqliteConnection, job_id: i64) -> QueryResult<bool> {
    let rows: Vec<i64> = dsl::solid_queue_scheduled_executions
        .select(dsl::id)
        .filter(dsl::job_id.eq(job_id))
        .load(connection)?;
    Ok(!rows.is_empty())
}

/// The job is not scheduled any more.
pub(crate) fn delete_job(connection: &mut SqliteConnection, job_id: i64) -> QueryResult<()> {
    let rows = dsl::solid_queue_scheduled_executions.filter(dsl::job_id.eq(job_id));
    diesel::delete(rows).execute(connection)?;
    Ok(())
}
