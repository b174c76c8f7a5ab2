//! Our own table: the running jobs that are to stop.

use db::{SqliteConnection, Statement, Timestamp};
use diesel::sql_types::BigInt;
use diesel::{QueryResult, RunQueryDsl as _};

use super::ids;
use crate::ProcessId;

/// Wants the job to stop, if it runs. Whether it does.
pub(crate) fn request(
    connection: &mut SqliteConnection,
    job_id: i64,
    now: Timestamp,
) -> QueryResult<bool> {
    let requested = Statement::<()>::new(
        "INSERT OR IGNORE INTO trifecta_cancellations (job_id, requested_at) \
         SELECT job_id, ? FROM solid_queue_claimed_executions WHERE job_id = ?",
    )
    .bind(now)
    .bind(job_id)
    .execute(connection)?;
    Ok(requested == 1)
}

/// The jobs of the process that are to stop.
pub(crate) fn of_process(
    connection: &mut SqliteConnection,
    process: ProcessId,
) -> QueryResult<Vec<i64>> {
    Statement::<BigInt>::new(
        "SELECT claimed.job_id FROM trifecta_cancellations wanted \
         JOIN solid_queue_claimed_executions claimed ON claimed.job_id = wanted.job_id \
         WHERE claimed.process_id = ?",
    )
    .bind(process.0)
    .load(connection)
}

/// The job has ended.
pub(crate) fn forget(connection: &mut SqliteConnection, job_id: i64) -> QueryResult<()> {
    forget_all(connection, &[job_id])
}

pub(crate) fn forget_all(connection: &mut SqliteConnection, job_ids: &[i64]) -> QueryResult<()> {
    Statement::<()>::new(
        "DELETE FROM trifecta_cancellations WHERE job_id IN (SELECT value FROM json_each(?))",
    )
    .bind(ids(job_ids))
    .execute(connection)?;
    Ok(())
}

/// Whether the job was to stop, if its process died before it did.
pub(crate) fn is_requested(connection: &mut SqliteConnection, job_id: i64) -> QueryResult<bool> {
    let any: Vec<i64> =
        Statement::<BigInt>::new("SELECT job_id FROM trifecta_cancellations WHERE job_id = ?")
            .bind(job_id)
            .load(connection)?;
    Ok(!any.is_empty())
}

pub(crate) fn any_to_sweep(connection: &mut SqliteConnection) -> QueryResult<bool> {
    let any: Vec<i64> = Statement::<BigInt>::new(
        "SELECT job_id FROM trifecta_cancellations WHERE NOT EXISTS (\
           SELECT 1 FROM solid_queue_jobs jobs WHERE jobs.id = job_id AND finished_at IS NULL) LIMIT 1",
    )
    .load(connection)?;
    Ok(!any.is_empty())
}

/// Forgets requests that came too late. Returns how many.
pub(crate) fn sweep(connection: &mut SqliteConnection) -> QueryResult<usize> {
    Statement::<()>::new(
        "DELETE FROM trifecta_cancellations WHERE NOT EXISTS (\
           SELECT 1 FROM solid_queue_jobs jobs WHERE jobs.id = job_id AND finished_at IS NULL)",
    )
    .execute(connection)
}
