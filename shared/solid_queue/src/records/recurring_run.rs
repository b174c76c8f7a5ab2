//! The times at which recurring tasks were enqueued: our own table, which outlives the jobs, and that of Rails, which
//! does not.

use db::{SqliteConnection, Statement, Timestamp};
use diesel::sql_types::{Integer, Nullable, Text};
use diesel::{QueryResult, RunQueryDsl as _};

/// How many runs of a task are remembered.
const KEEP: i64 = 200;

/// Whether the task was enqueued for this time, by whomever.
pub(crate) fn exists(
    connection: &mut SqliteConnection,
    key: &str,
    run_at: Timestamp,
) -> QueryResult<bool> {
    let rows: Vec<i32> = Statement::<Integer>::new(
        "SELECT 1 FROM trifecta_recurring_runs WHERE task_key = ? AND run_at = ? \
         UNION ALL SELECT 1 FROM solid_queue_recurring_executions WHERE task_key = ? AND run_at = ? LIMIT 1",
    )
    .bind(key)
    .bind(run_at)
    .bind(key)
    .bind(run_at)
    .load(connection)?;
    Ok(!rows.is_empty())
}

/// Notes the run, and forgets the oldest ones.
pub(crate) fn insert(
    connection: &mut SqliteConnection,
    key: &str,
    run_at: Timestamp,
) -> QueryResult<()> {
    Statement::<()>::new("INSERT INTO trifecta_recurring_runs (task_key, run_at) VALUES (?, ?)")
        .bind(key)
        .bind(run_at)
        .execute(connection)?;
    Statement::<()>::new(
        "DELETE FROM trifecta_recurring_runs WHERE task_key = ? AND run_at <= \
           (SELECT run_at FROM trifecta_recurring_runs WHERE task_key = ? ORDER BY run_at DESC LIMIT 1 OFFSET ?)",
    )
    .bind(key)
    .bind(key)
    .bind(KEEP)
    .execute(connection)?;
    Ok(())
}

/// The last time of its schedule up to `moment` at which the task was enqueued. Those are whole seconds; what has a
/// fraction was run by hand.
pub(crate) fn last_until(
    connection: &mut SqliteConnection,
    key: &str,
    moment: Timestamp,
) -> QueryResult<Option<Timestamp>> {
    Statement::<Nullable<Text>>::new(
        "SELECT max(run_at) FROM (\
           SELECT max(run_at) AS run_at FROM trifecta_recurring_runs WHERE task_key = ? AND run_at <= ? \
           UNION ALL \
           SELECT max(run_at) FROM solid_queue_recurring_executions \
             WHERE task_key = ? AND run_at <= ? AND length(run_at) = 19)",
    )
    .bind(key)
    .bind(moment)
    .bind(key)
    .bind(moment)
    .get_result(connection)
}

/// When the task was enqueued last, by its schedule or by hand.
pub(crate) fn last(connection: &mut SqliteConnection, key: &str) -> QueryResult<Option<Timestamp>> {
    Statement::<Nullable<Text>>::new(
        "SELECT max(run_at) FROM (\
           SELECT max(run_at) AS run_at FROM trifecta_recurring_runs WHERE task_key = ? \
           UNION ALL SELECT max(run_at) FROM solid_queue_recurring_executions WHERE task_key = ?)",
    )
    .bind(key)
    .bind(key)
    .get_result(connection)
}
