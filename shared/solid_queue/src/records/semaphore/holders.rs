//! Who holds a place of a concurrency limit in truth.

use db::{SqliteConnection, Statement};
use diesel::sql_types::BigInt;
use diesel::{QueryResult, RunQueryDsl as _};

use crate::records::job_limit;

/// Up to so many jobs it does not matter which way they are looked for.
const FEW: i64 = 1000;

/// How many jobs hold a place of the key: our own, and those that Rails let in. Counts up to `enough`.
pub(crate) fn holders(
    connection: &mut SqliteConnection,
    key: &str,
    enough: i64,
) -> QueryResult<i64> {
    let ours = job_limit::holders(connection, key)?;
    let missing = enough - ours;
    if missing <= 0 {
        return Ok(ours);
    }
    Ok(ours + of_rails(connection, key, missing)?)
}

/// Jobs of the key that are ready or claimed and of which we noted no place. There may be hundreds of thousands of jobs
/// that are blocked for the key, or that are ready and have nothing to do with it: it goes through the fewer ones.
fn of_rails(connection: &mut SqliteConnection, key: &str, enough: i64) -> QueryResult<i64> {
    if !has_many_jobs(connection, key)? || has_many_ready(connection)? {
        return among_jobs(connection, key, enough);
    }
    among_executions(connection, key, enough)
}

fn has_many_jobs(connection: &mut SqliteConnection, key: &str) -> QueryResult<bool> {
    let statement = Statement::new(
        "SELECT count(*) FROM (SELECT 1 FROM solid_queue_jobs \
         WHERE concurrency_key = ? AND finished_at IS NULL LIMIT ?)",
    );
    Ok(count(connection, statement.bind(key).bind(FEW))? == FEW)
}

fn has_many_ready(connection: &mut SqliteConnection) -> QueryResult<bool> {
    let statement =
        Statement::new("SELECT count(*) FROM (SELECT 1 FROM solid_queue_ready_executions LIMIT ?)");
    Ok(count(connection, statement.bind(FEW))? == FEW)
}

fn among_jobs(connection: &mut SqliteConnection, key: &str, enough: i64) -> QueryResult<i64> {
    let statement = Statement::new(
        "SELECT count(*) FROM (SELECT 1 FROM solid_queue_jobs jobs \
         WHERE concurrency_key = ? AND finished_at IS NULL AND (\
           EXISTS (SELECT 1 FROM solid_queue_claimed_executions WHERE job_id = jobs.id) OR \
           EXISTS (SELECT 1 FROM solid_queue_ready_executions WHERE job_id = jobs.id)) \
         AND NOT EXISTS (SELECT 1 FROM trifecta_job_limits held \
           WHERE held.job_id = jobs.id AND held.kind = 'concurrency' AND held.key = ? AND held.held) LIMIT ?)",
    );
    count(connection, statement.bind(key).bind(key).bind(enough))
}

fn among_executions(connection: &mut SqliteConnection, key: &str, enough: i64) -> QueryResult<i64> {
    // The `+` keeps SQLite from going through the jobs of the key.
    let statement = Statement::new(
        "SELECT count(*) FROM (SELECT 1 FROM (\
           SELECT job_id FROM solid_queue_claimed_executions UNION ALL \
           SELECT job_id FROM solid_queue_ready_executions) holding \
         CROSS JOIN solid_queue_jobs jobs ON jobs.id = holding.job_id \
         WHERE +jobs.concurrency_key = ? \
         AND NOT EXISTS (SELECT 1 FROM trifecta_job_limits held \
           WHERE held.job_id = jobs.id AND held.kind = 'concurrency' AND held.key = ? AND held.held) LIMIT ?)",
    );
    count(connection, statement.bind(key).bind(key).bind(enough))
}

fn count(connection: &mut SqliteConnection, statement: Statement<'_, BigInt>) -> QueryResult<i64> {
    let counts: Vec<i64> = statement.load(connection)?;
    Ok(counts.first().copied().unwrap_or(0))
}
