use db::{SqliteConnection, Statement, Timestamp};
use diesel::sql_types::BigInt;
use diesel::{
    ExpressionMethods as _, JoinOnDsl as _, NullableExpressionMethods as _, QueryDsl as _,
    QueryResult, Queryable, RunQueryDsl as _,
};

use crate::ProcessId;
use crate::records::ids;
use crate::schema::solid_queue_claimed_executions::dsl;
use crate::schema::solid_queue_processes as processes;

/// The right to decide what becomes of a job. Who lost it, because others took the worker for dead, decides nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Queryable)]
pub(crate) struct Claim {
    /// The row's id, which is never used twice.
    pub(crate) id: i64,
    pub(crate) job_id: i64,
}

/// Claims the jobs for the process.
pub(crate) fn insert_all(
    connection: &mut SqliteConnection,
    job_ids: &[i64],
    process: ProcessId,
    now: Timestamp,
) -> QueryResult<Vec<Claim>> {
    if job_ids.is_empty() {
        return Ok(Vec::new());
    }
    Statement::<(BigInt, BigInt)>::new(
        "INSERT INTO solid_queue_claimed_executions (job_id, process_id, created_at) \
         SELECT value, ?, ? FROM json_each(?) RETURNING id, job_id",
    )
    .bind(process.0)
    .bind(now)
    .bind(ids(job_ids))
    .load(connection)
}

/// Ends the claims. Returns the ids of those that were there.
pub(crate) fn delete_all(
    connection: &mut SqliteConnection,
    claims: &[i64],
) -> QueryResult<Vec<i64>> {
    Statement::<BigInt>::new(
        "DELETE FROM solid_queue_claimed_executions WHERE id IN (SELECT value FROM json_each(?)) RETURNING id",
    )
    .bind(ids(claims))
    .load(connection)
}

/// Ends the claim. Whether it was there.
pub(crate) fn delete(connection: &mut SqliteConnection, claim: Claim) -> QueryResult<bool> {
    let row = dsl::solid_queue_claimed_executions.find(claim.id);
    Ok(diesel::delete(row).execute(connection)? == 1)
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
