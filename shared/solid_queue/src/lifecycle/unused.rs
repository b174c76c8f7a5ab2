//! Places that nobody holds though jobs are blocked for them: those that a Rails process lost when it died, those of
//! limits that were raised, and those of jobs that somebody deleted while they ran.

use db::{SqliteConnection, Timestamp};
use diesel::QueryResult;

use super::{limits_of, unblock};
use crate::executions::blocked;
use crate::limits::Limit;
use crate::records::{job, semaphore};
use crate::registry::Classes;

/// Keys that are looked at in one go.
pub(crate) const KEYS: i64 = 2000;
/// Jobs that are released in one transaction, at most.
pub(crate) const RELEASES: usize = 100;

/// What a look at the keys for which jobs are blocked found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// Keys with room, as their semaphores say.
    pub(crate) free: Vec<String>,
    /// Keys whose semaphores say that they are full, though fewer jobs are seen to hold a place. A Rails process may be
    /// about to give one back, so they are not to be touched before they were found twice.
    pub(crate) lost: Vec<String>,
    /// Where to go on; nothing when all were looked at.
    pub(crate) last: Option<String>,
}

/// Looks at the keys after this one.
pub(crate) fn find(
    connection: &mut SqliteConnection,
    after: &str,
    classes: &Classes,
    now: Timestamp,
) -> QueryResult<Found> {
    let keys = blocked::keys_after(connection, after, KEYS)?;
    let is_full = i64::try_from(keys.len()) == Ok(KEYS);
    let mut found = Found {
        last: keys.last().filter(|_| is_full).cloned(),
        ..Found::default()
    };
    for key in keys {
        let Some(limit) = limit_of(connection, &key, classes)? else {
            continue;
        };
        let has_room = semaphore::has_room(connection, &key, now)?;
        // Who only guesses the limit can but believe the semaphore.
        let is_full = if limit.is_guess {
            !has_room
        } else {
            semaphore::holders(connection, &key, limit.most)? >= limit.most
        };
        match (is_full, has_room) {
            (true, _) => {}
            (false, true) => found.free.push(key),
            (false, false) => found.lost.push(key),
        }
    }
    Ok(found)
}

/// Has the semaphores of these keys say how many places are free in truth.
pub(crate) fn correct(
    connection: &mut SqliteConnection,
    keys: &[String],
    classes: &Classes,
    now: Timestamp,
) -> QueryResult<()> {
    for key in keys {
        if let Some(limit) = limit_of(connection, key, classes)? {
            semaphore::correct(connection, &limit, now)?;
        }
    }
    Ok(())
}

/// Gives free places of these keys to blocked jobs. Returns how many it released, [`RELEASES`] at most.
pub(crate) fn release(
    connection: &mut SqliteConnection,
    keys: &[String],
    classes: &Classes,
    now: Timestamp,
) -> QueryResult<usize> {
    let mut released = 0;
    for key in keys {
        let Some(limit) = limit_of(connection, key, classes)? else {
            continue;
        };
        while released < RELEASES && unblock::release_next(connection, &limit, classes, now)? {
            released += 1;
        }
    }
    Ok(released)
}

/// The limit under which the first of the jobs stands that are blocked for the key.
fn limit_of(
    connection: &mut SqliteConnection,
    key: &str,
    classes: &Classes,
) -> QueryResult<Option<Limit>> {
    let Some(first) = blocked::first(connection, key)? else {
        return Ok(None);
    };
    let Some(job) = job::find(connection, first.job_id)? else {
        return Ok(None);
    };
    let limits = limits_of(connection, &job, classes)?;
    let limit = limits.into_iter().find(|limit| limit.key == key);
    Ok(Some(limit.unwrap_or_else(|| Limit::guess(key))))
}
