//! Rails' semaphores: how many places of a concurrency limit are free.
//!
//! Every move of ours changes them in its own transaction, so they are right as long as nobody but us writes. A Rails
//! process gives places back in a transaction of their own, which may never come, and takes expired semaphores for
//! free though their jobs may run. So where a semaphore is missing or expired, those who hold a place are counted.

use db::{SqliteConnection, Statement, Timestamp};
use diesel::sql_types::{BigInt, Text};
use diesel::{QueryResult, RunQueryDsl as _};

use crate::limits::Limit;

/// Takes a place in each of the concurrency limits. If one is full, none is taken, and that one is returned.
pub(crate) fn take_all<'a>(
    connection: &mut SqliteConnection,
    limits: &'a [Limit],
    now: Timestamp,
) -> QueryResult<Option<&'a Limit>> {
    let concurrency: Vec<_> = limits.iter().filter(|it| it.is_concurrency()).collect();
    for (taken, limit) in concurrency.iter().enumerate() {
        if !take(connection, limit, now)? {
            for limit in concurrency.iter().take(taken) {
                signal(connection, limit, now)?;
            }
            return Ok(Some(limit));
        }
    }
    Ok(None)
}

/// Gives a place back.
pub(crate) fn signal(
    connection: &mut SqliteConnection,
    limit: &Limit,
    now: Timestamp,
) -> QueryResult<()> {
    Statement::<()>::new(
        "UPDATE solid_queue_semaphores SET value = value + 1, expires_at = ?, updated_at = ? \
         WHERE key = ? AND value < ?",
    )
    .bind(now.after(limit.period))
    .bind(now)
    .bind(limit.key.as_str())
    .bind(limit.limit)
    .execute(connection)?;
    Ok(())
}

/// Writes down how many places are free in truth.
pub(crate) fn correct(
    connection: &mut SqliteConnection,
    limit: &Limit,
    now: Timestamp,
) -> QueryResult<()> {
    let free = limit.limit - holders(connection, limit)?;
    put(connection, limit, free, now)
}

/// How many jobs hold a place: those that are ready or claimed. Counts up to the limit.
pub(crate) fn holders(connection: &mut SqliteConnection, limit: &Limit) -> QueryResult<i64> {
    let counts: Vec<i64> = Statement::<BigInt>::new(
        "SELECT count(*) FROM (\
           SELECT id FROM solid_queue_jobs jobs \
           WHERE concurrency_key = ? AND finished_at IS NULL AND (\
             EXISTS (SELECT 1 FROM solid_queue_claimed_executions WHERE job_id = jobs.id) OR \
             EXISTS (SELECT 1 FROM solid_queue_ready_executions WHERE job_id = jobs.id)) \
           UNION \
           SELECT job_id FROM trifecta_job_limits limits \
           WHERE key = ? AND kind = 'concurrency' AND (\
             EXISTS (SELECT 1 FROM solid_queue_claimed_executions WHERE job_id = limits.job_id) OR \
             EXISTS (SELECT 1 FROM solid_queue_ready_executions WHERE job_id = limits.job_id)) \
           LIMIT ?)",
    )
    .bind(limit.key.as_str())
    .bind(limit.key.as_str())
    .bind(limit.limit)
    .load(connection)?;
    Ok(counts.first().copied().unwrap_or(0))
}

/// Deletes semaphores that expired, `limit` at most. Returns how many.
pub(crate) fn delete_expired(
    connection: &mut SqliteConnection,
    limit: u32,
    now: Timestamp,
) -> QueryResult<usize> {
    Statement::<()>::new(
        "DELETE FROM solid_queue_semaphores WHERE id IN (\
         SELECT id FROM solid_queue_semaphores WHERE expires_at < ? LIMIT ?)",
    )
    .bind(now)
    .bind(i64::from(limit))
    .execute(connection)
}

pub(crate) fn any_expired(connection: &mut SqliteConnection, now: Timestamp) -> QueryResult<bool> {
    let any: Vec<i64> = Statement::<BigInt>::new(
        "SELECT id FROM solid_queue_semaphores WHERE expires_at < ? LIMIT 1",
    )
    .bind(now)
    .load(connection)?;
    Ok(!any.is_empty())
}

fn take(connection: &mut SqliteConnection, limit: &Limit, now: Timestamp) -> QueryResult<bool> {
    let Some((value, expires_at)) = find(connection, &limit.key)? else {
        return count_and_take(connection, limit, now);
    };
    if expires_at < now {
        return count_and_take(connection, limit, now);
    }
    if value > 0 {
        put(connection, limit, value - 1, now)?;
    }
    Ok(value > 0)
}

fn count_and_take(
    connection: &mut SqliteConnection,
    limit: &Limit,
    now: Timestamp,
) -> QueryResult<bool> {
    let free = limit.limit - holders(connection, limit)?;
    put(connection, limit, (free - 1).max(0), now)?;
    Ok(free > 0)
}

fn find(connection: &mut SqliteConnection, key: &str) -> QueryResult<Option<(i64, Timestamp)>> {
    let rows: Vec<(i64, Timestamp)> = Statement::<(BigInt, Text)>::new(
        "SELECT value, expires_at FROM solid_queue_semaphores WHERE key = ?",
    )
    .bind(key)
    .load(connection)?;
    Ok(rows.into_iter().next())
}

fn put(
    connection: &mut SqliteConnection,
    limit: &Limit,
    value: i64,
    now: Timestamp,
) -> QueryResult<()> {
    Statement::<()>::new(
        "INSERT INTO solid_queue_semaphores (key, value, expires_at, created_at, updated_at) VALUES (?, ?, ?, ?, ?) \
         ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at, \
         updated_at = excluded.updated_at",
    )
    .bind(limit.key.as_str())
    .bind(value)
    .bind(now.after(limit.period))
    .bind(now)
    .bind(now)
    .execute(connection)?;
    Ok(())
}
