use std::collections::HashMap;

use db::{SqliteConnection, Timestamp};
use diesel::QueryResult;

use crate::ProcessId;
use crate::executions::claimed::{self, Claim};
use crate::executions::ready::{self, Next};
use crate::executions::scheduled;
use crate::queue_selector::QueueSelector;
use crate::records::rate_limit::{self, Turn};
use crate::records::{job, job_limit, process};

/// A job that a worker is to perform.
#[derive(Clone, Debug)]
pub(crate) struct Claimed {
    pub(crate) claim: Claim,
    pub(crate) class_name: String,
    pub(crate) queue_name: String,
    pub(crate) priority: i32,
    pub(crate) arguments: Option<String>,
    /// Whether it holds a place in a concurrency limit.
    pub(crate) is_limited: bool,
    /// The batch that waits for it.
    pub(crate) batch_id: Option<i64>,
}

/// Claims the next jobs, `limit` at most. Nothing when the process has no row any more: others would take its claims
/// for those of a dead process.
pub(crate) fn claim(
    connection: &mut SqliteConnection,
    selector: &QueueSelector,
    owner: ProcessId,
    limit: usize,
    now: Timestamp,
) -> QueryResult<Option<Vec<Claimed>>> {
    if !process::exists(connection, owner)? {
        return Ok(None);
    }
    let mut taken = Vec::new();
    while taken.len() < limit {
        let next = selector.select(connection, limit - taken.len())?;
        if next.is_empty() {
            break;
        }
        let free = in_turn(connection, next, now)?;
        taken.extend(take(connection, free, owner, now)?);
    }
    Ok(Some(taken))
}

/// Those whose rate limits let them start now. The others are scheduled for when their turn comes.
fn in_turn(
    connection: &mut SqliteConnection,
    jobs: Vec<Next>,
    now: Timestamp,
) -> QueryResult<Vec<Next>> {
    let mut free = Vec::with_capacity(jobs.len());
    for job in jobs {
        if !job.is_rate_limited {
            free.push(job);
            continue;
        }
        let limits = job_limit::of(connection, job.job_id)?;
        match rate_limit::take_turn(connection, &limits, now)? {
            Turn::Now => free.push(job),
            Turn::At(moment) => postpone(connection, &job, moment, now)?,
        }
    }
    Ok(free)
}

fn postpone(
    connection: &mut SqliteConnection,
    job: &Next,
    until: Timestamp,
    now: Timestamp,
) -> QueryResult<()> {
    job_limit::reserve(connection, job.job_id)?;
    job::reschedule(connection, job.job_id, until, now)?;
    scheduled::insert_at(connection, job.job_id, until, now)?;
    ready::delete_all(connection, &[job.id])
}

fn take(
    connection: &mut SqliteConnection,
    jobs: Vec<Next>,
    owner: ProcessId,
    now: Timestamp,
) -> QueryResult<Vec<Claimed>> {
    let job_ids: Vec<i64> = jobs.iter().map(|job| job.job_id).collect();
    let ready_ids: Vec<i64> = jobs.iter().map(|job| job.id).collect();
    let claims: HashMap<i64, Claim> = claimed::insert_all(connection, &job_ids, owner, now)?
        .into_iter()
        .map(|claim| (claim.job_id, claim))
        .collect();
    ready::delete_all(connection, &ready_ids)?;
    let claimed = jobs.into_iter().filter_map(|job| {
        Some(Claimed {
            claim: *claims.get(&job.job_id)?,
            class_name: job.class_name,
            queue_name: job.queue_name,
            priority: job.priority,
            arguments: job.arguments,
            is_limited: job.is_limited,
            batch_id: job.batch_id,
        })
    });
    Ok(claimed.collect())
}
