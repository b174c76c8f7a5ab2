use db::{SqliteConnection, Timestamp};
use diesel::QueryResult;

use crate::executions::{blocked, ready, scheduled};
use crate::manage::RunNow;
use crate::records::job;

/// Lets the job go first: one that is scheduled is due now, one that is blocked is ready though there is no room for it.
/// Nothing, and nothing done, when it is neither.
pub(crate) fn hasten(
    connection: &mut SqliteConnection,
    job_id: i64,
    now: Timestamp,
) -> QueryResult<Option<RunNow>> {
    if scheduled::move_to(connection, job_id, now)? {
        job::reschedule(connection, job_id, now, now)?;
        return Ok(Some(RunNow::Due));
    }
    if !blocked::delete_job(connection, job_id)? {
        return Ok(None);
    }
    if let Some(job) = job::find(connection, job_id)? {
        ready::insert(connection, job.id, &job.queue_name, job.priority, now)?;
    }
    Ok(Some(RunNow::Ready))
}
