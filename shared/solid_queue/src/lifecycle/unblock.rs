use db::{SqliteConnection, Timestamp};
use diesel::QueryResult;

use super::limits_of;
use crate::executions::{blocked, ready};
use crate::limits::Limit;
use crate::records::job::{self, Job};
use crate::records::{job_limit, semaphore};
use crate::registry::Classes;

/// Blocked jobs that are looked at to fill one free place. Those further back wait for other limits' places then.
const CANDIDATES: i64 = 32;
/// Keys that are looked at in one go.
const KEYS: i64 = 500;

/// Gives up the job's places, and each to the next job that is blocked for it. Call it when the job has ended, after its
/// executions are gone.
pub(crate) fn release(
    connection: &mut SqliteConnection,
    limits: &[Limit],
    classes: &Classes,
    now: Timestamp,
) -> QueryResult<()> {
    for limit in limits.iter().filter(|limit| limit.is_concurrency()) {
        semaphore::signal(connection, limit, now)?;
    }
    for limit in limits.iter().filter(|limit| limit.is_concurrency()) {
        release_next(connection, &limit.key, classes, now)?;
    }
    Ok(())
}

/// Makes the first of the jobs that are blocked for the key ready, if there is room. Whether there was one.
pub(crate) fn release_next(
    connection: &mut SqliteConnection,
    key: &str,
    classes: &Classes,
    now: Timestamp,
) -> QueryResult<bool> {
    for candidate in blocked::first(connection, key, CANDIDATES)? {
        let Some(job) = job::find(connection, candidate.job_id)? else {
            continue;
        };
        let Some(limits) = limits_of(connection, &job, classes)? else {
            continue;
        };
        match semaphore::take_all(connection, &limits, now)? {
            None => {
                make_ready(connection, candidate.id, &job, now)?;
                return Ok(true);
            }
            Some(full) if full.key == key => return Ok(false),
            // There is room here now, but not elsewhere: it waits there.
            Some(full) => blocked::wait_for(connection, candidate.id, full, now)?,
        }
    }
    Ok(false)
}

/// Gives every place that nobody holds to a blocked job: those that a Rails process lost when it died, or that were
/// freed by somebody who knows of no blocked jobs. Returns how many jobs it released.
pub(crate) fn release_unused(
    connection: &mut SqliteConnection,
    keys: &[String],
    classes: &Classes,
    now: Timestamp,
) -> QueryResult<usize> {
    let mut released = 0;
    for key in keys {
        if let Some(limit) = limit_of(connection, key, classes)? {
            semaphore::correct(connection, &limit, now)?;
            while release_next(connection, key, classes, now)? {
                released += 1;
            }
        }
    }
    Ok(released)
}

/// Keys for which jobs are blocked, those for which there is room, and the last that was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Unused {
    pub(crate) keys: Vec<String>,
    /// Where to go on; nothing when all were looked at.
    pub(crate) last: Option<String>,
}

/// The keys after this one for which jobs are blocked though there is room.
pub(crate) fn unused(
    connection: &mut SqliteConnection,
    after: &str,
    classes: &Classes,
) -> QueryResult<Unused> {
    let keys = blocked::keys_after(connection, after, KEYS)?;
    let is_full = i64::try_from(keys.len()) == Ok(KEYS);
    let last = keys.last().filter(|_| is_full).cloned();
    let mut unused = Vec::new();
    for key in keys {
        if let Some(limit) = known_limit_of(connection, &key, classes)?
            && semaphore::holders(connection, &limit)? < limit.limit
        {
            unused.push(key);
        }
    }
    Ok(Unused { keys: unused, last })
}

fn limit_of(
    connection: &mut SqliteConnection,
    key: &str,
    classes: &Classes,
) -> QueryResult<Option<Limit>> {
    let Some(job) = first_job(connection, key)? else {
        return Ok(None);
    };
    let limits = limits_of(connection, &job, classes)?.unwrap_or_default();
    Ok(limits.into_iter().find(|limit| limit.key == key))
}

/// Without a write: the limits of a job of Rails are not noted.
fn known_limit_of(
    connection: &mut SqliteConnection,
    key: &str,
    classes: &Classes,
) -> QueryResult<Option<Limit>> {
    let Some(job) = first_job(connection, key)? else {
        return Ok(None);
    };
    let mut limits = job_limit::of(connection, job.id)?;
    if limits.is_empty() {
        let of_class = classes.limits(&job.class_name, job.arguments.as_deref());
        limits = of_class.unwrap_or_default();
        if let Some(first) = limits.iter_mut().find(|limit| limit.is_concurrency()) {
            key.clone_into(&mut first.key);
        }
    }
    Ok(limits.into_iter().find(|limit| limit.key == key))
}

fn first_job(connection: &mut SqliteConnection, key: &str) -> QueryResult<Option<Job>> {
    match blocked::first(connection, key, 1)?.first() {
        Some(first) => job::find(connection, first.job_id),
        None => Ok(None),
    }
}

fn make_ready(
    connection: &mut SqliteConnection,
    blocked_id: i64,
    job: &Job,
    now: Timestamp,
) -> QueryResult<()> {
    ready::insert(connection, job.id, &job.queue_name, job.priority, now)?;
    blocked::delete(connection, blocked_id)
}
