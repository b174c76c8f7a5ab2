use db::{SqliteConnection, Statement, Timestamp};
use diesel::sql_types::{BigInt, Bool, Integer, Nullable, Text};
use diesel::{ExpressionMethods as _, QueryDsl as _, QueryResult, Queryable, RunQueryDsl as _};

use crate::records::ids;
use crate::schema::solid_queue_ready_executions::dsl;

/// A job that waits for a worker, with what the worker needs of it.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub(crate) struct Next {
    pub(crate) id: i64,
    pub(crate) job_id: i64,
    pub(crate) class_name: String,
    pub(crate) queue_name: String,
    pub(crate) priority: i32,
    pub(crate) arguments: Option<String>,
    pub(crate) is_limited: bool,
    pub(crate) batch_id: Option<i64>,
    pub(crate) is_rate_limited: bool,
}

type NextColumns = (
    BigInt,
    BigInt,
    Text,
    Text,
    Integer,
    Nullable<Text>,
    Bool,
    Nullable<BigInt>,
    Bool,
);

/// The columns of [`Next`]. What Rails' tables do not say is that a job is rate-limited.
macro_rules! select_next {
    ($rest:literal) => {
        concat!(
            "SELECT ready.id, ready.job_id, jobs.class_name, jobs.queue_name, jobs.priority, jobs.arguments, ",
            "jobs.concurrency_key IS NOT NULL, jobs.batch_id, ",
            "EXISTS (SELECT 1 FROM trifecta_job_limits WHERE job_id = ready.job_id AND kind = 'rate') ",
            "FROM solid_queue_ready_executions ready JOIN solid_queue_jobs jobs ON jobs.id = ready.job_id ",
            $rest
        )
    };
}

/// Makes the job ready, unless it is.
pub(crate) fn insert(
    connection: &mut SqliteConnection,
    job_id: i64,
    queue_name: &str,
    priority: i32,
    now: Timestamp,
) -> QueryResult<()> {
    let row = (
        dsl::job_id.eq(job_id),
        dsl::queue_name.eq(queue_name),
        dsl::priority.eq(priority),
        dsl::created_at.eq(now),
    );
    diesel::insert_or_ignore_into(dsl::solid_queue_ready_executions)
        .values(row)
        .execute(connection)?;
    Ok(())
}

/// The next jobs of all queues.
pub(crate) fn next(connection: &mut SqliteConnection, limit: i64) -> QueryResult<Vec<Next>> {
    Statement::<NextColumns>::new(select_next!(
        "ORDER BY ready.priority, ready.job_id LIMIT ?"
    ))
    .bind(limit)
    .load(connection)
}

/// The next jobs of one queue.
pub(crate) fn next_of(
    connection: &mut SqliteConnection,
    queue_name: &str,
    limit: i64,
) -> QueryResult<Vec<Next>> {
    Statement::<NextColumns>::new(select_next!(
        "WHERE ready.queue_name = ? ORDER BY ready.priority, ready.job_id LIMIT ?"
    ))
    .bind(queue_name)
    .bind(limit)
    .load(connection)
}

/// Whether any job is ready.
pub(crate) fn exist(connection: &mut SqliteConnection) -> QueryResult<bool> {
    let any: Vec<i64> =
        Statement::<BigInt>::new("SELECT id FROM solid_queue_ready_executions LIMIT 1")
            .load(connection)?;
    Ok(!any.is_empty())
}

/// Whether any job of the queue is ready.
pub(crate) fn exist_in(connection: &mut SqliteConnection, queue_name: &str) -> QueryResult<bool> {
    let any: Vec<i64> = Statement::<BigInt>::new(
        "SELECT id FROM solid_queue_ready_executions WHERE queue_name = ? LIMIT 1",
    )
    .bind(queue_name)
    .load(connection)?;
    Ok(!any.is_empty())
}

/// The job is not ready any more. Whether it was.
pub(crate) fn delete_job(connection: &mut SqliteConnection, job_id: i64) -> QueryResult<bool> {
    let rows = dsl::solid_queue_ready_executions.filter(dsl::job_id.eq(job_id));
    Ok(diesel::delete(rows).execute(connection)? == 1)
}

pub(crate) fn delete_all(connection: &mut SqliteConnection, ready: &[i64]) -> QueryResult<()> {
    Statement::<()>::new(
        "DELETE FROM solid_queue_ready_executions WHERE id IN (SELECT value FROM json_each(?))",
    )
    .bind(ids(ready))
    .execute(connection)?;
    Ok(())
}

/// The names of the queues that have ready jobs and begin with `prefix`, sorted. One look into the index a queue:
/// `DISTINCT` would walk over every waiting job.
pub(crate) fn queue_names(
    connection: &mut SqliteConnection,
    prefix: &str,
) -> QueryResult<Vec<String>> {
    let mut names = Vec::new();
    let mut next = first_name(connection, prefix)?;
    while let Some(name) = next.filter(|name| name.starts_with(prefix)) {
        next = name_after(connection, &name)?;
        names.push(name);
    }
    Ok(names)
}

fn first_name(connection: &mut SqliteConnection, prefix: &str) -> QueryResult<Option<String>> {
    let names: Vec<String> = dsl::solid_queue_ready_executions
        .select(dsl::queue_name)
        .filter(dsl::queue_name.ge(prefix))
        .order(dsl::queue_name)
        .limit(1)
        .load(connection)?;
    Ok(names.into_iter().next())
}

fn name_after(connection: &mut SqliteConnection, name: &str) -> QueryResult<Option<String>> {
    let names: Vec<String> = dsl::solid_queue_ready_executions
        .select(dsl::queue_name)
        .filter(dsl::queue_name.gt(name))
        .order(dsl::queue_name)
        .limit(1)
        .load(connection)?;
    Ok(names.into_iter().next())
}
