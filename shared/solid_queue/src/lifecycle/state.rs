use db::{SqliteConnection, Statement};
use diesel::sql_types::{BigInt, Bool, Text};
use diesel::{QueryResult, RunQueryDsl as _};

use crate::manage::Status;
use crate::records::ids;

/// The name of the state of the row `jobs`. A job should have one row in one table; if it has more, what it has got to
/// counts.
macro_rules! state_of_jobs {
    () => {
        "CASE WHEN jobs.finished_at IS NOT NULL THEN 'finished' \
           WHEN EXISTS (SELECT 1 FROM solid_queue_claimed_executions WHERE job_id = jobs.id) THEN 'claimed' \
           WHEN EXISTS (SELECT 1 FROM solid_queue_failed_executions WHERE job_id = jobs.id) THEN 'failed' \
           WHEN EXISTS (SELECT 1 FROM solid_queue_ready_executions WHERE job_id = jobs.id) THEN 'ready' \
           WHEN EXISTS (SELECT 1 FROM solid_queue_blocked_executions WHERE job_id = jobs.id) THEN 'blocked' \
           WHEN EXISTS (SELECT 1 FROM solid_queue_scheduled_executions WHERE job_id = jobs.id) THEN 'scheduled' \
           ELSE 'stray' END"
    };
}
pub(crate) use state_of_jobs;

/// Where a job is, and whether others wait for its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stand {
    pub(crate) job_id: i64,
    pub(crate) status: Status,
    /// Whether it has a concurrency key or is in a batch.
    pub(crate) has_company: bool,
}

/// The state of the job; nothing when there is no such job.
pub(crate) fn of(connection: &mut SqliteConnection, job_id: i64) -> QueryResult<Option<Status>> {
    let stands = of_all(connection, &[job_id])?;
    Ok(stands.first().map(|stand| stand.status))
}

/// The states of those of the jobs that are there, in the order of their ids.
pub(crate) fn of_all(
    connection: &mut SqliteConnection,
    job_ids: &[i64],
) -> QueryResult<Vec<Stand>> {
    let rows: Vec<(i64, String, bool)> = Statement::<(BigInt, Text, Bool)>::new(concat!(
        "SELECT jobs.id, ",
        state_of_jobs!(),
        ", jobs.concurrency_key IS NOT NULL OR jobs.batch_id IS NOT NULL FROM solid_queue_jobs jobs \
         WHERE jobs.id IN (SELECT value FROM json_each(?)) ORDER BY jobs.id",
    ))
    .bind(ids(job_ids))
    .load(connection)?;
    let stand = |(job_id, status, has_company): (i64, String, bool)| Stand {
        job_id,
        status: status.parse().unwrap_or(Status::Stray),
        has_company,
    };
    Ok(rows.into_iter().map(stand).collect())
}
