use std::collections::HashMap;

use db::{SqliteConnection, Timestamp};
use diesel::QueryResult;

use super::{limits_of, unblock};
use crate::ProcessId;
use crate::executions::claimed::{self, Claim};
use crate::executions::ready::{self, Next};
use crate::executions::scheduled;
use crate::queue_selector::QueueSelector;
use crate::records::rate_limit::{Turn, Turns};
use crate::records::{job, job_limit, process};
use crate::registry::Classes;

/// Jobs whose turn has not come that are put off in one transaction, about: the lock is not held for longer than some
/// milliseconds.
const POSTPONED: usize = 250;
/// Jobs that are looked at together when one was put off: there may be many of its kind.
const TOGETHER: usize = 50;

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

/// What [`claim`] did.
#[derive(Clone, Debug, Default)]
pub(crate) struct Claims {
    pub(crate) jobs: Vec<Claimed>,
    /// Whether it put off so many jobs that it looked no further: there may be others behind them.
    pub(crate) is_cut_short: bool,
}

/// Claims the next jobs, `limit` at most. Nothing when the process has no row any more: others would take its claims
/// for those of a dead process.
pub(crate) fn claim(
    connection: &mut SqliteConnection,
    selector: &QueueSelector,
    owner: ProcessId,
    limit: usize,
    classes: &Classes,
    now: Timestamp,
) -> QueryResult<Option<Claims>> {
    if !process::exists(connection, owner)? {
        return Ok(None);
    }
    let (mut claims, mut turns, mut postponed) = (Claims::default(), Turns::at(now), 0);
    while claims.jobs.len() < limit && !claims.is_cut_short {
        let wanted = limit - claims.jobs.len();
        let together = if postponed == 0 {
            wanted
        } else {
            wanted.max(TOGETHER)
        };
        let next = selector.select(connection, together)?;
        if next.is_empty() {
            break;
        }
        let Sorted { free, early } = in_turn(connection, next, wanted, &mut turns)?;
        claims.jobs.extend(take(connection, free, owner, now)?);
        postponed += early.len();
        postpone(connection, &early, classes, now)?;
        claims.is_cut_short = postponed >= POSTPONED;
    }
    turns.save(connection)?;
    Ok(Some(claims))
}

/// The next jobs, by whether their rate limits let them start now.
#[derive(Default)]
struct Sorted {
    free: Vec<Next>,
    early: Vec<(Next, Timestamp)>,
}

/// Looks at the jobs until so many are free.
fn in_turn(
    connection: &mut SqliteConnection,
    jobs: Vec<Next>,
    wanted: usize,
    turns: &mut Turns,
) -> QueryResult<Sorted> {
    let mut sorted = Sorted::default();
    for job in jobs {
        if sorted.free.len() == wanted {
            break;
        }
        if !job.is_rate_limited {
            sorted.free.push(job);
            continue;
        }
        let limits = job_limit::of(connection, job.job_id)?;
        match turns.take(connection, &limits)? {
            Turn::Now => sorted.free.push(job),
            Turn::At(moment) => sorted.early.push((job, moment)),
        }
    }
    Ok(sorted)
}

/// Schedules the jobs for when their turn comes. Until then they hold no places in their concurrency limits.
fn postpone(
    connection: &mut SqliteConnection,
    early: &[(Next, Timestamp)],
    classes: &Classes,
    now: Timestamp,
) -> QueryResult<()> {
    if early.is_empty() {
        return Ok(());
    }
    let jobs: Vec<_> = early.iter().map(|(job, at)| (job.job_id, *at)).collect();
    let job_ids: Vec<i64> = early.iter().map(|(job, _)| job.job_id).collect();
    let ready_ids: Vec<i64> = early.iter().map(|(job, _)| job.id).collect();
    job_limit::reserve_all(connection, &job_ids)?;
    scheduled::postpone_all(connection, &jobs, now)?;
    ready::delete_all(connection, &ready_ids)?;
    for (next, _) in early.iter().filter(|(job, _)| job.is_limited) {
        if let Some(job) = job::find(connection, next.job_id)? {
            let limits = limits_of(connection, &job, classes)?;
            unblock::release(connection, &job, &limits, classes, now)?;
        }
    }
    Ok(())
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
