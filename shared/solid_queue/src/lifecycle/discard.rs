use db::{SqliteConnection, Timestamp};
use diesel::QueryResult;

use super::state::{self, Stand};
use super::{end, limits_of, unblock};
use crate::executions::ready;
use crate::manage::Status;
use crate::records::job;
use crate::records::{cancellation, unique_key};
use crate::registry::Classes;

/// What became of a job that was to be discarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Discarded {
    /// It was in this state.
    From(Status),
    /// Jobs in this state cannot be discarded.
    Refused(Status),
    /// There was no such job.
    Missing,
}

/// Deletes the job, unless it runs or is finished, and gives up its places.
pub(crate) fn discard(
    connection: &mut SqliteConnection,
    job_id: i64,
    classes: &Classes,
    now: Timestamp,
) -> QueryResult<Discarded> {
    let Some(status) = state::of(connection, job_id)? else {
        return Ok(Discarded::Missing);
    };
    if !status.is_discardable() {
        return Ok(Discarded::Refused(status));
    }
    remove(connection, job_id, classes, now)?;
    Ok(Discarded::From(status))
}

/// The same for those of the jobs that can be discarded. Returns how many.
pub(crate) fn discard_all(
    connection: &mut SqliteConnection,
    job_ids: &[i64],
    classes: &Classes,
    now: Timestamp,
) -> QueryResult<usize> {
    let mut stands = state::of_all(connection, job_ids)?;
    stands.retain(|stand| stand.status.is_discardable());
    let (others, plain): (Vec<Stand>, Vec<Stand>) =
        stands.iter().partition(|stand| stand.has_company);
    let plain: Vec<i64> = plain.iter().map(|stand| stand.job_id).collect();
    unique_key::forget_all(connection, &plain)?;
    cancellation::forget_all(connection, &plain)?;
    job::delete_all(connection, &plain)?;
    for stand in others {
        remove(connection, stand.job_id, classes, now)?;
    }
    Ok(stands.len())
}

fn remove(
    connection: &mut SqliteConnection,
    job_id: i64,
    classes: &Classes,
    now: Timestamp,
) -> QueryResult<()> {
    let Some(job) = job::find(connection, job_id)? else {
        return Ok(());
    };
    // Only ready ones hold places.
    if ready::delete_job(connection, job_id)? {
        let limits = limits_of(connection, &job, classes)?;
        unblock::release(connection, &job, &limits, classes, now)?;
    }
    end::discard(connection, &job, classes, now)
}
