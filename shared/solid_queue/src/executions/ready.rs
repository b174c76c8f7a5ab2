use db::{SqliteConnection, Timestamp};
use diesel::{ExpressionMethods as _, QueryDsl as _, QueryResult, Queryable, RunQueryDsl as _};

use crate::schema::solid_queue_ready_executions::dsl;

/// A job that waits for a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Queryable)]
pub(crate) struct Ready {
    pub(crate) id: i64,
    pub(crate) job_id: i64,
}

/// Makes the job ready, unless it is.
pub(crate) fn insert(
    connection: &mut SqliteConnection,
    job_id: i64,
    queue_name: &str,
    priority: i32,
    now: Timestamp,
) -> QueryResult<()> {
    let row = (
        dsl::job_id.eq(job_id),
        dsl::queue_name.eq(queue_name),
        dsl::priority.eq(priority),
        dsl::created_at.eq(now),
    );
    diesel::insert_or_ignore_into(dsl::solid_queue_ready_executions)
        .values(row)
        .execute(connection)?;
    Ok(())
}

/// The next jobs of all queues.
pub(crate) fn next(connection: &mut SqliteConnection, limit: i64) -> QueryResult<Vec<Ready>> {
    dsl::solid_queue_ready_executions
        .select((dsl::id, dsl::job_id))
        .order((dsl::priority, dsl::job_id))
        .limit(limit)
        .load(connection)
}

/// The next jobs of one queue.
pub(crate) fn next_of(
    connection: &mut SqliteConnection,
    queue_name: &str,
    limit: i64,
) -> QueryResult<Vec<Ready>> {
    dsl::solid_queue_ready_executions
        .select((dsl::id, dsl::job_id))
        .filter(dsl::queue_name.eq(queue_name))
        .order((dsl::priority, dsl::job_id))
        .limit(limit)
        .load(connection)
}

pub(crate) fn delete(connection: &mut SqliteConnection, id: i64) -> QueryResult<()> {
    diesel::delete(dsl::solid_queue_ready_executions.find(id)).execute(connection)?;
    Ok(())
}

/// The names of the queues that have ready jobs and begin with `prefix`, sorted. One look into the index a queue:
/// `DISTINCT` would walk over every waiting job.
pub(crate) fn queue_names(
    connection: &mut SqliteConnection,
    prefix: &str,
) -> QueryResult<Vec<String>> {
    let mut names = Vec::new();
    let mut next = first_name(connection, prefix)?;
    while let Some(name) = next.filter(|name| name.starts_with(prefix)) {
        next = name_after(connection, &name)?;
        names.push(name);
    }
    Ok(names)
}

fn first_name(connection: &mut SqliteConnection, prefix: &str) -> QueryResult<Option<String>> {
    let names: Vec<String> = dsl::solid_queue_ready_executions
        .select(dsl::queue_name)
        .filter(dsl::queue_name.ge(prefix))
        .order(dsl::queue_name)
        .limit(1)
        .load(connection)?;
    Ok(names.into_iter().next())
}

fn name_after(connection: &mut SqliteConnection, name: &str) -> QueryResult<Option<String>> {
    let names: Vec<String> = dsl::solid_queue_ready_executions
        .select(dsl::queue_name)
        .filter(dsl::queue_name.gt(name))
        .order(dsl::queue_name)
        .limit(1)
        .load(connection)?;
    Ok(names.into_iter().next())
}
