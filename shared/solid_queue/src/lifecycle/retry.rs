use db::{SqliteConnection, Timestamp};
use diesel::QueryResult;

use super::dispatch::{Admission, admit};
use super::{batch, limits_of};
use crate::executions::{failed, scheduled};
use crate::limits::Limit;
use crate::manage::Retried;
use crate::payload::Payload;
use crate::records::job::{self, Job};
use crate::records::job_limit;
use crate::registry::Classes;

/// Gives the job that failed another go, as if it had never been performed. Nothing, and nothing done, when it has not
/// failed.
pub(crate) fn retry(
    connection: &mut SqliteConnection,
    job_id: i64,
    classes: &Classes,
    now: Timestamp,
) -> QueryResult<Option<Retried>> {
    if !failed::delete(connection, job_id)? {
        return Ok(None);
    }
    let Some(job) = job::find(connection, job_id)? else {
        return Ok(None);
    };
    forget_executions(connection, &job, now)?;
    batch::join(connection, job.id, job.batch_id, now)?;
    let limits = limits_of(connection, &job, classes)?;
    let limits: Vec<_> = limits.iter().map(Limit::anew).collect();
    job_limit::delete(connection, job.id)?;
    if let Some(due) = job.scheduled_at.filter(|due| *due > now) {
        job_limit::insert_all(connection, job.id, &limits)?;
        scheduled::postpone_all(connection, &[(job.id, due)], now)?;
        return Ok(Some(Retried::Scheduled));
    }
    let admission = admit(connection, job.due(), &limits, now)?;
    Ok(Some(match admission {
        Admission::Ready => Retried::Ready,
        // All that finds no room waits, see `Limit::anew`.
        Admission::Blocked | Admission::Discarded => Retried::Blocked,
    }))
}

/// The same for those of the jobs that failed. Returns how many.
pub(crate) fn retry_all(
    connection: &mut SqliteConnection,
    job_ids: &[i64],
    classes: &Classes,
    now: Timestamp,
) -> QueryResult<usize> {
    let mut retried = 0;
    for job_id in job_ids {
        if retry(connection, *job_id, classes, now)?.is_some() {
            retried += 1;
        }
    }
    Ok(retried)
}

/// Arguments that are no payload stay as they are: the job fails again, and says why.
fn forget_executions(
    connection: &mut SqliteConnection,
    job: &Job,
    now: Timestamp,
) -> QueryResult<()> {
    let payload = Payload::parse(job.arguments.as_deref().unwrap_or_default());
    match payload.map(Payload::anew) {
        Ok(payload) => job::set_arguments(connection, job.id, &payload.to_string(), now),
        Err(_) => Ok(()),
    }
}
