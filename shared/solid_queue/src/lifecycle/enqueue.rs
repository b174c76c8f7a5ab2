use db::{SqliteConnection, Timestamp};
use diesel::QueryResult;

use super::batch;
use super::dispatch::{self, Admission};
use super::unique;
use crate::JobId;
use crate::executions::scheduled;
use crate::records::job::{self, NewRow};
use crate::records::{job_limit, unique_key};

/// What became of a job that was to be enqueued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Enqueued {
    /// It is there. A job that is there already does for it, too.
    As(JobId),
    /// Its concurrency limit is reached, and it does not wait.
    Discarded,
    /// Another one has its unique key.
    Duplicate(JobId),
}

/// Inserts the job, and makes it ready when it is due and its limits allow, else scheduled or blocked.
pub(crate) fn enqueue(
    connection: &mut SqliteConnection,
    row: &NewRow,
    now: Timestamp,
) -> QueryResult<Enqueued> {
    if let Some(unique) = &row.unique
        && let Some(existing) = unique::resolve(connection, unique, row, now)?
    {
        return Ok(existing);
    }
    let id = job::insert(connection, row, now)?;
    if let Some(unique) = &row.unique {
        unique_key::insert(connection, unique, id, now)?;
    }
    batch::join(connection, id, row.batch_id, now)?;
    if !row.is_due(now) {
        job_limit::insert_all(connection, id, &row.limits)?;
        scheduled::insert(connection, id, row, now)?;
        return Ok(Enqueued::As(JobId(id)));
    }
    Ok(
        match dispatch::admit(connection, row.due(id), &row.limits, now)? {
            Admission::Ready | Admission::Blocked => Enqueued::As(JobId(id)),
            Admission::Discarded => Enqueued::Discarded,
        },
    )
}

/// Like [`enqueue`], for each.
pub(crate) fn enqueue_all(
    connection: &mut SqliteConnection,
    rows: &[NewRow],
    now: Timestamp,
) -> QueryResult<Vec<Enqueued>> {
    rows.iter()
        .map(|row| enqueue(connection, row, now))
        .collect()
}
