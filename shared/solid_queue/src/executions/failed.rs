use db::{SqliteConnection, Timestamp};
use diesel::{ExpressionMethods as _, QueryDsl as _, QueryResult, RunQueryDsl as _};

use crate::schema::solid_queue_failed_executions::dsl;

/// Keeps why the job failed. `error` is JSON.
pub(crate) fn insert(
    connection: &mut SqliteConnection,
    job_id: i64,
    error: &str,
    now: Timestamp,
) -> QueryResult<()> {
    let row = (
        dsl::job_id.eq(job_id),
        dsl::error.eq(error),
        dsl::created_at.eq(now),
    );
    diesel::insert_into(dsl::solid_queue_failed_executions)
        .values(row)
        .on_conflict(dsl::job_id)
        .do_update()
        .set(dsl::error.eq(error))
        .execute(connection)?;
    Ok(())
}

/// Whether there was a row.
pub(crate) fn delete(connection: &mut SqliteConnection, job_id: i64) -> QueryResult<bool> {
    let row = dsl::solid_queue_failed_executions.filter(dsl::job_id.eq(job_id));
    Ok(diesel::delete(row).execute(connection)? == 1)
}
