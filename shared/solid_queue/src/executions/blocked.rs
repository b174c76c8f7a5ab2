use db::{SqliteConnection, Statement, Timestamp};
use diesel::sql_types::{BigInt, Text};
use diesel::{ExpressionMethods as _, QueryDsl as _, QueryResult, Queryable, RunQueryDsl as _};

use crate::limits::Limit;
use crate::records::job::Due;
use crate::schema::solid_queue_blocked_executions::dsl;

/// A job that waits for a place in a concurrency limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Queryable)]
pub(crate) struct Blocked {
    pub(crate) id: i64,
    pub(crate) job_id: i64,
}

/// Keeps the job until there is room in the limit.
pub(crate) fn insert(
    connection: &mut SqliteConnection,
    due: Due<'_>,
    full: &Limit,
    now: Timestamp,
) -> QueryResult<()> {
    let row = (
        dsl::job_id.eq(due.id),
        dsl::queue_name.eq(due.queue_name),
        dsl::priority.eq(due.priority),
        dsl::concurrency_key.eq(&full.key),
        dsl::expires_at.eq(now.after(full.period)),
        dsl::created_at.eq(now),
    );
    diesel::insert_or_ignore_into(dsl::solid_queue_blocked_executions)
        .values(row)
        .execute(connection)?;
    Ok(())
}

/// The first of those that wait for the key.
pub(crate) fn first(connection: &mut SqliteConnection, key: &str) -> QueryResult<Option<Blocked>> {
    let first: Vec<Blocked> = dsl::solid_queue_blocked_executions
        .select((dsl::id, dsl::job_id))
        .filter(dsl::concurrency_key.eq(key))
        .order((dsl::priority, dsl::job_id))
        .limit(1)
        .load(connection)?;
    Ok(first.first().copied())
}

/// From now on the job waits for this limit.
pub(crate) fn wait_for(
    connection: &mut SqliteConnection,
    id: i64,
    full: &Limit,
    now: Timestamp,
) -> QueryResult<()> {
    diesel::update(dsl::solid_queue_blocked_executions.find(id))
        .set((
            dsl::concurrency_key.eq(&full.key),
            dsl::expires_at.eq(now.after(full.period)),
        ))
        .execute(connection)?;
    Ok(())
}

/// The keys after this one for which jobs wait, `limit` at most. One look into the index for each key, not for each job.
pub(crate) fn keys_after(
    connection: &mut SqliteConnection,
    key: &str,
    limit: i64,
) -> QueryResult<Vec<String>> {
    Statement::<Text>::new(
        "WITH RECURSIVE keys (key) AS (\
           SELECT min(concurrency_key) FROM solid_queue_blocked_executions WHERE concurrency_key > ? \
           UNION ALL \
           SELECT (SELECT min(concurrency_key) FROM solid_queue_blocked_executions WHERE concurrency_key > key) \
           FROM keys WHERE key IS NOT NULL) \
         SELECT key FROM keys WHERE key IS NOT NULL LIMIT ?",
    )
    .bind(key)
    .bind(limit)
    .load(connection)
}

pub(crate) fn exist(connection: &mut SqliteConnection) -> QueryResult<bool> {
    let any: Vec<i64> =
        Statement::<BigInt>::new("SELECT id FROM solid_queue_blocked_executions LIMIT 1")
            .load(connection)?;
    Ok(!any.is_empty())
}

pub(crate) fn delete_job(connection: &mut SqliteConnection, job_id: i64) -> QueryResult<bool> {
    let rows = dsl::solid_queue_blocked_executions.filter(dsl::job_id.eq(job_id));
    Ok(diesel::delete(rows).execute(connection)? == 1)
}

pub(crate) fn delete(connection: &mut SqliteConnection, id: i64) -> QueryResult<()> {
    diesel::delete(dsl::solid_queue_blocked_executions.find(id)).execute(connection)?;
    Ok(())
}
