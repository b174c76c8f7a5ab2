use db::{SqliteConnection, Timestamp};
use diesel::{ExpressionMethods as _, QueryDsl as _, QueryResult, RunQueryDsl as _};

use super::ready;
use crate::enqueue::NewJob;
use crate::schema::solid_queue_scheduled_executions::dsl;

/// Keeps the job until it is due.
pub(crate) fn insert(
    connection: &mut SqliteConnection,
    job_id: i64,
    job: &NewJob,
    now: Timestamp,
) -> QueryResult<()> {
    let row = (
        dsl::job_id.eq(job_id),
        dsl::queue_name.eq(&job.queue_name),
        dsl::priority.eq(job.priority),
        dsl::scheduled_at.eq(job.scheduled_at),
        dsl::created_at.eq(now),
    );
    diesel::insert_or_ignore_into(dsl::solid_queue_scheduled_executions)
        .values(row)
        .execute(connection)?;
    Ok(())
}

/// When the next job is due.
pub(crate) fn next_due(connection: &mut SqliteConnection) -> QueryResult<Option<Timestamp>> {
    let next: Vec<Timestamp> = dsl::solid_queue_scheduled_executions
        .select(dsl::scheduled_at)
        .order(dsl::scheduled_at)
        .limit(1)
        .load(connection)?;
    Ok(next.first().copied())
}

/// Makes due jobs ready, `limit` at most, the longest due first. Returns how many.
pub(crate) fn dispatch_next(
    connection: &mut SqliteConnection,
    limit: u32,
    now: Timestamp,
) -> QueryResult<usize> {
    let due: Vec<(i64, i64, String, i32)> = dsl::solid_queue_scheduled_executions
        .select((dsl::id, dsl::job_id, dsl::queue_name, dsl::priority))
        .filter(dsl::scheduled_at.le(now))
        .order((dsl::scheduled_at, dsl::priority, dsl::job_id))
        .limit(limit.into())
        .load(connection)?;
    for (id, job_id, queue_name, priority) in &due {
        ready::insert(connection, *job_id, queue_name, *priority, now)?;
        diesel::delete(dsl::solid_queue_scheduled_executions.find(id)).execute(connection)?;
    }
    Ok(due.len())
}
