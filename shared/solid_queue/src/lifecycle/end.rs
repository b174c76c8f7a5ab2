//! How a job ends for good. Whoever ends one does so here, so that all who wait for it hear of it: its batch, and those
//! whom its unique key keeps out. Its places in limits are given up by [`super::unblock::release`].

use db::{SqliteConnection, Timestamp};
use diesel::QueryResult;

use super::batch;
use crate::executions::failed;
use crate::records::job::{self, Job};
use crate::records::{cancellation, job_limit, unique_key};
use crate::registry::Classes;

/// It is done, and kept if finished jobs are.
pub(crate) fn finish(
    connection: &mut SqliteConnection,
    job: &Job,
    classes: &Classes,
    preserve: bool,
    now: Timestamp,
) -> QueryResult<()> {
    unique_key::release_all(connection, &[job.id])?;
    job_limit::delete(connection, job.id)?;
    job::finish_all(connection, &[job.id], preserve, now)?;
    batch::leave(connection, job, classes, now)
}

/// It is kept with its error, which is JSON, for people to look at.
pub(crate) fn fail(
    connection: &mut SqliteConnection,
    job: &Job,
    error: &str,
    classes: &Classes,
    now: Timestamp,
) -> QueryResult<()> {
    cancellation::forget(connection, job.id)?;
    failed::insert(connection, job.id, error, now)?;
    batch::leave(connection, job, classes, now)
}

/// It is gone.
pub(crate) fn discard(
    connection: &mut SqliteConnection,
    job: &Job,
    classes: &Classes,
    now: Timestamp,
) -> QueryResult<()> {
    unique_key::forget(connection, job.id)?;
    cancellation::forget(connection, job.id)?;
    job::delete(connection, job.id)?;
    batch::leave(connection, job, classes, now)
}
