//! What becomes of a job whose unique key another one has.

use db::{SqliteConnection, Timestamp};
use diesel::QueryResult;

use super::dispatch::{self, Admission};
use super::enqueue::Enqueued;
use super::unblock;
use crate::JobId;
use crate::controls::{OnDuplicate, States};
use crate::executions::{blocked, ready, scheduled};
use crate::limits::{Limit, UniqueKey};
use crate::records::job::{self, NewRow};
use crate::records::{job_limit, unique_key};
use crate::registry::Classes;

/// What becomes of the new job when another one keeps it out; nothing when none does.
pub(crate) fn resolve(
    connection: &mut SqliteConnection,
    unique: &UniqueKey,
    new: &NewRow,
    now: Timestamp,
) -> QueryResult<Option<Enqueued>> {
    let Some((id, state)) = unique_key::holder(connection, unique, now)? else {
        return Ok(None);
    };
    Ok(Some(match unique.on_duplicate {
        OnDuplicate::Refuse => Enqueued::Duplicate(JobId(id)),
        OnDuplicate::Replace if state == Some(States::WAITING) => {
            replace(connection, id, new, now)?
        }
        OnDuplicate::Keep | OnDuplicate::Replace => Enqueued::As(JobId(id)),
    }))
}

/// The job that waits becomes the new one. It keeps its place among those who wait, unless its limits are others now or
/// it is due at once.
fn replace(
    connection: &mut SqliteConnection,
    id: i64,
    new: &NewRow,
    now: Timestamp,
) -> QueryResult<Enqueued> {
    let stored = job_limit::of(connection, id)?;
    let was_scheduled = scheduled::is_scheduled(connection, id)?;
    if is_same(&stored, &new.limits) && !(was_scheduled && new.is_due(now)) {
        job::replace(connection, id, new, now)?;
        return Ok(Enqueued::As(JobId(id)));
    }
    withdraw(connection, id, &stored, now)?;
    job::replace(connection, id, new, now)?;
    if was_scheduled && !new.is_due(now) {
        job_limit::insert_all(connection, id, &new.limits)?;
        scheduled::insert(connection, id, new, now)?;
        job::reschedule(connection, id, new.scheduled_at, now)?;
        return Ok(Enqueued::As(JobId(id)));
    }
    job::reschedule(connection, id, now, now)?;
    Ok(
        match dispatch::admit(connection, new.due(id), &new.limits, now)? {
            Admission::Ready | Admission::Blocked => Enqueued::As(JobId(id)),
            Admission::Discarded => Enqueued::Discarded,
        },
    )
}

fn is_same(stored: &[Limit], new: &[Limit]) -> bool {
    let is_stored = |limit: &Limit| {
        stored
            .iter()
            .any(|it| it.kind == limit.kind && it.key == limit.key)
    };
    stored.len() == new.len() && new.iter().all(is_stored)
}

/// The job waits nowhere any more, and its places go to others.
fn withdraw(
    connection: &mut SqliteConnection,
    id: i64,
    stored: &[Limit],
    now: Timestamp,
) -> QueryResult<()> {
    blocked::delete_job(connection, id)?;
    scheduled::delete_job(connection, id)?;
    if ready::delete_job(connection, id)?
        && let Some(job) = job::find(connection, id)?
    {
        // Who enqueues knows of no classes; those that are blocked have their limits stored.
        unblock::release(connection, &job, stored, &Classes::default(), now)?;
    }
    job_limit::delete(connection, id)
}
