//! Rails' semaphores: how many places of a concurrency limit are free.
//!
//! Every move of ours changes them in its own transaction, so they are right as long as nobody but us writes. A Rails
//! process gives places back in a transaction of their own, which may never come, takes expired semaphores for free
//! though their jobs may run, and may know another limit than we do. So a semaphore never outweighs the places that our
//! own jobs are seen to hold, and where it is missing or expired, all who hold a place are counted.

mod expiry;
mod holders;

use db::{SqliteConnection, Statement, Timestamp};
use diesel::sql_types::{BigInt, Text};
use diesel::{QueryResult, RunQueryDsl as _};

pub(crate) use expiry::{any_expired, delete_expired, expiring, renew};
pub(crate) use holders::holders;

use super::job_limit;
use crate::limits::Limit;

/// Takes a place in each of the concurrency limits. If one is full, none is taken, and that one is returned.
pub(crate) fn take_all<'a>(
    connection: &mut SqliteConnection,
    limits: &'a [Limit],
    now: Timestamp,
) -> QueryResult<Option<&'a Limit>> {
    let mut places = Vec::new();
    for limit in limits.iter().filter(|limit| limit.is_concurrency()) {
        let free = free(connection, limit, now)?;
        if free <= 0 {
            return Ok(Some(limit));
        }
        places.push((limit, free - 1));
    }
    for (limit, left) in places {
        put(connection, limit, left, now)?;
    }
    Ok(None)
}

/// Gives a place back.
pub(crate) fn signal(
    connection: &mut SqliteConnection,
    limit: &Limit,
    now: Timestamp,
) -> QueryResult<()> {
    let most = if limit.is_guess { i64::MAX } else { limit.most };
    Statement::<()>::new(
        "UPDATE solid_queue_semaphores SET value = value + 1, expires_at = ?, updated_at = ? \
         WHERE key = ? AND value < ?",
    )
    .bind(now.after(limit.period))
    .bind(now)
    .bind(limit.key.as_str())
    .bind(most)
    .execute(connection)?;
    Ok(())
}

/// Writes down how many places are free in truth. Who does not know the limit leaves it.
pub(crate) fn correct(
    connection: &mut SqliteConnection,
    limit: &Limit,
    now: Timestamp,
) -> QueryResult<()> {
    if limit.is_guess {
        return Ok(());
    }
    let free = limit.most - holders(connection, &limit.key, limit.most)?;
    put(connection, limit, free.max(0), now)
}

/// Whether the semaphore says that there is room, or says nothing.
pub(crate) fn has_room(
    connection: &mut SqliteConnection,
    key: &str,
    now: Timestamp,
) -> QueryResult<bool> {
    let value = value(connection, key, now)?;
    Ok(value.is_none_or(|value| value > 0))
}

/// How many places can be taken.
fn free(connection: &mut SqliteConnection, limit: &Limit, now: Timestamp) -> QueryResult<i64> {
    match value(connection, &limit.key, now)? {
        Some(value) if limit.is_guess || value <= 0 => Ok(value),
        Some(value) => {
            let ours = job_limit::holders(connection, &limit.key)?;
            Ok(value.min(limit.most - ours))
        }
        None => count_free(connection, limit, now),
    }
}

/// Where none is free, Rails is to know it, too.
fn count_free(
    connection: &mut SqliteConnection,
    limit: &Limit,
    now: Timestamp,
) -> QueryResult<i64> {
    job_limit::forget_gone(connection, &limit.key)?;
    let free = limit.most - holders(connection, &limit.key, limit.most)?;
    if free <= 0 {
        put(connection, limit, 0, now)?;
    }
    Ok(free)
}

/// What the semaphore says; nothing when it is missing or expired.
fn value(connection: &mut SqliteConnection, key: &str, now: Timestamp) -> QueryResult<Option<i64>> {
    let rows: Vec<(i64, Timestamp)> = Statement::<(BigInt, Text)>::new(
        "SELECT value, expires_at FROM solid_queue_semaphores WHERE key = ?",
    )
    .bind(key)
    .load(connection)?;
    let fresh = rows.into_iter().find(|(_, expires_at)| *expires_at >= now);
    Ok(fresh.map(|(value, _)| value))
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
