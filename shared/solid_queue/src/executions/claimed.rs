use db::{SqliteConnection, Timestamp};
use diesel::{
    ExpressionMethods as _, JoinOnDsl as _, NullableExpressionMethods as _, QueryDsl as _,
    QueryResult, Queryable, RunQueryDsl as _,
};

use super::{failed, ready};
use crate::enqueue::NewJob;
use crate::payload::Payload;
use crate::queue_selector::QueueSelector;
use crate::records::{job, process};
use crate::registry::CrashLimits;
use crate::schema::solid_queue_claimed_executions::dsl;
use crate::schema::solid_queue_processes as processes;
use crate::{JobFailure, ProcessId};

/// A job that a worker is to perform.
#[derive(Clone, Debug)]
pub(crate) struct Claimed {
    pub(crate) claim: Claim,
    pub(crate) class_name: String,
    pub(crate) queue_name: String,
    pub(crate) priority: i32,
    pub(crate) arguments: Option<String>,
}

/// The right to decide what becomes of a job. Who lost it, because others took the worker for dead, decides nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Queryable)]
pub(crate) struct Claim {
    /// The row's id, which is never used twice.
    pub(crate) id: i64,
    pub(crate) job_id: i64,
}

/// What becomes of a claimed job.
#[derive(Clone, Debug)]
pub(crate) enum Settlement {
    Finish,
    Fail(String),
    /// Finished, with this one in its place.
    Retry(NewJob),
}

/// Claims the next jobs, `limit` at most. Nothing when the process has no row any more: others would take its claims
/// for those of a dead process. Call it inside a transaction.
pub(crate) fn claim(
    connection: &mut SqliteConnection,
    selector: &QueueSelector,
    owner: ProcessId,
    limit: i64,
) -> QueryResult<Option<Vec<Claimed>>> {
    if !process::exists(connection, owner)? {
        return Ok(None);
    }
    let now = Timestamp::now();
    let mut claimed = Vec::new();
    for next in selector.select(connection, limit)? {
        let id = insert(connection, next.job_id, owner, now)?;
        ready::delete(connection, next.id)?;
        let claim = Claim {
            id,
            job_id: next.job_id,
        };
        if let Some((class_name, queue_name, priority, arguments)) =
            job::stored(connection, next.job_id)?
        {
            claimed.push(Claimed {
                claim,
                class_name,
                queue_name,
                priority,
                arguments,
            });
        }
    }
    Ok(Some(claimed))
}

/// Ends the claim. `false`, and nothing done, when it was lost. Call it inside a transaction.
pub(crate) fn settle(
    connection: &mut SqliteConnection,
    claim: Claim,
    settlement: &Settlement,
    preserve: bool,
) -> QueryResult<bool> {
    let now = Timestamp::now();
    if !delete(connection, claim)? {
        return Ok(false);
    }
    match settlement {
        Settlement::Finish => job::finish(connection, claim.job_id, preserve, now)?,
        Settlement::Fail(error) => failed::insert(connection, claim.job_id, error, now)?,
        Settlement::Retry(next) => {
            job::enqueue(connection, next)?;
            job::finish(connection, claim.job_id, preserve, now)?;
        }
    }
    Ok(true)
}

/// Puts all jobs of the process back to ready, as if nobody had claimed them. Returns how many.
pub(crate) fn release_all(
    connection: &mut SqliteConnection,
    process: ProcessId,
) -> QueryResult<usize> {
    let now = Timestamp::now();
    let claims = of_process(connection, process)?;
    for claim in &claims {
        if let Some((_, queue_name, priority, _)) = job::stored(connection, claim.job_id)? {
            ready::insert(connection, claim.job_id, &queue_name, priority, now)?;
        }
        delete(connection, *claim)?;
    }
    Ok(claims.len())
}

pub(crate) fn of_process(
    connection: &mut SqliteConnection,
    process: ProcessId,
) -> QueryResult<Vec<Claim>> {
    dsl::solid_queue_claimed_executions
        .select((dsl::id, dsl::job_id))
        .filter(dsl::process_id.eq(process.0))
        .load(connection)
}

/// The claims whose process has no row.
pub(crate) fn orphaned(connection: &mut SqliteConnection) -> QueryResult<Vec<Claim>> {
    dsl::solid_queue_claimed_executions
        .left_join(processes::table.on(processes::id.nullable().eq(dsl::process_id)))
        .filter(processes::id.nullable().is_null())
        .select((dsl::id, dsl::job_id))
        .load(connection)
}

/// What becomes of a job whose process died while it ran: ready again while its class allows, else failed. Jobs of
/// classes that are not known here fail at once, as with Rails. `false`, and nothing done, when the claim was lost.
pub(crate) fn crash(
    connection: &mut SqliteConnection,
    claim: Claim,
    failure: &JobFailure,
    limits: &CrashLimits,
) -> QueryResult<bool> {
    let now = Timestamp::now();
    if !delete(connection, claim)? {
        return Ok(false);
    }
    let Some((class_name, queue_name, priority, arguments)) =
        job::stored(connection, claim.job_id)?
    else {
        return Ok(true);
    };
    let payload = Payload::parse(arguments.as_deref().unwrap_or("{}")).map(Payload::crashed);
    if let (Ok(payload), Some(&limit)) = (payload, limits.get(class_name.as_str())) {
        job::set_arguments(connection, claim.job_id, &payload.to_string(), now)?;
        if payload.crashes() < limit {
            ready::insert(connection, claim.job_id, &queue_name, priority, now)?;
            return Ok(true);
        }
    }
    failed::insert(connection, claim.job_id, &failure.to_json(), now)?;
    Ok(true)
}

fn insert(
    connection: &mut SqliteConnection,
    job_id: i64,
    process: ProcessId,
    now: Timestamp,
) -> QueryResult<i64> {
    let row = (
        dsl::job_id.eq(job_id),
        dsl::process_id.eq(process.0),
        dsl::created_at.eq(now),
    );
    diesel::insert_into(dsl::solid_queue_claimed_executions)
        .values(row)
        .returning(dsl::id)
        .get_result(connection)
}

fn delete(connection: &mut SqliteConnection, claim: Claim) -> QueryResult<bool> {
    let row = dsl::solid_queue_claimed_executions.find(claim.id);
    Ok(diesel::delete(row).execute(connection)? == 1)
}
