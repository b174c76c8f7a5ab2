use std::collections::HashSet;

use db::{SqliteConnection, Timestamp};
use diesel::QueryResult;

use super::enqueue::{self, Enqueued};
use super::{batch, end, limits_of, unblock};
use crate::executions::claimed::{self, Claim};
use crate::limits::Limit;
use crate::records::job::{self, Job, NewRow};
use crate::records::unique_key;
use crate::registry::Classes;

/// What becomes of a claimed job.
#[derive(Clone, Debug)]
pub(crate) enum Settlement {
    Finish,
    /// Kept as failed, with why, as JSON.
    Fail(String),
    /// Finished, with this one in its place.
    Retry(Box<NewRow>),
    /// Gone.
    Discard,
}

/// A claimed job that came to its end.
#[derive(Clone, Debug)]
pub(crate) struct Ending {
    pub(crate) claim: Claim,
    /// See [`super::claim::Claimed`].
    pub(crate) is_limited: bool,
    pub(crate) batch_id: Option<i64>,
    pub(crate) settlement: Settlement,
}

/// Ends the claims. Those that were lost, because others took the worker for dead, change nothing: they are returned.
pub(crate) fn settle_all(
    connection: &mut SqliteConnection,
    endings: &[Ending],
    classes: &Classes,
    preserve: bool,
    now: Timestamp,
) -> QueryResult<Vec<Claim>> {
    if endings.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<i64> = endings.iter().map(|ending| ending.claim.id).collect();
    let held: HashSet<i64> = claimed::delete_all(connection, &ids)?.into_iter().collect();
    let (won, lost): (Vec<_>, Vec<_>) = endings
        .iter()
        .partition(|ending| held.contains(&ending.claim.id));
    let (simple, others): (Vec<_>, Vec<_>) = won.into_iter().partition(|it| it.is_simple());
    finish_all(connection, &simple, classes, preserve, now)?;
    for ending in others {
        settle(connection, ending, classes, preserve, now)?;
    }
    Ok(lost.iter().map(|ending| ending.claim).collect())
}

impl Ending {
    fn is_simple(&self) -> bool {
        !self.is_limited && matches!(self.settlement, Settlement::Finish)
    }
}

/// As [`end::finish`], for all at once.
fn finish_all(
    connection: &mut SqliteConnection,
    endings: &[&Ending],
    classes: &Classes,
    preserve: bool,
    now: Timestamp,
) -> QueryResult<()> {
    let jobs: Vec<i64> = endings.iter().map(|ending| ending.claim.job_id).collect();
    unique_key::release_all(connection, &jobs)?;
    job::finish_all(connection, &jobs, preserve, now)?;
    let in_batches: Vec<(i64, i64)> = endings
        .iter()
        .filter_map(|ending| Some((ending.claim.job_id, ending.batch_id?)))
        .collect();
    batch::leave_all(connection, &in_batches, classes, now)
}

fn settle(
    connection: &mut SqliteConnection,
    ending: &Ending,
    classes: &Classes,
    preserve: bool,
    now: Timestamp,
) -> QueryResult<()> {
    let Some(job) = job::find(connection, ending.claim.job_id)? else {
        return Ok(());
    };
    let limits = limits_of(connection, &job, classes)?;
    unblock::release(connection, &job, &limits, classes, now)?;
    match &ending.settlement {
        Settlement::Finish => end::finish(connection, &job, classes, preserve, now),
        Settlement::Fail(error) => end::fail(connection, &job, error, classes, now),
        Settlement::Discard => end::discard(connection, &job, classes, now),
        Settlement::Retry(next) => {
            retry(connection, &job, &limits, next, now)?;
            end::finish(connection, &job, classes, preserve, now)
        }
    }
}

/// The next attempt is a job of its own, as with Rails, in the same batch, under the same limits and with the same unique
/// key. Its place is not kept for it: those who are blocked came earlier.
fn retry(
    connection: &mut SqliteConnection,
    job: &Job,
    limits: &[Limit],
    next: &NewRow,
    now: Timestamp,
) -> QueryResult<()> {
    let next = NewRow {
        limits: limits.iter().map(Limit::anew).collect(),
        unique: None,
        batch_id: job.batch_id,
        ..next.clone()
    };
    if let Enqueued::As(id) = enqueue::enqueue(connection, &next, now)? {
        unique_key::pass_on(connection, job.id, id.0)?;
    }
    Ok(())
}
