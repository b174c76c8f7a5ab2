use db::{SqliteConnection, Timestamp};
use diesel::QueryResult;

use super::limits_of;
use crate::executions::{blocked, ready};
use crate::limits::Limit;
use crate::records::job::{self, Job};
use crate::records::{job_limit, semaphore};
use crate::registry::Classes;

/// Blocked jobs that are looked at to fill one free place. Each that finds no room waits for another limit from then
/// on, so the next look goes on behind them.
const CANDIDATES: u32 = 100;

/// Gives up the job's places, and each to the next job that is blocked for it. Call it when the job has ended or waits
/// again, after its executions are gone.
pub(crate) fn release(
    connection: &mut SqliteConnection,
    job: &Job,
    limits: &[Limit],
    classes: &Classes,
    now: Timestamp,
) -> QueryResult<()> {
    let taken: Vec<_> = limits.iter().filter(|limit| is_taken(limit, job)).collect();
    if taken.is_empty() {
        return Ok(());
    }
    job_limit::let_go(connection, job.id)?;
    for limit in &taken {
        semaphore::signal(connection, limit, now)?;
    }
    for limit in &taken {
        release_next(connection, limit, classes, now)?;
    }
    Ok(())
}

/// Rails takes the place of the key that it knows without a note.
fn is_taken(limit: &Limit, job: &Job) -> bool {
    limit.is_concurrency() && (limit.held || job.concurrency_key.as_ref() == Some(&limit.key))
}

/// Makes the first of the jobs that are blocked for the limit's key ready, if there is room. Whether there was one.
pub(crate) fn release_next(
    connection: &mut SqliteConnection,
    limit: &Limit,
    classes: &Classes,
    now: Timestamp,
) -> QueryResult<bool> {
    for _ in 0..CANDIDATES {
        let Some(candidate) = blocked::first(connection, &limit.key)? else {
            return Ok(false);
        };
        let Some(job) = job::find(connection, candidate.job_id)? else {
            return Ok(false);
        };
        let limits = limits_for(connection, &job, limit, classes)?;
        match semaphore::take_all(connection, &limits, now)? {
            None => {
                job_limit::hold_all(connection, job.id, &limits)?;
                make_ready(connection, candidate.id, &job, now)?;
                return Ok(true);
            }
            Some(full) if full.key == limit.key => return Ok(false),
            // There is room here now, but not elsewhere: it waits there.
            Some(full) => blocked::wait_for(connection, candidate.id, full, now)?,
        }
    }
    Ok(false)
}

/// Those of the blocked job. What nobody here knows about it, whoever gives up the place knows.
fn limits_for(
    connection: &mut SqliteConnection,
    job: &Job,
    released: &Limit,
    classes: &Classes,
) -> QueryResult<Vec<Limit>> {
    let mut limits = limits_of(connection, job, classes)?;
    for limit in limits.iter_mut().filter(|limit| limit.is_guess) {
        limit.clone_from(released);
    }
    Ok(limits)
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
