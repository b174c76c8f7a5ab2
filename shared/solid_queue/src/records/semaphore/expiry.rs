//! Semaphores end some time after nobody changed them, for a process may have died that held a place. Those of jobs that
//! are seen to be ready or to run are renewed: Rails must not take their places for free.

use std::time::Duration;

use db::{SqliteConnection, Statement, Timestamp};
use diesel::sql_types::{BigInt, Text};
use diesel::{QueryResult, RunQueryDsl as _};

/// How long before its end a semaphore is renewed.
const EARLY: Duration = Duration::from_secs(10);
/// For how long at least.
const RENEWAL: Duration = Duration::from_secs(30);

/// The keys of semaphores that end soon though jobs of ours hold places, each with its period. Those that ended before
/// `since` were looked at already.
pub(crate) fn expiring(
    connection: &mut SqliteConnection,
    since: Timestamp,
    now: Timestamp,
) -> QueryResult<Vec<(String, Duration)>> {
    let rows: Vec<(String, i64)> = Statement::<(Text, BigInt)>::new(
        // The join's order is fixed: few semaphores end soon, but there may be many places.
        "SELECT ending.key, max(held.period_us) FROM (\
           SELECT key FROM solid_queue_semaphores WHERE expires_at >= ? AND expires_at < ?) ending \
         CROSS JOIN trifecta_job_limits held ON held.key = ending.key AND held.held \
         WHERE EXISTS (SELECT 1 FROM solid_queue_claimed_executions WHERE job_id = held.job_id) \
            OR EXISTS (SELECT 1 FROM solid_queue_ready_executions WHERE job_id = held.job_id) \
         GROUP BY ending.key",
    )
    .bind(since)
    .bind(now.after(EARLY))
    .load(connection)?;
    let period = |us: i64| Duration::from_micros(us.try_into().unwrap_or(0));
    Ok(rows
        .into_iter()
        .map(|(key, us)| (key, period(us)))
        .collect())
}

/// Lets the semaphores last for another period.
pub(crate) fn renew(
    connection: &mut SqliteConnection,
    keys: &[(String, Duration)],
    now: Timestamp,
) -> QueryResult<()> {
    for (key, period) in keys {
        Statement::<()>::new(
            "UPDATE solid_queue_semaphores SET expires_at = ?, updated_at = ? WHERE key = ?",
        )
        .bind(now.after((*period).max(RENEWAL)))
        .bind(now)
        .bind(key.as_str())
        .execute(connection)?;
    }
    Ok(())
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
