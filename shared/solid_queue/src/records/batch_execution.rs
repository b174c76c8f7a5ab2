//! The jobs that a batch waits for, one row for each.

use db::{SqliteConnection, Statement, Timestamp};
use diesel::sql_types::BigInt;
use diesel::{QueryResult, RunQueryDsl as _};

use super::ids;

/// Finished, failed or gone.
macro_rules! has_ended {
    () => {
        "(NOT EXISTS (SELECT 1 FROM solid_queue_jobs WHERE id = rows.job_id AND finished_at IS NULL) \
         OR EXISTS (SELECT 1 FROM solid_queue_failed_executions WHERE job_id = rows.job_id))"
    };
}

/// Unless the batch is finished or gone: nothing waits for the job then.
pub(crate) fn insert(
    connection: &mut SqliteConnection,
    job_id: i64,
    batch_id: i64,
    now: Timestamp,
) -> QueryResult<()> {
    Statement::<()>::new(
        "INSERT OR IGNORE INTO solid_queue_batch_executions (job_id, batch_id, created_at) \
         SELECT ?, id, ? FROM solid_queue_batches WHERE id = ? AND finished_at IS NULL",
    )
    .bind(job_id)
    .bind(now)
    .bind(batch_id)
    .execute(connection)?;
    Ok(())
}

pub(crate) fn delete_all(connection: &mut SqliteConnection, job_ids: &[i64]) -> QueryResult<()> {
    Statement::<()>::new(
        "DELETE FROM solid_queue_batch_executions WHERE job_id IN (SELECT value FROM json_each(?))",
    )
    .bind(ids(job_ids))
    .execute(connection)?;
    Ok(())
}

/// Jobs that have ended and that a batch waits for all the same.
pub(crate) fn leaked(connection: &mut SqliteConnection, limit: u32) -> QueryResult<Vec<i64>> {
    Statement::<BigInt>::new(concat!(
        "SELECT job_id FROM solid_queue_batch_executions rows WHERE ",
        has_ended!(),
        " LIMIT ?"
    ))
    .bind(i64::from(limit))
    .load(connection)
}

/// Those of the rows whose jobs have ended. Returns their batches, one for each row.
pub(crate) fn delete_leaked(
    connection: &mut SqliteConnection,
    job_ids: &[i64],
) -> QueryResult<Vec<i64>> {
    Statement::<BigInt>::new(concat!(
        "DELETE FROM solid_queue_batch_executions AS rows WHERE job_id IN (SELECT value FROM json_each(?)) AND ",
        has_ended!(),
        " RETURNING batch_id"
    ))
    .bind(ids(job_ids))
    .load(connection)
}
