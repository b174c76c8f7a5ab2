//! How recurring tasks become jobs.

use db::{SqliteConnection, Timestamp};
use diesel::QueryResult;

use super::enqueue::{Enqueued, enqueue};
use crate::JobId;
use crate::executions::recurring;
use crate::records::job::NewRow;
use crate::records::{recurring_pause, recurring_run};

/// What became of a time of a recurring task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Recurred {
    Enqueued(JobId),
    /// The controls of its class keep the job out. The time is over all the same.
    KeptOut,
    /// Another scheduler was first.
    Taken,
    /// The task is paused.
    Paused,
}

/// Enqueues the jobs for these times of the task, each unless somebody did.
pub(crate) fn recur_all(
    connection: &mut SqliteConnection,
    key: &str,
    runs: &[(Timestamp, NewRow)],
    now: Timestamp,
) -> QueryResult<Vec<Recurred>> {
    runs.iter()
        .map(|(run_at, row)| recur(connection, key, *run_at, row, now))
        .collect()
}

fn recur(
    connection: &mut SqliteConnection,
    key: &str,
    run_at: Timestamp,
    row: &NewRow,
    now: Timestamp,
) -> QueryResult<Recurred> {
    if recurring_pause::is_paused(connection, key)? {
        return Ok(Recurred::Paused);
    }
    if recurring_run::exists(connection, key, run_at)? {
        return Ok(Recurred::Taken);
    }
    recurring_run::insert(connection, key, run_at)?;
    run(connection, key, run_at, row, now)
}

/// Enqueues the job as that of the task, whatever its schedule says.
pub(crate) fn run(
    connection: &mut SqliteConnection,
    key: &str,
    run_at: Timestamp,
    row: &NewRow,
    now: Timestamp,
) -> QueryResult<Recurred> {
    let Enqueued::As(job) = enqueue(connection, row, now)? else {
        return Ok(Recurred::KeptOut);
    };
    recurring::insert(connection, job, key, run_at, now)?;
    Ok(Recurred::Enqueued(job))
}
