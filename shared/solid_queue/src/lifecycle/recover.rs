use db::{SqliteConnection, Timestamp};
use diesel::QueryResult;

use super::{end, limits_of, unblock};
use crate::executions::claimed::{self, Claim};
use crate::executions::ready;
use crate::payload::Payload;
use crate::records::cancellation;
use crate::records::job::{self, Job};
use crate::registry::Classes;
use crate::{JobFailure, ProcessId};

/// Puts all jobs of the process back to ready, as if nobody had claimed them. They keep their places in their limits.
/// Returns how many.
pub(crate) fn release_all(
    connection: &mut SqliteConnection,
    process: ProcessId,
    now: Timestamp,
) -> QueryResult<usize> {
    let claims = claimed::of_process(connection, process)?;
    for claim in &claims {
        if let Some(job) = job::find(connection, claim.job_id)? {
            ready::insert(connection, job.id, &job.queue_name, job.priority, now)?;
        }
        claimed::delete(connection, *claim)?;
    }
    Ok(claims.len())
}

/// What becomes of a job whose process died while it ran: ready again while its class allows, else failed; gone if it
/// was to be cancelled. Jobs of classes that are not known here fail at once, as with Rails. `false`, and nothing done,
/// when the claim was lost.
pub(crate) fn crash(
    connection: &mut SqliteConnection,
    claim: Claim,
    failure: &JobFailure,
    classes: &Classes,
    now: Timestamp,
) -> QueryResult<bool> {
    if !claimed::delete(connection, claim)? {
        return Ok(false);
    }
    let Some(job) = job::find(connection, claim.job_id)? else {
        return Ok(true);
    };
    let is_cancelled = cancellation::is_requested(connection, job.id)?;
    if !is_cancelled && survives(connection, &job, classes, now)? {
        ready::insert(connection, job.id, &job.queue_name, job.priority, now)?;
        return Ok(true);
    }
    let limits = limits_of(connection, &job, classes)?;
    unblock::release(connection, &job, &limits, classes, now)?;
    if is_cancelled {
        end::discard(connection, &job, classes, now)?;
    } else {
        end::fail(connection, &job, &failure.to_json(), classes, now)?;
    }
    Ok(true)
}

/// Counts the crash, and whether the job's class lets it run again.
fn survives(
    connection: &mut SqliteConnection,
    job: &Job,
    classes: &Classes,
    now: Timestamp,
) -> QueryResult<bool> {
    let payload = Payload::parse(job.arguments.as_deref().unwrap_or("{}")).map(Payload::crashed);
    let (Ok(payload), Some(policy)) = (payload, classes.on_crash(&job.class_name)) else {
        return Ok(false);
    };
    job::set_arguments(connection, job.id, &payload.to_string(), now)?;
    Ok(policy.allows(payload.crashes()))
}
