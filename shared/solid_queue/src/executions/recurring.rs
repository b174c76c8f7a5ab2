//! Which job was enqueued for which time of a recurring task. Rails looks here before it enqueues one, too.

use db::{SqliteConnection, Statement, Timestamp};
use diesel::{QueryResult, RunQueryDsl as _};

use crate::JobId;

/// Notes it. A job that was there already, because a unique key allows one only, stays with the time that it was
/// enqueued for first.
pub(crate) fn insert(
    connection: &mut SqliteConnection,
    job: JobId,
    key: &str,
    run_at: Timestamp,
    now: Timestamp,
) -> QueryResult<()> {
    Statement::<()>::new(
        "INSERT OR IGNORE INTO solid_queue_recurring_executions (job_id, task_key, run_at, created_at) \
         VALUES (?, ?, ?, ?)",
    )
    .bind(job.0)
    .bind(key)
    .bind(run_at)
    .bind(now)
    .execute(connection)?;
    Ok(())
}
